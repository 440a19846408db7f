// SPDX-License-Identifier: MIT
// What all fuzz targets share: where to stop, and a stream cut in every way.
#pragma once

#include <fuzzer/FuzzedDataProvider.h>

#include <algorithm>
#include <cstddef>
#include <cstdint>
#include <cstdio>
#include <cstdlib>
#include <kilter/wire.hpp>
#include <string>
#include <string_view>
#include <vector>

#include "support/exact.hpp"

namespace fuzz {

/// libFuzzer keeps the input that made this false.
inline void require(bool holds, const char* what) {
    if (holds) return;
    std::fprintf(stderr, "not so: %s\n", what);
    std::abort();
}

/// What the other side says: any bytes, or such a beginning and then frames of the table's messages with any
/// payloads, which gets further.
template <class Table>
std::string stream(FuzzedDataProvider& input, std::string begin, const Table& table) {
    if (input.ConsumeIntegralInRange(0, 3) == 0) return input.ConsumeRemainingBytesAsString();
    std::string codes;
    kilter::detail::for_each_row(table, [&](const auto& row) { codes.push_back(row.code); });
    while (input.remaining_bytes() != 0) {
        const char code = codes[input.ConsumeIntegralInRange<std::size_t>(0, codes.size() - 1)];
        const auto payload = input.ConsumeRandomLengthString(100);
        begin.append(3, '\0').push_back(static_cast<char>(payload.size() + 1));
        begin.append(1, code).append(payload);
    }
    return begin;
}

using pieces = std::vector<std::string_view>;

/// Cuts a stream where the input says so.
inline pieces cut(std::string_view stream, FuzzedDataProvider& input) {
    pieces all;
    while (!stream.empty()) {
        const auto size = input.remaining_bytes() == 0 ? stream.size()
                                                       : input.ConsumeIntegralInRange<std::size_t>(
                                                             1, std::min<std::size_t>(stream.size(), 80));
        all.push_back(stream.substr(0, size));
        stream.remove_prefix(size);
    }
    return all;
}

inline pieces byte_by_byte(std::string_view stream) {
    pieces all;
    for (; !stream.empty(); stream.remove_prefix(1)) all.push_back(stream.substr(0, 1));
    return all;
}

}  // namespace fuzz
