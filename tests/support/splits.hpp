// SPDX-License-Identifier: MIT
// An input cut into pieces: in two at every place, byte by byte, and in pieces of a size.
#pragma once

#include <cstddef>
#include <string_view>
#include <vector>

namespace test {

using pieces = std::vector<std::string_view>;

inline pieces whole(std::string_view input) { return {input}; }

inline pieces in_two(std::string_view input, std::size_t at) {
    return {input.substr(0, at), input.substr(at)};
}

inline pieces in_pieces(std::string_view input, std::size_t size) {
    pieces all;
    for (; !input.empty(); input.remove_prefix(all.back().size())) all.push_back(input.substr(0, size));
    return all;
}

inline pieces byte_by_byte(std::string_view input) { return in_pieces(input, 1); }

/// Calls check(pieces) for every way: whole, in two at every place, byte by byte, and seven at a time.
template <class Check>
void for_each_split(std::string_view input, Check check) {
    check(whole(input));
    for (std::size_t at = 0; at <= input.size(); ++at) check(in_two(input, at));
    check(byte_by_byte(input));
    check(in_pieces(input, 7));
}

}  // namespace test
