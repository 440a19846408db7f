// SPDX-License-Identifier: MIT
// TCP: the segments of a connection, in whatever order, become the bytes of both sides.
#pragma once

#include <sys/time.h>

#include <algorithm>
#include <array>
#include <cstddef>
#include <cstdint>
#include <kilter.hpp>
#include <map>
#include <string>
#include <string_view>
#include <utility>

#include "connection.hpp"
#include "packet.hpp"

namespace dump {

/// A segment waits until all bytes before it have come, and until all has come that its sender had received:
/// so the bytes of both sides come in the order in which they were said. If too many wait, or the connection
/// ends, what they wait for is missing in the capture.
class tcp_connection {
public:
    tcp_connection(connection to, std::uint32_t first_of_mta)
        : connection_{std::move(to)}, first_of_mta_{first_of_mta} {}

    /// Is this the SYN with which another connection begins, between the same endpoints?
    bool is_before(const segment& s) const {
        return s.syn && !s.acknowledged && (s.number + 1 != first_of_mta_ || over());
    }

    void take(const segment& s, kilter::side from, const timeval& time) {
        auto& mine = half_of(from);
        auto& others = half_of(other(from));
        const auto first = s.number + (s.syn ? 1 : 0);
        mine.is_seen = true;
        mine.begin_at(first);
        waiting piece{.length = s.length, .fin = s.fin, .arrival = arrivals_++, .time = time};
        if (s.acknowledged) {
            others.begin_at(*s.acknowledged);
            piece.after = others.position(*s.acknowledged);
        }
        if (s.length != 0 || s.fin) {
            piece.data = s.data;
            mine.keep(mine.position(first), std::move(piece));
        }
        go_on();
        while (half_of(from).waits.size() + others.waits.size() > most_waiting) force();
        if (s.rst) reset(from, time);
    }

    /// The capture ends, or will say nothing more of this connection.
    void leave() {
        force_all();
        connection_.leave();
    }

    bool over() const { return halves_[0].is_closed && halves_[1].is_closed; }

private:
    static constexpr std::size_t most_waiting = 64;

    /// A segment that hasn't been used yet.
    struct waiting {
        std::string data{};
        std::uint32_t length = 0;
        bool fin = false;
        std::int64_t after = 0;  ///< what its sender had received of the other side
        std::uint64_t arrival = 0;
        timeval time{};

        std::int64_t size() const { return std::int64_t{length} + (fin ? 1 : 0); }
    };

    /// One direction. Positions are sequence numbers that don't begin anew after 2^32.
    struct half {
        bool is_seen = false;
        bool is_closed = false;
        std::int64_t at = -1;  ///< the position of the next byte; the lower half is its number
        std::map<std::int64_t, waiting> waits{};

        void begin_at(std::uint32_t number) {
            if (at < 0) at = (std::int64_t{1} << 32) + number;
        }
        std::int64_t position(std::uint32_t number) const {
            return at + static_cast<std::int32_t>(number - static_cast<std::uint32_t>(at));
        }
        /// Of two that begin at the same place, the longer is kept.
        void keep(std::int64_t where, waiting&& piece) {
            if (where + piece.size() <= at) return;
            auto& slot = waits[where];
            if (slot.size() < piece.size()) slot = std::move(piece);
        }
        bool has_next() const { return !waits.empty() && waits.begin()->first <= at; }
    };

    static constexpr std::size_t index(kilter::side s) { return static_cast<std::size_t>(s); }
    half& half_of(kilter::side s) { return halves_[index(s)]; }

    bool is_ready(kilter::side from) {
        const auto& mine = half_of(from);
        const auto& others = half_of(other(from));
        return mine.has_next() && mine.waits.begin()->second.after <= others.at;
    }

    /// Uses what is ready.
    void go_on() {
        for (bool more = true; more;) {
            more = false;
            for (const auto from : {kilter::side::mta, kilter::side::filter}) {
                for (; is_ready(from); more = true) use_next(from);
            }
        }
    }

    /// Uses the first segment that waits, whatever of it has been used before.
    void use_next(kilter::side from) {
        auto& mine = half_of(from);
        const auto node = mine.waits.extract(mine.waits.begin());
        const auto& piece = node.mapped();
        const auto used = mine.at - node.key();
        if (mine.is_closed || piece.size() <= used) return;
        std::string_view data = piece.data;
        data.remove_prefix(std::min(data.size(), static_cast<std::size_t>(used)));
        const auto length = static_cast<std::uint64_t>(piece.length) - static_cast<std::uint64_t>(used);
        mine.at += piece.size() - used;
        connection_.at(piece.time);
        connection_.take(from, data);
        connection_.lose(from, length - data.size());
        if (piece.fin) close(from);
    }

    void close(kilter::side from) {
        half_of(from).is_closed = true;
        connection_.close(from);
    }

    /// Goes on with the segment that has waited longest, without what it waits for.
    void force() {
        const auto arrival = [&](kilter::side s) {
            const auto& waits = half_of(s).waits;
            return waits.empty() ? arrivals_ : waits.begin()->second.arrival;
        };
        const bool first_is_mta = arrival(kilter::side::mta) < arrival(kilter::side::filter);
        const auto from = first_is_mta ? kilter::side::mta : kilter::side::filter;
        auto& mine = half_of(from);
        auto& others = half_of(other(from));
        if (mine.waits.empty()) return;
        const auto& [begin, piece] = *mine.waits.begin();
        connection_.at(piece.time);
        if (others.is_seen && !others.has_next() && others.at < piece.after) {
            const auto end =
                others.waits.empty() ? piece.after : std::min(piece.after, others.waits.begin()->first);
            lose(other(from), end);
        } else if (mine.at < begin) {
            lose(from, begin);
        } else {
            use_next(from);
        }
        go_on();
    }

    void force_all() {
        while (!halves_[0].waits.empty() || !halves_[1].waits.empty()) force();
    }

    void lose(kilter::side from, std::int64_t end) {
        auto& mine = half_of(from);
        connection_.lose(from, static_cast<std::uint64_t>(end - mine.at));
        mine.at = end;
    }

    void reset(kilter::side from, const timeval& time) {
        force_all();
        if (over()) return;
        connection_.at(time);
        connection_.note(from, "reset");
        for (const auto s : {from, other(from)})
            if (!half_of(s).is_closed) close(s);
    }

    connection connection_;
    std::uint32_t first_of_mta_;  ///< the number of its first byte
    std::uint64_t arrivals_ = 0;
    std::array<half, 2> halves_{};
};

}  // namespace dump
