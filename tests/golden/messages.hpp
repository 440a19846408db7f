// SPDX-License-Identifier: MIT
// Messages with their bytes, written down by hand: E1 to E52 of the protocol facts, and what peers got wrong.
#pragma once

#include <cstddef>
#include <string_view>
#include <tuple>
#include <utility>

#include <kilter/wire.hpp>

#include "support/hex.hpp"

namespace test::golden {

using namespace kilter;
using namespace std::string_view_literals;
using namespace test::literals;

/// A message, and the frame that it is.
template <class M>
struct row {
    std::string_view title;
    M message;
    std::string_view bytes;
};

// clang-format off

inline constexpr std::tuple messages{
    // From the MTA.
    row<command::negotiate>{"E1 an offer of both MTAs",
        {.version = 6, .actions = action{0x1ff}, .options = option{0x1fffff}},
        "00 00 00 0d 4f 00 00 00 06 00 00 01 ff 00 1f ff ff"_hex},
    row<command::negotiate>{"E2 an offer of an old MTA",
        {.version = 2, .actions = action{0x3f}, .options = option{0x7f}},
        "00 00 00 0d 4f 00 00 00 02 00 00 00 3f 00 00 00 7f"_hex},
    row<command::negotiate>{"N23 a version in more than one byte",
        {.version = 65542, .actions = action{0x80000000}, .options = option{0x30000001}},
        "00 00 00 0d 4f 00 01 00 06 80 00 00 00 30 00 00 01"_hex},
    row<command::macro>{"E5 macros for connect",
        {.command = 'C', .definitions = "j\0mx.test\0{daemon_name}\0MTA\0"sv},
        "00 00 00 1e 44 43 6a 00 6d 78 2e 74 65 73 74 00 7b 64 61 65 6d 6f 6e 5f 6e 61 6d 65 7d 00 4d 54 41 00"_hex},
    row<command::macro>{"E6 no macros for helo",
        {.command = 'H', .definitions = {}},
        "00 00 00 02 44 48"_hex},
    row<command::macro>{"X51 macros with empty values",
        {.command = 'M', .definitions = "i\0A\0{x}\0\0"sv},
        "00 00 00 0b 44 4d 69 00 41 00 7b 78 7d 00 00"_hex},
    row<command::macro>{"X60 a macro with a byte that is not ASCII",
        {.command = 'M', .definitions = "{mail_addr}\0j\xe9@x\0"sv},
        "00 00 00 13 44 4d 7b 6d 61 69 6c 5f 61 64 64 72 7d 00 6a e9 40 78 00"_hex},
    row<command::connect>{"E7 a client over IPv4",
        {.hostname = "localhost", .family = family::inet, .port = 58548, .address = "127.0.0.1"},
        "00 00 00 18 43 6c 6f 63 61 6c 68 6f 73 74 00 34 e4 b4 31 32 37 2e 30 2e 30 2e 31 00"_hex},
    row<command::connect>{"E8 a client over IPv6 as Sendmail says it",
        {.hostname = "[IPv6:2001:db8::1]", .family = family::inet6, .port = 25000, .address = "IPv6:2001:db8::1"},
        "00 00 00 28 43 5b 49 50 76 36 3a 32 30 30 31 3a 64 62 38 3a 3a 31 5d 00 36 61 a8 49 50 76 36 3a 32 30 30 31 3a 64 62 38 3a 3a 31 00"_hex},
    row<command::connect>{"E9 a client over IPv6 as Postfix says it",
        {.hostname = "[2001:db8::1]", .family = family::inet6, .port = 25000, .address = "2001:db8::1"},
        "00 00 00 1e 43 5b 32 30 30 31 3a 64 62 38 3a 3a 31 5d 00 36 61 a8 32 30 30 31 3a 64 62 38 3a 3a 31 00"_hex},
    row<command::connect>{"E10 a local client",
        {.hostname = "localhost", .family = family::local, .port = 0, .address = "/run/s"},
        "00 00 00 15 43 6c 6f 63 61 6c 68 6f 73 74 00 4c 00 00 2f 72 75 6e 2f 73 00"_hex},
    row<command::connect>{"E11 a client of an unknown family",
        {.hostname = "unknown", .family = family::unknown, .port = 0, .address = {}},
        "00 00 00 0a 43 75 6e 6b 6e 6f 77 6e 00 55"_hex},
    row<command::connect>{"X24 a port with two different bytes",
        {.hostname = "h", .family = family::inet, .port = 4660, .address = "1.2.3.4"},
        "00 00 00 0e 43 68 00 34 12 34 31 2e 32 2e 33 2e 34 00"_hex},
    row<command::connect>{"X30 an IPv4 address of the family IPv6",
        {.hostname = "h", .family = family::inet6, .port = 1, .address = "::ffff:1.2.3.4"},
        "00 00 00 15 43 68 00 36 00 01 3a 3a 66 66 66 66 3a 31 2e 32 2e 33 2e 34 00"_hex},
    row<command::connect>{"X36 a hostname that is not ASCII",
        {.hostname = "m\xe9il", .family = family::inet, .port = 25, .address = "1.2.3.4"},
        "00 00 00 11 43 6d e9 69 6c 00 34 00 19 31 2e 32 2e 33 2e 34 00"_hex},
    row<command::helo>{"E12 helo",
        {.hostname = "client.example"},
        "00 00 00 10 48 63 6c 69 65 6e 74 2e 65 78 61 6d 70 6c 65 00"_hex},
    row<command::mail>{"E13 a sender with two arguments",
        {.sender = "<s@x.example>", .args = "SIZE=100\0BODY=8BITMIME\0"sv},
        "00 00 00 26 4d 3c 73 40 78 2e 65 78 61 6d 70 6c 65 3e 00 53 49 5a 45 3d 31 30 30 00 42 4f 44 59 3d 38 42 49 54 4d 49 4d 45 00"_hex},
    row<command::mail>{"E14 the null sender",
        {.sender = "<>", .args = {}},
        "00 00 00 04 4d 3c 3e 00"_hex},
    row<command::mail>{"E15 the null sender of Postfix for mail that is not from SMTP",
        {.sender = "", .args = {}},
        "00 00 00 02 4d 00"_hex},
    row<command::rcpt>{"E16 a recipient with an argument",
        {.recipient = "<r@y.example>", .args = "NOTIFY=NEVER\0"sv},
        "00 00 00 1c 52 3c 72 40 79 2e 65 78 61 6d 70 6c 65 3e 00 4e 4f 54 49 46 59 3d 4e 45 56 45 52 00"_hex},
    row<command::rcpt>{"X39 a recipient with an empty argument",
        {.recipient = "<a@b>", .args = "A=1\0\0"sv},
        "00 00 00 0c 52 3c 61 40 62 3e 00 41 3d 31 00 00"_hex},
    row<command::rcpt>{"X40 an argument with a second equals sign",
        {.recipient = "<a@b>", .args = "O=r;x=y@z\0"sv},
        "00 00 00 11 52 3c 61 40 62 3e 00 4f 3d 72 3b 78 3d 79 40 7a 00"_hex},
    row<command::rcpt>{"X41 an argument with a comma",
        {.recipient = "<a@b>", .args = "O=r;a,b@c\0"sv},
        "00 00 00 11 52 3c 61 40 62 3e 00 4f 3d 72 3b 61 2c 62 40 63 00"_hex},
    row<command::data>{"E23 data", {},
        "00 00 00 01 54"_hex},
    row<command::unknown>{"E17 an unknown command",
        {.line = "FOO bar"},
        "00 00 00 09 55 46 4f 4f 20 62 61 72 00"_hex},
    row<command::header>{"E18 a folded header field",
        {.name = "X-Fold", .value = "a\n\tb"},
        "00 00 00 0d 4c 58 2d 46 6f 6c 64 00 61 0a 09 62 00"_hex},
    row<command::header>{"E19 an empty header field",
        {.name = "X-Empty", .value = ""},
        "00 00 00 0a 4c 58 2d 45 6d 70 74 79 00 00"_hex},
    row<command::header>{"E20 a header field with its leading space",
        {.name = "Subject", .value = " one"},
        "00 00 00 0e 4c 53 75 62 6a 65 63 74 00 20 6f 6e 65 00"_hex},
    row<command::header>{"H19 a header field that is not ASCII",
        {.name = "S\xe9", .value = "\xe9"},
        "00 00 00 06 4c 53 e9 00 e9 00"_hex},
    row<command::end_of_headers>{"E24 end of headers", {},
        "00 00 00 01 4e"_hex},
    row<command::body>{"E21 a piece of a body",
        {.chunk = "line1\r\n\r\nend\r\n"},
        "00 00 00 0f 42 6c 69 6e 65 31 0d 0a 0d 0a 65 6e 64 0d 0a"_hex},
    row<command::body>{"X15 a body with a NUL",
        {.chunk = "a\0b"sv},
        "00 00 00 04 42 61 00 62"_hex},
    row<command::end_of_message>{"E22 end of message with data",
        {.chunk = "tail\r\n"},
        "00 00 00 07 45 74 61 69 6c 0d 0a"_hex},
    row<command::end_of_message>{"E25 end of message", {},
        "00 00 00 01 45"_hex},
    row<command::abort>{"E26 abort", {},
        "00 00 00 01 41"_hex},
    row<command::quit>{"E27 quit", {},
        "00 00 00 01 51"_hex},
    row<command::quit_nc>{"E28 quit, and a new client", {},
        "00 00 00 01 4b"_hex},

    // From the filter.
    row<reply::negotiate>{"E3 an answer without macro lists",
        {.version = 6, .actions = action{0x31}, .options = option{0x380}, .symbols = {}},
        "00 00 00 0d 4f 00 00 00 06 00 00 00 31 00 00 03 80"_hex},
    row<reply::negotiate>{"E4 an answer with macro lists",
        {.version = 6, .actions = action{0x101}, .options = option{0x400},
         .symbols = "\0\0\0\2i {mail_addr}\0\0\0\0\5i\0\0\0\0\6i\0"sv},
        "00 00 00 2b 4f 00 00 00 06 00 00 01 01 00 00 04 00 00 00 00 02 69 20 7b 6d 61 69 6c 5f 61 64 64 72 7d 00 00 00 00 05 69 00 00 00 00 06 69 00"_hex},
    row<reply::negotiate>{"X64 an answer with an empty macro list",
        {.version = 6, .actions = action{0x100}, .options = option{0}, .symbols = "\0\0\0\2\0"sv},
        "00 00 00 12 4f 00 00 00 06 00 00 01 00 00 00 00 00 00 00 00 02 00"_hex},
    row<reply::proceed>{"E29 go on", {},
        "00 00 00 01 63"_hex},
    row<reply::accept>{"E30 accept", {},
        "00 00 00 01 61"_hex},
    row<reply::reject>{"E31 reject", {},
        "00 00 00 01 72"_hex},
    row<reply::tempfail>{"E32 tempfail", {},
        "00 00 00 01 74"_hex},
    row<reply::discard>{"E33 discard", {},
        "00 00 00 01 64"_hex},
    row<reply::skip>{"E34 skip", {},
        "00 00 00 01 73"_hex},
    row<reply::progress>{"E35 progress", {},
        "00 00 00 01 70"_hex},
    row<reply::shutdown>{"E36 shutdown", {},
        "00 00 00 01 34"_hex},
    row<reply::conn_fail>{"E37 connection failed", {},
        "00 00 00 01 66"_hex},
    row<reply::reply_code>{"E38 an SMTP reply",
        {.text = "550 5.7.1 Go away"},
        "00 00 00 13 79 35 35 30 20 35 2e 37 2e 31 20 47 6f 20 61 77 61 79 00"_hex},
    row<reply::reply_code>{"E39 an SMTP reply of two lines with a percent sign",
        {.text = "450-4.2.0 100%% busy\r\n450 4.2.0 try later"},
        "00 00 00 2b 79 34 35 30 2d 34 2e 32 2e 30 20 31 30 30 25 25 20 62 75 73 79 0d 0a 34 35 30 20 34 2e 32 2e 30 20 74 72 79 20 6c 61 74 65 72 00"_hex},
    row<reply::add_rcpt>{"E40 add a recipient",
        {.recipient = "<n@z.example>"},
        "00 00 00 0f 2b 3c 6e 40 7a 2e 65 78 61 6d 70 6c 65 3e 00"_hex},
    row<reply::delete_rcpt>{"E41 delete a recipient",
        {.recipient = "<r@y.example>"},
        "00 00 00 0f 2d 3c 72 40 79 2e 65 78 61 6d 70 6c 65 3e 00"_hex},
    row<reply::add_rcpt_par>{"E42 add a recipient with arguments",
        {.recipient = "<n@z.example>", .args = "NOTIFY=NEVER ORCPT=rfc822;a@b"},
        "00 00 00 2d 32 3c 6e 40 7a 2e 65 78 61 6d 70 6c 65 3e 00 4e 4f 54 49 46 59 3d 4e 45 56 45 52 20 4f 52 43 50 54 3d 72 66 63 38 32 32 3b 61 40 62 00"_hex},
    row<reply::add_rcpt_par>{"E43 add a recipient, arguments left out",
        {.recipient = "<n@z.example>", .args = {}},
        "00 00 00 0f 32 3c 6e 40 7a 2e 65 78 61 6d 70 6c 65 3e 00"_hex},
    row<reply::change_from>{"E44 change the sender to the null sender",
        {.sender = "<>", .args = {}},
        "00 00 00 04 65 3c 3e 00"_hex},
    row<reply::change_from>{"E45 change the sender, with arguments",
        {.sender = "<n@z.example>", .args = "RET=HDRS ENVID=q1"},
        "00 00 00 21 65 3c 6e 40 7a 2e 65 78 61 6d 70 6c 65 3e 00 52 45 54 3d 48 44 52 53 20 45 4e 56 49 44 3d 71 31 00"_hex},
    row<reply::add_header>{"E46 add a header field",
        {.name = "X-Scan", .value = "clean"},
        "00 00 00 0e 68 58 2d 53 63 61 6e 00 63 6c 65 61 6e 00"_hex},
    row<reply::insert_header>{"E47 insert a header field at the top",
        {.index = 0, .name = "X-Top", .value = "1"},
        "00 00 00 0d 69 00 00 00 00 58 2d 54 6f 70 00 31 00"_hex},
    row<reply::change_header>{"E48 change the second field of a name",
        {.index = 2, .name = "Received", .value = "x"},
        "00 00 00 10 6d 00 00 00 02 52 65 63 65 69 76 65 64 00 78 00"_hex},
    row<reply::change_header>{"E49 delete the first field of a name",
        {.index = 1, .name = "Subject", .value = ""},
        "00 00 00 0e 6d 00 00 00 01 53 75 62 6a 65 63 74 00 00"_hex},
    row<reply::replace_body>{"E50 a new body",
        {.chunk = "new\r\n"},
        "00 00 00 06 62 6e 65 77 0d 0a"_hex},
    row<reply::replace_body>{"E51 a new body without content", {},
        "00 00 00 01 62"_hex},
    row<reply::replace_body>{"X15 a new body with a NUL",
        {.chunk = "a\0b"sv},
        "00 00 00 04 62 61 00 62"_hex},
    row<reply::quarantine>{"E52 quarantine",
        {.reason = "virus"},
        "00 00 00 07 71 76 69 72 75 73 00"_hex},
};

// clang-format on

/// Calls f(row) for each row.
template <class F>
constexpr void for_each(F&& f) {
    std::apply([&](const auto&... each) { (f(each), ...); }, messages);
}

}  // namespace test::golden
