// SPDX-License-Identifier: MIT
// The steps of docs/mta.md: an MTA asks a filter about one mail. It runs them, and ends with 0 if each did
// what the page says.
#include <cstdio>
#include <kilter.hpp>

using namespace kilter;

namespace {

/// Stands for the connection to a filter, with the filter at its other end: one that doesn't want
/// bob, adds a header field, and writes the body anew.
class connection {
public:
    std::string exchange(std::string_view sent) {
        std::string answer;
        for (const auto& event : filter_.receive(sent))
            match(
                event,
                [&](const command::negotiate& offer) {
                    const auto macros = pack_symbols({{stage::mail, "{auth_authen} i"}});
                    filter_.send(agree(offer, {.actions = action::add_headers | action::change_body,
                                               .options = option::silent_header,
                                               .symbols = macros}),
                                 answer);
                },
                [&](const command::rcpt& rcpt) {
                    if (rcpt.recipient == "<bob@example.org>")
                        filter_.send(reply::reply_code{*reply_text(550, "5.1.1", "No Bob here, 100% sure")},
                                     answer);
                    else
                        filter_.send(reply::proceed{}, answer);
                },
                [&](const command::end_of_message&) {
                    filter_.send(reply::add_header{"X-Seen-By", "kilter"}, answer);
                    filter_.send(reply::replace_body{"Nothing to see here.\r\n"}, answer);
                    filter_.send(reply::accept{}, answer);
                },
                [&](const auto&) { filter_.send(reply::proceed{}, answer); });
        return answer;
    }

private:
    filter_session filter_;
};

std::optional<std::string_view> value_of(std::string_view macro) {
    if (macro == "i") return "4F2A1C";
    if (macro == "rcpt_host") return "example.org";
    return std::nullopt;
}

/// An MTA's side of the conversation with one filter.
class mta {
public:
    // [ask]
    /// Says one thing to the filter, and reads until it is clear what to do now.
    template <class M>
    todo ask(const M& message) {
        session.send(message, out);
        while (session.now() == todo::wait) {
            const std::string bytes = filter.exchange(out);  // write all of it, then read what there is
            out.clear();
            for (const auto& event : session.receive(bytes)) {
                lists.update(event);    // the macros that the filter wants
                changes.update(event);  // what it wants changed
                if (const auto text = refusal(event); !text.empty()) for_client = smtp_text(text);
            }
        }
        return session.now();
    }
    // [ask]

    // [macros]
    template <class M>
    todo ask_with_macros(const M& message) {
        if (session.wants(message)) {
            if (const auto macros = lists.macros_for<M>(value_of)) session.send(*macros, out);
        }
        return ask(message);
    }
    // [macros]

    bool client_may_speak() {
        // [connect]
        ask(offer_of(protocol_version));
        switch (ask_with_macros(command::connect{"client.example", family::inet, 40'532, "192.0.2.1"})) {
            case todo::go_on: return true;
            case todo::leave_connection:
                return true;  // not filtered any more: everything is left out from now
            case todo::refuse_connection: return false;  // `for_client` is what to say, now and always
            case todo::hang_up: return false;
            default: return true;  // todo::give_up: the filter failed; here we go on without it
        }
        // [connect]
    }

    bool envelope() {
        if (ask_with_macros(command::helo{"client.example"}) != todo::go_on) return false;
        if (ask_with_macros(command::mail{"<alice@example.org>"}) != todo::go_on) return false;
        // [rcpt]
        std::vector<std::string> accepted;
        for (const auto* recipient : {"<bob@example.org>", "<carol@example.org>"})
            if (ask_with_macros(command::rcpt{recipient}) == todo::go_on)
                accepted.push_back(recipient);
            else
                std::printf("%s", for_client.c_str());
        // [rcpt]
        return accepted.size() == 1 && ask_with_macros(command::data{}) == todo::go_on;
    }

    todo content(std::string_view body) {
        // [content]
        auto now = ask(command::header{"Subject", " Lunch"});  // the value with its space, as it stands
        if (now == todo::go_on) now = ask_with_macros(command::end_of_headers{});
        while (now == todo::go_on && !body.empty() && session.wants(command::body{}))
            now = ask(command::body{session.take_piece(body)});
        if (now == todo::go_on) now = ask_with_macros(command::end_of_message{});
        // [content]
        return now;
    }

    // [deliver]
    void deliver(std::string& header, std::string& body) {
        for (const auto& change : changes)
            match(
                change,
                [&](const reply::add_header& field) {
                    header.append(field.name).append(":").append(field.space).append(field.value);
                    header.append("\r\n");
                },
                [](const auto& other) { std::puts(describe(other).c_str()); });
        if (changes.replaces_body()) body = changes.body();
    }
    // [deliver]

    bool quit() {
        ask(command::quit{});
        return session.now() == todo::close;
    }

    std::string for_client{};

private:
    connection filter{};
    mta_session session{};
    macro_lists lists{{stage::connect, "j {daemon_name}"}, {stage::rcpt, "{rcpt_host}"}};
    modifications changes{};
    std::string out{};
};

bool run() {
    mta side;
    if (!side.client_may_speak() || !side.envelope()) return false;
    std::string header = "Subject: Lunch\r\n";
    std::string body(100'000, 'x');
    if (side.content(body) != todo::deliver) return false;
    side.deliver(header, body);
    return header == "Subject: Lunch\r\nX-Seen-By: kilter\r\n" && body == "Nothing to see here.\r\n" &&
           side.for_client == "550 5.1.1 No Bob here, 100% sure\r\n" && side.quit();
}

}  // namespace

int main() {
    if (run()) return 0;
    std::puts("not as promised");
    return 1;
}
