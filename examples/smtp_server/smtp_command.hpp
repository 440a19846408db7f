// SPDX-License-Identifier: MIT
// A command line of SMTP in its parts.
#pragma once

#include <cstddef>
#include <optional>
#include <string>
#include <string_view>

#include "mta/edit.hpp"
#include "mta/envelope.hpp"

/// The verb in capital letters, and what follows it.
struct smtp_command {
    std::string verb{};
    std::string_view argument{};

    static smtp_command parse(std::string_view line) {
        smtp_command command;
        const auto verb = line.substr(0, line.find(' '));
        for (const char c : verb)
            command.verb.push_back('a' <= c && c <= 'z' ? static_cast<char>(c - 32) : c);
        line.remove_prefix(verb.size());
        command.argument = trimmed(line);
        return command;
    }

    /// The address of MAIL or RCPT, after `FROM:` or `TO:`, and its arguments.
    std::optional<mta::recipient> mailbox(std::string_view keyword) const {
        if (!mta::same_without_case(argument.substr(0, keyword.size()), keyword)) return std::nullopt;
        const auto rest = trimmed(argument.substr(keyword.size()));
        const auto size = size_of_mailbox(rest);
        if (size == 0 || (size != rest.size() && rest[size] != ' ')) return std::nullopt;
        return mta::recipient{std::string{rest.substr(0, size)}, mta::words(rest.substr(size))};
    }

private:
    static std::string_view trimmed(std::string_view text) {
        const auto begin = text.find_first_not_of(' ');
        if (begin == text.npos) return {};
        return text.substr(begin, text.find_last_not_of(' ') + 1 - begin);
    }

    /// Up to the `>` that isn't in a quoted string; without brackets up to a space.
    static std::size_t size_of_mailbox(std::string_view text) {
        if (!text.starts_with('<')) return std::min(text.find(' '), text.size());
        bool quoted = false;
        for (std::size_t i = 1; i < text.size(); ++i) {
            if (text[i] == '\\')
                ++i;
            else if (text[i] == '"')
                quoted = !quoted;
            else if (text[i] == '>' && !quoted)
                return i + 1;
        }
        return 0;
    }
};
