// SPDX-License-Identifier: MIT
// When an MTA may use a connection again.
#include <kilter/session.hpp>

#include "support/catch.hpp"
#include "support/pair.hpp"

#include <string>
#include <string_view>

using namespace kilter;
using namespace test;
using namespace std::string_view_literals;

namespace {

/// An MTA with a filter that has the commands up to this one, and has said proceed to all but the last.
mta_session asked(char last, option agreed = option::skip) {
    pair p;
    REQUIRE(p.negotiate(agreed) == errc::ok);
    bool done = false;
    const auto next = [&](char code, const auto& command) {
        if (done) return;
        done = code == last;
        CHECK((done ? p.mta_says(command) : p.passes(command)) == errc::ok);
    };
    next('C', command::connect{"mx"});
    next('H', command::helo{"mx"});
    next('M', command::mail{"<a@b>"});
    next('R', command::rcpt{"<c@d>"});
    next('T', command::data{});
    next('L', command::header{"A", "1"});
    next('N', command::end_of_headers{});
    next('B', command::body{"x\r\n"});
    next('E', command::end_of_message{});
    REQUIRE(done);
    return p.mta;
}

struct row {
    char last;
    std::string_view leave;  ///< the replies after which the connection may be used again
    std::string_view hold;   ///< and those after which not
};

// Protocol facts 5.4 and 9.2.
constexpr row rows[] = {
    {'C', "cds", "art4p"}, {'H', "cds", "art4p"}, {'M', "artd", "cs4p"},
    {'R', "ad", "crts4p"}, {'T', "ad", "crts4p"}, {'L', "artd", "cs4p"},
    {'N', "artd", "cs4p"}, {'B', "artd", "cs4p"}, {'E', "cartds", "4p"},
};

}  // namespace

TEST_CASE("a connection may be used again between messages") {
    for (const auto& row : rows) {
        const auto before = asked(row.last);
        CHECK_FALSE(before.reusable());
        const auto codes = std::string{row.leave}.append(row.hold);
        for (const char code : codes) {
            INFO(code << " to " << row.last);
            auto after = before;
            heard(after, raw(code));
            CHECK(after.error() == errc::ok);
            CHECK(after.reusable() == (row.leave.find(code) != row.leave.npos));
        }
    }
}

TEST_CASE("an abort makes a connection reusable, and so does a quit without a new connection") {
    auto s = asked('R');
    std::string out;
    heard(s, raw('c'));
    CHECK_FALSE(s.reusable());
    auto t = s;
    s.send(command::abort{}, out);
    CHECK(s.reusable());
    t.send(command::quit_nc{}, out);
    CHECK(t.reusable());
}

TEST_CASE("a connection may be used once the offer is answered, and not before") {
    mta_session s;
    std::string out;
    CHECK_FALSE(s.reusable());
    s.send(command::negotiate{}, out);
    CHECK_FALSE(s.reusable());
    heard(s, bytes_of(reply::negotiate{}));
    CHECK(s.reusable());
    s.send(command::unknown{"FOO"}, out);
    CHECK_FALSE(s.reusable());
    heard(s, raw('r'));
    CHECK(s.reusable());
}

TEST_CASE("a connection may not be used again after quit, an error, or the end of the other side") {
    std::string out;
    auto quit = asked('H', option::silent_helo);
    CHECK(quit.reusable());
    quit.send(command::quit{}, out);
    CHECK_FALSE(quit.reusable());

    auto wrong = asked('H', option::silent_helo);
    heard(wrong, raw('c'));
    CHECK_FALSE(wrong.reusable());

    auto gone = asked('H', option::silent_helo);
    CHECK(gone.finish() == errc::ok);
    CHECK_FALSE(gone.reusable());
}

TEST_CASE("a connection may not be used again with a piece of a frame behind the verdict") {
    auto together = asked('E');
    heard(together, raw('c') + "x");
    CHECK_FALSE(together.reusable());

    auto apart = asked('E');
    heard(apart, raw('c'));
    CHECK(apart.reusable());
    heard(apart, "\0"sv);
    CHECK_FALSE(apart.reusable());
}

TEST_CASE("a connection isn't reusable while the loop is at a verdict that bytes follow") {
    auto s = asked('E');
    const auto bytes = raw('c') + raw('c');
    bool checked = false;
    for (const auto& event : s.receive(bytes)) {
        if (!std::holds_alternative<reply::proceed>(event)) continue;
        CHECK_FALSE(s.reusable());
        checked = true;
    }
    CHECK(checked);
}
