// SPDX-License-Identifier: MIT
// Everything, compiled without exceptions and without run-time type information, and used.
#include <kilter.hpp>
#include <memory>

using namespace kilter;

/// Counts the bytes that aren't given back.
template <class T>
struct counted {
    using value_type = T;
    static inline std::size_t live = 0;

    T* allocate(std::size_t count) {
        live += count;
        return std::allocator<T>{}.allocate(count);
    }
    void deallocate(T* at, std::size_t count) {
        live -= count;
        std::allocator<T>{}.deallocate(at, count);
    }
    bool operator==(const counted&) const = default;
};

bool room_is_given_back() {
    session<side::filter, std::vector<char, counted<char>>> session;
    std::string in;
    if (encode(command::negotiate{}, in) != errc::ok) return false;
    for (const char c : in)
        for (const auto& event : session.receive(std::span{&c, 1})) static_cast<void>(event);
    const bool held = counted<char>::live != 0;
    session.release_room();
    return held && counted<char>::live == 0;
}

int main() {
    if (!room_is_given_back()) return 1;
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
