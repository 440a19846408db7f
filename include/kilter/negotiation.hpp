// SPDX-License-Identifier: MIT
// The MTA's offer, and the filter's answer to it.
#pragma once

#include "detail/lists.hpp"
#include "error.hpp"
#include "messages.hpp"

namespace kilter {

/// What an MTA of some version offers, from 2 to 6 (Postfix: milter_protocol): every action, and the options
/// that the version has.
constexpr command::negotiate offer_of(std::uint32_t version) noexcept {
    return {.version = version, .options = options_of(version)};
}

/// What an MTA takes of an answer that isn't within its offer. The default is what at least one of Sendmail
/// and Postfix takes, but for versions from 0x80000000 up, which Sendmail takes for negative.
struct tolerance {
    /// Lower versions are refused. (Postfix 3.7 milter8.c takes all, Sendmail 8.17 milter.c all but 1. For
    /// what is sent, 0 and 1 count as 2.)
    std::uint32_t oldest = 0;
    /// Versions above the one offered are taken up to this one, and mean the one offered. (Sendmail 8.17
    /// milter.c: SMFI_VERSION of its library's API; Postfix takes none.)
    std::uint32_t newest = 0x0100'0001;
    /// Options that weren't offered are left aside. (Postfix 3.7 milter8.c; Sendmail refuses them.)
    bool other_options = true;

    bool operator==(const tolerance&) const = default;
};

/// As strict as the protocol: what no MTA refuses, and what we say ourselves.
inline constexpr tolerance no_tolerance{.oldest = oldest_version, .newest = 0, .other_options = false};

/// What a filter wants of an MTA.
///
/// Options start at none, which means: send me everything, and I answer everything. A filter names the
/// steps that it doesn't want (`option::no_body`), those it won't answer (`option::silent_header`) and the
/// extras it can use (`option::skip`).
struct wishes {
    action actions{};         ///< taken as far as the MTA offers them
    action needed{};          ///< without one of these, there is no agreement
    option options{};         ///< taken as far as the MTA offers them
    option needed_options{};  ///< without one of these, there is no agreement
    symbol_list symbols{};    ///< the macros wanted at each stage: `pack_symbols({{stage::mail, "i"}})`
};

/// What of the offer a filter takes: its answer, ready to be sent.
///
/// The version is the lower one of the MTA's and ours. An offer of no actions or no options at all stands
/// for those of version 1. Macro lists go only to an MTA that takes them.
///
/// An MTA that doesn't know a `silent_…` option waits for an answer to that step after all. So a filter sends
/// `proceed` there, too: the session writes it where the MTA waits for it, and leaves it out where it
/// doesn't.
constexpr result<reply::negotiate> agree(const command::negotiate& offer, const wishes& wanted) noexcept {
    if (offer.version < oldest_version) return errc::version_too_old;
    const auto actions = offer.actions == action::none ? v1_actions : offer.actions;
    const auto options = offer.options == option::none ? v1_options : offer.options;
    if (!has_all(actions, wanted.needed)) return errc::action_not_offered;
    if (!has_all(options, wanted.needed_options)) return errc::option_not_offered;
    if (const auto e = detail::sendable_symbols(wanted.symbols.bytes()); e != errc::ok) return e;

    reply::negotiate answer{
        .version = offer.version < protocol_version ? offer.version : protocol_version,
        .actions = actions & (wanted.actions | wanted.needed),
        .options = options & (wanted.options | wanted.needed_options),
    };
    if (has(answer.options, option::data_1m)) answer.options &= ~option::data_256k;
    if (!wanted.symbols.empty() && has(actions, action::set_symlist)) {
        answer.actions |= action::set_symlist;
        answer.symbols = wanted.symbols;
    }
    return answer;
}

}  // namespace kilter
