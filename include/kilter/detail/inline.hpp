// SPDX-License-Identifier: MIT
// For the few functions that are called for every frame and are a few instructions each once they are
// inlined: left to itself, clang 14 calls them, which takes a third more instructions a frame.
#pragma once

#if defined(__GNUC__)
#define KILTER_INLINE [[gnu::always_inline]]
#else
#define KILTER_INLINE
#endif
