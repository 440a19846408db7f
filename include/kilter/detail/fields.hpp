// SPDX-License-Identifier: MIT
// The kinds of field that messages are made of: how each lies on the wire, and what may be sent in it.
#pragma once

#include <cstddef>
#include <cstdint>
#include <string_view>

#include "../error.hpp"
#include "../messages.hpp"
#include "bytes.hpp"
#include "inline.hpp"
#include "texts.hpp"

namespace kilter::detail {

// Every kind has its layout in words, and the same functions:
//   size(m)       how many bytes it takes
//   check(m)      may it be sent as it is?
//   accept(m)     may it be used as it has come? (only for kinds that the sessions check so)
//   write(m, w)   puts it where the writer stands
//   read(m, in)   takes it off the front of `in`
//   visit(m, f)   calls f(name, member) for each member of the message that it stands for
//
// What a kind tolerates when it reads is part of the kind, and named.

/// Four bytes, big-endian: a number or a set of bits.
template <class M, class T>
struct number {
    static constexpr std::string_view layout = "u32";

    using number_check = errc (*)(std::uint32_t) noexcept;
    static constexpr errc any(std::uint32_t) noexcept { return errc::ok; }

    std::string_view name;
    T M::*member;
    number_check said;
    number_check heard;

    constexpr number(std::string_view n, T M::*m, number_check s = any, number_check h = any)
        : name{n}, member{m}, said{s}, heard{h} {}

    constexpr std::size_t size(const M&) const noexcept { return 4; }
    constexpr errc check(const M& m) const noexcept { return said(static_cast<std::uint32_t>(m.*member)); }
    constexpr errc accept(const M& m) const noexcept { return heard(static_cast<std::uint32_t>(m.*member)); }
    constexpr void write(const M& m, auto& out) const noexcept {
        out.u32(static_cast<std::uint32_t>(m.*member));
    }
    constexpr errc read(M& m, std::string_view& in) const noexcept {
        if (in.size() < 4) return errc::missing_field;
        m.*member = static_cast<T>(load_u32(in.data()));
        in.remove_prefix(4);
        return errc::ok;
    }
    constexpr void visit(auto& m, auto&& f) const { f(name, m.*member); }
};

/// Counts of header fields: Sendmail reads them as signed, Postfix as unsigned numbers.
constexpr errc header_position(std::uint32_t n) noexcept {
    return n <= 0x7fff'ffff ? errc::ok : errc::bad_index;
}
constexpr errc header_count(std::uint32_t n) noexcept {
    return n != 0 ? header_position(n) : errc::bad_index;
}

/// One byte.
template <class M>
struct octet {
    static constexpr std::string_view layout = "byte";

    std::string_view name;
    char M::*member;

    constexpr octet(std::string_view n, char M::*m) : name{n}, member{m} {}

    constexpr std::size_t size(const M&) const noexcept { return 1; }
    constexpr errc check(const M&) const noexcept { return errc::ok; }
    constexpr void write(const M& m, auto& out) const noexcept {
        out.u8(static_cast<unsigned char>(m.*member));
    }
    constexpr errc read(M& m, std::string_view& in) const noexcept {
        if (in.empty()) return errc::missing_field;
        m.*member = in.front();
        in.remove_prefix(1);
        return errc::ok;
    }
    constexpr void visit(auto& m, auto&& f) const { f(name, m.*member); }
};

KILTER_INLINE constexpr errc read_text(std::string_view& text, std::string_view& in) noexcept {
    const auto end = in.find('\0');
    if (end == in.npos) return in.empty() ? errc::missing_field : errc::missing_nul;
    text = {in.data(), end};
    in.remove_prefix(end + 1);
    return errc::ok;
}

constexpr void write_text(std::string_view text, auto& out) noexcept {
    out.bytes(text.data(), text.size());
    out.u8(0);
}

/// A text and its NUL.
template <class M>
struct text {
    static constexpr std::string_view layout = "text NUL";

    std::string_view name;
    std::string_view M::*member;
    text_check said;
    text_check heard;

    constexpr text(std::string_view n, std::string_view M::*m, text_check s = any_text,
                   text_check h = any_text)
        : name{n}, member{m}, said{s}, heard{h} {}

    constexpr std::size_t size(const M& m) const noexcept { return (m.*member).size() + 1; }
    constexpr errc check(const M& m) const noexcept { return said(m.*member); }
    constexpr errc accept(const M& m) const noexcept { return heard(m.*member); }
    constexpr void write(const M& m, auto& out) const noexcept { write_text(m.*member, out); }
    constexpr errc read(M& m, std::string_view& in) const noexcept { return read_text(m.*member, in); }
    constexpr void visit(auto& m, auto&& f) const { f(name, m.*member); }
};

/// A text with at least one byte: libmilter ends a session over an empty header name (engine.c dec_arg2()).
template <class M>
struct nonempty_text : text<M> {
    using text<M>::text;

    constexpr errc check(const M& m) const noexcept {
        return (m.*this->member).empty() ? errc::empty_name : text<M>::check(m);
    }
    constexpr errc read(M& m, std::string_view& in) const noexcept {
        const auto e = text<M>::read(m, in);
        return e == errc::ok && (m.*this->member).empty() ? errc::empty_name : e;
    }
};
template <class M, class... Check>
nonempty_text(std::string_view, std::string_view M::*, Check...) -> nonempty_text<M>;

/// A text that nothing follows, so that its NUL may be missing: Postfix takes reply codes and reasons so.
template <class M>
struct text_maybe_unterminated : text<M> {
    using text<M>::text;

    constexpr errc read(M& m, std::string_view& in) const noexcept {
        if (in.find('\0') != in.npos) return text<M>::read(m, in);
        m.*this->member = in;
        in = {};
        return errc::ok;
    }
};
template <class M, class... Check>
text_maybe_unterminated(std::string_view, std::string_view M::*, Check...) -> text_maybe_unterminated<M>;

/// A reason for people: whatever is in it, it must not keep the message from being held. So control
/// characters are sent as spaces.
template <class M>
struct reason : text_maybe_unterminated<M> {
    using text_maybe_unterminated<M>::text_maybe_unterminated;

    constexpr errc check(const M&) const noexcept { return errc::ok; }
    constexpr void write(const M& m, auto& out) const noexcept {
        for (const char c : m.*this->member) out.u8(static_cast<unsigned char>(is_control(c) ? ' ' : c));
        out.u8(0);
    }
};
template <class M>
reason(std::string_view, std::string_view M::*) -> reason<M>;

/// A last text that is left out when it is empty.
template <class M>
struct optional_text : text<M> {
    static constexpr std::string_view layout = "[text NUL]";

    using text<M>::text;

    constexpr std::size_t size(const M& m) const noexcept {
        return (m.*this->member).empty() ? 0 : text<M>::size(m);
    }
    constexpr void write(const M& m, auto& out) const noexcept {
        if (!(m.*this->member).empty()) text<M>::write(m, out);
    }
    constexpr errc read(M& m, std::string_view& in) const noexcept {
        m.*this->member = {};
        return in.empty() ? errc::ok : text<M>::read(m, in);
    }
};
template <class M, class... Check>
optional_text(std::string_view, std::string_view M::*, Check...) -> optional_text<M>;

/// The value of a header field: on the wire one text, here its first space and the rest.
template <class M>
struct spaced_text : text<M> {
    std::string_view space_name;
    std::string_view M::*space;

    constexpr spaced_text(std::string_view n, std::string_view M::*m, std::string_view sn,
                          std::string_view M::*s, text_check c = any_text, text_check h = any_text)
        : text<M>{n, m, c, h}, space_name{sn}, space{s} {}

    constexpr std::size_t size(const M& m) const noexcept { return (m.*space).size() + text<M>::size(m); }
    constexpr errc check(const M& m) const noexcept {
        if (!(m.*space).empty() && m.*space != " ") return errc::bad_header_value;
        return text<M>::check(m);
    }
    constexpr void write(const M& m, auto& out) const noexcept {
        out.bytes((m.*space).data(), (m.*space).size());
        text<M>::write(m, out);
    }
    constexpr errc read(M& m, std::string_view& in) const noexcept {
        m.*space = {};
        return text<M>::read(m, in);
    }
    constexpr void visit(auto& m, auto&& f) const {
        text<M>::visit(m, f);
        f(space_name, m.*space);
    }
};

/// Everything that is left of the payload; any byte may occur.
template <class M>
struct rest {
    static constexpr std::string_view layout = "bytes";

    std::string_view name;
    std::string_view M::*member;

    constexpr rest(std::string_view n, std::string_view M::*m) : name{n}, member{m} {}

    constexpr std::size_t size(const M& m) const noexcept { return (m.*member).size(); }
    constexpr errc check(const M&) const noexcept { return errc::ok; }
    constexpr void write(const M& m, auto& out) const noexcept {
        out.bytes((m.*member).data(), (m.*member).size());
    }
    constexpr errc read(M& m, std::string_view& in) const noexcept {
        m.*member = in;
        in = {};
        return errc::ok;
    }
    constexpr void visit(auto& m, auto&& f) const { f(name, m.*member); }
};

/// More bytes than we know of, which are passed over: libmilter reads an offer so (engine.c st_optionneg()).
template <class M>
struct ignored {
    static constexpr std::string_view layout = "(more is passed over)";

    constexpr std::size_t size(const M&) const noexcept { return 0; }
    constexpr errc check(const M&) const noexcept { return errc::ok; }
    constexpr void write(const M&, auto&) const noexcept {}
    constexpr errc read(M&, std::string_view& in) const noexcept {
        in = {};
        return errc::ok;
    }
    constexpr void visit(auto&, auto&&) const {}
};

/// Family, port and address of a client. Nothing follows the family 'U'; if something does, it is passed
/// over, as libmilter does (engine.c st_connectinfo()).
struct client_address {
    static constexpr std::string_view layout = "byte [, u16, text NUL, unless the byte is 'U']";

    using M = command::connect;

    static constexpr bool has_address(const M& m) noexcept { return m.family != family::unknown; }

    constexpr std::size_t size(const M& m) const noexcept {
        return has_address(m) ? 1 + 2 + m.address.size() + 1 : 1;
    }
    constexpr errc check(const M& m) const noexcept {
        for (const auto& known : family_names) {
            if (known.value != m.family) continue;
            const bool complete = has_address(m) || (m.address.empty() && m.port == 0);
            return complete ? any_text(m.address) : errc::bad_address;
        }
        return errc::unknown_family;
    }
    constexpr void write(const M& m, auto& out) const noexcept {
        out.u8(static_cast<unsigned char>(m.family));
        if (!has_address(m)) return;
        out.u16(m.port);
        write_text(m.address, out);
    }
    constexpr errc read(M& m, std::string_view& in) const noexcept {
        if (in.empty()) return errc::missing_field;
        m = {.hostname = m.hostname, .family = static_cast<family>(in.front())};
        if (const auto e = check(m); e != errc::ok) return e;
        in.remove_prefix(1);
        if (!has_address(m)) {
            in = {};
            return errc::ok;
        }
        if (in.size() < 2) return errc::missing_field;
        m.port = load_u16(in.data());
        in.remove_prefix(2);
        return read_text(m.address, in);
    }
    constexpr void visit(auto& m, auto&& f) const {
        f(std::string_view{"family"}, m.family);
        f(std::string_view{"port"}, m.port);
        f(std::string_view{"address"}, m.address);
    }
};

}  // namespace kilter::detail
