// SPDX-License-Identifier: MIT
// The memory of a test program: counted, and out when a test wants it to be. heap.cpp belongs to it.
#pragma once

#include <cstddef>

namespace test {

/// What operator new has been asked for. Where the system doesn't say how large a block is, no bytes are
/// counted.
struct heap_use {
    std::size_t allocations = 0;
    std::size_t blocks = 0;  ///< not given back yet
    std::size_t bytes = 0;   ///< in them
    std::size_t most = 0;    ///< of these bytes at once
};

inline heap_use heap{};

/// How many allocations there is memory for, while a `scarce` lives.
struct heap_supply {
    static constexpr std::size_t endless = static_cast<std::size_t>(-1);

    std::size_t left = endless;
    bool failed = false;  ///< one has been refused
    bool counts = false;
};

inline heap_supply supply{};

/// For as long as it lives, memory is what is left of the supply. What a test itself needs is allocated
/// before and after.
class scarce {
public:
    scarce() noexcept { supply.counts = true; }
    ~scarce() { supply.counts = false; }
    scarce(const scarce&) = delete;
    scarce& operator=(const scarce&) = delete;
};

}  // namespace test
