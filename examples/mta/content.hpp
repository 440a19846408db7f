// SPDX-License-Identifier: MIT
// The content of a mail: the fields of its header, and its body.
#pragma once

#include <cstddef>
#include <string>
#include <string_view>
#include <utility>
#include <vector>

namespace mta {

/// One field of a header. Folds are a LF and white space, as filters get them.
struct field {
    std::string name{};
    std::string value{};  ///< all that follows the colon
    std::string gap{};    ///< white space before the colon, which filters don't see
    bool own = false;     ///< the MTA's Received, which filters don't see
    bool deleted = false;
};

/// The text with a CR LF for each CR LF and each LF.
inline std::string with_crlf(std::string_view text) {
    std::string out;
    out.reserve(text.size() + text.size() / 32);
    char last = 0;
    for (const char c : text) {
        if (c == '\n' && last != '\r') out.push_back('\r');
        out.push_back(c);
        last = c;
    }
    return out;
}

/// The text with a LF for each CR LF.
inline std::string with_lf(std::string_view text) {
    std::string out;
    for (std::size_t i = 0; i != text.size(); ++i)
        if (text.substr(i, 2) != "\r\n") out.push_back(text[i]);
    return out;
}

/// Header and body of a mail.
struct content {
    std::vector<field> fields{};
    std::string body{};  ///< lines end with CR LF

    /// Reads a mail whose lines end with LF or CR LF. The header ends with an empty line, or before the first
    /// line that can't be of a header.
    static content parse(std::string_view mail) {
        content parsed;
        if (mail.starts_with("From ")) take_line(mail);  // of an mbox
        while (!mail.empty()) {
            auto rest = mail;
            const auto line = take_line(rest);
            if (line == "\n" || line == "\r\n") {
                mail = rest;
                break;
            }
            if ((line[0] == ' ' || line[0] == '\t') && !parsed.fields.empty())
                parsed.fields.back().value.append("\n").append(without_end(line));
            else if (const auto colon = end_of_name(line); colon != 0)
                parsed.fields.push_back(field_of(without_end(line), colon));
            else
                break;
            mail = rest;
        }
        parsed.body = with_crlf(mail);
        return parsed;
    }

    /// The mail as it goes over the wire, with CR LF.
    std::string text() const {
        std::string out;
        for (const auto& f : fields)
            if (!f.deleted)
                out.append(f.name).append(f.gap).append(":").append(with_crlf(f.value)).append("\r\n");
        return out.append("\r\n").append(body);
    }

private:
    static std::string_view take_line(std::string_view& text) {
        const auto end = text.find('\n');
        const auto line = text.substr(0, end == text.npos ? end : end + 1);
        text.remove_prefix(line.size());
        return line;
    }

    static std::string_view without_end(std::string_view line) {
        if (line.ends_with('\n')) line.remove_suffix(1);
        if (line.ends_with('\r')) line.remove_suffix(1);
        return line;
    }

    /// Where the name of a field ends; 0 if the line doesn't begin with one.
    static std::size_t end_of_name(std::string_view line) {
        std::size_t end = 0;
        while (end < line.size() && line[end] > ' ' && line[end] < 127 && line[end] != ':') ++end;
        const auto colon = line.find_first_not_of(" \t", end);
        return colon != line.npos && line[colon] == ':' ? end : 0;
    }

    static field field_of(std::string_view line, std::size_t end) {
        const auto colon = line.find(':', end);
        return {.name = std::string{line.substr(0, end)},
                .value = std::string{line.substr(colon + 1)},
                .gap = std::string{line.substr(end, colon - end)}};
    }
};

}  // namespace mta
