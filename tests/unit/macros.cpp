// SPDX-License-Identifier: MIT
// Macros: what each is worth at each point of a conversation.
#include <kilter/macros.hpp>

#include <kilter/session.hpp>

#include "support/catch.hpp"
#include "support/commands.hpp"
#include "support/pair.hpp"

#include <initializer_list>
#include <string>
#include <string_view>

using namespace kilter;
using namespace test;
using namespace test;
using namespace std::string_view_literals;

namespace {

/// A table that is fed messages, and the value of a macro as text; "-" where there is none.
struct feed {
    macro_table table{};

    /// Macros for the command with this code.
    feed& define(char code, std::initializer_list<definition> definitions = {}) {
        const auto bytes = pack_definitions(definitions);
        table.update(command::macro{code, bytes});
        return *this;
    }
    template <class... M>
    feed& operator()(const M&... messages) {
        (table.update(messages), ...);
        return *this;
    }
    std::string operator[](std::string_view name) const {
        return std::string{table.find(name).value_or("-")};
    }
};

/// A conversation in which each command has a macro of its name.
feed full_message() {
    feed f;
    f(command::negotiate{});
    f.define('C', {{"{connect}", "1"}})(connect).define('H', {{"{helo}", "1"}})(helo);
    f.define('M', {{"{mail}", "1"}})(mail).define('R', {{"{rcpt}", "1"}})(rcpt);
    f.define('T', {{"{data}", "1"}})(data)(header).define('N', {{"{eoh}", "1"}})(end_of_headers)(body);
    f.define('E', {{"{eom}", "1"}})(end_of_message);
    return f;
}

}  // namespace

TEST_CASE("nothing is defined at first") {
    const feed f;
    CHECK(f["i"] == "-");
    CHECK(f[""] == "-");
}

TEST_CASE("a macro is found by its name with and without braces, however it is spelt [X57]") {
    feed f;
    f.define('E', {{"i", "A"}, {"{mail_addr}", "x"}, {"rcpt_addr", "y"}, {"{j}", "z"}})(end_of_message);
    CHECK(f["i"] == "A");
    CHECK(f["{i}"] == "A");
    CHECK(f["mail_addr"] == "x");
    CHECK(f["{mail_addr}"] == "x");
    CHECK(f["rcpt_addr"] == "y");
    CHECK(f["{rcpt_addr}"] == "y");
    CHECK(f["j"] == "z");
    CHECK(f["{j}"] == "z");
    CHECK(f["I"] == "-");
    CHECK(f["mail"] == "-");
    CHECK(f["{mail_addr"] == "-");
}

TEST_CASE("an empty value is a value [X51, X58]") {
    feed f;
    f.define('M', {{"i", ""}, {"{x}", ""}})(mail);
    CHECK(f.table.find("i") == ""sv);
    CHECK(f.table.find("x") == ""sv);
    CHECK_FALSE(f.table.find("y"));
}

TEST_CASE("values are bytes, not text [X60]") {
    feed f;
    f.define('M', {{"{mail_addr}", "j\xe9@x"}})(mail);
    CHECK(f["mail_addr"] == "j\xe9@x");
}

TEST_CASE("the latest command that has a value counts [X55, X56]") {
    feed f;
    f.define('C', {{"j", "mx"}, {"x", "C"}})(connect).define('H', {{"x", "H"}})(helo);
    CHECK(f["x"] == "H");
    f.define('M', {{"i", "1"}, {"x", "M"}})(mail).define('R', {{"x", "R"}})(rcpt);
    CHECK(f["x"] == "R");
    f.define('T', {{"x", "T"}})(data);
    CHECK(f["x"] == "T");
    f.define('N', {{"x", "N"}})(end_of_headers);
    CHECK(f["x"] == "N");
    f.define('E', {{"i", "2"}, {"x", "E"}})(end_of_message);
    CHECK(f["x"] == "E");
    CHECK(f["i"] == "2");
    CHECK(f["j"] == "mx");
}

TEST_CASE("the last definition isn't preferred within one set, the first is") {
    feed f;
    f.define('M', {{"x", "1"}, {"{x}", "2"}})(mail);
    CHECK(f["x"] == "1");
}

TEST_CASE("end of headers comes before end of message, though its stage has the higher number [X52]") {
    feed f;
    f(connect, mail, rcpt).define('N', {{"i", "A"}})(end_of_headers);
    CHECK(f["i"] == "A");
    f.define('E', {{"i", "B"}})(end_of_message);
    CHECK(f["i"] == "B");

    feed early;
    early(connect, mail, rcpt).define('E', {{"i", "B"}}).define('N', {{"i", "A"}})(end_of_headers);
    CHECK(early["i"] == "A");
    early(body, end_of_message);
    CHECK(early["i"] == "B");
}

TEST_CASE("macros for a later command come last: the filter may not want that command") {
    feed f;
    f(connect).define('M', {{"x", "M"}})(mail).define('E', {{"i", "E"}, {"x", "E"}});
    CHECK(f["i"] == "E");
    CHECK(f["x"] == "M");
    f(rcpt, end_of_message);
    CHECK(f["i"] == "-");  // an envelope command begins anew what follows it, as libmilter has it

    feed g;
    g(connect).define('M', {{"x", "M"}})(mail, rcpt).define('E', {{"x", "E"}})(header, body);
    CHECK(g["x"] == "M");
    g(end_of_message);
    CHECK(g["x"] == "E");
}

TEST_CASE("a new set takes the place of the one before, even if it is empty") {
    feed f;
    f(connect).define('H', {{"x", "1"}, {"y", "1"}})(helo).define('H', {{"y", "2"}})(helo);
    CHECK(f["x"] == "-");
    CHECK(f["y"] == "2");
    f.define('H')(helo);
    CHECK(f["y"] == "-");

    // Before its command comes, too.
    feed g;
    g.define('M', {{"x", "1"}}).define('M')(mail);
    CHECK(g["x"] == "-");
}

TEST_CASE("a recipient's macros are good until the next recipient") {
    feed f;
    f(connect, mail).define('R', {{"{rcpt_addr}", "a"}})(rcpt);
    CHECK(f["rcpt_addr"] == "a");
    f.define('R', {{"{rcpt_addr}", "b"}})(rcpt);
    CHECK(f["rcpt_addr"] == "b");
    f(rcpt);  // without macros of its own
    CHECK(f["rcpt_addr"] == "-");
}

TEST_CASE("the macros of a header, a body and an unknown command are good for that one command [X53, X54]") {
    feed f;
    f(connect).define('M', {{"m", "1"}})(mail, rcpt);
    f.define('L', {{"x", "L1"}})(header);
    CHECK(f["x"] == "L1");
    CHECK(f["m"] == "1");
    f(header);
    CHECK(f["x"] == "-");
    f.define('L', {{"x", "L2"}})(header)(end_of_headers);
    CHECK(f["x"] == "-");
    f.define('B', {{"x", "B"}})(body);
    CHECK(f["x"] == "B");
    f(end_of_message);
    CHECK(f["x"] == "-");

    feed g;
    g(connect).define('M', {{"m", "1"}})(mail).define('U', {{"u", "1"}})(unknown);
    CHECK(g["u"] == "1");
    CHECK(g["m"] == "1");
    g(rcpt);
    CHECK(g["u"] == "-");
    CHECK(g["m"] == "1");
}

TEST_CASE("the macros of a command that hasn't come are not those of another one") {
    feed f;
    f(connect, mail, rcpt).define('L', {{"x", "L"}})(end_of_headers);
    CHECK(f["x"] == "-");
    f(header);
    CHECK(f["x"] == "-");

    feed g;
    g(connect, mail, rcpt).define('B', {{"x", "B"}})(header);
    CHECK(g["x"] == "-");
}

TEST_CASE("macros may come before every command [X59]") {
    for (const char code : "CHMRTULNBEAQK?"sv) {
        feed f;
        f(connect, mail, rcpt).define(code, {{"x", "1"}}).define(code);
        CHECK(f["y"] == "-");
        // The frame itself is taken by a session, whatever it is for.
        pair p;
        CHECK(p.negotiate() == errc::ok);
        CHECK(heard(p.filter, raw('D', std::string(1, code) + std::string("x\0y\0"sv))).at(0).substr(0, 5) ==
              "macro");
        CHECK(p.filter.open());
    }
}

TEST_CASE("macros for a command that isn't sent take their place all the same") {
    // Sendmail sends them for a HELO that the filter doesn't want.
    feed f;
    f.define('C', {{"x", "C"}})(connect).define('H', {{"x", "H"}}).define('M', {{"m", "M"}})(mail);
    CHECK(f["x"] == "H");

    // Postfix sends them for DATA, and then those of each header.
    feed g;
    g(connect, mail, rcpt).define('T', {{"i", "Q1"}}).define('L', {{"i", "Q1"}})(header);
    CHECK(g["i"] == "Q1");
}

TEST_CASE("everything is good at end of message, and nothing of the message after it [S04]") {
    auto f = full_message();
    for (const auto name : {"connect", "helo", "mail", "rcpt", "data", "eoh", "eom"}) CHECK(f[name] == "1");

    // The next command is another message's, even if no abort comes in between.
    f.define('M', {{"{mail}", "2"}});
    CHECK(f["rcpt"] == "-");
    f(mail);
    CHECK(f["connect"] == "1");
    CHECK(f["helo"] == "1");
    CHECK(f["mail"] == "2");
    for (const auto name : {"rcpt", "data", "eoh", "eom"}) CHECK(f[name] == "-");
    f(rcpt, data, end_of_headers, end_of_message);
    for (const auto name : {"rcpt", "data", "eoh", "eom"}) CHECK(f[name] == "-");
}

TEST_CASE("a message that begins without macros has none of the one before") {
    auto f = full_message();
    f(mail);
    for (const auto name : {"mail", "rcpt", "data", "eoh", "eom"}) CHECK(f[name] == "-");
    CHECK(f["connect"] == "1");
}

TEST_CASE("what comes between messages doesn't see the macros of the last one") {
    auto f = full_message();
    f(unknown);
    CHECK(f["mail"] == "-");
    CHECK(f["eom"] == "-");
    CHECK(f["helo"] == "1");
}

TEST_CASE("an abort forgets the message, and keeps connection and HELO [S05]") {
    feed f;
    f.define('C', {{"c", "1"}})(connect).define('H', {{"h", "1"}})(helo);
    f.define('M', {{"m", "1"}})(mail).define('R', {{"r", "1"}})(rcpt).define('L', {{"l", "1"}})(header);
    f(command::abort{});
    CHECK(f["c"] == "1");
    CHECK(f["h"] == "1");
    for (const auto name : {"m", "r", "l"}) CHECK(f[name] == "-");
    f(command::abort{}).define('M', {{"m", "2"}})(mail);
    CHECK(f["m"] == "2");
    CHECK(f["r"] == "-");
}

TEST_CASE("the abort that Postfix sends after a message changes nothing more") {
    auto f = full_message();
    f(command::abort{}, command::abort{});
    CHECK(f["mail"] == "-");
    CHECK(f["connect"] == "1");
    f.define('M', {{"{mail}", "2"}})(mail)(rcpt);
    CHECK(f["mail"] == "2");
}

TEST_CASE("HELO in a message forgets the message") {
    feed f;
    f.define('C', {{"c", "1"}})(connect)(helo).define('M', {{"m", "1"}})(mail).define('H',
                                                                                      {{"h", "2"}})(helo);
    CHECK(f["m"] == "-");
    CHECK(f["h"] == "2");
    CHECK(f["c"] == "1");
    f(command::abort{});
    CHECK(f["h"] == "2");
}

TEST_CASE("MAIL in a message forgets the message") {
    feed f;
    f(connect).define('M', {{"m", "1"}})(mail).define('R', {{"r", "1"}})(rcpt).define('M',
                                                                                      {{"m", "2"}})(mail);
    CHECK(f["m"] == "2");
    CHECK(f["r"] == "-");
}

TEST_CASE("quit, quit_nc and a new offer forget everything") {
    auto f = full_message();
    f(command::quit_nc{});
    for (const auto name : {"connect", "helo", "mail", "eom"}) CHECK(f[name] == "-");
    f.define('C', {{"{connect}", "2"}})(connect);
    CHECK(f["connect"] == "2");
    CHECK(f["helo"] == "-");

    auto g = full_message();
    g(command::quit{});
    CHECK(g["connect"] == "-");
    auto h = full_message();
    h(command::negotiate{});
    CHECK(h["connect"] == "-");
}

TEST_CASE("after a refused DATA, the macros of the next recipient and DATA count") {
    feed f;
    f(connect).define('M', {{"m", "1"}})(mail).define('R', {{"x", "R1"}})(rcpt).define('T',
                                                                                       {{"x", "T1"}})(data);
    CHECK(f["x"] == "T1");
    f.define('R', {{"x", "R2"}})(rcpt);
    CHECK(f["x"] == "R2");
    CHECK(f["m"] == "1");
    f(data);
    CHECK(f["x"] == "R2");
}

TEST_CASE("replies and errors define nothing") {
    auto f = full_message();
    f(reply::proceed{}, protocol_error{});
    CHECK(f["eom"] == "1");
}

TEST_CASE("a table can be fed whole events") {
    pair p;
    macro_table table;
    CHECK(p.negotiate() == errc::ok);
    const auto bytes = raw('D', "Cj\0mx\0"sv) + bytes_of(connect);
    for (const auto& event : p.filter.receive(bytes)) table.update(event);
    CHECK(table.find("j") == "mx"sv);
}

TEST_CASE("a value is a copy, and outlives the bytes it came in") {
    feed f;
    {
        const auto gone = pack_definitions({{"x", "a value that is longer than a short string"}});
        f.table.update(command::macro{'C', gone});
    }
    f(connect);
    CHECK(f["x"] == "a value that is longer than a short string");
    const auto copy = f;
    f.define('C', {{"x", "2"}});
    CHECK(copy["x"] == "a value that is longer than a short string");
}
