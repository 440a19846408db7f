// SPDX-License-Identifier: MIT
// Where the next bytes may be read to: without a copy, in bounds, and with the same events as ever.
#include <kilter/session.hpp>

#include "support/catch.hpp"
#include "support/counted.hpp"
#include "support/pair.hpp"

#include <algorithm>
#include <array>
#include <new>
#include <span>
#include <string>
#include <string_view>

using namespace kilter;
using namespace test;
using namespace std::string_view_literals;

namespace {

using counted_decoder = basic_frame_decoder<counted_buffer>;
using counted_session = session<side::filter, counted_buffer>;

/// Reads like a socket: not more than there is, nor than there is room for.
std::string_view read_some(std::string_view& stream, std::span<char> to) {
    const auto count = std::min(stream.size(), to.size());
    std::copy_n(stream.data(), count, to.data());
    stream.remove_prefix(count);
    return {to.data(), count};
}

const std::string large_payload(30'000, 'x');
const auto large_frame = raw('B', large_payload);

/// Gives a decoder the first bytes of a stream, which end in the middle of a frame.
template <class Decoder>
void begin(Decoder& decoder, std::string_view& stream, std::size_t count) {
    auto input = stream.substr(0, count);
    stream.remove_prefix(count);
    while (decoder.next(input)) continue;
    REQUIRE(decoder.in_frame());
}

const std::string& offer() {
    static const auto bytes = bytes_of(command::negotiate{});
    return bytes;
}

/// An MTA's side of a connection with two mails, the second of them with large pieces of a body.
std::string mails() {
    std::string stream = offer();
    const std::string body(65'535, 'b');
    for (const auto& chunk : {"short\r\n"sv, std::string_view{body}}) {
        stream += bytes_of(command::connect{"mx"}, command::helo{"mx"}, command::mail{"<a@b>"},
                           command::rcpt{"<c@d>"}, command::data{}, command::header{"Subject", "x"},
                           command::end_of_headers{});
        for (int i = 0; i != 3; ++i) stream += bytes_of(command::body{chunk});
        stream += bytes_of(command::end_of_message{}, command::quit_nc{});
    }
    return stream;
}

/// What a session heard, and in how many reads.
struct run {
    lines heard{};
    std::size_t reads = 0;
};

/// Reads a stream into room() where there is some, else into a buffer of `elsewhere` bytes, and never more
/// than `most` at a time. Agrees to the offer, and has no opinion of anything else.
template <class Session>
run hear(Session& session, std::string_view stream, std::size_t elsewhere, std::size_t most = 1 << 20) {
    std::string buffer(elsewhere, '?');
    std::string out;
    run r;
    while (!stream.empty()) {
        auto to = session.room();
        if (to.empty()) to = buffer;
        ++r.reads;
        for (const auto& event : session.receive(read_some(stream, to.first(std::min(to.size(), most))))) {
            r.heard.push_back(describe(event));
            if (const auto* made = std::get_if<command::negotiate>(&event))
                session.send(agree(*made, {}), out);
            else
                session.send(reply::proceed{}, out);
        }
    }
    CHECK(session.error() == errc::ok);
    return r;
}
run hear(std::string_view stream, std::size_t elsewhere, std::size_t most = 1 << 20) {
    filter_session session;
    return hear(session, stream, elsewhere, most);
}

}  // namespace

TEST_CASE("there is room for the rest of a large frame in hand, and for the beginning of the next") {
    std::string_view stream = large_frame;
    frame_decoder decoder{data_size_64k};
    begin(decoder, stream, 20'000);
    CHECK(decoder.room().size() == 10'005 + frame_overhead);
}

TEST_CASE(
    "there is no room if little is missing, between frames, before the length is known, after an error") {
    frame_decoder decoder{data_size_64k};
    CHECK(decoder.room().empty());
    auto length = std::string_view{large_frame}.substr(0, 3);
    CHECK_FALSE(decoder.next(length));
    CHECK(decoder.room().empty());
    auto most = std::string_view{large_frame}.substr(3, large_frame.size() - 3 - 4096);
    CHECK_FALSE(decoder.next(most));
    CHECK(decoder.room().empty());
    auto rest = std::string_view{large_frame}.substr(large_frame.size() - 4096);
    CHECK(decoder.next(rest));
    CHECK(decoder.room().empty());
    auto wrong = "HTTP/1.1"sv;
    CHECK_FALSE(decoder.next(wrong));
    CHECK(decoder.room().empty());
}

TEST_CASE("room that a large frame has left is no reason to read more than a smaller one") {
    const auto frames = large_frame + raw('B', std::string(9'995, 'y'));
    std::string_view stream = frames;
    frame_decoder decoder{data_size_64k};
    begin(decoder, stream, 20'000);
    auto rest = stream.substr(0, large_frame.size() - 20'000);
    stream.remove_prefix(rest.size());
    REQUIRE(decoder.next(rest));
    begin(decoder, stream, 100);
    CHECK(decoder.room().size() == 9'900 + frame_overhead);
}

TEST_CASE("what is read into the room stays where it is") {
    std::string_view stream = large_frame;
    frame_decoder decoder{data_size_64k};
    begin(decoder, stream, 20'000);
    auto bytes = read_some(stream, decoder.room());
    const auto* first_read = bytes.data();
    const auto found = decoder.next(bytes);
    REQUIRE(found);
    CHECK(found->payload == large_payload);
    CHECK(found->payload.data() + (20'000 - frame_overhead) == first_read);
}

TEST_CASE("what is read elsewhere although there is room is heard as well") {
    std::string_view stream = large_frame;
    frame_decoder decoder{data_size_64k};
    begin(decoder, stream, 20'000);
    const auto room = decoder.room();
    std::fill(room.begin(), room.end(), '?');
    const auto found = decoder.next(stream);
    REQUIRE(found);
    CHECK(found->payload == large_payload);
}

TEST_CASE("a body in full frames is read with one call for each frame") {
    const auto stream = mails();
    const auto r = hear(stream, 4096);
    // The small frames come in one read, with the beginning of a body. The room for that one grows, each time
    // to twice what has come; the other two are read whole, and what is behind them at last.
    CHECK(r.reads == 1 + 6 + 2 + 1);
    CHECK(r.heard == hear(stream, stream.size()).heard);
}

TEST_CASE("events are the same whatever is read where") {
    const auto stream = mails();
    const auto expected = hear(stream, stream.size()).heard;
    CHECK(expected.size() == 1 + 2 * 12);
    for (std::size_t elsewhere = 1; elsewhere != 64; ++elsewhere)
        CHECK(hear(stream, elsewhere).heard == expected);
    for (const auto most : {1, 2, 3, 4, 5, 6, 7, 100, 4095, 4096, 65'534, 65'540, 65'545})
        CHECK(hear(stream, 300, static_cast<std::size_t>(most)).heard == expected);
}

TEST_CASE("a length alone is worth a page, and after that room grows with what has come [X13]") {
    usage used;
    counted_decoder decoder{data_size_1m, counted_buffer(counted<char>(used))};
    const auto frame = raw('B', std::string(300'000, 'x'));
    std::string_view stream = frame;
    begin(decoder, stream, 4);
    CHECK(decoder.room().size() == 4092);
    CHECK(used.largest <= 4096);
    std::size_t held = 4;
    while (decoder.in_frame()) {
        auto bytes = read_some(stream, decoder.room());
        held += bytes.size();
        CHECK(used.largest <= std::max<std::size_t>(4096, 2 * held));
        const auto found = decoder.next(bytes);
        CHECK(found.has_value() == (held == frame.size()));
    }
    CHECK(used.largest <= frame.size() + frame_overhead);
}

TEST_CASE("room grows once it is less than half of what has come, or than a quarter of a page") {
    basic_frame_decoder decoder{data_size_1m};
    const auto stream = raw('B', std::string(1'495, 'x')) + raw('B', std::string(100'000, 'x'));
    std::string_view rest = stream;
    begin(decoder, rest, 5);  // so that the first frame comes in pieces: 1,500 bytes are held from then on
    begin(decoder, rest, 1'495 + 476);
    CHECK(decoder.room().size() == 1'500 - 476);
    begin(decoder, rest, 1);
    CHECK(decoder.room().size() == 4'096 - 477);
    begin(decoder, rest, 2'731 - 477);
    CHECK(decoder.room().size() == 4'096 - 2'731);
    begin(decoder, rest, 1);
    CHECK(decoder.room().size() == 2 * 2'732 - 2'732);
}

TEST_CASE("room that has grown stays, and nothing more is allocated") {
    usage used;
    counted_session session{{.payload = data_size_64k}, counted_buffer(counted<char>(used))};
    const auto stream = mails();
    hear(session, stream, 512);
    CHECK(used.allocations != 0);
    const auto before = used.allocations;
    const auto again = hear(session, std::string_view{stream}.substr(offer().size()), 512);
    CHECK(again.heard.size() == 2 * 12);
    CHECK(used.allocations == before);
}

TEST_CASE("room grows a few times in all, however little is read at a time") {
    for (const auto read : {std::size_t{1}, std::size_t{7}, std::size_t{100}}) {
        usage used;
        counted_decoder decoder{data_size_1m, counted_buffer(counted<char>(used))};
        const auto frame = raw('B', std::string(300'000, 'x'));
        std::string_view stream = frame;
        begin(decoder, stream, 5);
        bool found = false;
        while (!found) {
            const auto room = decoder.room();
            std::array<char, 100> elsewhere{};
            const auto to = room.empty() ? std::span<char>{elsewhere} : room;
            auto bytes = read_some(stream, to.first(std::min(read, to.size())));
            found = decoder.next(bytes).has_value();
        }
        CHECK(used.allocations < 30);
    }
}

TEST_CASE("the room's memory is given back between frames, and not within one") {
    usage used;
    counted_decoder decoder{data_size_64k, counted_buffer(counted<char>(used))};
    std::string_view stream = large_frame;
    begin(decoder, stream, 20'000);
    decoder.release_room();
    const auto found = decoder.next(stream);
    REQUIRE(found);
    CHECK(found->payload == large_payload);
    const auto before = used.allocations;
    decoder.release_room();
    stream = large_frame;
    begin(decoder, stream, 20'000);
    CHECK(used.allocations == before + 1);
    CHECK(decoder.next(stream).has_value());
}

TEST_CASE("a decoder that holds no memory has none to give back") {
    usage used;
    counted_decoder decoder{data_size_64k, counted_buffer(counted<char>(used))};
    decoder.release_room();
    std::string_view stream = large_frame;
    CHECK(decoder.next(stream).has_value());
    decoder.release_room();
    CHECK(used.allocations == 0);

    basic_frame_decoder<fixed_buffer<10>> fixed{5};
    fixed.release_room();
    auto piece = std::string_view{"\0\0\0\2Bx", 6};
    auto rest = piece.substr(5);
    piece.remove_suffix(1);
    CHECK_FALSE(fixed.next(piece).has_value());
    CHECK(fixed.next(rest)->payload == "x");
    fixed.release_room();
    fixed.release_room();
    CHECK(fixed.between_frames());
}

TEST_CASE("a session gives the room's memory back") {
    usage used;
    counted_session filter{{}, counted_buffer(counted<char>(used))};
    const std::string_view stream = offer();
    heard(filter, stream.substr(0, 7));
    CHECK(heard(filter, stream.substr(7)).size() == 1);
    CHECK(used.held != 0);
    filter.release_room();
    CHECK(used.held == 0);
}

namespace {

/// A buffer without an allocator, which says how much it holds.
struct watched_buffer {
    std::size_t* held;
    std::string bytes{};

    char* data() { return bytes.data(); }
    const char* data() const { return bytes.data(); }
    std::size_t size() const { return bytes.size(); }
    std::size_t max_size() const { return bytes.max_size(); }
    void resize(std::size_t size) {
        bytes.resize(size);
        *held = size;
    }
};

}  // namespace

TEST_CASE("a buffer without an allocator is emptied") {
    std::size_t held = 0;
    basic_frame_decoder<watched_buffer> decoder{data_size_64k, watched_buffer{&held}};
    auto stream = std::string_view{large_frame};
    begin(decoder, stream, 20'000);
    CHECK(decoder.next(stream).has_value());
    CHECK(held >= large_payload.size());
    decoder.release_room();
    CHECK(held == 0);
}

TEST_CASE("a decoder that has lost a frame for want of memory has no room") {
    usage used{.limit = 100};
    counted_decoder decoder{data_size_64k, counted_buffer(counted<char>(used))};
    auto piece = std::string_view{large_frame}.substr(0, 1'000);
    CHECK_THROWS_AS(decoder.next(piece), std::bad_alloc);
    used.limit = 100'000;
    CHECK(decoder.room().empty());
}

TEST_CASE("without memory for it there is no room, and the stream can be read elsewhere") {
    usage used{.limit = 20'000};
    counted_decoder decoder{data_size_64k, counted_buffer(counted<char>(used))};
    std::string_view stream = large_frame;
    begin(decoder, stream, 20'000);
    CHECK_THROWS_AS(decoder.room(), std::bad_alloc);
    used.limit = 100'000;
    const auto found = decoder.next(stream);
    REQUIRE(found);
    CHECK(found->payload == large_payload);
}

TEST_CASE("a session that has lost a frame for want of memory is of no more use, and doesn't end well") {
    usage used{.limit = 100};
    session<side::mta, counted_buffer> mta{{.payload = data_size_64k}, counted_buffer(counted<char>(used))};
    const auto answer = bytes_of(reply::negotiate{.options = option::silent_connect});
    std::string out;
    mta.send(command::negotiate{}, out);
    CHECK(heard(mta, answer).size() == 1);
    mta.send(command::connect{"mx"}, out);
    auto same = mta;
    CHECK(same.reusable());
    CHECK(same.finish() == errc::ok);
    CHECK_THROWS_AS(heard(mta, std::string_view{large_frame}.substr(0, 1'000)), std::bad_alloc);
    CHECK_FALSE(mta.reusable());
    CHECK(mta.finish() == errc::cut_short);
}

TEST_CASE("a fixed buffer has room for what fits into it") {
    const auto frames = raw('B', std::string(9'995, 'x')) + raw('N');
    std::string_view stream = frames;
    basic_frame_decoder<fixed_buffer<10'000>> decoder{9'995};
    begin(decoder, stream, 5'000);
    const auto room = decoder.room();
    CHECK(room.size() == 5'000);
    auto bytes = read_some(stream, room);
    CHECK(decoder.next(bytes)->payload == std::string(9'995, 'x'));
    CHECK_FALSE(decoder.next(bytes));
    CHECK(decoder.next(stream)->code == 'N');
}

TEST_CASE("a loop that stops in what was read into the room goes on with the rest of it") {
    const auto frames =
        offer() + bytes_of(command::connect{"mx"}, command::mail{"<a@b>"}, command::rcpt{"<c@d>"},
                           command::body{large_payload}, command::end_of_message{}, command::quit{});
    filter_session session;
    std::string out;
    const auto answer = [&](const filter_session::event& event) {
        if (const auto* made = std::get_if<command::negotiate>(&event))
            session.send(agree(*made, {}), out);
        else
            session.send(reply::proceed{}, out);
    };
    std::string_view stream = frames;
    const auto head = stream.substr(0, stream.size() - 15'000);
    stream.remove_prefix(head.size());
    for (const auto& event : session.receive(head)) answer(event);
    auto events = session.receive(read_some(stream, session.room()));
    for (const auto& event : events) {
        CHECK(std::holds_alternative<command::body>(event));
        answer(event);
        break;
    }
    const auto left = events.rest();
    CHECK(left.size() == frame_overhead);
    CHECK(heard(session, {left.data(), left.size()}) == lines{R"(end_of_message chunk="")"});
    session.send(reply::proceed{}, out);
    CHECK(heard(session, stream) == lines{"quit"});
}

TEST_CASE("a closed session has no room") {
    filter_session session;
    CHECK(heard(session, std::string_view{large_frame}.substr(0, 10)).empty());
    CHECK_FALSE(session.room().empty());
    session.finish();
    CHECK(session.room().empty());
}
