// SPDX-License-Identifier: MIT
// The macros that have a value now.
#pragma once

#include <functional>
#include <map>
#include <optional>
#include <string>
#include <string_view>
#include <utility>

namespace mta {

/// Values by the names of macros without braces.
class macro_values {
public:
    void set(std::string_view name, std::string_view value) {
        values_.insert_or_assign(std::string{name}, std::string{value});
    }
    /// From now on, the macro has this value or none, whatever it is set to.
    void fix(std::string_view name, std::optional<std::string> value) {
        fixed_.insert_or_assign(std::string{name}, std::move(value));
    }
    void forget(std::string_view name) {
        if (const auto at = values_.find(name); at != values_.end()) values_.erase(at);
    }

    /// What kilter::macro_lists asks.
    std::optional<std::string_view> operator()(std::string_view name) const {
        if (const auto at = fixed_.find(name); at != fixed_.end()) return at->second;
        if (const auto at = values_.find(name); at != values_.end()) return at->second;
        return std::nullopt;
    }

private:
    std::map<std::string, std::string, std::less<>> values_{};
    std::map<std::string, std::optional<std::string>, std::less<>> fixed_{};
};

}  // namespace mta
