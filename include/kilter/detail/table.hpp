// SPDX-License-Identifier: MIT
// Tables: rows of different types, one for each message.
#pragma once

#include <cstddef>
#include <type_traits>
#include <utility>
#include <variant>

namespace kilter::detail {

/// Things of different types, by their number. Not a std::tuple, which takes compilers several times as long.
template <class... T>
struct items;

/// One of them. Its number makes two of the same type different bases.
template <std::size_t I, class T>
struct item {
    T value;
};

template <class Numbers, class... T>
struct numbered_items;
template <std::size_t... I, class... T>
struct numbered_items<std::index_sequence<I...>, T...> : item<I, T>... {
    constexpr void for_each(auto&& f) const { (f(item<I, T>::value), ...); }
};

template <class... T>
struct items : numbered_items<std::index_sequence_for<T...>, T...> {
    constexpr items(T... all) : numbered_items<std::index_sequence_for<T...>, T...>{{all}...} {}
};

template <std::size_t I, class T>
constexpr const T& item_at(const item<I, T>& found) noexcept {
    return found.value;
}

template <class Table>
struct rows;

template <class... Row>
struct rows<items<Row...>> {
    using variant = std::variant<typename Row::message...>;

    static constexpr std::size_t count = sizeof...(Row);

    template <class M>
    static constexpr std::size_t position() noexcept {
        std::size_t at = 0;
        bool found = false;
        ((found |= std::is_same_v<M, typename Row::message>, at += !found), ...);
        return at;
    }
    template <class M>
    static constexpr bool contains = (std::is_same_v<M, typename Row::message> || ...);
};

template <class Table>
using rows_of = rows<std::remove_cvref_t<Table>>;

/// The row of message `M`. It is a copy, since g++ 12 doesn't take what is in the table for a constant.
template <class M, const auto& Table>
inline constexpr auto row_of = item_at<rows_of<decltype(Table)>::template position<M>()>(Table);

template <class Table, class F>
constexpr void for_each_row(const Table& table, F&& f) {
    table.for_each(f);
}

}  // namespace kilter::detail
