// SPDX-License-Identifier: MIT
// Bodies, taken off in pieces of the size that was agreed.
#include <kilter/session.hpp>

#include "support/catch.hpp"
#include "support/pair.hpp"

#include <cstddef>
#include <string>
#include <string_view>
#include <vector>

using namespace kilter;
using namespace test;

namespace {

constexpr auto sizes_offered = all_options | option::data_256k | option::data_1m;

/// Both sides, with a message whose body is next.
pair before_body(option agreed) {
    pair p;
    REQUIRE(p.negotiate(agreed, all_actions, {.options = sizes_offered}) == errc::ok);
    REQUIRE(p.passes(command::connect{"mx"}) == errc::ok);
    REQUIRE(p.passes(command::mail{"<a@b>"}) == errc::ok);
    REQUIRE(p.passes(command::rcpt{"<c@d>"}) == errc::ok);
    p.forget();
    return p;
}

/// The sizes of the pieces of a body of so many bytes. Put together, they have to be the body.
std::vector<std::size_t> pieces(const mta_session& s, std::size_t size) {
    std::string body(size, 'x');
    for (std::size_t i = 0; i < size; i += 1000) body[i] = static_cast<char>(i / 1000);
    std::string_view rest = body;
    std::string together;
    std::vector<std::size_t> sizes;
    while (!rest.empty()) {
        const auto left = rest.size();
        const auto piece = s.take_piece(rest);
        CHECK(piece.size() + rest.size() == left);
        sizes.push_back(piece.size());
        together.append(piece);
        if (sizes.size() > 100) break;
    }
    CHECK(together == body);
    return sizes;
}

using list = std::vector<std::size_t>;

}  // namespace

TEST_CASE("a body is taken in pieces of at most 65535 bytes") {
    const auto s = before_body(option::none).mta;
    CHECK(pieces(s, 0) == list{});
    CHECK(pieces(s, 1) == list{1});
    CHECK(pieces(s, 65534) == list{65534});
    CHECK(pieces(s, 65535) == list{65535});
    CHECK(pieces(s, 65536) == list{65535, 1});
    CHECK(pieces(s, 131070) == list{65535, 65535});
    CHECK(pieces(s, 131071) == list{65535, 65535, 1});
}

TEST_CASE("of nothing, nothing is taken") {
    const auto s = before_body(option::none).mta;
    std::string_view rest;
    CHECK(s.take_piece(rest).empty());
    CHECK(rest.empty());
}

TEST_CASE("pieces are larger once that has been agreed") {
    const auto quarter = before_body(option::data_256k).mta;
    CHECK(pieces(quarter, 262143) == list{262143});
    CHECK(pieces(quarter, 262144) == list{262143, 1});

    const auto full = before_body(option::data_1m).mta;
    CHECK(pieces(full, 1048575) == list{1048575});
    CHECK(pieces(full, 1048576) == list{1048575, 1});
    CHECK(pieces(full, 131071) == list{131071});

    const auto both = before_body(option::data_256k | option::data_1m).mta;
    CHECK(pieces(both, 1048576) == list{1048575, 1});
}

TEST_CASE("what is offered and not taken is not agreed") {
    const auto s = before_body(option::none).mta;
    CHECK(pieces(s, 100'000) == list{65535, 34465});
}

TEST_CASE("each piece is a view of the body") {
    const auto s = before_body(option::none).mta;
    const std::string body(70'000, 'x');
    std::string_view rest = body;
    CHECK(s.take_piece(rest).data() == body.data());
    CHECK(rest.data() == body.data() + 65535);
}

TEST_CASE("a body goes to the filter piece by piece, each answered") {
    for (const auto agreed : {option::none, option::data_1m}) {
        auto p = before_body(agreed);
        std::string body(131'071, 'x');
        body[65535] = 'y';
        std::string_view rest = body;
        std::string got;
        int sent = 0;
        std::string out;
        while (!rest.empty() && p.mta.wants(command::body{})) {
            out.clear();
            REQUIRE(p.mta.send(command::body{p.mta.take_piece(rest)}, out) == errc::ok);
            CHECK(p.mta.now() == todo::wait);
            ++sent;
            for (const auto& event : p.filter.receive(out)) got.append(std::get<command::body>(event).chunk);
            REQUIRE(p.filter_says(reply::proceed{}) == errc::ok);
        }
        CHECK(sent == (agreed == option::none ? 3 : 1));
        CHECK(got == body);
        CHECK(p.passes(command::end_of_message{}) == errc::ok);
        CHECK(p.mta.now() == todo::deliver);
    }
}

TEST_CASE("the loop ends when the filter has seen enough, or has a verdict, or wants no body") {
    const auto pieces_sent = [](option agreed, char reply) {
        auto p = before_body(agreed);
        const std::string body(200'000, 'x');
        std::string_view rest = body;
        std::string out;
        int sent = 0;
        while (!rest.empty() && p.mta.wants(command::body{})) {
            CHECK(p.mta.send(command::body{p.mta.take_piece(rest)}, out) == errc::ok);
            ++sent;
            if (p.mta.now() == todo::wait) heard(p.mta, raw(reply));
            if (sent > 10) break;
        }
        return sent;
    };
    CHECK(pieces_sent(option::skip, 'c') == 4);
    CHECK(pieces_sent(option::skip, 's') == 1);
    CHECK(pieces_sent(option::skip, 'r') == 1);
    CHECK(pieces_sent(option::skip, 'a') == 1);
    CHECK(pieces_sent(option::skip, '?') == 1);
    CHECK(pieces_sent(option::no_body, 'c') == 0);
    CHECK(pieces_sent(option::silent_body, 'c') == 4);
}
