// SPDX-License-Identifier: MIT
// What an attack costs whoever is attacked: memory, allocations, time. And the table of all of them.
#pragma once

#include <time.h>

#include <cstddef>
#include <cstdint>
#include <iostream>
#include <string>
#include <string_view>
#include <vector>

#include "support/heap.hpp"

namespace attacks {

/// What came of one.
struct outcome {
    std::string title{};
    std::uint64_t bytes = 0;  ///< that the enemy had to send
    std::uint64_t items = 0;  ///< frames, or whatever `item` says
    std::string item = "a frame";
    std::size_t sessions = 1;
    std::size_t held = 0;  ///< on the heap at most, for all sessions
    std::size_t allocations = 0;
    double seconds = 0;
    std::string end{};  ///< what ended it
};

/// Measures from its making on.
class meter {
public:
    meter() { test::heap.most = before_.bytes; }

    void stop(outcome& into) const {
        into.seconds = cpu() - begin_;
        into.held = test::heap.most - before_.bytes;
        into.allocations = test::heap.allocations - before_.allocations;
    }

private:
    /// Seconds of CPU: those of other programs don't count.
    static double cpu() {
        timespec now{};
        ::clock_gettime(CLOCK_PROCESS_CPUTIME_ID, &now);
        return static_cast<double>(now.tv_sec) + static_cast<double>(now.tv_nsec) * 1e-9;
    }

    test::heap_use before_ = test::heap;
    double begin_ = cpu();
};

/// A whole number with commas.
inline std::string count(std::uint64_t value) {
    auto text = std::to_string(value);
    for (auto at = text.size(); at > 3; at -= 3) text.insert(at - 3, 1, ',');
    return text;
}

/// A number with three digits that count.
inline std::string number(double value) {
    if (value >= 99.95) return count(static_cast<std::uint64_t>(value + 0.5));
    return std::to_string(value).substr(0, 4);
}

inline std::string size(double bytes) {
    if (bytes < 10'000) return count(static_cast<std::uint64_t>(bytes)) + " B";
    if (bytes < 10'000'000) return number(bytes / 1'000) + " kB";
    return number(bytes / 1'000'000) + " MB";
}

/// The outcomes, and what should have been otherwise.
class report {
public:
    void add(outcome o) { all_.push_back(std::move(o)); }

    /// Of the attack added last.
    void require(bool holds, std::string_view what) {
        if (holds) return;
        std::cerr << "not so: " << what << ": " << all_.back().title << " (held " << all_.back().held
                  << ", allocations " << all_.back().allocations << ", ends by: " << all_.back().end << ")\n";
        failed_ = true;
    }

    bool failed() const noexcept { return failed_; }

    void print_table(std::ostream& out) const {
        out << "| attack | sent | memory of a session at its peak | allocations | CPU | what ends it |\n"
               "| --- | ---: | ---: | ---: | ---: | --- |\n";
        for (const auto& o : all_) {
            const auto sessions = static_cast<double>(o.sessions);
            out << "| " << o.title << " | " << size(static_cast<double>(o.bytes)) << " | "
                << size(static_cast<double>(o.held) / sessions) << " | " << count(o.allocations) << " | "
                << time(o) << " | " << o.end << " |\n";
        }
    }

private:
    /// One item alone takes no time that a clock could measure.
    static std::string time(const outcome& o) {
        if (o.items == 1) return "–";
        const auto each = o.seconds / static_cast<double>(o.items) * 1e9;
        if (each < 1e5) return number(each) + " ns " + o.item;
        return number(each / 1e6) + " ms " + o.item;
    }

    std::vector<outcome> all_{};
    bool failed_ = false;
};

}  // namespace attacks
