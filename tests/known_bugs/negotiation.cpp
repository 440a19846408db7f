// SPDX-License-Identifier: MIT
// Known bugs of others, 1.5: offer and answer.
#include <kilter.hpp>

#include "known_bugs/sides.hpp"

using namespace kilter;
using namespace test;
using namespace std::string_view_literals;

namespace {

/// The codes of all that an MTA writes for a mail, once the filter has answered the offer so. It goes on as
/// soon as no reply is due; where one is, the filter has no opinion.
std::string codes_of_a_mail(option options, std::uint32_t version = 6,
                            command::negotiate offer = offer_of(protocol_version)) {
    pair p;
    REQUIRE(p.mta_says(offer) == errc::ok);
    REQUIRE(p.filter_says(reply::negotiate{version, all_actions, options}) == errc::ok);
    std::string bytes;
    const auto say = [&](const auto& command) {
        CHECK(p.passes(command) == errc::ok);
        CHECK(p.mta.now() != todo::wait);
        bytes += p.last_to_filter;
    };
    say(command::connect{"mx"});
    say(command::helo{"mx"});
    say(command::mail{"<a@b>"});
    say(command::rcpt{"<c@d>"});
    say(command::unknown{"FOO"});
    say(command::data{});
    say(command::header{"A", "a"});
    say(command::end_of_headers{});
    say(command::body{"x"});
    say(command::end_of_message{});
    return cut(whole(bytes)).codes;
}

/// The commands that an MTA doesn't wait for, once the filter has answered the offer so.
std::string not_waited_for(option options) {
    auto p = agreed(options);
    std::string found;
    const auto say = [&](char code, const auto& command) {
        CHECK(p.mta_says(command) == errc::ok);
        if (p.mta.now() != todo::wait) found.push_back(code);
        p.filter_says(reply::proceed{});
        CHECK(p.mta.now() != todo::wait);
    };
    say('C', command::connect{"mx"});
    say('H', command::helo{"mx"});
    say('M', command::mail{"<a@b>"});
    say('R', command::rcpt{"<c@d>"});
    say('U', command::unknown{"FOO"});
    say('T', command::data{});
    say('L', command::header{"A", "a"});
    say('N', command::end_of_headers{});
    say('B', command::body{"x"});
    say('E', command::end_of_message{});
    return found;
}

/// The answer of a filter to an offer that comes as bytes.
std::string answer_to(std::string_view offer, const wishes& wanted = {}) {
    filter_session s;
    std::string out;
    for (const auto& event : s.receive(offer))
        if (const auto* heard = std::get_if<command::negotiate>(&event)) s.send(agree(*heard, wanted), out);
    return out;
}

constexpr auto full_offer = "00 00 00 0d 4f 00 00 00 06 00 00 01 ff 00 1f ff ff"_hex;

}  // namespace

TEST_CASE("N01 a filter that asks for nothing special gets every step and answers each") {
    CHECK(answer_to(full_offer) == "00 00 00 0d 4f 00 00 00 06 00 00 00 00 00 00 00 00"_hex);
    CHECK(codes_of_a_mail(option::none) == "CHMRUTLNBE");
}

TEST_CASE("N02 an MTA doesn't wait where the filter has said that it won't answer") {
    CHECK(not_waited_for(option::silent_helo) == "H");
}

TEST_CASE("N03 each of the nine bits for silence is about its own command") {
    struct row {
        option silent;
        std::string_view command;
    };
    for (const auto& [silent, command] :
         {row{option{0x00000080}, "L"}, row{option{0x00001000}, "C"}, row{option{0x00002000}, "H"},
          row{option{0x00004000}, "M"}, row{option{0x00008000}, "R"}, row{option{0x00010000}, "T"},
          row{option{0x00020000}, "U"}, row{option{0x00040000}, "N"}, row{option{0x00080000}, "B"}}) {
        INFO(command);
        CHECK(not_waited_for(silent) == command);
    }
}

TEST_CASE("N04 a verdict on a step that was declared silent is an error of the filter's, and not written") {
    auto p = in_mail(option::silent_header);
    CHECK(p.mta_says(command::header{"A", "a"}) == errc::ok);
    CHECK(p.filter_says(reply::reject{}) == errc::reply_not_due);
    CHECK(p.last_to_mta.empty());
}

TEST_CASE("N05 such a verdict is not swallowed: the session is closed, and says why") {
    auto p = in_mail(option::silent_rcpt);
    CHECK(p.mta_says(command::rcpt{"<e@f>"}) == errc::ok);
    p.filter_says(reply::reject{});
    CHECK_FALSE(p.filter.open());
    CHECK(p.filter.error() == errc::reply_not_due);
}

TEST_CASE("N06 what isn't wanted isn't sent, what is silent isn't waited for, also both at once") {
    CHECK(codes_of_a_mail(option::no_helo | option::silent_helo | option::no_body | option::silent_rcpt |
                          option::silent_header) == "CMRUTLNE");
}

TEST_CASE("N07 a step that isn't sent counts as passed") {
    CHECK(codes_of_a_mail(option::no_helo | option::no_mail) == "CRUTLNBE");
    CHECK(codes_of_a_mail(option::no_connect | option::no_helo | option::no_mail | option::no_rcpt |
                          option::no_data | option::no_headers | option::no_unknown) == "NBE");
}

TEST_CASE("N08 the version of the answer is the lower one of both, and below 2 there is no answer") {
    CHECK(answer_to("00 00 00 0d 4f 00 00 00 02 00 00 00 3f 00 00 00 7f"_hex) ==
          "00 00 00 0d 4f 00 00 00 02 00 00 00 00 00 00 00 00"_hex);
    CHECK(answer_to("00 00 00 0d 4f 00 00 00 07 00 00 01 ff 00 1f ff ff"_hex) ==
          "00 00 00 0d 4f 00 00 00 06 00 00 00 00 00 00 00 00"_hex);
    CHECK(answer_to("00 00 00 0d 4f 00 00 00 01 00 00 00 0f 00 00 00 3f"_hex).empty());
    CHECK(agree({.version = 1}, {}).error() == errc::version_too_old);
    CHECK(error_after(filter_session{}, "00 00 00 0d 4f 00 00 00 01 00 00 00 0f 00 00 00 3f"_hex) ==
          errc::version_too_old);
}

TEST_CASE("N09 an MTA takes an older filter, and says nothing that its version doesn't know") {
    CHECK(codes_of_a_mail(option::none, 2) == "CHMRLNBE");
    CHECK(codes_of_a_mail(option::none, 3) == "CHMRULNBE");
    CHECK(codes_of_a_mail(option::none, 4) == "CHMRUTLNBE");
}

TEST_CASE("N10 there is no version above 6") {
    CHECK(protocol_version == 6);
    mta_session s;
    std::string out;
    CHECK(s.send(command::negotiate{.version = 8}, out) == errc::version_too_new);
    CHECK(out.empty());
    pair p;
    REQUIRE(p.mta_says(command::negotiate{}) == errc::ok);
    CHECK(p.filter_says(reply::negotiate{.version = 8}) == errc::version_too_new);
}

TEST_CASE("N11 an offer of nothing is that of version 1: four actions, six steps to leave out") {
    const wishes all{.actions = all_actions, .options = all_options};
    CHECK(answer_to("00 00 00 0d 4f 00 00 00 02 00 00 00 00 00 00 00 00"_hex, all) ==
          "00 00 00 0d 4f 00 00 00 02 00 00 00 0f 00 00 00 3f"_hex);
}

TEST_CASE("N12 what a filter needs must be offered, what it merely wants is left aside") {
    const command::negotiate offer{.actions = action{0x1f}};
    CHECK(agree(offer, {.needed = action::quarantine}).error() == errc::action_not_offered);
    const auto without = agree(offer, {.actions = action::quarantine | action::add_headers});
    REQUIRE(without);
    CHECK(without->actions == action::add_headers);
}

TEST_CASE("N13 an answer never takes more than the offer, and what isn't silent is answered") {
    const auto poor = "00 00 00 0d 4f 00 00 00 06 00 00 00 01 00 00 00 01"_hex;
    const wishes all{.actions = all_actions, .options = all_options};
    CHECK(answer_to(poor, all) == "00 00 00 0d 4f 00 00 00 06 00 00 00 01 00 00 00 01"_hex);

    auto p = greeted();
    CHECK(p.mta_says(command::mail{"<a@b>"}) == errc::ok);
    CHECK(p.filter_says(reply::proceed{}) == errc::ok);  // as a filter does that had wished silent_mail
    CHECK(p.last_to_mta == raw('c'));
}

TEST_CASE("N14 where there is no agreement, the connection is to be closed, and nobody waits") {
    filter_session s;
    std::string out;
    for (const auto& event : s.receive(full_offer))
        if (std::holds_alternative<command::negotiate>(event)) s.send(agree({.version = 1}, {}), out);
    CHECK(out.empty());
    CHECK_FALSE(s.open());
    CHECK(s.error() == errc::version_too_old);
}

TEST_CASE("N15 every bit has the number that it has in the C headers") {
    // SMFIF_ADDHDRS, CHGBODY, ADDRCPT …, and SMFIP_NOCONNECT, NOHELO, NOMAIL …, from the lowest bit up
    constexpr std::string_view actions[]{"add_headers", "change_body",    "add_rcpt",
                                         "delete_rcpt", "change_headers", "quarantine",
                                         "change_from", "add_rcpt_par",   "set_symlist"};
    constexpr std::string_view options[]{"no_connect",
                                         "no_helo",
                                         "no_mail",
                                         "no_rcpt",
                                         "no_body",
                                         "no_headers",
                                         "no_end_of_headers",
                                         "silent_header",
                                         "no_unknown",
                                         "no_data",
                                         "skip",
                                         "rejected_rcpt",
                                         "silent_connect",
                                         "silent_helo",
                                         "silent_mail",
                                         "silent_rcpt",
                                         "silent_data",
                                         "silent_unknown",
                                         "silent_end_of_headers",
                                         "silent_body",
                                         "leading_space"};
    std::uint32_t bit = 1;
    for (const auto name : actions) {
        CHECK(describe(action{bit}) == name);
        bit *= 2;
    }
    CHECK(to_bits(all_actions) == bit - 1);
    bit = 1;
    for (const auto name : options) {
        CHECK(describe(option{bit}) == name);
        bit *= 2;
    }
    CHECK(to_bits(all_options) == bit - 1);
    CHECK(describe(option{0x10000000}) == "data_256k");
    CHECK(describe(option{0x20000000}) == "data_1m");
}

TEST_CASE("N18 an MTA offers all that it can leave out") {
    CHECK(bytes_of(command::negotiate{}) == full_offer);
    CHECK(to_bits(command::negotiate{}.options) == 0x1fffff);
}

TEST_CASE("N19 without bodies there are headers, their end, and the end of the message") {
    CHECK(codes_of_a_mail(option::no_body) == "CHMRUTLNE");
    CHECK(codes_of_a_mail(option::no_headers) == "CHMRUTNBE");
    CHECK(codes_of_a_mail(option::no_end_of_headers) == "CHMRUTLBE");
    CHECK(not_waited_for(option::no_body).find('E') == std::string::npos);
}

TEST_CASE("N20 a recipient with arguments and one without are two actions and two codes") {
    const auto says = [](action granted, const auto& message) {
        auto p = at_end(option::none, granted);
        return p.filter_says(message) == errc::ok ? p.last_to_mta.substr(4, 1) : "refused";
    };
    const reply::add_rcpt plain{"<a@b>"};
    const reply::add_rcpt_par with_arguments{"<a@b>", "NOTIFY=NEVER"};
    CHECK(says(action::add_rcpt, plain) == "+");
    CHECK(says(action::add_rcpt, with_arguments) == "refused");
    CHECK(says(action::add_rcpt_par, plain) == "refused");
    CHECK(says(action::add_rcpt_par, with_arguments) == "2");
    CHECK(says(action::add_rcpt_par, reply::add_rcpt_par{"<a@b>"}) == "2");
}

TEST_CASE("N21 a modification without its own action is refused, and nothing is written") {
    const auto needs = [](action needed, const auto& message) {
        auto p = at_end(option::none, all_actions & ~needed);
        CHECK(p.filter_says(message) == errc::action_not_granted);
        CHECK(p.last_to_mta.empty());
        auto q = at_end(option::none, needed);
        CHECK(q.filter_says(message) == errc::ok);
        CHECK(error_after(p.mta, bytes_of(message)) == errc::action_not_granted);
    };
    needs(action::add_headers, reply::add_header{"A", "a"});
    needs(action::add_headers, reply::insert_header{0, "A", "a"});
    needs(action::change_headers, reply::change_header{1, "A", "a"});
    needs(action::change_from, reply::change_from{"<a@b>"});
    needs(action::add_rcpt, reply::add_rcpt{"<a@b>"});
    needs(action::add_rcpt_par, reply::add_rcpt_par{"<a@b>"});
    needs(action::delete_rcpt, reply::delete_rcpt{"<a@b>"});
    needs(action::change_body, reply::replace_body{"x"});
    needs(action::quarantine, reply::quarantine{"why"});
}

TEST_CASE("N22 an offer may be longer than it is today, and an answer may have macro lists behind it") {
    CHECK(answer_to("00 00 00 12 4f 00 00 00 06 00 00 01 ff 00 1f ff ff 01 02 03 04 05"_hex).size() == 17);
    pair p;
    REQUIRE(p.mta_says(command::negotiate{}) == errc::ok);
    CHECK(heard(p.mta, "00 00 00 13 4f 00 00 00 06 00 00 01 00 00 00 00 00 00 00 00 02 69 00"_hex) ==
          lines{R"(negotiate version=6 actions=set_symlist options=none symbols=[mail="i"])"});
}

TEST_CASE("N23 the version is a number of four bytes") {
    CHECK(answer_to("00 00 00 0d 4f 00 01 00 06 00 00 01 ff 00 1f ff ff"_hex) ==
          "00 00 00 0d 4f 00 00 00 06 00 00 00 00 00 00 00 00"_hex);
    CHECK(answer_to("00 00 00 0d 4f 01 00 00 02 00 00 01 ff 00 1f ff ff"_hex).substr(5, 4) == "\0\0\0\6"sv);
}

TEST_CASE("N24 a macro list of a stage that nobody knows is passed over, one without NUL is an error") {
    const auto answer_with = [](std::string_view tail) {
        return raw('O', std::string{"\0\0\0\6\0\0\1\0\0\0\0\0"sv}.append(tail));
    };
    pair p;
    REQUIRE(p.mta_says(command::negotiate{}) == errc::ok);
    macro_lists lists{{stage::mail, "i"}};
    const auto bytes = answer_with("\0\0\0\x09x\0\xff\xff\xff\xffy\0\0\0\0\2v\0"sv);
    for (const auto& event : p.mta.receive(bytes)) lists.update(event);
    CHECK(p.mta.error() == errc::ok);
    CHECK(lists.names(stage::mail) == "v");
    CHECK(lists.names(stage{9}).empty());

    pair q;
    REQUIRE(q.mta_says(command::negotiate{}) == errc::ok);
    CHECK(error_after(q.mta, answer_with("\0\0\0\2i"sv)) == errc::missing_nul);
    CHECK(error_after(q.mta, answer_with("\0\0\0\2i\0\0\0"sv)) == errc::missing_field);
}

TEST_CASE("N25 a larger data size is taken if it was offered and wanted, and bodies are cut at it") {
    command::negotiate offer{};
    CHECK(agree(offer, {.options = option::data_256k})->options == option::none);
    offer.options |= option::data_256k;
    CHECK(agree(offer, {})->options == option::none);
    const auto answer = agree(offer, {.options = option::data_256k | option::silent_body});
    REQUIRE(answer);
    CHECK(has(answer->options, option::data_256k));

    pair p;
    REQUIRE(p.mta_says(offer) == errc::ok);
    REQUIRE(p.filter_says(*answer) == errc::ok);
    for (const auto& done : {p.passes(command::connect{"mx"}), p.passes(command::mail{"<a@b>"}),
                             p.passes(command::rcpt{"<c@d>"})})
        REQUIRE(done == errc::ok);
    const std::string body(262'144, 'x');
    p.forget();
    CHECK(p.mta_says(command::body{body}) == errc::ok);
    const auto found = cut(whole(p.last_to_filter), data_size_256k);
    REQUIRE(found.codes == "BB");
    CHECK(found.payloads[0].size() == 262'143);
    CHECK(p.filter_heard.size() == 2);
    CHECK(p.filter.error() == errc::ok);
}

TEST_CASE("N27 an MTA may offer version 2, and has nothing in it that came later") {
    const auto offer = offer_of(2);
    CHECK(offer.version == 2);
    CHECK((to_bits(offer.options) & ~0x7fu) == 0);
    CHECK(codes_of_a_mail(option::none, 2, offer) == "CHMRLNBE");
}
