// SPDX-License-Identifier: MIT
// A file descriptor that somebody owns.
#pragma once

#include <unistd.h>

#include <cerrno>
#include <string>
#include <system_error>
#include <utility>

class descriptor {
public:
    /// -1 is none.
    explicit descriptor(int number = -1) noexcept : number_{number} {}
    descriptor(descriptor&& other) noexcept : number_{std::exchange(other.number_, -1)} {}
    descriptor& operator=(descriptor&& other) noexcept {
        std::swap(number_, other.number_);
        return *this;
    }
    ~descriptor() {
        if (number_ >= 0) ::close(number_);
    }

    int get() const noexcept { return number_; }
    explicit operator bool() const noexcept { return number_ >= 0; }

private:
    int number_;
};

[[noreturn]] inline void fail(const std::string& what) {
    throw std::system_error{errno, std::generic_category(), what};
}

/// What a system call has returned, if that wasn't an error.
inline int check(int returned, const std::string& what) {
    if (returned < 0) fail(what);
    return returned;
}
