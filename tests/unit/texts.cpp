// SPDX-License-Identifier: MIT
// What a filter may write into a header field, an address, arguments and reasons, and what it may not.
#include <kilter/codec.hpp>

#include <string>
#include <vector>

#include "support/catch.hpp"

using namespace kilter;
using namespace std::string_view_literals;

namespace {

struct row {
    std::string_view text;
    errc outcome;
};

using table = std::vector<row>;

}  // namespace

TEST_CASE("a header field's name is printable ASCII without space and colon") {
    const table rows{
        {"Subject", errc::ok},
        {"X", errc::ok},
        {"X-!#~_{|}", errc::ok},
        {"", errc::bad_header_name},
        {"X Y", errc::bad_header_name},
        {"X:", errc::bad_header_name},
        {":", errc::bad_header_name},
        {"X\r\nBcc", errc::bad_header_name},
        {"X\n", errc::bad_header_name},
        {"X\t", errc::bad_header_name},
        {"X\x7f", errc::bad_header_name},
        {"S\xe9", errc::bad_header_name},
        {"X\0Y"sv, errc::nul_in_text},
    };
    for (const auto& row : rows) {
        INFO(row.text);
        CHECK(check(reply::add_header{.name = row.text, .value = "v"}) == row.outcome);
        CHECK(check(reply::insert_header{.index = 0, .name = row.text, .value = "v"}) == row.outcome);
        CHECK(check(reply::change_header{.index = 1, .name = row.text, .value = "v"}) == row.outcome);
    }
}

TEST_CASE("a header field's value goes on after a LF with white space and text, and has no CR [H11] [H28]") {
    const table rows{
        {"", errc::ok},
        {"clean", errc::ok},
        {" clean", errc::ok},
        {"Caf\xc3\xa9", errc::ok},
        {"a\n b", errc::ok},
        {"a\n\tb\n c", errc::ok},
        {"a\tb", errc::ok},
        {"a\n \tb", errc::ok},
        {"a\n ", errc::bad_header_value},
        {"a\n \t", errc::bad_header_value},
        {"a\n \n b", errc::bad_header_value},
        {"a\n b\n \t\n c", errc::bad_header_value},
        {"a\r\n b", errc::bad_header_value},
        {"a\rb", errc::bad_header_value},
        {"a\r", errc::bad_header_value},
        {"a\nb", errc::bad_header_value},
        {"a\n", errc::bad_header_value},
        {"a\n\nb", errc::bad_header_value},
        {"a\n\n b", errc::bad_header_value},
        {"\nBcc: x", errc::bad_header_value},
        {"a\n b\nc", errc::bad_header_value},
        {"a\0b"sv, errc::nul_in_text},
        {"a\n b\0"sv, errc::nul_in_text},
    };
    for (const auto& row : rows) {
        INFO(row.text);
        CHECK(check(reply::add_header{.name = "X", .value = row.text}) == row.outcome);
        CHECK(check(reply::insert_header{.index = 0, .name = "X", .value = row.text}) == row.outcome);
        CHECK(check(reply::change_header{.index = 1, .name = "X", .value = row.text}) == row.outcome);
    }
}

TEST_CASE("the space before a header field's value is one space or none") {
    for (const auto space : {""sv, " "sv}) {
        CHECK(check(reply::add_header{.name = "X", .value = "v", .space = space}) == errc::ok);
        CHECK(check(command::header{.name = "X", .value = "v", .space = space}) == errc::ok);
    }
    for (const auto space : {"  "sv, "\t"sv, "\n"sv, "x"sv, "\0"sv}) {
        CHECK(check(reply::add_header{.name = "X", .value = "v", .space = space}) == errc::bad_header_value);
        CHECK(check(command::header{.name = "X", .value = "v", .space = space}) == errc::bad_header_value);
    }
}

TEST_CASE("an address isn't empty and has no control characters [H29]") {
    const table rows{
        {"<>", errc::ok},
        {"<a@b>", errc::ok},
        {"a@b", errc::ok},
        {"<\"a b\"@c>", errc::ok},
        {"<\xc3\xa9@b>", errc::ok},
        {"", errc::bad_address},
        {"<a@b>\r\n", errc::bad_address},
        {"<a\n@b>", errc::bad_address},
        {"<a\t@b>", errc::bad_address},
        {"<a\x7f@b>", errc::bad_address},
        {"<a\0@b>"sv, errc::nul_in_text},
    };
    for (const auto& row : rows) {
        INFO(row.text);
        CHECK(check(reply::change_from{.sender = row.text}) == row.outcome);
        CHECK(check(reply::add_rcpt{.recipient = row.text}) == row.outcome);
        CHECK(check(reply::add_rcpt_par{.recipient = row.text}) == row.outcome);
        CHECK(check(reply::delete_rcpt{.recipient = row.text}) == row.outcome);
    }
}

TEST_CASE("arguments have no control characters [H29]") {
    const table rows{
        {"", errc::ok},           {"RET=HDRS ENVID=q1", errc::ok}, {"\xc3\xa9", errc::ok},
        {"a\nb", errc::bad_text}, {"a\r\nb", errc::bad_text},      {"a\tb", errc::bad_text},
        {"\x7f", errc::bad_text}, {"a\0b"sv, errc::nul_in_text},
    };
    for (const auto& row : rows) {
        INFO(row.text);
        CHECK(check(reply::change_from{.sender = "<>", .args = row.text}) == row.outcome);
        CHECK(check(reply::add_rcpt_par{.recipient = "<>", .args = row.text}) == row.outcome);
    }
}

TEST_CASE("a reason with control characters is sent with spaces instead, so that the message is held [P09]") {
    std::string out;
    CHECK(encode(reply::quarantine{"a\r\nb\0\x7f\xe9"sv}, out) == errc::ok);
    CHECK(out == "\0\0\0\x09qa  b  \xe9\0"sv);
}

TEST_CASE("an index that MTAs read differently is refused") {
    const auto insert = [](std::uint32_t index) {
        return check(reply::insert_header{.index = index, .name = "X"});
    };
    CHECK(insert(0) == errc::ok);
    CHECK(insert(1) == errc::ok);
    CHECK(insert(0x7fffffff) == errc::ok);
    CHECK(insert(0x80000000) == errc::bad_index);
    CHECK(insert(0xffffffff) == errc::bad_index);

    const auto change = [](std::uint32_t index) {
        return check(reply::change_header{.index = index, .name = "X"});
    };
    CHECK(change(0) == errc::bad_index);
    CHECK(change(1) == errc::ok);
    CHECK(change(0x7fffffff) == errc::ok);
    CHECK(change(0x80000000) == errc::bad_index);
    CHECK(change(0xffffffff) == errc::bad_index);
}

TEST_CASE("an MTA may say any text that has no NUL, and any header field with a name [X36] [H19]") {
    const auto odd = "\r\n\t\x01\x7f\xff: "sv;
    CHECK(check(command::helo{odd}) == errc::ok);
    CHECK(check(command::mail{.sender = odd}) == errc::ok);
    CHECK(check(command::rcpt{.recipient = odd}) == errc::ok);
    CHECK(check(command::unknown{odd}) == errc::ok);
    CHECK(check(command::header{.name = odd, .value = odd}) == errc::ok);
    CHECK(check(command::header{.name = "", .value = "v"}) == errc::empty_name);
    CHECK(check(command::helo{"a\0"sv}) == errc::nul_in_text);
}

TEST_CASE("a client's address is of a known family") {
    CHECK(check(command::connect{.hostname = "h", .family = family::inet, .address = "1.2.3.4"}) == errc::ok);
    CHECK(check(command::connect{.hostname = "h", .family = family::inet6, .address = "::1"}) == errc::ok);
    CHECK(check(command::connect{.hostname = "h", .family = family::local, .address = "/x"}) == errc::ok);
    CHECK(check(command::connect{.hostname = "h"}) == errc::ok);
    CHECK(check(command::connect{.hostname = "h", .family = family{'5'}}) == errc::unknown_family);
    CHECK(check(command::connect{.hostname = "h", .family = family{}}) == errc::unknown_family);
    CHECK(check(command::connect{.hostname = "h\0"sv}) == errc::nul_in_text);
    CHECK(check(command::connect{.hostname = "h", .family = family::inet, .address = "\0"sv}) ==
          errc::nul_in_text);
}

TEST_CASE("a list is sent only if its last text is ended, and macros only in pairs") {
    CHECK(check(command::mail{.sender = "<>", .args = "A=1\0B=2\0"sv}) == errc::ok);
    CHECK(check(command::mail{.sender = "<>", .args = "A=1\0B=2"sv}) == errc::missing_nul);
    CHECK(check(command::rcpt{.recipient = "<>", .args = "A=1"sv}) == errc::missing_nul);
    CHECK(check(command::macro{.command = 'C', .definitions = "i\0A\0"sv}) == errc::ok);
    CHECK(check(command::macro{.command = 'C', .definitions = "i\0A\0j\0"sv}) == errc::missing_value);
    CHECK(check(command::macro{.command = 'C', .definitions = "i\0A"sv}) == errc::missing_nul);
}

TEST_CASE("each macro has a value, however many texts there are, of any length and any bytes") {
    for (const auto text : {""sv, "a"sv, "\x80"sv, "\xff\xff"sv, "\x01\x7f\x80\xfe\xff\x81\x01\x80"sv,
                            "1234567"sv, "sixteen bytes..."sv}) {
        std::string definitions;
        for (int texts = 1; texts != 40; ++texts) {
            definitions.append(text).push_back('\0');
            CHECK(check(command::macro{.command = 'C', .definitions = std::string_view{definitions}}) ==
                  (texts % 2 == 0 ? errc::ok : errc::missing_value));
        }
    }
}

TEST_CASE("a list packed with a NUL in a text is refused, whichever text it is [H29]") {
    const auto args = pack_texts({"A=1", "B\0=2"sv});
    CHECK(check(command::mail{.sender = "<>", .args = args}) == errc::missing_nul);
    const auto definitions = pack_definitions({{"i", "A\0"sv}, {"j", "B"}});
    CHECK(check(command::macro{.command = 'C', .definitions = definitions}) == errc::missing_nul);
    const auto symbols = pack_symbols({{stage::mail, "i\0"sv}, {stage::rcpt, "j"}});
    CHECK(check(reply::negotiate{.symbols = symbols}) == errc::missing_field);
}

TEST_CASE("macro lists are in the order of their stages, and end of message needs end of headers") {
    struct symbols_row {
        std::string packed;
        errc outcome;
    };
    const std::vector<symbols_row> rows{
        {"", errc::ok},
        {pack_symbols({{stage::connect, "j"}}), errc::ok},
        {pack_symbols({{stage::connect, ""}, {stage::data, "i"}}), errc::ok},
        {pack_symbols({{stage::end_of_message, "i"}, {stage::end_of_headers, ""}}), errc::ok},
        {pack_symbols({{stage::mail, "i"}, {stage::connect, "j"}}), errc::bad_symbols},
        {pack_symbols({{stage::mail, "i"}, {stage::mail, "j"}}), errc::bad_symbols},
        {pack_symbols({{stage::end_of_message, "i"}}), errc::bad_symbols},
        {pack_symbols({{stage::end_of_headers, "i"}}), errc::bad_symbols},
        {pack_symbols({{stage::end_of_headers, "i"}, {stage::end_of_message, "i"}}), errc::bad_symbols},
        {pack_symbols({{stage{7}, "i"}}), errc::bad_symbols},
        {pack_symbols({{stage{0xffffffff}, "i"}}), errc::bad_symbols},
        {std::string(4, '\0'), errc::missing_field},
        {std::string(3, '\0'), errc::missing_field},
        {std::string(4, '\0') + "i", errc::missing_nul},
    };
    for (const auto& row : rows) {
        const reply::negotiate answer{.symbols = row.packed};
        INFO(row.packed);
        CHECK(check(answer) == row.outcome);
    }
}
