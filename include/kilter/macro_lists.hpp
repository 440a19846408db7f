// SPDX-License-Identifier: MIT
// The macros that an MTA sends: its own lists, and what the filter asks for instead.
#pragma once

#include <array>
#include <cstddef>
#include <initializer_list>
#include <optional>
#include <span>
#include <string>
#include <string_view>
#include <type_traits>
#include <utility>
#include <variant>

#include "macro_name.hpp"
#include "options.hpp"
#include "wire.hpp"

namespace kilter {

namespace detail {

/// The number of the stage at which the macros of command `M` are sent; that of no stage if it has none.
/// Stages are called like their commands.
template <command_message M>
constexpr std::size_t stage_number() noexcept {
    std::size_t number = 0;
    while (number != stage_names.size() && stage_names[number].name != wire::row_of<M>().name) ++number;
    return number;
}

}  // namespace detail

/// A command before which macros are sent that a filter can choose.
template <class M>
concept staged_command = command_message<M> && detail::stage_number<M>()
!= stage_names.size();

/// Which macros an MTA sends at each stage to one filter.
///
/// Make it with the MTA's own lists, `macro_lists lists{{stage::mail, "i {mail_addr}"}, …}`, and give it the
/// filter's answer to the offer, or every event: `lists.update(event)`. Then, before each command that has a
/// stage:
///
///     if (const auto macros = lists.macros_for<command::mail>(value_of)) session.send(*macros, out);
///
/// where `value_of(name)` gives an optional text.
class macro_lists {
public:
    macro_lists() = default;
    explicit macro_lists(symbol_list defaults) { replace(defaults); }
    explicit macro_lists(std::span<const symbol> defaults) { replace(defaults); }
    macro_lists(std::initializer_list<symbol> defaults) { replace(defaults); }

    /// The filter's lists take the place of those of the same stages. An empty one asks for no macros at all,
    /// as in Sendmail. Of several for a stage the last one counts; stages that nobody knows are passed over.
    template <class... M>
    void update(const std::variant<M...>& event) {
        if (const auto* answer = std::get_if<reply::negotiate>(&event)) update(*answer);
    }
    void update(const reply::negotiate& answer) { replace(answer.symbols); }

    /// The names sent at a stage: separated by spaces, tabs, line ends or commas.
    std::string_view names(stage at) const noexcept {
        const auto number = static_cast<std::size_t>(at);
        return number < names_.size() ? std::string_view{names_[number]} : std::string_view{};
    }

    /// The names sent before command `M`.
    template <staged_command M>
    std::string_view names_for() const noexcept {
        return names(stage_names[detail::stage_number<M>()].value);
    }

    /// The macros to be sent before command `M`; nothing if none of them has a value.
    ///
    /// `value_of` is asked for each name without its braces; a macro is sent under the name that the list has
    /// for it. The result is good until the next call. A value with a NUL makes macros that can't be sent.
    template <staged_command M, class ValueOf>
    std::optional<command::macro> macros_for(ValueOf&& value_of) {
        definitions_.clear();
        bool fit = true;
        std::string_view rest = names_for<M>();
        for (auto name = next_name(rest); !name.empty(); name = next_name(rest)) {
            const auto& given = value_of(bare_macro_name(name));  // lives as long as the view of it
            const std::optional<std::string_view> value{given};
            if (!value) continue;
            fit &= detail::append_text(definitions_, name);
            fit &= detail::append_text(definitions_, *value);
            // More can't be sent, however often a filter asks for a macro.
            if (definitions_.size() > data_size_64k) break;
        }
        if (!fit) definitions_ = detail::unfit_list;
        if (definitions_.empty()) return std::nullopt;
        return command::macro{wire::row_of<M>().code, definitions_};
    }

private:
    /// Takes the next name off the front of a list; an empty one at its end.
    static std::string_view next_name(std::string_view& list) noexcept {
        constexpr std::string_view separators = " \t\r\n,";
        const auto begin = list.find_first_not_of(separators);
        list.remove_prefix(begin == list.npos ? list.size() : begin);
        const auto name = list.substr(0, list.find_first_of(separators));
        list.remove_prefix(name.size());
        return name;
    }

    void replace(const auto& lists) {
        auto names = names_;
        for (const auto& list : lists) {
            const auto number = static_cast<std::size_t>(list.at);
            if (number < names.size()) names[number] = list.names;
        }
        names_ = std::move(names);  // all of them; or none, without memory for them
    }

    std::array<std::string, stage_names.size()> names_{};
    std::string definitions_{};
};

}  // namespace kilter
