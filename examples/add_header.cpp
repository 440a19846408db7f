// SPDX-License-Identifier: MIT
// The smallest filter: it adds one header field to each message.
#include <kilter.hpp>

#include "sockets.hpp"

using namespace kilter;

void filter(int connection) {
    filter_session session;
    std::string out;
    char buffer[65'536];

    while (session.open()) {
        const auto count = read(connection, buffer, sizeof buffer);
        if (count <= 0) break;
        // [readme]
        for (const auto& event : session.receive({buffer, static_cast<std::size_t>(count)}))
            match(
                event,
                [&](const command::negotiate& offer) {
                    session.send(agree(offer, {.actions = action::add_headers}), out);
                },
                [&](const command::end_of_message&) {
                    session.send(reply::add_header{"X-Filtered", "yes"}, out);
                    session.send(reply::accept{}, out);
                },
                [&](const auto&) { session.send(reply::proceed{}, out); });
        // [readme]
        if (!write_all(connection, out)) break;
        out.clear();
    }
}

int main(int count, char** arguments) {
    if (count == 2) return serve(arguments[1], filter);
    std::fprintf(stderr, "usage: add_header inet:PORT@HOST | unix:PATH\n");
    return 64;
}
