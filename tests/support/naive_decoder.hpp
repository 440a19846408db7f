// SPDX-License-Identifier: MIT
// A second decoder, to compare the library's with: slow and plain, written from the description of the
// protocol and not from the wire table. It reads with the standard library alone; how kilter's messages look
// in its form stands at the end.
#pragma once

#include <kilter/codec.hpp>

#include "support/exact.hpp"

#include <cstddef>
#include <cstdint>
#include <string>
#include <string_view>
#include <utility>
#include <variant>
#include <vector>

namespace test::naive {

/// What is wrong with a stream or a frame.
enum class wrong {
    nothing,
    zero_length,
    too_long,
    not_a_milter,  ///< too long, and the length is printable
    unknown_code,
    missing_field,
    missing_nul,
    trailing_bytes,
    unknown_family,
    missing_value,
    empty_name,
};

struct frame {
    char code{};
    std::string payload{};

    bool operator==(const frame&) const = default;
};

/// A stream cut into frames.
struct frames {
    std::vector<frame> whole{};
    wrong error{};
    std::uint64_t length{};  ///< the one that is wrong
    std::string rest{};      ///< of the last frame, whose end has not come

    bool operator==(const frames&) const = default;
};

inline std::uint64_t big_endian(const std::string& bytes) {
    std::uint64_t number = 0;
    for (const char c : bytes) number = number * 256 + static_cast<unsigned char>(c);
    return number;
}

inline bool is_printable(const std::string& bytes) {
    for (const char c : bytes) {
        const bool line_end_or_tab = c == '\r' || c == '\n' || c == '\t';
        if (!line_end_or_tab && (c < ' ' || c > '~')) return false;
    }
    return true;
}

/// Cuts a stream of frames with at most so many payload bytes.
inline frames cut(std::string_view stream, std::uint64_t max_payload) {
    frames all;
    while (stream.size() >= 4) {
        const std::string head{stream.substr(0, 4)};
        const auto length = big_endian(head);
        if (length == 0 || length > max_payload + 1) {
            all.length = length;
            if (length == 0)
                all.error = wrong::zero_length;
            else
                all.error = is_printable(head) ? wrong::not_a_milter : wrong::too_long;
            return all;
        }
        if (stream.size() < 4 + length) break;
        const auto size = static_cast<std::size_t>(length);
        all.whole.push_back({stream[4], std::string{stream.substr(5, size - 1)}});
        stream.remove_prefix(4 + size);
    }
    all.rest = stream;
    return all;
}

/// One field of a message: a number in decimal digits, a text, or bytes. A list is as many fields.
struct field {
    std::string name{};
    std::string value{};

    bool operator==(const field&) const = default;
};

/// A frame as a message; without a name if something is wrong.
struct message {
    std::string name{};
    std::vector<field> fields{};
    wrong error{};

    bool operator==(const message&) const = default;
};

/// What is left of a payload. The functions throw what is wrong.
class payload {
public:
    explicit payload(std::string bytes) : bytes_{std::move(bytes)} {}

    bool empty() const { return bytes_.empty(); }

    std::string bytes(std::size_t size) {
        if (bytes_.size() < size) throw wrong::missing_field;
        auto front = bytes_.substr(0, size);
        bytes_.erase(0, size);
        return front;
    }
    std::string all() { return bytes(bytes_.size()); }
    std::string number(std::size_t size) { return std::to_string(big_endian(bytes(size))); }

    /// What stands before the next NUL.
    std::string text() {
        if (bytes_.empty()) throw wrong::missing_field;
        std::size_t size = 0;
        while (size != bytes_.size() && bytes_[size] != '\0') ++size;
        if (size == bytes_.size()) throw wrong::missing_nul;
        auto front = bytes(size);
        bytes(1);
        return front;
    }

    /// The same for a last text: Postfix takes reply codes and reasons without their NUL.
    std::string text_maybe_without_nul() {
        for (const char c : bytes_)
            if (c == '\0') return text();
        return all();
    }

private:
    std::string bytes_;
};

/// The fields of a command, by its code.
inline message read_command(char code, payload& in) {
    message m;
    const auto field = [&](std::string name, std::string value) {
        m.fields.push_back({std::move(name), std::move(value)});
    };
    switch (code) {
        case 'O':
            m.name = "negotiate";
            field("version", in.number(4));
            field("actions", in.number(4));
            field("options", in.number(4));
            in.all();  // libmilter passes over what follows
            break;
        case 'D':
            m.name = "macro";
            field("command", in.bytes(1));
            while (!in.empty()) {
                field("name", in.text());
                if (in.empty()) throw wrong::missing_value;
                field("value", in.text());
            }
            break;
        case 'C': {
            m.name = "connect";
            field("hostname", in.text());
            const auto family = in.bytes(1);
            if (family != "4" && family != "6" && family != "L" && family != "U") throw wrong::unknown_family;
            field("family", family);
            if (family == "U") {
                in.all();  // libmilter passes over what follows
            } else {
                field("port", in.number(2));
                field("address", in.text());
            }
            break;
        }
        case 'H':
            m.name = "helo";
            field("hostname", in.text());
            break;
        case 'M':
            m.name = "mail";
            field("sender", in.text());
            while (!in.empty()) field("arg", in.text());
            break;
        case 'R':
            m.name = "rcpt";
            field("recipient", in.text());
            while (!in.empty()) field("arg", in.text());
            break;
        case 'T': m.name = "data"; break;
        case 'U':
            m.name = "unknown";
            field("line", in.text());
            break;
        case 'L':
            m.name = "header";
            field("name", in.text());
            if (m.fields.back().value.empty()) throw wrong::empty_name;
            field("value", in.text());
            break;
        case 'N': m.name = "end_of_headers"; break;
        case 'B':
            m.name = "body";
            field("chunk", in.all());
            break;
        case 'E':
            m.name = "end_of_message";
            field("chunk", in.all());
            break;
        case 'A': m.name = "abort"; break;
        case 'Q': m.name = "quit"; break;
        case 'K': m.name = "quit_nc"; break;
        default: throw wrong::unknown_code;
    }
    return m;
}

/// The fields of a reply, by its code.
inline message read_reply(char code, payload& in) {
    message m;
    const auto field = [&](std::string name, std::string value) {
        m.fields.push_back({std::move(name), std::move(value)});
    };
    const auto header = [&] {
        field("name", in.text());
        field("value", in.text());
    };
    switch (code) {
        case 'O':
            m.name = "negotiate";
            field("version", in.number(4));
            field("actions", in.number(4));
            field("options", in.number(4));
            while (!in.empty()) {
                field("stage", in.number(4));
                field("names", in.text());
            }
            break;
        case 'c': m.name = "proceed"; break;
        case 'a': m.name = "accept"; break;
        case 'r': m.name = "reject"; break;
        case 't': m.name = "tempfail"; break;
        case 'd': m.name = "discard"; break;
        case 's': m.name = "skip"; break;
        case 'p': m.name = "progress"; break;
        case 'f': m.name = "conn_fail"; break;
        case '4': m.name = "shutdown"; break;
        case 'y':
            m.name = "reply_code";
            field("text", in.text_maybe_without_nul());
            break;
        case 'h':
            m.name = "add_header";
            header();
            break;
        case 'i':
            m.name = "insert_header";
            field("index", in.number(4));
            header();
            break;
        case 'm':
            m.name = "change_header";
            field("index", in.number(4));
            header();
            break;
        case 'e':
            m.name = "change_from";
            field("sender", in.text());
            field("args", in.empty() ? "" : in.text());
            break;
        case '+':
            m.name = "add_rcpt";
            field("recipient", in.text());
            break;
        case '2':
            m.name = "add_rcpt_par";
            field("recipient", in.text());
            field("args", in.empty() ? "" : in.text());
            break;
        case '-':
            m.name = "delete_rcpt";
            field("recipient", in.text());
            break;
        case 'b':
            m.name = "replace_body";
            field("chunk", in.all());
            break;
        case 'q':
            m.name = "quarantine";
            field("reason", in.text_maybe_without_nul());
            break;
        default: throw wrong::unknown_code;
    }
    return m;
}

/// Reads a frame, all of it.
inline message read_with(message (*read)(char, payload&), const frame& from) {
    try {
        payload in{from.payload};
        auto m = read(from.code, in);
        if (!in.empty()) throw wrong::trailing_bytes;
        return m;
    } catch (const wrong error) {
        return {.name = {}, .fields = {}, .error = error};
    }
}
inline message command(const frame& from) { return read_with(read_command, from); }
inline message reply(const frame& from) { return read_with(read_reply, from); }

// What kilter made of it, in the same form. Each message is written out, for the names in the wire table
// could be those of other members.

inline std::string number(auto bits) { return std::to_string(static_cast<std::uint32_t>(bits)); }

inline message with_args(message m, const kilter::text_list& args) {
    for (const auto arg : args) m.fields.push_back({"arg", std::string{arg}});
    return m;
}

// clang-format off
inline message plain(const kilter::command::negotiate& m) {
    return {"negotiate", {{"version", number(m.version)}, {"actions", number(m.actions)}, {"options", number(m.options)}}};
}
inline message plain(const kilter::command::macro& m) {
    message made{"macro", {{"command", {m.command}}}};
    for (const auto& d : m.definitions) {
        made.fields.push_back({"name", std::string{d.name}});
        made.fields.push_back({"value", std::string{d.value}});
    }
    return made;
}
inline message plain(const kilter::command::connect& m) {
    message made{"connect", {{"hostname", std::string{m.hostname}}, {"family", {static_cast<char>(m.family)}}}};
    if (m.family != kilter::family::unknown || m.port != 0 || !m.address.empty()) {
        made.fields.push_back({"port", number(m.port)});
        made.fields.push_back({"address", std::string{m.address}});
    }
    return made;
}
inline message plain(const kilter::command::helo& m) { return {"helo", {{"hostname", std::string{m.hostname}}}}; }
inline message plain(const kilter::command::mail& m) { return with_args({"mail", {{"sender", std::string{m.sender}}}}, m.args); }
inline message plain(const kilter::command::rcpt& m) { return with_args({"rcpt", {{"recipient", std::string{m.recipient}}}}, m.args); }
inline message plain(const kilter::command::data&) { return {"data"}; }
inline message plain(const kilter::command::unknown& m) { return {"unknown", {{"line", std::string{m.line}}}}; }
inline message plain(const kilter::command::header& m) { return {"header", {{"name", std::string{m.name}}, {"value", std::string{m.space}.append(m.value)}}}; }
inline message plain(const kilter::command::end_of_headers&) { return {"end_of_headers"}; }
inline message plain(const kilter::command::body& m) { return {"body", {{"chunk", std::string{m.chunk}}}}; }
inline message plain(const kilter::command::end_of_message& m) { return {"end_of_message", {{"chunk", std::string{m.chunk}}}}; }
inline message plain(const kilter::command::abort&) { return {"abort"}; }
inline message plain(const kilter::command::quit&) { return {"quit"}; }
inline message plain(const kilter::command::quit_nc&) { return {"quit_nc"}; }

inline message plain(const kilter::reply::negotiate& m) {
    message made{"negotiate", {{"version", number(m.version)}, {"actions", number(m.actions)}, {"options", number(m.options)}}};
    for (const auto& s : m.symbols) {
        made.fields.push_back({"stage", number(s.at)});
        made.fields.push_back({"names", std::string{s.names}});
    }
    return made;
}
inline message plain(const kilter::reply::proceed&) { return {"proceed"}; }
inline message plain(const kilter::reply::accept&) { return {"accept"}; }
inline message plain(const kilter::reply::reject&) { return {"reject"}; }
inline message plain(const kilter::reply::tempfail&) { return {"tempfail"}; }
inline message plain(const kilter::reply::discard&) { return {"discard"}; }
inline message plain(const kilter::reply::skip&) { return {"skip"}; }
inline message plain(const kilter::reply::progress&) { return {"progress"}; }
inline message plain(const kilter::reply::conn_fail&) { return {"conn_fail"}; }
inline message plain(const kilter::reply::shutdown&) { return {"shutdown"}; }
inline message plain(const kilter::reply::reply_code& m) { return {"reply_code", {{"text", std::string{m.text}}}}; }
inline message plain(const kilter::reply::add_header& m) { return {"add_header", {{"name", std::string{m.name}}, {"value", std::string{m.space}.append(m.value)}}}; }
inline message plain(const kilter::reply::insert_header& m) { return {"insert_header", {{"index", number(m.index)}, {"name", std::string{m.name}}, {"value", std::string{m.space}.append(m.value)}}}; }
inline message plain(const kilter::reply::change_header& m) { return {"change_header", {{"index", number(m.index)}, {"name", std::string{m.name}}, {"value", std::string{m.space}.append(m.value)}}}; }
inline message plain(const kilter::reply::change_from& m) { return {"change_from", {{"sender", std::string{m.sender}}, {"args", std::string{m.args}}}}; }
inline message plain(const kilter::reply::add_rcpt& m) { return {"add_rcpt", {{"recipient", std::string{m.recipient}}}}; }
inline message plain(const kilter::reply::add_rcpt_par& m) { return {"add_rcpt_par", {{"recipient", std::string{m.recipient}}, {"args", std::string{m.args}}}}; }
inline message plain(const kilter::reply::delete_rcpt& m) { return {"delete_rcpt", {{"recipient", std::string{m.recipient}}}}; }
inline message plain(const kilter::reply::replace_body& m) { return {"replace_body", {{"chunk", std::string{m.chunk}}}}; }
inline message plain(const kilter::reply::quarantine& m) { return {"quarantine", {{"reason", std::string{m.reason}}}}; }
// clang-format on

/// One of the errors that bytes can have.
inline wrong plain(kilter::errc error) {
    switch (error) {
        case kilter::errc::ok: return wrong::nothing;
        case kilter::errc::zero_length: return wrong::zero_length;
        case kilter::errc::frame_too_long: return wrong::too_long;
        case kilter::errc::not_a_milter: return wrong::not_a_milter;
        case kilter::errc::unknown_code: return wrong::unknown_code;
        case kilter::errc::missing_field: return wrong::missing_field;
        case kilter::errc::missing_nul: return wrong::missing_nul;
        case kilter::errc::trailing_bytes: return wrong::trailing_bytes;
        case kilter::errc::unknown_family: return wrong::unknown_family;
        case kilter::errc::missing_value: return wrong::missing_value;
        case kilter::errc::empty_name: return wrong::empty_name;
        default: return static_cast<wrong>(-1);  // none that bytes can have
    }
}

/// What decode_command() or decode_reply() gave.
template <class... M>
message plain(const kilter::result<std::variant<M...>>& decoded) {
    if (!decoded) return {.name = {}, .fields = {}, .error = plain(decoded.error())};
    return std::visit([](const auto& m) { return plain(m); }, *decoded);
}

/// What a frame decoder makes of a stream that comes in pieces.
template <class Pieces, class Decoder>
frames plain_frames(const Pieces& pieces, Decoder decoder) {
    frames all;
    std::size_t used = 0;
    std::string stream;
    for (const std::string_view piece : pieces) {
        stream.append(piece);
        const exact input{piece};
        auto rest = input.view();
        while (const auto next = decoder.next(rest)) {
            all.whole.push_back({next->code, std::string{next->payload}});
            used += kilter::frame_overhead + next->payload.size();
        }
    }
    all.error = plain(decoder.error());
    if (all.error != wrong::nothing) all.length = decoder.length();
    if (decoder.in_frame()) all.rest = stream.substr(used);
    return all;
}

}  // namespace test::naive
