// SPDX-License-Identifier: MIT
// Recipients that the MTA has refused itself: for filters that ask for them, and without any effect.
#include <kilter/session.hpp>

#include "support/catch.hpp"
#include "support/pair.hpp"

#include <string>
#include <string_view>

using namespace kilter;
using namespace test;
using namespace std::string_view_literals;

namespace {

constexpr command::rcpt rejected{.recipient = "<x@y>", .rejected = true};
constexpr command::rcpt rcpt{"<c@d>"};

/// An MTA whose MAIL has been answered.
pair in_mail(option agreed) {
    pair p;
    REQUIRE(p.negotiate(agreed) == errc::ok);
    REQUIRE(p.passes(command::connect{"mx"}) == errc::ok);
    REQUIRE(p.passes(command::mail{"<a@b>"}) == errc::ok);
    p.forget();
    return p;
}

constexpr auto asked_for = option::rejected_rcpt | option::skip;

/// Every option but that one, and but those that leave out a command.
constexpr option others{0x1ff480};

}  // namespace

TEST_CASE("a rejected recipient isn't sent to a filter that hasn't asked for it") {
    auto p = in_mail(others);
    const auto before = p.mta.state();
    CHECK_FALSE(p.mta.wants(rejected));
    CHECK(p.mta.wants(rcpt));
    CHECK(p.mta_says(rejected) == errc::ok);
    CHECK(p.last_to_filter.empty());
    CHECK(p.mta.state() == before);
    CHECK(p.mta.now() == todo::go_on);

    CHECK(p.passes(rcpt) == errc::ok);
    CHECK(p.mta_says(rejected) == errc::ok);
    CHECK(p.mta.now() == todo::go_on);
    CHECK(p.passes(command::data{}) == errc::ok);
    CHECK(p.filter_heard == lines{R"(rcpt recipient="<c@d>" args=[])", "data"});
}

TEST_CASE("a filter that asks for it gets a rejected recipient like any other") {
    auto p = in_mail(option::rejected_rcpt);
    CHECK(p.mta.wants(rejected));
    CHECK(p.mta_says(rejected) == errc::ok);
    CHECK(p.last_to_filter == "\0\0\0\7R<x@y>\0"sv);
    CHECK(p.mta.now() == todo::wait);
    CHECK(p.mta.state().asked() == question::rcpt);
    CHECK(p.filter_says(reply::proceed{}) == errc::ok);
    CHECK(p.mta.now() == todo::go_on);
    CHECK(p.mta.state().at() == phase::rcpt);
}

TEST_CASE("a filter doesn't see by the message itself that a recipient is rejected") {
    auto p = in_mail(asked_for);
    std::string bytes;
    REQUIRE(p.mta.send(rejected, bytes) == errc::ok);
    for (const auto& event : p.filter.receive(bytes)) CHECK_FALSE(std::get<command::rcpt>(event).rejected);
}

// Protocol facts 3.8; 9, row 64.
TEST_CASE("a refusal of a rejected recipient refuses nothing: the message goes on") {
    for (const char reply : {'c', 'r', 't', 's'}) {
        INFO(reply);
        auto p = in_mail(asked_for);
        REQUIRE(p.passes(rcpt) == errc::ok);
        REQUIRE(p.mta_says(rejected) == errc::ok);
        CHECK(heard(p.mta, raw(reply)).size() == 1);
        CHECK(p.mta.error() == errc::ok);
        CHECK(p.mta.now() == todo::go_on);
        CHECK(p.mta.state().ended() == scope::nothing);
        CHECK(p.mta.state().over() == scope::nothing);
        CHECK(p.mta.state().at() == phase::rcpt);
        CHECK(p.mta.wants(command::data{}));
        if (reply != 's') CHECK(p.mta.wants(rcpt));
        CHECK_FALSE(p.mta.reusable());
    }
    auto p = in_mail(asked_for);
    REQUIRE(p.mta_says(rejected) == errc::ok);
    heard(p.mta, raw('y', "550 5.1.1 No\0"sv));
    CHECK(p.mta.now() == todo::go_on);
}

// Postfix 3.7 milter8.c: the result is ignored, but the filter gets nothing more of the message.
TEST_CASE("a filter that accepts or discards at a rejected recipient is left out of the message") {
    const auto both = [](const auto& verdict) {
        auto p = in_mail(asked_for);
        REQUIRE(p.passes(rcpt) == errc::ok);
        REQUIRE(p.mta_says(rejected) == errc::ok);
        REQUIRE(p.filter_says(verdict) == errc::ok);
        CHECK(p.mta.now() == todo::leave_message);
        CHECK_FALSE(p.mta.wants(rcpt));
        CHECK_FALSE(p.mta.wants(command::data{}));
        CHECK(p.mta_says(command::data{}) == errc::ok);  // left out
        CHECK(p.mta.reusable());
        CHECK(p.passes(command::mail{"<next@x>"}) == errc::ok);
        CHECK(p.passes(rcpt) == errc::ok);
        CHECK(p.filter.open());
        CHECK(p.mta.now() == todo::go_on);
    };
    both(reply::accept{});
    both(reply::discard{});
}

TEST_CASE("progress may come before the answer to a rejected recipient, and nothing else") {
    auto p = in_mail(asked_for);
    REQUIRE(p.mta_says(rejected) == errc::ok);
    heard(p.mta, raw('p'));
    CHECK(p.mta.now() == todo::wait);
    heard(p.mta, raw('h', "A\0v\0"sv));
    CHECK(p.mta.error() == errc::wrong_reply);
}

TEST_CASE("the answer to the next recipient counts again") {
    auto p = in_mail(asked_for);
    REQUIRE(p.passes(rejected) == errc::ok);
    REQUIRE(p.mta_says(rcpt) == errc::ok);
    heard(p.mta, raw('r'));
    CHECK(p.mta.now() == todo::refuse_recipient);
    REQUIRE(p.mta_says(rcpt) == errc::ok);
    heard(p.mta, raw('a'));
    CHECK(p.mta.now() == todo::leave_message);
}

TEST_CASE("nobody waits for the answer to a silent rejected recipient") {
    auto p = in_mail(asked_for | option::silent_rcpt);
    CHECK(p.mta_says(rejected) == errc::ok);
    CHECK_FALSE(p.last_to_filter.empty());
    CHECK(p.mta.now() == todo::go_on);
}

TEST_CASE("a rejected recipient isn't sent where no other would be") {
    auto unwanted = in_mail(asked_for | option::no_rcpt);
    CHECK_FALSE(unwanted.mta.wants(rejected));
    CHECK(unwanted.mta_says(rejected) == errc::ok);
    CHECK(unwanted.last_to_filter.empty());
    CHECK(unwanted.mta.now() == todo::go_on);

    auto skipped = in_mail(asked_for);
    REQUIRE(skipped.mta_says(rcpt) == errc::ok);
    heard(skipped.mta, raw('s'));
    CHECK_FALSE(skipped.mta.wants(rejected));
    CHECK(skipped.mta_says(rejected) == errc::ok);
    CHECK(skipped.last_to_filter.empty());
    CHECK(skipped.mta.now() == todo::go_on);

    auto accepted = in_mail(asked_for);
    REQUIRE(accepted.mta_says(rcpt) == errc::ok);
    heard(accepted.mta, raw('a'));
    CHECK_FALSE(accepted.mta.wants(rejected));
    CHECK(accepted.mta_says(rejected) == errc::ok);
    CHECK(accepted.last_to_filter.empty());
}

TEST_CASE("a message may have rejected recipients alone, and go on") {
    auto p = in_mail(asked_for);
    CHECK(p.passes(rejected) == errc::ok);
    CHECK(p.passes(command::data{}) == errc::ok);
    CHECK(p.mta.now() == todo::go_on);
}

TEST_CASE("whatever a filter says of a rejected recipient, the others are sent, and nobody hangs up") {
    for (const auto& reply : {raw('s'), raw('4'), raw('y', "421 4.7.1 Bye\0"sv)}) {
        auto p = in_mail(asked_for);
        CHECK(p.mta_says(rejected) == errc::ok);
        heard(p.mta, reply);
        CHECK(p.mta.now() == todo::go_on);
        CHECK(p.mta.state().ended() == scope::nothing);
        CHECK(p.mta.wants(rcpt));
        CHECK(p.mta.wants(rejected));
    }
}
