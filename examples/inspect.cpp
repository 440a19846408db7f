// SPDX-License-Identifier: MIT
// Prints the whole conversation of each connection, and lets everything pass.
#include <atomic>
#include <kilter.hpp>

#include "sockets.hpp"

using namespace kilter;

/// Answers one connection, and prints a line for each message. The number tells connections apart.
void inspect(int connection) {
    static std::atomic<int> connections = 0;
    const int number = ++connections;
    const auto print = [&](const char* who, const std::string& what) {
        std::printf("#%d %s%s\n", number, who, what.c_str());
        std::fflush(stdout);
    };

    filter_session session;
    std::string out;
    const auto answer = [&](const auto& message) {
        const auto before = out.size();
        session.send(message, out);
        if (out.size() != before) print("filter > ", describe(message));
    };

    char buffer[65'536];
    while (session.open()) {
        const auto count = read(connection, buffer, sizeof buffer);
        if (count <= 0) break;
        for (const auto& event : session.receive({buffer, static_cast<std::size_t>(count)})) {
            print("MTA    > ", describe(event));
            match(
                event,
                [&](const command::negotiate& offer) {
                    const auto agreed = agree(offer, {});
                    session.send(agreed, out);
                    if (agreed) print("filter > ", describe(*agreed));
                },
                [&](const auto&) { answer(reply::proceed{}); });
        }
        if (!write_all(connection, out)) break;
        out.clear();
    }
    const auto wrong = session.finish();
    print("closed", wrong == errc::ok ? "" : ": " + std::string{to_string(wrong)});
}

int main(int count, char** arguments) {
    if (count == 2) return serve(arguments[1], inspect);
    std::fprintf(stderr, "usage: inspect inet:PORT@HOST | unix:PATH\n");
    return 64;
}
