// SPDX-License-Identifier: MIT
// A frame that is made at compile time has been checked then.
#include <kilter/codec.hpp>

#ifdef MISUSE
constexpr auto header = kilter::frame_of([] { return kilter::reply::add_header{"Two words", "x"}; });
#else
constexpr auto header = kilter::frame_of([] { return kilter::reply::add_header{"One-word", "x"}; });
#endif
static_assert(header.size() > kilter::frame_overhead);
