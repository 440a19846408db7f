// SPDX-License-Identifier: MIT
// Where somebody listens, read from what a user types.
#pragma once

#include <charconv>
#include <string>
#include <string_view>

#include "failure.hpp"

namespace mta {

/// A port of a host, or the path of a unix socket.
struct address {
    std::string host{};
    std::string port{};
    std::string path{};
};

namespace detail {

inline bool is_port(std::string_view text) {
    unsigned number = 0;
    const auto [end, wrong] = std::from_chars(text.data(), text.data() + text.size(), number);
    return wrong == std::errc{} && end == text.data() + text.size() && 0 < number && number < 65'536;
}

inline std::string without_brackets(std::string_view host) {
    const bool bracketed = host.starts_with('[') && host.ends_with(']');
    return std::string{bracketed ? host.substr(1, host.size() - 2) : host};
}

}  // namespace detail

/// `HOST:PORT`; the host may stand in brackets.
inline address host_and_port(std::string_view text) {
    const auto colon = text.rfind(':');
    if (colon == text.npos || colon == 0 || !detail::is_port(text.substr(colon + 1)))
        throw failure{"not an address: " + std::string{text} + " (HOST:PORT)"};
    return {detail::without_brackets(text.substr(0, colon)), std::string{text.substr(colon + 1)}};
}

/// An address of a filter, as libmilter and Sendmail write it or as Postfix does.
inline address filter_address(std::string_view text) {
    const auto colon = text.find(':');
    const auto kind = text.substr(0, colon);
    const auto rest = colon == text.npos ? "" : text.substr(colon + 1);
    if ((kind == "unix" || kind == "local") && !rest.empty()) return {.path = std::string{rest}};
    if (kind == "inet" || kind == "inet6") {
        if (const auto at = rest.find('@'); at != rest.npos) {
            if (detail::is_port(rest.substr(0, at)) && at + 1 != rest.size())
                return {detail::without_brackets(rest.substr(at + 1)), std::string{rest.substr(0, at)}};
        } else if (const auto last = rest.rfind(':'); last != rest.npos && last != 0) {
            if (detail::is_port(rest.substr(last + 1))) return host_and_port(rest);
        }
    }
    throw failure{"not an address: " + std::string{text} + " (inet:PORT@HOST, inet:HOST:PORT or unix:PATH)"};
}

/// As libmilter writes it.
inline std::string to_string(const address& a) {
    return a.path.empty() ? "inet:" + a.port + "@" + a.host : "unix:" + a.path;
}

}  // namespace mta
