// SPDX-License-Identifier: MIT
// What becomes of a mail, and the exit status for it.
#pragma once

#include <string>
#include <string_view>

#include "mta/failure.hpp"

enum class outcome {
    accepted = 0,
    rejected = 1,
    tempfailed = 2,
    discarded = 3,
    quarantined = 4,
    aborted = 5,
};

constexpr std::string_view to_string(outcome o) noexcept {
    switch (o) {
        case outcome::accepted: return "accepted";
        case outcome::rejected: return "rejected";
        case outcome::tempfailed: return "tempfailed";
        case outcome::discarded: return "discarded";
        case outcome::quarantined: return "quarantined";
        case outcome::aborted: return "aborted";
    }
    return "";
}

/// The exit status when there is no outcome, as in sysexits.h.
enum class failed {
    usage = 64,
    bad_mail = 65,     ///< it doesn't fit in the protocol
    no_mail = 66,      ///< there is no such file
    unreachable = 69,  ///< there is no filter
    filter = 70,       ///< it has closed, or is silent
    no_output = 73,
    protocol = 76,  ///< it has broken the protocol
};

/// The program can't go on.
struct stop : mta::failure {
    stop(failed how, const std::string& why) : failure{why}, status{how} {}
    failed status;
};

/// What the filter has said about a mail.
struct verdict {
    outcome what = outcome::accepted;
    std::string at{};     ///< the command that it was the answer to
    std::string reply{};  ///< what the client gets, if anything
};
