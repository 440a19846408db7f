// SPDX-License-Identifier: MIT
// What an MTA of some version offers, and what it may not offer.
#include <kilter/negotiation.hpp>

#include <kilter/codec.hpp>
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

/// The frame of an MTA's offer.
std::string offered(std::uint32_t version) { return bytes_of(offer_of(version)); }

}  // namespace

// Protocol facts 3.2: the masks that Postfix offers by its milter_protocol.
static_assert(options_of(2) == option{0x7f});
static_assert(options_of(3) == option{0x17f});
static_assert(options_of(4) == option{0x37f});
static_assert(options_of(5) == option{0x37f});  // version 5 brought none
static_assert(options_of(6) == option{0x1fffff});
static_assert(options_of(7) == option{0x1fffff});
static_assert(options_of(1) == option{0x3f});

static_assert(offer_of(2) == command::negotiate{2, action{0x1ff}, option{0x7f}});
static_assert(offer_of(3) == command::negotiate{3, action{0x1ff}, option{0x17f}});
static_assert(offer_of(4) == command::negotiate{4, action{0x1ff}, option{0x37f}});
static_assert(offer_of(5) == command::negotiate{5, action{0x1ff}, option{0x37f}});
static_assert(offer_of(6) == command::negotiate{6, action{0x1ff}, option{0x1fffff}});
static_assert(offer_of(6) == command::negotiate{});

TEST_CASE("an offer is that of Postfix for the same version") {
    CHECK(offered(2) == "\0\0\0\x0dO\0\0\0\2\0\0\1\xff\0\0\0\x7f"sv);
    CHECK(offered(3) == "\0\0\0\x0dO\0\0\0\3\0\0\1\xff\0\0\1\x7f"sv);
    CHECK(offered(4) == "\0\0\0\x0dO\0\0\0\4\0\0\1\xff\0\0\3\x7f"sv);
    CHECK(offered(6) == "\0\0\0\x0dO\0\0\0\6\0\0\1\xff\0\x1f\xff\xff"sv);
}

TEST_CASE("an MTA may offer each version that there is, and a filter answers it") {
    for (std::uint32_t version = 2; version <= 6; ++version) {
        pair p;
        CHECK(p.mta_says(offer_of(version)) == errc::ok);
        CHECK(p.filter_says(agree(offer_of(version), {})) == errc::ok);
        CHECK(p.mta.state().version() == version);
        CHECK(p.mta.wants(command::unknown{}) == (version >= 3));
        CHECK(p.mta.wants(command::data{}) == (version >= 4));
    }
}

TEST_CASE("an MTA never offers a version that nobody speaks, nor nothing, and may offer again") {
    const auto outcome = [](const command::negotiate& offer) {
        mta_session s;
        std::string out;
        const auto wrong = s.send(offer, out);
        CHECK(out.empty() == (wrong != errc::ok));
        if (wrong == errc::ok) return wrong;
        CHECK(s.open());
        CHECK(s.error() == errc::ok);
        CHECK(s.now() == todo::go_on);
        CHECK(s.send(command::negotiate{}, out) == errc::ok);
        return wrong;
    };
    CHECK(outcome({.version = 0}) == errc::version_too_old);
    CHECK(outcome({.version = 1}) == errc::version_too_old);
    CHECK(outcome({.version = 2}) == errc::ok);
    CHECK(outcome({.version = 6}) == errc::ok);
    CHECK(outcome({.version = 7}) == errc::version_too_new);
    CHECK(outcome({.version = 0xffffffff}) == errc::version_too_new);
    CHECK(outcome(offer_of(1)) == errc::version_too_old);
    CHECK(outcome(offer_of(7)) == errc::version_too_new);

    CHECK(outcome({6, action{}, all_options}) == errc::nothing_offered);
    CHECK(outcome({6, all_actions, option{}}) == errc::nothing_offered);
    CHECK(outcome({6, action{}, option{}}) == errc::nothing_offered);
    CHECK(outcome({2, action::add_headers, option::no_body}) == errc::ok);
}

TEST_CASE("a filter hears offers of nothing and of newer versions all the same") {
    for (const auto offer : {"\0\0\0\6\0\0\0\0\0\0\0\0"sv, "\0\0\0\7\0\0\1\xff\0\x1f\xff\xff"sv}) {
        filter_session filter;
        CHECK(heard(filter, raw('O', offer)).size() == 1);
        CHECK(filter.error() == errc::ok);
    }
    filter_session filter;
    heard(filter, raw('O', "\0\0\0\1\0\0\1\xff\0\0\0\x3f"sv));
    CHECK(filter.error() == errc::version_too_old);
}
