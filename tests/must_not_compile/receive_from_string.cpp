// SPDX-License-Identifier: MIT
// Events are views of the bytes, so a string that is gone before the loop begins isn't taken.
#include <kilter/session.hpp>

#include <string>

std::string bytes();

void hear(kilter::filter_session& session) {
#ifdef MISUSE
    for (const auto& event : session.receive(bytes())) static_cast<void>(event);
#else
    const auto kept = bytes();
    for (const auto& event : session.receive(kept)) static_cast<void>(event);
#endif
}
