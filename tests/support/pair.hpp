// SPDX-License-Identifier: MIT
// A filter and an MTA back to back: what the one sends, the other receives, and what it hears is written
// down.
#pragma once

#include <kilter/codec.hpp>
#include <kilter/describe.hpp>
#include <kilter/session.hpp>

#include <cstdint>
#include <span>
#include <string>
#include <string_view>
#include <vector>

namespace test {

using namespace kilter;

/// Events as describe() shows them.
using lines = std::vector<std::string>;

/// The bytes of a frame, whatever is in it.
inline std::string raw(char code, std::string_view payload = {}) {
    std::string bytes(length_size, '\0');
    kilter::detail::writer<char>{bytes.data()}.u32(static_cast<std::uint32_t>(payload.size() + 1));
    return bytes.append(1, code).append(payload);
}

/// The frames of some messages, whether they may be said now or not.
template <message... M>
std::string bytes_of(const M&... messages) {
    std::string bytes;
    bool fine = true;
    ((fine &= encode(messages, bytes) == errc::ok), ...);
    return fine ? bytes : "a message that can't be encoded";
}

/// Gives a session some bytes and describes the events that come of it.
template <class Session>
lines heard(Session& session, std::string_view bytes) {
    lines events;
    for (const auto& event : session.receive(bytes)) events.push_back(describe(event));
    return events;
}

/// Both sides of one conversation.
struct pair {
    /// Bytes are carried over in pieces of this size.
    explicit pair(std::size_t bytes_at_once = static_cast<std::size_t>(-1)) : piece{bytes_at_once} {}

    /// Sends a command, or a reply, and lets the other side hear it.
    template <class M>
    errc mta_says(const M& message) {
        const auto result = mta.send(message, to_filter);
        carry(to_filter, filter, filter_heard);
        return result;
    }
    template <class M>
    errc filter_says(const M& message) {
        const auto result = filter.send(message, to_mta);
        carry(to_mta, mta, mta_heard);
        return result;
    }

    /// A command that the filter has no opinion of.
    template <class M>
    errc passes(const M& message) {
        const auto result = mta_says(message);
        return result == errc::ok ? filter_says(reply::proceed{}) : result;
    }

    /// Offer and answer.
    errc negotiate(option options = option::none, action actions = all_actions,
                   command::negotiate offer = {}) {
        const auto offered = mta_says(offer);
        const auto version = offer.version < protocol_version ? offer.version : protocol_version;
        const auto agreed = filter_says(reply::negotiate{version, actions, options});
        forget();
        return offered == errc::ok ? agreed : offered;
    }

    /// Empties the logs.
    void forget() {
        filter_heard.clear();
        mta_heard.clear();
    }

    filter_session filter{};
    mta_session mta{};
    lines filter_heard{};
    lines mta_heard{};
    std::string last_to_filter{};  ///< the bytes of the last thing said
    std::string last_to_mta{};

private:
    template <class Session>
    void carry(std::string& bytes, Session& to, lines& log) {
        std::string_view left = bytes;
        do {
            const auto now = left.substr(0, piece);
            left.remove_prefix(now.size());
            for (auto& line : heard(to, now)) log.push_back(std::move(line));
        } while (!left.empty());
        (&bytes == &to_filter ? last_to_filter : last_to_mta) = std::move(bytes);
        bytes.clear();
    }

    std::size_t piece;
    std::string to_filter{};
    std::string to_mta{};
};

}  // namespace test
