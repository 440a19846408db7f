// SPDX-License-Identifier: MIT
// Messages read from their bytes by hand, code by code, as the protocol has them: slow and obvious, and
// without anything of the library's tables. (support/naive_decoder.hpp is another one, for streams and for
// few frames; this one is fast enough for hundreds of millions, and knows what an MTA has to check.)
#pragma once

#include <kilter/error.hpp>
#include <kilter/messages.hpp>

#include <array>
#include <cstddef>
#include <cstdint>
#include <string_view>
#include <type_traits>

namespace test::by_hand {

using kilter::errc;

/// What is in a message: its numbers and texts one after the other.
class contents {
public:
    void number(std::uint32_t n) { cells_[size_++] = n; }
    void text(std::string_view t) {
        for (const char c : t) number(static_cast<unsigned char>(c));
        number(end_of_text);
    }

    bool operator==(const contents& other) const {
        if (size_ != other.size_) return false;
        for (std::size_t i = 0; i != size_; ++i)
            if (cells_[i] != other.cells_[i]) return false;
        return true;
    }

private:
    static constexpr std::uint32_t end_of_text = 0xffff'ffff;

    std::array<std::uint32_t, 64> cells_;
    std::size_t size_ = 0;
};

/// Where the space after a header field's colon is.
enum class spaces {
    on_wire,  ///< as the frame has it: in the value, if it is there
    apart,    ///< taken off the value: it was agreed that MTAs leave it in
    added,    ///< for the MTA to add: it was agreed, by saying nothing, that filters leave it out
};

/// Reads the fields of one payload, up to one that is wrong.
class reader {
public:
    explicit reader(std::string_view payload) : left_{payload} {}

    errc wrong = errc::ok;
    contents in;

    void number(std::size_t bytes) {
        if (wrong != errc::ok) return;
        if (left_.size() < bytes) return fail(errc::missing_field);
        std::uint32_t n = 0;
        for (std::size_t i = 0; i != bytes; ++i) n = n * 256 + static_cast<unsigned char>(left_[i]);
        left_.remove_prefix(bytes);
        in.number(n);
    }

    /// Up to a NUL.
    void text() { in_text(take()); }

    /// Up to a NUL, or to the end if there is none.
    void text_with_or_without_nul() {
        if (left_.empty() || left_.find('\0') == left_.npos) {
            in_text(left_);
            left_ = {};
        } else {
            text();
        }
    }
    void text_or_nothing() {
        if (wrong == errc::ok && left_.empty())
            in.text({});
        else
            text();
    }

    void texts() {
        while (wrong == errc::ok && !left_.empty()) text();
    }
    void pairs() {
        // An end without NUL is seen before a name without value.
        if (wrong == errc::ok && !left_.empty() && left_.back() != '\0') return fail(errc::missing_nul);
        while (wrong == errc::ok && !left_.empty()) {
            text();
            if (left_.empty()) return fail(errc::missing_value);
            text();
        }
    }
    void macro_lists() {
        while (wrong == errc::ok && !left_.empty()) {
            number(4);
            text();
        }
    }

    void header(bool name_needed, spaces where, bool empty_value_deletes) {
        const auto name = take();
        if (name_needed && wrong == errc::ok && name.empty()) return fail(errc::empty_name);
        auto value = take();
        std::string_view space;
        if (where == spaces::apart && !value.empty() && value[0] == ' ') {
            space = " ";
            value.remove_prefix(1);
        }
        if (where == spaces::added && !(empty_value_deletes && value.empty())) space = " ";
        in_text(name);
        in_text(space);
        in_text(value);
    }

    void client() {
        if (wrong != errc::ok) return;
        if (left_.empty()) return fail(errc::missing_field);
        const char family = left_[0];
        left_.remove_prefix(1);
        in.number(static_cast<unsigned char>(family));
        switch (family) {
            case 'U':
                in.number(0);
                in.text({});
                left_ = {};
                return;
            case '4':
            case '6':
            case 'L':
                number(2);
                text();
                return;
            default: fail(errc::unknown_family);
        }
    }

    void rest() {
        in_text(left_);
        left_ = {};
    }
    void pass_over() { left_ = {}; }
    void end() {
        if (wrong == errc::ok && !left_.empty()) fail(errc::trailing_bytes);
    }

private:
    void fail(errc what) { wrong = what; }
    void in_text(std::string_view t) {
        if (wrong == errc::ok) in.text(t);
    }
    std::string_view take() {
        if (wrong != errc::ok) return {};
        if (left_.empty()) return fail(errc::missing_field), std::string_view{};
        std::size_t size = 0;
        while (size != left_.size() && left_[size] != '\0') ++size;
        if (size == left_.size()) return fail(errc::missing_nul), std::string_view{};
        const auto found = left_.substr(0, size);
        left_.remove_prefix(size + 1);
        return found;
    }

    std::string_view left_;
};

/// A command: protocol facts, 2.2.
inline reader read_command(char code, std::string_view payload, spaces where = spaces::on_wire) {
    reader r{payload};
    switch (code) {
        case 'O': r.number(4), r.number(4), r.number(4), r.pass_over(); break;
        case 'D': r.number(1), r.pairs(); break;
        case 'C': r.text(), r.client(); break;
        case 'H':
        case 'U': r.text(); break;
        case 'M':
        case 'R': r.text(), r.texts(); break;
        case 'L': r.header(true, where, false); break;
        case 'B':
        case 'E': r.rest(); break;
        case 'T':
        case 'N':
        case 'A':
        case 'Q':
        case 'K': break;
        default: r.wrong = errc::unknown_code;
    }
    r.end();
    return r;
}

/// A reply: 2.3.
inline reader read_reply(char code, std::string_view payload, spaces where = spaces::on_wire) {
    reader r{payload};
    switch (code) {
        case 'O': r.number(4), r.number(4), r.number(4), r.macro_lists(); break;
        case 'y':
        case 'q': r.text_with_or_without_nul(); break;
        case 'h': r.header(false, where, false); break;
        case 'i': r.number(4), r.header(false, where, false); break;
        case 'm': r.number(4), r.header(false, where, true); break;
        case '+':
        case '-': r.text(); break;
        case '2':
        case 'e': r.text(), r.text_or_nothing(); break;
        case 'b': r.rest(); break;
        case 'c':
        case 'a':
        case 'r':
        case 't':
        case 'd':
        case 's':
        case 'p':
        case 'f':
        case '4': break;
        default: r.wrong = errc::unknown_code;
    }
    r.end();
    return r;
}

inline bool is_control(char c) { return static_cast<unsigned char>(c) < 32 || c == 127; }

inline bool controls_in(std::string_view t) {
    for (const char c : t)
        if (is_control(c)) return true;
    return false;
}

/// A header's name could inject nothing: printable ASCII without space and colon (7.2).
inline errc name(std::string_view t) {
    if (t.empty()) return errc::bad_header_name;
    for (const char c : t)
        if (c < '!' || c > '~' || c == ':') return errc::bad_header_name;
    return errc::ok;
}

/// Each line end of a header's value is LF or CR LF, with a space or tab behind it (9, row 40).
inline errc value(std::string_view t) {
    for (std::size_t i = 0; i != t.size(); ++i) {
        const char next = i + 1 == t.size() ? '\0' : t[i + 1];
        if (t[i] == '\r' && next != '\n') return errc::bad_header_value;
        if (t[i] == '\n' && next != ' ' && next != '\t') return errc::bad_header_value;
    }
    return errc::ok;
}

/// An SMTP reply as the strictest MTA takes it (2.3.2): one code of class 4 or 5 in front of each line, `-`
/// on all but the last, no controls, and no digit in front of the text that isn't the code's own.
inline errc smtp_reply(std::string_view t) {
    const auto code = t.substr(0, 3);
    const auto digit = [](char c) { return c >= '0' && c <= '9'; };
    if (code.size() != 3 || (code[0] != '4' && code[0] != '5') || !digit(code[1]) || !digit(code[2]))
        return errc::bad_reply_text;
    for (bool last = false; !last;) {
        const auto end = t.find("\r\n");
        last = end == t.npos;
        const auto line = t.substr(0, end);
        if (line.size() < 4 || line.substr(0, 3) != code || line[3] != (last ? ' ' : '-'))
            return errc::bad_reply_text;
        if (line.size() > 4 && digit(line[4]) && line[4] != code[0]) return errc::bad_reply_text;
        if (controls_in(line)) return errc::bad_reply_text;
        if (!last) t.remove_prefix(end + 2);
    }
    return errc::ok;
}

/// What an MTA has to check of a reply that can be read: 7.2.
inline errc harm_in(char code, std::string_view payload) {
    const auto first_text = [](std::string_view t) { return t.substr(0, t.find('\0')); };
    const auto after_first = [](std::string_view t) {
        const auto end = t.find('\0');
        return end == t.npos ? std::string_view{} : t.substr(end + 1);
    };
    switch (code) {
        case 'i':
        case 'm':
            if (static_cast<unsigned char>(payload[0]) >= 0x80) return errc::bad_index;
            payload.remove_prefix(4);
            [[fallthrough]];
        case 'h': {
            const auto wrong = name(first_text(payload));
            return wrong != errc::ok ? wrong : value(first_text(after_first(payload)));
        }
        case 'y': return smtp_reply(first_text(payload));
        case '+':
        case '-':
        case '2':
        case 'e':
            return controls_in(first_text(payload)) || controls_in(first_text(after_first(payload)))
                       ? errc::bad_text
                       : errc::ok;
        default: return errc::ok;
    }
}

// The same of the library's messages.

inline void put(contents& c, const kilter::command::negotiate& m) {
    c.number(m.version);
    c.number(static_cast<std::uint32_t>(m.actions));
    c.number(static_cast<std::uint32_t>(m.options));
}
inline void put(contents& c, const kilter::command::macro& m) {
    c.number(static_cast<unsigned char>(m.command));
    for (const auto& d : m.definitions) c.text(d.name), c.text(d.value);
}
inline void put(contents& c, const kilter::command::connect& m) {
    c.text(m.hostname);
    c.number(static_cast<unsigned char>(m.family));
    c.number(m.port);
    c.text(m.address);
}
inline void put(contents& c, const kilter::command::helo& m) { c.text(m.hostname); }
inline void put(contents& c, const kilter::command::mail& m) {
    c.text(m.sender);
    for (const auto arg : m.args) c.text(arg);
}
inline void put(contents& c, const kilter::command::rcpt& m) {
    c.text(m.recipient);
    for (const auto arg : m.args) c.text(arg);
}
inline void put(contents& c, const kilter::command::unknown& m) { c.text(m.line); }
inline void put(contents& c, const kilter::command::header& m) {
    c.text(m.name), c.text(m.space), c.text(m.value);
}
inline void put(contents& c, const kilter::command::body& m) { c.text(m.chunk); }
inline void put(contents& c, const kilter::command::end_of_message& m) { c.text(m.chunk); }

inline void put(contents& c, const kilter::reply::negotiate& m) {
    c.number(m.version);
    c.number(static_cast<std::uint32_t>(m.actions));
    c.number(static_cast<std::uint32_t>(m.options));
    for (const auto& s : m.symbols) c.number(static_cast<std::uint32_t>(s.at)), c.text(s.names);
}
inline void put(contents& c, const kilter::reply::reply_code& m) { c.text(m.text); }
inline void put(contents& c, const kilter::reply::add_header& m) {
    c.text(m.name), c.text(m.space), c.text(m.value);
}
inline void put(contents& c, const kilter::reply::insert_header& m) {
    c.number(m.index), c.text(m.name), c.text(m.space), c.text(m.value);
}
inline void put(contents& c, const kilter::reply::change_header& m) {
    c.number(m.index), c.text(m.name), c.text(m.space), c.text(m.value);
}
inline void put(contents& c, const kilter::reply::change_from& m) { c.text(m.sender), c.text(m.args); }
inline void put(contents& c, const kilter::reply::add_rcpt& m) { c.text(m.recipient); }
inline void put(contents& c, const kilter::reply::add_rcpt_par& m) { c.text(m.recipient), c.text(m.args); }
inline void put(contents& c, const kilter::reply::delete_rcpt& m) { c.text(m.recipient); }
inline void put(contents& c, const kilter::reply::replace_body& m) { c.text(m.chunk); }
inline void put(contents& c, const kilter::reply::quarantine& m) { c.text(m.reason); }

/// Those with nothing in them.
template <class M>
requires std::is_empty_v<M>
void put(contents&, const M&) {}

template <class M>
contents of(const M& message) {
    contents c;
    put(c, message);
    return c;
}

// Their codes: 2.1.
// clang-format off
template <class M> inline constexpr char code_of = '?';
template <> inline constexpr char code_of<kilter::command::negotiate> = 'O';
template <> inline constexpr char code_of<kilter::command::macro> = 'D';
template <> inline constexpr char code_of<kilter::command::connect> = 'C';
template <> inline constexpr char code_of<kilter::command::helo> = 'H';
template <> inline constexpr char code_of<kilter::command::mail> = 'M';
template <> inline constexpr char code_of<kilter::command::rcpt> = 'R';
template <> inline constexpr char code_of<kilter::command::data> = 'T';
template <> inline constexpr char code_of<kilter::command::unknown> = 'U';
template <> inline constexpr char code_of<kilter::command::header> = 'L';
template <> inline constexpr char code_of<kilter::command::end_of_headers> = 'N';
template <> inline constexpr char code_of<kilter::command::body> = 'B';
template <> inline constexpr char code_of<kilter::command::end_of_message> = 'E';
template <> inline constexpr char code_of<kilter::command::abort> = 'A';
template <> inline constexpr char code_of<kilter::command::quit> = 'Q';
template <> inline constexpr char code_of<kilter::command::quit_nc> = 'K';
template <> inline constexpr char code_of<kilter::reply::negotiate> = 'O';
template <> inline constexpr char code_of<kilter::reply::proceed> = 'c';
template <> inline constexpr char code_of<kilter::reply::accept> = 'a';
template <> inline constexpr char code_of<kilter::reply::reject> = 'r';
template <> inline constexpr char code_of<kilter::reply::tempfail> = 't';
template <> inline constexpr char code_of<kilter::reply::discard> = 'd';
template <> inline constexpr char code_of<kilter::reply::skip> = 's';
template <> inline constexpr char code_of<kilter::reply::progress> = 'p';
template <> inline constexpr char code_of<kilter::reply::reply_code> = 'y';
template <> inline constexpr char code_of<kilter::reply::conn_fail> = 'f';
template <> inline constexpr char code_of<kilter::reply::shutdown> = '4';
template <> inline constexpr char code_of<kilter::reply::add_header> = 'h';
template <> inline constexpr char code_of<kilter::reply::insert_header> = 'i';
template <> inline constexpr char code_of<kilter::reply::change_header> = 'm';
template <> inline constexpr char code_of<kilter::reply::change_from> = 'e';
template <> inline constexpr char code_of<kilter::reply::add_rcpt> = '+';
template <> inline constexpr char code_of<kilter::reply::add_rcpt_par> = '2';
template <> inline constexpr char code_of<kilter::reply::delete_rcpt> = '-';
template <> inline constexpr char code_of<kilter::reply::replace_body> = 'b';
template <> inline constexpr char code_of<kilter::reply::quarantine> = 'q';
// clang-format on

}  // namespace test::by_hand
