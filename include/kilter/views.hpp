// SPDX-License-Identifier: MIT
// Lists as they lie on the wire: packed in one run of bytes, and split as the loop goes.
#pragma once

#include <cstddef>
#include <initializer_list>
#include <iterator>
#include <span>
#include <string>
#include <string_view>

#include "detail/bytes.hpp"
#include "options.hpp"

namespace kilter {

/// One macro: its name as the MTA spells it (`i`, `{mail_addr}`) and its value.
struct definition {
    std::string_view name{};
    std::string_view value{};

    bool operator==(const definition&) const = default;
};

/// The macros that a filter wants at one stage: names with spaces between.
struct symbol {
    stage at{};
    std::string_view names{};

    bool operator==(const symbol&) const = default;
};

namespace detail {

/// Takes a text off the front of `bytes`, its NUL too. Without a NUL the rest is the text.
constexpr std::string_view take_text(std::string_view& bytes) noexcept {
    const auto end = bytes.find('\0');
    const auto text = bytes.substr(0, end);
    bytes.remove_prefix(end == bytes.npos ? bytes.size() : end + 1);
    return text;
}

constexpr void take(std::string_view& bytes, std::string_view& text) noexcept { text = take_text(bytes); }

constexpr void take(std::string_view& bytes, definition& d) noexcept {
    d.name = take_text(bytes);
    d.value = take_text(bytes);
}

constexpr void take(std::string_view& bytes, symbol& s) noexcept {
    if (bytes.size() < 4) return bytes.remove_prefix(bytes.size());
    s.at = static_cast<stage>(load_u32(bytes.data()));
    bytes.remove_prefix(4);
    s.names = take_text(bytes);
}

/// A forward range over items that lie packed in one run of bytes.
template <class Item>
class packed_list {
public:
    class iterator {
    public:
        using value_type = Item;
        using reference = Item;
        using pointer = const Item*;
        using difference_type = std::ptrdiff_t;
        using iterator_category = std::input_iterator_tag;
        using iterator_concept = std::forward_iterator_tag;

        constexpr iterator() = default;
        constexpr explicit iterator(std::string_view bytes) noexcept : rest_{bytes} { next(); }

        constexpr Item operator*() const noexcept { return item_; }
        constexpr iterator& operator++() noexcept {
            next();
            return *this;
        }
        constexpr iterator operator++(int) noexcept {
            auto before = *this;
            ++*this;
            return before;
        }
        /// Iterators of the same list are equal when as much is left.
        constexpr bool operator==(const iterator& other) const noexcept { return left_ == other.left_; }
        constexpr bool operator==(std::default_sentinel_t) const noexcept { return left_ == 0; }

    private:
        constexpr void next() noexcept {
            left_ = rest_.size();
            if (left_ != 0) take(rest_, item_);
        }

        Item item_{};              ///< read once, however often it is asked for
        std::string_view rest_{};  ///< behind it
        std::size_t left_ = 0;     ///< the bytes of both
    };

    constexpr packed_list() = default;
    constexpr packed_list(std::string_view bytes) noexcept : bytes_{bytes} {}
    packed_list(std::string&& gone) = delete;
    constexpr packed_list(const std::string& bytes) noexcept : bytes_{bytes} {}

    constexpr iterator begin() const noexcept { return iterator{bytes_}; }
    constexpr std::default_sentinel_t end() const noexcept { return {}; }
    constexpr bool empty() const noexcept { return bytes_.empty(); }

    /// The list as it lies on the wire.
    constexpr std::string_view bytes() const noexcept { return bytes_; }

    bool operator==(const packed_list&) const = default;

private:
    std::string_view bytes_{};
};

}  // namespace detail

/// Texts, each ended by a NUL: the ESMTP arguments of MAIL and RCPT.
using text_list = detail::packed_list<std::string_view>;

/// Macros, names and values ended by NULs.
using definition_list = detail::packed_list<definition>;

/// The macros wanted at each stage: the stage in four bytes, the names ended by a NUL.
using symbol_list = detail::packed_list<symbol>;

namespace detail {

/// Appends a text and its NUL. A text with a NUL of its own would become two, so it spoils the list.
inline bool append_text(std::string& list, std::string_view text) {
    list.append(text).push_back('\0');
    return text.find('\0') == text.npos;
}
inline bool append_item(std::string& list, std::string_view text) { return append_text(list, text); }
inline bool append_item(std::string& list, const definition& d) {
    const bool fit = append_text(list, d.name);
    return append_text(list, d.value) && fit;
}
inline bool append_item(std::string& list, const symbol& s) {
    list.resize(list.size() + 4);
    writer<char>{list.data() + list.size() - 4}.u32(static_cast<std::uint32_t>(s.at));
    return append_text(list, s.names);
}

/// What stands for a list that must not be sent: no message takes it, for it lacks a NUL.
inline constexpr std::string_view unfit_list = "?";

template <class Items>
std::string pack(const Items& items) {
    std::string list;
    bool fit = true;
    for (const auto& item : items) fit &= append_item(list, item);
    return fit ? list : std::string{unfit_list};
}

}  // namespace detail

/// Packs texts, so that `text_list` can look at them: `pack_texts({"SIZE=1000", "BODY=8BITMIME"})`.
///
/// Keep the result for as long as the list is used. A text with a NUL makes a list that can't be sent.
inline std::string pack_texts(std::span<const std::string_view> texts) { return detail::pack(texts); }
inline std::string pack_texts(std::initializer_list<std::string_view> texts) { return detail::pack(texts); }

/// Packs macros: `pack_definitions({{"i", "4F2A"}, {"{mail_addr}", "a@b"}})`.
inline std::string pack_definitions(std::span<const definition> definitions) {
    return detail::pack(definitions);
}
inline std::string pack_definitions(std::initializer_list<definition> definitions) {
    return detail::pack(definitions);
}

/// Packs macro lists: `pack_symbols({{stage::mail, "i {mail_addr}"}, {stage::rcpt, "{rcpt_addr}"}})`, in the
/// order of the stages' numbers. Sendmail 8.17 honours the list of end_of_message only beside one of
/// end_of_headers, so give both or neither.
inline std::string pack_symbols(std::span<const symbol> symbols) { return detail::pack(symbols); }
inline std::string pack_symbols(std::initializer_list<symbol> symbols) { return detail::pack(symbols); }

}  // namespace kilter
