// SPDX-License-Identifier: MIT
// Frames: a length, a code, a payload. Cut from a stream here, and counted in bytes for whoever makes one.
#pragma once

#include <array>
#include <cstddef>
#include <cstdint>
#include <optional>
#include <span>
#include <string_view>
#include <utility>
#include <vector>

#include "detail/bytes.hpp"
#include "detail/inline.hpp"
#include "error.hpp"

namespace kilter {

/// A frame without its length, which counts the code and the payload.
struct frame {
    char code{};
    std::string_view payload{};

    bool operator==(const frame&) const = default;
};

/// The bytes of the length, and of the length and the code.
inline constexpr std::size_t length_size = 4;
inline constexpr std::size_t frame_overhead = length_size + 1;

/// A buffer of at most `Capacity` bytes that needs no allocator: for frame decoders without a heap, and as
/// an output. What doesn't fit isn't taken: resize() is for callers that have asked max_size().
template <std::size_t Capacity>
class fixed_buffer {
    static_assert(Capacity >= frame_overhead, "no frame fits");

public:
    constexpr const char* data() const noexcept { return bytes_.data(); }
    constexpr char* data() noexcept { return bytes_.data(); }
    constexpr std::size_t size() const noexcept { return size_; }
    static constexpr std::size_t max_size() noexcept { return Capacity; }
    constexpr bool empty() const noexcept { return size_ == 0; }
    constexpr void clear() noexcept { size_ = 0; }
    constexpr void resize(std::size_t size) noexcept { size_ = size < Capacity ? size : Capacity; }

private:
    std::array<char, Capacity> bytes_{};
    std::size_t size_ = 0;
};

/// Cuts a byte stream into frames.
///
/// A frame that is whole in the input is a view of the input. Only a frame that the input cuts in two is
/// copied, once, and then only that one; of a large one that is read into room(), only its ends. What is held
/// never exceeds the largest frame and the five bytes behind it (or 64; twice that while it grows), and grows
/// with the bytes that have arrived: a length alone allocates no more than a page.
///
/// `Buffer` has data(), size(), max_size() and resize(), like a std::vector<char>.
template <class Buffer = std::vector<char>>
class basic_frame_decoder {
public:
    /// Frames with more than `max_payload` bytes, the code not counted, are errors, and so are those that
    /// wouldn't fit into the buffer if they came in pieces.
    constexpr explicit basic_frame_decoder(std::uint32_t max_payload, Buffer buffer = Buffer())
        : held_(std::move(buffer)), limit_{fitting(max_payload)} {}

    /// Takes the next frame off the front of `input`, or nothing if it isn't whole yet; what there is of it
    /// is kept then, and `input` is empty. Nothing comes after an error.
    ///
    /// The payload is a view of `input`, or good until the next call.
    KILTER_INLINE constexpr std::optional<frame> next(std::string_view& input) {
        if (state_ == state::between && has_whole_frame(input)) return take(input);
        if (keep_mere_piece(input)) return std::nullopt;
        return next_in_pieces(input);
    }

    /// Where the next bytes of the stream may be read to, so that nobody has to copy them: room for the rest
    /// of the frame in hand and the beginning of the next one, or for a part of that. Empty if no more than a
    /// page is missing, which is faster read with what follows; then, and whenever you like, read elsewhere.
    ///
    /// What has come is given to next() as always. The room is good until the next call.
    constexpr std::span<char> room() {
        if (state_ != state::within || used_ + page >= wanted_) return {};
        const auto useful = wanted_ + frame_overhead;
        // Only once little of it is left: reads of single bytes would make it grow, and be copied, for each.
        if (held_.size() < used_ + larger(used_ / 2, page / 4)) grow(useful, larger(2 * used_, page));
        return {held_.data() + used_, smaller(useful, held_.size()) - used_};
    }

    /// Gives the memory for frames in pieces back, unless there is such a frame in hand. What was handed out
    /// of it is gone then, and so is what is left of an input that was read into it.
    constexpr void release_room() {
        if (state_ == state::within) return;
        // Not shrink_to_fit(), which does nothing in libstdc++ without exceptions.
        if constexpr (requires { Buffer(held_.get_allocator()); })
            held_ = Buffer(held_.get_allocator());
        else
            held_.resize(0);
    }

    /// Why no more frames come, or ok.
    constexpr errc error() const noexcept { return error_; }

    /// The length that stands in front of the last frame begun. After an error: the offending one.
    constexpr std::uint32_t length() const noexcept { return length_; }

    /// Is there a piece of a frame whose rest hasn't come yet?
    constexpr bool in_frame() const noexcept { return state_ == state::within; }

    /// Is there no such piece, nor an error?
    constexpr bool between_frames() const noexcept {
        return state_ == state::between || state_ == state::handed_out;
    }

    constexpr std::uint32_t max_payload() const noexcept { return limit_; }
    constexpr void max_payload(std::uint32_t bytes) noexcept { limit_ = fitting(bytes); }

private:
    enum class state : unsigned char { between, within, handed_out, broken };

    /// What the first piece of a frame is worth in memory, however small it is, and where room() begins.
    static constexpr std::size_t few = 64;
    static constexpr std::size_t page = 4096;

    static constexpr std::size_t smaller(std::size_t a, std::size_t b) noexcept { return a < b ? a : b; }
    static constexpr std::size_t larger(std::size_t a, std::size_t b) noexcept { return a < b ? b : a; }

    constexpr std::uint32_t fitting(std::uint32_t max_payload) const noexcept {
        constexpr std::size_t countable = 0xffff'fffe;  // the length counts the code, too
        return static_cast<std::uint32_t>(
            smaller(max_payload, smaller(countable, held_.max_size() - frame_overhead)));
    }

    /// The usual case. A length of 0 is out of range, too.
    KILTER_INLINE constexpr bool has_whole_frame(std::string_view input) noexcept {
        if (input.size() < frame_overhead) return false;
        length_ = detail::load_u32(input.data());
        return length_ - 1 <= limit_ && length_ <= input.size() - length_size;
    }

    /// A piece of the frame in hand that doesn't decide anything, and for which there is room, is kept at
    /// once.
    KILTER_INLINE constexpr bool keep_mere_piece(std::string_view& input) noexcept {
        const auto used = used_ + input.size();
        if (used >= wanted_ || used > held_.size()) return false;
        detail::move_bytes(input.data(), input.size(), held_.data() + used_);
        used_ = used;
        input = {};
        return true;
    }

    /// For frames that the input cuts in two, and for bad ones.
    constexpr std::optional<frame> next_in_pieces(std::string_view& input) {
        if (state_ == state::broken) return std::nullopt;
        if (state_ == state::handed_out) {
            used_ = 0;
            state_ = state::between;
            if (has_whole_frame(input)) return take(input);
        }
        if (state_ == state::between) {
            // Look at the length before anything is kept.
            if (input.empty() || !check_length(input)) return std::nullopt;
            if (input.size() < length_size) {
                hold_up_to(length_size, input);
                return std::nullopt;
            }
        } else if (used_ < length_size) {
            hold_up_to(length_size, input);  // all of it: less would have been a mere piece
            if (!check_length({held_.data(), used_})) return std::nullopt;
        }
        if (!hold_up_to(length_size + length_, input)) return std::nullopt;
        state_ = state::handed_out;
        wanted_ = 0;
        std::string_view whole{held_.data(), used_};
        return take(whole);
    }

    /// Reads the length at the front of `bytes`, if it is there. False if no frame can be so long.
    constexpr bool check_length(std::string_view bytes) noexcept {
        if (bytes.size() < length_size) return true;
        length_ = detail::load_u32(bytes.data());
        if (length_ == 0)
            error_ = errc::zero_length;
        else if (length_ - 1 > limit_)
            error_ = is_text(bytes.substr(0, length_size)) ? errc::not_a_milter : errc::frame_too_long;
        if (error_ != errc::ok) state_ = state::broken;
        return error_ == errc::ok;
    }

    /// Moves bytes from the input to what is held, until that is so many. False if the input isn't enough.
    constexpr bool hold_up_to(std::size_t size, std::string_view& input) {
        wanted_ = size;
        const auto count = smaller(input.size(), size - used_);
        if (used_ + count > held_.size()) {
            // If there is no memory for them, the error stays: the caller has lost its place in the stream.
            error_ = errc::no_room;
            state_ = state::broken;
            grow(larger(size, few), larger(used_ + count, larger(2 * held_.size(), few)));
            error_ = errc::ok;
        }
        state_ = state::within;
        // What has been read into room() is there already. The beginning of the frame behind it moves to the
        // front, where there is room for it.
        detail::move_bytes(input.data(), count, held_.data() + used_);
        used_ += count;
        input.remove_prefix(count);
        return used_ == size;
    }

    /// Makes the buffer so large, or as large as is needed, if that is less. It doesn't get smaller.
    constexpr void grow(std::size_t needed, std::size_t size) {
        size = smaller(smaller(size, needed), held_.max_size());
        if (held_.size() >= size) return;
        if constexpr (requires { held_.reserve(size); }) held_.reserve(size);  // that much, and not twice
        held_.resize(size);
    }

    /// Takes the frame that is there off the front.
    KILTER_INLINE constexpr frame take(std::string_view& bytes) const noexcept {
        const frame whole{bytes[length_size], {bytes.data() + frame_overhead, length_ - 1}};
        bytes.remove_prefix(length_size + length_);
        return whole;
    }

    static constexpr bool is_text(std::string_view bytes) noexcept {
        for (const char c : bytes)
            if ((c < ' ' || c > '~') && c != '\r' && c != '\n' && c != '\t') return false;
        return true;
    }

    Buffer held_;             ///< its first bytes are those of a frame, the others are room
    std::size_t used_ = 0;    ///< how many are the frame's
    std::size_t wanted_ = 0;  ///< how many it takes to decide anything: the length's, then all; 0: no frame
    std::uint32_t limit_;
    std::uint32_t length_ = 0;
    errc error_ = errc::ok;
    state state_ = state::between;
};

using frame_decoder = basic_frame_decoder<>;

}  // namespace kilter
