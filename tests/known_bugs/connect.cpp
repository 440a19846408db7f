// SPDX-License-Identifier: MIT
// Known bugs of others, 1.2: the client's name and address.
#include <kilter.hpp>

#include <utility>

#include "known_bugs/sides.hpp"

using namespace kilter;
using namespace test;
using namespace std::string_view_literals;

namespace {

/// What an MTA says of a client: its name, and the rest as it lies on the wire.
command::connect client(std::string_view hostname, std::string_view rest) {
    static std::string payload;  // the views look into it
    payload.assign(hostname).append(1, '\0').append(rest);
    const auto decoded = decode<command::connect>(payload);
    REQUIRE(decoded.error() == errc::ok);
    return *decoded;
}

}  // namespace

TEST_CASE("X26 a port that isn't there, or half there, is an error") {
    CHECK(wrong_command('C',
                        "h\0"
                        "4"sv) == errc::missing_field);
    CHECK(wrong_command('C',
                        "h\0"
                        "4\0"sv) == errc::missing_field);
    CHECK(wrong_command('C',
                        "h\0"
                        "4\0\0"sv) == errc::missing_field);
}

TEST_CASE("X27 a client of unknown family has neither port nor address") {
    const command::connect expected{.hostname = "localhost"};
    CHECK(client("localhost", "U") == expected);
    CHECK(client("localhost", "U\0"sv) == expected);
    CHECK(bytes_of(expected) == raw('C', "localhost\0U"sv));
}

TEST_CASE("X28 a local client has a port, too, and its path comes behind it") {
    const auto local = client("h", "L\0\0/run/x\0"sv);
    CHECK(local.family == family::local);
    CHECK(local.port == 0);
    CHECK(local.address == "/run/x");
}

TEST_CASE("X29 an IPv6 address may have Sendmail's prefix, in any case of letters, or brackets") {
    for (const auto& [sent, bare] :
         {std::pair{"IPv6:2001:db8::1"sv, "2001:db8::1"sv}, std::pair{"2001:db8::1"sv, "2001:db8::1"sv},
          std::pair{"ipv6:2001:db8::1"sv, "2001:db8::1"sv}, std::pair{"[::1]"sv, "::1"sv},
          std::pair{"[IPv6:::1]"sv, "::1"sv}}) {
        const auto v6 = client("h", std::string{"6\x12\x34"}.append(sent).append(1, '\0'));
        CHECK(v6.family == family::inet6);
        CHECK(v6.address == sent);
        CHECK(bare_address(v6.address) == bare);
    }
}

TEST_CASE("X30 the family is what the MTA says, whatever the address looks like") {
    CHECK(client("h", "6\0\0::ffff:1.2.3.4\0"sv).family == family::inet6);
    CHECK(client("h", "4\0\0::1\0"sv).family == family::inet);
}

TEST_CASE("X31 a client with an IPv6 address is answered like any other") {
    auto p = agreed();
    const auto bytes = raw('C',
                           "h\0"
                           "6\0\x19IPv6:::1\0"sv);
    CHECK(heard(p.filter, bytes) == lines{R"(connect hostname="h" family=inet6 port=25 address="IPv6:::1")"});
    std::string out;
    CHECK(p.filter.send(reply::proceed{}, out) == errc::ok);
    CHECK(out == raw('c'));
}

TEST_CASE("X32 the address and the port of an IPv6 client are there") {
    const auto v6 = client("h", "6\x12\x34::1\0"sv);
    CHECK(v6.address == "::1");
    CHECK(v6.port == 0x1234);
}

TEST_CASE("X33 a client of each family goes over the wire and back") {
    const command::connect clients[]{{"h"},
                                     {"h", family::local, 0, "/run/x"},
                                     {"h", family::inet, 25, "192.0.2.1"},
                                     {"h", family::inet6, 65'535, "2001:db8::1"}};
    for (const auto& sent : clients) {
        auto p = agreed();
        CHECK(p.mta_says(sent) == errc::ok);
        CHECK(p.filter_heard == lines{describe(sent)});
    }
    // describe() alone could hide what both sides leave out.
    CHECK(bytes_of(clients[3]) == raw('C',
                                      "h\0"
                                      "6\xff\xff"
                                      "2001:db8::1\0"sv));
}

TEST_CASE("X34 an MTA may say an address in the place of a name, and port 0 for one that it doesn't know") {
    CHECK(bytes_of(command::connect{"[192.0.2.1]", family::inet, 0, "192.0.2.1"}) == raw('C',
                                                                                         "[192.0.2.1]\0"
                                                                                         "4\0\0"
                                                                                         "192.0.2.1\0"sv));
}

TEST_CASE("X35 `unknown` and an address in brackets are no names of hosts") {
    CHECK(client("unknown", "U").hostname == "unknown");
    CHECK_FALSE(is_verified_name("unknown"));
    CHECK_FALSE(is_verified_name("[192.0.2.1]"));
    CHECK(is_verified_name("unknown.example"));
}

TEST_CASE("X36 names are bytes, whatever they would be as text") {
    auto p = agreed();
    CHECK(heard(p.filter, raw('C', "m\xe9il\0U"sv)) ==
          lines{R"(connect hostname="m\xe9il" family=unknown port=0 address="")"});
    auto q = greeted();
    CHECK(heard(q.filter, raw('H', "h\xe9\0"sv)) == lines{R"(helo hostname="h\xe9")"});
    auto r = in_mail();
    CHECK(heard(r.filter, raw('L',
                              "Subj\xe9"
                              "ct\0x\0"sv)) == lines{R"(header name="Subj\xe9ct" value="x")"});
}
