// SPDX-License-Identifier: MIT
// Anything of the protocol as one line of printable text, for logs.
#pragma once

#include <array>
#include <concepts>
#include <cstddef>
#include <cstdint>
#include <string>
#include <string_view>
#include <variant>

#include "detail/bytes.hpp"
#include "frame.hpp"
#include "protocol_error.hpp"
#include "wire.hpp"

namespace kilter {

/// How many bytes of a text are shown. Of longer ones, the size is given.
inline constexpr std::size_t described_text = 100;

/// How many items of a list are shown. Of longer ones, their number is given.
inline constexpr std::size_t described_items = 50;

namespace detail {

inline void append_hex(std::string& out, std::uint32_t number, int digits) {
    while (digits-- != 0) out.push_back("0123456789abcdef"[number >> (4 * digits) & 0xf]);
}

/// The front of a text, with escapes as in C for all that isn't printable ASCII.
inline void append_escaped(std::string& out, std::string_view text) {
    for (const char c : text.substr(0, described_text)) {
        switch (c) {
            case '\n': out.append("\\n"); break;
            case '\r': out.append("\\r"); break;
            case '\t': out.append("\\t"); break;
            case '"': out.append("\\\""); break;
            case '\\': out.append("\\\\"); break;
            default:
                if (c >= ' ' && c <= '~') {
                    out.push_back(c);
                } else {
                    out.append("\\x");
                    append_hex(out, static_cast<unsigned char>(c), 2);
                }
        }
    }
}

inline void append(std::string& out, std::string_view text) {
    out.push_back('"');
    append_escaped(out, text);
    out.push_back('"');
    if (text.size() > described_text)
        out.append("... (").append(std::to_string(text.size())).append(" bytes)");
}

/// A number; `char` is none, though it is unsigned on some machines.
template <std::unsigned_integral Number>
void append(std::string& out, Number number) requires(!std::same_as<Number, char>) {
    out.append(std::to_string(number));
}

/// A code of the wire by the command's name.
template <std::same_as<char> Code>
void append(std::string& out, Code code) {
    std::string_view name;
    for_each_row(wire::commands, [&](const auto& row) {
        if (row.code == code) name = row.name;
    });
    if (name.empty())
        append(out, std::string_view{&code, 1});
    else
        out.append(name);
}

template <class E, std::size_t N>
void append_name(std::string& out, E value, const std::array<named<E>, N>& names) {
    for (const auto& known : names)
        if (known.value == value) return static_cast<void>(out.append(known.name));
    out.append(std::to_string(static_cast<std::uint32_t>(value)));
}

inline void append(std::string& out, family f) { append_name(out, f, family_names); }
inline void append(std::string& out, stage s) { append_name(out, s, stage_names); }

/// The names of the bits, with bars between. Bits without a name are put together in one number.
template <class E, std::size_t N>
void append_bits(std::string& out, E set, const std::array<named<E>, N>& names) {
    const auto begin = out.size();
    const auto bar = [&] {
        if (out.size() != begin) out.push_back('|');
    };
    for (const auto& bit : names) {
        if (!has(set, bit.value)) continue;
        bar();
        out.append(bit.name);
        set &= ~bit.value;
    }
    if (to_bits(set) != 0) {
        bar();
        out.append("0x");
        append_hex(out, to_bits(set), 8);
    }
    if (out.size() == begin) out.append("none");
}

inline void append(std::string& out, action set) { append_bits(out, set, action_names); }
inline void append(std::string& out, option set) { append_bits(out, set, option_names); }

inline void append(std::string& out, const definition& d) {
    append_escaped(out, d.name);
    out.push_back('=');
    append(out, d.value);
}
inline void append(std::string& out, const symbol& s) {
    append(out, s.at);
    out.push_back('=');
    append(out, s.names);
}

template <class Item>
void append(std::string& out, const packed_list<Item>& list) {
    out.push_back('[');
    std::size_t count = 0;
    for (const auto& item : list) {
        if (++count > described_items) continue;
        if (count != 1) out.push_back(' ');
        append(out, item);
    }
    out.push_back(']');
    if (count > described_items) out.append("... (").append(std::to_string(count)).append(" items)");
}

}  // namespace detail

/// The command that a question is about, by its name. Empty for none.
template <std::same_as<question> Q>
constexpr std::string_view to_string(Q asked) noexcept {
    std::string_view name;
    detail::for_each_row(rules::commands, [&]<class Row>(const Row& row) {
        if (row.asks != question::none && row.asks == asked)
            name = wire::row_of<typename Row::message>().name;
    });
    return name;
}

/// The bits of a set by their names: `add_headers|quarantine`.
inline std::string describe(action set) {
    std::string out;
    detail::append(out, set);
    return out;
}
inline std::string describe(option set) {
    std::string out;
    detail::append(out, set);
    return out;
}

/// A message by its name and its fields: `header name="Subject" value="Caf\xc3\xa9"`.
template <message M>
std::string describe(const M& message) {
    const auto& row = wire::row_of<M>();
    std::string out{row.name};
    row.for_each_field([&](const auto& field) {
        field.visit(message, [&](std::string_view name, const auto& value) {
            if constexpr (requires { message.space; }) {
                if (static_cast<const void*>(&value) == &message.space && message.space.empty()) return;
            }
            out.append(" ").append(name).append("=");
            detail::append(out, value);
        });
    });
    return out;
}

/// An error with all that is known of its cause:
/// `the peer is not a milter: length 1431194446, as text "UNKN", after fresh`.
template <std::same_as<protocol_error> Error>
std::string describe(const Error& error) {
    std::string out{to_string(error.reason)};
    if (error.code != 0) {
        out.append(": code ");
        detail::append(out, std::string_view{&error.code, 1});
    }
    out.append(error.code == 0 ? ": " : ", ").append("length ").append(std::to_string(error.length));
    if (error.reason == errc::not_a_milter) {
        std::array<char, length_size> bytes{};
        detail::writer<char>{bytes.data()}.u32(error.length);
        out.append(", as text ");
        detail::append(out, std::string_view{bytes.data(), bytes.size()});
    }
    out.append(", after ").append(to_string(error.at));
    if (error.asked != question::none)
        out.append(", while the answer to ").append(to_string(error.asked)).append(" was due");
    return out;
}

/// Whatever an event holds.
template <class... M>
std::string describe(const std::variant<M...>& event) {
    return std::visit([](const auto& message) { return describe(message); }, event);
}

}  // namespace kilter
