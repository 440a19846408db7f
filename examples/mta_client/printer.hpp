// SPDX-License-Identifier: MIT
// The lines that mta_client prints.
#pragma once

#include <cstdio>
#include <string>
#include <string_view>

/// Prints lines as they come.
class printer {
public:
    explicit printer(std::FILE* to) : to_{to} {}

    void line(const char* who, const std::string& what) const {
        std::fprintf(to_, "%-6s > %s\n", who, what.c_str());
        std::fflush(to_);
    }

private:
    std::FILE* to_;
};

/// All lines of a reply in one.
inline std::string in_one_line(std::string_view reply) {
    while (reply.ends_with('\n') || reply.ends_with('\r')) reply.remove_suffix(1);
    std::string line;
    for (const char c : reply) {
        if (c == '\r')
            line += "\\r";
        else if (c == '\n')
            line += "\\n";
        else
            line.push_back(c);
    }
    return line;
}
