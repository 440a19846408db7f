// SPDX-License-Identifier: MIT
// THE TABLE OF DIFFERENCES in macros: those that an event has on each side, once the events are the same.
#pragma once

#include <algorithm>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

#include "differences.hpp"

namespace differential {

/// A macro that has another value on each side.
struct macro_situation {
    const pieces& stream;  ///< what kilter was given
    const trace& ours_all;
    std::size_t at;  ///< the piece of the event
    char command;    ///< that of the event: `B`, too, for data on `E`
    std::string_view name;
    const std::string& ours;
    const std::string& theirs;

    /// A name of one character may have braces.
    static std::string braced(std::string_view name) {
        return name.size() == 1 ? "{" + std::string{name} + "}" : std::string{name};
    }
    /// Its value in a set, if it is one for these commands.
    std::optional<std::string> value_in(const piece& set, std::string_view commands) const {
        if (set.code() != 'D' || set.payload().empty()) return std::nullopt;
        const auto read = test::naive::command({'D', whole_pairs(set.payload())});
        if (read.fields.empty() || commands.find(read.fields[0].value) == commands.npos) return std::nullopt;
        for (std::size_t i = 1; i < read.fields.size(); i += 2)
            if (braced(read.fields[i].value) == braced(name)) return read.fields[i + 1].value;
        return std::nullopt;
    }
    /// Has it come in a set that some row has taken out of the stream?
    bool is_taken_out(const pieces& whole, const std::string& value) const {
        return std::any_of(whole.begin(), whole.end(), [&](const piece& p) {
            const auto same = [&](const piece& q) { return q.bytes == p.bytes; };
            return value_in(p, "CHMRTEN") == value && std::count_if(whole.begin(), whole.end(), same) >
                                                          std::count_if(stream.begin(), stream.end(), same);
        });
    }
    /// Does libmilter drop the set of the command of the event?
    bool set_is_dropped() const { return "LBU"sv.find(command) != std::string_view::npos; }
    /// Is the event a piece of the body that came with the end of the message?
    bool is_data_on_end() const { return command != stream[at].code(); }
    /// Is it in the set that was sent for the command of the event?
    bool is_own(const std::string& value) const { return is_of(command, value); }
    /// Is it in the set that was sent with the frame of the event for this command?
    bool is_of(char whose, const std::string& value) const {
        for (auto i = at; i != 0 && stream[i - 1].code() == 'D'; --i)
            if (owner(stream[i - 1]) == whose) return value_in(stream[i - 1], {&whose, 1}) == value;
        return false;
    }
    /// Has the value come in a set whose time, of those that kilter says, is over at the event?
    bool is_over(const std::string& value) const {
        return any_set([&](std::size_t i) { return over(i) && value_in(stream[i], "CHMRTEN") == value; });
    }
    /// Has it come in a set for a later command than the last one?
    bool is_early(const std::string& value) const {
        return any_set([&](std::size_t i) {
            return !over(i) && is_later(i) && value_in(stream[i], "CHMRTEN") == value;
        });
    }
    /// Does it come of a set whose time it is? Or is there none that has the macro?
    bool is_good(const std::string& value) const {
        return value == no_macro
                   ? !any_set([&](std::size_t i) { return !over(i) && value_in(stream[i], "CHMRTENLBU"); })
                   : any_set([&](std::size_t i) {
                         return !over(i) && value_in(stream[i], "CHMRTENLBU") == value;
                     });
    }

private:
    static char owner(const piece& p) { return p.payload().substr(0, 1).append(1, '\0').front(); }

    template <class F>
    bool any_set(F has) const {
        for (std::size_t i = 0; i != at; ++i)
            if (stream[i].code() == 'D' && has(i)) return true;
        return false;
    }

    /// The command of a piece; `E` with data is one of the body if that is answered with a verdict.
    char code_at(std::size_t i) const {
        if (i == at) return command;
        const auto code = stream[i].code();
        if (code != 'E' || stream[i].payload().empty()) return code;
        const auto ends = [&](const seen& e) { return e.at == i && e.line == "end_of_message"; };
        return std::any_of(ours_all.events.begin(), ours_all.events.end(), ends) ? 'E' : 'B';
    }

    /// The commands whose sets are kept, in the order in which they come.
    static constexpr auto kept = "CHMRTNE"sv;

    /// Is it for a later command than the last of those that has come?
    bool is_later(std::size_t set) const {
        const auto place = kept.find(owner(stream[set]));
        for (auto i = at + 1; i-- != 0;) {
            const auto code = code_at(i);
            if (code == 'A' || (code == 'E' && i != at)) return place > kept.find('H');
            if (kept.find(code) != kept.npos) return place > kept.find(code);
        }
        return true;
    }

    /// Is the set over, which is good for its command alone, or until that or an earlier one comes once more,
    /// and for no longer than the message?
    bool over(std::size_t set) const {
        const auto whose = owner(stream[set]);
        const auto place = kept.find(whose);
        if (whose == 'E' && is_data_on_end()) return true;  // its time has yet to come
        bool came = false;
        for (auto i = set + 1; i <= at; ++i) {
            const auto code = code_at(i);
            if (code == 'D') {
                const auto other = owner(stream[i]);
                if (other == whose || (place == kept.npos && kept.find(other) == kept.npos)) return true;
            } else if (place == kept.npos) {
                return i != at || whose != command;
            } else if ("OKQ"sv.find(code) != kept.npos || "CHMR"sv.find(code) < place) {
                return true;
            } else if (place >= kept.find('M') && (code == 'A' || (code == 'E' && i != at))) {
                return true;
            } else if (code == whose) {
                if (came) return true;
                came = true;
            }
        }
        return false;
    }
};

struct macro_row {
    std::string_view what;
    std::string_view libmilter;
    std::string_view kilter;
    std::string_view why;
    bool (*explains)(const macro_situation&);
    std::string (*witness)();
};

// clang-format off

inline const std::vector<macro_row> macro_table_rows{
    {"macros for `L`, `B` or `U`",
     "drops them",
     "keeps them for that one command",
     "Postfix sends them",
     [](const macro_situation& s) { return s.set_is_dropped() && s.is_own(s.ours); },
     [] { return O + C + M + R + frame('D', "Li\0Q1\0"s) + L; }},
    {"macros for `E` with data, at that piece of the body",
     "are there",
     "come with the end of the message that follows",
     "they belong to it",
     [](const macro_situation& s) { return s.is_data_on_end() && s.is_of('E', s.theirs); },
     [] { return O + C + M + R + frame('D', "Rj\0Q1\0"s) + R + frame('D', "Ej\0Q2\0"s) + frame('E', "x"); }},
    {"macros of a message or command that is over, or whose new set is empty",
     "keeps them until an earlier command or a set that isn't empty takes their place",
     "forgets them",
     "a queue id or an address of the message before must not be taken for one of this message",
     [](const macro_situation& s) { return s.is_over(s.theirs) && s.is_good(s.ours); },
     [] { return O + C + frame('D', "Mi\0Q1\0"s) + M + A + frame('D', "M") + M; }},
    {"macros of a command that comes later than the last one that has come: it isn't wanted, or out of order",
     "come before those of earlier commands",
     "come after those of the commands up to that one",
     "what the filter is at goes before what it may never hear of",
     [](const macro_situation& s) { return s.is_early(s.theirs) && s.is_good(s.ours); },
     [] { return O + C + frame('D', "Mi\0Q1\0"s) + M + R + frame('D', "Ti\0Q2\0"s) + L; }},
};

// clang-format on

}  // namespace differential
