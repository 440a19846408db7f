// SPDX-License-Identifier: MIT
// THE TABLE OF DIFFERENCES from libmilter: what each does, why, how a stream is to be changed so that kilter
// does with it what libmilter does with the original, and a stream that shows it.
#pragma once

#include <optional>
#include <string>
#include <string_view>
#include <vector>

#include "compare.hpp"
#include "streams.hpp"

namespace differential {

/// Where two traces part, and a piece that may be why.
struct situation {
    const policy& is;
    const pieces& stream;  ///< what kilter was given
    std::size_t at;        ///< the piece; or their number, for the end of the stream
    const moment& before;
    const trace& theirs;
    parting where;

    char code() const { return at < stream.size() ? stream[at].code() : '\0'; }
    /// At the end, or at a last frame that isn't whole?
    bool at_end() const { return at == stream.size() || (fine() && !stream[at].is_whole()); }
    bool is_one_of(std::string_view codes) const {
        return code() != '\0' && codes.find(code()) != codes.npos;
    }
    bool wrong(errc e) const { return before.wrong == e; }
    bool fine() const { return before.wrong == errc::ok; }
    std::string payload() const { return stream[at].payload(); }
    test::naive::message read() const { return test::naive::command({code(), payload()}); }
    /// The reply of libmilter that kilter hasn't given.
    const test::naive::frame* their_reply() const {
        return where.replies < theirs.replies.size() ? &theirs.replies[where.replies].reply : nullptr;
    }
};

/// What makes kilter do as libmilter does.
struct repair {
    enum class kind {
        replaces,     ///< the piece is replaced
        other_reply,  ///< and the reply of libmilter is another one, or left out
        ends,         ///< the stream ends before the piece: libmilter hangs up
        gives_up,     ///< kilter has closed its session, or libmilter lost its way: no more is compared
    };
    pieces in_place{};
    kind what = kind::replaces;
    std::optional<test::naive::frame> reply{};
};
using repairs = std::vector<repair>;

/// What a difference is about. Those of frames and their fields come before the others, for what isn't read
/// has no place yet.
enum class about { fields, order, replies };

struct row {
    about of;
    std::string_view what;
    std::string_view libmilter;
    std::string_view kilter;
    std::string_view why;
    repairs (*explain)(const situation&);
    policy (*with)();
    std::string (*witness)();
};

// Pieces for repairs.

inline piece heard(std::string bytes) { return {std::move(bytes), true}; }
inline piece unheard(std::string bytes) { return {std::move(bytes), false}; }

inline piece abort() { return heard(frame('A')); }
inline piece quiet_abort() { return unheard(frame('A')); }
inline piece quiet_offer() { return unheard(offer(6, 0x1ff, 0x1f'ffff)); }
inline piece quiet_connect() { return unheard(frame('C', "h\0U"s)); }
inline piece quiet_mail() { return unheard(frame('M', "<>\0"s)); }

inline repairs instead(pieces p) { return {{std::move(p)}}; }
inline repairs hangs_up() { return {{{}, repair::kind::ends}}; }
inline repairs gives_up() { return {{{}, repair::kind::gives_up}}; }

/// These pieces and then the one that is there, if there is one.
inline repair before(const situation& s, pieces p) {
    if (s.at != s.stream.size()) p.push_back(s.stream[s.at]);
    return {std::move(p)};
}

/// libmilter's reply is left out, or another one.
inline repairs other_reply(const situation& s, std::optional<test::naive::frame> reply) {
    pieces same;
    if (s.at != s.stream.size()) same.push_back(s.stream[s.at]);
    return {{same, repair::kind::other_reply, std::move(reply)}};
}
inline repairs without_reply(const situation& s) { return other_reply(s, std::nullopt); }

/// libmilter has dropped it, and with it the message that was under way, as far as it knows of one. After
/// that it takes no connect.
inline repairs dropped(const situation& s) {
    if (s.before.at == phase::fresh) return instead({quiet_offer(), quiet_connect()});
    if (s.before.at == phase::negotiated) return instead({quiet_connect()});
    if (!s.before.in_message) return instead({});
    const bool unknown_to_it = s.before.last == 'U' || s.before.data_refused;
    if (s.before.hung_up) return {{{quiet_abort()}}, {{abort()}}};  // at mail, or later
    return instead({unknown_to_it ? quiet_abort() : abort()});
}

inline std::string up_to_last_nul(const std::string& payload) {
    const auto last = payload.rfind('\0');
    return last == payload.npos ? ""s : payload.substr(0, last + 1);
}

/// Is it a `C` of one of these families whose address libmilter can't use?
inline bool has_no_address(const situation& s, std::string_view families) {
    if (!s.is_one_of("C") || !s.fine()) return false;
    const auto read = s.read();
    return read.fields.size() == 4 && families.find(read.fields[1].value[0]) != families.npos &&
           !address_of(read.fields[1].value[0], read.fields[3].value);
}

/// Does libmilter answer one of these commands like this?
inline bool is_answered(const situation& s, std::string_view commands, char reply) {
    return s.their_reply() != nullptr && s.their_reply()->code == reply && s.is_one_of(commands);
}

/// Has kilter refused it for its place, or, since it looks at them first, for its fields?
inline bool misplaced(const situation& s) {
    return s.wrong(errc::out_of_turn) || s.wrong(errc::missing_field) || s.wrong(errc::missing_nul) ||
           s.wrong(errc::trailing_bytes) || s.wrong(errc::unknown_family) || s.wrong(errc::empty_name);
}

/// Has libmilter handed out a header field without a name?
inline bool takes_empty_name(const situation& s) {
    return s.is_one_of("L") && s.wrong(errc::empty_name) && s.where.events < s.theirs.events.size() &&
           s.theirs.events[s.where.events].line.starts_with("header||");
}

/// Is there data on `E` for a filter that wants no bodies, or no more of one?
inline bool has_unwanted_body(const situation& s) {
    return s.is_one_of("E") && !s.payload().empty() && !s.before.wants_body;
}

/// The shortest beginning of a payload that is a message.
inline std::string without_tail(char code, const std::string& payload) {
    for (std::size_t size = 0; size != payload.size(); ++size)
        if (test::naive::command({code, payload.substr(0, size)}).error == test::naive::wrong::nothing)
            return payload.substr(0, size);
    return payload;
}

/// Pairs, as many as there are whole ones.
inline std::string whole_pairs(std::string macros) {
    const auto stage = macros.substr(0, 1);
    macros = up_to_last_nul(macros.substr(1));
    if (std::count(macros.begin(), macros.end(), '\0') % 2 != 0) {
        macros.pop_back();
        macros = up_to_last_nul(macros);
    }
    return stage + macros;
}

inline bool has_control(std::string_view text) {
    for (const char c : text)
        if (static_cast<unsigned char>(c) < 32 || c == 127) return true;
    return false;
}

/// Could this header field, as it is, be another one or more than one?
inline bool injects(const test::naive::frame& reply) {
    const auto m = test::naive::reply(reply);
    for (std::size_t i = 0; i != m.fields.size(); ++i) {
        const auto& [name, value] = m.fields[i];
        if (name == "name" && (has_control(value) || value.find_first_of(" :") != value.npos)) return true;
        if (name != "value") continue;
        for (std::size_t at = 0; at != value.size(); ++at) {
            const bool fold = at + 1 != value.size() && (value[at + 1] == ' ' || value[at + 1] == '\t');
            if (value[at] == '\r' || (value[at] == '\n' && !fold)) return true;
        }
    }
    return false;
}

// Policies and streams of the witnesses.

inline policy plain() { return {}; }
inline policy that_says(step to, answer says) {
    policy p;
    p.verdicts = {{to, 1, says}};
    return p;
}
inline policy that_changes(std::vector<change> changes) {
    policy p;
    p.actions = all_actions;
    p.changes = std::move(changes);
    return p;
}

inline const std::string O = offer(6, 0x1ff, 0x1f'ffff);
inline const std::string C = frame('C', "h\0U"s);
inline const std::string H = frame('H', "a\0"s);
inline const std::string M = frame('M', "<s@x>\0"s);
inline const std::string R = frame('R', "<r@y>\0"s);
inline const std::string T = frame('T');
inline const std::string L = frame('L', "A\0 1\0"s);
inline const std::string N = frame('N');
inline const std::string B = frame('B', "x\r\n");
inline const std::string E = frame('E');
inline const std::string A = frame('A');
inline const std::string U = frame('U', "FOO\0"s);
inline const std::string K = frame('K');
inline const std::string Q = frame('Q');

// clang-format off

inline const std::vector<row> table{
    // Frames.
    {about::fields, "a length of 0",
     "takes the next byte as the code of a frame without payload, and goes on",
     "an error, `zero_length`",
     "no peer sends it; whoever does has lost its place in the stream",
     [](const situation& s) -> repairs {
         if (!s.wrong(errc::zero_length)) return {};
         return instead({heard(frame(s.code()))});
     },
     plain, [] { return O + C + "\0\0\0\0A"s + M + "\0\0\0\0A"s + M; }},
    {about::fields, "a length above 0x80000000",
     "reads it as negative, and so as a frame without payload",
     "an error, `frame_too_long`",
     "the payload that was meant would be read as frames",
     [](const situation& s) -> repairs {
         if (!s.wrong(errc::frame_too_long) || !s.stream[s.at].is_frame() || s.stream[s.at].length() <= 0x8000'0000) return {};
         return instead({heard(frame(s.code()))});
     },
     plain, [] { return O + C + M + "\x80\0\0\1A"s + M; }},

    // Fields.
    {about::fields, "`D` with more than 32,768 bytes",
     "keeps it, up to the size of any frame",
     "an error, `frame_too_long`, unless its `limits` say otherwise",
     "no MTA sends more than a few hundred; and seven sets of 64 KiB for each connection are an attack",
     [](const situation& s) -> repairs {
         if (!s.is_one_of("D") || !s.wrong(errc::frame_too_long) || s.payload().size() <= 32'768) return {};
         return instead({});
     },
     plain, [] { return O + C + frame('D', "Mi\0"s + std::string(40'000, 'x') + "\0"s) + M; }},
    {about::fields, "a payload on `A`, `N`, `T` or `K`",
     "passes over it",
     "an error, `trailing_bytes`",
     "no MTA sends one, so its sender means something else than we hear",
     [](const situation& s) -> repairs {
         if (!s.is_one_of("ANTK") || !s.wrong(errc::trailing_bytes)) return {};
         return instead({heard(frame(s.code()))});
     },
     plain, [] { return O + C + M + R + frame('T', "x") + L; }},
    {about::fields, "bytes behind the last field of `C`, `H`, `U` or `L`, if the very last one is a NUL",
     "passes over them",
     "an error, `trailing_bytes`",
     "an embedded NUL looks like this; a text must not mean one thing to the filter and another to its log",
     [](const situation& s) -> repairs {
         if (!s.is_one_of("CHUL") || !s.wrong(errc::trailing_bytes)) return {};
         if (!s.is_one_of("U") && s.payload().back() != '\0') return {};
         return instead({heard(frame(s.code(), without_tail(s.code(), s.payload())))});
     },
     plain, [] { return O + C + frame('H', "a\0b\0"s) + M; }},
    {about::fields, "a last argument of `M` or `R` without its NUL",
     "drops the argument",
     "an error, `missing_nul`",
     "half an argument is as likely a lost one",
     [](const situation& s) -> repairs {
         if (!s.is_one_of("MR") || !s.wrong(errc::missing_nul)) return {};
         return instead({heard(frame(s.code(), up_to_last_nul(s.payload())))});
     },
     plain, [] { return O + C + frame('M', "<>\0X="s) + R; }},
    {about::fields, "`M` (or what is first, if the filter wants no `M`) that can't be read, or `R` after `U`, or in a message an empty `H` or `U`",
     "calls abort for it, of a message that hasn't begun or once more for the one under way, and hangs up",
     "an error, `missing_nul` or the like; one abort, for a message that has begun",
     "what hasn't begun can't be dropped, nor what has been dropped",
     [](const situation& s) -> repairs {
         if (!misplaced(s) || s.wrong(errc::out_of_turn)) return {};
         const bool mail = s.is_one_of("M");
         const bool rcpt = s.is_one_of("R") && s.before.last == 'U' && !s.before.in_message;
         const bool other = s.is_one_of("HU") && s.payload().empty() && (s.before.in_message || s.before.rcpt_discarded);
         const bool first = s.is_one_of("RTLNBE") && has(s.before.agreed, option::no_mail);
         if (!mail && !rcpt && !other && !first) return {};
         auto ways = dropped(s);
         if (s.before.rcpt_discarded && !s.before.in_message) ways = instead({quiet_mail(), abort()});
         for (auto& way : ways) {
             way.what = repair::kind::ends;
             way.in_place.push_back(quiet_mail());
         }
         return ways;
     },
     plain, [] { return O + C + H + M + frame('M', "<>"); }},
    {about::fields, "`H` without its NUL",
     "calls nothing and answers nothing: the MTA waits until it gives up",
     "an error, `missing_nul`",
     "a closed connection is seen at once",
     [](const situation& s) -> repairs {
         if (!s.is_one_of("H") || s.payload().empty() || s.payload().back() == '\0') return {};
         auto ways = dropped(s);
         for (auto& way : ways) way.in_place.push_back(unheard(H));  // the macros for later steps are gone
         return ways;
     },
     plain, [] { return O + C + frame('H', "a.b") + M; }},
    {about::fields, "`U` without its NUL",
     "hands the text to the filter, which reads on behind the buffer",
     "an error, `missing_nul`",
     "it can't be read",
     [](const situation& s) -> repairs {
         if (!s.is_one_of("U") || !s.wrong(errc::missing_nul)) return {};
         auto text = s.payload();
         text.back() = '\0';  // what it says isn't looked at
         return instead({heard(frame('U', text))});
     },
     plain, [] { return O + C + frame('U', "FOO") + M; }},
    {about::fields, "a last macro without its value, or without its NUL",
     "drops what has no NUL; of a name without a value it reads on behind its list when it looks a macro up",
     "an error, `missing_value` or `missing_nul`",
     "it can't be read; and half a macro may be the one that a decision hangs on",
     [](const situation& s) -> repairs {
         if (!s.is_one_of("D") || !(s.wrong(errc::missing_nul) || s.wrong(errc::missing_value))) return {};
         return instead({heard(frame('D', whole_pairs(s.payload())))});
     },
     plain, [] { return O + frame('D', "Ci\0001"s) + C + frame('D', "Mi\0"s) + M; }},
    {about::fields, "`L` with an empty name, if another NUL follows than the last",
     "hands out the empty name, and of the rest what follows that NUL",
     "an error, `empty_name`",
     "what it hands out is neither the name nor the value",
     [](const situation& s) -> repairs {
         if (!takes_empty_name(s)) return {};
         return gives_up();
     },
     plain, [] { return O + C + M + R + frame('L', "\0A\0b\0"s) + L; }},
    {about::fields, "an empty `B`",
     "hangs up",
     "takes it, as a piece without bytes",
     "nobody sends it, but it means something and harms nobody",
     [](const situation& s) -> repairs {
         if (!s.is_one_of("B") || !s.payload().empty()) return {};
         if (s.before.rcpt_discarded && !s.before.in_message) return {{{quiet_mail()}, repair::kind::ends}};
         if (!s.fine()) return {};
         if (!has(s.before.agreed, option::no_mail) || s.before.in_message) return hangs_up();
         return {{{quiet_mail()}, repair::kind::ends}, {{}, repair::kind::ends}};
     },
     plain, [] { return O + C + M + R + frame('B') + E; }},
    {about::fields, "an address in `C` that inet_aton() or inet_pton() doesn't take",
     "hangs up",
     "hands it out as the text that it is",
     "kilter has no addresses but texts; to judge one is for whoever uses it",
     [](const situation& s) { return has_no_address(s, "46") ? hangs_up() : repairs{}; },
     plain, [] { return O + frame('C', "h\0" "4\0\1x\0"s) + M; }},
    {about::fields, "a path in `C` that is too long for a socket",
     "hangs up",
     "hands it out as the text that it is",
     "how long one may be differs from system to system",
     [](const situation& s) { return has_no_address(s, "L") ? hangs_up() : repairs{}; },
     plain, [] { return O + frame('C', "h\0L\0\0"s + std::string(120, 'p') + "\0"s) + M; }},
    {about::fields, "data on `E`, if the filter has a verdict on it",
     "hands it out as a piece of the body, and sends the verdict twice, the second time without its text",
     "the same, but one answer",
     "the second one would be taken for the answer to the next command",
     [](const situation& s) -> repairs {
         if (!s.is_one_of("E") || s.payload().empty() || s.their_reply() == nullptr || s.where.replies == 0) return {};
         const auto& first = s.theirs.replies[s.where.replies - 1].reply;
         const bool bare = first.code == 'y' && (s.their_reply()->code == 'r' || s.their_reply()->code == 't');
         if (*s.their_reply() != first && !bare) return {};
         return without_reply(s);
     },
     [] { return that_says(step::body, answer::reject); }, [] { return O + C + M + R + frame('E', "x") + M; }},
    {about::fields, "data on `E`, if the filter doesn't answer bodies",
     "hands it out as a piece of the body, and then neither calls the end of the message nor answers it",
     "hands out both, and sends one answer",
     "the MTA waits for the answer",
     [](const situation& s) -> repairs {
         if (!s.is_one_of("E") || s.payload().empty() || !s.is.silent(step::body)) return {};
         return gives_up();
     },
     [] { policy p; p.options = option::silent_body; return p; }, [] { return O + C + M + R + frame('E', "x") + M; }},
    {about::fields, "data on `E`, if the filter wants no bodies, or has skipped the rest of one",
     "hands it out as a piece of the body",
     "passes over it",
     "the filter has said that it has no use for it",
     [](const situation& s) -> repairs {
         if (!has_unwanted_body(s)) return {};
         return gives_up();
     },
     [] { policy p; p.options = option::no_body; return p; }, [] { return O + C + M + R + frame('E', "x") + M; }},

    // The offer.
    {about::order, "an offer of a version above 0x7fffffff",
     "reads it as negative, and hangs up",
     "answers with version 6, as to any other version above",
     "versions are numbers without a sign",
     [](const situation& s) -> repairs {
         if (!s.is_one_of("O") || !s.fine() || s.payload()[0] >= 0) return {};
         return hangs_up();
     },
     plain, [] { return offer(0x8000'0006, 0x1ff, 0x1f'ffff) + C; }},
    {about::order, "a second offer",
     "drops it without an answer, and the message that is under way",
     "an error, `out_of_turn`",
     "the MTA waits for the answer",
     [](const situation& s) -> repairs {
         if (!s.is_one_of("O") || s.fine() || s.before.at == phase::fresh) return {};
         return dropped(s);
     },
     plain, [] { return O + C + O + H + M + O + M; }},
    {about::order, "no offer, or something else before it",
     "takes `H`, `M` and `U`, drops all else and then the offer, too",
     "an error, `out_of_turn`",
     "nothing has been agreed, so neither knows what the other will do",
     [](const situation& s) -> repairs {
         if (s.before.at != phase::fresh || !misplaced(s)) return {};
         if (s.is_one_of("D")) return instead({});
         if (s.is_one_of("HMU")) return {before(s, {quiet_offer(), quiet_connect()})};
         return dropped(s);
     },
     plain, [] { return C + O + H + M + R + T + L + N + B + E; }},

    // The order.
    {about::order, "a command at a time when none of its kind may come",
     "drops it without an answer, and the message that is under way",
     "an error, `out_of_turn`, or what is wrong with its fields",
     "the MTA waits for an answer; and a message of which something is missing must not be judged",
     [](const situation& s) -> repairs {
         if (!misplaced(s) || s.before.at == phase::fresh || takes_empty_name(s)) return {};
         return dropped(s);
     },
     plain, [] { return O + C + R + H + N + M + C + R + M; }},
    {about::order, "`H`, `M` or, if the filter wants no `M`, what else begins a message, before `C`",
     "takes it",
     "an error, `out_of_turn`",
     "a filter that wants `C` relies on it",
     [](const situation& s) -> repairs {
         if (!s.wrong(errc::out_of_turn) || s.before.at != phase::negotiated) return {};
         if (!s.is_one_of(has(s.before.agreed, option::no_mail) ? "HRTLNBE" : "HM")) return {};
         return {before(s, {quiet_connect()})};
     },
     plain, [] { return O + H + M; }},
    {about::order, "`C` after `U`, or after something that libmilter has dropped",
     "drops it without an answer",
     "takes it",
     "it has come in its place",
     [](const situation& s) -> repairs {
         if (!s.is_one_of("C") || !s.fine()) return {};
         return instead({quiet_connect()});
     },
     plain, [] { return O + U + C + M; }},
    {about::order, "`R`, `T` or `B` between messages after `U`, or after `A` if the filter wants no `U`",
     "takes it",
     "an error, `out_of_turn`",
     "there is no message that it could belong to",
     [](const situation& s) -> repairs {
         if (!s.is_one_of("RTB") || !s.wrong(errc::out_of_turn) || s.before.in_message) return {};
         const bool after_abort = s.before.last == 'A' && has(s.before.agreed, option::no_unknown);
         if (s.before.last != 'U' && !after_abort) return {};
         return {before(s, {quiet_mail()}), before(s, {quiet_connect(), quiet_mail()})};
     },
     plain, [] { return O + C + U + R + T; }},
    {about::order, "`A` after `U` between messages",
     "calls abort",
     "an abort that ends nothing, as everywhere between messages",
     "there is no message to be dropped",
     [](const situation& s) -> repairs {
         if (!s.is_one_of("A") || !s.fine() || s.before.last != 'U' || s.before.in_message) return {};
         return {before(s, {quiet_mail()}), before(s, {quiet_connect(), quiet_mail()})};
     },
     plain, [] { return O + C + U + A + M; }},
    {about::order, "`A` between messages, if the filter wants no `M` or no `U`",
     "calls abort",
     "an abort that ends nothing, as everywhere between messages",
     "there is no message to be dropped",
     [](const situation& s) -> repairs {
         if (!s.is_one_of("A") || !s.fine() || s.before.in_message) return {};
         if (!has(s.before.agreed, option::no_mail) && !has(s.before.agreed, option::no_unknown)) return {};
         return {before(s, {quiet_mail()}), before(s, {quiet_connect(), quiet_mail()})};
     },
     [] { policy p; p.options = option::no_connect | option::no_helo | option::no_mail; return p; },
     [] { return O + A + R + E + A; }},
    {about::order, "a command of a message out of place, if the filter wants none of those that come before it",
     "drops the message that is under way, and takes it for the first of another",
     "an error, `out_of_turn`, or goes on with the message",
     "the MTA says when a message ends",
     [](const situation& s) -> repairs {
         if (!s.is_one_of("RTLNBE") || !has(s.before.agreed, option::no_mail) || !s.before.in_message) return {};
         if (has_unwanted_body(s)) return {};
         if (!s.fine() && !s.wrong(errc::out_of_turn)) return {};
         return {before(s, {abort()})};
     },
     [] { policy p; p.options = option::no_connect | option::no_helo | option::no_mail | option::no_rcpt | option::no_data; return p; },
     [] { return O + L + N + L + E; }},
    {about::order, "`U` between `M` and the content of a message",
     "drops `L`, `N` and `E` that follow without an answer, and calls no abort if the message ends there",
     "`U` changes nothing; the message goes on, or its end is told",
     "clients say unknown commands there, and both MTAs pass them on",
     [](const situation& s) -> repairs {
         if (s.before.last != 'U' || !s.before.in_message) return {};
         if (s.is_one_of("LNE") && s.fine()) return {{{quiet_abort()}}};
         if (s.at_end() || s.is_one_of("MHQKCO") || !s.fine()) return {before(s, {quiet_abort()})};
         return {};
     },
     plain, [] { return O + C + M + R + U + L + N + B + E + M + U + Q; }},
    {about::order, "`U` within the content of a message",
     "drops the message, and takes it",
     "`U` changes nothing, here too",
     "it is the same step everywhere",
     [](const situation& s) -> repairs {
         if (!s.is_one_of("U") || !s.fine() || s.before.at < phase::data || !s.before.in_message) return {};
         return {before(s, {abort()})};
     },
     plain, [] { return O + C + M + R + T + U + L; }},
    {about::order, "parts of a message left out, or in an order that is legal but not libmilter's",
     "drops what then comes without an answer, and the message",
     "takes it: `T`, content or the end without `R`; `E` without `N`; `R` and `T` after `T`; a body before the end of headers",
     "MTAs that don't send all steps have been seen, and nothing is lost by it",
     [](const situation& s) -> repairs {
         if (!s.is_one_of("RTLNBE") || !s.fine() || has_unwanted_body(s)) return {};
         if (!s.before.in_message) return instead({});
         return {{{abort()}}};
     },
     plain, [] { return O + C + M + T + M + R + L + E + M + R + T + T + M + R + T + B; }},
    {about::order, "`R`, `T` and content after `T` was refused",
     "drops them without an answer",
     "takes them; the message goes on until it is aborted",
     "the SMTP transaction is open in both MTAs, which send more recipients and `T` again",
     [](const situation& s) -> repairs {
         if (!s.before.data_refused || !s.before.in_message) return {};
         if (s.is_one_of("RTLNBEA")) return {{{quiet_abort()}}};
         return {before(s, {quiet_abort()})};
     },
     [] { return that_says(step::data, answer::reject); }, [] { return O + C + M + R + T + R + T + L + N + E + Q; }},
    {about::order, "a recipient answered with discard",
     "the message goes on, with an abort at its end",
     "the message is over",
     "both MTAs discard the whole message",
     [](const situation& s) -> repairs {
         if (!s.before.rcpt_discarded || s.before.in_message) return {};
         if (s.fine() || s.is_one_of("RTLNBE")) return {before(s, {quiet_mail()})};
         return {before(s, {quiet_mail()}), {{quiet_mail(), abort()}}};
     },
     [] { return that_says(step::rcpt, answer::discard); }, [] { return O + C + M + R + R + T + M + R + A; }},
    {about::order, "`K` elsewhere than after `E` or `U`",
     "drops it, and the message; then `C`, too",
     "takes it at any time: the message and the client's connection are over",
     "`C` comes next, and its answer is waited for",
     [](const situation& s) -> repairs {
         if (!s.is_one_of("K") || !s.fine()) return {};
         return dropped(s);
     },
     plain, [] { return O + C + M + K + C + M; }},

    {about::order, "more of a message that was answered with 421",
     "drops it without an answer",
     "takes it",
     "the MTA hangs up on the client; nothing comes but `Q`",
     [](const situation& s) -> repairs {
         if (!s.before.hung_up || !s.before.in_message) return {};
         if (s.at_end() || s.is_one_of("MHQKU")) return {before(s, {quiet_abort()})};
         return {{{quiet_abort()}}, before(s, {quiet_abort()}), before(s, {quiet_abort(), quiet_mail()})};
     },
     [] {
         auto p = that_says(step::mail, answer::reply_code);
         p.reply = {421, "4.3.0", {"Closing"}};
         return p;
     },
     [] { return O + C + M + R + M; }},

    // What is said.
    {about::replies, "progress at another command than `E`",
     "sends it",
     "refuses it, `wrong_reply`",
     "Sendmail gives the filter up over it",
     [](const situation& s) -> repairs {
         if (!s.is.progress_at_mail || s.their_reply() == nullptr || s.their_reply()->code != 'p') return {};
         return without_reply(s);
     },
     [] { policy p; p.progress_at_mail = true; return p; }, [] { return O + C + M + R; }},
    {about::replies, "accept in answer to `U`",
     "sends it",
     "refuses it, `wrong_reply`, and closes the session",
     "Postfix panics",
     [](const situation& s) { return is_answered(s, "U", 'a') ? gives_up() : repairs{}; },
     [] { return that_says(step::unknown, answer::accept); }, [] { return O + C + U; }},
    {about::replies, "discard in answer to `C`, `H` or `U`",
     "sends it",
     "refuses it, `wrong_reply`, and closes the session",
     "Sendmail drops all filters",
     [](const situation& s) { return is_answered(s, "CHU", 'd') ? gives_up() : repairs{}; },
     [] { return that_says(step::connect, answer::discard); }, [] { return O + C; }},
    {about::replies, "skip in answer to other commands than content",
     "sends it",
     "refuses it, `wrong_reply`, and closes the session",
     "Sendmail is silent until the end",
     [](const situation& s) { return is_answered(s, "CHMRTUE", 's') ? gives_up() : repairs{}; },
     [] {
         auto p = that_says(step::mail, answer::skip);
         p.options = option::skip;
         return p;
     },
     [] { return O + C + M; }},
    {about::replies, "a header field with a line end, a space or a colon where it makes two of one",
     "sends it",
     "refuses it, `bad_header_name` or `bad_header_value`",
     "Sendmail writes it into the mail as it is",
     [](const situation& s) -> repairs {
         if (s.their_reply() == nullptr || !injects(*s.their_reply())) return {};
         return without_reply(s);
     },
     [] {
         return that_changes({{change_kind::add_header, "X: y\r\nZ", "v", 0},
                              {change_kind::insert_header, "X", "v\r\nZ: w", 0},
                              {change_kind::change_header, "X", "v\nw", 1}});
     },
     [] { return O + C + M + R + E; }},
    {about::replies, "a control character in an address or a reason",
     "sends it",
     "refuses the address, `bad_address` or `bad_text`; sends the reason with spaces",
     "it goes into SMTP, and into logs",
     [](const situation& s) -> repairs {
         const auto* reply = s.their_reply();
         if (reply == nullptr || std::string_view{"+-2eq"}.find(reply->code) == std::string_view::npos) return {};
         bool control = false;
         for (const auto& f : test::naive::reply(*reply).fields) control = control || has_control(f.value);
         if (!control) return {};
         if (reply->code != 'q') return without_reply(s);
         auto spaces = *reply;
         for (auto& c : spaces.payload)
             if (c != '\0' && has_control({&c, 1})) c = ' ';
         return other_reply(s, spaces);
     },
     [] {
         return that_changes({{change_kind::add_rcpt, "<a@b>\r\nQUIT", "", 0}, {change_kind::quarantine, "a\r\nb", "", 0}});
     },
     [] { return O + C + M + R + E; }},
    {about::replies, "progress after a piece of a new body",
     "sends it",
     "leaves it out",
     "Postfix fails the message, and each piece makes the MTA wait on as well",
     [](const situation& s) -> repairs {
         const auto* reply = s.their_reply();
         if (reply == nullptr || reply->code != 'p' || s.is.progress_at_mail) return {};
         bool replaces = false;
         for (const auto& c : s.is.changes) replaces = replaces || c.kind == change_kind::replace_body;
         if (!replaces) return {};
         return without_reply(s);
     },
     [] { return that_changes({{change_kind::replace_body, "a", "", 0}, {change_kind::progress, "", "", 0}}); },
     [] { return O + C + M + R + E; }},
    {about::replies, "an empty line in an SMTP reply of several",
     "a space stands behind its enhanced code",
     "none does",
     "nobody needs it",
     [](const situation& s) -> repairs {
         const auto* reply = s.their_reply();
         if (reply == nullptr || reply->code != 'y' || reply->payload.find(" \r\n") == std::string::npos) return {};
         auto without = *reply;
         without.payload.erase(without.payload.find(" \r\n"), 1);
         return other_reply(s, without);
     },
     [] {
         auto p = that_says(step::mail, answer::reply_code);
         p.reply = {554, "5.7.1", {"one", "", "three"}};
         return p;
     },
     [] { return O + C + M; }},
    {about::replies, "0 as the index of a change",
     "sends it",
     "refuses it, `bad_index`",
     "the first one is 1; 0 means it, too, but only by accident",
     [](const situation& s) -> repairs {
         const auto* reply = s.their_reply();
         if (reply == nullptr || reply->code != 'm' || reply->payload.substr(0, 4) != "\0\0\0\0"s) return {};
         return without_reply(s);
     },
     [] { return that_changes({{change_kind::change_header, "X", "v", 0}}); }, [] { return O + C + M + R + E; }},
    {about::replies, "a new body in pieces with something else between",
     "sends it",
     "refuses it, `body_interrupted`, and closes the session",
     "Postfix fails the message",
     [](const situation& s) -> repairs {
         const auto* reply = s.their_reply();
         if (reply == nullptr || reply->code != 'b' || s.where.replies == 0) return {};
         if (s.theirs.replies[s.where.replies - 1].reply.code == 'b') return {};
         return gives_up();
     },
     [] {
         return that_changes({{change_kind::replace_body, "a", "", 0}, {change_kind::add_header, "X", "v", 0}, {change_kind::replace_body, "b", "", 0}});
     },
     [] { return O + C + M + R + E; }},
};

// clang-format on

}  // namespace differential
