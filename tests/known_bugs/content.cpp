// SPDX-License-Identifier: MIT
// Known bugs of others, 1.8: header fields, bodies, and what a filter changes.
#include <kilter.hpp>

#include "known_bugs/sides.hpp"

using namespace kilter;
using namespace test;
using namespace std::string_view_literals;

namespace {

/// What a filter hears of a header field that an MTA has sent in these bytes.
lines heard_field(std::string_view payload, option options = option::none) {
    auto p = in_mail(options);
    return heard(p.filter, raw('L', payload));
}

/// The bytes of a message of one side.
template <class M>
std::string sent_by_mta(const M& message, option options = option::none) {
    auto p = in_mail(options);
    return p.mta_says(message) == errc::ok ? p.last_to_filter : std::string{"refused"};
}
template <class M>
std::string sent_by_filter(const M& message, option options = option::none) {
    auto p = at_end(options);
    return p.filter_says(message) == errc::ok ? p.last_to_mta : std::string{"refused"};
}

/// What an MTA makes of the modifications before a verdict.
modifications changes_of(std::string_view bytes) {
    auto p = at_end();
    modifications changes;
    for (const auto& event : p.mta.receive(bytes)) CHECK(changes.update(event) == errc::ok);
    CHECK(p.mta.error() == errc::ok);
    return changes;
}
lines lines_of(const modifications& changes) {
    lines found;
    for (const auto& change : changes) found.push_back(describe(change));
    return found;
}

/// A header line as it stood in the message.
std::string line_of(std::string_view payload, option options) {
    auto p = in_mail(options);
    const auto bytes = raw('L', payload);
    std::string line;
    for (const auto& event : p.filter.receive(bytes))
        if (const auto* field = std::get_if<command::header>(&event))
            line.append(field->name).append(":").append(field->space).append(field->value);
    return line;
}

}  // namespace

TEST_CASE("H01 the value of a header field may be empty") {
    CHECK(heard_field("Subject\0\0"sv) == lines{R"(header name="Subject" value="")"});
}

TEST_CASE("H02 NULs end texts, and are never trimmed away") {
    CHECK(wrong_command('L', "\0v\0"sv) == errc::empty_name);
    CHECK(wrong_command('L', "A\0v\0\0"sv) == errc::trailing_bytes);
    CHECK(wrong_command('L', "A\0\0v\0"sv) == errc::trailing_bytes);
}

TEST_CASE("H03 a change counts the fields of its name, from 1, and goes out as it is said") {
    CHECK(sent_by_filter(reply::change_header{2, "A", "x"}) == raw('m', "\0\0\0\2A\0x\0"sv));
    CHECK(sent_by_filter(reply::change_header{0, "A", "x"}) == "refused");
    CHECK(reply::change_header{}.index == 1);
}

TEST_CASE("H04 an insertion counts all fields, from 0, and goes out as it is said") {
    CHECK(sent_by_filter(reply::insert_header{0, "A", "x"}) == raw('i', "\0\0\0\0A\0x\0"sv));
    CHECK(sent_by_filter(reply::insert_header{7, "A", "x"}) == raw('i', "\0\0\0\7A\0x\0"sv));
    CHECK(lines_of(changes_of(raw('i', "\0\0\0\7A\0x\0"sv))) ==
          lines{R"(insert_header index=7 name="A" value="x" space=" ")"});
}

TEST_CASE("H09 deletions are told in the order in which the filter says them") {
    const auto changes =
        changes_of(raw('m', "\0\0\0\3A\0\0"sv) + raw('m', "\0\0\0\2A\0\0"sv) + raw('m', "\0\0\0\1A\0\0"sv));
    CHECK(lines_of(changes) == lines{R"(change_header index=3 name="A" value="")",
                                     R"(change_header index=2 name="A" value="")",
                                     R"(change_header index=1 name="A" value="")"});
}

TEST_CASE("H11 a fold is sent as a LF alone, and taken with a CR, too") {
    CHECK(sent_by_filter(reply::add_header{"A", "a\r\n b"}) == "refused");
    CHECK(sent_by_filter(reply::add_header{"A", "a\n b"}) == raw('h', "A\0a\n b\0"sv));
    CHECK(lines_of(changes_of(raw('h', "A\0a\r\n b\0"sv))) ==
          lines{R"(add_header name="A" value="a\r\n b" space=" ")"});
}

TEST_CASE("H12 the line ends of a body are left alone") {
    CHECK(sent_by_filter(reply::replace_body{"a\r\nb\r\n"}) == raw('b', "a\r\nb\r\n"));
    CHECK(sent_by_mta(command::body{"a\r\nb\n\r"}) == raw('B', "a\r\nb\n\r"));
    CHECK(changes_of(raw('b', "a\r\nb\n")).body() == "a\r\nb\n");
}

TEST_CASE("H13 a new body may be cut between CR and LF") {
    constexpr auto body = "a\r\n\r\nb"sv;
    for (std::size_t at = 0; at <= body.size(); ++at)
        CHECK(changes_of(raw('b', body.substr(0, at)) + raw('b', body.substr(at))).body() == body);
}

TEST_CASE("H14 a body that comes in two pieces is heard in two, wherever it is cut") {
    constexpr auto body = "a\r\n\r\nb"sv;
    for (std::size_t at = 1; at != body.size(); ++at) {
        auto p = in_mail(option::silent_body);
        const auto bytes = raw('B', body.substr(0, at)) + raw('B', body.substr(at));
        std::string whole_body;
        for (const auto& event : p.filter.receive(bytes))
            if (const auto* piece = std::get_if<command::body>(&event)) whole_body.append(piece->chunk);
        CHECK(whole_body == body);
    }
}

TEST_CASE("H15 an MTA takes off one space, and no tab; or nothing, if that was agreed") {
    CHECK(sent_by_mta(command::header{"X", "  a"}) == raw('L', "X\0 a\0"sv));
    CHECK(sent_by_mta(command::header{"X", " a"}) == raw('L', "X\0a\0"sv));
    CHECK(sent_by_mta(command::header{"X", "\ta"}) == raw('L', "X\0\ta\0"sv));
    CHECK(sent_by_mta(command::header{"X", "a"}) == raw('L', "X\0a\0"sv));
    CHECK(sent_by_mta(command::header{"X", "  a"}, option::leading_space) == raw('L', "X\0  a\0"sv));
}

TEST_CASE("H16 with the spaces left in, the line is as it stood in the message") {
    for (const auto value : {" a"sv, "a"sv, "  a"sv, "\ta"sv, "\n <x@y>"sv, ""sv, " "sv}) {
        const auto payload = std::string{"Message-ID\0"sv}.append(value).append(1, '\0');
        CHECK(line_of(payload, option::leading_space) == std::string{"Message-ID:"}.append(value));
    }
    CHECK(line_of("X\0a\0"sv, option::none) == "X:a");  // whether there was a space, nobody knows
}

TEST_CASE("H17 a filter supplies the space of its header fields where that was agreed, and only there") {
    CHECK(sent_by_filter(reply::add_header{"A", "b"}) == raw('h', "A\0b\0"sv));
    CHECK(sent_by_filter(reply::add_header{"A", "b"}, option::leading_space) == raw('h', "A\0 b\0"sv));
    CHECK(sent_by_filter(reply::insert_header{0, "A", "b"}, option::leading_space) ==
          raw('i', "\0\0\0\0A\0 b\0"sv));
    CHECK(sent_by_filter(reply::change_header{1, "A", "b"}, option::leading_space) ==
          raw('m', "\0\0\0\1A\0 b\0"sv));
}

TEST_CASE("H18 white space of a value is part of it") {
    CHECK(heard_field("X\0 \t a \t\0"sv) == lines{R"(header name="X" value=" \t a \t")"});
    CHECK(heard_field("X\0  a  \0"sv, option::leading_space) ==
          lines{R"(header name="X" value=" a  " space=" ")"});
    CHECK(sent_by_mta(command::header{"X", "a \t "}) == raw('L', "X\0a \t \0"sv));
}

TEST_CASE("H19 a value that isn't UTF-8 is sent as it is") {
    CHECK(sent_by_mta(command::header{"X", "\xe9"}) == raw('L', "X\0\xe9\0"sv));
    CHECK(sent_by_filter(reply::add_header{"X", "\xe9\xff"}) == raw('h', "X\0\xe9\xff\0"sv));
}

TEST_CASE("H20 a value that isn't ASCII is heard as it is") {
    CHECK(heard_field("X\0\xe9\xff\x80\0"sv) == lines{R"(header name="X" value="\xe9\xff\x80")"});
}

TEST_CASE("H21 a header field that doesn't fit into a frame is refused, and the next one may come") {
    const std::string huge(70'000, 'x');
    auto p = in_mail();
    CHECK(p.mta_says(command::header{"X", huge}) == errc::too_long);
    CHECK(p.last_to_filter.empty());
    CHECK(p.passes(command::header{"Y", "y"}) == errc::ok);
    CHECK(p.passes(command::end_of_headers{}) == errc::ok);
    CHECK(p.filter_heard == lines{R"(header name="Y" value="y")", "end_of_headers"});
}

TEST_CASE("H22 empty lines of a body are part of it") {
    CHECK(sent_by_mta(command::body{"\r\n\r\nx"}) == raw('B', "\r\n\r\nx"));
    CHECK(changes_of(raw('b', "\r\n\r\nx")).body() == "\r\n\r\nx");
}

TEST_CASE("H23 a new body of nothing is one frame of nothing") {
    CHECK(sent_by_filter(reply::replace_body{}) == "00 00 00 01 62"_hex);
}

TEST_CASE("H24 an MTA takes a new body of nothing, and a new sender with and without arguments") {
    const auto emptied = changes_of(raw('b'));
    CHECK(emptied.replaces_body());
    CHECK(emptied.body().empty());
    CHECK(lines_of(changes_of(raw('e', "<a@b>\0"sv) + raw('e', "<a@b>\0SIZE=1\0"sv))) ==
          lines{R"(change_from sender="<a@b>" args="")", R"(change_from sender="<a@b>" args="SIZE=1")"});
    CHECK(lines_of(changes_of(raw('-', "<A@b>\0"sv))) == lines{R"(delete_rcpt recipient="<A@b>")"});
}

TEST_CASE("H25 a new sender with arguments takes nothing away from a new body") {
    const auto changes = changes_of(raw('e', "<a@b>\0SIZE=1\0"sv) + raw('b', "x") + raw('a'));
    CHECK(changes.body() == "x");
    CHECK(lines_of(changes) == lines{R"(change_from sender="<a@b>" args="SIZE=1")"});
}

TEST_CASE("H26 a recipient that is deleted and added again is told so, in that order") {
    CHECK(lines_of(changes_of(raw('-', "<a@b>\0"sv) + raw('+', "<a@b>\0"sv) + raw('a'))) ==
          lines{R"(delete_rcpt recipient="<a@b>")", R"(add_rcpt recipient="<a@b>")"});
}

TEST_CASE("H27 a thousand changes of one field are a thousand changes, up to the limit") {
    auto p = at_end();
    std::string bytes;
    for (int i = 0; i != 1000; ++i) bytes += raw('m', "\0\0\0\1A\0x\0"sv);
    modifications changes;
    modifications few{100};
    errc wrong = errc::ok;
    for (const auto& event : p.mta.receive(bytes)) {
        CHECK(changes.update(event) == errc::ok);
        wrong = few.update(event);
    }
    CHECK(lines_of(changes).size() == 1000);
    CHECK(wrong == errc::too_long);
}

TEST_CASE("H28 a value can't end the header") {
    for (const auto value : {"a\n\nb"sv, "a\nb"sv, "a\rb"sv, "a\n \nb"sv, "a\n"sv, "\r\n\r\nb"sv}) {
        CHECK(sent_by_filter(reply::add_header{"X", value}) == "refused");
        CHECK(sent_by_filter(reply::insert_header{0, "X", value}) == "refused");
        CHECK(sent_by_filter(reply::change_header{1, "X", value}) == "refused");
    }
    for (const auto value : {"a\n\nb\0"sv, "a\nb\0"sv, "a\rb\0"sv}) {
        auto p = at_end();
        CHECK(error_after(p.mta, raw('h', std::string{"X\0"sv}.append(value))) == errc::bad_header_value);
    }
}

TEST_CASE("H29 no address and no argument has a NUL, a CR or a LF") {
    for (const auto bad : {"<a\0b>"sv, "<a\rb>"sv, "<a\nb>"sv}) {
        CHECK(sent_by_filter(reply::change_from{bad}) == "refused");
        CHECK(sent_by_filter(reply::change_from{"<a@b>", bad}) == "refused");
        CHECK(sent_by_filter(reply::add_rcpt{bad}) == "refused");
        CHECK(sent_by_filter(reply::add_rcpt_par{bad}) == "refused");
        CHECK(sent_by_filter(reply::add_rcpt_par{"<a@b>", bad}) == "refused");
        CHECK(sent_by_filter(reply::delete_rcpt{bad}) == "refused");
    }
    auto p = at_end();
    CHECK(error_after(p.mta, raw('e', "<a\nb>\0"sv)) == errc::bad_text);
}
