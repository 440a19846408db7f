// SPDX-License-Identifier: MIT
// Known bugs of others, 1.7: what comes when, and what it ends.
#include <kilter.hpp>

#include "known_bugs/sides.hpp"

using namespace kilter;
using namespace test;
using namespace std::string_view_literals;

namespace {

/// A stream of commands that a filter without opinions answers at once.
struct course {
    lines events{};
    std::string codes{};  ///< of the answers
    errc error{};
};
course run(filter_session& filter, std::string_view bytes) {
    course found;
    std::string out;
    for (const auto& event : filter.receive(bytes)) {
        auto line = describe(event);
        found.events.push_back(line.substr(0, line.find(' ')));
        filter.send(reply::proceed{}, out);
    }
    found.codes = cut(whole(out)).codes;
    found.error = filter.error();
    return found;
}

/// The frames of a stream, one for each letter, with as little in them as may be.
std::string stream(std::string_view letters) {
    std::string bytes;
    for (const char code : letters) {
        switch (code) {
            case 'C': bytes += raw(code, "mx\0U"sv); break;
            case 'H': bytes += raw(code, "mx\0"sv); break;
            case 'M':
            case 'R': bytes += raw(code, "<a@b>\0"sv); break;
            case 'U': bytes += raw(code, "FOO\0"sv); break;
            case 'L': bytes += raw(code, "A\0a\0"sv); break;
            case 'B': bytes += raw(code, "x"); break;
            default: bytes += raw(code);
        }
    }
    return bytes;
}

course after_offer(std::string_view letters) {
    auto p = agreed();
    return run(p.filter, stream(letters));
}

/// Is a command of the MTA's written? The filter has no opinion.
template <class M>
bool sent(pair& p, const M& command) {
    CHECK(p.passes(command) == errc::ok);
    return !p.last_to_filter.empty();
}

/// An MTA says a command, and gets that verdict.
template <class M, class R>
void gets(pair& p, const M& command, const R& verdict) {
    REQUIRE(p.mta_says(command) == errc::ok);
    REQUIRE(p.filter_says(verdict) == errc::ok);
    p.forget();
}

constexpr command::mail mail{"<a@b>"};
constexpr command::rcpt rcpt{"<c@d>"};
constexpr command::header header{"A", "a"};

}  // namespace

TEST_CASE("S01 a connection goes on after a message, for the next") {
    const auto found = after_offer("CHMRTLNBEMRTLNBEQ");
    CHECK(found.error == errc::ok);
    CHECK(found.codes == "cccccccccccccccc");
    CHECK(found.events.size() == 17);
    CHECK(found.events.back() == "quit");
}

TEST_CASE("S02 the second message is heard like the first") {
    auto p = in_mail();
    p.passes(command::end_of_message{});
    p.forget();
    CHECK_FALSE(p.filter.state().in_message());
    CHECK(p.passes(command::mail{"<x@y>"}) == errc::ok);
    CHECK(p.passes(command::rcpt{"<z@y>"}) == errc::ok);
    CHECK(p.filter_heard == lines{R"(mail sender="<x@y>" args=[])", R"(rcpt recipient="<z@y>" args=[])"});
    CHECK(p.filter.state().at() == phase::rcpt);
}

TEST_CASE("S03 nothing of one message shows in the next: no macro, no modification") {
    const auto i = pack_definitions({{"i", "A"}});
    for (const auto& next : {command::any{mail}, command::any{command::unknown{"FOO"}}}) {
        macro_table macros;
        for (const auto& event : {command::any{command::macro{'M', i}}, command::any{mail},
                                  command::any{rcpt}, command::any{command::end_of_message{}}})
            macros.update(event);
        CHECK(macros.find("i") == "A");
        macros.update(next);
        CHECK_FALSE(macros.find("i").has_value());
    }

    modifications changes;
    changes.update(reply::replace_body{"x"});
    changes.update(reply::delete_rcpt{"<c@d>"});
    changes.update(reply::accept{});
    CHECK_FALSE(changes.empty());
    changes.update(reply::proceed{});  // to the next MAIL
    CHECK(changes.empty());
}

TEST_CASE("S04 the macros of the connection are there in the second message, too") {
    macro_table macros;
    const auto j = pack_definitions({{"j", "mx"}});
    macros.update(command::macro{'C', j});
    macros.update(command::connect{});
    for (int i = 0; i != 2; ++i) {
        macros.update(mail);
        macros.update(rcpt);
        macros.update(command::end_of_message{});
        CHECK(macros.find("j") == "mx");
    }
}

TEST_CASE("S05 an abort keeps the connection and its HELO") {
    macro_table macros;
    const auto tls = pack_definitions({{"{tls_version}", "TLSv1.3"}});
    auto p = greeted();
    macros.update(command::macro{'H', tls});
    macros.update(command::helo{"mx"});
    macros.update(mail);
    macros.update(command::abort{});
    CHECK(macros.find("tls_version") == "TLSv1.3");
    CHECK(run(p.filter, stream("MAM")).events == lines{"mail", "abort", "mail"});
    CHECK(p.filter.error() == errc::ok);
}

TEST_CASE("S06 an abort is heard, and ends the message alone") {
    auto p = in_mail();
    CHECK(heard(p.filter, raw('A')) == lines{"abort"});
    CHECK(p.filter.state().ended() == scope::message);
    CHECK(p.filter.state().at() == phase::greeted);
    CHECK(p.filter.open());
}

TEST_CASE("S07 an abort right behind the verdict on a message is legal") {
    const auto found = after_offer("CHMRTNEAMRTNEAAQ");
    CHECK(found.error == errc::ok);
    CHECK(found.events.size() == 16);
}

TEST_CASE("S08 an abort outside of a message ends no message") {
    auto p = greeted();
    run(p.filter, stream("A"));
    CHECK(p.filter.state().ended() == scope::nothing);
    CHECK(run(p.filter, stream("HM")).error == errc::ok);
    run(p.filter, stream("A"));
    CHECK(p.filter.state().ended() == scope::message);
}

TEST_CASE("S09 a message ends once: by its verdict, or by what comes instead") {
    auto p = in_mail();
    run(p.filter, stream("E"));
    CHECK(p.filter.state().ended() == scope::message);
    CHECK(run(p.filter, stream("Q")).events == lines{"quit"});
    CHECK(p.filter.state().ended() == scope::connection);

    auto q = greeted();
    CHECK(run(q.filter, stream("M")).events == lines{"mail"});
    CHECK(q.filter.state().in_message());
    CHECK(run(q.filter, stream("Q")).events == lines{"quit"});
    CHECK_FALSE(q.filter.state().in_message());
}

TEST_CASE("S10 QUIT is the last event, and comes once") {
    auto p = in_mail();
    CHECK(run(p.filter, stream("AQQAM")).events == lines{"abort", "quit"});
    CHECK(p.filter.error() == errc::ok);
}

TEST_CASE("S11 an abort may come while the answer is due; the answer is still read, and changes nothing") {
    auto p = in_mail();
    REQUIRE(p.mta_says(header) == errc::ok);
    CHECK(heard(p.filter, raw('A')) == lines{"abort"});
    CHECK(p.filter.state().reply_due());
    std::string out;
    CHECK(p.filter.send(reply::reject{}, out) == errc::ok);
    CHECK(p.filter.send(reply::reject{}, out) == errc::reply_not_due);
    CHECK(out == raw('r'));

    auto end = at_end();
    heard(end.filter, raw('A'));
    out.clear();
    CHECK(end.filter.send(reply::add_header{"A", "a"}, out) == errc::message_gone);
    CHECK(out.empty());
}

TEST_CASE("S12 an answer that comes after QUIT goes nowhere") {
    auto p = in_mail();
    REQUIRE(p.mta_says(header) == errc::ok);
    CHECK(heard(p.filter, raw('Q')) == lines{"quit"});
    CHECK_FALSE(p.filter.state().reply_due());
    std::string out;
    CHECK(p.filter.send(reply::reject{}, out) == errc::closed);
    CHECK(out.empty());
}

TEST_CASE("S13 HELO may come again, also in a message, which it ends") {
    CHECK(after_offer("CHHMRTNEQ").error == errc::ok);
    auto p = greeted();
    run(p.filter, stream("M"));
    CHECK(heard(p.filter, stream("H")) == lines{R"(helo hostname="mx")"});
    CHECK(p.filter.state().ended() == scope::message);
    CHECK(p.filter.state().at() == phase::greeted);
    std::string out;
    CHECK(p.filter.send(reply::proceed{}, out) == errc::ok);
    CHECK(run(p.filter, stream("AMRTNEQ")).error == errc::ok);
}

TEST_CASE("S14 after a discarded message and an abort, the next one is a message like any other") {
    auto p = in_mail();
    gets(p, rcpt, reply::discard{});
    CHECK(p.mta_says(command::abort{}) == errc::ok);
    CHECK(sent(p, mail));
    CHECK(sent(p, rcpt));
    CHECK(p.mta.state().at() == phase::rcpt);
}

TEST_CASE("S15 a command out of turn is an error, and not passed over in silence") {
    const auto found = after_offer("CL");
    CHECK(found.events == lines{"connect", "out"});
    CHECK(found.error == errc::out_of_turn);
    CHECK(after_offer("M").error == errc::out_of_turn);
    CHECK(after_offer("CHMRTNLE").error == errc::out_of_turn);
}

TEST_CASE("S16 an MTA can't say the next command while an answer is due") {
    auto p = in_mail();
    REQUIRE(p.mta_says(command::body{"x"}) == errc::ok);
    CHECK(p.mta_says(command::body{"y"}) == errc::reply_owed);
    CHECK(p.last_to_filter.empty());
    CHECK(p.mta.open());
}

TEST_CASE("S17 after skip on a body, the end of the message comes next") {
    auto p = in_mail(option::skip);
    gets(p, command::body{"x"}, reply::skip{});
    CHECK_FALSE(p.mta.wants(command::body{}));
    CHECK_FALSE(sent(p, command::body{"y"}));
    CHECK(p.mta.now() == todo::go_on);
    CHECK(sent(p, command::end_of_message{}));
}

TEST_CASE("S18 skip ends neither the message nor the connection") {
    auto p = in_mail(option::skip);
    gets(p, header, reply::skip{});
    gets(p, command::body{"x"}, reply::skip{});
    CHECK(p.mta.state().in_message());
    CHECK(p.mta.state().over() == scope::nothing);
    CHECK(sent(p, command::end_of_message{}));
    CHECK(sent(p, mail));
    CHECK(sent(p, rcpt));
    CHECK(sent(p, header));
    CHECK(sent(p, command::body{"x"}));
}

TEST_CASE("S19 skip that wasn't agreed is an error, said or heard") {
    auto p = in_mail();
    REQUIRE(p.mta_says(command::body{"x"}) == errc::ok);
    CHECK(error_after(p.mta, raw('s')) == errc::option_not_granted);
    CHECK(p.filter_says(reply::skip{}) == errc::option_not_granted);
    CHECK(p.last_to_mta.empty());
}

TEST_CASE("S20 a refused recipient is refused, and the others get the message") {
    for (const auto& bytes : {raw('r'), raw('t'), raw('y', "550 5.1.1 x\0"sv)}) {
        auto p = greeted();
        CHECK(sent(p, mail));
        REQUIRE(p.mta_says(rcpt) == errc::ok);
        heard(p.mta, bytes);
        CHECK(p.mta.now() == todo::refuse_recipient);
        CHECK(p.mta.state().in_message());
        CHECK(p.mta.wants(rcpt));
        CHECK(p.mta.wants(command::data{}));
        CHECK(p.mta.wants(command::end_of_message{}));
    }
}

TEST_CASE("S21 an accepted or discarded recipient ends the message for this filter") {
    const auto ends = [](const auto& verdict, todo what) {
        auto p = in_mail();
        gets(p, rcpt, verdict);
        CHECK(p.mta.now() == what);
        CHECK_FALSE(sent(p, rcpt));
        CHECK_FALSE(sent(p, command::data{}));
        CHECK_FALSE(sent(p, header));
        CHECK_FALSE(sent(p, command::end_of_message{}));
        CHECK(sent(p, mail));
    };
    ends(reply::accept{}, todo::leave_message);
    ends(reply::discard{}, todo::discard);
}

TEST_CASE("S22 accepted at connect, nothing comes but QUIT; accepted at MAIL, nothing until the next MAIL") {
    auto p = agreed();
    gets(p, command::connect{"mx"}, reply::accept{});
    CHECK(p.mta.now() == todo::leave_connection);
    CHECK_FALSE(sent(p, command::helo{"mx"}));
    CHECK_FALSE(sent(p, mail));
    CHECK_FALSE(sent(p, rcpt));
    CHECK(p.mta_says(command::quit{}) == errc::ok);
    CHECK(p.last_to_filter == raw('Q'));

    auto q = greeted();
    gets(q, mail, reply::accept{});
    CHECK_FALSE(sent(q, rcpt));
    CHECK_FALSE(sent(q, command::end_of_message{}));
    CHECK(sent(q, mail));
    CHECK(sent(q, rcpt));
}

TEST_CASE("S23 accept is not proceed") {
    auto accepted = greeted();
    gets(accepted, mail, reply::accept{});
    CHECK(accepted.mta.now() == todo::leave_message);
    auto passed = greeted();
    gets(passed, mail, reply::proceed{});
    CHECK(passed.mta.now() == todo::go_on);
    CHECK(passed.mta.wants(rcpt));
    CHECK_FALSE(accepted.mta.wants(rcpt));
}

TEST_CASE("S24 that a message was accepted says nothing about the next one, however it came to its end") {
    for (const bool aborted : {false, true}) {
        auto p = greeted();
        gets(p, mail, reply::accept{});
        if (aborted) CHECK(p.mta_says(command::abort{}) == errc::ok);
        CHECK(sent(p, mail));
        CHECK(sent(p, rcpt));
        CHECK(sent(p, header));
        CHECK(sent(p, command::end_of_message{}));
    }
}

TEST_CASE("S25 a session that has failed says so to all that is asked of it, and nothing else happens") {
    auto p = in_mail();
    REQUIRE(p.mta_says(rcpt) == errc::ok);
    heard(p.mta, raw('X'));
    CHECK(p.mta.error() == errc::unknown_code);
    CHECK(p.mta.now() == todo::give_up);
    std::string out;
    CHECK(p.mta.send(mail, out) == errc::closed);
    CHECK(p.mta.send(command::abort{}, out) == errc::closed);
    CHECK(p.mta.send(command::quit{}, out) == errc::closed);
    CHECK_FALSE(p.mta.wants(mail));
    CHECK_FALSE(p.mta.reusable());
    CHECK(out.empty());
    CHECK(p.mta.now() == todo::give_up);
}

TEST_CASE("S26 to abort twice, or to finish twice, does no harm") {
    auto p = in_mail();
    for (int i = 0; i != 3; ++i) CHECK(p.mta_says(command::abort{}) == errc::ok);
    CHECK(p.filter_heard == lines{"abort", "abort", "abort"});
    for (int i = 0; i != 3; ++i) {
        CHECK(p.mta.finish() == errc::ok);
        CHECK(p.filter.finish() == errc::ok);
    }
    CHECK_FALSE(p.mta.open());

    auto q = in_mail();
    REQUIRE(q.mta_says(rcpt) == errc::ok);
    CHECK(q.mta.finish() == errc::unanswered);
    CHECK(q.mta.finish() == errc::ok);
    CHECK(q.mta.error() == errc::unanswered);
}

TEST_CASE("S27 a new body without a verdict is no new body") {
    auto p = at_end();
    modifications changes;
    const auto bytes = raw('b', "half of");
    for (const auto& event : p.mta.receive(bytes)) changes.update(event);
    CHECK(p.mta.now() == todo::wait);
    CHECK(p.mta.finish() == errc::unanswered);
    CHECK(p.mta.now() == todo::give_up);
}

TEST_CASE("S28 a new body may come before, behind and between other modifications") {
    auto p = at_end();
    modifications changes;
    const auto bytes =
        raw('b', "one") + raw('h', "A\0a\0"sv) + raw('b', "two") + raw('+', "<e@f>\0"sv) + raw('a');
    for (const auto& event : p.mta.receive(bytes)) CHECK(changes.update(event) == errc::ok);
    CHECK(p.mta.now() == todo::deliver);
    CHECK(changes.body() == "onetwo");
    lines others;
    for (const auto& change : changes) others.push_back(describe(change));
    CHECK(others == lines{R"(add_header name="A" value="a" space=" ")", R"(add_rcpt recipient="<e@f>")"});
}

TEST_CASE("S29 a command that isn't answered is written at once, too") {
    auto p = in_mail(option::silent_rcpt);
    std::string out;
    CHECK(p.mta.send(rcpt, out) == errc::ok);
    CHECK(out == raw('R', "<c@d>\0"sv));
    CHECK(p.mta.now() == todo::go_on);
}

TEST_CASE("S30 DATA comes before the first header field, or not at all") {
    auto p = in_mail();
    CHECK(sent(p, header));
    CHECK(p.mta_says(command::data{}) == errc::out_of_turn);
    CHECK(after_offer("CHMRLT").error == errc::out_of_turn);
}

TEST_CASE("S31 a message may lack header fields, a body, and DATA") {
    for (const auto letters :
         {"CHMRNEQ"sv, "CHMRTNEQ"sv, "CHMRLNEQ"sv, "CHMRTNBEQ"sv, "CHMREQ"sv, "CMREQ"sv}) {
        INFO(letters);
        const auto found = after_offer(letters);
        CHECK(found.error == errc::ok);
        CHECK(found.events.back() == "quit");
        CHECK(found.codes.size() == letters.size() - 1);
    }
}

TEST_CASE("S32 an MTA may end a message that has no body") {
    auto p = in_mail();
    CHECK(sent(p, command::data{}));
    CHECK(sent(p, header));
    CHECK(sent(p, command::end_of_headers{}));
    CHECK(sent(p, command::end_of_message{}));
    CHECK(p.mta.now() == todo::deliver);
}

TEST_CASE("S33 all commands are known, unknown ones and QUIT_NC among them") {
    CHECK(after_offer("CHUMURUTLNBEAK").error == errc::ok);
    CHECK(after_offer("U").events == lines{"unknown"});
    CHECK(after_offer("U").codes == "c");
}

TEST_CASE("S34 QUIT_NC is followed by another client, without another offer") {
    const auto found = after_offer("CHKCHMRTNEKCHMQ");
    CHECK(found.error == errc::ok);
    CHECK(found.events.size() == 15);
    auto p = agreed();
    CHECK(run(p.filter, stream("CHK") + bytes_of(command::negotiate{})).error == errc::out_of_turn);
}

TEST_CASE("S35 QUIT_NC isn't answered, and takes all of its client with it") {
    auto p = in_mail();
    const auto found = run(p.filter, stream("K"));
    CHECK(found.codes.empty());
    CHECK(p.filter.state().at() == phase::negotiated);
    CHECK(p.filter.state().ended() == scope::connection);
    macro_table macros;
    const auto j = pack_definitions({{"j", "mx"}});
    macros.update(command::macro{'C', j});
    macros.update(command::connect{});
    macros.update(command::quit_nc{});
    CHECK_FALSE(macros.find("j").has_value());
}

TEST_CASE("S36 a command that nobody knows is an error") {
    auto p = greeted();
    CHECK(heard(p.filter, raw('X')) == lines{R"(unknown code: code "X", length 1, after greeted)"});
    CHECK_FALSE(p.filter.open());
}

TEST_CASE("S37 an unknown command is the whole line, and ends nothing") {
    auto p = in_mail();
    CHECK(p.mta_says(command::unknown{"VRFY x y"}) == errc::ok);
    CHECK(p.last_to_filter == raw('U', "VRFY x y\0"sv));
    CHECK(p.filter_heard == lines{R"(unknown line="VRFY x y")"});
    CHECK(p.filter_says(reply::reject{}) == errc::ok);
    CHECK(p.mta.now() == todo::refuse_command);
    CHECK(p.mta.state().in_message());
}

TEST_CASE("S38 a filter that goes away while its answer is due is told apart from one that may go") {
    auto p = at_end();
    CHECK(p.mta.state().asked() == question::end_of_message);
    CHECK(p.mta.finish() == errc::unanswered);
    CHECK(to_string(p.mta.error()) == "closed before the reply");
    auto q = in_mail();
    CHECK(q.mta.finish() == errc::ok);
}

TEST_CASE("S39 after a verdict in the body, neither the rest of it nor the end comes") {
    auto p = in_mail();
    gets(p, command::body{"x"}, reply::reject{});
    CHECK(p.mta.now() == todo::refuse_message);
    CHECK_FALSE(sent(p, command::body{"y"}));
    CHECK_FALSE(sent(p, command::end_of_message{}));
}

TEST_CASE("S40 a header field that isn't complete is an error, and no event") {
    auto p = in_mail();
    CHECK(heard(p.filter, raw('L', "Subject")) ==
          lines{R"(text without a NUL at its end: code "L", length 8, after rcpt)"});
    auto q = in_mail();
    CHECK(heard(q.filter, raw('L', "Subject\0"sv)) ==
          lines{R"(payload ends before its last field: code "L", length 9, after rcpt)"});
}

TEST_CASE("S41 one failure is that of one session: the next one begins afresh") {
    auto p = in_mail();
    heard(p.mta, raw('X'));
    CHECK(p.mta.now() == todo::give_up);
    p.mta = mta_session{};
    p.filter = filter_session{};
    CHECK(p.negotiate() == errc::ok);
    CHECK(sent(p, command::connect{"mx"}));
    CHECK(p.mta.now() == todo::go_on);
}
