// SPDX-License-Identifier: MIT
// What the other side may make a session hold or sit through.
#include <kilter/limits.hpp>
#include <kilter/session.hpp>

#include "support/catch.hpp"
#include "support/pair.hpp"

using namespace kilter;
using namespace test;
using namespace std::literals;

namespace {

/// A filter with these limits in the middle of a mail.
filter_session in_a_mail(const limits<side::filter>& all) {
    filter_session s{all};
    heard(s, bytes_of(command::negotiate{}));
    std::string out;
    REQUIRE(s.send(reply::negotiate{}, out) == errc::ok);
    for (const auto& bytes : {raw('C', "mx\0U"sv), raw('M', "<a@b>\0"sv), raw('R', "<c@d>\0"sv)}) {
        heard(s, bytes);
        REQUIRE(s.send(reply::proceed{}, out) == errc::ok);
    }
    return s;
}

/// An MTA with these limits that waits for the reply to the end of a message.
mta_session at_the_end(const limits<side::mta>& all) {
    mta_session s{all};
    std::string out;
    REQUIRE(s.send(command::negotiate{}, out) == errc::ok);
    heard(s, bytes_of(reply::negotiate{.actions = action::add_headers}));
    const auto passes = [&](const auto& message) {
        REQUIRE(s.send(message, out) == errc::ok);
        heard(s, raw('c'));
    };
    passes(command::connect{"mx"});
    passes(command::mail{"<a@b>"});
    passes(command::rcpt{"<c@d>"});
    REQUIRE(s.send(command::end_of_message{}, out) == errc::ok);
    return s;
}

/// Hears the bytes again and again. How many times does that go well?
template <class Session>
int times_until_closed(Session& session, std::string_view bytes) {
    int times = 0;
    for (; times != 20'000; ++times) {
        heard(session, bytes);
        if (!session.open()) break;
    }
    return times;
}

}  // namespace

TEST_CASE("limits have safe defaults") {
    CHECK(limits<side::filter>{}.payload == 65'535);
    CHECK(limits<side::mta>{}.payload == 1'048'575);
    CHECK(limits<side::filter>{}.macros == 32'768);
    CHECK(limits<side::filter>{}.idle_messages == 10'000);
    CHECK(limits<side::mta>{}.idle_messages == 10'000);
    CHECK(limits<side::filter>{} == limits<side::filter>{.payload = 65'535});
}

TEST_CASE("macros may be so large and no larger") {
    const auto macro = [](std::size_t payload) {
        return raw('D', "Ri\0"s + std::string(payload - 4, 'x') + '\0');
    };
    auto s = in_a_mail({});
    CHECK(heard(s, macro(32'768)).size() == 1);
    CHECK(s.open());
    CHECK(heard(s, macro(32'769)) == lines{"a frame over the limit: code \"D\", length 32770, after rcpt"});
    CHECK(s.error() == errc::frame_too_long);

    auto small = in_a_mail({.macros = 5});
    CHECK(heard(small, macro(5)).size() == 1);
    CHECK(heard(small, raw('L', "name\0value\0"sv)).size() == 1);  // others may be larger
    std::string out;
    CHECK(small.send(reply::proceed{}, out) == errc::ok);
    heard(small, macro(6));
    CHECK(small.error() == errc::frame_too_long);
}

TEST_CASE("a filter hears so many commands in a row that bring no mail on, and no more") {
    const std::pair<std::string, int> floods[] = {
        {raw('A'), 1}, {raw('D', "Hi\0x\0"sv), 1}, {raw('A') + raw('D', "T"), 2}};
    for (const auto& [bytes, each] : floods) {
        INFO(bytes);
        auto s = in_a_mail({.idle_messages = 100});
        CHECK(times_until_closed(s, bytes) == 100 / each);
        CHECK(s.error() == errc::no_progress);
        auto usual = in_a_mail({});
        CHECK(times_until_closed(usual, bytes) == 10'000 / each);
    }
}

TEST_CASE("unanswered commands that bring no mail on are counted, too, and so are answered ones") {
    for (const auto& bytes : {raw('U', "NOOP\0"sv), raw('H', "mx\0"sv)}) {
        auto s = in_a_mail({.idle_messages = 3});
        heard(s, raw('A'));
        std::string out;
        for (int i = 0; i != 2; ++i) {
            heard(s, bytes);
            REQUIRE(s.send(reply::proceed{}, out) == errc::ok);
        }
        CHECK(heard(s, bytes).front().starts_with("too many messages that bring no mail on: code "));
        CHECK_FALSE(s.open());
    }
}

TEST_CASE("a limit below 64 KiB stays, if no larger size is agreed") {
    auto s = in_a_mail({.payload = 100});
    CHECK(heard(s, raw('B', std::string(101, 'x'))).size() == 1);
    CHECK(s.error() == errc::frame_too_long);
}

TEST_CASE("a larger size that is offered, but not agreed, leaves a limit as it is") {
    mta_session s{{.payload = 100}};
    std::string out;
    REQUIRE(s.send(command::negotiate{.options = all_options | option::data_1m}, out) == errc::ok);
    heard(s, bytes_of(reply::negotiate{}));
    REQUIRE(s.send(command::connect{"mx"}, out) == errc::ok);
    heard(s, raw('y', std::string(101, '5')));
    CHECK(s.error() == errc::frame_too_long);
}

TEST_CASE("a limit above the size that is agreed stays") {
    mta_session s;
    std::string out;
    REQUIRE(s.send(command::negotiate{.options = all_options | option::data_256k}, out) == errc::ok);
    heard(s, bytes_of(reply::negotiate{.actions = action::change_body, .options = option::data_256k}));
    const auto passes = [&](const auto& message) {
        REQUIRE(s.send(message, out) == errc::ok);
        heard(s, raw('c'));
    };
    passes(command::connect{"mx"});
    passes(command::mail{"<a@b>"});
    passes(command::rcpt{"<c@d>"});
    REQUIRE(s.send(command::end_of_message{}, out) == errc::ok);
    heard(s, raw('b', std::string(500'000, 'x')));
    CHECK(s.error() == errc::ok);
}

TEST_CASE("each part of a mail makes a filter patient again") {
    auto s = in_a_mail({.idle_messages = 2});
    std::string out;
    for (int i = 0; i != 100; ++i) {
        heard(s, raw('D', "R").append(raw('D', "R")).append(raw('R', "<c@d>\0"sv)));
        REQUIRE(s.send(reply::proceed{}, out) == errc::ok);
    }
    for (int i = 0; i != 100; ++i) {
        heard(s, raw('D', "B").append(raw('D', "B")).append(raw('B', "x")));
        REQUIRE(s.send(reply::proceed{}, out) == errc::ok);
    }
    heard(s, raw('D', "B").append(raw('D', "B")));
    CHECK(s.open());
    heard(s, raw('D', "B"));
    CHECK(s.error() == errc::no_progress);
}

TEST_CASE("an MTA hears progress so many times in a row, and no more") {
    auto s = at_the_end({.idle_messages = 3});
    heard(s, raw('p') + raw('p') + raw('p') + raw('h', "A\0b\0"sv) + raw('p') + raw('p') + raw('p'));
    CHECK(s.open());
    CHECK(heard(s, raw('p')).back().starts_with("too many messages that bring no mail on: code \"p\""));
    CHECK(s.error() == errc::no_progress);

    auto usual = at_the_end({});
    CHECK(times_until_closed(usual, raw('p')) == 10'000);
}

TEST_CASE("the modifications of a message are not counted") {
    auto s = at_the_end({.idle_messages = 3});
    CHECK(times_until_closed(s, raw('h', "A\0b\0"sv)) == 20'000);
}

TEST_CASE("the largest number of idle messages is no limit") {
    auto s = in_a_mail({.idle_messages = 0xffff'ffff});
    CHECK(times_until_closed(s, raw('A')) == 20'000);
}
