// SPDX-License-Identifier: MIT
// One function for each kind that a variant can hold.
#include <kilter/match.hpp>

#include <kilter/wire.hpp>

#include <memory>
#include <string>
#include <type_traits>
#include <variant>

#include "support/catch.hpp"

using namespace kilter;

TEST_CASE("the function for what the variant holds is called, and no other") {
    const auto name = [](const std::variant<int, char, std::string>& v) {
        return match(
            v, [](int) { return "int"; }, [](char) { return "char"; },
            [](const std::string&) { return "string"; });
    };
    CHECK(name(1) == std::string{"int"});
    CHECK(name('a') == std::string{"char"});
    CHECK(name(std::string{}) == std::string{"string"});
}

TEST_CASE("a function for anything takes what no other does") {
    const command::any quit{command::quit{}};
    const command::any helo{command::helo{"h"}};
    const auto code = [](const command::any& message) {
        return match(
            message, [](const command::helo& m) { return m.hostname.size(); },
            [](const auto&) { return std::size_t{99}; });
    };
    CHECK(code(quit) == 99);
    CHECK(code(helo) == 1);
}

TEST_CASE("functions may change what the variant holds, and what is around them") {
    std::variant<int, std::string> v{std::string{"a"}};
    int calls = 0;
    match(
        v, [&](int& i) { i = ++calls; },
        [&](std::string& s) {
            ++calls;
            s += "b";
        });
    CHECK(std::get<std::string>(v) == "ab");
    CHECK(calls == 1);
}

TEST_CASE("functions may be kept by name, hold what can't be copied, and give references") {
    std::variant<int, char> v{7};
    const auto for_int = [](int& i) -> int& { return i; };
    int other = 0;
    auto for_char = [owner = std::make_unique<int>(1), &other](char&) -> int& { return other += *owner; };
    auto& held = match(v, for_int, std::move(for_char));
    static_assert(std::is_same_v<decltype(held), int&>);
    CHECK(&held == &std::get<int>(v));
}

static_assert(match(
                  std::variant<int, char>{'a'}, [](int) { return 1; }, [](char) { return 2; }) == 2);
