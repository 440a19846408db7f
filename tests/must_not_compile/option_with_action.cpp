// SPDX-License-Identifier: MIT
// Options and actions are different sets of bits.
#include <kilter/options.hpp>

using kilter::action;
using kilter::option;

#ifdef MISUSE
constexpr auto wanted = option::skip | action::add_headers;
#else
constexpr auto wanted = option::skip | option::no_body;
#endif
static_assert(has(wanted, option::skip));
