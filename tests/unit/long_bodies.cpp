// SPDX-License-Identifier: MIT
// Bodies that are longer than a frame: cut at the data size that was agreed.
#include <kilter/negotiation.hpp>
#include <kilter/session.hpp>

#include "support/catch.hpp"
#include "support/pair.hpp"

#include <string>
#include <string_view>
#include <vector>

using namespace kilter;
using namespace test;
using namespace std::string_view_literals;

namespace {

struct size {
    option agreed;
    std::size_t bytes;
};
const std::vector<size> sizes{
    {option::none, 65'535}, {option::data_256k, 262'143}, {option::data_1m, 1'048'575}};

/// Both sides with a message under way, this data size agreed.
pair in_message(option agreed, std::size_t piece) {
    pair p{piece};
    REQUIRE(p.mta_says(command::negotiate{.options = all_options | option::data_256k | option::data_1m}) ==
            errc::ok);
    REQUIRE(p.filter_says(reply::negotiate{.actions = all_actions, .options = agreed}) == errc::ok);
    REQUIRE(p.passes(command::connect{}) == errc::ok);
    REQUIRE(p.passes(command::mail{"<a>"}) == errc::ok);
    REQUIRE(p.passes(command::rcpt{"<b>"}) == errc::ok);
    p.forget();
    return p;
}

/// The sizes of the payloads in some bytes, which hold whole frames.
std::vector<std::size_t> payloads(std::string_view bytes) {
    std::vector<std::size_t> found;
    while (!bytes.empty()) {
        REQUIRE(bytes.size() >= frame_overhead);
        const auto length = kilter::detail::load_u32(bytes.data());
        found.push_back(length - 1);
        REQUIRE(bytes.size() >= length_size + length);
        bytes.remove_prefix(length_size + length);
    }
    return found;
}

using list = std::vector<std::size_t>;

}  // namespace

TEST_CASE("a body replacement is cut at the agreed size [N25, X13, X14]") {
    for (const auto& s : sizes) {
        auto p = in_message(s.agreed, static_cast<std::size_t>(-1));
        CHECK(p.mta_says(command::end_of_message{}) == errc::ok);
        const std::string body(2 * s.bytes + 1, 'x');
        const auto replaced = [&](std::size_t bytes) {
            CHECK(p.filter_says(reply::replace_body{std::string_view{body}.substr(0, bytes)}) == errc::ok);
            return payloads(p.last_to_mta);
        };
        CHECK(replaced(1) == list{1});
        CHECK(replaced(s.bytes - 1) == list{s.bytes - 1});
        CHECK(replaced(s.bytes) == list{s.bytes});
        CHECK(replaced(s.bytes + 1) == list{s.bytes, 1});
        CHECK(replaced(2 * s.bytes) == list{s.bytes, s.bytes});
        CHECK(replaced(2 * s.bytes + 1) == list{s.bytes, s.bytes, 1});
        CHECK(p.mta_heard.size() == 10);
        CHECK(p.filter_says(reply::proceed{}) == errc::ok);
        CHECK(p.mta.error() == errc::ok);
    }
}

TEST_CASE("an unanswered body is cut at the agreed size, too") {
    for (const auto& s : sizes) {
        auto p = in_message(s.agreed | option::silent_body, 100'000);
        const std::string body(s.bytes + 1, 'x');
        CHECK(p.mta_says(command::body{body}) == errc::ok);
        CHECK(payloads(p.last_to_filter) == list{s.bytes, 1});
        CHECK(p.filter_heard.size() == 2);
        CHECK(p.filter.open());
    }
}

TEST_CASE("a piece of an answered body may be as large as agreed, and no larger") {
    for (const auto& s : sizes) {
        auto p = in_message(s.agreed, 100'000);
        const std::string body(s.bytes + 1, 'x');
        CHECK(p.mta_says(command::body{body}) == errc::too_long);
        CHECK(p.last_to_filter.empty());
        CHECK(p.passes(command::body{std::string_view{body}.substr(1)}) == errc::ok);
        CHECK(payloads(p.last_to_filter) == list{s.bytes});
        CHECK(p.filter_heard.size() == 1);
    }
}

TEST_CASE("a filter takes frames as large as agreed, and no larger") {
    for (const auto& s : sizes) {
        auto p = in_message(s.agreed, static_cast<std::size_t>(-1));
        auto copy = p;
        CHECK(heard(p.filter, raw('B', std::string(s.bytes, 'x'))).size() == 1);
        CHECK(p.filter.open());
        heard(copy.filter, raw('B', std::string(s.bytes + 1, 'x')));
        CHECK(copy.filter.error() == errc::frame_too_long);
    }
}

TEST_CASE("other messages have the same limit") {
    auto p = in_message(option::data_256k, static_cast<std::size_t>(-1));
    const std::string value(262'143 - 3, 'x');  // the name and two NULs
    CHECK(p.passes(command::header{"A", value}) == errc::ok);
    CHECK(p.mta_says(command::header{"AB", value}) == errc::too_long);
    CHECK(p.mta.open());
}

TEST_CASE("the pieces put together are the body, cut anywhere, also between CR and LF") {
    std::string body;
    while (body.size() < 200'000) body.append(std::to_string(body.size())).append("\r\n\0.\r\r\n\n"sv);
    auto p = in_message(option::none, 9'999);
    CHECK(p.mta_says(command::end_of_message{}) == errc::ok);
    std::string bytes;
    CHECK(p.filter.send(reply::replace_body{body}, bytes) == errc::ok);
    std::string together;
    for (const auto& event : p.mta.receive(bytes))
        if (const auto* b = std::get_if<reply::replace_body>(&event)) together.append(b->chunk);
    CHECK((together == body));
}

TEST_CASE("an empty replacement empties the body [H23]") {
    auto p = in_message(option::none, static_cast<std::size_t>(-1));
    CHECK(p.mta_says(command::end_of_message{}) == errc::ok);
    CHECK(p.filter_says(reply::replace_body{}) == errc::ok);
    CHECK(p.last_to_mta == "\0\0\0\1b"sv);
    CHECK(p.mta_heard == lines{"replace_body chunk=\"\""});
}

TEST_CASE("an empty piece of a body that an MTA sends is heard, though nobody sends it") {
    auto p = in_message(option::none, static_cast<std::size_t>(-1));
    CHECK(heard(p.filter, raw('B')) == lines{"body chunk=\"\""});
    CHECK(p.filter_says(reply::proceed{}) == errc::ok);
    CHECK(p.last_to_mta == "\0\0\0\1c"sv);
}

TEST_CASE("a body that the output has no room for is refused as a whole, and half a body ends the session") {
    auto p = in_message(option::none, static_cast<std::size_t>(-1));
    CHECK(p.mta_says(command::end_of_message{}) == errc::ok);
    const std::string body(65'536, 'x');
    fixed_buffer<70'000> out;
    CHECK(p.filter.send(reply::replace_body{std::string_view{body}.substr(0, 65'000)}, out) == errc::ok);
    const auto before = out.size();
    CHECK(p.filter.send(reply::replace_body{body}, out) == errc::no_room);
    CHECK(out.size() == before);
    CHECK_FALSE(p.filter.open());

    auto q = in_message(option::none, static_cast<std::size_t>(-1));
    CHECK(q.mta_says(command::end_of_message{}) == errc::ok);
    fixed_buffer<1'000> small;
    CHECK(q.filter.send(reply::replace_body{body}, small) == errc::no_room);
    CHECK(small.empty());
    CHECK(q.filter.open());  // nothing of it has gone out
    CHECK(q.filter.send(reply::proceed{}, small) == errc::ok);
}
