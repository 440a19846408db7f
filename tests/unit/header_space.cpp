// SPDX-License-Identifier: MIT
// The one space after the colon of a header field: whose it is, with and without option::leading_space.
#include <kilter/session.hpp>

#include "support/catch.hpp"
#include "support/pair.hpp"

#include <string>
#include <string_view>

using namespace kilter;
using namespace test;
using namespace std::string_view_literals;

namespace {

/// Both sides, with a message under way.
pair in_message(option agreed) {
    pair p;
    REQUIRE(p.negotiate(agreed) == errc::ok);
    REQUIRE(p.passes(command::connect{}) == errc::ok);
    REQUIRE(p.passes(command::mail{"<a>"}) == errc::ok);
    REQUIRE(p.passes(command::rcpt{"<b>"}) == errc::ok);
    p.forget();
    return p;
}

/// What a filter hears of a header field whose line reads `X:` and then `after_colon`, and what came over
/// the wire as its value.
struct seen {
    std::string wire;
    std::string space;
    std::string value;

    bool operator==(const seen&) const = default;
};

seen sent(option agreed, const command::header& header) {
    auto p = in_message(agreed);
    std::string bytes;
    REQUIRE(p.mta.send(header, bytes) == errc::ok);
    const auto payload = std::string_view{bytes}.substr(frame_overhead);
    seen result{std::string{payload.substr(2, payload.size() - 3)}, "?", "?"};
    for (const auto& event : p.filter.receive(bytes)) {
        if (const auto* h = std::get_if<command::header>(&event)) {
            result.space = h->space;
            result.value = h->value;
        }
    }
    return result;
}

/// What comes over the wire of a header that a filter adds, and what the MTA makes of it.
seen added(option agreed, std::string_view value, std::string_view space = {}) {
    auto p = in_message(agreed);
    REQUIRE(p.mta_says(command::end_of_message{}) == errc::ok);
    std::string bytes;
    REQUIRE(p.filter.send(reply::add_header{"X", value, space}, bytes) == errc::ok);
    const auto payload = std::string_view{bytes}.substr(frame_overhead);
    seen result{std::string{payload.substr(2, payload.size() - 3)}, "?", "?"};
    for (const auto& event : p.mta.receive(bytes)) {
        if (const auto* h = std::get_if<reply::add_header>(&event)) {
            result.space = h->space;
            result.value = h->value;
        }
    }
    return result;
}

constexpr auto with = option::leading_space;
constexpr auto without = option::none;

}  // namespace

TEST_CASE("without leading_space the MTA takes one space off, and no tab [H15, H18]") {
    // As an MTA has it from the line: everything behind the colon.
    CHECK(sent(without, {"X", " a"}) == seen{"a", "", "a"});
    CHECK(sent(without, {"X", "  a"}) == seen{" a", "", " a"});
    CHECK(sent(without, {"X", "\ta"}) == seen{"\ta", "", "\ta"});
    CHECK(sent(without, {"X", "a"}) == seen{"a", "", "a"});
    CHECK(sent(without, {"X", ""}) == seen{"", "", ""});
    CHECK(sent(without, {"X", " "}) == seen{"", "", ""});
    CHECK(sent(without, {"X", "\n\ta"}) == seen{"\n\ta", "", "\n\ta"});
    CHECK(sent(without, {"X", " a "}) == seen{"a ", "", "a "});
}

TEST_CASE("without leading_space, a space given apart isn't sent, and the value is left alone") {
    CHECK(sent(without, {"X", "a", " "}) == seen{"a", "", "a"});
    CHECK(sent(without, {"X", " a", " "}) == seen{" a", "", " a"});
    CHECK(sent(without, {"X", "", " "}) == seen{"", "", ""});
}

TEST_CASE(
    "with leading_space everything goes over the wire, and the first space is handed out apart [H15, H16]") {
    CHECK(sent(with, {"X", " a"}) == seen{" a", " ", "a"});
    CHECK(sent(with, {"X", "  a"}) == seen{"  a", " ", " a"});
    CHECK(sent(with, {"X", "\ta"}) == seen{"\ta", "", "\ta"});
    CHECK(sent(with, {"X", "a"}) == seen{"a", "", "a"});
    CHECK(sent(with, {"X", ""}) == seen{"", "", ""});
    CHECK(sent(with, {"X", " "}) == seen{" ", " ", ""});
    CHECK(sent(with, {"X", "\n <a@b>"}) == seen{"\n <a@b>", "", "\n <a@b>"});
}

TEST_CASE("with leading_space, a space given apart stands in front of the value") {
    CHECK(sent(with, {"X", "a", " "}) == seen{" a", " ", "a"});
    CHECK(sent(with, {"X", " a", " "}) == seen{"  a", " ", " a"});
}

TEST_CASE("with leading_space the line can be put together again as it was [H16]") {
    for (const auto line : {" a"sv, "a"sv, "  a"sv, "\ta"sv, ""sv, " "sv, "\n <a@b>"sv, " \n a"sv}) {
        const auto s = sent(with, {"X", line});
        CHECK(s.space + s.value == line);
    }
}

TEST_CASE("the header that a filter hears can be sent on as it is") {
    for (const auto line : {" a"sv, "a"sv, "  a"sv, "\ta"sv, ""sv}) {
        const auto first = sent(with, {"X", line});
        CHECK(sent(with, {"X", first.value, first.space}) == first);
    }
}

TEST_CASE("only an answer to the filter's wish decides: offered alone, it changes nothing") {
    pair p;
    CHECK(p.mta_says(command::negotiate{}) == errc::ok);  // offers leading_space
    CHECK(p.filter_says(reply::negotiate{}) == errc::ok);
    CHECK(p.passes(command::connect{}) == errc::ok);
    CHECK(p.passes(command::mail{"<a>"}) == errc::ok);
    CHECK(p.passes(command::rcpt{"<b>"}) == errc::ok);
    CHECK(p.passes(command::header{"X", " a"}) == errc::ok);
    CHECK(p.filter_heard.back() == "header name=\"X\" value=\"a\"");
}

TEST_CASE("with leading_space a filter supplies the space, else the MTA does [H17]") {
    CHECK(added(without, "b") == seen{"b", " ", "b"});
    CHECK(added(with, "b") == seen{" b", " ", "b"});
}

TEST_CASE("a space of the value itself is not the space after the colon") {
    CHECK(added(without, " b") == seen{" b", " ", " b"});
    CHECK(added(with, " b") == seen{"  b", " ", " b"});
    CHECK(added(without, "\tb") == seen{"\tb", " ", "\tb"});
    CHECK(added(with, "\tb") == seen{" \tb", " ", "\tb"});
}

TEST_CASE("an empty value has the space, too: the line is `Name: `, as Sendmail and Postfix write it") {
    CHECK(added(without, "") == seen{"", " ", ""});
    CHECK(added(with, "") == seen{" ", " ", ""});
}

TEST_CASE("changing a field to nothing deletes it: there is no space") {
    for (const auto agreed : {with, without}) {
        auto p = in_message(agreed);
        CHECK(p.mta_says(command::end_of_message{}) == errc::ok);
        CHECK(p.filter_says(reply::change_header{1, "X", ""}) == errc::ok);
        CHECK(p.last_to_mta == "\0\0\0\x08m\0\0\0\1X\0\0"sv);
        CHECK(p.mta_heard.back() == "change_header index=1 name=\"X\" value=\"\"");
    }
}

TEST_CASE("what a filter puts into the space is the session's to decide") {
    CHECK(added(without, "b", " ") == seen{"b", " ", "b"});
    CHECK(added(with, "b", " ") == seen{" b", " ", "b"});
    CHECK(added(without, "b", "nonsense") == seen{"b", " ", "b"});
}

TEST_CASE("all three ways to write a header have their space [H17]") {
    auto p = in_message(with);
    CHECK(p.mta_says(command::end_of_message{}) == errc::ok);
    CHECK(p.filter_says(reply::add_header{"X", "b"}) == errc::ok);
    CHECK(p.last_to_mta == "\0\0\0\6hX\0 b\0"sv);
    CHECK(p.filter_says(reply::insert_header{0, "X", "b"}) == errc::ok);
    CHECK(p.last_to_mta == "\0\0\0\x0ai\0\0\0\0X\0 b\0"sv);
    CHECK(p.filter_says(reply::change_header{2, "X", "b"}) == errc::ok);
    CHECK(p.last_to_mta == "\0\0\0\x0am\0\0\0\2X\0 b\0"sv);
}

TEST_CASE("an MTA that hears a value without a space from a filter that supplies them has none") {
    auto p = in_message(with);
    CHECK(p.mta_says(command::end_of_message{}) == errc::ok);
    CHECK(heard(p.mta, raw('h', "X\0b\0"sv)) == lines{"add_header name=\"X\" value=\"b\""});
    CHECK(heard(p.mta, raw('h', "X\0  b\0"sv)) == lines{"add_header name=\"X\" value=\" b\" space=\" \""});
}
