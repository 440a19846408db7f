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
#include <span>
#include <string>
#include <string_view>
#include <type_traits>
#include <vector>

#include "streams.hpp"

namespace bench {

/// What a mode has seen of a stream. All of it, if nothing was left out.
struct tally {
    std::size_t frames = 0;
    std::size_t bytes = 0;
};

/// How much a read brings: a number of bytes, or one of these.
inline constexpr std::size_t whole = std::string_view::npos;
inline constexpr std::size_t one_step = 0;  ///< as an MTA writes that waits for each answer
inline constexpr std::size_t kib = 1024;

struct read_size {
    std::string_view name;
    std::size_t bytes;
};

inline constexpr std::array<read_size, 6> read_sizes{{
    {"whole", whole},
    {"64 KiB", 64 * kib},
    {"4 KiB", 4 * kib},
    {"1448 B", 1448},
    {"1 B", 1},
    {"one step", one_step},
}};

/// Calls `take` with the bytes in pieces, as reads of that size bring them.
template <class Take>
void in_reads(const stream& s, std::size_t size, Take take) {
    std::string_view bytes = s.bytes;
    if (size != one_step) {
        for (; !bytes.empty(); bytes.remove_prefix(std::min(size, bytes.size()))) take(bytes.substr(0, size));
        return;
    }
    std::size_t begin = 0;
    for (const auto end : s.steps) {
        take(bytes.substr(begin, end - begin));
        begin = end;
    }
}

inline std::array<char, 64 * kib> hot_buffer;

/// Copies a piece, as read() does.
inline std::string_view copy_to(std::span<char> buffer, std::string_view piece) {
    std::memcpy(buffer.data(), piece.data(), piece.size());
    std::atomic_signal_fence(std::memory_order_seq_cst);  // or the compiler keeps only the last copy
    return {buffer.data(), piece.size()};
}

inline tally copy(const stream& s, std::size_t read) {
    tally seen;
    in_reads(s, read, [&](std::string_view piece) { seen.bytes += copy_to(hot_buffer, piece).size(); });
    return seen;
}

/// From each zero byte to the next. Those of the lengths are among them: it stops more often than a parser.
inline std::size_t find_zeros(std::string_view bytes) {
    std::size_t seen = 0;
    while (const void* zero = std::memchr(bytes.data(), '\0', bytes.size())) {
        const auto size = static_cast<std::size_t>(static_cast<const char*>(zero) - bytes.data()) + 1;
        seen += size;
        bytes.remove_prefix(size);
    }
    return seen + bytes.size();
}

inline tally zeros(const stream& s, std::size_t) { return {.bytes = find_zeros(s.bytes)}; }

/// From each length to the next. `look` is called with each frame, and says how much of it it has seen.
template <class Look>
tally hop_and(const stream& s, Look look) {
    tally seen;
    std::string_view bytes = s.bytes;
    while (!bytes.empty()) {
        const auto size = kilter::length_size + kilter::detail::load_u32(bytes.data());
        seen.bytes += look(bytes.substr(0, size));
        ++seen.frames;
        bytes.remove_prefix(size);
    }
    return seen;
}

inline tally hop(const stream& s, std::size_t) {
    return hop_and(s, [](std::string_view frame) { return frame.size(); });
}

/// A hop, and memchr for the end of each text: the least that a reader of messages must do.
inline tally hop_texts(const stream& s, std::size_t) {
    return hop_and(s, [](std::string_view frame) {
        const auto payload = frame.substr(kilter::frame_overhead);
        const bool texts = frame[kilter::length_size] != 'B';
        return kilter::frame_overhead + (texts ? find_zeros(payload) : payload.size());
    });
}

inline tally frames(const stream& s, std::size_t) {
    tally seen;
    std::string_view bytes = s.bytes;
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

inline tally messages(const stream& s, std::size_t) {
    tally seen;
    std::string_view bytes = s.bytes;
    kilter::frame_decoder decoder{kilter::data_size_64k};
    while (const auto frame = decoder.next(bytes)) {
        const auto message = kilter::decode_command(*frame);
        if (!message) break;
        ++seen.frames;
        seen.bytes += kilter::match(*message, [](const auto& m) { return look_at(m); });
    }
    return seen;
}

/// A filter that has no opinion, and looks at everything.
template <bool Replies>
class filter {
public:
    /// Takes what a read brings. The answers are made, and thrown away.
    void take(std::string_view bytes) {
        for (const auto& event : session_.receive(bytes)) answer(event);
        out_.clear();
    }

    /// Where the next bytes are best read to, if that matters.
    std::span<char> room() { return session_.room(); }

    const tally& seen() const noexcept { return seen_; }

private:
    /// Without replies, it says so when it is asked; the end of a message is answered all the same.
    static constexpr kilter::wishes wanted() {
        using kilter::option;
        if (Replies) return {};
        return {.options = option::silent_connect | option::silent_helo | option::silent_mail |
                           option::silent_rcpt | option::silent_data | option::silent_header |
                           option::silent_end_of_headers | option::silent_body};
    }

    void answer(const kilter::filter_session::event& event) {
        kilter::match(
            event,
            [&](const command::negotiate& offer) {
                count(offer);
                session_.send(kilter::agree(offer, wanted()), out_);
            },
            [&](const command::end_of_message& end) {
                count(end);
                session_.send(reply::accept{}, out_);
            },
            [&](const auto& message) {
                count(message);
                if constexpr (Replies) session_.send(reply::proceed{}, out_);
            },
            [](const kilter::protocol_error&) {});
    }

    template <class M>
    void count(const M& message) {
        ++seen_.frames;
        seen_.bytes += look_at(message);
    }

    kilter::filter_session session_{};
    std::string out_{};
    tally seen_{};
};

template <bool Replies>
tally session(const stream& s, std::size_t read) {
    filter<Replies> f;
    in_reads(s, read, [&](std::string_view piece) { f.take(piece); });
    return f.seen();
}

/// The same with the copy that read() makes into the one buffer that all connections share.
inline tally through_buffer(const stream& s, std::size_t read) {
    filter<true> f;
    in_reads(s, read, [&](std::string_view piece) { f.take(copy_to(hot_buffer, piece)); });
    return f.seen();
}

/// The same, and the rest of a frame that has come in part is read to where it will be looked at.
inline tally into_room(const stream& s, std::size_t read) {
    filter<true> f;
    for (std::string_view rest = s.bytes; !rest.empty();) {
        auto to = f.room();
        if (to.empty()) to = hot_buffer;
        const auto piece = rest.substr(0, std::min(read, to.size()));
        f.take(copy_to(to, piece));
        rest.remove_prefix(piece.size());
    }
    return f.seen();
}

/// Something to time.
struct mode {
    std::string_view name;
    read_size read;
    tally (*run)(const stream& s, std::size_t read);
    bool cuts = true;  ///< into frames
};

inline std::vector<mode> all_modes() {
    const auto& as_a_whole = read_sizes[0];
    const auto& in_64k = read_sizes[1];
    std::vector<mode> modes{
        {"memcpy", in_64k, copy, false},
        {"memchr", as_a_whole, zeros, false},
        {"hop", as_a_whole, hop},
        {"hop and memchr", as_a_whole, hop_texts},
        {"frame_decoder", as_a_whole, frames},
        {"decode_command", as_a_whole, messages},
    };
    for (const auto& read : read_sizes) modes.push_back({"parse", read, session<false>});
    for (const auto& read : read_sizes) modes.push_back({"reply", read, session<true>});
    for (const auto& read : read_sizes) {
        if (read.bytes > in_64k.bytes || read.bytes <= 1) continue;
        modes.push_back({"through buffer", read, through_buffer});
        modes.push_back({"into room", read, into_room});
    }
    return modes;
}

}  // namespace bench
