// SPDX-License-Identifier: MIT
// Times the library, and the machine's limits beside it. What comes out is JSON.
//
// Build it as Release, and compare figures of one run only.
// Not Google Benchmark: a reporter for its random interleaving is longer than the timing.
#include <CLI/CLI.hpp>
#include <algorithm>
#include <array>
#include <chrono>
#include <ctime>
#include <exception>
#include <iostream>
#include <nlohmann/json.hpp>
#include <stdexcept>
#include <string>
#include <string_view>
#include <vector>

#include "allocations.hpp"
#include "modes.hpp"
#include "streams.hpp"

namespace bench {
namespace {

using nlohmann::json;

constexpr std::size_t rounds = 9;

struct settings {
    std::string profile{};  ///< or all
    std::string mode{};     ///< or all
    std::string read{};     ///< or all
    double seconds = 0.2;   ///< for each mode
    std::size_t passes = 2;
};

/// Nanoseconds per frame, one figure for each round.
using figures = std::vector<double>;

tally run(const mode& m, const stream& s) {
    const auto seen = m.run(s, m.read.bytes);
    if (seen.bytes == s.bytes.size() && (!m.cuts || seen.frames == s.frames)) return seen;
    throw std::logic_error(std::string{m.name} + " saw " + std::to_string(seen.frames) + " frames and " +
                           std::to_string(seen.bytes) + " bytes");
}

double cpu() { return static_cast<double>(std::clock()) / CLOCKS_PER_SEC; }

/// Runs a mode over the stream again and again, for so many seconds at the least. What counts is the time
/// that the CPU was ours.
double time_once(const mode& m, const stream& s, double seconds) {
    using clock = std::chrono::steady_clock;  // asking it costs less
    const auto end = clock::now() + std::chrono::duration<double>{seconds};
    const auto begin = cpu();
    std::size_t passes = 0;
    do {
        run(m, s);
        ++passes;
    } while (clock::now() < end);
    return (cpu() - begin) * 1e9 / static_cast<double>(passes * s.frames);
}

/// All modes in turn, round after round, so that what disturbs the machine disturbs them alike.
std::vector<figures> time_all(const std::vector<mode>& chosen, const stream& s, double seconds) {
    std::vector<figures> taken(chosen.size());
    for (const auto& m : chosen) run(m, s);  // warms up
    for (std::size_t round = 0; round != rounds; ++round)
        for (std::size_t i = 0; i != chosen.size(); ++i)
            taken[i].push_back(time_once(chosen[i], s, seconds / rounds));
    for (auto& f : taken) std::sort(f.begin(), f.end());
    return taken;
}

std::vector<mode> chosen_modes(const settings& with, const profile& p) {
    auto chosen = all_modes();
    std::erase_if(chosen, [&](const mode& m) {
        return (!with.mode.empty() && m.name != with.mode) ||
               (!with.read.empty() && m.read.name != with.read) || (m.read.bytes == 1 && !p.hot());
    });
    if (chosen.empty()) throw std::invalid_argument{"no such mode and read size"};
    return chosen;
}

json about(const profile& p, const stream& s) {
    return {{"profile", p.name}, {"mails", p.mails}, {"frames", s.frames}, {"bytes", s.bytes.size()}};
}

json about(const mode& m) { return {{"mode", m.name}, {"read", m.read.name}}; }

json times(const profile& p, const settings& with) {
    const auto stream = make_stream(p, p.mails);
    const auto chosen = chosen_modes(with, p);
    const auto taken = time_all(chosen, stream, with.seconds);
    auto result = about(p, stream);
    for (std::size_t i = 0; i != chosen.size(); ++i) {
        auto one = about(chosen[i]);
        one["ns"] = taken[i][rounds / 2];
        one["least"] = taken[i].front();
        one["most"] = taken[i].back();
        result["modes"].push_back(std::move(one));
    }
    return result;
}

/// Twice as many mails, less the first half: what a connection allocates once doesn't count.
json allocations_of(const profile& p, const settings& with) {
    const auto once = make_stream(p, p.mails);
    const auto twice = make_stream(p, 2 * p.mails);
    const auto count = [](const mode& m, const stream& s) {
        const auto before = allocations();
        run(m, s);
        return allocations() - before;
    };
    auto result = about(p, once);
    for (const auto& m : chosen_modes(with, p)) {
        auto one = about(m);
        one["first"] = count(m, once);
        one["more"] = static_cast<double>(count(m, twice)) - static_cast<double>(count(m, once));
        result["modes"].push_back(std::move(one));
    }
    return result;
}

/// For a program that looks on from outside.
json passes(const profile& p, const settings& with) {
    const auto stream = make_stream(p, p.mails);
    for (const auto& m : chosen_modes(with, p))
        for (std::size_t i = 0; i != with.passes; ++i) run(m, stream);
    return about(p, stream);
}

int main(int count, char** arguments) try {
    settings with;
    CLI::App app{"Times the library in process. What comes out is JSON."};
    app.require_subcommand(1);
    const auto add = [&](const std::string& name, const std::string& what) {
        auto* const command = app.add_subcommand(name, what);
        command->add_option("--profile", with.profile, "4k-hot, storm-hot, 4k, 100k, 10m or storm");
        command->add_option("--mode", with.mode, "memcpy, memchr, hop, ..., parse, reply");
        command->add_option("--read", with.read,
                            "whole, \"64 KiB\", \"4 KiB\", \"1448 B\", \"1 B\", \"one step\"");
        return command;
    };
    auto* const time = add("time", "nanoseconds per frame: median, least and most of nine rounds");
    time->add_option("--seconds", with.seconds, "for each mode")->capture_default_str();
    auto* const allocate = add("allocations", "of a stream, and of one twice as long");
    auto* const pass = add("passes", "goes through the stream, for a program that counts from outside");
    pass->add_option("--passes", with.passes)->capture_default_str();
    CLI11_PARSE(app, count, arguments);

    auto results = json::array();
    for (const auto& p : profiles) {
        if (!with.profile.empty() && with.profile != p.name) continue;
        if (time->parsed()) results.push_back(times(p, with));
        if (allocate->parsed()) results.push_back(allocations_of(p, with));
        if (pass->parsed()) results.push_back(passes(p, with));
    }
    if (results.empty()) throw std::invalid_argument{"no such profile: " + with.profile};
    std::cout << results.dump(1) << '\n';
    return 0;
} catch (const std::exception& wrong) {
    std::cerr << "kilter_bench: " << wrong.what() << '\n';
    return 1;
}

}  // namespace
}  // namespace bench

int main(int count, char** arguments) { return bench::main(count, arguments); }
