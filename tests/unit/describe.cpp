// SPDX-License-Identifier: MIT
// Messages, bits and errors as a line of a log.
#include <kilter/describe.hpp>

#include <string>

#include "support/catch.hpp"

using namespace kilter;
using namespace std::string_view_literals;

TEST_CASE("bits are named, and those without a name are put together in one number") {
    CHECK(describe(action::none) == "none");
    CHECK(describe(action::add_headers | action::quarantine) == "add_headers|quarantine");
    CHECK(describe(action{0x201}) == "add_headers|0x00000200");
    CHECK(describe(action{0x80000400}) == "0x80000400");
    CHECK(describe(option::none) == "none");
    CHECK(describe(option::skip | option::no_helo | option::data_1m) == "no_helo|skip|data_1m");
    CHECK(describe(option{0x00200000}) == "0x00200000");
}

TEST_CASE("a message is its name and its fields") {
    CHECK(describe(reply::proceed{}) == "proceed");
    CHECK(describe(command::helo{"a.b"}) == R"(helo hostname="a.b")");
    CHECK(describe(command::connect{"h", family::inet, 25, "1.2.3.4"}) ==
          R"(connect hostname="h" family=inet port=25 address="1.2.3.4")");
    CHECK(describe(command::connect{"h", family{'5'}, 0, ""}) ==
          R"(connect hostname="h" family=53 port=0 address="")");
    CHECK(describe(reply::change_header{.index = 2, .name = "X", .value = "y"}) ==
          R"(change_header index=2 name="X" value="y")");
    CHECK(describe(reply::insert_header{.index = 4294967295, .name = "X", .value = ""}) ==
          R"(insert_header index=4294967295 name="X" value="")");
    CHECK(describe(command::negotiate{.version = 6, .actions = action{0x1}, .options = option{0x400}}) ==
          "negotiate version=6 actions=add_headers options=skip");
}

TEST_CASE("the space before a value is shown where there is one") {
    CHECK(describe(command::header{.name = "A", .value = "b", .space = " "}) ==
          R"(header name="A" value="b" space=" ")");
    CHECK(describe(command::header{.name = "A", .value = "b", .space = ""}) ==
          R"(header name="A" value="b")");
    CHECK(describe(command::header{.name = "", .value = "", .space = ""}) == R"(header name="" value="")");
}

TEST_CASE("lists are shown item by item") {
    CHECK(describe(command::mail{.sender = "<>", .args = {}}) == R"(mail sender="<>" args=[])");
    CHECK(describe(command::mail{.sender = "<a@b>", .args = "SIZE=1\0\0B\0"sv}) ==
          R"(mail sender="<a@b>" args=["SIZE=1" "" "B"])");
    CHECK(describe(command::rcpt{.recipient = "<a@b>", .args = "["sv}) ==
          R"(rcpt recipient="<a@b>" args=["["])");
    CHECK(describe(command::macro{.command = 'M', .definitions = "i\0A\0{x}\0\0"sv}) ==
          R"(macro command=mail definitions=[i="A" {x}=""])");
    CHECK(describe(reply::negotiate{
              .version = 6, .actions = action::set_symlist, .symbols = "\0\0\0\2i {x}\0\0\0\0\x09\0"sv}) ==
          R"(negotiate version=6 actions=set_symlist options=none symbols=[mail="i {x}" 9=""])");
}

TEST_CASE("a macro's command is shown by its name, and one without a name as it is") {
    CHECK(describe(command::macro{.command = 'E', .definitions = {}}) ==
          "macro command=end_of_message definitions=[]");
    CHECK(describe(command::macro{.command = 'X', .definitions = {}}) ==
          R"(macro command="X" definitions=[])");
    CHECK(describe(command::macro{.command = '\0', .definitions = {}}) ==
          R"(macro command="\x00" definitions=[])");
}

TEST_CASE("what is not printable ASCII is escaped, and so are quotes and backslashes") {
    CHECK(describe(command::unknown{"a\nb\rc\td\"e\\f\x01\x7f\x80\xff"sv}) ==
          R"(unknown line="a\nb\rc\td\"e\\f\x01\x7f\x80\xff")");
    CHECK(describe(command::body{"\0~ "sv}) == R"(body chunk="\x00~ ")");
    CHECK(describe(command::macro{.command = 'M', .definitions = "i\n\0A\n\0"sv}) ==
          R"(macro command=mail definitions=[i\n="A\n"])");
}

TEST_CASE("of a long text the front is shown, and its size") {
    const std::string fits(100, 'x');
    CHECK(describe(command::body{fits}) == "body chunk=\"" + fits + "\"");
    CHECK(describe(command::body{fits + "y"}) == "body chunk=\"" + fits + "\"... (101 bytes)");
    CHECK(describe(command::body{std::string(65535, 'x')}) == "body chunk=\"" + fits + "\"... (65535 bytes)");
}

TEST_CASE("of a long list the front is shown, and its length") {
    const std::string many(60, '\0');
    std::string shown = R"(mail sender="" args=[)";
    for (int i = 0; i < 49; ++i) shown += R"("" )";
    CHECK(describe(command::mail{"", many}) == shown + R"(""]... (60 items))");
    CHECK(describe(command::mail{"", std::string_view{many}.substr(10)}) == shown + R"(""])");
}

TEST_CASE("an error is told with all that is known of it [X11]") {
    CHECK(describe(protocol_error{errc::zero_length, 0, 0, phase::fresh}) ==
          "a frame of length 0: length 0, after fresh");
    CHECK(describe(protocol_error{errc::frame_too_long, 0, 4294967295, phase::body}) ==
          "a frame over the limit: length 4294967295, after body");
    CHECK(describe(protocol_error{errc::not_a_milter, 0, 1431194446, phase::fresh}) ==
          R"(the peer is not a milter: length 1431194446, as text "UNKN", after fresh)");
    CHECK(describe(protocol_error{errc::unknown_code, 'X', 1, phase::greeted}) ==
          R"(unknown code: code "X", length 1, after greeted)");
    CHECK(describe(protocol_error{errc::unknown_code, '\n', 1, phase::greeted}) ==
          R"(unknown code: code "\n", length 1, after greeted)");
}

TEST_CASE("what a variant holds is described") {
    CHECK(describe(command::any{command::quit{}}) == "quit");
    CHECK(describe(reply::any{reply::add_rcpt{"<a@b>"}}) == R"(add_rcpt recipient="<a@b>")");
    const std::variant<command::quit, protocol_error> event{
        protocol_error{errc::closed, 'A', 1, phase::closed}};
    CHECK(describe(event) == R"(the conversation is over: code "A", length 1, after closed)");
}
