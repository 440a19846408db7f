// SPDX-License-Identifier: MIT
#include <kilter.hpp>

int main() {
    std::string out;
    return kilter::encode(kilter::reply::proceed{}, out) == kilter::errc::ok ? 0 : 1;
}
