// SPDX-License-Identifier: MIT
// The rules table as pictures drawn by hand: who changes a rule has to change its picture, too.
#include <kilter/rules.hpp>

#include <kilter/wire.hpp>

#include <array>
#include <string_view>
#include <tuple>
#include <type_traits>
#include <utility>

namespace {

using namespace kilter;

constexpr std::size_t name_width = 16;

/// One line for each message of a table: its name, and a mark in each column.
template <std::size_t Columns, class Table, class Mark>
constexpr auto draw(const Table& table, Mark mark) {
    std::array<char, detail::rows_of<Table>::count*(name_width + Columns + 1)> picture{};
    std::size_t at = 0;
    detail::for_each_row(table, [&]<class Row>(const Row& row) {
        for (std::size_t i = 0; i != name_width; ++i) picture[at++] = i < row.name.size() ? row.name[i] : ' ';
        for (std::size_t column = 0; column != Columns; ++column)
            picture[at++] = mark(rules::of<typename Row::message>(), column);
        picture[at++] = '\n';
    });
    return picture;
}

template <std::size_t N>
constexpr std::string_view text(const std::array<char, N>& picture) {
    return {picture.data(), picture.size()};
}

constexpr char mark(bool said, bool heard) { return said ? '+' : heard ? 'h' : '.'; }

// clang-format off

// When each command may come, no reply being owed: `+` we may say it and hear it, `h` we may only hear it.
constexpr std::string_view commands_by_phase =
    //               fresh
    //               |negotiated
    //               ||connected
    //               |||greeted
    //               ||||mail
    //               |||||rcpt
    //               ||||||data
    //               |||||||headers
    //               ||||||||end_of_headers
    //               |||||||||body
    //               ||||||||||end_of_message
    //               |||||||||||closed
    "negotiate       +...........\n"
    "macro           .++++++++++.\n"
    "connect         .+..........\n"
    "helo            ..++hhhhhh..\n"
    "mail            ..++hhhhhh..\n"
    "rcpt            ....+++.....\n"
    "data            ....h++.....\n"
    "unknown         .++++++++++.\n"
    "header          ....h+++....\n"
    "end_of_headers  ....h+++....\n"
    "body            ....h+++++..\n"
    "end_of_message  ....h+++++..\n"
    "abort           .++++++++++.\n"
    "quit            +++++++++++.\n"
    "quit_nc         .++++++++++.\n";

// What may answer each command: `+` we may say it and hear it, `h` we may only hear it.
constexpr std::string_view replies_by_question =
    //               negotiate
    //               |connect
    //               ||helo
    //               |||mail
    //               ||||rcpt
    //               |||||data
    //               ||||||unknown
    //               |||||||header
    //               ||||||||end_of_headers
    //               |||||||||body
    //               ||||||||||end_of_message
    "negotiate       +..........\n"
    "proceed         .++++++++++\n"
    "accept          .+++++h++++\n"
    "reject          .++++++++++\n"
    "tempfail        .++++++++++\n"
    "discard         .hh+++h++++\n"
    "skip            .hhhhhh+++h\n"
    "progress        .hhhhhhhhh+\n"
    "reply_code      .++++++++++\n"
    "conn_fail       ...........\n"
    "shutdown        .hhhhhhhhhh\n"
    "add_header      ..........+\n"
    "insert_header   ..........+\n"
    "change_header   ..........+\n"
    "change_from     ..........+\n"
    "add_rcpt        ..........+\n"
    "add_rcpt_par    ..........+\n"
    "delete_rcpt     ..........+\n"
    "replace_body    ..........+\n"
    "quarantine      ..........+\n";

// clang-format on

constexpr auto drawn_commands =
    draw<phase_count>(wire::commands, [](const rules::command_rule& rule, std::size_t column) {
        const auto at = static_cast<phase>(column);
        return mark(rule.in.has(at), rule.also_heard.has(at));
    });
static_assert(text(drawn_commands) == commands_by_phase);

constexpr auto drawn_replies = draw<11>(wire::replies, [](const rules::reply_rule& rule, std::size_t column) {
    const auto asked = static_cast<question>(1u << column);
    return mark(has(rule.answers, asked), has(rule.also_heard, asked));
});
static_assert(text(drawn_replies) == replies_by_question);

// The wire table and the rules table have the same messages, in the same order.
static_assert(std::is_same_v<detail::rows_of<decltype(wire::commands)>::variant,
                             detail::rows_of<decltype(rules::commands)>::variant>);
static_assert(std::is_same_v<detail::rows_of<decltype(wire::replies)>::variant,
                             detail::rows_of<decltype(rules::replies)>::variant>);

/// Calls f for each pair of different rows.
template <class Table, class F>
constexpr void for_each_pair(const Table& table, F f) {
    detail::for_each_row(table, [&](const auto& a) {
        detail::for_each_row(table, [&](const auto& b) {
            if (static_cast<const void*>(&a) != static_cast<const void*>(&b)) f(a, b);
        });
    });
}

constexpr bool overlap(option rules::command_rule::*column) {
    bool found = false;
    for_each_pair(rules::commands, [&](const rules::command_rule& a, const rules::command_rule& b) {
        found |= has(a.*column, b.*column);
    });
    return found;
}

constexpr option all(option rules::command_rule::*column) {
    option set{};
    detail::for_each_row(rules::commands, [&](const rules::command_rule& rule) { set |= rule.*column; });
    return set;
}

// No option suppresses two commands, and none silences two. With that, these say that each of the nine no_…
// bits and the nine silent_… bits is used once (protocol facts 3.4: the no-send and the no-reply mask).
static_assert(!overlap(&rules::command_rule::not_sent));
static_assert(!overlap(&rules::command_rule::silent));
static_assert(all(&rules::command_rule::not_sent) == option{0x0000'037f});
static_assert(all(&rules::command_rule::silent) == option{0x000f'f080});

/// No command asks the same question as another.
constexpr bool questions_are_different() {
    bool different = true;
    for_each_pair(rules::commands, [&](const rules::command_rule& a, const rules::command_rule& b) {
        different &= !has(a.asks, b.asks);
    });
    return different;
}
static_assert(questions_are_different());

/// Only what is answered can be silenced, and only then it matters whether it ends something.
constexpr bool unanswered_commands_are_plain() {
    bool plain = true;
    detail::for_each_row(rules::commands, [&](const rules::command_rule& rule) {
        if (rule.asks == question::none)
            plain &=
                rule.silent == option::none && rule.not_sent == option::none && rule.about == scope::nothing;
    });
    return plain;
}
static_assert(unanswered_commands_are_plain());

/// The phases that commands lead to, from `fresh` on.
constexpr rules::phases reached_from_fresh() {
    // The answer to the offer leads on to `negotiated`.
    auto reached = rules::only(phase::fresh) | rules::only(phase::negotiated);
    for (std::size_t round = 0; round != phase_count; ++round) {
        detail::for_each_row(rules::commands, [&](const rules::command_rule& rule) {
            if (!rule.leads.only_back && rule.in.meets(reached))
                reached = reached | rules::only(rule.leads.to);
        });
    }
    return reached;
}
static_assert(reached_from_fresh().bits == rules::from_to(phase::fresh, phase::closed).bits);

// No command leads back to `fresh`.
constexpr bool leads_to_fresh() {
    bool found = false;
    detail::for_each_row(rules::commands,
                         [&](const rules::command_rule& rule) { found |= rule.leads.to == phase::fresh; });
    return found;
}
static_assert(!leads_to_fresh());

/// The codes of the replies that need an action, in the order of the wire table.
constexpr bool needed_by(action a, std::string_view codes) {
    std::size_t found = 0;
    bool right = true;
    detail::for_each_row(wire::replies, [&]<class Row>(const Row& row) {
        if (rules::of<typename Row::message>().needs != a) return;
        right &= found < codes.size() && codes[found] == row.code;
        ++found;
    });
    return right && found == codes.size();
}
static_assert(needed_by(action::none, "Ocartdspyf4"));
static_assert(needed_by(action::add_headers, "hi"));
static_assert(needed_by(action::change_body, "b"));
static_assert(needed_by(action::add_rcpt, "+"));
static_assert(needed_by(action::delete_rcpt, "-"));
static_assert(needed_by(action::change_headers, "m"));
static_assert(needed_by(action::quarantine, "q"));
static_assert(needed_by(action::change_from, "e"));
static_assert(needed_by(action::add_rcpt_par, "2"));
static_assert(needed_by(action::set_symlist, ""));

/// The codes of the commands for which something holds, in the order of the wire table.
template <class F>
constexpr bool only_these(std::string_view codes, F holds) {
    std::size_t found = 0;
    bool right = true;
    detail::for_each_row(wire::commands, [&]<class Row>(const Row& row) {
        if (!holds(rules::of<typename Row::message>())) return;
        right &= found < codes.size() && codes[found] == row.code;
        ++found;
    });
    return right && found == codes.size();
}

constexpr auto owed_as(rules::while_owed how) {
    return [how](const rules::command_rule& rule) { return rule.owed == how; };
}
constexpr auto about(scope s) {
    return [s](const rules::command_rule& rule) { return rule.about == s; };
}
constexpr auto suppressed_by(option o) {
    return [o](const rules::command_rule& rule) { return rule.not_sent == o; };
}
constexpr auto silenced_by(option o) {
    return [o](const rules::command_rule& rule) { return rule.silent == o; };
}

// Only these may come while a reply is owed.
static_assert(only_these("A", owed_as(rules::while_owed::kept)));
static_assert(only_these("QK", owed_as(rules::while_owed::cancelled)));

// What a refusal ends (protocol facts 5.4).
static_assert(only_these("OCH", about(scope::connection)));
static_assert(only_these("MTLNBE", about(scope::message)));
static_assert(only_these("R", about(scope::recipient)));
static_assert(only_these("DUAQK", about(scope::nothing)));

// Where a refusal leaves us. If it ends no message, nobody reads that; then it is where the command leads, or
// nowhere.
constexpr auto left_at(phase p) {
    return [p](const rules::command_rule& rule) { return rule.after_refusal == p; };
}
static_assert(only_these("C", left_at(phase::connected)));
static_assert(only_these("HMLNBE", left_at(phase::greeted)));
static_assert(only_these("RT", left_at(phase::rcpt)));
static_assert(only_these("ODUAQK", left_at(phase::closed)));

// Which bit is for which command (protocol facts 3.4).
static_assert(only_these("C", suppressed_by(option{0x1})));
static_assert(only_these("H", suppressed_by(option{0x2})));
static_assert(only_these("M", suppressed_by(option{0x4})));
static_assert(only_these("R", suppressed_by(option{0x8})));
static_assert(only_these("B", suppressed_by(option{0x10})));
static_assert(only_these("L", suppressed_by(option{0x20})));
static_assert(only_these("N", suppressed_by(option{0x40})));
static_assert(only_these("U", suppressed_by(option{0x100})));
static_assert(only_these("T", suppressed_by(option{0x200})));
static_assert(only_these("L", silenced_by(option{0x80})));
static_assert(only_these("C", silenced_by(option{0x1000})));
static_assert(only_these("H", silenced_by(option{0x2000})));
static_assert(only_these("M", silenced_by(option{0x4000})));
static_assert(only_these("R", silenced_by(option{0x8000})));
static_assert(only_these("T", silenced_by(option{0x1'0000})));
static_assert(only_these("U", silenced_by(option{0x2'0000})));
static_assert(only_these("N", silenced_by(option{0x4'0000})));
static_assert(only_these("B", silenced_by(option{0x8'0000})));

// Skip is the one reply that needs an option, and body replacement the one that must not be interrupted.
constexpr bool only_skip_needs_an_option_and_only_b_comes_in_one_run() {
    bool right = true;
    detail::for_each_row(wire::replies, [&]<class Row>(const Row& row) {
        const auto& rule = rules::of<typename Row::message>();
        right &= rule.needs_option == (row.code == 's' ? option::skip : option::none);
        right &= rule.in_one_run == (row.code == 'b');
    });
    return right;
}
static_assert(only_skip_needs_an_option_and_only_b_comes_in_one_run());

}  // namespace
