// SPDX-License-Identifier: MIT
// Times the library, and the machine's limits beside it, and prints a table for each profile.
//
// Build it as Release, and compare figures of one run only.
// Not Google Benchmark: a reporter with this table for its random interleaving is longer than the timing.
#include <algorithm>
#include <array>
#include <chrono>
#include <cstdlib>
#include <iomanip>
#include <iostream>
#include <sstream>
#include <stdexcept>
#include <string>
#include <string_view>
#include <vector>

#include "modes.hpp"
#include "streams.hpp"

namespace bench {
namespace {

constexpr std::size_t rounds = 9;

struct settings {
    std::string_view profile{};  ///< or all
    double seconds = 0.2;        ///< for each mode
    bool markdown = false;
};

/// Nanoseconds per frame, one figure for each round.
using figures = std::vector<double>;

void check(const mode& m, const stream& s, const tally& seen) {
    if (seen.bytes == s.bytes.size() && (!m.cuts || seen.frames == s.frames)) return;
    throw std::logic_error(std::string{m.name} + " saw " + std::to_string(seen.frames) + " frames and " +
                           std::to_string(seen.bytes) + " bytes");
}

/// Runs a mode over the stream again and again, for so many seconds at the least.
double time_once(const mode& m, const stream& s, double seconds) {
    using clock = std::chrono::steady_clock;
    const auto begin = clock::now();
    std::chrono::duration<double> taken{};
    std::size_t passes = 0;
    do {
        check(m, s, m.run(s.bytes, m.read));
        ++passes;
        taken = clock::now() - begin;
    } while (taken.count() < seconds);
    return taken.count() * 1e9 / static_cast<double>(passes * s.frames);
}

/// All modes in turn, round after round, so that what disturbs the machine disturbs them alike.
std::vector<figures> time_all(const std::vector<mode>& chosen, const stream& s, double seconds) {
    std::vector<figures> taken(chosen.size());
    for (const auto& m : chosen) check(m, s, m.run(s.bytes, m.read));  // warms up
    for (std::size_t round = 0; round != rounds; ++round)
        for (std::size_t i = 0; i != chosen.size(); ++i)
            taken[i].push_back(time_once(chosen[i], s, seconds / rounds));
    for (auto& f : taken) std::sort(f.begin(), f.end());
    return taken;
}

double median(const figures& sorted) { return sorted[rounds / 2]; }

using row = std::array<std::string, 5>;

void print(const row& cells, bool markdown) {
    if (markdown) {
        for (const auto& cell : cells) std::cout << "| " << cell << ' ';
        std::cout << "|\n";
        return;
    }
    std::cout << std::left << std::setw(26) << cells[0] << std::right;
    for (std::size_t i = 1; i != cells.size(); ++i) std::cout << std::setw(i == 2 ? 22 : 12) << cells[i];
    std::cout << '\n';
}

std::string text(double number) {
    std::ostringstream out;
    out << std::fixed << std::setprecision(2) << number;
    return out.str();
}

void report(const std::vector<mode>& chosen, const std::vector<figures>& taken, const stream& s,
            bool markdown) {
    const auto is_hop = [](const mode& m) { return m.name == "hop"; };
    const auto hop_at = std::find_if(chosen.begin(), chosen.end(), is_hop) - chosen.begin();
    const auto hop_time = median(taken[static_cast<std::size_t>(hop_at)]);
    const auto frame_size = static_cast<double>(s.bytes.size()) / static_cast<double>(s.frames);

    print({"", "ns/frame", "min..max", "GB/s", "x hop"}, markdown);
    if (markdown) print({"---", "---:", "---:", "---:", "---:"}, markdown);
    for (std::size_t i = 0; i != chosen.size(); ++i) {
        const auto& t = taken[i];
        print({std::string{chosen[i].name}, text(median(t)), text(t.front()) + ".." + text(t.back()),
               text(frame_size / median(t)), text(median(t) / hop_time)},
              markdown);
    }
    std::cout << std::endl;
}

void run(const profile& p, const settings& s) {
    const auto stream = make_stream(p);
    std::vector<mode> chosen;
    for (const auto& m : modes)
        if (m.read != 1 || p.hot()) chosen.push_back(m);
    const auto taken = time_all(chosen, stream, s.seconds);
    std::cout << (s.markdown ? "### " : "") << p.name << ": " << p.mails << " mails, " << stream.frames
              << " frames, " << stream.bytes.size() << " bytes, seen by every mode\n\n";
    report(chosen, taken, stream, s.markdown);
}

/// False if the command line is wrong.
bool read(const std::vector<std::string_view>& arguments, settings& s) {
    for (auto at = arguments.begin(); at != arguments.end(); ++at) {
        if (*at == "--markdown")
            s.markdown = true;
        else if (*at == "--profile" && at + 1 != arguments.end())
            s.profile = *++at;
        else if (*at == "--seconds" && at + 1 != arguments.end())
            s.seconds = std::strtod((++at)->data(), nullptr);
        else
            return false;
    }
    const auto named = [&](const profile& p) { return p.name == s.profile; };
    return s.profile.empty() || std::any_of(profiles.begin(), profiles.end(), named);
}

int usage() {
    std::cerr << "usage: kilter_bench [--profile P] [--seconds S] [--markdown]\nprofiles:";
    for (const auto& p : profiles) std::cerr << ' ' << p.name;
    std::cerr << "\nS: how long to time each mode, 0.2 if not said\n";
    return 2;
}

}  // namespace
}  // namespace bench

int main(int count, char** arguments) try {
    bench::settings settings;
    if (!bench::read({arguments + 1, arguments + count}, settings)) return bench::usage();
    for (const auto& p : bench::profiles)
        if (settings.profile.empty() || settings.profile == p.name) bench::run(p, settings);
    return 0;
} catch (const std::exception& e) {
    std::cerr << "kilter_bench: " << e.what() << '\n';
    return 1;
}
