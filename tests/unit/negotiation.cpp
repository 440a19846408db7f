// SPDX-License-Identifier: MIT
// What a filter takes of an offer.
#include <kilter/negotiation.hpp>

#include <kilter/codec.hpp>
#include <kilter/session.hpp>

#include "support/catch.hpp"
#include "support/pair.hpp"

#include <string>
#include <string_view>

using namespace kilter;
using namespace test;
using namespace std::string_view_literals;

namespace {

/// What comes out of an offer in version 6.
constexpr reply::negotiate answer_to(action actions, option options, const wishes& wanted) {
    const auto answer = agree({6, actions, options}, wanted);
    return answer ? *answer : reply::negotiate{0};
}

}  // namespace

TEST_CASE("a filter without wishes gets every step and answers every step [N01]") {
    constexpr auto answer = agree(command::negotiate{}, {});
    static_assert(answer.has_value());
    CHECK(*answer == reply::negotiate{6, action::none, option::none, {}});
    std::string bytes;
    CHECK(encode(*answer, bytes) == errc::ok);
    CHECK(bytes == "\0\0\0\x0dO\0\0\0\6\0\0\0\0\0\0\0\0"sv);
}

TEST_CASE("an MTA offers all that there is [N18, X63]") {
    CHECK(bytes_of(command::negotiate{}) == "\0\0\0\x0dO\0\0\0\6\0\0\1\xff\0\x1f\xff\xff"sv);
}

TEST_CASE("the version is the lower one of both [N08, N10, N23]") {
    const auto version = [](std::uint32_t offered) { return agree({.version = offered}, {})->version; };
    CHECK(version(2) == 2);
    CHECK(version(3) == 3);
    CHECK(version(4) == 4);
    CHECK(version(5) == 5);
    CHECK(version(6) == 6);
    CHECK(version(7) == 6);
    CHECK(version(65542) == 6);
    CHECK(version(0xffffffff) == 6);
}

TEST_CASE("offers below version 2 are refused [N08]") {
    CHECK(agree({.version = 0}, {}).error() == errc::version_too_old);
    CHECK(agree({.version = 1}, {}).error() == errc::version_too_old);
}

TEST_CASE("wishes are taken as far as they are offered [N12, N13]") {
    CHECK(answer_to(action::add_headers, option{1}, {.actions = all_actions, .options = all_options}) ==
          reply::negotiate{6, action::add_headers, option::no_connect, {}});
    CHECK(answer_to(all_actions, all_options, {.actions = action::quarantine, .options = option::skip}) ==
          reply::negotiate{6, action::quarantine, option::skip, {}});
}

TEST_CASE("the answer never takes a bit that wasn't offered [N13]") {
    for (std::uint32_t bit = 1; bit != 0; bit <<= 1) {
        const auto all_but = answer_to(action{~bit}, option{~bit},
                                       {.actions = action{0xffffffff}, .options = option{0xffffffff}});
        CHECK_FALSE(has(all_but.actions, action{bit}));
        CHECK_FALSE(has(all_but.options, option{bit}));
        const auto alone = answer_to(action{bit}, option{bit},
                                     {.actions = action{0xffffffff}, .options = option{0xffffffff}});
        CHECK(alone.actions == action{bit});
        CHECK(alone.options == option{bit});
    }
}

TEST_CASE("without an action that is needed, there is no agreement [N12]") {
    constexpr wishes wanted{.needed = action::quarantine};
    CHECK(agree({.actions = action{0x1f}}, wanted).error() == errc::action_not_offered);
    CHECK(answer_to(action{0x3f}, all_options, wanted).actions == action::quarantine);
    CHECK(
        agree({.actions = action::add_headers}, {.needed = action::add_headers | action::add_rcpt}).error() ==
        errc::action_not_offered);
}

TEST_CASE("without an option that is needed, there is no agreement") {
    constexpr wishes wanted{.needed_options = option::leading_space};
    CHECK(agree({.options = option{0x7f}}, wanted).error() == errc::option_not_offered);
    CHECK(answer_to(all_actions, all_options, wanted).options == option::leading_space);
    CHECK(agree({.options = option::skip}, {.needed_options = option::skip | option::no_body}).error() ==
          errc::option_not_offered);
}

TEST_CASE("an offer of nothing stands for the actions and options of version 1 [N11]") {
    CHECK(*agree({2, action{}, option{}}, {.actions = all_actions, .options = all_options}) ==
          reply::negotiate{2, action{0x0f}, option{0x3f}, {}});
    CHECK(agree({2, action{}, option{}}, {.needed = action::change_headers}).error() ==
          errc::action_not_offered);
    // Each of both on its own.
    CHECK(answer_to(action{}, option::skip, {.actions = all_actions, .options = all_options}) ==
          reply::negotiate{6, action{0x0f}, option::skip, {}});
    CHECK(answer_to(action::quarantine, option{}, {.actions = all_actions, .options = all_options}) ==
          reply::negotiate{6, action::quarantine, option{0x3f}, {}});
}

TEST_CASE("a filter's session reads an offer of nothing so, too [N11]") {
    filter_session filter;
    std::string out;
    CHECK(heard(filter, "\0\0\0\x0dO\0\0\0\2\0\0\0\0\0\0\0\0"sv).size() == 1);
    CHECK(filter.state().actions() == action{0x0f});
    CHECK(filter.state().options() == option{0x3f});
    CHECK(filter.send(reply::negotiate{2, action{0x0f}, option{0x3f}}, out) == errc::ok);
}

TEST_CASE("a data size is taken only if it is offered and wanted, and the larger one wins [N25]") {
    constexpr auto both = option::data_256k | option::data_1m;
    CHECK(answer_to({}, all_options, {.options = both}).options == option::none);
    CHECK(answer_to({}, all_options | both, {}).options == option::none);
    CHECK(answer_to({}, all_options | option::data_256k, {.options = both}).options == option::data_256k);
    CHECK(answer_to({}, all_options | both, {.options = both}).options == option::data_1m);
    CHECK(answer_to({}, all_options | both, {.options = option::data_256k}).options == option::data_256k);
    CHECK(data_size(option::none) == 65535);
    CHECK(data_size(option::data_256k) == 262143);
    CHECK(data_size(option::data_1m) == 1048575);
    CHECK(data_size(both) == 1048575);
    CHECK_FALSE(has(all_options, both));
}

TEST_CASE("macro lists go to an MTA that takes them, and to no other [X64]") {
    const auto lists = pack_symbols({{stage::mail, ""}, {stage::rcpt, "i {rcpt_addr}"}});
    const auto answer = answer_to(all_actions, all_options, {.symbols = lists});
    CHECK(answer.actions == action::set_symlist);
    CHECK(answer.symbols.bytes() == lists);
    std::string bytes;
    CHECK(encode(answer, bytes) == errc::ok);
    CHECK(std::string_view{bytes}.substr(17) == "\0\0\0\2\0\0\0\0\3i {rcpt_addr}\0"sv);

    CHECK(answer_to(all_actions, all_options, {.actions = action::add_headers, .symbols = lists}).actions ==
          (action::add_headers | action::set_symlist));

    const auto without = answer_to(action{0xff}, all_options, {.symbols = lists});
    CHECK(without.actions == action::none);
    CHECK(without.symbols.empty());

    // An offer of nothing stands for version 1, which doesn't know them.
    CHECK(answer_to(action{}, all_options, {.symbols = lists}).symbols.empty());
}

TEST_CASE("with macro lists that can't be sent, there is no agreement") {
    const auto twice = pack_symbols({{stage::mail, "i"}, {stage::mail, "j"}});
    CHECK(agree(command::negotiate{}, {.symbols = twice}).error() == errc::bad_symbols);
    const auto cut = twice.substr(0, 3);
    CHECK(agree(command::negotiate{}, {.symbols = cut}).error() == errc::missing_field);
    // Nor would they be sent to an MTA that doesn't take them.
    CHECK(agree({6, action::none, all_options}, {.symbols = twice}).error() == errc::bad_symbols);
}

TEST_CASE("the action for macro lists can be asked for without lists") {
    CHECK(answer_to(all_actions, all_options, {.actions = action::set_symlist}).actions ==
          action::set_symlist);
    CHECK(agree({.actions = action{0xff}}, {.needed = action::set_symlist}).error() ==
          errc::action_not_offered);
}

TEST_CASE("an MTA reads the lists of a filter, stages that nobody knows too [N22, N24]") {
    const auto heard_lists = [](std::string_view lists) {
        mta_session mta;
        std::string out;
        REQUIRE(mta.send(command::negotiate{}, out) == errc::ok);
        return heard(mta, raw('O', std::string("\0\0\0\6\0\0\0\0\0\0\0\0"sv).append(lists))).at(0);
    };
    const std::string plain = "negotiate version=6 actions=none options=none symbols=";
    CHECK(heard_lists("\0\0\0\2i\0"sv) == plain + "[mail=\"i\"]");  // the action isn't needed
    CHECK(heard_lists("\0\0\0\2\0"sv) == plain + "[mail=\"\"]");
    CHECK(heard_lists("\0\0\0\x09x\0\0\0\0\0j\0"sv) == plain + "[9=\"x\" connect=\"j\"]");
    CHECK(heard_lists("\0\0\0\2i"sv).substr(0, 30) == "text without a NUL at its end:");
    CHECK(heard_lists("\0\0\0"sv).substr(0, 36) == "payload ends before its last field: ");
}

TEST_CASE("what follows the three numbers of an offer is passed over [N22]") {
    filter_session filter;
    CHECK(heard(filter, raw('O', "\0\0\0\6\0\0\1\xff\0\x1f\xff\xff....."sv)).at(0).substr(0, 19) ==
          "negotiate version=6");
    CHECK(filter.open());
}

TEST_CASE("an MTA that tolerates nothing takes lower versions, and refuses others [N08, N09]") {
    const auto answered = [](std::uint32_t offered, std::uint32_t version) {
        mta_session mta;
        mta.tolerate(no_tolerance);
        std::string out;
        REQUIRE(mta.send(command::negotiate{.version = offered}, out) == errc::ok);
        heard(mta, bytes_of(reply::negotiate{.version = version}));
        return mta.error();
    };
    for (std::uint32_t version = 2; version <= 6; ++version) CHECK(answered(6, version) == errc::ok);
    CHECK(answered(6, 0) == errc::version_too_old);
    CHECK(answered(6, 1) == errc::version_too_old);
    CHECK(answered(6, 7) == errc::version_too_new);
    CHECK(answered(6, 0x01000001) == errc::version_too_new);
    CHECK(answered(2, 3) == errc::version_too_new);
    CHECK(answered(2, 2) == errc::ok);
}

TEST_CASE("an MTA refuses an answer that takes more than it has offered [N13]") {
    const auto answered = [](const reply::negotiate& answer) {
        mta_session mta;
        mta.tolerate(no_tolerance);
        std::string out;
        REQUIRE(mta.send(command::negotiate{6, action{0x0f}, option{0x7f}}, out) == errc::ok);
        heard(mta, bytes_of(answer));
        return mta.error();
    };
    CHECK(answered({6, action{0x0f}, option{0x7f}}) == errc::ok);
    CHECK(answered({6, action{0x1f}, option{0x7f}}) == errc::action_not_offered);
    CHECK(answered({6, action{0x0f}, option{0xff}}) == errc::option_not_offered);
    CHECK(answered({6, action{}, option::data_256k}) == errc::option_not_offered);
}

TEST_CASE("an MTA that offers an old version sends no newer commands [N09, N27]") {
    pair p;
    CHECK(p.negotiate(option::none, action{}, {2, action{0x3f}, option{0x7f}}) == errc::ok);
    CHECK(p.passes(command::connect{}) == errc::ok);
    CHECK(p.passes(command::helo{"a"}) == errc::ok);
    CHECK(p.passes(command::unknown{"FOO"}) == errc::ok);
    CHECK(p.last_to_filter.empty());
    CHECK(p.passes(command::mail{"<a>"}) == errc::ok);
    CHECK(p.passes(command::rcpt{"<a>"}) == errc::ok);
    CHECK(p.passes(command::data{}) == errc::ok);
    CHECK(p.last_to_filter.empty());
    CHECK(p.passes(command::header{"a", "b"}) == errc::ok);
    CHECK(p.filter_heard.back() == "header name=\"a\" value=\"b\"");
}

TEST_CASE("a session answers for its filter where the MTA can't leave a step unanswered [N13]") {
    // Wanted silent, but not offered: the filter says proceed as ever, and now it goes out.
    for (const auto offered : {all_options, option{0x7f}}) {
        pair p;
        CHECK(p.mta_says(command::negotiate{.options = offered}) == errc::ok);
        CHECK(p.filter_says(agree({.options = offered}, {.options = option::silent_header})) == errc::ok);

        CHECK(p.passes(command::connect{}) == errc::ok);
        CHECK(p.passes(command::mail{"<a>"}) == errc::ok);
        CHECK(p.passes(command::rcpt{"<a>"}) == errc::ok);
        CHECK(p.passes(command::header{"a", "b"}) == errc::ok);
        CHECK(p.last_to_mta == (offered == all_options ? ""sv : "\0\0\0\1c"sv));
        CHECK_FALSE(p.mta.state().reply_due());
        CHECK_FALSE(p.filter.state().reply_due());
    }
}
