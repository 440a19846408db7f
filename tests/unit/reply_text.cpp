// SPDX-License-Identifier: MIT
// SMTP replies: which texts may be sent, and texts that are made so that they may.
#include <kilter/reply_text.hpp>

#include <kilter/codec.hpp>

#include <string>
#include <vector>

#include "support/catch.hpp"

using namespace kilter;
using namespace std::string_view_literals;

namespace {

errc checked(std::string_view text) { return check(reply::reply_code{text}); }

errc refusal(int code, std::string_view enhanced, std::string_view line) {
    return reply_text(code, enhanced, line).error();
}

}  // namespace

TEST_CASE("the text of an SMTP reply is accepted if every MTA takes it as it is meant [X21]") {
    const auto text = GENERATE(values<std::string_view>({
        "550 5.7.1 Go away",
        "451 4.7.1 x",                // [X23]
        "550 No",                     // [P15]
        "550 ",                       // taken by both MTAs
        "550 5.7.1",                  // an enhanced code alone
        "550 5.123.456 x",            // three digits
        "400 x",                      //
        "599 x",                      //
        "421 4.3.2 Closing",          // [P14]
        "421-4.3.2 a\r\n421 4.3.2 b"  // [P14]
        ,
        "450-4.2.0 100%% busy\r\n450 4.2.0 try later",  //
        "550-a\r\n550-b\r\n550 c",                      // [P17]
        "550-\r\n550 ",                                 // empty lines
        "550-5.7.1 a\r\n550 b",                         // the enhanced code on one line only
        "550 %%",                                       // [P13]
        "550 %%%%s",                                    //
        "550 Caf\xc3\xa9",                              //
        "550 x 4.7.1",                                  // not at the front
        "550  5.7.1",                                   // begins with a space, not with a digit
    }));
    INFO(text);
    CHECK(checked(text) == errc::ok);
}

TEST_CASE("the text of an SMTP reply is refused if some MTA would take it amiss [X21]") {
    const auto text = GENERATE(values<std::string_view>({
        "",
        "5",
        "55",
        "550",  // [X20]
        "\r\n",
        "550-\r\n5",  // [X20]
        "550-",       // the last line goes on
        "550-a",      //
        "550x",       //
        "550\ta",     //
        "4511 x",     // [X23]
        "250 ok",     // not a refusal
        "350 x",
        "650 x",
        "050 x",  //
        "5a0 x",
        "55a x",
        " 550 x",       //
        "550 4.7.1 x",  // [P12]
        "450 5.7.1 x",  //
        "550 2.0.0 x",  //
        "550 5",        // begins with a digit that is no enhanced code
        "550 4 x",
        "550 3 things",  //
        "550 5.7 x",
        "550 5.7. x",  //
        "550 5..1 x",  //
        "550 5x7.1 x",
        "550 5.7x1 x",
        "550 5.7 1 x",  //
        "550 5.777",    //
        "550 5.7.1x",
        "550 5.7.1.2 x",               //
        "550 5.1234.1 x",              //
        "550 5.7.1234 x",              //
        "550 55.7.1 x",                //
        "550 a\r\n550 b",              // the first line doesn't go on
        "550-a\r\n551 b",              // codes differ
        "550-a\r\n450 b",              //
        "550-a\r\n550-b",              // the last line goes on
        "550-a\r\nb",                  // no code
        "550-a\r\n",                   // an empty last line
        "550 a\r\n",                   //
        "550-5.7.1 a\r\n550 4.7.1 b",  // [X21] only the first line was checked
        "550-a\r\n550 b%",             //
        "550-a\n550 b",                // line ends
        "550 a\n250 ok",               //
        "550 a\r250 ok",               //
        "550-a\r\r\n550 b",            //
        "550-a\r\n550-b\rx550 c",      //
        "550 a\tb",
        "550 a\x7f",  // control characters
        "550 100%",
        "550 %s",   // [P13]
        "550 %%%",  //
    }));
    INFO(text);
    CHECK(checked(text) == errc::bad_reply_text);
}

TEST_CASE("an SMTP reply with a NUL is refused for its NUL") {
    CHECK(checked("550 a\0b"sv) == errc::nul_in_text);
    CHECK(checked("550 a\0"sv) == errc::nul_in_text);
    CHECK(checked("\0"sv) == errc::nul_in_text);
}

TEST_CASE("a reply text has code, enhanced code and percent signs on each line as they must be [P13]") {
    CHECK(*reply_text(550, "5.7.1", "Go away") == "550 5.7.1 Go away");
    CHECK(*reply_text(550, "5.7.1", {"Go away", "You are 100% spam"}) ==
          "550-5.7.1 Go away\r\n550 5.7.1 You are 100%% spam");
    CHECK(*reply_text(451, "4.123.456", {"a", "", "%%"}) ==
          "451-4.123.456 a\r\n451-4.123.456\r\n451 4.123.456 %%%%");
    CHECK(*reply_text(421, "4.3.2", "") == "421 4.3.2");
    CHECK(*reply_text(550, "5.7.1", std::initializer_list<std::string_view>{}) == "550 5.7.1");
}

TEST_CASE("without an enhanced code, a reply text has the most general one of its class") {
    CHECK(*reply_text(550, "", "3 reasons") == "550 5.0.0 3 reasons");
    CHECK(*reply_text(400, {}, {"a", "b"}) == "400-4.0.0 a\r\n400 4.0.0 b");
    CHECK(*reply_text(599, "", {}) == "599 5.0.0");
}

TEST_CASE("a reply text may be made from lines of any number") {
    std::vector<std::string_view> lines(40, "x");
    const auto text = reply_text(550, "5.7.1", lines);
    REQUIRE(text.error() == errc::ok);
    CHECK(text->size() == 40 * 11 + 39 * 2);
    CHECK(checked(*text) == errc::ok);
}

TEST_CASE("a reply text refuses what is not an SMTP reply of class 4 or 5 [P12]") {
    for (const int code : {399, 600, 250, 354, 0, -550, 5500, 55}) {
        INFO(code);
        CHECK(refusal(code, "", "x") == errc::bad_reply_text);
    }
    CHECK(refusal(550, "4.7.23", "x") == errc::bad_reply_text);
    CHECK(refusal(451, "5.7.1", "x") == errc::bad_reply_text);
    for (const auto enhanced : {"5"sv, "5.7"sv, "5.7."sv, "5.123"sv, "5.7.1 "sv, "5.7.1 x"sv, "5.7.1234"sv,
                                " 5.7.1"sv, "5.7.1\r\n"sv, "5.7.1\0"sv, "x"sv, "5,7,1"sv}) {
        INFO(enhanced);
        CHECK(refusal(550, enhanced, "x") == errc::bad_reply_text);
    }
}

TEST_CASE("a line of a reply text has no control characters") {
    for (const auto line : {"a\r\n250 ok"sv, "a\n"sv, "\r"sv, "a\tb"sv, "a\0b"sv, "\x7f"sv, "\x1b[0m"sv}) {
        INFO(line);
        CHECK(refusal(550, "5.7.1", line) == errc::bad_reply_text);
        CHECK(reply_text(550, "5.7.1", {line, "b"}).error() == errc::bad_reply_text);
        CHECK(reply_text(550, "5.7.1", {"a", line}).error() == errc::bad_reply_text);
    }
}

TEST_CASE("a line of a reply text has at most 980 bytes, code and doubled percent signs counted") {
    const std::string front = "550 5.7.1 ";
    const std::string fits(980 - front.size(), 'x');
    CHECK(*reply_text(550, "5.7.1", fits) == front + fits);
    CHECK(refusal(550, "5.7.1", fits + "x") == errc::too_long);
    CHECK(reply_text(550, "5.7.1", {fits, fits}).error() == errc::ok);
    CHECK(reply_text(550, "5.7.1", {fits, fits + "x"}).error() == errc::too_long);

    const std::string percents((980 - front.size()) / 2, '%');
    CHECK(refusal(550, "5.7.1", percents) == errc::ok);
    CHECK(refusal(550, "5.7.1", percents + "%") == errc::too_long);
}

TEST_CASE("a reply text fits into a frame, its NUL too") {
    const std::string line(968, 'x');  // 980 bytes with code and line end
    std::vector<std::string_view> lines(66, line);
    const std::string rest(65534 - 66 * 980 - 10, 'x');
    lines.push_back(rest);
    const auto fits = reply_text(550, "5.7.1", lines);
    REQUIRE(fits.error() == errc::ok);
    CHECK(fits->size() == 65534);
    CHECK(checked(*fits) == errc::ok);

    const auto longer = rest + "x";
    lines.back() = longer;
    CHECK(reply_text(550, "5.7.1", lines).error() == errc::too_long);
}

TEST_CASE("whatever reply_text() makes may be sent") {
    for (const int code : {400, 421, 451, 500, 550, 599})
        for (const auto line : {""sv, "%"sv, "5"sv, "4.7.1 x"sv, "100% of \xe9"sv, "%s%n"sv, " x"sv, "-"sv}) {
            INFO(code << line);
            const auto text = reply_text(code, "", {line, line});
            REQUIRE(text.error() == errc::ok);
            CHECK(checked(*text) == errc::ok);
        }
}
