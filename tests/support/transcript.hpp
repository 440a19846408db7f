// SPDX-License-Identifier: MIT
// A whole session as it was on the wire, read from a file of tests/golden/transcripts.
#pragma once

#include <fstream>
#include <stdexcept>
#include <string>
#include <string_view>
#include <vector>

namespace test {

/// One frame of a transcript: its bytes, and how describe() shows it.
struct step {
    bool from_mta;
    std::string bytes;
    std::string described;
};

/// Reads a transcript: see the comment at the top of each.
inline std::vector<step> transcript(const std::string& name) {
    const auto digit = [](char c) { return std::string_view{"0123456789abcdef"}.find(c); };
    constexpr auto none = std::string_view::npos;

    std::ifstream file{std::string{KILTER_TEST_FOLDER} + "/golden/transcripts/" + name};
    if (!file) throw std::runtime_error{"there is no transcript " + name};
    const auto need = [&](bool right) {
        if (!right) throw std::runtime_error{name + " is no transcript"};
    };
    std::vector<step> steps;
    for (std::string line; std::getline(file, line);) {
        if (line.empty() || line[0] == '#') continue;
        need(line.size() > 2);
        if (line[0] == '=') {
            need(!steps.empty());
            steps.back().described = line.substr(2);
            continue;
        }
        step s{line[0] == '>', {}, {}};
        need(s.from_mta || line[0] == '<');
        for (std::size_t at = 2; at + 1 < line.size() && digit(line[at]) != none; at += 3)
            s.bytes.push_back(static_cast<char>(digit(line[at]) * 16 + digit(line[at + 1])));
        steps.push_back(std::move(s));
    }
    return steps;
}

}  // namespace test
