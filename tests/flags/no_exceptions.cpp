// SPDX-License-Identifier: MIT
// Everything, compiled without exceptions and without run-time type information, and used.
#include <kilter.hpp>

using namespace kilter;

int main() {
    filter_session session;
    std::string in;
    std::string out;
    if (encode(command::negotiate{}, in) != errc::ok) return 1;
    for (const auto& event : session.receive(std::string_view{in}))
        match(
            event, [&](const command::negotiate& offer) { session.send(agree(offer, {}), out); },
            [&](const auto&) { session.send(reply::proceed{}, out); });
    return out.size() == 17 && describe(command::quit{}) == "quit" ? 0 : 1;
}
