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

}  // namespace kilter::detail
