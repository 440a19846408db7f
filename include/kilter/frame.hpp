// SPDX-License-Identifier: MIT
// Frames: a length, a code, a payload. Cut from a stream here, and counted in bytes for whoever makes one.
#pragma once

#include <array>
#include <cstddef>
#include <cstdint>
#include <optional>
#include <string_view>
#include <utility>
#include <vector>

#include "detail/bytes.hpp"
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
/// an output. What doesn't fit isn't taken: resize() and insert() are for callers that have asked max_size().
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
    constexpr const char* end() const noexcept { return data() + size_; }
    constexpr void insert(const char*, const char* from, const char* to) noexcept {
        while (from != to && size_ != Capacity) bytes_[size_++] = *from++;
    }

private:
    std::array<char, Capacity> bytes_{};
    std::size_t size_ = 0;
};

/// Cuts a byte stream into frames.
///
/// A frame that is whole in the input is a view of the input. Only a frame that the input cuts in two is
/// copied, once, and then only that one. What is held never exceeds the limit and the frame's own length,
/// and grows with the bytes that have arrived: a length alone allocates nothing.
template <class Buffer = std::vector<char>>
class basic_frame_decoder {
public:
    /// Frames with more than `max_payload` bytes, the code not counted, are errors, and so are those that
    /// wouldn't fit into the buffer if they came in pieces.
    constexpr explicit basic_frame_decoder(std::uint32_t max_payload, Buffer buffer = Buffer())
        : held_(std::move(buffer)), max_payload_{fitting(max_payload)} {}

    /// Takes the next frame off the front of `input`, or nothing if it isn't whole yet; what there is of it
    /// is kept then, and `input` is empty. Nothing comes after an error.
    ///
    /// The payload is a view of `input`, or good until the next call.
    constexpr std::optional<frame> next(std::string_view& input) {
        if (error_ != errc::ok) return std::nullopt;
        if (handed_out_) {
            held_.clear();
            handed_out_ = false;
        }
        if (!held_.empty()) return finish_held(input);

        const auto size = size_of_frame(input);
        if (error_ != errc::ok) return std::nullopt;
        if (size == 0 || input.size() < size) {
            hold(input, input.size());
            return std::nullopt;
        }
        const auto whole = input.substr(0, size);
        input.remove_prefix(size);
        return cut(whole);
    }

    /// Why no more frames come, or ok.
    constexpr errc error() const noexcept { return error_; }

    /// The length that stands in front of the last frame begun. After an error: the offending one.
    constexpr std::uint32_t length() const noexcept { return length_; }

    /// Is there a piece of a frame whose rest hasn't come yet?
    constexpr bool in_frame() const noexcept { return !held_.empty() && !handed_out_; }

    constexpr std::uint32_t max_payload() const noexcept { return max_payload_; }
    constexpr void max_payload(std::uint32_t bytes) noexcept { max_payload_ = fitting(bytes); }

private:
    constexpr std::uint32_t fitting(std::uint32_t max_payload) const noexcept {
        const auto room = held_.max_size() - frame_overhead;
        return room < max_payload ? static_cast<std::uint32_t>(room) : max_payload;
    }

    /// How long the frame at the front of `bytes` is, its length included; 0 if that isn't known yet.
    constexpr std::size_t size_of_frame(std::string_view bytes) noexcept {
        if (bytes.size() < length_size) return 0;
        length_ = detail::load_u32(bytes.data());
        if (length_ == 0)
            error_ = errc::zero_length;
        else if (length_ - 1 > max_payload_)
            error_ = is_text(bytes.substr(0, length_size)) ? errc::not_a_milter : errc::frame_too_long;
        return length_size + length_;
    }

    /// Tops up what is held, first to a length, then to a frame.
    constexpr std::optional<frame> finish_held(std::string_view& input) {
        if (held_.size() < length_size) {
            hold(input, length_size - held_.size());
            if (held_.size() < length_size) return std::nullopt;
        }
        const auto size = size_of_frame({held_.data(), held_.size()});
        if (error_ != errc::ok) return std::nullopt;
        hold(input, size - held_.size());
        if (held_.size() < size) return std::nullopt;
        handed_out_ = true;
        return cut({held_.data(), held_.size()});
    }

    /// Moves up to `count` bytes from the input to what is held. If there is no memory for them, the error
    /// stays: the caller has lost its place in the stream.
    constexpr void hold(std::string_view& input, std::size_t count) {
        const auto piece = input.substr(0, count);
        error_ = errc::no_room;
        held_.insert(held_.end(), piece.data(), piece.data() + piece.size());
        error_ = errc::ok;
        input.remove_prefix(piece.size());
    }

    static constexpr frame cut(std::string_view whole) noexcept {
        return {whole[length_size], whole.substr(frame_overhead)};
    }

    static constexpr bool is_text(std::string_view bytes) noexcept {
        for (const char c : bytes)
            if ((c < ' ' || c > '~') && c != '\r' && c != '\n' && c != '\t') return false;
        return true;
    }

    Buffer held_;
    std::uint32_t max_payload_;
    std::uint32_t length_ = 0;
    errc error_ = errc::ok;
    bool handed_out_ = false;  ///< what is held was the last frame
};

using frame_decoder = basic_frame_decoder<>;

}  // namespace kilter
