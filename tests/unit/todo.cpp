// SPDX-License-Identifier: MIT
// What an MTA does after each reply to each command, against a table written by hand.
#include <kilter/session.hpp>

#include "support/catch.hpp"
#include "support/pair.hpp"

#include <array>
#include <cstddef>
#include <string>
#include <string_view>

using namespace kilter;
using namespace test;
using namespace std::string_view_literals;

namespace {

constexpr option all_silent = option::silent_connect | option::silent_helo | option::silent_mail |
                              option::silent_rcpt | option::silent_data | option::silent_unknown |
                              option::silent_header | option::silent_end_of_headers | option::silent_body;

/// An MTA that has just sent this command, and has got proceed for those before it where they are answered.
mta_session sent(char last, option agreed) {
    pair p;
    REQUIRE(p.negotiate(agreed) == errc::ok);
    bool done = false;
    const auto next = [&](char code, const auto& command) {
        if (done) return;
        done = code == last;
        CHECK((done ? p.mta_says(command) : p.passes(command)) == errc::ok);
    };
    next('C', command::connect{"mx"});
    next('H', command::helo{"mx"});
    next('M', command::mail{"<a@b>"});
    next('R', command::rcpt{"<c@d>"});
    next('T', command::data{});
    next('U', command::unknown{"FOO"});
    next('L', command::header{"A", "1"});
    next('N', command::end_of_headers{});
    next('B', command::body{"x\r\n"});
    next('E', command::end_of_message{});
    REQUIRE(done);
    return p.mta;
}

struct row {
    char code;
    std::string_view payload;
    std::string_view marks;
};

constexpr std::string_view columns = "CHMRTULNBE";

// Protocol facts 5.1 to 5.4, 9 (rows 24 to 28), 9.2. `.` go on, `w` wait; the client is told that what is
// refused is `u` its command, `r` the recipient, `m` the message, `c` the connection; the filter is left
// alone for `a` this message, `q` good; `d` deliver, `x` discard, `h` hang up; `!` the filter is wrong.
constexpr std::array<row, 25> replies{{
    {'c', ""sv, ".........d"},
    {'a', ""sv, "qqaaa.aaad"},
    {'r', ""sv, "ccmrmummmm"},
    {'t', ""sv, "ccmrmummmm"},
    {'y', "550 5.7.1 No\0"sv, "ccmrmummmm"},
    {'y', "451-4.7.1 Not\r\n451 4.7.1 now\0"sv, "ccmrmummmm"},
    {'y', "422 4.2.2 Full\0"sv, "ccmrmummmm"},
    {'y', "521 5.3.2 No\0"sv, "ccmrmummmm"},
    {'y', "421 4.7.0 Bye\0"sv, "hhhhhhhhhh"},
    {'y', "421-4.7.0 Bye\r\n421 4.7.0 bye\0"sv, "hhhhhhhhhh"},
    {'4', ""sv, "hhhhhhhhhh"},
    {'d', ""sv, "..xxx.xxxx"},
    {'s', ""sv, ".........d"},
    {'p', ""sv, "wwwwwwwwww"},
    {'h', "A\0v\0"sv, "!!!!!!!!!w"},
    {'i', "\0\0\0\0A\0v\0"sv, "!!!!!!!!!w"},
    {'m', "\0\0\0\1A\0v\0"sv, "!!!!!!!!!w"},
    {'e', "<a@b>\0"sv, "!!!!!!!!!w"},
    {'+', "<a@b>\0"sv, "!!!!!!!!!w"},
    {'2', "<a@b>\0"sv, "!!!!!!!!!w"},
    {'-', "<a@b>\0"sv, "!!!!!!!!!w"},
    {'b', "x"sv, "!!!!!!!!!w"},
    {'q', "why\0"sv, "!!!!!!!!!w"},
    {'f', ""sv, "!!!!!!!!!!"},
    {'O', "\0\0\0\6\0\0\0\0\0\0\0\0"sv, "!!!!!!!!!!"},
}};

todo meant_by(char mark) {
    switch (mark) {
        case '.': return todo::go_on;
        case 'w': return todo::wait;
        case 'u': return todo::refuse_command;
        case 'r': return todo::refuse_recipient;
        case 'm': return todo::refuse_message;
        case 'c': return todo::refuse_connection;
        case 'a': return todo::leave_message;
        case 'q': return todo::leave_connection;
        case 'd': return todo::deliver;
        case 'x': return todo::discard;
        case 'h': return todo::hang_up;
        default: return todo::give_up;
    }
}

}  // namespace

TEST_CASE("what an MTA does is a matter of the reply and of the command that it answers") {
    for (std::size_t column = 0; column != columns.size(); ++column) {
        const auto before = sent(columns[column], option::skip);
        CHECK(before.now() == todo::wait);
        for (const auto& row : replies) {
            INFO(row.code << " \"" << row.payload << "\" to " << columns[column]);
            auto after = before;
            heard(after, raw(row.code, row.payload));
            CHECK(to_string(after.now()) == to_string(meant_by(row.marks[column])));
            CHECK(after.open() == (row.marks[column] != '!'));
        }
    }
}

TEST_CASE("a reply means the same after progress, and after modifications") {
    for (std::size_t column = 0; column != columns.size(); ++column) {
        for (const auto& row : replies) {
            INFO(row.code << " \"" << row.payload << "\" to " << columns[column]);
            auto s = sent(columns[column], option::skip);
            heard(s, raw('p'));
            if (columns[column] == 'E') heard(s, raw('h', "A\0v\0"sv) + raw('b', "x"));
            REQUIRE(s.now() == todo::wait);
            heard(s, raw(row.code, row.payload));
            CHECK(to_string(s.now()) == to_string(meant_by(row.marks[column])));
        }
    }
}

TEST_CASE(
    "after a silent command the MTA goes on, and any reply to it is wrong; end of message is answered") {
    for (std::size_t column = 0; column != columns.size(); ++column) {
        const bool answered = columns[column] == 'E';
        const auto before = sent(columns[column], all_silent | option::skip);
        CHECK(before.now() == (answered ? todo::wait : todo::go_on));
        for (const auto& row : replies) {
            INFO(row.code << " \"" << row.payload << "\" to " << columns[column]);
            auto after = before;
            heard(after, raw(row.code, row.payload));
            const auto expected = answered ? meant_by(row.marks[column]) : todo::give_up;
            CHECK(to_string(after.now()) == to_string(expected));
        }
    }
}

TEST_CASE("skip is wrong where it wasn't agreed, and so is a modification") {
    for (const char column : columns) {
        auto s = sent(column, option::none);
        heard(s, raw('s'));
        CHECK(s.now() == todo::give_up);
        CHECK(s.error() == errc::option_not_granted);
    }
    pair p;
    REQUIRE(p.negotiate(option::none, action::add_headers) == errc::ok);
    p.passes(command::connect{});
    p.passes(command::mail{"<>"});
    p.passes(command::rcpt{"<a>"});
    REQUIRE(p.mta_says(command::end_of_message{}) == errc::ok);
    heard(p.mta, raw('h', "A\0v\0"sv));
    CHECK(p.mta.now() == todo::wait);
    heard(p.mta, raw('b', "x"));
    CHECK(p.mta.now() == todo::give_up);
}

TEST_CASE("what is left out because the filter doesn't want it leaves the MTA going on") {
    pair p;
    REQUIRE(p.negotiate(option::no_helo | option::no_body) == errc::ok);
    p.passes(command::connect{});
    CHECK(p.mta_says(command::helo{"mx"}) == errc::ok);
    CHECK(p.mta.now() == todo::go_on);
    p.passes(command::mail{"<>"});
    p.mta_says(command::rcpt{"<a>"});
    p.filter_says(reply::reject{});
    CHECK(p.mta.now() == todo::refuse_recipient);
    p.passes(command::rcpt{"<a>"});
    CHECK(p.mta_says(command::body{"x"}) == errc::ok);
    CHECK(p.last_to_filter.empty());
    CHECK(p.mta.now() == todo::go_on);
}

TEST_CASE("what an MTA does from the offer to quit") {
    mta_session s;
    std::string out;
    CHECK(s.now() == todo::go_on);
    s.send(command::negotiate{}, out);
    CHECK(s.now() == todo::wait);
    heard(s, bytes_of(reply::negotiate{}));
    CHECK(s.now() == todo::go_on);
    s.send(command::macro{'C'}, out);
    CHECK(s.now() == todo::go_on);
    s.send(command::connect{}, out);
    CHECK(s.now() == todo::wait);
    CHECK(s.send(command::helo{}, out) == errc::reply_owed);
    CHECK(s.now() == todo::wait);
    heard(s, "\0\0"sv);
    CHECK(s.now() == todo::wait);
    heard(s, "\0\1c"sv);
    CHECK(s.now() == todo::go_on);
    s.send(command::mail{"<>"}, out);
    heard(s, raw('c'));
    s.send(command::abort{}, out);
    CHECK(s.now() == todo::go_on);
    s.send(command::quit{}, out);
    CHECK(s.now() == todo::close);
    CHECK(s.finish() == errc::ok);
    CHECK(s.now() == todo::close);
}

TEST_CASE("what was to be done is past once the next command has been sent") {
    auto s = sent('R', option::silent_mail);
    std::string out;
    heard(s, raw('r'));
    CHECK(s.now() == todo::refuse_recipient);
    s.send(command::abort{}, out);
    CHECK(s.now() == todo::go_on);
    s.send(command::mail{"<>"}, out);
    CHECK(s.now() == todo::go_on);

    auto t = sent('U', option::silent_header);
    heard(t, raw('r'));
    CHECK(t.now() == todo::refuse_command);
    t.send(command::header{"A", "1"}, out);
    CHECK(t.now() == todo::go_on);
}

TEST_CASE("a command that is refused leaves open what is to be done") {
    auto s = sent('M', option::none);
    std::string out;
    heard(s, raw('t'));
    CHECK(s.send(command::connect{}, out) == errc::out_of_turn);
    CHECK(s.now() == todo::refuse_message);
}

TEST_CASE("an MTA gives up on a filter that breaks the protocol, or hangs up while its reply is due") {
    for (const auto bytes : {"\0\0\0\0"sv, "\0\0\0\1?"sv, "\0\0\0\2cx"sv, "HTTP/1.1"sv}) {
        auto s = sent('M', option::none);
        heard(s, bytes);
        CHECK(s.now() == todo::give_up);
    }
    auto s = sent('M', option::none);
    CHECK(s.finish() == errc::unanswered);
    CHECK(s.now() == todo::give_up);

    auto t = sent('M', option::none);
    heard(t, "\0\0\0\1c\0"sv);
    CHECK(t.finish() == errc::cut_short);
    CHECK(t.now() == todo::give_up);
}

TEST_CASE("every name says what is to be done") {
    std::string names;
    for (std::size_t i = 0; i != todo_count; ++i) names.append(to_string(static_cast<todo>(i))).append(" ");
    CHECK(names ==
          "go_on wait refuse_command refuse_recipient refuse_message refuse_connection leave_message "
          "leave_connection deliver discard hang_up close give_up ");
    CHECK(to_string(todo::give_up) == "give_up");
    CHECK(to_string(static_cast<todo>(todo_count)) == "unknown todo");
}

// The same at compile time, with the rule of a question by hand.
static_assert(rules::to_do(verdict::none, rules::of<command::mail>()) == todo::wait);
static_assert(rules::to_do(verdict::go_on, rules::unasked) == todo::go_on);
static_assert(rules::to_do(verdict::go_on, rules::of<command::negotiate>()) == todo::go_on);
static_assert(rules::to_do(verdict::refuse, rules::of<command::unknown>()) == todo::refuse_command);
static_assert(rules::to_do(verdict::refuse, rules::of<command::abort>()) == todo::go_on);

TEST_CASE("a command that is left out asks for what its verdict asked for, or for nothing") {
    const auto in_mail = [] {
        pair p;
        p.negotiate();
        p.passes(command::connect{"mx"});
        p.passes(command::mail{"<a@b>"});
        return p;
    };
    const command::rcpt rejected{.recipient = "<x@y>", .rejected = true};

    SECTION("a message that is discarded stays so, whatever comes of unknown commands") {
        auto p = in_mail();
        p.mta_says(command::rcpt{"<a@b>"});
        heard(p.mta, raw('d'));
        CHECK(p.mta.now() == todo::discard);
        p.mta_says(command::unknown{"FOO"});
        heard(p.mta, raw('r'));
        CHECK(p.mta.now() == todo::refuse_command);
        CHECK(p.mta_says(command::data{}) == errc::ok);
        CHECK(p.last_to_filter.empty());
        CHECK(p.mta.now() == todo::discard);
        CHECK(p.mta_says(command::end_of_message{}) == errc::ok);
        CHECK(p.mta.now() == todo::discard);
    }
    SECTION("a refused connection stays refused") {
        pair p;
        p.negotiate();
        p.mta_says(command::connect{"mx"});
        heard(p.mta, raw('r'));
        CHECK(p.mta_says(command::helo{"mx"}) == errc::ok);
        CHECK(p.mta.now() == todo::refuse_connection);
    }
    SECTION("what the filter hasn't asked for is no refusal") {
        auto p = in_mail();
        p.mta_says(command::rcpt{"<a@b>"});
        heard(p.mta, raw('r'));
        CHECK(p.mta.now() == todo::refuse_recipient);
        CHECK(p.mta_says(rejected) == errc::ok);
        CHECK(p.mta.now() == todo::go_on);
    }
    SECTION("of the message before, nothing counts any more") {
        auto p = in_mail();
        p.mta_says(command::rcpt{"<a@b>"});
        heard(p.mta, raw('d'));
        CHECK(p.mta.now() == todo::discard);
        p.mta_says(command::mail{"<a@b>"});
        heard(p.mta, raw('c'));
        CHECK(p.mta_says(rejected) == errc::ok);
        CHECK(p.last_to_filter.empty());
        CHECK(p.mta.now() == todo::go_on);
    }
    SECTION("a new message is a new one") {
        auto p = in_mail();
        p.mta_says(command::data{});
        p.mta_says(command::rcpt{"<a@b>"});
        heard(p.mta, raw('d'));
        CHECK(p.mta_says(command::mail{"<a@b>"}) == errc::ok);
        heard(p.mta, raw('c'));
        CHECK(p.mta.now() == todo::go_on);
    }
}

TEST_CASE("what is no verdict leaves the MTA waiting, and where there is nothing to refuse it goes on") {
    CHECK(rules::to_do(verdict::none, rules::of<command::end_of_message>()) == todo::wait);
    CHECK(rules::to_do(verdict::none, rules::of<command::connect>()) == todo::wait);
    CHECK(rules::to_do(verdict::refuse, rules::rejected_rcpt) == todo::go_on);
    CHECK(rules::to_do(verdict::refuse, rules::of<command::rcpt>()) == todo::refuse_recipient);
}

TEST_CASE("a refusal of a message that is gone refuses nothing") {
    conversation c;
    c.take(command::negotiate{}, manner::said);
    c.take(reply::negotiate{}, manner::heard);
    c.take(command::connect{}, manner::said);
    c.take(reply::proceed{}, manner::heard);
    c.take(command::mail{}, manner::said);
    CHECK(c.take(command::abort{}, manner::heard) == errc::ok);
    CHECK(c.take(reply::reject{}, manner::heard) == errc::ok);
    CHECK(c.now() == todo::go_on);
}
