// SPDX-License-Identifier: MIT
// One SMTP client, and what it and the filter say about its mail.
#pragma once

#include <algorithm>
#include <array>
#include <charconv>
#include <cstddef>
#include <cstdint>
#include <cstdio>
#include <kilter.hpp>
#include <optional>
#include <string>
#include <string_view>
#include <utility>
#include <vector>

#include "folder.hpp"
#include "lines.hpp"
#include "mta/client.hpp"
#include "mta/edit.hpp"
#include "mta/filter_link.hpp"
#include "mta/trace.hpp"
#include "relay.hpp"
#include "settings.hpp"
#include "smtp_command.hpp"

namespace command = kilter::command;
using kilter::todo;

class client_session {
public:
    client_session(mta::connection connection, const settings& with)
        : settings_{with}, connection_{std::move(connection)}, client_{peer()} {
        client_.define(macros_, rules());
        macros_.set("j", settings_.hostname);
        macros_.set("v", "kilter");
        macros_.set("daemon_name", settings_.hostname);
        macros_.set("daemon_addr", connection_.own_end().host);
        macros_.set("daemon_port", connection_.own_end().port);
    }

    /// Returns when the client is served, or gone.
    void run() {
        try {
            greet();
            while (!ending_) obey(next_line(longest_line));
            flush();
        } catch (const mta::timed_out&) {
            say_goodbye();
        } catch (const mta::failure&) {
            // The client has gone.
        }
        filter_.end_mail();
        filter_.quit();
    }

private:
    static constexpr std::size_t longest_line = 4096;
    static constexpr std::size_t longest_field = 60'000;  // more doesn't fit in a message to the filter
    static constexpr std::size_t most_recipients = 10'000;

    /// What the client is told if the filter doesn't let something be, and nothing if it does.
    std::optional<std::string> refusal(todo now) {
        switch (now) {
            case todo::go_on:
            case todo::deliver:
            case todo::leave_message: return std::nullopt;
            case todo::discard:
                discard_ = true;
                return std::nullopt;  // the filter may be gone before the end
            case todo::leave_connection: filter_.quit(); return std::nullopt;
            case todo::refuse_command:
            case todo::refuse_recipient:
            case todo::refuse_message: return filter_.refusal();
            case todo::refuse_connection:
                filter_.quit();
                refused_ = filter_.refusal();
                return refused_;
            case todo::hang_up: ending_ = true; return filter_.refusal();
            case todo::give_up: return without_the_filter();
            case todo::wait:   // ask() has waited
            case todo::close:  // we haven't said quit
                break;
        }
        return std::nullopt;
    }

    std::optional<std::string> without_the_filter() {
        if (!std::exchange(complained_, true)) note("filter: " + filter_.why());
        switch (settings_.on_failure) {
            case without_filter::accept: return std::nullopt;
            case without_filter::reject: return "550 5.5.0 Service unavailable\r\n";
            case without_filter::tempfail: break;
        }
        return kilter::smtp_text(kilter::default_tempfail);
    }

    void greet() {
        auto now = filter_.open();
        const auto address = client_.written_address(rules());
        const auto name = client_.written_name(rules());
        if (now == todo::go_on)
            now = filter_.ask(command::connect{name, client_.family, client_.port, address});
        const auto no = refusal(now);
        if (ending_) return reply(*no);
        if (no && no->starts_with('5'))
            return reply("554 " + settings_.hostname + " takes no mail from here");
        reply("220 " + settings_.hostname + " ESMTP kilter");
    }

    void obey(const std::string& whole) {
        const auto line = without_end(whole);
        if (!whole.ends_with('\n')) return refuse_long_line();
        if (std::ranges::any_of(line, [](char c) { return ('\0' <= c && c < ' ') || c == 127; }))
            return reply("500 5.5.2 Control characters in a command");
        const auto said = smtp_command::parse(line);
        for (const auto& known : actions)
            if (known.verb == said.verb) return (this->*known.does)(said);
        unknown(line, said);
    }

    void refuse_long_line() {
        while (!next_line(longest_line).ends_with('\n')) {
        }
        reply("500 5.5.2 The line is too long");
    }

    void ehlo(const smtp_command& said) {
        if (!hello(said, true)) return;
        reply("250-" + settings_.hostname + "\r\n250-PIPELINING\r\n250-SIZE " +
              std::to_string(settings_.size_limit) +
              "\r\n250-ENHANCEDSTATUSCODES\r\n250-8BITMIME\r\n250 SMTPUTF8");
    }

    void helo(const smtp_command& said) {
        if (hello(said, false)) reply("250 " + settings_.hostname);
    }

    /// The filter may refuse all that follows, but the greeting is answered.
    bool hello(const smtp_command& said, bool esmtp) {
        if (said.argument.empty()) return reply("501 5.5.4 Syntax: " + said.verb + " hostname"), false;
        forget_mail();
        helo_ = said.argument;
        esmtp_ = esmtp;
        if (!refused_) {
            if (const auto no = refusal(filter_.ask(command::helo{helo_})); ending_) return reply(*no), false;
        }
        return true;
    }

    void mail(const smtp_command& said) {
        if (refused_) return reply(*refused_);
        if (mail_) return reply("503 5.5.1 A mail is under way already");
        const auto from = said.mailbox("FROM:");
        if (!from) return reply("501 5.5.4 Syntax: MAIL FROM:<address>");
        for (const auto& arg : from->args)
            if (is_too_large(arg)) return reply("552 5.3.4 The mail is too large");

        queue_id_ = mta::new_queue_id();
        if (rules().queue_id_with_mail) macros_.set("i", queue_id_);
        mta::define_mailbox(macros_, "mail", from->address);
        discard_ = false;
        const auto args = mta::packed(from->args);
        if (const auto no = refusal(filter_.ask(command::mail{from->address, args}))) return reply(*no);
        mail_ = mta::envelope{.sender = from->address, .args = from->args};
        reply("250 2.1.0 Ok");
    }

    void rcpt(const smtp_command& said) {
        if (refused_) return reply(*refused_);
        if (!mail_) return reply("503 5.5.1 MAIL comes first");
        auto to = said.mailbox("TO:");
        if (!to || kilter::bare_mailbox(to->address).empty())
            return reply("501 5.5.4 Syntax: RCPT TO:<address>");
        if (mail_->recipients.size() == most_recipients) return reply("452 4.5.3 Too many recipients");
        const auto args = mta::packed(to->args);
        if (mta::is_among(settings_.refused, to->address)) {
            mta::define_rejected(macros_, rules());
            filter_.ask(command::rcpt{to->address, args, true});
            return reply(mta::no_such_user);
        }
        mta::define_mailbox(macros_, "rcpt", to->address);
        if (const auto no = refusal(filter_.ask(command::rcpt{to->address, args}))) return reply(*no);
        macros_.set("i", queue_id_);
        mail_->recipients.push_back(std::move(*to));
        reply("250 2.1.5 Ok");
    }

    void data(const smtp_command&) {
        if (refused_) return reply(*refused_);
        if (!mail_) return reply("503 5.5.1 MAIL comes first");
        if (mail_->recipients.empty()) return reply("554 5.5.1 No valid recipients");
        if (const auto no = refusal(filter_.ask(command::data{}))) return reply(*no);
        reply("354 End data with <CR><LF>.<CR><LF>");
        if (const auto text = read_data())
            reply(take(mta::content::parse(*text)));
        else
            reply("552 5.3.4 The mail is too large");
        forget_mail();
    }

    /// A whole mail has come. The result is the reply.
    std::string take(mta::content mail) {
        using mta::field;
        if (std::ranges::any_of(
                mail.fields, [](const field& f) { return f.name.size() + f.value.size() > longest_field; }))
            return "552 5.3.4 A field of the header is too large";
        const auto from = helo_ + " (" + std::string{macros_("_").value_or("")} + ")";
        mail.fields.insert(mail.fields.begin(), mta::received(from, settings_.hostname, esmtp_, queue_id_));

        const auto now = filter_.ask(mail);
        if (const auto no = refusal(now)) return *no;
        if (discard_) return taken("discarded");
        mta::editor editor{*mail_, mail, rules()};
        if (now == todo::deliver) editor.edit(filter_.changes());
        if (editor.held()) return hold(*editor.held(), mail);
        if (mail_->recipients.empty()) return taken("no recipients left");
        return deliver(mail);
    }

    std::string deliver(const mta::content& mail) try {
        if (settings_.relay) {
            relay next{*settings_.relay, settings_.client_timeout};
            auto answer = next.hand_over(settings_.hostname, *mail_, mail.text());
            if (answer[0] != '2') return note(queue_id_ + ": " + answer), answer;
        } else {
            put_into(settings_.folder, queue_id_, *mail_, mail.text());
        }
        return taken("delivered");
    } catch (const std::exception& wrong) {
        note(queue_id_ + ": " + wrong.what());
        return "451 4.3.0 The mail can't be delivered now";
    }

    std::string hold(const std::string& reason, const mta::content& mail) try {
        if (!settings_.hold.empty()) put_into(settings_.hold, queue_id_, *mail_, mail.text());
        return taken("held: " + reason);
    } catch (const std::exception& wrong) {
        note(queue_id_ + ": " + wrong.what());
        return "451 4.3.0 The mail can't be held now";
    }

    std::string taken(const std::string& how) const {
        note(queue_id_ + ": " + how);
        return "250 2.0.0 Ok: queued as " + queue_id_;
    }

    /// The lines up to the final dot; nothing if they are too much. Only CR LF ends a line.
    std::optional<std::string> read_data() {
        std::string text;
        bool too_large = false;
        for (bool at_begin = true;;) {
            const auto whole = next_line(longest_field);
            std::string_view line{whole};
            if (at_begin && line == ".\r\n") break;
            if (at_begin && line.starts_with('.')) line.remove_prefix(1);
            at_begin = line.ends_with("\r\n");
            too_large = too_large || text.size() + line.size() > settings_.size_limit;
            if (!too_large) text.append(line);
        }
        if (too_large) return std::nullopt;
        return text;
    }

    void rset(const smtp_command&) {
        forget_mail();
        reply("250 2.0.0 Ok");
    }

    void noop(const smtp_command&) { reply("250 2.0.0 Ok"); }
    void vrfy(const smtp_command&) { reply("252 2.0.0 Send a mail to find out"); }
    void not_here(const smtp_command&) { reply("502 5.5.1 Not implemented"); }

    void quit(const smtp_command&) {
        reply("221 2.0.0 Bye");
        ending_ = true;
    }

    void unknown(std::string_view line, const smtp_command& said) {
        if (refused_) return reply(*refused_);
        const auto told = rules().whole_unknown_line ? line : std::string_view{said.verb};
        const auto no = refusal(filter_.ask(command::unknown{told}));
        reply(no.value_or("500 5.5.2 Unknown command"));
    }

    /// The end of a mail, whatever has become of it.
    void forget_mail() {
        filter_.end_mail();
        mail_.reset();
        macros_.forget("i");
    }

    bool is_too_large(std::string_view arg) const {
        constexpr std::string_view size = "SIZE=";
        if (!mta::same_without_case(arg.substr(0, size.size()), size)) return false;
        std::size_t number = 0;
        const auto digits = arg.substr(size.size());
        const auto [end, wrong] = std::from_chars(digits.data(), digits.data() + digits.size(), number);
        return wrong == std::errc::result_out_of_range || number > settings_.size_limit;
    }

    /// A reply, whose last line end may be left out.
    void reply(std::string_view text) {
        replies_.append(text);
        if (!text.ends_with('\n')) replies_.append("\r\n");
    }

    /// Replies to pipelined commands go out together.
    std::string next_line(std::size_t limit) {
        if (!lines_.here()) flush();
        return lines_.next(limit);
    }

    void flush() {
        connection_.write(std::exchange(replies_, {}), mta::clock::now() + settings_.client_timeout);
    }

    void say_goodbye() {
        try {
            reply("421 4.4.2 Timeout, closing connection");
            flush();
        } catch (const mta::failure&) {
            // Then not.
        }
    }

    static void note(const std::string& line) {
        std::printf("%s\n", std::string{without_end(line)}.c_str());
        std::fflush(stdout);
    }

    const mta::profile& rules() const { return *settings_.filter.rules; }

    mta::client peer() const {
        const auto other = connection_.other_end();
        if (other.host.empty()) return {};
        const auto host = other.host.substr(0, other.host.find('%'));  // without an interface
        return mta::client::from("", host, static_cast<std::uint16_t>(std::stoul(other.port)));
    }

    struct action {
        std::string_view verb;
        void (client_session::*does)(const smtp_command&);
    };
    static const std::array<action, 12> actions;

    const settings& settings_;
    mta::connection connection_;
    lines lines_{connection_, settings_.client_timeout};
    mta::client client_;
    mta::macro_values macros_{};
    mta::filter_link filter_{settings_.filter, macros_};
    std::string replies_{};
    std::string helo_{};
    std::string queue_id_{};
    std::optional<std::string> refused_{};  ///< what the filter has said to the connection
    std::optional<mta::envelope> mail_{};   ///< from MAIL to the end of DATA
    bool esmtp_ = false;
    bool discard_ = false;  ///< the filter has said so of this mail
    bool complained_ = false;
    bool ending_ = false;
};

inline const std::array<client_session::action, 12> client_session::actions{{
    {"EHLO", &client_session::ehlo},
    {"HELO", &client_session::helo},
    {"MAIL", &client_session::mail},
    {"RCPT", &client_session::rcpt},
    {"DATA", &client_session::data},
    {"RSET", &client_session::rset},
    {"NOOP", &client_session::noop},
    {"VRFY", &client_session::vrfy},
    {"EXPN", &client_session::not_here},
    {"HELP", &client_session::not_here},
    {"STARTTLS", &client_session::not_here},
    {"QUIT", &client_session::quit},
}};
