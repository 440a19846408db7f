// SPDX-License-Identifier: MIT
// What the filter of both sides wants and says: so much of it that all answers and changes occur, decided by
// a seed.
#pragma once

#include <kilter/messages.hpp>

#include <array>
#include <cstddef>
#include <random>
#include <string>
#include <string_view>
#include <vector>

namespace differential {

using kilter::action;
using kilter::option;

/// The commands that are answered, after the offer.
enum class step { connect, helo, mail, rcpt, data, unknown, header, end_of_headers, body, end_of_message };
inline constexpr std::size_t step_count = 10;

/// The bits of each step: not to be sent, not to be answered.
inline constexpr std::array<option, step_count> no_bit{
    option::no_connect, option::no_helo,    option::no_mail,           option::no_rcpt, option::no_data,
    option::no_unknown, option::no_headers, option::no_end_of_headers, option::no_body, option::none};
inline constexpr std::array<option, step_count> silent_bit{
    option::silent_connect, option::silent_helo,
    option::silent_mail,    option::silent_rcpt,
    option::silent_data,    option::silent_unknown,
    option::silent_header,  option::silent_end_of_headers,
    option::silent_body,    option::none};

enum class answer { proceed, accept, reject, tempfail, discard, skip, reply_code };

/// An answer that is given to one command, counted from 1 over the connection.
struct verdict {
    step to{};
    unsigned number{};
    answer says{};
};

/// What an answer of reply_code says. A `%` is meant once.
struct smtp_reply {
    int code{};
    std::string enhanced{};
    std::vector<std::string> lines{};
};

enum class change_kind {
    add_header,
    insert_header,
    change_header,
    change_from,
    add_rcpt,
    add_rcpt_par,
    delete_rcpt,
    replace_body,
    quarantine,
    progress,
};

/// A change of the message, or progress, at its end.
struct change {
    change_kind kind{};
    std::string first{};   ///< name, address, body or reason
    std::string second{};  ///< value or arguments
    unsigned index{};
};

struct policy {
    action actions{};
    action needed{};
    option options{};
    std::vector<std::pair<kilter::stage, std::string>> symbols{};
    std::vector<verdict> verdicts{};
    smtp_reply reply{550, "5.7.1", {"Go away"}};
    std::vector<change> changes{};
    bool progress_at_mail = false;  ///< as no filter should

    bool silent(step at) const { return has(options, silent_bit[static_cast<std::size_t>(at)]); }
};

/// Follows a policy through one connection.
class follower {
public:
    explicit follower(const policy& p) : policy_{&p} {}

    /// The answer to the next command of this kind. Skip is an answer only where it was agreed.
    answer next(step at, option agreed) {
        const auto number = ++counts_[static_cast<std::size_t>(at)];
        if (policy_->silent(at)) return answer::proceed;
        for (const auto& v : policy_->verdicts)
            if (v.to == at && v.number == number)
                return v.says == answer::skip && !has(agreed, option::skip) ? answer::proceed : v.says;
        return answer::proceed;
    }

private:
    const policy* policy_;
    std::array<unsigned, step_count> counts_{};
};

/// Numbers that are the same everywhere for a seed: take one per full expression, as arguments have no order.
class numbers {
public:
    explicit numbers(std::uint32_t seed) : random_{seed} {}
    std::uint32_t below(std::uint32_t limit) { return static_cast<std::uint32_t>(random_() % limit); }
    bool one_in(std::uint32_t count) { return below(count) == 0; }
    template <class List>
    const auto& of(const List& list) {
        return list[below(static_cast<std::uint32_t>(std::size(list)))];
    }

private:
    std::mt19937 random_;
};

/// May a filter say this at that step? Both sides let it.
inline bool is_polite(step at, answer says) {
    switch (says) {
        case answer::accept: return at != step::unknown;
        case answer::discard: return at != step::connect && at != step::helo && at != step::unknown;
        case answer::skip: return at == step::header || at == step::end_of_headers || at == step::body;
        default: return true;
    }
}

inline policy random_policy(numbers& random) {
    policy p;
    constexpr std::array no_sets{
        option::no_body,
        option::no_body | option::no_headers | option::no_end_of_headers,
        option::no_end_of_headers,
        option::no_unknown | option::no_data,
        option::no_connect | option::no_helo | option::no_mail | option::no_rcpt | option::no_data |
            option::no_unknown,
        option::no_connect | option::no_helo | option::no_mail | option::no_rcpt | option::no_data |
            option::no_unknown | option::no_body | option::no_headers | option::no_end_of_headers,
    };
    constexpr std::array plain_sets{
        option::none,
        option::silent_header,
        option::silent_rcpt | option::silent_body,
        option::silent_connect | option::silent_helo | option::silent_mail | option::silent_rcpt |
            option::silent_data | option::silent_unknown | option::silent_header |
            option::silent_end_of_headers | option::silent_body,
    };
    if (random.one_in(6)) p.options |= random.of(no_sets);
    if (random.one_in(3)) p.options |= random.of(plain_sets);
    if (random.one_in(2)) p.options |= option::skip;
    if (random.one_in(3)) p.options |= option::leading_space;
    if (random.one_in(8)) p.options |= option::rejected_rcpt;
    if (!random.one_in(3)) p.actions = random.one_in(2) ? kilter::all_actions : action{random.below(0x100)};
    if (random.one_in(16)) p.needed = action{random.below(0x100)};
    if (random.one_in(8))
        p.symbols = {{kilter::stage::mail, "i {mail_addr}"}, {kilter::stage::rcpt, "{rcpt_addr}"}};
    if (random.one_in(16)) p.symbols = {{kilter::stage::connect, ""}, {kilter::stage::helo, "j"}};

    for (auto left = random.below(3); left != 0; --left) {
        const verdict v{static_cast<step>(random.below(step_count)), 1 + random.below(3),
                        static_cast<answer>(1 + random.below(6))};
        if (is_polite(v.to, v.says)) p.verdicts.push_back(v);
    }
    const std::array<smtp_reply, 5> replies{{
        {550, "5.7.1", {"Go away"}},
        {450, "4.2.0", {"100% busy", "try later"}},
        {421, "4.3.0", {"Closing"}},
        {554, "5.7.1", {"one", "", "three"}},
        {451, "4.7.1", {}},
    }};
    p.reply = random.of(replies);

    const std::array<change, 16> changes{{
        {change_kind::add_header, "X-Scan", "clean", 0},
        {change_kind::add_header, "X-Fold", "a\n\tb", 0},
        {change_kind::add_header, "X-Empty", "", 0},
        {change_kind::insert_header, "X-Top", "1", 0},
        {change_kind::insert_header, "X-End", "2", 1000},
        {change_kind::change_header, "Subject", "new", 1},
        {change_kind::change_header, "Received", "", 2},
        {change_kind::change_from, "<n@z.example>", "", 0},
        {change_kind::change_from, "<>", "RET=HDRS ENVID=q1", 0},
        {change_kind::add_rcpt, "<n@z.example>", "", 0},
        {change_kind::add_rcpt_par, "<n@z.example>", "NOTIFY=NEVER", 0},
        {change_kind::delete_rcpt, "<r@y.example>", "", 0},
        {change_kind::replace_body, "new\r\n", "", 0},
        {change_kind::replace_body, "", "", 0},
        {change_kind::quarantine, "virus", "", 0},
        {change_kind::progress, "", "", 0},
    }};
    bool replaced = false;
    for (auto left = random.one_in(2) ? 0 : random.below(8); left != 0; --left) {
        auto next = random.of(changes);
        if (next.kind == change_kind::replace_body) {
            if (replaced) continue;  // pieces must follow one another
            replaced = true;
            if (random.one_in(4)) next.first = std::string(100'000, 'x');
        }
        p.changes.push_back(next);
    }
    return p;
}

}  // namespace differential
