// SPDX-License-Identifier: MIT
// A small mail server that asks a filter about each mail, and hands it on.
#include <unistd.h>

#include <CLI/CLI.hpp>
#include <array>
#include <map>
#include <string>

#include "client_session.hpp"
#include "settings.hpp"
#include "sockets.hpp"

namespace {

/// Serves one client. The socket is closed by who calls.
void serve_client(int socket, const settings& with) {
    try {
        client_session{mta::connection{dup(socket)}, with}.run();
    } catch (const std::exception& wrong) {
        std::fprintf(stderr, "%s\n", wrong.what());
    }
}

std::string own_name() {
    std::array<char, 256> name{};
    gethostname(name.data(), name.size() - 1);
    return name.data();
}

int bad_usage(const std::string& why) {
    std::fprintf(stderr, "smtp_server: %s\n", why.c_str());
    return 64;
}

}  // namespace

int main(int count, char** arguments) {
    static settings with{.hostname = own_name()};
    CLI::App app{"A small mail server that asks a filter about each mail, and hands it on."};
    app.footer(
        "Example:\n"
        "  smtp_server inet:2525@127.0.0.1 --filter inet:8891@127.0.0.1 --deliver /tmp/mail\n");
    std::string filter;
    std::string next;
    const std::map<std::string, without_filter> policies{{"tempfail", without_filter::tempfail},
                                                         {"accept", without_filter::accept},
                                                         {"reject", without_filter::reject}};
    std::string profile = "postfix";
    std::string on_failure = "tempfail";
    unsigned reply_timeout = 30;
    unsigned total_timeout = 300;

    app.add_option("ADDRESS", with.listen, "where to listen: inet:PORT@HOST; port 0 is any free one")
        ->required()
        ->type_name("");
    app.add_option("--filter", filter, "inet:PORT@HOST, inet:HOST:PORT or unix:PATH")
        ->required()
        ->type_name("ADDRESS");
    const auto ways = app.add_option_group("Where mail goes");
    ways->add_option("--relay", next, "the next mail server")->type_name("HOST:PORT");
    ways->add_option("--deliver", with.folder, "a file for each mail")->type_name("FOLDER");
    ways->require_option(1);
    app.add_option("--hold", with.hold, "for mail that the filter wants held; else it is thrown away")
        ->type_name("FOLDER");
    app.add_option("--hostname", with.hostname, "our own name")->type_name("NAME");
    app.add_option("--refuse", with.refused, "a recipient, or @DOMAIN, that there isn't")
        ->type_name("ADDRESS")
        ->allow_extra_args(false);
    app.add_option("--on-failure", on_failure, "what happens without the filter: tempfail, accept or reject")
        ->type_name("WHAT")
        ->check(CLI::IsMember(policies).description(""));
    app.add_option("--profile", profile, "whose ways to follow: postfix or sendmail")->type_name("MTA");
    app.add_option("--size-limit", with.size_limit, "of a mail")->type_name("BYTES");
    app.add_option("--timeout", reply_timeout, "for each reply of the filter")->type_name("SECONDS");
    app.add_option("--total-timeout", total_timeout, "for a verdict, whatever comes before it")
        ->type_name("SECONDS");

    try {
        app.parse(count, arguments);
        with.filter.where = mta::filter_address(filter);
        with.filter.rules = &mta::profile_of(profile);
        with.filter.waits.reply = std::chrono::seconds{reply_timeout};
        with.filter.waits.in_all = std::chrono::seconds{total_timeout};
        with.on_failure = policies.at(on_failure);
        for (const auto& folder : {with.folder, with.hold})
            if (!folder.empty() && !std::filesystem::is_directory(folder))
                return bad_usage(folder.string() + ": not a folder");
        if (!next.empty()) with.relay = mta::host_and_port(next);
    } catch (const CLI::ParseError& wrong) {
        if (wrong.get_exit_code() == 0) return app.exit(wrong);  // help
        return bad_usage(wrong.what());
    } catch (const mta::failure& wrong) {
        return bad_usage(wrong.what());
    }
    return serve(with.listen.c_str(), [](int socket) { serve_client(socket, with); });
}
