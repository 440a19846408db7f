// SPDX-License-Identifier: MIT
// Whether each message may come, and where the conversation goes on if it may not.
#pragma once

#include <kilter.hpp>
#include <optional>
#include <type_traits>

namespace dump {

/// Whether a message may come now, and where the conversation stood before it.
struct finding {
    kilter::errc error{};
    kilter::phase after{};
    kilter::question asked{};
};

/// Follows a conversation of which parts may be wrong, missing, or never seen.
///
/// Where only one side is heard, the other is supposed to have said what makes the message legal. After
/// something wrong or missing, the conversation goes on from where the next message would be legal.
class judge {
    template <class M>
    static constexpr const auto& rule_of = kilter::rules::of<M>();

public:
    /// `whole`: nothing has been said before.
    explicit judge(bool whole) : unsure_{!whole} {}

    const kilter::conversation& state() const { return state_; }

    /// A message comes.
    template <kilter::command_message M>
    finding take(M message) {
        macros_.update(message);
        if constexpr (std::is_same_v<M, kilter::command::rcpt>)
            message.rejected = macros_.find("{rcpt_mailer}") == "error";
        if (state_.reply_due() && (unsure_ || !filter_heard_)) let_pass(state_);
        auto found = here();
        found.error = hear(state_, message);
        if (found.error == kilter::errc::reply_owed) let_pass(state_);
        if (found.error != kilter::errc::ok && hear(state_, message) != kilter::errc::ok)
            state_ = right_after(message);
        if (unsure_) found.error = kilter::errc::ok;
        unsure_ = unsure_ && rule_of<M>.leads.only_back;
        mta_heard_ = true;
        return found;
    }
    template <kilter::reply_message M>
    finding take(const M& message) {
        if (!state_.reply_due() && !mta_heard_) suppose_question(message);
        auto found = here();
        found.error = state_.take(message, kilter::manner::heard);
        if (found.error != kilter::errc::ok) end_question(message);
        if (unsure_) found.error = kilter::errc::ok;
        filter_heard_ = true;
        return found;
    }

    /// A frame comes that can't be read. By its code, the conversation goes on.
    void take_unreadable(kilter::side from, char code) {
        if (from == kilter::side::mta) {
            with_row(kilter::wire::commands, code, [&]<class M>(const M& m) { static_cast<void>(take(m)); });
            return;
        }
        // At the end of a message, a code that nobody knows may be a modification.
        bool answers = state_.asked() != kilter::question::end_of_message;
        with_row(kilter::wire::replies, code,
                 [&]<class M>(const M&) { answers = rule_of<M>.says != kilter::verdict::none; });
        if (answers) let_pass(state_);
    }

    /// Something of the conversation is missing.
    void miss() { unsure_ = true; }

    /// Nothing more can be known of this side.
    void stop_hearing(kilter::side from) {
        (from == kilter::side::mta ? mta_heard_ : filter_heard_) = false;
        if (from == kilter::side::filter) let_pass(state_);
    }

private:
    finding here() const { return {.after = state_.at(), .asked = state_.asked()}; }

    template <class M>
    static kilter::errc hear(kilter::conversation& at, const M& command) {
        return at.take(command, kilter::manner::heard);
    }

    template <class Table>
    static void with_row(const Table& table, char code, auto&& f) {
        kilter::detail::for_each_row(table, [&]<class Row>(const Row& row) {
            if (row.code == code) f(typename Row::message{});
        });
    }

    /// Everything may be left out, and all that is sent is answered: with that, the most is legal.
    static constexpr kilter::option any_options() {
        kilter::option silent{};
        kilter::detail::for_each_row(kilter::rules::commands,
                                     [&](const auto& rule) { silent |= rule.silent; });
        return ~silent;
    }

    /// Gives the answer that is due, if one is, and lets everything go on.
    static void let_pass(kilter::conversation& at) {
        const kilter::reply::negotiate answer{
            .version = at.version(), .actions = at.actions(), .options = at.options() & any_options()};
        static_cast<void>(at.take(answer, kilter::manner::heard));
        static_cast<void>(at.take(kilter::reply::proceed{}, kilter::manner::heard));
    }

    /// A conversation right after the negotiation, with what was agreed, or anything if that isn't known.
    kilter::conversation negotiated() const {
        const bool known = state_.at() != kilter::phase::fresh;
        const auto version = known ? state_.version() : kilter::protocol_version;
        const auto actions = known ? state_.actions() : kilter::all_actions;
        const auto options = known ? state_.options() : any_options();
        kilter::conversation start;
        static_cast<void>(hear(start, kilter::command::negotiate{version, actions, options}));
        static_cast<void>(
            start.take(kilter::reply::negotiate{version, actions, options, {}}, kilter::manner::heard));
        return start;
    }

    /// Where the conversation stands right after a command, if all that must go before it has come.
    template <class M>
    kilter::conversation right_after(const M& command) const {
        kilter::conversation at;
        if (hear(at, command) == kilter::errc::ok || hear(at, M{}) == kilter::errc::ok) return at;
        at = negotiated();
        std::optional<kilter::conversation> found;
        kilter::detail::for_each_row(kilter::rules::commands, [&]<class Row>(const Row&) {
            if (found) return;
            if (hear(at, command) == kilter::errc::ok) {
                found = at;
            } else {
                static_cast<void>(hear(at, typename Row::message{}));
                let_pass(at);
            }
        });
        return found.value_or(state_);
    }

    /// The reply is supposed to answer the first command that it may answer.
    template <class M>
    void suppose_question(const M& message) {
        const bool fresh = state_.at() == kilter::phase::fresh;
        auto last = state_;
        bool found = false;
        kilter::detail::for_each_row(kilter::rules::commands, [&]<class Row>(const Row& rule) {
            const bool offer = rule.asks == kilter::question::negotiate;
            if (found || rule.asks == kilter::question::none) return;
            if (offer ? !fresh : fresh && !unsure_) return;
            if constexpr (std::is_same_v<typename Row::message, kilter::command::negotiate>)
                last = right_after(kilter::command::negotiate{.options = ~kilter::option::none});
            else
                last = right_after(typename Row::message{});
            auto after = last;
            found = after.take(message, kilter::manner::heard) == kilter::errc::ok;
        });
        state_ = last;
    }

    /// A reply that isn't right is taken for an answer all the same, if it is one.
    template <class M>
    void end_question(const M& message) {
        if constexpr (std::is_same_v<M, kilter::reply::negotiate>) {
            kilter::reply::negotiate taken{.version = state_.version(), .actions = state_.actions()};
            taken.actions &= message.actions;
            taken.options = state_.options() & message.options;
            static_cast<void>(state_.take(taken, kilter::manner::heard));
        }
        if (kilter::rules::said_by(message) != kilter::verdict::none) let_pass(state_);
    }

    kilter::conversation state_{};
    kilter::macro_table macros_{};
    bool unsure_;  ///< what has come before isn't known
    bool mta_heard_ = false;
    bool filter_heard_ = false;
};

}  // namespace dump
