// SPDX-License-Identifier: MIT
// The filter's session: which events come, which bytes go out, and what is refused.
#include <kilter/session.hpp>

#include <kilter/match.hpp>
#include <kilter/negotiation.hpp>

#include "support/catch.hpp"
#include "support/pair.hpp"

#include <string>
#include <string_view>
#include <vector>

using namespace kilter;
using namespace test;
using namespace std::string_view_literals;

namespace {

/// A filter's session that stands behind this reply to the offer, and has answered the commands given.
template <class... M>
filter_session session_after(const reply::negotiate& answer, const M&... commands) {
    filter_session s;
    std::string out;
    REQUIRE(heard(s, bytes_of(command::negotiate{})).size() == 1);
    REQUIRE(s.send(answer, out) == errc::ok);
    const auto next = [&](const auto& command) {
        REQUIRE(heard(s, bytes_of(command)).size() == 1);
        REQUIRE(s.send(reply::proceed{}, out) == errc::ok);
    };
    (next(commands), ...);
    return s;
}

constexpr reply::negotiate answer{.actions = all_actions, .options = option::skip};
constexpr command::connect connect{"mx", family::inet, 25, "192.0.2.1"};
constexpr command::helo helo{"mx"};
constexpr command::mail mail{"<a@b>"};
constexpr command::rcpt rcpt{"<c@d>"};

filter_session session_in_message() { return session_after(answer, connect, helo, mail, rcpt); }

}  // namespace

TEST_CASE("a filter hears the offer and answers it") {
    filter_session s;
    std::string out;
    CHECK(heard(s, "\0\0\0\x0dO\0\0\0\6\0\0\1\xff\0\x1f\xff\xff"sv).size() == 1);
    CHECK(s.state().asked() == question::negotiate);
    CHECK(s.send(reply::negotiate{.actions = action::add_headers}, out) == errc::ok);
    CHECK(out == "\0\0\0\x0dO\0\0\0\6\0\0\0\1\0\0\0\0"sv);
    CHECK(s.state().at() == phase::negotiated);
    CHECK(s.state().actions() == action::add_headers);
    CHECK(s.state().version() == 6);
}

TEST_CASE("what agree() gave can be sent as it is, an error too") {
    filter_session s;
    std::string out;
    heard(s, bytes_of(command::negotiate{}));
    CHECK(s.send(agree(command::negotiate{}, {.options = option::no_body}), out) == errc::ok);
    CHECK(s.state().options() == option::no_body);

    filter_session t;
    out.clear();
    heard(t, bytes_of(command::negotiate{.actions = action::add_headers}));
    CHECK(t.send(agree({.actions = action::add_headers}, {.needed = action::quarantine}), out) ==
          errc::action_not_offered);
    CHECK(out.empty());
    CHECK_FALSE(t.open());  // [N14]
    CHECK(t.error() == errc::action_not_offered);
    CHECK(t.send(agree({}, {}), out) == errc::closed);
    CHECK(t.send(result<reply::negotiate>{errc::version_too_old}, out) == errc::closed);
}

TEST_CASE("an answer that takes more than was offered is refused") {
    const auto refused = [](const command::negotiate& offer, const reply::negotiate& wrong) {
        filter_session s;
        std::string out;
        heard(s, bytes_of(offer));
        const auto result = s.send(wrong, out);
        CHECK(out.empty());
        CHECK_FALSE(s.open());
        CHECK(s.error() == result);
        return result;
    };
    CHECK(refused({.actions = action::add_headers}, {.actions = action::add_rcpt}) ==
          errc::action_not_offered);
    CHECK(refused({.options = option::no_body}, {.options = option::no_helo}) == errc::option_not_offered);
    CHECK(refused({}, {.options = option::data_256k}) == errc::option_not_offered);
    CHECK(refused({.version = 2}, {.version = 3}) == errc::version_too_new);
    CHECK(refused({}, {.version = 1}) == errc::version_too_old);
}

TEST_CASE("every command is answered with one frame, and what isn't answered with none [P04, P05]") {
    auto s = session_after(answer, connect);
    std::string out;
    CHECK(heard(s, bytes_of(command::macro{'H'})) == lines{"macro command=helo definitions=[]"});
    CHECK(s.send(reply::proceed{}, out) == errc::ok);
    CHECK(out.empty());
    CHECK(heard(s, bytes_of(helo)) == lines{"helo hostname=\"mx\""});
    CHECK(s.send(reply::proceed{}, out) == errc::ok);
    CHECK(out == "\0\0\0\1c"sv);
    CHECK(s.send(reply::proceed{}, out) == errc::ok);
    CHECK(out == "\0\0\0\1c"sv);
    CHECK(heard(s, bytes_of(command::abort{}, command::abort{})) == lines{"abort", "abort"});
    CHECK(s.send(reply::proceed{}, out) == errc::ok);
    CHECK(heard(s, bytes_of(command::quit{})) == lines{"quit"});
    CHECK_FALSE(s.open());
    CHECK(s.error() == errc::ok);
    CHECK(s.send(reply::proceed{}, out) == errc::closed);
    CHECK(out == "\0\0\0\1c"sv);
}

TEST_CASE("a second verdict on one command is refused and closes the session [P01]") {
    auto s = session_in_message();
    std::string out;
    heard(s, bytes_of(rcpt));
    CHECK(s.send(reply::reply_code{"451 4.7.1 Later"}, out) == errc::ok);
    const auto written = out;
    CHECK(s.send(reply::reject{}, out) == errc::reply_not_due);
    CHECK(out == written);
    CHECK_FALSE(s.open());
    CHECK(s.error() == errc::reply_not_due);
}

TEST_CASE("a verdict that the command can't have closes the session, and nothing is written") {
    auto s = session_after(answer, connect);
    std::string out;
    heard(s, bytes_of(helo));
    CHECK(s.send(reply::discard{}, out) == errc::wrong_reply);
    CHECK(out.empty());
    CHECK_FALSE(s.open());
    CHECK(heard(s, bytes_of(mail)).empty());
}

TEST_CASE("a verdict that can't be encoded closes the session, and nothing is written") {
    auto s = session_in_message();
    std::string out;
    heard(s, bytes_of(rcpt));
    CHECK(s.send(reply::reply_code{"250 fine"}, out) == errc::bad_reply_text);
    CHECK(out.empty());
    CHECK_FALSE(s.open());
    CHECK(s.error() == errc::bad_reply_text);
}

TEST_CASE("skip is refused where it wasn't agreed [S19]") {
    auto s = session_after(reply::negotiate{}, connect, helo, mail, rcpt);
    std::string out;
    heard(s, bytes_of(command::body{"x"}));
    CHECK(s.send(reply::skip{}, out) == errc::option_not_granted);
    CHECK(out.empty());
    CHECK_FALSE(s.open());
}

TEST_CASE("shutdown and conn_fail are never sent") {
    for (int which = 0; which != 2; ++which) {
        auto s = session_after(answer, connect);
        std::string out;
        heard(s, bytes_of(helo));
        CHECK((which == 0 ? s.send(reply::shutdown{}, out) : s.send(reply::conn_fail{}, out)) ==
              errc::not_for_sending);
        CHECK(out.empty());
        CHECK_FALSE(s.open());
    }
}

TEST_CASE("a modification that is refused changes nothing") {
    auto s = session_in_message();
    std::string out;
    CHECK(s.send(reply::add_header{"X", "y"}, out) == errc::reply_not_due);
    heard(s, bytes_of(command::end_of_headers{}));
    CHECK(s.send(reply::add_header{"X", "y"}, out) == errc::wrong_reply);  // [P20]
    CHECK(s.send(reply::progress{}, out) == errc::wrong_reply);            // [P21]
    s.send(reply::proceed{}, out);
    heard(s, bytes_of(command::end_of_message{}));
    out.clear();
    CHECK(s.send(reply::add_header{"X Y", "y"}, out) == errc::bad_header_name);
    CHECK(s.send(reply::add_header{"X", "a\n\nb"}, out) == errc::bad_header_value);  // [H28]
    CHECK(s.send(reply::change_from{"<a\0b>"sv}, out) == errc::nul_in_text);         // [H29]
    CHECK(out.empty());
    CHECK(s.open());
    CHECK(s.error() == errc::ok);
    CHECK(s.state().reply_due());
    CHECK(s.send(reply::add_header{"X", "y"}, out) == errc::ok);
    CHECK(s.send(reply::proceed{}, out) == errc::ok);
    CHECK(out == "\0\0\0\5hX\0y\0\0\0\0\1c"sv);
}

TEST_CASE("a modification needs its action [N21]") {
    auto s = session_after({.actions = action::add_rcpt}, connect, helo, mail, rcpt);
    std::string out;
    heard(s, bytes_of(command::end_of_message{}));
    CHECK(s.send(reply::add_header{"X", "y"}, out) == errc::action_not_granted);
    CHECK(s.send(reply::insert_header{0, "X", "y"}, out) == errc::action_not_granted);
    CHECK(s.send(reply::change_header{1, "X", "y"}, out) == errc::action_not_granted);
    CHECK(s.send(reply::change_from{"<>"}, out) == errc::action_not_granted);
    CHECK(s.send(reply::add_rcpt_par{"<a>"}, out) == errc::action_not_granted);
    CHECK(s.send(reply::delete_rcpt{"<a>"}, out) == errc::action_not_granted);
    CHECK(s.send(reply::replace_body{"x"}, out) == errc::action_not_granted);
    CHECK(s.send(reply::quarantine{"x"}, out) == errc::action_not_granted);
    CHECK(out.empty());
    CHECK(s.send(reply::add_rcpt{"<a>"}, out) == errc::ok);
    CHECK(out == "\0\0\0\5+<a>\0"sv);
    CHECK(s.open());
}

TEST_CASE("modifications and the verdict behind them stand in one run of bytes [P08, P10, H26]") {
    auto s = session_in_message();
    std::string out;
    heard(s, bytes_of(command::end_of_message{}));
    CHECK(s.send(reply::delete_rcpt{"<a>"}, out) == errc::ok);
    CHECK(s.send(reply::add_rcpt{"<a>"}, out) == errc::ok);
    CHECK(s.send(reply::quarantine{"why"}, out) == errc::ok);
    CHECK(s.state().asked() == question::end_of_message);
    CHECK(s.send(reply::accept{}, out) == errc::ok);
    CHECK(out == "\0\0\0\5-<a>\0\0\0\0\5+<a>\0\0\0\0\5qwhy\0\0\0\0\1a"sv);
}

TEST_CASE("a quarantine without a reason is one, too [P09]") {
    auto s = session_in_message();
    std::string out;
    heard(s, bytes_of(command::end_of_message{}));
    CHECK(s.send(reply::quarantine{}, out) == errc::ok);
    CHECK(out == "\0\0\0\2q\0"sv);
    CHECK(s.state().reply_due());
}

TEST_CASE("a step agreed to be silent gets no reply, and a verdict on it is an error [N04, N05]") {
    auto s = session_after({.options = option::silent_header}, connect, helo, mail, rcpt);
    std::string out;
    CHECK(
        heard(s, bytes_of(command::header{"A", "1"}, command::header{"B", "2"}, command::end_of_headers{})) ==
        lines{"header name=\"A\" value=\"1\"", "header name=\"B\" value=\"2\"", "end_of_headers"});
    CHECK(s.send(reply::proceed{}, out) == errc::ok);
    CHECK(out == "\0\0\0\1c"sv);

    auto t = session_after({.options = option::silent_header}, connect, helo, mail, rcpt);
    out.clear();
    heard(t, bytes_of(command::header{"A", "1"}));
    CHECK(t.send(reply::proceed{}, out) == errc::ok);
    CHECK(t.send(reply::reject{}, out) == errc::reply_not_due);
    CHECK(out.empty());
    CHECK_FALSE(t.open());
}

TEST_CASE("two messages in one connection [S01, S02]") {
    auto s = session_in_message();
    std::string out;
    const auto answered = [&](const auto& command) {
        out.clear();
        return heard(s, bytes_of(command)).size() == 1 && s.send(reply::proceed{}, out) == errc::ok;
    };
    for (int i = 0; i != 2; ++i) {
        CHECK(answered(command::data{}));
        CHECK(answered(command::header{"A", "1"}));
        CHECK(answered(command::end_of_headers{}));
        CHECK(answered(command::body{"x\r\n"}));
        CHECK(answered(command::end_of_message{}));
        CHECK(s.state().at() == phase::greeted);
        CHECK(answered(mail));
        CHECK(answered(command::rcpt{"<other@d>"}));
    }
}

TEST_CASE("the ABORTs of Postfix and the HELO before them are taken [S07, S08, S13]") {
    auto s = session_in_message();
    std::string out;
    CHECK(heard(s, bytes_of(helo)) == lines{"helo hostname=\"mx\""});
    CHECK(s.send(reply::proceed{}, out) == errc::ok);
    CHECK(heard(s, bytes_of(command::abort{}, command::abort{}, mail)) ==
          lines{"abort", "abort", "mail sender=\"<a@b>\" args=[]"});
    CHECK(s.send(reply::proceed{}, out) == errc::ok);
}

TEST_CASE("quit_nc keeps the connection for another client [S34]") {
    auto s = session_in_message();
    std::string out;
    CHECK(heard(s, bytes_of(command::quit_nc{}, connect)).size() == 2);
    CHECK(s.open());
    CHECK(s.send(reply::proceed{}, out) == errc::ok);
    CHECK(s.state().at() == phase::connected);
    CHECK(s.state().actions() == all_actions);
}

TEST_CASE("an owed reply is still owed after an abort, but the message can't be modified") {
    auto s = session_in_message();
    std::string out;
    heard(s, bytes_of(command::end_of_message{}));
    CHECK(heard(s, bytes_of(command::abort{})) == lines{"abort"});
    CHECK(s.send(reply::add_header{"X", "y"}, out) == errc::message_gone);
    CHECK(s.open());
    CHECK(s.send(reply::proceed{}, out) == errc::ok);
    CHECK(out == "\0\0\0\1c"sv);
    CHECK(heard(s, bytes_of(mail)).size() == 1);
}

TEST_CASE("a reply that was owed when QUIT came is not written [S11, S12]") {
    auto s = session_in_message();
    std::string out;
    heard(s, bytes_of(command::body{"x"}));
    CHECK(heard(s, bytes_of(command::quit{})) == lines{"quit"});
    CHECK(s.send(reply::reject{}, out) == errc::closed);
    CHECK(out.empty());
    CHECK(s.error() == errc::ok);

    auto t = session_in_message();
    heard(t, bytes_of(command::body{"x"}));
    CHECK(heard(t, bytes_of(command::quit_nc{})) == lines{"quit_nc"});
    CHECK(t.send(reply::proceed{}, out) == errc::ok);
    CHECK(out.empty());
}

TEST_CASE("nothing is heard behind a QUIT") {
    auto s = session_in_message();
    CHECK(heard(s, bytes_of(command::quit{}, command::quit{}, mail)) == lines{"quit"});
    CHECK(heard(s, bytes_of(mail)).empty());
    CHECK(s.error() == errc::ok);
}

TEST_CASE("a body replacement of any length goes out in pieces") {
    auto s = session_in_message();
    std::string out;
    heard(s, bytes_of(command::end_of_message{}));
    const std::string body(data_size_64k + 1, 'x');
    CHECK(s.send(reply::replace_body{body}, out) == errc::ok);
    CHECK(out.size() == body.size() + 2 * frame_overhead);
    CHECK(s.send(reply::replace_body{}, out) == errc::ok);
    CHECK(s.send(reply::replace_body{"y"}, out) == errc::ok);
    CHECK(s.open());
}

TEST_CASE("progress between two pieces of a body is left out, and anything else interrupts it for good") {
    auto s = session_in_message();
    std::string out;
    heard(s, bytes_of(command::end_of_message{}));
    CHECK(s.send(reply::progress{}, out) == errc::ok);
    CHECK(s.send(reply::replace_body{"x"}, out) == errc::ok);
    CHECK(s.send(reply::progress{}, out) == errc::ok);
    CHECK(s.send(reply::replace_body{"y"}, out) == errc::ok);
    CHECK(out == bytes_of(reply::progress{}, reply::replace_body{"x"}, reply::replace_body{"y"}));

    // Half a body must not be delivered, so this closes the session.
    CHECK(s.send(reply::add_header{"A", "1"}, out) == errc::ok);
    const auto written = out;
    CHECK(s.send(reply::replace_body{"z"}, out) == errc::body_interrupted);
    CHECK(out == written);
    CHECK_FALSE(s.open());
    CHECK(s.error() == errc::body_interrupted);
}

TEST_CASE("the new body of one message has no consequences for the next") {
    auto s = session_in_message();
    std::string out;
    heard(s, bytes_of(command::end_of_message{}));
    CHECK(s.send(reply::replace_body{"x"}, out) == errc::ok);
    CHECK(s.send(reply::proceed{}, out) == errc::ok);
    heard(s, bytes_of(mail));
    CHECK(s.send(reply::replace_body{"y"}, out) == errc::wrong_reply);
    CHECK(s.open());
    CHECK(s.send(reply::proceed{}, out) == errc::ok);
}

TEST_CASE("the events don't depend on how the bytes come") {
    const auto stream =
        bytes_of(command::negotiate{}, command::macro{'C'}, command::abort{}, command::quit{});
    // Only the offer is to be answered, so its answer comes in the loop.
    const auto run = [&](std::size_t piece) {
        filter_session s;
        lines events;
        std::string out;
        for (std::size_t at = 0; at < stream.size(); at += piece) {
            for (const auto& event : s.receive(std::string_view{stream}.substr(at, piece))) {
                events.push_back(describe(event));
                if (s.state().asked() == question::negotiate) s.send(reply::negotiate{}, out);
            }
        }
        return events;
    };
    const auto whole = run(stream.size());
    CHECK(whole.size() == 4);
    for (std::size_t piece = 1; piece != stream.size(); ++piece) CHECK(run(piece) == whole);
}

TEST_CASE("an event can be matched, and answered from inside the loop") {
    filter_session s;
    std::string out;
    std::string kinds;
    const auto stream = bytes_of(command::negotiate{});
    for (const auto& event : s.receive(stream)) {
        match(
            event, [&](const command::negotiate& offer) { s.send(agree(offer, {}), out); },
            [&](const auto& other) { kinds.append(describe(other)); });
    }
    CHECK(kinds.empty());
    CHECK(s.state().at() == phase::negotiated);
    CHECK(out == "\0\0\0\x0dO\0\0\0\6\0\0\0\0\0\0\0\0"sv);  // [N01] nothing is left out, all is answered
}

TEST_CASE("any output that is a container of bytes will do") {
    auto s = session_in_message();
    heard(s, bytes_of(rcpt));
    std::vector<std::byte> out;
    CHECK(s.send(reply::proceed{}, out) == errc::ok);
    CHECK(out.size() == 5);
    fixed_buffer<8> small;
    heard(s, bytes_of(rcpt));
    CHECK(s.send(reply::proceed{}, small) == errc::ok);
    CHECK(small.size() == 5);
    heard(s, bytes_of(rcpt));
    CHECK(s.send(reply::proceed{}, small) == errc::no_room);
    CHECK(small.size() == 5);
    CHECK_FALSE(s.open());
}
