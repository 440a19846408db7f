// SPDX-License-Identifier: MIT
// SMTP replies as an MTA hears them: which texts are taken, their parts, and what the client gets.
#include <kilter/smtp_reply.hpp>

#include <kilter/codec.hpp>
#include <kilter/session.hpp>

#include "support/catch.hpp"
#include "support/pair.hpp"

#include <cstddef>
#include <iterator>
#include <ranges>
#include <string>
#include <string_view>
#include <vector>

using namespace kilter;
using namespace test;
using namespace std::string_view_literals;

namespace {

/// What an MTA makes of a payload of this reply, in answer to HELO.
errc heard_as(std::string_view payload) {
    pair p;
    REQUIRE(p.negotiate() == errc::ok);
    REQUIRE(p.passes(command::connect{}) == errc::ok);
    REQUIRE(p.mta_says(command::helo{}) == errc::ok);
    heard(p.mta, raw('y', payload));
    const auto taken = payload.starts_with("421") ? todo::hang_up : todo::refuse_connection;
    CHECK(p.mta.now() == (p.mta.error() == errc::ok ? taken : todo::give_up));
    return p.mta.error();
}

/// The lines, gone through from the first to the last.
std::vector<std::string_view> all(const reply_lines& lines) {
    std::vector<std::string_view> found;
    for (const auto line : lines) found.push_back(line);
    return found;
}

std::string terminated(std::string_view text) { return std::string{text}.append(1, '\0'); }

/// Code, enhanced code and lines, with bars between: `550|5.7.1|No`.
std::string parts(std::string_view text) {
    const auto reply = smtp_reply::parse(text);
    if (!reply) return std::string{to_string(reply.error())};
    auto all = std::string{reply->code}.append("|").append(reply->enhanced_code);
    for (const auto line : reply->lines) all.append("|").append(line);
    return all;
}

struct row {
    std::string_view text;
    std::string_view parts;
};

// Protocol facts 2.3.2, the column of the newest Postfix.
const std::vector<row> good{
    {"550 5.7.1 Go away", "550|5.7.1|Go away"},
    {"451 4.7.1 Later", "451|4.7.1|Later"},
    {"400 x", "400||x"},
    {"599 x", "599||x"},
    {"421 4.3.2 Bye", "421|4.3.2|Bye"},
    {"550 ", "550||"},
    {"550  ", "550|| "},
    {"550 No", "550||No"},
    {"550 -", "550||-"},
    // An enhanced code is three numbers of up to three digits, and stands alone.
    {"550 5.7.1", "550|5.7.1|"},
    {"550 5.7.1 ", "550|5.7.1|"},
    {"550 5.7.1  x", "550|5.7.1| x"},
    {"550 5.123.456 x", "550|5.123.456|x"},
    {"550 5.0.0 5.7.1 x", "550|5.0.0|5.7.1 x"},
    {"550  5.7.1 x", "550|| 5.7.1 x"},
    {"550 x 5.7.1", "550||x 5.7.1"},
    {"550 5.7.1x", "550||5.7.1x"},
    {"550 5.7.1.2 x", "550||5.7.1.2 x"},
    {"550 5.7.1234 x", "550||5.7.1234 x"},
    {"550 5.1234.1 x", "550||5.1234.1 x"},
    {"550 5.7. x", "550||5.7. x"},
    {"550 5.7 x", "550||5.7 x"},
    {"550 5x7.1 x", "550||5x7.1 x"},
    {"550 5.7x1 x", "550||5.7x1 x"},
    {"550 5.7 1 x", "550||5.7 1 x"},
    {"550 5.777", "550||5.777"},
    {"550 5", "550||5"},
    {"550 5 things", "550||5 things"},
    {"550 55.7.1 x", "550||55.7.1 x"},
    {"450 4xy", "450||4xy"},
    // Of several lines the first one's counts, and each has its own taken off.
    {"550-5.7.1 a\r\n550-5.7.2 b\r\n550 5.7.3 c", "550|5.7.1|a|b|c"},
    {"550-a\r\n550 5.7.1 b", "550||a|b"},
    {"550-5.7.1 a\r\n550 b", "550|5.7.1|a|b"},
    {"550-\r\n550-\r\n550 ", "550||||"},
    {"450-4.2.0\r\n450 4.2.0", "450|4.2.0||"},
    {"421-4.3.2 a\r\n421 4.3.2 b", "421|4.3.2|a|b"},
    // A `%` may stand alone, and bytes from 0x80 up are text.
    {"550 %", "550||%"},
    {"550 %%", "550||%%"},
    {"550 all 100%% of %s", "550||all 100%% of %s"},
    {"550 Caf\xc3\xa9 \x80\xff", "550||Caf\xc3\xa9 \x80\xff"},
};

const std::vector<std::string_view> bad{
    "",
    "5",
    "55",
    "550",
    " ",
    // Not a refusal.
    "250 ok",
    "150 x",
    "350 x",
    "650 x",
    "050 x",
    "a50 x",
    "\xb5"
    "50 x",
    " 550 x",
    // Not a code.
    "5a0 x",
    "55a x",
    "5:0 x",
    "55/ x",
    "5501 x",
    // Neither a space nor a `-` behind it.
    "550x",
    "550_x",
    "550+x",
    "550\tx",
    "550.7.1 x",
    // A digit that isn't the code's own.
    "550 4.7.1 x",
    "450 5.7.1 x",
    "550 2.0.0 x",
    "550 4 x",
    "550 4",
    "550 0",
    "550 9 lives",
    "550-5.7.1 a\r\n550 4.7.1 b",
    "550-4.7.1 a\r\n550 5.7.1 b",
    // The last line goes on, or another one doesn't.
    "550-",
    "550-x",
    "550-a\r\n550-b",
    "550 a\r\n550 b",
    "550 a\r\n550-b\r\n550 c",
    "550-a\r\n550 b\r\n550 c",
    // Codes differ.
    "550-a\r\n551 b",
    "550-a\r\n450 b",
    "550-a\r\n540 b",
    "550-a\r\n551-b\r\n550 c",
    "550-a\r\nb",
    "550-a\r\n 550 b",
    // Line ends.
    "550 a\r\n",
    "550-a\r\n",
    "550-a\r\n550",
    "550-a\r\n\r\n550 b",
    "\r\n550 a",
    "550 a\n",
    "550 a\r",
    "550 a\n250 ok",
    "550 a\r250 ok",
    "550-a\n550 b",
    "550-a\r550 b",
    "550-a\r\r\n550 b",
    "550-a\n\r\n550 b",
    "550-a\r\n550 b\r\n",
    "550-a\r\n550 b\nc",
    "550-a\r\n550 b\r",
    "550-a\r\n550-b\rx550 c",
    "550-a\r\n550\nb",
    // Other control characters.
    "550 a\tb",
    "550 a\x1b[0m",
    "550 a\x01",
    "550 a\x1f",
    "550 a\x7f",
    "550-\x07\r\n550 b",
};

}  // namespace

TEST_CASE("a reply that the newest Postfix takes is taken, and read into its parts") {
    for (const auto& row : good) {
        INFO(row.text);
        CHECK(parts(row.text) == row.parts);
        CHECK(check_heard(reply::reply_code{row.text}) == errc::ok);
        CHECK(heard_as(terminated(row.text)) == errc::ok);
        CHECK(heard_as(row.text) == errc::ok);  // the NUL may be missing
    }
}

TEST_CASE("a reply that the newest Postfix finds malformed is refused") {
    for (const auto text : bad) {
        INFO(text);
        CHECK(smtp_reply::parse(text).error() == errc::bad_reply_text);
        CHECK(check_heard(reply::reply_code{text}) == errc::bad_reply_text);
        CHECK(heard_as(terminated(text)) == errc::bad_reply_text);
        CHECK(heard_as(text) == errc::bad_reply_text);
    }
}

TEST_CASE("a reply with a NUL is refused, wherever it is") {
    for (const auto text : {"\0"sv, "550 a\0b"sv, "550 a\0"sv, "550\0a"sv,
                            "\0"
                            "550 a"sv,
                            "550-a\0\r\n550 b"sv, "550-a\r\n550 b\0"sv}) {
        CHECK(smtp_reply::parse(text).error() == errc::nul_in_text);
        CHECK(check_heard(reply::reply_code{text}) == errc::nul_in_text);
        CHECK(heard_as(terminated(text)) == errc::trailing_bytes);
    }
    CHECK(heard_as("550 a\0\0"sv) == errc::trailing_bytes);
}

TEST_CASE("of a reply cut short, what could be the last line is taken") {
    constexpr auto text = "550-5.7.1 a%%\r\n550-5.7.1\r\n550 5.7.1 \xe9"sv;
    constexpr auto last_line = 26;
    static_assert(text.substr(last_line, 4) == "550 ");
    for (std::size_t size = 0; size <= text.size(); ++size) {
        const std::string front{text.substr(0, size)};
        INFO(front);
        CHECK(smtp_reply::parse(front).has_value() == (size >= last_line + 4));
        CHECK(heard_as(front) == (size >= last_line + 4 ? errc::ok : errc::bad_reply_text));
    }
    constexpr auto one_line = "450 4.7.1 Later"sv;
    for (std::size_t size = 0; size <= one_line.size(); ++size)
        CHECK(smtp_reply::parse(one_line.substr(0, size)).has_value() == (size >= 4));
}

TEST_CASE("every byte that isn't a control character may stand in a reply") {
    for (int byte = 1; byte != 256; ++byte) {
        const std::string text{'5', '5', '0', ' ', 'x', static_cast<char>(byte)};
        INFO(byte);
        CHECK(smtp_reply::parse(text).has_value() == (byte >= 0x20 && byte != 0x7f));
    }
}

TEST_CASE("the parts of a reply are views of its text") {
    const auto text = "550-5.7.1 a\r\n550 b"sv;
    const auto reply = smtp_reply::parse(text);
    REQUIRE(reply);
    CHECK(reply->code.data() == text.data());
    CHECK(reply->enhanced_code.data() == text.data() + 4);
    CHECK((*reply->lines.begin()).data() == text.data() + 10);
    CHECK((*std::next(reply->lines.begin())).data() == text.data() + 17);
}

TEST_CASE("the lines of a reply are a forward range") {
    static_assert(std::ranges::forward_range<reply_lines>);
    static_assert(std::is_same_v<std::ranges::range_value_t<reply_lines>, std::string_view>);

    const auto reply = smtp_reply::parse("550-a\r\n550-\r\n550 c");
    REQUIRE(reply);
    const auto& lines = reply->lines;
    CHECK(all(lines) == std::vector{"a"sv, ""sv, "c"sv});
    CHECK(all(lines) == std::vector{"a"sv, ""sv, "c"sv});  // once more

    auto at = lines.begin();
    const auto before = at++;
    CHECK(*before == "a");
    CHECK(*at == "");
    CHECK(before != at);
    CHECK(before == lines.begin());
    CHECK(at != lines.end());
    CHECK(*++at == "c");
    CHECK(++at == lines.end());
    CHECK(at != lines.begin());

    CHECK(all(reply_lines{}).empty());
    CHECK(all(smtp_reply{}.lines).empty());
}

TEST_CASE("what isn't a reply has no parts") {
    const auto reply = smtp_reply::parse("550 4.7.1 x");
    CHECK_FALSE(reply);
    CHECK(reply->code.empty());
    CHECK(reply->enhanced_code.empty());
    CHECK(all(reply->lines).empty());
}

TEST_CASE("what a filter may say, an MTA takes") {
    for (const auto text :
         {"550 5.7.1 Go away"sv, "550-a\r\n550 b"sv, "450-4.2.0 100%% busy\r\n450 4.2.0 x"sv, "550 "sv}) {
        CHECK(check(reply::reply_code{text}) == errc::ok);
        CHECK(check_heard(reply::reply_code{text}) == errc::ok);
    }
}

TEST_CASE("the client gets one percent sign for two, and a line end behind the last line") {
    CHECK(smtp_text("550 5.7.1 No") == "550 5.7.1 No\r\n");
    CHECK(smtp_text("550-a\r\n550 b") == "550-a\r\n550 b\r\n");
    CHECK(smtp_text("550 %%") == "550 %\r\n");
    CHECK(smtp_text("550 a 100%% of %%s") == "550 a 100% of %s\r\n");
    CHECK(smtp_text("550 %%%%") == "550 %%\r\n");
    CHECK(smtp_text("550-%%\r\n550 %%") == "550-%\r\n550 %\r\n");
    // A lone one is meant as it is (protocol facts 9, row 32).
    CHECK(smtp_text("550 %") == "550 %\r\n");
    CHECK(smtp_text("550 a 100% x") == "550 a 100% x\r\n");
    CHECK(smtp_text("550 %%%") == "550 %%\r\n");
    CHECK(smtp_text("550 % %") == "550 % %\r\n");
    CHECK(smtp_text("550 \xff") == "550 \xff\r\n");
    CHECK(smtp_text("550 ") == "550 \r\n");
}

TEST_CASE("the text for the client is the filter's own, or the default one of Postfix") {
    CHECK(refusal(reply::any{reply::reply_code{"550 5.7.1 No"}}) == "550 5.7.1 No");
    CHECK(refusal(reply::any{reply::reject{}}) == "550 5.7.1 Command rejected");
    CHECK(refusal(reply::any{reply::tempfail{}}) == "451 4.7.1 Service unavailable - try again later");
    CHECK(refusal(reply::any{reply::shutdown{}}) == "421 4.7.1 Service unavailable - try again later");
    CHECK(refusal(mta_session::event{reply::reject{}}) == "550 5.7.1 Command rejected");
}

TEST_CASE("nothing but a refusal has a text for the client") {
    kilter::detail::for_each_row(wire::replies, [&]<class Row>(const Row& row) {
        INFO(row.name);
        const bool refuses = "rty4"sv.find(row.code) != std::string_view::npos && row.code != 'y';
        CHECK(refusal(reply::any{typename Row::message{}}).empty() != refuses);
    });
    CHECK(refusal(mta_session::event{protocol_error{}}).empty());
}

TEST_CASE("each default text is one that a filter may say itself") {
    for (const auto text : {default_reject, default_tempfail, default_shutdown}) {
        CHECK(check(reply::reply_code{text}) == errc::ok);
        CHECK(smtp_reply::parse(text).has_value());
    }
    CHECK(smtp_reply::parse(default_reject)->code == "550");
    CHECK(smtp_reply::parse(default_tempfail)->code == "451");
    CHECK(smtp_reply::parse(default_shutdown)->code == "421");
}

// A reply is read at compile time, too.
static_assert(smtp_reply::parse("550 5.7.1 No")->code == "550");
static_assert(smtp_reply::parse("550 5.7.1 No")->enhanced_code == "5.7.1");
static_assert(*smtp_reply::parse("550 5.7.1 No")->lines.begin() == "No");
static_assert(smtp_reply::parse("550").error() == errc::bad_reply_text);
static_assert(smtp_reply::parse("550 a\0"sv).error() == errc::nul_in_text);
static_assert(smtp_reply::parse("550-a\r\n450 b").error() == errc::bad_reply_text);
static_assert([] {
    const auto reply = smtp_reply::parse("550-5.7.1 ab\r\n550 c");
    std::size_t size = 0;
    for (const auto line : reply->lines) size += line.size();
    return size == 3;
}());
