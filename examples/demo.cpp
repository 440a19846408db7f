// SPDX-License-Identifier: MIT
// An MTA and a filter talk over one message, in one process and without a socket. Prints what they say.
#include <cstdio>
#include <kilter.hpp>

using namespace kilter;

filter_session filter;
mta_session mta;
std::string to_filter;
std::string to_mta;

void print(const char* who, const std::string& what) { std::printf("%s > %s\n", who, what.c_str()); }

/// The filter: it signs off each message, and turns away one recipient.
template <class M>
void answer(const M& message) {
    print("filter", describe(message));
    if (const auto wrong = filter.send(message, to_mta); wrong != errc::ok)
        print("filter", "refused: " + std::string{to_string(wrong)});
}

void filter_reads() {
    for (const auto& event : filter.receive(to_filter))
        match(
            event,
            [](const command::negotiate& offer) {
                const auto macros = pack_symbols({{stage::mail, "{auth_authen}"}});
                const wishes wanted{.actions = action::add_headers | action::change_body,
                                    .options = option::silent_header | option::no_unknown,
                                    .symbols = macros};
                const auto agreed = agree(offer, wanted);
                filter.send(agreed, to_mta);
                print("filter", agreed ? describe(*agreed) : std::string{to_string(agreed.error())});
            },
            [](const command::rcpt& rcpt) {
                if (bare_mailbox(rcpt.recipient) == "nobody@example.org")
                    answer(reply::reply_code{*reply_text(550, "5.1.1", "Nobody is not here")});
                else
                    answer(reply::proceed{});
            },
            [](const command::end_of_message&) {
                answer(reply::add_header{"X-Seen-By", "kilter"});
                answer(reply::replace_body{"Nothing to see here.\r\n"});
                answer(reply::accept{});
            },
            [](const auto&) {
                if (filter.state().reply_due()) answer(reply::proceed{});
            });
    to_filter.clear();
}

void mta_reads() {
    for (const auto& event : mta.receive(to_mta))
        if (std::holds_alternative<protocol_error>(event)) print("mta   ", describe(event));
    to_mta.clear();
}

/// The MTA: one command, and everything until it is answered.
template <class M>
void say(const M& message) {
    print("mta   ", describe(message));
    if (const auto wrong = mta.send(message, to_filter); wrong != errc::ok)
        print("mta   ", "refused: " + std::string{to_string(wrong)});
    filter_reads();
    mta_reads();
}

int main() {
    say(command::negotiate{});
    say(command::connect{"client.example.org", family::inet, 54'321, "192.0.2.1"});
    say(command::helo{"client.example.org"});
    const auto macros = pack_definitions({{"i", "4F2A1C"}, {"{auth_authen}", "alice"}});
    say(command::macro{'M', macros});
    const auto args = pack_texts({"SIZE=42", "BODY=8BITMIME"});
    say(command::mail{"<alice@example.org>", args});
    say(command::rcpt{"<bob@example.org>", {}});
    say(command::rcpt{"<nobody@example.org>", {}});
    say(command::data{});
    say(command::header{"From", " alice@example.org"});
    say(command::header{"Subject", " Caf\xc3\xa9 at noon?"});
    say(command::end_of_headers{});
    say(command::body{"See you there.\r\n"});
    say(command::end_of_message{});
    say(command::quit{});
    return filter.open() || mta.open();
}
