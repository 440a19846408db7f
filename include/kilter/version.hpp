// SPDX-License-Identifier: MIT
// The version of the library, stated once: CMake reads it from here.
#pragma once

#define KILTER_VERSION_MAJOR 0
#define KILTER_VERSION_MINOR 1
#define KILTER_VERSION_PATCH 0

namespace kilter {

/// The version of the library.
struct library_version {
    int major_number;
    int minor_number;
    int patch_number;
};

inline constexpr library_version version{KILTER_VERSION_MAJOR, KILTER_VERSION_MINOR, KILTER_VERSION_PATCH};

}  // namespace kilter
