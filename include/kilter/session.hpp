// SPDX-License-Identifier: MIT
// A whole conversation: bytes in, events out; messages in, bytes out. For the filter, and for the MTA.
#pragma once

#include <cstddef>
#include <optional>
#include <span>
#include <string_view>
#include <type_traits>
#include <utility>
#include <variant>
#include <vector>

#include "codec.hpp"
#include "conversation.hpp"
#include "detail/allowance.hpp"
#include "detail/inline.hpp"
#include "detail/role.hpp"
#include "detail/space.hpp"
#include "detail/unsaid.hpp"
#include "event_range.hpp"
#include "limits.hpp"
#include "protocol_error.hpp"

namespace kilter {

/// One side of one conversation.
///
/// It does no I/O. Give it the bytes that the socket brings, act on the events that come back, and write out
/// the bytes that it appends to your buffer:
///
///     for (const auto& event : session.receive(bytes))
///         match(event, …);
///
/// Each command is to be answered, `reply::proceed` being the answer of no opinion: the session leaves it
/// out where no answer is due. One session is for one thread at a time; sessions share nothing.
template <side Side, class Buffer = std::vector<char>>
class session {
    using role = detail::role<Side>;

public:
    /// Every message of the other side, or its protocol_error.
    using event = typename role::event;
    using events = event_range<session>;

    session() : session(limits<Side>{}) {}
    explicit session(const limits<Side>& all, Buffer buffer = Buffer())
        : decoder_(all.payload, std::move(buffer)), allowance_{all} {}

    /// What the other side said: a range of events, each read when the loop asks for it.
    ///
    /// An event is good until the loop asks for the next one. Let the loop run to its end, or give the
    /// range's rest() to the next receive().
    [[nodiscard]] events receive(std::span<const char> bytes) noexcept {
        return {*this, {bytes.data(), bytes.size()}};
    }
    [[nodiscard]] events receive(std::span<const std::byte> bytes) noexcept {
        return {*this, {reinterpret_cast<const char*>(bytes.data()), bytes.size()}};
    }
    template <detail::perishable Bytes>
    events receive(Bytes&&) = delete;

    /// Where the next bytes may be read to, so that nobody copies them again: room for the rest of a large
    /// frame that has come in part, and for what is behind it. If it is empty, read elsewhere. What has come
    /// goes to receive(), wherever it is; until then the room is good.
    std::span<char> room() { return open() ? decoder_.room() : std::span<char>{}; }

    /// Has a frame come in part?
    bool in_frame() const noexcept { return decoder_.in_frame(); }

    /// Gives the memory of room() back, unless a frame has come in part; so that idle connections hold none.
    /// For after the loop: what was handed out of it is gone, and so is a rest() that was read into it.
    void release_room() { decoder_.release_room(); }

    /// Appends `message`, whose views must not look into `out`, to `out`, if it may be said now.
    ///
    /// If it may not, `out` stays as it was and the result says why. A refused verdict, or answer to the
    /// offer, closes the session too, because the other side would wait for it; and so does a refused piece
    /// of a body of which others have been sent. Any other refusal changes nothing. So a filter may leave the
    /// result alone: nothing illegal is ever written, and a closed session ends its loop.
    template <message M, output Out>
    errc send(const M& message, Out& out) requires(role::template says<M>) {
        if (!open()) return errc::closed;
        const auto wrong = say(message, out);
        if (wrong != errc::ok) refuse<M>(wrong);
        return wrong;
    }

    /// Sends what agree() gave. If it gave an error, that is refused like a message.
    template <message M, output Out>
    errc send(const result<M>& message, Out& out) requires(role::template says<M>) {
        if (message) return send(*message, out);
        if (!open()) return errc::closed;
        refuse<M>(message.error());
        return message.error();
    }

    /// Would `command` be written, if it may be said? Not if the filter doesn't want it, has skipped the rest
    /// of its kind, or has given a verdict that ends all that it belongs to: then send() leaves it out, and
    /// goes on. Ask before making what it takes: its macros, for one. For the MTA's side.
    template <command_message M>
    bool wants(const M& command) const noexcept requires(role::template says<M>) {
        return open() && detail::is_wanted(conversation_, command);
    }

    /// Takes off the front of a body what may be sent at once, for the MTA's side:
    ///
    ///     while (!rest.empty() && session.wants(command::body{}))
    ///         session.send(command::body{session.take_piece(rest)}, out);  // and wait, if now() says so
    std::string_view take_piece(std::string_view& rest) const noexcept requires(Side == side::mta) {
        const auto piece = rest.substr(0, data_size(conversation_.options()));
        rest.remove_prefix(piece.size());
        return piece;
    }

    /// What is to be done now, for the MTA's side: the one question to ask after each send() and each event.
    todo now() const noexcept requires(Side == side::mta) {
        const auto next = conversation_.now();
        return open() || next == todo::close ? next : todo::give_up;
    }

    /// Between messages, with nothing owed and nothing half read: the MTA may use the connection again.
    bool reusable() const noexcept requires(Side == side::mta) {
        return conversation_.reusable() && decoder_.between_frames() && !surplus_;
    }

    /// What is taken of a filter's answer to our offer; to be said before it comes, if at all.
    void tolerate(const tolerance& taken) noexcept requires(Side == side::mta) {
        conversation_.tolerate(taken);
    }

    /// The other side has closed the connection, and this one is closed with it. ok if that may be: at any
    /// time but in the middle of a frame, or while its reply is due.
    errc finish() noexcept {
        auto wrong = errc::ok;
        if (open() && Side == side::mta && conversation_.reply_due()) wrong = errc::unanswered;
        if (open() && !decoder_.between_frames()) wrong = errc::cut_short;
        close(wrong);
        return wrong;
    }

    /// Where the conversation stands.
    const conversation& state() const noexcept { return conversation_; }

    /// False after quit, after an error, and after finish(): the connection is to be closed then.
    bool open() const noexcept { return conversation_.open(); }

    /// Why the session was closed: the protocol_error, or the message of ours that was refused. Else ok.
    errc error() const noexcept { return error_; }

private:
    friend events;
    static constexpr bool is_filter = Side == side::filter;

    /// Takes the next event off the front of the input.
    void step(std::string_view& input, std::optional<event>& current) {
        current.reset();
        if (!open()) return;
        if constexpr (is_filter) {
            if (end_of_message_follows_ && !conversation_.reply_due()) {
                end_of_message_follows_ = false;
                if (goes_on(conversation_)) return hear_end_of_message(current);
            }
        }
        const auto next = decoder_.next(input);
        if (!next) return pause(current);
        if constexpr (!is_filter) {
            // What began before a command was sent can't be the answer to it. Nor is it looked at, so that
            // the error is the same however it was cut.
            if (surplus_ || unasked()) return fail(errc::reply_not_due, next->code, current);
        }
        const auto wrong = detail::visit_row<role::incoming>(next->code, [&]<class Row>(const Row&) {
            return read<typename Row::message>(next->payload, current);
        });
        if (wrong != errc::ok) return fail(wrong, next->code, current);
        if constexpr (!is_filter) surplus_ = !input.empty() && unasked();
    }

    /// There isn't a whole frame.
    void pause(std::optional<event>& current) {
        if (decoder_.error() != errc::ok) fail(decoder_.error(), 0, current);
        if constexpr (!is_filter) surplus_ = surplus_ || (in_frame() && unasked());
    }

    /// Is whatever a filter says now unasked for?
    bool unasked() const noexcept { return !conversation_.reply_due(); }

    /// Reads a message where it is to be handed out.
    template <class M>
    KILTER_NOINLINE errc read(std::string_view payload, std::optional<event>& current) {
        if (const auto wrong = allowance_.template take<M>(payload.size()); wrong != errc::ok) return wrong;
        auto& message = *std::get_if<M>(&current.emplace(std::in_place_type<M>));
        if (const auto wrong = detail::read_payload(wire::row_of<M>(), payload, message); wrong != errc::ok)
            return wrong;
        return hear(message, current);
    }

    template <class M>
    KILTER_INLINE errc hear(M& message, std::optional<event>& current) {
        if constexpr (std::is_same_v<M, command::end_of_message>) {
            if (!message.chunk.empty() && conversation_.of_use<command::body>())
                return hear_last_chunk(message.chunk, current);
            message.chunk = {};
        }
        if constexpr (!is_filter) {
            if (const auto wrong = check_heard(message); wrong != errc::ok) return wrong;
        }
        if (const auto wrong = conversation_.take(message, manner::heard); wrong != errc::ok) return wrong;
        if constexpr (std::is_same_v<M, reply::negotiate>) agreed();
        if constexpr (detail::header_like<M>) detail::hear_space<is_filter>(message, leading_space());
        return errc::ok;
    }

    /// The end_of_message after the piece of the body that came with it.
    KILTER_NOINLINE void hear_end_of_message(std::optional<event>& current) {
        current.emplace(std::in_place_type<command::end_of_message>);
        static_cast<void>(hear(*std::get_if<command::end_of_message>(&*current), current));
    }

    /// Neither abandoned, nor over by a verdict on the last piece of its body?
    static bool goes_on(const conversation& now) noexcept {
        return now.in_message() && now.ended() == scope::nothing;
    }

    /// Data on end_of_message is a piece of the body and an end of message, with one answer in all.
    ///
    /// libmilter gives the last piece to the body callback, too; but if that has a verdict, it sends it twice
    /// (engine.c st_bodyend()).
    errc hear_last_chunk(std::string_view chunk, std::optional<event>& current) {
        end_of_message_follows_ = true;
        current.emplace(std::in_place_type<command::body>, command::body{chunk});
        return hear(*std::get_if<command::body>(&*current), current);
    }

    /// Writes the message, and then moves on: if it can't be written, nothing has happened.
    template <class M, class Out>
    KILTER_INLINE errc say(const M& message, Out& out) {
        if (detail::nothing_to_say<is_filter>(conversation_, message)) {
            if constexpr (!is_filter) conversation_.template leave_out<M>();
            return errc::ok;
        }
        if constexpr (std::is_same_v<M, command::end_of_message>) {
            if (!message.chunk.empty()) return errc::not_for_sending;
        }
        if (const auto wrong = conversation_.may_come(message, manner::said); wrong != errc::ok) return wrong;
        if (!left_out(message)) {
            if (const auto wrong = write(message, out); wrong != errc::ok) return wrong;
        }
        conversation_.come(message, manner::said);
        if constexpr (std::is_same_v<M, reply::negotiate>) agreed();
        return errc::ok;
    }

    /// What moves the conversation on, but isn't written.
    template <class M>
    bool left_out(const M& message) const noexcept {
        if constexpr (is_filter) {
            if (!end_of_message_follows_) return false;  // else it is an answer to that piece of the body
            auto after = conversation_;
            after.come(message, manner::said);
            return goes_on(after);  // the answer is the one to end_of_message
        } else {
            return !detail::is_wanted(conversation_, message);
        }
    }

    template <class M, class Out>
    errc write(M message, Out& out) {
        if constexpr (detail::header_like<M>) detail::say_space<is_filter>(message, leading_space());
        const auto size = data_size(conversation_.options());
        if constexpr (detail::body_like<M>) {
            // Pieces that are answered one by one can't go out all at once.
            if constexpr (is_filter) return encode_in_pieces(message, out, size);
            if constexpr (!is_filter) {
                if (!conversation_.template answered<M>()) return encode_in_pieces(message, out, size);
            }
        }
        return encode(message, out, size);
    }

    bool leading_space() const noexcept { return has(conversation_.options(), option::leading_space); }

    /// What was agreed may allow larger frames.
    void agreed() noexcept {
        const auto size = data_size(conversation_.options());
        if (size > data_size_64k && size > decoder_.max_payload()) decoder_.max_payload(size);
    }

    /// The other side waits for a verdict, and must not get half a body: refusing these closes the session.
    template <class M>
    void refuse(errc wrong) noexcept {
        if constexpr (reply_message<M>) {
            constexpr auto& rule = rules::of<M>();
            if (rule.says != verdict::none || (rule.in_one_run && conversation_.replacing())) close(wrong);
        }
    }

    KILTER_NOINLINE void fail(errc wrong, char code, std::optional<event>& current) {
        current.emplace(
            std::in_place_type<protocol_error>,
            protocol_error{wrong, code, decoder_.length(), conversation_.at(), conversation_.asked()});
        close(wrong);
    }

    void close(errc wrong) noexcept {
        if (error_ == errc::ok) error_ = wrong;
        conversation_.close();
    }

    basic_frame_decoder<Buffer> decoder_;
    conversation conversation_{};
    detail::allowance<Side> allowance_;
    errc error_ = errc::ok;
    bool surplus_ = false;                 ///< bytes of a reply have come while none was due
    bool end_of_message_follows_ = false;  ///< after the piece of the body that came with it
};

/// The filter's side: events are commands, and it sends replies.
using filter_session = session<side::filter>;

/// The MTA's side: events are replies, and it sends commands.
using mta_session = session<side::mta>;

}  // namespace kilter
