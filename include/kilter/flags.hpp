// SPDX-License-Identifier: MIT
// Bit sets for the enums that ask for it.
#pragma once

#include <type_traits>

namespace kilter {

/// Set this for an enum whose values are bits.
template <class E>
inline constexpr bool is_flags = false;

template <class E>
concept flags = std::is_enum_v<E> && is_flags<E>;

template <flags E>
constexpr auto to_bits(E set) noexcept {
    return static_cast<std::underlying_type_t<E>>(set);
}

template <flags E>
constexpr E operator|(E a, E b) noexcept {
    return static_cast<E>(to_bits(a) | to_bits(b));
}
template <flags E>
constexpr E operator&(E a, E b) noexcept {
    return static_cast<E>(to_bits(a) & to_bits(b));
}
template <flags E>
constexpr E operator~(E set) noexcept {
    return static_cast<E>(~to_bits(set));
}
template <flags E>
constexpr E& operator|=(E& a, E b) noexcept {
    return a = a | b;
}
template <flags E>
constexpr E& operator&=(E& a, E b) noexcept {
    return a = a & b;
}

/// Is any bit of `bits` in `set`?
template <flags E>
constexpr bool has(E set, E bits) noexcept {
    return to_bits(set & bits) != 0;
}

/// Is every bit of `bits` in `set`?
template <flags E>
constexpr bool has_all(E set, E bits) noexcept {
    return (set & bits) == bits;
}

}  // namespace kilter
