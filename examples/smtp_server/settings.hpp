// SPDX-License-Identifier: MIT
// What the server is told on its command line.
#pragma once

#include <chrono>
#include <cstddef>
#include <filesystem>
#include <optional>
#include <string>
#include <vector>

#include "mta/filter_link.hpp"

/// What clients are told when there is no filter, though there should be one.
enum class without_filter { tempfail, accept, reject };

struct settings {
    std::string listen{};
    std::string hostname{};
    mta::filter_settings filter{};
    without_filter on_failure = without_filter::tempfail;
    std::optional<mta::address> relay{};  ///< where mail goes; else into the folder
    std::filesystem::path folder{};
    std::filesystem::path hold{};          ///< where a filter's quarantine is; if empty, such mail is lost
    std::vector<std::string> refused{};    ///< recipients that there are not
    std::size_t size_limit = 100'000'000;  ///< of a mail
    std::chrono::seconds client_timeout{300};
};
