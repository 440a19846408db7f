// SPDX-License-Identifier: MIT
// What MTAs put around addresses, taken off.
#pragma once

#include <string_view>

namespace kilter {

/// The address in a mailbox as it stands in MAIL and RCPT: `a@b` for `<a@b>`, and as it is without brackets.
/// The null sender is empty.
constexpr std::string_view bare_mailbox(std::string_view text) noexcept {
    const bool bracketed = text.size() >= 2 && text.front() == '<' && text.back() == '>';
    return bracketed ? text.substr(1, text.size() - 2) : text;
}

/// The address of a client as inet_pton() takes it: without the brackets around it, and without the `IPv6:`
/// that Sendmail puts before it.
constexpr std::string_view bare_address(std::string_view text) noexcept {
    if (text.size() >= 2 && text.front() == '[' && text.back() == ']') text = text.substr(1, text.size() - 2);
    constexpr std::string_view prefix = "ipv6:";
    if (text.size() < prefix.size()) return text;
    for (std::size_t i = 0; i != prefix.size(); ++i) {
        const char c = text[i];
        if ((c >= 'A' && c <= 'Z' ? static_cast<char>(c + ('a' - 'A')) : c) != prefix[i]) return text;
    }
    return text.substr(prefix.size());
}

/// Is the hostname of command::connect a name that the MTA has verified? Otherwise it is `[address]`, or
/// `unknown`.
constexpr bool is_verified_name(std::string_view hostname) noexcept {
    return !hostname.empty() && hostname.front() != '[' && hostname != "unknown";
}

}  // namespace kilter
