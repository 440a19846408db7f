// SPDX-License-Identifier: MIT
// What the protocol facts say about a conversation, written down by hand and without the library's tables:
// what may be said now, whether it is written, where that leads to, and what an MTA does about it. See
// script.hpp for the letters.
#pragma once

#include <kilter/options.hpp>
#include <kilter/rules.hpp>
#include <kilter/todo.hpp>

#include <cstdint>
#include <string_view>

#include "script.hpp"

namespace test::by_hand {

using namespace kilter;

inline bool is_one_of(char letter, std::string_view letters) { return letters.find(letter) != letters.npos; }

/// Where a command leads to.
inline phase after(char command, phase at) {
    switch (command) {
        case 'C': return phase::connected;
        case 'H': return phase::greeted;
        case 'M': return phase::mail;
        case 'R':
        case 'X': return phase::rcpt;
        case 'T': return phase::data;
        case 'L': return phase::headers;
        case 'N': return phase::end_of_headers;
        case 'B': return phase::body;
        case 'E': return phase::end_of_message;
        case 'A': return at <= phase::connected ? at : phase::greeted;
        case 'Q': return phase::closed;
        case 'K': return phase::negotiated;
        default: return at;
    }
}

inline bool in_message(phase at) { return at >= phase::mail && at <= phase::end_of_message; }

/// The option under which a command isn't sent.
inline option unwanted_under(char command) {
    switch (command) {
        case 'C': return option::no_connect;
        case 'H': return option::no_helo;
        case 'M': return option::no_mail;
        case 'R':
        case 'X': return option::no_rcpt;
        case 'T': return option::no_data;
        case 'U': return option::no_unknown;
        case 'L': return option::no_headers;
        case 'N': return option::no_end_of_headers;
        case 'B': return option::no_body;
        default: return option::none;
    }
}

/// The option under which a command isn't answered.
inline option silent_under(char command) {
    switch (command) {
        case 'C': return option::silent_connect;
        case 'H': return option::silent_helo;
        case 'M': return option::silent_mail;
        case 'R':
        case 'X': return option::silent_rcpt;
        case 'T': return option::silent_data;
        case 'U': return option::silent_unknown;
        case 'L': return option::silent_header;
        case 'N': return option::silent_end_of_headers;
        case 'B': return option::silent_body;
        default: return option::none;
    }
}

inline question question_of(char command) {
    switch (command) {
        case 'O': return question::negotiate;
        case 'C': return question::connect;
        case 'H': return question::helo;
        case 'M': return question::mail;
        case 'R':
        case 'X': return question::rcpt;
        case 'T': return question::data;
        case 'U': return question::unknown;
        case 'L': return question::header;
        case 'N': return question::end_of_headers;
        case 'B': return question::body;
        case 'E': return question::end_of_message;
        default: return question::none;
    }
}

/// The action that a change needs.
inline action needed_for(char reply) {
    switch (reply) {
        case 'h':
        case 'i': return action::add_headers;
        case 'm': return action::change_headers;
        case 'e': return action::change_from;
        case '+': return action::add_rcpt;
        case '2': return action::add_rcpt_par;
        case '-': return action::delete_rcpt;
        case 'b': return action::change_body;
        case 'q': return action::quarantine;
        default: return action::none;
    }
}

/// What a filter may answer (protocol facts, 5.1), if all has been granted.
inline std::string_view answers_to(question asked) {
    switch (asked) {
        case question::negotiate: return "o";
        case question::connect:
        case question::helo: return "cartyz";
        case question::mail:
        case question::rcpt:
        case question::data: return "cartydz";
        case question::unknown: return "crtyz";
        case question::header:
        case question::end_of_headers:
        case question::body: return "cartydzs";
        case question::end_of_message: return "cartydzphime+2-bq";
        case question::none: break;
    }
    return "";
}

/// What an MTA also takes as an answer: as Postfix does (5.3).
inline std::string_view also_taken_for(question asked) {
    switch (asked) {
        case question::none:
        case question::negotiate: return "";
        case question::end_of_message: return "s4";
        default: return "adsp4";
    }
}

/// What an MTA does about an answer: protocol facts, 5.4, and 4.6 for unknown commands.
///
/// Of a recipient that the MTA has refused itself, an answer refuses nothing (9, row 64); but a filter that
/// has accepted or discarded the message there hears no more of it, as in Postfix.
inline todo done_about(char reply, question asked, bool refused_rcpt) {
    const bool of_connection = asked == question::connect || asked == question::helo;
    const bool at_end = asked == question::end_of_message;
    if (reply == 'p' || is_one_of(reply, script::changes)) return todo::wait;
    if (refused_rcpt) return is_one_of(reply, "ad") ? todo::leave_message : todo::go_on;
    if (is_one_of(reply, "4z")) return todo::hang_up;
    if (is_one_of(reply, "ocs")) return at_end ? todo::deliver : todo::go_on;
    if (asked == question::unknown) return is_one_of(reply, "ad") ? todo::go_on : todo::refuse_command;
    if (reply == 'd') return of_connection ? todo::go_on : todo::discard;
    if (reply == 'a')
        return of_connection ? todo::leave_connection : at_end ? todo::deliver : todo::leave_message;
    return of_connection             ? todo::refuse_connection
           : asked == question::rcpt ? todo::refuse_recipient
                                     : todo::refuse_message;
}

/// What becomes of something that an MTA's session is given to say.
enum class effect { refused, left_out, moves_on, written };

/// Where a conversation of an MTA and a filter stands. What was agreed doesn't change: it is kept apart.
struct place {
    phase mta_at = phase::fresh;
    phase filter_at = phase::fresh;  ///< it doesn't hear what it doesn't want
    question asked = question::none;
    bool refused_rcpt = false;  ///< what is asked is about a recipient that the MTA has refused itself
    bool shown = false;         ///< has the filter heard anything of the message under way?
    bool rcpts_skipped = false;
    bool headers_skipped = false;
    bool body_skipped = false;
    bool replacing = false;        ///< a new body is under way
    bool replaced = false;         ///< and has been interrupted, so that it can't go on
    scope over = scope::nothing;   ///< what a verdict has ended
    todo now = todo::go_on;        ///< for the MTA
    todo when_over = todo::go_on;  ///< the same, of the verdict that ended it

    bool operator==(const place&) const = default;
};

/// The rules of a conversation in which this was agreed.
class rules {
public:
    rules(std::uint32_t offered_version, std::uint32_t version, option options, action actions)
        : offered{offered_version}, agreed{options}, granted{actions} {
        // 3.6.1: what the version doesn't have isn't sent.
        if (version < 3) agreed |= option::no_unknown;
        if (version < 4) agreed |= option::no_data;
    }

    std::uint32_t offered;
    option agreed;
    action granted;

    effect of_command(const place& at, char letter) const {
        const bool negotiated = at.mta_at != phase::fresh;
        const auto options = negotiated ? agreed : option::none;
        if (letter == 'V') return effect::left_out;
        if (at.asked == question::negotiate)  // nothing is agreed yet, so it is what was offered that counts
            return letter == 'X' && offered < 6 ? effect::left_out : effect::refused;
        if (letter == 'X' && !has(options, option::rejected_rcpt)) return effect::left_out;
        if (at.over == scope::connection && !is_one_of(letter, "OQK")) return effect::left_out;
        if (at.over == scope::message && is_one_of(letter, "RXTLNBE")) return effect::left_out;
        if (at.asked != question::none || !may_come(at.mta_at, letter)) return effect::refused;
        bool wanted = !has(options, unwanted_under(letter));
        if (is_one_of(letter, "RX")) wanted &= !at.rcpts_skipped;
        if (letter == 'L') wanted &= !at.headers_skipped;
        if (letter == 'B') wanted &= !at.body_skipped;
        if (letter == 'D') wanted = !has(options, option::no_mail);
        if (letter == 'W')
            wanted = !has(options, option::no_body) && !at.body_skipped && at.over == scope::nothing;
        return wanted ? effect::written : effect::moves_on;
    }

    void command(place& at, char letter) const {
        const auto effect = of_command(at, letter);
        at.now = at.asked != question::none ? todo::wait : todo::go_on;
        if (effect == effect::left_out) {
            const bool for_over =
                at.over == scope::connection || (at.over == scope::message && is_one_of(letter, "RXTLNBVE"));
            if (for_over && at.asked == question::none) at.now = at.when_over;
            return;
        }
        const auto before = at.mta_at;
        at.mta_at = after(letter, before);
        if (effect == effect::written) at.filter_at = after(letter, at.filter_at);
        if (is_one_of(letter, "QK")) at.over = scope::nothing;
        if (in_message(at.mta_at) && (letter == 'M' || !in_message(before))) {  // another message
            at.over = scope::nothing;
            at.shown = false;
        }
        if (in_message(at.mta_at) && effect == effect::written && is_one_of(letter, "MRXTLNBE"))
            at.shown = true;
        if (!in_message(at.mta_at)) end_message(at);
        if (effect == effect::written && (letter == 'O' || !has(agreed, silent_under(letter))))
            at.asked = question_of(letter);
        at.refused_rcpt = letter == 'X' && at.asked != question::none;
        if (at.asked != question::none) at.now = todo::wait;
        if (letter == 'Q') at.now = todo::close;
    }

    bool may_answer(const place& at, char letter) const {
        if (!is_one_of(letter, answers_to(at.asked))) return false;
        if (letter == 's' && !has(agreed, option::skip)) return false;
        return has_all(granted, needed_for(letter)) && !(letter == 'b' && at.replaced);
    }

    /// Progress would interrupt a new body, so it isn't written then.
    static bool is_written(const place& at, char letter) { return letter != 'p' || !at.replacing; }

    void answer(place& at, char letter) const {
        const auto to_do = done_about(letter, at.asked, at.refused_rcpt);
        if (to_do == todo::wait) {
            if (!is_written(at, letter)) return;
            at.replaced = at.replacing && letter != 'b';
            at.replacing |= letter == 'b';
            return;
        }
        at.now = to_do;
        if (letter == 'o') at.mta_at = at.filter_at = phase::negotiated;
        if (letter == 's' && at.asked == question::rcpt) at.rcpts_skipped = !at.refused_rcpt;
        if (letter == 's' && at.asked == question::header) at.headers_skipped = true;
        if (letter == 's' && at.asked == question::body) at.body_skipped = true;
        at.replacing = at.replaced = false;
        const auto asked = at.asked;
        at.asked = question::none;
        at.refused_rcpt = false;
        switch (to_do) {
            case todo::leave_connection:
            case todo::refuse_connection:
            case todo::hang_up:
                at.over = scope::connection;
                at.when_over = to_do;
                break;
            case todo::refuse_message:
                if (asked == question::data) {  // more recipients, and another DATA, may follow
                    at.mta_at = at.filter_at = phase::rcpt;
                    at.rcpts_skipped = false;
                    break;
                }
                [[fallthrough]];
            case todo::leave_message:
            case todo::discard:
            case todo::deliver:
                at.mta_at = at.filter_at = phase::greeted;
                end_message(at);
                if (asked == question::end_of_message) break;
                at.over = scope::message;
                at.when_over = to_do;
                break;
            default: break;
        }
    }

private:
    /// In which order commands come: 4.1. One that isn't wanted counts as if it had come.
    bool may_come(phase at, char letter) const {
        if (at == phase::fresh) return is_one_of(letter, "OQ");
        const bool before_mail = at == phase::connected || at == phase::greeted ||
                                 (at == phase::negotiated && has(agreed, option::no_connect));
        const bool mail = at == phase::mail || (before_mail && has(agreed, option::no_mail));
        const bool rcpt = at == phase::rcpt || at == phase::data || (mail && has(agreed, option::no_rcpt));
        switch (letter) {
            case 'O': return false;
            case 'C': return at == phase::negotiated;
            case 'H':
            case 'M': return before_mail;
            case 'R':
            case 'X': return mail || rcpt;
            case 'T': return rcpt;
            case 'L':
            case 'N': return rcpt || at == phase::headers;
            case 'B':
            case 'E': return rcpt || at == phase::headers || at == phase::end_of_headers || at == phase::body;
            default: return true;  // macros, unknown commands, and all ends
        }
    }

    static void end_message(place& at) {
        at.shown = at.rcpts_skipped = at.headers_skipped = at.body_skipped = false;
    }
};

}  // namespace test::by_hand
