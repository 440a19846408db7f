// SPDX-License-Identifier: MIT
// The calls that an input of the target `operations` is a list of.
#pragma once

#include <cstdint>

namespace fuzz {

/// Each is one byte, and what it takes follows.
enum class call : std::uint8_t {
    mta_says,       ///< a command
    filter_says,    ///< a reply
    filter_agrees,  ///< two flags, what is wanted
    to_filter,      ///< how many bytes come (0: all), and `manner`
    to_mta,
    mta_body,         ///< a text, sent in pieces
    mta_macros,       ///< the number of a command; before it go its macros
    spoil_to_filter,  ///< `spoiling`
    spoil_to_mta,
    release_room,
    finish_filter,
    finish_mta,
    tolerate,
    texts,  ///< an SMTP reply, made and read
    lists,  ///< lists, packed and read
};

inline constexpr std::size_t calls = 15;

/// How bytes are given to a session: bits.
namespace manner {

inline constexpr std::uint8_t into_room = 1;
inline constexpr std::uint8_t keep = 2;      ///< the messages
inline constexpr std::uint8_t answer = 4;    ///< within the loop: what is said follows, for each event
inline constexpr std::uint8_t stop = 8;      ///< leave the loop at the first event,
inline constexpr std::uint8_t at_once = 16;  ///< and give the rest() to the next one, as it is

}  // namespace manner

/// The first byte of an input: bits.
namespace setting {

inline constexpr std::uint8_t without_heap = 1;  ///< frames in pieces are held in a fixed_buffer
inline constexpr std::uint8_t low_limits = 2;
inline constexpr std::uint8_t no_tolerance = 4;

}  // namespace setting

}  // namespace fuzz
