// SPDX-License-Identifier: MIT
// Answers that aren't within the offer: which of them an MTA takes, and what they mean then.
#include <kilter/negotiation.hpp>

#include <kilter/conversation.hpp>
#include <kilter/session.hpp>

#include "support/catch.hpp"
#include "support/pair.hpp"

#include <cstdint>
#include <string>
#include <string_view>

using namespace kilter;
using namespace test;
using namespace std::string_view_literals;

namespace {

/// An MTA that has made this offer and heard this answer.
mta_session answered(const reply::negotiate& answer, const tolerance& taken = {},
                     const command::negotiate& offer = {}) {
    mta_session s;
    std::string out;
    s.tolerate(taken);
    REQUIRE(s.send(offer, out) == errc::ok);
    CHECK(heard(s, bytes_of(answer)).size() == 1);
    CHECK(s.now() == (s.error() == errc::ok ? todo::go_on : todo::give_up));
    return s;
}

errc outcome(const reply::negotiate& answer, const tolerance& taken = {},
             const command::negotiate& offer = {}) {
    return answered(answer, taken, offer).error();
}

struct row {
    std::uint32_t version;
    errc by_default;
    errc strict;
    std::string_view commands;  ///< those of U and T that are sent then
};

// Protocol facts 3.6.1 and 3.6.2, of a version that is at least as much taken as by one of both; 9, row 18.
constexpr row rows[] = {
    {0, errc::ok, errc::version_too_old, ""},
    {1, errc::ok, errc::version_too_old, ""},
    {2, errc::ok, errc::ok, ""},
    {3, errc::ok, errc::ok, "U"},
    {4, errc::ok, errc::ok, "UT"},
    {5, errc::ok, errc::ok, "UT"},
    {6, errc::ok, errc::ok, "UT"},
    {7, errc::ok, errc::version_too_new, "UT"},
    {0x0100'0000, errc::ok, errc::version_too_new, "UT"},
    {0x0100'0001, errc::ok, errc::version_too_new, "UT"},
    {0x0100'0002, errc::version_too_new, errc::version_too_new, ""},
    {0x7fff'ffff, errc::version_too_new, errc::version_too_new, ""},
};

}  // namespace

static_assert(tolerance{} == tolerance{.oldest = 0, .newest = 0x0100'0001, .other_options = true});
static_assert(no_tolerance == tolerance{.oldest = 2, .newest = 0, .other_options = false});

TEST_CASE("an MTA takes what Sendmail or Postfix takes, unless it is told to be strict [N09]") {
    for (const auto& row : rows) {
        INFO(row.version);
        const auto s = answered({.version = row.version});
        CHECK(s.error() == row.by_default);
        CHECK(outcome({.version = row.version}, no_tolerance) == row.strict);

        std::string commands;
        if (s.wants(command::unknown{})) commands.push_back('U');
        if (s.wants(command::data{})) commands.push_back('T');
        CHECK(commands == row.commands);
        if (row.by_default == errc::ok && row.version >= 2)
            CHECK(s.state().version() == (row.version < 6 ? row.version : 6));
    }
}

TEST_CASE("a version above the offer means the one offered") {
    for (std::uint32_t offered = 2; offered <= 6; ++offered) {
        const auto s = answered({.version = 0x0100'0001}, {}, offer_of(offered));
        CHECK(s.error() == errc::ok);
        CHECK(s.state().version() == offered);
        CHECK(s.wants(command::unknown{}) == (offered >= 3));
        CHECK(s.wants(command::data{}) == (offered >= 4));
        CHECK(outcome({.version = offered + 1}, no_tolerance, offer_of(offered)) == errc::version_too_new);
        CHECK(outcome({.version = offered}, no_tolerance, offer_of(offered)) == errc::ok);
    }
}

TEST_CASE("the oldest version that is taken can be set") {
    const tolerance since_3{.oldest = 3};
    for (const std::uint32_t version : {0u, 1u, 2u})
        CHECK(outcome({.version = version}, since_3) == errc::version_too_old);
    for (const std::uint32_t version : {3u, 6u, 7u})
        CHECK(outcome({.version = version}, since_3) == errc::ok);
    CHECK(outcome({.version = 6, .options = option{0x200000}}, since_3) == errc::ok);
}

TEST_CASE("the newest version that is taken can be set, and those up to the offer are taken in any case") {
    const tolerance up_to_8{.newest = 8};
    for (const std::uint32_t version : {0u, 6u, 7u, 8u})
        CHECK(outcome({.version = version}, up_to_8) == errc::ok);
    for (const std::uint32_t version : {9u, 0x0100'0001u})
        CHECK(outcome({.version = version}, up_to_8) == errc::version_too_new);

    const tolerance up_to_4{.newest = 4};
    for (const std::uint32_t version : {4u, 5u, 6u})
        CHECK(outcome({.version = version}, up_to_4) == errc::ok);
    CHECK(outcome({.version = 7}, up_to_4) == errc::version_too_new);
    CHECK(outcome({.version = 4}, up_to_4, offer_of(2)) == errc::ok);
    CHECK(outcome({.version = 5}, up_to_4, offer_of(2)) == errc::version_too_new);

    CHECK(outcome({.version = 0xffff'ffff}, {.newest = 0xffff'ffff}) == errc::ok);
}

TEST_CASE("options that weren't offered are left aside, or refused") {
    const auto s = answered({.options = option{0x7fe00000} | option::no_body});
    CHECK(s.error() == errc::ok);
    CHECK(s.state().options() == option::no_body);
    CHECK(outcome({.options = option{0x7fe00000}}, {.other_options = false}) == errc::option_not_offered);
    CHECK(outcome({.options = option::no_body}, {.other_options = false}) == errc::ok);
    for (std::uint32_t bit = 0x200000; bit != 0; bit <<= 1) {
        INFO(bit);
        CHECK(answered({.options = option{bit}}).state().options() == option::none);
        CHECK(outcome({.options = option{bit}}, no_tolerance) == errc::option_not_offered);
    }
}

TEST_CASE("of what is left aside nothing comes to pass") {
    const auto old = command::negotiate{6, all_actions, option{0x7f}};
    auto s = answered({.options = option::silent_connect | option::skip | option::data_1m}, {}, old);
    std::string out;
    CHECK(s.error() == errc::ok);
    CHECK(s.send(command::connect{}, out) == errc::ok);
    CHECK(s.now() == todo::wait);
    CHECK(heard(s, raw('s')).size() == 1);
    CHECK(s.error() == errc::option_not_granted);

    const std::string body(70'000, 'x');
    std::string_view rest = body;
    CHECK(answered({.options = option::data_1m}).take_piece(rest).size() == 65535);
}

TEST_CASE("an action that wasn't offered is always refused") {
    for (const auto& taken : {tolerance{}, no_tolerance, tolerance{.newest = 0xffff'ffff}}) {
        CHECK(outcome({.actions = all_actions}, taken) == errc::ok);
        CHECK(outcome({.actions = action{0x200}}, taken) == errc::action_not_offered);
        CHECK(outcome({.actions = action{0x80000000}}, taken) == errc::action_not_offered);
        CHECK(outcome({.actions = action{0x1f}}, taken, {6, action{0x0f}, option{0x7f}}) ==
              errc::action_not_offered);
    }
}

TEST_CASE("a filter is never tolerant with what it says itself") {
    for (const auto& answer : {reply::negotiate{.version = 0}, reply::negotiate{.version = 7},
                               reply::negotiate{.options = option{0x200000}}}) {
        filter_session filter;
        std::string out;
        REQUIRE(heard(filter, bytes_of(command::negotiate{})).size() == 1);
        CHECK(filter.send(answer, out) != errc::ok);
        CHECK(out.empty());

        conversation c;
        REQUIRE(c.take(command::negotiate{}, manner::said) == errc::ok);
        auto heard_one = c;
        CHECK(c.take(answer, manner::said) != errc::ok);
        CHECK(heard_one.take(answer, manner::heard) == errc::ok);
    }
}

TEST_CASE("an MTA is as tolerant as it has been told last before the answer") {
    mta_session s;
    std::string out;
    s.tolerate(no_tolerance);
    REQUIRE(s.send(command::negotiate{}, out) == errc::ok);
    s.tolerate({.newest = 7});
    heard(s, bytes_of(reply::negotiate{.version = 7}));
    CHECK(s.error() == errc::ok);
}

TEST_CASE("the lists of an answer are read with any tolerance") {
    const auto lists = pack_symbols({{stage::mail, "i"}});
    for (const auto& taken : {tolerance{}, no_tolerance}) {
        CHECK(outcome({.symbols = lists}, taken) == errc::ok);
        CHECK(outcome({.actions = action::set_symlist, .symbols = lists}, taken) == errc::ok);
    }
}
