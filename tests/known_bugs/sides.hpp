// SPDX-License-Identifier: MIT
// Both sides of a conversation, as far as a test of one bug needs it; and a stream cut into frames.
#pragma once

#include <kilter/macros.hpp>

#include <cstdint>
#include <optional>
#include <string>
#include <string_view>
#include <variant>
#include <vector>

#include "support/catch.hpp"
#include "support/exact.hpp"
#include "support/hex.hpp"
#include "support/pair.hpp"
#include "support/splits.hpp"

namespace test {

/// The offer has been answered.
inline pair agreed(option options = option::none, action actions = all_actions) {
    pair p;
    REQUIRE(p.negotiate(options, actions) == errc::ok);
    return p;
}

/// The client has said HELO.
inline pair greeted(option options = option::none, action actions = all_actions) {
    auto p = agreed(options, actions);
    REQUIRE(p.passes(command::connect{"mx", family::inet, 25, "192.0.2.1"}) == errc::ok);
    REQUIRE(p.passes(command::helo{"mx"}) == errc::ok);
    p.forget();
    return p;
}

/// A message has a sender and a recipient.
inline pair in_mail(option options = option::none, action actions = all_actions) {
    auto p = greeted(options, actions);
    REQUIRE(p.passes(command::mail{"<a@b>"}) == errc::ok);
    REQUIRE(p.passes(command::rcpt{"<c@d>"}) == errc::ok);
    p.forget();
    return p;
}

/// The message is complete, and its verdict is due.
inline pair at_end(option options = option::none, action actions = all_actions) {
    auto p = in_mail(options, actions);
    REQUIRE(p.passes(command::data{}) == errc::ok);
    REQUIRE(p.passes(command::end_of_headers{}) == errc::ok);
    REQUIRE(p.mta_says(command::end_of_message{}) == errc::ok);
    p.forget();
    return p;
}

/// What a stream consists of.
struct cut_stream {
    std::string codes{};
    std::vector<std::string> payloads{};
    errc error{};
    std::uint32_t length{};  ///< the last one

    std::string all() const {
        std::string bytes;
        for (const auto& payload : payloads) bytes.append(payload);
        return bytes;
    }
};

inline cut_stream cut(const pieces& stream, std::uint32_t max_payload = data_size_64k) {
    frame_decoder decoder{max_payload};
    cut_stream found;
    for (const auto piece : stream) {
        const exact block{piece};
        auto input = block.view();
        while (const auto next = decoder.next(input)) {
            found.codes.push_back(next->code);
            found.payloads.emplace_back(next->payload);
        }
    }
    found.error = decoder.error();
    found.length = decoder.length();
    return found;
}

/// What is wrong with a frame that an MTA has sent, or a filter.
inline errc wrong_command(char code, std::string_view payload) {
    const exact block{payload};
    return decode_command({code, block.view()}).error();
}
inline errc wrong_reply(char code, std::string_view payload) {
    const exact block{payload};
    return decode_reply({code, block.view()}).error();
}

/// A session that is given a few bytes: a copy, so that there may be others.
template <class Session>
errc error_after(Session session, std::string_view bytes) {
    heard(session, bytes);
    return session.error();
}

}  // namespace test
