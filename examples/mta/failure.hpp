// SPDX-License-Identifier: MIT
// Why something can't go on: one line for people.
#pragma once

#include <stdexcept>

namespace mta {

struct failure : std::runtime_error {
    using runtime_error::runtime_error;
};

}  // namespace mta
