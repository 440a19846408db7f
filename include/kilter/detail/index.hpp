// SPDX-License-Identifier: MIT
// From a number at run time to one at compile time.
#pragma once

#include <cstddef>
#include <type_traits>

#include "inline.hpp"

namespace kilter::detail {

template <std::size_t I>
inline constexpr std::integral_constant<std::size_t, I> constant{};

/// Calls f(constant<index>) for an index below Count.
template <std::size_t Count, class F>
KILTER_INLINE constexpr decltype(auto) with_constant(std::size_t index, F&& f) {
    static_assert(Count <= 24);
    switch (index) {
        case 0: return f(constant<0>);
        case 1:
            if constexpr (Count > 1) return f(constant<1>);
            break;
        case 2:
            if constexpr (Count > 2) return f(constant<2>);
            break;
        case 3:
            if constexpr (Count > 3) return f(constant<3>);
            break;
        case 4:
            if constexpr (Count > 4) return f(constant<4>);
            break;
        case 5:
            if constexpr (Count > 5) return f(constant<5>);
            break;
        case 6:
            if constexpr (Count > 6) return f(constant<6>);
            break;
        case 7:
            if constexpr (Count > 7) return f(constant<7>);
            break;
        case 8:
            if constexpr (Count > 8) return f(constant<8>);
            break;
        case 9:
            if constexpr (Count > 9) return f(constant<9>);
            break;
        case 10:
            if constexpr (Count > 10) return f(constant<10>);
            break;
        case 11:
            if constexpr (Count > 11) return f(constant<11>);
            break;
        case 12:
            if constexpr (Count > 12) return f(constant<12>);
            break;
        case 13:
            if constexpr (Count > 13) return f(constant<13>);
            break;
        case 14:
            if constexpr (Count > 14) return f(constant<14>);
            break;
        case 15:
            if constexpr (Count > 15) return f(constant<15>);
            break;
        case 16:
            if constexpr (Count > 16) return f(constant<16>);
            break;
        case 17:
            if constexpr (Count > 17) return f(constant<17>);
            break;
        case 18:
            if constexpr (Count > 18) return f(constant<18>);
            break;
        case 19:
            if constexpr (Count > 19) return f(constant<19>);
            break;
        case 20:
            if constexpr (Count > 20) return f(constant<20>);
            break;
        case 21:
            if constexpr (Count > 21) return f(constant<21>);
            break;
        case 22:
            if constexpr (Count > 22) return f(constant<22>);
            break;
        case 23:
            if constexpr (Count > 23) return f(constant<23>);
            break;
        default: break;
    }
    return f(constant<0>);
}

}  // namespace kilter::detail
