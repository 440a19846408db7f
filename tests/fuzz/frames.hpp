// SPDX-License-Identifier: MIT
// Makes other streams of frames out of one. libFuzzer alone would spoil the lengths, and get no further.
#pragma once

#include <random>
#include <vector>

#include "fuzz/fuzz.hpp"

extern "C" std::size_t LLVMFuzzerMutate(std::uint8_t* data, std::size_t size, std::size_t most);

namespace fuzz {

/// Changes bytes as libFuzzer does.
inline std::string mutated(std::string bytes, std::size_t most) {
    const auto size = bytes.size();
    bytes.resize(std::max(most, size));
    bytes.resize(LLVMFuzzerMutate(reinterpret_cast<std::uint8_t*>(bytes.data()), size, bytes.size()));
    return bytes;
}

/// Changes one frame of a stream, or where it stands.
template <class Table>
void mutate_frame(std::vector<std::string>& frames, const Table& table, std::mt19937& random) {
    const auto below = [&](std::size_t count) { return static_cast<std::size_t>(random() % count); };
    std::string codes;
    kilter::detail::for_each_row(table, [&](const auto& row) { codes.push_back(row.code); });
    const auto code = codes[below(codes.size())];
    const auto place = [&](std::size_t at) { return frames.begin() + static_cast<std::ptrdiff_t>(at); };
    if (frames.empty()) frames.push_back(test::raw(code));
    const auto at = below(frames.size());
    auto& frame = frames[at];
    const bool whole = frame.size() > 4;
    switch (below(8)) {
        case 0: frames.insert(place(at), test::raw(code)); break;
        case 1: frames.insert(place(below(frames.size())), std::string{frame}); break;
        case 2: frames.erase(place(at)); break;
        case 3: std::swap(frame, frames[below(frames.size())]); break;
        case 4:
            if (whole) frame[4] = code;
            break;
        case 5: frame = test::raw(whole ? frame[4] : code, std::string(below(7'000), 'x')); break;
        default:
            if (whole) frame = test::raw(frame[4], mutated(frame.substr(5), frame.size() + 64));
    }
}

/// Changes an input that is a head and a stream of this table's frames.
template <class Table>
std::size_t mutate(std::uint8_t* data, std::size_t size, std::size_t most, unsigned seed,
                   const Table& table) {
    std::mt19937 random{seed};
    if (size < head::size || random() % 4 == 0) return LLVMFuzzerMutate(data, size, most);
    auto front = std::string{view(data, head::size)};
    const auto stream = view(data + head::size, size - head::size);
    if (random() % 8 == 0) {
        front = mutated(front, head::size);
        front.resize(head::size);
    }
    const auto pieces = frame_by_frame(stream);
    std::vector<std::string> frames(pieces.begin(), pieces.end());
    for (auto times = 1 + random() % 3; times != 0; --times) mutate_frame(frames, table, random);
    for (const auto& frame : frames) front.append(frame);
    const auto count = std::min(front.size(), most);
    std::copy_n(front.begin(), count, data);
    return count;
}

}  // namespace fuzz
