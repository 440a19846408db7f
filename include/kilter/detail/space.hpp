// SPDX-License-Identifier: MIT
// The one space between the colon and the value of a header field.
#pragma once

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

// Between filter and MTA, a value has its leading space only if that was agreed: then the MTA leaves it in,
// and adds none. In messages it is always apart from the value.

template <bool IsFilter, header_like M>
constexpr void hear_space(M& message, bool agreed) noexcept {
    if (agreed) {
        split_space(message);
    } else if (!IsFilter && !message.value.empty()) {
        message.space = " ";  // to be added by the MTA
    }
}

template <bool IsFilter, header_like M>
constexpr void say_space(M& message, bool agreed) noexcept {
    if constexpr (IsFilter) {
        message.space = agreed && !message.value.empty() ? " " : "";
    } else if (!agreed) {
        if (message.space.empty() && message.value.starts_with(' ')) message.value.remove_prefix(1);
        message.space = {};
    }
}

}  // namespace kilter::detail
