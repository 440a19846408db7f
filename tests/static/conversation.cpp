// SPDX-License-Identifier: MIT
// Whole conversations, run by the compiler.
#include <kilter/conversation.hpp>

#include <kilter/wire.hpp>

namespace {

using namespace kilter;

/// A conversation as both sides tell it: what may be said may be heard, too. The first error sticks.
struct talk {
    conversation said{};
    conversation heard{};
    errc wrong = errc::ok;

    template <class M>
    constexpr talk& tell(const M& message) {
        if (wrong == errc::ok) wrong = tell(said, message, manner::said);
        if (wrong == errc::ok) wrong = tell(heard, message, manner::heard);
        return *this;
    }
    template <class First, class... Rest>
    constexpr talk& operator()(const First& first, const Rest&... rest) {
        tell(first);
        (tell(rest), ...);
        return *this;
    }

    constexpr bool stands_at(phase p) const {
        return wrong == errc::ok && said.at() == p && heard.at() == p && !said.reply_due() &&
               !heard.reply_due();
    }

private:
    template <class M>
    static constexpr errc tell(conversation& c, const M& message, manner how) {
        if constexpr (command_message<M>)
            return c.take(message, how);
        else
            return c.take(message, how);
    }
};

constexpr command::negotiate offer{};
constexpr reply::negotiate answer{.options = option::skip};
constexpr command::macro macros{'M'};
constexpr command::connect connect{"mx", family::inet, 25, "192.0.2.1"};
constexpr command::helo helo{"mx"};
constexpr command::mail mail{"<a@b>"};
constexpr command::rcpt rcpt{"<c@d>"};
constexpr command::data data{};
constexpr command::unknown unknown{"FOO"};
constexpr command::header header{"Subject", "x"};
constexpr command::end_of_headers end_of_headers{};
constexpr command::body body{"x\r\n"};
constexpr command::end_of_message end_of_message{};
constexpr command::abort abort_{};
constexpr command::quit quit{};
constexpr command::quit_nc quit_nc{};
constexpr reply::proceed c{};
constexpr reply::reject r{};

constexpr talk greeted() { return talk{}(offer, answer, macros, connect, c, macros, helo, c); }
constexpr talk with_recipient() { return greeted()(macros, mail, c, macros, rcpt, c); }

// Sendmail: macros before envelope commands and the end, no abort after a message (protocol facts 4.1).
static_assert(with_recipient()(data, c, header, c, header, c, end_of_headers, c, body, c, body, c, macros,
                               end_of_message, c, quit)
                  .stands_at(phase::closed));

// Postfix: macros before everything, an abort after every message, two more at the end.
static_assert(with_recipient()(macros, data, c, macros, header, c, macros, header, c, macros, end_of_headers,
                               c, macros, body, c, macros, end_of_message, c, abort_, abort_, quit)
                  .stands_at(phase::closed));

// Two messages on one connection, in the order of either MTA [S01].
static_assert(with_recipient()(data, c, header, c, end_of_headers, c, body, c, end_of_message, c, mail, c,
                               rcpt, c, data, c, header, c, end_of_headers, c, body, c, end_of_message, c)
                  .stands_at(phase::greeted));
static_assert(with_recipient()(end_of_message, c, abort_, macros, mail, c, rcpt, c, end_of_message, c, abort_)
                  .stands_at(phase::greeted));

// All shapes of a message: no headers, no body, no DATA [S31, S32].
static_assert(with_recipient()(end_of_headers, c, end_of_message, c).stands_at(phase::greeted));
static_assert(with_recipient()(data, c, end_of_headers, c, end_of_message, c).stands_at(phase::greeted));
static_assert(with_recipient()(header, c, end_of_headers, c, end_of_message, c).stands_at(phase::greeted));
static_assert(with_recipient()(body, c, end_of_message, c).stands_at(phase::greeted));

// Abort from anywhere goes back to `greeted`, and no further on than before [S05, S07].
static_assert(talk{}(offer, answer, abort_).stands_at(phase::negotiated));
static_assert(talk{}(offer, answer, connect, c, abort_).stands_at(phase::connected));
static_assert(greeted()(abort_).stands_at(phase::greeted));
static_assert(with_recipient()(abort_, abort_, mail, c).stands_at(phase::mail));
static_assert(
    with_recipient()(data, c, header, c, end_of_headers, c, body, c, abort_).stands_at(phase::greeted));

// HELO may come again [S13], and the phases follow what has been said.
static_assert(greeted()(helo, c).stands_at(phase::greeted));
static_assert(with_recipient().stands_at(phase::rcpt));
static_assert(with_recipient()(data, c).stands_at(phase::data));
static_assert(with_recipient()(data, c, header, c).stands_at(phase::headers));
static_assert(with_recipient()(data, c, end_of_headers, c).stands_at(phase::end_of_headers));
static_assert(with_recipient()(data, c, end_of_headers, c, body, c).stands_at(phase::body));
static_assert(greeted()(mail, c, unknown, c).stands_at(phase::mail));

// A refused recipient leaves the others alone [S20]; a refused MAIL, header or body ends the message.
static_assert(with_recipient()(rcpt, r, rcpt, c, data, c).stands_at(phase::data));
static_assert(greeted()(mail, r).stands_at(phase::greeted));
static_assert(with_recipient()(data, c, header, r).stands_at(phase::greeted));
static_assert(with_recipient()(end_of_headers, r).stands_at(phase::greeted));
static_assert(with_recipient()(body, r).stands_at(phase::greeted));

// A refused DATA goes back to the recipients, and both may come again.
static_assert(with_recipient()(data, r).stands_at(phase::rcpt));
static_assert(with_recipient()(data, r, rcpt, c, data, c, header, c).stands_at(phase::headers));

// Accept and discard end the whole message, at a recipient too [S21].
static_assert(with_recipient()(rcpt, reply::accept{}).stands_at(phase::greeted));
static_assert(with_recipient()(rcpt, reply::discard{}).stands_at(phase::greeted));

// A skipped body goes on to the end of message [S17].
static_assert(with_recipient()(body, reply::skip{}, end_of_message, c).stands_at(phase::greeted));

// QUIT_NC: another client, no other negotiation [S34].
static_assert(with_recipient()(quit_nc, connect, c, helo, c, mail, c).stands_at(phase::mail));

// What must not be.
static_assert(talk{}(connect).wrong == errc::out_of_turn);
static_assert(talk{}(offer, offer).wrong == errc::reply_owed);
static_assert(talk{}(offer, answer, offer).wrong == errc::out_of_turn);
static_assert(talk{}(offer, c).wrong == errc::wrong_reply);
static_assert(talk{}(answer).wrong == errc::reply_not_due);
static_assert(greeted()(connect).wrong == errc::out_of_turn);
static_assert(greeted()(mail, rcpt).wrong == errc::reply_owed);
static_assert(greeted()(mail, c, c).wrong == errc::reply_not_due);
static_assert(greeted()(rcpt).wrong == errc::out_of_turn);
static_assert(with_recipient()(body, c, header).wrong == errc::out_of_turn);
static_assert(greeted()(quit, quit).wrong == errc::closed);

}  // namespace
