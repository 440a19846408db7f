// SPDX-License-Identifier: MIT
// What can be wrong, in one enum; a text for each; and a value or what is wrong with it.
#pragma once

#include <cstdint>
#include <string_view>
#include <utility>

namespace kilter {

/// What is wrong. `ok` is 0, so that `if (auto wrong = …; wrong != errc::ok)` reads well.
enum class errc : std::uint8_t {
    ok,

    // A frame can't be cut from the stream.
    zero_length,     ///< its length is 0; the smallest is 1, the code alone
    frame_too_long,  ///< its length is over the limit: that of all frames, or that of macros
    not_a_milter,    ///< its length is printable text: the peer speaks something else
    cut_short,       ///< the peer closed in the middle of it

    // A frame can't be read as a message.
    unknown_code,    ///< no message of this direction has this code
    missing_field,   ///< its payload ends before its last field
    missing_nul,     ///< a text has no NUL at its end
    trailing_bytes,  ///< bytes follow its last field (an embedded NUL looks like this, too)
    unknown_family,  ///< an address family other than '4', '6', 'L' and 'U'
    missing_value,   ///< a macro's name without a value
    empty_name,      ///< a header field without a name

    // A message may not come now.
    out_of_turn,       ///< the command isn't legal at this point of the conversation
    reply_owed,        ///< a command while the answer to the one before is owed
    reply_not_due,     ///< a reply where none is due
    wrong_reply,       ///< the reply doesn't answer this command
    message_gone,      ///< a modification of a message that the MTA has abandoned
    body_interrupted,  ///< a body replacement goes on after another reply; Postfix refuses that
    unanswered,        ///< the peer closed while its reply was due
    no_progress,       ///< too many messages in a row that bring no mail on
    closed,            ///< the conversation is over

    // What was negotiated doesn't allow it.
    version_too_old,     ///< the protocol version is below 2
    version_too_new,     ///< an offer above 6, or an answer above the offer
    action_not_offered,  ///< the filter needs an action that the MTA doesn't offer
    option_not_offered,  ///< the filter needs an option that the MTA doesn't offer
    nothing_offered,     ///< an offer without actions or options, which filters read as one of version 1
    action_not_granted,  ///< a modification whose action wasn't agreed
    option_not_granted,  ///< a reply whose option wasn't agreed

    // A message of our own can't be sent as it is.
    nul_in_text,       ///< a NUL would end the text early
    bad_header_name,   ///< not one or more printable ASCII characters without space and colon
    bad_header_value,  ///< a CR, or a LF that no space or tab follows
    bad_address,       ///< empty, or with control characters; or one of a family that has none
    bad_reply_text,    ///< not the text of an SMTP reply of class 4 or 5, see reply_text()
    bad_symbols,  ///< macro lists not in the order of their stages, or end of message without end of headers
    bad_index,    ///< a header index that MTAs read differently: 0 in change_header, or above 0x7fffffff
    bad_text,     ///< control characters where they do harm
    too_long,     ///< the payload is over the agreed data size
    no_room,      ///< the output can't grow so far, or there was no memory for a piece of a frame
    not_for_sending,  ///< received from others, never sent: data on end_of_message, shutdown, conn_fail
};

/// The error as a short text for logs, without a full stop.
constexpr std::string_view to_string(errc e) noexcept {
    switch (e) {
        case errc::ok: return "ok";
        case errc::zero_length: return "a frame of length 0";
        case errc::frame_too_long: return "a frame over the limit";
        case errc::not_a_milter: return "the peer is not a milter";
        case errc::cut_short: return "closed in the middle of a frame";
        case errc::unknown_code: return "unknown code";
        case errc::missing_field: return "payload ends before its last field";
        case errc::missing_nul: return "text without a NUL at its end";
        case errc::trailing_bytes: return "bytes after the last field";
        case errc::unknown_family: return "unknown address family";
        case errc::missing_value: return "macro name without a value";
        case errc::empty_name: return "header field without a name";
        case errc::out_of_turn: return "out of turn";
        case errc::reply_owed: return "command while a reply is owed";
        case errc::reply_not_due: return "reply where none is due";
        case errc::wrong_reply: return "not a reply to this command";
        case errc::message_gone: return "modification of an abandoned message";
        case errc::body_interrupted: return "body replacement continued after another reply";
        case errc::unanswered: return "closed before the reply";
        case errc::no_progress: return "too many messages that bring no mail on";
        case errc::closed: return "the conversation is over";
        case errc::version_too_old: return "protocol version below 2";
        case errc::version_too_new: return "protocol version above the one offered";
        case errc::action_not_offered: return "action not offered";
        case errc::option_not_offered: return "option not offered";
        case errc::nothing_offered: return "nothing offered";
        case errc::action_not_granted: return "action not agreed";
        case errc::option_not_granted: return "option not agreed";
        case errc::nul_in_text: return "NUL in a text";
        case errc::bad_header_name: return "malformed header name";
        case errc::bad_header_value: return "malformed header value";
        case errc::bad_address: return "malformed address";
        case errc::bad_reply_text: return "malformed SMTP reply";
        case errc::bad_symbols: return "malformed macro lists";
        case errc::bad_index: return "ambiguous header index";
        case errc::bad_text: return "control character in a text";
        case errc::too_long: return "payload over the agreed size";
        case errc::no_room: return "no room";
        case errc::not_for_sending: return "may be received but not sent";
    }
    return "unknown error";
}

/// A value, or what is wrong: as much of C++23's `std::expected<T, errc>` as this library needs, under the
/// same names. Without a value, `*` gives a default `T`.
template <class T>
class [[nodiscard]] result {
public:
    constexpr result(T value) noexcept(noexcept(T(std::move(value)))) : value_{std::move(value)} {}
    constexpr result(errc error) noexcept : error_{error} {}

    constexpr bool has_value() const noexcept { return error_ == errc::ok; }
    constexpr explicit operator bool() const noexcept { return has_value(); }
    constexpr errc error() const noexcept { return error_; }

    constexpr T& operator*() & noexcept { return value_; }
    constexpr const T& operator*() const& noexcept { return value_; }
    constexpr T&& operator*() && noexcept { return std::move(value_); }
    constexpr T* operator->() noexcept { return &value_; }
    constexpr const T* operator->() const noexcept { return &value_; }

private:
    T value_{};
    errc error_ = errc::ok;
};

}  // namespace kilter
