// SPDX-License-Identifier: MIT
// Which functions are to be part of their callers, and which not.
#pragma once

/// For the few that are called for every frame and are a few instructions each once they are inlined: left to
/// themselves, compilers call them, which takes a third more instructions a frame.
///
/// The opposite is for what is rare, or large, and would make its caller save more registers.
#if defined(__GNUC__) || defined(__clang__)
#define KILTER_INLINE [[gnu::always_inline]]
#define KILTER_NOINLINE [[gnu::noinline]]
#elif defined(_MSC_VER)
#define KILTER_INLINE [[msvc::forceinline]]
#define KILTER_NOINLINE [[msvc::noinline]]
#else
#define KILTER_INLINE
#define KILTER_NOINLINE
#endif
