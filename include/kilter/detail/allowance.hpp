// SPDX-License-Identifier: MIT
// What is left of a session's limits.
#pragma once

#include <cstddef>
#include <cstdint>
#include <type_traits>

#include "../error.hpp"
#include "../limits.hpp"
#include "../rules.hpp"
#include "inline.hpp"

namespace kilter::detail {

/// What the limits allow the messages of the other side; those for frames are the frame decoder's.
template <side Side>
class allowance {
public:
    constexpr explicit allowance(const limits<Side>& all) noexcept
        : macros_{all.macros}, idle_messages_{all.idle_messages} {}

    /// A message has come with so many bytes of payload.
    template <class M>
    KILTER_INLINE constexpr errc take(std::size_t payload) noexcept {
        if constexpr (std::is_same_v<M, command::macro>) {
            if (payload > macros_) return errc::frame_too_long;
        }
        if constexpr (rules::brings_on<M>)
            idle_ = 0;
        else if (++idle_ > idle_messages_)
            return errc::no_progress;
        return errc::ok;
    }

private:
    std::uint32_t macros_;
    std::uint32_t idle_messages_;
    std::uint32_t idle_ = 0;  ///< how many have come since the last one that brought a mail on
};

}  // namespace kilter::detail
