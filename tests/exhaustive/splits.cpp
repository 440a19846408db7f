// SPDX-License-Identifier: MIT
// The golden session cut in two and in three at all places, both directions: the same events, each as soon as
// its last byte has come, and the same answers. And frames large enough for room(), with the pieces read into
// it.
#include <kilter/session.hpp>

#include "support/catch.hpp"
#include "support/exact.hpp"
#include "support/pair.hpp"
#include "support/transcript.hpp"

#include <algorithm>
#include <array>
#include <cstddef>
#include <string>
#include <string_view>
#include <variant>
#include <vector>

#include "effort.hpp"

using namespace kilter;
using namespace test;

namespace {

/// Where a piece is read to: a buffer of exactly its size, or the room that the session offers, if any.
enum class reader { elsewhere, into_room };

/// Gives a session a piece of the stream.
template <class Session, class Take>
void hear(Session& session, std::string_view piece, reader how, const Take& take) {
    if (how == reader::into_room) {
        for (auto room = session.room(); !room.empty() && !piece.empty(); room = session.room()) {
            const auto count = std::min(room.size(), piece.size());
            std::copy_n(piece.data(), count, room.data());
            piece.remove_prefix(count);
            take(std::string_view{room.data(), count});
        }
    }
    const exact elsewhere{piece};
    take(elsewhere.view());
}

/// Where the stream is cut.
struct cuts {
    std::size_t first = 0;
    std::size_t second = 0;
    reader how = reader::elsewhere;

    /// Catch2's macros are too slow for millions of turns.
    void require(bool holds, const char* what) const {
        if (holds) return;
        INFO("cut at " << first << " and " << second
                       << (how == reader::into_room ? ", read into room()" : ""));
        FAIL(what);
    }
};

/// What one side hears, and what it has said in the end.
template <class Event>
struct side_of_session {
    std::string stream{};
    std::vector<std::size_t> ends{};  ///< where each frame of it ends
    std::vector<Event> events{};      ///< what the frames are; they may look into the stream
    std::string said{};

    void add(std::string_view frame) {
        stream += frame;
        ends.push_back(stream.size());
    }

    /// How many frames are whole in so many bytes.
    std::size_t whole_in(std::size_t size) const {
        return static_cast<std::size_t>(std::upper_bound(ends.begin(), ends.end(), size) - ends.begin());
    }
};

/// A filter hears the whole stream at once, if need be, and answers inside the loop.
struct filter_side : side_of_session<filter_session::event> {
    filter_session begin{};
    std::vector<reply::any> answers{};

    void run(const cuts& at) const {
        auto filter = begin;
        std::size_t heard = 0;
        std::size_t answered = 0;
        std::string out;
        const auto take = [&](std::string_view bytes) {
            for (const auto& event : filter.receive(bytes)) {
                at.require(heard < events.size() && event == events[heard], "another event");
                ++heard;
                while (filter.state().reply_due() && answered != answers.size())
                    std::visit([&](const auto& m) { filter.send(m, out); }, answers[answered++]);
            }
        };
        const std::string_view all = stream;
        std::size_t given = 0;
        for (const auto cut : {at.first, at.second, all.size()}) {
            hear(filter, all.substr(given, cut - given), at.how, take);
            given = cut;
            at.require(heard == whole_in(given), "an event is late");
        }
        at.require(out == said, "other answers");
        at.require(!filter.open() && filter.error() == errc::ok, "another end");
    }
};

/// An MTA speaks up to where it has to wait, and then hears what the filter says to that.
struct mta_side : side_of_session<mta_session::event> {
    struct turn {
        std::vector<command::any> commands{};
        std::size_t end = 0;  ///< of what the filter says to them
    };

    mta_session begin{};
    std::vector<turn> turns{};

    void run(const cuts& at) const {
        auto mta = begin;
        std::size_t heard = 0;
        std::string out;
        const auto take = [&](std::string_view bytes) {
            for (const auto& event : mta.receive(bytes)) {
                at.require(heard < events.size() && event == events[heard], "another event");
                ++heard;
            }
        };
        std::size_t given = 0;
        for (const auto& now : turns) {
            for (const auto& command : now.commands)
                std::visit([&](const auto& m) { mta.send(m, out); }, command);
            for (const auto cut : {at.first, at.second, now.end}) {
                if (cut < given || cut > now.end) continue;  // in another turn
                hear(mta, std::string_view{stream}.substr(given, cut - given), at.how, take);
                given = cut;
                at.require(heard == whole_in(given), "an event is late");
            }
        }
        at.require(out == said, "other commands");
        at.require(!mta.open() && mta.error() == errc::ok, "another end");
    }
};

frame frame_in(std::string_view bytes) {
    frame_decoder decoder{data_size_1m};
    const auto found = decoder.next(bytes);
    REQUIRE(found);
    REQUIRE(bytes.empty());
    return *found;
}

/// The events of a transcript are what its lines say they are.
template <class Message>
void take_as_said(const std::string& as_said, const Message& message) {
    auto shown = describe(message);
    // The transcript shows what is on the wire; the space after a colon is the MTA's to add.
    if (const auto space = shown.find(" space=\" \""); space != std::string::npos) shown.resize(space);
    CHECK(shown == as_said);
}

/// Replaces no views: the text of each frame stays where `steps` has it.
filter_side filter_of(const std::vector<step>& steps) {
    filter_side side;
    for (const auto& s : steps) {
        if (s.from_mta) {
            const auto message = decode_command(frame_in(s.bytes));
            REQUIRE(message);
            take_as_said(s.described, *message);
            side.add(s.bytes);
            side.events.push_back(
                std::visit([](const auto& m) { return filter_session::event{m}; }, *message));
        } else {
            const auto message = decode_reply(frame_in(s.bytes));
            REQUIRE(message);
            side.answers.push_back(*message);
            side.said += s.bytes;
        }
    }
    return side;
}

mta_side mta_of(const std::vector<step>& steps) {
    mta_side side;
    side.turns.emplace_back();
    for (const auto& s : steps) {
        if (s.from_mta) {
            if (side.turns.back().end != 0) side.turns.push_back({{}, 0});
            const auto message = decode_command(frame_in(s.bytes));
            REQUIRE(message);
            side.turns.back().commands.push_back(*message);
            // Our MTA leaves out the macros of a command that the filter doesn't want: here DATA.
            if (s.bytes.substr(4, 2) != "DT") side.said += s.bytes;
        } else {
            const auto message = decode_reply(frame_in(s.bytes));
            REQUIRE(message);
            take_as_said(s.described, *message);
            side.add(s.bytes);
            side.turns.back().end = side.stream.size();
            side.events.push_back(std::visit([](const auto& m) { return mta_session::event{m}; }, *message));
            if (auto* header = std::get_if<reply::add_header>(&side.events.back())) header->space = " ";
        }
    }
    side.turns.back().end = side.stream.size();
    return side;
}

/// Every way to cut a session in at most three; an empty piece is one, too.
template <class Side>
void cut_everywhere(const char* what, const Side& side) {
    const effort e{what};
    unsigned long long ways = 0;
    for (const auto how : {reader::elsewhere, reader::into_room})
        for (std::size_t first = 0; first <= side.stream.size(); ++first)
            for (std::size_t second = first; second <= side.stream.size(); ++second, ++ways)
                side.run({first, second, how});
    e.report({{"bytes", side.stream.size()}, {"events", side.events.size()}, {"runs", ways}});
}

// A large frame between small ones. Where the cuts lie decides what is read into room().

constexpr std::size_t page = 4096;  // room() is there where more than a page is missing

std::string body_of(std::size_t size) {
    std::string bytes(size, '\0');
    for (std::size_t i = 0; i != size; ++i) bytes[i] = static_cast<char>(i * 7 + i / 251);
    return bytes;
}

/// A filter that has been told the recipients, and then a body of one piece.
filter_side with_large_body(std::string_view body) {
    filter_side side;
    std::string out;
    heard(side.begin, bytes_of(command::negotiate{}));
    side.begin.send(reply::negotiate{.options = option{0x000f'f080}}, out);  // it answers the end alone
    heard(side.begin, bytes_of(command::connect{"mx"}, command::mail{"<a@b>"}, command::rcpt{"<c@d>"}));
    REQUIRE(side.begin.state().at() == phase::rcpt);
    side.add(raw('D', "B"));
    side.add(raw('B', body));
    side.add(raw('E'));
    side.add(raw('Q'));
    side.events = {command::macro{'B'}, command::body{body}, command::end_of_message{}, command::quit{}};
    side.answers = {reply::accept{}};
    side.said = raw('a');
    return side;
}

/// An MTA at the end of a message, whose filter makes a new body of one piece.
mta_side with_large_replacement(std::string_view body) {
    pair p;
    REQUIRE(p.negotiate() == errc::ok);
    REQUIRE(p.passes(command::connect{"mx"}) == errc::ok);
    REQUIRE(p.passes(command::mail{"<a@b>"}) == errc::ok);
    REQUIRE(p.passes(command::rcpt{"<c@d>"}) == errc::ok);
    REQUIRE(p.mta_says(command::end_of_message{}) == errc::ok);
    mta_side side;
    side.begin = p.mta;
    side.add(raw('h', {"A\0001\0", 4}));
    side.add(raw('b', body));
    side.add(raw('c'));
    side.events = {reply::add_header{"A", "1", " "}, reply::replace_body{body}, reply::proceed{}};
    side.turns = {{{}, side.stream.size()}, {{command::quit{}}, side.stream.size()}};
    side.said = raw('Q');
    return side;
}

/// Where to cut: in a release build at all places, else at those near where the session has something to
/// decide (the edges of each frame, of its length and its code, and of the page before its end), and at some
/// others.
template <class Side>
std::vector<std::size_t> places_in(const Side& side) {
    std::vector<std::size_t> edges{0};
    for (const auto end : side.ends)
        for (const auto edge : {end, end + length_size, end + frame_overhead, end < page ? 0 : end - page})
            edges.push_back(edge);
    std::vector<std::size_t> places;
    for (std::size_t at = 0; at <= side.stream.size(); ++at) {
        const bool close = std::any_of(edges.begin(), edges.end(),
                                       [&](std::size_t edge) { return at + 6 >= edge && at <= edge + 6; });
        if (thorough || close || at % 97 == 0) places.push_back(at);
    }
    return places;
}

template <class Side>
void cut_in_two(const char* what, const Side& side) {
    const effort e{what};
    unsigned long long runs = 0;
    for (const auto how : {reader::elsewhere, reader::into_room})
        for (const auto at : places_in(side)) {
            side.run({at, at, how});
            ++runs;
        }
    e.report({{"bytes", side.stream.size()}, {"runs", runs}});
}

template <class Side>
void cut_in_three(const char* what, const Side& side) {
    const effort e{what};
    unsigned long long runs = 0;
    const auto places = places_in(side);
    for (const auto first : places)
        for (const auto second : places) {
            if (second < first) continue;
            side.run({first, second, reader::into_room});
            ++runs;
        }
    e.report({{"bytes", side.stream.size()}, {"runs", runs}});
}

}  // namespace

TEST_CASE("the golden session, cut in two and in three at all places, is the same for a filter") {
    const auto steps = transcript("postfix.txt");
    const auto side = filter_of(steps);
    REQUIRE(side.events.size() == 23);
    cut_everywhere("golden session, filter", side);
}

TEST_CASE("the golden session, cut in two and in three at all places, is the same for an MTA") {
    const auto steps = transcript("postfix.txt");
    const auto side = mta_of(steps);
    REQUIRE(side.events.size() == 10);
    cut_everywhere("golden session, MTA", side);
}

TEST_CASE("a frame that is read into room() is the same, wherever it is cut in two") {
    const auto body = body_of(data_size_64k);
    cut_in_two("64 KiB for a filter", with_large_body(body));
    cut_in_two("64 KiB for an MTA", with_large_replacement(body));
}

TEST_CASE("a frame that is read into room() is the same, wherever it is cut in three") {
    const auto body = body_of(page + 300);
    cut_in_three("4 KiB for a filter", with_large_body(body));
    cut_in_three("4 KiB for an MTA", with_large_replacement(body));
}
