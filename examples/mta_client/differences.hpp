// SPDX-License-Identifier: MIT
// What a filter has changed in an envelope, as lines.
#pragma once

#include <algorithm>
#include <string>
#include <vector>

#include "mta/envelope.hpp"

inline std::vector<std::string> differences(const mta::envelope& before, const mta::envelope& after) {
    std::vector<std::string> lines;
    const auto from = mta::with_args(before.sender, before.args);
    const auto to = mta::with_args(after.sender, after.args);
    if (from != to) lines.push_back("sender " + to + ", was " + from);

    const auto add_missing = [&](const std::string& what, const mta::envelope& these,
                                 const mta::envelope& in) {
        for (const auto& r : these.recipients)
            if (std::ranges::count(in.recipients, r) < std::ranges::count(these.recipients, r))
                lines.push_back(what + mta::with_args(r.address, r.args));
    };
    add_missing("without recipient ", before, after);
    add_missing("recipient ", after, before);
    return lines;
}
