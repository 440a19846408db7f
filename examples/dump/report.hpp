// SPDX-License-Identifier: MIT
// What is found: one line for each thing on standard output, as text or as JSON, and what the exit status is.
#pragma once

#include <sys/time.h>

#include <cstdint>
#include <cstdio>
#include <ctime>
#include <kilter.hpp>
#include <map>
#include <optional>
#include <string>
#include <string_view>
#include <utility>

#include "json.hpp"
#include "judge.hpp"

namespace dump {

/// Where something begins.
struct place {
    int connection = 0;  ///< 0: there is only one
    std::optional<timeval> time{};
    kilter::side from{};
    std::uint64_t offset = 0;  ///< in what this side says
};

inline std::string text_of_time(const timeval& time, bool as_json) {
    const std::time_t seconds = time.tv_sec;
    std::tm parts{};
    if (as_json)
        gmtime_r(&seconds, &parts);
    else
        localtime_r(&seconds, &parts);
    char text[40];
    const auto size = std::strftime(text, sizeof text, as_json ? "%FT%T" : "%T", &parts);
    char fraction[16];
    std::snprintf(fraction, sizeof fraction, ".%06d", static_cast<int>(time.tv_usec) % 1'000'000);
    return std::string(text, size) + fraction + (as_json ? "Z" : "");
}

/// Bytes as text in quotes, with escapes; the front of them, if there are many.
inline std::string quoted(std::string_view bytes) {
    std::string out = "\"";
    for (const char c : bytes.substr(0, kilter::described_text)) {
        if (c >= ' ' && c <= '~' && c != '"' && c != '\\') {
            out += c;
        } else {
            char escape[8];
            std::snprintf(escape, sizeof escape, "\\x%02x", static_cast<unsigned>(c) & 0xff);
            out += escape;
        }
    }
    out += '"';
    if (bytes.size() > kilter::described_text) out += "... (" + std::to_string(bytes.size()) + " bytes)";
    return out;
}

class report {
public:
    /// How the inputs are called, by side.
    using names = std::map<kilter::side, std::string>;

    report(bool as_json, names inputs) : as_json_{as_json}, inputs_{std::move(inputs)} {}

    /// A connection of a capture begins.
    void connection(int number, const std::string& mta, const std::string& filter, bool whole) {
        if (as_json_)
            return print(json{{"connection", number}, {"mta", mta}, {"filter", filter}, {"whole", whole}});
        print("#" + std::to_string(number) + " MTA " + mta + ", filter " + filter +
              (whole ? "" : ", already under way"));
    }

    /// `doubt`: why MTAs may read it otherwise than it is meant.
    template <kilter::message M>
    void message(const place& at, const M& m, const finding& found, kilter::errc doubt) {
        const auto error = describe(found);
        if (!error.empty()) remember(at, error);
        if (as_json_) {
            const auto& row = kilter::wire::row_of<M>();
            auto line = begin(at);
            line["name"] = row.name;
            line["symbol"] = row.symbol;
            line["fields"] = fields_of(m);
            if (!error.empty()) line["error"] = error;
            if (doubt != kilter::errc::ok) line["doubt"] = to_string(doubt);
            return print(line);
        }
        auto line = begin(at, '>') + kilter::describe(m);
        if (!error.empty()) line += " ! " + error;
        if (doubt != kilter::errc::ok) line.append(" ? ").append(to_string(doubt));
        print(line);
    }

    /// A frame that can't be read as a message.
    void frame(const place& at, const kilter::protocol_error& error, std::string_view payload) {
        const auto what = kilter::describe(error);
        remember(at, what);
        if (!as_json_) return print(begin(at, '!') + what + ", payload " + quoted(payload));
        auto line = begin(at);
        line["error"] = what;
        line["code"] = text_or_bytes({&error.code, 1});
        line["length"] = error.length;
        line["seen"] = text_or_bytes(payload);
        print(line);
    }

    /// Anything else that breaks the rules.
    void error(const place& at, const std::string& what) {
        remember(at, what);
        one(at, '!', "error", what);
    }

    /// Bytes that aren't in the capture.
    void loss(const place& at, std::uint64_t count) {
        const auto what = std::to_string(count) + " bytes are missing";
        incomplete_ = true;
        remember(at, what);
        if (!as_json_) return print(begin(at, '!') + what);
        auto line = begin(at);
        line["missing"] = count;
        print(line);
    }

    /// Something worth knowing.
    void note(const place& at, const std::string& what) { one(at, '-', "note", what); }

    /// The input ends before its end.
    void unreadable(const std::string& what) {
        std::fflush(stdout);
        std::fprintf(stderr, "dump: %s\n", what.c_str());
        incomplete_ = true;
    }

    /// The exit status, and a line on standard error if there has been a problem.
    int finish() {
        if (std::fflush(stdout) != 0 || std::ferror(stdout)) unreadable("standard output can't be written");
        if (problems_ != 0) {
            const auto more = problems_ == 1 ? "" : " (the first of " + std::to_string(problems_) + ")";
            std::fprintf(stderr, "dump: %s%s\n", first_.c_str(), more.c_str());
        }
        return incomplete_ ? 2 : problems_ != 0 ? 1 : 0;
    }

private:
    static std::string describe(const finding& found) {
        if (found.error == kilter::errc::ok) return {};
        std::string text{to_string(found.error)};
        text.append(", after ").append(to_string(found.after));
        if (found.asked != kilter::question::none)
            text.append(", while the answer to ").append(to_string(found.asked)).append(" was due");
        return text;
    }

    static const char* name(kilter::side from) { return from == kilter::side::mta ? "MTA" : "filter"; }

    void remember(const place& at, const std::string& what) {
        if (problems_++ != 0) return;
        first_ = inputs_[at.from] + ": ";
        if (at.connection != 0) first_ += "#" + std::to_string(at.connection) + " ";
        first_ += name(at.from);
        first_ += ", offset " + std::to_string(at.offset) + ": " + what;
    }

    void one(const place& at, char sign, const char* key, const std::string& what) {
        if (!as_json_) return print(begin(at, sign) + what);
        auto line = begin(at);
        line[key] = what;
        print(line);
    }

    static std::string begin(const place& at, char sign) {
        std::string line;
        if (at.connection != 0) line += "#" + std::to_string(at.connection) + " ";
        if (at.time) line += text_of_time(*at.time, false) + " ";
        char rest[64];
        std::snprintf(rest, sizeof rest, "%8llu %-6s %c ", static_cast<unsigned long long>(at.offset),
                      name(at.from), sign);
        return line + rest;
    }

    static json begin(const place& at) {
        json line;
        if (at.connection != 0) line["connection"] = at.connection;
        if (at.time) line["time"] = text_of_time(*at.time, true);
        line["from"] = at.from == kilter::side::mta ? "mta" : "filter";
        line["offset"] = at.offset;
        return line;
    }

    static void print(const json& line) { print(line.dump()); }
    static void print(std::string line) {
        line += '\n';
        std::fwrite(line.data(), 1, line.size(), stdout);
    }

    bool as_json_;
    names inputs_;
    bool incomplete_ = false;
    std::uint64_t problems_ = 0;
    std::string first_;
};

}  // namespace dump
