// SPDX-License-Identifier: MIT
// Every state that a filter and an MTA can get into together, for what they can have agreed on: they agree on
// whose turn it is, on what was agreed, and on whether a message is under way; each takes what the other
// says; there is always a way to the end, and one to the delivery of a message.
//
// A state is both sessions with nothing on the wire, and the same conversation kept by hand (by_hand.hpp),
// which says what each may say now, which bytes come of it, and where it leads to. From each state each side
// tries each of its messages. Sessions have more in them than their conversations, but nothing that counts
// here: there are whole frames only, none is longer than a few bytes, and no limit is reached.
//
// Nothing on the wire is enough. While no answer is due, the filter says nothing, so what it makes of
// commands on their way depends on their order alone; while one is due, the MTA says nothing, so the same is
// true for replies. One test has frames on the wire all the same, and comes to no other states.
//
// Agreements: each of nine commands can be sent and answered, not sent, or sent and not answered. A release
// build looks at all 6,561 combinations for the eight that lead somewhere. What isn't a product is
// independent: skip adds an answer to commands of the content, rejected_rcpt another kind of recipient;
// `unknown` leads nowhere; each action allows its changes; and the version decides only whether `data` and
// `unknown` are sent. Each of these is looked at with each single command, or pair, in each mode, and the
// options that have no part in it are shown to have none. The hidden test
// "[long]" looks at all 78,732 products of the nine modes, skip and rejected_rcpt.
#include <kilter/session.hpp>

#include "support/catch.hpp"

#include <algorithm>
#include <cstddef>
#include <cstdint>
#include <string>
#include <string_view>
#include <variant>
#include <vector>

#include "by_hand.hpp"
#include "effort.hpp"
#include "script.hpp"
#include "states.hpp"

using namespace kilter;
using namespace test;
using namespace std::string_view_literals;

namespace {

/// Both sides with nothing on the wire, and the same conversation by hand.
struct world {
    mta_session mta{};
    filter_session filter{};
    by_hand::place by_hand{};

    bool operator==(const world& other) const {
        return mta.state() == other.mta.state() && filter.state() == other.filter.state() &&
               by_hand == other.by_hand;
    }
    std::size_t number() const {
        return mixed(number_of(mta.state()), number_of(filter.state())) + by_hand.headers_skipped +
               2u * by_hand.body_skipped;
    }
};

/// What a filter may say to an offer, and the offer.
struct agreement {
    std::uint32_t offered = protocol_version;
    std::uint32_t version = protocol_version;
    option options{};
    action actions = all_actions;
};

/// Gives one side the bytes of a message: how many events come, or -1 if one of them is an error.
template <class Session>
int hear(Session& session, std::string_view bytes) {
    int events = 0;
    for (const auto& event : session.receive(bytes)) {
        if (std::holds_alternative<protocol_error>(event)) return -1;
        ++events;
    }
    return events;
}

/// All that can become of a filter and an MTA that have agreed on something.
class exploration {
public:
    explicit exploration(const agreement& agreed)
        : offer_{agreed.offered, all_actions, options_of(agreed.offered)},
          answer_{agreed.version, agreed.actions, agreed.options},
          rules_{agreed.offered, agreed.version, agreed.options, agreed.actions} {
        offer_.options |= agreed.options & (option::data_256k | option::data_1m);
        worlds_.explore([&](std::uint32_t at) { expand(at); });
        check_questions();
        check_ends();
        check_ways_on();
    }

    const states<world>& worlds() const { return worlds_; }
    const std::vector<move>& moves() const { return worlds_.moves(); }

private:
    using index = std::uint32_t;

    void require(bool holds, const char* what, index at, char said = ' ') const {
        if (holds) return;
        INFO("agreed: version " << answer_.version << ", options 0x" << std::hex
                                << static_cast<std::uint32_t>(answer_.options) << ", actions 0x"
                                << static_cast<std::uint32_t>(answer_.actions));
        worlds_.require(false, what, at, said);
    }

    void expand(index at) {
        if (worlds_[at].mta.now() == todo::close) return;
        for (const char letter : script::commands) mta_says(at, letter);
        for (const char letter : script::replies) filter_says(at, letter);
    }

    void mta_says(index at, char letter) {
        auto next = worlds_[at];
        const auto effect = rules_.of_command(next.by_hand, letter);
        out_.clear();
        const bool fine = script::say(next.mta, letter, offer_, out_) == errc::ok;
        require(fine == (effect != by_hand::effect::refused), "the MTA may say it, or not", at, letter);
        require(out_.empty() == (effect != by_hand::effect::written), "it is written, or not", at, letter);
        if (!fine) {
            require(next.mta.state() == worlds_[at].mta.state(), "what is refused changes nothing", at,
                    letter);
            return;
        }
        const int expected = out_.empty() ? 0 : 1;
        require(hear(next.filter, out_) == expected, "the filter takes what the MTA says", at, letter);
        rules_.command(next.by_hand, letter);
        check(next, at, letter);
        worlds_.go(at, letter, next);
    }

    void filter_says(index at, char letter) {
        const auto& before = worlds_[at].by_hand;
        auto next = worlds_[at];
        out_.clear();
        const bool fine = script::say(next.filter, letter, answer_, out_) == errc::ok;
        if (before.asked == question::none || !rules_.may_answer(before, letter)) {
            // proceed and, in a new body, progress are left out where they can't be said
            require(out_.empty(), "what a filter may not say isn't written", at, letter);
            const bool left_out = letter == 'c' && before.asked == question::none;
            require(fine == left_out, "the filter may say it, or not", at, letter);
            const bool is_change = letter == 'p' || by_hand::is_one_of(letter, script::changes);
            const bool closes = !is_change || (letter == 'b' && before.replacing);
            require(next.filter.open() != (closes && !left_out), "a refused verdict closes", at, letter);
            return;
        }
        require(fine, "a legal answer is taken", at, letter);
        require(out_.empty() != rules_.is_written(before, letter), "it is written, or not", at, letter);
        const int expected = out_.empty() ? 0 : 1;
        require(hear(next.mta, out_) == expected, "the MTA takes what the filter says", at, letter);
        rules_.answer(next.by_hand, letter);
        check(next, at, letter);
        worlds_.go(at, letter, next);
    }

    /// The two agree, and it is as it is by hand.
    void check(const world& w, index from, char letter) const {
        const auto& mta = w.mta.state();
        const auto& filter = w.filter.state();
        const auto& hand = w.by_hand;
        const auto holds = [&](bool so, const char* what) { require(so, what, from, letter); };

        holds(mta.asked() == filter.asked(), "they agree on what is to be answered");
        holds(mta.asked() == hand.asked, "what is to be answered");
        holds((w.mta.now() == todo::wait) == filter.reply_due(), "they agree on whose turn it is");
        holds(w.mta.now() == hand.now, "what the MTA is to do");

        holds(mta.at() == hand.mta_at, "where the MTA stands");
        holds(filter.at() == hand.filter_at, "where the filter stands");
        holds(filter.in_message() == (mta.in_message() && hand.shown),
              "they agree on whether a message is under way, of which the filter has heard anything");
        holds(mta.over() == hand.over, "what is over for the MTA");
        holds(hand.over == scope::nothing || filter.over() == hand.over, "what is over for the filter, too");
        holds(mta.replacing() == hand.replacing && filter.replacing() == hand.replacing,
              "they agree on whether the body is being replaced");

        if (hand.mta_at != phase::fresh && hand.mta_at != phase::closed) {
            holds(mta.version() == answer_.version && filter.version() == answer_.version,
                  "they agree on the version");
            holds(mta.options() == rules_.agreed && filter.options() == rules_.agreed,
                  "they agree on the options");
            holds(mta.actions() == rules_.granted && filter.actions() == rules_.granted,
                  "they agree on the actions");
        }
        const bool closed = hand.mta_at == phase::closed;
        holds(w.mta.open() == !closed && w.filter.open() == !closed, "both are open, or both closed");
        holds(w.mta.error() == errc::ok && w.filter.error() == errc::ok, "nobody has made an error");
        holds(w.mta.reusable() == (!closed && hand.mta_at != phase::fresh && hand.asked == question::none &&
                                   !by_hand::in_message(hand.mta_at) && hand.over != scope::connection),
              "whether the connection may be used again");
    }

    /// Every command that the filter wants and answers is asked about somewhere; that each may be answered
    /// with each legal verdict has been seen wherever it was.
    void check_questions() const {
        question asked{};
        for (index at = 0; at != worlds_.size(); ++at) asked |= worlds_[at].by_hand.asked;
        question expected{};
        for (const char letter : "OCHMRTULNBE"sv) {
            if (has(rules_.agreed, by_hand::unwanted_under(letter))) continue;
            if (has(rules_.agreed, by_hand::silent_under(letter))) continue;
            expected |= by_hand::question_of(letter);
        }
        require(asked == expected, "the questions that are asked", 0);
    }

    bool waits(index at) const { return worlds_[at].by_hand.asked != question::none; }
    bool is_command(const move& m) const { return script::commands.find(m.said) != std::string_view::npos; }

    /// From everywhere, the MTA can bring the conversation to its end, whatever verdict the filter gives, as
    /// long as it gives any: there is no way into a place that only the other side's goodwill leads out of.
    void check_ends() const {
        std::vector<std::uint32_t> verdicts(worlds_.size());  // that don't lead to where the end is sure
        const auto is_verdict = [&](const move& m) {
            return !is_command(m) && m.said != 'p' && !by_hand::is_one_of(m.said, script::changes);
        };
        for (const auto& m : moves()) verdicts[m.from] += is_verdict(m);
        std::vector<bool> sure(worlds_.size());
        for (index at = 0; at != worlds_.size(); ++at) sure[at] = worlds_[at].by_hand.mta_at == phase::closed;
        reach_backwards(moves(), sure, [&](std::uint32_t number) {
            const auto& m = moves()[number];
            if (!waits(m.from)) return is_command(m);
            return is_verdict(m) && --verdicts[m.from] == 0;
        });
        for (index at = 0; at != worlds_.size(); ++at) require(sure[at], "there is a way to the end", at);
    }

    /// And the message under way, or another one, can be brought to its delivery, without an abort and by a
    /// filter that says nothing but proceed; unless a verdict has ended the connection.
    void check_ways_on() const {
        std::vector<bool> delivers(worlds_.size());
        for (const auto& m : moves())
            if (m.said == 'c' && worlds_[m.from].by_hand.asked == question::end_of_message)
                delivers[m.from] = true;
        reach_backwards(moves(), delivers, [&](std::uint32_t number) {
            const auto& m = moves()[number];
            return is_command(m) ? !by_hand::is_one_of(m.said, "AQK") : m.said == 'c' || m.said == 'o';
        });
        for (index at = 0; at != worlds_.size(); ++at) {
            const auto& hand = worlds_[at].by_hand;
            const bool ended = hand.mta_at == phase::closed || hand.over == scope::connection;
            require(ended || delivers[at], "a message can be delivered", at);
        }
    }

    command::negotiate offer_;
    reply::negotiate answer_;
    by_hand::rules rules_;
    states<world> worlds_{world{}};
    std::string out_{};
};

/// Sums up explorations.
struct sums {
    unsigned long long agreements = 0;
    unsigned long long states = 0;
    unsigned long long moves = 0;

    void operator+=(const exploration& e) {
        ++agreements;
        states += e.worlds().size();
        moves += e.moves().size();
    }
    void report(const effort& e) const {
        e.report({{"agreements", agreements}, {"states", states}, {"moves", moves}});
    }
};

// Agreements. Of a command, three things can be agreed: that it is sent and answered, that it isn't sent, and
// that it isn't answered.

constexpr auto steps = "CHMRTLNBU"sv;

enum class mode { answered, unsent, silent };

option option_for(char command, mode m) {
    return m == mode::unsent   ? by_hand::unwanted_under(command)
           : m == mode::silent ? by_hand::silent_under(command)
                               : option::none;
}

/// Calls f(options) for every combination of the modes of these commands.
template <class F>
void for_each_combination(std::string_view commands, const F& f) {
    std::vector<mode> modes(commands.size());
    for (bool more = true; more;) {
        option options{};
        for (std::size_t i = 0; i != commands.size(); ++i) options |= option_for(commands[i], modes[i]);
        f(options);
        more = false;
        for (auto& m : modes) {
            m = static_cast<mode>((static_cast<int>(m) + 1) % 3);
            more = m != mode::answered;
            if (more) break;
        }
    }
}

/// Calls f(options) for all commands in one mode, but for at most so many, which have each of the others.
template <class F>
void for_each_exception(std::size_t most, const F& f) {
    for (const auto usual : {mode::answered, mode::unsent, mode::silent}) {
        const auto with = [&](std::string_view others, mode first, mode second) {
            option options{};
            for (const char c : steps)
                options |= option_for(c, others.substr(0, 1).find(c) != others.npos   ? first
                                         : others.substr(0, 2).find(c) != others.npos ? second
                                                                                      : usual);
            f(options);
        };
        with("", usual, usual);
        for (const auto first : {mode::answered, mode::unsent, mode::silent}) {
            if (first == usual) continue;
            for (std::size_t i = 0; i != steps.size(); ++i) {
                with(steps.substr(i, 1), first, usual);
                for (std::size_t j = 0; most == 2 && j != i; ++j)
                    for (const auto second : {mode::answered, mode::unsent, mode::silent})
                        if (second != usual) with(std::string{steps[i], steps[j]}, first, second);
            }
        }
    }
}

constexpr auto extras = option::skip | option::rejected_rcpt;

// While messages are on the way.

/// Both sides, and what each has said that the other hasn't heard.
struct wire_world {
    mta_session mta{};
    filter_session filter{};
    std::string to_filter{};
    std::string to_mta{};

    bool operator==(const wire_world& other) const {
        return mta.state() == other.mta.state() && filter.state() == other.filter.state() &&
               to_filter == other.to_filter && to_mta == other.to_mta;
    }
    std::size_t number() const {
        const std::hash<std::string> hash;
        return mixed(mixed(number_of(mta.state()), number_of(filter.state())),
                     hash(to_filter) + 3 * hash(to_mta));
    }
};

/// Both with nothing on the wire.
struct at_rest {
    conversation mta{};
    conversation filter{};

    bool operator==(const at_rest&) const = default;
    std::size_t number() const { return mixed(number_of(mta), number_of(filter)); }
};

/// Frames here are short: the last byte of the length is all of it.
std::size_t first_frame(std::string_view bytes) { return 4 + static_cast<unsigned char>(bytes[3]); }

std::size_t frames_in(std::string_view bytes) {
    std::size_t count = 0;
    for (; !bytes.empty(); bytes.remove_prefix(first_frame(bytes))) ++count;
    return count;
}

class exploration_of_wire {
public:
    static constexpr std::size_t most = 2;  ///< frames on the way, each way

    explicit exploration_of_wire(option agreed) : answer_{.actions = all_actions, .options = agreed} {
        worlds_.explore([&](std::uint32_t at) { expand(at); });
    }

    const states<wire_world>& worlds() const { return worlds_; }

private:
    void expand(std::uint32_t at) {
        const auto moves = worlds_.moves().size();
        if (worlds_[at].mta.now() != todo::wait && frames_in(worlds_[at].to_filter) < most)
            for (const char letter : "OCHMRTUBEAQK"sv) {
                auto next = worlds_[at];
                if (script::say(next.mta, letter, offer_, next.to_filter) == errc::ok)
                    worlds_.go(at, letter, next);
            }
        if (worlds_[at].filter.state().reply_due() && frames_in(worlds_[at].to_mta) < most)
            for (const char letter : "ocardsbhpz"sv) {
                auto next = worlds_[at];
                if (script::say(next.filter, letter, answer_, next.to_mta) == errc::ok)
                    worlds_.go(at, letter, next);
            }
        deliver(at, &wire_world::filter, &wire_world::to_filter, '>');
        deliver(at, &wire_world::mta, &wire_world::to_mta, '<');

        const auto& w = worlds_[at];
        worlds_.require(!w.filter.state().reply_due() || w.to_filter.empty(), "nothing follows a question",
                        at);
        const bool over = !w.mta.open() && !w.filter.open() && w.to_filter.empty() && w.to_mta.empty();
        worlds_.require(worlds_.moves().size() != moves || over, "there is a way on", at);
    }

    template <class Session>
    void deliver(std::uint32_t at, Session wire_world::*to, std::string wire_world::*queue, char sign) {
        auto next = worlds_[at];
        auto& bytes = next.*queue;
        if (bytes.empty()) return;
        const auto size = first_frame(bytes);
        worlds_.require(hear(next.*to, std::string_view{bytes}.substr(0, size)) == 1, "it is taken", at,
                        sign);
        bytes.erase(0, size);
        worlds_.go(at, sign, next);
    }

    command::negotiate offer_{};
    reply::negotiate answer_;
    states<wire_world> worlds_{wire_world{}};
};

}  // namespace

TEST_CASE("a filter and an MTA always agree and find to an end, whatever they have agreed on") {
    const effort e{"a filter and an MTA"};
    sums all;
    for (const auto extra : {option::none, extras})
        for_each_exception(thorough ? 2 : 1,
                           [&](option options) { all += exploration{{.options = options | extra}}; });
    all.report(e);
}

TEST_CASE("the same for every combination of what they can agree on about the commands of a session") {
    const effort e{"a filter and an MTA, combinations"};
    sums all;
    const auto explore = [&](std::string_view commands, option extra) {
        for_each_combination(commands,
                             [&](option options) { all += exploration{{.options = options | extra}}; });
    };
    // `unknown` leads nowhere: what is agreed about it is looked at together with each other command, above.
    explore(thorough ? steps.substr(0, 8) : "CMR"sv, option::none);
    explore(thorough ? "MRLNB"sv : "RB"sv, option::skip);
    explore(thorough ? "HMRT"sv : "M"sv, option::rejected_rcpt);
    all.report(e);
}

TEST_CASE("the same for every combination there is", "[.][long]") {
    for (const auto extra : {option::none, option::skip, option::rejected_rcpt, extras}) {
        const effort e{"a filter and an MTA, all combinations"};
        sums all;
        for_each_combination(steps,
                             [&](option options) { all += exploration{{.options = options | extra}}; });
        all.report(e);
    }
}

TEST_CASE("a filter and an MTA of whatever version") {
    const effort e{"versions"};
    sums all;
    for (std::uint32_t offered = 2; offered <= 6; ++offered)
        for (std::uint32_t version = 2; version <= offered; ++version) {
            const auto within = options_of(offered);
            all += exploration{{offered, version}};
            all += exploration{{offered, version, within & option{0x37f}}};
            for (const char unsent : thorough ? steps : "TU"sv) {
                const auto agreed = within & by_hand::unwanted_under(unsent);
                if (agreed != option::none) all += exploration{{offered, version, agreed}};
            }
        }
    all.report(e);
}

TEST_CASE("of the actions, each allows its own changes and nothing else") {
    const effort e{"actions"};
    sums all;
    for (std::uint32_t bits = 0; bits != 0x200; ++bits)
        if (thorough || (bits & (bits - 1)) == 0 || (~bits & (~bits - 1) & 0x1ff) == 0)
            all += exploration{{.options = option::silent_rcpt, .actions = action{bits}}};
    all.report(e);
}

TEST_CASE("other options don't touch the course of a conversation") {
    const effort e{"options without a part in it"};
    sums all;
    const auto same = [&](option options, option more) {
        const exploration without{{.options = options}};
        const exploration with{{.options = options | more}};
        CHECK(without.moves() == with.moves());
        all += without;
        all += with;
    };
    for (const auto more : {option::leading_space, option::data_256k, option::data_1m}) {
        same(option::none, more);
        same(option::skip | option{0x000f'f080}, more);
    }
    // What isn't sent can't be answered, so that it is the same whether it would be.
    for (const char command : steps) same(by_hand::unwanted_under(command), by_hand::silent_under(command));
    same(option{0x37f}, option{0x000f'f080});
    all.report(e);
}

TEST_CASE("messages on their way change nothing: whoever speaks, it isn't the other's turn") {
    const effort e{"frames on the wire"};
    unsigned long long states_on_wire = 0;
    unsigned long long moves = 0;
    for (const auto options :
         {option::none, option::skip, option{0x000f'f080}, option{0x0000'f000}, option{0x37f},
          option::silent_body | option::skip, option::silent_mail | option::no_rcpt}) {
        const exploration without{{.options = options}};
        states<at_rest> known{at_rest{}};
        for (std::uint32_t at = 0; at != without.worlds().size(); ++at)
            known.go(0, ' ', {without.worlds()[at].mta.state(), without.worlds()[at].filter.state()});

        const exploration_of_wire x{options};
        for (std::uint32_t at = 0; at != x.worlds().size(); ++at) {
            const auto& w = x.worlds()[at];
            if (!w.to_filter.empty() || !w.to_mta.empty()) continue;
            x.worlds().require(known.contains({w.mta.state(), w.filter.state()}), "it is known without wire",
                               at);
        }
        states_on_wire += x.worlds().size();
        moves += x.worlds().moves().size();
    }
    e.report({{"states", states_on_wire}, {"moves", moves}});
}
