// SPDX-License-Identifier: MIT
// Whatever may be sent comes out as it went in, however its bytes are cut on the way.
#include <kilter/codec.hpp>

#include <string>
#include <type_traits>
#include <variant>
#include <vector>

#include <kilter/describe.hpp>
#include <kilter/owned.hpp>

#include "support/catch.hpp"
#include "support/exact.hpp"
#include "support/random_message.hpp"
#include "support/splits.hpp"

using namespace kilter;
using test::exact;

namespace {

constexpr std::uint32_t rounds = 300;

template <class M>
auto decode_as_any(const frame& in) {
    if constexpr (command_message<M>)
        return decode_command(in);
    else
        return decode_reply(in);
}

bool is_one_printable_line(std::string_view text) {
    for (const char c : text)
        if (c < ' ' || c > '~') return false;
    return !text.empty();
}

/// Calls f with a message of each type.
template <class F>
void each_type(test::random_messages& random, F f) {
    detail::for_each_row(wire::commands,
                         [&]<class Row>(const Row&) { f(random.make<typename Row::message>()); });
    detail::for_each_row(wire::replies,
                         [&]<class Row>(const Row&) { f(random.make<typename Row::message>()); });
}

template <class M>
void check_round_trip(const M& message) {
    INFO(describe(message));
    REQUIRE(check(message) == errc::ok);
    std::string bytes;
    REQUIRE(encode(message, bytes) == errc::ok);

    const exact block{bytes};
    auto input = block.view();
    frame_decoder decoder{data_size_64k};
    const auto next = decoder.next(input);
    REQUIRE(next.has_value());
    CHECK(input.empty());
    const auto any = decode_as_any<M>(*next);
    REQUIRE(any.error() == errc::ok);
    REQUIRE(std::holds_alternative<M>(*any));
    CHECK(std::get<M>(*any) == message);

    const exact payload{next->payload};
    const auto decoded = decode<M>(payload.view());
    REQUIRE(decoded.error() == errc::ok);
    CHECK(*decoded == message);
}

template <class M>
void check_owned(const M& message) {
    INFO(describe(message));
    std::string bytes;
    REQUIRE(encode(message, bytes) == errc::ok);
    owned<M> kept;
    {
        const exact payload{std::string_view{bytes}.substr(5)};
        kept = owned{*decode<M>(payload.view())};
    }
    CHECK(*kept == message);

    const auto copy = kept;
    const auto moved = std::move(kept);
    CHECK(*copy == message);
    CHECK(*moved == message);
}

}  // namespace

TEST_CASE("every message that is sent is read as the same message") {
    for (std::uint32_t seed = 0; seed != rounds; ++seed) {
        INFO("seed " << seed);
        test::random_messages random{seed};
        each_type(random, [](const auto& message) { check_round_trip(message); });
    }
}

TEST_CASE("frames in one stream are the same however it is cut") {
    for (std::uint32_t seed = 0; seed != rounds; ++seed) {
        INFO("seed " << seed);
        test::random_messages random{seed};
        std::string stream;
        std::vector<std::string> sent;
        for (auto left = 1 + random.below(6); left != 0; --left) {
            const auto before = stream.size();
            const auto say = [&](const auto& message) { REQUIRE(encode(message, stream) == errc::ok); };
            if (random.below(2) == 0)
                random.make_any(wire::commands, say);
            else
                random.make_any(wire::replies, say);
            sent.push_back(stream.substr(before + 4));
        }
        const auto check_pieces = [&](const test::pieces& pieces) {
            frame_decoder decoder{data_size_64k};
            std::vector<std::string> heard;
            for (const auto piece : pieces) {
                const exact block{piece};
                auto input = block.view();
                while (const auto next = decoder.next(input))
                    heard.push_back(std::string{next->code}.append(next->payload));
                REQUIRE(input.empty());
            }
            REQUIRE(heard == sent);
            REQUIRE_FALSE(decoder.in_frame());
        };
        check_pieces(test::byte_by_byte(stream));
        check_pieces(test::in_pieces(stream, 7));
        check_pieces(test::in_two(stream, random.below(static_cast<std::uint32_t>(stream.size()) + 1)));

        test::pieces any_size;
        for (std::string_view rest = stream; !rest.empty(); rest.remove_prefix(any_size.back().size()))
            any_size.push_back(rest.substr(0, 1 + random.below(random.below(2) == 0 ? 6 : 200)));
        check_pieces(any_size);
    }
}

TEST_CASE("an owned copy is the message it was made of, after the bytes of that are gone") {
    for (std::uint32_t seed = 0; seed != rounds; ++seed) {
        INFO("seed " << seed);
        test::random_messages random{seed};
        each_type(random, [](const auto& message) { check_owned(message); });
    }
}

TEST_CASE("whatever is described is one line of printable ASCII") {
    for (std::uint32_t seed = 0; seed != rounds; ++seed) {
        INFO("seed " << seed);
        test::random_messages random{seed};
        each_type(random, [](const auto& message) { REQUIRE(is_one_printable_line(describe(message))); });

        const auto noise = random.bytes(random.below(200));
        const command::macro macro{.command = noise.empty() ? '\n' : noise[0], .definitions = noise};
        REQUIRE(is_one_printable_line(describe(macro)));
        REQUIRE(is_one_printable_line(describe(command::header{.name = noise, .value = noise})));
        REQUIRE(is_one_printable_line(describe(reply::negotiate{.symbols = noise})));
        REQUIRE(is_one_printable_line(describe(command::mail{.sender = noise, .args = noise})));
        REQUIRE(is_one_printable_line(describe(command::connect{
            .hostname = noise, .family = family{macro.command}, .port = 1, .address = noise})));
        REQUIRE(is_one_printable_line(
            describe(protocol_error{errc::not_a_milter, macro.command, random.below(0xffff'ffff), phase{}})));
    }
}
