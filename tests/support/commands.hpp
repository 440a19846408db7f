// SPDX-License-Identifier: MIT
// The commands of a mail, for tests that look at their order and not at what is in them.
#pragma once

#include <kilter/messages.hpp>

namespace test {

namespace command = kilter::command;

inline constexpr command::connect connect{};
inline constexpr command::helo helo{};
inline constexpr command::mail mail{};
inline constexpr command::rcpt rcpt{};
inline constexpr command::data data{};
inline constexpr command::header header{"a", "b"};
inline constexpr command::end_of_headers end_of_headers{};
inline constexpr command::body body{"x"};
inline constexpr command::end_of_message end_of_message{};
inline constexpr command::unknown unknown{};

}  // namespace test
