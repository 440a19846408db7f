// SPDX-License-Identifier: MIT
// Events are views of the bytes, so a vector that is gone before the loop begins isn't taken.
#include <kilter/session.hpp>

#include <cstddef>
#include <vector>

std::vector<std::byte> bytes();

void hear(kilter::mta_session& session) {
#ifdef MISUSE
    for (const auto& event : session.receive(bytes())) static_cast<void>(event);
#else
    const auto kept = bytes();
    for (const auto& event : session.receive(kept)) static_cast<void>(event);
#endif
}
