// SPDX-License-Identifier: MIT
// What a text must look like before it is sent, and before one that has come is handed out: nothing that
// could inject a line or a field.
#pragma once

#include <cstddef>
#include <string_view>

#include "../error.hpp"

namespace kilter::detail {

/// Says whether a text may be sent in some field.
using text_check = errc (*)(std::string_view) noexcept;

constexpr bool is_digit(char c) noexcept { return c >= '0' && c <= '9'; }

/// C0 controls and DEL. Bytes from 0x80 up are text.
constexpr bool is_control(char c) noexcept {
    const auto byte = static_cast<unsigned char>(c);
    return byte < 0x20 || byte == 0x7f;
}

constexpr bool has_control(std::string_view text) noexcept {
    for (const char c : text)
        if (is_control(c)) return true;
    return false;
}

constexpr errc any_text(std::string_view text) noexcept {
    return text.find('\0') == text.npos ? errc::ok : errc::nul_in_text;
}

constexpr errc without_controls(std::string_view text) noexcept {
    if (const auto e = any_text(text); e != errc::ok) return e;
    return has_control(text) ? errc::bad_text : errc::ok;
}

/// One or more of the characters 33 to 126 without the colon (RFC 5322, 2.2). Sendmail 8.17 writes what it
/// gets, so a CR LF here would be a line of its own.
constexpr errc header_name(std::string_view name) noexcept {
    if (const auto e = any_text(name); e != errc::ok) return e;
    for (const char c : name)
        if (c <= 32 || c >= 127 || c == ':') return errc::bad_header_name;
    return name.empty() ? errc::bad_header_name : errc::ok;
}

/// Lines end with a LF alone, and the next one begins with white space and has something else, too: nobody
/// may take it for the end of the header. With CR LF, Postfix would write CR CR LF.
constexpr errc header_value(std::string_view value) noexcept {
    if (const auto e = any_text(value); e != errc::ok) return e;
    if (value.find('\r') != value.npos) return errc::bad_header_value;
    for (auto at = value.find('\n'); at != value.npos; at = value.find('\n', at + 1)) {
        const auto next = value.substr(at + 1);
        const auto text = next.find_first_not_of(" \t");
        if (text == 0 || text == next.npos || next[text] == '\n') return errc::bad_header_value;
    }
    return errc::ok;
}

/// The same from another: what filters send and MTAs take has CR LF before white space, too.
constexpr errc header_value_heard(std::string_view value) noexcept {
    for (std::size_t at = 0; (at = value.find_first_of("\r\n", at)) != value.npos; ++at) {
        if (value.substr(at, 2) == "\r\n") ++at;
        const auto next = value.substr(at).substr(1, 1);
        if (value[at] != '\n' || (next != " " && next != "\t")) return errc::bad_header_value;
    }
    return errc::ok;
}

/// Sendmail ignores an empty address, and `<>` is the null sender everywhere.
constexpr errc address(std::string_view text) noexcept {
    if (const auto e = any_text(text); e != errc::ok) return e;
    return text.empty() || has_control(text) ? errc::bad_address : errc::ok;
}

/// The enhanced code at the front of `text` (`5.7.1`), of the class given. Empty if there is none.
constexpr std::string_view enhanced_code(std::string_view text, char klass) noexcept {
    const auto number = [&](std::size_t at) {  // where the one to three digits at `at` end, or 0
        auto end = at;
        while (end < text.size() && end < at + 3 && is_digit(text[end])) ++end;
        return end == at || (end < text.size() && is_digit(text[end])) ? 0 : end;
    };
    if (text.size() < 5 || text[0] != klass || text[1] != '.') return {};
    const auto subject = number(2);
    if (subject == 0 || subject >= text.size() || text[subject] != '.') return {};
    const auto detail = number(subject + 1);
    return text.substr(0, detail);
}

/// One line of an SMTP reply, as Postfix 3.12 milter8.c takes it: code, `-` or a space, and a text that, if
/// it begins with a digit, begins with the code's own.
constexpr errc reply_line_heard(std::string_view line, std::string_view code, bool last) noexcept {
    if (line.size() < 4 || line.substr(0, 3) != code) return errc::bad_reply_text;
    if (line[3] != (last ? ' ' : '-') || has_control(line)) return errc::bad_reply_text;
    return line.size() > 4 && is_digit(line[4]) && line[4] != code[0] ? errc::bad_reply_text : errc::ok;
}

/// One line of an SMTP reply, as every known MTA takes it: what Postfix takes, with a full enhanced code if
/// the text begins with a digit, and with each `%` doubled, because Sendmail 8.17 prints it as a format.
constexpr errc reply_line(std::string_view line, std::string_view code, bool last) noexcept {
    if (const auto e = reply_line_heard(line, code, last); e != errc::ok) return e;
    const auto text = line.substr(4);
    if (!text.empty() && is_digit(text[0])) {
        const auto enhanced = enhanced_code(text, code[0]);
        const auto after = text.substr(enhanced.size());  // without a code, the digit is its first
        if (!after.empty() && after[0] != ' ') return errc::bad_reply_text;
    }
    for (std::size_t at = 0; (at = text.find('%', at)) != text.npos; at += 2)
        if (at + 1 == text.size() || text[at + 1] != '%') return errc::bad_reply_text;
    return errc::ok;
}

using line_check = errc (*)(std::string_view line, std::string_view code, bool last) noexcept;

/// The whole text of reply::reply_code, line by line.
constexpr errc reply_lines(std::string_view text, line_check check_line) noexcept {
    if (const auto e = any_text(text); e != errc::ok) return e;
    const auto code = text.substr(0, 3);
    if (code.size() < 3 || (code[0] != '4' && code[0] != '5') || !is_digit(code[1]) || !is_digit(code[2]))
        return errc::bad_reply_text;
    for (auto end = text.find("\r\n"); end != text.npos; end = text.find("\r\n")) {
        if (const auto e = check_line(text.substr(0, end), code, false); e != errc::ok) return e;
        text.remove_prefix(end + 2);
    }
    return check_line(text, code, true);
}

constexpr errc reply_code_text(std::string_view text) noexcept { return reply_lines(text, reply_line); }
constexpr errc reply_code_text_heard(std::string_view text) noexcept {
    return reply_lines(text, reply_line_heard);
}

}  // namespace kilter::detail
