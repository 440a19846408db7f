// SPDX-License-Identifier: MIT
// Every command in every phase and every reply to every question, against tables written by hand.
#include <kilter/rules.hpp>

#include <kilter/conversation.hpp>
#include <kilter/wire.hpp>

#include "support/catch.hpp"
#include "support/commands.hpp"

#include <array>
#include <string>
#include <string_view>

using namespace kilter;
using namespace test;

namespace {

/// Everything granted.
constexpr reply::negotiate everything{.actions = all_actions, .options = option::skip};

/// A conversation in which the filter hasn't answered the last command yet.
template <class... Command>
conversation asked(const Command&... commands) {
    conversation c;
    bool fine = c.take(command::negotiate{}, manner::said) == errc::ok;
    [[maybe_unused]] const auto next = [&](const auto& command) {
        if (c.asked() == question::negotiate)
            fine &= c.take(everything, manner::said) == errc::ok;
        else if (c.reply_due())
            fine &= c.take(reply::proceed{}, manner::said) == errc::ok;
        fine &= c.take(command, manner::said) == errc::ok;
    };
    (next(commands), ...);
    REQUIRE(fine);
    return c;
}

/// A conversation in this phase, in which the answer to the command that led there is still owed.
conversation owing_at(phase p) {
    switch (p) {
        case phase::fresh: return asked();
        case phase::negotiated: return asked(unknown);
        case phase::connected: return asked(connect);
        case phase::greeted: return asked(connect, helo);
        case phase::mail: return asked(connect, helo, mail);
        case phase::rcpt: return asked(connect, helo, mail, rcpt);
        case phase::data: return asked(connect, helo, mail, rcpt, data);
        case phase::headers: return asked(connect, helo, mail, rcpt, data, header);
        case phase::end_of_headers: return asked(connect, helo, mail, rcpt, data, header, end_of_headers);
        case phase::body: return asked(connect, helo, mail, rcpt, data, header, end_of_headers, body);
        case phase::end_of_message:
            return asked(connect, helo, mail, rcpt, data, header, end_of_headers, body, end_of_message);
        case phase::closed: return asked(connect, command::quit{});
    }
    FAIL("no such phase");
    return {};
}

/// A conversation in this phase, in which nothing is owed. After end_of_message that is only so where
/// Postfix has been told to shut down.
conversation idle_at(phase p) {
    if (p == phase::fresh) return {};
    auto c = owing_at(p);
    if (p == phase::end_of_message)
        CHECK(c.take(reply::shutdown{}, manner::heard) == errc::ok);
    else if (c.reply_due())
        CHECK(c.take(reply::proceed{}, manner::said) == errc::ok);
    CHECK(c.at() == p);
    CHECK_FALSE(c.reply_due());
    return c;
}

struct line {
    char code;
    std::string_view marks;
};

// clang-format off

// No reply is owed (protocol facts 9.1, without `liberal` configurations): `+` may be said and heard, `h` only
// heard, `.` out of turn, `x` the conversation is over.
// Columns: fresh negotiated connected greeted mail rcpt data headers end_of_headers body end_of_message closed
constexpr std::array<line, 15> idle{{
    {'O', "+..........x"},
    {'D', ".++++++++++x"},
    {'C', ".+.........x"},
    {'H', "..++hhhhhh.x"},
    {'M', "..++hhhhhh.x"},
    {'R', "....+++....x"},
    {'T', "....h++....x"},
    {'U', ".++++++++++x"},
    {'L', "....h+++...x"},
    {'N', "....h+++...x"},
    {'B', "....h+++++.x"},
    {'E', "....h+++++.x"},
    {'A', ".++++++++++x"},
    {'Q', "+++++++++++x"},
    {'K', ".++++++++++x"},
}};

// A reply is owed: `o` neither, `h` may be heard, `.` out of turn when heard; nothing may be said.
constexpr std::array<line, 15> owing{{
    {'O', "ooooooooooox"},
    {'D', "ooooooooooox"},
    {'C', "ooooooooooox"},
    {'H', "ooooooooooox"},
    {'M', "ooooooooooox"},
    {'R', "ooooooooooox"},
    {'T', "ooooooooooox"},
    {'U', "ooooooooooox"},
    {'L', "ooooooooooox"},
    {'N', "ooooooooooox"},
    {'B', "ooooooooooox"},
    {'E', "ooooooooooox"},
    {'A', ".hhhhhhhhhhx"},
    {'Q', "hhhhhhhhhhhx"},
    {'K', ".hhhhhhhhhhx"},
}};

// Where each command leads to, as a number of a phase in hexadecimal; `=` it stays.
constexpr std::array<line, 15> leads{{
    {'O', "============"},
    {'D', "============"},
    {'C', "222222222222"},
    {'H', "333333333333"},
    {'M', "444444444444"},
    {'R', "555555555555"},
    {'T', "666666666666"},
    {'U', "============"},
    {'L', "777777777777"},
    {'N', "888888888888"},
    {'B', "999999999999"},
    {'E', "aaaaaaaaaaaa"},
    {'A', "===333333333"},
    {'Q', "bbbbbbbbbbbb"},
    {'K', "111111111111"},
}};

// What may answer: `+` may be said and heard, `h` only heard, `.` neither (protocol facts 5.1, 9 rows 24 to 27).
// Columns: negotiate connect helo mail rcpt data unknown header end_of_headers body end_of_message
constexpr std::array<line, 20> answers{{
    {'O', "+.........."},
    {'c', ".++++++++++"},
    {'a', ".+++++h++++"},
    {'r', ".++++++++++"},
    {'t', ".++++++++++"},
    {'d', ".hh+++h++++"},
    {'s', ".hhhhhh+++h"},
    {'p', ".hhhhhhhhh+"},
    {'y', ".++++++++++"},
    {'f', "..........."},
    {'4', ".hhhhhhhhhh"},
    {'h', "..........+"},
    {'i', "..........+"},
    {'m', "..........+"},
    {'e', "..........+"},
    {'+', "..........+"},
    {'2', "..........+"},
    {'-', "..........+"},
    {'b', "..........+"},
    {'q', "..........+"},
}};

// What a verdict ends (protocol facts 5.4): - nothing, R the recipient, M the message, C the connection.
// Columns: c a r t y d s 4
struct verdicts {
    question asked;
    std::string_view ends;
};
constexpr std::array<verdicts, 10> scopes{{
    {question::connect,        "-CCCC--C"},
    {question::helo,           "-CCCC--C"},
    {question::mail,           "-MMMMM-C"},
    {question::rcpt,           "-MRRRM-C"},
    {question::data,           "-MMMMM-C"},
    {question::unknown,        "-------C"},
    {question::header,         "-MMMMM-C"},
    {question::end_of_headers, "-MMMMM-C"},
    {question::body,           "-MMMMM-C"},
    {question::end_of_message, "MMMMMMMC"},
}};

// clang-format on

template <std::size_t N>
char mark_of(const std::array<line, N>& table, char code, std::size_t column) {
    for (const auto& l : table)
        if (l.code == code) return l.marks[column];
    FAIL("no line for this code");
    return 0;
}

phase phase_of(char mark, phase before) {
    if (mark == '=') return before;
    return static_cast<phase>(mark <= '9' ? mark - '0' : mark - 'a' + 10);
}

/// The question in this column, as the last command of a conversation.
conversation owing_to(std::size_t column) {
    constexpr std::array<phase, 11> where{
        phase::fresh,   phase::connected,      phase::greeted, phase::mail,
        phase::rcpt,    phase::data,           phase::data,  // unknown
        phase::headers, phase::end_of_headers, phase::body,    phase::end_of_message};
    constexpr std::size_t unknown_column = 6;
    return column == unknown_column ? asked(connect, helo, unknown) : owing_at(where[column]);
}

char scope_mark(scope s) {
    switch (s) {
        case scope::nothing: return '-';
        case scope::recipient: return 'R';
        case scope::message: return 'M';
        case scope::connection: return 'C';
    }
    return '?';
}

}  // namespace

TEST_CASE("a command that comes while nothing is owed is taken or refused by phase") {
    for (std::size_t column = 0; column != phase_count; ++column) {
        const auto before = idle_at(static_cast<phase>(column));
        for (const auto how : {manner::said, manner::heard}) {
            detail::for_each_row(wire::commands, [&]<class Row>(const Row& row) {
                INFO(row.name << " at " << to_string(before.at())
                              << (how == manner::said ? ", said" : ", heard"));
                const char mark = mark_of(idle, row.code, column);
                const bool taken = mark == '+' || (mark == 'h' && how == manner::heard);
                auto after = before;
                const auto result = after.take(typename Row::message{}, how);
                if (taken) {
                    CHECK(result == errc::ok);
                    CHECK(after.at() == phase_of(mark_of(leads, row.code, column), before.at()));
                    CHECK(after.reply_due() ==
                          (std::string_view{"DAQK"}.find(row.code) == std::string_view::npos));
                } else {
                    CHECK(result == (mark == 'x' ? errc::closed : errc::out_of_turn));
                    CHECK(after == before);
                }
            });
        }
    }
}

TEST_CASE("while a reply is owed, nothing may be said, and only abort and the two quits are heard") {
    for (std::size_t column = 0; column != phase_count; ++column) {
        const auto before = owing_at(static_cast<phase>(column));
        CHECK(before.reply_due() == (before.at() != phase::closed));
        for (const auto how : {manner::said, manner::heard}) {
            detail::for_each_row(wire::commands, [&]<class Row>(const Row& row) {
                INFO(row.name << " at " << to_string(before.at())
                              << (how == manner::said ? ", said" : ", heard"));
                const char mark = mark_of(owing, row.code, column);
                auto after = before;
                const auto result = after.take(typename Row::message{}, how);
                if (mark == 'h' && how == manner::heard) {
                    CHECK(result == errc::ok);
                    CHECK(after.at() == phase_of(mark_of(leads, row.code, column), before.at()));
                    CHECK(after.asked() == (row.code == 'A' ? before.asked() : question::none));
                } else {
                    const auto wrong = mark == 'x'                           ? errc::closed
                                       : mark == '.' && how == manner::heard ? errc::out_of_turn
                                                                             : errc::reply_owed;
                    CHECK(result == wrong);
                    CHECK(after == before);
                }
            });
        }
    }
}

TEST_CASE("a reply answers the questions that it can answer, if what it needs was agreed") {
    for (const bool granted : {true, false}) {
        for (std::size_t column = 0; column != 11; ++column) {
            auto before = owing_to(column);
            if (!granted && column != 0) {
                // The same way again, with nothing agreed.
                conversation bare;
                REQUIRE(bare.take(command::negotiate{}, manner::said) == errc::ok);
                REQUIRE(bare.take(reply::negotiate{}, manner::said) == errc::ok);
                const auto go = [&](const auto& command) {
                    if (bare.asked() == before.asked()) return;
                    if (bare.reply_due()) REQUIRE(bare.take(reply::proceed{}, manner::said) == errc::ok);
                    REQUIRE(bare.take(command, manner::said) == errc::ok);
                };
                if (before.asked() == question::unknown) {
                    go(unknown);
                } else {
                    go(connect), go(helo), go(mail), go(rcpt), go(data), go(header), go(end_of_headers);
                    go(body), go(end_of_message);
                }
                REQUIRE(bare.asked() == before.asked());
                before = bare;
            }
            for (const auto how : {manner::said, manner::heard}) {
                detail::for_each_row(wire::replies, [&]<class Row>(const Row& row) {
                    INFO(row.name << " in column " << column << (granted ? ", granted" : ", not granted")
                                  << (how == manner::said ? ", said" : ", heard"));
                    const char mark = mark_of(answers, row.code, column);
                    const bool in_place = mark == '+' || (mark == 'h' && how == manner::heard);
                    auto expected = errc::ok;
                    if (how == manner::said && (row.code == 'f' || row.code == '4'))
                        expected = errc::not_for_sending;
                    else if (!in_place)
                        expected = errc::wrong_reply;
                    else if (!granted &&
                             std::string_view{"himeb+2-q"}.find(row.code) != std::string_view::npos)
                        expected = errc::action_not_granted;
                    else if (!granted && row.code == 's')
                        expected = errc::option_not_granted;

                    auto after = before;
                    CHECK(after.take(typename Row::message{}, how) == expected);
                    if (expected != errc::ok) {
                        CHECK(after == before);
                    } else {
                        // A modification or progress leaves the reply owed, a verdict doesn't.
                        const bool verdict =
                            std::string_view{"Ocartdsy4"}.find(row.code) != std::string_view::npos;
                        CHECK(after.reply_due() == !verdict);
                    }
                });
            }
        }
    }
}

TEST_CASE("a reply is refused where none is due, and after the end") {
    for (std::size_t column = 0; column != phase_count; ++column) {
        const auto before = idle_at(static_cast<phase>(column));
        for (const auto how : {manner::said, manner::heard}) {
            detail::for_each_row(wire::replies, [&]<class Row>(const Row& row) {
                INFO(row.name << " at " << to_string(before.at()));
                auto after = before;
                CHECK(after.take(typename Row::message{}, how) ==
                      (before.open() ? errc::reply_not_due : errc::closed));
                CHECK(after == before);
            });
        }
    }
}

TEST_CASE("a verdict ends as much as its question is about [S20, S21, S22]") {
    for (const auto& row : scopes) {
        conversation before;
        for (std::size_t column = 1; column != 11; ++column)
            if (const auto c = owing_to(column); c.asked() == row.asked) before = c;
        REQUIRE(before.asked() == row.asked);

        std::size_t column = 0;
        const auto try_verdict = [&](const auto& verdict) {
            auto after = before;
            INFO("question " << to_bits(row.asked) << ", column " << column);
            CHECK(after.take(verdict, manner::heard) == errc::ok);
            const char ends = row.ends[column++];
            CHECK(scope_mark(after.ended()) == ends);
            CHECK(scope_mark(rules::ends(rules::of<std::remove_cvref_t<decltype(verdict)>>().says,
                                         rules::of<command::rcpt>())) == scopes[3].ends[column - 1]);

            // A refused DATA goes back to the recipients; what else ends a message goes back before it.
            const bool refusal = rules::of<std::remove_cvref_t<decltype(verdict)>>().says == verdict::refuse;
            const bool back_to_rcpt = row.asked == question::data && refusal;
            auto stands = before.at();
            if (ends == 'M') stands = back_to_rcpt ? phase::rcpt : phase::greeted;
            CHECK(after.at() == stands);

            // Over is what the MTA won't go on with. At end of message there is nothing to go on with.
            auto over = scope::nothing;
            if (ends == 'C') over = scope::connection;
            if (ends == 'M' && !back_to_rcpt && row.asked != question::end_of_message) over = scope::message;
            CHECK(after.over() == over);
        };
        try_verdict(reply::proceed{});
        try_verdict(reply::accept{});
        try_verdict(reply::reject{});
        try_verdict(reply::tempfail{});
        try_verdict(reply::reply_code{"550 no"});
        try_verdict(reply::discard{});
        try_verdict(reply::skip{});
        try_verdict(reply::shutdown{});
    }
}

TEST_CASE("a 421 hangs up on the client, whatever was asked [P14]") {
    for (std::size_t column = 1; column != 11; ++column) {
        for (const auto text : {"421 4.7.0 Bye", "421-4.7.0 Bye\r\n421 4.7.0 bye"}) {
            auto c = owing_to(column);
            CHECK(c.take(reply::reply_code{text}, manner::heard) == errc::ok);
            CHECK(c.ended() == scope::connection);
            CHECK(c.over() == scope::connection);
        }
    }
}

TEST_CASE("what is no verdict ends nothing") {
    detail::for_each_row(rules::commands, [](const rules::command_rule& asked) {
        CHECK(rules::ends(verdict::none, asked) == scope::nothing);
    });
}

TEST_CASE("the phases have their names") {
    std::string names;
    for (std::size_t i = 0; i != phase_count; ++i) names.append(to_string(static_cast<phase>(i))).append(" ");
    CHECK(names ==
          "fresh negotiated connected greeted mail rcpt data headers end_of_headers body end_of_message "
          "closed ");
    CHECK(to_string(static_cast<phase>(phase_count)) == "unknown phase");
}
