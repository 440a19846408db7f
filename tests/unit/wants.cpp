// SPDX-License-Identifier: MIT
// Which commands an MTA would send now: asked first, and then tried.
#include <kilter/session.hpp>

#include "support/catch.hpp"
#include "support/pair.hpp"

#include <cstdint>
#include <functional>
#include <string>
#include <string_view>

using namespace kilter;
using namespace test;

namespace {

/// Calls f(code, command) for one command of each kind.
template <class F>
void for_each_command(F f) {
    f('C', command::connect{"mx"});
    f('H', command::helo{"mx"});
    f('M', command::mail{"<a@b>"});
    f('R', command::rcpt{"<c@d>"});
    f('T', command::data{});
    f('U', command::unknown{"FOO"});
    f('L', command::header{"A", "1"});
    f('N', command::end_of_headers{});
    f('B', command::body{"x\r\n"});
    f('E', command::end_of_message{});
    f('A', command::abort{});
    f('Q', command::quit{});
    f('K', command::quit_nc{});
}

/// The codes of the commands behind connect that the MTA would send, each tried on a copy of the session:
/// one that may be sent now is written if it is wanted and left out if not, and so are its macros.
std::string wanted(const mta_session& session) {
    std::string codes;
    for_each_command([&](char code, const auto& command) {
        if (code == 'C') return;
        INFO(code);
        const bool wants = session.wants(command);
        if (wants) codes.push_back(code);

        std::string out;
        auto copy = session;
        if (copy.send(command, out) == errc::ok) CHECK(out.empty() != wants);

        if (std::string_view{"AQK"}.find(code) != std::string_view::npos) return;
        out.clear();
        copy = session;
        CHECK(session.wants(command::macro{code}) == wants);
        if (copy.send(command::macro{code}, out) == errc::ok) CHECK(out.empty() != wants);
    });
    return codes;
}

/// An MTA that has said one of each command from connect up to this one, and got proceed for all of them but
/// the last, and this reply for that one.
mta_session after(char last, char reply = 'c', option agreed = option::skip, std::uint32_t version = 6) {
    pair p;
    REQUIRE(p.mta_says(command::negotiate{}) == errc::ok);
    REQUIRE(p.filter_says(reply::negotiate{version, all_actions, agreed}) == errc::ok);
    bool done = false;
    for_each_command([&](char code, const auto& command) {
        if (done) return;
        done = code == last;
        CHECK((done ? p.mta_says(command) : p.passes(command)) == errc::ok);
    });
    REQUIRE(done);
    if (p.mta.state().reply_due()) heard(p.mta, raw(reply));
    CHECK(p.mta.error() == errc::ok);
    return p.mta;
}

constexpr auto all = "HMRTULNBEAQK";
constexpr auto no_content = "HMUAQK";  // nothing of this message
constexpr auto only_quit = "QK";

}  // namespace

TEST_CASE("an MTA wants to say everything to a filter that leaves nothing out") {
    for (const char last : {'C', 'H', 'M', 'R', 'T', 'U', 'L', 'N', 'B', 'E', 'A'})
        CHECK(wanted(after(last)) == all);
}

TEST_CASE("what a filter leaves out isn't wanted, and end of message always is [N19]") {
    const auto without = [](option agreed) { return wanted(after('R', 'c', agreed)); };
    CHECK(without(option::no_connect) == "HMRTULNBEAQK");
    CHECK(without(option::no_helo) == "MRTULNBEAQK");
    CHECK(without(option::no_mail) == "HRTULNBEAQK");
    CHECK(without(option::no_rcpt) == "HMTULNBEAQK");
    CHECK(without(option::no_data) == "HMRULNBEAQK");
    CHECK(without(option::no_unknown) == "HMRTLNBEAQK");
    CHECK(without(option::no_headers) == "HMRTUNBEAQK");
    CHECK(without(option::no_end_of_headers) == "HMRTULBEAQK");
    CHECK(without(option::no_body) == "HMRTULNEAQK");
    CHECK(without(option{0x37f}) == "EAQK");

    for (const auto agreed : {option::none, option::no_connect}) {
        pair p;
        REQUIRE(p.negotiate(agreed) == errc::ok);
        CHECK(p.mta.wants(command::connect{}) == (agreed == option::none));
        CHECK(p.mta.wants(command::macro{'C'}) == (agreed == option::none));
        CHECK(p.passes(command::connect{"mx"}) == errc::ok);
        CHECK(p.last_to_filter.empty() == (agreed == option::no_connect));
    }
}

TEST_CASE("a silent command is wanted like any other") {
    CHECK(wanted(after('R', 'c', option{0xff080})) == all);
}

TEST_CASE("a command that came with a later version isn't wanted [N09]") {
    CHECK(wanted(after('C', 'c', option::none, 2)) == "HMRLNBEAQK");
    CHECK(wanted(after('C', 'c', option::none, 3)) == "HMRULNBEAQK");
    CHECK(wanted(after('C', 'c', option::none, 4)) == all);
    CHECK(wanted(after('C', 'c', option::none, 5)) == all);
}

TEST_CASE("once the connection is accepted or refused, only quit is wanted [S22]") {
    for (const char last : {'C', 'H'})
        for (const char reply : {'a', 'r', 't'}) CHECK(wanted(after(last, reply)) == only_quit);
    for (const char last : {'C', 'H', 'M', 'R', 'T', 'U', 'L', 'N', 'B', 'E'})
        CHECK(wanted(after(last, '4')) == only_quit);
}

TEST_CASE("once a message is accepted, refused or discarded, nothing more of it is wanted [S21, S22]") {
    for (const char last : {'M', 'L', 'N', 'B'})
        for (const char reply : {'a', 'r', 't', 'd'}) CHECK(wanted(after(last, reply)) == no_content);
    for (const char last : {'R', 'T'})
        for (const char reply : {'a', 'd'}) CHECK(wanted(after(last, reply)) == no_content);
}

TEST_CASE("after a refused recipient, and after a refused DATA, the message goes on [S20]") {
    for (const char last : {'R', 'T'})
        for (const char reply : {'r', 't'}) CHECK(wanted(after(last, reply)) == all);
}

TEST_CASE("the answer to an unknown command ends nothing, nor does discarding a connection") {
    for (const char reply : {'a', 'r', 't', 'd', 's'}) CHECK(wanted(after('U', reply)) == all);
    for (const char last : {'C', 'H'}) CHECK(wanted(after(last, 'd')) == all);
}

TEST_CASE("a skipped kind isn't wanted any more, for this message [S17, S18]") {
    CHECK(wanted(after('R', 's')) == "HMTULNBEAQK");
    CHECK(wanted(after('L', 's')) == "HMRTUNBEAQK");
    CHECK(wanted(after('B', 's')) == "HMRTULNEAQK");
    for (const char last : {'C', 'H', 'M', 'T', 'N', 'E'}) CHECK(wanted(after(last, 's')) == all);
}

TEST_CASE("with the next MAIL all is wanted again [S24]") {
    for (const char reply : {'a', 'd', 's', 'r'}) {
        auto s = after('L', reply);
        std::string out;
        if (s.state().in_message()) REQUIRE(s.send(command::abort{}, out) == errc::ok);
        REQUIRE(s.send(command::mail{"<>"}, out) == errc::ok);
        heard(s, raw('c'));
        CHECK(wanted(s) == all);
    }
}

TEST_CASE(
    "what was skipped in a message is wanted, written and answered in the next one, though it begins it") {
    const auto header = [](pair& p) { return p.mta_says(command::header{"A", "1"}); };
    const auto aborted = [](pair& p) { REQUIRE(p.mta_says(command::abort{}) == errc::ok); };
    const auto finished = [](pair& p) { REQUIRE(p.passes(command::end_of_message{}) == errc::ok); };
    for (const auto& ends : {std::function<void(pair&)>{aborted}, std::function<void(pair&)>{finished}}) {
        pair p;
        REQUIRE(p.negotiate(option::no_mail | option::no_rcpt | option::skip) == errc::ok);
        REQUIRE(p.passes(command::connect{"mx"}) == errc::ok);
        REQUIRE(header(p) == errc::ok);
        REQUIRE(p.filter_says(reply::skip{}) == errc::ok);
        CHECK_FALSE(p.mta.wants(command::header{"A", "1"}));
        ends(p);
        CHECK(p.mta.wants(command::header{"A", "1"}));
        p.forget();
        CHECK(header(p) == errc::ok);
        CHECK(p.filter_heard == lines{R"(header name="A" value="1")"});
        CHECK(p.mta.now() == todo::wait);
        CHECK(p.filter.state().reply_due());
    }
}

TEST_CASE("nothing is wanted of a session that is closed") {
    CHECK(wanted(after('Q')) == "");
    auto s = after('M');
    heard(s, raw('?'));
    CHECK(wanted(s) == "");
    auto t = after('M');
    CHECK(t.finish() == errc::ok);
    CHECK(wanted(t) == "");
}

TEST_CASE("the macros of a command that isn't in the protocol are wanted while the connection lasts") {
    CHECK(after('C').wants(command::macro{'Z'}));
    CHECK_FALSE(after('C', 'a').wants(command::macro{'Z'}));
    CHECK_FALSE(after('Q').wants(command::macro{'Z'}));
}

TEST_CASE("nothing is wanted of a connection that is over, not even connect and its macros") {
    pair p;
    REQUIRE(p.negotiate() == errc::ok);
    p.mta_says(command::unknown{"FOO"});
    heard(p.mta, raw('4'));
    CHECK(p.mta.now() == todo::hang_up);
    CHECK_FALSE(p.mta.wants(command::connect{}));
    for (const char of : {'C', 'O', 'Q', 'K'}) CHECK_FALSE(p.mta.wants(command::macro{of}));
    CHECK(p.mta_says(command::connect{"mx"}) == errc::ok);
    CHECK(p.last_to_filter.empty());
    CHECK(p.mta.wants(command::quit{}));
}
