// SPDX-License-Identifier: MIT
// A connection in which everything is said that may be: each command, and the replies to it, as bytes.
#pragma once

#include <cstddef>
#include <string>
#include <string_view>
#include <vector>

#include "support/pair.hpp"

namespace test {

/// A command, and what the filter says to it.
struct exchange {
    std::string command;
    std::vector<std::string> replies{};
};

/// Two mails and a client that says nothing. Pieces of bodies have `body` bytes.
inline std::vector<exchange> dialogue(std::size_t body) {
    using namespace std::string_view_literals;
    const std::string go_on = raw('c');
    const std::string chunk(body, 'x');
    const auto client =
        "mx.example\0"
        "4\x64\x09"
        "192.0.2.1\0"sv;
    return {
        {raw('O', "\0\0\0\6\0\0\1\xff\0\x1f\xff\xff"sv),
         {raw('O', "\0\0\0\6\0\0\1\xff\0\0\x04\0\0\0\0\2i {mail_addr}\0"sv)}},
        {raw('D', "Cj\0mx\0{daemon_name}\0MTA\0"sv)},
        {raw('C', client), {go_on}},
        {raw('D', "H"sv)},
        {raw('H', "client.example\0"sv), {go_on}},
        {raw('D', "Mi\0A1\0{mail_addr}\0s@x.example\0"sv)},
        {raw('M', "<s@x.example>\0SIZE=1000\0BODY=8BITMIME\0"sv), {go_on}},
        {raw('D', "R{rcpt_addr}\0nobody@y.example\0"sv)},
        {raw('R', "<nobody@y.example>\0NOTIFY=NEVER\0"sv),
         {raw('y', "550-5.1.1 Nobody\r\n550 5.1.1 is here\0"sv)}},
        {raw('R', "<r@y.example>\0"sv), {go_on}},
        {raw('T'), {go_on}},
        {raw('L', "Subject\0one\n two\0"sv), {go_on}},
        {raw('L', "X-Empty\0\0"sv), {go_on}},
        {raw('N'), {go_on}},
        {raw('B', chunk), {go_on}},
        {raw('B', chunk), {raw('s')}},
        {raw('D', "Ei\0A1\0"sv)},
        {raw('E'),
         {raw('p'), raw('h', "X-Scan\0clean\0"sv), raw('i', "\0\0\0\0X-Top\0one\n\ttwo\0"sv),
          raw('m', "\0\0\0\1Subject\0two\0"sv), raw('m', "\0\0\0\1X-Empty\0\0"sv),
          raw('e', "<n@x.example>\0RET=HDRS\0"sv), raw('+', "<a@y.example>\0"sv),
          raw('2', "<b@y.example>\0NOTIFY=NEVER\0"sv), raw('-', "<r@y.example>\0"sv), raw('b', chunk),
          raw('b', chunk), raw('q', "held for a look\0"sv), raw('a')}},
        {raw('U', "FOO bar\0"sv), {raw('r')}},
        {raw('M', "<>\0"sv), {go_on}},
        {raw('R', "<r@y.example>\0"sv), {raw('t')}},
        {raw('R', "<q@y.example>\0"sv), {raw('d')}},
        {raw('A')},
        {raw('K')},
        {raw('C', "unknown\0U"sv), {raw('a')}},
        {raw('Q')},
    };
}

inline std::string commands_of(const std::vector<exchange>& all) {
    std::string bytes;
    for (const auto& e : all) bytes += e.command;
    return bytes;
}

inline std::string replies_of(const exchange& one) {
    std::string bytes;
    for (const auto& r : one.replies) bytes += r;
    return bytes;
}

inline std::string replies_of(const std::vector<exchange>& all) {
    std::string bytes;
    for (const auto& e : all) bytes += replies_of(e);
    return bytes;
}

/// The frame in some bytes.
inline frame only_frame(std::string_view bytes) { return {bytes[length_size], bytes.substr(frame_overhead)}; }

}  // namespace test
