// SPDX-License-Identifier: MIT
// The MTA's session: what it sends, what it leaves out, and what it makes of the replies.
#include <kilter/session.hpp>

#include "support/catch.hpp"
#include "support/pair.hpp"

#include <string>
#include <string_view>

using namespace kilter;
using namespace test;
using namespace std::string_view_literals;

namespace {

constexpr command::connect connect{"mx", family::inet, 25, "192.0.2.1"};
constexpr command::helo helo{"mx"};
constexpr command::mail mail{"<a@b>"};
constexpr command::rcpt rcpt{"<c@d>"};

/// An MTA whose offer has been answered so.
mta_session session_after(option options, action actions = all_actions) {
    mta_session s;
    std::string out;
    REQUIRE(s.send(command::negotiate{}, out) == errc::ok);
    REQUIRE(heard(s, bytes_of(reply::negotiate{6, actions, options})).size() == 1);
    return s;
}

/// Sends a command and gives the reply to it, if one is due. The result is what was written.
template <class M, class R = reply::proceed>
std::string say(mta_session& s, const M& command, const R& reply = {}) {
    std::string out;
    if (s.send(command, out) != errc::ok) return "refused";
    if (s.state().reply_due() && heard(s, bytes_of(reply)).size() != 1) return "no reply";
    return out;
}

mta_session session_in_message(option options = option::skip) {
    auto s = session_after(options);
    say(s, connect);
    say(s, helo);
    say(s, mail);
    say(s, rcpt);
    REQUIRE(s.state().at() == phase::rcpt);
    return s;
}

}  // namespace

TEST_CASE("an MTA offers, and hears what the filter takes") {
    mta_session s;
    std::string out;
    CHECK(s.send(command::negotiate{}, out) == errc::ok);
    CHECK(out == "\0\0\0\x0dO\0\0\0\6\0\0\1\xff\0\x1f\xff\xff"sv);
    CHECK(
        heard(s, "\0\0\0\x0dO\0\0\0\6\0\0\0\1\0\0\3\x80"sv) ==
        lines{"negotiate version=6 actions=add_headers options=silent_header|no_unknown|no_data symbols=[]"});
    CHECK(s.state().at() == phase::negotiated);
}

TEST_CASE("commands are out of turn before the offer, and refused while a reply is owed [S16]") {
    mta_session s;
    std::string out;
    CHECK(s.send(connect, out) == errc::out_of_turn);
    CHECK(s.send(command::negotiate{}, out) == errc::ok);
    out.clear();
    CHECK(s.send(connect, out) == errc::reply_owed);
    CHECK(s.send(command::abort{}, out) == errc::reply_owed);
    CHECK(s.send(command::quit{}, out) == errc::reply_owed);
    CHECK(out.empty());
    CHECK(s.open());
    CHECK(s.error() == errc::ok);
}

TEST_CASE("a command that is refused changes nothing") {
    auto s = session_after(option::none);
    std::string out;
    const auto before = s.state();
    CHECK(s.send(mail, out) == errc::out_of_turn);
    CHECK(s.send(command::connect{.hostname = "a\0b"sv}, out) == errc::nul_in_text);
    CHECK(s.send(command::connect{.family = family{'x'}}, out) == errc::unknown_family);
    CHECK(out.empty());
    CHECK(s.open());
    CHECK(s.state() == before);
    CHECK(s.send(connect, out) == errc::ok);
}

TEST_CASE("a header that is too large for a frame is refused, and the next one may come [H21]") {
    auto s = session_in_message();
    std::string out;
    const std::string value(70'000, 'x');
    CHECK(s.send(command::header{"A", value}, out) == errc::too_long);
    CHECK(out.empty());
    CHECK_FALSE(say(s, command::header{"A", "1"}).empty());
}

TEST_CASE("steps that the filter doesn't want aren't sent, nor their macros") {
    auto s =
        session_after(option::no_helo | option::no_headers | option::no_body | option::no_end_of_headers);
    CHECK_FALSE(say(s, command::macro{'C'}).empty());
    CHECK_FALSE(say(s, connect).empty());
    CHECK(say(s, command::macro{'H'}).empty());
    CHECK(say(s, helo).empty());
    CHECK_FALSE(say(s, command::macro{'M'}).empty());
    CHECK_FALSE(say(s, mail).empty());
    CHECK_FALSE(say(s, rcpt).empty());
    CHECK_FALSE(say(s, command::data{}).empty());
    CHECK(say(s, command::macro{'L'}).empty());
    CHECK(say(s, command::header{"a", "b"}).empty());
    CHECK(say(s, command::end_of_headers{}).empty());
    CHECK(say(s, command::body{"x"}).empty());
    CHECK_FALSE(say(s, command::macro{'E'}).empty());
    CHECK(say(s, command::end_of_message{}) == "\0\0\0\1E"sv);  // [N19]
    CHECK(s.state().at() == phase::greeted);
}

TEST_CASE("a step that isn't sent is out of turn at the wrong place all the same") {
    auto s = session_after(option::no_helo);
    std::string out;
    CHECK(s.send(helo, out) == errc::out_of_turn);
    CHECK(out.empty());
}

TEST_CASE("after a silent step, the MTA doesn't wait [N02]") {
    auto s = session_after(option::silent_helo);
    std::string out;
    say(s, connect);
    CHECK(s.send(helo, out) == errc::ok);
    CHECK_FALSE(s.state().reply_due());
    CHECK(s.send(mail, out) == errc::ok);
    CHECK(s.state().reply_due());
}

TEST_CASE("a reply to a silent step can't be attributed, and is an error") {
    auto s = session_after(option::silent_helo);
    std::string out;
    say(s, connect);
    CHECK(s.send(helo, out) == errc::ok);
    CHECK(heard(s, bytes_of(reply::proceed{})) ==
          lines{"reply where none is due: code \"c\", length 1, after greeted"});
    CHECK(s.error() == errc::reply_not_due);
}

TEST_CASE("accepted at connect, the MTA says nothing more but quit [S22]") {
    auto s = session_after(option::none);
    say(s, connect, reply::accept{});
    CHECK(s.state().over() == scope::connection);
    CHECK(say(s, command::macro{'H'}).empty());
    CHECK(say(s, helo).empty());
    CHECK(say(s, mail).empty());
    CHECK(say(s, rcpt).empty());
    CHECK(say(s, command::unknown{"x"}).empty());
    CHECK(say(s, command::end_of_message{}).empty());
    CHECK(say(s, command::abort{}).empty());
    CHECK(say(s, command::quit{}) == "\0\0\0\1Q"sv);
    CHECK_FALSE(s.open());
}

TEST_CASE("accepted at MAIL, the MTA says nothing more until the next MAIL [S21, S22, S23]") {
    auto s = session_after(option::none);
    say(s, connect);
    say(s, helo);
    say(s, mail, reply::accept{});
    CHECK(say(s, command::macro{'R'}).empty());
    CHECK(say(s, rcpt).empty());
    CHECK(say(s, command::data{}).empty());
    CHECK(say(s, command::header{"a", "b"}).empty());
    CHECK(say(s, command::end_of_headers{}).empty());
    CHECK(say(s, command::body{"x"}).empty());
    CHECK(say(s, command::end_of_message{}).empty());
    CHECK_FALSE(say(s, command::unknown{"x"}).empty());
    CHECK_FALSE(say(s, mail).empty());  // [S24]
    CHECK_FALSE(say(s, rcpt).empty());
    CHECK(s.state().at() == phase::rcpt);
}

TEST_CASE("after a refused message the next one may come at once [S01, S39]") {
    auto s = session_in_message();
    say(s, command::body{"x"}, reply::reject{});
    CHECK(say(s, command::body{"x"}).empty());
    CHECK(say(s, command::end_of_message{}).empty());
    CHECK_FALSE(say(s, mail).empty());
}

TEST_CASE("a refused recipient leaves the others alone, an accepted one is the end [S20, S21]") {
    auto s = session_in_message();
    say(s, rcpt, reply::reject{});
    CHECK(s.state().ended() == scope::recipient);
    CHECK_FALSE(say(s, rcpt).empty());
    CHECK_FALSE(say(s, command::data{}).empty());

    auto t = session_in_message();
    say(t, rcpt, reply::accept{});
    CHECK(say(t, rcpt).empty());
    CHECK(say(t, command::end_of_message{}).empty());
}

TEST_CASE("after skip the MTA leaves out the rest of its kind and goes on [S17, S18]") {
    auto s = session_in_message();
    say(s, command::header{"a", "b"}, reply::skip{});
    CHECK(say(s, command::macro{'L'}).empty());
    CHECK(say(s, command::header{"a", "b"}).empty());
    CHECK_FALSE(say(s, command::end_of_headers{}).empty());
    say(s, command::body{"x"}, reply::skip{});
    CHECK(say(s, command::body{"x"}).empty());
    CHECK(say(s, command::end_of_message{}) == "\0\0\0\1E"sv);
    say(s, mail);
    say(s, rcpt);
    CHECK_FALSE(say(s, command::header{"a", "b"}).empty());
    CHECK_FALSE(say(s, command::body{"x"}).empty());
}

TEST_CASE("after a skipped HELO or MAIL the MTA doesn't wait for an answer to what it hasn't sent") {
    auto s = session_after(option::skip);
    std::string out;
    say(s, connect);
    say(s, helo, reply::skip{});
    CHECK(s.send(helo, out) == errc::ok);
    CHECK(s.state().reply_due() == !out.empty());

    auto t = session_after(option::skip);
    out.clear();
    say(t, connect);
    say(t, mail, reply::skip{});
    say(t, rcpt);
    say(t, command::end_of_message{});
    CHECK(t.send(mail, out) == errc::ok);
    CHECK(t.state().reply_due() == !out.empty());
}

TEST_CASE("modifications, quarantine and progress leave the MTA waiting for the verdict [P07, P22]") {
    auto s = session_in_message();
    std::string out;
    CHECK(s.send(command::end_of_message{}, out) == errc::ok);
    CHECK(heard(s, bytes_of(reply::progress{}, reply::progress{}, reply::replace_body{"x"},
                            reply::add_header{"a", "b"}, reply::replace_body{"y"}, reply::quarantine{"why"},
                            reply::progress{})) == lines{"progress", "progress", "replace_body chunk=\"x\"",
                                                         "add_header name=\"a\" value=\"b\" space=\" \"",
                                                         "replace_body chunk=\"y\"",
                                                         "quarantine reason=\"why\"", "progress"});  // [S28]
    CHECK(s.state().asked() == question::end_of_message);
    CHECK(heard(s, bytes_of(reply::accept{})) == lines{"accept"});
    CHECK_FALSE(s.state().reply_due());
    CHECK(s.state().ended() == scope::message);
}

TEST_CASE("progress may come at any command [P21]") {
    auto s = session_after(option::none);
    std::string out;
    CHECK(s.send(connect, out) == errc::ok);
    CHECK(heard(s, bytes_of(reply::progress{}, reply::proceed{})) == lines{"progress", "proceed"});
    CHECK_FALSE(s.state().reply_due());
}

TEST_CASE("an aborted message is over for both") {
    auto s = session_in_message();
    CHECK(say(s, command::abort{}) == "\0\0\0\1A"sv);
    CHECK_FALSE(say(s, mail).empty());
}

TEST_CASE("a body in pieces that are answered is sent piece by piece, an unanswered one at once") {
    const std::string body(data_size_64k + 1, 'x');
    std::string out;
    auto answered = session_in_message();
    CHECK(answered.send(command::body{body}, out) == errc::too_long);
    CHECK(out.empty());

    auto silent = session_in_message(option::silent_body);
    CHECK(silent.send(command::body{body}, out) == errc::ok);
    CHECK(out.size() == body.size() + 2 * frame_overhead);
}

TEST_CASE("an empty piece of a body and an end of message with data are never sent [P03]") {
    auto s = session_in_message();
    std::string out;
    CHECK(s.send(command::body{}, out) == errc::ok);
    CHECK(out.empty());
    CHECK(s.state().at() == phase::rcpt);
    CHECK_FALSE(s.state().reply_due());
    CHECK(s.send(command::end_of_message{"x"}, out) == errc::not_for_sending);
    CHECK(out.empty());
    CHECK(s.open());
}

TEST_CASE("an MTA takes frames from filters that don't cut what they send") {
    auto s = session_in_message();
    std::string out;
    CHECK(s.send(command::end_of_message{}, out) == errc::ok);
    const std::string body(200'000, 'x');
    CHECK(heard(s, raw('b', body)).size() == 1);
    CHECK(s.open());
}

TEST_CASE("Postfix's shutdown ends the connection") {
    auto s = session_in_message();
    say(s, command::data{}, reply::shutdown{});
    CHECK(s.state().ended() == scope::connection);
    CHECK(say(s, command::header{"a", "b"}).empty());
    CHECK(say(s, command::quit{}) == "\0\0\0\1Q"sv);
}

TEST_CASE("a filter that hangs up while its reply is owed is an error, and only then [S38]") {
    auto s = session_in_message();
    auto t = s;
    std::string out;
    CHECK(t.finish() == errc::ok);
    CHECK_FALSE(t.open());
    CHECK(t.error() == errc::ok);
    CHECK(s.send(command::end_of_message{}, out) == errc::ok);
    CHECK(s.finish() == errc::unanswered);
    CHECK_FALSE(s.open());
    CHECK(s.error() == errc::unanswered);
    CHECK(s.send(command::quit{}, out) == errc::closed);
    CHECK(s.finish() == errc::ok);  // there is nothing left to break
    CHECK(s.error() == errc::unanswered);

    auto cut = session_in_message();
    CHECK(cut.send(command::end_of_message{}, out) == errc::ok);
    heard(cut, "\0\0\0\1"sv);
    CHECK(cut.finish() == errc::cut_short);  // its answer had begun
}

TEST_CASE("both sides hear what the other says, however the bytes are cut") {
    for (const std::size_t piece : {1u, 2u, 3u, 5u, 7u, 1000u}) {
        pair p{piece};
        CHECK(p.negotiate() == errc::ok);
        const auto definitions = pack_definitions({{"j", "mx"}});
        CHECK(p.mta_says(command::macro{'C', definitions}) == errc::ok);
        CHECK(p.passes(connect) == errc::ok);
        CHECK(p.passes(helo) == errc::ok);
        const auto args = pack_texts({"SIZE=1"});
        CHECK(p.passes(command::mail{"<a@b>", args}) == errc::ok);
        CHECK(p.passes(rcpt) == errc::ok);
        CHECK(p.passes(command::data{}) == errc::ok);
        CHECK(p.passes(command::header{"A", "1"}) == errc::ok);
        CHECK(p.passes(command::end_of_headers{}) == errc::ok);
        CHECK(p.passes(command::body{"x\r\n"}) == errc::ok);
        CHECK(p.mta_says(command::end_of_message{}) == errc::ok);
        CHECK(p.filter_says(reply::insert_header{0, "B", "2"}) == errc::ok);
        CHECK(p.filter_says(reply::accept{}) == errc::ok);
        CHECK(p.mta_says(command::quit{}) == errc::ok);
        CHECK(p.filter_heard == lines{"macro command=connect definitions=[j=\"mx\"]",
                                      "connect hostname=\"mx\" family=inet port=25 address=\"192.0.2.1\"",
                                      "helo hostname=\"mx\"", "mail sender=\"<a@b>\" args=[\"SIZE=1\"]",
                                      "rcpt recipient=\"<c@d>\" args=[]", "data",
                                      "header name=\"A\" value=\"1\"", "end_of_headers",
                                      "body chunk=\"x\\r\\n\"", "end_of_message chunk=\"\"", "quit"});
        CHECK(p.mta_heard == lines{"proceed", "proceed", "proceed", "proceed", "proceed", "proceed",
                                   "proceed", "proceed",
                                   "insert_header index=0 name=\"B\" value=\"2\" space=\" \"", "accept"});
        CHECK_FALSE(p.filter.open());
        CHECK_FALSE(p.mta.open());
    }
}
