// SPDX-License-Identifier: MIT
// Numbers as big-endian bytes, and copies of bytes; all of it constexpr, aligned or not.
#pragma once

#include <bit>
#include <cstddef>
#include <cstdint>
#include <cstring>
#include <type_traits>

namespace kilter::detail {

template <class T>
concept byte_like = sizeof(T) == 1 && (std::is_integral_v<T> || std::is_enum_v<T>);

constexpr std::uint32_t load_byte(const char* at) noexcept { return static_cast<unsigned char>(*at); }

constexpr std::uint16_t load_u16(const char* at) noexcept {
    return static_cast<std::uint16_t>(load_byte(at) << 8 | load_byte(at + 1));
}

constexpr std::uint32_t load_u32(const char* at) noexcept {
    return load_byte(at) << 24 | load_byte(at + 1) << 16 | load_byte(at + 2) << 8 | load_byte(at + 3);
}

/// Is the number of zero bytes odd? It looks at eight at a time, since a search for each takes far longer
/// where they are close to each other.
constexpr bool odd_zeros(const char* at, std::size_t count) noexcept {
    bool odd = false;
    if (!std::is_constant_evaluated()) {
        constexpr auto low_bits = ~std::uint64_t{0} / 255 * 0x7f;
        // In the highest bit of each byte: have there been an odd number of bytes in this place that aren't
        // zero? A word has an even number of bytes, so it is the same as for those that are.
        std::uint64_t others = 0;
        for (; count >= sizeof others; count -= sizeof others, at += sizeof others) {
            std::uint64_t word = 0;
            std::memcpy(&word, at, sizeof word);
            others ^= ((word & low_bits) + low_bits) | word;
        }
        odd = std::popcount(others & ~low_bits) % 2 != 0;
    }
    for (; count != 0; --count, ++at) odd ^= *at == 0;
    return odd;
}

/// Copies bytes to where they are to be, if they aren't there already. The places may overlap if they move
/// to the front.
constexpr void move_bytes(const char* from, std::size_t count, char* to) noexcept {
    if (std::is_constant_evaluated())
        for (std::size_t i = 0; i != count; ++i) to[i] = from[i];
    else if (count != 0 && from != to)
        std::memmove(to, from, count);
}

/// Writes to ever higher addresses. Whoever makes one has seen to it that there is room.
template <byte_like Byte>
struct writer {
    Byte* at;

    constexpr void u8(std::uint32_t value) noexcept {
        *at++ = static_cast<Byte>(static_cast<unsigned char>(value));
    }
    constexpr void u16(std::uint32_t value) noexcept {
        u8(value >> 8);
        u8(value);
    }
    constexpr void u32(std::uint32_t value) noexcept {
        u16(value >> 16);
        u16(value);
    }
    constexpr void bytes(const char* from, std::size_t count) noexcept {
        if (std::is_constant_evaluated()) {
            for (std::size_t i = 0; i != count; ++i) u8(static_cast<unsigned char>(from[i]));
        } else if (count != 0) {
            std::memcpy(at, from, count);
            at += count;
        }
    }
};

}  // namespace kilter::detail
