// SPDX-License-Identifier: MIT
// A clock that rings at a descriptor.
#pragma once

#include <sys/timerfd.h>

#include <chrono>

#include "descriptor.hpp"
#include "settings.hpp"

/// Whole seconds on a clock that nobody sets: Linux's CLOCK_MONOTONIC.
using moment = std::chrono::time_point<std::chrono::steady_clock, seconds>;

/// Rings once, at the earliest of the moments that it has been given.
///
/// Whoever hears it looks for what is due, and gives it the next moment. What is waited for mostly moves on
/// in the meantime, so that it is set once in a while, not for each event. (A timeout for each epoll_wait()
/// would take a tenth of the time of a mail.)
class timer {
public:
    int get() const { return clock_.get(); }

    void ring_at(moment when) {
        if (when < next_) set(next_ = when);
    }

    /// Until then, its descriptor stays readable.
    void heard() {
        set({});
        next_ = moment::max();
    }

private:
    void set(moment when) {
        itimerspec at{};
        at.it_value.tv_sec = when.time_since_epoch().count();
        check(timerfd_settime(clock_.get(), TFD_TIMER_ABSTIME, &at, nullptr), "timerfd_settime");
    }

    descriptor clock_{check(timerfd_create(CLOCK_MONOTONIC, TFD_NONBLOCK | TFD_CLOEXEC), "timerfd_create")};
    moment next_ = moment::max();
};
