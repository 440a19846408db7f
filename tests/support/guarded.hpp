// SPDX-License-Identifier: MIT
// Memory without slack: the page before it, or the one behind, can't be touched. For systems that have
// mmap().
#pragma once

#if __has_include(<sys/mman.h>)
#define KILTER_TEST_GUARDED

#include <sys/mman.h>
#include <unistd.h>

#include <algorithm>
#include <cstddef>
#include <new>
#include <span>
#include <string_view>
#include <vector>

namespace test {

/// Where the page is that can't be touched.
enum class guard { before, behind };

namespace detail {

inline std::size_t page_size() noexcept { return static_cast<std::size_t>(::sysconf(_SC_PAGESIZE)); }

inline std::size_t in_pages(std::size_t size) noexcept {
    return (size + page_size() - 1) / page_size() * page_size();
}

inline char* map_guarded(std::size_t size, guard at) {
    const auto pages = in_pages(size);
    auto* map =
        ::mmap(nullptr, pages + page_size(), PROT_READ | PROT_WRITE, MAP_PRIVATE | MAP_ANONYMOUS, -1, 0);
    if (map == MAP_FAILED) throw std::bad_alloc{};
    auto* first = static_cast<char*>(map);
    const bool before = at == guard::before;
    if (::mprotect(before ? first : first + pages, page_size(), PROT_NONE) != 0) throw std::bad_alloc{};
    return before ? first + page_size() : first + pages - size;
}

inline void unmap_guarded(char* block, std::size_t size, guard at) noexcept {
    const auto pages = in_pages(size);
    ::munmap(at == guard::before ? block - page_size() : block + size - pages, pages + page_size());
}

}  // namespace detail

/// A block of exactly its size. It is gone for good when this is: whoever still looks at it crashes.
class guarded {
public:
    explicit guarded(std::size_t size, guard at = guard::behind)
        : block_{detail::map_guarded(size, at)}, size_{size}, at_{at} {}
    explicit guarded(std::string_view bytes, guard at = guard::behind) : guarded{bytes.size(), at} {
        std::copy(bytes.begin(), bytes.end(), block_);
    }
    ~guarded() { detail::unmap_guarded(block_, size_, at_); }
    guarded(const guarded&) = delete;
    guarded& operator=(const guarded&) = delete;

    std::string_view view() const noexcept { return {block_, size_}; }
    std::span<char> span() noexcept { return {block_, size_}; }

private:
    char* block_;
    std::size_t size_;
    guard at_;
};

/// An allocator of such blocks, for bytes. It is slow: three system calls for each.
template <class T>
struct guarded_allocator {
    using value_type = T;
    static_assert(alignof(T) == 1);

    guarded_allocator() = default;
    template <class U>
    guarded_allocator(const guarded_allocator<U>&) {}

    T* allocate(std::size_t size) { return reinterpret_cast<T*>(detail::map_guarded(size, guard::behind)); }
    void deallocate(T* block, std::size_t size) {
        detail::unmap_guarded(reinterpret_cast<char*>(block), size, guard::behind);
    }
    bool operator==(const guarded_allocator&) const = default;
};

using guarded_buffer = std::vector<char, guarded_allocator<char>>;

}  // namespace test
#endif
