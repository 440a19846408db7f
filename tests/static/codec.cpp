// SPDX-License-Identifier: MIT
// The codec at compile time: into spans and fixed buffers, and frames from every split of a stream.
#include <kilter/codec.hpp>

#include <array>
#include <span>
#include <string_view>
#include <variant>

using namespace kilter;
using namespace std::string_view_literals;

namespace {

constexpr command::header subject{.name = "Subject", .value = "one"};
constexpr auto subject_frame = "\0\0\0\x0dLSubject\0one\0"sv;

constexpr bool encodes_into_a_fixed_buffer() {
    fixed_buffer<32> out;
    if (encode(command::quit{}, out) != errc::ok || encode(subject, out) != errc::ok) return false;
    return std::string_view{out.data(), 5} == "\0\0\0\1Q"sv &&
           std::string_view{out.data() + 5, out.size() - 5} == subject_frame;
}
static_assert(encodes_into_a_fixed_buffer());

constexpr bool encodes_into_a_span() {
    std::array<char, 17> out{};
    const auto size = encode(subject, std::span<char>{out});
    return size && *size == 17 && std::string_view{out.data(), out.size()} == subject_frame &&
           encode(subject, std::span<char>{out}.first(16)).error() == errc::no_room;
}
static_assert(encodes_into_a_span());

constexpr bool cuts_a_body() {
    fixed_buffer<20> out;
    return encode_in_pieces(reply::replace_body{"abcde"}, out, 2) == errc::ok &&
           std::string_view{out.data(), out.size()} == "\0\0\0\3bab\0\0\0\3bcd\0\0\0\2be"sv;
}
static_assert(cuts_a_body());

static_assert(encoded_size(subject) == 17);
static_assert(check(subject) == errc::ok);
static_assert(check(reply::add_header{.name = "a b"}) == errc::bad_header_name);
static_assert(check(reply::reply_code{"550 5.7.1 No"}) == errc::ok);
static_assert(check(reply::reply_code{"250 ok"}) == errc::bad_reply_text);

static_assert(*decode<command::header>("Subject\0one\0"sv) == subject);
static_assert(decode<command::header>("Subject\0one"sv).error() == errc::missing_nul);

constexpr bool decodes_to_a_variant() {
    const auto command = decode_command({'L', "Subject\0one\0"sv});
    const auto reply = decode_reply({'y', "550 No"sv});
    return command && std::holds_alternative<command::header>(*command) &&
           std::get<command::header>(*command) == subject && reply &&
           std::get<reply::reply_code>(*reply).text == "550 No" &&
           decode_command({'x', ""}).error() == errc::unknown_code;
}
static_assert(decodes_to_a_variant());

/// Two frames, the first one cut off at `first`, the rest at `second`.
constexpr bool decodes_from_three_pieces(std::size_t first, std::size_t second) {
    constexpr auto stream = "\0\0\0\4Hab\0\0\0\0\3Bxy"sv;
    const std::array pieces{stream.substr(0, first), stream.substr(first, second - first),
                            stream.substr(second)};
    basic_frame_decoder<fixed_buffer<8>> decoder{3};
    int frames = 0;
    for (auto piece : pieces)
        while (const auto next = decoder.next(piece)) {
            const bool good = frames == 0 ? *next == frame{'H', "ab\0"sv} : *next == frame{'B', "xy"sv};
            if (!good) return false;
            ++frames;
        }
    return frames == 2 && decoder.error() == errc::ok && !decoder.in_frame();
}

constexpr bool decodes_from_every_three_pieces() {
    for (std::size_t second = 0; second <= 15; ++second)
        for (std::size_t first = 0; first <= second; ++first)
            if (!decodes_from_three_pieces(first, second)) return false;
    return true;
}
static_assert(decodes_from_every_three_pieces());

constexpr bool refuses_a_wrong_length() {
    basic_frame_decoder<fixed_buffer<8>> decoder{3};
    auto text = "GET /"sv;
    return !decoder.next(text) && decoder.error() == errc::not_a_milter && decoder.length() == 0x47455420;
}
static_assert(refuses_a_wrong_length());

}  // namespace
