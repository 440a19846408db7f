// SPDX-License-Identifier: MIT
// The sockets of the examples: one thread for each connection, blocking reads and writes.
#pragma once

#include <netdb.h>
#include <sys/socket.h>
#include <sys/stat.h>
#include <sys/un.h>
#include <unistd.h>

#include <cerrno>
#include <chrono>
#include <csignal>
#include <cstdio>
#include <cstring>
#include <stdexcept>
#include <string>
#include <string_view>
#include <system_error>
#include <thread>
#include <utility>

/// Writes all of it. False if the other side is gone.
inline bool write_all(int socket, std::string_view bytes) {
    while (!bytes.empty()) {
        const auto count = ::send(socket, bytes.data(), bytes.size(), MSG_NOSIGNAL);
        if (count < 0 && errno == EINTR) continue;
        if (count <= 0) return false;
        bytes.remove_prefix(static_cast<std::size_t>(count));
    }
    return true;
}

/// A listening socket. Its address is written as libmilter writes it: `inet:PORT@HOST`, where port 0 is any
/// free one, or `unix:PATH`.
class listener {
public:
    explicit listener(const std::string& address) {
        if (address.starts_with("inet:") && address.find('@') != address.npos)
            listen_inet(address.substr(5, address.find('@') - 5), address.substr(address.find('@') + 1));
        else if (address.starts_with("unix:"))
            listen_unix(address.substr(5));
        else
            throw std::invalid_argument{"not an address: " + address + " (inet:PORT@HOST or unix:PATH)"};
    }

    /// Where it listens, with the real port.
    const std::string& name() const { return name_; }
    const std::string& path() const { return path_; }

    /// Waits for the next connection.
    int accept() const {
        for (bool said = false;;) {
            const int connection = ::accept(socket_, nullptr, nullptr);
            if (connection >= 0) return connection;
            switch (errno) {
                case EINTR:
                case ECONNABORTED: break;
                case EMFILE:
                case ENFILE:
                case ENOBUFS:
                case ENOMEM:
                    if (!std::exchange(said, true)) std::perror("accept");
                    std::this_thread::sleep_for(std::chrono::milliseconds{100});  // others may close theirs
                    break;
                default: fail("accept");
            }
        }
    }

private:
    [[noreturn]] static void fail(const std::string& what) {
        throw std::system_error{errno, std::generic_category(), what};
    }

    void listen_inet(const std::string& port, const std::string& host) {
        addrinfo hints{};
        hints.ai_socktype = SOCK_STREAM;
        hints.ai_flags = AI_PASSIVE;
        addrinfo* found = nullptr;
        if (const int wrong = getaddrinfo(host.c_str(), port.c_str(), &hints, &found); wrong != 0)
            throw std::runtime_error{host + ", port " + port + ": " + gai_strerror(wrong)};
        socket_ = ::socket(found->ai_family, SOCK_STREAM | SOCK_CLOEXEC, 0);
        const int on = 1;
        setsockopt(socket_, SOL_SOCKET, SO_REUSEADDR, &on, sizeof on);
        if (bind(socket_, found->ai_addr, found->ai_addrlen) != 0 || listen(socket_, SOMAXCONN) != 0)
            fail(host + ", port " + port);
        freeaddrinfo(found);

        sockaddr_storage bound{};
        socklen_t size = sizeof bound;
        getsockname(socket_, reinterpret_cast<sockaddr*>(&bound), &size);
        char number[NI_MAXSERV];
        getnameinfo(reinterpret_cast<sockaddr*>(&bound), size, nullptr, 0, number, sizeof number,
                    NI_NUMERICSERV);
        name_ = std::string{"inet:"} + number + "@" + host;
    }

    void listen_unix(const std::string& path) {
        sockaddr_un address{};
        address.sun_family = AF_UNIX;
        if (path.size() >= sizeof address.sun_path) throw std::invalid_argument{"path too long: " + path};
        std::memcpy(address.sun_path, path.c_str(), path.size() + 1);
        remove_socket(path);
        socket_ = ::socket(AF_UNIX, SOCK_STREAM | SOCK_CLOEXEC, 0);
        if (bind(socket_, reinterpret_cast<const sockaddr*>(&address), sizeof address) != 0 ||
            listen(socket_, SOMAXCONN) != 0)
            fail(path);
        path_ = path;
        name_ = "unix:" + path;
    }

    /// A socket that an earlier program has left behind is in the way. Nothing else is touched.
    static void remove_socket(const std::string& path) {
        struct stat left {};
        if (lstat(path.c_str(), &left) == 0 && S_ISSOCK(left.st_mode)) unlink(path.c_str());
    }

    int socket_ = -1;
    std::string name_;
    std::string path_;
};

/// Runs `filter(socket)` in a thread of its own for each connection, until SIGTERM or SIGINT.
template <class Filter>
int serve(const char* address, Filter filter) try {
    static const listener on{address};
    const auto stop = [](int) {
        if (!on.path().empty()) unlink(on.path().c_str());
        _exit(0);
    };
    std::signal(SIGTERM, stop);
    std::signal(SIGINT, stop);
    std::printf("listening on %s\n", on.name().c_str());
    std::fflush(stdout);
    for (;;) {
        std::thread{[filter, connection = on.accept()] {
            filter(connection);
            close(connection);
        }}.detach();
    }
} catch (const std::exception& wrong) {
    std::fprintf(stderr, "%s\n", wrong.what());
    return 1;
}
