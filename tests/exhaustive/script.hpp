// SPDX-License-Identifier: MIT
// Conversations written as letters: an upper-case letter is a command, as on the wire, a lower-case one or a
// sign a reply. Some have meanings of their own, for messages that have the same code.
#pragma once

#include <kilter/session.hpp>

#include <string>
#include <string_view>

namespace test {

namespace script {

using namespace kilter;

/// X is a recipient that the MTA has refused itself, W the macros for a piece of the body (D: for mail), V an
/// empty piece.
inline constexpr std::string_view commands = "OCHMRXTULNBVEDWAQK";

/// z is a reply of class 421.
inline constexpr std::string_view replies = "ocartdspyzf4hime+2-bq";

inline constexpr std::string_view changes = "hime+2-bq";

inline errc say(mta_session& mta, char letter, const command::negotiate& offer, std::string& out) {
    switch (letter) {
        case 'O': return mta.send(offer, out);
        case 'C': return mta.send(command::connect{"mx"}, out);
        case 'H': return mta.send(command::helo{"mx"}, out);
        case 'M': return mta.send(command::mail{"<a>"}, out);
        case 'R': return mta.send(command::rcpt{"<b>"}, out);
        case 'X': return mta.send(command::rcpt{.recipient = "<b>", .rejected = true}, out);
        case 'T': return mta.send(command::data{}, out);
        case 'U': return mta.send(command::unknown{"FOO"}, out);
        case 'L': return mta.send(command::header{"A", "1"}, out);
        case 'N': return mta.send(command::end_of_headers{}, out);
        case 'B': return mta.send(command::body{"x"}, out);
        case 'V': return mta.send(command::body{}, out);
        case 'E': return mta.send(command::end_of_message{}, out);
        case 'D': return mta.send(command::macro{'M'}, out);
        case 'W': return mta.send(command::macro{'B'}, out);
        case 'A': return mta.send(command::abort{}, out);
        case 'Q': return mta.send(command::quit{}, out);
        default: return mta.send(command::quit_nc{}, out);
    }
}

inline errc say(filter_session& filter, char letter, const reply::negotiate& answer, std::string& out) {
    switch (letter) {
        case 'o': return filter.send(answer, out);
        case 'c': return filter.send(reply::proceed{}, out);
        case 'a': return filter.send(reply::accept{}, out);
        case 'r': return filter.send(reply::reject{}, out);
        case 't': return filter.send(reply::tempfail{}, out);
        case 'd': return filter.send(reply::discard{}, out);
        case 's': return filter.send(reply::skip{}, out);
        case 'p': return filter.send(reply::progress{}, out);
        case 'y': return filter.send(reply::reply_code{"550 5.7.1 No"}, out);
        case 'z': return filter.send(reply::reply_code{"421 4.7.1 Bye"}, out);
        case 'f': return filter.send(reply::conn_fail{}, out);
        case '4': return filter.send(reply::shutdown{}, out);
        case 'h': return filter.send(reply::add_header{"A", "1"}, out);
        case 'i': return filter.send(reply::insert_header{0, "A", "1"}, out);
        case 'm': return filter.send(reply::change_header{1, "A", "1"}, out);
        case 'e': return filter.send(reply::change_from{"<a>"}, out);
        case '+': return filter.send(reply::add_rcpt{"<a>"}, out);
        case '2': return filter.send(reply::add_rcpt_par{"<a>"}, out);
        case '-': return filter.send(reply::delete_rcpt{"<a>"}, out);
        case 'b': return filter.send(reply::replace_body{"x"}, out);
        default: return filter.send(reply::quarantine{"x"}, out);
    }
}

}  // namespace script

}  // namespace test
