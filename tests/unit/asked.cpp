// SPDX-License-Identifier: MIT
// An error tells which command it stands in place of the answer to.
#include <kilter/describe.hpp>

#include <kilter/session.hpp>

#include "support/catch.hpp"
#include "support/pair.hpp"

#include <string>
#include <string_view>
#include <variant>

using namespace kilter;
using namespace test;
using namespace std::string_view_literals;

namespace {

/// The last event that comes of some bytes, which has to be an error.
template <class Session>
protocol_error error_in(Session& s, std::string_view bytes) {
    protocol_error last{};
    for (const auto& event : s.receive(bytes))
        if (const auto* error = std::get_if<protocol_error>(&event)) last = *error;
    CHECK(last.reason != errc::ok);
    return last;
}

}  // namespace

TEST_CASE("a question has the name of its command") {
    CHECK(to_string(question::none).empty());
    CHECK(to_string(question::negotiate) == "negotiate");
    CHECK(to_string(question::connect) == "connect");
    CHECK(to_string(question::helo) == "helo");
    CHECK(to_string(question::mail) == "mail");
    CHECK(to_string(question::rcpt) == "rcpt");
    CHECK(to_string(question::data) == "data");
    CHECK(to_string(question::unknown) == "unknown");
    CHECK(to_string(question::header) == "header");
    CHECK(to_string(question::end_of_headers) == "end_of_headers");
    CHECK(to_string(question::body) == "body");
    CHECK(to_string(question::end_of_message) == "end_of_message");
    CHECK(to_string(question::connect | question::helo).empty());
    CHECK(to_string(question{0x8000}).empty());
}

TEST_CASE("a wrong reply names the command that it comes in answer to") {
    pair p;
    const auto wrong_at = [&](const auto& command, question asked, std::string_view text) {
        REQUIRE(p.mta_says(command) == errc::ok);
        auto s = p.mta;
        const auto error = error_in(s, raw('?'));
        CHECK(error.reason == errc::unknown_code);
        CHECK(error.code == '?');
        CHECK(error.length == 1);
        CHECK(error.asked == asked);
        CHECK(describe(error) == std::string{R"(unknown code: code "?", length 1, )"}.append(text));
        if (asked == question::negotiate)
            CHECK(p.filter_says(reply::negotiate{}) == errc::ok);
        else
            CHECK(p.filter_says(reply::proceed{}) == errc::ok);
    };
    wrong_at(command::negotiate{}, question::negotiate, "after fresh, while the answer to negotiate was due");
    wrong_at(command::connect{}, question::connect, "after connected, while the answer to connect was due");
    wrong_at(command::helo{}, question::helo, "after greeted, while the answer to helo was due");
    wrong_at(command::unknown{}, question::unknown, "after greeted, while the answer to unknown was due");
    wrong_at(command::mail{}, question::mail, "after mail, while the answer to mail was due");
    wrong_at(command::rcpt{}, question::rcpt, "after rcpt, while the answer to rcpt was due");
    wrong_at(command::data{}, question::data, "after data, while the answer to data was due");
    wrong_at(command::header{"A", ""}, question::header, "after headers, while the answer to header was due");
    wrong_at(command::end_of_headers{}, question::end_of_headers,
             "after end_of_headers, while the answer to end_of_headers was due");
    wrong_at(command::body{"x"}, question::body, "after body, while the answer to body was due");
    wrong_at(command::end_of_message{}, question::end_of_message,
             "after end_of_message, while the answer to end_of_message was due");
}

TEST_CASE("where no reply is due, an error names no command") {
    pair p;
    REQUIRE(p.negotiate() == errc::ok);
    const auto error = error_in(p.mta, raw('c'));
    CHECK(error == protocol_error{errc::reply_not_due, 'c', 1, phase::negotiated, question::none});
    CHECK(describe(error) == R"(reply where none is due: code "c", length 1, after negotiated)");
}

TEST_CASE("a bad length comes in place of an answer, too") {
    pair p;
    REQUIRE(p.negotiate() == errc::ok);
    REQUIRE(p.mta_says(command::connect{}) == errc::ok);
    auto s = p.mta;
    CHECK(describe(error_in(s, "\0\0\0\0"sv)) ==
          "a frame of length 0: length 0, after connected, while the answer to connect was due");
    auto t = p.mta;
    CHECK(describe(error_in(t, "220 mx")) ==
          R"(the peer is not a milter: length 842149920, as text "220 ", after connected, )"
          "while the answer to connect was due");
}

TEST_CASE("a filter's errors tell what it hasn't answered") {
    pair p;
    REQUIRE(p.negotiate() == errc::ok);
    REQUIRE(p.mta_says(command::connect{}) == errc::ok);
    CHECK(error_in(p.filter, bytes_of(command::helo{})) ==
          protocol_error{errc::reply_owed, 'H', 2, phase::connected, question::connect});
}

TEST_CASE("a peer that is gone and what may not be offered have their texts") {
    CHECK(to_string(errc::unanswered) == "closed before the reply");
    CHECK(to_string(errc::nothing_offered) == "nothing offered");
}

static_assert(to_string(question::end_of_message) == "end_of_message");
