// SPDX-License-Identifier: MIT
// One function for each kind of event.
#pragma once

#include <utility>
#include <variant>

namespace kilter {

namespace detail {

template <class... F>
struct overloaded : F... {
    using F::operator()...;
};

}  // namespace detail

/// Calls the one of `functions` that takes what `variant` holds. A kind that none takes doesn't compile.
template <class Variant, class... F>
constexpr decltype(auto) match(Variant&& variant, F&&... functions) {
    return std::visit(detail::overloaded<std::remove_cvref_t<F>...>{std::forward<F>(functions)...},
                      std::forward<Variant>(variant));
}

}  // namespace kilter
