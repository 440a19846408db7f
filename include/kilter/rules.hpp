// SPDX-License-Identifier: MIT
// THE RULES TABLE: when each message may come, what it leads to, what answers it, and what that means.
#pragma once

#include <cstdint>
#include <type_traits>

#include "detail/table.hpp"
#include "flags.hpp"
#include "messages.hpp"
#include "phase.hpp"

namespace kilter {

/// The commands that are answered. What is owed is the answer to one of them.
enum class question : std::uint16_t {
    none = 0,
    negotiate = 0x001,
    connect = 0x002,
    helo = 0x004,
    mail = 0x008,
    rcpt = 0x010,
    data = 0x020,
    unknown = 0x040,
    header = 0x080,
    end_of_headers = 0x100,
    body = 0x200,
    end_of_message = 0x400,
};
template <>
inline constexpr bool is_flags<question> = true;

/// How much of a conversation a verdict ends.
enum class scope : std::uint8_t { nothing, recipient, message, connection };

/// What a reply says about the question.
enum class verdict : std::uint8_t {
    none,  ///< nothing yet: a modification, or progress
    go_on,
    accept,
    refuse,  ///< reject, tempfail, reply_code
    discard,
    skip,
    hang_up,
};

namespace rules {

/// Where a command leads to. One that leads only back, to the end of all, leads nowhere.
struct lead {
    phase to;
    bool only_back;

    constexpr phase from(phase at) const noexcept { return only_back && at < to ? at : to; }
};

constexpr lead on_to(phase p) noexcept { return {p, false}; }
constexpr lead back_to(phase p) noexcept { return {p, true}; }
inline constexpr lead stays = back_to(phase::closed);

/// May the other side send this while our reply is owed? Both MTAs wait for each reply, so we never do.
enum class while_owed : std::uint8_t {
    refused,
    kept,       ///< yes, and the reply is owed all the same: the MTA still reads it
    cancelled,  ///< yes, and nothing is owed any more
};

/// The rules for one command.
struct command_rule {
    phases in;          ///< may come in these phases
    phases also_heard;  ///< a leniency: comes from real MTAs in these, too, but never from us
    lead leads;
    question asks;        ///< what is to be answered; none: never answered
    scope about;          ///< what a refusal ends
    phase after_refusal;  ///< where we stand then, if `about` is the message
    option not_sent;      ///< the option under which the MTA leaves it out
    option silent;        ///< the option under which it isn't answered
    while_owed owed;
};

/// The rules for one reply.
struct reply_rule {
    question answers;
    question also_heard;  ///< a leniency: taken as an answer to these, too, but never given by us
    verdict says;
    action needs;         ///< the action that must have been agreed
    option needs_option;  ///< the option that must have been agreed
    bool in_one_run;      ///< nothing else may come between two of them
};

template <class M>
struct command_row : command_rule {
    using message = M;
};
template <class M>
struct reply_row : reply_rule {
    using message = M;
};

// Names that make the tables readable.
namespace words {

inline constexpr phases nowhere{};
inline constexpr phases anywhere = from_to(phase::fresh, phase::end_of_message);
inline constexpr phases once_negotiated = from_to(phase::negotiated, phase::end_of_message);
inline constexpr phases between_mails = from_to(phase::connected, phase::greeted);
inline constexpr phases in_a_mail = from_to(phase::mail, phase::body);

using P = phase;
using Q = question;
using O = option;
using A = action;
using S = scope;
using W = while_owed;
using V = verdict;

inline constexpr Q conn = Q::connect | Q::helo;
inline constexpr Q envelope = Q::mail | Q::rcpt | Q::data;
inline constexpr Q content = Q::header | Q::end_of_headers | Q::body;
inline constexpr Q eom = Q::end_of_message;
inline constexpr Q any_but_negotiate = conn | envelope | Q::unknown | content | eom;
inline constexpr Q no_reply{};

}  // namespace words

using namespace words;

// clang-format off

/// The commands, in the order of the wire table. `negotiate` leads on only by its answer.
///
/// The leniencies in the third column, and who needs them:
/// - helo in a mail: Postfix 3.7 sends HELO before the ABORT of the message that it ends;
/// - mail in a mail: Sendmail 8.17 sends no ABORT on RSET if the filter doesn't answer MAIL;
/// - content without a recipient: where the MTA has refused all recipients itself (no witness on the wire,
///   so it is a courtesy; see protocol facts 9, row 62).
inline constexpr detail::items commands{
    //                                    may come in                        also heard in     leads to                     asks               about          after a refusal  not sent under        silent under              while a reply is owed
    command_row<command::negotiate>     {{only(P::fresh),                    nowhere,          stays,                       Q::negotiate,      S::connection, P::closed,       O::none,              O::none,                  W::refused}},
    command_row<command::macro>         {{once_negotiated,                   nowhere,          stays,                       Q::none,           S::nothing,    P::closed,       O::none,              O::none,                  W::refused}},
    command_row<command::connect>       {{only(P::negotiated),               nowhere,          on_to(P::connected),         Q::connect,        S::connection, P::connected,    O::no_connect,        O::silent_connect,        W::refused}},
    command_row<command::helo>          {{between_mails,                     in_a_mail,        on_to(P::greeted),           Q::helo,           S::connection, P::greeted,      O::no_helo,           O::silent_helo,           W::refused}},
    command_row<command::mail>          {{between_mails,                     in_a_mail,        on_to(P::mail),              Q::mail,           S::message,    P::greeted,      O::no_mail,           O::silent_mail,           W::refused}},
    // A refused DATA leaves the SMTP transaction open in both MTAs: more recipients and another DATA may follow.
    command_row<command::rcpt>          {{from_to(P::mail, P::data),         nowhere,          on_to(P::rcpt),              Q::rcpt,           S::recipient,  P::rcpt,         O::no_rcpt,           O::silent_rcpt,           W::refused}},
    command_row<command::data>          {{from_to(P::rcpt, P::data),         only(P::mail),    on_to(P::data),              Q::data,           S::message,    P::rcpt,         O::no_data,           O::silent_data,           W::refused}},
    command_row<command::unknown>       {{once_negotiated,                   nowhere,          stays,                       Q::unknown,        S::nothing,    P::closed,       O::no_unknown,        O::silent_unknown,        W::refused}},
    command_row<command::header>        {{from_to(P::rcpt, P::headers),      only(P::mail),    on_to(P::headers),           Q::header,         S::message,    P::greeted,      O::no_headers,        O::silent_header,         W::refused}},
    command_row<command::end_of_headers>{{from_to(P::rcpt, P::headers),      only(P::mail),    on_to(P::end_of_headers),    Q::end_of_headers, S::message,    P::greeted,      O::no_end_of_headers, O::silent_end_of_headers, W::refused}},
    command_row<command::body>          {{from_to(P::rcpt, P::body),         only(P::mail),    on_to(P::body),              Q::body,           S::message,    P::greeted,      O::no_body,           O::silent_body,           W::refused}},
    command_row<command::end_of_message>{{from_to(P::rcpt, P::body),         only(P::mail),    on_to(P::end_of_message),    Q::end_of_message, S::message,    P::greeted,      O::none,              O::none,                  W::refused}},
    command_row<command::abort>         {{once_negotiated,                   nowhere,          back_to(P::greeted),         Q::none,           S::nothing,    P::closed,       O::none,              O::none,                  W::kept}},
    command_row<command::quit>          {{anywhere,                          nowhere,          on_to(P::closed),            Q::none,           S::nothing,    P::closed,       O::none,              O::none,                  W::cancelled}},
    command_row<command::quit_nc>       {{once_negotiated,                   nowhere,          on_to(P::negotiated),        Q::none,           S::nothing,    P::closed,       O::none,              O::none,                  W::cancelled}},
};

/// The replies, in the order of the wire table.
///
/// The leniencies in the third column, and who needs them:
/// - accept and discard where they mean nothing: Postfix 3.7 goes on, with a warning;
/// - skip at other commands than content, progress anywhere, shutdown: Postfix 3.7 milter8.c takes them.
inline constexpr detail::items replies{
    //                              answers                                   also heard as an answer to      says         needs the action   needs the option  in one run
    reply_row<reply::negotiate>    {{Q::negotiate,                            no_reply,                       V::go_on,    A::none,           O::none,          false}},
    reply_row<reply::proceed>      {{any_but_negotiate,                       no_reply,                       V::go_on,    A::none,           O::none,          false}},
    reply_row<reply::accept>       {{conn | envelope | content | eom,         Q::unknown,                     V::accept,   A::none,           O::none,          false}},
    reply_row<reply::reject>       {{any_but_negotiate,                       no_reply,                       V::refuse,   A::none,           O::none,          false}},
    reply_row<reply::tempfail>     {{any_but_negotiate,                       no_reply,                       V::refuse,   A::none,           O::none,          false}},
    reply_row<reply::discard>      {{envelope | content | eom,                conn | Q::unknown,              V::discard,  A::none,           O::none,          false}},
    reply_row<reply::skip>         {{content,                                 conn | envelope | Q::unknown | eom, V::skip, A::none,           O::skip,          false}},
    reply_row<reply::progress>     {{eom,                                     any_but_negotiate,              V::none,     A::none,           O::none,          false}},
    reply_row<reply::reply_code>   {{any_but_negotiate,                       no_reply,                       V::refuse,   A::none,           O::none,          false}},
    reply_row<reply::conn_fail>    {{no_reply,                                no_reply,                       V::hang_up,  A::none,           O::none,          false}},
    reply_row<reply::shutdown>     {{no_reply,                                any_but_negotiate,              V::hang_up,  A::none,           O::none,          false}},
    reply_row<reply::add_header>   {{eom,                                     no_reply,                       V::none,     A::add_headers,    O::none,          false}},
    reply_row<reply::insert_header>{{eom,                                     no_reply,                       V::none,     A::add_headers,    O::none,          false}},
    reply_row<reply::change_header>{{eom,                                     no_reply,                       V::none,     A::change_headers, O::none,          false}},
    reply_row<reply::change_from>  {{eom,                                     no_reply,                       V::none,     A::change_from,    O::none,          false}},
    reply_row<reply::add_rcpt>     {{eom,                                     no_reply,                       V::none,     A::add_rcpt,       O::none,          false}},
    reply_row<reply::add_rcpt_par> {{eom,                                     no_reply,                       V::none,     A::add_rcpt_par,   O::none,          false}},
    reply_row<reply::delete_rcpt>  {{eom,                                     no_reply,                       V::none,     A::delete_rcpt,    O::none,          false}},
    // Postfix 3.7 fails the message if any other reply stands between two of these.
    reply_row<reply::replace_body> {{eom,                                     no_reply,                       V::none,     A::change_body,    O::none,          true}},
    reply_row<reply::quarantine>   {{eom,                                     no_reply,                       V::none,     A::quarantine,     O::none,          false}},
};

// clang-format on

/// What stands for the command to be answered when there is none.
// A null pointer would do, but g++ 12 with -fsanitize=undefined can't compare one with an address in a
// constant expression.
inline constexpr command_rule unasked{};

/// The commands whose kind ends for a message when they are answered with skip. Elsewhere it is a proceed.
inline constexpr question skippable = Q::rcpt | Q::header | Q::body;

template <class M>
inline constexpr bool is_command = detail::rows_of<decltype(commands)>::template contains<M>;

/// The rules for message `M`.
template <class M>
constexpr const auto& of() noexcept {
    if constexpr (is_command<M>)
        return detail::row_of<M, commands>;
    else
        return detail::row_of<M, replies>;
}

/// The rules for a recipient that the MTA has refused itself: the answer has nothing to refuse.
inline constexpr command_rule rejected_rcpt = [] {
    command_rule rule = of<command::rcpt>();
    rule.about = scope::nothing;
    return rule;
}();

constexpr bool is_for_nothing(const command_rule& asked) noexcept {
    return asked.asks == rejected_rcpt.asks && asked.about == rejected_rcpt.about;
}

/// What a verdict on such a recipient means. The filter doesn't see that it is one: if it has accepted or
/// discarded the message, it waits for the next one, and gets nothing more of this (Postfix 3.7 milter8.c).
constexpr verdict meant_for_nothing(verdict said) noexcept {
    const bool leaves = said == verdict::accept || said == verdict::discard;
    return leaves ? verdict::accept : verdict::go_on;
}

/// What a reply says: what its row does, except that 421 makes every MTA hang up on the client.
template <class M>
constexpr verdict said_by(const M& m) noexcept {
    if constexpr (std::is_same_v<M, reply::reply_code>) {
        if (m.text.starts_with("421")) return verdict::hang_up;
    }
    return of<M>().says;
}

constexpr bool of_a_mail(const command_rule& asked) noexcept {
    return asked.about == scope::recipient || asked.about == scope::message || is_for_nothing(asked);
}

/// Is this a part of a mail, or a reply that says something? The others can come for ever and bring nothing
/// on.
template <class M>
inline constexpr bool brings_on = [] {
    constexpr auto& rule = of<M>();
    if constexpr (is_command<M>)
        return of_a_mail(rule);
    else
        return rule.says != verdict::none || rule.needs != action::none;
}();

/// How much a verdict on this command ends.
///
/// It is what the question was about, but for these: accepting or discarding a recipient ends the whole
/// message; the end of a message ends it, whatever is said; and where a verdict can't mean anything (to
/// discard a connection, to skip), it ends nothing.
constexpr scope ends(verdict said, const command_rule& asked) noexcept {
    switch (said) {
        case verdict::none: return scope::nothing;
        case verdict::go_on:
        case verdict::skip: return asked.asks == question::end_of_message ? scope::message : scope::nothing;
        case verdict::accept: return of_a_mail(asked) ? scope::message : asked.about;
        case verdict::discard: return of_a_mail(asked) ? scope::message : scope::nothing;
        case verdict::refuse: return asked.about;
        case verdict::hang_up: return scope::connection;
    }
    return scope::nothing;
}

}  // namespace rules
}  // namespace kilter
