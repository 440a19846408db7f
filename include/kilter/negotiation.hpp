// SPDX-License-Identifier: MIT
// The filter's answer to the MTA's offer.
#pragma once

#include "detail/lists.hpp"
#include "error.hpp"
#include "messages.hpp"

namespace kilter {

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
