// SPDX-License-Identifier: MIT
// A yardstick, and no filter to use: it hops over the frames, believes all of them, and answers without a
// look at what they say. What it takes is the least that sockets cost: bare_filter ADDRESS lock | nr | addhdr
#include <sys/epoll.h>
#include <sys/socket.h>
#include <unistd.h>

#include <algorithm>
#include <array>
#include <cstdio>
#include <exception>
#include <kilter/codec.hpp>
#include <kilter/frame.hpp>
#include <kilter/messages.hpp>
#include <kilter/negotiation.hpp>
#include <string>
#include <string_view>
#include <vector>

#include "socket.hpp"

namespace bench {
namespace {

using kilter::option;

constexpr auto silence = option::silent_connect | option::silent_helo | option::silent_mail |
                         option::silent_rcpt | option::silent_data | option::silent_unknown |
                         option::silent_header | option::silent_end_of_headers | option::silent_body;

template <class M>
std::string frame(const M& message) {
    std::string bytes;
    static_cast<void>(kilter::encode(message, bytes));
    return bytes;
}

class bare_filter {
public:
    explicit bare_filter(std::string_view variant)
        : silent_{variant == "nr"},
          negotiate_{frame(kilter::reply::negotiate{
              .version = kilter::protocol_version,
              .actions = variant == "addhdr" ? kilter::action::add_headers : kilter::action::none,
              .options = silent_ ? silence : option::none})} {
        if (variant == "addhdr") end_ = frame(kilter::reply::add_header{"X-Filtered", "yes"});
        end_ += proceed_;
    }

    void run(int listener) {
        constexpr std::size_t most = 256;
        add(listener, new connection{listener});
        std::array<epoll_event, most> events{};
        for (;;) {
            const int count = epoll_wait(epoll_, events.data(), most, -1);
            for (int i = 0; i < count; ++i) {
                auto* const at = static_cast<connection*>(events[static_cast<std::size_t>(i)].data.ptr);
                if (at->number != listener)
                    serve(at);
                else
                    accept(listener);
            }
        }
    }

private:
    struct connection {
        int number;
        std::size_t to_skip = 0;  ///< of a frame whose front has come
        std::array<char, kilter::frame_overhead> front{};
        std::size_t front_size = 0;
    };

    void add(int socket, connection* as) const {
        epoll_event event{};
        event.events = EPOLLIN;
        event.data.ptr = as;
        epoll_ctl(epoll_, EPOLL_CTL_ADD, socket, &event);
    }

    void accept(int listener) {
        const int socket = accept4(listener, nullptr, nullptr, SOCK_NONBLOCK | SOCK_CLOEXEC);
        if (socket < 0) return;
        auto* const next = new connection{socket};
        add(socket, next);
        serve(next);  // MTAs speak first, and at once
    }

    void serve(connection* at) {
        const auto count = ::read(at->number, input_.data(), input_.size());
        if (count < 0 && errno == EAGAIN) return;
        output_.clear();
        if (count > 0) hop(*at, {input_.data(), static_cast<std::size_t>(count)});
        if (!output_.empty())
            static_cast<void>(send(at->number, output_.data(), output_.size(), MSG_NOSIGNAL));
        if (count > 0 && at->front.back() != 'Q') return;
        close(at->number);
        delete at;
    }

    void hop(connection& at, std::string_view bytes) {
        while (!bytes.empty()) {
            const auto skipped = std::min(at.to_skip, bytes.size());
            at.to_skip -= skipped;
            bytes.remove_prefix(skipped);
            while (!bytes.empty() && at.front_size != at.front.size()) {
                at.front[at.front_size++] = bytes.front();
                bytes.remove_prefix(1);
            }
            if (at.front_size != at.front.size()) return;
            at.to_skip = kilter::detail::load_u32(at.front.data()) - 1;
            at.front_size = 0;
            answer(at.front.back());
        }
    }

    void answer(char code) {
        switch (code) {
            case 'O': output_ += negotiate_; break;
            case 'E': output_ += end_; break;
            case 'A':
            case 'D':
            case 'K':
            case 'Q': break;
            default:
                if (!silent_) output_ += proceed_;
        }
    }

    bool silent_;
    std::string negotiate_;
    std::string proceed_ = frame(kilter::reply::proceed{});
    std::string end_{};
    int epoll_ = epoll_create1(EPOLL_CLOEXEC);
    std::vector<char> input_ = std::vector<char>(262'144);
    std::string output_{};
};

int main(const std::string& address, const char* variant) try {
    const auto where = find(address);
    const int listener = ::socket(where.address.ss_family, SOCK_STREAM | SOCK_CLOEXEC, 0);
    const int on = 1;
    setsockopt(listener, SOL_SOCKET, SO_REUSEADDR, &on, sizeof on);
    if (where.address.ss_family != AF_UNIX) setsockopt(listener, IPPROTO_TCP, TCP_NODELAY, &on, sizeof on);
    if (bind(listener, reinterpret_cast<const sockaddr*>(&where.address), where.size) != 0 ||
        listen(listener, SOMAXCONN) != 0)
        fail(address);
    bare_filter{variant}.run(listener);
    return 0;
} catch (const std::exception& wrong) {
    std::fprintf(stderr, "bare_filter: %s\n", wrong.what());
    return 1;
}

}  // namespace
}  // namespace bench

int main(int count, char** arguments) {
    if (count == 3) return bench::main(arguments[1], arguments[2]);
    std::fputs("usage: bare_filter ADDRESS lock | nr | addhdr\n", stderr);
    return 64;
}
