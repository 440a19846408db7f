// SPDX-License-Identifier: MIT
// operator new for a whole test program. malloc() is AddressSanitizer's own there, so it still sees
// everything.
#include "heap.hpp"

#include <algorithm>
#include <cstdlib>
#include <new>

#ifdef __linux__
#include <malloc.h>
#endif

using test::heap;
using test::supply;

namespace {

std::size_t size_of([[maybe_unused]] void* block) noexcept {
#ifdef __linux__
    return malloc_usable_size(block);
#else
    return 0;
#endif
}

bool refused() noexcept {
    if (!supply.counts || supply.left == supply.endless) return false;
    if (supply.left == 0) {
        supply.failed = true;
        return true;
    }
    --supply.left;
    return false;
}

void* allocate(std::size_t size) noexcept {
    if (refused()) return nullptr;
    void* block = std::malloc(size != 0 ? size : 1);
    if (block == nullptr) return nullptr;
    ++heap.allocations;
    ++heap.blocks;
    heap.bytes += size_of(block);
    heap.most = std::max(heap.most, heap.bytes);
    return block;
}

void give_back(void* block) noexcept {
    if (block == nullptr) return;
    --heap.blocks;
    heap.bytes -= size_of(block);
    std::free(block);
}

}  // namespace

void* operator new(std::size_t size) {
    if (void* block = allocate(size)) return block;
    throw std::bad_alloc{};
}
void* operator new[](std::size_t size) { return operator new(size); }
void* operator new(std::size_t size, const std::nothrow_t&) noexcept { return allocate(size); }
void* operator new[](std::size_t size, const std::nothrow_t&) noexcept { return allocate(size); }
void operator delete(void* block) noexcept { give_back(block); }
void operator delete[](void* block) noexcept { give_back(block); }
void operator delete(void* block, std::size_t) noexcept { give_back(block); }
void operator delete[](void* block, std::size_t) noexcept { give_back(block); }
void operator delete(void* block, const std::nothrow_t&) noexcept { give_back(block); }
void operator delete[](void* block, const std::nothrow_t&) noexcept { give_back(block); }
