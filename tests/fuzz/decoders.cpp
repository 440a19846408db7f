// SPDX-License-Identifier: MIT
// Any bytes to the decoders: each frame is read or refused, and what is read is written as it was, or in the
// one form that we write.
#include <kilter/codec.hpp>
#include <kilter/match.hpp>

#include "fuzz/frames.hpp"
#include "support/naive_decoder.hpp"

namespace {

using namespace kilter;
namespace naive = test::naive;
using fuzz::require;

template <class M>
void check_written(const M& message, const frame& in) {
    std::string bytes;
    const auto wrong = check(message);
    require(encode(message, bytes) == wrong, "encode() says what check() says");
    require(bytes.empty() == (wrong != errc::ok), "what can't be sent isn't written");
    if (wrong != errc::ok) return;
    require(bytes.size() == encoded_size(message), "the size is known before");
    require(bytes[length_size] == in.code, "the code is the same");
    require(bytes.size() <= frame_overhead + in.payload.size() + 1, "but for a NUL nothing is added");

    const test::exact payload{std::string_view{bytes}.substr(frame_overhead)};
    const auto again = decode<M>(payload.view());
    require(again.has_value(), "what is written can be read");
    std::string twice;
    require(encode(*again, twice) == errc::ok && twice == bytes, "and is written the same again");
    if constexpr (!std::is_same_v<M, reply::quarantine>) require(*again == message, "it is the same message");
}

void check_frame(const naive::frame& in) {
    const test::exact payload{in.payload};
    const frame alone{in.code, payload.view()};
    const auto command = decode_command(alone);
    const auto reply = decode_reply(alone);
    require(naive::plain(command) == naive::command(in), "it is the command that the naive decoder reads");
    require(naive::plain(reply) == naive::reply(in), "it is the reply that the naive decoder reads");
    if (command) match(*command, [&](const auto& m) { check_written(m, alone); });
    if (reply) match(*reply, [&](const auto& m) { check_written(m, alone); });
}

}  // namespace

extern "C" int LLVMFuzzerTestOneInput(const std::uint8_t* data, std::size_t size) {
    fuzz::reader input{fuzz::view(data, size)};
    const fuzz::head head{input};
    const auto stream = input.rest();
    const auto limit = head.flags % 2 == 0 ? data_size_64k : 20;
    const auto expected = naive::cut(stream, limit);
    for (const auto& whole : expected.whole) check_frame(whole);
    require(naive::plain_frames(test::whole(stream), frame_decoder{limit}) == expected,
            "frames are what the naive decoder finds");
    require(naive::plain_frames(head.cut(stream), frame_decoder{limit}) == expected, "also cut");
    require(naive::plain_frames(test::byte_by_byte(stream), frame_decoder{limit}) == expected,
            "also byte by byte");

    // Without a heap: no frame is taken that wouldn't fit if it came in pieces.
    using without_heap = basic_frame_decoder<fixed_buffer<64>>;
    const auto fitting = std::min<std::uint32_t>(limit, 64 - 5);
    require(naive::plain_frames(head.cut(stream), without_heap{limit}) == naive::cut(stream, fitting),
            "also in a buffer of 64 bytes");
    return 0;
}

extern "C" std::size_t LLVMFuzzerCustomMutator(std::uint8_t* data, std::size_t size, std::size_t most,
                                               unsigned seed) {
    return seed % 2 == 0 ? fuzz::mutate(data, size, most, seed, wire::commands)
                         : fuzz::mutate(data, size, most, seed, wire::replies);
}
