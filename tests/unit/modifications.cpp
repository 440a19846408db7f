// SPDX-License-Identifier: MIT
// What a filter wants changed: kept in order until the verdict, and gone with the next one.
#include <kilter/modifications.hpp>

#include <kilter/describe.hpp>
#include <kilter/session.hpp>

#include "support/catch.hpp"
#include "support/pair.hpp"

#include <iterator>
#include <ranges>
#include <string>
#include <string_view>

using namespace kilter;
using namespace test;
using namespace std::string_view_literals;

namespace {

/// Everything but the new body, as describe() shows it.
lines described(const modifications& changes) {
    lines all;
    for (const auto& change : changes) all.push_back(describe(change));
    return all;
}

/// The same change in every message: ten bytes as a frame.
constexpr reply::add_header ten_bytes{"A", "xy"};
static_assert(encoded_size(ten_bytes) == 10);

/// Modifications of all kinds, and no verdict yet.
modifications filled() {
    modifications changes;
    CHECK(changes.update(reply::add_header{"A", "1"}) == errc::ok);
    CHECK(changes.update(reply::replace_body{"new"}) == errc::ok);
    return changes;
}

bool kept(const modifications& changes) { return !changes.empty() && changes.replaces_body(); }

/// The filter says these, one by one, and the MTA keeps what it hears.
template <class... M>
errc say(pair& p, modifications& changes, const M&... replies) {
    std::string bytes;
    auto wrong = errc::ok;
    (static_cast<void>(p.filter.send(replies, bytes)), ...);
    for (const auto& event : p.mta.receive(bytes))
        if (const auto e = changes.update(event); e != errc::ok) wrong = e;
    return wrong;
}

/// A message, complete, its verdict due. Every event goes to the modifications.
void say_message(pair& p, modifications& changes) {
    const auto passes = [&](const auto& command) {
        REQUIRE(p.mta_says(command) == errc::ok);
        REQUIRE(say(p, changes, reply::proceed{}) == errc::ok);
    };
    if (p.mta.state().at() == phase::negotiated) passes(command::connect{"mx"});
    passes(command::mail{"<a@b>"});
    passes(command::rcpt{"<c@d>"});
    REQUIRE(p.mta_says(command::end_of_message{}) == errc::ok);
}

}  // namespace

TEST_CASE("there is nothing to change in the beginning") {
    const modifications changes;
    CHECK(changes.empty());
    CHECK(changes.begin() == changes.end());
    CHECK_FALSE(changes.replaces_body());
    CHECK(changes.body().empty());
}

// Protocol facts 5.6.
TEST_CASE("modifications are kept in the order in which they came, and the body apart") {
    modifications changes;
    CHECK(changes.update(reply::change_header{2, "B", ""}) == errc::ok);
    CHECK(changes.update(reply::add_header{"A", "1", " "}) == errc::ok);
    CHECK(changes.update(reply::replace_body{"one"}) == errc::ok);
    CHECK(changes.update(reply::insert_header{0, "C", "2"}) == errc::ok);
    CHECK(changes.update(reply::change_from{"<x@y>", "RET=HDRS"}) == errc::ok);
    CHECK(changes.update(reply::replace_body{"two"}) == errc::ok);
    CHECK(changes.update(reply::delete_rcpt{"<d@e>"}) == errc::ok);
    CHECK(changes.update(reply::add_rcpt{"<d@e>"}) == errc::ok);
    CHECK(changes.update(reply::add_rcpt_par{"<f@g>", "NOTIFY=NEVER"}) == errc::ok);
    CHECK(changes.update(reply::quarantine{"why"}) == errc::ok);
    CHECK(changes.update(reply::change_from{"<>"}) == errc::ok);
    CHECK(changes.update(reply::add_header{"A", "1"}) == errc::ok);
    CHECK(changes.update(reply::accept{}) == errc::ok);
    CHECK(described(changes) ==
          lines{R"(change_header index=2 name="B" value="")", R"(add_header name="A" value="1" space=" ")",
                R"(insert_header index=0 name="C" value="2")",
                R"(change_from sender="<x@y>" args="RET=HDRS")", R"(delete_rcpt recipient="<d@e>")",
                R"(add_rcpt recipient="<d@e>")", R"(add_rcpt_par recipient="<f@g>" args="NOTIFY=NEVER")",
                R"(quarantine reason="why")", R"(change_from sender="<>" args="")",
                R"(add_header name="A" value="1")"});
    CHECK(changes.replaces_body());
    CHECK(changes.body() == "onetwo");
}

TEST_CASE("modifications are a forward range") {
    static_assert(std::ranges::forward_range<modifications>);
    static_assert(std::is_same_v<std::ranges::range_value_t<modifications>, reply::any>);

    modifications changes;
    changes.update(reply::add_rcpt{"<a>"});
    changes.update(reply::add_rcpt{"<b>"});
    auto at = changes.begin();
    const auto before = at++;
    CHECK(before == changes.begin());
    CHECK(before != at);
    CHECK(*before == reply::any{reply::add_rcpt{"<a>"}});
    CHECK(*at == reply::any{reply::add_rcpt{"<b>"}});
    CHECK(at != changes.end());
    CHECK(++at == changes.end());
    CHECK(described(changes) == described(changes));
}

TEST_CASE("a body is put together from its pieces, any bytes in them, and empty ones count") {
    modifications changes;
    CHECK(changes.update(reply::replace_body{}) == errc::ok);
    CHECK(changes.replaces_body());
    CHECK_FALSE(changes.empty());
    CHECK(changes.body().empty());
    CHECK(changes.begin() == changes.end());
    CHECK(changes.update(reply::replace_body{"a\r"}) == errc::ok);
    CHECK(changes.update(reply::replace_body{}) == errc::ok);
    CHECK(changes.update(reply::replace_body{"\n\0\xff"sv}) == errc::ok);
    CHECK(changes.body() == "a\r\n\0\xff"sv);
    CHECK(changes.begin() == changes.end());
}

TEST_CASE("modifications are kept by the verdicts that deliver the message") {
    const auto kept_by = [](const auto& verdict) {
        auto changes = filled();
        CHECK(changes.update(verdict) == errc::ok);
        return kept(changes);
    };
    CHECK(kept_by(reply::proceed{}));
    CHECK(kept_by(reply::accept{}));
    CHECK(kept_by(reply::skip{}));  // Postfix takes it for proceed
}

TEST_CASE("modifications are void with any other verdict") {
    const auto emptied_by = [](const auto& verdict) {
        auto changes = filled();
        CHECK(changes.update(verdict) == errc::ok);
        CHECK(changes.begin() == changes.end());
        CHECK(changes.body().empty());
        return changes.empty() && !changes.replaces_body();
    };
    CHECK(emptied_by(reply::reject{}));
    CHECK(emptied_by(reply::tempfail{}));
    CHECK(emptied_by(reply::discard{}));
    CHECK(emptied_by(reply::reply_code{"550 No"}));
    CHECK(emptied_by(reply::reply_code{"421 Bye"}));
    CHECK(emptied_by(reply::shutdown{}));
}

TEST_CASE("what is no verdict leaves modifications alone") {
    auto changes = filled();
    CHECK(changes.update(reply::progress{}) == errc::ok);
    CHECK(changes.update(protocol_error{}) == errc::ok);
    CHECK(changes.update(mta_session::event{protocol_error{}}) == errc::ok);
    CHECK(kept(changes));
    CHECK(changes.update(reply::accept{}) == errc::ok);
    CHECK(changes.update(reply::progress{}) == errc::ok);
    CHECK(kept(changes));
}

TEST_CASE("the next verdict is about another message, and so is the next modification") {
    auto changes = filled();
    changes.update(reply::accept{});
    CHECK(kept(changes));
    changes.update(reply::proceed{});
    CHECK(changes.empty());
    CHECK_FALSE(changes.replaces_body());

    changes = filled();
    changes.update(reply::accept{});
    changes.update(reply::add_header{"B", "2"});
    CHECK(described(changes) == lines{R"(add_header name="B" value="2")"});
    CHECK_FALSE(changes.replaces_body());
    changes.update(reply::add_header{"C", "3"});
    CHECK(described(changes).size() == 2);

    changes = filled();
    changes.update(reply::accept{});
    changes.update(reply::replace_body{"other"});
    CHECK(changes.body() == "other");
    CHECK(changes.begin() == changes.end());
}

TEST_CASE("verdicts before the first modification change nothing") {
    modifications changes;
    for (int i = 0; i != 3; ++i) CHECK(changes.update(reply::proceed{}) == errc::ok);
    changes.update(reply::add_header{"A", "1"});
    changes.update(reply::add_header{"B", "2"});
    changes.update(reply::proceed{});
    CHECK(described(changes).size() == 2);
}

TEST_CASE("modifications can be dropped by hand") {
    auto changes = filled();
    changes.clear();
    CHECK(changes.empty());
    CHECK(changes.begin() == changes.end());
    CHECK_FALSE(changes.replaces_body());
    CHECK(changes.body().empty());
    changes.update(reply::add_header{"B", "2"});
    changes.update(reply::proceed{});
    CHECK(described(changes).size() == 1);
}

TEST_CASE("modifications up to the limit are kept, and one byte more is too much") {
    modifications fits{30};
    for (int i = 0; i != 3; ++i) CHECK(fits.update(ten_bytes) == errc::ok);
    CHECK(fits.update(reply::accept{}) == errc::ok);
    CHECK(described(fits).size() == 3);

    modifications short_of_one{29};
    CHECK(short_of_one.update(ten_bytes) == errc::ok);
    CHECK(short_of_one.update(ten_bytes) == errc::ok);
    CHECK(short_of_one.update(ten_bytes) == errc::too_long);
    CHECK(short_of_one.update(reply::accept{}) == errc::too_long);

    modifications nothing{0};
    CHECK(nothing.update(ten_bytes) == errc::too_long);
}

TEST_CASE("a body counts for the limit, together with the rest") {
    const std::string big(1000, 'x');
    modifications body{1100};
    CHECK(body.update(reply::replace_body{big}) == errc::ok);
    CHECK(body.update(reply::replace_body{big}) == errc::too_long);

    modifications header_first{1100};
    CHECK(header_first.update(reply::add_header{"A", big}) == errc::ok);
    CHECK(header_first.update(reply::replace_body{big}) == errc::too_long);

    modifications body_first{1100};
    CHECK(body_first.update(reply::replace_body{big}) == errc::ok);
    CHECK(body_first.update(reply::add_header{"A", big}) == errc::too_long);

    modifications too_small{999};
    CHECK(too_small.update(reply::replace_body{big}) == errc::too_long);
}

TEST_CASE("once they are over the limit, modifications stay so up to the verdict") {
    modifications changes{20};
    CHECK(changes.update(ten_bytes) == errc::ok);
    CHECK(changes.update(reply::add_header{"A", "a longer one"}) == errc::too_long);
    CHECK(changes.update(ten_bytes) == errc::too_long);  // it would fit
    CHECK(changes.update(reply::replace_body{}) == errc::too_long);
    CHECK(changes.update(reply::proceed{}) == errc::too_long);

    // The next message is another one.
    CHECK(changes.update(ten_bytes) == errc::ok);
    CHECK(changes.update(ten_bytes) == errc::ok);
    CHECK(changes.update(reply::proceed{}) == errc::ok);
    CHECK(described(changes).size() == 2);
}

TEST_CASE("the limit is for one message, and begins anew with the next one") {
    modifications changes{10};
    for (int i = 0; i != 5; ++i) {
        CHECK(changes.update(ten_bytes) == errc::ok);
        CHECK(changes.update(reply::accept{}) == errc::ok);
        CHECK(described(changes).size() == 1);
        CHECK(changes.update(reply::proceed{}) == errc::ok);  // to MAIL
    }
}

TEST_CASE("a message over the limit may be refused all the same") {
    modifications changes{5};
    CHECK(changes.update(ten_bytes) == errc::too_long);
    CHECK(changes.update(reply::reject{}) == errc::ok);
    CHECK(changes.empty());

    // One that was too long from its first modification on is forgotten with the next verdict.
    CHECK(changes.update(ten_bytes) == errc::too_long);
    CHECK(changes.update(reply::accept{}) == errc::too_long);
    CHECK(changes.update(reply::proceed{}) == errc::ok);
    CHECK(changes.empty());
}

TEST_CASE("by default 64 MB are kept") {
    CHECK(modifications::default_limit == 67'108'864);
    const std::string piece(1'000'000, 'x');
    modifications changes;
    for (int i = 0; i != 67; ++i) CHECK(changes.update(reply::replace_body{piece}) == errc::ok);
    CHECK(changes.body().size() == 67'000'000);
    CHECK(changes.update(reply::replace_body{piece}) == errc::too_long);
}

TEST_CASE("the space after the colon is kept as the MTA heard it") {
    const auto headers = [](option agreed, std::string_view payload) {
        pair p;
        modifications changes;
        REQUIRE(p.negotiate(agreed) == errc::ok);
        say_message(p, changes);
        const auto frame = raw('h', payload);
        std::string text;
        for (const auto& event : p.mta.receive(frame)) {
            const auto& heard_one = std::get<reply::add_header>(event);
            text.append(heard_one.space).append("|").append(heard_one.value);
            changes.update(event);
        }
        const auto kept_one = std::get<reply::add_header>(*changes.begin());
        CHECK(text == std::string{kept_one.space}.append("|").append(kept_one.value));
        return text;
    };
    constexpr auto with = option::leading_space;
    constexpr auto without = option::none;
    CHECK(headers(without, "X\0v\0"sv) == " |v");
    CHECK(headers(without, "X\0 v\0"sv) == " | v");
    CHECK(headers(without, "X\0\tv\0"sv) == " |\tv");
    CHECK(headers(without, "X\0\0"sv) == " |");
    CHECK(headers(with, "X\0v\0"sv) == "|v");
    CHECK(headers(with, "X\0 v\0"sv) == " |v");
    CHECK(headers(with, "X\0  v\0"sv) == " | v");
    CHECK(headers(with, "X\0\tv\0"sv) == "|\tv");
    CHECK(headers(with, "X\0 \0"sv) == " |");
    CHECK(headers(with, "X\0\0"sv) == "|");
}

TEST_CASE("the space is kept in all three kinds of header changes") {
    modifications changes;
    changes.update(reply::add_header{"A", "v", " "});
    changes.update(reply::insert_header{3, "B", "v", " "});
    changes.update(reply::change_header{2, "C", "v", " "});
    CHECK(described(changes) == lines{R"(add_header name="A" value="v" space=" ")",
                                      R"(insert_header index=3 name="B" value="v" space=" ")",
                                      R"(change_header index=2 name="C" value="v" space=" ")"});
}

TEST_CASE("an MTA keeps the modifications of each message on a connection for itself") {
    pair p;
    modifications changes;
    REQUIRE(p.negotiate() == errc::ok);

    say_message(p, changes);
    CHECK(say(p, changes, reply::add_header{"A", "1"}, reply::replace_body{"first "},
              reply::replace_body{"body"}, reply::add_rcpt{"<x@y>"}, reply::accept{}) == errc::ok);
    CHECK(p.mta.now() == todo::deliver);
    CHECK(described(changes) ==
          lines{R"(add_header name="A" value="1" space=" ")", R"(add_rcpt recipient="<x@y>")"});
    CHECK(changes.body() == "first body");

    say_message(p, changes);
    CHECK(say(p, changes, reply::change_header{1, "B", ""}, reply::replace_body{}, reply::proceed{}) ==
          errc::ok);
    CHECK(p.mta.now() == todo::deliver);
    CHECK(described(changes) == lines{R"(change_header index=1 name="B" value="")"});
    CHECK(changes.replaces_body());
    CHECK(changes.body().empty());

    say_message(p, changes);
    CHECK(say(p, changes, reply::add_header{"C", "3"}, reply::reject{}) == errc::ok);
    CHECK(p.mta.now() == todo::refuse_message);
    CHECK(changes.empty());

    say_message(p, changes);
    CHECK(say(p, changes, reply::proceed{}) == errc::ok);
    CHECK(p.mta.now() == todo::deliver);
    CHECK(changes.empty());
}

TEST_CASE("an MTA may give modifications only what comes after end of message") {
    pair p;
    modifications changes;
    modifications every_event;
    REQUIRE(p.negotiate() == errc::ok);
    for (int i = 0; i != 3; ++i) {
        say_message(p, every_event);
        CHECK(say(p, changes, reply::replace_body{"x"}, reply::accept{}) == errc::ok);
        CHECK(changes.body() == "x");
    }
}

TEST_CASE("modifications over the limit are said to be so up to the verdict") {
    modifications changes{1};
    CHECK(changes.update(ten_bytes) == errc::too_long);
    CHECK(changes.update(reply::progress{}) == errc::too_long);
    CHECK(changes.update(reply::accept{}) == errc::too_long);
    CHECK(changes.update(reply::proceed{}) == errc::ok);  // of the next message
}

TEST_CASE("of a body, the limit counts what is in it") {
    modifications changes{10};
    CHECK(changes.update(reply::replace_body{"01234"}) == errc::ok);
    CHECK(changes.update(reply::replace_body{"56789"}) == errc::ok);
    CHECK(changes.update(reply::replace_body{"x"}) == errc::too_long);
}
