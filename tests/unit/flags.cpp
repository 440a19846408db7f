// SPDX-License-Identifier: MIT
// Sets of bits that don't mix with each other, nor with enums that aren't bits.
#include <kilter/flags.hpp>

#include <kilter/options.hpp>

#include "support/catch.hpp"

using namespace kilter;

namespace {

template <class A, class B>
concept can_unite = requires(A a, B b) {
    a | b;
};
template <class E>
concept has_bits = requires(E e) {
    to_bits(e);
};

}  // namespace

static_assert(can_unite<action, action>);
static_assert(can_unite<option, option>);
static_assert(!can_unite<action, option>);
static_assert(!can_unite<action, unsigned>);
static_assert(!can_unite<stage, stage>);
static_assert(!has_bits<family>);
static_assert(!has_bits<unsigned>);

TEST_CASE("sets are united, cut and turned over bit by bit") {
    constexpr auto both = action::add_headers | action::quarantine;
    STATIC_REQUIRE(to_bits(both) == 0x21);
    STATIC_REQUIRE(to_bits(both & action::quarantine) == 0x20);
    STATIC_REQUIRE(to_bits(~both) == 0xffff'ffde);

    auto set = option::skip;
    set |= option::no_helo;
    CHECK(to_bits(set) == 0x402);
    set &= ~option::skip;
    CHECK(set == option::no_helo);
}

TEST_CASE("has() asks for any bit and has_all() for each") {
    constexpr auto both = action::add_headers | action::quarantine;
    STATIC_REQUIRE(has(both, action::quarantine));
    STATIC_REQUIRE(has(both, action::quarantine | action::change_body));
    STATIC_REQUIRE_FALSE(has(both, action::change_body));
    STATIC_REQUIRE_FALSE(has(both, action::none));

    STATIC_REQUIRE(has_all(both, action::quarantine));
    STATIC_REQUIRE_FALSE(has_all(both, action::quarantine | action::change_body));
    STATIC_REQUIRE(has_all(both, action::none));
    STATIC_REQUIRE(has_all(action::none, action::none));
}
