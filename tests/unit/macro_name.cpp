// SPDX-License-Identifier: MIT
// Names of macros without their braces.
#include <kilter/macro_name.hpp>

#include "support/catch.hpp"

using namespace kilter;

TEST_CASE("a macro's name is the same with braces and without") {
    CHECK(bare_macro_name("i") == "i");
    CHECK(bare_macro_name("{i}") == "i");
    CHECK(bare_macro_name("mail_addr") == "mail_addr");
    CHECK(bare_macro_name("{mail_addr}") == "mail_addr");
    CHECK(bare_macro_name("_") == "_");
}

TEST_CASE("only a pair of braces around all of a name is taken off") {
    CHECK(bare_macro_name("").empty());
    CHECK(bare_macro_name("{}").empty());
    CHECK(bare_macro_name("{") == "{");
    CHECK(bare_macro_name("}") == "}");
    CHECK(bare_macro_name("{i") == "{i");
    CHECK(bare_macro_name("i}") == "i}");
    CHECK(bare_macro_name("}i{") == "}i{");
    CHECK(bare_macro_name("{{i}}") == "{i}");
    CHECK(bare_macro_name("a{i}") == "a{i}");
}

static_assert(bare_macro_name("{x}") == "x");
