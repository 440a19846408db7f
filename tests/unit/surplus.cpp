// SPDX-License-Identifier: MIT
// Bytes behind a verdict: they answer nothing, whatever the MTA has said since.
#include <kilter/session.hpp>

#include "support/catch.hpp"
#include "support/pair.hpp"
#include "support/splits.hpp"

#include <cstddef>
#include <string>
#include <string_view>

using namespace kilter;
using namespace test;
using namespace std::string_view_literals;

namespace {

/// An MTA that waits for the answer to MAIL.
mta_session at_mail() {
    pair p;
    REQUIRE(p.negotiate(option::skip) == errc::ok);
    REQUIRE(p.passes(command::connect{"mx"}) == errc::ok);
    REQUIRE(p.mta_says(command::mail{"<a@b>"}) == errc::ok);
    return p.mta;
}

/// An MTA that waits for the answer to end of message.
mta_session at_end_of_message() {
    pair p;
    REQUIRE(p.negotiate(option::skip) == errc::ok);
    REQUIRE(p.passes(command::connect{"mx"}) == errc::ok);
    REQUIRE(p.passes(command::mail{"<a@b>"}) == errc::ok);
    REQUIRE(p.passes(command::rcpt{"<c@d>"}) == errc::ok);
    REQUIRE(p.mta_says(command::end_of_message{}) == errc::ok);
    return p.mta;
}

/// Reads some bytes, and says a recipient as soon as nothing is due, inside the loop, and only once.
class speaker {
public:
    explicit speaker(const mta_session& s) : session{s} {}

    void read(std::string_view bytes) {
        for (const auto& event : session.receive(bytes)) {
            events.push_back(describe(event));
            if (said_ || session.now() != todo::go_on) continue;
            CHECK(session.send(command::rcpt{"<c@d>"}, out_) == errc::ok);
            said_ = true;
        }
    }

    mta_session session;
    lines events{};

private:
    bool said_ = false;
    std::string out_{};
};

constexpr auto go_on = "\0\0\0\1c"sv;

/// Two verdicts of five bytes.
const std::string twice = std::string{go_on}.append(go_on);

}  // namespace

TEST_CASE("a second verdict in the same read is an error") {
    auto s = at_mail();
    CHECK(heard(s, twice) == lines{"proceed", R"(reply where none is due: code "c", length 1, after mail)"});
    CHECK(s.error() == errc::reply_not_due);
    CHECK(s.now() == todo::give_up);
}

TEST_CASE("a second verdict in the same read is no answer to what is said inside the loop") {
    speaker mta{at_mail()};
    mta.read(twice);
    REQUIRE(mta.events.size() == 2);
    CHECK(mta.events[0] == "proceed");
    CHECK(mta.events[1] ==
          R"(reply where none is due: code "c", length 1, after rcpt, while the answer to rcpt was due)");
    CHECK(mta.session.now() == todo::give_up);
    CHECK_FALSE(mta.session.open());
}

TEST_CASE("a second verdict in a later read is an error if nothing has been said since") {
    auto s = at_mail();
    CHECK(heard(s, go_on) == lines{"proceed"});
    CHECK(s.now() == todo::go_on);
    CHECK(heard(s, "") == lines{});
    CHECK(s.now() == todo::go_on);
    heard(s, go_on);
    CHECK(s.error() == errc::reply_not_due);
}

TEST_CASE("an answer in a later read is one to what has been said since") {
    speaker mta{at_mail()};
    mta.read(go_on);
    mta.read(go_on);
    CHECK(mta.events == lines{"proceed", "proceed"});
    CHECK(mta.session.error() == errc::ok);
}

TEST_CASE("wherever two verdicts are cut, only a cut between them makes them two answers") {
    for (std::size_t at = 0; at <= twice.size(); ++at) {
        INFO(at);
        speaker mta{at_mail()};
        for (const auto piece : in_two(twice, at)) mta.read(piece);
        CHECK(mta.session.error() == (at == go_on.size() ? errc::ok : errc::reply_not_due));

        auto silent = at_mail();
        for (const auto piece : in_two(twice, at)) heard(silent, piece);
        CHECK(silent.error() == errc::reply_not_due);
    }
}

TEST_CASE("a second verdict that comes byte by byte is an error if nothing has been said since") {
    auto s = at_mail();
    for (const auto piece : byte_by_byte(twice)) heard(s, piece);
    CHECK(s.error() == errc::reply_not_due);
}

TEST_CASE("what begins behind a verdict stays surplus, however slowly the rest comes") {
    speaker mta{at_mail()};
    mta.read("\0\0\0\1c\0"sv);
    CHECK(mta.events == lines{"proceed"});
    CHECK(mta.session.now() == todo::wait);
    for (const auto piece : {"\0"sv, "\0"sv, "\1"sv}) mta.read(piece);
    CHECK(mta.session.error() == errc::ok);
    mta.read("c");
    CHECK(mta.session.error() == errc::reply_not_due);
}

TEST_CASE("bytes that the loop hasn't come to are surplus in the next read, too") {
    auto s = at_mail();
    std::string out;
    auto events = s.receive(twice);
    CHECK(std::holds_alternative<reply::proceed>(*events.begin()));
    CHECK(s.send(command::rcpt{"<c@d>"}, out) == errc::ok);
    const std::string rest{events.rest().data(), events.rest().size()};
    CHECK(rest == go_on);
    heard(s, rest);
    CHECK(s.error() == errc::reply_not_due);
}

TEST_CASE("any frame behind a verdict is an error, and one that can't be a frame is told as that") {
    const auto behind = [](std::string_view bytes) {
        speaker mta{at_mail()};
        mta.read(std::string{go_on}.append(bytes));
        CHECK(mta.events.size() == 2);
        CHECK(mta.session.now() == todo::give_up);
        return mta.session.error();
    };
    for (const char code : {'c', 'a', 'r', 't', 'd', 's', 'p', '4', 'f', '?'})
        CHECK(behind(raw(code)) == errc::reply_not_due);
    CHECK(behind(raw('y', "550 No\0"sv)) == errc::reply_not_due);
    CHECK(behind(raw('h', "A\0v\0"sv)) == errc::reply_not_due);
    CHECK(behind("\0\0\0\0"sv) == errc::zero_length);
}

TEST_CASE("a modification behind the verdict on a message is an error") {
    for (const auto& late : {raw('h', "A\0v\0"sv), raw('b', "x"), raw('q', "why\0"sv), raw('p')}) {
        for (const char verdict : {'c', 'a', 'r', 't', 'd'}) {
            auto s = at_end_of_message();
            CHECK(heard(s, raw(verdict) + late).size() == 2);
            CHECK(s.error() == errc::reply_not_due);

            auto apart = at_end_of_message();
            heard(apart, raw(verdict));
            heard(apart, late);
            CHECK(apart.error() == errc::reply_not_due);
        }
    }
}

TEST_CASE("a modification behind the verdict isn't one of the next message") {
    auto s = at_end_of_message();
    std::string out;
    const auto bytes = raw('c') + raw('h', "A\0v\0"sv);
    for (const auto& event : s.receive(bytes)) {
        if (s.now() == todo::deliver) CHECK(s.send(command::mail{"<a@b>"}, out) == errc::ok);
        static_cast<void>(event);
    }
    CHECK(s.error() == errc::reply_not_due);
}

TEST_CASE("what stands before the verdict is no surplus, nor is the verdict behind it") {
    auto s = at_end_of_message();
    CHECK(heard(s, raw('p') + raw('h', "A\0v\0"sv) + raw('b', "x") + raw('p') + raw('a')).size() == 5);
    CHECK(s.error() == errc::ok);
    CHECK(s.now() == todo::deliver);
    std::string out;
    CHECK(s.send(command::mail{"<a@b>"}, out) == errc::ok);
    CHECK(heard(s, go_on) == lines{"proceed"});
}

TEST_CASE("bytes behind the answer to the offer are surplus, too") {
    mta_session s;
    std::string out;
    REQUIRE(s.send(command::negotiate{}, out) == errc::ok);
    const auto bytes = bytes_of(reply::negotiate{}) + std::string{go_on};
    for (const auto& event : s.receive(bytes))
        if (std::holds_alternative<reply::negotiate>(event))
            CHECK(s.send(command::connect{"mx"}, out) == errc::ok);
    CHECK(s.error() == errc::reply_not_due);
}

TEST_CASE("bytes before the offer, behind a silent command, and behind quit") {
    mta_session fresh;
    heard(fresh, go_on);
    CHECK(fresh.error() == errc::reply_not_due);

    auto s = at_mail();
    std::string out;
    CHECK(heard(s, go_on) == lines{"proceed"});
    REQUIRE(s.send(command::quit{}, out) == errc::ok);
    CHECK(heard(s, go_on) == lines{});  // nobody reads them
    CHECK(s.error() == errc::ok);
    CHECK(s.now() == todo::close);
}

TEST_CASE("an answer to an abort is an error [P04]") {
    auto s = at_mail();
    std::string out;
    heard(s, go_on);
    REQUIRE(s.send(command::abort{}, out) == errc::ok);
    heard(s, go_on);
    CHECK(s.error() == errc::reply_not_due);
}

TEST_CASE("an answer to macros is an error, alone and together with that to their command [P04]") {
    pair p;
    std::string out;
    REQUIRE(p.negotiate() == errc::ok);
    REQUIRE(p.mta.send(command::macro{'C'}, out) == errc::ok);
    auto alone = p.mta;
    heard(alone, go_on);
    CHECK(alone.error() == errc::reply_not_due);

    REQUIRE(p.mta.send(command::connect{"mx"}, out) == errc::ok);
    heard(p.mta, twice);
    CHECK(p.mta.error() == errc::reply_not_due);
}

TEST_CASE("a filter may hear several commands at once, for an MTA waits only for answers") {
    pair p;
    REQUIRE(p.negotiate(option::silent_connect | option::silent_helo) == errc::ok);
    std::string bytes;
    CHECK(p.mta.send(command::connect{"mx"}, bytes) == errc::ok);
    CHECK(p.mta.send(command::helo{"mx"}, bytes) == errc::ok);
    CHECK(p.mta.send(command::abort{}, bytes) == errc::ok);
    CHECK(p.mta.send(command::mail{"<a@b>"}, bytes) == errc::ok);
    CHECK(heard(p.filter, bytes).size() == 4);
    CHECK(p.filter.error() == errc::ok);
}

TEST_CASE("a reply that begins while none is due is none to a command that is sent before it ends") {
    auto s = at_mail();
    CHECK(heard(s, raw('c')).size() == 1);
    const auto rest = raw('c');
    CHECK(heard(s, rest.substr(0, 1)).empty());
    CHECK(s.now() == todo::go_on);
    CHECK_FALSE(s.reusable());
    std::string out;
    CHECK(s.send(command::rcpt{"<c@d>"}, out) == errc::ok);
    CHECK(heard(s, rest.substr(1, 2)).empty());
    CHECK(heard(s, rest.substr(3)).size() == 1);
    CHECK(s.error() == errc::reply_not_due);
    CHECK(s.now() == todo::give_up);
}

TEST_CASE("a reply that is due may come in pieces") {
    auto s = at_mail();
    for (const char byte : raw('c')) heard(s, {&byte, 1});
    CHECK(s.error() == errc::ok);
    CHECK(s.now() == todo::go_on);
}

TEST_CASE("what nobody asked for is the same error whole and in pieces, whatever is in it") {
    for (const auto& bytes : {raw('c'), raw('?'), raw('h', "no NUL"), raw('q')}) {
        auto whole = at_mail();
        CHECK(heard(whole, raw('c')).size() == 1);
        auto pieces = whole;
        CHECK(heard(whole, bytes).size() == 1);
        for (const char byte : bytes) heard(pieces, {&byte, 1});
        CHECK(whole.error() == errc::reply_not_due);
        CHECK(pieces.error() == errc::reply_not_due);
    }
}
