// SPDX-License-Identifier: MIT
// The library's decoders and the naive ones make the same of everything, and of what the library writes the
// naive ones make what it was.
#include "support/naive_decoder.hpp"

#include <string>
#include <string_view>
#include <vector>

#include "golden/messages.hpp"
#include "support/catch.hpp"
#include "support/exact.hpp"
#include "support/random_message.hpp"
#include "support/splits.hpp"

using namespace kilter;
namespace naive = test::naive;
using namespace std::string_view_literals;

namespace {

/// All codes that there are, and some that there aren't.
constexpr std::string_view codes = "ODCHMRTULNBEAQKcartdspyf4him+2-ebqlX\x05";

naive::frame frame_in(std::string_view bytes) { return {bytes[4], std::string{bytes.substr(5)}}; }

/// So that what doesn't agree is shown.
std::string shown(const naive::message& m) {
    auto text = m.name.empty() ? "wrong: " + std::to_string(static_cast<int>(m.error)) : m.name;
    for (const auto& f : m.fields) text.append("|").append(f.name).append("=").append(f.value);
    return text;
}

/// True if the frame is a command or a reply.
bool check_frame(const naive::frame& in) {
    const test::exact payload{in.payload};
    const frame same{in.code, payload.view()};
    const auto command = naive::command(in);
    const auto reply = naive::reply(in);
    const auto our_command = naive::plain(decode_command(same));
    const auto our_reply = naive::plain(decode_reply(same));
    if (our_command != command) CHECK(shown(our_command) == shown(command));
    if (our_reply != reply) CHECK(shown(our_reply) == shown(reply));
    REQUIRE(our_command == command);
    REQUIRE(our_reply == reply);
    return command.error == naive::wrong::nothing || reply.error == naive::wrong::nothing;
}

/// Returns how many frames there were.
std::size_t check_stream(const std::string& stream, std::uint32_t limit, test::random_messages& random) {
    const auto expected = naive::cut(stream, limit);
    const auto check_pieces = [&](const test::pieces& pieces) {
        REQUIRE(naive::plain_frames(pieces, frame_decoder{limit}) == expected);
    };
    check_pieces(test::whole(stream));
    check_pieces(test::byte_by_byte(stream));
    for (int i = 0; i != 4; ++i)
        check_pieces(test::in_two(stream, random.below(static_cast<std::uint32_t>(stream.size() + 1))));
    check_pieces(test::in_pieces(stream, 1 + random.below(20)));
    for (const auto& whole : expected.whole) check_frame(whole);
    return expected.whole.size();
}

}  // namespace

TEST_CASE("the naive decoder reads each golden frame as its message") {
    test::golden::for_each([]<class M>(const test::golden::row<M>& row) {
        INFO(row.title);
        const auto in = frame_in(row.bytes);
        const auto read = command_message<M> ? naive::command(in) : naive::reply(in);
        CHECK(shown(read) == shown(naive::plain(row.message)));
        check_frame(in);
    });
}

TEST_CASE("the naive decoder agrees on all short payloads of a few bytes, for each code", "[slow]") {
    constexpr std::string_view alphabet{
        "\0\x01"
        "4LUa\xff",
        7};
    std::size_t good = 0;
    for (const char code : codes) {
        std::vector<std::string> payloads{""};
        for (std::size_t at = 0; at != payloads.size(); ++at) {
            INFO("code " << code << ", payload number " << at);
            good += check_frame({code, payloads[at]});
            if (payloads[at].size() == 4) continue;
            for (const char c : alphabet) payloads.push_back(payloads[at] + c);
        }
        CHECK(payloads.size() == 2801);
    }
    CHECK(good > 10000);
}

TEST_CASE("the naive decoder agrees on each code and each payload of one byte", "[slow]") {
    for (unsigned code = 0; code != 256; ++code)
        for (unsigned byte = 0; byte != 256; ++byte)
            check_frame({static_cast<char>(code), std::string(1, static_cast<char>(byte))});
}

TEST_CASE("the naive decoder agrees on golden payloads with a byte changed, and on each beginning of them") {
    test::random_messages random{5};
    test::golden::for_each([&](const auto& row) {
        INFO(row.title);
        const auto whole = frame_in(row.bytes);
        for (std::size_t size = 0; size <= whole.payload.size(); ++size)
            check_frame({whole.code, whole.payload.substr(0, size)});
        for (std::size_t at = 0; at != whole.payload.size(); ++at)
            for (const unsigned value : {0x00u, 0x01u, 0x34u, 0x55u, 0x7fu, 0xffu, random.below(256)}) {
                auto changed = whole;
                changed.payload[at] = static_cast<char>(value);
                check_frame(changed);
            }
        for (const std::string_view more : {"x"sv, "\0"sv, "x\0"sv, "\0\0"sv})
            check_frame({whole.code, whole.payload + std::string{more}});
    });
}

TEST_CASE("the naive decoder agrees on random payloads", "[slow]") {
    std::size_t good = 0;
    for (std::uint32_t seed = 0; seed != 20000; ++seed) {
        INFO("seed " << seed);
        test::random_messages random{seed};
        naive::frame in{codes[random.below(codes.size())], random.bytes(random.below(40))};
        for (auto& c : in.payload)
            if (random.below(3) == 0) c = '\0';
        good += check_frame(in);
    }
    CHECK(good > 2000);
}

TEST_CASE("the naive decoder cuts golden streams with changed bytes as the library does") {
    std::string golden;
    test::golden::for_each([&](const auto& row) { golden.append(row.bytes); });
    std::size_t frames = 0;
    for (std::uint32_t seed = 0; seed != 300; ++seed) {
        INFO("seed " << seed);
        test::random_messages random{seed};
        auto stream =
            golden.substr(random.below(static_cast<std::uint32_t>(golden.size())) * random.below(2));
        for (auto changes = random.below(4); changes != 0; --changes) {
            const auto at = random.below(static_cast<std::uint32_t>(stream.size()));
            switch (random.below(4)) {
                case 0: stream[at] = static_cast<char>(random.below(256)); break;
                case 1: stream[at] = static_cast<char>(stream[at] ^ (1 << random.below(8))); break;
                case 2: stream.erase(at, 1 + random.below(8)); break;
                default: stream.insert(at, random.bytes(1 + random.below(8)));
            }
            if (stream.empty()) break;
        }
        frames += check_stream(stream, random.below(2) == 0 ? data_size_64k : 20 + random.below(20), random);
    }
    CHECK(frames > 2000);
}

TEST_CASE("the naive decoder agrees on lengths at the limits") {
    test::random_messages random{6};
    for (const std::uint64_t length :
         {0ull, 1ull, 2ull, 20ull, 21ull, 22ull, 0x0a0d0920ull, 0x20202020ull, 0x7e7e7e7eull, 0x7f7e7e7eull,
          0x7fffffffull, 0x80000000ull, 0x80000001ull, 0xffffffffull}) {
        INFO("length " << length);
        std::string stream;
        for (int shift = 24; shift >= 0; shift -= 8)
            stream.push_back(static_cast<char>(length >> shift & 0xff));
        check_stream(stream.substr(0, 3), 20, random);
        check_stream(stream, 20, random);
        check_stream(stream + "N", 20, random);
        check_stream(stream + std::string(30, 'x'), 20, random);
    }
    const std::string longest = std::string{"\0\1\0\0B", 5} + std::string(data_size_64k, 'x');
    CHECK(check_stream(longest, data_size_64k, random) == 1);
    CHECK(check_stream(std::string{"\0\1\0\1B", 5} + longest, data_size_64k, random) == 0);
}

TEST_CASE("the naive decoder reads what the library writes") {
    for (std::uint32_t seed = 0; seed != 3000; ++seed) {
        INFO("seed " << seed);
        test::random_messages random{seed};
        const auto check = [](const naive::message& read, const naive::message& written, std::size_t size,
                              const naive::frames& cut) {
            REQUIRE(shown(read) == shown(written));
            REQUIRE(cut.whole.size() == 1);
            REQUIRE(cut.rest.empty());
            REQUIRE(cut.whole[0].payload.size() + 5 == size);
        };
        std::string bytes;
        random.make_any(wire::commands, [&](const auto& message) {
            REQUIRE(encode(message, bytes) == errc::ok);
            const auto cut = naive::cut(bytes, data_size_64k);
            check(naive::command(cut.whole.at(0)), naive::plain(message), bytes.size(), cut);
        });
        bytes.clear();
        random.make_any(wire::replies, [&]<class M>(const M& message) {
            REQUIRE(encode(message, bytes) == errc::ok);
            const auto cut = naive::cut(bytes, data_size_64k);
            auto expected = naive::plain(message);
            if constexpr (std::is_same_v<M, reply::quarantine>)
                for (auto& c : expected.fields[0].value)
                    if (static_cast<unsigned char>(c) < 32 || c == 127) c = ' ';  // it is sent so
            check(naive::reply(cut.whole.at(0)), expected, bytes.size(), cut);
        });
    }
}
