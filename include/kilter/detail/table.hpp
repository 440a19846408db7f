// SPDX-License-Identifier: MIT
// Tables are tuples of rows, and each row belongs to one message.
#pragma once

#include <cstddef>
#include <tuple>
#include <type_traits>
#include <utility>
#include <variant>

namespace kilter::detail {

template <class Table>
struct rows;

template <class... Row>
struct rows<std::tuple<Row...>> {
    using variant = std::variant<typename Row::message...>;

    template <class M>
    static constexpr std::size_t position() noexcept {
        std::size_t at = 0;
        static_cast<void>(((std::is_same_v<M, typename Row::message> || (++at, false)) || ...));
        return at;
    }
    template <class M>
    static constexpr bool contains = (std::is_same_v<M, typename Row::message> || ...);
};

template <class Table>
using rows_of = rows<std::remove_cvref_t<Table>>;

/// The row of message `M`.
template <class M, class Table>
constexpr const auto& row_of(const Table& table) noexcept {
    return std::get<rows_of<Table>::template position<M>()>(table);
}

template <class Table, class F>
constexpr void for_each_row(const Table& table, F&& f) {
    std::apply([&](const auto&... row) { (f(row), ...); }, table);
}

}  // namespace kilter::detail
