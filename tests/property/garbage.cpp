// SPDX-License-Identifier: MIT
// Whatever comes in gives frames or one error, and the same ones however it is cut.
#include <kilter/codec.hpp>

#include <random>
#include <string>
#include <type_traits>
#include <variant>
#include <vector>

#include "golden/messages.hpp"
#include "support/catch.hpp"
#include "support/exact.hpp"
#include "support/random_message.hpp"
#include "support/splits.hpp"

using namespace kilter;
using test::exact;

namespace {

/// What a decoder made of a stream.
struct outcome {
    std::vector<std::string> frames{};
    errc error{};
    std::uint32_t length{};  ///< the wrong one
    bool in_frame{};

    bool operator==(const outcome&) const = default;
};

/// A message that was read may be sent, and is read as the same again; or check() says why it may not.
template <class M>
void check_reencodes(const M& message, const frame& in) {
    std::string bytes;
    const auto wrong = check(message);
    REQUIRE(encode(message, bytes) == wrong);
    REQUIRE(bytes.empty() == (wrong != errc::ok));
    if (wrong != errc::ok) return;

    // No longer than it was, but for the NUL that may be missing.
    REQUIRE(bytes.size() <= 5 + in.payload.size() + 1);
    REQUIRE(bytes[4] == in.code);
    const exact payload{std::string_view{bytes}.substr(5)};
    const auto again = decode<M>(payload.view());
    REQUIRE(again.error() == errc::ok);
    if constexpr (std::is_same_v<M, reply::quarantine>)
        REQUIRE(again->reason.size() == message.reason.size());  // control characters are sent as spaces
    else
        REQUIRE(*again == message);
}

void check_frame(const frame& in) {
    const exact payload{in.payload};
    const frame alone{in.code, payload.view()};
    if (const auto command = decode_command(alone))
        std::visit([&](const auto& message) { check_reencodes(message, in); }, *command);
    if (const auto reply = decode_reply(alone))
        std::visit([&](const auto& message) { check_reencodes(message, in); }, *reply);
}

outcome decode_pieces(const test::pieces& pieces) {
    frame_decoder decoder{data_size_64k};
    outcome all;
    for (const auto piece : pieces) {
        const exact block{piece};
        auto input = block.view();
        while (const auto next = decoder.next(input)) {
            all.frames.push_back(std::string{next->code}.append(next->payload));
            check_frame(*next);
        }
        if (decoder.error() == errc::ok) REQUIRE(input.empty());
    }
    all.error = decoder.error();
    all.length = all.error == errc::ok ? 0 : decoder.length();
    all.in_frame = all.error == errc::ok && decoder.in_frame();
    return all;
}

/// Returns how many frames there were.
std::size_t check_stream(std::string_view stream) {
    const auto at_once = decode_pieces(test::whole(stream));
    REQUIRE(decode_pieces(test::byte_by_byte(stream)) == at_once);
    REQUIRE(decode_pieces(test::in_pieces(stream, 7)) == at_once);
    return at_once.frames.size();
}

}  // namespace

TEST_CASE("random bytes give frames or one error") {
    for (std::uint32_t seed = 0; seed != 1000; ++seed) {
        INFO("seed " << seed);
        test::random_messages random{seed};
        check_stream(random.bytes(random.below(100)));
    }
}

TEST_CASE("random payloads behind a good length are read, or refused") {
    constexpr std::string_view codes = "ODCHMRTULNBEAQKOcartdspyf4him+2-ebqe";
    std::size_t frames = 0;
    for (std::uint32_t seed = 0; seed != 2000; ++seed) {
        INFO("seed " << seed);
        test::random_messages random{seed};
        std::string stream;
        for (int i = 0; i != 5; ++i) {
            auto payload = random.bytes(random.below(30));
            for (auto& c : payload)
                if (random.below(3) == 0) c = '\0';
            stream.append(3, '\0').push_back(static_cast<char>(payload.size() + 1));
            stream.push_back(codes[random.below(codes.size())]);
            stream.append(payload);
        }
        frames += check_stream(stream);
    }
    CHECK(frames == 10000);
}

TEST_CASE("golden frames with bytes changed, lost or added give frames or one error") {
    std::string golden;
    test::golden::for_each([&](const auto& row) { golden.append(row.bytes); });
    std::size_t frames = 0;
    for (std::uint32_t seed = 0; seed != 400; ++seed) {
        INFO("seed " << seed);
        test::random_messages random{seed};
        auto stream = golden;
        for (auto changes = 1 + random.below(4); changes != 0; --changes) {
            const auto at = random.below(static_cast<std::uint32_t>(stream.size()));
            switch (random.below(4)) {
                case 0: stream[at] = static_cast<char>(random.below(256)); break;
                case 1: stream[at] = static_cast<char>(stream[at] ^ (1 << random.below(8))); break;
                case 2: stream.erase(at, 1 + random.below(8)); break;
                default: stream.insert(at, random.bytes(1 + random.below(8)));
            }
        }
        frames += check_stream(stream);
    }
    CHECK(frames > 4000);  // most of them get somewhere
}

TEST_CASE("each golden payload with one byte changed is read, or refused") {
    test::random_messages random{3};
    test::golden::for_each([&](const auto& row) {
        INFO(row.title);
        for (std::size_t at = 5; at < row.bytes.size(); ++at)
            for (const unsigned value :
                 {0x00u, 0x0au, 0x20u, 0x25u, 0x30u, 0x7fu, 0xffu, random.below(256)}) {
                std::string bytes{row.bytes};
                bytes[at] = static_cast<char>(value);
                check_frame({bytes[4], std::string_view{bytes}.substr(5)});
            }
    });
}

TEST_CASE("each golden payload cut short is read, or refused") {
    test::golden::for_each([](const auto& row) {
        INFO(row.title);
        for (std::size_t size = 5; size < row.bytes.size(); ++size)
            check_frame({row.bytes[4], row.bytes.substr(5, size - 5)});
    });
}
