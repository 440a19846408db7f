// SPDX-License-Identifier: MIT
// A filter sends replies.
#include <kilter/session.hpp>

#include <string>

void answer(kilter::filter_session& session, std::string& out) {
#ifdef MISUSE
    session.send(kilter::command::quit{}, out);
#else
    session.send(kilter::reply::proceed{}, out);
#endif
}
