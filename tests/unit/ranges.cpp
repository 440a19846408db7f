// SPDX-License-Identifier: MIT
// The events as a range, and the kinds of bytes that a session takes.
#include <kilter/session.hpp>

#include "support/catch.hpp"
#include "support/pair.hpp"

#include <algorithm>
#include <array>
#include <iterator>
#include <ranges>
#include <span>
#include <string>
#include <string_view>
#include <type_traits>
#include <vector>

using namespace kilter;
using namespace test;
using namespace std::literals;

using filter_events = filter_session::events;

static_assert(std::ranges::input_range<filter_events>);
static_assert(!std::ranges::forward_range<filter_events>);
static_assert(std::input_iterator<filter_events::iterator>);
static_assert(std::sentinel_for<std::default_sentinel_t, filter_events::iterator>);
static_assert(std::is_same_v<std::ranges::range_value_t<filter_events>, filter_session::event>);
static_assert(std::is_same_v<std::ranges::range_reference_t<filter_events>, const filter_session::event&>);
static_assert(!std::is_copy_constructible_v<filter_events> && !std::is_move_constructible_v<filter_events>);
static_assert(!std::is_copy_assignable_v<filter_events> && !std::is_move_assignable_v<filter_events>);
static_assert(std::is_copy_constructible_v<filter_session> &&
              std::is_nothrow_move_constructible_v<filter_session>);

namespace {

template <class Bytes>
concept receivable = requires(filter_session& s, Bytes&& bytes) {
    s.receive(std::forward<Bytes>(bytes));
};

}  // namespace

// What lives on may be received, a temporary that owns its bytes may not.
static_assert(receivable<std::string&> && receivable<const std::string&>);
static_assert(receivable<std::vector<char>&> && receivable<std::vector<std::byte>&>);
static_assert(receivable<std::array<char, 4>&> && receivable<std::array<std::byte, 4>&>);
static_assert(receivable<std::string_view> && receivable<std::string_view&>);
static_assert(receivable<std::span<const char>> && receivable<std::span<char>>);
static_assert(receivable<std::span<const std::byte>> && receivable<std::span<std::byte>>);
static_assert(!receivable<std::string> && !receivable<const std::string>);
static_assert(!receivable<std::vector<char>> && !receivable<std::vector<std::byte>>);
static_assert(!receivable<std::array<char, 4>>);
static_assert(!receivable<int>);

namespace {

const std::string offer = bytes_of(command::negotiate{});

/// A filter that may hear macros and aborts, as many as there are.
filter_session negotiated() {
    filter_session s;
    std::string out;
    heard(s, offer);
    s.send(reply::negotiate{}, out);
    return s;
}

}  // namespace

TEST_CASE("bytes may be chars or std::bytes, in anything that is contiguous") {
    const auto hears_the_offer = [](const auto& bytes) {
        filter_session s;
        std::size_t count = 0;
        for (const auto& event : s.receive(bytes)) count += std::holds_alternative<command::negotiate>(event);
        return count == 1;
    };
    CHECK(hears_the_offer(offer));
    CHECK(hears_the_offer(std::string_view{offer}));
    CHECK(hears_the_offer(std::span<const char>{offer}));
    CHECK(hears_the_offer(std::vector<char>(offer.begin(), offer.end())));
    CHECK(hears_the_offer(std::as_bytes(std::span{offer})));
    std::vector<std::byte> bytes;
    for (const char c : offer) bytes.push_back(static_cast<std::byte>(c));
    CHECK(hears_the_offer(bytes));
}

TEST_CASE("nothing received is no event") {
    filter_session s;
    CHECK(heard(s, {}).empty());
    CHECK(heard(s, std::string_view{}).empty());
    CHECK(s.open());
}

#ifdef __cpp_lib_ranges  // libc++ has its concepts, but no algorithms, up to 14
TEST_CASE("the algorithms of std::ranges go through the events") {
    auto s = negotiated();
    const auto bytes = bytes_of(command::abort{}, command::macro{'C'}, command::abort{});
    auto range = s.receive(bytes);
    CHECK(std::ranges::count_if(
              range, [](const auto& event) { return std::holds_alternative<command::abort>(event); }) == 2);
    CHECK(range.rest().empty());
}
#endif

TEST_CASE("an event is read when the loop asks for it") {
    auto s = negotiated();
    const auto bytes = bytes_of(command::macro{'C'}, command::connect{"a"}, command::quit{});
    auto range = s.receive(bytes);
    CHECK(range.rest().size() == bytes.size());
    auto at = range.begin();
    CHECK(std::holds_alternative<command::macro>(*at));
    CHECK(s.state().at() == phase::negotiated);
    ++at;
    CHECK(std::get<command::connect>(*at).hostname == "a");
    CHECK(at->index() == 2);
    CHECK(s.state().at() == phase::connected);
    CHECK(at != range.end());
    std::string out;
    CHECK(s.send(reply::proceed{}, out) == errc::ok);
    at++;
    CHECK(std::holds_alternative<command::quit>(*at));
    ++at;
    CHECK(at == range.end());
}

TEST_CASE("what a broken-off loop hasn't come to is the rest") {
    auto s = negotiated();
    const auto bytes = bytes_of(command::abort{}, command::macro{'C'}, command::abort{}) + "\0\0"s;
    for (std::size_t wanted = 1; wanted <= 3; ++wanted) {
        auto copy = s;
        auto range = copy.receive(bytes);
        lines events;
        for (const auto& event : range) {
            events.push_back(describe(event));
            if (events.size() == wanted) break;
        }
        const auto rest = range.rest();
        CHECK(rest.size() == bytes.size() - (wanted == 1 ? 5 : wanted == 2 ? 11 : 16));
        for (const auto& event : copy.receive(rest)) events.push_back(describe(event));
        CHECK(events == lines{"abort", "macro command=connect definitions=[]", "abort"});
        CHECK(copy.finish() == errc::cut_short);  // the two bytes at the end were heard, too
    }
}

TEST_CASE("a loop that is broken off on a frame cut in two goes on with the rest") {
    auto s = negotiated();
    const auto bytes = bytes_of(command::macro{'C'}, command::abort{}, command::abort{});
    const std::string_view all = bytes;
    CHECK(heard(s, all.substr(0, 3)).empty());
    auto range = s.receive(all.substr(3));
    lines events;
    for (const auto& event : range) {
        events.push_back(describe(event));
        break;
    }
    for (const auto& event : s.receive(range.rest())) events.push_back(describe(event));
    CHECK(events == lines{"macro command=connect definitions=[]", "abort", "abort"});
}

TEST_CASE("a view in an event is good until the loop asks for the next, whole frames until the bytes go") {
    auto s = negotiated();
    const auto bytes = bytes_of(command::connect{"mx.example", family::inet, 25, "192.0.2.1"});
    for (std::size_t cut = 0; cut != bytes.size(); ++cut) {
        auto copy = s;
        CHECK(heard(copy, std::string_view{bytes}.substr(0, cut)).empty());
        for (const auto& event : copy.receive(std::string_view{bytes}.substr(cut)))
            CHECK(std::get<command::connect>(event).hostname == "mx.example");
    }
}

TEST_CASE("a session may be moved between two loops") {
    auto s = negotiated();
    const auto bytes = bytes_of(command::connect{"mx"});
    heard(s, std::string_view{bytes}.substr(0, 6));
    auto moved = std::move(s);
    CHECK(heard(moved, std::string_view{bytes}.substr(6)).size() == 1);
}

TEST_CASE("a session without a heap has a buffer of its own") {
    session<side::filter, fixed_buffer<64>> s{{.payload = 32}};
    const auto bytes = bytes_of(command::negotiate{});
    for (std::size_t at = 0; at + 1 != bytes.size(); ++at)
        CHECK(heard(s, std::string_view{bytes}.substr(at, 1)).empty());
    CHECK(heard(s, std::string_view{bytes}.substr(bytes.size() - 1)).size() == 1);
    CHECK(heard(s, raw('U', std::string(33, 'x'))).at(0).substr(0, 24) == "a frame over the limit: ");
}
