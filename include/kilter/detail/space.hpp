// SPDX-License-Identifier: MIT
// The one space between the colon and the value of a header field.
#pragma once

#include <type_traits>

#include "../messages.hpp"

namespace kilter::detail {

/// Messages with the value of a header field.
template <class M>
concept header_like = requires(M& m) {
    m.space;
};

/// Takes the space off the front of the value.
template <header_like M>
constexpr void split_space(M& message) noexcept {
    if (!message.value.starts_with(' ')) return;
    message.space = message.value.substr(0, 1);
    message.value.remove_prefix(1);
}

/// Is this a header field to be written? `change_header` to nothing deletes one.
template <header_like M>
constexpr bool makes_header(const M& message) noexcept {
    return !std::is_same_v<M, reply::change_header> || !message.value.empty();
}

// Between filter and MTA, a value has its leading space only if that was agreed: then the MTA leaves it in,
// and adds none; else it adds one, to an empty value, too (`Name: `). In messages it is always apart from the
// value.

template <bool IsFilter, header_like M>
constexpr void hear_space(M& message, bool agreed) noexcept {
    if (agreed) {
        split_space(message);
    } else if (!IsFilter && makes_header(message)) {
        message.space = " ";  // to be added by the MTA
    }
}

template <bool IsFilter, header_like M>
constexpr void say_space(M& message, bool agreed) noexcept {
    if constexpr (IsFilter) {
        message.space = agreed && makes_header(message) ? " " : "";
    } else if (!agreed) {
        if (message.space.empty() && message.value.starts_with(' ')) message.value.remove_prefix(1);
        message.space = {};
    }
}

}  // namespace kilter::detail
