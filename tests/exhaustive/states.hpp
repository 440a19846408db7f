// SPDX-License-Identifier: MIT
// States that have been seen, the moves between them, and how each was come to.
#pragma once

#include "support/catch.hpp"

#include <cstddef>
#include <cstdint>
#include <string>
#include <vector>

#include <kilter/conversation.hpp>

namespace test {

inline std::size_t mixed(std::size_t seed, std::size_t value) {
    seed = (seed ^ value) * std::size_t{0x9e37'79b9'7f4a'7c15};
    return seed ^ seed >> 31;
}

/// A number for where a conversation stands, of what can be seen of it. Others may have the same one.
inline std::size_t number_of(const kilter::conversation& c) {
    auto n = mixed(1, static_cast<std::size_t>(c.at()) * 4096 + static_cast<std::size_t>(c.asked()));
    n = mixed(n, static_cast<std::size_t>(c.now()) * 64 + static_cast<std::size_t>(c.ended()) * 8 +
                     static_cast<std::size_t>(c.over()) * 2 + c.replacing());
    const bool header = c.wanted<kilter::command::header>();
    return mixed(n, header * 4u + c.wanted<kilter::command::body>() * 2u + c.wanted<kilter::command::rcpt>());
}

/// One move, by what is said: see script.hpp.
struct move {
    std::uint32_t from;
    std::uint32_t to;
    char said;

    bool operator==(const move&) const = default;
};

/// All states that can be reached from a first one. `State` has == and number().
template <class State>
class states {
public:
    using index = std::uint32_t;

    explicit states(const State& first) { find_or_add(first, {0, 0, 0}); }

    /// Calls expand(state number) for each state, those that it adds included.
    template <class Expand>
    void explore(const Expand& expand) {
        for (index at = 0; at != all_.size(); ++at) expand(at);
    }

    /// Something has been said: is it a new state?
    void go(index from, char said, const State& to) {
        moves_.push_back({from, find_or_add(to, {from, 0, said}), said});
    }

    bool contains(const State& state) const {
        const auto slot = slot_of(state);
        return slots_[slot] != none;
    }

    const State& operator[](index at) const { return all_[at]; }
    std::size_t size() const { return all_.size(); }
    const std::vector<move>& moves() const { return moves_; }

    /// Fails if something isn't so, and says how it has come to that: Catch2's macros are too slow for all.
    void require(bool holds, const char* what, index at, char said = ' ') const {
        if (holds) return;
        INFO("after " << path_to(at) << ", then " << said);
        FAIL(what);
    }

    std::string path_to(index at) const {
        std::string path;
        for (; at != 0; at = came_by_[at].from) path.insert(path.begin(), came_by_[at].said);
        return path;
    }

private:
    index find_or_add(const State& state, const move& by) {
        if (2 * all_.size() >= slots_.size()) make_room();
        auto& slot = slots_[slot_of(state)];
        if (slot == none) {
            slot = static_cast<index>(all_.size());
            all_.push_back(state);
            came_by_.push_back(by);
        }
        return slot;
    }

    /// Where it is in the table, or would be.
    std::size_t slot_of(const State& state) const {
        auto slot = state.number() & (slots_.size() - 1);
        while (slots_[slot] != none && !(all_[slots_[slot]] == state))
            slot = (slot + 1) & (slots_.size() - 1);
        return slot;
    }

    void make_room() {
        slots_.assign(slots_.empty() ? 1024 : 2 * slots_.size(), none);
        for (index at = 0; at != all_.size(); ++at) slots_[slot_of(all_[at])] = at;
    }

    static constexpr index none = static_cast<index>(-1);

    std::vector<State> all_{};
    std::vector<move> came_by_{};
    std::vector<index> slots_{};  ///< a hash table of indices
    std::vector<move> moves_{};
};

/// From which states can one of some others be reached, by the moves that count? `reached` has these others,
/// and gets the rest. `counts` is told the move's number.
template <class Counts>
void reach_backwards(const std::vector<move>& moves, std::vector<bool>& reached, const Counts& counts) {
    // The moves, by where they lead to.
    std::vector<std::uint32_t> first(reached.size() + 1);
    for (const auto& m : moves) ++first[m.to + 1];
    for (std::size_t i = 1; i != first.size(); ++i) first[i] += first[i - 1];
    std::vector<std::uint32_t> sorted(moves.size());
    auto next = first;
    for (std::uint32_t i = 0; i != moves.size(); ++i) sorted[next[moves[i].to]++] = i;

    std::vector<std::uint32_t> todo;
    for (std::uint32_t at = 0; at != reached.size(); ++at)
        if (reached[at]) todo.push_back(at);
    while (!todo.empty()) {
        const auto at = todo.back();
        todo.pop_back();
        for (auto i = first[at]; i != first[at + 1]; ++i) {
            const auto number = sorted[i];
            if (reached[moves[number].from] || !counts(number)) continue;
            reached[moves[number].from] = true;
            todo.push_back(moves[number].from);
        }
    }
}

}  // namespace test
