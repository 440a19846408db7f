// SPDX-License-Identifier: MIT
// The socket that MTAs connect to.
#pragma once

#include <netdb.h>
#include <netinet/in.h>
#include <netinet/tcp.h>
#include <sys/socket.h>
#include <sys/stat.h>
#include <sys/un.h>

#include <cstring>
#include <memory>
#include <stdexcept>
#include <string>

#include "descriptor.hpp"

class listener {
public:
    /// `inet:PORT@HOST`, where port 0 is any free one, `unix:PATH`, or a path without a colon.
    explicit listener(const std::string& address) {
        const auto colon = address.find(':');
        const auto at = address.find('@');
        if (colon == address.npos)
            listen_unix(address);
        else if (address.starts_with("unix:"))
            listen_unix(address.substr(colon + 1));
        else if (address.starts_with("inet:") && at != address.npos)
            listen_inet(address.substr(colon + 1, at - colon - 1), address.substr(at + 1));
        else
            throw std::invalid_argument{"not an address: " + address + " (inet:PORT@HOST or unix:PATH)"};
    }
    listener(const listener&) = delete;
    listener& operator=(const listener&) = delete;
    ~listener() { close(); }

    void close() {
        if (!path_.empty()) unlink(path_.c_str());
        path_.clear();
        socket_ = descriptor{};
    }

    int get() const { return socket_.get(); }

    /// Where it listens, with the real port.
    const std::string& name() const { return name_; }

    /// The next connection; none, and errno, if there isn't one.
    descriptor accept() const {
        return descriptor{accept4(socket_.get(), nullptr, nullptr, SOCK_NONBLOCK | SOCK_CLOEXEC)};
    }

private:
    static constexpr int type = SOCK_STREAM | SOCK_NONBLOCK | SOCK_CLOEXEC;

    void listen_inet(const std::string& port, const std::string& host) {
        addrinfo hints{};
        hints.ai_socktype = SOCK_STREAM;
        hints.ai_flags = AI_PASSIVE;
        addrinfo* list = nullptr;
        if (const int wrong = getaddrinfo(host.c_str(), port.c_str(), &hints, &list); wrong != 0)
            throw std::runtime_error{host + ", port " + port + ": " + gai_strerror(wrong)};
        const std::unique_ptr<addrinfo, decltype(&freeaddrinfo)> found{list, freeaddrinfo};
        socket_ = descriptor{check(::socket(found->ai_family, type, 0), "socket")};
        // Connections inherit them from here, which spares a call for each.
        for (const auto& [level, option] :
             {std::pair{SOL_SOCKET, SO_REUSEADDR}, {SOL_SOCKET, SO_KEEPALIVE}, {IPPROTO_TCP, TCP_NODELAY}}) {
            const int on = 1;
            check(setsockopt(socket_.get(), level, option, &on, sizeof on), "setsockopt");
        }
        listen_on(found->ai_addr, found->ai_addrlen, host + ", port " + port);

        sockaddr_storage bound{};
        socklen_t size = sizeof bound;
        check(getsockname(socket_.get(), reinterpret_cast<sockaddr*>(&bound), &size), "getsockname");
        char number[NI_MAXSERV] = "";
        getnameinfo(reinterpret_cast<sockaddr*>(&bound), size, nullptr, 0, number, sizeof number,
                    NI_NUMERICSERV);
        name_ = std::string{"inet:"} + number + "@" + host;
    }

    void listen_unix(const std::string& path) {
        sockaddr_un address{};
        address.sun_family = AF_UNIX;
        if (path.empty() || path.size() >= sizeof address.sun_path)
            throw std::invalid_argument{"no path, or one too long: " + path};
        std::memcpy(address.sun_path, path.c_str(), path.size() + 1);
        const auto* generic = reinterpret_cast<const sockaddr*>(&address);
        socket_ = descriptor{check(::socket(AF_UNIX, type, 0), "socket")};
        // A socket that nobody listens on has been left behind. Nothing else is touched.
        struct stat left {};
        if (lstat(path.c_str(), &left) == 0 && S_ISSOCK(left.st_mode) &&
            connect(socket_.get(), generic, sizeof address) != 0 && errno == ECONNREFUSED)
            unlink(path.c_str());
        listen_on(generic, sizeof address, path);
        path_ = path;
        name_ = "unix:" + path;
    }

    void listen_on(const sockaddr* address, socklen_t size, const std::string& what) {
        check(bind(socket_.get(), address, size), what);
        check(listen(socket_.get(), SOMAXCONN), what);
    }

    descriptor socket_;
    std::string path_;
    std::string name_;
};
