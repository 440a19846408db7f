// SPDX-License-Identifier: MIT
// A message that outlives the bytes it came in.
#pragma once

#include <string_view>
#include <type_traits>
#include <utility>
#include <vector>

#include "wire.hpp"

namespace kilter {

/// A message with its own copy of the bytes that its views look at.
///
/// Copies have copies of their own; a move leaves the bytes where they are, and an empty message behind.
template <message M>
class owned {
public:
    owned() = default;
    explicit owned(const M& m) : message_{m} { adopt(); }

    owned(const owned& other) : owned(other.message_) {}
    owned(owned&& other) noexcept
        : bytes_{std::move(other.bytes_)}, message_{std::exchange(other.message_, M{})} {}
    owned& operator=(owned other) noexcept {
        std::swap(bytes_, other.bytes_);
        std::swap(message_, other.message_);
        return *this;
    }
    ~owned() = default;

    const M& operator*() const noexcept { return message_; }
    const M* operator->() const noexcept { return &message_; }

    bool operator==(const owned& other) const noexcept { return message_ == other.message_; }

private:
    /// Calls f(view) for each view in the message, which takes what f gives back in its place.
    template <class F>
    void each_view(F f) {
        wire::row_of<M>().for_each_field([&](const auto& field) {
            field.visit(message_, [&](std::string_view, auto& member) {
                using view = std::remove_reference_t<decltype(member)>;
                if constexpr (std::is_same_v<view, std::string_view>)
                    member = f(member);
                else if constexpr (requires { member.bytes(); })
                    member = view{f(member.bytes())};
            });
        });
    }

    void adopt() {
        std::size_t size = 0;
        each_view([&](std::string_view view) {
            size += view.size();
            return view;
        });
        bytes_.reserve(size);
        each_view([&](auto view) {
            const auto at = bytes_.size();
            bytes_.insert(bytes_.end(), view.begin(), view.end());
            return std::string_view{bytes_.data() + at, view.size()};
        });
    }

    std::vector<char> bytes_{};
    M message_{};
};

}  // namespace kilter
