// SPDX-License-Identifier: MIT
// What a filter was told and what it said, as lines: the same form for both sides.
#pragma once

#include <array>
#include <cstddef>
#include <string>
#include <string_view>
#include <vector>

#include "support/naive_decoder.hpp"

namespace differential {

/// The macros that are looked up at each event.
inline constexpr std::array<const char*, 5> looked_up{"i", "j", "{mail_addr}", "{x}", "_"};
using macro_values = std::array<std::string, looked_up.size()>;
inline constexpr std::string_view no_macro = "(none)";

/// One thing that the author of a filter gets to see, and the piece of the stream that led to it, as far as
/// that is known.
struct seen {
    std::string line{};
    macro_values macros{};
    std::size_t at{};
};

struct said {
    test::naive::frame reply{};
    std::size_t at{};
};

struct trace {
    std::vector<seen> events{};
    std::vector<said> replies{};
};

/// What is not to be looked at, because libmilter reads it from beyond its buffers.
struct blinkers {
    bool macros = false;
    bool unknown = false;
};

inline std::string line(std::string name, std::initializer_list<std::string_view> fields) {
    for (const auto field : fields) name.append("|").append(field);
    return name;
}

inline std::string printable(std::string_view bytes) {
    constexpr std::string_view digits = "0123456789abcdef";
    std::string text;
    for (const char c : bytes.substr(0, 200)) {
        const auto byte = static_cast<unsigned char>(c);
        if (byte >= 32 && byte < 127 && c != '\\')
            text.push_back(c);
        else
            text.append({'\\', 'x', digits[byte >> 4], digits[byte & 15]});
    }
    if (bytes.size() > 200) text.append("... of ").append(std::to_string(bytes.size()));
    return text;
}

}  // namespace differential
