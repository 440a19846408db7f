// SPDX-License-Identifier: MIT
// Memory that is counted, and runs out when it is to.
#pragma once

#include <cstddef>
#include <memory>
#include <new>
#include <vector>

namespace test {

/// An allocator that writes down what it was asked for.
struct usage {
    std::size_t allocations = 0;
    std::size_t largest = 0;
    std::size_t limit = static_cast<std::size_t>(-1);
    std::size_t left = static_cast<std::size_t>(-1);  ///< allocations that there is memory for
    std::size_t refused = 0;                          ///< allocations
    std::size_t held = 0;                             ///< not given back yet
};

template <class T>
struct counted {
    using value_type = T;
    usage* counts;

    explicit counted(usage& u) : counts{&u} {}
    template <class U>
    counted(const counted<U>& other) : counts{other.counts} {}

    T* allocate(std::size_t size) {
        if (size > counts->limit || counts->left == 0) {
            ++counts->refused;
            throw std::bad_alloc{};
        }
        --counts->left;
        ++counts->allocations;
        counts->held += size;
        if (size > counts->largest) counts->largest = size;
        return std::allocator<T>{}.allocate(size);
    }
    void deallocate(T* at, std::size_t size) {
        counts->held -= size;
        std::allocator<T>{}.deallocate(at, size);
    }
    bool operator==(const counted& other) const { return counts == other.counts; }
};

using counted_buffer = std::vector<char, counted<char>>;

}  // namespace test
