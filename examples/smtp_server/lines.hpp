// SPDX-License-Identifier: MIT
// Lines from a connection.
#pragma once

#include <algorithm>
#include <chrono>
#include <cstddef>
#include <string>
#include <string_view>

#include "mta/connection.hpp"

/// Reads a connection line by line.
class lines {
public:
    lines(mta::connection& from, std::chrono::milliseconds timeout) : from_{from}, timeout_{timeout} {}

    /// The next line with its end; of one that is longer than `limit`, the next bytes. They don't end between
    /// CR and LF.
    std::string next(std::size_t limit) {
        const auto until = mta::clock::now() + timeout_;
        auto end = held_.find('\n', begin_);
        while (end == held_.npos && held_.size() - begin_ < limit) {
            const auto bytes = from_.read(until);
            if (bytes.empty()) throw mta::failure{"the other side has closed"};
            held_.erase(0, begin_);
            begin_ = 0;
            const auto known = held_.size();
            held_.append(bytes);
            end = held_.find('\n', known);
        }
        auto size = end == held_.npos ? limit : std::min(limit, end + 1 - begin_);
        if (held_[begin_ + size - 1] == '\r') --size;
        const auto line = held_.substr(begin_, size);
        begin_ += size;
        return line;
    }

    /// Is the next line here already?
    bool here() const noexcept { return held_.find('\n', begin_) != held_.npos; }

private:
    mta::connection& from_;
    std::chrono::milliseconds timeout_;
    std::string held_{};
    std::size_t begin_ = 0;  ///< of what hasn't been asked for
};

inline std::string_view without_end(std::string_view line) {
    if (line.ends_with('\n')) line.remove_suffix(1);
    if (line.ends_with('\r')) line.remove_suffix(1);
    return line;
}
