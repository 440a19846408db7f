// SPDX-License-Identifier: MIT
// A blocking socket to the filter. Whatever takes too long is a failure.
#pragma once

#include <netdb.h>
#include <netinet/tcp.h>
#include <sys/socket.h>
#include <sys/un.h>
#include <unistd.h>

#include <cerrno>
#include <cstddef>
#include <cstring>
#include <memory>
#include <stdexcept>
#include <string>
#include <string_view>
#include <utility>

#include "filter_process.hpp"
#include "mta/address.hpp"

namespace bench {

/// Where the filter listens, as connect() takes it.
struct place {
    sockaddr_storage address{};
    socklen_t size = 0;
};

inline place find(const std::string& text) {
    const auto where = mta::filter_address(text);
    place found;
    if (where.path.empty()) {
        addrinfo hints{};
        hints.ai_socktype = SOCK_STREAM;
        addrinfo* list = nullptr;
        if (getaddrinfo(where.host.c_str(), where.port.c_str(), &hints, &list) != 0)
            throw std::runtime_error{"no such host: " + where.host};
        const std::unique_ptr<addrinfo, decltype(&freeaddrinfo)> owner{list, freeaddrinfo};
        std::memcpy(&found.address, list->ai_addr, list->ai_addrlen);
        found.size = list->ai_addrlen;
    } else {
        auto& address = reinterpret_cast<sockaddr_un&>(found.address);
        if (where.path.size() >= sizeof address.sun_path)
            throw std::runtime_error{"path too long: " + where.path};
        address.sun_family = AF_UNIX;
        std::memcpy(address.sun_path, where.path.c_str(), where.path.size());
        found.size = sizeof address;
    }
    return found;
}

class socket {
public:
    explicit socket(const place& to) {
        const auto family = to.address.ss_family;
        number_ = ::socket(family, SOCK_STREAM | SOCK_CLOEXEC, 0);
        if (number_ < 0) fail("socket");
        if (connect(number_, reinterpret_cast<const sockaddr*>(&to.address), to.size) != 0) {
            const int wrong = errno;
            close(std::exchange(number_, -1));
            errno = wrong;
            fail("connect");
        }
        const timeval patience{60, 0};
        const int on = 1;
        setsockopt(number_, SOL_SOCKET, SO_RCVTIMEO, &patience, sizeof patience);
        setsockopt(number_, SOL_SOCKET, SO_SNDTIMEO, &patience, sizeof patience);
        if (family != AF_UNIX) setsockopt(number_, IPPROTO_TCP, TCP_NODELAY, &on, sizeof on);
    }
    socket(socket&& other) noexcept : number_{std::exchange(other.number_, -1)} {}
    socket& operator=(socket&& other) noexcept {
        std::swap(number_, other.number_);
        return *this;
    }
    ~socket() {
        if (number_ >= 0) close(number_);
    }

    int number() const noexcept { return number_; }

    void write(std::string_view bytes) {
        while (!bytes.empty()) {
            const auto count = send(number_, bytes.data(), bytes.size(), MSG_NOSIGNAL);
            if (count < 0 && errno == EINTR) continue;
            if (count < 0) fail("send");
            bytes.remove_prefix(static_cast<std::size_t>(count));
        }
    }

    std::string_view read(char* into, std::size_t size) {
        for (;;) {
            const auto count = recv(number_, into, size, 0);
            if (count > 0) return {into, static_cast<std::size_t>(count)};
            if (count == 0) throw std::runtime_error{"the filter has closed the connection"};
            if (errno != EINTR) fail("recv");
        }
    }

private:
    int number_ = -1;
};

}  // namespace bench
