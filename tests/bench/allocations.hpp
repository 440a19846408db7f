// SPDX-License-Identifier: MIT
// How often this program has allocated.
#pragma once

#include <cstddef>

namespace bench {

std::size_t allocations() noexcept;

}  // namespace bench
