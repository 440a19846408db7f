// SPDX-License-Identifier: MIT
// Any bytes to the decoders: each frame is read or refused, and what is read is written as it was, or in the
// one form that we write.
#include <kilter/codec.hpp>
#include <kilter/match.hpp>

#include "fuzz/frames.hpp"

namespace {

using namespace kilter;
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

void check_frame(const frame& in) {
    const test::exact payload{in.payload};
    const frame alone{in.code, payload.view()};
    if (const auto command = decode_command(alone))
        match(*command, [&](const auto& m) { check_written(m, in); });
    if (const auto reply = decode_reply(alone)) match(*reply, [&](const auto& m) { check_written(m, in); });
}

template <class Decoder>
std::string frames_in(const test::pieces& pieces, Decoder decoder) {
    std::string log;
    for (const auto piece : pieces) {
        const test::exact input{piece};
        auto rest = input.view();
        while (const auto next = decoder.next(rest)) {
            log.append(1, next->code).append(next->payload).append("|");
            check_frame(*next);
        }
        require(decoder.error() != errc::ok || rest.empty(), "nothing is left lying");
    }
    return log.append(to_string(decoder.error()));
}

/// The same, as slowly and simply as it can be done.
std::string frames_by_the_book(std::string_view stream, std::uint32_t limit) {
    std::string log;
    while (stream.size() >= 4) {
        std::uint64_t length = 0;
        bool text = true;
        for (const char c : stream.substr(0, 4)) {
            length = length * 256 + static_cast<unsigned char>(c);
            text = text && ((c >= ' ' && c <= '~') || c == '\r' || c == '\n' || c == '\t');
        }
        if (length == 0) return log.append(to_string(errc::zero_length));
        if (length > std::uint64_t{limit} + 1)
            return log.append(to_string(text ? errc::not_a_milter : errc::frame_too_long));
        if (stream.size() - 4 < length) break;
        log.append(stream.substr(4, static_cast<std::size_t>(length))).append("|");
        stream.remove_prefix(static_cast<std::size_t>(4 + length));
    }
    return log.append(to_string(errc::ok));
}

}  // namespace

extern "C" int LLVMFuzzerTestOneInput(const std::uint8_t* data, std::size_t size) {
    fuzz::reader input{fuzz::view(data, size)};
    const fuzz::head head{input};
    const auto stream = input.rest();
    const auto limit = head.flags % 2 == 0 ? data_size_64k : 20;
    const auto expected = frames_by_the_book(stream, limit);
    require(frames_in({stream}, frame_decoder{limit}) == expected, "frames are what the book says");
    require(frames_in(head.cut(stream), frame_decoder{limit}) == expected, "also cut");
    require(frames_in(test::byte_by_byte(stream), frame_decoder{limit}) == expected, "also byte by byte");

    // Without a heap: no frame is taken that wouldn't fit if it came in pieces.
    using without_heap = basic_frame_decoder<fixed_buffer<64>>;
    const auto fitting = std::min<std::uint32_t>(limit, 64 - 5);
    require(frames_in(head.cut(stream), without_heap{limit}) == frames_by_the_book(stream, fitting),
            "also in a buffer of 64 bytes");
    return 0;
}

extern "C" std::size_t LLVMFuzzerCustomMutator(std::uint8_t* data, std::size_t size, std::size_t most,
                                               unsigned seed) {
    return seed % 2 == 0 ? fuzz::mutate(data, size, most, seed, wire::commands)
                         : fuzz::mutate(data, size, most, seed, wire::replies);
}
