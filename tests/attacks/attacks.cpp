// SPDX-License-Identifier: MIT
// What an enemy would send to use up memory or time. Each attack is played, measured, and held to its bound.
//
//     attacks             all of them, as a table
//     attacks --quick     fewer frames of each, for a test
#include <kilter/macro_lists.hpp>
#include <kilter/macros.hpp>
#include <kilter/modifications.hpp>
#include <kilter/negotiation.hpp>
#include <kilter/session.hpp>
#include <kilter/smtp_reply.hpp>

#include <sys/resource.h>

#include "meter.hpp"
#include "support/pair.hpp"

#include <algorithm>
#include <cstddef>
#include <cstdint>
#include <iostream>
#include <optional>
#include <string>
#include <string_view>
#include <utility>
#include <variant>
#include <vector>

using namespace kilter;
using namespace std::string_literals;
using namespace std::string_view_literals;
using attacks::meter;
using attacks::outcome;
using test::bytes_of;
using test::raw;

namespace {

std::uint64_t divisor = 1;

/// How many of something there are: fewer in a quick run.
std::uint64_t many(std::uint64_t count) { return count / divisor; }

attacks::report report;

std::string length(std::uint32_t n) {
    std::string bytes(length_size, '\0');
    kilter::detail::writer<char>{bytes.data()}.u32(n);
    return bytes;
}

std::string repeated(std::string_view text, std::size_t times) {
    std::string all;
    all.reserve(text.size() * times);
    for (; times != 0; --times) all += text;
    return all;
}

/// A filter as one is written: it answers everything, and writes its answers out at once.
class filter {
public:
    explicit filter(wishes wanted = {}, command::negotiate offer = {}, limits<side::filter> all = {})
        : wanted_{wanted}, session_{all} {
        out_.reserve(1'000);
        hear(bytes_of(offer));
    }

    /// False once it is over.
    bool hear(std::string_view bytes) {
        for (const auto& event : session_.receive(bytes)) {
            ++events_;
            if (keeps_macros_) macros_.update(event);
            if (const auto* offer = std::get_if<command::negotiate>(&event))
                session_.send(agree(*offer, wanted_), out_);
            else
                session_.send(reply::proceed{}, out_);
            out_.clear();
        }
        return session_.open();
    }

    /// The commands of a mail, up to one of them.
    void begin_mail() {
        hear(bytes_of(command::connect{"mx"}, command::helo{"mx"}, command::mail{"<a@b>"},
                      command::rcpt{"<c@d>"}));
    }
    void begin_body() {
        begin_mail();
        hear(bytes_of(command::data{}, command::header{"A", "b"}, command::end_of_headers{}));
    }

    filter& keep_macros() {
        keeps_macros_ = true;
        return *this;
    }

    filter_session& session() { return session_; }
    macro_table& macros() { return macros_; }
    std::uint64_t events() const { return events_; }

private:
    wishes wanted_;
    filter_session session_;
    macro_table macros_{};
    std::string out_{};
    std::uint64_t events_ = 0;
    bool keeps_macros_ = false;
};

/// An MTA that waits for the last reply to a mail.
class mta {
public:
    mta() {
        say(command::negotiate{}, bytes_of(reply::negotiate{.actions = all_actions}));
        const auto go_on = bytes_of(reply::proceed{});
        say(command::connect{"mx"}, go_on);
        say(command::mail{"<a@b>"}, go_on);
        say(command::rcpt{"<c@d>"}, go_on);
        say(command::end_of_message{}, {});
    }

    /// False once it is over.
    bool hear(std::string_view bytes) {
        for (const auto& event : session_.receive(bytes))
            if (keeps_changes_ && changes_.update(event) != errc::ok) over_ = true;
        return session_.open() && !over_;
    }

    mta& keep_changes() {
        keeps_changes_ = true;
        return *this;
    }

    template <class M>
    void say(const M& command, std::string_view replies) {
        std::string out;
        session_.send(command, out);
        hear(replies);
    }

    mta_session& session() { return session_; }
    modifications& changes() { return changes_; }
    bool over() const { return over_; }

private:
    mta_session session_{};
    modifications changes_{};
    bool keeps_changes_ = false;
    bool over_ = false;
};

const std::string legal = "nothing: it is legal";
const std::string idle{to_string(errc::no_progress)};

template <class Session>
std::string end_of(const Session& session) {
    return session.error() == errc::ok ? legal : std::string{to_string(session.error())};
}

/// The same bytes again and again, until it is over.
template <class Side>
outcome repeat(std::string title, Side& side, std::string_view bytes, std::uint64_t times,
               std::uint64_t items_each = 1) {
    outcome o{std::move(title)};
    const meter now;
    for (std::uint64_t i = 0; i != times; ++i) {
        ++o.items;
        o.bytes += bytes.size();
        if (!side.hear(bytes)) break;
    }
    now.stop(o);
    o.items *= items_each;
    o.end = end_of(side.session());
    return o;
}

constexpr std::size_t flat = 0;

/// By how much the C library rounds up.
constexpr std::size_t slack = 64;

/// An attack: nothing is held but what is said here.
void add(const outcome& o, std::size_t most) {
    report.add(o);
    report.require(o.held <= most, "the memory is bounded");
}

/// And this ends it.
void add(const outcome& o, std::size_t most, std::string_view end) {
    add(o, most);
    report.require(o.end.find(end) != std::string::npos, "it ends as it should");
}

// ---- frames

void bytes_one_by_one() {
    struct {
        std::uint32_t size;
        option agreed;
        std::string_view title;
    } const sizes[]{{data_size_64k, option::none, "a frame of 65,535 bytes, a byte at a time"},
                    {data_size_256k, option::data_256k, "a frame of 262,143 bytes, a byte at a time"},
                    {data_size_1m, option::data_1m, "a frame of 1,048,575 bytes, a byte at a time"}};
    for (const auto& s : sizes) {
        filter f{{.options = s.agreed}, {.options = all_options | s.agreed}};
        f.begin_body();
        const auto frame = raw('B', std::string(s.size, 'x'));
        const auto events = f.events();
        outcome o{std::string{s.title}, frame.size(), frame.size(), "a byte"};
        const meter now;
        for (const char& byte : frame) f.hear({&byte, 1});
        now.stop(o);
        o.end = end_of(f.session());
        // While it grows there are two of them: the new buffer and the last one.
        add(o, frame.size() * 2 + slack, legal);
        report.require(f.events() == events + 1, "the frame is heard");
        report.require(o.allocations < 20, "the buffer grows by doubling");
    }
}

/// One by one, and many in one read.
void empty_pieces() {
    const auto frame = "\0\0\0\1B"sv;
    filter f;
    f.begin_body();
    add(repeat("a million empty pieces of a body", f, frame, many(1'000'000)), flat, legal);
    const auto frames = repeated(frame, 13'000);
    add(repeat("the same, in reads of 65,000 bytes", f, frames, many(77), 13'000), flat, legal);
}

void empty_frames() {
    struct {
        std::string_view frame;
        std::string_view title;
        std::string_view end;
    } const all[]{
        {"\0\0\0\1A"sv, "aborts without end", idle},
        {"\0\0\0\2DM"sv, "macro frames without macros, without end", idle},
        {"\0\0\0\1N"sv, "empty frames out of turn", "out of turn"},
        {"\0\0\0\1X"sv, "empty frames of an unknown code", "unknown code"},
        {"\0\0\0\1H"sv, "empty frames of a code that needs a text", "payload ends"},
        {"\0\0\0\0"sv, "lengths of 0", "a frame of length 0"},
    };
    for (const auto& a : all) {
        filter f;
        f.begin_body();
        add(repeat(std::string{a.title}, f, a.frame, many(1'000'000)), flat, a.end);
    }
    // Every code there is, and behind it whatever it leads to.
    outcome o{"an empty frame of each of the 256 codes, a thousand times"};
    std::string going_on;
    going_on.reserve(256);
    std::vector<filter> filters(256);
    for (auto& f : filters) f.begin_body();
    const meter now;
    for (unsigned code = 0; code != 256; ++code) {
        auto& f = filters[code];
        const auto frame = raw(static_cast<char>(code));
        for (std::uint64_t i = 0; i != many(1'000); ++i) {
            o.bytes += frame.size();
            ++o.items;
            if (!f.hear(frame)) break;
        }
        if (f.session().open()) going_on += static_cast<char>(code);
    }
    now.stop(o);
    o.end = "their first or second frame; but that of A, B and K: nothing, they are legal";
    add(o, 256 * 32);
    report.require(going_on == "ABK", "no other code may come again and again");
}

// ---- lengths that promise much

void promised(std::string title, std::string_view bytes, std::size_t most, std::string_view end,
              bool into_room = false) {
    constexpr std::size_t count = 10'000;
    std::vector<filter_session> sessions(count);
    outcome o{std::move(title), bytes.size() * count, count, "a session", count};
    const meter now;
    for (auto& session : sessions) {
        for (const auto& event : session.receive(bytes)) static_cast<void>(event);
        if (into_room && session.room().empty()) report.require(false, "there is room");
    }
    now.stop(o);
    o.end = end_of(sessions.back());
    add(o, most * count, end);
}

void promises() {
    const auto gigabyte = length(1u << 30) + "B";
    promised("a length of 1 GiB, on each of 10,000 sessions", gigabyte, 0, "a frame over the limit");
    const auto legal_length = length(65'536) + "B12345";
    promised("a length of 65,536 and 6 bytes, on each of 10,000 sessions", legal_length, 64 + 16, legal);
    promised("the same, where room() is asked for each", legal_length, 4'096 + 64 + 64, legal, true);
}

/// The same into room(), as far as there is some.
void slow_growth() {
    filter f{{.options = option::data_1m}, {.options = all_options | option::data_1m}};
    f.begin_body();
    const auto frame = raw('B', std::string(data_size_1m, 'x'));
    const auto events = f.events();
    outcome o{"the largest of them, a byte at a time into room()", frame.size(), frame.size(), "a byte"};
    const meter now;
    for (const char& byte : frame) {
        const auto room = f.session().room();
        if (!room.empty()) room[0] = byte;
        f.hear({room.empty() ? &byte : room.data(), 1});
    }
    now.stop(o);
    o.end = end_of(f.session());
    add(o, frame.size() * 2 + slack, legal);
    report.require(f.events() == events + 1, "the frame is heard");
    report.require(o.allocations < 40, "room grows by doubling");
}

void given_back() {
    filter f;
    f.begin_body();
    const auto frame = raw('B', std::string(data_size_64k, 'x'));
    outcome o{"large frames in two reads, and release_room() after each"};
    const auto before = test::heap.bytes;
    const meter now;
    for (std::uint64_t i = 0; i != many(1'000); ++i) {
        f.hear(std::string_view{frame}.substr(0, 1'000));
        f.hear(std::string_view{frame}.substr(1'000));
        f.session().release_room();
        o.bytes += frame.size();
        ++o.items;
    }
    now.stop(o);
    const auto after = test::heap.bytes;
    o.end = end_of(f.session());
    add(o, frame.size() + 1'000 + slack, legal);
    report.require(after == before, "in the end nothing is held");
}

// ---- what a frame may be full of

void full_of_macros() {
    // The shortest macro has neither name nor value: two bytes.
    const std::string too_many(65'534, '\0');
    const std::string most(32'766, '\0');
    {
        filter f;
        f.begin_mail();
        add(repeat("a frame of 32,767 macros without name and value", f, raw('D', "M" + too_many), 1), flat,
            "a frame over the limit");
    }
    {
        filter f;
        f.begin_mail();
        const auto frame = raw('D', "M" + most);
        outcome o{"a frame of 16,383 macros without name and value, looked at one by one", frame.size(), 0,
                  "a macro"};
        const meter now;
        for (const auto& event : f.session().receive(frame))
            if (const auto* macros = std::get_if<command::macro>(&event))
                for (const auto& definition : macros->definitions)
                    o.items += definition.name.empty() ? 1u : 0u;
        now.stop(o);
        o.end = end_of(f.session());
        add(o, flat, legal);
        report.require(o.items == 16'383, "all are seen");
    }
    {
        filter f;
        f.keep_macros().hear(bytes_of(command::connect{"mx"}));
        outcome o{"a macro table with eight such sets, searched in vain", 0, 10, "a find()"};
        const meter sets;
        for (const char command : {'C', 'H', 'M', 'R', 'T', 'N', 'E', 'L'}) {
            const auto frame = raw('D', command + most);
            o.bytes += frame.size();
            f.hear(frame);
        }
        outcome kept = o;
        sets.stop(kept);
        const meter finds;
        for (int i = 0; i != 10; ++i)
            if (f.macros().find("no such")) report.require(false, "there is no such macro");
        finds.stop(o);
        o.held = kept.held;
        o.allocations = kept.allocations;
        o.end = end_of(f.session());
        // While the text grows there are the new one and the last one. And `frame` is one of the enemy's.
        add(o, 8 * 32'768 * 3 + 40'000, legal);
    }
    {
        filter f;
        f.keep_macros().hear(bytes_of(command::connect{"mx"}));
        for (const char command : {'H', 'M', 'R', 'T', 'N', 'E', 'L'})
            f.hear(raw('D', std::string(1, command).append(most)));
        const auto frames = raw('D', "Cj\0\0"sv).append(raw('D', "C"));
        add(repeat("a set in front of seven such sets, with a macro and without one by turns", f, frames,
                   many(1'000'000), 2),
            8 * 32'768 * 2, idle);
    }
    {
        filter f;
        f.keep_macros().begin_mail();
        add(repeat("such frames without end, kept in a macro table", f, raw('D', "M" + most), 1'000'000),
            32'768 + slack, idle);
        report.require(f.events() < 10'020, "10,000 of them are borne with");
    }
}

void full_of_arguments() {
    filter f;
    f.hear(bytes_of(command::connect{"mx"}, command::helo{"mx"}));
    const auto frame = raw('M', "<>" + std::string(65'533, '\0'));
    outcome o{"a MAIL with 65,532 empty arguments, looked at one by one", frame.size(), 0, "an argument"};
    const meter now;
    for (const auto& event : f.session().receive(frame))
        if (const auto* mail = std::get_if<command::mail>(&event))
            for (const auto argument : mail->args) o.items += argument.empty() ? 1u : 0u;
    now.stop(o);
    o.end = end_of(f.session());
    add(o, flat, legal);
    report.require(o.items == 65'532, "all are seen");
}

void full_of_lists() {
    mta_session session;
    std::string out;
    session.send(command::negotiate{}, out);
    std::string answer{"\0\0\0\6\0\0\1\xff\0\0\0\0"sv};
    const std::size_t count = (data_size_1m - 12) / 5;
    answer += repeated("\0\0\0\1\0"sv, count);
    const auto frame = raw('O', answer);
    macro_lists lists{{stage::mail, "i {mail_addr}"}};
    outcome o{"an answer to the offer with 209,712 macro lists", frame.size(), count, "a list"};
    const meter now;
    for (const auto& event : session.receive(frame)) lists.update(event);
    now.stop(o);
    o.end = end_of(session);
    add(o, 1'000, legal);
}

/// A filter asks for macros without end, and so for more than may be sent, or for such as there aren't.
void full_of_names(std::string title, std::optional<std::string_view> value, std::string_view end) {
    mta_session session;
    std::string out;
    session.send(command::negotiate{}, out);
    const auto frame = raw('O', "\0\0\0\6\0\0\1\xff\0\0\0\0\0\0\0\3"s + repeated("i ", 500'000) + "\0"s);
    macro_lists lists;
    outcome o{std::move(title), frame.size(), 10, "a command"};
    const meter all;
    for (const auto& event : session.receive(frame)) lists.update(event);
    auto wrong = errc::ok;
    const meter commands;
    for (int i = 0; i != 10; ++i)
        if (const auto macros = lists.macros_for<command::rcpt>([&](std::string_view) { return value; }))
            wrong = session.send(*macros, out);
    commands.stop(o);
    outcome kept = o;
    all.stop(kept);
    o.held = kept.held;
    o.allocations = kept.allocations;
    o.end = wrong == errc::ok ? end_of(session) : std::string{"send(): "}.append(to_string(wrong));
    // The names are kept, and the macros made last.
    add(o, frame.size() + 200'000, end);
}

void full_of_names() {
    const std::string value(200, 'v');
    full_of_names("a macro list of 500,000 names, and the macros made of it", value,
                  std::string{"send(): "}.append(to_string(errc::too_long)));
    full_of_names("the same, where none of them has a value", std::nullopt, legal);
}

// ---- conversations without an end

void without_end() {
    {
        filter f;
        f.begin_body();
        const auto frame = raw('B', std::string(data_size_64k, 'x'));
        add(repeat("a body that never ends, in pieces of 65,535 bytes", f, frame, many(10'000)), flat, legal);
    }
    {
        filter f;
        f.begin_mail();
        add(repeat("a million header fields", f, bytes_of(command::header{"X", "y"}), many(1'000'000)), flat,
            legal);
    }
    {
        filter f;
        f.begin_mail();
        add(repeat("a million recipients", f, bytes_of(command::rcpt{"<a@b>"}), many(1'000'000)), flat,
            legal);
    }
    {
        filter f;
        f.hear(bytes_of(command::connect{"mx"}, command::helo{"mx"}));
        const auto mail = bytes_of(command::mail{"<a@b>"}, command::rcpt{"<c@d>"}, command::abort{});
        add(repeat("a million mails that are abandoned", f, mail, many(1'000'000)), flat, legal);
    }
    {
        filter f;
        f.begin_mail();
        add(repeat("HELO without end", f, bytes_of(command::helo{"x"}), many(1'000'000)), flat, idle);
    }
    {
        filter f;
        f.begin_mail();
        add(repeat("unknown commands without end", f, bytes_of(command::unknown{"x"}), many(1'000'000)), flat,
            idle);
    }
    {
        mta m;
        add(repeat("progress without end", m, "\0\0\0\1p"sv, many(1'000'000)), flat, idle);
    }
}

// ---- filters that change too much

void changes() {
    {
        mta m;
        m.keep_changes();
        auto o = repeat("header fields to be added, without end, kept in a list", m,
                        bytes_of(reply::add_header{.name = "X", .value = "y"}), many(8'000'000));
        if (m.over()) o.end = "`modifications` at 64 MiB: " + std::string{to_string(errc::too_long)};
        add(o, modifications::default_limit * 3, divisor == 1 ? "64 MiB" : legal);
    }
    {
        mta m;
        m.keep_changes();
        const auto piece = raw('b', std::string(data_size_1m, 'x'));
        auto o = repeat("a new body without end, kept in a list", m, piece, 1'000);
        if (m.over()) o.end = "`modifications` at 64 MiB: " + std::string{to_string(errc::too_long)};
        add(o, modifications::default_limit * 3, "64 MiB");
    }
    {
        mta m;
        const auto piece = raw('b', std::string(data_size_1m, 'x'));
        add(repeat("the same, where nothing is kept", m, piece, many(1'000)), flat, legal);
    }
    {
        mta m;
        std::string text;
        while (text.size() < 1'000'000) text += "550-a\r\n";
        text += "550 a";
        const auto frame = raw('y', text);
        outcome o{"an SMTP reply of 142,859 lines, taken apart", frame.size(), 0, "a line"};
        const meter now;
        for (const auto& event : m.session().receive(frame))
            if (const auto* reply = std::get_if<reply::reply_code>(&event))
                if (const auto parsed = smtp_reply::parse(reply->text))
                    for (const auto line : parsed->lines) o.items += line == "a" ? 1u : 0u;
        now.stop(o);
        o.end = end_of(m.session());
        add(o, flat, legal);
        report.require(o.items == 142'859, "all are seen");
    }
    {
        mta m;
        const auto frame = raw('h', "X\0"s + repeated("\n ", 500'000) + "\0"s);
        outcome o{"a header field of 500,000 folds", frame.size(), 500'000, "a fold"};
        const meter now;
        m.hear(frame);
        now.stop(o);
        o.end = end_of(m.session());
        add(o, flat, legal);
    }
}

// ---- what the caller has to bound

void unread_answers() {
    filter_session session;
    std::string out;
    const auto hear = [&](std::string_view bytes) {
        for (const auto& event : session.receive(bytes)) {
            if (const auto* offer = std::get_if<command::negotiate>(&event))
                session.send(agree(*offer, {}), out);
            else
                session.send(reply::proceed{}, out);
        }
    };
    hear(bytes_of(command::negotiate{}, command::connect{"mx"}, command::mail{"<a@b>"},
                  command::rcpt{"<c@d>"}));
    const auto pieces = repeated("\0\0\0\1B"sv, 1'000);
    outcome o{"a million pieces of a body, by an MTA that doesn't read the answers"};
    const meter now;
    for (std::uint64_t i = 0; i != many(1'000); ++i) {
        hear(pieces);
        o.bytes += pieces.size();
        o.items += 1'000;
    }
    now.stop(o);
    o.end = "nothing: the output is the caller's";
    add(o, o.bytes * 3 + 1'000);
}

/// The most that the process had in memory up to now.
double resident() {
    rusage use{};
    ::getrusage(RUSAGE_SELF, &use);
    return static_cast<double>(use.ru_maxrss) * 1'024;
}

}  // namespace

int main(int count, char** arguments) {
    if (count > 1 && arguments[1] == "--quick"sv) divisor = 50;
    bytes_one_by_one();
    slow_growth();
    empty_pieces();
    empty_frames();
    promises();
    given_back();
    full_of_macros();
    full_of_arguments();
    full_of_lists();
    full_of_names();
    without_end();
    const auto small = resident();
    changes();
    unread_answers();
    report.print_table(std::cout);
    std::cout << "\nThe process never had more than " << attacks::size(small)
              << " in memory, and no more than " << attacks::size(resident())
              << " with the filters that change too much.\n";
    return report.failed() ? 1u : 0u;
}
