// SPDX-License-Identifier: MIT
// A random message of any type that may be sent as it is, filled in by the wire table.
#pragma once

#include <cstddef>
#include <cstdint>
#include <memory>
#include <random>
#include <string>
#include <string_view>
#include <type_traits>
#include <vector>

#include <kilter/wire.hpp>

#include "support/exact.hpp"

namespace test {

/// Makes messages, and keeps the bytes that they look at. Print seed() where a check fails.
class random_messages {
public:
    explicit random_messages(std::uint32_t seed) : seed_{seed}, random_{seed} {}

    std::uint32_t seed() const noexcept { return seed_; }

    std::uint32_t below(std::uint32_t limit) { return static_cast<std::uint32_t>(random_() % limit); }

    /// Any bytes.
    std::string bytes(std::size_t size) {
        std::string text(size, '\0');
        for (auto& c : text) c = static_cast<char>(random_() & 0xff);
        return text;
    }

    template <kilter::message M>
    M make() {
        M message{};
        kilter::wire::row_of<M>().for_each_field([&](const auto& field) {
            field.visit(message, [&](std::string_view name, auto& member) { fill<M>(name, member); });
        });
        if constexpr (std::is_same_v<M, kilter::command::connect>) {
            if (message.family == kilter::family::unknown) message = {.hostname = message.hostname};
        }
        return message;
    }

    /// Calls f(message) with a message of a random type of this direction.
    template <class Table, class F>
    void make_any(const Table& table, F f) {
        auto left = below(kilter::detail::rows_of<Table>::count);
        kilter::detail::for_each_row(table, [&]<class Row>(const Row&) {
            if (left-- == 0) f(make<typename Row::message>());
        });
    }

private:
    template <class M, class T>
    void fill(std::string_view name, T& member) {
        if constexpr (std::is_same_v<T, std::string_view>) {
            member = keep(text<M>(name));
        } else if constexpr (requires { member.bytes(); }) {
            member = T{keep(list<T>())};
        } else if constexpr (std::is_same_v<T, kilter::family>) {
            member = kilter::family_names[below(4)].value;
        } else if constexpr (std::is_same_v<M, kilter::reply::change_header> ||
                             std::is_same_v<M, kilter::reply::insert_header>) {
            member = 1 + below(0x7fff'ffff);
        } else {
            member = static_cast<T>(random_());
        }
    }

    /// Characters that may stand in the text of this name.
    template <class M>
    std::string text(std::string_view name) {
        if (name == "space") return {};
        if (name == "chunk") return bytes(length());
        if (std::is_same_v<M, kilter::reply::reply_code>) return reply_code();
        if (kilter::command_message<M>) return some(name == "name" ? 1 : 0, 1, 255);
        if (name == "name") return header_name();
        if (name == "value") return some(0, 32, 255, "\n\t x");
        const bool address = name == "sender" || name == "recipient";
        return some(address ? 1 : 0, 32, 126);
    }

    template <class T>
    std::string list() {
        std::string packed;
        if constexpr (std::is_same_v<T, kilter::symbol_list>) {
            const bool ends = below(2) == 0;
            for (char stage = 0; stage != 7; ++stage)
                if (stage >= 5 ? ends : below(2) == 0)
                    packed.append(3, '\0').append(1, stage).append(some(0, 1, 255)).append(1, '\0');
        } else {
            for (auto items = 2 * below(4); items != 0; --items)
                packed.append(some(0, 1, 255)).append(1, '\0');
        }
        return packed;
    }

    /// At least `least` characters from `first` to `last`; now and then `fold`, with a line end that may be.
    std::string some(std::size_t least, unsigned first, unsigned last, std::string_view fold = {}) {
        std::string text;
        for (auto size = least + length(); size != 0; --size) {
            if (!fold.empty() && below(8) == 0)
                text.append(fold);
            else
                text.push_back(static_cast<char>(first + below(last - first + 1)));
        }
        return text;
    }

    std::string header_name() {
        auto name = some(1, 33, 126);
        for (auto& c : name)
            if (c == ':') c = '-';
        return name;
    }

    std::string reply_code() {
        const std::string code{below(2) == 0 ? '4' : '5', static_cast<char>('0' + below(10)),
                               static_cast<char>('0' + below(10))};
        std::string text;
        for (auto left = below(4); left != 0; --left) text += code + "-x" + some(0, 38, 126) + "\r\n";
        return text + code + " " + code[0] + ".7.1 100%% " + some(0, 38, 126);
    }

    /// Mostly short, sometimes none, seldom long.
    std::size_t length() { return below(10) == 0 ? below(300) : below(12); }

    std::string_view keep(std::string_view text) {
        kept_.emplace_back(text);
        return kept_.back().view();
    }

    std::uint32_t seed_;
    std::mt19937 random_;
    std::vector<exact> kept_;
};

}  // namespace test
