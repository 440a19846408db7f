// SPDX-License-Identifier: MIT
// What a filter has the MTA say to its client: an SMTP reply in its parts.
#pragma once

#include <cstddef>
#include <iterator>
#include <string>
#include <string_view>
#include <variant>

#include "detail/texts.hpp"
#include "error.hpp"
#include "messages.hpp"

namespace kilter {

namespace detail {

/// Takes the first line off the front of the text of a reply: without its CR LF.
constexpr std::string_view take_line(std::string_view& text) noexcept {
    const auto end = text.find("\r\n");
    const auto line = text.substr(0, end);
    text.remove_prefix(end == text.npos ? text.size() : end + 2);
    return line;
}

/// The enhanced code of a line, if there is one and it is followed by a space or nothing.
constexpr std::string_view enhanced_code_of_line(std::string_view line) noexcept {
    const auto text = line.substr(4);
    const auto code = enhanced_code(text, line[0]);
    return text.size() == code.size() || text[code.size()] == ' ' ? code : std::string_view{};
}

}  // namespace detail

/// The lines of an SMTP reply: of each the text, without code and enhanced code. A forward range.
class reply_lines {
public:
    class iterator {
    public:
        using value_type = std::string_view;
        using reference = std::string_view;
        using pointer = const std::string_view*;
        using difference_type = std::ptrdiff_t;
        using iterator_category = std::input_iterator_tag;
        using iterator_concept = std::forward_iterator_tag;

        constexpr iterator() = default;
        constexpr explicit iterator(std::string_view text) noexcept : rest_{text} {}

        constexpr std::string_view operator*() const noexcept {
            auto rest = rest_;
            const auto line = detail::take_line(rest);
            const auto enhanced = detail::enhanced_code_of_line(line).size();
            const auto text = line.substr(4 + enhanced);
            return text.substr(enhanced != 0 && !text.empty() ? 1 : 0);
        }
        constexpr iterator& operator++() noexcept {
            detail::take_line(rest_);
            return *this;
        }
        constexpr iterator operator++(int) noexcept {
            auto before = *this;
            ++*this;
            return before;
        }
        /// Iterators of the same reply are equal when as much is left.
        constexpr bool operator==(const iterator& other) const noexcept {
            return rest_.size() == other.rest_.size();
        }
        constexpr bool operator==(std::default_sentinel_t) const noexcept { return rest_.empty(); }

    private:
        std::string_view rest_{};
    };

    constexpr reply_lines() = default;

    constexpr iterator begin() const noexcept { return iterator{text_}; }
    constexpr std::default_sentinel_t end() const noexcept { return {}; }

private:
    friend struct smtp_reply;
    constexpr explicit reply_lines(std::string_view text) noexcept : text_{text} {}

    std::string_view text_{};
};

/// An SMTP reply in its parts, as views of the text that it was read from.
struct smtp_reply {
    std::string_view code{};           ///< three digits, the first of them 4 or 5
    std::string_view enhanced_code{};  ///< of the first line: `5.7.1`; empty if there is none
    reply_lines lines{};               ///< as the filter wrote them: a `%` is mostly doubled

    /// Reads the text of reply::reply_code, as strictly as Postfix 3.12 does: each line has the same code,
    /// and a `-` behind it, the last one a space; nowhere is a control character; and a text that begins with
    /// a digit begins with the code's own. Else it is errc::bad_reply_text.
    static constexpr result<smtp_reply> parse(std::string_view text) noexcept {
        if (const auto wrong = detail::reply_code_text_heard(text); wrong != errc::ok) return wrong;
        auto rest = text;
        const auto first = detail::take_line(rest);
        smtp_reply reply{};
        reply.code = text.substr(0, 3);
        reply.enhanced_code = detail::enhanced_code_of_line(first);
        reply.lines = reply_lines{text};
        return reply;
    }
};

/// What an MTA tells its client for a verdict that has no text of its own.
inline constexpr std::string_view default_reject = "550 5.7.1 Command rejected";
inline constexpr std::string_view default_tempfail = "451 4.7.1 Service unavailable - try again later";
inline constexpr std::string_view default_shutdown = "421 4.7.1 Service unavailable - try again later";

/// The text for the client if the filter refuses: that of reply_code, or the default for reject, tempfail and
/// shutdown. Empty for anything else.
template <class... M>
constexpr std::string_view refusal(const std::variant<M...>& event) noexcept {
    if (const auto* own = std::get_if<reply::reply_code>(&event)) return own->text;
    if (std::holds_alternative<reply::reject>(event)) return default_reject;
    if (std::holds_alternative<reply::tempfail>(event)) return default_tempfail;
    if (std::holds_alternative<reply::shutdown>(event)) return default_shutdown;
    return {};
}

/// The text of a reply as the client is to get it: each `%%` is one `%`, and each line ends with CR LF.
inline std::string smtp_text(std::string_view text) {
    std::string lines;
    for (std::size_t at = 0; at != text.size(); ++at) {
        lines.push_back(text[at]);
        if (text.substr(at, 2) == "%%") ++at;
    }
    return lines.append("\r\n");
}

}  // namespace kilter
