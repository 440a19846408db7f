// SPDX-License-Identifier: MIT
// The names of macros, which are spelled in two ways.
#pragma once

#include <string_view>

namespace kilter {

/// The name without its braces: `i` and `{i}`, `mail_addr` and `{mail_addr}` are the same macro. MTAs put
/// braces around names of more than one letter.
constexpr std::string_view bare_macro_name(std::string_view name) noexcept {
    const bool braced = name.size() >= 2 && name.front() == '{' && name.back() == '}';
    return braced ? name.substr(1, name.size() - 2) : name;
}

}  // namespace kilter
