// SPDX-License-Identifier: MIT
// The frame decoder: its limits, its memory, and how long what it hands out is good.
#include <kilter/frame.hpp>

#include <cstddef>
#include <cstdint>
#include <new>
#include <string>
#include <vector>

#include "support/catch.hpp"
#include "support/counted.hpp"
#include "support/exact.hpp"
#include "support/splits.hpp"

using namespace kilter;
using namespace std::string_view_literals;
using test::counted;
using test::counted_buffer;
using test::exact;
using test::usage;

namespace {

using counted_decoder = basic_frame_decoder<counted_buffer>;

std::string length(std::uint32_t n) {
    std::string bytes;
    for (int shift = 24; shift >= 0; shift -= 8) bytes.push_back(static_cast<char>(n >> shift & 0xff));
    return bytes;
}

std::string frame_of_size(char code, std::size_t payload) {
    return length(static_cast<std::uint32_t>(payload + 1)) + code + std::string(payload, 'x');
}

}  // namespace

TEST_CASE("a frame that is whole in the input is a view of the input") {
    const exact bytes{"\0\0\0\3Hab\0\0\0\1N"sv};
    auto input = bytes.view();
    frame_decoder decoder{100};
    const auto first = decoder.next(input);
    REQUIRE(first.has_value());
    CHECK(*first == frame{'H', "ab"});
    CHECK(first->payload.data() == bytes.data() + 5);
    const auto second = decoder.next(input);
    REQUIRE(second.has_value());
    CHECK(*second == frame{'N', ""});
    CHECK(*first == frame{'H', "ab"});  // still, as it looks at the input
    CHECK(input.empty());
    CHECK_FALSE(decoder.next(input).has_value());
}

TEST_CASE(
    "a frame that came in pieces is good until the next call, and no copy of the input's rest is made") {
    frame_decoder decoder{100};
    auto head = "\0\0\0\5Bab"sv;
    CHECK_FALSE(decoder.next(head).has_value());
    const exact tail{"cd\0\0\0\1Nrest"sv};
    auto input = tail.view();
    const auto first = decoder.next(input);
    REQUIRE(first.has_value());
    CHECK(*first == frame{'B', "abcd"});
    CHECK(input.data() == tail.data() + 2);
    CHECK_FALSE(decoder.in_frame());

    const auto second = decoder.next(input);
    REQUIRE(second.has_value());
    CHECK(*second == frame{'N', ""});
    CHECK(input == "rest");
}

TEST_CASE("halves of frames follow whole frames, again and again [X06] [X07]") {
    frame_decoder decoder{100};
    std::string codes;
    const auto feed = [&](std::string_view bytes) {
        const exact block{bytes};
        auto input = block.view();
        while (const auto next = decoder.next(input)) codes.append(1, next->code).append(next->payload);
        CHECK(input.empty());
    };
    for (int i = 0; i != 3; ++i) {
        codes.clear();
        feed("\0\0\0\2H1"sv);
        feed("\0\0\0\3M"sv);
        feed("23"sv);
        feed("\0\0\0\2D4\0\0\0\2R5\0\0"sv);
        feed("\0\1N\0\0\0\1"sv);
        feed("E\0\0\0\1A"sv);
        CHECK(codes == "H1M23D4R5NEA");
    }
}

TEST_CASE("the largest payload is the limit itself, whole or cut in two") {
    for (const std::uint32_t limit : {0u, 1u, 65535u, 1048575u}) {
        INFO(limit);
        const exact fits{frame_of_size('B', limit)};
        frame_decoder whole{limit};
        auto input = fits.view();
        const auto at_once = whole.next(input);
        REQUIRE(at_once.has_value());
        CHECK(at_once->payload.size() == limit);
        CHECK(at_once->payload.data() == fits.data() + 5);  // a view of the input, too

        frame_decoder halved{limit};
        auto head = fits.view().substr(0, 5);
        auto tail = fits.view().substr(5);
        const auto early = halved.next(head);
        const auto late = halved.next(tail);
        CHECK(early.has_value() == (limit == 0));
        CHECK(late.has_value() == (limit != 0));
        if (late) CHECK(late->payload == fits.view().substr(5));

        const exact over{frame_of_size('B', limit + 1)};
        frame_decoder decoder{limit};
        auto rest = over.view();
        CHECK_FALSE(decoder.next(rest).has_value());
        CHECK(decoder.error() == errc::frame_too_long);
        CHECK(decoder.length() == limit + 2);
    }
}

TEST_CASE("a limit that is raised is good for the next length") {
    frame_decoder decoder{3};
    CHECK(decoder.max_payload() == 3);
    decoder.max_payload(4);
    CHECK(decoder.max_payload() == 4);
    auto input = "\0\0\0\5B1234"sv;
    CHECK(decoder.next(input).has_value());
}

TEST_CASE("an error stays, and nothing comes after it [X09]") {
    frame_decoder decoder{100};
    auto input = "\0\0\0\0\0\0\0\1N"sv;
    CHECK_FALSE(decoder.next(input).has_value());
    CHECK(decoder.error() == errc::zero_length);
    for (int i = 0; i != 3; ++i) {
        auto good = "\0\0\0\1N"sv;
        CHECK_FALSE(decoder.next(good).has_value());
        CHECK(decoder.error() == errc::zero_length);
        CHECK(decoder.length() == 0);
    }
}

TEST_CASE("the decoder knows whether it is in the middle of a frame") {
    frame_decoder decoder{100};
    CHECK_FALSE(decoder.in_frame());
    auto nothing = ""sv;
    CHECK_FALSE(decoder.next(nothing).has_value());
    CHECK_FALSE(decoder.in_frame());
    for (const auto byte : {"\0"sv, "\0"sv, "\0"sv, "\2"sv, "B"sv}) {
        auto input = byte;
        CHECK_FALSE(decoder.next(input).has_value());
        CHECK(decoder.in_frame());
    }
    CHECK(decoder.length() == 2);
    auto last = "x"sv;
    CHECK(decoder.next(last).has_value());
    CHECK_FALSE(decoder.in_frame());
}

TEST_CASE("the decoder knows whether it is between two frames, however the first one has come") {
    for (const std::size_t cut : {0u, 1u, 4u, 5u, 6u, 7u}) {
        frame_decoder decoder{100};
        CHECK(decoder.between_frames());
        const auto stream = "\0\0\0\3Bxy"sv;
        auto input = stream.substr(0, cut);
        CHECK(decoder.next(input).has_value() == (cut == 7));
        CHECK(decoder.between_frames() == (cut == 0 || cut == 7));
        input = stream.substr(cut);
        CHECK(decoder.next(input).has_value() == (cut != 7));
        CHECK(decoder.between_frames());
        input = "\0\0\0\0"sv;
        CHECK_FALSE(decoder.next(input).has_value());
        CHECK_FALSE(decoder.between_frames());
    }
}

TEST_CASE("frames that are whole allocate nothing") {
    usage used;
    counted_decoder decoder{65535, counted_buffer(counted<char>(used))};
    auto input = "\0\0\0\2H1\0\0\0\1N\0\0\0\4Babc"sv;
    int frames = 0;
    while (decoder.next(input)) ++frames;
    CHECK(frames == 3);
    CHECK(used.allocations == 0);
}

TEST_CASE("a length alone allocates no more than itself, however large it is") {
    for (const std::uint32_t declared : {0x4000'0000u, 0x7fff'ffffu, 0xffff'ffffu}) {
        usage used;
        counted_decoder decoder{0xffff'fffe, counted_buffer(counted<char>(used))};
        const auto head = length(declared) + "B";
        for (const auto piece : test::byte_by_byte(head)) {
            auto input = piece;
            CHECK_FALSE(decoder.next(input).has_value());
        }
        // On a 32-bit machine no vector is as large as the other two.
        const bool possible = sizeof(std::size_t) > 4 || declared == 0x4000'0000u;
        CHECK(decoder.error() == (possible ? errc::ok : errc::frame_too_long));
        CHECK(decoder.length() == declared);
        CHECK(used.largest <= 64);
    }
}

TEST_CASE("a length over the limit allocates nothing [X11]") {
    usage used;
    counted_decoder decoder{65535, counted_buffer(counted<char>(used))};
    auto input = "UNKNOWN COMMAND\n"sv;
    CHECK_FALSE(decoder.next(input).has_value());
    CHECK(decoder.error() == errc::not_a_milter);
    CHECK(used.allocations == 0);
}

TEST_CASE("pieces take memory for 64 bytes, and then for twice as many") {
    usage used;
    counted_decoder decoder{65535, counted_buffer(counted<char>(used))};
    const auto bytes = frame_of_size('B', 59) + frame_of_size('B', 1000);
    std::string_view rest = bytes;
    const auto hear = [&](std::size_t count) {
        auto piece = rest.substr(0, count);
        rest.remove_prefix(count);
        while (decoder.next(piece)) continue;
        REQUIRE(piece.empty());
    };
    hear(1);
    CHECK(used.largest == 64);
    hear(63);
    hear(64);  // of the second frame: they fit
    CHECK(used.allocations == 1);
    hear(1);
    CHECK(used.largest == 128);
}

TEST_CASE("what is held is the frame and nothing of what follows it") {
    usage used;
    counted_decoder decoder{65535, counted_buffer(counted<char>(used))};
    const auto bytes = frame_of_size('B', 1000) + frame_of_size('B', 60000);
    auto head = std::string_view{bytes}.substr(0, 500);
    CHECK_FALSE(decoder.next(head).has_value());
    auto tail = std::string_view{bytes}.substr(500);
    CHECK(decoder.next(tail).has_value());
    CHECK(used.largest <= 2 * 1005);
    CHECK(decoder.next(tail).has_value());
    CHECK(used.largest <= 2 * 1005);  // the second one is whole in the input
}

TEST_CASE("frames in pieces allocate nothing more once the buffer has grown") {
    usage used;
    counted_decoder decoder{65535, counted_buffer(counted<char>(used))};
    const auto bytes = frame_of_size('B', 1000) + frame_of_size('B', 990) + frame_of_size('B', 10);
    const auto feed = [&] {
        int frames = 0;
        for (const auto piece : test::in_pieces(bytes, 7)) {
            auto input = piece;
            while (decoder.next(input)) ++frames;
        }
        CHECK(frames == 3);
    };
    feed();
    const auto before = used.allocations;
    feed();
    feed();
    CHECK(used.allocations == before);
}

TEST_CASE("an input of nothing, which is nowhere, changes nothing") {
    const exact bytes{"\0\0\0\3Hab"sv};
    for (std::size_t size = 0; size != bytes.view().size(); ++size) {
        frame_decoder decoder{100};
        auto input = bytes.view().substr(0, size);
        CHECK_FALSE(decoder.next(input).has_value());
        std::string_view nothing;
        REQUIRE(nothing.data() == nullptr);
        CHECK_FALSE(decoder.next(nothing).has_value());
        input = bytes.view().substr(size);
        CHECK(decoder.next(input) == frame{'H', "ab"});
    }
}

TEST_CASE("if there is no memory for a piece of a frame, nothing comes after it, either") {
    usage used{.limit = 100};
    counted_decoder decoder{65535, counted_buffer(counted<char>(used))};
    const auto bytes = frame_of_size('B', 1000);
    auto head = std::string_view{bytes}.substr(0, 50);
    CHECK_FALSE(decoder.next(head).has_value());
    auto rest = std::string_view{bytes}.substr(50);
    CHECK_THROWS_AS(decoder.next(rest), std::bad_alloc);
    CHECK(decoder.error() == errc::no_room);
    used.limit = 10000;
    auto good = "\0\0\0\1N"sv;
    CHECK_FALSE(decoder.next(rest).has_value());
    CHECK_FALSE(decoder.next(good).has_value());
    CHECK(decoder.error() == errc::no_room);
}

TEST_CASE("a decoder works in a buffer of fixed size") {
    const auto bytes = frame_of_size('B', 11) + frame_of_size('N', 0) + frame_of_size('B', 3);
    test::for_each_split(bytes, [](const test::pieces& pieces) {
        basic_frame_decoder<fixed_buffer<16>> decoder{11};
        std::string sizes;
        for (const auto piece : pieces) {
            const exact block{piece};
            auto input = block.view();
            while (const auto next = decoder.next(input))
                sizes.append(1, next->code).append(std::to_string(next->payload.size()));
        }
        CHECK(sizes == "B11N0B3");
    });
}

TEST_CASE("a frame that the buffer couldn't hold is an error, and not silence") {
    const auto bytes = frame_of_size('B', 12) + frame_of_size('N', 0);
    test::for_each_split(bytes, [](const test::pieces& pieces) {
        basic_frame_decoder<fixed_buffer<16>> decoder{100};
        CHECK(decoder.max_payload() == 11);
        for (const auto piece : pieces) {
            const exact block{piece};
            auto input = block.view();
            CHECK_FALSE(decoder.next(input).has_value());
        }
        CHECK(decoder.error() == errc::frame_too_long);
        CHECK(decoder.length() == 13);
    });
}

TEST_CASE("without a limit, a length of zero is an error all the same") {
    frame_decoder decoder{0xffff'ffff};
    auto input = "\0\0\0\0Dxyz"sv;
    CHECK_FALSE(decoder.next(input).has_value());
    CHECK(decoder.error() == errc::zero_length);
}

TEST_CASE("a limit is never raised above what the buffer can hold") {
    basic_frame_decoder<fixed_buffer<16>> decoder{3};
    CHECK(decoder.max_payload() == 3);
    decoder.max_payload(262143);
    CHECK(decoder.max_payload() == 11);
    decoder.max_payload(4);
    CHECK(decoder.max_payload() == 4);
}

TEST_CASE("a fixed buffer takes as much as fits, and says how much that is") {
    fixed_buffer<6> buffer;
    CHECK(buffer.empty());
    CHECK(buffer.size() == 0);
    STATIC_REQUIRE(fixed_buffer<6>::max_size() == 6);
    buffer.resize(5);
    "abcde"sv.copy(buffer.data(), 5);
    buffer.resize(6);
    CHECK(std::string_view{buffer.data(), buffer.size()} == "abcde\0"sv);
    buffer.resize(2);
    CHECK(std::string_view{buffer.data(), buffer.size()} == "ab");
    buffer.resize(7);
    CHECK(buffer.size() == 6);
    buffer.clear();
    CHECK(buffer.empty());
}
