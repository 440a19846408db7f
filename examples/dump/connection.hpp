// SPDX-License-Identifier: MIT
// One connection: the bytes of both sides become messages, which are judged and reported.
#pragma once

#include <sys/time.h>

#include <array>
#include <cstddef>
#include <cstdint>
#include <kilter.hpp>
#include <optional>
#include <string>
#include <string_view>
#include <type_traits>
#include <variant>

#include "judge.hpp"
#include "report.hpp"
#include "stream.hpp"

namespace dump {

constexpr kilter::side other(kilter::side s) {
    return s == kilter::side::mta ? kilter::side::filter : kilter::side::mta;
}

class connection {
public:
    /// `whole`: it is seen from its beginning on. A number of 0 isn't shown.
    connection(report& to, int number, std::uint32_t limit, bool whole)
        : report_{to},
          number_{number},
          judge_{whole},
          sides_{part{stream{kilter::side::filter, limit, whole}},
                 part{stream{kilter::side::mta, limit, whole}}} {}

    /// When what comes now was seen.
    void at(const timeval& time) { time_ = time; }

    /// Takes at most one message off the front of the bytes, and all of them if there is none. Says whether
    /// there was one.
    bool take_one(kilter::side from, std::string_view& bytes) {
        auto& [says, is] = side_of(from);
        if (is != part::open) {
            bytes = {};
            return false;
        }
        const auto frame = says.next(bytes);
        if (const auto count = says.take_passed_over(); count != 0)
            report_.note(place_of(from), "goes on here, " + std::to_string(count) + " bytes passed over");
        if (frame) {
            is_heard_[index(from)] = true;
            if (from == kilter::side::mta)
                show(from, *frame, kilter::decode_command(*frame));
            else
                show(from, *frame, kilter::decode_reply(*frame));
        } else if (says.error() != kilter::errc::ok) {
            report_.error(place_of(from), kilter::describe(error(says.error(), 0, says.length())) +
                                              "; nothing more of this side is read");
            give_up(from);
        }
        return frame.has_value();
    }

    /// Takes all of the bytes.
    void take(kilter::side from, std::string_view bytes) {
        while (take_one(from, bytes)) continue;
    }

    /// The next bytes of this side are missing.
    void lose(kilter::side from, std::uint64_t count) {
        auto& [says, is] = side_of(from);
        if (count == 0 || is != part::open) return;
        report_.loss(place_of(from, says.taken()), count);
        says.lose(count);
        judge_.miss();
    }

    /// Nothing more of this side can be read.
    void give_up(kilter::side from) {
        side_of(from).is = part::spoilt;
        judge_.stop_hearing(from);
    }

    /// This side has closed. It may, but neither within a frame nor while a reply is due.
    void close(kilter::side from) {
        auto& [says, is] = side_of(from);
        if (is == part::open && says.in_frame()) report_.error(place_of(from), cut_short(says));
        if (is == part::open) is = part::closed;
        const bool filter_heard = is_heard_[index(kilter::side::filter)];
        const bool unanswered = reply_due() && side_of(kilter::side::filter).is != part::spoilt;
        const bool known = from == kilter::side::filter ? is_open(kilter::side::mta) : filter_heard;
        if (unanswered && known) {
            const std::string asked{to_string(judge_.state().asked())};
            report_.error(place_of(from, says.taken()), "closed while the answer to " + asked + " was due");
        }
        if (from == kilter::side::filter) judge_.stop_hearing(from);
    }

    /// The capture ends here, the connection needn't.
    void leave() {
        for (const auto from : {kilter::side::mta, kilter::side::filter}) {
            auto& [says, is] = side_of(from);
            if (is == part::open && says.in_frame()) report_.note(place_of(from), cut_short(says));
        }
    }

    bool is_open(kilter::side from) const { return sides_[index(from)].is == part::open; }
    bool reply_due() const { return judge_.state().reply_due(); }

    void note(kilter::side from, const std::string& what) {
        report_.note(place_of(from, side_of(from).says.taken()), what);
    }

private:
    /// One side: its stream, and whether more of it is read.
    struct part {
        stream says;
        enum { open, closed, spoilt } is = open;
    };

    static constexpr std::size_t index(kilter::side s) { return static_cast<std::size_t>(s); }
    part& side_of(kilter::side s) { return sides_[index(s)]; }

    place place_of(kilter::side from) { return place_of(from, side_of(from).says.begin()); }
    place place_of(kilter::side from, std::uint64_t offset) const { return {number_, time_, from, offset}; }

    kilter::protocol_error error(kilter::errc reason, char code, std::uint32_t length) const {
        const auto& state = judge_.state();
        return {.reason = reason, .code = code, .length = length, .at = state.at(), .asked = state.asked()};
    }

    template <class Any>
    void show(kilter::side from, const kilter::frame& frame, const kilter::result<Any>& decoded) {
        const auto at = place_of(from);
        if (!decoded) {
            const auto length = static_cast<std::uint32_t>(frame.payload.size() + 1);
            report_.frame(at, error(decoded.error(), frame.code, length), frame.payload);
            judge_.take_unreadable(from, frame.code);
            return;
        }
        std::visit(
            [&]<class M>(const M& message) {
                auto found = judge_.take(message);
                auto doubt = kilter::errc::ok;
                const auto size = kilter::data_size(judge_.state().options());
                if constexpr (kilter::reply_message<M>)
                    doubt = kilter::check(message, size);
                else if (found.error == kilter::errc::ok && frame.payload.size() > size)
                    found.error = kilter::errc::too_long;
                report_.message(at, message, found, doubt);
            },
            *decoded);
    }

    static std::string cut_short(const stream& says) {
        const auto there = says.taken() - says.begin();
        const bool length_known = there >= kilter::length_size;
        const auto all = length_known ? kilter::length_size + says.length() : kilter::frame_overhead;
        return "cut short: " + std::to_string(there) + " of " + (length_known ? "" : "at least ") +
               std::to_string(all) + " bytes of a frame";
    }

    report& report_;
    int number_;
    judge judge_;
    std::array<part, 2> sides_;  ///< in the order of kilter::side
    std::array<bool, 2> is_heard_{};
    std::optional<timeval> time_{};
};

}  // namespace dump
