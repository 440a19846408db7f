// SPDX-License-Identifier: MIT
// The last event of a conversation in which the other side broke the protocol.
#pragma once

#include <cstdint>

#include "error.hpp"
#include "rules.hpp"

namespace kilter {

/// The other side has broken the protocol. The session is closed: no event follows, and nothing is sent.
struct protocol_error {
    errc reason{};
    char code{};             ///< of the frame, or 0 if its length was wrong already
    std::uint32_t length{};  ///< as it stood in front of the frame; printable bytes if not_a_milter
    phase at{};              ///< where the conversation stood
    question asked{};        ///< the command whose reply was due, if one was

    bool operator==(const protocol_error&) const = default;
};

}  // namespace kilter
