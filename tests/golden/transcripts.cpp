// SPDX-License-Identifier: MIT
// Conversations with real MTAs, replayed through both sessions: the same events, the same bytes.
#include <kilter/session.hpp>

#include "support/catch.hpp"
#include "support/pair.hpp"
#include "support/transcript.hpp"

#include <string>
#include <string_view>
#include <variant>
#include <vector>

using namespace kilter;
using namespace test;

namespace {

/// The frame in some bytes.
frame frame_in(const std::string& bytes) {
    frame_decoder decoder{data_size_1m};
    std::string_view input = bytes;
    const auto found = decoder.next(input);
    REQUIRE(found);
    REQUIRE(input.empty());
    return *found;
}

/// Replays what the MTA sent, cut in two, and answers as the transcript's filter does.
void replay_to_filter(const std::vector<step>& steps, std::size_t cut) {
    std::string stream;
    std::string replies;
    lines expected;
    std::vector<reply::any> answers;
    for (const auto& s : steps) {
        (s.from_mta ? stream : replies).append(s.bytes);
        if (s.from_mta) {
            expected.push_back(s.described);
        } else {
            const auto answer = decode_reply(frame_in(s.bytes));
            REQUIRE(answer);
            answers.push_back(*answer);
        }
    }

    filter_session filter;
    lines events;
    std::string out;
    std::size_t next_answer = 0;
    const auto take = [&](std::string_view bytes) {
        for (const auto& event : filter.receive(bytes)) {
            events.push_back(describe(event));
            while (filter.state().reply_due() && next_answer != answers.size()) {
                const auto result =
                    std::visit([&](const auto& m) { return filter.send(m, out); }, answers[next_answer]);
                ++next_answer;
                REQUIRE(result == errc::ok);
            }
        }
    };
    take(std::string_view{stream}.substr(0, cut));
    take(std::string_view{stream}.substr(cut));
    if (events != expected) CHECK(events == expected);
    if (out != replies) CHECK(out == replies);
    CHECK(next_answer == answers.size());
    CHECK_FALSE(filter.open());
    CHECK(filter.error() == errc::ok);
}

/// Sends what the MTA sent, and hears each run of replies cut in two. What our MTA leaves out are the macros
/// for commands that the filter doesn't want.
void replay_to_mta(const std::vector<step>& steps, std::size_t cut, char left_out) {
    mta_session mta;
    std::size_t at = 0;
    while (at != steps.size()) {
        std::string expected;
        std::string out;
        for (; at != steps.size() && steps[at].from_mta; ++at) {
            const auto in = frame_in(steps[at].bytes);
            const bool unwanted = in.code == 'D' && in.payload[0] == left_out;
            if (!unwanted) expected.append(steps[at].bytes);
            const auto command = decode_command(in);
            REQUIRE(command);
            INFO(steps[at].described);
            REQUIRE(std::visit([&](const auto& m) { return mta.send(m, out); }, *command) == errc::ok);
        }
        if (out != expected) CHECK(out == expected);

        std::string replies;
        lines described;
        for (; at != steps.size() && !steps[at].from_mta; ++at) {
            replies.append(steps[at].bytes);
            described.push_back(steps[at].described);
        }
        auto events = heard(mta, std::string_view{replies}.substr(0, cut));
        if (cut < replies.size())
            for (auto& line : heard(mta, std::string_view{replies}.substr(cut)))
                events.push_back(std::move(line));
        // The transcript shows what is on the wire; the space is the MTA's to add.
        for (auto& line : events)
            if (const auto space = line.find(" space=\" \""); space != std::string::npos) line.resize(space);
        if (events != described) CHECK(events == described);
        CHECK_FALSE(mta.state().reply_due());
    }
    CHECK_FALSE(mta.open());
    CHECK(mta.error() == errc::ok);
}

std::size_t size_of(const std::vector<step>& steps, bool from_mta) {
    std::size_t size = 0;
    for (const auto& s : steps)
        if (s.from_mta == from_mta) size += s.bytes.size();
    return size;
}

}  // namespace

TEST_CASE("every frame of the transcript is the message that it is said to be") {
    const auto steps = transcript("postfix.txt");
    CHECK(steps.size() == 33);
    for (const auto& s : steps) {
        INFO(s.described);
        const auto in = frame_in(s.bytes);
        if (s.from_mta) {
            const auto message = decode_command(in);
            REQUIRE(message);
            CHECK(describe(*message) == s.described);
        } else {
            const auto message = decode_reply(in);
            REQUIRE(message);
            CHECK(describe(*message) == s.described);
        }
    }
}

TEST_CASE("a filter has a session with Postfix, wherever the bytes are cut in two") {
    const auto steps = transcript("postfix.txt");
    for (std::size_t cut = 0; cut <= size_of(steps, true); ++cut) replay_to_filter(steps, cut);
}

TEST_CASE("an MTA has the same session, wherever the replies are cut in two") {
    const auto steps = transcript("postfix.txt");
    for (std::size_t cut = 0; cut <= size_of(steps, false); ++cut) replay_to_mta(steps, cut, 'T');
}

TEST_CASE("without the macros of the content and the aborts, it is a session with Sendmail") {
    std::vector<step> steps;
    for (auto& s : transcript("postfix.txt")) {
        const auto in = frame_in(s.bytes);
        const bool content =
            in.code == 'D' && std::string_view{"LNB"}.find(in.payload[0]) != std::string_view::npos;
        if (!s.from_mta || (!content && in.code != 'A')) steps.push_back(std::move(s));
    }
    CHECK(steps.size() == 27);
    for (std::size_t cut = 0; cut <= size_of(steps, true); ++cut) replay_to_filter(steps, cut);
    for (std::size_t cut = 0; cut <= size_of(steps, false); ++cut) replay_to_mta(steps, cut, 'T');
}
