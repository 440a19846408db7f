// SPDX-License-Identifier: MIT
// The events in some bytes are gone through once: a copy would take them from the same session.
#include <kilter/session.hpp>

#include <string_view>

void hear(kilter::filter_session& session, std::string_view bytes) {
    auto events = session.receive(bytes);
#ifdef MISUSE
    auto copy = events;
#else
    auto& copy = events;
#endif
    for (const auto& event : copy) static_cast<void>(event);
}
