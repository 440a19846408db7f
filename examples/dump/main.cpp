// SPDX-License-Identifier: MIT
// Prints the messages of a captured milter connection, and says where and why it breaks the rules.
#include <CLI/CLI.hpp>
#include <cstdint>
#include <cstdio>
#include <exception>
#include <kilter.hpp>
#include <optional>
#include <string>

#include "connection.hpp"
#include "files.hpp"
#include "report.hpp"
#ifdef KILTER_DUMP_PCAP
#include "capture.hpp"
#endif

namespace {

constexpr int usage = 64;

constexpr auto about =
    R"(Prints one line for each message of a captured milter connection, in the order of the
conversation, and says where and why it breaks the rules. It goes on as far as it can.)";

constexpr auto more = R"(FILE may be - for standard input.

Text: where the message begins in what its side says, who says it, and the message.
  >  a message; with ! behind it may not come now, with ? behind MTAs may not read it as it is meant
  !  bytes that can't be read or are missing;  -  a note
JSON: objects with from and offset; of a message name, symbol and fields, and error and doubt if there are
  any; of bytes that can't be read error, code, length and seen; else error, missing (bytes) or note. In a
  capture, also connection and time (UTC). A text that isn't UTF-8 is {"bytes": [67, 97, 102, 233]}.

Exit status: 0 all is well, 1 the rules are broken, 2 the input can't be read or parts of it are missing,
  64 the command line is wrong.

Examples:
  tcpdump -i lo -w milter.pcap port 8891
  dump --pcap milter.pcap --port 8891 --json
  socat -r to-filter.bin -R to-mta.bin UNIX-LISTEN:/run/tapped.sock UNIX-CONNECT:/run/filter.sock
  dump --mta to-filter.bin --filter to-mta.bin
)";

struct options {
    std::string mta;
    std::string filter;
    std::string pcap;
    std::optional<std::uint16_t> port;
    std::uint32_t limit = kilter::data_size_1m;
    bool json = false;
};

void declare(CLI::App& app, options& o) {
    auto* mta = app.add_option("--mta", o.mta, "the bytes that the MTA sent")->type_name("FILE");
    auto* filter = app.add_option("--filter", o.filter, "the bytes that the filter sent")->type_name("FILE");
    auto* pcap =
        app.add_option("--pcap", o.pcap, "a capture with both, pcap or pcapng; every TCP connection in it")
            ->type_name("FILE")
            ->excludes(mta)
            ->excludes(filter);
    app.add_option("--port", o.port, "of a capture, only connections to this port, the filter's")
        ->type_name("N")
        ->needs(pcap);
    app.add_option("--limit", o.limit, "the most bytes that the payload of a frame may have")
        ->type_name("BYTES")
        ->check(CLI::Range(1u, 1u << 30))
        ->capture_default_str();
    app.add_flag("--json", o.json, "print JSON, one object a line");
    app.footer(more);
    app.callback([&o] {
        if (o.mta.empty() && o.filter.empty() && o.pcap.empty())
            throw CLI::RequiredError{"one of --mta, --filter and --pcap"};
        if (o.mta == "-" && o.filter == "-")
            throw CLI::ValidationError{"standard input can be only one of --mta and --filter"};
    });
}

void read_pcap(const options& o, dump::report& report) {
#ifdef KILTER_DUMP_PCAP
    dump::connections connections{report, o.limit, o.port};
    dump::read_capture(o.pcap, connections);
#else
    report.unreadable(o.pcap + ": this dump was built without libpcap");
#endif
}

int run(const options& o) {
    using kilter::side;
    const auto& mta = o.pcap.empty() ? o.mta : o.pcap;
    const auto& filter = o.pcap.empty() ? o.filter : o.pcap;
    dump::report report{o.json, {{side::mta, mta}, {side::filter, filter}}};
    try {
        if (o.pcap.empty()) {
            dump::connection connection{report, 0, o.limit, true};
            dump::files{mta, filter, report, connection}.read();
        } else {
            read_pcap(o, report);
        }
    } catch (const std::exception& wrong) {
        report.unreadable(wrong.what());
    }
    return report.finish();
}

}  // namespace

int main(int count, char** arguments) {
    CLI::App app{about, "dump"};
    options o;
    declare(app, o);
    try {
        app.parse(count, arguments);
    } catch (const CLI::ParseError& wrong) {
        return app.exit(wrong) == 0 ? 0 : usage;
    }
    return run(o);
}
