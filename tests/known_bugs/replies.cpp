// SPDX-License-Identifier: MIT
// Known bugs of others, 1.6: answers, one for each question.
#include <kilter.hpp>

#include "known_bugs/sides.hpp"

using namespace kilter;
using namespace test;
using namespace std::string_view_literals;

namespace {

/// Calls f(p, name) with a pair whose MTA waits for the answer to each of the ten commands in turn.
template <class F>
void for_each_question(F f) {
    const auto ask = [&](pair p, const auto& command) {
        REQUIRE(p.mta_says(command) == errc::ok);
        p.forget();
        f(p, std::string{to_string(p.mta.state().asked())});
    };
    ask(agreed(option::skip), command::connect{"mx"});
    ask(greeted(option::skip), command::helo{"mx"});
    ask(greeted(option::skip), command::mail{"<a@b>"});
    ask(in_mail(option::skip), command::rcpt{"<e@f>"});
    ask(in_mail(option::skip), command::data{});
    ask(in_mail(option::skip), command::unknown{"FOO"});
    ask(in_mail(option::skip), command::header{"A", "a"});
    ask(in_mail(option::skip), command::end_of_headers{});
    ask(in_mail(option::skip), command::body{"x"});
    ask(in_mail(option::skip), command::end_of_message{});
}

/// The commands that a filter may answer so, and those where an MTA takes such an answer, by their names.
struct answers {
    std::string said{};
    std::string heard{};
};
template <class M>
answers answered_by(const M& reply) {
    answers found;
    for_each_question([&](pair p, const std::string& name) {
        if (error_after(p.mta, bytes_of(reply)) == errc::ok) found.heard += name + " ";
        if (p.filter_says(reply) == errc::ok) found.said += name + " ";
    });
    return found;
}

constexpr auto all_ten = "connect helo mail rcpt data unknown header end_of_headers body end_of_message "sv;

}  // namespace

TEST_CASE("P01 a second verdict on one command is an error, and not written") {
    auto p = in_mail();
    REQUIRE(p.mta_says(command::rcpt{"<e@f>"}) == errc::ok);
    std::string out;
    CHECK(p.filter.send(reply::reply_code{"450 4.7.1 later"}, out) == errc::ok);
    const auto first = out;
    CHECK(p.filter.send(reply::reject{}, out) == errc::reply_not_due);
    CHECK(out == first);
    CHECK(cut(whole(out)).codes == "y");
}

TEST_CASE("P02 a verdict on data that comes with the end of the message is written once") {
    auto p = in_mail();
    std::string out;
    lines events;
    const auto bytes = raw('E', "tail");
    for (const auto& event : p.filter.receive(bytes)) {
        events.push_back(describe(event));
        p.filter.send(reply::reject{}, out);
    }
    CHECK(events == lines{R"(body chunk="tail")"});
    CHECK(out == raw('r'));
}

TEST_CASE("P03 data that comes with the end of the message is heard, and never sent") {
    auto p = in_mail();
    std::string out;
    lines events;
    const auto bytes = raw('E', "abc");
    for (const auto& event : p.filter.receive(bytes)) {
        events.push_back(describe(event));
        p.filter.send(reply::proceed{}, out);
    }
    CHECK(events == lines{R"(body chunk="abc")", R"(end_of_message chunk="")"});
    CHECK(out == raw('c'));
    CHECK(p.mta_says(command::end_of_message{"abc"}) == errc::not_for_sending);
}

TEST_CASE("P04 an abort isn't answered") {
    auto p = in_mail();
    CHECK(p.mta_says(command::abort{}) == errc::ok);
    CHECK(p.filter_says(reply::proceed{}) == errc::ok);
    CHECK(p.last_to_mta.empty());
    CHECK(p.filter.open());
    CHECK(p.filter_says(reply::accept{}) == errc::reply_not_due);
    CHECK(p.last_to_mta.empty());
}

TEST_CASE("P05 QUIT isn't answered") {
    auto p = in_mail();
    CHECK(p.mta_says(command::quit{}) == errc::ok);
    CHECK_FALSE(p.filter.open());
    for (const auto wrong : {p.filter_says(reply::proceed{}), p.filter_says(reply::tempfail{})})
        CHECK(wrong == errc::closed);
    CHECK(p.last_to_mta.empty());
}

TEST_CASE("P06 every reply has the letter that it has in the C headers") {
    const auto letter = [](const auto& reply) { return bytes_of(reply).at(4); };
    CHECK(letter(reply::negotiate{}) == 'O');
    CHECK(letter(reply::proceed{}) == 'c');
    CHECK(letter(reply::accept{}) == 'a');
    CHECK(letter(reply::reject{}) == 'r');
    CHECK(letter(reply::tempfail{}) == 't');
    CHECK(letter(reply::discard{}) == 'd');
    CHECK(letter(reply::skip{}) == 's');
    CHECK(letter(reply::progress{}) == 'p');
    CHECK(letter(reply::reply_code{"550 x"}) == 'y');
    CHECK(letter(reply::conn_fail{}) == 'f');
    CHECK(letter(reply::shutdown{}) == '4');
    CHECK(letter(reply::add_header{"A", "a"}) == 'h');
    CHECK(letter(reply::insert_header{0, "A", "a"}) == 'i');
    CHECK(letter(reply::change_header{1, "A", "a"}) == 'm');
    CHECK(letter(reply::change_from{"<>"}) == 'e');
    CHECK(letter(reply::add_rcpt{"<a@b>"}) == '+');
    CHECK(letter(reply::add_rcpt_par{"<a@b>"}) == '2');
    CHECK(letter(reply::delete_rcpt{"<a@b>"}) == '-');
    CHECK(letter(reply::replace_body{"x"}) == 'b');
    CHECK(letter(reply::quarantine{"why"}) == 'q');
}

TEST_CASE("P07 an MTA that is told to hold a message still waits for the verdict") {
    auto p = at_end();
    CHECK(heard(p.mta, raw('q', "why\0"sv)) == lines{R"(quarantine reason="why")"});
    CHECK(p.mta.now() == todo::wait);
    CHECK(heard(p.mta, raw('a')) == lines{"accept"});
    CHECK(p.mta.now() == todo::deliver);
}

TEST_CASE("P08 a filter that has a message held still owes the verdict") {
    auto p = at_end();
    CHECK(p.filter_says(reply::quarantine{"why"}) == errc::ok);
    CHECK(p.filter.state().asked() == question::end_of_message);
    CHECK(p.filter_says(reply::accept{}) == errc::ok);
    CHECK_FALSE(p.filter.state().reply_due());
}

TEST_CASE("P09 whatever the reason says, the message is held") {
    for (const auto reason : {""sv, "x"sv, "a\r\nb"sv, "a\0b"sv}) {
        auto p = at_end();
        CHECK(p.filter_says(reply::quarantine{reason}) == errc::ok);
        CHECK(p.last_to_mta.at(4) == 'q');
        CHECK(p.mta_heard.size() == 1);
        CHECK(p.mta.open());
    }
}

TEST_CASE("P10 a hold and its verdict stand side by side, and its reason is one text") {
    auto p = at_end();
    std::string out;
    CHECK(p.filter.send(reply::quarantine{"why"}, out) == errc::ok);
    CHECK(p.filter.send(reply::accept{}, out) == errc::ok);
    CHECK(out == "00 00 00 05 71 77 68 79 00 00 00 00 01 61"_hex);
    CHECK(refusal(reply::any{reply::quarantine{"why"}}).empty());
}

TEST_CASE("P11 whether a refusal is for good is said by its code, once") {
    CHECK(reply_text(451, "4.7.1", "later"));
    CHECK(reply_text(550, "5.7.1", "never"));
    for (const int code : {0, 200, 250, 354, 399, 600, -450}) CHECK_FALSE(reply_text(code, "", "ok"));
    auto p = in_mail();
    REQUIRE(p.mta_says(command::rcpt{"<e@f>"}) == errc::ok);
    CHECK(p.filter_says(reply::reply_code{"250 ok"}) == errc::bad_reply_text);
}

TEST_CASE("P12 the enhanced code is of the same class as the code") {
    CHECK(reply_text(550, "4.7.23", "x").error() == errc::bad_reply_text);
    CHECK(reply_text(450, "5.7.23", "x").error() == errc::bad_reply_text);
    CHECK(*reply_text(550, "5.7.23", "x") == "550 5.7.23 x");
    CHECK(check(reply::reply_code{"550 4.7.23 x"}) == errc::bad_reply_text);
}

TEST_CASE("P13 a percent sign is doubled on the wire, and single for the client") {
    const auto text = reply_text(550, "5.7.1", "100% spam");
    REQUIRE(text);
    CHECK(*text == "550 5.7.1 100%% spam");
    CHECK(smtp_text(*text) == "550 5.7.1 100% spam\r\n");
    CHECK(smtp_text("550 100% spam") == "550 100% spam\r\n");
    CHECK(check(reply::reply_code{"550 5.7.1 100% spam"}) == errc::bad_reply_text);
}

TEST_CASE("P14 a 421 ends the client's connection at every command, in a reply of many lines, too") {
    for (const auto text : {"421 4.3.0 bye"sv, "421-a\r\n421 b"sv}) {
        for_each_question([&](pair p, const std::string& name) {
            INFO(name);
            CHECK(heard(p.mta, raw('y', std::string{text}.append(1, '\0'))).size() == 1);
            CHECK(p.mta.now() == todo::hang_up);
        });
    }
}

TEST_CASE("P15 a reply needs no enhanced code") {
    auto p = in_mail();
    REQUIRE(p.mta_says(command::rcpt{"<e@f>"}) == errc::ok);
    CHECK(heard(p.mta, raw('y', "550 No\0"sv)) == lines{R"(reply_code text="550 No")"});
    CHECK(p.mta.now() == todo::refuse_recipient);
}

TEST_CASE("P16 code and enhanced code can't change places") {
    const auto text = reply_text(554, "5.7.1", "x");
    REQUIRE(text);
    CHECK(*text == "554 5.7.1 x");
    const auto parts = smtp_reply::parse(*text);
    REQUIRE(parts);
    CHECK(parts->code == "554");
    CHECK(parts->enhanced_code == "5.7.1");
    CHECK(check(reply::reply_code{"5.7.1 554 x"}) == errc::bad_reply_text);
}

TEST_CASE("P17 a reply of three lines arrives as three lines, each with its code") {
    const auto text = reply_text(550, "5.7.1", {"one", "two", "three"});
    REQUIRE(text);
    auto p = in_mail();
    REQUIRE(p.mta_says(command::rcpt{"<e@f>"}) == errc::ok);
    CHECK(p.filter_says(reply::reply_code{*text}) == errc::ok);
    CHECK(p.mta_heard == lines{R"(reply_code text="550-5.7.1 one\r\n550-5.7.1 two\r\n550 5.7.1 three")"});
    const auto parts = smtp_reply::parse(*text);
    REQUIRE(parts);
    lines found;
    for (const auto line : parts->lines) found.emplace_back(line);
    CHECK(found == lines{"one", "two", "three"});
}

TEST_CASE("P18 the text of one refusal doesn't stick to the next") {
    auto p = in_mail();
    REQUIRE(p.mta_says(command::rcpt{"<e@f>"}) == errc::ok);
    CHECK(p.filter_says(reply::reply_code{"550 5.1.1 no such user"}) == errc::ok);
    REQUIRE(p.mta_says(command::rcpt{"<g@h>"}) == errc::ok);
    CHECK(p.filter_says(reply::reject{}) == errc::ok);
    CHECK(p.last_to_mta == raw('r'));
    CHECK(refusal(reply::any{reply::reject{}}) == "550 5.7.1 Command rejected");
}

TEST_CASE("P19 an MTA knows what to do after each verdict on each command") {
    const auto verdicts = [](pair p, const std::string& name) {
        for (const char code : "cartds"sv) {
            INFO(name << " " << code);
            auto mta = p.mta;
            CHECK(heard(mta, raw(code)).size() == 1);
            CHECK(mta.open());
            CHECK(mta.now() != todo::wait);
            CHECK(mta.now() != todo::give_up);
        }
        auto mta = p.mta;
        heard(mta, raw('t'));
        const auto done = to_string(mta.now());
        CHECK(done.substr(0, 6) == "refuse");
    };
    for_each_question(verdicts);
}

TEST_CASE("P20 a modification before the end of the message is an error, said or heard") {
    for_each_question([](pair p, const std::string& name) {
        const reply::add_header header{"A", "a"};
        const bool end = name == "end_of_message";
        CHECK(error_after(p.mta, bytes_of(header)) == (end ? errc::ok : errc::wrong_reply));
        CHECK(p.filter_says(header) == (end ? errc::ok : errc::wrong_reply));
        CHECK(p.last_to_mta.empty() != end);
    });
}

TEST_CASE("P21 progress is said at the end of the message only, heard anywhere, and has no payload") {
    const auto progress = answered_by(reply::progress{});
    CHECK(progress.said == "end_of_message ");
    CHECK(progress.heard == all_ten);
    CHECK(wrong_reply('p', "x") == errc::trailing_bytes);
    auto p = at_end();
    CHECK(heard(p.mta, raw('p') + raw('p') + raw('p') + raw('a')) ==
          lines{"progress", "progress", "progress", "accept"});
    CHECK(p.mta.now() == todo::deliver);
}

TEST_CASE("P22 progress leaves the MTA waiting for the same answer") {
    for_each_question([](pair p, const std::string& name) {
        CHECK(heard(p.mta, raw('p')) == lines{"progress"});
        CHECK(p.mta.now() == todo::wait);
        CHECK(to_string(p.mta.state().asked()) == name);
        CHECK(heard(p.mta, raw('c')) == lines{"proceed"});
        CHECK(p.mta.now() != todo::wait);
    });
}

TEST_CASE("P23 modifications of a message that is then refused are void") {
    for (const auto verdict : {"r"sv, "t"sv, "d"sv}) {
        auto p = at_end();
        modifications changes;
        const auto bytes = raw('h', "A\0a\0"sv) + raw('b', "x") + raw(verdict[0]);
        for (const auto& event : p.mta.receive(bytes)) CHECK(changes.update(event) == errc::ok);
        CHECK(changes.empty());
        CHECK(p.mta.now() != todo::deliver);
    }
}

TEST_CASE("P24 five verdicts may be given on every command, the others where they mean something") {
    CHECK(answered_by(reply::proceed{}).said == all_ten);
    CHECK(answered_by(reply::reject{}).said == all_ten);
    CHECK(answered_by(reply::tempfail{}).said == all_ten);
    CHECK(answered_by(reply::reply_code{"450 4.7.1 x"}).said == all_ten);
    CHECK(answered_by(reply::accept{}).said ==
          "connect helo mail rcpt data header end_of_headers body end_of_message ");
    CHECK(answered_by(reply::discard{}).said == "mail rcpt data header end_of_headers body end_of_message ");
    CHECK(answered_by(reply::skip{}).said == "header end_of_headers body ");
}

TEST_CASE("P26 a verdict that means nothing on an unknown command is heard as proceed, and never said") {
    for (const char code : "ad"sv) {
        auto p = in_mail();
        REQUIRE(p.mta_says(command::unknown{"FOO"}) == errc::ok);
        CHECK(heard(p.mta, raw(code)).size() == 1);
        CHECK(p.mta.now() == todo::go_on);
        CHECK(p.mta.state().in_message());
    }
    auto p = in_mail();
    REQUIRE(p.mta_says(command::unknown{"FOO"}) == errc::ok);
    CHECK(p.filter_says(reply::accept{}) == errc::wrong_reply);
}
