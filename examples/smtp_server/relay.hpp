// SPDX-License-Identifier: MIT
// A plain SMTP client: it hands one mail to the next server.
#pragma once

#include <algorithm>
#include <array>
#include <chrono>
#include <string>
#include <string_view>
#include <utility>
#include <vector>

#include "lines.hpp"
#include "mta/edit.hpp"
#include "mta/envelope.hpp"

class relay {
public:
    relay(const mta::address& where, std::chrono::milliseconds timeout)
        : timeout_{timeout}, to_{mta::connection::to(where, mta::clock::now() + timeout)} {}

    /// The next server's last reply: of class 2 if it has taken the mail for all recipients; of class 4 or 5
    /// if it has taken it for none.
    std::string hand_over(const std::string& hostname, const mta::envelope& mail, std::string_view content) {
        if (const auto banner = reply(); banner[0] != '2') return banner;
        auto answer = ask("EHLO " + hostname);
        if (answer[0] == '2')
            note_extensions(answer);
        else if (answer = ask("HELO " + hostname); answer[0] != '2')
            return answer;

        auto from = "MAIL FROM:" + mta::in_brackets(mail.sender) + known(mail.args);
        if (has("SIZE")) from += " SIZE=" + std::to_string(content.size());
        if (answer = ask(from); answer[0] != '2') return quit(answer);
        for (const auto& to : mail.recipients)
            if (answer = ask("RCPT TO:" + mta::in_brackets(to.address) + known(to.args)); answer[0] != '2')
                return quit(answer);
        if (answer = ask("DATA", "354"); answer[0] != '3') return quit(answer);
        write(stuffed(content));
        return quit(reply());
    }

private:
    void write(std::string_view bytes) { to_.write(bytes, mta::clock::now() + timeout_); }

    std::string ask(const std::string& command, std::string_view wanted = "2") {
        write(command + "\r\n");
        return reply(wanted);
    }

    /// All lines of the next reply, which begins as wanted, or refuses.
    std::string reply(std::string_view wanted = "2") {
        std::string all;
        for (bool more = true; more;) {
            const auto line = from_.next(10'000);
            all += line;
            if (!is_reply(line) || line.compare(0, 3, all, 0, 3) != 0 || all.size() > 100'000)
                throw mta::failure{"not an SMTP server"};
            more = line[3] == '-';
        }
        if (all.starts_with("421")) throw mta::failure{"the next server is closing"};
        if (!all.starts_with(wanted) && all[0] != '4' && all[0] != '5')
            throw mta::failure{"the next server gives a wrong answer: " + all};
        return all;
    }

    /// Three digits, and nothing or a space or a hyphen in front of a text.
    static bool is_reply(std::string_view line) {
        return line.find_first_not_of("0123456789") == 3 && line.find_first_of(" -\r") == 3 &&
               line.ends_with("\r\n") && without_end(line).find('\r') == line.npos;
    }

    std::string quit(std::string answer) {
        write("QUIT\r\n");
        return answer;
    }

    void note_extensions(std::string_view answer) {
        while (!answer.empty()) {
            const auto line = answer.substr(0, answer.find('\n') + 1);
            answer.remove_prefix(line.size());
            const auto text = without_end(line.substr(4));  // none in 250 CR LF
            extensions_.emplace_back(text.substr(0, text.find(' ')));
        }
    }

    bool has(std::string_view extension) const {
        return std::ranges::any_of(extensions_,
                                   [&](const auto& e) { return mta::same_without_case(e, extension); });
    }

    /// Those of the arguments that the next server can do something with.
    std::string known(const std::vector<std::string>& args) const {
        constexpr std::array<std::pair<std::string_view, std::string_view>, 6> needed{{
            {"BODY", "8BITMIME"},
            {"SMTPUTF8", "SMTPUTF8"},
            {"RET", "DSN"},
            {"ENVID", "DSN"},
            {"NOTIFY", "DSN"},
            {"ORCPT", "DSN"},
        }};
        std::string text;
        for (const auto& arg : args)
            for (const auto& [keyword, extension] : needed)
                if (mta::same_without_case(arg.substr(0, arg.find('=')), keyword) && has(extension))
                    text.append(" ").append(arg);
        return text;
    }

    /// As DATA wants it: a dot more where a line begins with one, and the final dot.
    static std::string stuffed(std::string_view content) {
        std::string out;
        out.reserve(content.size() + content.size() / 32);
        char last = '\n';
        for (const char c : content) {
            if (c == '.' && last == '\n') out.push_back('.');
            out.push_back(c);
            last = c;
        }
        return out.append(content.ends_with('\n') ? ".\r\n" : "\r\n.\r\n");
    }

    std::chrono::milliseconds timeout_;
    mta::connection to_;
    lines from_{to_, timeout_};
    std::vector<std::string> extensions_{};
};
