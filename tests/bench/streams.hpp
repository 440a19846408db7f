// SPDX-License-Identifier: MIT
// The streams that are timed: what an MTA says to a filter that answers every step, made with mta_session.
#pragma once

#include <array>
#include <cstddef>
#include <kilter/codec.hpp>
#include <kilter/session.hpp>
#include <stdexcept>
#include <string>
#include <string_view>
#include <vector>

#include "mail.hpp"

namespace bench {

namespace reply = kilter::reply;

/// The bytes of one connection, how many frames they are, and where each step ends: a command and, if it has
/// some, the macros before it.
struct stream {
    std::string bytes{};
    std::size_t frames = 0;
    std::vector<std::size_t> steps{};
};

/// The MTA's side of a lock-step conversation, with `proceed` as the answer to all.
class mta {
public:
    mta() {
        say({}, command::negotiate{}, kilter::frame_of([] { return reply::negotiate{}; }));
    }

    template <kilter::message M>
    void say(std::string_view macros, const M& message) {
        say(macros, message, kilter::frame_of([] { return reply::proceed{}; }));
    }

    const stream& said() const noexcept { return said_; }

private:
    template <kilter::message M, std::size_t N>
    void say(std::string_view macros, const M& message, const std::array<char, N>& answer) {
        if (!macros.empty()) write(command::macro{kilter::wire::row_of<M>().code, macros});
        write(message);
        said_.steps.push_back(said_.bytes.size());
        if (!session_.state().reply_due()) return;
        for (const auto& event : session_.receive(answer)) static_cast<void>(event);
    }

    template <kilter::message M>
    void write(const M& message) {
        const auto before = said_.bytes.size();
        if (session_.send(message, said_.bytes) != kilter::errc::ok || said_.bytes.size() == before)
            throw std::logic_error("a message of the stream was not written");
        ++said_.frames;
    }

    kilter::mta_session session_{};
    stream said_{};
};

/// So many mails, each of a client of its own.
inline stream make_stream(const profile& p, std::size_t mails) {
    mta mta;
    author author;
    const auto body = author.body(p.body);
    for (std::size_t i = 0; i != mails; ++i) {
        if (i != 0) mta.say({}, command::quit_nc{});
        const auto mail = write_mail(author, p, body);
        const steps all{mail};
        for (std::size_t step = 0; step != all.count(); ++step)
            all.visit(step, [&](std::string_view macros, const auto& message) { mta.say(macros, message); });
    }
    mta.say({}, command::quit{});
    return mta.said();
}

}  // namespace bench
