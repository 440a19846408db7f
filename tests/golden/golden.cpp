// SPDX-License-Identifier: MIT
// Each golden message, encoded, decoded, and cut in every way; and all of it at compile time.
#include <kilter/codec.hpp>

#include <span>
#include <string>
#include <type_traits>
#include <variant>

#include "golden/messages.hpp"
#include "support/catch.hpp"
#include "support/exact.hpp"
#include "support/splits.hpp"

using namespace kilter;
using test::exact;

namespace {

template <class M>
constexpr auto decode_as_any(const frame& in) {
    if constexpr (command_message<M>)
        return decode_command(in);
    else
        return decode_reply(in);
}

template <class M>
constexpr bool is(const frame& in, const M& message) {
    const auto any = decode_as_any<M>(in);
    if (!any) return false;
    const auto* found = std::get_if<M>(&*any);
    return found != nullptr && *found == message;
}

template <class Row>
using message_of = std::remove_cvref_t<decltype(Row::message)>;

template <class M>
constexpr bool encodes(const test::golden::row<M>& row) {
    fixed_buffer<64> out;
    return encode(row.message, out) == errc::ok && std::string_view{out.data(), out.size()} == row.bytes;
}

template <class M>
constexpr bool decodes(const test::golden::row<M>& row) {
    // From a copy, because g++ 12 with -fsanitize=undefined takes no address of a variable for a constant.
    fixed_buffer<64> copy;
    copy.resize(row.bytes.size());
    row.bytes.copy(copy.data(), row.bytes.size());
    const std::string_view bytes{copy.data(), copy.size()};
    return is(frame{bytes[4], bytes.substr(5)}, row.message);
}

constexpr bool all_encode() {
    bool all = true;
    test::golden::for_each([&](const auto& row) { all = all && encodes(row); });
    return all;
}

constexpr bool all_decode() {
    bool all = true;
    test::golden::for_each([&](const auto& row) { all = all && decodes(row); });
    return all;
}

static_assert(all_encode());
static_assert(all_decode());

}  // namespace

TEST_CASE("each golden message is encoded as the bytes written down for it") {
    test::golden::for_each([](const auto& row) {
        INFO(row.title);
        std::string out = "before";
        CHECK(encode(row.message, out) == errc::ok);
        CHECK(out == "before" + std::string{row.bytes});
    });
}

TEST_CASE("not a byte is written behind a golden frame") {
    test::golden::for_each([](const auto& row) {
        INFO(row.title);
        std::string out(row.bytes.size() + 8, '#');
        const auto size = encode(row.message, std::span<char>{out});
        REQUIRE(size.error() == errc::ok);
        CHECK(*size == row.bytes.size());
        CHECK(out == std::string{row.bytes} + "########");
    });
}

TEST_CASE("each golden frame is decoded as the message written down for it") {
    test::golden::for_each([](const auto& row) {
        INFO(row.title);
        const exact payload{row.bytes.substr(5)};
        CHECK(is(frame{row.bytes[4], payload.view()}, row.message));

        const auto decoded = decode<message_of<std::remove_cvref_t<decltype(row)>>>(payload.view());
        REQUIRE(decoded.error() == errc::ok);
        CHECK(*decoded == row.message);
    });
}

TEST_CASE("no proper prefix of a golden frame is a frame") {
    test::golden::for_each([](const auto& row) {
        INFO(row.title);
        for (std::size_t size = 0; size != row.bytes.size(); ++size) {
            const exact prefix{row.bytes.substr(0, size)};
            auto input = prefix.view();
            frame_decoder decoder{data_size_64k};
            CHECK_FALSE(decoder.next(input).has_value());
            CHECK(decoder.error() == errc::ok);
            CHECK(input.empty());
            CHECK(decoder.in_frame() == (size != 0));
        }
    });
}

TEST_CASE("a golden frame that comes in pieces is decoded when its last piece is there, not before") {
    test::golden::for_each([](const auto& row) {
        INFO(row.title);
        test::for_each_split(row.bytes, [&](const test::pieces& pieces) {
            frame_decoder decoder{data_size_64k};
            std::size_t seen = 0;
            int frames = 0;
            for (const auto piece : pieces) {
                const exact block{piece};
                auto input = block.view();
                seen += piece.size();
                while (const auto next = decoder.next(input)) {
                    ++frames;
                    CHECK(seen == row.bytes.size());
                    CHECK(is(*next, row.message));
                }
                CHECK(input.empty());
            }
            CHECK(frames == 1);
            CHECK(decoder.error() == errc::ok);
            CHECK_FALSE(decoder.in_frame());
        });
    });
}

TEST_CASE("what follows a golden frame is left in the input, untouched") {
    constexpr std::string_view following{"\0\0\0\1Qrest", 9};
    test::golden::for_each([&](const auto& row) {
        INFO(row.title);
        const exact both{std::string{row.bytes}.append(following)};
        auto input = both.view();
        frame_decoder decoder{data_size_64k};
        const auto next = decoder.next(input);
        REQUIRE(next.has_value());
        CHECK(is(*next, row.message));
        CHECK(input == following);
        CHECK(input.data() == both.data() + row.bytes.size());
    });
}
