// SPDX-License-Identifier: MIT
// The kinds of field that are lists: what ends them on the wire, and what may be sent in them.
#pragma once

#include <cstddef>
#include <cstdint>
#include <string_view>

#include "../error.hpp"
#include "../views.hpp"

namespace kilter::detail {

/// A list that takes all that is left. What ends it is seen to here, the items are read when asked for.
template <class M, class List>
struct list {
    using list_check = errc (*)(std::string_view) noexcept;

    std::string_view layout;
    std::string_view name;
    List M::*member;
    list_check sendable;
    list_check sound;

    constexpr std::size_t size(const M& m) const noexcept { return (m.*member).bytes().size(); }
    constexpr errc check(const M& m) const noexcept { return sendable((m.*member).bytes()); }
    constexpr void write(const M& m, auto& out) const noexcept {
        out.bytes((m.*member).bytes().data(), size(m));
    }
    constexpr errc read(M& m, std::string_view& in) const noexcept {
        m.*member = List{in};
        in = {};
        return sound((m.*member).bytes());
    }
    constexpr void visit(auto& m, auto&& f) const { f(name, m.*member); }
};

constexpr errc sound_texts(std::string_view bytes) noexcept {
    return bytes.empty() || bytes.back() == '\0' ? errc::ok : errc::missing_nul;
}

constexpr errc sound_definitions(std::string_view bytes) noexcept {
    if (const auto e = sound_texts(bytes); e != errc::ok) return e;
    return odd_zeros(bytes.data(), bytes.size()) ? errc::missing_value : errc::ok;
}

/// As Postfix 3.7 milter8.c reads macro lists. Stages that nobody knows are for the reader to pass over.
constexpr errc sound_symbols(std::string_view bytes) noexcept {
    while (!bytes.empty()) {
        if (bytes.size() < 5) return errc::missing_field;
        const auto end = bytes.find('\0', 4);
        if (end == bytes.npos) return errc::missing_nul;
        bytes.remove_prefix(end + 1);
    }
    return errc::ok;
}

/// Ours are in ascending order, each stage known and at most once. Sendmail 8.17 honours the list of end
/// of message only if there is one of end of headers, and without the former it sends none at the latter.
constexpr errc sendable_symbols(std::string_view bytes) noexcept {
    if (const auto e = sound_symbols(bytes); e != errc::ok) return e;
    std::uint32_t next = 0;
    bool end_of_message = false;
    bool end_of_headers = false;
    for (const auto& s : symbol_list{bytes}) {
        const auto number = static_cast<std::uint32_t>(s.at);
        if (number < next || number >= stage_names.size()) return errc::bad_symbols;
        next = number + 1;
        end_of_message |= s.at == stage::end_of_message;
        end_of_headers |= s.at == stage::end_of_headers;
    }
    return end_of_message == end_of_headers ? errc::ok : errc::bad_symbols;
}

/// Texts, each ended by a NUL.
template <class M>
constexpr list<M, text_list> texts(std::string_view name, text_list M::*member) noexcept {
    return {"(text NUL)*", name, member, sound_texts, sound_texts};
}

/// Pairs of texts: names and values.
template <class M>
constexpr list<M, definition_list> pairs(std::string_view name, definition_list M::*member) noexcept {
    return {"(name NUL value NUL)*", name, member, sound_definitions, sound_definitions};
}

/// Stages and names.
template <class M>
constexpr list<M, symbol_list> symbols(std::string_view name, symbol_list M::*member) noexcept {
    return {"(u32 names NUL)*", name, member, sendable_symbols, sound_symbols};
}

}  // namespace kilter::detail
