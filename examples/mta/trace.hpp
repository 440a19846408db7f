// SPDX-License-Identifier: MIT
// What a server gives each mail of its own: a queue id, and a Received field.
#pragma once

#include <unistd.h>

#include <array>
#include <atomic>
#include <cstdio>
#include <ctime>
#include <string>

#include "content.hpp"

namespace mta {

/// Differs from those of all other mails of this machine.
inline std::string new_queue_id() {
    static std::atomic<unsigned> mails = 0;
    std::array<char, 64> text{};
    std::snprintf(text.data(), text.size(), "%lX.%X.%X", static_cast<unsigned long>(std::time(nullptr)),
                  static_cast<unsigned>(getpid()), static_cast<unsigned>(++mails));
    return text.data();
}

inline std::string date() {
    const std::time_t now = std::time(nullptr);
    std::tm parts{};
    gmtime_r(&now, &parts);
    std::array<char, 64> text{};
    std::strftime(text.data(), text.size(), "%a, %d %b %Y %H:%M:%S +0000", &parts);
    return text.data();
}

inline field received(const std::string& client, const std::string& hostname, bool esmtp,
                      const std::string& queue_id) {
    return {.name = "Received",
            .value = " from " + client + "\n\tby " + hostname + " (kilter) with " +
                     (esmtp ? "ESMTP" : "SMTP") + " id " + queue_id + ";\n\t" + date(),
            .own = true};
}

}  // namespace mta
