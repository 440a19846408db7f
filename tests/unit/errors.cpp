// SPDX-License-Identifier: MIT
// What a session makes of a peer that breaks the protocol: one protocol_error, and the end.
#include <kilter/session.hpp>

#include "support/catch.hpp"
#include "support/pair.hpp"

#include <string>
#include <string_view>
#include <vector>

using namespace kilter;
using namespace test;
using namespace std::string_view_literals;

namespace {

filter_session greeted_filter() {
    filter_session s;
    std::string out;
    heard(s, bytes_of(command::negotiate{}));
    s.send(reply::negotiate{.options = option::skip}, out);
    heard(s, bytes_of(command::connect{}));
    s.send(reply::proceed{}, out);
    heard(s, bytes_of(command::helo{"a"}));
    s.send(reply::proceed{}, out);
    REQUIRE(s.state().at() == phase::greeted);
    return s;
}

/// An MTA that waits for the answer to its HELO.
mta_session waiting_mta() {
    mta_session s;
    std::string out;
    s.send(command::negotiate{}, out);
    heard(s, bytes_of(reply::negotiate{}));
    s.send(command::connect{}, out);
    heard(s, bytes_of(reply::proceed{}));
    s.send(command::helo{"a"}, out);
    REQUIRE(s.state().asked() == question::helo);
    return s;
}

/// Gives the session some bytes. They must end in a protocol_error, which is the last event of all.
template <class Session>
protocol_error breaks(Session s, std::string_view bytes) {
    std::vector<protocol_error> errors;
    std::size_t events = 0;
    for (const auto& event : s.receive(bytes)) {
        ++events;
        if (const auto* error = std::get_if<protocol_error>(&event)) errors.push_back(*error);
    }
    REQUIRE(errors.size() == 1);
    CHECK(events == 1);
    CHECK_FALSE(s.open());
    CHECK(s.error() == errors[0].reason);
    CHECK(s.state().at() == phase::closed);
    CHECK_FALSE(s.state().reply_due());

    // Nothing after it, and nothing is written.
    CHECK(heard(s, bytes).empty());
    CHECK(heard(s, bytes_of(command::quit{})).empty());
    std::string out;
    if constexpr (std::is_same_v<Session, filter_session>)
        CHECK(s.send(reply::proceed{}, out) == errc::closed);
    else
        CHECK(s.send(command::quit{}, out) == errc::closed);
    CHECK(out.empty());
    CHECK(s.finish() == errc::ok);
    CHECK(s.error() == errors[0].reason);

    return errors[0];
}

}  // namespace

TEST_CASE("frames that can't be cut from the stream have no code") {
    const auto s = greeted_filter();
    CHECK(breaks(s, "\0\0\0\0Q"sv) == protocol_error{errc::zero_length, 0, 0, phase::greeted});
    CHECK(breaks(s, "\0\1\0\1B"sv) == protocol_error{errc::frame_too_long, 0, 0x10001, phase::greeted});
    CHECK(breaks(s, "\x7f\xff\xff\xff"sv) ==
          protocol_error{errc::frame_too_long, 0, 0x7fffffff, phase::greeted});
    CHECK(breaks(s, "\x80\0\0\0"sv) == protocol_error{errc::frame_too_long, 0, 0x80000000, phase::greeted});
    CHECK(breaks(s, "\xff\xff\xff\xff"sv) ==
          protocol_error{errc::frame_too_long, 0, 0xffffffff, phase::greeted});
    CHECK(breaks(s, "EHLO mail\r\n"sv) == protocol_error{errc::not_a_milter, 0, 0x45484c4f, phase::greeted});
    CHECK(breaks(filter_session{}, "GET / HTTP"sv) ==
          protocol_error{errc::not_a_milter, 0, 0x47455420, phase::fresh});
}

TEST_CASE("the greeting of another server tells itself to an MTA") {
    mta_session s;
    CHECK(heard(s, "220 mail.example ESMTP\r\n"sv) ==
          lines{"the peer is not a milter: length 842149920, as text \"220 \", after fresh"});
}

TEST_CASE("frames that can't be read as a message have their code and length") {
    const auto s = greeted_filter();
    const auto at_greeted = [&](errc reason, char code, std::string_view payload) {
        const auto length = static_cast<std::uint32_t>(payload.size() + 1);
        CHECK(breaks(s, raw(code, payload)) == protocol_error{reason, code, length, phase::greeted});
    };
    at_greeted(errc::unknown_code, 'X', "");  // [S36]
    at_greeted(errc::unknown_code, '\0', "");
    at_greeted(errc::unknown_code, 'c', "");
    at_greeted(errc::missing_nul, 'H', "a");
    at_greeted(errc::missing_field, 'H', "");
    at_greeted(errc::trailing_bytes, 'H', "a\0b\0"sv);
    at_greeted(errc::missing_nul, 'M', "<a>");
    at_greeted(errc::missing_nul, 'M', "<a>\0SIZE=1"sv);
    at_greeted(errc::missing_field, 'M', "");
    at_greeted(errc::missing_nul, 'L', "Subject");  // [S40]
    at_greeted(errc::missing_field, 'L', "Subject\0"sv);
    at_greeted(errc::empty_name, 'L', "\0v\0"sv);  // [H02]
    at_greeted(errc::trailing_bytes, 'N', "x");
    at_greeted(errc::trailing_bytes, 'Q', "x");
    at_greeted(errc::missing_field, 'D', "");
    at_greeted(errc::missing_nul, 'D', "Mi");
    at_greeted(errc::missing_value, 'D', "Mi\0"sv);
    at_greeted(errc::missing_field, 'O', "\0\0\0\6\0\0\0\0\0\0\0"sv);
    at_greeted(errc::missing_field, 'C', "a\0"sv);
    at_greeted(errc::unknown_family, 'C', "a\0X"sv);
    at_greeted(errc::missing_field, 'C',
               "a\0"
               "4\1"sv);
    at_greeted(errc::missing_nul, 'C',
               "a\0"
               "4\1\1"
               "10.0.0.1"sv);
}

TEST_CASE("a command that is out of turn has its code, its length, and where the conversation stood") {
    const auto s = greeted_filter();
    CHECK(breaks(s, bytes_of(command::connect{})) ==
          protocol_error{errc::out_of_turn, 'C', 3, phase::greeted});
    CHECK(breaks(s, bytes_of(command::negotiate{})) ==
          protocol_error{errc::out_of_turn, 'O', 13, phase::greeted});
    CHECK(breaks(s, bytes_of(command::rcpt{"<a>"})) ==
          protocol_error{errc::out_of_turn, 'R', 5, phase::greeted});
    CHECK(breaks(s, bytes_of(command::header{"a", "b"})) ==
          protocol_error{errc::out_of_turn, 'L', 5, phase::greeted});  // [S15]
    CHECK(breaks(filter_session{}, bytes_of(command::connect{})) ==
          protocol_error{errc::out_of_turn, 'C', 3, phase::fresh});
    CHECK(breaks(filter_session{}, bytes_of(command::macro{'C'})) ==
          protocol_error{errc::out_of_turn, 'D', 2, phase::fresh});
    CHECK(breaks(filter_session{}, bytes_of(command::abort{})) ==
          protocol_error{errc::out_of_turn, 'A', 1, phase::fresh});
    CHECK(breaks(filter_session{}, bytes_of(command::negotiate{.version = 1})) ==
          protocol_error{errc::version_too_old, 'O', 13, phase::fresh});
}

TEST_CASE("a command while a reply is owed is an error") {
    auto s = greeted_filter();
    heard(s, bytes_of(command::mail{"<a>"}));
    CHECK(breaks(s, bytes_of(command::rcpt{"<a>"})) ==
          protocol_error{errc::reply_owed, 'R', 5, phase::mail, question::mail});
    CHECK(breaks(s, bytes_of(command::macro{'R'})) ==
          protocol_error{errc::reply_owed, 'D', 2, phase::mail, question::mail});
}

TEST_CASE("a reply that isn't one to the command is an error [P20]") {
    const auto s = waiting_mta();
    const auto helo_answered = [&](errc reason, const auto& reply) {
        const auto bytes = bytes_of(reply);
        const auto length = static_cast<std::uint32_t>(bytes.size() - length_size);
        CHECK(breaks(s, bytes) ==
              protocol_error{reason, bytes[length_size], length, phase::greeted, question::helo});
    };
    helo_answered(errc::wrong_reply, reply::negotiate{});
    helo_answered(errc::wrong_reply, reply::conn_fail{});
    helo_answered(errc::wrong_reply, reply::add_header{"a", "b"});
    helo_answered(errc::wrong_reply, reply::quarantine{"why"});
    helo_answered(errc::option_not_granted, reply::skip{});
    CHECK(breaks(s, raw('X')) == protocol_error{errc::unknown_code, 'X', 1, phase::greeted, question::helo});
    CHECK(breaks(s, raw('c', "x")) ==
          protocol_error{errc::trailing_bytes, 'c', 2, phase::greeted, question::helo});
    CHECK(breaks(mta_session{}, bytes_of(reply::proceed{})) ==
          protocol_error{errc::reply_not_due, 'c', 1, phase::fresh});
}

TEST_CASE("a modification that wasn't agreed is an error [N21]") {
    auto s = waiting_mta();
    std::string out;
    heard(s, bytes_of(reply::proceed{}));
    s.send(command::mail{"<a>"}, out);
    heard(s, bytes_of(reply::proceed{}));
    s.send(command::rcpt{"<a>"}, out);
    heard(s, bytes_of(reply::proceed{}));
    s.send(command::end_of_message{}, out);
    CHECK(breaks(s, bytes_of(reply::add_header{"a", "b"})) ==
          protocol_error{errc::action_not_granted, 'h', 5, phase::end_of_message, question::end_of_message});
}

TEST_CASE("bytes behind the last reply that is due are an error") {
    auto s = waiting_mta();
    const auto events = heard(s, bytes_of(reply::proceed{}, reply::proceed{}, reply::proceed{}));
    CHECK(events == lines{"proceed", "reply where none is due: code \"c\", length 1, after greeted"});
}

TEST_CASE("what came before the error is heard, what comes behind it isn't") {
    auto s = greeted_filter();
    const auto stream =
        bytes_of(command::abort{}, command::macro{'M'}) + raw('X') + bytes_of(command::quit{});
    const lines expected{"abort", "macro command=mail definitions=[]",
                         "unknown code: code \"X\", length 1, after greeted"};
    for (std::size_t cut = 0; cut <= stream.size(); ++cut) {
        auto copy = s;
        auto events = heard(copy, std::string_view{stream}.substr(0, cut));
        for (auto& line : heard(copy, std::string_view{stream}.substr(cut))) events.push_back(line);
        CHECK(events == expected);
    }
}

TEST_CASE("a length that is wrong is told as soon as it is there") {
    for (std::size_t piece = 1; piece != 6; ++piece) {
        auto s = greeted_filter();
        const auto bytes = "\xff\0\0\0Q"sv;
        lines events;
        for (std::size_t at = 0; at < bytes.size(); at += piece)
            for (auto& line : heard(s, bytes.substr(at, piece))) events.push_back(line);
        CHECK(events == lines{"a frame over the limit: length 4278190080, after greeted"});
    }
}

TEST_CASE("a limit below the default is kept, and raised by what is agreed") {
    filter_session small{{.payload = 10}};
    CHECK(breaks(small, raw('O', "0123456789a")).reason == errc::frame_too_long);

    mta_session mta{{.payload = 100}};
    std::string out;
    CHECK(mta.send(command::negotiate{.options = option::data_256k}, out) == errc::ok);
    heard(mta, bytes_of(reply::negotiate{.options = option::data_256k}));
    mta.send(command::connect{}, out);
    CHECK(breaks(mta, raw('c', std::string(data_size_256k, 'x'))).reason == errc::trailing_bytes);
    CHECK(breaks(mta, raw('c', std::string(data_size_256k + 1, 'x'))).reason == errc::frame_too_long);
}

TEST_CASE("the end of the stream is all right between frames, and not within one") {
    auto s = greeted_filter();
    auto t = s;
    CHECK(s.finish() == errc::ok);
    CHECK_FALSE(s.open());
    CHECK(s.error() == errc::ok);

    CHECK(heard(t, "\0\0"sv).empty());
    CHECK(t.finish() == errc::cut_short);
    CHECK_FALSE(t.open());
    CHECK(t.error() == errc::cut_short);
    CHECK(t.finish() == errc::ok);
    CHECK(t.error() == errc::cut_short);
}

TEST_CASE("a stream may end after every frame, and in the middle of none") {
    const auto stream = bytes_of(command::abort{}, command::macro{'M'}, command::mail{"<a>"});
    for (std::size_t end = 0; end <= stream.size(); ++end) {
        auto s = greeted_filter();
        heard(s, std::string_view{stream}.substr(0, end));
        const bool whole = end == 0 || end == 5 || end == 11 || end == stream.size();
        CHECK(s.finish() == (whole ? errc::ok : errc::cut_short));
    }
}

TEST_CASE("a filter may be left alone in the middle of a message, with its reply owed") {
    auto s = greeted_filter();
    heard(s, bytes_of(command::mail{"<a>"}));
    REQUIRE(s.state().reply_due());
    CHECK(s.finish() == errc::ok);
    CHECK(s.error() == errc::ok);
    CHECK_FALSE(s.open());
}
