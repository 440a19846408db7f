// SPDX-License-Identifier: MIT
// A list looks at bytes that have to outlive it.
#include <kilter/negotiation.hpp>
#include <kilter/views.hpp>

#include <string>

kilter::reply::negotiate answer(const kilter::command::negotiate& offer) {
#ifdef MISUSE
    const kilter::symbol_list symbols = kilter::pack_symbols({{kilter::stage::mail, "i"}});
#else
    static const auto packed = kilter::pack_symbols({{kilter::stage::mail, "i"}});
    const kilter::symbol_list symbols = packed;
#endif
    return *kilter::agree(offer, {.symbols = symbols});
}
