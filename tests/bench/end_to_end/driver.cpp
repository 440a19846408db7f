// SPDX-License-Identifier: MIT
// Starts a filter, plays mails to it as an MTA does, and says what that took: as JSON.
#include <sys/epoll.h>
#include <sys/resource.h>

#include <CLI/CLI.hpp>
#include <algorithm>
#include <array>
#include <chrono>
#include <csignal>
#include <cstddef>
#include <exception>
#include <iostream>
#include <limits>
#include <list>
#include <map>
#include <nlohmann/json.hpp>
#include <stdexcept>
#include <string>
#include <system_error>
#include <thread>
#include <vector>

#include "filter_process.hpp"
#include "player.hpp"
#include "socket.hpp"

namespace bench {
namespace {

using clock = std::chrono::steady_clock;

struct settings {
    std::string address{};
    std::vector<std::string> filter{};
    std::string profile = "4k";
    std::size_t mails = std::numeric_limits<std::size_t>::max();
    double seconds = 1e9;
    std::size_t warm_up = 20;
    std::size_t connections = 1;
    std::size_t per_connection = 1;
    std::size_t idle = 0;
    bool idle_mail = false;
    long pause = 0;
    cut writes = cut::at_64k;
    bool gently = false;
    int filter_cpu = -1;
    int mta_cpu = -1;
};

/// How many mails are still to be played, and until when.
class quota {
public:
    quota(std::size_t mails, double seconds) : left_{mails}, end_{clock::now() + bench::seconds{seconds}} {}

    /// Of at most so many; none if it is over.
    std::size_t take(std::size_t most) {
        if (clock::now() >= end_) return 0;
        const auto mails = std::min(most, left_);
        left_ -= mails;
        return mails;
    }

private:
    std::size_t left_;
    std::chrono::time_point<clock, bench::seconds> end_;
};

/// One connection after the other.
void play_one(const place& where, performance& all, quota left, std::size_t per_connection) {
    while (const auto mails = left.take(per_connection)) {
        player one{socket{where}, all, mails};
        while (!one.done()) one.read();
    }
}

/// So many connections at a time.
void play_many(const place& where, performance& all, quota left, const settings& with) {
    const int epoll = epoll_create1(EPOLL_CLOEXEC);
    std::list<player> players;
    const auto start = [&] {
        const auto mails = left.take(with.per_connection);
        if (mails == 0) return false;
        epoll_event event{};
        event.events = EPOLLIN;
        event.data.ptr = &players.emplace_back(socket{where}, all, mails);
        epoll_ctl(epoll, EPOLL_CTL_ADD, players.back().number(), &event);
        return true;
    };
    while (players.size() != with.connections && start()) continue;
    while (!players.empty()) {
        constexpr int patience = 60'000;  // ms
        std::array<epoll_event, 256> events{};
        const int count = epoll_wait(epoll, events.data(), static_cast<int>(events.size()), patience);
        if (count == 0) throw std::runtime_error{"the filter doesn't answer"};
        for (int i = 0; i < count; ++i) {
            auto* const one = static_cast<player*>(events[static_cast<std::size_t>(i)].data.ptr);
            one->read();
            if (!one->done()) continue;
            players.remove_if([&](const player& p) { return &p == one; });
            start();
        }
    }
    close(epoll);
}

void play(const place& where, performance& all, const quota& left, const settings& with) {
    if (with.connections == 1) return play_one(where, all, left, with.per_connection);
    play_many(where, all, left, with);
}

/// Does it take a connection?
bool knock(const place& where) try {
    socket{where};
    return true;
} catch (const std::system_error&) {
    return false;
}

void await(filter_process& filter, const place& where) {
    for (const auto end = clock::now() + std::chrono::seconds{60}; !knock(where); filter.check()) {
        if (clock::now() > end) throw std::runtime_error{"the filter doesn't listen"};
        std::this_thread::sleep_for(std::chrono::milliseconds{2});
    }
    filter.settle();
}

std::vector<player> open_idle(const place& where, performance& all, const settings& with) {
    std::vector<player> idle;
    idle.reserve(with.idle);
    while (idle.size() != with.idle) {
        auto& one = idle.emplace_back(socket{where}, all, with.idle_mail ? 1 : 0, true);
        while (!one.done()) one.read();
    }
    return idle;
}

double percentile(std::vector<double>& values, double part) {
    if (values.empty()) return 0;
    const auto at = static_cast<std::ptrdiff_t>(part * static_cast<double>(values.size() - 1));
    std::nth_element(values.begin(), values.begin() + at, values.end());
    return values[static_cast<std::size_t>(at)];
}

std::vector<mail> write_mails(const std::string& name, std::string& body) {
    const auto known =
        std::find_if(profiles.begin(), profiles.end(), [&](const profile& p) { return p.name == name; });
    if (known == profiles.end()) throw std::invalid_argument{"no such profile: " + name};
    constexpr std::size_t different = 20;
    author author;
    body = author.body(known->body);
    std::vector<mail> mails;
    while (mails.size() != different) mails.push_back(write_mail(author, *known, body));
    return mails;
}

nlohmann::json measure(const settings& with) {
    const auto where = find(with.address);
    std::string body;
    performance all{.mails = write_mails(with.profile, body), .writes = with.writes};

    filter_process filter{with.filter, with.filter_cpu};
    pin(with.mta_cpu);
    await(filter, where);
    const auto resident_at_first = filter.resident();
    const auto idle = open_idle(where, all, with);
    filter.settle();
    const auto resident = filter.resident();
    const auto threads = filter.threads();
    play(where, all, {std::max(with.warm_up, with.connections), with.seconds}, with);
    filter.settle();

    all = {
        .mails = std::move(all.mails), .writes = with.writes, .pause = std::chrono::microseconds{with.pause}};
    const auto switches_before = filter.context_switches();
    const auto cpu_before = filter.cpu();
    const auto begin = clock::now();
    play(where, all, {with.mails, with.seconds}, with);
    const seconds wall = clock::now() - begin;
    filter.settle();
    const auto cpu = filter.cpu() - cpu_before;
    const auto switches = filter.context_switches() - switches_before;
    if (with.gently)
        filter.stop_gently([&] { knock(where); });
    else
        filter.stop();

    return {{"mails", all.mails_done},
            {"replies", all.replies},
            {"bytes", all.bytes},
            {"wall", wall.count()},
            {"filter_cpu", cpu.count()},
            {"context_switches", switches},
            {"round_trip", percentile(all.round_trips, 0.5)},
            {"round_trip_99", percentile(all.round_trips, 0.99)},
            {"resident_at_first", resident_at_first},
            {"resident", resident},
            {"threads", threads},
            {"idle", idle.size()}};
}

/// For thousands of connections, here and in the filter.
void allow_descriptors(std::size_t connections) {
    constexpr std::size_t others = 64;
    rlimit limit{};
    getrlimit(RLIMIT_NOFILE, &limit);
    limit.rlim_cur = limit.rlim_max;
    setrlimit(RLIMIT_NOFILE, &limit);
    if (limit.rlim_cur < connections + others)
        throw std::runtime_error{"only " + std::to_string(limit.rlim_cur) + " descriptors are allowed"};
}

int main(int count, char** arguments) try {
    settings with;
    CLI::App app{
        "Starts a filter, plays mails to it, and prints what that took, as JSON.\n"
        "  kilter_bench_mta unix:/tmp/socket --seconds 1 -- FILTER unix:/tmp/socket"};
    app.add_option("address", with.address, "where the filter listens: unix:PATH or inet:PORT@HOST")
        ->required();
    app.add_option("filter", with.filter, "its command line, after --")->required();
    app.add_option("--profile", with.profile, "which mails: 4k, 100k, 10m or storm")->capture_default_str();
    app.add_option("--mails", with.mails, "how many");
    app.add_option("--seconds", with.seconds, "no new connections after that");
    app.add_option("--warm-up", with.warm_up, "mails before those that count")->capture_default_str();
    app.add_option("--connections", with.connections, "at a time")->capture_default_str();
    app.add_option("--per-connection", with.per_connection, "mails of one client")->capture_default_str();
    app.add_option("--idle", with.idle, "connections that stay open beside, after HELO");
    app.add_flag("--idle-mail", with.idle_mail, "they have had a mail each");
    app.add_option("--pause", with.pause, "microseconds before each step that is answered");
    const std::map<std::string, cut> cuts{
        {"64k", cut::at_64k}, {"4k", cut::at_4k}, {"frames", cut::at_frames}};
    app.add_option("--writes", with.writes, "how they are cut")->transform(CLI::Transformer(cuts));
    app.add_option("--filter-cpu", with.filter_cpu, "that it runs on");
    app.add_option("--mta-cpu", with.mta_cpu, "that we run on");
    app.add_flag("--gently", with.gently,
                 "ends it by SIGTERM, not SIGKILL, so that it can say what it has seen");
    CLI11_PARSE(app, count, arguments);

    std::signal(SIGPIPE, SIG_IGN);
    allow_descriptors(with.idle + with.connections);
    std::cout << measure(with).dump() << '\n';
    return 0;
} catch (const std::exception& wrong) {
    std::cerr << "kilter_bench_mta: " << wrong.what() << '\n';
    return 1;
}

}  // namespace
}  // namespace bench

int main(int count, char** arguments) { return bench::main(count, arguments); }
