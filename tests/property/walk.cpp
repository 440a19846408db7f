// SPDX-License-Identifier: MIT
// Random conversations of a filter with an MTA: what the tables allow works, and what they don't is refused.
#include <kilter/session.hpp>

#include "support/catch.hpp"
#include "support/pair.hpp"

#include <cstdint>
#include <random>
#include <string>
#include <string_view>
#include <type_traits>

using namespace kilter;
using namespace test;

namespace {

/// A message that can be sent as it is.
template <class M>
M sample() {
    if constexpr (std::is_same_v<M, command::macro>) return {'M'};
    if constexpr (std::is_same_v<M, command::header>) return {"A", "1"};
    if constexpr (std::is_same_v<M, command::body>) return {"x\r\n"};
    if constexpr (std::is_same_v<M, reply::reply_code>) return {"550 5.7.1 No"};
    if constexpr (std::is_same_v<M, reply::add_header>) return {"A", "1"};
    if constexpr (std::is_same_v<M, reply::insert_header>) return {0, "A", "1"};
    if constexpr (std::is_same_v<M, reply::change_header>) return {1, "A", "1"};
    if constexpr (std::is_same_v<M, reply::change_from>) return {"<a>"};
    if constexpr (std::is_same_v<M, reply::add_rcpt>) return {"<a>"};
    if constexpr (std::is_same_v<M, reply::add_rcpt_par>) return {"<a>"};
    if constexpr (std::is_same_v<M, reply::delete_rcpt>) return {"<a>"};
    if constexpr (std::is_same_v<M, reply::replace_body>) return {"x\r\n"};
    return {};
}

constexpr option every_no{0x037f};

class walk {
public:
    explicit walk(std::uint32_t seed) : random_{seed}, pair_{1 + pick(9)} {
        // Sparse bits and dense ones, and now and then none of those that suppress a step.
        auto options = option{bits() & (pick(2) == 0 ? bits() : 0xffffffff)} & all_options;
        if (pick(3) == 0) options &= ~every_no;
        const auto version = pick(4) == 0 ? 2 + static_cast<std::uint32_t>(pick(5)) : protocol_version;
        REQUIRE(pair_.mta_says(command::negotiate{}) == errc::ok);
        REQUIRE(pair_.filter_says(reply::negotiate{version, action{bits()} & all_actions, options}) ==
                errc::ok);
        nothing_left_out_ = !has(pair_.mta.state().options(), every_no);
    }

    void run(int steps) {
        while (steps-- != 0 && pair_.mta.open()) {
            if (pair_.mta.state().reply_due())
                reply_step(rules_row<decltype(wire::replies)>());
            else
                command_step(rules_row<decltype(wire::commands)>());
            REQUIRE(pair_.mta.state().reply_due() == pair_.filter.state().reply_due());
            REQUIRE(pair_.mta.open() == pair_.filter.open());
            if (nothing_left_out_) REQUIRE(pair_.mta.state().at() == pair_.filter.state().at());
        }
        CHECK(pair_.mta.error() == errc::ok);
        CHECK(pair_.filter.error() == errc::ok);
    }

    int legal = 0;
    int illegal = 0;
    int unwritten = 0;

private:
    std::uint32_t bits() { return static_cast<std::uint32_t>(random_()); }
    std::size_t pick(std::size_t below) { return random_() % below; }
    template <class Table>
    std::size_t rules_row() {
        return pick(detail::rows_of<Table>::count);
    }

    /// Calls f with a message of the row's type.
    template <class Table, class F>
    void with_row(const Table& table, std::size_t number, F f) {
        std::size_t at = 0;
        kilter::detail::for_each_row(table, [&]<class Row>(const Row& row) {
            if (at++ != number) return;
            INFO(row.name << ", mta after " << to_string(pair_.mta.state().at()) << ", filter after "
                          << to_string(pair_.filter.state().at()));
            f(sample<typename Row::message>());
        });
    }

    void command_step(std::size_t number) {
        with_row(wire::commands, number, [&]<class M>(const M& m) {
            // Walks should be long.
            if (std::is_same_v<M, command::quit> && pick(10) != 0) return;

            auto expected = pair_.mta.state();
            const bool over = expected.finished<M>();
            if (over) expected.leave_out<M>();
            const auto wrong = over ? errc::ok : expected.take(m, manner::said);
            const auto before = pair_.mta.state();
            const auto heard_before = pair_.filter_heard.size();
            REQUIRE(pair_.mta_says(m) == wrong);

            if (wrong != errc::ok) {
                ++illegal;
                REQUIRE(pair_.last_to_filter.empty());
                REQUIRE(pair_.mta.state() == before);
                force(pair_.filter, m);
                return;
            }
            ++legal;
            REQUIRE(pair_.mta.state() == expected);
            if (pair_.last_to_filter.empty()) {
                // Left out because the filter doesn't want it, or because all it belongs to is over.
                ++unwritten;
                REQUIRE_FALSE(wanted_by_filter(m));
                REQUIRE(pair_.filter_heard.size() == heard_before);
            } else {
                REQUIRE(pair_.filter_heard.size() == heard_before + 1);
                REQUIRE(pair_.filter_heard.back() == describe(m));
                constexpr auto leads = rules::of<M>().leads;
                if (!leads.only_back) REQUIRE(pair_.filter.state().at() == leads.to);
            }
        });
    }

    template <class M>
    bool wanted_by_filter(const M&) const {
        const auto& filter = pair_.filter.state();
        if constexpr (std::is_same_v<M, command::macro>) return filter.wanted<command::mail>();
        return filter.wanted<M>();
    }

    void reply_step(std::size_t number) {
        with_row(wire::replies, number, [&]<class M>(const M& m) {
            auto expected = pair_.filter.state();
            const bool replacing = expected.replacing();
            if (std::is_same_v<M, reply::progress> && replacing &&
                expected.asked() == question::end_of_message) {
                // It is left out, for it would interrupt the new body.
                ++unwritten;
                REQUIRE(pair_.filter_says(m) == errc::ok);
                REQUIRE(pair_.filter.state() == expected);
                REQUIRE(pair_.last_to_mta.empty());
                return;
            }
            const auto wrong = expected.take(m, manner::said);
            if (wrong == errc::ok) {
                ++legal;
                REQUIRE(pair_.filter_says(m) == errc::ok);
                REQUIRE(pair_.filter.state() == expected);
                REQUIRE(pair_.last_to_mta.size() > 0);
                return;
            }
            // A refused verdict closes the session, and so does a piece of a body, so it is tried on a copy.
            ++illegal;
            auto copy = pair_.filter;
            std::string out;
            REQUIRE(copy.send(m, out) == wrong);
            REQUIRE(out.empty());
            constexpr auto& rule = rules::of<M>();
            const bool closes = rule.says != verdict::none || (rule.in_one_run && replacing);
            REQUIRE(copy.open() == !closes);
            if (!closes) REQUIRE(copy.state() == pair_.filter.state());
            force(pair_.mta, m);
        });
    }

    /// The same message on the wire: the other side refuses it, unless the tables have a leniency for it.
    template <class Session, class M>
    void force(Session other, const M& m) {
        const auto bytes = bytes_of(m);
        const auto at = other.state().at();
        const bool lenient = leniency(other.state(), m);
        const auto result = heard(other, bytes);
        REQUIRE(result.size() == 1);
        REQUIRE(other.open() == lenient);
        if (!lenient) REQUIRE(result[0].find(", after " + std::string{to_string(at)}) != std::string::npos);
    }

    /// By the tables; where steps are left out, the filter may be behind its MTA, so its conversation knows.
    template <class M>
    bool leniency(const conversation& now, const M& m) const {
        const auto& rule = rules::of<M>();
        if constexpr (command_message<M>) {
            auto next = now;
            const bool heard = next.take(m, manner::heard) == errc::ok;
            if (nothing_left_out_) REQUIRE(heard == rule.also_heard.has(now.at()));
            return heard;
        } else {
            return has(rule.answers | rule.also_heard, now.asked()) && has_all(now.actions(), rule.needs) &&
                   has_all(now.options(), rule.needs_option);
        }
    }

    std::mt19937 random_;
    pair pair_;
    bool nothing_left_out_ = false;
};

}  // namespace

TEST_CASE("a filter and an MTA agree about whose turn it is, whatever is said") {
    int legal = 0;
    int illegal = 0;
    int unwritten = 0;
    for (std::uint32_t seed = 1; seed <= 300; ++seed) {
        INFO("seed " << seed);
        walk w{seed};
        w.run(100);
        legal += w.legal;
        illegal += w.illegal;
        unwritten += w.unwritten;
    }
    // The walks have been somewhere.
    CHECK(legal > 2000);
    CHECK(illegal > 2000);
    CHECK(unwritten > 100);
}
