// SPDX-License-Identifier: MIT
// Numbers as big-endian bytes, and copies of bytes; all of it constexpr, aligned or not.
#pragma once

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
