// SPDX-License-Identifier: MIT
// Plays the MTA on one connection: the steps of its mails, one after the other.
#pragma once

#include <algorithm>
#include <array>
#include <chrono>
#include <cstddef>
#include <kilter/session.hpp>
#include <stdexcept>
#include <string>
#include <string_view>
#include <thread>
#include <utility>
#include <vector>

#include "bench/mail.hpp"
#include "socket.hpp"

namespace bench {

/// How the MTA cuts what it writes.
enum class cut { at_64k, at_4k, at_frames };

/// What all players share: the mails, how they are sent, and what has come of it.
struct performance {
    std::vector<mail> mails{};
    cut writes = cut::at_64k;
    std::chrono::microseconds pause{};  ///< before each step that is answered

    std::size_t next_mail = 0;
    std::size_t mails_done = 0;
    std::size_t replies = 0;
    std::size_t bytes = 0;
    std::vector<double> round_trips{};  ///< in seconds
};

class player {
public:
    /// For so many mails of one client, or none: then only the client is told. If it is to stay, it doesn't
    /// say quit after them.
    player(socket to, performance& all, std::size_t mails, bool stays = false)
        : to_{std::move(to)}, all_{&all}, left_{mails}, stays_{stays} {
        take_mail();
        session_.send(kilter::offer_of(kilter::protocol_version), out_);
        flush();
    }

    int number() const noexcept { return to_.number(); }
    bool done() const noexcept { return done_; }

    /// Reads once, and goes on.
    void read() {
        std::array<char, 4096> buffer;
        const auto bytes = to_.read(buffer.data(), buffer.size());
        const auto at = now();
        for (const auto& event : session_.receive({bytes.data(), bytes.size()})) {
            if (session_.now() == kilter::todo::wait) continue;
            if (!std::holds_alternative<kilter::reply::negotiate>(event)) {
                ++all_->replies;
                all_->round_trips.push_back(at - asked_);
            }
        }
        while (!done_ && session_.now() != kilter::todo::wait) go_on();
    }

private:
    static double now() {
        return std::chrono::duration<double>(std::chrono::steady_clock::now().time_since_epoch()).count();
    }

    void take_mail() {
        mail_ = &all_->mails[all_->next_mail++ % all_->mails.size()];
        end_ = left_ == 0 ? steps::first_of_message : steps{*mail_}.count();
    }

    void go_on() {
        const auto next = session_.now();
        if (next != kilter::todo::go_on && next != kilter::todo::deliver)
            throw std::runtime_error{"the filter has said " + std::string{to_string(next)}};
        if (step_ == end_) return end_mail();
        steps{*mail_}.visit(step_++, [&](std::string_view macros, const auto& message) {
            using M = std::remove_cvref_t<decltype(message)>;
            if (!macros.empty()) say(command::macro{kilter::wire::row_of<M>().code, macros});
            say(message);
        });
        if (session_.now() != kilter::todo::wait) return;
        if (all_->pause.count() != 0) std::this_thread::sleep_for(all_->pause);
        asked_ = now();
        flush();
    }

    void end_mail() {
        if (left_ != 0) {
            ++all_->mails_done;
            --left_;
        }
        if (left_ != 0) {
            say(command::abort{});  // as Postfix does after each message
            take_mail();
            step_ = steps::first_of_message;
            return;
        }
        done_ = true;
        if (stays_) return;
        say(command::quit{});
        flush();
    }

    template <class M>
    void say(const M& message) {
        if (session_.send(message, out_) != kilter::errc::ok)
            throw std::logic_error{"a message of the benchmark can't be sent"};
        if (all_->writes == cut::at_frames || out_.size() >= kilter::data_size_64k) flush();
    }

    void flush() {
        constexpr std::size_t page = 4096;
        const auto most = all_->writes == cut::at_4k ? page : out_.size();
        for (std::string_view rest = out_; !rest.empty(); rest.remove_prefix(std::min(most, rest.size())))
            to_.write(rest.substr(0, most));
        all_->bytes += out_.size();
        out_.clear();
    }

    socket to_;
    performance* all_;
    std::size_t left_;
    bool stays_;
    kilter::mta_session session_{};
    const mail* mail_ = nullptr;
    std::size_t step_ = steps::first_of_client;
    std::size_t end_ = 0;
    double asked_ = 0;
    bool done_ = false;
    std::string out_{};
};

}  // namespace bench
