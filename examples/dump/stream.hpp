// SPDX-License-Identifier: MIT
// What one side of a connection says, cut into frames. Bytes of it may be missing.
#pragma once

#include <algorithm>
#include <cstdint>
#include <kilter.hpp>
#include <optional>
#include <string_view>
#include <utility>

namespace dump {

/// Do these bytes look like the front of a frame of this side?
inline bool looks_like_frame(kilter::side from, std::string_view bytes, std::uint32_t limit) {
    if (bytes.size() < kilter::frame_overhead) return false;
    kilter::frame_decoder decoder{limit};
    auto front = bytes.substr(0, kilter::frame_overhead);
    static_cast<void>(decoder.next(front));
    bool known = false;
    const auto compare = [&](const auto& row) { known |= row.code == bytes[kilter::length_size]; };
    if (from == kilter::side::mta)
        kilter::detail::for_each_row(kilter::wire::commands, compare);
    else
        kilter::detail::for_each_row(kilter::wire::replies, compare);
    return known && decoder.error() == kilter::errc::ok;
}

class stream {
public:
    /// `whole`: the first byte begins a frame. Otherwise the first piece does that looks like it.
    stream(kilter::side from, std::uint32_t limit, bool whole)
        : from_{from}, limit_{limit}, searching_{!whole}, decoder_{limit} {}

    /// Takes the next frame off the front of `input`, or all of `input` if it isn't whole yet.
    std::optional<kilter::frame> next(std::string_view& input) {
        pass_over(input);
        if (!in_frame()) begin_ = taken_;
        const auto before = input.size();
        const auto frame = decoder_.next(input);
        taken_ += before - input.size();
        return frame;
    }

    /// The next bytes are missing. If they are all of one frame, its rest is passed over. Else the next
    /// piece that looks like the front of a frame is taken for one.
    void lose(std::uint64_t count) {
        auto end = taken_ + rest_of_frame_;
        if (in_frame() && taken_ - begin_ >= kilter::length_size)
            end = begin_ + kilter::length_size + decoder_.length();
        taken_ += count;
        searching_ = searching_ || end < taken_;
        rest_of_frame_ = searching_ ? 0 : end - taken_;
        decoder_ = kilter::frame_decoder{limit_};
    }

    /// Where the last frame begins, or the piece of one that is there.
    std::uint64_t begin() const { return begin_; }

    /// How many bytes there have been.
    std::uint64_t taken() const { return taken_; }

    /// Is there a piece of a frame whose rest hasn't come?
    bool in_frame() const { return decoder_.in_frame(); }

    /// The length of the last frame begun, and why there are no more.
    std::uint32_t length() const { return decoder_.length(); }
    kilter::errc error() const { return decoder_.error(); }

    /// How many bytes have been passed over until a frame was found; each time it is told once.
    std::uint64_t take_passed_over() { return searching_ ? 0 : std::exchange(passed_over_, 0); }

private:
    void pass_over(std::string_view& input) {
        const auto pass = [&](std::uint64_t count) {
            taken_ += count;
            input.remove_prefix(static_cast<std::size_t>(count));
        };
        const auto rest = std::min<std::uint64_t>(rest_of_frame_, input.size());
        rest_of_frame_ -= rest;
        pass(rest);
        if (!searching_ || input.empty()) return;
        searching_ = !looks_like_frame(from_, input, limit_);
        if (!searching_) return;
        passed_over_ += input.size();
        pass(input.size());
    }

    kilter::side from_;
    std::uint32_t limit_;
    bool searching_;
    std::uint64_t rest_of_frame_ = 0;
    std::uint64_t passed_over_ = 0;
    std::uint64_t taken_ = 0;
    std::uint64_t begin_ = 0;
    kilter::frame_decoder decoder_;
};

}  // namespace dump
