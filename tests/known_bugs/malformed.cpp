// SPDX-License-Identifier: MIT
// Frames that are malformed, or just within bounds: what is made of each, on the side that gets it.
#include <kilter.hpp>

#include "known_bugs/sides.hpp"

using namespace kilter;
using namespace test;
using namespace std::string_view_literals;

namespace {

/// What a filter says to a frame, after HELO and in a message.
errc filter_on(std::string_view frame) {
    const exact bytes{frame};
    return error_after(greeted().filter, bytes.view());
}
errc filter_in_mail_on(std::string_view frame) {
    const exact bytes{frame};
    return error_after(in_mail().filter, bytes.view());
}

/// What an MTA says to a frame that comes as the answer to a recipient, or to the end of a message.
errc mta_on(std::string_view frame) {
    auto p = in_mail();
    REQUIRE(p.mta_says(command::rcpt{"<e@f>"}) == errc::ok);
    const exact bytes{frame};
    return error_after(p.mta, bytes.view());
}
errc mta_at_end_on(std::string_view frame) {
    const exact bytes{frame};
    return error_after(at_end().mta, bytes.view());
}

}  // namespace

TEST_CASE("F01 a length of 0") {
    CHECK(filter_on("00 00 00 00 4e"_hex) == errc::zero_length);
    CHECK(mta_on("00 00 00 00 63"_hex) == errc::zero_length);
}

TEST_CASE("F02 a length with its top bit set") {
    CHECK(filter_in_mail_on("80 00 00 01 4e"_hex) == errc::frame_too_long);
    CHECK(mta_on("80 00 00 01 63"_hex) == errc::frame_too_long);
}

TEST_CASE("F03 one byte more than the limit") {
    CHECK(filter_in_mail_on("00 01 00 01 42"_hex) == errc::frame_too_long);
    CHECK(mta_at_end_on("00 10 00 01 62"_hex) == errc::frame_too_long);
}

TEST_CASE("F04 as many bytes as the limit") {
    std::string largest;  // filled later: clang 14 crashes over an initializer
    largest.append("00 01 00 00 42"_hex).append(65'535, 'x');
    for (const std::size_t at : {largest.size(), std::size_t{3}, std::size_t{4}, std::size_t{70}}) {
        auto p = in_mail();
        std::size_t events = 0;
        for (const auto piece : in_two(largest, at)) events += heard(p.filter, piece).size();
        CHECK(events == 1);
        CHECK(p.filter.error() == errc::ok);
    }
}

TEST_CASE("F05 HELO without NUL") { CHECK(filter_on("00 00 00 04 48 61 2e 62"_hex) == errc::missing_nul); }

TEST_CASE("F06 a header field without a name") {
    CHECK(filter_in_mail_on("00 00 00 04 4c 00 76 00"_hex) == errc::empty_name);
}

TEST_CASE("F07 a header field without a value") {
    CHECK(filter_in_mail_on("00 00 00 03 4c 41 00"_hex) == errc::missing_field);
}

TEST_CASE("F08 MAIL with an argument without NUL") {
    CHECK(filter_on("00 00 00 06 4d 3c 3e 00 58 3d"_hex) == errc::missing_nul);
}

TEST_CASE("F09 a macro without a value") {
    CHECK(filter_on("00 00 00 04 44 4d 69 00"_hex) == errc::missing_value);
}

TEST_CASE("F10 macros without the letter of a command") {
    CHECK(filter_on("00 00 00 01 44"_hex) == errc::missing_field);
}

TEST_CASE("F11 a client without an address") {
    CHECK(error_after(agreed().filter, "00 00 00 06 43 61 00 34 00 00"_hex) == errc::missing_field);
}

TEST_CASE("F12 an offer, or an answer, that is too short") {
    CHECK(error_after(filter_session{}, "00 00 00 09 4f 00 00 00 06 00 00 00 00"_hex) == errc::missing_field);
    mta_session mta;
    std::string out;
    REQUIRE(mta.send(command::negotiate{}, out) == errc::ok);
    CHECK(error_after(mta, "00 00 00 09 4f 00 00 00 06 00 00 00 00"_hex) == errc::missing_field);
}

TEST_CASE("F13 an SMTP reply without NUL") {
    auto p = in_mail();
    REQUIRE(p.mta_says(command::rcpt{"<e@f>"}) == errc::ok);
    const exact bytes{"00 00 00 0a 79 35 35 30 20 35 2e 37 2e 31"_hex};
    CHECK(heard(p.mta, bytes.view()) == lines{R"(reply_code text="550 5.7.1")"});
}

TEST_CASE("F14 an SMTP reply that refuses nothing") {
    CHECK(mta_on("00 00 00 08 79 32 35 30 20 6f 6b 00"_hex) == errc::bad_reply_text);
}

TEST_CASE("F15 an added header field whose value has no NUL") {
    CHECK(mta_at_end_on("00 00 00 04 68 41 00 76"_hex) == errc::missing_nul);
}

TEST_CASE("F16 a changed header field that ends within its index") {
    CHECK(mta_at_end_on("00 00 00 03 6d 00 00"_hex) == errc::missing_field);
}

TEST_CASE("F17 a verdict with something behind it") {
    CHECK(mta_on("00 00 00 02 63 00"_hex) == errc::trailing_bytes);
}
