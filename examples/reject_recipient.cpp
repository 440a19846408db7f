// SPDX-License-Identifier: MIT
// Refuses some recipients with an SMTP reply of its own, and leaves the rest of the message alone.
#include <kilter.hpp>

#include "sockets.hpp"

using namespace kilter;

void filter(int connection, std::string_view pattern) {
    const auto refusal = reply_text(550, "5.7.1", {"We don't take mail for you,", "and are 100% sure of it"});
    filter_session session;
    std::string out;
    char buffer[65'536];

    while (session.open()) {
        const auto count = read(connection, buffer, sizeof buffer);
        if (count <= 0) break;
        for (const auto& event : session.receive({buffer, static_cast<std::size_t>(count)}))
            match(
                event,
                [&](const command::negotiate& offer) {
                    // Headers and bodies are of no interest, so we don't ask for them.
                    constexpr auto unwanted =
                        option::no_headers | option::no_end_of_headers | option::no_body;
                    session.send(agree(offer, {.options = unwanted}), out);
                },
                [&](const command::rcpt& rcpt) {
                    if (rcpt.recipient.find(pattern) != rcpt.recipient.npos)
                        session.send(reply::reply_code{*refusal}, out);
                    else
                        session.send(reply::proceed{}, out);
                },
                [&](const auto&) { session.send(reply::proceed{}, out); });
        if (!write_all(connection, out)) break;
        out.clear();
    }
}

int main(int count, char** arguments) {
    if (count == 3)
        return serve(arguments[1], [pattern = arguments[2]](int connection) { filter(connection, pattern); });
    std::fprintf(stderr, "usage: reject_recipient inet:PORT@HOST | unix:PATH  TEXT-IN-ADDRESS\n");
    return 64;
}
