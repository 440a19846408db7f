// SPDX-License-Identifier: MIT
// Bytes written down as hex digits with spaces between: "00 00 00 01 63"_hex.
#pragma once

#include <array>
#include <cstddef>
#include <string_view>

namespace test {

namespace detail {

template <std::size_t Size>
struct hex_literal {
    char text[Size]{};

    constexpr hex_literal(const char (&digits)[Size]) {
        for (std::size_t i = 0; i != Size; ++i) text[i] = digits[i];
    }
};

constexpr int hex_digit(char c) {
    if (c >= '0' && c <= '9') return c - '0';
    if (c >= 'a' && c <= 'f') return c - 'a' + 10;
    throw "not a hex digit";
}

template <hex_literal Literal>
constexpr std::size_t hex_size() {
    std::size_t digits = 0;
    for (std::size_t i = 0; i + 1 != sizeof(Literal.text); ++i)
        if (Literal.text[i] != ' ') ++digits;
    return digits / 2;
}

template <hex_literal Literal>
constexpr auto hex_array() {
    std::array<char, hex_size<Literal>()> bytes{};
    std::size_t at = 0;
    for (auto& byte : bytes) {
        while (Literal.text[at] == ' ') ++at;
        byte = static_cast<char>(hex_digit(Literal.text[at]) * 16 + hex_digit(Literal.text[at + 1]));
        at += 2;
    }
    return bytes;
}

template <hex_literal Literal>
inline constexpr auto hex_bytes = hex_array<Literal>();

}  // namespace detail

inline namespace literals {

template <detail::hex_literal Literal>
constexpr std::string_view operator""_hex() {
    return {detail::hex_bytes<Literal>.data(), detail::hex_bytes<Literal>.size()};
}

}  // namespace literals

}  // namespace test
