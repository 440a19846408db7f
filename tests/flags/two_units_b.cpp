// SPDX-License-Identifier: MIT
// The other one.
#include <kilter.hpp>

std::size_t size_in_the_other_unit();

std::size_t size_in_the_other_unit() { return kilter::encoded_size(kilter::command::quit{}); }
