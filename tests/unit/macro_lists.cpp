// SPDX-License-Identifier: MIT
// The macros that an MTA sends: its own lists, the filter's, and what comes of them on the wire.
#include <kilter/macro_lists.hpp>

#include <kilter/macros.hpp>
#include <kilter/negotiation.hpp>
#include <kilter/session.hpp>

#include "support/catch.hpp"
#include "support/pair.hpp"

#include <map>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

using namespace kilter;
using namespace test;
using namespace std::string_view_literals;

namespace {

/// Gives the values of some macros, and writes down the names that it is asked for.
struct values {
    std::map<std::string, std::string, std::less<>> known{};
    std::vector<std::string> asked{};

    std::optional<std::string_view> operator()(std::string_view name) {
        asked.emplace_back(name);
        const auto found = known.find(name);
        if (found == known.end()) return std::nullopt;
        return found->second;
    }
};

/// The macros for a command, as bytes of their frame; `none` if there are none.
template <class M>
std::string frame_for(macro_lists& lists, values& value_of) {
    const auto macros = lists.macros_for<M>(value_of);
    return macros ? bytes_of(*macros) : "none";
}

/// Lists of which this one is for MAIL, and the definitions that come of it with `a`, `b` and `{long}`.
std::string definitions_of(std::string_view names) {
    const auto packed = pack_symbols({{stage::mail, names}});
    macro_lists lists{packed};
    values value_of{.known = {{"a", "1"}, {"b", "2"}, {"long", "3"}}};
    const auto macros = lists.macros_for<command::mail>(value_of);
    return macros ? std::string{macros->definitions.bytes()} : "none";
}

std::string joined(const std::vector<std::string>& names) {
    std::string all;
    for (const auto& name : names) all.append(name).append(";");
    return all;
}

}  // namespace

TEST_CASE("without lists no macros are sent, and nobody is asked for a value") {
    macro_lists lists;
    values value_of{.known = {{"i", "x"}}};
    CHECK(frame_for<command::connect>(lists, value_of) == "none");
    CHECK(frame_for<command::end_of_message>(lists, value_of) == "none");
    CHECK(value_of.asked.empty());
    CHECK(lists.names(stage::mail).empty());
}

TEST_CASE("each stage has its own list, and its macros go before its own command") {
    const auto packed = pack_symbols({{stage::connect, "c"},
                                      {stage::helo, "h"},
                                      {stage::mail, "m"},
                                      {stage::rcpt, "r"},
                                      {stage::data, "d"},
                                      {stage::end_of_message, "e"},
                                      {stage::end_of_headers, "n"}});
    macro_lists lists{packed};
    values value_of{
        .known = {{"c", "0"}, {"h", "1"}, {"m", "2"}, {"r", "3"}, {"d", "4"}, {"e", "5"}, {"n", "6"}}};
    CHECK(frame_for<command::connect>(lists, value_of) ==
          "\0\0\0\6DCc\0"
          "0\0"sv);
    CHECK(frame_for<command::helo>(lists, value_of) ==
          "\0\0\0\6DHh\0"
          "1\0"sv);
    CHECK(frame_for<command::mail>(lists, value_of) ==
          "\0\0\0\6DMm\0"
          "2\0"sv);
    CHECK(frame_for<command::rcpt>(lists, value_of) ==
          "\0\0\0\6DRr\0"
          "3\0"sv);
    CHECK(frame_for<command::data>(lists, value_of) ==
          "\0\0\0\6DTd\0"
          "4\0"sv);
    CHECK(frame_for<command::end_of_message>(lists, value_of) ==
          "\0\0\0\6DEe\0"
          "5\0"sv);
    CHECK(frame_for<command::end_of_headers>(lists, value_of) ==
          "\0\0\0\6DNn\0"
          "6\0"sv);
    CHECK(joined(value_of.asked) == "c;h;m;r;d;e;n;");
    CHECK(lists.names(stage::end_of_message) == "e");
    CHECK(lists.names(stage::end_of_headers) == "n");
}

TEST_CASE("macros are for commands that have a stage, and for no others") {
    static_assert(staged_command<command::connect> && staged_command<command::helo> &&
                  staged_command<command::mail> && staged_command<command::rcpt> &&
                  staged_command<command::data> && staged_command<command::end_of_headers> &&
                  staged_command<command::end_of_message>);
    static_assert(!staged_command<command::negotiate> && !staged_command<command::macro> &&
                  !staged_command<command::unknown> && !staged_command<command::header> &&
                  !staged_command<command::body> && !staged_command<command::abort> &&
                  !staged_command<command::quit> && !staged_command<command::quit_nc>);
    static_assert(!staged_command<reply::proceed> && !staged_command<int>);
}

TEST_CASE("names are separated by any number of commas and white space") {
    const auto both =
        "a\0"
        "1\0b\0"
        "2\0"sv;
    for (const auto names : {"a b"sv, "a,b"sv, "a\tb"sv, "a\r\nb"sv, " a  b "sv, ",a,,b,"sv, "\ta , b\r\n"sv})
        CHECK(definitions_of(names) == both);
    for (const auto names : {""sv, " "sv, ","sv, " ,\t\r\n"sv}) CHECK(definitions_of(names) == "none");
    CHECK(definitions_of("ab") == "none");
    CHECK(definitions_of("a;b") == "none");
}

TEST_CASE("a macro is sent in the order and under the name of the list, and asked for without braces") {
    CHECK(definitions_of("b a") ==
          "b\0"
          "2\0a\0"
          "1\0"sv);
    CHECK(definitions_of("{a}") ==
          "{a}\0"
          "1\0"sv);
    CHECK(definitions_of("{long}") ==
          "{long}\0"
          "3\0"sv);
    CHECK(definitions_of("long") ==
          "long\0"
          "3\0"sv);

    const auto packed = pack_symbols({{stage::mail, "i {i} {mail_addr} mail_addr {"}});
    macro_lists lists{packed};
    values value_of;
    CHECK(frame_for<command::mail>(lists, value_of) == "none");
    CHECK(joined(value_of.asked) == "i;i;mail_addr;mail_addr;{;");
}

TEST_CASE("a macro without a value isn't sent, one with an empty value is") {
    const auto packed = pack_symbols({{stage::rcpt, "i {rcpt_addr} j"}});
    macro_lists lists{packed};
    values value_of{.known = {{"rcpt_addr", ""}}};
    CHECK(frame_for<command::rcpt>(lists, value_of) ==
          "\0\0\0\x0f"
          "DR{rcpt_addr}\0\0"sv);
    CHECK(joined(value_of.asked) == "i;rcpt_addr;j;");
}

TEST_CASE("a filter's list takes the place of that of the same stage, and no other") {
    const auto own = pack_symbols({{stage::connect, "j"}, {stage::mail, "i"}, {stage::rcpt, "r"}});
    const auto asked = pack_symbols({{stage::mail, "{mail_addr}"}, {stage::data, "d"}});
    macro_lists lists{own};
    lists.update(reply::negotiate{.symbols = asked});
    CHECK(lists.names(stage::connect) == "j");
    CHECK(lists.names(stage::mail) == "{mail_addr}");
    CHECK(lists.names(stage::rcpt) == "r");
    CHECK(lists.names(stage::data) == "d");
}

TEST_CASE("an answer without lists leaves those of the MTA") {
    const auto own = pack_symbols({{stage::mail, "i"}});
    macro_lists lists{own};
    lists.update(reply::negotiate{});
    CHECK(lists.names(stage::mail) == "i");
}

TEST_CASE("an empty list asks for no macros at that stage") {
    const auto own = pack_symbols({{stage::mail, "i"}, {stage::rcpt, "i"}});
    macro_lists lists{own};
    const auto asked = pack_symbols({{stage::mail, ""}});
    lists.update(reply::negotiate{.symbols = asked});
    values value_of{.known = {{"i", "1"}}};
    CHECK(frame_for<command::mail>(lists, value_of) == "none");
    CHECK(frame_for<command::rcpt>(lists, value_of) != "none");
}

TEST_CASE("of several lists for a stage the last one counts, and unknown stages are passed over") {
    const auto own = pack_symbols({{stage::mail, "x"}});
    macro_lists lists{own};
    lists.update(reply::negotiate{.symbols = "\0\0\0\2a\0"
                                             "\0\0\0\7b\0"
                                             "\0\0\0\0c\0"
                                             "\xff\xff\xff\xff"
                                             "d\0"
                                             "\0\0\0\2e f\0"
                                             "\0\0\1\2g\0"sv});
    CHECK(lists.names(stage::mail) == "e f");
    CHECK(lists.names(stage::connect) == "c");
    for (const auto at :
         {stage::helo, stage::rcpt, stage::data, stage::end_of_message, stage::end_of_headers})
        CHECK(lists.names(at).empty());

    const auto twice = pack_symbols({{stage::mail, "a"}, {stage::mail, ""}});
    lists.update(reply::negotiate{.symbols = twice});
    CHECK(lists.names(stage::mail).empty());
}

TEST_CASE("the MTA's own lists may be in any order, and name stages that nobody knows") {
    const auto own = pack_symbols({{stage::rcpt, "r"}, {stage{9}, "x"}, {stage::mail, "m"}, {stage{7}, "y"}});
    macro_lists lists{own};
    CHECK(lists.names(stage::mail) == "m");
    CHECK(lists.names(stage::rcpt) == "r");
}

TEST_CASE("the MTA's own lists may be given one by one, or as a table") {
    const macro_lists one_by_one{{stage::mail, "m"}, {stage::rcpt, "r"}};
    CHECK(one_by_one.names(stage::mail) == "m");
    CHECK(one_by_one.names(stage::rcpt) == "r");
    CHECK(one_by_one.names(stage::data).empty());

    const std::vector<symbol> table{{stage::data, "d"}, {stage{7}, "x"}};
    const macro_lists as_table{table};
    CHECK(as_table.names(stage::data) == "d");
    CHECK(as_table.names(stage::mail).empty());
}

TEST_CASE("the names that are sent before a command can be had by the command") {
    const macro_lists lists{
        {stage::connect, "c"}, {stage::end_of_headers, "n"}, {stage::end_of_message, "e"}};
    CHECK(lists.names_for<command::connect>() == "c");
    CHECK(lists.names_for<command::end_of_headers>() == "n");
    CHECK(lists.names_for<command::end_of_message>() == "e");
    CHECK(lists.names_for<command::mail>().empty());
}

TEST_CASE("lists are kept when the bytes that they came in are gone") {
    auto own = pack_symbols({{stage::mail, "a name that is longer than a short string"}});
    macro_lists lists{own};
    own.assign(own.size(), '#');
    CHECK(lists.names(stage::mail) == "a name that is longer than a short string");
}

TEST_CASE("only the answer to the offer changes lists, out of all events") {
    macro_lists lists;
    const auto asked = pack_symbols({{stage::helo, "h"}});
    lists.update(mta_session::event{reply::proceed{}});
    lists.update(mta_session::event{protocol_error{}});
    CHECK(lists.names(stage::helo).empty());
    lists.update(mta_session::event{reply::negotiate{.symbols = asked}});
    CHECK(lists.names(stage::helo) == "h");
    lists.update(reply::any{reply::accept{}});
    CHECK(lists.names(stage::helo) == "h");
}

TEST_CASE("a value with a NUL makes macros that can't be sent, and the next ones can") {
    const auto own = pack_symbols({{stage::connect, "a b"}});
    macro_lists lists{own};
    pair p;
    REQUIRE(p.negotiate() == errc::ok);
    std::string out;
    for (const auto bad : {"\0"sv, "1\0"sv, "1\0b\0"sv, "\0x"sv}) {
        const auto macros = lists.macros_for<command::connect>([&](auto) { return std::optional{bad}; });
        REQUIRE(macros);
        CHECK(p.mta.send(*macros, out) == errc::missing_nul);
        CHECK(out.empty());
    }
    for (const auto nul_in : {"a"sv, "b"sv}) {
        const auto macros = lists.macros_for<command::connect>(
            [&](std::string_view name) { return std::optional{name == nul_in ? "\0\0"sv : "x"sv}; });
        REQUIRE(macros);
        CHECK(p.mta.send(*macros, out) == errc::missing_nul);
    }
    CHECK(p.mta.open());
    const auto macros = lists.macros_for<command::connect>([](auto) { return std::optional{"1"sv}; });
    REQUIRE(macros);
    CHECK(p.mta.send(*macros, out) == errc::ok);
    CHECK(out ==
          "\0\0\0\x0a"
          "DCa\0"
          "1\0b\0"
          "1\0"sv);
}

TEST_CASE("a value may be given as a plain text") {
    const auto own = pack_symbols({{stage::data, "i"}});
    macro_lists lists{own};
    const auto macros = lists.macros_for<command::data>([](std::string_view name) { return name; });
    REQUIRE(macros);
    CHECK(macros->command == 'T');
    CHECK(macros->definitions.bytes() == "i\0i\0"sv);
}

TEST_CASE("a filter gets the macros that it has asked for, and finds them") {
    const auto own = pack_symbols({{stage::connect, "j"}, {stage::mail, "i"}});
    const auto asked = pack_symbols({{stage::mail, "{mail_addr} i"}, {stage::rcpt, "{rcpt_addr}"}});
    macro_lists lists{own};
    macro_table found;
    pair p;
    std::string out;
    REQUIRE(p.mta_says(command::negotiate{}) == errc::ok);
    REQUIRE(p.filter.send(agree({}, {.symbols = asked}), out) == errc::ok);
    for (const auto& event : p.mta.receive(out)) lists.update(event);

    values value_of{.known = {{"j", "mx"}, {"i", "4F2A"}, {"mail_addr", "a@b"}, {"rcpt_addr", "c@d"}}};
    const auto say = [&](const auto& command) {
        using M = std::remove_cvref_t<decltype(command)>;
        out.clear();
        if (const auto macros = lists.macros_for<M>(value_of)) CHECK(p.mta.send(*macros, out) == errc::ok);
        CHECK(p.mta.send(command, out) == errc::ok);
        for (const auto& event : p.filter.receive(out)) found.update(event);
        CHECK(p.filter_says(reply::proceed{}) == errc::ok);
    };
    say(command::connect{"mx"});
    CHECK(found.find("j") == "mx");
    say(command::mail{"<a@b>"});
    CHECK(found.find("mail_addr") == "a@b");
    CHECK(found.find("i") == "4F2A");
    say(command::rcpt{"<c@d>"});
    CHECK(found.find("{rcpt_addr}") == "c@d");
    CHECK(p.filter.error() == errc::ok);
}

TEST_CASE("a stage that nobody knows has no names") {
    CHECK(macro_lists{}.names(stage{7}).empty());
    CHECK(macro_lists{}.names(stage{0xffffffff}).empty());
}

TEST_CASE("a value may be a string of its own") {
    const auto lists = pack_symbols({{stage::mail, "i j"}});
    macro_lists of_mta{symbol_list{lists}};
    const auto macros = of_mta.macros_for<command::mail>(
        [](std::string_view name) { return std::optional{std::string(100, name[0])}; });
    REQUIRE(macros);
    const auto expected = pack_definitions({{"i", std::string(100, 'i')}, {"j", std::string(100, 'j')}});
    CHECK(macros->definitions == definition_list{expected});
}

TEST_CASE("a list of more names than a frame can hold isn't worked off") {
    std::string names;
    while (names.size() < 100'000) names += "i ";
    macro_lists lists{{stage::mail, names}};
    int asked = 0;
    const auto macros = lists.macros_for<command::mail>([&](std::string_view) {
        ++asked;
        return std::optional{std::string(1'000, 'x')};
    });
    CHECK(asked == 66);
    REQUIRE(macros);
    CHECK(check(*macros) == errc::too_long);
}
