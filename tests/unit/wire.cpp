// SPDX-License-Identifier: MIT
// The wire table: every letter as the protocol has it, and each once in its direction [P06].
#include <kilter/wire.hpp>

#include <algorithm>
#include <array>
#include <set>
#include <string_view>
#include <vector>

#include "support/catch.hpp"

using namespace kilter;

namespace {

struct letter {
    char code;
    std::string_view name;
    std::string_view symbol;

    bool operator==(const letter&) const = default;
};

// clang-format off

const std::vector<letter> commands{
    {0x4f, "negotiate",      "SMFIC_OPTNEG"},
    {0x44, "macro",          "SMFIC_MACRO"},
    {0x43, "connect",        "SMFIC_CONNECT"},
    {0x48, "helo",           "SMFIC_HELO"},
    {0x4d, "mail",           "SMFIC_MAIL"},
    {0x52, "rcpt",           "SMFIC_RCPT"},
    {0x54, "data",           "SMFIC_DATA"},
    {0x55, "unknown",        "SMFIC_UNKNOWN"},
    {0x4c, "header",         "SMFIC_HEADER"},
    {0x4e, "end_of_headers", "SMFIC_EOH"},
    {0x42, "body",           "SMFIC_BODY"},
    {0x45, "end_of_message", "SMFIC_BODYEOB"},
    {0x41, "abort",          "SMFIC_ABORT"},
    {0x51, "quit",           "SMFIC_QUIT"},
    {0x4b, "quit_nc",        "SMFIC_QUIT_NC"},
};

const std::vector<letter> replies{
    {0x4f, "negotiate",      "SMFIC_OPTNEG"},
    {0x63, "proceed",        "SMFIR_CONTINUE"},
    {0x61, "accept",         "SMFIR_ACCEPT"},
    {0x72, "reject",         "SMFIR_REJECT"},
    {0x74, "tempfail",       "SMFIR_TEMPFAIL"},
    {0x64, "discard",        "SMFIR_DISCARD"},
    {0x73, "skip",           "SMFIR_SKIP"},
    {0x70, "progress",       "SMFIR_PROGRESS"},
    {0x79, "reply_code",     "SMFIR_REPLYCODE"},
    {0x66, "conn_fail",      "SMFIR_CONN_FAIL"},
    {0x34, "shutdown",       "SMFIR_SHUTDOWN"},
    {0x68, "add_header",     "SMFIR_ADDHEADER"},
    {0x69, "insert_header",  "SMFIR_INSHEADER"},
    {0x6d, "change_header",  "SMFIR_CHGHEADER"},
    {0x65, "change_from",    "SMFIR_CHGFROM"},
    {0x2b, "add_rcpt",       "SMFIR_ADDRCPT"},
    {0x32, "add_rcpt_par",   "SMFIR_ADDRCPT_PAR"},
    {0x2d, "delete_rcpt",    "SMFIR_DELRCPT"},
    {0x62, "replace_body",   "SMFIR_REPLBODY"},
    {0x71, "quarantine",     "SMFIR_QUARANTINE"},
};

// clang-format on

/// In any order.
template <class Table>
bool is(const Table& table, const std::vector<letter>& letters) {
    std::vector<letter> rows;
    detail::for_each_row(table, [&](const auto& row) { rows.push_back({row.code, row.name, row.symbol}); });
    return std::is_permutation(rows.begin(), rows.end(), letters.begin(), letters.end());
}

template <class Table>
std::size_t codes(const Table& table) {
    std::set<char> seen;
    detail::for_each_row(table, [&](const auto& row) { seen.insert(row.code); });
    return seen.size();
}

template <class M>
std::vector<std::string_view> fields() {
    std::vector<std::string_view> names;
    M message{};
    wire::row_of<M>().for_each_field(
        [&](const auto& field) { field.visit(message, [&](auto name, auto&) { names.push_back(name); }); });
    return names;
}

template <class M>
std::vector<std::string_view> layouts() {
    std::vector<std::string_view> found;
    wire::row_of<M>().for_each_field([&](const auto& field) { found.push_back(field.layout); });
    return found;
}

using names = std::vector<std::string_view>;

}  // namespace

TEST_CASE("every letter of the protocol is in the table, with its names") {
    CHECK(is(wire::commands, commands));
    CHECK(is(wire::replies, replies));
}

TEST_CASE("no two messages of a direction have the same code") {
    CHECK(codes(wire::commands) == 15);
    CHECK(codes(wire::replies) == 20);
}

TEST_CASE("a message is found by its type, whichever way it goes") {
    STATIC_REQUIRE(wire::row_of<command::negotiate>().code == 'O');
    STATIC_REQUIRE(wire::row_of<reply::negotiate>().code == 'O');
    STATIC_REQUIRE(wire::row_of<command::quit_nc>().code == 'K');
    STATIC_REQUIRE(wire::row_of<command::end_of_headers>().code == 'N');
    STATIC_REQUIRE(wire::row_of<command::end_of_message>().code == 'E');
    STATIC_REQUIRE(wire::row_of<reply::skip>().code == 's');
    STATIC_REQUIRE(wire::row_of<reply::change_from>().code == 'e');
    STATIC_REQUIRE(wire::row_of<reply::shutdown>().code == '4');
    STATIC_REQUIRE(wire::row_of<reply::add_rcpt_par>().code == '2');
}

TEST_CASE("the types of messages are told from each other and from anything else") {
    STATIC_REQUIRE(command_message<command::negotiate>);
    STATIC_REQUIRE_FALSE(command_message<reply::negotiate>);
    STATIC_REQUIRE(reply_message<reply::negotiate>);
    STATIC_REQUIRE_FALSE(reply_message<command::quit>);
    STATIC_REQUIRE(message<command::quit>);
    STATIC_REQUIRE_FALSE(message<int>);
    STATIC_REQUIRE_FALSE(message<command::any>);
    STATIC_REQUIRE(std::variant_size_v<command::any> == 15);
    STATIC_REQUIRE(std::variant_size_v<reply::any> == 20);
}

TEST_CASE("fields are named, and in the order of the wire") {
    CHECK(fields<command::negotiate>() == names{"version", "actions", "options"});
    CHECK(fields<command::macro>() == names{"command", "definitions"});
    CHECK(fields<command::connect>() == names{"hostname", "family", "port", "address"});
    CHECK(fields<command::helo>() == names{"hostname"});
    CHECK(fields<command::mail>() == names{"sender", "args"});
    CHECK(fields<command::rcpt>() == names{"recipient", "args"});
    CHECK(fields<command::data>().empty());
    CHECK(fields<command::unknown>() == names{"line"});
    CHECK(fields<command::header>() == names{"name", "value", "space"});
    CHECK(fields<command::end_of_headers>().empty());
    CHECK(fields<command::body>() == names{"chunk"});
    CHECK(fields<command::end_of_message>() == names{"chunk"});
    CHECK(fields<command::abort>().empty());
    CHECK(fields<command::quit>().empty());
    CHECK(fields<command::quit_nc>().empty());

    CHECK(fields<reply::negotiate>() == names{"version", "actions", "options", "symbols"});
    CHECK(fields<reply::reply_code>() == names{"text"});
    CHECK(fields<reply::add_header>() == names{"name", "value", "space"});
    CHECK(fields<reply::insert_header>() == names{"index", "name", "value", "space"});
    CHECK(fields<reply::change_header>() == names{"index", "name", "value", "space"});
    CHECK(fields<reply::change_from>() == names{"sender", "args"});
    CHECK(fields<reply::add_rcpt>() == names{"recipient"});
    CHECK(fields<reply::add_rcpt_par>() == names{"recipient", "args"});
    CHECK(fields<reply::delete_rcpt>() == names{"recipient"});
    CHECK(fields<reply::replace_body>() == names{"chunk"});
    CHECK(fields<reply::quarantine>() == names{"reason"});
    detail::for_each_row(wire::replies, [&]<class Row>(const Row& row) {
        if (std::string_view{"cartdspf4"}.find(row.code) != std::string_view::npos)
            CHECK(fields<typename Row::message>().empty());
    });
}

TEST_CASE("the layouts in words, as the documentation shows them") {
    CHECK(layouts<command::negotiate>() == names{"u32", "u32", "u32", "(more is passed over)"});
    CHECK(layouts<command::macro>() == names{"byte", "(name NUL value NUL)*"});
    CHECK(layouts<command::connect>() == names{"text NUL", "byte [, u16, text NUL, unless the byte is 'U']"});
    CHECK(layouts<command::mail>() == names{"text NUL", "(text NUL)*"});
    CHECK(layouts<command::header>() == names{"text NUL", "text NUL"});
    CHECK(layouts<command::body>() == names{"bytes"});
    CHECK(layouts<reply::negotiate>() == names{"u32", "u32", "u32", "(u32 names NUL)*"});
    CHECK(layouts<reply::reply_code>() == names{"text NUL"});
    CHECK(layouts<reply::change_from>() == names{"text NUL", "[text NUL]"});
    CHECK(layouts<reply::quarantine>() == names{"text NUL"});
}

TEST_CASE("what is read takes the place of all that the message had") {
    reply::change_from from{.sender = "<a@b>", .args = "SIZE=1"};
    std::string_view payload{"<c@d>\0", 6};
    CHECK(wire::row_of<reply::change_from>().read(from, payload) == errc::ok);
    CHECK(from == reply::change_from{.sender = "<c@d>"});

    command::header header{.name = "A", .value = "1", .space = " "};
    payload = {"B\0002\0", 4};
    CHECK(wire::row_of<command::header>().read(header, payload) == errc::ok);
    CHECK(header == command::header{.name = "B", .value = "2", .space = ""});

    command::connect client{.hostname = "mx", .family = family::inet, .port = 25, .address = "127.0.0.1"};
    payload = {"mx\0U", 4};
    CHECK(wire::row_of<command::connect>().read(client, payload) == errc::ok);
    CHECK(client == command::connect{.hostname = "mx"});
}
