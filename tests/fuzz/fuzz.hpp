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

#include "support/exact.hpp"
#include "support/pair.hpp"
#include "support/splits.hpp"

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
        auto payload = input.ConsumeRandomLengthString(100);
        if (input.ConsumeIntegralInRange(0, 7) == 0) payload.append(6'000, 'x');  // there is room() for it
        begin.append(test::raw(code, payload));
    }
    return begin;
}

/// Gives a session a piece of a stream: in room(), as far as there is some and it is to be used.
template <class Session, class Take>
void hear(Session& session, std::string_view piece, bool into_room, Take take) {
    for (auto room = session.room(); into_room && !room.empty() && !piece.empty(); room = session.room()) {
        const auto count = std::min(room.size(), piece.size());
        std::copy_n(piece.data(), count, room.data());
        piece.remove_prefix(count);
        take(std::string_view{room.data(), count});
    }
    const test::exact elsewhere{piece};
    take(elsewhere.view());
}

/// Cuts a stream where the input says so.
inline test::pieces cut(std::string_view stream, FuzzedDataProvider& input) {
    test::pieces all;
    while (!stream.empty()) {
        const auto size = input.remaining_bytes() == 0 ? stream.size()
                                                       : input.ConsumeIntegralInRange<std::size_t>(
                                                             1, std::min<std::size_t>(stream.size(), 80));
        all.push_back(stream.substr(0, size));
        stream.remove_prefix(size);
    }
    return all;
}

}  // namespace fuzz
