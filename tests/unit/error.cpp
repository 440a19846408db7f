// SPDX-License-Identifier: MIT
// Every error has a text, and a result is a value or an error.
#include <kilter/error.hpp>

#include <memory>
#include <set>
#include <string>
#include <string_view>

#include "support/catch.hpp"

using namespace kilter;

static_assert(static_cast<int>(errc::ok) == 0);

TEST_CASE("each error has a text of its own that fits into a line of a log") {
    std::set<std::string_view> texts;
    for (int i = 0; i <= static_cast<int>(errc::not_for_sending); ++i) {
        const auto text = to_string(static_cast<errc>(i));
        INFO(i << " " << text);
        CHECK(text != "unknown error");
        CHECK_FALSE(text.empty());
        CHECK(text.back() != '.');
        for (const char c : text) CHECK((c >= ' ' && c <= '~'));
        CHECK(texts.insert(text).second);
    }
    CHECK(to_string(static_cast<errc>(static_cast<int>(errc::not_for_sending) + 1)) == "unknown error");
}

TEST_CASE("a result has a value or says what is wrong") {
    const result<int> seven = 7;
    CHECK(seven.has_value());
    CHECK(seven.error() == errc::ok);
    CHECK(*seven == 7);

    const result<int> nothing = errc::no_room;
    CHECK_FALSE(nothing.has_value());
    CHECK_FALSE(static_cast<bool>(nothing));
    CHECK(nothing.error() == errc::no_room);
    CHECK(*nothing == 0);
}

TEST_CASE("a result can be changed in place, and its value moved out of it") {
    result<std::string> text = std::string{"a text too long for the string itself to hold"};
    text->append("!");
    CHECK(text->back() == '!');
    const std::string taken = *std::move(text);
    CHECK(taken == "a text too long for the string itself to hold!");

    result<std::unique_ptr<int>> only = std::make_unique<int>(3);
    CHECK(**only == 3);
    const auto moved = *std::move(only);
    CHECK(*moved == 3);
}
