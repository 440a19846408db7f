// SPDX-License-Identifier: MIT
// What the administrator is told.
#pragma once

#include <cstdio>
#include <string>

#include "timer.hpp"

/// Lines on standard error: at most ten a second, lest somebody fill the disk by making us complain.
class log {
public:
    void line(moment now, const std::string& what) {
        if (now != second_) {
            if (count_ > most) std::fprintf(stderr, "epoll_server: … and %d lines more\n", count_ - most);
            second_ = now;
            count_ = 0;
        }
        if (++count_ <= most) std::fprintf(stderr, "epoll_server: %s\n", what.c_str());
    }

private:
    static constexpr int most = 10;

    moment second_{};
    int count_ = 0;
};
