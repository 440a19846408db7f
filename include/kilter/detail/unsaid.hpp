// SPDX-License-Identifier: MIT
// What a session is given to say, and leaves out: it would do nothing, or the other side doesn't want it.
#pragma once

#include <type_traits>

#include "../conversation.hpp"
#include "../wire.hpp"
#include "table.hpp"

namespace kilter::detail {

inline bool hears_rejected(const conversation& at) noexcept {
    return has(at.options(), option::rejected_rcpt);
}

/// Does the filter want this command? Macros go with the command that they are for.
template <command_message M>
bool is_wanted(const conversation& at, const M& message) noexcept {
    bool answer = at.wanted<M>();
    if constexpr (std::is_same_v<M, command::rcpt>) answer &= !message.rejected || hears_rejected(at);
    if constexpr (std::is_same_v<M, command::macro>) {
        for_each_row(wire::commands, [&]<class Row>(const Row& row) {
            if (row.code == message.command) answer &= at.wanted<typename Row::message>();
        });
    }
    return answer;
}

/// Would this message do no more than be written?
template <bool IsFilter, message M>
bool nothing_to_say(const conversation& at, const M& message) noexcept {
    if constexpr (std::is_same_v<M, reply::proceed>) return !at.reply_due();
    // It would interrupt the new body, each piece of which makes the MTA wait on as well.
    if constexpr (std::is_same_v<M, reply::progress>) return at.replacing();
    if constexpr (std::is_same_v<M, command::body>) {
        if (message.chunk.empty()) return true;  // libmilter hangs up on an empty piece
    }
    if constexpr (std::is_same_v<M, command::rcpt>) {
        if (message.rejected && !hears_rejected(at)) return true;
    }
    if constexpr (!IsFilter) return at.finished<M>();
    return false;
}

}  // namespace kilter::detail
