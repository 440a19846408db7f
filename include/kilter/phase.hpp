// SPDX-License-Identifier: MIT
// The phases of a conversation, and sets of them.
#pragma once

#include <array>
#include <cstddef>
#include <cstdint>
#include <string_view>

namespace kilter {

/// How far a conversation has come: the last command that moved it on.
enum class phase : std::uint8_t {
    fresh,
    negotiated,
    connected,
    greeted,
    mail,
    rcpt,
    data,
    headers,
    end_of_headers,
    body,
    end_of_message,
    closed,
};

inline constexpr std::size_t phase_count = 12;

/// The name of a phase.
constexpr std::string_view to_string(phase p) noexcept {
    constexpr std::array<std::string_view, phase_count> names{
        "fresh", "negotiated", "connected",      "greeted", "mail",           "rcpt",
        "data",  "headers",    "end_of_headers", "body",    "end_of_message", "closed"};
    const auto number = static_cast<std::size_t>(p);
    return number < names.size() ? names[number] : "unknown phase";
}

namespace rules {

/// A set of phases.
struct phases {
    std::uint16_t bits = 0;

    static constexpr std::uint16_t bit(phase p) noexcept {
        return static_cast<std::uint16_t>(1u << static_cast<unsigned>(p));
    }
    constexpr bool has(phase p) const noexcept { return (bits & bit(p)) != 0; }
    constexpr bool meets(phases other) const noexcept { return (bits & other.bits) != 0; }

    friend constexpr phases operator|(phases a, phases b) noexcept {
        return {static_cast<std::uint16_t>(a.bits | b.bits)};
    }
};

constexpr phases only(phase p) noexcept { return {phases::bit(p)}; }

/// All phases from one to another, both included.
constexpr phases from_to(phase first, phase last) noexcept {
    return {static_cast<std::uint16_t>((phases::bit(last) << 1) - phases::bit(first))};
}

}  // namespace rules
}  // namespace kilter
