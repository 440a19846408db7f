// SPDX-License-Identifier: MIT
// The text of reply::reply_code: an SMTP reply that every MTA takes as it is meant.
#pragma once

#include <cstddef>
#include <initializer_list>
#include <span>
#include <string>
#include <string_view>

#include "detail/texts.hpp"
#include "error.hpp"
#include "options.hpp"

namespace kilter {

/// The most bytes that one line of a reply may have, each `%` counted twice (MAXREPLYLEN of libmilter).
inline constexpr std::size_t max_reply_line = 980;

/// Makes the text of reply::reply_code, to be kept until it is sent:
///
///     const auto text = reply_text(550, "5.7.1", {"Go away", "You are 100% spam"});
///     if (text) session.send(reply::reply_code{*text}, out);
///
/// The code is 400 to 599; 421 makes the MTA hang up on the client. The enhanced code has to be of the same
/// class; without one it is 4.0.0 or 5.0.0, as MTAs differ in what they make of none. Lines hold no control
/// characters. errc::bad_reply_text says that one of this is not so, errc::too_long that a line, or all of
/// it, is.
inline result<std::string> reply_text(int code, std::string_view enhanced_code,
                                      std::span<const std::string_view> lines) {
    if (code < 400 || code > 599) return errc::bad_reply_text;
    const auto digits = std::to_string(code);
    const auto enhanced =
        enhanced_code.empty() ? std::string{digits[0]}.append(".0.0") : std::string{enhanced_code};
    if (detail::enhanced_code(enhanced, digits[0]) != enhanced) return errc::bad_reply_text;

    std::string text;
    const auto add_line = [&](std::string_view line, bool last) {
        const auto begin = text.size();
        text.append(digits).append(last ? " " : "-").append(enhanced);
        if (!line.empty()) text.push_back(' ');
        for (const char c : line) text.append(c == '%' ? 2 : 1, c);
        if (detail::has_control(line)) return errc::bad_reply_text;
        if (text.size() - begin > max_reply_line) return errc::too_long;
        if (!last) text.append("\r\n");
        return errc::ok;
    };
    if (lines.empty()) add_line({}, true);
    for (std::size_t i = 0; i != lines.size(); ++i)
        if (const auto wrong = add_line(lines[i], i + 1 == lines.size()); wrong != errc::ok) return wrong;
    if (text.size() >= data_size_64k) return errc::too_long;
    return text;
}

/// The same for a list of lines …
inline result<std::string> reply_text(int code, std::string_view enhanced_code,
                                      std::initializer_list<std::string_view> lines) {
    return reply_text(code, enhanced_code, std::span{lines.begin(), lines.size()});
}

/// … and for one line.
inline result<std::string> reply_text(int code, std::string_view enhanced_code, std::string_view line) {
    return reply_text(code, enhanced_code, {line});
}

}  // namespace kilter
