// SPDX-License-Identifier: MIT
// What the administrator is told.
#pragma once

#include <netdb.h>
#include <sys/socket.h>

#include <cstdio>

#include "timer.hpp"

/// Lines on standard error: at most ten a second, lest somebody fill the disk by making us complain.
///
/// It takes no memory: there may be none left to complain with.
class error_log {
public:
    void line(moment now, const char* what) {
        if (may_say_more(now)) std::fprintf(stderr, "epoll_server: %s\n", what);
    }

    /// About a connection: its descriptor, and where the MTA is if it has an address.
    void line(moment now, int socket, const char* what) {
        if (!may_say_more(now)) return;
        sockaddr_storage address{};
        auto* const generic = reinterpret_cast<sockaddr*>(&address);
        socklen_t size = sizeof address;
        char host[64] = "";
        char port[NI_MAXSERV] = "";
        constexpr int numbers = NI_NUMERICHOST | NI_NUMERICSERV;
        if (getpeername(socket, generic, &size) != 0 || address.ss_family == AF_UNIX ||
            getnameinfo(generic, size, host, sizeof host, port, sizeof port, numbers) != 0)
            std::fprintf(stderr, "epoll_server: connection %d: %s\n", socket, what);
        else
            std::fprintf(stderr, "epoll_server: connection %d, %s port %s: %s\n", socket, host, port, what);
    }

private:
    static constexpr int most = 10;

    bool may_say_more(moment now) {
        if (now != second_) {
            if (count_ > most) std::fprintf(stderr, "epoll_server: … and %d lines more\n", count_ - most);
            second_ = now;
            count_ = 0;
        }
        return ++count_ <= most;
    }

    moment second_{};
    int count_ = 0;
};
