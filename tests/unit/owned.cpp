// SPDX-License-Identifier: MIT
// Messages that outlive the bytes they came in.
#include <kilter/owned.hpp>

#include <memory>
#include <optional>
#include <type_traits>
#include <utility>

#include "support/catch.hpp"
#include "support/exact.hpp"

using namespace kilter;
using namespace std::string_view_literals;
using test::exact;

static_assert(std::is_nothrow_move_constructible_v<owned<command::header>>);
static_assert(!std::is_convertible_v<command::header, owned<command::header>>);

namespace {

/// A message that looks at a block, and the block, which is freed by reset().
struct perishable {
    std::optional<exact> block{"Subject Hello A=1\0B=2\0"sv};

    std::string_view name() const { return block->view().substr(0, 7); }
    std::string_view value() const { return block->view().substr(8, 5); }
    std::string_view args() const { return block->view().substr(14); }
};

const command::header expected{.name = "Subject", .value = "Hello", .space = " "};

}  // namespace

TEST_CASE("an owned message is good after its bytes are gone") {
    perishable bytes;
    const command::header message{.name = bytes.name(), .value = bytes.value(), .space = " "};
    const owned kept{message};
    bytes.block.reset();
    CHECK(*kept == expected);
    CHECK(kept->name == "Subject");
}

TEST_CASE("an owned message owns its lists, too") {
    perishable bytes;
    const owned kept{command::mail{.sender = bytes.value(), .args = bytes.args()}};
    bytes.block.reset();
    CHECK(*kept == command::mail{.sender = "Hello", .args = "A=1\0B=2\0"sv});
}

TEST_CASE("an owned message keeps what is no text") {
    const owned connect{command::connect{"h", family::inet6, 25, "::1"}};
    CHECK(*connect == command::connect{"h", family::inet6, 25, "::1"});
    const owned change{reply::change_header{.index = 7, .name = "X", .value = ""}};
    CHECK(change->index == 7);
    const owned nothing{reply::proceed{}};
    CHECK(*nothing == reply::proceed{});
    const owned macros{command::macro{.command = 'M', .definitions = "i\0A\0"sv}};
    CHECK(*macros == command::macro{.command = 'M', .definitions = "i\0A\0"sv});
}

TEST_CASE("a copy has bytes of its own") {
    auto first = std::make_unique<owned<command::header>>(expected);
    const owned<command::header> copy = *first;
    CHECK(copy->name.data() != (*first)->name.data());
    first.reset();
    CHECK(*copy == expected);
}

TEST_CASE("a move leaves the bytes where they are, and an empty message behind") {
    owned<command::header> first{expected};
    const auto* at = first->name.data();
    owned<command::header> second = std::move(first);
    CHECK(second->name.data() == at);
    CHECK(*second == expected);
    CHECK(*first == command::header{});  // NOLINT: that is what the test is about
}

TEST_CASE("an owned message can be given another one") {
    owned<command::header> target{command::header{.name = "X", .value = "y"}};
    {
        const owned<command::header> source{expected};
        target = source;
    }
    CHECK(*target == expected);
    target = owned<command::header>{command::header{.name = "A"}};
    CHECK(*target == command::header{.name = "A"});
    const auto& same = target;
    target = same;
    CHECK(*target == command::header{.name = "A"});
}

TEST_CASE("an owned message without anything is the message without anything") {
    const owned<command::connect> nothing;
    CHECK(*nothing == command::connect{});
    const owned<command::connect> copy = nothing;
    CHECK(copy == nothing);
}

TEST_CASE("owned messages are equal if their messages are") {
    const owned<command::header> first{expected};
    const owned<command::header> second{expected};
    CHECK(first == second);
    CHECK_FALSE(first == owned<command::header>{command::header{.name = "Subject"}});
}
