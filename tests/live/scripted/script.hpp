// SPDX-License-Identifier: MIT
// The scripts of the scripted filters: what such a filter wants of an MTA, and what it does at which event.
#pragma once

#include <algorithm>
#include <charconv>
#include <cstddef>
#include <cstdint>
#include <cstdio>
#include <fstream>
#include <map>
#include <optional>
#include <ranges>
#include <stdexcept>
#include <string>
#include <string_view>
#include <system_error>
#include <vector>

// A script is a text file with one statement in each line. Words are separated by spaces. A word in double
// quotes may hold spaces, and \n \r \t \" \\ \xHH. A line that begins with # is a comment.
//
//     actions WORD…                      default: every action that is offered
//     options WORD…                      default: none
//     symbols STAGE WORD…                the macros that are wanted at a stage
//     on EVENT[:TEXT][#N] DO WORD…       for EVENT, DO and its words, see the tables
//
// TEXT limits a line to the events whose first text is TEXT, and #N to the Nth of those on a connection. All
// lines that fit an event are done, in the file's order. If none gave a verdict, the answer is proceed.

namespace script {

using words = std::vector<std::string>;

/// What is wrong with a script: `FILE:LINE: what`.
struct error : std::runtime_error {
    using runtime_error::runtime_error;
};

enum class event {
    negotiate,
    connect,
    helo,
    mail,
    rcpt,
    data,
    unknown,
    header,
    end_of_headers,
    body,
    end_of_message,
    abort,
};

struct event_row {
    std::string_view name;
    event value;
    bool has_text;
};

/// What the first word after DO is.
enum class first { text, number, hex };

struct action_row {
    std::string_view name;
    std::size_t least;  ///< how many words follow, and how many may
    std::size_t most;
    first is;
    bool verdict;
    std::string_view takes;
};

struct named {
    std::string_view name;
    std::uint32_t value;
};

inline constexpr auto any = static_cast<std::size_t>(-1);

// clang-format off
inline constexpr event_row events[]{
    {"negotiate",      event::negotiate,      false},
    {"connect",        event::connect,        true},
    {"helo",           event::helo,           true},
    {"mail",           event::mail,           true},
    {"rcpt",           event::rcpt,           true},
    {"data",           event::data,           false},
    {"unknown",        event::unknown,        true},
    {"header",         event::header,         true},
    {"end_of_headers", event::end_of_headers, false},
    {"body",           event::body,           true},
    {"end_of_message", event::end_of_message, false},
    {"abort",          event::abort,          false},
};

inline constexpr action_row actions[]{
    {"proceed",            0, 0,   first::text,   true,  "no words"},
    {"accept",             0, 0,   first::text,   true,  "no words"},
    {"reject",             0, 0,   first::text,   true,  "no words"},
    {"tempfail",           0, 0,   first::text,   true,  "no words"},
    {"discard",            0, 0,   first::text,   true,  "no words"},
    {"skip",               0, 0,   first::text,   true,  "no words"},
    {"reply_code",         2, any, first::number, true,  "CODE ENHANCED TEXT…"},  // ENHANCED: - for none
    {"progress",           0, 0,   first::text,   false, "no words"},
    {"add_header",         2, 2,   first::text,   false, "NAME VALUE"},
    {"insert_header",      3, 3,   first::number, false, "INDEX NAME VALUE"},
    {"change_header",      3, 3,   first::number, false, "INDEX NAME VALUE"},
    {"change_from",        1, 2,   first::text,   false, "ADDRESS [ARGS]"},
    {"add_rcpt",           1, 1,   first::text,   false, "ADDRESS"},
    {"add_rcpt_par",       2, 2,   first::text,   false, "ADDRESS ARGS"},
    {"delete_rcpt",        1, 1,   first::text,   false, "ADDRESS"},
    {"replace_body",       1, any, first::text,   false, "TEXT…"},         // one call for each TEXT
    {"replace_body_lines", 1, 1,   first::number, false, "COUNT"},         // a body of so many lines
    {"quarantine",         1, 1,   first::text,   false, "REASON"},
    {"echo_macros",        1, any, first::text,   false, "NAME…"},         // adds a field X-Macro-NAME for each
    {"wait",               1, 1,   first::number, false, "MILLISECONDS"},
    {"close",              0, 0,   first::text,   false, "no words"},      // drops the connection
    {"raw",                1, 1,   first::hex,    false, "HEX"},           // writes these bytes as they are
};

/// SMFIF_*, SMFIP_* and SMFIM_*.
inline constexpr named action_bits[]{
    {"add_headers",    0x001}, {"change_body", 0x002}, {"add_rcpt",    0x004}, {"delete_rcpt",  0x008},
    {"change_headers", 0x010}, {"quarantine",  0x020}, {"change_from", 0x040}, {"add_rcpt_par", 0x080},
    {"set_symlist",    0x100},
};

inline constexpr named option_bits[]{
    {"no_connect",            0x0000'0001}, {"no_helo",        0x0000'0002}, {"no_mail",       0x0000'0004},
    {"no_rcpt",               0x0000'0008}, {"no_body",        0x0000'0010}, {"no_headers",    0x0000'0020},
    {"no_end_of_headers",     0x0000'0040}, {"silent_header",  0x0000'0080}, {"no_unknown",    0x0000'0100},
    {"no_data",               0x0000'0200}, {"skip",           0x0000'0400}, {"rejected_rcpt", 0x0000'0800},
    {"silent_connect",        0x0000'1000}, {"silent_helo",    0x0000'2000}, {"silent_mail",   0x0000'4000},
    {"silent_rcpt",           0x0000'8000}, {"silent_data",    0x0001'0000}, {"silent_unknown", 0x0002'0000},
    {"silent_end_of_headers", 0x0004'0000}, {"silent_body",    0x0008'0000}, {"leading_space", 0x0010'0000},
    {"data_256k",             0x1000'0000}, {"data_1m",        0x2000'0000},
};

inline constexpr named stages[]{
    {"connect", 0}, {"helo", 1}, {"mail", 2}, {"rcpt", 3}, {"data", 4}, {"end_of_message", 5}, {"end_of_headers", 6},
};
// clang-format on

/// The row of a table that has this name, or null.
template <class Table>
constexpr auto* find(const Table& table, std::string_view name) {
    const auto row = std::ranges::find_if(table, [&](const auto& r) { return r.name == name; });
    return row == std::ranges::end(table) ? nullptr : &*row;
}

/// A word that is a decimal number.
inline std::optional<std::uint32_t> number(std::string_view word) {
    std::uint32_t value{};
    const auto [end, wrong] = std::from_chars(word.data(), word.data() + word.size(), value);
    if (wrong != std::errc{} || end != word.data() + word.size()) return std::nullopt;
    return value;
}

/// The bytes that a word of hexadecimal digits stands for.
inline std::optional<std::string> bytes(std::string_view word) {
    if (word.size() % 2 != 0) return std::nullopt;
    std::string all;
    for (; !word.empty(); word.remove_prefix(2)) {
        unsigned char byte{};
        const auto [end, wrong] = std::from_chars(word.data(), word.data() + 2, byte, 16);
        if (wrong != std::errc{} || end != word.data() + 2) return std::nullopt;
        all.push_back(static_cast<char>(byte));
    }
    return all;
}

/// A body of `count` numbered lines, in pieces of about 64 KB.
inline words body_lines(std::uint32_t count) {
    constexpr std::size_t piece = 64'000;
    words pieces{""};
    for (std::uint32_t i = 1; i <= count; ++i) {
        char line[32];
        std::snprintf(line, sizeof line, "line %06u\r\n", static_cast<unsigned>(i));
        if (pieces.back().size() > piece) pieces.emplace_back();
        pieces.back() += line;
    }
    return pieces;
}

/// The header field in which a macro is echoed.
inline std::string macro_field(std::string_view name) {
    const bool braced = name.starts_with('{') && name.ends_with('}');
    return "X-Macro-" + std::string{braced ? name.substr(1, name.size() - 2) : name};
}

/// What a filter does for an action. Each filter has a table of these, by the names of `actions`.
template <class Filter>
struct ability {
    std::string_view name;
    void (Filter::*act)(const words&);
};

/// One line `on …`.
template <class Filter>
struct rule {
    event on;
    std::optional<std::string> text{};
    std::uint32_t nth = 0;  ///< 0: each
    void (Filter::*act)(const words&){};
    words arguments{};
};

/// A whole script.
template <class Filter>
struct program {
    std::optional<std::uint32_t> actions{};  ///< none: all
    std::uint32_t options = 0;
    std::map<std::uint32_t, std::string> symbols{};  ///< by stage, with spaces between the names
    std::vector<rule<Filter>> rules{};
};

/// Takes one line apart.
class line_reader {
public:
    explicit line_reader(std::string_view line) : rest_{line} {}

    /// The next word, up to one of `ends`. In quotes, they are part of it.
    std::string word(std::string_view ends = " ") {
        if (rest_.starts_with('"')) return quoted(ends);
        const auto size = std::min(rest_.find_first_of(ends), rest_.size());
        const std::string found{rest_.substr(0, size)};
        rest_.remove_prefix(size);
        return found;
    }

    /// All words that are left.
    words rest() {
        words all;
        for (skip_spaces(); !rest_.empty(); skip_spaces()) all.push_back(word());
        return all;
    }

    bool take(char c) {
        const bool here = rest_.starts_with(c);
        if (here) rest_.remove_prefix(1);
        return here;
    }
    void skip_spaces() {
        while (take(' ')) {
        }
    }

private:
    std::string quoted(std::string_view ends) {
        std::string text;
        rest_.remove_prefix(1);
        while (!take('"')) {
            if (rest_.empty()) throw std::runtime_error{"a quote is not closed"};
            text.push_back(take('\\') ? escaped() : rest_.front());
            rest_.remove_prefix(1);
        }
        if (!rest_.empty() && ends.find(rest_.front()) == ends.npos)
            throw std::runtime_error{"something follows a closing quote"};
        return text;
    }

    /// What a backslash and the next characters stand for. The last of them is left.
    char escaped() {
        if (take('x')) {
            const auto byte = bytes(rest_.substr(0, 2));
            if (!byte || byte->empty()) throw std::runtime_error{"\\x without two hexadecimal digits"};
            rest_.remove_prefix(1);
            return byte->front();
        }
        switch (rest_.empty() ? '\0' : rest_.front()) {
            case 'n': return '\n';
            case 'r': return '\r';
            case 't': return '\t';
            case '"': return '"';
            case '\\': return '\\';
            default: throw std::runtime_error{"unknown escape: only \\n \\r \\t \\\" \\\\ \\xHH"};
        }
    }

    std::string_view rest_;
};

/// The value of a name in one of the tables.
template <class Table>
auto value_of(const Table& table, const std::string& name, const char* kind) {
    const auto* row = find(table, name);
    if (row == nullptr) throw std::runtime_error{std::string{"unknown "} + kind + " \"" + name + '"'};
    return row->value;
}

template <class Table>
std::uint32_t bits_of(const Table& table, const words& names, const char* kind) {
    std::uint32_t bits = 0;
    for (const auto& name : names) bits |= value_of(table, name, kind);
    return bits;
}

template <class Filter>
rule<Filter> read_rule(line_reader& line) {
    const auto on = line.word(" :#");
    rule<Filter> made{.on = value_of(events, on, "event")};
    if (line.take(':')) {
        if (!find(events, on)->has_text) throw std::runtime_error{on + " has no text"};
        made.text = line.word(" #");
    }
    if (line.take('#')) {
        made.nth = number(line.word()).value_or(0);
        if (made.nth == 0) throw std::runtime_error{"no number from 1 after #"};
    }

    line.skip_spaces();
    const auto name = line.word();
    const auto* action = find(actions, name);
    if (action == nullptr) throw std::runtime_error{"unknown action \"" + name + '"'};
    auto& given = made.arguments = line.rest();
    const bool counted = action->least <= given.size() && given.size() <= action->most;
    if (!counted || (action->is == first::number && !number(given.front())) ||
        (action->is == first::hex && !bytes(given.front())))
        throw std::runtime_error{name + " takes " + std::string{action->takes}};
    if (action->verdict && (made.on == event::negotiate || made.on == event::abort))
        throw std::runtime_error{"no verdict is due at " + on};

    const bool lines = name == "replace_body_lines";
    if (lines) given = body_lines(*number(given.front()));
    const auto* able = find(Filter::abilities, lines ? "replace_body" : name);
    if (able == nullptr) throw std::runtime_error{"this filter can't do " + name};
    made.act = able->act;
    return made;
}

template <class Filter>
void read_line(line_reader line, program<Filter>& into) {
    line.skip_spaces();
    if (line.take('#')) return;
    const auto statement = line.word();
    line.skip_spaces();
    if (statement == "on") {
        into.rules.push_back(read_rule<Filter>(line));
    } else if (statement == "actions") {
        into.actions = into.actions.value_or(0) | bits_of(action_bits, line.rest(), "action");
    } else if (statement == "options") {
        into.options |= bits_of(option_bits, line.rest(), "option");
    } else if (statement == "symbols") {
        auto& names = into.symbols[value_of(stages, line.word(), "stage")];
        for (const auto& name : line.rest()) names.append(names.empty() ? "" : " ").append(name);
    } else if (!statement.empty()) {
        throw std::runtime_error{"unknown statement \"" + statement + '"'};
    }
}

/// Reads a script, or throws its error.
template <class Filter>
program<Filter> read(const std::string& path) {
    std::ifstream file{path, std::ios::binary};
    if (!file) throw error{path + ": can't be read"};
    program<Filter> script;
    int number = 0;
    for (std::string line; std::getline(file, line);) {
        ++number;
        try {
            read_line(line_reader{line}, script);
        } catch (const std::runtime_error& wrong) {
            throw error{path + ":" + std::to_string(number) + ": " + wrong.what()};
        }
    }
    if (file.bad()) throw error{path + ": can't be read"};
    return script;
}

/// Where one connection stands in its script.
template <class Filter>
class follower {
public:
    explicit follower(const program<Filter>& script) : script_{script}, fitted_(script.rules.size()) {}

    /// Does all that the script says for an event, as long as the filter has not dropped the connection.
    void act(Filter& filter, event on, std::string_view text = {}) {
        for (std::size_t i = 0; i != fitted_.size() && !filter.dropped(); ++i) {
            const auto& rule = script_.rules[i];
            if (rule.on != on || (rule.text && *rule.text != text)) continue;
            ++fitted_[i];
            if (rule.nth == 0 || rule.nth == fitted_[i]) (filter.*rule.act)(rule.arguments);
        }
    }

private:
    const program<Filter>& script_;
    std::vector<std::uint32_t> fitted_;  ///< how many events have fitted each line
};

}  // namespace script
