// SPDX-License-Identifier: MIT
// One thread, one epoll, all connections.
#pragma once

#include <sys/epoll.h>
#include <sys/signalfd.h>

#include <algorithm>
#include <array>
#include <cerrno>
#include <chrono>
#include <csignal>
#include <cstring>
#include <exception>
#include <iterator>
#include <list>
#include <string>
#include <utility>

#include "connection.hpp"
#include "descriptor.hpp"
#include "error_log.hpp"
#include "listener.hpp"
#include "settings.hpp"
#include "timer.hpp"

class server {
public:
    explicit server(const settings& with) : shared_{with}, listener_{with.address} {
        watch(EPOLL_CTL_ADD, listener_.get(), EPOLLIN, &listener_);
        watch(EPOLL_CTL_ADD, signals_.get(), EPOLLIN, &signals_);
        watch(EPOLL_CTL_ADD, timer_.get(), EPOLLIN, &timer_);
    }

    /// Where it listens.
    const std::string& name() const { return listener_.name(); }

    /// Serves until SIGTERM or SIGINT, and then those that have a message under way.
    void run() {
        std::array<epoll_event, 256> events{};
        while (!over()) {
            const int count = epoll_wait(epoll_.get(), events.data(), static_cast<int>(events.size()), -1);
            if (count < 0 && errno != EINTR) fail("epoll_wait");
            shared_.now = std::chrono::floor<seconds>(std::chrono::steady_clock::now());
            bool rung = false;
            bool told_to_stop = false;
            for (int i = 0; i < count; ++i) {
                const auto& event = events[static_cast<std::size_t>(i)];
                if (event.data.ptr == &listener_)
                    accept(std::max(1, count / 2));
                else if (event.data.ptr == &timer_)
                    rung = true;
                else if (event.data.ptr == &signals_)
                    told_to_stop = true;
                else
                    serve(static_cast<entry*>(event.data.ptr)->self);
            }
            // These end other connections, which the events above may be about: so they come last.
            if (rung) look_at_clock();
            if (told_to_stop) stop();
        }
    }

private:
    /// A connection in one of the lists, and what epoll has been told about it.
    struct entry : connection {
        using connection::connection;
        std::list<entry>::iterator self{};
        std::uint32_t watched = 0;
    };
    using entries = std::list<entry>;

    static descriptor stop_signals() {
        sigset_t set;
        sigemptyset(&set);
        sigaddset(&set, SIGTERM);
        sigaddset(&set, SIGINT);
        check(sigprocmask(SIG_BLOCK, &set, nullptr), "sigprocmask");
        return descriptor{check(signalfd(-1, &set, SFD_NONBLOCK | SFD_CLOEXEC), "signalfd")};
    }

    bool over() const {
        return stopping_ && (shared_.now >= deadline_ || (quiet_.empty() && pressed_.empty()));
    }

    void watch(int how, int what, std::uint32_t events, void* known_as) {
        epoll_event event{};
        event.events = events;
        event.data.ptr = known_as;
        check(epoll_ctl(epoll_.get(), how, what, &event), "epoll_ctl");
    }

    /// Not more than that: a call for one that isn't there is wasted. If there are more, epoll says so.
    void accept(int most) {
        for (; most != 0; --most) {
            if (quiet_.size() + pressed_.size() >= shared_.with.max_connections)
                return pause("no more connections are allowed");
            auto socket = listener_.accept();
            if (socket)
                add(std::move(socket));
            else if (errno == EAGAIN || errno == EINTR)
                return;
            else if (errno != ECONNABORTED)
                return pause(std::strerror(errno));
        }
    }

    void add(descriptor socket) try {
        pressed_.emplace_back(std::move(socket), shared_);
        const auto added = std::prev(pressed_.end());
        added->self = added;
        timer_.ring_at(due(pressed_));
        serve(added);  // MTAs speak first, and at once
    } catch (const std::exception& wrong) {
        pause(wrong.what());
    }

    /// Without a descriptor for it, the next connection waits until another ends, or for a second.
    void pause(const char* why) {
        if (shared_.now >= complained_ + seconds{60}) {
            log_.line(shared_.now, why);
            complained_ = shared_.now;
        }
        watch(EPOLL_CTL_MOD, listener_.get(), 0, &listener_);
        paused_ = true;
        timer_.ring_at(shared_.now + seconds{1});
    }

    void resume() {
        if (!paused_ || stopping_) return;
        watch(EPOLL_CTL_MOD, listener_.get(), EPOLLIN, &listener_);
        paused_ = false;
    }

    /// Whatever goes wrong here ends this connection, and nothing else.
    void serve(entries::iterator at) {
        auto& from = list_of(*at);
        const auto since = at->since();
        connection::ending end;
        try {
            end = at->serve(shared_);
            if (!end && at->awaited() != at->watched) {
                const auto how = at->watched == 0 ? EPOLL_CTL_ADD : EPOLL_CTL_MOD;
                watch(how, at->socket(), at->awaited(), &*at);
                at->watched = at->awaited();
            }
        } catch (const std::exception& wrong) {
            end = wrong.what();
        }
        if (!end && stopping_ && at->at_rest()) end = "";
        if (end) return finish(from, at, *end);

        auto& to = list_of(*at);
        if (&to == &from && at->since() == since) return;
        to.splice(to.end(), from, at);
        if (&to != &from) timer_.ring_at(due(to));
    }

    void finish(entries& in, entries::iterator at, const std::string& why) {
        if (!why.empty()) log_.line(shared_.now, at->socket(), why.c_str());
        in.erase(at);
        resume();
    }

    entries& list_of(const entry& e) { return e.pressed() ? pressed_ : quiet_; }

    /// When its first has waited for too long; a second later, since only whole ones are counted.
    moment due(const entries& list) const {
        if (list.empty()) return moment::max();
        const auto& with = shared_.with;
        return list.front().since() + (&list == &quiet_ ? with.timeout : with.frame_timeout) + seconds{1};
    }

    void look_at_clock() {
        timer_.heard();
        resume();
        for (auto* list : {&quiet_, &pressed_}) {
            while (due(*list) <= shared_.now) finish(*list, list->begin(), "timed out");
            timer_.ring_at(due(*list));
        }
        if (stopping_) timer_.ring_at(deadline_);
    }

    /// No new connections and messages. Told twice, it doesn't wait for those under way.
    void stop() {
        signalfd_siginfo signal;
        while (::read(signals_.get(), &signal, sizeof signal) > 0) continue;
        deadline_ = stopping_ ? shared_.now : shared_.now + shared_.with.grace + seconds{1};
        stopping_ = true;
        timer_.ring_at(deadline_);
        listener_.close();
        for (auto* list : {&quiet_, &pressed_}) std::erase_if(*list, [](auto& e) { return e.at_rest(); });
    }

    workspace shared_;
    error_log log_;
    descriptor epoll_{check(epoll_create1(EPOLL_CLOEXEC), "epoll_create1")};
    descriptor signals_ = stop_signals();
    timer timer_;
    listener listener_;
    entries quiet_;    ///< the one from which nothing has come for longest is in front
    entries pressed_;  ///< the one that keeps us waiting for longest is in front
    moment deadline_{};
    moment complained_ = moment::min();  ///< about connections that can't come in
    bool paused_ = false;
    bool stopping_ = false;
};
