// SPDX-License-Identifier: MIT
// A filter on libmilter that follows a policy, in a thread of this process.
#pragma once

#include <string>
#include <string_view>

#include "policy.hpp"
#include "trace.hpp"

namespace differential {

class libmilter_side {
public:
    /// Listens on this socket, until the process ends: libmilter takes seconds to stop. There can be only one
    /// in a process, for it keeps what it learns from one connection (which steps may be left out) for all
    /// later ones.
    explicit libmilter_side(const std::string& path);

    /// Plays a stream to it, in one connection.
    trace run(const policy& p, std::string_view stream, blinkers hidden);

private:
    std::string path_;
};

}  // namespace differential
