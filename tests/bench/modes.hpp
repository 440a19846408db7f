// SPDX-License-Identifier: MIT
// What is timed over a stream: the machine's own limits first, then more and more of the library.
#pragma once

#include <algorithm>
#include <array>
#include <atomic>
#include <cstddef>
#include <cstring>
#include <kilter/match.hpp>
#include <kilter/negotiation.hpp>
#include <kilter/session.hpp>
#include <string>
#include <string_view>
#include <type_traits>

namespace bench {

namespace command = kilter::command;
namespace reply = kilter::reply;

/// What a mode has seen of a stream. All of it, if nothing was left out.
struct tally {
    std::size_t frames = 0;
    std::size_t bytes = 0;
};

inline constexpr std::size_t whole = std::string_view::npos;
inline constexpr std::size_t kib = 1024;

/// Calls `take` with the bytes in pieces, as reads of up to `size` bytes bring them.
template <class Take>
void in_reads(std::string_view bytes, std::size_t size, Take take) {
    for (; !bytes.empty(); bytes.remove_prefix(std::min(size, bytes.size()))) take(bytes.substr(0, size));
}

inline std::array<char, 64 * kib> hot_buffer;

inline tally copy(std::string_view bytes, std::size_t read) {
    tally seen;
    in_reads(bytes, read, [&](std::string_view piece) {
        std::memcpy(hot_buffer.data(), piece.data(), piece.size());
        std::atomic_signal_fence(std::memory_order_seq_cst);  // or the compiler keeps only the last copy
        seen.bytes += piece.size();
    });
    return seen;
}

/// From each zero byte to the next. Those of the lengths are among them: it stops more often than a parser.
inline tally zeros(std::string_view bytes, std::size_t) {
    tally seen;
    while (const void* zero = std::memchr(bytes.data(), '\0', bytes.size())) {
        const auto size = static_cast<std::size_t>(static_cast<const char*>(zero) - bytes.data()) + 1;
        seen.bytes += size;
        bytes.remove_prefix(size);
    }
    seen.bytes += bytes.size();
    return seen;
}

/// From each length to the next. `look` is called with each frame, and says how much of it it has seen.
template <class Look>
tally hop_and(std::string_view bytes, Look look) {
    tally seen;
    while (!bytes.empty()) {
        const auto size = kilter::length_size + kilter::detail::load_u32(bytes.data());
        seen.bytes += look(bytes.substr(0, size));
        ++seen.frames;
        bytes.remove_prefix(size);
    }
    return seen;
}

inline tally hop(std::string_view bytes, std::size_t) {
    return hop_and(bytes, [](std::string_view frame) { return frame.size(); });
}

/// A hop, and memchr for the end of each text: the least that a reader of messages must do.
inline tally hop_texts(std::string_view bytes, std::size_t) {
    return hop_and(bytes, [](std::string_view frame) {
        const auto payload = frame.substr(kilter::frame_overhead);
        const bool texts = frame[kilter::length_size] != 'B';
        return kilter::frame_overhead + (texts ? zeros(payload, whole).bytes : payload.size());
    });
}

inline tally frames(std::string_view bytes, std::size_t) {
    tally seen;
    kilter::frame_decoder decoder{kilter::data_size_64k};
    while (const auto frame = decoder.next(bytes)) {
        ++seen.frames;
        seen.bytes += kilter::frame_overhead + frame->payload.size();
    }
    return seen;
}

/// Looks at every text of a message, one by one. The result is the size of its frame.
template <class M>
std::size_t look_at(const M& message) {
    if constexpr (std::is_same_v<M, command::macro>) {
        auto size = kilter::frame_overhead + 1;
        for (const auto& [name, value] : message.definitions) size += name.size() + 1 + value.size() + 1;
        return size;
    } else if constexpr (requires { message.args; }) {
        auto size = kilter::encoded_size(message) - message.args.bytes().size();
        for (const auto arg : message.args) size += arg.size() + 1;
        return size;
    } else {
        return kilter::encoded_size(message);
    }
}

inline tally messages(std::string_view bytes, std::size_t) {
    tally seen;
    kilter::frame_decoder decoder{kilter::data_size_64k};
    while (const auto frame = decoder.next(bytes)) {
        const auto message = kilter::decode_command(*frame);
        if (!message) break;
        ++seen.frames;
        seen.bytes += kilter::match(*message, [](const auto& m) { return look_at(m); });
    }
    return seen;
}

enum class replies : bool { none, all };

/// A filter that has no opinion. Without replies, it has said so when it was asked; the end of a message is
/// answered all the same.
template <replies Replies>
tally session(std::string_view bytes, std::size_t read) {
    using kilter::option;
    constexpr auto silent = option::silent_connect | option::silent_helo | option::silent_mail |
                            option::silent_rcpt | option::silent_data | option::silent_header |
                            option::silent_end_of_headers | option::silent_body;
    constexpr kilter::wishes wanted{.options = Replies == replies::all ? option::none : silent};

    tally seen;
    kilter::filter_session session;
    std::string out;
    const auto count = [&](const auto& message) {
        ++seen.frames;
        seen.bytes += look_at(message);
    };
    in_reads(bytes, read, [&](std::string_view piece) {
        for (const auto& event : session.receive(piece)) {
            kilter::match(
                event,
                [&](const command::negotiate& offer) {
                    count(offer);
                    session.send(kilter::agree(offer, wanted), out);
                },
                [&](const command::end_of_message& end) {
                    count(end);
                    session.send(reply::accept{}, out);
                },
                [&](const auto& message) {
                    count(message);
                    if constexpr (Replies == replies::all) session.send(reply::proceed{}, out);
                },
                [](const kilter::protocol_error&) {});
        }
        out.clear();
    });
    return seen;
}

/// Something to time.
struct mode {
    std::string_view name;
    tally (*run)(std::string_view bytes, std::size_t read);
    std::size_t read = whole;  ///< the size of a read
    bool cuts = true;          ///< into frames
};

inline constexpr std::array<mode, 12> modes{{
    {"memcpy to 64 KiB", copy, 64 * kib, false},
    {"memchr", zeros, whole, false},
    {"hop", hop},
    {"hop + memchr in texts", hop_texts},
    {"frame_decoder", frames},
    {"+ decode_command", messages},
    {"session, 64 KiB reads", session<replies::none>, 64 * kib},
    {"session + reply, 64 KiB", session<replies::all>, 64 * kib},
    {"session + reply, whole", session<replies::all>, whole},
    {"session + reply, 4 KiB", session<replies::all>, 4 * kib},
    {"session + reply, 1448 B", session<replies::all>, 1448},
    {"session + reply, 1 B", session<replies::all>, 1},
}};

}  // namespace bench
