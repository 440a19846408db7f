// SPDX-License-Identifier: MIT
// What the scripted filters print: a line for each message, as the example `inspect` does.
#pragma once

#include <atomic>
#include <cstdio>
#include <kilter/describe.hpp>
#include <string>
#include <string_view>

/// Prints what is said on one connection. A number tells connections apart.
class transcript {
public:
    void heard(const std::string& what) const { print("MTA    > ", what); }
    void said(const std::string& what) const { print("filter > ", what); }
    void closed(const std::string& why = {}) const { print("closed", why); }

    /// What the script wanted to say and the library didn't take.
    template <kilter::message M>
    void refused(const M&, std::string_view why) const {
        print("refused > ", std::string{kilter::wire::row_of<M>().name}.append(": ").append(why));
    }

private:
    void print(const char* who, const std::string& what) const {
        std::printf("#%d %s%s\n", number_, who, what.c_str());
        std::fflush(stdout);
    }

    static int next() {
        static std::atomic<int> connections = 0;
        return ++connections;
    }

    int number_ = next();
};
