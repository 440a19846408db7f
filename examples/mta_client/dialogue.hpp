// SPDX-License-Identifier: MIT
// One connection to the filter, on which an MTA would tell it of one client and its mails.
#pragma once

#include <algorithm>
#include <kilter.hpp>
#include <optional>
#include <string>
#include <utility>
#include <vector>

#include "differences.hpp"
#include "mta/content.hpp"
#include "mta/edit.hpp"
#include "mta/envelope.hpp"
#include "mta/filter_link.hpp"
#include "mta/trace.hpp"
#include "outcome.hpp"
#include "printer.hpp"
#include "settings.hpp"

class dialogue {
public:
    dialogue(const settings& with, const printer& out)
        : settings_{with}, out_{out}, macros_{with.macros}, filter_{with.filter, macros_, seen()} {}

    /// Up to the first mail.
    void open() {
        auto now = filter_.open();
        if (now == kilter::todo::go_on) {
            const auto& client = settings_.client;
            now = filter_.ask(kilter::command::connect{client.written_name(settings_.rules), client.family,
                                                       client.port, client.written_address(settings_.rules)});
        }
        if (now == kilter::todo::go_on) now = filter_.ask(kilter::command::helo{settings_.helo});
        decided_ = verdict_on(now);
        for (const auto& line : settings_.unknown)
            if (!decided_) say_unknown(line);
    }

    /// Tells of one mail. It and its envelope are changed as the filter wants.
    verdict send(mta::envelope& envelope, mta::content& mail) {
        if (decided_) return *decided_;
        auto said = say(envelope, mail);
        if (!decided_) filter_.end_mail();
        return said;
    }

    void close() {
        if (settings_.quit) filter_.quit();
    }

private:
    mta::observer seen() const {
        if (settings_.quiet) return {};
        return {[this](const std::string& message) { out_.line("MTA", message); },
                [this](const std::string& message) { out_.line("filter", message); }};
    }

    /// What has become of the mail, or nothing if it goes on.
    std::optional<verdict> verdict_on(kilter::todo now) {
        using kilter::todo;
        switch (now) {
            case todo::go_on:
            case todo::wait:   // ask() has waited
            case todo::close:  // nothing is asked after quit
                return std::nullopt;
            case todo::deliver:
            case todo::leave_message: return made(outcome::accepted, taken);
            case todo::leave_connection: return final(made(outcome::accepted, taken));
            case todo::discard: return made(outcome::discarded, taken);
            case todo::refuse_command:
            case todo::refuse_recipient:
            case todo::refuse_message: return refused();
            case todo::refuse_connection:
            case todo::hang_up: return final(refused());
            case todo::give_up: break;
        }
        throw stop{status_of(filter_.lost()), filter_.why()};
    }

    static failed status_of(mta::loss how) {
        switch (how) {
            case mta::loss::unreachable: return failed::unreachable;
            case mta::loss::protocol: return failed::protocol;
            case mta::loss::unsendable: return failed::bad_mail;
            case mta::loss::none:
            case mta::loss::gone: break;
        }
        return failed::filter;
    }

    verdict made(outcome what, const std::string& reply) const {
        return {what, std::string{filter_.asked()}, reply};
    }

    verdict refused() const {
        const auto& reply = filter_.refusal();
        return made(reply.starts_with('5') ? outcome::rejected : outcome::tempfailed, reply);
    }

    /// The filter has decided on the whole connection.
    verdict final(verdict v) {
        filter_.quit();
        decided_ = v;
        return v;
    }

    void say_unknown(const std::string& line) {
        const auto told = settings_.rules.whole_unknown_line ? line : line.substr(0, line.find(' '));
        const auto no = verdict_on(filter_.ask(kilter::command::unknown{told}));
        out_.line("result",
                  "unknown command: " + (no ? in_one_line(no->reply) : "500 5.5.2 Unknown command"));
    }

    verdict say(mta::envelope& envelope, mta::content& mail) {
        const auto queue_id = "4F2A1C" + std::to_string(++mails_);
        macros_.forget("i");
        if (settings_.rules.queue_id_with_mail) macros_.set("i", queue_id);
        mta::define_mailbox(macros_, "mail", envelope.sender);
        const auto args = mta::packed(envelope.args);
        if (auto v = verdict_on(filter_.ask(kilter::command::mail{envelope.sender, args}))) return *v;
        if (auto v = say_recipients(envelope, queue_id)) return *v;
        if (settings_.abort) return {outcome::aborted, "rcpt"};
        if (auto v = verdict_on(filter_.ask(kilter::command::data{}))) return *v;

        define_message_id(mail);
        mail.fields.insert(mail.fields.begin(),
                           mta::received(settings_.helo, settings_.hostname, true, queue_id));
        const auto now = filter_.ask(mail);
        auto v = verdict_on(now).value();
        if (now != kilter::todo::deliver) return v;
        mta::editor editor{envelope, mail, settings_.rules};
        const auto before = envelope;
        editor.edit(filter_.changes());
        for (const auto& line : differences(before, envelope)) out_.line("change", line);
        if (editor.held()) v.what = outcome::quarantined;
        return v;
    }

    /// Leaves those that are taken. If none is, the verdict on the last one is that on the mail.
    std::optional<verdict> say_recipients(mta::envelope& envelope, const std::string& queue_id) {
        std::vector<mta::recipient> takers;
        std::optional<verdict> no;
        for (const auto& to : envelope.recipients) {
            const bool by_us = mta::is_among(settings_.refused, to.address);
            const auto now = say_recipient(to, by_us);
            auto v =
                by_us ? verdict{outcome::rejected, "rcpt", std::string{mta::no_such_user}} : verdict_on(now);
            if (v && now != kilter::todo::refuse_recipient && !by_us) return v;
            if (v) {
                out_.line("result", to.address + ": " + in_one_line(v->reply));
                no = v;
                continue;
            }
            macros_.set("i", queue_id);
            takers.push_back(to);
        }
        envelope.recipients = std::move(takers);
        if (envelope.recipients.empty()) return no;
        return std::nullopt;
    }

    kilter::todo say_recipient(const mta::recipient& to, bool rejected) {
        if (rejected)
            mta::define_rejected(macros_, settings_.rules);
        else
            mta::define_mailbox(macros_, "rcpt", to.address);
        const auto args = mta::packed(to.args);
        return filter_.ask(kilter::command::rcpt{to.address, args, rejected});
    }

    void define_message_id(const mta::content& mail) {
        for (const auto& field : mail.fields)
            if (mta::same_without_case(field.name, "Message-ID"))
                macros_.set("msg_id",
                            field.value.substr(std::min(field.value.find('<'), field.value.size())));
    }

    inline static const std::string taken = "250 2.0.0 Ok";

    const settings& settings_;
    const printer& out_;
    mta::macro_values macros_;
    mta::filter_link filter_;
    std::optional<verdict> decided_{};  ///< what has become of all mails
    int mails_ = 0;
};
