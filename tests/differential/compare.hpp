// SPDX-License-Identifier: MIT
// Where two traces part.
#pragma once

#include <algorithm>
#include <cstddef>

#include "kilter_side.hpp"
#include "trace.hpp"

namespace differential {

/// How far two traces go together.
struct parting {
    std::size_t events{};
    std::size_t replies{};
    bool all_events = false;  ///< are the same
    bool nowhere = false;     ///< they don't part
};

inline parting compare(const trace& ours, const trace& theirs) {
    parting p;
    while (p.events < ours.events.size() && p.events < theirs.events.size() &&
           ours.events[p.events].line == theirs.events[p.events].line)
        ++p.events;
    while (p.replies < ours.replies.size() && p.replies < theirs.replies.size() &&
           ours.replies[p.replies].reply == theirs.replies[p.replies].reply)
        ++p.replies;
    p.all_events = p.events == ours.events.size() && p.events == theirs.events.size();
    p.nowhere = p.all_events && p.replies == ours.replies.size() && p.replies == theirs.replies.size();
    return p;
}

/// The pieces that may be why: from that of the last thing that is the same to that of the first that isn't.
/// Events count first, since most replies look the same.
struct suspects {
    std::size_t first{};
    std::size_t last{};
};

inline suspects suspects_of(const outcome& ours, const parting& p) {
    suspects s{ours.end, ours.end};
    const auto look_at = [&](const auto& mine, std::size_t same) {
        s.first = std::min(s.first, same == 0 ? 0 : mine[same - 1].at);
        if (same < mine.size()) s.last = std::min(s.last, mine[same].at);
    };
    if (p.all_events)
        look_at(ours.all.replies, p.replies);
    else
        look_at(ours.all.events, p.events);
    s.first = std::min(s.first, s.last);
    return s;
}

}  // namespace differential
