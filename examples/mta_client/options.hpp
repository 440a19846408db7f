// SPDX-License-Identifier: MIT
// The command line.
#pragma once

#include <CLI/CLI.hpp>
#include <algorithm>
#include <chrono>
#include <cmath>
#include <cstddef>
#include <cstdint>
#include <functional>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

#include "settings.hpp"

/// Reads the command line into settings.
class options {
public:
    options() {
        app_.add_option("FILTER", filter_, "where it listens: inet:PORT@HOST, inet:HOST:PORT or unix:PATH")
            ->required()
            ->type_name("");
        app_.add_option("MAIL", read_.mails,
                        "files with mails; - is standard input; without any, a sample is sent")
            ->type_name("");

        app_.get_formatter()->column_width(36);
        envelope();
        client();
        conversation();
        times();
        results();
        app_.footer(examples);
    }
    options(const options&) = delete;

    /// Help was printed: there is nothing more to do.
    struct asked_for_help {};

    void parse(int count, char** arguments) {
        try {
            app_.parse(count, arguments);
        } catch (const CLI::Success& help) {
            app_.exit(help);
            throw asked_for_help{};
        } catch (const CLI::ParseError& wrong) {
            throw mta::failure{wrong.what()};
        }
        read_.filter.where = mta::filter_address(filter_);
        read_.client = mta::client::from(client_name_, client_address_, client_port_);
        if (read_.helo.empty()) read_.helo = client_name_.empty() ? "client.example" : client_name_;
        if (read_.envelope.recipients.empty()) add_recipient("recipient@example.net");
        read_rules();
        define_macros();
    }

    /// Good as long as this object.
    const settings& read() const noexcept { return read_; }

private:
    static constexpr auto examples = R"(Examples:
  mta_client inet:8891@localhost                      send a sample mail
  mta_client unix:/run/filter.sock mail.eml --output changed.eml
  mta_client inet:8891@localhost mail.eml --quiet --output - --no-received | diff mail.eml -
  mta_client inet:8891@localhost spam.eml --from spammer@example.org \
      --client-address 2001:db8::1 --client-name '' --helo [2001:db8::1]
  mta_client inet:8891@localhost --profile sendmail --macro auth_authen=alice \
      --from alice@example.org --from-arg BODY=8BITMIME --to bob@example.net --to-arg NOTIFY=NEVER

Exit status: 0 accepted, 1 rejected, 2 tempfailed, 3 discarded, 4 quarantined, 5 aborted (--abort);
of several mails, that of the first which isn't 0. Without a result: 64 wrong arguments, 65 a mail that
doesn't fit in the protocol, 66 no such mail, 69 no filter there, 70 the filter has closed or is silent,
73 the output can't be written, 76 the filter has broken the protocol.
)";

    void envelope() {
        group_ = "Envelope";
        add("--from", "ADDRESS", "the sender; '' or '<>' is the null sender [sender@example.org]",
            [this](const std::string& a) { read_.envelope.sender = mta::in_brackets(a); });
        add("--from-arg", "ARGUMENT", "an ESMTP argument of the sender: SIZE=100",
            [this](const std::string& a) { read_.envelope.args.push_back(a); });
        add("--to", "ADDRESS", "a recipient [recipient@example.net]",
            [this](const std::string& a) { add_recipient(a); });
        add("--to-arg", "ARGUMENT", "an ESMTP argument of the recipient before it",
            [this](const std::string& a) { add_argument(a); });
        add("--refuse", "ADDRESS", "a recipient, or @DOMAIN, that the MTA itself refuses",
            [this](const std::string& a) { read_.refused.push_back(a); });
    }

    void client() {
        group_ = "Client";
        add("--client-name", "NAME", "its verified name; '' if it has none [client.example]",
            [this](const std::string& a) { client_name_ = a; });
        add("--client-address", "ADDRESS", "IPv4, IPv6, unix:PATH or unknown [192.0.2.1]",
            [this](const std::string& a) { client_address_ = a; });
        add_number<std::uint16_t>("--client-port", "its port [54321]", 0, 65'535,
                                  [this](std::uint16_t n) { client_port_ = n; });
        add("--helo", "NAME", "what it says in HELO [its name]",
            [this](const std::string& a) { read_.helo = a; });
    }

    void conversation() {
        group_ = "Conversation";
        add("--profile", "MTA", "whose ways to follow: postfix or sendmail [postfix]",
            [this](const std::string& a) { profile_ = a; });
        add_number<std::uint32_t>("--version", "of the protocol, 2 to 6 [6]", 2, 6,
                                  [this](std::uint32_t n) { read_.filter.version = n; });
        add("--macro", "NAME=VALUE", "the value of a macro; NAME alone takes it away",
            [this](const std::string& a) { macros_.push_back(a); });
        add("--macros", "STAGE=NAMES", "the macros sent at a stage, if the filter doesn't ask for others",
            [this](const std::string& a) { lists_.push_back(a); });
        add("--hostname", "NAME", "the MTA's own [mta.example]",
            [this](const std::string& a) { read_.hostname = a; });
        add("--unknown", "LINE", "an unknown command, said before the mails",
            [this](const std::string& a) { read_.unknown.push_back(a); });
        add_flag("--abort", "end each mail before its content", [this] { read_.abort = true; });
        add_flag("--no-quit", "close the connection without quit", [this] { read_.quit = false; });
    }

    void times() {
        group_ = "Patience, in seconds";
        const auto add_time = [&](const char* name, const std::string& what,
                                  std::chrono::milliseconds& time) {
            add_number<double>(name, what, 0.001, 1e6, [&time](double s) {
                time = std::chrono::milliseconds{std::llround(s * 1000)};
            });
        };
        add_time("--connect-timeout", "for the connection [30]", read_.filter.waits.connect);
        add_time("--timeout", "for a reply; progress starts it anew [30]", read_.filter.waits.reply);
        add_time("--total-timeout", "for a verdict, whatever comes before it [300]",
                 read_.filter.waits.in_all);
    }

    void results() {
        group_ = "Results";
        add("--output", "WHERE",
            "where the changed mail goes: a file, a folder, or - with all else on standard error",
            [this](const std::string& a) { read_.output = a; });
        add_flag("--no-received", "leave the MTA's own Received out of it",
                 [this] { read_.show_received = false; });
        add_flag("--quiet", "print the results without the conversation", [this] { read_.quiet = true; });
    }

    /// An option with a value. It may be given several times, and acts in the order of the command line.
    void add(const char* name, const char* value, const std::string& what,
             std::function<void(const std::string&)> act) {
        app_.add_option_function(name, act, what)->type_name(value)->group(group_)->trigger_on_parse();
    }

    template <class Number>
    void add_number(const char* name, const std::string& what, Number least, Number most,
                    std::function<void(const Number&)> act) {
        app_.add_option_function(name, act, what)
            ->type_name("NUMBER")
            ->group(group_)
            ->check(CLI::Range(least, most).description(""));
    }

    void add_flag(const char* name, const std::string& what, std::function<void()> act) {
        app_.add_flag_callback(name, act, what)->group(group_);
    }

    void add_recipient(const std::string& address) {
        read_.envelope.recipients.push_back({mta::in_brackets(address)});
    }

    void add_argument(const std::string& argument) {
        if (read_.envelope.recipients.empty())
            throw mta::failure{"--to-arg " + argument + ": --to comes first"};
        read_.envelope.recipients.back().args.push_back(argument);
    }

    void read_rules() {
        read_.rules = mta::profile_of(profile_);
        for (auto& list : lists_) {
            const auto stage = list.substr(0, list.find('='));
            const auto known =
                std::ranges::find(kilter::stage_names, stage, &kilter::named<kilter::stage>::name);
            if (known == kilter::stage_names.end() || stage == list)
                throw mta::failure{"--macros " + list + ": not STAGE=NAMES, or no such stage"};
            list.erase(0, stage.size() + 1);  // the rules look at the rest
            read_.rules.macros[static_cast<std::size_t>(known->value)].names = list;
        }
        read_.filter.rules = &read_.rules;
    }

    void define_macros() {
        auto& macros = read_.macros;
        macros.set("j", read_.hostname);
        macros.set("v", "kilter");
        macros.set("daemon_name", read_.hostname);
        macros.set("daemon_addr", "192.0.2.25");
        macros.set("daemon_port", "25");
        macros.set("if_name", read_.hostname);
        macros.set("if_addr", "192.0.2.25");
        read_.client.define(macros, read_.rules);
        for (const auto& macro : macros_) {
            const auto equals = macro.find('=');
            const auto name = kilter::bare_macro_name(std::string_view{macro}.substr(0, equals));
            if (equals == macro.npos)
                macros.fix(name, std::nullopt);
            else
                macros.fix(name, macro.substr(equals + 1));
        }
    }

    CLI::App app_{"Plays an MTA: tells a filter of a client and its mails, and shows what it makes of them."};
    settings read_{.envelope = {.sender = "<sender@example.org>"}};
    std::string filter_{};
    std::string group_{};
    std::string profile_ = "postfix";
    std::string client_name_ = "client.example";
    std::string client_address_ = "192.0.2.1";
    std::uint16_t client_port_ = 54'321;
    std::vector<std::string> macros_{};
    std::vector<std::string> lists_{};
};
