// SPDX-License-Identifier: MIT
// A filter on kilter that does what a script says, and prints the whole conversation.
#include <chrono>
#include <kilter.hpp>

#include "script.hpp"
#include "sockets.hpp"
#include "transcript.hpp"

using namespace kilter;
using script::words;

/// One connection.
class filter {
public:
    filter(int connection, const script::program<filter>& script)
        : connection_{connection}, script_{script}, follower_{script} {}

    void run() {
        char buffer[65'536];
        while (session_.open()) {
            const auto count = read(connection_, buffer, sizeof buffer);
            if (count <= 0) break;
            for (const auto& event : session_.receive({buffer, static_cast<std::size_t>(count)})) {
                transcript_.heard(describe(event));
                macros_.update(event);
                answer(event);
                if (dropped()) return transcript_.closed();
            }
            if (!flush()) break;
        }
        const auto wrong = session_.finish();
        transcript_.closed(wrong == errc::ok ? "" : ": " + std::string{to_string(wrong)});
    }

    bool dropped() const { return dropped_; }

    static const script::ability<filter> abilities[];

private:
    void answer(const filter_session::event& event) {
        using on = script::event;
        match(
            event,  //
            [&](const command::negotiate& offer) { negotiate(offer); },
            [&](const command::connect& m) { act(on::connect, m.hostname); },
            [&](const command::helo& m) { act(on::helo, m.hostname); },
            [&](const command::mail& m) { act(on::mail, m.sender); },
            [&](const command::rcpt& m) { act(on::rcpt, m.recipient); },
            [&](const command::data&) { act(on::data); },
            [&](const command::unknown& m) { act(on::unknown, m.line); },
            [&](const command::header& m) { act(on::header, m.name); },
            [&](const command::end_of_headers&) { act(on::end_of_headers); },
            [&](const command::body& m) { act(on::body, m.chunk); },
            [&](const command::end_of_message&) { act(on::end_of_message); },
            [&](const command::abort&) { follower_.act(*this, on::abort); },  //
            [](const auto&) {});
    }

    /// Does what the script says. The answer that is still due then is proceed.
    void act(script::event on, std::string_view text = {}) {
        follower_.act(*this, on, text);
        if (!dropped() && session_.open()) say(reply::proceed{});
    }

    void negotiate(const command::negotiate& offer) {
        follower_.act(*this, script::event::negotiate);
        if (dropped()) return;
        std::vector<symbol> wanted;
        for (const auto& [at, names] : script_.symbols) wanted.push_back({static_cast<stage>(at), names});
        const auto symbols = pack_symbols(wanted);
        const auto agreed = agree(offer, {
                                             .actions = static_cast<action>(script_.actions.value_or(~0u)),
                                             .options = static_cast<option>(script_.options),
                                             .symbols = symbols,
                                         });
        const auto wrong = session_.send(agreed, out_);
        if (wrong == errc::ok)
            transcript_.said(describe(*agreed));
        else
            transcript_.refused(*agreed, to_string(wrong));
    }

    template <class M>
    void say(const M& message) {
        const auto before = out_.size();
        const auto wrong = session_.send(message, out_);
        if (wrong != errc::ok)
            transcript_.refused(message, to_string(wrong));
        else if (out_.size() != before)
            transcript_.said(describe(message));
    }

    bool flush() {
        const bool written = write_all(connection_, out_);
        out_.clear();
        return written;
    }

    // The actions.

    template <class M>
    void say_plainly(const words&) {
        say(M{});
    }

    void reply_code(const words& w) {
        const std::vector<std::string_view> lines{w.begin() + 2, w.end()};
        const auto text = reply_text(static_cast<int>(*script::number(w[0])), w[1] == "-" ? "" : w[1], lines);
        if (text)
            say(reply::reply_code{*text});
        else
            transcript_.refused(reply::reply_code{}, to_string(text.error()));
    }

    void add_header(const words& w) { say(reply::add_header{w[0], w[1]}); }
    void insert_header(const words& w) { say(reply::insert_header{*script::number(w[0]), w[1], w[2]}); }
    void change_header(const words& w) { say(reply::change_header{*script::number(w[0]), w[1], w[2]}); }
    void change_from(const words& w) { say(reply::change_from{w[0], w.size() > 1 ? w[1] : ""}); }
    void add_rcpt(const words& w) { say(reply::add_rcpt{w[0]}); }
    void add_rcpt_par(const words& w) { say(reply::add_rcpt_par{w[0], w[1]}); }
    void delete_rcpt(const words& w) { say(reply::delete_rcpt{w[0]}); }
    void quarantine(const words& w) { say(reply::quarantine{w[0]}); }

    void replace_body(const words& w) {
        for (const auto& chunk : w) say(reply::replace_body{chunk});
    }

    void echo_macros(const words& w) {
        for (const auto& name : w)
            if (const auto value = macros_.find(name))
                say(reply::add_header{script::macro_field(name), *value});
    }

    void wait(const words& w) {
        flush();
        std::this_thread::sleep_for(std::chrono::milliseconds{*script::number(w[0])});
    }

    void drop(const words&) {
        flush();
        dropped_ = true;
    }

    void raw(const words& w) {
        const auto bytes = *script::bytes(w[0]);
        flush();
        write_all(connection_, bytes);
        transcript_.said("raw bytes=\"" + w[0] + '"');
    }

    const int connection_;
    const script::program<filter>& script_;
    script::follower<filter> follower_;
    transcript transcript_;
    filter_session session_;
    macro_table macros_;
    std::string out_;
    bool dropped_ = false;
};

const script::ability<filter> filter::abilities[]{
    {"proceed", &filter::say_plainly<reply::proceed>},
    {"accept", &filter::say_plainly<reply::accept>},
    {"reject", &filter::say_plainly<reply::reject>},
    {"tempfail", &filter::say_plainly<reply::tempfail>},
    {"discard", &filter::say_plainly<reply::discard>},
    {"skip", &filter::say_plainly<reply::skip>},
    {"progress", &filter::say_plainly<reply::progress>},
    {"reply_code", &filter::reply_code},
    {"add_header", &filter::add_header},
    {"insert_header", &filter::insert_header},
    {"change_header", &filter::change_header},
    {"change_from", &filter::change_from},
    {"add_rcpt", &filter::add_rcpt},
    {"add_rcpt_par", &filter::add_rcpt_par},
    {"delete_rcpt", &filter::delete_rcpt},
    {"replace_body", &filter::replace_body},
    {"quarantine", &filter::quarantine},
    {"echo_macros", &filter::echo_macros},
    {"wait", &filter::wait},
    {"close", &filter::drop},
    {"raw", &filter::raw},
};

int main(int count, char** arguments) try {
    if (count != 3) {
        std::fprintf(stderr, "usage: kilter_filter SCRIPT inet:PORT@HOST | unix:PATH\n");
        return 64;
    }
    static const auto script = script::read<filter>(arguments[1]);
    return serve(arguments[2], [](int connection) { filter{connection, script}.run(); });
} catch (const script::error& wrong) {
    std::fprintf(stderr, "%s\n", wrong.what());
    return 64;
}
