// SPDX-License-Identifier: MIT
// match() wants a function for every kind of event, the protocol_error too.
#include <kilter/match.hpp>
#include <kilter/session.hpp>

#include <string>

void act(const kilter::filter_session::event& event, std::string& log) {
    using namespace kilter;
    match(
        event, [&](const command::negotiate&) { log = "negotiate"; },
        [&](const command::macro&) { log = "macro"; }, [&](const command::connect&) { log = "connect"; },
        [&](const command::helo&) { log = "helo"; }, [&](const command::mail&) { log = "mail"; },
        [&](const command::rcpt&) { log = "rcpt"; }, [&](const command::data&) { log = "data"; },
        [&](const command::unknown&) { log = "unknown"; }, [&](const command::header&) { log = "header"; },
        [&](const command::end_of_headers&) { log = "end_of_headers"; },
        [&](const command::body&) { log = "body"; },
        [&](const command::end_of_message&) { log = "end_of_message"; },
        [&](const command::abort&) { log = "abort"; }, [&](const command::quit&) { log = "quit"; },
#ifndef MISUSE
        [&](const protocol_error&) { log = "protocol_error"; },
#endif
        [&](const command::quit_nc&) { log = "quit_nc"; });
}
