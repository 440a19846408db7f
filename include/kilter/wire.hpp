// SPDX-License-Identifier: MIT
// THE WIRE TABLE: every message with its code, its names, and its fields in the order of the wire.
#pragma once

#include <cstddef>
#include <string_view>
#include <utility>

#include "detail/fields.hpp"
#include "detail/inline.hpp"
#include "detail/lists.hpp"
#include "detail/table.hpp"
#include "messages.hpp"

namespace kilter {

namespace detail {

/// One message on the wire.
template <class M, class... Fields>
struct wire_row {
    using message = M;

    char code;                ///< the fifth byte of the frame
    std::string_view name;    ///< as the message is called here
    std::string_view symbol;  ///< as it is called in mfdef.h and mfapi.h
    items<Fields...> fields;

    constexpr void for_each_field(auto&& f) const { fields.for_each(f); }

    /// Reads the fields off the front of a payload, up to one that is wrong.
    KILTER_INLINE constexpr errc read(M& m, std::string_view& payload) const noexcept {
        return read(m, payload, std::index_sequence_for<Fields...>{});
    }

private:
    template <std::size_t... I>
    KILTER_INLINE constexpr errc read(M& m, std::string_view& payload,
                                      std::index_sequence<I...>) const noexcept {
        auto wrong = errc::ok;
        static_cast<void>((((wrong = item_at<I>(fields).read(m, payload)) == errc::ok) && ...));
        return wrong;
    }
};

template <class M, class... Fields>
constexpr wire_row<M, Fields...> row(char code, std::string_view name, std::string_view symbol,
                                     Fields... fields) {
    return {code, name, symbol, {fields...}};
}

}  // namespace detail

namespace wire {

namespace d = detail;  // the kinds of field

// clang-format off

/// From the MTA to the filter.
inline constexpr detail::items commands{
    d::row<command::negotiate>     ('O', "negotiate",      "SMFIC_OPTNEG",
        d::number("version", &command::negotiate::version),
        d::number("actions", &command::negotiate::actions),
        d::number("options", &command::negotiate::options),
        d::ignored<command::negotiate>{}),
    d::row<command::macro>         ('D', "macro",          "SMFIC_MACRO",
        d::octet("command", &command::macro::command),
        d::pairs("definitions", &command::macro::definitions)),
    d::row<command::connect>       ('C', "connect",        "SMFIC_CONNECT",
        d::text("hostname", &command::connect::hostname),
        d::client_address{}),
    d::row<command::helo>          ('H', "helo",           "SMFIC_HELO",
        d::text("hostname", &command::helo::hostname)),
    d::row<command::mail>          ('M', "mail",           "SMFIC_MAIL",
        d::text("sender", &command::mail::sender),
        d::texts("args", &command::mail::args)),
    d::row<command::rcpt>          ('R', "rcpt",           "SMFIC_RCPT",
        d::text("recipient", &command::rcpt::recipient),
        d::texts("args", &command::rcpt::args)),
    d::row<command::data>          ('T', "data",           "SMFIC_DATA"),
    d::row<command::unknown>       ('U', "unknown",        "SMFIC_UNKNOWN",
        d::text("line", &command::unknown::line)),
    d::row<command::header>        ('L', "header",         "SMFIC_HEADER",
        d::nonempty_text("name", &command::header::name),
        d::spaced_text("value", &command::header::value, "space", &command::header::space)),
    d::row<command::end_of_headers>('N', "end_of_headers", "SMFIC_EOH"),
    d::row<command::body>          ('B', "body",           "SMFIC_BODY",
        d::rest("chunk", &command::body::chunk)),
    d::row<command::end_of_message>('E', "end_of_message", "SMFIC_BODYEOB",
        d::rest("chunk", &command::end_of_message::chunk)),
    d::row<command::abort>         ('A', "abort",          "SMFIC_ABORT"),
    d::row<command::quit>          ('Q', "quit",           "SMFIC_QUIT"),
    d::row<command::quit_nc>       ('K', "quit_nc",        "SMFIC_QUIT_NC"),
};

/// From the filter to the MTA. The checks of a field: of what we say, then of what we hear.
inline constexpr detail::items replies{
    d::row<reply::negotiate>    ('O', "negotiate",     "SMFIC_OPTNEG",
        d::number("version", &reply::negotiate::version),
        d::number("actions", &reply::negotiate::actions),
        d::number("options", &reply::negotiate::options),
        d::symbols("symbols", &reply::negotiate::symbols)),
    d::row<reply::proceed>      ('c', "proceed",       "SMFIR_CONTINUE"),
    d::row<reply::accept>       ('a', "accept",        "SMFIR_ACCEPT"),
    d::row<reply::reject>       ('r', "reject",        "SMFIR_REJECT"),
    d::row<reply::tempfail>     ('t', "tempfail",      "SMFIR_TEMPFAIL"),
    d::row<reply::discard>      ('d', "discard",       "SMFIR_DISCARD"),
    d::row<reply::skip>         ('s', "skip",          "SMFIR_SKIP"),
    d::row<reply::progress>     ('p', "progress",      "SMFIR_PROGRESS"),
    d::row<reply::reply_code>   ('y', "reply_code",    "SMFIR_REPLYCODE",
        d::text_maybe_unterminated("text", &reply::reply_code::text, d::reply_code_text, d::reply_code_text_heard)),
    d::row<reply::conn_fail>    ('f', "conn_fail",     "SMFIR_CONN_FAIL"),
    d::row<reply::shutdown>     ('4', "shutdown",      "SMFIR_SHUTDOWN"),
    d::row<reply::add_header>   ('h', "add_header",    "SMFIR_ADDHEADER",
        d::text("name", &reply::add_header::name, d::header_name, d::header_name),
        d::spaced_text("value", &reply::add_header::value, "space", &reply::add_header::space, d::header_value, d::header_value_heard)),
    d::row<reply::insert_header>('i', "insert_header", "SMFIR_INSHEADER",
        d::number("index", &reply::insert_header::index, d::header_position, d::header_position),
        d::text("name", &reply::insert_header::name, d::header_name, d::header_name),
        d::spaced_text("value", &reply::insert_header::value, "space", &reply::insert_header::space, d::header_value, d::header_value_heard)),
    d::row<reply::change_header>('m', "change_header", "SMFIR_CHGHEADER",
        d::number("index", &reply::change_header::index, d::header_count, d::header_position),
        d::text("name", &reply::change_header::name, d::header_name, d::header_name),
        d::spaced_text("value", &reply::change_header::value, "space", &reply::change_header::space, d::header_value, d::header_value_heard)),
    d::row<reply::change_from>  ('e', "change_from",   "SMFIR_CHGFROM",
        d::text("sender", &reply::change_from::sender, d::address, d::without_controls),
        d::optional_text("args", &reply::change_from::args, d::without_controls, d::without_controls)),
    d::row<reply::add_rcpt>     ('+', "add_rcpt",      "SMFIR_ADDRCPT",
        d::text("recipient", &reply::add_rcpt::recipient, d::address, d::without_controls)),
    d::row<reply::add_rcpt_par> ('2', "add_rcpt_par",  "SMFIR_ADDRCPT_PAR",
        d::text("recipient", &reply::add_rcpt_par::recipient, d::address, d::without_controls),
        d::optional_text("args", &reply::add_rcpt_par::args, d::without_controls, d::without_controls)),
    d::row<reply::delete_rcpt>  ('-', "delete_rcpt",   "SMFIR_DELRCPT",
        d::text("recipient", &reply::delete_rcpt::recipient, d::address, d::without_controls)),
    d::row<reply::replace_body> ('b', "replace_body",  "SMFIR_REPLBODY",
        d::rest("chunk", &reply::replace_body::chunk)),
    d::row<reply::quarantine>   ('q', "quarantine",    "SMFIR_QUARANTINE",
        d::reason("reason", &reply::quarantine::reason)),
};

// clang-format on

/// The row of message `M`, whichever way it goes.
template <class M>
constexpr const auto& row_of() noexcept {
    if constexpr (d::rows_of<decltype(commands)>::template contains<M>)
        return d::row_of<M, commands>;
    else
        return d::row_of<M, replies>;
}

}  // namespace wire

namespace command {

/// Any command.
using any = detail::rows_of<decltype(wire::commands)>::variant;

}  // namespace command

namespace reply {

/// Any reply.
using any = detail::rows_of<decltype(wire::replies)>::variant;

}  // namespace reply

/// A message from the MTA to the filter.
template <class M>
concept command_message = detail::rows_of<decltype(wire::commands)>::template contains<M>;

/// A message from the filter to the MTA.
template <class M>
concept reply_message = detail::rows_of<decltype(wire::replies)>::template contains<M>;

/// A message.
template <class M>
concept message = command_message<M> || reply_message<M>;

}  // namespace kilter
