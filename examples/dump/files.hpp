// SPDX-License-Identifier: MIT
// Reads a conversation whose two sides are in files of their own.
#pragma once

#include <fcntl.h>
#include <unistd.h>

#include <cerrno>
#include <cstddef>
#include <kilter.hpp>
#include <string>
#include <string_view>
#include <system_error>
#include <vector>

#include "connection.hpp"
#include "report.hpp"

namespace dump {

/// A file, or standard input, read in blocks.
class source {
public:
    /// `-` is standard input; no name, an empty file.
    explicit source(const std::string& name) : name_{name} {
        if (name == "-") file_ = STDIN_FILENO;
        if (name.empty() || name == "-") return;
        file_ = ::open(name.c_str(), O_RDONLY | O_CLOEXEC);
        if (file_ < 0) fail();
    }
    source(const source&) = delete;
    source& operator=(const source&) = delete;
    ~source() {
        if (file_ > STDIN_FILENO) ::close(file_);
    }

    bool is_given() const { return !name_.empty(); }

    /// What has been read and not yet used.
    std::string_view& bytes() { return bytes_; }

    /// Reads more, when all is used. False at the end.
    bool read() {
        if (file_ < 0) return false;
        auto count = ::read(file_, block_.data(), block_.size());
        while (count < 0 && errno == EINTR) count = ::read(file_, block_.data(), block_.size());
        if (count < 0) fail();
        bytes_ = {block_.data(), static_cast<std::size_t>(count)};
        return count != 0;
    }

private:
    [[noreturn]] void fail() const { throw std::system_error{errno, std::generic_category(), name_}; }

    std::string name_;
    int file_ = -1;
    std::vector<char> block_ = std::vector<char>(65'536);
    std::string_view bytes_{};
};

/// Reads a conversation whose two sides are in files of their own. The name of a side that isn't there is
/// empty.
class files {
public:
    files(const std::string& mta, const std::string& filter, report& problems, connection& to)
        : mta_{mta}, filter_{filter}, report_{problems}, connection_{to} {}

    /// Takes all messages in the order of the conversation: after a command that is answered comes its reply.
    void read() {
        bool more_of_mta = mta_.is_given();
        bool more_of_filter = filter_.is_given();
        while (more_of_mta || more_of_filter) {
            if (more_of_filter && (connection_.reply_due() || !more_of_mta))
                more_of_filter = take_from(filter_, kilter::side::filter);
            else
                more_of_mta = take_from(mta_, kilter::side::mta);
        }
    }

private:
    /// Takes the next message of a side, and says whether there was one.
    bool take_from(source& file, kilter::side from) try {
        while (connection_.is_open(from)) {
            if (connection_.take_one(from, file.bytes())) return true;
            if (file.bytes().empty() && !file.read()) break;
        }
        connection_.close(from);
        return false;
    } catch (const std::system_error& wrong) {
        report_.unreadable(wrong.what());
        connection_.give_up(from);
        return false;
    }

    source mta_;
    source filter_;
    report& report_;
    connection& connection_;
};

}  // namespace dump
