// SPDX-License-Identifier: MIT
// What mta_client is told on its command line.
#pragma once

#include <string>
#include <vector>

#include "mta/client.hpp"
#include "mta/envelope.hpp"
#include "mta/filter_link.hpp"
#include "mta/macro_values.hpp"
#include "mta/profiles.hpp"

struct settings {
    mta::profile rules = mta::postfix;
    mta::filter_settings filter{};
    mta::client client{};
    std::string helo{};
    std::string hostname = "mta.example";
    mta::macro_values macros{};
    mta::envelope envelope{};
    std::vector<std::string> refused{};  ///< recipients that we refuse ourselves
    std::vector<std::string> unknown{};  ///< unknown commands
    std::vector<std::string> mails{};    ///< files; `-` is standard input
    std::string output{};                ///< a file, a folder, `-`, or empty for none
    bool show_received = true;
    bool quiet = false;
    bool abort = false;
    bool quit = true;
};
