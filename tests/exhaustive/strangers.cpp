// SPDX-License-Identifier: MIT
// Every state that a filter can get into with any MTA, and an MTA with any filter: those say what they like
// when they like, also what real ones are known for (helo and mail in a mail, content without recipients,
// abort and quit while an answer is owed, data on end_of_message; from filters skip, progress and shutdown
// everywhere, new bodies in two pieces). What comes is an event or an error, as it is by hand; where it is no
// error, there is a way on and a way to the end.
#include <kilter/session.hpp>

#include "support/catch.hpp"

#include <cstddef>
#include <cstdint>
#include <string>
#include <string_view>
#include <variant>

#include "by_hand.hpp"
#include "effort.hpp"
#include "script.hpp"
#include "states.hpp"

using namespace kilter;
using namespace test;
using namespace std::string_view_literals;

namespace {

using P = phase;
using Q = question;

/// The bytes of what a stranger says.
std::string frame_of(char letter) {
    const auto made = [](char code, std::string_view payload) {
        std::string bytes{'\0', '\0', '\0', static_cast<char>(payload.size() + 1), code};
        return bytes.append(payload);
    };
    switch (letter) {
        case 'O': return made('O', "\0\0\0\6\0\0\1\xff\0\x1f\xff\xff"sv);
        case 'C': return made('C', "mx\0U"sv);
        case 'H':
        case 'U': return made(letter, "x\0"sv);
        case 'M':
        case 'R': return made(letter, "<a>\0"sv);
        case 'L':
        case 'h': return made(letter, "A\0001\0"sv);
        case 'D': return made(letter, "M"sv);
        case 'B':
        case 'b': return made(letter, "x"sv);
        case 'F': return made('E', "x"sv);
        case 'i':
        case 'm': return made(letter, "\0\0\0\1A\0001\0"sv);
        case 'e':
        case '+':
        case '2':
        case '-':
        case 'q': return made(letter, "<a>\0"sv);
        case 'y': return made('y', "550 5.7.1 No\0"sv);
        case 'z': return made('y', "421 4.7.1 Bye\0"sv);
        default: return made(letter, {});
    }
}

std::string answer_of(option options, action actions) {
    std::string bytes{'\0', '\0', '\0', 13, 'O', '\0', '\0', '\0', 6};
    for (const auto number : {static_cast<std::uint32_t>(actions), static_cast<std::uint32_t>(options)})
        for (int shift = 24; shift >= 0; shift -= 8) bytes.push_back(static_cast<char>(number >> shift));
    return bytes;
}

// A filter, and an MTA that says whatever it likes, whenever it likes.

/// F is an end of message with a last piece of the body.
constexpr auto any_command = "OCHMRTULNBEFDAQK"sv;

struct filter_world {
    filter_session filter{};
    P at = P::fresh;  ///< by hand, as the others
    Q asked{};
    bool stale = false;        ///< what is asked is about a message that has been abandoned
    bool end_follows = false;  ///< the last piece of a body has come, and its end is still to be handed out
    bool body_skipped = false;
    bool replacing = false;
    bool replaced = false;

    bool operator==(const filter_world& other) const {
        return filter.state() == other.filter.state() && at == other.at && asked == other.asked &&
               stale == other.stale && end_follows == other.end_follows &&
               body_skipped == other.body_skipped && replacing == other.replacing &&
               replaced == other.replaced;
    }
    std::size_t number() const {
        return mixed(number_of(filter.state()), stale * 8u + end_follows * 4u + body_skipped * 2u + replaced);
    }
};

class any_mta {
public:
    explicit any_mta(option agreed) : agreed_{agreed} {
        worlds_.explore([&](std::uint32_t at) {
            for (const char letter : any_command) mta_says(at, letter);
            for (const char letter : script::replies) filter_says(at, letter);
        });
        check_ends();
    }

    const states<filter_world>& worlds() const { return worlds_; }

private:
    using index = std::uint32_t;

    /// What real MTAs say, and a little more: protocol facts 9.1.
    bool may_come(const filter_world& w, char letter) const {
        const auto unwanted = [&](option o) { return has(agreed_, o); };
        if (w.at == P::fresh) return letter == 'Q' || (letter == 'O' && w.asked == Q::none);
        if (w.asked != Q::none) return by_hand::is_one_of(letter, "AQK");
        const bool connected = w.at > P::negotiated || unwanted(option::no_connect);
        const bool mail = w.at == P::mail || (connected && w.at < P::mail && unwanted(option::no_mail));
        switch (letter) {
            case 'O': return false;
            case 'C': return w.at == P::negotiated;
            case 'H':
            case 'M': return connected && w.at != P::end_of_message;  // also in a mail, which that ends
            case 'R': return mail || w.at == P::rcpt || w.at == P::data;
            case 'T': return mail || w.at == P::rcpt || w.at == P::data;
            case 'L':
            case 'N': return mail || (w.at >= P::rcpt && w.at <= P::headers);
            case 'B':
            case 'E':
            case 'F': return mail || (w.at >= P::rcpt && w.at <= P::body);
            default: return true;
        }
    }

    void ask(filter_world& w, char letter) const {
        const auto question = by_hand::question_of(letter);
        if (question != Q::none && !has(agreed_, by_hand::silent_under(letter))) w.asked = question;
    }

    void move(filter_world& w, char letter) const {
        const bool in_mail = by_hand::in_message(w.at);
        if (letter == 'A' && w.asked != Q::none && w.asked != Q::connect && w.asked != Q::helo &&
            w.asked != Q::unknown)
            w.stale = true;
        if (letter == 'Q' || letter == 'K') w.asked = Q::none, w.stale = w.end_follows = false;
        w.at = by_hand::after(letter, w.at);
        if (!by_hand::in_message(w.at) || letter == 'M' || !in_mail) w.body_skipped = false;
        if (!by_hand::in_message(w.at)) w.replacing = w.replaced = false;
        ask(w, letter);
    }

    void require(bool holds, const char* what, index at, char said) const {
        if (holds) return;
        INFO("options 0x" << std::hex << static_cast<std::uint32_t>(agreed_));
        worlds_.require(false, what, at, said);
    }

    void mta_says(index from, char letter) {
        auto w = worlds_[from];
        if (w.at == P::closed) return;
        std::string expected;
        const bool fine = may_come(w, letter);
        if (fine && letter == 'F') {
            const bool piece = !has(agreed_, option::no_body) && !w.body_skipped;
            if (piece) {
                expected = "B";
                move(w, 'B');
                w.end_follows = w.asked != Q::none;
            }
            if (!w.end_follows) {
                expected += "E";
                move(w, 'E');
            }
        } else if (fine) {
            expected = letter;
            move(w, letter);
        }
        w.filter = worlds_[from].filter;
        const auto bytes = frame_of(letter);
        const auto heard = hear(w.filter, bytes);
        if (!fine) {
            const bool owed = w.asked != Q::none && !(w.at == P::fresh && by_hand::is_one_of(letter, "AK"));
            require(heard == "!", "what may not come is an error", from, letter);
            require(w.filter.error() == (owed ? errc::reply_owed : errc::out_of_turn), "which one", from,
                    letter);
            require(!w.filter.open(), "it closes", from, letter);
            return;
        }
        require(heard == expected, "the events", from, letter);
        go(from, letter, w);
    }

    /// The events, as letters: `!` is an error.
    static std::string hear(filter_session& filter, std::string_view bytes) {
        std::string letters;
        for (const auto& event : filter.receive(bytes))
            letters.push_back(std::holds_alternative<protocol_error>(event)            ? '!'
                              : std::holds_alternative<command::end_of_message>(event) ? 'E'
                              : std::holds_alternative<command::body>(event)           ? 'B'
                                                                                       : bytes[4]);
        return letters;
    }

    void filter_says(index from, char letter) {
        auto w = worlds_[from];
        if (w.asked == Q::none || w.at == P::closed) return;
        std::string out;
        const reply::negotiate answer{.actions = all_actions, .options = agreed_};
        const bool said = script::say(w.filter, letter, answer, out) == errc::ok;

        const bool change = by_hand::is_one_of(letter, script::changes);
        bool may = by_hand::is_one_of(letter, by_hand::answers_to(w.asked));
        if (letter == 's') may &= has(agreed_, option::skip);
        if (change) may &= !w.stale;  // there is nothing left to be changed
        if (letter == 'b') may &= !w.replaced;
        require(said == may, "the filter may say it, or not", from, letter);
        if (!may) {
            require(out.empty(), "what it may not say isn't written", from, letter);
            return;
        }
        if (letter == 'p' || change) {
            const bool unwritten = letter == 'p' && w.replacing;
            require(out.empty() == unwritten, "it is written, or not", from, letter);
            if (!unwritten) {
                w.replaced = w.replacing && letter != 'b';
                w.replacing |= letter == 'b';
            }
            return go(from, letter, w);
        }
        if (letter == 'o') w.at = P::negotiated;
        const auto done = by_hand::done_about(letter, w.asked, false);
        const auto asked = w.asked;
        w.asked = Q::none;
        w.replacing = w.replaced = false;
        if (letter == 's' && asked == Q::body && !w.stale) w.body_skipped = true;
        if (!w.stale) {
            if (done == todo::refuse_message && asked == Q::data) {
                w.at = P::rcpt;
            } else if (done == todo::refuse_message || done == todo::leave_message || done == todo::discard ||
                       done == todo::deliver) {
                w.at = P::greeted;
            }
        }
        w.stale = false;
        if (w.at == P::greeted) w.body_skipped = false;
        const bool end_follows = w.end_follows && by_hand::in_message(w.at) && done != todo::hang_up;
        require(out.empty() == end_follows, "the answer to a last piece is the one to the end", from, letter);
        if (w.end_follows) {
            w.end_follows = false;
            const auto heard = hear(w.filter, {});
            require(heard == (end_follows ? "E" : ""), "the end comes, or not", from, letter);
            if (end_follows) move(w, 'E');
        }
        go(from, letter, w);
    }

    void go(index from, char letter, const filter_world& w) {
        require(w.filter.state().at() == w.at, "where it stands", from, letter);
        require(w.filter.state().asked() == w.asked, "what is to be answered", from, letter);
        require(w.filter.state().in_message() == by_hand::in_message(w.at), "in a message or not", from,
                letter);
        require(w.filter.open() == (w.at != P::closed), "open or closed", from, letter);
        require(w.filter.error() == errc::ok, "no error", from, letter);
        worlds_.go(from, letter, w);
    }

    /// Whatever has come, the filter can answer it by proceed alone, and the MTA can quit then.
    void check_ends() const {
        std::vector<bool> ends(worlds_.size());
        for (index at = 0; at != worlds_.size(); ++at) ends[at] = worlds_[at].at == P::closed;
        reach_backwards(worlds_.moves(), ends, [&](std::uint32_t number) {
            return by_hand::is_one_of(worlds_.moves()[number].said, "oc") ||
                   (worlds_.moves()[number].said == 'Q' &&
                    worlds_[worlds_.moves()[number].from].asked == Q::none);
        });
        for (index at = 0; at != worlds_.size(); ++at)
            require(ends[at], "there is a way to the end", at, ' ');
    }

    option agreed_;
    states<filter_world> worlds_{filter_world{}};
};

// An MTA, and a filter that says whatever it likes, whenever it likes.

struct mta_world {
    mta_session mta{};
    by_hand::place by_hand{};

    bool operator==(const mta_world& other) const {
        return mta.state() == other.mta.state() && by_hand == other.by_hand;
    }
    std::size_t number() const { return number_of(mta.state()); }
};

class any_filter {
public:
    any_filter(option agreed, action granted) : rules_{6, 6, agreed, granted} {
        worlds_.explore([&](std::uint32_t at) {
            if (worlds_[at].by_hand.mta_at == P::closed) return;
            if (worlds_[at].by_hand.asked == Q::none)
                for (const char letter : script::commands) mta_says(at, letter);
            for (const char letter : script::replies) filter_says(at, letter);
        });
        check_ends();
    }

    const states<mta_world>& worlds() const { return worlds_; }

private:
    using index = std::uint32_t;

    void require(bool holds, const char* what, index at, char said) const {
        if (holds) return;
        INFO("options 0x" << std::hex << static_cast<std::uint32_t>(rules_.agreed) << ", actions 0x"
                          << static_cast<std::uint32_t>(rules_.granted));
        worlds_.require(false, what, at, said);
    }

    void mta_says(index from, char letter) {
        auto w = worlds_[from];
        std::string out;
        if (script::say(w.mta, letter, {}, out) != errc::ok) return;
        rules_.command(w.by_hand, letter);
        go(from, letter, w);
    }

    /// As lenient as Postfix: protocol facts, 5.3.
    void filter_says(index from, char letter) {
        auto w = worlds_[from];
        const auto asked = w.by_hand.asked;
        bool may = by_hand::is_one_of(letter, by_hand::answers_to(asked)) ||
                   by_hand::is_one_of(letter, by_hand::also_taken_for(asked));
        auto wrong = asked == Q::none ? errc::reply_not_due : errc::wrong_reply;
        if (may && letter == 's' && !has(rules_.agreed, option::skip))
            may = false, wrong = errc::option_not_granted;
        if (may && !has_all(rules_.granted, by_hand::needed_for(letter)))
            may = false, wrong = errc::action_not_granted;

        const auto bytes = letter == 'o' ? answer_of(rules_.agreed, rules_.granted) : frame_of(letter);
        bool refused = false;
        for (const auto& event : w.mta.receive(bytes))
            refused = std::holds_alternative<protocol_error>(event);
        require(refused == !may, "the MTA takes it, or not", from, letter);
        if (!may) {
            require(w.mta.error() == wrong, "the cause", from, letter);
            require(!w.mta.open() && w.mta.now() == todo::give_up, "it gives up", from, letter);
            return;
        }
        // It doesn't mind a new body in two pieces, nor progress in it.
        const bool replacing = w.by_hand.replacing || letter == 'b';
        rules_.answer(w.by_hand, letter);
        if (w.by_hand.asked != Q::none) w.by_hand.replacing = replacing, w.by_hand.replaced = false;
        go(from, letter, w);
    }

    void go(index from, char letter, const mta_world& w) {
        require(w.mta.now() == w.by_hand.now, "what it is to do", from, letter);
        require(w.mta.state().at() == w.by_hand.mta_at, "where it stands", from, letter);
        require(w.mta.state().asked() == w.by_hand.asked, "what is to be answered", from, letter);
        require(w.mta.state().over() == w.by_hand.over, "what is over", from, letter);
        require(w.mta.error() == errc::ok, "no error", from, letter);
        worlds_.go(from, letter, w);
    }

    /// Whatever verdict comes, the MTA can quit then.
    void check_ends() const {
        for (index at = 0; at != worlds_.size(); ++at) {
            auto mta = worlds_[at].mta;
            std::string out;
            if (worlds_[at].by_hand.asked != Q::none || !mta.open()) continue;
            require(mta.send(command::quit{}, out) == errc::ok && out == frame_of('Q'), "it can quit", at,
                    'Q');
        }
    }

    by_hand::rules rules_;
    states<mta_world> worlds_{mta_world{}};
};

constexpr option every_no{0x0000'037f};
constexpr option every_silent{0x000f'f080};

/// All commands sent and answered, none of them, and each alone.
template <class F>
void for_each_agreement(const F& f) {
    for (const auto extra : {option::none, option::skip | option::rejected_rcpt}) {
        f(extra);
        f(every_no | extra);
        f(every_silent | extra);
        for (std::uint32_t bit = 1; bit <= 0x8'0000; bit <<= 1) {
            if (has(every_no, option{bit})) f(option{bit} | extra), f((every_no & ~option{bit}) | extra);
            if (has(every_silent, option{bit}))
                f(option{bit} | extra), f((every_silent & ~option{bit}) | extra);
        }
    }
}

}  // namespace

TEST_CASE("a filter can go on or end, whatever an MTA says and when") {
    const effort e{"a filter and any MTA"};
    unsigned long long agreements = 0;
    unsigned long long states = 0;
    unsigned long long moves = 0;
    for_each_agreement([&](option agreed) {
        const any_mta x{agreed};
        ++agreements;
        states += x.worlds().size();
        moves += x.worlds().moves().size();
    });
    e.report({{"agreements", agreements}, {"states", states}, {"moves", moves}});
}

TEST_CASE("an MTA can go on or end, whatever a filter says and when") {
    const effort e{"an MTA and any filter"};
    unsigned long long agreements = 0;
    unsigned long long states = 0;
    unsigned long long moves = 0;
    for_each_agreement([&](option agreed) {
        for (const auto granted : {all_actions, action::none}) {
            const any_filter x{agreed, granted};
            ++agreements;
            states += x.worlds().size();
            moves += x.worlds().moves().size();
        }
    });
    e.report({{"agreements", agreements}, {"states", states}, {"moves", moves}});
}
