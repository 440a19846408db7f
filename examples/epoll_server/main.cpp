// SPDX-License-Identifier: MIT
// A filter for production: one thread, thousands of connections. filter.hpp says what it does with mail.
#include <sys/resource.h>

#include <algorithm>
#include <csignal>
#include <cstdio>
#include <exception>
#include <stdexcept>

#include "server.hpp"
#include "settings.hpp"

namespace {

/// As many as there may be descriptors, but for some that are left for the filter's own work.
std::size_t most_connections() {
    rlimit limit{};
    getrlimit(RLIMIT_NOFILE, &limit);
    limit.rlim_cur = limit.rlim_max;
    setrlimit(RLIMIT_NOFILE, &limit);
    return std::max<rlim_t>(limit.rlim_cur, 64) - 32;
}

}  // namespace

int main(int count, char** arguments) try {
    auto with = read_settings(count, arguments);
    with.max_connections = std::min(with.max_connections, most_connections());
    std::signal(SIGPIPE, SIG_IGN);
    server on{with};
    std::printf("listening on %s\n", on.name().c_str());
    std::fflush(stdout);
    on.run();
} catch (const std::invalid_argument& wrong) {
    std::fprintf(stderr, "epoll_server: %s\n%s", wrong.what(), usage);
    return 64;
} catch (const std::exception& wrong) {
    std::fprintf(stderr, "epoll_server: %s\n", wrong.what());
    return 1;
}
