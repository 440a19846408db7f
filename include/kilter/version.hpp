// SPDX-License-Identifier: MIT
// The version of the library, stated once: CMake reads it from here.
#pragma once

#define KILTER_VERSION_MAJOR 0
#define KILTER_VERSION_MINOR 1
#define KILTER_VERSION_PATCH 0

namespace kilter {

struct semantic_version {
    int major_number;
    int minor_number;
    int patch_number;
};

/// The version of the library; `protocol_version` is that of the protocol.
inline constexpr semantic_version library_version{KILTER_VERSION_MAJOR, KILTER_VERSION_MINOR,
                                                  KILTER_VERSION_PATCH};

}  // namespace kilter
