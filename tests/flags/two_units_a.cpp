// SPDX-License-Identifier: MIT
// One of two translation units that include everything and are linked together.
#include <kilter.hpp>

std::size_t size_in_the_other_unit();

int main() {
    const auto quit = kilter::frame_of([] { return kilter::command::quit{}; });
    return quit.size() == size_in_the_other_unit() ? 0 : 1;
}
