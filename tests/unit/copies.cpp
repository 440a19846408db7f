// SPDX-License-Identifier: MIT
// Which bytes are copied: those of the frames that a read cuts, and no others.
#include <kilter/session.hpp>

#include "bench/streams.hpp"
#include "support/catch.hpp"
#include "support/exact.hpp"
#include "support/splits.hpp"

#include <functional>
#include <string>
#include <string_view>
#include <vector>

using namespace kilter;

namespace {

/// Where each frame begins, and where the last one ends.
std::vector<std::size_t> boundaries(std::string_view stream) {
    std::vector<std::size_t> at{0};
    while (at.back() != stream.size()) {
        std::size_t length = 0;
        for (const char c : stream.substr(at.back(), 4))
            length = length * 256 + static_cast<unsigned char>(c);
        at.push_back(at.back() + 4 + length);
    }
    return at;
}

bool is_within(std::string_view part, std::string_view all) {
    const std::less_equal<> not_above;
    return not_above(all.data(), part.data()) &&
           not_above(part.data() + part.size(), all.data() + all.size());
}

/// Frames that reads of this size cut in two.
std::vector<bool> cut_by(const std::vector<std::size_t>& at, std::size_t read) {
    std::vector<bool> cut;
    for (std::size_t i = 0; i + 1 != at.size(); ++i) cut.push_back(at[i] / read != (at[i + 1] - 1) / read);
    return cut;
}

}  // namespace

TEST_CASE("only the frames that a read cuts are copied, whatever the size of the reads") {
    const auto stream = bench::make_stream(bench::profiles.front(), 2).bytes;
    const auto at = boundaries(stream);
    for (const std::size_t read : {1u, 2u, 7u, 100u, 1'448u, 4'096u, 65'536u}) {
        frame_decoder decoder{data_size_64k};
        std::vector<bool> copied;
        std::vector<bool> has_payload;
        for (const auto piece : test::in_pieces(stream, read)) {
            const test::exact input{piece};
            auto rest = input.view();
            while (const auto next = decoder.next(rest)) {
                copied.push_back(!is_within(next->payload, input.view()));
                has_payload.push_back(!next->payload.empty());
            }
        }
        const auto cut = cut_by(at, read);
        REQUIRE(copied.size() == cut.size());
        std::size_t wrong = 0;
        for (std::size_t i = 0; i != cut.size(); ++i) wrong += has_payload[i] && copied[i] != cut[i];
        CHECK(wrong == 0);
    }
}

// The buffer cuts every other frame of the body behind its middle, with more than a page missing.
TEST_CASE("a read that is scattered over the room and a buffer cuts no frame but the last in the buffer") {
    const auto stream = bench::make_stream({"2m", 1, 0, 2 << 20}, 1).bytes;
    std::string buffer(106'000, '?');
    frame_decoder decoder{data_size_64k};
    std::size_t copied = 0;
    const auto hear = [&](std::string_view input) {
        const auto all = input;
        while (const auto next = decoder.next(input)) copied += !is_within(next->payload, all);
    };
    std::size_t frames_in_room = 0;
    for (std::string_view come = stream; !come.empty();) {
        auto rest = decoder.room();
        if (!rest.empty()) rest = rest.first(rest.size() - frame_overhead);
        const auto in_room = come.substr(0, rest.size());
        come.remove_prefix(in_room.copy(rest.data(), rest.size()));
        const auto in_buffer = come.substr(0, buffer.size());
        come.remove_prefix(in_buffer.copy(buffer.data(), buffer.size()));
        frames_in_room += !rest.empty();
        hear({rest.data(), in_room.size()});
        hear({buffer.data(), in_buffer.size()});
    }
    CHECK(frames_in_room > 10);
    CHECK(copied == frames_in_room);
}

TEST_CASE("sessions and events are as small as the documentation says") {
#if defined(__GLIBCXX__) && !defined(_GLIBCXX_DEBUG)
    if constexpr (sizeof(void*) == 8) {
        CHECK(sizeof(filter_session) == 120);
        CHECK(sizeof(mta_session) == 120);
        CHECK(sizeof(conversation) == 48);
        CHECK(sizeof(filter_session::event) == 56);
        CHECK(sizeof(mta_session::event) == 64);
    }
#endif
}
