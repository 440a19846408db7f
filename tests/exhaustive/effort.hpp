// SPDX-License-Identifier: MIT
// How much is looked at, and what came of it.
#pragma once

#include <chrono>
#include <cstdio>
#include <initializer_list>
#include <string_view>
#include <utility>

namespace test {

/// Builds without optimisation, or with sanitizers, take a part of what a release build takes in whole: which
/// part, and why it is enough, stands where this is asked.
#ifdef KILTER_THOROUGH
inline constexpr bool thorough = true;
#else
inline constexpr bool thorough = false;
#endif

/// Prints what a test has looked at, and in which time, on a line of its own.
class effort {
public:
    explicit effort(std::string_view what) : what_{what} {}

    void report(std::initializer_list<std::pair<const char*, unsigned long long>> counts) const {
        const std::chrono::duration<double> taken = std::chrono::steady_clock::now() - begun_;
        std::printf("%.*s:", static_cast<int>(what_.size()), what_.data());
        for (const auto& [name, count] : counts) std::printf(" %llu %s,", count, name);
        std::printf(" %.1f s\n", taken.count());
        std::fflush(stdout);  // some take long
    }

private:
    std::string_view what_;
    std::chrono::steady_clock::time_point begun_ = std::chrono::steady_clock::now();
};

}  // namespace test
