// SPDX-License-Identifier: MIT
// The fields of a message as JSON.
#pragma once

#include <array>
#include <concepts>
#include <cstddef>
#include <cstdint>
#include <kilter.hpp>
#include <nlohmann/json.hpp>
#include <string_view>
#include <vector>

namespace dump {

using json = nlohmann::ordered_json;

/// A text that is UTF-8 as a string; any other as {"bytes": [67, 97, 102, 233]}.
inline json text_or_bytes(std::string_view text) {
    const json string = text;
    try {
        static_cast<void>(string.dump());
        return string;
    } catch (const json::type_error&) {
        return {{"bytes", std::vector<unsigned char>(text.begin(), text.end())}};
    }
}

/// The name of a value, or its number if it has none.
template <class E, std::size_t N>
json name_of(E value, const std::array<kilter::named<E>, N>& names) {
    for (const auto& known : names)
        if (known.value == value) return known.name;
    return static_cast<std::uint32_t>(value);
}

/// The names of the bits that are set. Bits without a name are put together in one number at the end.
template <class E, std::size_t N>
json names_of(E set, const std::array<kilter::named<E>, N>& names) {
    auto list = json::array();
    for (const auto& bit : names) {
        if (!has(set, bit.value)) continue;
        list.push_back(bit.name);
        set &= ~bit.value;
    }
    if (to_bits(set) != 0) list.push_back(to_bits(set));
    return list;
}

inline json json_of(std::string_view text) { return text_or_bytes(text); }
inline json json_of(std::unsigned_integral auto number) { return number; }
inline json json_of(kilter::action set) { return names_of(set, kilter::action_names); }
inline json json_of(kilter::option set) { return names_of(set, kilter::option_names); }
inline json json_of(kilter::stage s) { return name_of(s, kilter::stage_names); }
inline json json_of(kilter::family f) { return name_of(f, kilter::family_names); }

/// A code of the wire by the command's name.
inline json json_of(char code) {
    json name = text_or_bytes({&code, 1});
    kilter::detail::for_each_row(kilter::wire::commands, [&](const auto& row) {
        if (row.code == code) name = row.name;
    });
    return name;
}

inline json json_of(const kilter::definition& d) {
    return {{"name", text_or_bytes(d.name)}, {"value", text_or_bytes(d.value)}};
}
inline json json_of(const kilter::symbol& s) {
    return {{"stage", json_of(s.at)}, {"names", text_or_bytes(s.names)}};
}

template <class Item>
json json_of(const kilter::detail::packed_list<Item>& list) {
    auto items = json::array();
    for (const auto& item : list) items.push_back(json_of(item));
    return items;
}

/// The fields of a message by the wire table.
template <kilter::message M>
json fields_of(const M& message) {
    auto fields = json::object();
    kilter::wire::row_of<M>().for_each_field([&](const auto& field) {
        field.visit(message, [&](std::string_view name, const auto& value) {
            // A header's space is known to sessions only; here it is still part of the value.
            if (name != "space") fields[std::string{name}] = json_of(value);
        });
    });
    return fields;
}

}  // namespace dump
