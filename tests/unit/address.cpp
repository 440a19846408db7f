// SPDX-License-Identifier: MIT
#include <kilter/address.hpp>

#include "support/catch.hpp"

using namespace kilter;

TEST_CASE("brackets are taken off a mailbox only where both are there") {
    CHECK(bare_mailbox("<a@b>") == "a@b");
    CHECK(bare_mailbox("a@b") == "a@b");
    CHECK(bare_mailbox("<a@b") == "<a@b");
    CHECK(bare_mailbox("a@b>") == "a@b>");
    CHECK(bare_mailbox("<>").empty());
    CHECK(bare_mailbox("").empty());
    CHECK(bare_mailbox("<") == "<");
}

TEST_CASE("an address loses its brackets and Sendmail's prefix, in any case of letters") {
    CHECK(bare_address("IPv6:2001:db8::1") == "2001:db8::1");
    CHECK(bare_address("ipv6:2001:db8::1") == "2001:db8::1");
    CHECK(bare_address("[IPV6:::1]") == "::1");
    CHECK(bare_address("[192.0.2.1]") == "192.0.2.1");
    CHECK(bare_address("2001:db8::1") == "2001:db8::1");
    CHECK(bare_address("IPv4:x") == "IPv4:x");
    CHECK(bare_address("/run/x") == "/run/x");
    CHECK(bare_address("[").size() == 1);
    CHECK(bare_address("[::1") == "[::1");
    CHECK(bare_address("").empty());
}

TEST_CASE("a verified name is neither an address nor the word unknown") {
    CHECK(is_verified_name("mail.example"));
    CHECK_FALSE(is_verified_name("[192.0.2.1]"));
    CHECK_FALSE(is_verified_name("[IPv6:2001:db8::1]"));
    CHECK_FALSE(is_verified_name("unknown"));
    CHECK_FALSE(is_verified_name(""));
}
