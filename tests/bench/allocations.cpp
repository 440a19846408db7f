// SPDX-License-Identifier: MIT
// Counts what the program allocates.
#include "allocations.hpp"

#include <cstdlib>
#include <new>

namespace {
std::size_t count = 0;
}

std::size_t bench::allocations() noexcept { return count; }

// A file of its own: where both are inlined, g++ 12 warns of free() for what comes from new.
void* operator new(std::size_t size) {
    ++count;
    if (void* at = std::malloc(size != 0 ? size : 1)) return at;
    throw std::bad_alloc{};
}
void operator delete(void* at) noexcept { std::free(at); }
void operator delete(void* at, std::size_t) noexcept { std::free(at); }
