// SPDX-License-Identifier: MIT
// All short frames: every code with every payload of up to two bytes, and of three, decoded; and heard by a
// filter and by an MTA in every phase. What comes of each is what a reader and tables written by hand say.
//
// Of bytes, those that no field tells apart stand for each other where not all can be tried. Fields look for
// NUL; for CR, LF, tab, space and the colon (names and values of headers); for other controls and DEL
// (addresses); for what is printable, and bytes above 0x7f, which are (names of headers); for digits, of them
// 4 and 5 (SMTP replies), for 4 and 6, L and U (families of addresses), for M (a macro's command), for `-`
// and `%` (SMTP replies); and for the first bit of a number (an index). Decoders look at no more than that,
// as far as release builds have tried all bytes.
#include <kilter/session.hpp>

#include "support/catch.hpp"

#include <algorithm>
#include <array>
#include <cstddef>
#include <cstdint>
#include <memory>
#include <string>
#include <string_view>
#include <type_traits>
#include <variant>
#include <vector>

#include "by_hand.hpp"
#include "effort.hpp"
#include "payloads.hpp"
#include "script.hpp"

using namespace kilter;
using namespace test;
using namespace std::string_view_literals;

namespace {

constexpr auto commands = "ODCHMRTULNBEAQK"sv;
constexpr auto replies = "Ocartdspyf4hime+2-bq"sv;

constexpr auto some_bytes = "\0\t\n\r 4:Ua\x7f\xff"sv;
constexpr auto more_bytes = "\0\x01\x1f\x7f\t\n\r !~%-.0245679:ALMUa\x80\xc3\xff"sv;

std::string all_bytes() {
    std::string all;
    for (int byte = 0; byte != 256; ++byte) all.push_back(static_cast<char>(byte));
    return all;
}

/// A payload in a block of exactly its size, so that AddressSanitizer sees who reads on.
class tight {
public:
    std::string_view operator()(std::string_view begin, std::string_view end) {
        const auto size = begin.size() + end.size();
        if (blocks_.size() <= size) blocks_.resize(size + 1);
        auto& block = blocks_[size];
        if (block == nullptr) block.reset(new char[size]);
        std::copy(end.begin(), end.end(), std::copy(begin.begin(), begin.end(), block.get()));
        return {block.get(), size};
    }

private:
    std::vector<std::unique_ptr<char[]>> blocks_{};
};

/// Calls f with every text of at most `size` of these bytes. The result is how many there are.
template <class F>
unsigned long long for_each_text(std::size_t size, std::string_view bytes, const F& f) {
    std::array<char, 3> text{};
    unsigned long long count = 1;
    f(std::string_view{});
    if (size >= 1)
        for (const char a : bytes) {
            text[0] = a;
            f(std::string_view{text.data(), 1}), ++count;
            if (size >= 2)
                for (const char b : bytes) {
                    text[1] = b;
                    f(std::string_view{text.data(), 2}), ++count;
                    if (size >= 3)
                        for (const char c : bytes) {
                            text[2] = c;
                            f(std::string_view{text.data(), 3}), ++count;
                        }
                }
        }
    return count;
}

std::string shown(char code, std::string_view payload) {
    std::string text{"code "};
    const auto hex = [&](char c) {
        constexpr auto digits = "0123456789abcdef"sv;
        const auto byte = static_cast<unsigned char>(c);
        text.append(1, digits[byte / 16]).append(1, digits[byte % 16]).append(" ");
    };
    hex(code);
    text += "payload ";
    for (const char c : payload) hex(c);
    return text;
}

/// The beginnings of payloads that are longer than three bytes before anything in them is right, and what of
/// them is in front of what a field looks at.
struct beginning {
    char code;
    std::string_view bytes;
};

constexpr auto offer = "\0\0\0\6\0\0\1\xff\0\x1f\xff\xff"sv;
constexpr auto answer = "\0\0\0\6\0\0\0\0\0\0\0\0"sv;

constexpr std::array long_commands{
    beginning{'O', offer.substr(0, 9)},
    beginning{'O', offer},
    beginning{'C', "a\0"sv},
    beginning{'C', "a\0004"sv},
    beginning{'C', "a\0006\0\1"sv},
    beginning{'C', "\0L\0\0"sv},
    beginning{'M', "a\0"sv},
    beginning{'R', "a\0b\0"sv},
    beginning{'D', "M"sv},
    beginning{'D', "Mi\0"sv},
    beginning{'L', "a\0"sv},
    beginning{'L', "a\0b"sv},
};

constexpr std::array long_replies{
    beginning{'O', answer.substr(0, 9)},
    beginning{'O', answer},
    beginning{'O', "\0\0\0\6\0\0\0\0\0\0\0\0\0\0"sv},
    beginning{'O', "\0\0\0\6\0\0\0\0\0\0\0\0\0\0\0\2"sv},
    beginning{'y', "55"sv},
    beginning{'y', "550"sv},
    beginning{'y', "421 "sv},
    beginning{'y', "550 a"sv},
    beginning{'y', "550-a"sv},
    beginning{'y', "550-\r\n55"sv},
    beginning{'y', "550-\r\n550"sv},
    beginning{'h', "a\0"sv},
    beginning{'h', "a\0b"sv},
    beginning{'i', "\0\0\0"sv},
    beginning{'i', "\0\0\0\0"sv},
    beginning{'i', "\x80\0\0\0a\0"sv},
    beginning{'i',
              "\x7f\xff\xff\xff"
              "a\0"sv},
    beginning{'m', "\0\0\0"sv},
    beginning{'m', "\0\0\0\1"sv},
    beginning{'m', "\0\0\0\1a\0"sv},
    beginning{'m',
              "\xff\xff\xff\xff"
              "a\0"sv},
    beginning{'e', "a\0"sv},
    beginning{'2', "a\0"sv},
    beginning{'+', "a"sv},
};

// Decoding.

template <class Decode, class Read>
unsigned long long decode_all(std::string_view codes, const auto& beginnings, Decode decode, Read read) {
    tight block;
    unsigned long long frames = 0;
    const auto check = [&](char code, std::string_view payload) {
        const auto expected = read(code, payload);
        const auto found = decode(frame{code, payload});
        bool same = found.error() == expected.wrong;
        if (same && found)
            same = std::visit(
                [&]<class M>(const M& m) {
                    return by_hand::code_of<M> == code && by_hand::of(m) == expected.in;
                },
                *found);
        if (same) return;
        INFO(shown(code, payload) << "is " << to_string(found.error()) << ", but should be "
                                  << to_string(expected.wrong));
        FAIL("decoded differently");
    };

    const auto every = all_bytes();
    for (const char code : every) {
        const bool known = codes.find(code) != codes.npos;
        const auto each = [&](std::string_view text) { check(code, block({}, text)); };
        // A code that nobody knows is one whatever comes behind it.
        frames += for_each_text(!known ? 1 : thorough ? 3 : 2, every, each);
        frames += for_each_text(!known ? 2 : 3, more_bytes, each);
    }
    for (const auto& begin : beginnings) {
        const auto each = [&](std::string_view text) { check(begin.code, block(begin.bytes, text)); };
        frames += for_each_text(2, every, each);
        frames += for_each_text(3, more_bytes, each);
    }
    return frames;
}

// In every phase.

/// The bytes of a frame, in a block of exactly their size.
class framed {
public:
    std::string_view operator()(char code, std::string_view begin, std::string_view end) {
        front_.assign({0, 0, 0, static_cast<char>(begin.size() + end.size() + 1), code});
        front_.append(begin);
        return block_(front_, end);
    }

private:
    std::string front_{};
    tight block_{};
};

/// Short frames of every code, and f(code, beginning of the payload, end of the payload) for each.
template <class F>
unsigned long long for_each_frame(std::string_view codes, const auto& beginnings, const F& f) {
    static const auto every = all_bytes();
    unsigned long long frames = 0;
    for (const char code : every) {
        const auto each = [&](std::string_view text) { f(code, std::string_view{}, text); };
        if (codes.find(code) == codes.npos) {
            frames += for_each_text(1, thorough ? every : some_bytes, each);
        } else {
            frames += for_each_text(thorough ? 2 : 1, every, each);
            frames += for_each_text(3, thorough ? more_bytes : some_bytes, each);
        }
    }
    for (const auto& begin : beginnings) {
        const auto each = [&](std::string_view text) { f(begin.code, begin.bytes, text); };
        frames += for_each_text(thorough ? 3 : 2, some_bytes, each);
    }
    return frames;
}

bool is_command(char letter) { return by_hand::is_one_of(letter, script::commands); }

/// What the other side says in a script.
std::string frame_of(char letter) {
    const auto made = [&](std::string_view payload) { return std::string{framed{}(letter, {}, payload)}; };
    switch (letter) {
        case 'O': return made(offer);
        case 'o': return std::string{framed{}('O', answer, {})};
        case 'C': return made("mx\0U"sv);
        case 'H': return made("mx\0"sv);
        case 'M':
        case 'R': return made("<a@b>\0"sv);
        case 'U': return made("FOO\0"sv);
        case 'L':
        case 'h': return made("A\0001\0"sv);
        case 'B':
        case 'b': return made("x\r\n"sv);
        default: return made({});
    }
}

/// An answer to the offer.
std::string bytes_of_answer(std::uint32_t actions, std::uint32_t options) {
    std::string bytes{framed{}('O', answer, {})};
    for (std::size_t i = 0; i != 4; ++i) {
        bytes[12 - i] = static_cast<char>(actions >> (8 * i));
        bytes[16 - i] = static_cast<char>(options >> (8 * i));
    }
    return bytes;
}

/// One event, as it is by hand.
struct expected_event {
    char code = 0;
    by_hand::contents in{};
};

/// What is to come of a frame.
struct outcome {
    std::array<expected_event, 2> events{};
    std::size_t count = 0;
    errc wrong = errc::ok;  ///< then there is a protocol_error instead

    void add(char code, const by_hand::contents& in) { events[count++] = {code, in}; }
};

/// Why something is not as expected, or nullptr.
using complaint = const char*;

/// Gives a session a frame, and compares what comes with what is to come.
template <class Session>
complaint hear(Session& session, char code, std::string_view bytes, phase at, question asked,
               const outcome& expected) {
    std::size_t count = 0;
    complaint wrong = nullptr;
    for (const auto& event : session.receive(bytes)) {
        const auto number = count++;
        std::visit(
            [&]<class M>(const M& m) {
                if constexpr (std::is_same_v<M, protocol_error>) {
                    if (expected.wrong == errc::ok) wrong = "an error";
                    if (m.reason != expected.wrong) wrong = "an error with another cause";
                    if (m.code != code || m.length != bytes.size() - 4)
                        wrong = "an error about another frame";
                    if (m.at != at || m.asked != asked) wrong = "an error of another time";
                } else if (number >= expected.count) {
                    wrong = "one event too many";
                } else if (by_hand::code_of<M> != expected.events[number].code) {
                    wrong = "another event";
                } else if (!(by_hand::of(m) == expected.events[number].in)) {
                    wrong = "an event with something else in it";
                }
            },
            event);
        if (wrong != nullptr) return wrong;
    }
    if (count != expected.count + (expected.wrong != errc::ok)) return "one event too few";
    return nullptr;
}

/// After an error: the session is closed, says why, and takes and says nothing any more.
template <class Session, class Message>
complaint check_closed(Session& session, errc why, const Message& message) {
    if (session.open()) return "open after an error";
    if (session.error() != why) return "closed, but another reason";
    if (session.state().at() != phase::closed || session.state().reply_due()) return "closed, but not there";
    for (const auto& event : session.receive(std::string_view{"\0\0\0\1Q\0\0\0\1c", 10})) {
        static_cast<void>(event);
        return "an event after the end";
    }
    std::string out;
    if (session.send(message, out) != errc::closed || !out.empty()) return "it speaks after the end";
    if (!session.room().empty()) return "there is room after the end";
    if (session.finish() != errc::ok || session.error() != why) return "the end isn't the end";
    return nullptr;
}

void fail_at(const char* where, char code, std::string_view begin, std::string_view end, complaint what) {
    INFO(where << ": " << shown(code, std::string{begin}.append(end)));
    FAIL(what);
}

// The filter's side.

constexpr option every_no{0x0000'037f};
constexpr option every_silent{0x000f'f080};

/// A filter somewhere in a conversation: what has been agreed and said so far, and which commands may come
/// now.
struct filter_place {
    const char* name;
    option agreed;
    std::string_view said;
    phase at;
    question asked;
    std::string_view takes;
    bool body_wanted = true;
};

using P = phase;
using Q = question;
constexpr option none{};
constexpr auto in_mail = "DHMRTLNBEUAQK"sv;
constexpr auto in_headers = "DHMLNBEUAQK"sv;
constexpr auto in_body = "DHMBEUAQK"sv;
constexpr auto between = "DHMUAQK"sv;

// What may come when: protocol facts, 4.1 and 9.1. While a reply is owed, only what ends the message or the
// connection.
// clang-format off
constexpr std::array filter_places{
    filter_place{"fresh",                      none, "",                P::fresh,          Q::none,           "OQ"},
    filter_place{"offer to be answered",       none, "O",               P::fresh,          Q::negotiate,      "Q"},
    filter_place{"negotiated",                 none, "Oo",              P::negotiated,     Q::none,           "DCUAQK"},
    filter_place{"connect to be answered",     none, "OoC",             P::connected,      Q::connect,        "AQK"},
    filter_place{"connected",                  none, "OoCc",            P::connected,      Q::none,           between},
    filter_place{"helo to be answered",        none, "OoCcH",           P::greeted,        Q::helo,           "AQK"},
    filter_place{"greeted",                    none, "OoCcHc",          P::greeted,        Q::none,           between},
    filter_place{"mail to be answered",        none, "OoCcM",           P::mail,           Q::mail,           "AQK"},
    filter_place{"mail",                       none, "OoCcMc",          P::mail,           Q::none,           in_mail},
    filter_place{"rcpt to be answered",        none, "OoCcMcR",         P::rcpt,           Q::rcpt,           "AQK"},
    filter_place{"rcpt",                       none, "OoCcMcRc",        P::rcpt,           Q::none,           in_mail},
    filter_place{"rcpt refused",               none, "OoCcMcRr",        P::rcpt,           Q::none,           in_mail},
    filter_place{"data to be answered",        none, "OoCcMcRcT",       P::data,           Q::data,           "AQK"},
    filter_place{"data",                       none, "OoCcMcRcTc",      P::data,           Q::none,           in_mail},
    filter_place{"data refused",               none, "OoCcMcRcTt",      P::rcpt,           Q::none,           in_mail},
    filter_place{"header to be answered",      none, "OoCcMcRcL",       P::headers,        Q::header,         "AQK"},
    filter_place{"headers",                    none, "OoCcMcRcTcLc",    P::headers,        Q::none,           in_headers},
    filter_place{"end of headers to be answ.", none, "OoCcMcRcN",       P::end_of_headers, Q::end_of_headers, "AQK"},
    filter_place{"end of headers",             none, "OoCcMcRcLcNc",    P::end_of_headers, Q::none,           in_body},
    filter_place{"body to be answered",        none, "OoCcMcRcB",       P::body,           Q::body,           "AQK"},
    filter_place{"body",                       none, "OoCcMcRcNcBc",    P::body,           Q::none,           in_body},
    filter_place{"end to be answered",         none, "OoCcMcRcE",       P::end_of_message, Q::end_of_message, "AQK"},
    filter_place{"amid changes",               none, "OoCcMcRcBcEhpb",  P::end_of_message, Q::end_of_message, "AQK"},
    filter_place{"message accepted",           none, "OoCcMcRcEc",      P::greeted,        Q::none,           between},
    filter_place{"message left",               none, "OoCcMa",          P::greeted,        Q::none,           between},
    filter_place{"message discarded",          none, "OoCcMcRd",        P::greeted,        Q::none,           between},
    filter_place{"message refused",            none, "OoCcMcRcLr",      P::greeted,        Q::none,           between},
    filter_place{"connection left",            none, "OoCa",            P::connected,      Q::none,           between},
    filter_place{"connection refused",         none, "OoCcHr",          P::greeted,        Q::none,           between},
    filter_place{"unknown to be answered",     none, "OoU",             P::negotiated,     Q::unknown,        "AQK"},
    filter_place{"unknown in a mail",          none, "OoCcMcU",         P::mail,           Q::unknown,        "AQK"},
    filter_place{"unknown refused in a mail",  none, "OoCcMcRcUr",      P::rcpt,           Q::none,           in_mail},
    filter_place{"aborted",                    none, "OoCcMcRcLcA",     P::greeted,        Q::none,           between},
    filter_place{"aborted, rcpt to be answ.",  none, "OoCcMcRA",        P::greeted,        Q::rcpt,           "AQK"},
    filter_place{"aborted, end to be answ.",   none, "OoCcMcRcEA",      P::greeted,        Q::end_of_message, "AQK"},
    filter_place{"aborted and answered",       none, "OoCcMcRAr",       P::greeted,        Q::none,           between},
    filter_place{"aborted before connect",     none, "OoA",             P::negotiated,     Q::none,           "DCUAQK"},
    filter_place{"helo in a mail",             none, "OoCcMcRcHc",      P::greeted,        Q::none,           between},
    filter_place{"mail in a mail",             none, "OoCcMcRcMc",      P::mail,           Q::none,           in_mail},
    filter_place{"for another client",         none, "OoCcMcRcBcK",     P::negotiated,     Q::none,           "DCUAQK"},
    filter_place{"the same while it owes",     none, "OoCcMcRcEK",      P::negotiated,     Q::none,           "DCUAQK"},
    filter_place{"over",                       none, "OoCcQ",           P::closed,         Q::none,           ""},
    filter_place{"body skipped",       option::skip, "OoCcMcRcBs",      P::body,           Q::none,           in_body, false},

    // A command that isn't wanted counts as if it had come.
    filter_place{"no connect",   option::no_connect, "Oo",              P::negotiated,     Q::none,           "CDHMUAQK"},
    filter_place{"no mail",         option::no_mail, "OoCc",            P::connected,      Q::none,           in_mail},
    filter_place{"no mail, no rcpt",  option{0x00c}, "OoCc",            P::connected,      Q::none,           in_mail},
    filter_place{"no body",         option::no_body, "OoCcMcRcNc",      P::end_of_headers, Q::none,           in_body, false},
    filter_place{"nothing wanted",         every_no, "Oo",              P::negotiated,     Q::none,           "CDHMRTLNBEUAQK", false},
    filter_place{"nothing wanted, connected", every_no, "OoCc",         P::connected,      Q::none,           in_mail, false},
    filter_place{"nothing wanted, headers", every_no, "OoLc",           P::headers,        Q::none,           in_headers, false},

    // Where nothing but the end is answered.
    filter_place{"silent, negotiated",  every_silent, "Oo",             P::negotiated,     Q::none,           "DCUAQK"},
    filter_place{"silent, connected",   every_silent, "OoC",            P::connected,      Q::none,           between},
    filter_place{"silent, greeted",     every_silent, "OoCH",           P::greeted,        Q::none,           between},
    filter_place{"silent, mail",        every_silent, "OoCM",           P::mail,           Q::none,           in_mail},
    filter_place{"silent, data",        every_silent, "OoCMRT",         P::data,           Q::none,           in_mail},
    filter_place{"silent, headers",     every_silent, "OoCMRTLL",       P::headers,        Q::none,           in_headers},
    filter_place{"silent, body",        every_silent, "OoCMRTLNBB",     P::body,           Q::none,           in_body},
    filter_place{"silent, the end",     every_silent, "OoCMRTLNBBE",    P::end_of_message, Q::end_of_message, "AQK"},
    filter_place{"leading spaces", option::leading_space, "OoCcMcRc",   P::rcpt,           Q::none,           in_mail},
};
// clang-format on

/// What is owed after a command.
question owed_after(char code, const filter_place& place) {
    if (code == 'A') return place.asked;
    return has(place.agreed, by_hand::silent_under(code)) ? Q::none : by_hand::question_of(code);
}

/// Answers what is owed, if it is.
complaint answer_owed(filter_session& filter, std::string& out) {
    if (filter.state().asked() == Q::negotiate) {
        if (filter.send(reply::negotiate{}, out) != errc::ok) return "the offer can't be answered";
    } else if (filter.send(reply::proceed{}, out) != errc::ok) {
        return "proceed is refused";
    }
    return filter.state().reply_due() ? "still to be answered" : nullptr;
}

/// The rest of the session: the answer, and quit.
complaint run_to_end(filter_session& filter, std::string_view expected_answer) {
    std::string out;
    if (const auto wrong = answer_owed(filter, out)) return wrong;
    if (out != expected_answer) return "another answer";
    outcome quit;
    quit.add('Q', {});
    static const auto bytes = frame_of('Q');
    if (const auto wrong = hear(filter, 'Q', bytes, P::fresh, Q::none, quit)) return wrong;
    return check_closed(filter, errc::ok, reply::proceed{});
}

/// A filter that has gone through a script.
filter_session filter_at(const filter_place& place) {
    filter_session filter;
    std::string out;
    for (const char letter : place.said) {
        if (is_command(letter)) {
            const auto bytes = frame_of(letter);
            for (const auto& event : filter.receive(bytes))
                REQUIRE_FALSE(std::holds_alternative<protocol_error>(event));
        } else {
            const reply::negotiate agreed{.actions = all_actions, .options = place.agreed};
            REQUIRE(script::say(filter, letter, agreed, out) == errc::ok);
        }
    }
    REQUIRE(filter.state().at() == place.at);
    REQUIRE(filter.state().asked() == place.asked);
    return filter;
}

complaint check_filter(filter_session filter, const filter_place& place, char code, std::string_view payload,
                       std::string_view bytes, bool to_the_end) {
    const bool leading = has(place.agreed, option::leading_space);
    auto read =
        by_hand::read_command(code, payload, leading ? by_hand::spaces::apart : by_hand::spaces::on_wire);
    outcome expected;
    auto at = by_hand::after(code, place.at);
    auto asked = owed_after(code, place);
    bool end_follows = false;
    if (place.at == P::closed) {
        // Nothing comes any more.
    } else if (read.wrong != errc::ok) {
        expected.wrong = read.wrong;
    } else if (place.takes.find(code) == place.takes.npos) {
        const bool never = place.at == P::fresh && (code == 'A' || code == 'K');
        expected.wrong = place.asked != Q::none && !never ? errc::reply_owed : errc::out_of_turn;
    } else if (code == 'O' && static_cast<unsigned char>(payload[3]) < 2) {
        expected.wrong = errc::version_too_old;
    } else if (code == 'E' && !payload.empty()) {
        // A last piece of the body, and the end when that has been answered: one answer to both.
        const by_hand::contents piece = read.in;
        by_hand::contents nothing;
        nothing.text({});
        const bool silent = has(place.agreed, option::silent_body);
        if (place.body_wanted) expected.add('B', piece);
        if (!place.body_wanted || silent) expected.add('E', nothing);
        if (place.body_wanted && !silent) {
            at = P::body;
            asked = Q::body;
            end_follows = true;
        }
    } else {
        expected.add(code, read.in);
    }

    if (const auto wrong = hear(filter, code, bytes, place.at, place.asked, expected)) return wrong;
    if (place.at == P::closed) return check_closed(filter, errc::ok, reply::proceed{});
    if (expected.wrong != errc::ok) return check_closed(filter, expected.wrong, reply::proceed{});
    if (filter.state().at() != at) return "it stands elsewhere";
    if (filter.state().asked() != asked) return "another answer is owed";
    if (filter.open() != (at != P::closed) || filter.error() != errc::ok) return "open or closed";
    if (filter.state().in_message() != (at >= P::mail && at <= P::end_of_message))
        return "in a message or not";
    if (!to_the_end || at == P::closed) return nullptr;

    static const auto offered = bytes_of_answer(0, 0);
    static const auto proceeds = frame_of('c');
    if (end_follows) {
        std::string out;
        if (const auto wrong = answer_owed(filter, out)) return wrong;
        if (!out.empty()) return "the last piece has an answer of its own";
        outcome end;
        end.add('E', {});
        end.events[0].in.text({});
        if (const auto wrong = hear(filter, 'E', {}, P::body, Q::none, end)) return wrong;
        return run_to_end(filter, proceeds);
    }
    return run_to_end(filter, asked == Q::none ? ""sv : asked == Q::negotiate ? offered : proceeds);
}

// The MTA's side.

/// An MTA somewhere in a conversation, and what it hears as an answer now.
struct mta_place {
    const char* name;
    option agreed;
    action granted;
    std::string_view said;
    question asked;
    std::string_view takes;
    bool counts = true;  ///< an answer about a recipient that the MTA has refused itself doesn't
};

constexpr auto verdicts = "cartydsp4"sv;  // Postfix takes skip, progress and shutdown everywhere: 5.3
constexpr auto all_at_end = "cartydsp4hime+2-bq"sv;

// clang-format off
constexpr std::array mta_places{
    mta_place{"fresh",                      option::skip, all_actions, "",                  Q::none,           ""},
    mta_place{"offer to be answered",       option::skip, all_actions, "O",                 Q::negotiate,      "O"},
    mta_place{"negotiated",                 option::skip, all_actions, "Oo",                Q::none,           ""},
    mta_place{"connect to be answered",     option::skip, all_actions, "OoC",               Q::connect,        verdicts},
    mta_place{"connected",                  option::skip, all_actions, "OoCc",              Q::none,           ""},
    mta_place{"helo to be answered",        option::skip, all_actions, "OoCcH",             Q::helo,           verdicts},
    mta_place{"greeted",                    option::skip, all_actions, "OoCcHc",            Q::none,           ""},
    mta_place{"mail to be answered",        option::skip, all_actions, "OoCcM",             Q::mail,           verdicts},
    mta_place{"mail",                       option::skip, all_actions, "OoCcMc",            Q::none,           ""},
    mta_place{"rcpt to be answered",        option::skip, all_actions, "OoCcMcR",           Q::rcpt,           verdicts},
    mta_place{"refused rcpt to be answered", option::skip | option::rejected_rcpt, all_actions, "OoCcMcX", Q::rcpt, verdicts, false},
    mta_place{"rcpt",                       option::skip, all_actions, "OoCcMcRc",          Q::none,           ""},
    mta_place{"data to be answered",        option::skip, all_actions, "OoCcMcRcT",         Q::data,           verdicts},
    mta_place{"unknown to be answered",     option::skip, all_actions, "OoCcMcRcTcU",       Q::unknown,        verdicts},
    mta_place{"header to be answered",      option::skip, all_actions, "OoCcMcRcTcL",       Q::header,         verdicts},
    mta_place{"end of headers to be answ.", option::skip, all_actions, "OoCcMcRcTcLcN",     Q::end_of_headers, verdicts},
    mta_place{"body to be answered",        option::skip, all_actions, "OoCcMcRcTcLcNcB",   Q::body,           verdicts},
    mta_place{"body, after progress",       option::skip, all_actions, "OoCcMcRcBp",        Q::body,           verdicts},
    mta_place{"body",                       option::skip, all_actions, "OoCcMcRcNcBc",      Q::none,           ""},
    mta_place{"body skipped",               option::skip, all_actions, "OoCcMcRcNcBs",      Q::none,           ""},
    mta_place{"end to be answered",         option::skip, all_actions, "OoCcMcRcBcE",       Q::end_of_message, all_at_end},
    mta_place{"amid a new body",            option::skip, all_actions, "OoCcMcRcBcEbb",     Q::end_of_message, all_at_end},
    mta_place{"after a new body",           option::skip, all_actions, "OoCcMcRcBcEhbpb",   Q::end_of_message, all_at_end},
    mta_place{"nothing granted",            none,         action{},    "OoCcMcRcBcE",       Q::end_of_message, "cartydp4"},
    mta_place{"nothing granted, body",      none,         action{},    "OoCcMcRcB",         Q::body,           "cartydp4"},
    mta_place{"only new headers granted",   none, action::add_headers, "OoCcMcRcBcE",       Q::end_of_message, "cartydp4hi"},
    mta_place{"all but a new body granted", none, all_actions & ~action::change_body, "OoCcMcRcBcE", Q::end_of_message, "cartydp4hime+2-q"},
    mta_place{"message delivered",          option::skip, all_actions, "OoCcMcRcEc",        Q::none,           ""},
    mta_place{"message left",               option::skip, all_actions, "OoCcMa",            Q::none,           ""},
    mta_place{"message refused",            option::skip, all_actions, "OoCcMcRcTr",        Q::none,           ""},
    mta_place{"connection left",            option::skip, all_actions, "OoCa",              Q::none,           ""},
    mta_place{"connection shut down",       option::skip, all_actions, "OoCcM4",            Q::none,           ""},
    mta_place{"aborted",                    option::skip, all_actions, "OoCcMcRcA",         Q::none,           ""},
    mta_place{"for another client",         option::skip, all_actions, "OoCcMcRcK",         Q::none,           ""},
    mta_place{"silent",                     every_silent, all_actions, "OoCHMRTLNB",        Q::none,           ""},
    mta_place{"silent, the end",            every_silent, all_actions, "OoCHMRTLNBE",       Q::end_of_message, "cartydp4hime+2-bq"},
    mta_place{"leading spaces",    option::leading_space, all_actions, "OoCcMcRcE",         Q::end_of_message, "cartydp4hime+2-bq"},
};
// clang-format on

std::string agreement(const mta_place& place) {
    return bytes_of_answer(static_cast<std::uint32_t>(place.granted),
                           static_cast<std::uint32_t>(place.agreed));
}

mta_session mta_at(const mta_place& place) {
    mta_session mta;
    std::string out;
    for (const char letter : place.said) {
        if (is_command(letter)) {
            REQUIRE(script::say(mta, letter, {}, out) == errc::ok);
        } else {
            const auto bytes = letter == 'o' ? agreement(place) : frame_of(letter);
            for (const auto& event : mta.receive(bytes))
                REQUIRE_FALSE(std::holds_alternative<protocol_error>(event));
        }
    }
    REQUIRE(mta.open());
    REQUIRE(mta.state().asked() == place.asked);
    REQUIRE((mta.now() == todo::wait) == (place.asked != Q::none));
    return mta;
}

/// The rest of the session: the answer, and quit.
complaint run_to_end(mta_session& mta) {
    if (mta.now() == todo::wait) {
        const auto bytes = mta.state().asked() == Q::negotiate ? bytes_of_answer(0, 0) : frame_of('c');
        for (const auto& event : mta.receive(bytes))
            if (std::holds_alternative<protocol_error>(event)) return "the answer is refused";
    }
    if (mta.now() == todo::wait || mta.now() == todo::give_up) return "there is nothing to be done";
    std::string out;
    static const auto quit = frame_of('Q');
    if (mta.send(command::quit{}, out) != errc::ok || out != quit) return "it can't quit";
    if (mta.now() != todo::close) return "it doesn't close";
    return check_closed(mta, errc::ok, command::abort{});
}

complaint check_mta(mta_session mta, const mta_place& place, char code, std::string_view payload,
                    std::string_view bytes, bool to_the_end) {
    const auto at = mta.state().at();
    const bool leading = has(place.agreed, option::leading_space);
    auto read = by_hand::read_reply(code, payload, leading ? by_hand::spaces::apart : by_hand::spaces::added);
    outcome expected;
    if (place.asked == Q::none)
        expected.wrong = errc::reply_not_due;  // whatever it is
    else if (read.wrong != errc::ok)
        expected.wrong = read.wrong;
    else if (const auto harm = by_hand::harm_in(code, payload); harm != errc::ok)
        expected.wrong = harm;
    else if (place.takes.find(code) != place.takes.npos)
        expected.add(code, read.in);
    else if (place.asked == Q::end_of_message && by_hand::is_one_of(code, script::changes))
        expected.wrong = errc::action_not_granted;
    else if (code == 's' && place.asked != Q::negotiate)
        expected.wrong = errc::option_not_granted;
    else
        expected.wrong = errc::wrong_reply;

    if (const auto wrong = hear(mta, code, bytes, at, place.asked, expected)) return wrong;
    if (expected.wrong != errc::ok) {
        if (mta.now() != todo::give_up || mta.reusable()) return "it doesn't give up";
        return check_closed(mta, expected.wrong, command::quit{});
    }
    if (!mta.open() || mta.error() != errc::ok) return "closed";
    const bool hangs_up = code == 'y' && payload.substr(0, 3) == "421";
    if (mta.now() != by_hand::done_about(hangs_up      ? 'z'
                                         : code == 'O' ? 'o'
                                                       : code,
                                         place.asked, !place.counts))
        return "it is to do something else";
    return to_the_end ? run_to_end(mta) : nullptr;
}

}  // namespace

TEST_CASE("every short payload of every command is decoded as the protocol has it") {
    const effort e{"short commands decoded"};
    const auto frames = decode_all(
        commands, long_commands, [](const frame& f) { return decode_command(f); },
        [](char code, std::string_view payload) { return by_hand::read_command(code, payload); });
    e.report({{"frames", frames}});
}

TEST_CASE("every short payload of every reply is decoded as the protocol has it") {
    const effort e{"short replies decoded"};
    const auto frames = decode_all(
        replies, long_replies, [](const frame& f) { return decode_reply(f); },
        [](char code, std::string_view payload) { return by_hand::read_reply(code, payload); });
    e.report({{"frames", frames}});
}

TEST_CASE("every short frame is an event or an error for a filter, in every phase") {
    const effort e{"short frames heard by a filter"};
    unsigned long long frames = 0;
    framed block;
    for (const auto& place : filter_places) {
        INFO(place.name);
        const auto filter = filter_at(place);
        frames += for_each_frame(
            commands, long_commands, [&](char code, std::string_view begin, std::string_view end) {
                const auto bytes = block(code, begin, end);
                const bool to_the_end = thorough || end.size() < 3;
                const auto wrong = check_filter(filter, place, code, bytes.substr(5), bytes, to_the_end);
                if (wrong != nullptr) fail_at(place.name, code, begin, end, wrong);
            });
    }
    e.report({{"places", filter_places.size()}, {"frames", frames}});
}

TEST_CASE("every short frame is an event or an error for an MTA, in every phase") {
    const effort e{"short frames heard by an MTA"};
    unsigned long long frames = 0;
    framed block;
    for (const auto& place : mta_places) {
        INFO(place.name);
        const auto mta = mta_at(place);
        frames += for_each_frame(
            replies, long_replies, [&](char code, std::string_view begin, std::string_view end) {
                const auto bytes = block(code, begin, end);
                const bool to_the_end = thorough || end.size() < 3;
                const auto wrong = check_mta(mta, place, code, bytes.substr(5), bytes, to_the_end);
                if (wrong != nullptr) fail_at(place.name, code, begin, end, wrong);
            });
    }
    e.report({{"places", mta_places.size()}, {"frames", frames}});
}
