// SPDX-License-Identifier: MIT
// What the command line says.
#pragma once

#include <getopt.h>

#include <charconv>
#include <chrono>
#include <cstddef>
#include <cstdint>
#include <kilter.hpp>
#include <stdexcept>
#include <string>
#include <string_view>

using seconds = std::chrono::duration<std::int32_t>;

/// What the filter does: the MTA waits for each answer, or only for the last one of a message; or it waits
/// for each, and each message gets a header field.
enum class variant : std::uint8_t { lock, nr, addhdr };

struct settings {
    std::string address{};
    variant what = variant::lock;
    std::size_t max_connections = 10'000;
    std::uint32_t max_frame = kilter::data_size_64k;
    std::size_t max_unsent = 1'048'576;
    seconds timeout{7'210};      ///< as libmilter's: MTAs wait for as long as their clients do
    seconds frame_timeout{600};  ///< Postfix may keep the end of a frame until its client goes on: 300 s
    seconds grace{30};
};

inline constexpr auto usage =
    "usage: epoll_server ADDRESS [lock | nr | addhdr] [OPTION]...\n"
    "ADDRESS is inet:PORT@HOST (port 0: any that is free), unix:PATH, or a path.\n"
    "  --max-connections N      at a time; the next ones wait\n"
    "  --max-frame BYTES        in one frame of the MTA\n"
    "  --max-unsent BYTES       of answers that the MTA doesn't read\n"
    "  --timeout SECONDS        without a byte\n"
    "  --frame-timeout SECONDS  for the first frame, the rest of one, or until answers are read\n"
    "  --grace SECONDS          for the messages under way when SIGTERM or SIGINT comes\n";

/// Throws std::invalid_argument.
inline settings read_settings(int count, char** arguments) {
    settings with;
    const auto read = [](auto& into) {
        const std::string_view text{optarg};
        const auto* const end = text.data() + text.size();
        std::int32_t value = 0;
        const auto [at, wrong] = std::from_chars(text.data(), end, value);
        if (wrong != std::errc{} || at != end || value < 1 || value > 1'000'000'000)
            throw std::invalid_argument{"not a number from 1 to 1000000000: " + std::string{text}};
        into = std::remove_reference_t<decltype(into)>(value);
    };
    static const option options[] = {{"max-connections", required_argument, nullptr, 'c'},
                                     {"max-frame", required_argument, nullptr, 'f'},
                                     {"max-unsent", required_argument, nullptr, 'u'},
                                     {"timeout", required_argument, nullptr, 't'},
                                     {"frame-timeout", required_argument, nullptr, 'r'},
                                     {"grace", required_argument, nullptr, 'g'},
                                     {nullptr, 0, nullptr, 0}};
    for (int which = 0; (which = getopt_long(count, arguments, "", options, nullptr)) != -1;) {
        switch (which) {
            case 'c': read(with.max_connections); break;
            case 'f': read(with.max_frame); break;
            case 'u': read(with.max_unsent); break;
            case 't': read(with.timeout); break;
            case 'r': read(with.frame_timeout); break;
            case 'g': read(with.grace); break;
            default: throw std::invalid_argument{"an option that isn't known, or lacks its value"};
        }
    }
    if (optind == count || optind + 2 < count) throw std::invalid_argument{"one address, one variant"};
    with.address = arguments[optind];
    const std::string_view what = optind + 1 < count ? arguments[optind + 1] : "lock";
    if (what == "nr")
        with.what = variant::nr;
    else if (what == "addhdr")
        with.what = variant::addhdr;
    else if (what != "lock")
        throw std::invalid_argument{"no such variant: " + std::string{what}};
    return with;
}
