// SPDX-License-Identifier: MIT
// Mails from files, and into files.
#pragma once

#include <cerrno>
#include <cstdio>
#include <cstring>
#include <memory>
#include <string>
#include <string_view>
#include <vector>

#include "outcome.hpp"

/// A mail as it is in its file.
struct mail_file {
    std::string name{};
    std::string text{};

    bool has_crlf() const {
        const auto end = text.find('\n');
        return end != text.npos && end != 0 && text[end - 1] == '\r';
    }
};

/// What is sent if no file is given.
inline constexpr std::string_view sample_mail =
    "From: Sender <sender@example.org>\r\n"
    "To: Recipient <recipient@example.net>\r\n"
    "Subject: A sample\r\n"
    "Date: Thu, 01 Jan 2026 12:00:00 +0000\r\n"
    "Message-ID: <sample@example.org>\r\n"
    "\r\n"
    "Good morning!\r\n";

inline int leave_open(std::FILE*) { return 0; }

using file = std::unique_ptr<std::FILE, int (*)(std::FILE*)>;

/// Opens a file; `-` is `standard`.
inline file opened(const std::string& name, const char* mode, std::FILE* standard, failed otherwise) {
    if (name == "-") return {standard, leave_open};
    file made{std::fopen(name.c_str(), mode), std::fclose};
    if (!made) throw stop{otherwise, name + ": " + std::strerror(errno)};
    return made;
}

inline mail_file read_mail(const std::string& name) {
    mail_file mail{.name = name};
    const auto from = opened(name, "rb", stdin, failed::no_mail);
    std::vector<char> buffer(65'536);
    while (const auto count = std::fread(buffer.data(), 1, buffer.size(), from.get()))
        mail.text.append(buffer.data(), count);
    if (std::ferror(from.get()) != 0) throw stop{failed::no_mail, name + ": " + std::strerror(errno)};
    return mail;
}

inline void write_mail(const std::string& name, std::string_view text) {
    const auto to = opened(name, "wb", stdout, failed::no_output);
    if (std::fwrite(text.data(), 1, text.size(), to.get()) != text.size() || std::fflush(to.get()) != 0)
        throw stop{failed::no_output, name + ": " + std::strerror(errno)};
}
