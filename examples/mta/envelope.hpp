// SPDX-License-Identifier: MIT
// The envelope of a mail: from whom, to whom.
#pragma once

#include <kilter/address.hpp>
#include <kilter/views.hpp>
#include <string>
#include <string_view>
#include <vector>

namespace mta {

/// Addresses are as they stand in SMTP: `<a@b>`. The arguments are those of ESMTP: `SIZE=100`.
struct recipient {
    std::string address{};
    std::vector<std::string> args{};

    bool operator==(const recipient&) const = default;
};

struct envelope {
    std::string sender{};
    std::vector<std::string> args{};
    std::vector<recipient> recipients{};
};

/// The words of a text, which single spaces or more of them part.
inline std::vector<std::string> words(std::string_view text) {
    std::vector<std::string> found;
    for (;;) {
        const auto begin = text.find_first_not_of(' ');
        if (begin == text.npos) return found;
        text.remove_prefix(begin);
        const auto word = text.substr(0, text.find(' '));
        found.emplace_back(word);
        text.remove_prefix(word.size());
    }
}

/// The words as a kilter::text_list looks at them.
inline std::string packed(const std::vector<std::string>& list) {
    return kilter::pack_texts(std::vector<std::string_view>{list.begin(), list.end()});
}

/// The words, with spaces between.
inline std::string joined(const std::vector<std::string>& list) {
    std::string text;
    for (const auto& word : list) text.append(text.empty() ? "" : " ").append(word);
    return text;
}

inline std::string in_brackets(std::string_view address) {
    return std::string{"<"}.append(kilter::bare_mailbox(address)).append(">");
}

/// An address and its arguments, as in SMTP.
inline std::string with_args(const std::string& address, const std::vector<std::string>& args) {
    return args.empty() ? address : address + " " + joined(args);
}

}  // namespace mta
