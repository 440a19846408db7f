// SPDX-License-Identifier: MIT
// What the server is told on its command line.
#pragma once

#include <chrono>
#include <cstddef>
#include <cstdint>
#include <kilter.hpp>
#include <string>

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
