// SPDX-License-Identifier: MIT
// A connected socket that is read and written until a point in time.
#pragma once

#include <fcntl.h>
#include <netdb.h>
#include <netinet/in.h>
#include <netinet/tcp.h>
#include <poll.h>
#include <sys/socket.h>
#include <sys/un.h>
#include <unistd.h>

#include <algorithm>
#include <array>
#include <cerrno>
#include <chrono>
#include <cstring>
#include <memory>
#include <string>
#include <string_view>
#include <system_error>
#include <utility>
#include <vector>

#include "address.hpp"

namespace mta {

using clock = std::chrono::steady_clock;
using deadline = clock::time_point;

/// The deadline has passed.
struct timed_out : failure {
    using failure::failure;
};

/// A connected socket, closed with its object. What goes wrong is a `failure`.
class connection {
public:
    explicit connection(int socket) : socket_{socket} {
        fcntl(socket_, F_SETFL, fcntl(socket_, F_GETFL) | O_NONBLOCK);
        const int on = 1;
        setsockopt(socket_, IPPROTO_TCP, TCP_NODELAY, &on, sizeof on);  // a unix socket has no delay
    }
    connection(connection&& other) noexcept
        : socket_{std::exchange(other.socket_, -1)}, buffer_{std::move(other.buffer_)} {}
    connection& operator=(connection&& other) noexcept {
        std::swap(socket_, other.socket_);
        std::swap(buffer_, other.buffer_);
        return *this;
    }
    ~connection() {
        if (socket_ >= 0) ::close(socket_);
    }

    static connection to(const address& where, deadline until) {
        return where.path.empty() ? to_host(where, until) : to_path(where, until);
    }

    void write(std::string_view bytes, deadline until) {
        while (!bytes.empty()) {
            in_time(until);
            const auto count = ::send(socket_, bytes.data(), bytes.size(), MSG_NOSIGNAL);
            if (count > 0)
                bytes.remove_prefix(static_cast<std::size_t>(count));
            else if (errno == EAGAIN)
                wait_for(POLLOUT, until);
            else if (errno != EINTR)
                fail(errno);
        }
    }

    /// The next bytes, good until the next read(); none if the other side has closed.
    std::string_view read(deadline until) {
        for (;;) {
            in_time(until);
            const auto count = ::recv(socket_, buffer_.data(), buffer_.size(), 0);
            if (count >= 0) return {buffer_.data(), static_cast<std::size_t>(count)};
            if (errno == EAGAIN)
                wait_for(POLLIN, until);
            else if (errno == ECONNRESET)
                return {};
            else if (errno != EINTR)
                fail(errno);
        }
    }

    /// Where both ends are, in numbers; nowhere if it is a unix socket.
    address own_end() const { return end(getsockname); }
    address other_end() const { return end(getpeername); }

private:
    address end(int (*which)(int, sockaddr*, socklen_t*)) const {
        sockaddr_storage a{};
        socklen_t size = sizeof a;
        auto* generic = reinterpret_cast<sockaddr*>(&a);
        if (which(socket_, generic, &size) != 0 || a.ss_family == AF_UNIX) return {};
        std::array<char, NI_MAXHOST> host{};
        std::array<char, NI_MAXSERV> port{};
        getnameinfo(generic, size, host.data(), host.size(), port.data(), port.size(),
                    NI_NUMERICHOST | NI_NUMERICSERV);
        return {host.data(), port.data()};
    }

    static connection to_host(const address& where, deadline until) {
        addrinfo hints{};
        hints.ai_socktype = SOCK_STREAM;
        addrinfo* found = nullptr;
        if (const int wrong = getaddrinfo(where.host.c_str(), where.port.c_str(), &hints, &found); wrong != 0)
            throw failure{to_string(where) + ": " + gai_strerror(wrong)};
        const std::unique_ptr<addrinfo, decltype(&freeaddrinfo)> owner{found, freeaddrinfo};
        for (const auto* a = found;; a = a->ai_next) {
            try {
                return connected(a->ai_family, a->ai_addr, a->ai_addrlen, where, until);
            } catch (const failure&) {
                if (a->ai_next == nullptr) throw;
            }
        }
    }

    static connection to_path(const address& where, deadline until) {
        sockaddr_un a{};
        a.sun_family = AF_UNIX;
        if (where.path.size() >= sizeof a.sun_path)
            throw failure{to_string(where) + ": the path is too long"};
        std::memcpy(a.sun_path, where.path.c_str(), where.path.size() + 1);
        return connected(AF_UNIX, reinterpret_cast<const sockaddr*>(&a), sizeof a, where, until);
    }

    static connection connected(int family, const sockaddr* a, socklen_t size, const address& where,
                                deadline until) try {
        connection made{::socket(family, SOCK_STREAM | SOCK_CLOEXEC, 0)};
        if (::connect(made.socket_, a, size) == 0) return made;
        if (errno != EINPROGRESS) fail(errno);
        made.wait_for(POLLOUT, until);
        int wrong = 0;
        socklen_t wrong_size = sizeof wrong;
        getsockopt(made.socket_, SOL_SOCKET, SO_ERROR, &wrong, &wrong_size);
        if (wrong != 0) fail(wrong);
        return made;
    } catch (const failure& wrong) {
        throw failure{to_string(where) + ": " + wrong.what()};
    }

    /// Returns when the socket is ready, or has failed, which the next call on it says.
    void wait_for(short event, deadline until) const {
        pollfd on{socket_, event, 0};
        for (;;) {
            const auto left = std::chrono::ceil<std::chrono::milliseconds>(until - clock::now()).count();
            const int ready = ::poll(&on, 1, static_cast<int>(std::clamp<long long>(left, 0, 3'600'000)));
            if (ready > 0) return;
            if (ready < 0 && errno != EINTR) fail(errno);
            in_time(until);
        }
    }

    /// Even a connection that is always ready has to end in time.
    static void in_time(deadline until) {
        if (clock::now() >= until) throw timed_out{"timed out"};
    }

    [[noreturn]] static void fail(int number) { throw failure{std::generic_category().message(number)}; }

    int socket_ = -1;
    std::vector<char> buffer_ = std::vector<char>(65'536);
};

}  // namespace mta
