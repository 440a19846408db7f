// SPDX-License-Identifier: MIT
// Where a conversation stands, and whether a message may come now.
#pragma once

#include <cstdint>
#include <type_traits>

#include "detail/inline.hpp"
#include "error.hpp"
#include "negotiation.hpp"
#include "rules.hpp"
#include "todo.hpp"

namespace kilter {

/// Who says it. We are strict with what we say, and as lenient as the tables allow with what we hear.
enum class manner : bool { said, heard };

/// Where one conversation between an MTA and a filter stands.
///
/// It knows neither bytes nor which side it is on: it is told every command and every reply, ours and the
/// other side's, and says whether that one may come now. What may not come changes nothing.
class conversation {
public:
    /// May this message, a command or a reply, come now? Nothing moves.
    template <class M>
    KILTER_INLINE constexpr errc may_come(const M& m, manner how) const noexcept {
        if (const auto wrong = allows<M>(how); wrong != errc::ok) return wrong;
        if constexpr (std::is_same_v<M, command::negotiate>) return allows_offer(m, how);
        if constexpr (std::is_same_v<M, reply::negotiate>) return allows_answer(m, how);
        return errc::ok;
    }

    /// It comes, and moves the conversation on. Only what may come does.
    template <class M>
    KILTER_INLINE constexpr void come(const M& m, manner how) noexcept {
        if constexpr (std::is_same_v<M, command::negotiate>) offer(m);
        if constexpr (std::is_same_v<M, reply::negotiate>) agree(m);
        if constexpr (rules::is_command<M>)
            move(m, how);
        else
            move<M>(rules::said_by(m));
    }

    /// It comes if it may.
    template <class M>
    KILTER_INLINE constexpr errc take(const M& m, manner how) noexcept {
        const auto wrong = may_come(m, how);
        if (wrong == errc::ok) come(m, how);
        return wrong;
    }

    /// The last command that moved the conversation on.
    constexpr phase at() const noexcept { return at_; }

    constexpr bool open() const noexcept { return at_ != phase::closed; }

    /// Is a message under way, from `mail` to the last reply to `end_of_message`? 421 leaves that as it is.
    constexpr bool in_message() const noexcept { return phase::mail <= at_ && at_ <= phase::end_of_message; }

    /// The command that is still to be answered, or none.
    constexpr question asked() const noexcept { return asked_->asks; }
    constexpr bool reply_due() const noexcept { return asked() != question::none; }

    /// What the last verdict ended, or the command after it: abort, mail and helo end a message if one was
    /// under way, quit and quit_nc the connection.
    constexpr scope ended() const noexcept { return ended_; }

    /// What an MTA does now.
    constexpr todo now() const noexcept { return reply_due() ? todo::wait : now_; }

    /// The MTA has left out a command that would be of no use. If that is so because of a verdict, what is to
    /// be done is what the verdict says; else it goes on.
    template <class M>
    constexpr void leave_out() noexcept {
        now_ = finished<M>() ? over_now_ : todo::go_on;
    }

    /// May the connection be used for another message now, at once or later?
    constexpr bool reusable() const noexcept {
        return open() && at_ != phase::fresh && !reply_due() && !in_message() && over_ != scope::connection;
    }

    /// Has the body of this message been replaced, at least in part?
    constexpr bool replacing() const noexcept { return replacement_ != run::none; }

    /// What is over for the filter: of a message, the MTA says nothing more until the next `mail`; of a
    /// connection, nothing more but quit.
    constexpr scope over() const noexcept { return over_; }

    /// Would the MTA say this command now? Not if the filter doesn't want it, has skipped the rest of its
    /// kind, or has given a verdict that ends all that it belongs to.
    template <class M>
    constexpr bool wanted() const noexcept {
        return !finished<M>() && of_use<M>();
    }

    /// The same, had no verdict ended what this command belongs to.
    template <class M>
    constexpr bool of_use() const noexcept {
        const auto& rule = rules::of<M>();
        return !has(options_, rule.not_sent) && !has(skipped_, rule.asks);
    }

    /// Would this command be answered if it came now?
    template <class M>
    constexpr bool answered() const noexcept {
        const auto& rule = rules::of<M>();
        return rule.asks != question::none && !has(options_, rule.silent) && wanted<M>();
    }

    /// Has a verdict ended what this command belongs to?
    template <class M>
    constexpr bool finished() const noexcept {
        return finished(rules::of<M>());
    }

    /// As agreed, and without the steps that the version lacks. Before: as offered.
    constexpr std::uint32_t version() const noexcept { return version_; }
    constexpr action actions() const noexcept { return actions_; }
    constexpr option options() const noexcept { return options_; }

    /// What is taken of another's answer that isn't within the offer.
    constexpr void tolerate(const tolerance& t) noexcept { tolerance_ = t; }

    /// Nothing may come any more.
    constexpr void close() noexcept {
        at_ = phase::closed;
        asked_ = &rules::unasked;
    }

    bool operator==(const conversation&) const = default;

private:
    enum class run : std::uint8_t { none, going_on, over };

    // The rules are constants here, which makes the moves a few instructions each.

    template <class M>
    KILTER_INLINE constexpr errc allows(manner how) const noexcept requires(rules::is_command<M>) {
        constexpr auto& rule = rules::of<M>();
        if (rule.in.has(at_) && !reply_due()) return errc::ok;  // nearly always
        return allows_rarely(rule, how);
    }

    KILTER_NOINLINE constexpr errc allows_rarely(const rules::command_rule& rule, manner how) const noexcept {
        if (!open()) return errc::closed;
        if (reply_due() && (how == manner::said || rule.owed == rules::while_owed::refused))
            return errc::reply_owed;
        const auto in = how == manner::said ? rule.in : rule.in | rule.also_heard;
        return in.has(at_) || in.meets(passed_over()) ? errc::ok : errc::out_of_turn;
    }

    /// The phases that we count as reached because the commands that lead there aren't sent: a command that
    /// the filter doesn't want counts as if it had come.
    constexpr rules::phases passed_over() const noexcept {
        auto reached = rules::only(at_);
        for (bool more = true; more;) {
            more = false;
            detail::for_each_row(rules::commands, [&](const rules::command_rule& rule) {
                const bool passes = has(options_, rule.not_sent) && rule.in.meets(reached);
                if (!passes || reached.has(rule.leads.to)) return;
                reached = reached | rules::only(rule.leads.to);
                more = true;
            });
        }
        return reached;
    }

    template <class M>
    KILTER_INLINE constexpr void move(const M& m, manner how) noexcept requires(rules::is_command<M>) {
        constexpr auto& rule = rules::of<M>();
        if (rule.owed == rules::while_owed::cancelled) {  // quit, quit_nc
            asked_ = &rules::unasked;
            stale_ = false;
            over_ = scope::nothing;
        }
        // The others don't come while a reply is owed.
        if (rule.owed != rules::while_owed::refused && reply_due())
            stale_ = rules::of_a_mail(*asked_);
        const auto before = at_;
        at_ = rule.leads.from(at_);
        ended_ = ended_by(rule, before);
        now_ = open() ? todo::go_on : todo::close;
        if (ended_ != scope::nothing) {
            replacement_ = run::none;
            skipped_ = question::none;
        }
        // A message may begin with any of its commands, if those before aren't wanted.
        if ((before < phase::mail && in_message()) || rule.leads.to == phase::mail) over_ = scope::nothing;
        const bool unheard =
            how == manner::said && (has(options_, rule.not_sent) || has(skipped_, rule.asks));
        if (rule.asks != question::none && !unheard && !has(options_, rule.silent)) asked_ = &rule_for(m);
    }

    template <class M>
    static constexpr const rules::command_rule& rule_for(const M& m) noexcept {
        if constexpr (std::is_same_v<M, command::rcpt>) {
            if (m.rejected) return rules::rejected_rcpt;
        }
        return rules::of<M>();
    }

    template <class M>
    KILTER_INLINE constexpr errc allows(manner how) const noexcept requires(!rules::is_command<M>) {
        constexpr auto& rule = rules::of<M>();
        if (!open()) return errc::closed;
        if (!reply_due()) return errc::reply_not_due;
        if (how == manner::said && rule.answers == question::none) return errc::not_for_sending;
        const auto answers = how == manner::said ? rule.answers : rule.answers | rule.also_heard;
        if (!has(answers, asked_->asks)) return errc::wrong_reply;
        if (!has_all(actions_, rule.needs)) return errc::action_not_granted;
        if (!has_all(options_, rule.needs_option)) return errc::option_not_granted;
        if (stale_ && rule.needs != action::none) return errc::message_gone;
        if (how == manner::said && rule.in_one_run && replacement_ == run::over)
            return errc::body_interrupted;
        return errc::ok;
    }

    static constexpr scope ended_by(const rules::command_rule& rule, phase before) noexcept {
        if (rule.owed == rules::while_owed::cancelled) return scope::connection;
        return before >= phase::mail && rule.leads.to <= phase::mail ? scope::message : scope::nothing;
    }

    template <class M>
    KILTER_INLINE constexpr void move(verdict said) noexcept {
        constexpr auto& rule = rules::of<M>();
        if (rule.in_one_run)
            replacement_ = run::going_on;
        else if (replacement_ == run::going_on)
            replacement_ = run::over;
        if (said == verdict::none) return;

        const auto& asked = *asked_;
        if (rules::is_for_nothing(asked)) said = rules::meant_for_nothing(said);
        const bool stale = stale_;
        asked_ = &rules::unasked;
        stale_ = false;
        replacement_ = run::none;
        ended_ = stale && said != verdict::hang_up ? scope::nothing : rules::ends(said, asked);
        now_ = stale && said != verdict::hang_up ? todo::go_on : rules::to_do(said, asked);
        if (ended_ == scope::connection) end(ended_);
        if (stale) return;
        if (said == verdict::skip) skipped_ |= asked.asks & rules::skippable;
        if (ended_ == scope::message) {
            skipped_ = question::none;
            at_ = said == verdict::refuse ? asked.after_refusal : phase::greeted;
            if (at_ == phase::greeted && asked.asks != question::end_of_message) end(ended_);
        }
    }

    /// It is over, by what has just been said.
    constexpr void end(scope what) noexcept {
        over_ = what;
        over_now_ = now_;
    }

    constexpr bool finished(const rules::command_rule& rule) const noexcept {
        using rules::from_to;
        switch (over_) {
            case scope::connection:
                return rule.in.meets(from_to(phase::negotiated, phase::body)) &&
                       rule.owed != rules::while_owed::cancelled;
            case scope::message: return rule.in.meets(rules::in_a_mail) && !rule.in.has(phase::greeted);
            default: return false;
        }
    }

    static constexpr errc allows_offer(const command::negotiate& m, manner how) noexcept {
        if (m.version < oldest_version) return errc::version_too_old;
        if (how == manner::heard) return errc::ok;
        if (m.version > protocol_version) return errc::version_too_new;
        return m.actions == action::none || m.options == option::none ? errc::nothing_offered : errc::ok;
    }

    /// The offer is kept in the place of what will be agreed.
    constexpr void offer(const command::negotiate& m) noexcept {
        version_ = m.version;
        actions_ = m.actions == action::none ? v1_actions : m.actions;
        options_ = m.options == option::none ? v1_options : m.options;
    }

    constexpr errc allows_answer(const reply::negotiate& m, manner how) const noexcept {
        const auto& taken = how == manner::said ? no_tolerance : tolerance_;
        if (m.version < taken.oldest) return errc::version_too_old;
        if (m.version > version_ && m.version > taken.newest) return errc::version_too_new;
        if (!has_all(actions_, m.actions)) return errc::action_not_offered;
        if (!has_all(options_, m.options) && !taken.other_options) return errc::option_not_offered;
        return errc::ok;
    }

    constexpr void agree(const reply::negotiate& m) noexcept {
        at_ = phase::negotiated;
        if (m.version < version_) version_ = m.version;
        actions_ = m.actions;
        options_ &= m.options;
        if (version_ < 3) options_ |= option::no_unknown;  // the commands that came with versions 3 and 4
        if (version_ < 4) options_ |= option::no_data;
    }

    const rules::command_rule* asked_ = &rules::unasked;  ///< the command to be answered
    tolerance tolerance_{};
    std::uint32_t version_ = 0;
    action actions_{};
    option options_{};
    question skipped_{};
    phase at_ = phase::fresh;
    scope ended_ = scope::nothing;
    scope over_ = scope::nothing;
    run replacement_ = run::none;
    todo now_ = todo::go_on;
    todo over_now_ = todo::go_on;  ///< what was to be done when it was over
    bool stale_ = false;           ///< the message that the owed reply is about has been abandoned
};

}  // namespace kilter
