// SPDX-License-Identifier: MIT
// What an MTA takes of a filter's texts, and what it refuses because it would do harm.
#include <kilter/codec.hpp>

#include <kilter/session.hpp>

#include "support/catch.hpp"
#include "support/pair.hpp"

#include <cstdint>
#include <string>
#include <string_view>
#include <vector>

using namespace kilter;
using namespace test;
using namespace std::string_view_literals;

namespace {

/// An MTA that waits for the answer to end of message.
mta_session at_end_of_message(option agreed = option::none) {
    pair p;
    REQUIRE(p.negotiate(agreed) == errc::ok);
    REQUIRE(p.passes(command::connect{}) == errc::ok);
    REQUIRE(p.passes(command::mail{"<a>"}) == errc::ok);
    REQUIRE(p.passes(command::rcpt{"<b>"}) == errc::ok);
    REQUIRE(p.mta_says(command::end_of_message{}) == errc::ok);
    return p.mta;
}

/// What that MTA makes of a frame.
errc heard_as(char code, std::string_view payload, option agreed = option::none) {
    auto s = at_end_of_message(agreed);
    const auto events = heard(s, raw(code, payload));
    CHECK(events.size() == 1);
    CHECK(s.now() == (s.error() == errc::ok ? todo::wait : todo::give_up));
    return s.error();
}

/// Texts with a NUL behind each.
template <class... Text>
std::string texts(const Text&... text) {
    return pack_texts({std::string_view{text}...});
}

std::string u32(std::uint32_t number) {
    std::string bytes;
    for (const unsigned shift : {24u, 16u, 8u, 0u})
        bytes.push_back(static_cast<char>(number >> shift & 0xff));
    return bytes;
}

struct row {
    std::string_view text;
    errc outcome;
};

using table = std::vector<row>;

}  // namespace

TEST_CASE("a header field's name that isn't printable ASCII, or has a space or colon, is refused") {
    const table rows{
        {"X", errc::ok},
        {"Subject", errc::ok},
        {"!\"#$%&'()*+,-./0123456789;<=>?@[]^_`{|}~", errc::ok},
        {"", errc::bad_header_name},
        {" ", errc::bad_header_name},
        {"X ", errc::bad_header_name},
        {" X", errc::bad_header_name},
        {"X Y", errc::bad_header_name},
        {":", errc::bad_header_name},
        {"X:", errc::bad_header_name},
        {"X: a\r\nBcc", errc::bad_header_name},
        {"X\r\nBcc", errc::bad_header_name},
        {"X\nBcc", errc::bad_header_name},
        {"X\r", errc::bad_header_name},
        {"X\t", errc::bad_header_name},
        {"X\x1f", errc::bad_header_name},
        {"X\x7f", errc::bad_header_name},
        {"X\x80", errc::bad_header_name},
        {"\xff", errc::bad_header_name},
    };
    for (const auto& row : rows) {
        INFO(row.text);
        CHECK(check_heard(reply::add_header{row.text, "v"}) == row.outcome);
        CHECK(check_heard(reply::insert_header{0, row.text, "v"}) == row.outcome);
        CHECK(check_heard(reply::change_header{1, row.text, "v"}) == row.outcome);
        CHECK(heard_as('h', texts(row.text, "v")) == row.outcome);
        CHECK(heard_as('i', u32(0) + texts(row.text, "v")) == row.outcome);
        CHECK(heard_as('m', u32(1) + texts(row.text, "v")) == row.outcome);
    }
}

TEST_CASE("a header field's value goes on after CR LF or LF and white space, and has no other CR or LF") {
    const table rows{
        {"", errc::ok},
        {"a", errc::ok},
        {" a", errc::ok},
        {"a\tb\x01\x7f\xff", errc::ok},  // no harm is known
        {"a\n b", errc::ok},
        {"a\n\tb", errc::ok},
        {"a\r\n b", errc::ok},
        {"a\r\n\tb", errc::ok},
        {"a\n b\r\n c\n\td", errc::ok},
        {"\n a", errc::ok},
        {"\r\n a", errc::ok},
        {"a\n", errc::bad_header_value},
        {"a\r\n", errc::bad_header_value},
        {"a\r", errc::bad_header_value},
        {"\r", errc::bad_header_value},
        {"\n", errc::bad_header_value},
        {"a\nb", errc::bad_header_value},
        {"a\r\nb", errc::bad_header_value},
        {"a\rb", errc::bad_header_value},
        {"a\r b", errc::bad_header_value},
        {"a\r\tb", errc::bad_header_value},
        {"a\n\n b", errc::bad_header_value},
        {"a\r\n\r\n b", errc::bad_header_value},
        {"a\r\r\n b", errc::bad_header_value},
        {"a\n\r b", errc::bad_header_value},
        {"a\n\r\n b", errc::bad_header_value},
        {"a\r\n\n b", errc::bad_header_value},
        {"a\n b\nc", errc::bad_header_value},
        {"a\r\n b\r\nc", errc::bad_header_value},
        {"a\r\n b\r\n", errc::bad_header_value},
        {"a\n b\rc", errc::bad_header_value},
        {"a\nBcc: x", errc::bad_header_value},
        {"a\r\nBcc: x", errc::bad_header_value},
    };
    for (const auto& row : rows) {
        INFO(row.text);
        CHECK(check_heard(reply::add_header{"X", row.text}) == row.outcome);
        CHECK(check_heard(reply::insert_header{0, "X", row.text}) == row.outcome);
        CHECK(check_heard(reply::change_header{1, "X", row.text}) == row.outcome);
        CHECK(heard_as('h', texts("X", row.text)) == row.outcome);
        CHECK(heard_as('i', u32(0) + texts("X", row.text)) == row.outcome);
        CHECK(heard_as('m', u32(1) + texts("X", row.text)) == row.outcome);
        CHECK(heard_as('h', texts("X", row.text), option::leading_space) == row.outcome);
    }
}

TEST_CASE("a value that is taken is handed out as it came, line ends too") {
    auto s = at_end_of_message();
    CHECK(heard(s, raw('h', "X\0a\r\n b\0"sv)) == lines{R"(add_header name="X" value="a\r\n b" space=" ")"});
    auto t = at_end_of_message(option::leading_space);
    CHECK(heard(t, raw('h', "X\0 a\n\tb\0"sv)) == lines{R"(add_header name="X" value="a\n\tb" space=" ")"});
}

TEST_CASE("an index is taken up to 2^31 - 1, and 0 of a change, too") {
    for (const std::uint32_t index : {0u, 1u, 2u, 0x7fffffffu}) {
        CHECK(heard_as('i', u32(index) + texts("X", "v")) == errc::ok);
        CHECK(heard_as('m', u32(index) + texts("X", "v")) == errc::ok);
        CHECK(check_heard(reply::insert_header{index, "X", "v"}) == errc::ok);
        CHECK(check_heard(reply::change_header{index, "X", "v"}) == errc::ok);
    }
    for (const std::uint32_t index : {0x80000000u, 0x80000001u, 0xffffffffu}) {
        CHECK(heard_as('i', u32(index) + texts("X", "v")) == errc::bad_index);
        CHECK(heard_as('m', u32(index) + texts("X", "v")) == errc::bad_index);
        CHECK(check_heard(reply::insert_header{index, "X", "v"}) == errc::bad_index);
        CHECK(check_heard(reply::change_header{index, "X", "v"}) == errc::bad_index);
    }
}

TEST_CASE("an address is taken with and without brackets, even empty, but not with control characters") {
    const table rows{
        {"<a@b>", errc::ok},
        {"a@b", errc::ok},
        {"<>", errc::ok},
        {"", errc::ok},
        {"<\"a b\"@c>", errc::ok},
        {"<\xc3\xa9@b>", errc::ok},
        {"<a\r\n@b>", errc::bad_text},
        {"<a@b>\n", errc::bad_text},
        {"\r", errc::bad_text},
        {"<a\t@b>", errc::bad_text},
        {"<a\x01@b>", errc::bad_text},
        {"<a\x7f@b>", errc::bad_text},
    };
    for (const auto& row : rows) {
        INFO(row.text);
        CHECK(check_heard(reply::change_from{row.text}) == row.outcome);
        CHECK(check_heard(reply::add_rcpt{row.text}) == row.outcome);
        CHECK(check_heard(reply::add_rcpt_par{row.text}) == row.outcome);
        CHECK(check_heard(reply::delete_rcpt{row.text}) == row.outcome);
        for (const char code : {'e', '+', '2', '-'}) CHECK(heard_as(code, texts(row.text)) == row.outcome);
        for (const char code : {'e', '2'}) CHECK(heard_as(code, texts(row.text, "A=1")) == row.outcome);
    }
}

TEST_CASE("arguments are taken without control characters") {
    const table rows{
        {"", errc::ok},           {"RET=HDRS ENVID=q1", errc::ok}, {"NOTIFY=NEVER", errc::ok},
        {"\xc3\xa9", errc::ok},   {"A=1\nB", errc::bad_text},      {"A=1\r\nRCPT TO:<x>", errc::bad_text},
        {"A\tB", errc::bad_text}, {"\x7f", errc::bad_text},
    };
    for (const auto& row : rows) {
        INFO(row.text);
        CHECK(check_heard(reply::change_from{"<>", row.text}) == row.outcome);
        CHECK(check_heard(reply::add_rcpt_par{"<a>", row.text}) == row.outcome);
        CHECK(heard_as('e', texts("<>", row.text)) == row.outcome);
        CHECK(heard_as('2', texts("<a>", row.text)) == row.outcome);
    }
}

TEST_CASE("a frame that lacks a NUL, or has more texts than it should, is refused") {
    for (const char code : {'h', '+', '-', 'e', '2'}) CHECK(heard_as(code, "X"sv) == errc::missing_nul);
    CHECK(heard_as('h', "X\0v"sv) == errc::missing_nul);
    CHECK(heard_as('h', "X\0"sv) == errc::missing_field);
    CHECK(heard_as('h', "X\0v\0w\0"sv) == errc::trailing_bytes);
    CHECK(heard_as('+', "<a>\0x\0"sv) == errc::trailing_bytes);
    CHECK(heard_as('-', "<a>\0\0"sv) == errc::trailing_bytes);
    CHECK(heard_as('e', "<a>\0A\0B\0"sv) == errc::trailing_bytes);
    CHECK(heard_as('2', "<a>\0A\0B\0"sv) == errc::trailing_bytes);
    CHECK(heard_as('i', "\0\0\0"sv) == errc::missing_field);
    CHECK(heard_as('m', "\0\0"sv) == errc::missing_field);
}

TEST_CASE("a new body, and a reason to hold a message, may have any bytes") {
    CHECK(heard_as('b', ""sv) == errc::ok);
    CHECK(heard_as('b', "\0\r\n\xff.\r\n"sv) == errc::ok);
    CHECK(heard_as('q', ""sv) == errc::ok);
    CHECK(heard_as('q', "\0"sv) == errc::ok);
    CHECK(heard_as('q', "why"sv) == errc::ok);
    CHECK(heard_as('q', "why\0"sv) == errc::ok);
}

TEST_CASE("what is wrong is told with the frame that it is in") {
    auto s = at_end_of_message();
    CHECK(heard(s, raw('h', "X\r\nBcc\0v\0"sv)) ==
          lines{"malformed header name: code \"h\", length 10, after end_of_message, while the answer to "
                "end_of_message was due"});
}

TEST_CASE("the first wrong field is told") {
    CHECK(check_heard(reply::insert_header{0x80000000, "a b", "\n"}) == errc::bad_index);
    CHECK(check_heard(reply::insert_header{0, "a b", "\n"}) == errc::bad_header_name);
    CHECK(check_heard(reply::insert_header{0, "a", "\n"}) == errc::bad_header_value);
    CHECK(check_heard(reply::change_from{"\n", "\n"}) == errc::bad_text);
}

TEST_CASE("a filter hears any text of an MTA") {
    filter_session filter;
    std::string out;
    REQUIRE(heard(filter, bytes_of(command::negotiate{})).size() == 1);
    REQUIRE(filter.send(reply::negotiate{}, out) == errc::ok);
    CHECK(heard(filter, raw('C', "a\r\n\0U"sv)).size() == 1);
    REQUIRE(filter.send(reply::proceed{}, out) == errc::ok);
    CHECK(heard(filter, raw('H', "a\r\nb\0"sv)).size() == 1);
    CHECK(filter.error() == errc::ok);
}

static_assert(check_heard(reply::add_header{"X", "a\r\n b"}) == errc::ok);
static_assert(check_heard(reply::add_header{"X", "a\r\nb"}) == errc::bad_header_value);
static_assert(check_heard(reply::proceed{}) == errc::ok);
static_assert(check_heard(reply::change_header{0, "X", ""}) == errc::ok);
