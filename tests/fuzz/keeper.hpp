// SPDX-License-Identifier: MIT
// What users of a session keep of what they hear, and a plain account of it beside: macros, macro lists,
// modifications, and copies of whole messages.
#pragma once

#include <algorithm>
#include <compare>
#include <cstddef>
#include <functional>
#include <kilter.hpp>
#include <set>
#include <string>
#include <string_view>
#include <type_traits>
#include <utility>
#include <vector>

#include "fuzz/fuzz.hpp"
#include "fuzz/harmless.hpp"

namespace fuzz {

using namespace kilter;

/// Does this reply end the waiting for one?
template <class M>
constexpr bool is_verdict() {
    using namespace reply;
    return reply_message<M> && !std::is_same_v<M, progress> && !std::is_same_v<M, add_header> &&
           !std::is_same_v<M, insert_header> && !std::is_same_v<M, change_header> &&
           !std::is_same_v<M, change_from> && !std::is_same_v<M, add_rcpt> &&
           !std::is_same_v<M, add_rcpt_par> && !std::is_same_v<M, delete_rcpt> &&
           !std::is_same_v<M, replace_body> && !std::is_same_v<M, quarantine>;
}

template <class M>
constexpr bool is_body = std::is_same_v<M, command::body> || std::is_same_v<M, reply::replace_body>;

/// What the other side hears of a message: for one, the space before the value of a header field is apart.
template <class M>
std::string essence(M message, bool sent) {
    if constexpr (std::is_same_v<M, command::header>) {
        std::string value{message.value};
        if (sent) value = std::string{message.space}.append(value);
        if (sent && value.starts_with(' ')) value.erase(0, 1);
        return std::string{message.name}.append(":").append(value);
    } else if constexpr (requires { message.space; }) {
        message.space = {};
    } else if constexpr (std::is_same_v<M, reply::quarantine>) {
        std::string reason{message.reason};
        for (char& c : reason)
            if (static_cast<unsigned char>(c) < 32 || c == 127) c = ' ';
        return "quarantine " + reason;
    } else if constexpr (is_body<M>) {
        return "body " + std::string{message.chunk};
    }
    return describe(message);
}

/// What was agreed, what was heard, and what is said of it.
class keeper {
public:
    explicit keeper(std::size_t limit) : limit_{limit}, changes_{limit} {}

    template <class M>
    void keep_copy(const M& message) {
        owned<M> first{message};
        owned<M> second{first};
        const owned<M> third{std::move(first)};
        require(*third == message && *second == message, "a copy is the same");
        require(*first == M{}, "a move leaves an empty message");
        second = third;
        kept_.push_back([second, text = describe(message)] {
            require(describe(*second) == text, "what is kept stays as it was");
        });
    }

    template <class M>
    void hear(const M& message) {
        if constexpr (command_message<M>) hear_command(message);
        if constexpr (reply_message<M>) hear_reply(message);
    }

    void check() {
        for (const auto& still_same : kept_) still_same();
        std::vector<std::string> shown;
        for (const auto& change : changes_) shown.push_back(describe(change));
        require(shown == listed_, "the modifications are what was heard, in this order");
        require(changes_.replaces_body() == replaces_ && changes_.body() == body_, "so is the new body");
        require(size_ <= limit_, "they are within their limit");
        for (const std::string_view name : {"i", "{i}", "a", "j", "{mail_addr}"})
            if (const auto value = macros_.find(name))
                require(std::any_of(defined_.begin(), defined_.end(),
                                    [&](const auto& d) {
                                        return d.name == bare_macro_name(name) && d.value == *value;
                                    }),
                        "a macro has a value that it was given");
    }

    macro_lists& lists() { return lists_; }

private:
    template <class M>
    void hear_command(const M& message) {
        if constexpr (std::is_same_v<M, command::macro>)
            for (const auto& d : message.definitions)
                defined_.insert(
                    {message.command, std::string{bare_macro_name(d.name)}, std::string{d.value}});
        macros_.update(message);
        if constexpr (std::is_same_v<M, command::quit> || std::is_same_v<M, command::quit_nc> ||
                      std::is_same_v<M, command::negotiate>)
            std::erase_if(defined_, [](const auto& d) { return d.command != wire::row_of<M>().code; });
    }

    template <class M>
    void hear_reply(const M& message) {
        check_handed_out(message);
        const auto text = refusal(reply::any{message});
        require(text.empty() || smtp_reply::parse(text).has_value(), "a refusal has a text for the client");
        if constexpr (std::is_same_v<M, reply::negotiate>) lists_.update(message);
        const auto result = changes_.update(message);
        if constexpr (!is_verdict<M>() && !std::is_same_v<M, reply::progress>) {
            if (over_by_verdict_) forget();
            std::size_t size = 0;
            if constexpr (is_body<M>)
                size = message.chunk.size();
            else
                size = encoded_size(message);
            too_many_ = too_many_ || size > limit_ - size_;
            if (!too_many_) add(message, size);
        } else if constexpr (is_verdict<M>() && !std::is_same_v<M, reply::conn_fail>) {
            const bool passes = std::is_same_v<M, reply::negotiate> || std::is_same_v<M, reply::proceed> ||
                                std::is_same_v<M, reply::accept> || std::is_same_v<M, reply::skip>;
            if (over_by_verdict_ || !passes) forget();
            over_by_verdict_ = true;
        }
        require(result == (too_many_ ? errc::too_long : errc::ok), "whoever is told too much says so");
    }

    template <class M>
    void add(const M& message, std::size_t size) {
        size_ += size;
        if constexpr (is_body<M>) {
            body_.append(message.chunk);
            replaces_ = true;
        } else if constexpr (std::is_same_v<M, reply::quarantine>) {
            listed_.push_back(
                describe(reply::quarantine{std::string_view{essence(message, true)}.substr(11)}));
        } else {
            listed_.push_back(describe(message));
        }
    }

    void forget() {
        listed_.clear();
        body_.clear();
        size_ = 0;
        replaces_ = over_by_verdict_ = too_many_ = false;
    }

    struct defined_macro {
        char command;
        std::string name;
        std::string value;

        auto operator<=>(const defined_macro&) const = default;
    };

    std::size_t limit_;
    macro_table macros_{};
    macro_lists lists_{{stage::connect, "j"}, {stage::mail, "i {mail_addr}"}, {stage::rcpt, "a,i"}};
    modifications changes_;
    std::vector<std::function<void()>> kept_{};
    std::set<defined_macro> defined_{};

    // The modifications, simply.
    std::vector<std::string> listed_{};
    std::string body_{};
    std::size_t size_ = 0;
    bool replaces_ = false;
    bool over_by_verdict_ = false;
    bool too_many_ = false;
};

}  // namespace fuzz
