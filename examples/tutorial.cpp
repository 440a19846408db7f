// SPDX-License-Identifier: MIT
// The steps of docs/tutorial.md. It runs them all, and ends with 0 if each did what the page says.
#include <cstdio>
#include <kilter.hpp>

using namespace kilter;

namespace {

int failures = 0;

void expect(bool true_as_promised, const char* what) {
    if (true_as_promised) return;
    std::printf("not so: %s\n", what);
    ++failures;
}

void bytes_and_messages() {
    // [bytes]
    std::string bytes;
    const auto wrong = encode(command::helo{"client.example"}, bytes);  // "\0\0\0\x10" "H" "client.example\0"

    frame_decoder decoder{data_size_64k};
    std::string_view input = bytes;
    const auto frame = decoder.next(input);       // code 'H', and the payload as a view of `bytes`
    const auto command = decode_command(*frame);  // a variant of all commands, or what is wrong
    // [bytes]
    expect(command && std::get<command::helo>(*command).hostname == "client.example", "a HELO comes back");
    expect(wrong == errc::ok && bytes.size() == 20 && input.empty(), "and all bytes are used");
}

void a_session(std::string_view bytes, std::string& out) {
    // clang-format off
    // [session]
    filter_session session;
    for (const auto& event : session.receive(bytes))
        match(
            event,
            [&](const command::negotiate& offer) { session.send(agree(offer, {}), out); },
            [&](const command::helo& helo) {
                if (helo.hostname == "spammer.example")
                    session.send(reply::reject{}, out);
                else
                    session.send(reply::proceed{}, out);
            },
            [&](const protocol_error& error) { std::puts(describe(error).c_str()); },
            [&](const auto&) { session.send(reply::proceed{}, out); });
    // [session]
    // clang-format on
}

void sessions() {
    std::string bytes;
    std::string out;
    expect(encode(command::negotiate{}, bytes) == errc::ok, "an offer");
    expect(encode(command::connect{"client.example", family::inet, 25, "192.0.2.1"}, bytes) == errc::ok,
           "a client");
    a_session(bytes, out);
    expect(out.size() == 17 + 5, "an answer to the offer, and one to connect");
}

reply::negotiate negotiation(const command::negotiate& offer) {
    // [negotiation]
    static const auto macros = pack_symbols({{stage::mail, "{auth_authen}"}, {stage::rcpt, "{rcpt_addr}"}});
    const wishes wanted{
        .actions = action::quarantine,     // used if it is there
        .needed = action::change_headers,  // without it, we don't work with this MTA
        .options = option::no_body | option::silent_header | option::skip,
        .symbols = macros,
    };
    const auto answer = agree(offer, wanted);
    if (!answer) std::printf("no agreement: %s\n", std::string{to_string(answer.error())}.c_str());
    // [negotiation]
    return *answer;
}

void negotiations() {
    const auto answer = negotiation(command::negotiate{});
    expect(describe(answer.actions) == "change_headers|quarantine|set_symlist", "what we may do");
    expect(describe(answer.options) == "no_body|silent_header|skip", "what we want");
    expect(!agree({.version = 2, .actions = action::add_headers}, {.needed = action::change_headers}),
           "an MTA that can't change headers is refused");
}

/// Brings a session to a recipient, with the MTA's side doing the talking.
void bring_to_rcpt(filter_session& session, mta_session& mta, const wishes& wanted, std::string& out) {
    const auto hear = [&] {
        for (const auto& event : mta.receive(out)) static_cast<void>(event);
        out.clear();
    };
    const auto say = [&](const auto& message) {
        std::string bytes;
        mta.send(message, bytes);
        for (const auto& event : session.receive(bytes))
            match(
                event, [&](const command::negotiate& offer) { session.send(agree(offer, wanted), out); },
                [&](const command::rcpt&) {}, [&](const auto&) { session.send(reply::proceed{}, out); });
        hear();
    };
    say(command::negotiate{});
    say(command::connect{"client.example", family::inet, 25, "192.0.2.1"});
    say(command::helo{"client.example"});
    say(command::mail{"<alice@example.org>", {}});
    say(command::rcpt{"<bob@example.org>", {}});
}

void verdicts() {
    filter_session session;
    mta_session mta;
    std::string out;
    bring_to_rcpt(session, mta, {}, out);
    // [verdict]
    const auto text = reply_text(550, "5.7.1", {"We don't take mail for you,", "and are 100% sure of it"});
    session.send(reply::reply_code{*text}, out);  // to this recipient only; the message goes on

    const auto second = session.send(reply::accept{}, out);  // one answer for each question
    // [verdict]
    expect(out.substr(5) == std::string{"550-5.7.1 We don't take mail for you,\r\n"
                                        "550 5.7.1 and are 100%% sure of it\0",
                                        74},
           "two lines");
    expect(second == errc::reply_not_due && !session.open(), "a second verdict is refused, loudly");
    expect(reply_text(550, "4.7.1", "No").error() == errc::bad_reply_text, "classes must agree");
}

void changing_the_message() {
    filter_session session;
    mta_session mta;
    std::string out;
    bring_to_rcpt(session, mta, {.actions = action::add_headers | action::change_body}, out);
    session.send(reply::proceed{}, out);
    std::string bytes;
    expect(encode(command::end_of_message{}, bytes) == errc::ok, "an end");
    for (const auto& event : session.receive(bytes)) static_cast<void>(event);
    out.clear();

    const std::string long_body(200'000, 'x');
    // [modification]
    session.send(reply::add_header{"X-Spam-Score", "0.1\n\t(by kilter)"}, out);
    session.send(reply::replace_body{long_body}, out);  // 200,000 bytes: four frames
    session.send(reply::accept{}, out);

    // What wasn't agreed, or could inject a line, is refused and changes nothing:
    //   quarantine{"virus"}               errc::action_not_granted
    //   add_header{"X\r\nBcc", "a@b"}     errc::bad_header_name
    // [modification]
    expect(out.size() == 5 + 13 + 17 + 5 * 4 + 200'000 + 5, "a header, a body in four pieces, a verdict");
}

// [keep]
/// What one filter remembers of a conversation.
struct mail_log {
    macro_table macros;
    std::vector<owned<command::rcpt>> recipients;

    void update(const filter_session::event& event) {
        macros.update(event);
        match(
            event, [&](const command::mail&) { recipients.clear(); },
            [&](const command::rcpt& rcpt) { recipients.emplace_back(rcpt); }, [](const auto&) {});
    }

    std::string queue_id() const { return std::string{macros.find("i").value_or("unknown")}; }
};
// [keep]

void keeping() {
    mail_log log;
    {
        const auto macros = pack_definitions({{"i", "4F2A"}});
        log.update(command::mail{"<alice@example.org>", {}});
        log.update(command::rcpt{std::string_view{"<bob@example.org>"}, {}});
        log.update(command::macro{'E', macros});
        log.update(command::end_of_message{});
    }
    expect(log.queue_id() == "4F2A" && log.recipients.at(0)->recipient == "<bob@example.org>", "all is kept");
}

}  // namespace

int main() {
    bytes_and_messages();
    sessions();
    negotiations();
    verdicts();
    changing_the_message();
    keeping();
    return failures == 0 ? 0 : 1;
}
