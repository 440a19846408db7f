// SPDX-License-Identifier: MIT
// The smallest filter, from its standard input to its standard output: to see how much code it links.
#include <unistd.h>

#include <kilter.hpp>
#include <string>

using namespace kilter;

int main() {
    char buffer[4096];
    filter_session session;
    std::string out;
    for (ssize_t count = 0; (count = read(0, buffer, sizeof buffer)) > 0;) {
        for (const auto& event : session.receive({buffer, static_cast<std::size_t>(count)}))
            match(
                event, [&](const command::negotiate& offer) { session.send(agree(offer, {}), out); },
                [&](const auto&) { session.send(reply::proceed{}, out); });
        if (write(1, out.data(), out.size()) < 0) return 1;
        out.clear();
    }
}
