// SPDX-License-Identifier: MIT
// What the other side may make a session hold or sit through.
#pragma once

#include <cstdint>

#include "options.hpp"
#include "side.hpp"

namespace kilter {

/// What the other side may make a session hold or sit through: `filter_session s{{.idle_messages = 100}}`.
///
/// Over one of them there is a protocol_error, and the session is closed. How long the other side may take is
/// for you to limit: here is no clock.
template <side Side>
struct limits {
    /// The most payload bytes of a frame: errc::frame_too_long. If a larger data size is agreed, that counts.
    ///
    /// A filter hears what MTAs may send by default. An MTA hears filters that don't cut what they send:
    /// Postfix takes any size.
    std::uint32_t payload = Side == side::filter ? data_size_64k : data_size_1m;

    /// The most payload bytes of a `macro`: errc::frame_too_long. A macro_table holds eight sets at most, so
    /// a connection's macros take no more than eight times this. MTAs send a few hundred bytes at a time;
    /// each macro is as long as a line of SMTP at most.
    std::uint32_t macros = 32'768;

    /// The most messages in a row that bring no mail on: errc::no_progress. For a filter they are the
    /// commands that are no part of a mail: macro, abort, unknown, helo and the like. For an MTA: progress.
    std::uint32_t idle_messages = 10'000;

    bool operator==(const limits&) const = default;
};

}  // namespace kilter
