// SPDX-License-Identifier: MIT
// An input in a heap block of exactly its size, so that AddressSanitizer sees a read of one byte too many.
#pragma once

#include <algorithm>
#include <cstddef>
#include <memory>
#include <string_view>

namespace test {

class exact {
public:
    explicit exact(std::string_view bytes) : size_{bytes.size()}, block_{new char[bytes.size()]} {
        std::copy(bytes.begin(), bytes.end(), block_.get());
    }

    std::string_view view() const noexcept { return {block_.get(), size_}; }
    const char* data() const noexcept { return block_.get(); }
    std::size_t size() const noexcept { return size_; }

private:
    std::size_t size_;
    std::unique_ptr<char[]> block_;
};

}  // namespace test
