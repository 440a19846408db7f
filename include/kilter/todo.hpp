// SPDX-License-Identifier: MIT
// What an MTA does when a filter has given its verdict.
#pragma once

#include <array>
#include <cstddef>
#include <cstdint>
#include <string_view>

#include "rules.hpp"

namespace kilter {

/// What an MTA does now: what the filter's last verdict means, or that there is none yet.
enum class todo : std::uint8_t {
    go_on,              ///< say the next command
    wait,               ///< write what there is to write, and read: a reply is due
    refuse_command,     ///< tell the client: its unknown command is refused
    refuse_recipient,   ///< tell the client: this recipient is refused; the others are not
    refuse_message,     ///< tell the client: the message is refused; after DATA it may go on with `rcpt`
    refuse_connection,  ///< tell the client, now and whatever it says; nothing more goes to the filter
    leave_message,      ///< accepted: nothing more of it goes to this filter; other filters may be asked
    leave_connection,   ///< accepted: say quit to this filter, and go on without it
    deliver,            ///< carry out the modifications, and accept the message
    discard,            ///< tell the client that the message is accepted, and throw it away
    hang_up,            ///< give the client the reply of class 421, and close its connection
    close,              ///< close the connection to the filter: quit has been said
    give_up,            ///< close it: the filter broke the protocol, or went away; do what you do without it
};

inline constexpr std::size_t todo_count = 13;

/// The name of what is to be done.
constexpr std::string_view to_string(todo t) noexcept {
    constexpr std::array<std::string_view, todo_count> names{"go_on",          "wait",
                                                             "refuse_command", "refuse_recipient",
                                                             "refuse_message", "refuse_connection",
                                                             "leave_message",  "leave_connection",
                                                             "deliver",        "discard",
                                                             "hang_up",        "close",
                                                             "give_up"};
    const auto number = static_cast<std::size_t>(t);
    return number < names.size() ? names[number] : "unknown todo";
}

namespace rules {

/// What an MTA does when it has got this verdict on this command.
constexpr todo to_do(verdict said, const command_rule& asked) noexcept {
    const bool delivers = asked.asks == question::end_of_message;
    const auto ended = ends(said, asked);
    switch (said) {
        case verdict::none: return todo::wait;
        case verdict::go_on:
        case verdict::skip: return delivers ? todo::deliver : todo::go_on;
        case verdict::accept:
            if (delivers) return todo::deliver;
            return ended == scope::connection ? todo::leave_connection
                   : ended == scope::message  ? todo::leave_message
                                              : todo::go_on;
        case verdict::discard: return ended == scope::message ? todo::discard : todo::go_on;
        case verdict::refuse:
            switch (ended) {
                case scope::nothing:
                    return asked.asks == question::unknown ? todo::refuse_command : todo::go_on;
                case scope::recipient: return todo::refuse_recipient;
                case scope::message: return todo::refuse_message;
                case scope::connection: return todo::refuse_connection;
            }
            break;
        case verdict::hang_up: return todo::hang_up;
    }
    return todo::give_up;
}

}  // namespace rules
}  // namespace kilter
