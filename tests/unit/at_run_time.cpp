// SPDX-License-Identifier: MIT
// What is mostly left to the compiler does the same at run time.
#include <kilter/codec.hpp>
#include <kilter/macro_lists.hpp>
#include <kilter/macros.hpp>
#include <kilter/rules.hpp>
#include <kilter/todo.hpp>

#include "support/catch.hpp"
#include "support/hex.hpp"

#include <array>
#include <cstddef>
#include <string>
#include <string_view>

using namespace kilter;
using namespace std::string_view_literals;
using namespace test::literals;

namespace {

/// The payload that a row makes of a message, read again by the same row.
template <class Row, class M>
std::string written(const Row& row, const M& message) {
    std::string payload(256, '#');
    detail::writer<char> out{payload.data()};
    row.for_each_field([&](const auto& field) { field.write(message, out); });
    payload.resize(static_cast<std::size_t>(out.at - payload.data()));

    M again{};
    std::string_view input = payload;
    CHECK(row.read(again, input) == errc::ok);
    CHECK(input.empty());
    CHECK(again == message);
    return payload;
}

/// A command in each of two phases: where it leads to.
std::array<phase, 2> from_connected_and_body(const rules::lead& lead) {
    return {lead.from(phase::connected), lead.from(phase::body)};
}

}  // namespace

TEST_CASE("a frame that is known in advance may be made at run time, too") {
    auto go_on = frame_of([] { return reply::proceed{}; });
    CHECK(std::string_view{go_on.data(), go_on.size()} == "\0\0\0\1c"sv);
    auto refusal = frame_of([] { return reply::reply_code{"550 No"}; });
    CHECK(std::string_view{refusal.data(), refusal.size()} == "\0\0\0\x08y550 No\0"sv);
}

TEST_CASE("a row with a list of texts, made at run time") {
    const auto row = detail::row<command::mail>('M', "mail", "SMFIC_MAIL",  //
                                                detail::text("sender", &command::mail::sender),
                                                detail::texts("args", &command::mail::args));
    CHECK(row.code == 'M');
    CHECK(row.name == "mail");
    CHECK(row.symbol == "SMFIC_MAIL");
    CHECK(written(row, command::mail{"<a>", text_list{"SIZE=1\0"sv}}) == "<a>\0SIZE=1\0"sv);
}

TEST_CASE("a row with a list of definitions, made at run time") {
    const auto row = detail::row<command::macro>('D', "macro", "SMFIC_MACRO",
                                                 detail::octet("command", &command::macro::command),
                                                 detail::pairs("definitions", &command::macro::definitions));
    CHECK(written(row, command::macro{'M', definition_list{"i\0q1\0"sv}}) == "Mi\0q1\0"sv);

    command::macro odd;
    auto input = "Mi\0"sv;
    CHECK(row.read(odd, input) == errc::missing_value);
}

TEST_CASE("a row with a list of symbols, made at run time") {
    const auto row = detail::row<reply::negotiate>('O', "negotiate", "SMFIC_OPTNEG",
                                                   detail::number("version", &reply::negotiate::version),
                                                   detail::symbols("symbols", &reply::negotiate::symbols));
    const reply::negotiate answer{.version = 6, .symbols = symbol_list{"\0\0\0\2i j\0"sv}};
    CHECK(written(row, answer) == "00 00 00 06 00 00 00 02 69 20 6a 00"_hex);

    reply::negotiate cut;
    auto input = "\0\0\0\6i\0"sv;
    CHECK(row.read(cut, input) == errc::missing_field);
}

TEST_CASE("the place of a message in its table, asked at run time") {
    using commands = detail::rows_of<decltype(wire::commands)>;
    CHECK(commands::position<command::negotiate>() == 0);
    CHECK(commands::position<command::mail>() == 4);
    CHECK(commands::position<command::quit_nc>() == 14);
    CHECK(commands::position<reply::skip>() == 15);
}

TEST_CASE("the number of each row by its code, asked at run time") {
    const auto number = [](unsigned char code) { return detail::number_rows(wire::commands)[code]; };
    CHECK(number('O') == 0);
    CHECK(number('K') == 14);
    CHECK(number('x') == 15);
}

TEST_CASE("the codes of some messages, asked at run time") {
    CHECK(detail::codes_of<command::mail, command::end_of_message>() == std::array{'M', 'E'});
}

TEST_CASE("all bits of a set, asked at run time") {
    CHECK(to_bits(detail::all_of(action_names)) == 0x1ff);
    CHECK(to_bits(detail::all_of(option_names)) == 0x301f'ffff);
}

TEST_CASE("the stage of a command, asked at run time") {
    CHECK(detail::stage_number<command::connect>() == 0);
    CHECK(detail::stage_number<command::end_of_headers>() == 6);
    CHECK(detail::stage_number<command::body>() == 7);
}

TEST_CASE("a lead goes on, or only back") {
    CHECK(from_connected_and_body(rules::on_to(phase::mail)) == std::array{phase::mail, phase::mail});
    CHECK(from_connected_and_body(rules::back_to(phase::mail)) == std::array{phase::connected, phase::mail});
}

TEST_CASE("a number below a bound picks what is made for it; any other picks the first") {
    const auto number = [](auto constant) { return std::size_t{constant()}; };
    for (std::size_t i = 0; i != 24; ++i) {
        CHECK(detail::with_constant<24>(i, number) == i);
        CHECK(detail::with_constant<20>(i, number) == (i < 20 ? i : 0));
        CHECK(detail::with_constant<1>(i, number) == 0);
    }
    CHECK(detail::with_constant<24>(24, number) == 0);
}

TEST_CASE("a verdict that is none of them ends nothing, and the MTA gives up") {
    const auto said = static_cast<verdict>(static_cast<int>(verdict::hang_up) + 1);
    const rules::command_rule& mail = rules::of<command::mail>();
    const rules::command_rule& end_of_message = rules::of<command::end_of_message>();
    CHECK(rules::ends(said, mail) == scope::nothing);
    CHECK(rules::to_do(said, mail) == todo::give_up);
    CHECK(rules::ends(said, end_of_message) == scope::nothing);
    CHECK(rules::to_do(said, end_of_message) == todo::give_up);
}

TEST_CASE("where a refusal would end nothing that there is, the MTA gives up") {
    rules::command_rule asked = rules::of<command::mail>();
    asked.about = static_cast<scope>(static_cast<int>(scope::connection) + 1);
    CHECK(rules::to_do(verdict::refuse, asked) == todo::give_up);
}
