// SPDX-License-Identifier: MIT
// What all fuzz targets share: where to stop, how an input is read, and a stream given to a session.
#pragma once

#include <algorithm>
#include <array>
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

inline std::string_view view(const std::uint8_t* data, std::size_t size) {
    return {reinterpret_cast<const char*>(data), size};
}

/// Reads an input from its front on. Behind its end everything is 0.
class reader {
public:
    explicit reader(std::string_view input) : input_{input} {}

    bool at_end() const { return input_.empty(); }

    std::string_view take(std::size_t count) {
        const auto taken = input_.substr(0, count);
        input_.remove_prefix(taken.size());
        return taken;
    }
    std::string_view rest() { return take(input_.size()); }

    std::uint8_t byte() {
        const auto taken = take(1);
        return taken.empty() ? std::uint8_t{0} : static_cast<std::uint8_t>(taken[0]);
    }

    /// A number as it lies on the wire.
    template <class T>
    T number() {
        std::uint64_t all = 0;
        for (std::size_t i = 0; i != sizeof(T); ++i) all = all << 8 | byte();
        return static_cast<T>(all);
    }

    /// One of so many, 256 at most.
    std::size_t below(std::size_t count) { return byte() % count; }

private:
    std::string_view input_;
};

/// What stands in front of a stream: how it is cut, and what is answered.
struct head {
    static constexpr std::size_t size = 32;

    std::uint8_t flags = 0;
    std::array<std::uint8_t, 7> cuts{};   ///< the sizes of the pieces, again and again; 0: all there is
    std::array<std::uint8_t, 24> ways{};  ///< what is answered, again and again

    explicit head(reader& input) {
        reader front{input.take(size)};
        flags = front.byte();
        for (auto& cut : cuts) cut = front.byte();
        for (auto& way : ways) way = front.byte();
    }

    test::pieces cut(std::string_view stream) const {
        test::pieces all;
        for (std::size_t i = 0; !stream.empty(); ++i) {
            const std::size_t wanted = cuts[i % cuts.size()];
            const auto piece = stream.substr(0, wanted == 0 ? stream.size() : wanted);
            all.push_back(piece);
            stream.remove_prefix(piece.size());
        }
        return all;
    }
};

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

/// The frames of a stream, one piece each, by their lengths; what is left at its end is the last piece.
inline test::pieces frame_by_frame(std::string_view stream) {
    test::pieces all;
    while (stream.size() > 4) {
        const auto size =
            std::min<std::size_t>(stream.size(), std::size_t{4} + kilter::detail::load_u32(stream.data()));
        all.push_back(stream.substr(0, size));
        stream.remove_prefix(size);
    }
    if (!stream.empty()) all.push_back(stream);
    return all;
}

}  // namespace fuzz
