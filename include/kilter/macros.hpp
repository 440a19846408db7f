// SPDX-License-Identifier: MIT
// The macros that an MTA has defined, each for the part of the conversation that it is good for.
#pragma once

#include <array>
#include <cstddef>
#include <cstdint>
#include <optional>
#include <string>
#include <string_view>
#include <type_traits>
#include <variant>

#include "macro_name.hpp"
#include "wire.hpp"

namespace kilter {

namespace detail {

template <class... M>
constexpr std::array<char, sizeof...(M)> codes_of() noexcept {
    return {wire::row_of<M>().code...};
}

}  // namespace detail

/// What the MTA has defined so far.
///
/// Give it every event: `macros.update(event)`. It keeps one set for each command: those of `connect` for the
/// connection, of `helo` until the next one, of `mail`, `data`, `end_of_headers` and `end_of_message` for the
/// message, of `rcpt` until the next one, and those of any other command for that one command. A new set
/// takes the place of the one before, even if it is empty.
class macro_table {
public:
    template <class... M>
    void update(const std::variant<M...>& event) {
        std::visit([&](const auto& message) { update(message); }, event);
    }
    template <class M>
    void update(const M& message) {
        if constexpr (std::is_same_v<M, command::macro>)
            store(message);
        else if constexpr (command_message<M>)
            enter<M>();
    }

    /// The value that a macro has at this point: that of the latest command that has one.
    ///
    /// `i` and `{i}`, `mail_addr` and `{mail_addr}` are the same, however the MTA spells them. The value is
    /// good until the next update().
    std::optional<std::string_view> find(std::string_view name) const noexcept {
        name = bare_macro_name(name);
        if (passing_ == current_) {
            if (const auto value = find_in(passing, name)) return value;
        }
        for (std::size_t set = reached_ + 1; set-- != 0;) {
            if (const auto value = find_in(set, name)) return value;
        }
        // MTAs send the macros of a command that the filter doesn't want, too.
        for (std::size_t set = reached_ + 1; set != passing; ++set) {
            if (const auto value = find_in(set, name)) return value;
        }
        return std::nullopt;
    }

private:
    /// The commands whose sets are kept, in the order in which they come. Behind them is the set of any
    /// other.
    static constexpr auto codes =
        detail::codes_of<command::connect, command::helo, command::mail, command::rcpt, command::data,
                         command::end_of_headers, command::end_of_message>();
    static constexpr std::uint8_t passing = codes.size();

    /// Where a command's set is.
    static constexpr std::uint8_t set_of(char command) noexcept {
        std::uint8_t set = 0;
        while (set != passing && codes[set] != command) ++set;
        return set;
    }
    template <class M>
    static constexpr std::uint8_t set_for = set_of(wire::row_of<M>().code);

    void store(const command::macro& m) {
        const auto definitions = m.definitions.bytes();
        const auto set = set_of(m.command);
        // All memory that it takes comes first: without it, nothing has changed.
        text_.reserve(text_.size() - size_of(set) + definitions.size());
        if (message_over_) forget_message();
        replace(set, definitions);
        new_[set] = true;
        if (set == passing) passing_ = m.command;
    }

    /// A command has come: its own set is good from now on, and those of what it ends are not.
    template <class M>
    void enter() {
        constexpr auto code = wire::row_of<M>().code;
        constexpr auto set = set_for<M>;
        if (message_over_) forget_message();
        if (!(new_[passing] && passing_ == code)) replace(passing, {});
        new_[passing] = false;
        current_ = code;

        if constexpr (set != passing) {
            if (!new_[set]) replace(set, {});
            new_[set] = false;
            reached_ = set;
            if constexpr (set <= set_for<command::rcpt>) forget(set + 1);
        }
        message_over_ = std::is_same_v<M, command::end_of_message>;
        if constexpr (std::is_same_v<M, command::abort>) forget_message();
        if constexpr (std::is_same_v<M, command::negotiate> || std::is_same_v<M, command::quit> ||
                      std::is_same_v<M, command::quit_nc>) {
            forget(0);
            reached_ = 0;
        }
    }

    void forget_message() {
        constexpr auto helo = set_for<command::helo>;
        forget(helo + 1);
        message_over_ = false;
        if (reached_ > helo) reached_ = helo;
    }

    /// Forgets this set and those of later commands.
    void forget(std::size_t first) {
        for (; first != passing; ++first) {
            replace(first, {});
            new_[first] = false;
        }
    }

    std::size_t begin_of(std::size_t set) const noexcept { return set == 0 ? 0 : ends_[set - 1]; }

    std::size_t size_of(std::size_t set) const noexcept { return ends_[set] - begin_of(set); }

    void replace(std::size_t set, std::string_view definitions) {
        const auto begin = begin_of(set);
        const auto size = size_of(set);
        if (size == 0 && definitions.empty()) return;
        text_.replace(begin, size, definitions);
        for (auto later = set; later != ends_.size(); ++later)
            ends_[later] = static_cast<std::uint32_t>(ends_[later] - size + definitions.size());
    }

    std::optional<std::string_view> find_in(std::size_t set, std::string_view name) const noexcept {
        const auto begin = begin_of(set);
        for (const auto& d : definition_list{std::string_view{text_}.substr(begin, size_of(set))})
            if (bare_macro_name(d.name) == name) return d.value;
        return std::nullopt;
    }

    std::string text_{};                             ///< all sets, one behind the other
    std::array<std::uint32_t, passing + 1> ends_{};  ///< where each ends
    std::array<bool, passing + 1> new_{};            ///< has come since its command last came
    std::uint8_t reached_ = 0;                       ///< the last of the kept commands that has come
    char current_ = 0;                               ///< the last command
    char passing_ = 0;                               ///< the command that the passing set is for
    bool message_over_ = false;                      ///< end_of_message was the last command
};

}  // namespace kilter
