// SPDX-License-Identifier: MIT
// A folder with a file for each mail.
#pragma once

#include <filesystem>
#include <fstream>
#include <string>
#include <string_view>

#include "mta/envelope.hpp"
#include "mta/failure.hpp"

/// Writes a mail as a file: the envelope as SMTP has it, an empty line, the content. The file appears when
/// it is complete.
inline void put_into(const std::filesystem::path& folder, const std::string& name, const mta::envelope& mail,
                     std::string_view content) {
    const auto hidden = folder / ("." + name);
    std::ofstream file{hidden, std::ios::binary};
    file << "MAIL FROM:" << mta::with_args(mail.sender, mail.args) << "\r\n";
    for (const auto& to : mail.recipients)
        file << "RCPT TO:" << mta::with_args(to.address, to.args) << "\r\n";
    file << "\r\n" << content;
    file.close();
    if (!file) throw mta::failure{"can't write " + hidden.string()};
    std::filesystem::rename(hidden, folder / name);
}
