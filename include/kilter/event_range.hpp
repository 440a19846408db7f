// SPDX-License-Identifier: MIT
// What a session's receive() gives: the events in some bytes, read one by one.
#pragma once

#include <cstddef>
#include <iterator>
#include <optional>
#include <span>
#include <string_view>

namespace kilter {

/// A std::ranges::input_range of a session's events: the loop goes through it once, and it can be neither
/// copied nor moved.
template <class Session>
class event_range {
public:
    class iterator {
    public:
        using value_type = typename Session::event;
        using difference_type = std::ptrdiff_t;
        using iterator_concept = std::input_iterator_tag;

        explicit iterator(event_range& range) : range_{&range} { ++*this; }

        const value_type& operator*() const noexcept { return *range_->current_; }
        const value_type* operator->() const noexcept { return &*range_->current_; }
        iterator& operator++() {
            range_->session_.step(range_->input_, range_->current_);
            return *this;
        }
        void operator++(int) { ++*this; }
        bool operator==(std::default_sentinel_t) const noexcept { return !range_->current_; }

    private:
        event_range* range_;
    };

    event_range(const event_range&) = delete;
    event_range& operator=(const event_range&) = delete;

    iterator begin() { return iterator{*this}; }
    std::default_sentinel_t end() const noexcept { return {}; }

    /// The bytes that the loop hasn't come to.
    std::span<const char> rest() const noexcept { return {input_.data(), input_.size()}; }

private:
    friend Session;
    event_range(Session& of, std::string_view input) noexcept : session_{of}, input_{input} {}

    Session& session_;
    std::string_view input_;
    std::optional<typename Session::event> current_{};
};

}  // namespace kilter
