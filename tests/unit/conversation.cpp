// SPDX-License-Identifier: MIT
// What a conversation knows beyond the tables: what is over, what isn't wanted, what has gone stale.
#include <kilter/conversation.hpp>

#include <kilter/describe.hpp>
#include <kilter/wire.hpp>

#include "support/catch.hpp"
#include "support/commands.hpp"

#include <array>
#include <cstdint>

using namespace kilter;
using namespace test;

namespace {

constexpr reply::proceed proceed{};

/// A conversation that goes on for as long as all goes well. Commands that are owed an answer get `proceed`
/// when the next one comes.
struct talk {
    manner how;
    conversation now{};
    errc wrong = errc::ok;

    explicit talk(manner m, option agreed = option::skip, std::uint32_t version = protocol_version) : how{m} {
        tell(command::negotiate{});
        tell(reply::negotiate{version, all_actions, agreed});
    }
    template <class M>
    void tell(const M& message) {
        if (wrong != errc::ok) return;
        if constexpr (command_message<M>) {
            if (now.reply_due()) wrong = now.take(proceed, how);
            if (wrong == errc::ok) wrong = now.take(message, how);
        } else {
            wrong = now.take(message, how);
        }
    }
    template <class... M>
    talk& operator()(const M&... messages) {
        (tell(messages), ...);
        return *this;
    }
};

talk with_recipient(manner how, option agreed = option::skip) {
    talk t{how, agreed};
    t(connect, helo, mail, rcpt);
    return t;
}

}  // namespace

TEST_CASE("a fresh conversation waits for an offer") {
    const conversation c;
    CHECK(c.at() == phase::fresh);
    CHECK(c.open());
    CHECK_FALSE(c.reply_due());
    CHECK(c.asked() == question::none);
    CHECK_FALSE(c.in_message());
    CHECK(c.ended() == scope::nothing);
    CHECK(c.over() == scope::nothing);
    CHECK_FALSE(c.replacing());
    CHECK(c.version() == 0);
}

TEST_CASE("what a command ends is a message only if one was under way [S08]") {
    const auto ended = [](auto... messages) {
        talk t{manner::heard};
        t(messages...);
        REQUIRE(t.wrong == errc::ok);
        return t.now.ended();
    };
    constexpr command::abort abort{};
    CHECK(ended(connect, helo, abort) == scope::nothing);
    CHECK(ended(connect, helo, mail, abort) == scope::message);
    CHECK(ended(connect, helo, mail, abort, abort) == scope::nothing);
    CHECK(ended(connect, helo, mail, rcpt, helo) == scope::message);
    CHECK(ended(connect, helo, mail, rcpt, mail) == scope::message);
    CHECK(ended(connect, helo, mail) == scope::nothing);
    CHECK(ended(connect, helo, mail, rcpt) == scope::nothing);
    CHECK(ended(connect, helo, mail, rcpt, rcpt) == scope::nothing);
    CHECK(ended(connect, helo, mail, rcpt, data) == scope::nothing);
    CHECK(ended(connect, helo, mail, proceed, command::macro{}) == scope::nothing);
    CHECK(ended(connect, helo, mail, rcpt, body, end_of_message, proceed) == scope::message);
    CHECK(ended(connect, helo, mail, rcpt, body, end_of_message, proceed, abort) == scope::nothing);
    CHECK(ended(connect, helo, mail, command::quit_nc{}) == scope::connection);
    CHECK(ended(connect, command::quit{}) == scope::connection);
}

TEST_CASE("a message is under way from mail to the last reply") {
    talk t{manner::said};
    CHECK_FALSE(t.now.in_message());
    t(connect, helo);
    CHECK_FALSE(t.now.in_message());
    t(mail);
    CHECK(t.now.in_message());
    t(rcpt, data, header, end_of_headers, body, end_of_message);
    CHECK(t.now.in_message());
    t(reply::progress{});
    CHECK(t.now.in_message());
    t(proceed);
    CHECK_FALSE(t.now.in_message());
    CHECK(t.wrong == errc::ok);
}

TEST_CASE("a closed conversation owes nothing and takes nothing") {
    auto c = with_recipient(manner::said).now;
    REQUIRE(c.reply_due());
    c.close();
    CHECK_FALSE(c.open());
    CHECK_FALSE(c.reply_due());
    CHECK(c.take(command::quit{}, manner::said) == errc::closed);
    CHECK(c.take(proceed, manner::said) == errc::closed);
}

TEST_CASE("after a verdict on a message, nothing of that message is left to say [S21, S22, S39]") {
    auto t = with_recipient(manner::heard);
    t(reply::accept{});
    CHECK(t.now.over() == scope::message);
    CHECK(t.now.finished<command::rcpt>());
    CHECK(t.now.finished<command::data>());
    CHECK(t.now.finished<command::header>());
    CHECK(t.now.finished<command::end_of_headers>());
    CHECK(t.now.finished<command::body>());
    CHECK(t.now.finished<command::end_of_message>());
    CHECK_FALSE(t.now.finished<command::helo>());
    CHECK_FALSE(t.now.finished<command::mail>());
    CHECK_FALSE(t.now.finished<command::unknown>());
    CHECK_FALSE(t.now.finished<command::macro>());
    CHECK_FALSE(t.now.finished<command::abort>());
    CHECK_FALSE(t.now.finished<command::quit>());
    CHECK_FALSE(t.now.wanted<command::body>());
    CHECK(t.now.wanted<command::mail>());

    // The next message is another one [S24].
    t(mail);
    CHECK(t.now.over() == scope::nothing);
    CHECK_FALSE(t.now.finished<command::rcpt>());
}

TEST_CASE("after a verdict on a connection, only quitting is left [S22]") {
    talk t{manner::heard};
    t(connect, reply::accept{});
    CHECK(t.now.over() == scope::connection);
    CHECK(t.now.ended() == scope::connection);
    CHECK(t.now.finished<command::helo>());
    CHECK(t.now.finished<command::mail>());
    CHECK(t.now.finished<command::rcpt>());
    CHECK(t.now.finished<command::unknown>());
    CHECK(t.now.finished<command::macro>());
    CHECK(t.now.finished<command::abort>());
    CHECK_FALSE(t.now.finished<command::quit>());
    CHECK_FALSE(t.now.finished<command::quit_nc>());
    CHECK_FALSE(t.now.finished<command::negotiate>());  // it isn't left out, but out of turn

    t(command::quit_nc{});
    CHECK(t.now.over() == scope::nothing);
    CHECK_FALSE(t.now.finished<command::connect>());
    CHECK(t(connect, helo).wrong == errc::ok);
}

TEST_CASE("a filter that has given its verdict on a connection still takes what an MTA says") {
    talk t{manner::heard};
    t(connect, reply::reject{}, helo, mail, rcpt, command::abort{}, command::quit{});
    CHECK(t.wrong == errc::ok);
}

TEST_CASE("skip means no more of this kind in this message [S17]") {
    auto t = with_recipient(manner::heard);
    t(header, reply::skip{});
    CHECK_FALSE(t.now.wanted<command::header>());
    CHECK(t.now.wanted<command::body>());
    t(end_of_headers, body, reply::skip{});
    CHECK_FALSE(t.now.wanted<command::body>());
    CHECK_FALSE(t.now.wanted<command::header>());
    CHECK(t.now.wanted<command::end_of_message>());
    t(end_of_message, proceed, mail);
    CHECK(t.wrong == errc::ok);
    CHECK(t.now.wanted<command::header>());
    CHECK(t.now.wanted<command::body>());
}

TEST_CASE("a skipped step doesn't outlive an abort") {
    auto t = with_recipient(manner::heard);
    t(header, reply::skip{}, command::abort{}, mail, rcpt);
    CHECK(t.wrong == errc::ok);
    CHECK(t.now.wanted<command::header>());
}

TEST_CASE("skip where it means nothing is taken for proceed") {
    // only.
    talk t{manner::heard};
    t(connect, reply::skip{});
    CHECK(t.now.wanted<command::connect>());
    t(helo, reply::skip{});
    CHECK(t.now.wanted<command::helo>());
    t(unknown, reply::skip{});
    CHECK(t.now.wanted<command::unknown>());
    t(mail, reply::skip{});
    CHECK(t.now.wanted<command::mail>());
    t(rcpt, data, reply::skip{});
    CHECK(t.now.wanted<command::data>());
    t(end_of_message, reply::skip{});
    CHECK(t.now.wanted<command::end_of_message>());
    CHECK(t.wrong == errc::ok);
}

TEST_CASE("a skipped recipient means no more recipients, as Postfix has it") {
    auto t = with_recipient(manner::heard);
    t(reply::skip{});
    CHECK_FALSE(t.now.wanted<command::rcpt>());
    CHECK(t.now.wanted<command::data>());
}

TEST_CASE("steps that the filter doesn't want count as passed, in every combination [N07]") {
    struct step {
        option left_out;
        errc (*tell)(conversation&, manner);
    };
    // clang-format off
    const std::array<step, 9> steps{{
        {option::no_connect,        [](conversation& c, manner how) { return c.take(connect, how); }},
        {option::no_helo,           [](conversation& c, manner how) { return c.take(helo, how); }},
        {option::no_mail,           [](conversation& c, manner how) { return c.take(mail, how); }},
        {option::no_rcpt,           [](conversation& c, manner how) { return c.take(rcpt, how); }},
        {option::no_data,           [](conversation& c, manner how) { return c.take(data, how); }},
        {option::no_unknown,        [](conversation& c, manner how) { return c.take(unknown, how); }},
        {option::no_headers,        [](conversation& c, manner how) { return c.take(header, how); }},
        {option::no_end_of_headers, [](conversation& c, manner how) { return c.take(end_of_headers, how); }},
        {option::no_body,           [](conversation& c, manner how) { return c.take(body, how); }},
    }};
    // clang-format on
    for (unsigned set = 0; set != 1u << steps.size(); ++set) {
        option left_out{};
        for (std::size_t i = 0; i != steps.size(); ++i)
            if ((set >> i & 1) != 0) left_out |= steps[i].left_out;
        for (const auto how : {manner::said, manner::heard}) {
            INFO(describe(left_out) << (how == manner::said ? ", said" : ", heard"));
            talk t{how, left_out};
            for (int message = 0; message != 2; ++message) {
                for (std::size_t i = message == 0 ? 0 : 2; i != steps.size(); ++i) {
                    if ((set >> i & 1) != 0) continue;
                    if (t.now.reply_due()) REQUIRE(t.now.take(proceed, how) == errc::ok);
                    REQUIRE(steps[i].tell(t.now, how) == errc::ok);
                    CHECK(t.now.reply_due());
                }
                t(end_of_message);
                REQUIRE(t.wrong == errc::ok);
                CHECK(t.now.at() == phase::end_of_message);
                t(proceed);
                CHECK(t.now.at() == phase::greeted);
            }
            t(command::quit{});
            CHECK(t.wrong == errc::ok);
        }
    }
}

TEST_CASE("a step that isn't left out must not be passed over") {
    talk no_helo_no_mail{manner::heard, option::no_helo | option::no_mail};
    no_helo_no_mail(connect, data);
    CHECK(no_helo_no_mail.wrong == errc::ok);  // content without a recipient, heard only

    talk strict{manner::said, option::no_helo | option::no_mail};
    CHECK(strict(connect, data).wrong == errc::out_of_turn);

    talk no_mail{manner::heard, option::no_mail | option::no_rcpt | option::no_helo};
    CHECK(no_mail(end_of_message).wrong == errc::out_of_turn);  // connect is missing

    talk backwards{manner::heard, option::no_connect};
    CHECK(backwards(helo, mail, connect).wrong == errc::out_of_turn);

    talk headers_after_body{manner::heard, option::no_headers};
    CHECK(headers_after_body(connect, mail, rcpt, body, header).wrong == errc::out_of_turn);
}

TEST_CASE("what the filter doesn't want is legal all the same, and answered when it is heard") {
    talk heard{manner::heard, option::no_helo};
    heard(connect, helo);
    CHECK(heard.wrong == errc::ok);
    CHECK(heard.now.asked() == question::helo);

    // Said, it doesn't go out, so no answer can come.
    talk said{manner::said, option::no_helo};
    said(connect, helo);
    CHECK(said.wrong == errc::ok);
    CHECK(said.now.at() == phase::greeted);
    CHECK_FALSE(said.now.reply_due());
    CHECK_FALSE(said.now.wanted<command::helo>());
}

TEST_CASE("each of the nine silent steps is not answered, and no other [N03]") {
    constexpr option every_silent{0x000f'f080};
    for (std::uint32_t bit = 1; bit != 0; bit <<= 1) {
        const auto silent = option{bit} & every_silent;
        if (silent == option::none) continue;
        for (const auto how : {manner::said, manner::heard}) {
            INFO(describe(silent));
            talk t{how, silent};
            int unanswered = 0;
            const auto step = [&](const auto& command, option its_own) {
                t(command);
                REQUIRE(t.wrong == errc::ok);
                CHECK(t.now.reply_due() == (silent != its_own));
                if (!t.now.reply_due()) {
                    ++unanswered;
                    CHECK(t.now.take(reply::reject{}, how) == errc::reply_not_due);  // [N04, N05]
                }
            };
            step(connect, option::silent_connect);
            step(helo, option::silent_helo);
            step(unknown, option::silent_unknown);
            step(mail, option::silent_mail);
            step(rcpt, option::silent_rcpt);
            step(data, option::silent_data);
            step(header, option::silent_header);
            step(end_of_headers, option::silent_end_of_headers);
            step(body, option::silent_body);
            step(end_of_message, option{});
            CHECK(unanswered == 1);
        }
    }
}

TEST_CASE("a command would be answered if it is sent, and isn't silent") {
    CHECK(talk{manner::said}.now.answered<command::body>());
    CHECK_FALSE(talk{manner::said}.now.answered<command::abort>());
    CHECK_FALSE(talk{manner::said, option::silent_body}.now.answered<command::body>());
    CHECK_FALSE(talk{manner::said, option::no_body}.now.answered<command::body>());
    CHECK(talk{manner::said, option::no_body}.now.answered<command::end_of_message>());

    talk discarded = with_recipient(manner::said);
    CHECK(discarded.now.answered<command::data>());
    discarded(reply::discard{});
    CHECK_FALSE(discarded.now.answered<command::data>());
}

TEST_CASE("versions 2 and 3 don't know all commands [N09]") {
    const auto left_out = [](std::uint32_t version) {
        return talk{manner::said, option::none, version}.now.options();
    };
    CHECK(left_out(2) == (option::no_unknown | option::no_data));
    CHECK(left_out(3) == option::no_data);
    CHECK(left_out(4) == option::none);
    CHECK(left_out(5) == option::none);
    CHECK(left_out(6) == option::none);
    CHECK(talk{manner::said, option::no_body, 2}.now.options() ==
          (option::no_body | option::no_unknown | option::no_data));
    CHECK(talk{manner::said, option::no_body, 3}.now.options() == (option::no_body | option::no_data));

    talk t{manner::said, option::none, 2};
    t(connect, helo, mail, rcpt, header);
    CHECK(t.wrong == errc::ok);
    CHECK_FALSE(t.now.wanted<command::data>());
    CHECK_FALSE(t.now.wanted<command::unknown>());
}

TEST_CASE("an abort leaves the owed reply owed, but it means nothing any more [S11]") {
    auto t = with_recipient(manner::heard);
    REQUIRE(t.now.reply_due());
    CHECK(t.now.take(command::abort{}, manner::heard) == errc::ok);
    CHECK(t.now.at() == phase::greeted);
    CHECK(t.now.asked() == question::rcpt);
    CHECK(t.now.take(mail, manner::heard) == errc::reply_owed);
    CHECK(t.now.take(command::abort{}, manner::heard) == errc::ok);  // Postfix says it twice

    t(reply::discard{});
    CHECK(t.wrong == errc::ok);
    CHECK_FALSE(t.now.reply_due());
    CHECK(t.now.ended() == scope::nothing);
    CHECK(t.now.over() == scope::nothing);
    CHECK(t.now.at() == phase::greeted);
    CHECK(t(mail, rcpt, reply::reject{}).wrong == errc::ok);
    CHECK(t.now.ended() == scope::recipient);  // the next verdict counts again
}

TEST_CASE("a 421 counts after an abort, too [P14]") {
    auto t = with_recipient(manner::heard);
    CHECK(t.now.take(command::abort{}, manner::heard) == errc::ok);
    t(reply::reply_code{"421 4.3.2 Bye"});
    CHECK(t.now.ended() == scope::connection);
    CHECK(t.now.over() == scope::connection);
    CHECK(t.now.now() == todo::hang_up);
}

TEST_CASE("after a 421 the connection stays over, whatever else of the message is heard") {
    talk t{manner::heard};
    t(connect, helo, mail, reply::reply_code{"421 4.3.2 Bye"}, rcpt);
    CHECK(t.wrong == errc::ok);
    CHECK(t.now.over() == scope::connection);
    CHECK_FALSE(t.now.wanted<command::data>());
    t(data, body);
    CHECK(t.wrong == errc::ok);
    CHECK(t.now.over() == scope::connection);
}

TEST_CASE("an MTA that begins another message after a 421 is taken at its word, with an abort or without") {
    talk with{manner::heard};
    with(connect, helo, mail, reply::reply_code{"421 4.3.2 Bye"}, command::abort{}, mail);
    talk without{manner::heard};
    without(connect, helo, mail, reply::reply_code{"421 4.3.2 Bye"}, mail);
    for (const auto& t : {with, without}) {
        CHECK(t.wrong == errc::ok);
        CHECK(t.now.over() == scope::nothing);
        CHECK(t.now.wanted<command::rcpt>());
    }
}

TEST_CASE("a verdict on a connection counts after an abort, too") {
    talk t{manner::heard};
    t(connect, helo);
    CHECK(t.now.take(command::abort{}, manner::heard) == errc::ok);
    t(reply::reject{});
    CHECK(t.now.ended() == scope::connection);
}

TEST_CASE("a skip that comes after an abort doesn't skip anything of the next message") {
    auto t = with_recipient(manner::heard);
    t(body);
    CHECK(t.now.take(command::abort{}, manner::heard) == errc::ok);
    t(reply::skip{});
    CHECK(t.now.wanted<command::body>());
    t(mail, rcpt);
    CHECK(t.wrong == errc::ok);
    CHECK(t.now.wanted<command::body>());
}

TEST_CASE("a message that has been aborted can't be modified, and its last reply is owed") {
    auto t = with_recipient(manner::heard);
    t(end_of_message, reply::add_header{"a", "b"});
    REQUIRE(t.wrong == errc::ok);
    CHECK(t.now.take(command::abort{}, manner::heard) == errc::ok);
    const auto before = t.now;
    CHECK(t.now.take(reply::add_header{"a", "b"}, manner::said) == errc::message_gone);
    CHECK(t.now.take(reply::replace_body{"x"}, manner::said) == errc::message_gone);
    CHECK(t.now.take(reply::quarantine{"x"}, manner::said) == errc::message_gone);
    CHECK(t.now == before);
    CHECK(t.now.take(reply::progress{}, manner::said) == errc::ok);
    CHECK(t.now.take(proceed, manner::said) == errc::ok);
    CHECK(t(mail, rcpt, end_of_message, reply::add_header{"a", "b"}).wrong == errc::ok);
}

TEST_CASE("quit and quit_nc cancel the owed reply") {
    auto t = with_recipient(manner::heard);
    auto u = t;
    CHECK(t.now.take(command::quit{}, manner::heard) == errc::ok);
    CHECK_FALSE(t.now.reply_due());
    CHECK(t.now.take(proceed, manner::said) == errc::closed);

    CHECK(u.now.take(command::quit_nc{}, manner::heard) == errc::ok);
    CHECK_FALSE(u.now.reply_due());
    CHECK(u.now.at() == phase::negotiated);
    CHECK(u.now.take(proceed, manner::said) == errc::reply_not_due);
    CHECK(u(connect, helo, mail, rcpt, reply::reject{}).wrong == errc::ok);
    CHECK(u.now.ended() == scope::recipient);
}

TEST_CASE("quit_nc after an abort leaves nothing stale behind") {
    auto t = with_recipient(manner::heard);
    CHECK(t.now.take(command::abort{}, manner::heard) == errc::ok);
    CHECK(t.now.take(command::quit_nc{}, manner::heard) == errc::ok);
    t(connect, reply::reject{});
    CHECK(t.wrong == errc::ok);
    CHECK(t.now.ended() == scope::connection);
}

TEST_CASE("after a refused DATA, more recipients and another DATA may come") {
    for (const auto how : {manner::said, manner::heard}) {
        auto t = with_recipient(how);
        t(data, reply::tempfail{});
        CHECK(t.now.at() == phase::rcpt);
        CHECK(t.now.over() == scope::nothing);
        t(rcpt, data, reply::reply_code{"451 4.7.1 later"}, data, header, end_of_headers, body,
          end_of_message);
        CHECK(t.wrong == errc::ok);
    }
}

TEST_CASE("a body is replaced in one run") {
    for (const bool interrupted : {false, true}) {
        auto t = with_recipient(manner::said);
        t(end_of_message, reply::add_header{"a", "b"}, reply::replace_body{"x"}, reply::replace_body{"y"});
        REQUIRE(t.wrong == errc::ok);
        if (!interrupted) continue;
        t(reply::progress{});
        const auto before = t.now;
        CHECK(t.now.take(reply::replace_body{"z"}, manner::said) == errc::body_interrupted);
        CHECK(t.now == before);
        CHECK(t.now.take(reply::replace_body{"z"}, manner::heard) == errc::ok);  // Sendmail takes it [S28]
    }
}

TEST_CASE("a body may be replaced again in the next message") {
    auto t = with_recipient(manner::said);
    t(end_of_message, reply::replace_body{"x"}, reply::progress{}, proceed);
    t(mail, rcpt, end_of_message, reply::replace_body{"y"}, reply::replace_body{"y"});
    CHECK(t.wrong == errc::ok);
}

TEST_CASE("quit_nc and abort end the replacing of a body, too") {
    auto t = with_recipient(manner::heard);
    t(end_of_message, reply::replace_body{"x"}, reply::add_header{"a", "b"});
    REQUIRE(t.wrong == errc::ok);
    CHECK(t.now.replacing());
    auto u = t;
    CHECK(u.now.take(command::abort{}, manner::heard) == errc::ok);
    CHECK_FALSE(u.now.replacing());

    CHECK(t.now.take(command::quit_nc{}, manner::heard) == errc::ok);
    CHECK_FALSE(t.now.replacing());
    t(connect, helo, mail, rcpt, end_of_message);
    CHECK(t.wrong == errc::ok);
    CHECK(t.now.take(reply::replace_body{"y"}, manner::said) == errc::ok);
}

TEST_CASE("HELO in a message ends it [S13]") {
    auto t = with_recipient(manner::heard);
    t(helo);
    CHECK(t.wrong == errc::ok);
    CHECK(t.now.at() == phase::greeted);
    CHECK_FALSE(t.now.in_message());
    CHECK(t(command::abort{}, mail).wrong == errc::ok);  // Postfix sends the abort afterwards
}

TEST_CASE("MAIL in a message begins another") {
    auto t = with_recipient(manner::heard);
    t(header, reply::skip{}, mail);
    CHECK(t.wrong == errc::ok);
    CHECK(t.now.at() == phase::mail);
    CHECK(t.now.wanted<command::header>());
}

TEST_CASE("a message that begins without MAIL, because the filter doesn't want it, is another one, too") {
    talk t{manner::heard, option::no_mail | option::skip};
    t(connect, helo, rcpt, header, reply::reject{}, rcpt);
    CHECK(t.wrong == errc::ok);
    CHECK(t.now.over() == scope::nothing);
    CHECK(t.now.wanted<command::body>());

    talk u{manner::heard, option::no_mail | option::skip};
    u(connect, helo, rcpt, body, reply::skip{}, end_of_message, proceed, rcpt);
    CHECK(u.wrong == errc::ok);
    CHECK(u.now.wanted<command::body>());
}
