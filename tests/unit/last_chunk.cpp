// SPDX-License-Identifier: MIT
// Data on end_of_message: a piece of the body and an end of message, with one answer on the wire.
#include <kilter/session.hpp>

#include "support/catch.hpp"
#include "support/pair.hpp"

#include <string>
#include <string_view>
#include <type_traits>

using namespace kilter;
using namespace test;
using namespace std::string_view_literals;

namespace {

const std::string last = raw('E', "tail");

/// A filter that has heard a message's recipients, with these options agreed.
filter_session session_in_message(option agreed) {
    filter_session s;
    std::string out;
    heard(s, bytes_of(command::negotiate{}));
    s.send(reply::negotiate{.actions = all_actions, .options = agreed}, out);
    heard(s, bytes_of(command::connect{}));
    s.send(reply::proceed{}, out);
    heard(s, bytes_of(command::mail{"<a>"}));
    s.send(reply::proceed{}, out);
    heard(s, bytes_of(command::rcpt{"<b>"}));
    s.send(reply::proceed{}, out);
    REQUIRE(s.state().at() == phase::rcpt);
    return s;
}

/// What a filter hears that answers each event in the loop: pieces of the body with one reply, an end of
/// message with another.
struct outcome {
    lines events;
    std::string written;

    bool operator==(const outcome&) const = default;
};

template <class ToBody, class ToEnd>
outcome run(filter_session s, std::string_view bytes, const ToBody& to_body, const ToEnd& to_end,
            std::size_t piece = static_cast<std::size_t>(-1)) {
    outcome result;
    do {
        for (const auto& event : s.receive(bytes.substr(0, piece))) {
            result.events.push_back(describe(event));
            if (std::holds_alternative<command::body>(event))
                CHECK(s.send(to_body, result.written) == errc::ok);
            else if (std::holds_alternative<command::end_of_message>(event))
                CHECK(s.send(to_end, result.written) == errc::ok);
            else if (s.open())
                CHECK(s.send(reply::proceed{}, result.written) == errc::ok);
        }
        bytes.remove_prefix(bytes.size() < piece ? bytes.size() : piece);
    } while (!bytes.empty());
    return result;
}

const lines both{"body chunk=\"tail\"", "end_of_message chunk=\"\""};
constexpr reply::proceed proceed{};
constexpr reply::reject reject{};

}  // namespace

TEST_CASE("data on end_of_message is a body and an end, answered once [P03]") {
    CHECK(run(session_in_message(option::none), last, proceed, proceed) == outcome{both, bytes_of(proceed)});
    CHECK(run(session_in_message(option::none), last, proceed, reply::accept{}) ==
          outcome{both, bytes_of(reply::accept{})});
    CHECK(run(session_in_message(option::none), last, proceed, reject) == outcome{both, bytes_of(reject)});
}

TEST_CASE("a verdict on the last piece is the only answer, and no end follows [P02]") {
    const lines body_alone{"body chunk=\"tail\""};
    CHECK(run(session_in_message(option::none), last, reject, proceed) ==
          outcome{body_alone, bytes_of(reject)});
    CHECK(run(session_in_message(option::none), last, reply::accept{}, proceed) ==
          outcome{body_alone, bytes_of(reply::accept{})});
    CHECK(run(session_in_message(option::none), last, reply::discard{}, proceed) ==
          outcome{body_alone, bytes_of(reply::discard{})});
    CHECK(run(session_in_message(option::none), last, reply::reply_code{"451 4.7.1 Later"}, proceed) ==
          outcome{body_alone, bytes_of(reply::reply_code{"451 4.7.1 Later"})});
    CHECK(run(session_in_message(option::none), last, reply::reply_code{"421 4.3.2 Bye"}, proceed) ==
          outcome{body_alone, bytes_of(reply::reply_code{"421 4.3.2 Bye"})});
}

TEST_CASE("skip on the last piece isn't written: the answer is the one to the end") {
    CHECK(run(session_in_message(option::skip), last, reply::skip{}, proceed) ==
          outcome{both, bytes_of(proceed)});
}

TEST_CASE("the last piece comes behind others") {
    const auto bytes = bytes_of(command::body{"head"}) + last;
    CHECK(run(session_in_message(option::none), bytes, proceed, proceed) ==
          outcome{{"body chunk=\"head\"", both[0], both[1]}, bytes_of(proceed, proceed)});
}

TEST_CASE("where pieces of the body are silent, only the end is answered") {
    CHECK(run(session_in_message(option::silent_body), last, proceed, proceed) ==
          outcome{both, bytes_of(proceed)});
    CHECK(run(session_in_message(option::silent_body), last, proceed, reject) ==
          outcome{both, bytes_of(reject)});
}

TEST_CASE("where the body isn't wanted or has been skipped, the data is dropped") {
    const lines end_alone{"end_of_message chunk=\"\""};
    CHECK(run(session_in_message(option::no_body), last, proceed, proceed) ==
          outcome{end_alone, bytes_of(proceed)});

    const auto bytes = bytes_of(command::body{"head"}) + last;
    CHECK(run(session_in_message(option::skip), bytes, reply::skip{}, proceed) ==
          outcome{{"body chunk=\"head\"", end_alone[0]}, bytes_of(reply::skip{}, proceed)});
}

TEST_CASE("an end of message without data is one event") {
    CHECK(run(session_in_message(option::none), raw('E'), reject, proceed) ==
          outcome{{"end_of_message chunk=\"\""}, bytes_of(proceed)});
}

TEST_CASE("the next message is not touched by the last piece of the one before") {
    const auto next = bytes_of(command::mail{"<x>"});
    for (const bool refused : {false, true}) {
        const auto bytes = last + next;
        const auto result = refused ? run(session_in_message(option::none), bytes, reject, proceed)
                                    : run(session_in_message(option::none), bytes, proceed, proceed);
        CHECK(result.events.back() == "mail sender=\"<x>\" args=[]");
        CHECK(result.written == (refused ? bytes_of(reject, proceed) : bytes_of(proceed, proceed)));
    }
}

TEST_CASE("the two events and the one answer come out of any cut of the bytes") {
    const auto bytes =
        bytes_of(command::body{"head"}) + last + bytes_of(command::mail{"<x>"}, command::abort{});
    for (const auto agreed : {option::none, option::silent_body}) {
        const auto whole = run(session_in_message(agreed), bytes, proceed, proceed);
        CHECK(whole.events.size() == 5);
        for (std::size_t piece = 1; piece != bytes.size(); ++piece)
            CHECK(run(session_in_message(agreed), bytes, proceed, proceed, piece) == whole);
    }
}

TEST_CASE("modifications are for the end, not for the last piece") {
    auto s = session_in_message(option::none);
    std::string out;
    CHECK(heard(s, last) == lines{"body chunk=\"tail\""});
    CHECK(s.send(reply::add_header{"a", "b"}, out) == errc::wrong_reply);
    CHECK(s.send(proceed, out) == errc::ok);
    CHECK(out.empty());
    CHECK(heard(s, ""sv) == lines{"end_of_message chunk=\"\""});
    CHECK(s.send(reply::add_header{"a", "b"}, out) == errc::ok);
    CHECK(s.send(proceed, out) == errc::ok);
    CHECK(out == bytes_of(reply::add_header{"a", "b"}, proceed));
}

TEST_CASE("a filter that answers after the loop gets the end with the next receive, of nothing if need be") {
    auto s = session_in_message(option::none);
    std::string out;
    CHECK(heard(s, last) == lines{"body chunk=\"tail\""});
    CHECK(heard(s, ""sv).empty());  // the piece isn't answered yet
    CHECK(s.send(proceed, out) == errc::ok);
    CHECK(out.empty());
    CHECK(heard(s, ""sv) == lines{"end_of_message chunk=\"\""});
    CHECK(s.send(proceed, out) == errc::ok);
    CHECK(out == bytes_of(proceed));
    CHECK(heard(s, ""sv).empty());
}

TEST_CASE("an abort behind the last piece leaves its answer owed, and no end follows") {
    auto s = session_in_message(option::none);
    std::string out;
    CHECK(heard(s, last + bytes_of(command::abort{})) == lines{"body chunk=\"tail\"", "abort"});
    CHECK(s.send(proceed, out) == errc::ok);
    CHECK(out == bytes_of(proceed));
    CHECK(heard(s, bytes_of(command::mail{"<x>"})) == lines{"mail sender=\"<x>\" args=[]"});
}

TEST_CASE("quit behind the last piece is the end") {
    auto s = session_in_message(option::none);
    std::string out;
    CHECK(heard(s, last + bytes_of(command::quit{})) == lines{"body chunk=\"tail\"", "quit"});
    CHECK(s.send(proceed, out) == errc::closed);

    auto t = session_in_message(option::none);
    CHECK(heard(t, last + bytes_of(command::quit_nc{}, command::connect{})).size() == 3);
    CHECK(t.send(proceed, out) == errc::ok);
    CHECK(out == bytes_of(proceed));
}

TEST_CASE("data on end_of_message where no message is under way is out of turn") {
    filter_session s;
    CHECK(heard(s, last) == lines{"out of turn: code \"E\", length 5, after fresh"});
}

TEST_CASE("the MTA may not send anything while the last piece isn't answered") {
    auto s = session_in_message(option::none);
    CHECK(heard(s, last + bytes_of(command::mail{"<x>"})) ==
          lines{both[0],
                "command while a reply is owed: code \"M\", length 5, after body, while the answer to body "
                "was due"});
}

TEST_CASE("a message may begin with its end and a last piece, if nothing before is wanted") {
    filter_session s;
    std::string out;
    heard(s, bytes_of(command::negotiate{}));
    s.send(reply::negotiate{.options = option::no_mail | option::no_rcpt}, out);
    heard(s, bytes_of(command::connect{}));
    s.send(proceed, out);
    heard(s, raw('B', "x"));
    REQUIRE(s.send(reply::accept{}, out) == errc::ok);
    CHECK(run(s, last, proceed, proceed) ==
          outcome{{"body chunk=\"tail\"", "end_of_message chunk=\"\""}, bytes_of(proceed)});
}
