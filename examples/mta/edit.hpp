// SPDX-License-Identifier: MIT
// What a filter wants changed, done to a mail.
#pragma once

#include <algorithm>
#include <cstddef>
#include <cstdint>
#include <kilter.hpp>
#include <optional>
#include <string>
#include <string_view>
#include <utility>
#include <vector>

#include "content.hpp"
#include "envelope.hpp"
#include "profiles.hpp"

namespace mta {

inline bool same_without_case(std::string_view a, std::string_view b) {
    const auto lower = [](char c) { return 'A' <= c && c <= 'Z' ? static_cast<char>(c + ('a' - 'A')) : c; };
    return std::ranges::equal(a, b, {}, lower, lower);
}

/// Are these the same mailbox? Brackets don't count, but case does, in the domain, too: as in both MTAs.
inline bool same_mailbox(std::string_view a, std::string_view b) {
    return kilter::bare_mailbox(a) == kilter::bare_mailbox(b);
}

/// Is this mailbox one of those? `@DOMAIN` stands for all of a domain.
inline bool is_among(const std::vector<std::string>& mailboxes, std::string_view mailbox) {
    return std::ranges::any_of(mailboxes, [&](const std::string& known) {
        if (!known.starts_with('@')) return same_mailbox(known, mailbox);
        const auto bare = kilter::bare_mailbox(mailbox);
        return same_without_case(bare.substr(std::min(bare.rfind('@'), bare.size())), known);
    });
}

/// Changes the envelope and the content of a mail, as an MTA with these rules would.
class editor {
public:
    editor(envelope& to_and_from, content& mail, const profile& rules)
        : envelope_{to_and_from}, content_{mail}, rules_{rules} {}

    void edit(const kilter::modifications& changes) {
        for (const auto& change : changes) std::visit([&](const auto& m) { apply(m); }, change);
        if (!changes.replaces_body()) return;
        content_.body = with_crlf(changes.body());
        if (rules_.ends_last_line && !content_.body.empty() && !content_.body.ends_with('\n'))
            content_.body.append("\r\n");
    }

    /// Why the mail is to be held, if it is.
    const std::optional<std::string>& held() const noexcept { return held_; }

private:
    using fields = std::vector<field>;

    template <class M>
    static field made(const M& m) {
        return {std::string{m.name}, with_lf(std::string{m.space}.append(m.value))};
    }

    void apply(const kilter::reply::add_header& m) { add(made(m)); }

    /// Among all fields, our own Received too, and those that Sendmail hides behind it.
    void apply(const kilter::reply::insert_header& m) {
        auto at = content_.fields.begin();
        std::uint32_t index = m.index;
        for (; index != 0 && at != content_.fields.end(); ++at) {
            const bool own = at->own;
            --index;
            if (own) index -= std::min(index, rules_.hidden_fields);
        }
        content_.fields.insert(at, made(m));
    }

    void apply(const kilter::reply::change_header& m) {
        const auto at = find(m.name, std::max(m.index, 1u));
        if (at == content_.fields.end()) {
            if (!m.value.empty()) add(made(m));
        } else if (m.value.empty()) {
            if (rules_.deleted_keep_index)
                at->deleted = true;
            else
                content_.fields.erase(at);
        } else {
            auto changed = made(m);
            if (rules_.keeps_spelling) changed.name = at->name;
            *at = std::move(changed);
        }
    }

    void apply(const kilter::reply::change_from& m) {
        if (m.sender.empty() && !rules_.empty_sender_is_null) return;
        envelope_.sender = in_brackets(m.sender);
        for (auto& word : words(m.args)) {
            const auto keyword = word.substr(0, word.find('='));
            std::erase_if(envelope_.args, [&](const std::string& known) {
                return same_without_case(known.substr(0, known.find('=')), keyword);
            });
            envelope_.args.push_back(std::move(word));
        }
    }

    void apply(const kilter::reply::add_rcpt& m) { add_recipient(m.recipient, {}); }
    void apply(const kilter::reply::add_rcpt_par& m) { add_recipient(m.recipient, m.args); }

    void apply(const kilter::reply::delete_rcpt& m) {
        std::erase_if(envelope_.recipients,
                      [&](const recipient& r) { return same_mailbox(r.address, m.recipient); });
    }

    void apply(const kilter::reply::quarantine& m) { held_ = m.reason; }

    void apply(const auto&) {}  // nothing else changes a mail

    void add(field added_field) {
        auto at = content_.fields.end();
        if (rules_.add_header == added::in_front_of_same_name) at = find(added_field.name, 1);
        content_.fields.insert(at, std::move(added_field));
    }

    void add_recipient(std::string_view address, std::string_view args) {
        if (kilter::bare_mailbox(address).empty()) return;
        const bool known = std::ranges::any_of(
            envelope_.recipients, [&](const recipient& r) { return same_mailbox(r.address, address); });
        if (known && !rules_.adds_known_recipients) return;
        envelope_.recipients.push_back({in_brackets(address), words(args)});
    }

    /// The field of this name with this number, from 1. Our own isn't counted.
    fields::iterator find(std::string_view name, std::uint32_t number) {
        return std::ranges::find_if(content_.fields, [&](const field& f) {
            return !f.own && same_without_case(f.name, name) && --number == 0;
        });
    }

    envelope& envelope_;
    content& content_;
    const profile& rules_;
    std::optional<std::string> held_{};
};

}  // namespace mta
