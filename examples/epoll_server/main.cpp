// SPDX-License-Identifier: MIT
// A filter for production: one thread, thousands of connections. filter.hpp says what it does with mail.
#include <sys/resource.h>

#include <CLI/CLI.hpp>
#include <algorithm>
#include <csignal>
#include <cstddef>
#include <cstdint>
#include <cstdio>
#include <cstdlib>
#include <exception>
#include <map>
#include <stdexcept>
#include <string>
#include <type_traits>

#include "server.hpp"
#include "settings.hpp"

namespace {

settings read_settings(int count, char** arguments) {
    settings with;
    CLI::App app{"A filter for production: one thread, thousands of connections."};
    app.get_formatter()->column_width(34);
    app.footer(
        "SIGTERM and SIGINT end it when the messages under way are over; a second one ends it at once.\n"
        "\nExamples:\n"
        "  epoll_server inet:8891@127.0.0.1 addhdr\n"
        "  epoll_server unix:/run/filter/filter.sock lock --max-connections 2000\n");
    const std::map<std::string, variant> variants{
        {"lock", variant::lock}, {"nr", variant::nr}, {"addhdr", variant::addhdr}};
    std::string what = "lock";
    app.add_option("ADDRESS", with.address,
                   "where to listen: inet:PORT@HOST (port 0 is any free one), unix:PATH, or a path")
        ->required()
        ->type_name("");
    app.add_option("VARIANT", what,
                   "lock: the MTA waits for each answer [this]; nr: only for the last one of a message; "
                   "addhdr: as lock, and adds a header field")
        ->type_name("")
        ->check(CLI::IsMember(variants).description(""));

    const auto add = [&](const char* name, const char* unit, auto& number, const std::string& meaning) {
        using number_type = std::remove_reference_t<decltype(number)>;
        const auto usual = std::to_string(number / number_type{1});  // seconds by seconds is a number, too
        const auto read = [&number](std::int32_t n) { number = number_type(n); };
        app.add_option_function<std::int32_t>(name, read, meaning + " [" + usual + "]")
            ->type_name(unit)
            ->check(CLI::Range(1, 1'000'000'000).description(""));
    };
    add("--max-connections", "N", with.max_connections, "at a time; the next ones wait");
    add("--max-frame", "BYTES", with.max_frame, "in one frame of the MTA");
    add("--max-unsent", "BYTES", with.max_unsent, "of answers that the MTA doesn't read");
    add("--timeout", "SECONDS", with.timeout, "without a byte");
    add("--frame-timeout", "SECONDS", with.frame_timeout,
        "for the first frame, the rest of one, the next of a body, or until answers are read");
    add("--grace", "SECONDS", with.grace, "for the messages under way when it is to end");
    try {
        app.parse(count, arguments);
    } catch (const CLI::Success& help) {
        std::exit(app.exit(help));
    }
    with.what = variants.at(what);
    return with;
}

/// As many as there may be descriptors, but for some that are left for the filter's own work.
std::size_t most_connections() {
    rlimit limit{};
    getrlimit(RLIMIT_NOFILE, &limit);
    limit.rlim_cur = limit.rlim_max;
    setrlimit(RLIMIT_NOFILE, &limit);
    return std::max<rlim_t>(limit.rlim_cur, 64) - 32;
}

int fail(int status, const std::exception& wrong) {
    std::fprintf(stderr, "epoll_server: %s\n", wrong.what());
    return status;
}

}  // namespace

int main(int count, char** arguments) try {
    auto with = read_settings(count, arguments);
    if (const auto most = most_connections(); with.max_connections > most) {
        std::fprintf(stderr, "epoll_server: at most %zu connections: ulimit -n allows no more\n", most);
        with.max_connections = most;
    }
    std::signal(SIGPIPE, SIG_IGN);
    server on{with};
    std::printf("listening on %s\n", on.name().c_str());
    std::fflush(stdout);
    on.run();
} catch (const CLI::ParseError& wrong) {
    return fail(64, wrong);
} catch (const std::invalid_argument& wrong) {
    return fail(64, wrong);
} catch (const std::exception& wrong) {
    return fail(1, wrong);
}
