// SPDX-License-Identifier: MIT
// The SMTP client, as a filter is told of it.
#pragma once

#include <arpa/inet.h>

#include <cstdint>
#include <kilter/address.hpp>
#include <kilter/messages.hpp>
#include <string>
#include <string_view>

#include "failure.hpp"
#include "macro_values.hpp"
#include "profiles.hpp"

namespace mta {

/// Who has connected, from where.
struct client {
    std::string name{};  ///< empty if it isn't known
    kilter::family family = kilter::family::unknown;
    std::string address{};
    std::uint16_t port{};

    /// From an IPv4 or IPv6 address, the path of a unix socket, or `unknown`.
    static client from(std::string_view name, std::string_view address, std::uint16_t port) {
        client made{.name = std::string{name}, .port = port};
        auto bare = std::string{kilter::bare_address(address)};
        in6_addr bytes{};
        if (inet_pton(AF_INET6, bare.c_str(), &bytes) == 1) {
            made.family = kilter::family::inet6;
            if (IN6_IS_ADDR_V4MAPPED(&bytes)) bare = bare.substr(bare.rfind(':') + 1);
        }
        if (inet_pton(AF_INET, bare.c_str(), &bytes) == 1) {
            made.family = kilter::family::inet;
        } else if (address.starts_with("unix:") || address.starts_with('/')) {
            made.family = kilter::family::local;
            bare = address.substr(address.starts_with("unix:") ? 5 : 0);
            made.port = 0;
        } else if (address == "unknown") {
            bare.clear();
            made.port = 0;
        } else if (made.family == kilter::family::unknown) {
            throw failure{"not an address of a client: " + std::string{address} +
                          " (IPv4, IPv6, unix:PATH or unknown)"};
        }
        made.address = bare;
        return made;
    }

    /// The address as an MTA with these rules writes it.
    std::string written_address(const profile& rules) const {
        return family == kilter::family::inet6 && rules.ipv6_prefix ? "IPv6:" + address : address;
    }

    /// The name, or what an MTA with these rules puts in its place.
    std::string written_name(const profile& rules) const {
        if (!name.empty()) return name;
        switch (family) {
            case kilter::family::unknown: return "unknown";
            case kilter::family::local: return "localhost";
            default: return "[" + written_address(rules) + "]";
        }
    }

    void define(macro_values& macros, const profile& rules) const {
        const auto shown_name = written_name(rules);
        const bool alone = shown_name.starts_with('[') || address.empty();
        macros.set("_", alone ? shown_name : shown_name + " [" + written_address(rules) + "]");
        macros.set("client_name", name.empty() ? "unknown" : name);
        macros.set("client_ptr", name.empty() ? "unknown" : name);
        macros.set("client_resolve", name.empty() ? "FAIL" : "OK");
        macros.set("client_addr", family == kilter::family::inet6 ? "IPv6:" + address : address);
        macros.set("client_port", std::to_string(port));
    }
};

/// The macros of an address in the envelope: `mail_addr` and the like, or `rcpt_addr`.
inline void define_mailbox(macro_values& macros, std::string_view kind, std::string_view mailbox) {
    const std::string prefix{kind};
    const auto address = kilter::bare_mailbox(mailbox);
    const auto at = address.rfind('@');
    macros.set(prefix + "_mailer", "smtp");
    macros.set(prefix + "_host", at == address.npos ? "" : address.substr(at + 1));
    macros.set(prefix + "_addr", address);
}

/// What we say ourselves to a recipient that there isn't.
inline constexpr std::string_view no_such_user = "550 5.1.1 User unknown";

/// The macros of such a recipient.
inline void define_rejected(macro_values& macros, const profile& rules) {
    macros.set("rcpt_mailer", "error");
    macros.set("rcpt_host", no_such_user.substr(4, 5));
    macros.set("rcpt_addr", rules.rejected_rcpt_reply ? no_such_user : no_such_user.substr(10));
}

}  // namespace mta
