// SPDX-License-Identifier: MIT
// Known bugs of others, 1.4: macros, what they are good for, and how long.
#include <kilter.hpp>

#include "known_bugs/sides.hpp"

using namespace kilter;
using namespace test;
using namespace std::string_view_literals;

namespace {

/// A table that is told commands and macros one by one.
class told {
public:
    template <class... M>
    told& hears(const M&... messages) {
        (table_.update(messages), ...);
        return *this;
    }
    told& macro(char command, std::string_view name, std::string_view value) {
        const auto list = pack_definitions({{name, value}});
        table_.update(command::macro{command, list});
        return *this;
    }
    /// The value, or `-` if there is none.
    std::string operator[](std::string_view name) const {
        return std::string{table_.find(name).value_or("-")};
    }

private:
    macro_table table_{};
};

/// The values that an MTA has: `{auth_authen}` has none.
std::optional<std::string_view> value_of(std::string_view name) {
    if (name == "j") return "mx";
    if (name == "v") return "1";
    if (name == "i") return "A";
    if (name == "mail_addr") return "";
    return std::nullopt;
}

/// The macros that these lists have for MAIL.
std::string for_mail(macro_lists& lists) {
    const auto macros = lists.macros_for<command::mail>(value_of);
    return macros ? describe(*macros) : "nothing";
}

constexpr command::connect connect{"mx"};
constexpr command::helo helo{"mx"};
constexpr command::mail mail{"<a@b>"};
constexpr command::rcpt rcpt{"<c@d>"};

}  // namespace

TEST_CASE("X50 a macro's name without a value is an error, and not a read past the end") {
    CHECK(wrong_command('D', "Mi\0"sv) == errc::missing_value);
    CHECK(wrong_command('D', "Mi\0A\0j\0"sv) == errc::missing_value);
}

TEST_CASE("X51 no macros at all, and empty values, are legal, however the bytes come") {
    const auto stream = raw('D', "M") + raw('D', "Mi\0\0"sv) + raw('D', "Mi\0A\0{x}\0\0"sv);
    const lines expected{"macro command=mail definitions=[]", R"(macro command=mail definitions=[i=""])",
                         R"(macro command=mail definitions=[i="A" {x}=""])"};
    for_each_split(stream, [&](const pieces& pieces) {
        auto p = greeted();
        lines events;
        for (const auto piece : pieces)
            for (auto& event : heard(p.filter, piece)) events.push_back(event);
        CHECK(events == expected);
    });
}

TEST_CASE("X52 the end of headers has its macros, and the end of the message has others") {
    told t;
    t.hears(connect, mail, rcpt).macro('N', "i", "A").hears(command::end_of_headers{});
    CHECK(t["i"] == "A");
    t.macro('E', "i", "B").hears(command::end_of_message{});
    CHECK(t["i"] == "B");

    told early;  // those of the end come first
    early.hears(connect, mail, rcpt).macro('E', "i", "B").macro('N', "i", "A");
    early.hears(command::end_of_headers{});
    CHECK(early["i"] == "A");
    early.hears(command::end_of_message{});
    CHECK(early["i"] == "B");
}

TEST_CASE("X53 an unknown command takes nothing away from the macros of the message") {
    told t;
    t.hears(connect).macro('M', "i", "A").hears(mail);
    t.macro('U', "x", "1").hears(command::unknown{"FOO"});
    CHECK(t["x"] == "1");
    t.hears(rcpt);
    CHECK(t["i"] == "A");
    CHECK(t["x"] == "-");
}

TEST_CASE("X54 the macros of one header field are gone at the next") {
    told t;
    t.hears(connect, mail, rcpt).macro('L', "x", "1");
    CHECK(t["x"] == "-");
    t.hears(command::header{"A", "a"});
    CHECK(t["x"] == "1");
    t.hears(command::header{"B", "b"});
    CHECK(t["x"] == "-");
}

TEST_CASE("X55 a macro has the value of the latest command that has one") {
    told t;
    t.macro('C', "j", "mx").hears(connect).macro('M', "i", "A").hears(mail, rcpt);
    CHECK(t["i"] == "A");
    t.macro('E', "i", "B").hears(command::end_of_message{});
    CHECK(t["j"] == "mx");
    CHECK(t["i"] == "B");
}

TEST_CASE("X56 the macros of the connection are still there in the message") {
    told t;
    t.macro('C', "j", "mx").hears(connect, helo).macro('M', "i", "A").hears(mail);
    CHECK(t["j"] == "mx");
    CHECK(t["i"] == "A");
}

TEST_CASE("X57 a macro is found with braces and without, whichever way it was sent") {
    told t;
    t.hears(connect).macro('M', "i", "A").hears(mail).macro('R', "{rcpt_addr}", "c@d").hears(rcpt);
    CHECK(t["i"] == "A");
    CHECK(t["{i}"] == "A");
    CHECK(t["rcpt_addr"] == "c@d");
    CHECK(t["{rcpt_addr}"] == "c@d");
    told odd;
    odd.macro('C', "{j}", "mx").hears(connect).macro('M', "mail_addr", "a@b").hears(mail);
    CHECK(odd["j"] == "mx");
    CHECK(odd["{mail_addr}"] == "a@b");
}

TEST_CASE("X58 a macro without a value is not sent, and one with an empty value is") {
    macro_lists lists{{stage::mail, "i {auth_authen} {mail_addr}"}};
    CHECK(for_mail(lists) == R"(macro command=mail definitions=[i="A" {mail_addr}=""])");
}

TEST_CASE("X59 macros may come before any command") {
    for (const char code : "CHMRTLNBEUAQK?"sv) {
        auto p = in_mail();
        CHECK(heard(p.filter, raw('D', std::string{code}.append("x\0001\0"sv))).size() == 1);
        CHECK(p.filter.error() == errc::ok);
    }
}

TEST_CASE("X60 the value of a macro is bytes, whatever they would be as text") {
    auto p = greeted();
    CHECK(heard(p.filter, raw('D', "M{mail_addr}\0j\xe9@x\0"sv)) ==
          lines{R"(macro command=mail definitions=[{mail_addr}="j\xe9@x"])"});
}

TEST_CASE("X61 the lists of the answer hold from the first command on") {
    macro_lists lists{{stage::connect, "j v"}};
    const auto wanted = pack_symbols({{stage::connect, "j"}});
    lists.update(reply::negotiate{6, action::set_symlist, {}, wanted});
    const auto macros = lists.macros_for<command::connect>(value_of);
    REQUIRE(macros.has_value());
    CHECK(describe(*macros) == R"(macro command=connect definitions=[j="mx"])");
}

TEST_CASE("X62 the lists of one filter are not those of another, nor those of another stage") {
    macro_lists first{{stage::mail, "i"}, {stage::rcpt, "i"}};
    macro_lists second = first;
    const auto wanted = pack_symbols({{stage::mail, "v"}});
    first.update(reply::negotiate{6, action::set_symlist, {}, wanted});
    CHECK(for_mail(first) == R"(macro command=mail definitions=[v="1"])");
    CHECK(for_mail(second) == R"(macro command=mail definitions=[i="A"])");
    CHECK(first.names(stage::rcpt) == "i");
}

TEST_CASE("X63 what an MTA offers includes macro lists") {
    CHECK(has(command::negotiate{}.actions, action::set_symlist));
    CHECK(bytes_of(command::negotiate{}) == "00 00 00 0d 4f 00 00 00 06 00 00 01 ff 00 1f ff ff"_hex);
}

TEST_CASE("X64 an empty list asks for no macros, and is not the same as none") {
    const auto none = pack_symbols({{stage::mail, ""}});
    CHECK(none == "00 00 00 02 00"_hex);
    const auto answer = agree({}, {.symbols = none});
    REQUIRE(answer);
    CHECK(bytes_of(*answer) == "00 00 00 12 4f 00 00 00 06 00 00 01 00 00 00 00 00 00 00 00 02 00"_hex);

    macro_lists lists{{stage::mail, "i"}};
    lists.update(reply::negotiate{});
    CHECK(for_mail(lists) != "nothing");
    lists.update(*answer);
    CHECK(for_mail(lists) == "nothing");
}

TEST_CASE("X66 a client that hasn't logged in has no macro that says so") {
    macro_lists lists{{stage::mail, "{auth_authen}"}};
    CHECK(for_mail(lists) == "nothing");
}

TEST_CASE("X67 macros stand right before their command, which sees them") {
    auto p = greeted(option::silent_mail);
    const auto list = pack_definitions({{"{mail_addr}", "a@b"}});
    std::string out;
    CHECK(p.mta.send(command::macro{'M', list}, out) == errc::ok);
    CHECK(p.mta.send(command::mail{"<a@b>"}, out) == errc::ok);
    CHECK(cut(whole(out)).codes == "DM");
    macro_table table;
    std::string seen;
    for (const auto& event : p.filter.receive(out)) {
        table.update(event);
        if (std::holds_alternative<command::mail>(event)) seen = table.find("mail_addr").value_or("-");
    }
    CHECK(seen == "a@b");
}

TEST_CASE("X68 a queue id that comes late is not there at MAIL, and is at the end") {
    told t;
    t.hears(connect, mail);
    CHECK(t["i"] == "-");
    t.macro('R', "i", "A").hears(rcpt);
    CHECK(t["i"] == "A");
    t.hears(command::data{}, command::end_of_headers{}, command::end_of_message{});
    CHECK(t["i"] == "A");
}
