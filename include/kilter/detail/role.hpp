// SPDX-License-Identifier: MIT
// What the two sides of a session differ in.
#pragma once

#include <string_view>
#include <type_traits>
#include <variant>

#include "../protocol_error.hpp"
#include "../side.hpp"
#include "../wire.hpp"

namespace kilter {

namespace detail {

template <class Variant, class T>
struct with;
template <class... M, class T>
struct with<std::variant<M...>, T> {
    using type = std::variant<M..., T>;
};

/// Which table is incoming, and what may be said.
template <side>
struct role;

template <>
struct role<side::filter> {
    static constexpr const auto& incoming = wire::commands;
    using event = with<command::any, protocol_error>::type;
    template <class M>
    static constexpr bool says = reply_message<M>;
};

template <>
struct role<side::mta> {
    static constexpr const auto& incoming = wire::replies;
    using event = with<reply::any, protocol_error>::type;
    template <class M>
    static constexpr bool says = command_message<M>;
};

/// A temporary container, whose bytes would be gone before the loop over its events begins.
template <class Bytes>
concept perishable =
    !std::is_lvalue_reference_v<Bytes> && !std::ranges::enable_borrowed_range<std::remove_cvref_t<Bytes>> &&
    requires(Bytes & bytes) {
    bytes.data();
};

}  // namespace detail

}  // namespace kilter
