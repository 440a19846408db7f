// SPDX-License-Identifier: MIT
// Work of a given size, for instructions.py to count what it takes: counted_work CASE UNITS.
//
// It prints how many units it has seen done, so that nothing is counted that wasn't done.
#include <algorithm>
#include <charconv>
#include <cstdio>
#include <functional>
#include <kilter.hpp>
#include <string>
#include <string_view>
#include <variant>

#include "bench/streams.hpp"

namespace {

using namespace kilter;

/// Only what happens in here is counted.
extern "C" [[gnu::noinline]] void counted(const std::function<void()>& work) { work(); }

/// A filter that has no opinion, looks at every list, and keeps the macros, if it is to.
enum class macros_are : bool { passed_over, kept };

template <macros_are Macros>
class filter {
public:
    std::size_t items = 0;  ///< of lists
    std::size_t frames = 0;

    void hear(std::string_view stream, std::size_t read = std::string_view::npos) {
        for (; !stream.empty(); stream.remove_prefix(std::min(read, stream.size()))) {
            for (const auto& event : session_.receive(stream.substr(0, read))) answer(event);
            out_.clear();
        }
    }
    bool good() const { return session_.error() == errc::ok; }

private:
    void answer(const filter_session::event& event) {
        ++frames;
        if constexpr (Macros == macros_are::kept) macros_.update(event);
        match(
            event, [&](const command::negotiate& offer) { session_.send(agree(offer, {}), out_); },
            [&](const command::macro& m) { count(m.definitions); },
            [&](const command::mail& m) { proceed(m.args); },
            [&](const command::rcpt& m) { proceed(m.args); },
            [&](const auto&) { session_.send(reply::proceed{}, out_); });
    }
    void proceed(const text_list& args) {
        count(args);
        session_.send(reply::proceed{}, out_);
    }
    template <class List>
    void count(const List& list) {
        for ([[maybe_unused]] const auto& item : list) ++items;
    }

    filter_session session_{};
    macro_table macros_{};
    std::string out_{};
};

template <message... M>
std::string frames(const M&... messages) {
    std::string bytes;
    if (((encode(messages, bytes, data_size_1m) != errc::ok) || ...)) std::puts("not encoded");
    return bytes;
}

std::string repeated(std::string_view text, std::size_t count) {
    std::string all;
    while (count-- != 0) all.append(text);
    return all;
}

const auto begin_of_mail = frames(command::negotiate{}, command::connect{"mx"}, command::mail{"<a@b>"});

/// What a filter hears: the items of its lists, or its frames.
std::size_t items_heard(const std::string& stream) {
    filter<macros_are::kept> f;
    counted([&] { f.hear(stream); });
    return f.good() ? f.items : 0;
}
template <macros_are Macros = macros_are::kept>
std::size_t frames_heard(const std::string& stream, std::size_t read) {
    filter<Macros> f;
    counted([&] { f.hear(stream, read); });
    return f.good() ? f.frames : 0;
}

template <macros_are Macros = macros_are::kept>
std::size_t mails(std::size_t units, std::size_t read) {
    const auto stream = bench::make_stream(bench::profiles.front(), units);
    return frames_heard<Macros>(stream.bytes, read) == stream.frames ? units : 0;
}

/// One frame of so many bytes, in reads of that size.
std::size_t body(std::size_t units, std::size_t read) {
    const auto stream =
        begin_of_mail + frames(command::rcpt{"<c@d>"}, command::body{std::string(units, 'x')});
    return frames_heard(stream, read) == 5 ? units : 0;
}

/// An MTA that has asked about a whole message hears what a filter has to say of it, and keeps the changes.
std::size_t said_of_a_message(const std::string& replies) {
    mta_session session;
    modifications changes;
    std::string out;
    const auto hear = [&](std::string_view bytes) {
        std::size_t events = 0;
        for (const auto& event : session.receive(bytes)) {
            ++events;
            changes.update(event);
        }
        return events;
    };
    session.send(command::negotiate{}, out);
    const auto silent = option::silent_connect | option::silent_mail | option::silent_rcpt;
    hear(frames(reply::negotiate{protocol_version, all_actions, silent}));
    session.send(command::connect{"mx"}, out);
    session.send(command::mail{"<a@b>"}, out);
    session.send(command::rcpt{"<c@d>"}, out);
    session.send(command::end_of_message{}, out);
    std::size_t events = 0;
    std::size_t kept = 0;
    counted([&] {
        events = hear(replies);
        for (const auto& change : changes) kept += change.index() != std::variant_npos;
    });
    hear(frames(reply::accept{}));
    const bool all = kept == 0 || kept == events;
    return session.now() == todo::deliver && all ? events : 0;
}

std::size_t lines_of_a_reply(std::size_t units) {
    const auto text = repeated("550-5.7.1 no\r\n", units - 1) + "550 5.7.1 no";
    std::size_t lines = 0;
    counted([&] {
        if (const auto reply = smtp_reply::parse(text))
            for (const auto& line : reply->lines) lines += !line.empty();
    });
    return lines;
}

std::size_t lists_of_macros(std::size_t units) {
    const auto packed = repeated({"\0\0\0\2i {mail_addr}\0", 18}, units);
    macro_lists lists;
    counted([&] { lists.update(reply::negotiate{.symbols = symbol_list{packed}}); });
    std::size_t count = 0;
    for (const auto& list : symbol_list{packed}) count += list.at == stage::mail;
    return lists.names(stage::mail) == "i {mail_addr}" ? count : 0;
}

std::size_t macros(std::size_t units) {
    const auto packed = repeated({"{x}\0v\0", 6}, units);
    return items_heard(begin_of_mail + frames(command::macro{'R', definition_list{packed}}));
}

std::size_t arguments(std::size_t units) {
    const auto packed = repeated({"A=B\0", 4}, units);
    return items_heard(begin_of_mail + frames(command::rcpt{"<c@d>", text_list{packed}}));
}

/// The same frame again and again, in a message with one recipient.
template <macros_are Macros = macros_are::kept>
std::size_t mail_frames(std::string_view frame, std::size_t units) {
    const auto begin = begin_of_mail + frames(command::rcpt{"<c@d>"});
    return frames_heard<Macros>(begin + repeated(frame, units), 65'536) - 4;
}

struct {
    std::string_view name;
    std::size_t (*work)(std::size_t units);
} constexpr cases[]{
    {"mails-without-macros", [](std::size_t n) { return mails<macros_are::passed_over>(n, 65'536); }},
    {"headers-without-macros",
     [](std::size_t n) {
         return mail_frames<macros_are::passed_over>(frames(command::header{"X-Name", "value"}), n);
     }},
    {"mails", [](std::size_t n) { return mails(n, std::string_view::npos); }},
    {"mails-64KiB", [](std::size_t n) { return mails(n, 65'536); }},
    {"mails-1448B", [](std::size_t n) { return mails(n, 1'448); }},
    {"mails-7B", [](std::size_t n) { return mails(n, 7); }},
    {"mails-1B", [](std::size_t n) { return mails(n, 1); }},
    {"body-1448B", [](std::size_t n) { return body(n, 1'448); }},
    {"body-1B", [](std::size_t n) { return body(n, 1); }},
    {"headers",
     [](std::size_t n) {
         return mail_frames(frames(command::header{"X-Name", "value"}), n);
     }},
    {"recipients", [](std::size_t n) { return mail_frames(frames(command::rcpt{"<c@d>"}), n); }},
    {"aborts", [](std::size_t n) { return mail_frames(frames(command::abort{}), n); }},
    {"macros", macros},
    {"arguments", arguments},
    {"macro-lists", lists_of_macros},
    {"progress", [](std::size_t n) { return said_of_a_message(repeated(frames(reply::progress{}), n)); }},
    {"changes",
     [](std::size_t n) {
         return said_of_a_message(repeated(frames(reply::add_header{"X", "y"}), n));
     }},
    {"new-body",
     [](std::size_t n) { return said_of_a_message(repeated(frames(reply::replace_body{"y\r\n"}), n)); }},
    {"folded-value",
     [](std::size_t n) {
         return said_of_a_message(frames(reply::add_header{"X", repeated("a\n ", n) + "a"})) * n;
     }},
    {"reply-lines", lines_of_a_reply},
};

}  // namespace

int main(int count, char** arguments) {
    if (count != 3) return 2;
    const std::string_view text{arguments[2]};
    std::size_t units = 0;
    std::from_chars(text.data(), text.data() + text.size(), units);
    for (const auto& one : cases)
        if (one.name == arguments[1]) std::printf("%zu\n", one.work(units));
}
