// SPDX-License-Identifier: MIT
// What allocates, and above all what doesn't: counted by operator new.
#include <kilter/codec.hpp>

#include <cstddef>
#include <string>
#include <variant>
#include <vector>

#include <kilter/modifications.hpp>
#include <kilter/negotiation.hpp>
#include <kilter/session.hpp>

#include "golden/messages.hpp"
#include "support/catch.hpp"
#include "support/heap.hpp"
#include "support/splits.hpp"

using namespace kilter;
using namespace std::string_view_literals;

// A session is small: a server may have thousands.
static_assert(sizeof(filter_session) <= 256);
static_assert(sizeof(mta_session) <= 256);

namespace {

/// How often `work` allocates.
template <class Work>
std::size_t allocations_of(Work work) {
    const auto before = test::heap.allocations;
    work();
    return test::heap.allocations - before;
}

std::string golden_stream() {
    std::string stream;
    test::golden::for_each([&](const auto& row) { stream.append(row.bytes); });
    return stream;
}

/// Decodes each frame in both directions, and walks through nothing else.
template <class Decoder>
int decode_all(Decoder& decoder, std::string_view piece) {
    int messages = 0;
    while (const auto next = decoder.next(piece)) {
        if (decode_command(*next)) ++messages;
        if (decode_reply(*next)) ++messages;
    }
    return messages;
}

/// What an MTA says about one mail, with replies to all of it, but for the macros.
const std::string& mail() {
    static const std::string bytes{
        "\0\0\0\2DM"
        "\0\0\0\7M<s@x>\0"
        "\0\0\0\x12"
        "DR{rcpt_addr}\0r@y\0"
        "\0\0\0\7R<r@y>\0"
        "\0\0\0\1T"
        "\0\0\0\5LA\0"
        "1\0"
        "\0\0\0\5LB\0"
        "2\0"
        "\0\0\0\1N"
        "\0\0\0\4Bx\r\n"
        "\0\0\0\4By\r\n"
        "\0\0\0\1E"sv};
    return bytes;
}

/// Replies to the events in `bytes`, and says how many there were.
int answer(filter_session& session, std::string_view bytes, std::string& out) {
    int events = 0;
    for (const auto& event : session.receive(bytes)) {
        ++events;
        if (const auto* offer = std::get_if<command::negotiate>(&event))
            static_cast<void>(session.send(agree(*offer, {.actions = all_actions}), out));
        if (std::holds_alternative<command::end_of_message>(event))
            static_cast<void>(session.send(reply::add_header{.name = "X-Scan", .value = "clean"}, out));
        static_cast<void>(session.send(reply::proceed{}, out));
    }
    return events;
}

}  // namespace

TEST_CASE("the counter of allocations counts") {
    // Without somebody who looks at it, a compiler may leave a block out.
    [[maybe_unused]] static const char* volatile looked_at = nullptr;
    CHECK(allocations_of([] {
              const std::vector<char> block(100);
              looked_at = block.data();
          }) == 1);
    CHECK(allocations_of([] { delete new int; }) <= 1);
    CHECK(allocations_of([] {}) == 0);
}

TEST_CASE("whole frames are decoded without an allocation") {
    const auto stream = golden_stream();
    frame_decoder decoder{data_size_64k};
    int messages = 0;
    CHECK(allocations_of([&] { messages = decode_all(decoder, stream); }) == 0);
    CHECK(messages > 60);
}

TEST_CASE("messages are encoded without an allocation into an output with room") {
    std::string text;
    std::vector<std::byte> bytes;
    text.reserve(10000);
    bytes.reserve(10000);
    const auto encode_all = [&] {
        test::golden::for_each([&](const auto& row) {
            static_cast<void>(encode(row.message, text));
            static_cast<void>(encode(row.message, bytes));
        });
    };
    CHECK(allocations_of(encode_all) == 0);
    CHECK(text == golden_stream());
    CHECK(bytes.size() == text.size());
}

TEST_CASE("an output without room grows once for a message, and once for all pieces of a body") {
    const std::string body(300'000, 'x');
    std::string one;
    CHECK(allocations_of([&] { static_cast<void>(encode(reply::replace_body{body}, one, 300'000)); }) == 1);
    std::string pieces;
    CHECK(allocations_of([&] { static_cast<void>(encode_in_pieces(reply::replace_body{body}, pieces)); }) ==
          1);
    CHECK(pieces.size() == 300'000 + 5 * 5);
}

TEST_CASE("frames in pieces are decoded without an allocation once the buffer has grown") {
    const auto stream = golden_stream();
    const auto pieces = test::in_pieces(stream, 7);
    frame_decoder decoder{data_size_64k};
    int messages = 0;
    const auto decode_pieces = [&] {
        for (const auto piece : pieces) messages += decode_all(decoder, piece);
    };
    CHECK(allocations_of(decode_pieces) > 0);
    const auto first = messages;
    CHECK(allocations_of(decode_pieces) == 0);
    CHECK(messages == 2 * first);
}

TEST_CASE("a session hears and answers mail after mail without an allocation") {
    filter_session session;
    std::string out;
    out.reserve(10000);
    std::vector<int> events(6);
    const auto offer = "\0\0\0\x0dO\0\0\0\6\0\0\1\xff\0\x1f\xff\xff"sv;
    const auto client =
        "\0\0\0\x0f"
        "Ca\0"
        "4\4\1"
        "10.0.0.1\0"
        "\0\0\0\3Ha\0"sv;
    const auto one_connection = [&] {
        events[0] = answer(session, offer, out);
        events[1] = answer(session, client, out);
        for (std::size_t i = 2; i != 6; ++i) {
            out.clear();
            events[i] = answer(session, mail(), out);
        }
    };
    static_cast<void>(mail());
    CHECK(allocations_of(one_connection) == 0);
    CHECK(session.error() == errc::ok);
    CHECK(events == std::vector<int>{1, 2, 11, 11, 11, 11});
    // Replies to M R T L L N B B, and to E with a header field.
    CHECK(out ==
          "\0\0\0\1c\0\0\0\1c\0\0\0\1c\0\0\0\1c\0\0\0\1c\0\0\0\1c\0\0\0\1c\0\0\0\1c"
          "\0\0\0\x0ehX-Scan\0clean\0\0\0\0\1c"sv);
}

TEST_CASE("a session hears mail in pieces without an allocation once its buffer has grown") {
    filter_session session;
    std::string out;
    out.reserve(10000);
    const auto pieces = test::in_pieces(mail(), 7);
    answer(session, "\0\0\0\x0dO\0\0\0\6\0\0\1\xff\0\x1f\xff\xff"sv, out);
    answer(session,
           "\0\0\0\x0f"
           "Ca\0"
           "4\4\1"
           "10.0.0.1\0"
           "\0\0\0\3Ha\0"sv,
           out);
    int events = 0;
    const auto one_mail = [&] {
        out.clear();
        for (const auto piece : pieces) events += answer(session, piece, out);
    };
    one_mail();
    CHECK(allocations_of(one_mail) == 0);
    CHECK(events == 22);
}

TEST_CASE("modifications that are cleared hold no memory, however large they were") {
    const std::string body(1'000'000, 'x');
    const std::string value(1'000, 'x');
    const auto before = test::heap.blocks;
    modifications changes;
    changes.update(reply::replace_body{body});
    changes.update(reply::add_header{"A", value});
    CHECK(test::heap.blocks == before + 2);
    changes.clear();
    CHECK(test::heap.blocks == before);
}
