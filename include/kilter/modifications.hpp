// SPDX-License-Identifier: MIT
// What a filter wants changed in a message, kept by the MTA until the verdict.
#pragma once

#include <cstddef>
#include <iterator>
#include <string>
#include <string_view>
#include <type_traits>
#include <utility>
#include <variant>
#include <vector>

#include "codec.hpp"
#include "detail/space.hpp"
#include "rules.hpp"

namespace kilter {

namespace detail {

/// Replies that change the message: those that need an action.
template <class M>
concept modification = reply_message<M> && rules::of<M>()
.needs != action::none;

}  // namespace detail

/// The modifications of one message, in the order in which they came.
///
/// Give it every event: `changes.update(event)`. They hold once the verdict has come and session.now() says
/// `todo::deliver`; carry them out then. A refusal makes them void, and so does the next verdict, which is
/// about another message: in both cases the list empties itself. Until then it keeps what was carried out;
/// clear() gives that up.
template <class Any>
class basic_modifications {
public:
    class iterator;

    /// What one message may take up in memory by default; filters send bodies as large as they like.
    static constexpr std::size_t default_limit = std::size_t{64} * 1024 * 1024;

    explicit basic_modifications(std::size_t limit = default_limit) : limit_{limit} {}

    /// errc::too_long from when the message's modifications are over the limit, up to the verdict: then they
    /// are incomplete, and the message is not to be delivered.
    template <class... M>
    errc update(const std::variant<M...>& event) {
        return std::visit([&](const auto& message) { return update(message); }, event);
    }
    template <class M>
    errc update(const M& message) {
        if constexpr (detail::modification<M>) {
            if (!complete_) return add(message);
            basic_modifications next{limit_};  // of another message
            const auto wrong = next.add(message);
            *this = std::move(next);
            return wrong;
        } else if constexpr (reply_message<M>) {
            const auto said = rules::said_by(message);
            if (said == verdict::none) return over_ ? errc::too_long : errc::ok;
            const bool passes = said == verdict::go_on || said == verdict::accept || said == verdict::skip;
            if (complete_ || !passes) clear();
            complete_ = true;
            if (over_) return errc::too_long;
        }
        return errc::ok;
    }

    /// Everything but the new body: a range of reply::any, whose views are good until the next update().
    iterator begin() const noexcept { return iterator{{frames_.data(), frames_.size()}}; }
    std::default_sentinel_t end() const noexcept { return {}; }

    /// Has the body been replaced? Then body() is the new one, all its pieces put together: it may be empty.
    bool replaces_body() const noexcept { return replaces_body_; }
    std::string_view body() const noexcept { return body_; }

    bool empty() const noexcept { return frames_.empty() && !replaces_body_; }

    /// Gives the memory back, too: bodies are large.
    void clear() noexcept {
        std::vector<char>{}.swap(frames_);
        std::string{}.swap(body_);
        replaces_body_ = false;
        complete_ = false;
        over_ = false;
    }

private:
    template <class M>
    errc add(const M& message) {
        constexpr bool of_body = std::is_same_v<M, reply::replace_body>;
        const auto size = of_body ? encoded_size(message) - frame_overhead : encoded_size(message);
        over_ = over_ || size > limit_ - frames_.size() - body_.size();
        if (over_) return errc::too_long;
        if constexpr (of_body) {
            body_.append(message.chunk);
            replaces_body_ = true;
        } else {
            auto* at = detail::extend(frames_, size);
            detail::write_frame(message, size, at);
        }
        return errc::ok;
    }

    std::size_t limit_;
    std::vector<char> frames_{};  ///< as they go over the wire
    std::string body_{};
    bool replaces_body_ = false;
    bool complete_ = false;  ///< the verdict on them has come
    bool over_ = false;      ///< the limit
};

/// Reads the modifications one by one, as frames.
template <class Any>
class basic_modifications<Any>::iterator {
public:
    using value_type = Any;
    using reference = Any;
    using difference_type = std::ptrdiff_t;
    using iterator_category = std::input_iterator_tag;
    using iterator_concept = std::forward_iterator_tag;

    iterator() = default;
    explicit iterator(std::string_view frames) noexcept : rest_{frames} {}

    Any operator*() const noexcept {
        auto message =
            *decode_reply<Any>({rest_[length_size], rest_.substr(frame_overhead, size() - frame_overhead)});
        std::visit(
            []<class M>(M& m) {
                if constexpr (detail::header_like<M>) detail::split_space(m);
            },
            message);
        return message;
    }
    iterator& operator++() noexcept {
        rest_.remove_prefix(size());
        return *this;
    }
    iterator operator++(int) noexcept {
        auto before = *this;
        ++*this;
        return before;
    }
    bool operator==(const iterator& other) const noexcept { return rest_.size() == other.rest_.size(); }
    bool operator==(std::default_sentinel_t) const noexcept { return rest_.empty(); }

private:
    std::size_t size() const noexcept { return length_size + detail::load_u32(rest_.data()); }

    std::string_view rest_{};
};

/// A template, so that whoever doesn't use it doesn't wait for its compilation.
using modifications = basic_modifications<reply::any>;

}  // namespace kilter
