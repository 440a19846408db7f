// SPDX-License-Identifier: MIT
// Messages written down in few bytes, for inputs that are a list of calls: how they are read, and how seeds
// write them.
#pragma once

#include <iterator>
#include <memory>
#include <vector>

#include "fuzz/fuzz.hpp"

namespace fuzz {

/// Texts that mostly may be sent. Behind them are any text, and one that is long.
inline constexpr std::string_view texts[]{"",     "a", "X-Name", "<a@b>", "550 5.7.1 No", "421 4.7.1 Later",
                                          "a\n b"};
inline constexpr std::size_t any_text = std::size(texts);
inline constexpr std::size_t long_text = any_text + 1;

/// Seldom over the size of all frames.
constexpr std::size_t long_size(std::size_t number) { return number * (number < 240 ? 30 : 300); }

inline constexpr std::string_view lists[]{{}, {"a\0b\0", 4}, {"\0\0\0\2i\0", 6}};
inline constexpr std::size_t any_list = std::size(lists);

/// Reads messages: any texts, also such as can't be sent.
class maker {
public:
    explicit maker(reader& input) : input_{input} {}

    template <class M>
    M make() {
        M message{};
        kilter::wire::row_of<M>().for_each_field([&](const auto& field) {
            field.visit(message, [&](std::string_view name, auto& member) { fill(name, member); });
        });
        if constexpr (requires { message.rejected; }) message.rejected = input_.below(4) == 1;
        return message;
    }

    /// Calls f(message) with one of this table.
    template <class Table, class F>
    void make_any(const Table& table, F f) {
        auto left = input_.below(kilter::detail::rows_of<Table>::count);
        kilter::detail::for_each_row(table, [&]<class Row>(const Row&) {
            if (left-- == 0) f(make<typename Row::message>());
        });
    }

    std::string_view text() {
        const auto way = input_.below(long_text + 1);
        if (way < any_text) return texts[way];
        if (way == any_text) return keep(std::string{input_.take(input_.byte())});
        return keep(std::string(long_size(input_.byte()), 'x'));
    }

private:
    template <class T>
    void fill(std::string_view name, T& member) {
        if constexpr (std::is_same_v<T, std::string_view>) {
            if (name == "space")
                member = input_.below(4) == 1 ? " " : "";
            else
                member = text();
        } else if constexpr (requires { member.bytes(); }) {
            const auto way = input_.below(any_list + 1);
            member = T{way < any_list ? lists[way] : keep(std::string{input_.take(input_.byte())})};
        } else {
            member = input_.number<T>();
        }
    }

    std::string_view keep(std::string text) {
        kept_.push_back(std::make_unique<test::exact>(text));
        return kept_.back()->view();
    }

    reader& input_;
    std::vector<std::unique_ptr<test::exact>> kept_{};
};

/// Writes what the maker reads.
class writer {
public:
    const std::string& bytes() const { return bytes_; }

    void byte(std::size_t value) { bytes_.push_back(static_cast<char>(value)); }

    template <class T>
    void number(T value) {
        for (auto shift = 8 * sizeof(T); shift != 0; shift -= 8)
            byte(static_cast<std::uint64_t>(value) >> (shift - 8) & 0xff);
    }

    void text(std::string_view text) {
        for (std::size_t number = 1; number != 256; ++number) {
            if (text.size() != long_size(number) || text != std::string(text.size(), 'x')) continue;
            byte(long_text);
            return byte(number);
        }
        const auto way = std::find(std::begin(texts), std::end(texts), text) - std::begin(texts);
        byte(static_cast<std::size_t>(way));
        if (way == any_text) some(text);
    }

    template <class M>
    void message(const M& message) {
        kilter::wire::row_of<M>().for_each_field([&](const auto& field) {
            field.visit(message, [&](std::string_view name, const auto& member) { put(name, member); });
        });
        if constexpr (requires { message.rejected; }) byte(message.rejected ? 1 : 0);
    }

    /// A message, and before it the number of its row.
    template <class M, class Table>
    void any(const M& m, const Table&) {
        byte(kilter::detail::rows_of<Table>::template position<M>());
        message(m);
    }

private:
    template <class T>
    void put(std::string_view name, const T& member) {
        if constexpr (std::is_same_v<T, std::string_view>) {
            if (name == "space")
                byte(member.empty() ? 0 : 1);
            else
                text(member);
        } else if constexpr (requires { member.bytes(); }) {
            const auto way =
                std::find(std::begin(lists), std::end(lists), member.bytes()) - std::begin(lists);
            byte(static_cast<std::size_t>(way));
            if (way == any_list) some(member.bytes());
        } else {
            number(member);
        }
    }

    void some(std::string_view bytes) {
        bytes = bytes.substr(0, 255);
        byte(bytes.size());
        bytes_.append(bytes);
    }

    std::string bytes_{};
};

}  // namespace fuzz
