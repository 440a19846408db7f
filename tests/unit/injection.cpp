// SPDX-License-Identifier: MIT
// No text can end where it shouldn't, or begin a line: every byte in every text of every message, at its
// front, in its middle, at its end and alone, and pairs of those that matter. Sent, it is refused or is on
// the wire as the protocol has it; heard, it is an error or is handed out clean.
#include <kilter/describe.hpp>
#include <kilter/session.hpp>
#include <kilter/smtp_reply.hpp>

#include "support/catch.hpp"
#include "support/pair.hpp"

#include <algorithm>
#include <map>
#include <string>
#include <string_view>
#include <type_traits>
#include <variant>
#include <vector>

using namespace kilter;
using namespace test;
using namespace std::string_literals;
using namespace std::string_view_literals;

namespace {

// ---- What may be in a text, in plain loops, apart from how the library looks at it.

bool has_any(std::string_view text, std::string_view of) { return text.find_first_of(of) != text.npos; }

bool has_control_byte(std::string_view text) {
    for (const char c : text) {
        const auto byte = static_cast<unsigned char>(c);
        if (byte < 32 || byte == 127) return true;
    }
    return false;
}

bool any_byte(std::string_view) { return true; }
bool no_nul(std::string_view text) { return !has_any(text, "\0"sv); }
bool some_text(std::string_view text) { return !text.empty() && no_nul(text); }
bool no_controls(std::string_view text) { return !has_control_byte(text); }
bool mailbox(std::string_view text) { return !text.empty() && no_controls(text); }

bool field_name(std::string_view text) {
    for (const char c : text)
        if (c < '!' || c > '~' || c == ':') return false;
    return !text.empty();
}

/// Lines between LFs: all but the first begin with white space, and have something else, too.
bool field_value(std::string_view text) {
    if (has_any(text, "\0\r"sv)) return false;
    for (auto end = text.find('\n'); end != text.npos; end = text.find('\n')) {
        text.remove_prefix(end + 1);
        const auto line = text.substr(0, text.find('\n'));
        if (line.empty() || (line[0] != ' ' && line[0] != '\t') ||
            !has_any(line, "\x01\r\x0b\x0c!abcdefx:\x7f\x80\xff"sv))
            return false;
    }
    return true;
}

/// Each LF, or CR LF, is followed by white space, and there is no other CR.
bool field_value_heard(std::string_view text) {
    if (!no_nul(text)) return false;
    for (std::size_t i = 0; i != text.size(); ++i) {
        const char next = i + 1 == text.size() ? '\0' : text[i + 1];
        if (text[i] == '\r' && next != '\n') return false;
        if (text[i] == '\n' && next != ' ' && next != '\t') return false;
    }
    return true;
}

/// Of texts that begin with `550 5.7.1 `.
bool smtp_line(std::string_view text) {
    if (!text.starts_with("550 5.7.1 ") || has_control_byte(text)) return false;
    std::string rest{text};
    for (auto at = rest.find("%%"); at != rest.npos; at = rest.find("%%")) rest.erase(at, 2);
    return rest.find('%') == rest.npos;
}
bool smtp_line_heard(std::string_view text) {
    // A byte at the front may still leave a reply: it is looked at by hand below.
    return text.starts_with("550 5.7.1 ") && !has_control_byte(text);
}

using rule = bool (*)(std::string_view);

/// A text in a message: what is before and behind it on the wire, and what may be in it.
template <class M>
struct place {
    M message;
    std::string_view M::*member;
    std::string_view name;
    char code;
    std::string_view before;
    std::string_view behind;
    std::string_view sample;
    std::size_t front;  ///< where bytes are put to the front of it
    rule sent;
    rule heard;
};

// clang-format off

/// Calls f(place) for each. The bytes around a text are written down by hand.
template <class F>
void for_each_place(F f) {
    const auto try_it = [&](const auto& p) { f(p); };
    try_it(place<command::connect>{{.hostname = {}, .family = family::inet, .port = 0x1234, .address = "1.2.3.4"}, &command::connect::hostname, "hostname", 'C', "", "\0" "4\x12\x34" "1.2.3.4\0"sv, "abc", 0, no_nul, no_nul});
    try_it(place<command::connect>{{.hostname = "mx", .family = family::local, .port = 0x1234, .address = {}}, &command::connect::address, "address", 'C', "mx\0L\x12\x34"sv, "\0"sv, "abc", 0, no_nul, no_nul});
    try_it(place<command::helo>{{}, &command::helo::hostname, "hostname", 'H', "", "\0"sv, "abc", 0, no_nul, no_nul});
    try_it(place<command::mail>{{.sender = {}, .args = "SIZE=1\0"sv}, &command::mail::sender, "sender", 'M', "", "\0SIZE=1\0"sv, "<abc>", 0, no_nul, no_nul});
    try_it(place<command::rcpt>{{.recipient = {}, .args = {}}, &command::rcpt::recipient, "recipient", 'R', "", "\0"sv, "<abc>", 0, no_nul, no_nul});
    try_it(place<command::unknown>{{}, &command::unknown::line, "line", 'U', "", "\0"sv, "abc", 0, no_nul, no_nul});
    try_it(place<command::header>{{.name = {}, .value = "def"}, &command::header::name, "name", 'L', "", "\0def\0"sv, "abc", 0, some_text, some_text});
    try_it(place<command::header>{{.name = "abc", .value = {}}, &command::header::value, "value", 'L', "abc\0"sv, "\0"sv, "def", 0, no_nul, no_nul});
    try_it(place<command::body>{{}, &command::body::chunk, "chunk", 'B', "", "", "abc", 0, any_byte, any_byte});
    try_it(place<command::end_of_message>{{}, &command::end_of_message::chunk, "chunk", 'E', "", "", "abc", 0, any_byte, any_byte});

    try_it(place<reply::reply_code>{{}, &reply::reply_code::text, "text", 'y', "", "\0"sv, "550 5.7.1 abc", 10, smtp_line, smtp_line_heard});
    try_it(place<reply::add_header>{{.name = {}, .value = "def"}, &reply::add_header::name, "name", 'h', "", "\0def\0"sv, "abc", 0, field_name, field_name});
    try_it(place<reply::add_header>{{.name = "abc", .value = {}}, &reply::add_header::value, "value", 'h', "abc\0"sv, "\0"sv, "def", 0, field_value, field_value_heard});
    try_it(place<reply::insert_header>{{.index = 0x01020304, .name = {}, .value = "def"}, &reply::insert_header::name, "name", 'i', "\1\2\3\4", "\0def\0"sv, "abc", 0, field_name, field_name});
    try_it(place<reply::insert_header>{{.index = 0x01020304, .name = "abc", .value = {}}, &reply::insert_header::value, "value", 'i', "\1\2\3\4" "abc\0"sv, "\0"sv, "def", 0, field_value, field_value_heard});
    try_it(place<reply::change_header>{{.index = 0x01020304, .name = {}, .value = "def"}, &reply::change_header::name, "name", 'm', "\1\2\3\4", "\0def\0"sv, "abc", 0, field_name, field_name});
    try_it(place<reply::change_header>{{.index = 0x01020304, .name = "abc", .value = {}}, &reply::change_header::value, "value", 'm', "\1\2\3\4" "abc\0"sv, "\0"sv, "def", 0, field_value, field_value_heard});
    try_it(place<reply::change_from>{{.sender = {}, .args = "RET=HDRS"}, &reply::change_from::sender, "sender", 'e', "", "\0RET=HDRS\0"sv, "<abc>", 0, mailbox, no_controls});
    try_it(place<reply::change_from>{{.sender = "<abc>", .args = {}}, &reply::change_from::args, "args", 'e', "<abc>\0"sv, "\0"sv, "def", 0, no_controls, no_controls});
    try_it(place<reply::add_rcpt>{{}, &reply::add_rcpt::recipient, "recipient", '+', "", "\0"sv, "<abc>", 0, mailbox, no_controls});
    try_it(place<reply::add_rcpt_par>{{.recipient = {}, .args = "RET=HDRS"}, &reply::add_rcpt_par::recipient, "recipient", '2', "", "\0RET=HDRS\0"sv, "<abc>", 0, mailbox, no_controls});
    try_it(place<reply::add_rcpt_par>{{.recipient = "<abc>", .args = {}}, &reply::add_rcpt_par::args, "args", '2', "<abc>\0"sv, "\0"sv, "def", 0, no_controls, no_controls});
    try_it(place<reply::delete_rcpt>{{}, &reply::delete_rcpt::recipient, "recipient", '-', "", "\0"sv, "<abc>", 0, mailbox, no_controls});
    try_it(place<reply::replace_body>{{}, &reply::replace_body::chunk, "chunk", 'b', "", "", "abc", 0, any_byte, any_byte});
    try_it(place<reply::quarantine>{{}, &reply::quarantine::reason, "reason", 'q', "", "\0"sv, "abc", 0, any_byte, no_nul});
}

// clang-format on

/// Calls f(text) with every byte in the sample at its front, in its middle and at its end, with every pair of
/// those that could do harm there, and with each of all these alone.
template <class M, class F>
void for_each_text(const place<M>& p, F f) {
    std::vector<std::string> put;
    for (unsigned byte = 0; byte != 256; ++byte) put.emplace_back(1, static_cast<char>(byte));
    for (const char a : "\0\r\n\t :%-x\x7f\x80"sv)
        for (const char b : "\0\r\n\t :%-x\x7f\x80"sv) put.push_back(std::string{a, b});
    for (const auto* more :
         {"\r\n ", "\r\n\t", "\n  ", "\n x", "\r\n x", "\n\n x", "\r\n\r\n", "%%%", "\n \n x"})
        put.emplace_back(more);
    for (const auto& bytes : put) {
        for (const auto at : {p.front, (p.front + p.sample.size()) / 2, p.sample.size()})
            f(std::string{p.sample}.insert(at, bytes));
        f(bytes);
    }
    f(""s);
}

std::string spaces_for_controls(std::string_view text) {
    std::string changed{text};
    for (auto& c : changed)
        if (has_control_byte({&c, 1})) c = ' ';
    return changed;
}

/// The frame with this text in this place.
template <class M>
std::string wire_of(const place<M>& p, std::string_view text) {
    auto behind = std::string{p.behind};
    // What may be left out is left out when it is empty.
    if (text.empty() && p.name == "args") behind.clear();
    const auto shown = std::is_same_v<M, reply::quarantine> ? spaces_for_controls(text) : std::string{text};
    return raw(p.code, std::string{p.before} + shown + behind);
}

/// A filter that may change everything, and an MTA that waits for it.
pair at_end_of_message() {
    pair p;
    p.negotiate();
    for (const auto done : {p.passes(command::connect{"mx"}), p.passes(command::mail{"<a@b>"}),
                            p.passes(command::rcpt{"<c@d>"}), p.mta_says(command::end_of_message{})})
        REQUIRE(done == errc::ok);
    return p;
}

bool printable(std::string_view text) {
    for (const char c : text)
        if (c < ' ' || c > '~') return false;
    return true;
}

}  // namespace

TEST_CASE("every text of every message is tried for what it could inject") {
    std::map<std::string, int> tried;
    for_each_place([&]<class M>(const place<M>& p) {
        ++tried[std::string{wire::row_of<M>().name} + " " + std::string{p.name}];
    });
    std::map<std::string, int> texts;
    const auto count = [&]<class Row>(const Row& row) {
        typename Row::message message{};
        row.for_each_field([&](const auto& field) {
            field.visit(message, [&](std::string_view name, const auto& member) {
                if constexpr (std::is_same_v<std::remove_cvref_t<decltype(member)>, std::string_view>)
                    if (name != "space") ++texts[std::string{row.name} + " " + std::string{name}];
            });
        });
    };
    kilter::detail::for_each_row(wire::commands, count);
    kilter::detail::for_each_row(wire::replies, count);
    CHECK(tried == texts);
}

TEST_CASE("a text goes out as it may be there, or not at all") {
    for_each_place([]<class M>(const place<M>& p) {
        INFO(wire::row_of<M>().name << " " << p.name);
        for_each_text(p, [&](const std::string& text) {
            auto message = p.message;
            message.*p.member = text;
            auto out = "begin"s;
            const auto wrong = encode(message, out);
            const auto expected = p.sent(text) ? "begin" + wire_of(p, text) : "begin"s;
            if (out != expected || (wrong == errc::ok) != p.sent(text)) {
                INFO(describe(message));
                CHECK(out == expected);
            }
        });
    });
}

TEST_CASE("a filter's session writes a text as it may be there, or not at all") {
    const auto begin = at_end_of_message();
    for_each_place([&]<class M>(const place<M>& p) {
        if constexpr (reply_message<M>) {
            INFO(wire::row_of<M>().name << " " << p.name);
            for_each_text(p, [&](const std::string& text) {
                auto filter = begin.filter;
                auto message = p.message;
                message.*p.member = text;
                if constexpr (requires { message.space; })
                    message.space = "\r\n"sv;  // not for the filter to say
                auto out = "begin"s;
                const auto wrong = filter.send(message, out);
                const auto expected = p.sent(text) ? "begin" + wire_of(p, text) : "begin"s;
                if (out != expected || (wrong == errc::ok) != p.sent(text)) {
                    INFO(describe(message));
                    CHECK(out == expected);
                }
            });
        }
    });
}

TEST_CASE("the space before a value is a space or nothing") {
    for (unsigned byte = 0; byte != 256; ++byte) {
        const std::string space(1, static_cast<char>(byte));
        const auto fits = [&](auto message) {
            message.space = space;
            std::string out;
            return encode(message, out) == errc::ok;
        };
        const bool fine = space == " ";
        if (fits(command::header{"abc", "def"}) != fine) CHECK(byte == ' ');
        if (fits(reply::add_header{"abc", "def"}) != fine) CHECK(byte == ' ');
        if (fits(reply::insert_header{1, "abc", "def"}) != fine) CHECK(byte == ' ');
        if (fits(reply::change_header{1, "abc", "def"}) != fine) CHECK(byte == ' ');
    }
}

TEST_CASE("an item of a list goes out as one item, or the list not at all") {
    for (unsigned byte = 0; byte != 256; ++byte) {
        for (const std::size_t at : {0u, 1u, 3u}) {
            const auto item = "abc"s.insert(at, 1, static_cast<char>(byte));
            const bool fine = byte != 0;
            const auto goes_out = [&](const auto& message, std::string_view frame) {
                auto out = "begin"s;
                const auto wrong = encode(message, out);
                const auto expected = "begin"s.append(fine ? frame : ""sv);
                if (out != expected || (wrong == errc::ok) != fine) CHECK(out == expected);
            };
            const auto nul = "\0"s;
            const auto texts = pack_texts({"X", item, "Y"});
            goes_out(command::mail{"<>", texts}, raw('M', "<>\0X\0"s + item + "\0Y\0"s));
            goes_out(command::rcpt{"<>", texts}, raw('R', "<>\0X\0"s + item + "\0Y\0"s));
            const auto names = pack_definitions({{item, "X"}});
            goes_out(command::macro{'M', names}, raw('D', "M" + item + "\0X\0"s));
            const auto values = pack_definitions({{"X", item}});
            goes_out(command::macro{'M', values}, raw('D', "MX\0"s + item + nul));
            const auto symbols = pack_symbols({{stage::mail, item}});
            goes_out(reply::negotiate{0x01020304, action{0x01020304}, option{0x01020304}, symbols},
                     raw('O', "\1\2\3\4\1\2\3\4\1\2\3\4\0\0\0\2"s + item + nul));
        }
    }
}

namespace {

/// Is every text of an event as it may be heard?
template <class M>
bool clean(const M& message) {
    bool all = true;
    for_each_place([&]<class Other>(const place<Other>& p) {
        if constexpr (std::is_same_v<M, Other>) {
            const std::string_view text = message.*p.member;
            if constexpr (std::is_same_v<M, reply::reply_code>)
                all = all && text.size() >= 4 && !has_control_byte(text);
            else
                all = all && p.heard(text);
        }
    });
    return all;
}

}  // namespace

TEST_CASE("a text that an MTA hears is handed out clean, or is an error") {
    const auto begin = at_end_of_message();
    for_each_place([&]<class M>(const place<M>& p) {
        if constexpr (reply_message<M>) {
            INFO(wire::row_of<M>().name << " " << p.name);
            int events = 0;
            int errors = 0;
            for_each_text(p, [&](const std::string& text) {
                const auto frame = raw(p.code, std::string{p.before} + text + std::string{p.behind});
                auto mta = begin.mta;
                for (const auto& event : mta.receive(frame)) {
                    ++events;
                    bool fine = printable(describe(event));
                    if (std::holds_alternative<protocol_error>(event)) {
                        ++errors;
                        fine = fine && (!p.heard(text) || text.empty());
                    } else if (const auto* heard = std::get_if<M>(&event)) {
                        fine = fine && clean(*heard);
                        // A NUL ends a text: what is behind it is another one, if there may be one.
                        if (no_nul(text)) fine = fine && heard->*p.member == text;
                    } else {
                        fine = false;
                    }
                    if (!fine) CHECK(describe(event) == "a clean text, or an error");
                }
            });
            CHECK(events > 1'000);
            CHECK((errors > 0 || p.name == "chunk"));
        }
    });
}

TEST_CASE("a text that a filter hears has no NUL, or is an error") {
    for_each_place([&]<class M>(const place<M>& p) {
        if constexpr (command_message<M>) {
            INFO(wire::row_of<M>().name << " " << p.name);
            for_each_text(p, [&](const std::string& text) {
                const auto payload = std::string{p.before} + text + std::string{p.behind};
                const auto heard = decode<M>(payload);
                if (!heard) {
                    if (p.heard(text)) CHECK(describe(protocol_error{heard.error()}) == "no error");
                    return;
                }
                bool fine = clean(*heard) && printable(describe(*heard));
                if (no_nul(text)) fine = fine && (*heard).*p.member == text;
                if (!fine) CHECK(describe(*heard) == "a text without NUL");
            });
        }
    });
}

TEST_CASE("what the client is told are whole lines of one code, whatever the filter says") {
    const auto begin = at_end_of_message();
    int told = 0;
    const auto hear = [&](const std::string& text) {
        auto mta = begin.mta;
        const auto frame = raw('y', text + "\0"s);
        for (const auto& event : mta.receive(frame)) {
            const auto said = smtp_text(refusal(event));
            if (!std::holds_alternative<reply::reply_code>(event)) continue;
            ++told;
            std::string_view rest = said;
            bool last = false;
            while (!rest.empty()) {
                const auto line = rest.substr(0, rest.find("\r\n"));
                const bool whole = line.size() >= 4 && line.substr(0, 3) == said.substr(0, 3) &&
                                   (line[3] == ' ' || line[3] == '-') && !has_control_byte(line) && !last;
                if (!whole) CHECK(std::string{line} == "a whole line of one code");
                last = line[3] == ' ';
                rest.remove_prefix(std::min(rest.size(), line.size() + 2));
            }
            if (!last || !said.ends_with("\r\n")) CHECK(said == "the last line has a space, and CR LF");
        }
    };
    for_each_place([&]<class M>(const place<M>& p) {
        if constexpr (std::is_same_v<M, reply::reply_code>) {
            for_each_text(p, hear);
            for (unsigned byte = 0; byte != 256; ++byte)
                for (std::size_t at = 0; at <= 26; ++at)
                    hear("550-5.7.1 a\r\n550 5.7.1 bc%"s.insert(at, 1, static_cast<char>(byte)));
        }
    });
    CHECK(told > 1'000);
}
