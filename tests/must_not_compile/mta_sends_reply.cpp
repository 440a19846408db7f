// SPDX-License-Identifier: MIT
// An MTA sends commands.
#include <kilter/session.hpp>

#include <string>

void ask(kilter::mta_session& session, std::string& out) {
#ifdef MISUSE
    session.send(kilter::reply::accept{}, out);
#else
    session.send(kilter::command::quit{}, out);
#endif
}
