// SPDX-License-Identifier: MIT
// Messages to bytes and back, by the wire table.
#pragma once

#include <array>
#include <concepts>
#include <cstddef>
#include <cstdint>
#include <span>
#include <string_view>
#include <type_traits>
#include <utility>

#include "detail/index.hpp"
#include "frame.hpp"
#include "wire.hpp"

namespace kilter {

/// What bytes can be appended to: a std::string, a std::vector or fixed_buffer of bytes.
template <class Out>
concept output = requires(Out& out, std::size_t n) {
    requires detail::byte_like<std::remove_cvref_t<decltype(*out.data())>>;
    out.resize(n);
    { out.size() } -> std::convertible_to<std::size_t>;
    { out.max_size() } -> std::convertible_to<std::size_t>;
};

/// The size of the frame that encode() makes of `message`: length, code and payload.
template <message M>
constexpr std::size_t encoded_size(const M& message) noexcept {
    std::size_t size = frame_overhead;
    wire::row_of<M>().for_each_field([&](const auto& field) { size += field.size(message); });
    return size;
}

/// May `message` be sent as it is, in a frame with at most `max_payload` bytes? It says what is wrong with
/// it otherwise. Whether it may be sent *now* is for a session to say.
template <message M>
constexpr errc check(const M& message, std::uint32_t max_payload = data_size_64k) noexcept {
    auto wrong = errc::ok;
    wire::row_of<M>().for_each_field([&](const auto& field) {
        if (wrong == errc::ok) wrong = field.check(message);
    });
    if (wrong == errc::ok && encoded_size(message) - frame_overhead > max_payload) return errc::too_long;
    return wrong;
}

/// May `message`, which has come from another, be used as it is? Of what a filter says, it is what every MTA
/// has to check: that nothing in it could inject a line, a header field or an SMTP reply. mta_session has
/// checked the events that it hands out. Only a quarantine's reason, which is for people, may hold anything.
template <message M>
constexpr errc check_heard(const M& message) noexcept {
    auto wrong = errc::ok;
    wire::row_of<M>().for_each_field([&](const auto& field) {
        if constexpr (requires { field.accept(message); }) {
            if (wrong == errc::ok) wrong = field.accept(message);
        }
    });
    return wrong;
}

namespace detail {

/// Writes a frame that has been checked, `size` bytes of it.
template <message M, byte_like Byte>
constexpr void write_frame(const M& message, std::size_t size, Byte* at) noexcept {
    const auto& row = wire::row_of<M>();
    writer<Byte> out{at};
    out.u32(static_cast<std::uint32_t>(size - length_size));
    out.u8(static_cast<unsigned char>(row.code));
    row.for_each_field([&](const auto& field) { field.write(message, out); });
}

/// What takes bytes without filling the room for them first, as a std::string does.
template <class Out>
concept appendable = requires(Out& out, const char* from, std::size_t count) {
    out.append(from, count);
    out.capacity();
};

/// The frame of a message without fields, which is always the same.
template <message M>
requires(std::is_empty_v<M>) inline constexpr auto fixed_frame = [] {
    std::array<char, frame_overhead> bytes{};
    write_frame(M{}, frame_overhead, bytes.data());
    return bytes;
}();

/// Appends it to what has to grow for it.
template <class M, class Out>
KILTER_NOINLINE constexpr errc append_and_grow(Out& out) {
    if (frame_overhead > out.max_size() - out.size()) return errc::no_room;
    out.append(fixed_frame<M>.data(), frame_overhead);
    return errc::ok;
}

/// Where there is room, append() is a few instructions, if its compiler sees so.
template <class M, class Out>
KILTER_INLINE constexpr errc append_fixed_frame(Out& out) {
    if (out.size() + frame_overhead > out.capacity()) return append_and_grow<M>(out);
    out.append(fixed_frame<M>.data(), frame_overhead);
    return errc::ok;
}

/// Makes room for `size` more bytes and says where it begins, or gives nullptr if that can't be.
template <output Out>
constexpr auto* extend(Out& out, std::size_t size) {
    const std::size_t before = out.size();
    if (size > out.max_size() - before) return decltype(out.data()){nullptr};
    out.resize(before + size);
    return out.data() + before;
}

}  // namespace detail

/// Appends the frame of `message`, whose views must not look into `out`, to `out`, which stays as it was if
/// that can't be done.
template <message M, output Out>
[[nodiscard]] constexpr errc encode(const M& message, Out& out, std::uint32_t max_payload = data_size_64k) {
    if constexpr (detail::appendable<Out> && std::is_empty_v<M>) return detail::append_fixed_frame<M>(out);
    if (const auto wrong = check(message, max_payload); wrong != errc::ok) return wrong;
    const auto size = encoded_size(message);
    auto* at = detail::extend(out, size);
    if (at == nullptr) return errc::no_room;
    detail::write_frame(message, size, at);
    return errc::ok;
}

/// Writes the frame of `message` to the front of `out`. The result is its size.
template <message M>
constexpr result<std::size_t> encode(const M& message, std::span<char> out,
                                     std::uint32_t max_payload = data_size_64k) noexcept {
    if (const auto wrong = check(message, max_payload); wrong != errc::ok) return wrong;
    const auto size = encoded_size(message);
    if (size > out.size()) return errc::no_room;
    detail::write_frame(message, size, out.data());
    return size;
}

namespace detail {

/// Messages with a piece of a body, which may be cut anywhere.
template <class M>
concept body_like = std::is_same_v<M, command::body> || std::is_same_v<M, reply::replace_body>;

}  // namespace detail

/// Appends a body of any length, in as many frames as it takes, to `out`, which stays as it was if there
/// isn't room for all of them. An empty one takes one frame.
template <detail::body_like M, output Out>
[[nodiscard]] constexpr errc encode_in_pieces(const M& message, Out& out,
                                              std::uint32_t max_payload = data_size_64k) {
    auto body = message.chunk;
    if (max_payload == 0 || body.size() > out.max_size()) return errc::no_room;
    const auto frames = body.empty() ? 1 : (body.size() - 1) / max_payload + 1;
    if (frames > (out.max_size() - body.size()) / frame_overhead) return errc::no_room;
    auto* at = detail::extend(out, body.size() + frames * frame_overhead);
    if (at == nullptr) return errc::no_room;
    for (std::size_t i = 0; i != frames; ++i) {
        const M piece{body.substr(0, max_payload)};
        body.remove_prefix(piece.chunk.size());
        detail::write_frame(piece, encoded_size(piece), at);
        at += encoded_size(piece);
    }
    return errc::ok;
}

/// The frame of a message that is known in advance, as an array made at compile time:
/// `constexpr auto go_on = frame_of([] { return reply::proceed{}; });`
template <class Make>
constexpr auto frame_of(Make make) noexcept {
    std::array<char, encoded_size(Make{}())> bytes{};
    static_assert(check(Make{}()) == errc::ok, "this message can't be sent");
    static_cast<void>(encode(make(), std::span<char>{bytes}));
    return bytes;
}

namespace detail {

/// Reads the payload of one message. All of it must be used up.
template <class Row, class M>
KILTER_INLINE constexpr errc read_payload(const Row& row, std::string_view payload, M& message) noexcept {
    const auto wrong = row.read(message, payload);
    if (wrong == errc::ok && !payload.empty()) return errc::trailing_bytes;
    return wrong;
}

/// For each byte, the number of the row whose code it is; the number of rows if it is none's.
template <class Table>
constexpr std::array<unsigned char, 256> number_rows(const Table& table) noexcept {
    std::array<unsigned char, 256> numbers{};
    for (auto& number : numbers) number = rows_of<Table>::count;
    unsigned char number = 0;
    for_each_row(table, [&](const auto& row) { numbers[static_cast<unsigned char>(row.code)] = number++; });
    return numbers;
}
template <const auto& Table>
inline constexpr auto row_numbers = number_rows(Table);

/// Calls f(row) for the row with this code, and gives what it says. This is the one dispatch of all that
/// receives; compilers make a jump table of it.
template <const auto& Table, class F>
KILTER_INLINE constexpr errc visit_row(char code, F&& f) {
    constexpr auto count = rows_of<decltype(Table)>::count;
    const std::size_t row = row_numbers<Table>[static_cast<unsigned char>(code)];
    if (row == count) return errc::unknown_code;
    return with_constant<count>(row, [&](auto at) { return f(item_at<at()>(Table)); });
}

template <class Any, const auto& Table>
constexpr result<Any> decode_any(const frame& in) noexcept {
    Any any;
    const auto wrong = visit_row<Table>(in.code, [&]<class Row>(const Row& row) {
        typename Row::message message{};
        const auto outcome = read_payload(row, in.payload, message);
        // clang 14 with libstdc++ 12 can't put an alternative into a variant in a constant expression, so
        // a whole variant is assigned.
        if (outcome == errc::ok) any = Any{std::in_place_type<typename Row::message>, message};
        return outcome;
    });
    if (wrong != errc::ok) return wrong;
    return any;
}

}  // namespace detail

// Templates, so that whoever doesn't call them doesn't wait for their compilation.

/// The frame as a command. Its views look into the frame.
template <class Any = command::any>
constexpr result<Any> decode_command(const frame& in) noexcept {
    return detail::decode_any<Any, wire::commands>(in);
}

/// The frame as a reply. Its views look into the frame.
template <class Any = reply::any>
constexpr result<Any> decode_reply(const frame& in) noexcept {
    return detail::decode_any<Any, wire::replies>(in);
}

/// The payload as a message of type `M`.
template <message M>
constexpr result<M> decode(std::string_view payload) noexcept {
    M message{};
    if (const auto wrong = detail::read_payload(wire::row_of<M>(), payload, message); wrong != errc::ok)
        return wrong;
    return message;
}

}  // namespace kilter
