// SPDX-License-Identifier: MIT
// Every message of the protocol, as a plain aggregate: numbers, and views of bytes that lie elsewhere.
#pragma once

#include <cstdint>
#include <string_view>

#include "options.hpp"
#include "views.hpp"

// Views last as long as the bytes they look at: for an event of a session, until the loop asks for the
// next one. To keep a message longer, make it `owned`. Texts are bytes: nothing is decoded or checked as
// ASCII or UTF-8, and a text never holds its NUL.

namespace kilter {

/// What an MTA says: SMFIC_*.
namespace command {

/// SMFIC_OPTNEG, from the MTA: what it offers. Answered by reply::negotiate.
struct negotiate {
    std::uint32_t version = protocol_version;
    action actions = all_actions;  ///< what it can do for a filter
    option options = all_options;  ///< what it can leave out, and some extras

    bool operator==(const negotiate&) const = default;
};

/// SMFIC_MACRO: macros for the command that follows. Never answered.
struct macro {
    char command{};  ///< the code of that command on the wire: 'C' for connect, 'M' for mail …
    definition_list definitions{};  ///< may be empty

    bool operator==(const macro&) const = default;
};

/// SMFIC_CONNECT: a client has connected.
struct connect {
    std::string_view hostname{};  ///< a verified name, `[address]`, or `unknown`; see is_verified_name()
    kilter::family family = family::unknown;
    std::uint16_t port{};        ///< 0 if unknown, and for family::local
    std::string_view address{};  ///< as text; Sendmail puts `IPv6:` before it, see bare_address()

    bool operator==(const connect&) const = default;
};

/// SMFIC_HELO: the argument of HELO or EHLO. May come again, after STARTTLS for one.
struct helo {
    std::string_view hostname{};

    bool operator==(const helo&) const = default;
};

/// SMFIC_MAIL: a message begins.
struct mail {
    std::string_view
        sender{};      ///< as the client typed it, mostly in `<>`; `<>` or nothing is the null sender
    text_list args{};  ///< ESMTP arguments, one text each: `SIZE=1000`

    bool operator==(const mail&) const = default;
};

/// SMFIC_RCPT: a recipient of the message.
struct rcpt {
    std::string_view recipient{};  ///< as the client typed it, mostly in `<>`
    text_list args{};              ///< ESMTP arguments, one text each: `NOTIFY=NEVER`
    /// MTA's side, not on the wire: we have refused this one ourselves. It is sent only under
    /// option::rejected_rcpt, and the filter's answer refuses nothing. Filters see it by the macro
    /// `{rcpt_mailer}`, which is `error`.
    bool rejected = false;

    bool operator==(const rcpt&) const = default;
};

/// SMFIC_DATA: the client has said DATA. Since version 4.
struct data {
    bool operator==(const data&) const = default;
};

/// SMFIC_UNKNOWN: a command the MTA doesn't know. Since version 3.
struct unknown {
    std::string_view line{};  ///< Sendmail, Postfix 3.10: the whole line; Postfix before: the verb alone

    bool operator==(const unknown&) const = default;
};

/// SMFIC_HEADER: one header field of the message.
struct header {
    std::string_view name{};
    std::string_view value{};  ///< what follows the colon and `space`; folds are a LF and white space
    std::string_view space{};  ///< the one space after the colon, as far as it is known; set by the session

    bool operator==(const header&) const = default;
};

/// SMFIC_EOH: the header is complete.
struct end_of_headers {
    bool operator==(const end_of_headers&) const = default;
};

/// SMFIC_BODY: the next piece of the body, cut anywhere, with CR LF line ends; any byte may occur.
///
/// An MTA sends at most data_size() bytes at a time, since each piece is answered; if the filter doesn't
/// answer bodies, the session cuts one of any length.
struct body {
    std::string_view chunk{};

    bool operator==(const body&) const = default;
};

/// SMFIC_BODYEOB: the message is complete. Modifications may be sent, then the verdict.
struct end_of_message {
    /// A last piece of the body. Sendmail and Postfix never use it; the session hands it out as a `body`
    /// of its own, so it is empty in events.
    std::string_view chunk{};

    bool operator==(const end_of_message&) const = default;
};

/// SMFIC_ABORT: the MTA drops the message, if there is one, and keeps the connection. Never answered.
struct abort {
    bool operator==(const abort&) const = default;
};

/// SMFIC_QUIT: the connection ends. Never answered.
struct quit {
    bool operator==(const quit&) const = default;
};

/// SMFIC_QUIT_NC: the client's connection ends, a `connect` for another follows here. Never answered.
struct quit_nc {
    bool operator==(const quit_nc&) const = default;
};

}  // namespace command

/// What a filter says: SMFIR_*.
namespace reply {

/// SMFIC_OPTNEG, from the filter: what it wants of the offer. Made by agree().
struct negotiate {
    std::uint32_t version = protocol_version;
    action actions{};       ///< what it may do
    option options{};       ///< what the MTA shall leave out, and extras it shall turn on
    symbol_list symbols{};  ///< the macros wanted at each stage; a stage not listed has the MTA's own

    bool operator==(const negotiate&) const = default;
};

/// SMFIR_CONTINUE: go on; at end of message, accept it. (`continue` is a keyword.)
struct proceed {
    bool operator==(const proceed&) const = default;
};

/// SMFIR_ACCEPT: the message, or before `mail` the connection, needs no more filtering by us.
struct accept {
    bool operator==(const accept&) const = default;
};

/// SMFIR_REJECT: refuse for good (5xy): this recipient, else the message, before `mail` the connection.
struct reject {
    bool operator==(const reject&) const = default;
};

/// SMFIR_TEMPFAIL: refuse for now (4xy), what `reject` would refuse.
struct tempfail {
    bool operator==(const tempfail&) const = default;
};

/// SMFIR_DISCARD: accept the whole message and throw it away.
struct discard {
    bool operator==(const discard&) const = default;
};

/// SMFIR_SKIP: no more commands of this kind for this message. Needs option::skip.
///
/// Best said to `body` alone: as an answer to `header`, Postfix leaves out the other headers, but Sendmail
/// sends them and leaves out the body; as one to `end_of_headers`, Sendmail leaves out the body.
struct skip {
    bool operator==(const skip&) const = default;
};

/// SMFIR_PROGRESS: still at work on end of message; the MTA waits on. Not a verdict.
struct progress {
    bool operator==(const progress&) const = default;
};

/// SMFIR_REPLYCODE: refuse with this SMTP reply. Make the text with reply_text(). As an answer to `connect`,
/// Sendmail uses only its first digit.
struct reply_code {
    std::string_view text{};  ///< `550 5.7.1 Go away`; lines are separated by CR LF, `%` is doubled

    bool operator==(const reply_code&) const = default;
};

/// SMFIR_CONN_FAIL: in the C headers, but no MTA takes it. Not for sending.
struct conn_fail {
    bool operator==(const conn_fail&) const = default;
};

/// SMFIR_SHUTDOWN: Postfix answers the client 421 and hangs up. Not for sending.
struct shutdown {
    bool operator==(const shutdown&) const = default;
};

/// SMFIR_ADDHEADER: add a header field. Needs action::add_headers.
struct add_header {
    std::string_view name{};
    std::string_view value{};  ///< without the space after the colon; folds are a LF and white space
    std::string_view space{};  ///< that space; set by the session

    bool operator==(const add_header&) const = default;
};

/// SMFIR_INSHEADER: add a header field at a place. Needs action::add_headers.
struct insert_header {
    std::uint32_t index{};  ///< 0 is the very top; other places are counted differently by the MTAs
    std::string_view name{};
    std::string_view value{};
    std::string_view space{};

    bool operator==(const insert_header&) const = default;
};

/// SMFIR_CHGHEADER: change or delete a header field. Needs action::change_headers.
struct change_header {
    /// Which of the fields of this name, from 1; 0, from others, is the first, too. Delete from the last one.
    std::uint32_t index = 1;
    std::string_view name{};
    std::string_view value{};  ///< empty: delete the field
    std::string_view space{};

    bool operator==(const change_header&) const = default;
};

/// SMFIR_CHGFROM: change the sender. Needs action::change_from.
struct change_from {
    std::string_view sender{};  ///< in `<>`; the null sender is `<>`
    std::string_view args{};    ///< ESMTP arguments, all in one text with spaces between

    bool operator==(const change_from&) const = default;
};

/// SMFIR_ADDRCPT: add a recipient. Needs action::add_rcpt.
struct add_rcpt {
    std::string_view recipient{};  ///< in `<>`

    bool operator==(const add_rcpt&) const = default;
};

/// SMFIR_ADDRCPT_PAR: add a recipient with ESMTP arguments. Needs action::add_rcpt_par.
struct add_rcpt_par {
    std::string_view recipient{};  ///< in `<>`
    std::string_view args{};       ///< all in one text with spaces between

    bool operator==(const add_rcpt_par&) const = default;
};

/// SMFIR_DELRCPT: delete a recipient. Needs action::delete_rcpt.
struct delete_rcpt {
    std::string_view recipient{};  ///< as it stood in command::rcpt

    bool operator==(const delete_rcpt&) const = default;
};

/// SMFIR_REPLBODY: the next piece of a new body, with CR LF line ends. Needs action::change_body.
///
/// The first one replaces the body, further ones append; one that is empty empties it.
struct replace_body {
    std::string_view chunk{};  ///< of any length: the session cuts it at the agreed data size

    bool operator==(const replace_body&) const = default;
};

/// SMFIR_QUARANTINE: hold the message. Needs action::quarantine. Not a verdict: one must follow.
struct quarantine {
    /// For people. Control characters are sent as spaces, but may be heard. Postfix ignores it before 3.10.
    std::string_view reason{};

    bool operator==(const quarantine&) const = default;
};

}  // namespace reply
}  // namespace kilter
