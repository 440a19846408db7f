// SPDX-License-Identifier: MIT
// Where MTAs, libraries and papers disagree: what we do, as far as no test of a known bug shows it.
#include <kilter.hpp>

#include "known_bugs/sides.hpp"

using namespace kilter;
using namespace test;
using namespace std::string_view_literals;

namespace {

/// What an MTA makes of an answer of this version.
errc error_of_version(std::uint32_t version, const tolerance& taken) {
    mta_session mta;
    mta.tolerate(taken);
    std::string out;
    REQUIRE(mta.send(command::negotiate{}, out) == errc::ok);
    return error_after(mta, bytes_of(reply::negotiate{.version = version}));
}

}  // namespace

TEST_CASE("A03 arguments are handed out as they come, one text each, or all in one") {
    auto p = greeted();
    CHECK(heard(p.filter, raw('M', "<a@b>\0SIZE=1 BODY=8BITMIME\0"sv)) ==
          lines{R"(mail sender="<a@b>" args=["SIZE=1 BODY=8BITMIME"])"});
    CHECK(bytes_of(command::mail{"<a@b>"}) == raw('M', "<a@b>\0"sv));
}

TEST_CASE("A04 a change of the sender, or a new recipient, has one text or two") {
    CHECK(bytes_of(reply::change_from{"<a@b>"}) == raw('e', "<a@b>\0"sv));
    CHECK(bytes_of(reply::add_rcpt_par{"<a@b>", "NOTIFY=NEVER ORCPT=x"}) ==
          raw('2', "<a@b>\0NOTIFY=NEVER ORCPT=x\0"sv));
    for (const char code : "e2"sv) {
        CHECK(wrong_reply(code, "<a@b>\0"sv) == errc::ok);
        CHECK(wrong_reply(code, "<a@b>\0A\0"sv) == errc::ok);
        CHECK(wrong_reply(code, "<a@b>\0A\0B\0"sv) == errc::trailing_bytes);
    }
}

TEST_CASE("A07 a local client without a port is an error") {
    CHECK(wrong_command('C', "h\0L/\0"sv) == errc::missing_field);
    CHECK(wrong_command('C', "h\0L\0\0\0"sv) == errc::ok);
}

TEST_CASE("A09 an empty piece of a body is heard and answered, and never sent") {
    auto p = in_mail();
    CHECK(heard(p.filter, raw('B')) == lines{R"(body chunk="")"});
    CHECK(p.filter_says(reply::proceed{}) == errc::ok);
    CHECK(p.last_to_mta == raw('c'));
    auto q = in_mail();
    CHECK(q.mta_says(command::body{}) == errc::ok);
    CHECK(q.last_to_filter.empty());
    CHECK(q.mta.now() == todo::go_on);
}

TEST_CASE("A11 macros without a pair say that there are none any more") {
    macro_table macros;
    const auto i = pack_definitions({{"i", "A"}});
    macros.update(command::mail{});
    macros.update(command::macro{'R', i});
    macros.update(command::rcpt{});
    CHECK(macros.find("i") == "A");
    macros.update(command::macro{'R'});
    macros.update(command::rcpt{});
    CHECK_FALSE(macros.find("i").has_value());
}

TEST_CASE("A14 lists for the two ends go together, or neither is sent") {
    for (const auto one : {stage::end_of_message, stage::end_of_headers}) {
        const auto alone = pack_symbols({{one, "i"}});
        CHECK(agree({}, {.symbols = alone}).error() == errc::bad_symbols);
    }
    const auto both = pack_symbols({{stage::end_of_message, "i"}, {stage::end_of_headers, "i"}});
    CHECK(agree({}, {.symbols = both}).has_value());
}

TEST_CASE("A16 macro lists are sent only if they were offered, and taken in any case") {
    const auto list = pack_symbols({{stage::mail, "i"}});
    const auto answer = agree({.actions = action::add_headers}, {.symbols = list});
    REQUIRE(answer);
    CHECK(answer->symbols.empty());

    pair p;
    REQUIRE(p.mta_says(command::negotiate{}) == errc::ok);
    CHECK(heard(p.mta, raw('O', "\0\0\0\6\0\0\0\0\0\0\0\0\0\0\0\2i\0"sv)) ==
          lines{R"(negotiate version=6 actions=none options=none symbols=[mail="i"])"});
}

TEST_CASE("A18 which versions an MTA takes can be set: what some MTA takes, or what the protocol has") {
    for (const std::uint32_t version : {0u, 1u, 2u, 6u, 0x0100'0001u})
        CHECK(error_of_version(version, {}) == errc::ok);
    CHECK(error_of_version(0x0100'0002, {}) == errc::version_too_new);
    for (const std::uint32_t version : {0u, 1u})
        CHECK(error_of_version(version, no_tolerance) == errc::version_too_old);
    CHECK(error_of_version(7, no_tolerance) == errc::version_too_new);
    CHECK(error_of_version(2, no_tolerance) == errc::ok);
}

TEST_CASE("A26 a message is held at its end and nowhere else, with a reason or without") {
    auto p = in_mail();
    REQUIRE(p.mta_says(command::body{"x"}) == errc::ok);
    CHECK(p.filter_says(reply::quarantine{"why"}) == errc::wrong_reply);
    CHECK(error_after(p.mta, raw('q', "why\0"sv)) == errc::wrong_reply);
    for (const auto reason : {""sv, "\0"sv, "why\0"sv})
        CHECK(error_after(at_end().mta, raw('q', reason)) == errc::ok);
}

TEST_CASE("A43 the pieces of a new body stand side by side when they are sent, and anywhere when heard") {
    auto p = at_end();
    CHECK(p.filter_says(reply::replace_body{"a"}) == errc::ok);
    CHECK(p.filter_says(reply::replace_body{"b"}) == errc::ok);
    CHECK(p.filter_says(reply::add_header{"A", "a"}) == errc::ok);
    CHECK(p.filter_says(reply::replace_body{"c"}) == errc::body_interrupted);
    CHECK(p.last_to_mta.empty());
    CHECK(error_after(at_end().mta, raw('b', "a") + raw('p') + raw('b', "b")) == errc::ok);
}

TEST_CASE("A48 a reply that nobody knows, or that no MTA takes, is an error") {
    auto p = at_end();
    CHECK(error_after(p.mta, raw('x')) == errc::unknown_code);
    CHECK(error_after(p.mta, raw('l')) == errc::unknown_code);
    CHECK(error_after(p.mta, raw('f')) == errc::wrong_reply);
    CHECK(p.filter_says(reply::conn_fail{}) == errc::not_for_sending);
    CHECK(at_end().filter_says(reply::shutdown{}) == errc::not_for_sending);
}

TEST_CASE("A54 MAIL in a message is heard as the end of the one and the beginning of another") {
    auto p = in_mail();
    CHECK(heard(p.filter, raw('M', "<e@f>\0"sv)) == lines{R"(mail sender="<e@f>" args=[])"});
    CHECK(p.filter.state().ended() == scope::message);
    CHECK(p.filter.state().at() == phase::mail);
    auto q = in_mail();
    CHECK(q.mta_says(command::mail{"<e@f>"}) == errc::out_of_turn);
}

TEST_CASE("A61 after a refused DATA there may be more recipients, and another DATA") {
    auto p = in_mail();
    REQUIRE(p.mta_says(command::data{}) == errc::ok);
    CHECK(p.filter_says(reply::tempfail{}) == errc::ok);
    CHECK(p.mta.now() == todo::refuse_message);
    p.forget();
    CHECK(p.passes(command::rcpt{"<e@f>"}) == errc::ok);
    CHECK(p.passes(command::data{}) == errc::ok);
    CHECK(p.filter_heard == lines{R"(rcpt recipient="<e@f>" args=[])", "data"});
    CHECK(p.filter.error() == errc::ok);
}

TEST_CASE("A62 the end of a message without recipients is heard, and never said") {
    auto p = greeted();
    REQUIRE(p.passes(command::mail{"<a@b>"}) == errc::ok);
    CHECK(p.mta_says(command::end_of_message{}) == errc::out_of_turn);
    CHECK(heard(p.filter, raw('E')) == lines{R"(end_of_message chunk="")"});
}

TEST_CASE("A63 a recipient that the MTA has refused is known by a macro") {
    auto p = in_mail(option::rejected_rcpt);
    const auto macros = pack_definitions({{"{rcpt_mailer}", "error"}, {"{rcpt_host}", "5.1.1"}});
    macro_table table;
    std::string bytes;
    CHECK(p.mta.send(command::macro{'R', macros}, bytes) == errc::ok);
    CHECK(p.mta.send(command::rcpt{.recipient = "<e@f>", .rejected = true}, bytes) == errc::ok);
    for (const auto& event : p.filter.receive(bytes)) table.update(event);
    CHECK(table.find("rcpt_mailer") == "error");
}

TEST_CASE("A64 a refusal of a recipient that the MTA has refused counts for nothing, accept and discard count") {
    for (const char verdict : "crtad"sv) {
        auto p = in_mail(option::rejected_rcpt);
        REQUIRE(p.mta_says(command::rcpt{.recipient = "<e@f>", .rejected = true}) == errc::ok);
        heard(p.mta, raw(verdict));
        // A filter that has accepted or discarded waits for the next message.
        const bool leaves = verdict == 'a' || verdict == 'd';
        CHECK(p.mta.now() == (leaves ? todo::leave_message : todo::go_on));
        CHECK(p.mta.wants(command::rcpt{}) == !leaves);
    }
}

TEST_CASE("A66 bytes behind the last field are passed over in an offer and behind family U, else an error") {
    CHECK(wrong_command('O', "\0\0\0\6\0\0\1\xff\0\x1f\xff\xff\1"sv) == errc::ok);
    CHECK(wrong_command('C', "h\0Ux"sv) == errc::ok);
    for (const char code : "TNAQK"sv) CHECK(wrong_command(code, "x") == errc::trailing_bytes);
    for (const char code : "cartdsp4f"sv) CHECK(wrong_reply(code, "x") == errc::trailing_bytes);
    CHECK(wrong_command('H', "a\0b\0"sv) == errc::trailing_bytes);
    CHECK(wrong_reply('+', "<>\0A\0"sv) == errc::trailing_bytes);
}

TEST_CASE("A72 a recipient to be deleted goes out as the filter has heard it") {
    auto p = in_mail();
    const auto bytes = raw('R', "<\"A b\"@C>\0"sv);
    std::string heard_as;
    for (const auto& event : p.filter.receive(bytes)) heard_as = std::get<command::rcpt>(event).recipient;
    CHECK(bytes_of(reply::delete_rcpt{heard_as}) == raw('-', "<\"A b\"@C>\0"sv));
}
