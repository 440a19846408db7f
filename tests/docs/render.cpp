// SPDX-License-Identifier: MIT
// Prints the parts of the documentation that follow from the tables: `render NAME`.
#include <cstdio>
#include <kilter.hpp>
#include <map>
#include <vector>

using namespace kilter;

namespace {

/// The row of a Markdown table.
template <class... Cell>
std::string line(const Cell&... cells) {
    std::string out{"|"};
    ((out.append(" ").append(cells).append(" |")), ...);
    return out.append("\n");
}

std::string code(std::string_view text) { return std::string{"`"}.append(text).append("`"); }

std::string hex(std::uint32_t number, int digits) {
    std::string out{"0x"};
    detail::append_hex(out, number, digits);
    return out;
}

/// The fields of a message in the order of the wire: `name: layout`.
std::string fields(const auto& row) {
    std::string out;
    row.for_each_field([&](const auto& field) {
        using M = typename std::remove_cvref_t<decltype(row)>::message;
        if (!out.empty()) out.append(", ");
        std::string names;
        M message{};
        field.visit(message, [&](std::string_view name, const auto&) {
            if (name != "space") names.append(names.empty() ? "" : ", ").append(name);
        });
        out.append(names).append(names.empty() ? "" : ": ").append(field.layout);
    });
    return out.empty() ? "–" : out;
}

std::string messages(const auto& table, std::string_view prefix) {
    auto out = line("code", "here", "in C", "payload") + "|---|---|---|---|\n";
    detail::for_each_row(table, [&](const auto& row) {
        out += line(code({&row.code, 1}), code(std::string{prefix} + std::string{row.name}), row.symbol,
                    fields(row));
    });
    return out;
}

template <class E, std::size_t N>
std::string names(const std::array<named<E>, N>& table, int digits) {
    auto out = line("value", "here", "in C") + "|---|---|---|\n";
    for (const auto& row : table)
        out += line(digits == 0 ? code(std::string(1, static_cast<char>(row.value)))
                                : hex(static_cast<std::uint32_t>(row.value), digits),
                    code(row.name), row.symbol);
    return out;
}

template <class M>
std::string name_of() {
    return std::string{wire::row_of<M>().name};
}

/// Commands × phases. What is heard only is a leniency.
std::string legality() {
    std::string out{"| |"};
    std::string rule{"|---|"};
    for (std::size_t p = 0; p + 1 != phase_count; ++p) {
        out.append(" ").append(to_string(static_cast<phase>(p))).append(" |");
        rule.append(":-:|");
    }
    out.append("\n").append(rule).append("\n");
    detail::for_each_row(rules::commands, [&]<class Row>(const Row& row) {
        out.append("| ").append(code(name_of<typename Row::message>())).append(" |");
        for (std::size_t p = 0; p + 1 != phase_count; ++p) {
            const auto at = static_cast<phase>(p);
            out.append(row.in.has(at) ? " ● |" : row.also_heard.has(at) ? " ○ |" : "   |");
        }
        out.append("\n");
    });
    return out;
}

/// What each command leads to, asks, and what turns it off.
std::string commands() {
    auto out =
        line("command", "leads to", "a verdict on it is about", "not sent under", "not answered under") +
        "|---|---|---|---|---|\n";
    const auto option_name = [](option o) { return o == option::none ? "–" : code(describe(o)); };
    detail::for_each_row(rules::commands, [&]<class Row>(const Row& row) {
        constexpr std::array<std::string_view, 4> scopes{"nothing more", "the recipient", "the message",
                                                         "the connection"};
        std::string to =
            row.leads.to == phase::closed && row.leads.only_back ? "–" : std::string{to_string(row.leads.to)};
        if (row.leads.only_back && to != "–") to.insert(0, "back to ");
        if (row.asks == question::negotiate) to = "negotiated, with the answer";
        out +=
            line(code(name_of<typename Row::message>()), to,
                 row.asks == question::none ? "never answered" : scopes[static_cast<std::size_t>(row.about)],
                 option_name(row.not_sent), option_name(row.silent));
    });
    return out;
}

/// Replies × questions.
std::string answers() {
    std::string out{"| |"};
    std::string rule{"|---|"};
    detail::for_each_row(rules::commands, [&]<class Row>(const Row& row) {
        if (row.asks == question::none) return;
        out.append(" ").append(name_of<typename Row::message>()).append(" |");
        rule.append(":-:|");
    });
    out.append(" needs |\n").append(rule).append("---|\n");
    detail::for_each_row(rules::replies, [&]<class Reply>(const Reply& reply) {
        out.append("| ").append(code(name_of<typename Reply::message>())).append(" |");
        detail::for_each_row(rules::commands, [&](const rules::command_rule& row) {
            if (row.asks == question::none) return;
            out.append(has(reply.answers, row.asks)      ? " ● |"
                       : has(reply.also_heard, row.asks) ? " ○ |"
                                                         : "   |");
        });
        std::string needs;
        if (reply.needs != action::none) needs = code("action::" + describe(reply.needs));
        if (reply.needs_option != option::none) needs = code("option::" + describe(reply.needs_option));
        out.append(" ").append(needs).append(" |\n");
    });
    return out;
}

/// Questions × verdicts: what an MTA does then. Replies with the same verdict share a column.
std::string todos() {
    struct column {
        verdict says;
        question answers;
        std::string replies;
    };
    std::vector<column> columns;
    detail::for_each_row(rules::replies, [&]<class Reply>(const Reply& reply) {
        const auto answers = (reply.answers | reply.also_heard) & ~question::negotiate;
        if (reply.says == verdict::none || answers == question::none) return;
        const auto name = code(name_of<typename Reply::message>());
        for (auto& known : columns)
            if (known.says == reply.says && known.answers == answers)
                return static_cast<void>(known.replies.append(", ").append(name));
        columns.push_back({reply.says, answers, name});
    });

    std::string out{"| |"};
    for (const auto& c : columns) out.append(" ").append(c.replies).append(" |");
    out.append("\n|---|");
    for (std::size_t i = 0; i != columns.size(); ++i) out.append("---|");
    out.append("\n");
    detail::for_each_row(rules::commands, [&]<class Row>(const Row& row) {
        if (row.asks == question::none || row.asks == question::negotiate) return;
        out.append("| ").append(code(name_of<typename Row::message>())).append(" |");
        for (const auto& c : columns)
            out.append(" ")
                .append(has(c.answers, row.asks) ? to_string(rules::to_do(c.says, row)) : "–")
                .append(" |");
        out.append("\n");
    });
    return out;
}

/// The usual way through a conversation: each command from the phase before the one that it leads to.
std::string diagram() {
    std::string out{
        "```mermaid\nstateDiagram-v2\n    [*] --> fresh\n    fresh --> negotiated : negotiate, answered\n"};
    const auto arrow = [&](phase from, phase to, std::string_view what) {
        out.append("    ").append(to_string(from)).append(" --> ").append(to_string(to)).append(" : ");
        out.append(what).append("\n");
    };
    detail::for_each_row(rules::commands, [&]<class Row>(const Row& row) {
        if (row.asks == question::none || row.leads.only_back) return;
        const auto to = row.leads.to;
        for (auto from = to; from != phase::fresh;) {
            from = static_cast<phase>(static_cast<int>(from) - 1);
            if (!row.in.has(from)) continue;
            arrow(from, to, name_of<typename Row::message>());
            break;
        }
        if (row.in.has(to)) arrow(to, to, name_of<typename Row::message>());
    });
    arrow(phase::end_of_message, phase::greeted, "verdict");
    arrow(phase::greeted, phase::closed, name_of<command::quit>());
    return out.append("```\n");
}

}  // namespace

int main(int count, char** arguments) {
    const std::map<std::string_view, std::string (*)()> parts{
        {"commands", [] { return messages(wire::commands, "command::"); }},
        {"replies", [] { return messages(wire::replies, "reply::"); }},
        {"actions", [] { return names(action_names, 3); }},
        {"options", [] { return names(option_names, 8); }},
        {"stages", [] { return names(stage_names, 1); }},
        {"families", [] { return names(family_names, 0); }},
        {"legality", legality},
        {"command_rules", commands},
        {"answers", answers},
        {"diagram", diagram},
        {"todo", todos},
    };
    const auto part = parts.find(count == 2 ? arguments[1] : "");
    if (part == parts.end()) return std::fprintf(stderr, "usage: render PART\n"), 64;
    std::fputs(part->second().c_str(), stdout);
}
