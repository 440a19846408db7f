// SPDX-License-Identifier: MIT
// A stream cut into frames as libmilter cuts it, so that each difference can be laid to one of them.
#pragma once

#include <cstdint>
#include <string>
#include <string_view>
#include <vector>

#include "support/naive_decoder.hpp"

namespace differential {

/// A frame with its length, or what stands in its place at the end of a stream.
struct piece {
    std::string bytes{};
    /// Else it is one that isn't in the stream, and moves kilter's session on to where libmilter's is.
    bool in_stream = true;

    bool is_frame() const { return bytes.size() >= 5; }
    char code() const { return is_frame() ? bytes[4] : '\0'; }
    std::string payload() const { return is_frame() ? bytes.substr(5) : std::string{}; }
    /// With all of its payload?
    bool is_whole() const { return is_frame() && bytes.size() == 4 + length(); }
    std::uint64_t length() const { return test::naive::big_endian(bytes.substr(0, 4)); }
};

using pieces = std::vector<piece>;

inline std::string frame(char code, std::string_view payload = {}) {
    const auto length = payload.size() + 1;
    std::string bytes;
    for (int shift = 24; shift >= 0; shift -= 8) bytes.push_back(static_cast<char>(length >> shift & 0xff));
    return bytes.append(1, code).append(payload);
}

/// As libmilter reads frames (comm.c mi_rd_cmd()): five bytes, then as many as the length, which is signed
/// there, says. A frame over the limit ends all, and so does one that is cut short.
inline pieces cut_as_libmilter(std::string_view stream) {
    pieces all;
    while (!stream.empty()) {
        std::size_t size = stream.size();
        if (stream.size() >= 5) {
            const auto length = test::naive::big_endian(std::string{stream.substr(0, 4)});
            const bool no_payload = length <= 1 || length > 0x8000'0000;
            const auto payload = no_payload ? 0 : length - 1;
            if (payload <= kilter::data_size_64k && 5 + payload <= stream.size())
                size = static_cast<std::size_t>(5 + payload);
        }
        all.push_back({std::string{stream.substr(0, size)}, true});
        stream.remove_prefix(size);
    }
    return all;
}

inline std::string joined(const pieces& all) {
    std::string stream;
    for (const auto& p : all) stream.append(p.bytes);
    return stream;
}

}  // namespace differential
