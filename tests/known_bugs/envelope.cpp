// SPDX-License-Identifier: MIT
// Known bugs of others, 1.3: the sender, the recipients, and their ESMTP arguments.
#include <kilter.hpp>

#include "known_bugs/sides.hpp"

using namespace kilter;
using namespace test;
using namespace std::string_view_literals;

namespace {

/// What a filter hears after HELO, or after MAIL and RCPT.
lines after_helo(std::string_view bytes) {
    auto p = greeted();
    return heard(p.filter, bytes);
}
lines after_rcpt(std::string_view bytes) {
    auto p = in_mail();
    return heard(p.filter, bytes);
}

/// A proxy: it is a filter for one MTA, and an MTA for another filter. What does the latter hear?
lines through_a_proxy(std::string_view bytes) {
    auto front = greeted();
    auto back = greeted();
    for (const auto& event : front.filter.receive(bytes))
        match(
            event, [&](const command::mail& mail) { CHECK(back.mta_says(mail) == errc::ok); },
            [](const auto&) { FAIL("not MAIL"); });
    return back.filter_heard;
}

}  // namespace

TEST_CASE("X37 the sender is the first text alone") {
    CHECK(after_helo(raw('M', "<a@b>\0SIZE=1\0"sv)) == lines{R"(mail sender="<a@b>" args=["SIZE=1"])"});
}

TEST_CASE("X38 all ESMTP arguments are there, not the first alone") {
    CHECK(after_helo(raw('M', "<a@b>\0SIZE=1\0BODY=8BITMIME\0SMTPUTF8\0"sv)) ==
          lines{R"(mail sender="<a@b>" args=["SIZE=1" "BODY=8BITMIME" "SMTPUTF8"])"});
}

TEST_CASE("X39 what follows a recipient is no recipient, and empty arguments come to an end") {
    CHECK(after_rcpt(raw('R', "<a@b>\0NOTIFY=NEVER\0\0"sv)) ==
          lines{R"(rcpt recipient="<a@b>" args=["NOTIFY=NEVER" ""])"});
    CHECK(after_rcpt(raw('R', "<a@b>\0\0\0\0"sv)) == lines{R"(rcpt recipient="<a@b>" args=["" "" ""])"});
}

TEST_CASE("X40 an argument with a second equals sign is an argument") {
    CHECK(after_rcpt(raw('R', "<a@b>\0ORCPT=rfc822;x=y@z\0"sv)) ==
          lines{R"(rcpt recipient="<a@b>" args=["ORCPT=rfc822;x=y@z"])"});
}

TEST_CASE("X41 a comma ends no argument") {
    auto p = in_mail();
    const auto args = pack_texts({"ORCPT=rfc822;a,b@c"});
    CHECK(p.mta_says(command::rcpt{"<a@b>", args}) == errc::ok);
    CHECK(p.last_to_filter == raw('R', "<a@b>\0ORCPT=rfc822;a,b@c\0"sv));
    CHECK(p.filter_heard == lines{R"(rcpt recipient="<a@b>" args=["ORCPT=rfc822;a,b@c"])"});
}

TEST_CASE("X42 an argument arrives whole, as the client typed it") {
    const auto long_one = "ORCPT=rfc822;" + std::string(60, 'a') + "+2B@x";
    auto p = in_mail();
    const auto args = pack_texts({"NOTIFY=SUCCESS,FAILURE", long_one});
    CHECK(p.mta_says(command::rcpt{"<a@b>", args}) == errc::ok);
    CHECK(p.filter_heard ==
          lines{R"(rcpt recipient="<a@b>" args=["NOTIFY=SUCCESS,FAILURE" ")" + long_one + "\"]"});
}

TEST_CASE("X43 an address in UTF-8 is one text, and its arguments are others") {
    auto p = greeted();
    const auto args = pack_texts({"SMTPUTF8"});
    CHECK(p.mta_says(command::mail{"<\xc3\xa9@b>", args}) == errc::ok);
    CHECK(p.last_to_filter == raw('M', "<\xc3\xa9@b>\0SMTPUTF8\0"sv));
    CHECK(p.filter_heard == lines{R"(mail sender="<\xc3\xa9@b>" args=["SMTPUTF8"])"});
}

TEST_CASE("X44 a proxy passes on all arguments, if it passes on what it hears") {
    CHECK(through_a_proxy(raw('M', "<a@b>\0SIZE=1\0BODY=8BITMIME\0"sv)) ==
          lines{R"(mail sender="<a@b>" args=["SIZE=1" "BODY=8BITMIME"])"});
}

TEST_CASE("X45 brackets are left in the message, and taken off where they are a pair") {
    CHECK(after_rcpt(raw('R', "<A@b>\0"sv)) == lines{R"(rcpt recipient="<A@b>" args=[])"});
    CHECK(after_rcpt(raw('R', "A@b\0"sv)) == lines{R"(rcpt recipient="A@b" args=[])"});
    CHECK(bare_mailbox("<A@b>") == "A@b");
    CHECK(bare_mailbox("A@b") == "A@b");
    CHECK(bare_mailbox("<A@b") == "<A@b");
    CHECK(bare_mailbox("A@b>") == "A@b>");
}

TEST_CASE("X46 the null sender may be a pair of brackets, or nothing") {
    CHECK(after_helo(raw('M', "<>\0"sv)) == lines{R"(mail sender="<>" args=[])"});
    CHECK(after_helo(raw('M', "\0"sv)) == lines{R"(mail sender="" args=[])"});
    CHECK(bare_mailbox("<>").empty());
    CHECK(bare_mailbox("").empty());
}

TEST_CASE("X47 a sender that isn't there at all is the one kind of error that there is") {
    CHECK(after_helo(raw('M')) ==
          lines{R"(payload ends before its last field: code "M", length 1, after greeted)"});
}

TEST_CASE("X49 the null sender keeps its brackets through a proxy, and can't lose them in a change") {
    CHECK(through_a_proxy(raw('M', "<>\0"sv)) == lines{R"(mail sender="<>" args=[])"});
    auto p = at_end();
    CHECK(p.filter_says(reply::change_from{""}) == errc::bad_address);
    CHECK(p.filter_says(reply::change_from{"<>"}) == errc::ok);
    CHECK(p.mta_heard == lines{R"(change_from sender="<>" args="")"});
}
