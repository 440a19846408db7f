// SPDX-License-Identifier: MIT
// The connection to a filter, and what is said on it.
#pragma once

#include <algorithm>
#include <chrono>
#include <cstddef>
#include <cstdint>
#include <functional>
#include <kilter.hpp>
#include <optional>
#include <string>
#include <string_view>
#include <type_traits>
#include <utility>
#include <vector>

#include "connection.hpp"
#include "content.hpp"
#include "macro_values.hpp"
#include "profiles.hpp"

namespace mta {

/// How long a filter may take.
struct patience {
    std::chrono::milliseconds connect = std::chrono::seconds{30};
    std::chrono::milliseconds reply = std::chrono::seconds{30};    ///< progress starts it anew
    std::chrono::milliseconds in_all = std::chrono::seconds{300};  ///< for one answer, whatever comes
};

/// Where to find a filter, and how to treat it.
struct filter_settings {
    address where{};
    const profile* rules = &postfix;
    patience waits{};
    std::uint32_t version = kilter::protocol_version;
};

/// What kind of failure a filter is lost by.
enum class loss {
    none,
    unreachable,  ///< there is nobody
    gone,         ///< it has closed, or is silent
    protocol,     ///< it has broken the protocol
    unsendable,   ///< a text of ours doesn't fit in a message
};

/// What is called with each message that is written or read, if anything.
struct observer {
    std::function<void(const std::string&)> said{};
    std::function<void(const std::string&)> heard{};
};

/// A filter that is asked, one command after the other, about one client.
///
/// The session says what is to be done; a connection that fails is todo::give_up, too, and why() says why.
class filter_link {
public:
    filter_link(const filter_settings& settings, const macro_values& macros, observer seen = {})
        : settings_{settings}, macros_{macros}, seen_{std::move(seen)} {
        session_.tolerate(settings.rules->tolerance);
        lists_ = kilter::macro_lists{settings.rules->macros};
    }

    /// Connects, and agrees with the filter on what it wants.
    kilter::todo open() {
        try {
            connection_ = connection::to(settings_.where, clock::now() + settings_.waits.connect);
        } catch (const failure& wrong) {
            loss_ = loss::unreachable;
            why_ = wrong.what();
            return kilter::todo::give_up;
        }
        return ask(kilter::offer_of(settings_.version));
    }

    /// Says a command with its macros, and waits for the answer if one is due: what is to be done now?
    template <kilter::command_message M>
    kilter::todo ask(const M& command) {
        if (loss_ != loss::none) return kilter::todo::give_up;
        if (!connection_) return kilter::todo::leave_connection;
        asked_ = kilter::wire::row_of<M>().name;
        symbol_ = kilter::wire::row_of<M>().symbol;
        say_macros(command);
        say(command);
        return wait();
    }

    /// Says all of a mail, as far as the filter wants to hear it, up to the end of message.
    kilter::todo ask(const content& mail) {
        using kilter::todo;
        for (const auto& field : mail.fields) {
            if (field.own) continue;
            // No text holds a NUL. Postfix leaves out what follows one, too.
            auto value = std::string_view{field.value}.substr(0, field.value.find('\0'));
            const std::string_view space = value.starts_with(' ') ? " " : "";
            value.remove_prefix(space.size());
            if (const auto now = ask(kilter::command::header{field.name, value, space}); now != todo::go_on)
                return now;
        }
        if (const auto now = ask(kilter::command::end_of_headers{}); now != todo::go_on) return now;
        std::string_view rest = mail.body;
        while (!rest.empty() && session_.wants(kilter::command::body{})) {
            const auto now = ask(kilter::command::body{session_.take_piece(rest)});
            if (now != todo::go_on) return now;
        }
        return ask(kilter::command::end_of_message{});
    }

    /// The mail is over, or the client has given it up.
    void end_mail() {
        if (session_.state().in_message() || settings_.rules->abort_after_message)
            ask(kilter::command::abort{});
    }

    /// The filter is needed no more. It isn't told if it has failed.
    void quit() {
        if (!connection_) return;
        const bool decided = session_.state().over() == kilter::scope::connection;
        if (!decided || settings_.rules->quit_after_connection) ask(kilter::command::quit{});
        flush();
        connection_.reset();
    }

    /// What the client is to be told, if the filter refuses: one SMTP reply, all its lines.
    const std::string& refusal() const noexcept { return refusal_; }

    /// What is to be changed, at todo::deliver.
    const kilter::modifications& changes() const noexcept { return changes_; }

    /// Has it failed, and why?
    loss lost() const noexcept { return loss_; }
    const std::string& why() const noexcept { return why_; }

    /// The last command that was said, by its name.
    std::string_view asked() const noexcept { return asked_; }

private:
    template <class M>
    void say_macros(const M& command) {
        if (!session_.wants(command)) return;
        if constexpr (kilter::staged_command<M>)
            say_macros<M, M>();
        else if constexpr (std::is_same_v<M, kilter::command::header>)
            say_content_macros<M, kilter::command::end_of_headers>();
        else if constexpr (std::is_same_v<M, kilter::command::body>)
            say_content_macros<M, kilter::command::end_of_message>();
        else if constexpr (std::is_same_v<M, kilter::command::unknown>)
            if (settings_.rules->macros_in_content) say(kilter::command::macro{code_of<M>, {}});
    }

    template <class M, class Stage>
    void say_content_macros() {
        if (settings_.rules->macros_in_content) say_macros<M, Stage>();
    }

    /// The macros of a stage, said before command `M`.
    template <class M, class Stage>
    void say_macros() {
        auto macros = lists_.macros_for<Stage>(macros_);
        if (macros)
            macros->command = code_of<M>;
        else if (settings_.rules->macros_of_empty_lists || has_list<Stage>())
            macros = kilter::command::macro{code_of<M>, {}};
        if (macros) say(*macros);
    }

    template <class M>
    static constexpr char code_of = kilter::wire::row_of<M>().code;

    template <class Stage>
    bool has_list() const {
        for (const auto& stage : kilter::stage_names)
            if (stage.name == kilter::wire::row_of<Stage>().name) return !lists_.names(stage.value).empty();
        return false;
    }

    template <class M>
    void say(const M& message) {
        const auto before = out_.size();
        if (const auto wrong = session_.send(message, out_); wrong != kilter::errc::ok)
            give_up(loss::unsendable,
                    std::string{kilter::wire::row_of<M>().name}.append(": ").append(to_string(wrong)));
        else if (out_.size() != before && seen_.said)
            seen_.said(kilter::describe(as_written(message)));
        if (out_.size() >= kilter::data_size_64k) flush();
    }

    /// The session leaves out the space of a header field, unless the filter wants it.
    template <class M>
    M as_written(M message) const {
        if constexpr (std::is_same_v<M, kilter::command::header>)
            if (!has(session_.state().options(), kilter::option::leading_space)) message.space = {};
        return message;
    }

    void flush() {
        if (out_.empty() || loss_ != loss::none) return;
        try {
            connection_->write(out_, clock::now() + settings_.waits.reply);
        } catch (const timed_out&) {
            give_up(loss::gone, "doesn't read " + command() + in(settings_.waits.reply));
        } catch (const failure&) {
            give_up(loss::gone, "closed while we sent " + command());
        }
        out_.clear();
    }

    kilter::todo wait() {
        if (session_.now() != kilter::todo::wait) return now();
        flush();
        const auto end = clock::now() + settings_.waits.in_all;
        auto until = clock::now() + settings_.waits.reply;
        while (loss_ == loss::none && session_.now() == kilter::todo::wait) {
            try {
                const auto bytes = connection_->read(std::min(until, end));
                if (bytes.empty())
                    give_up(loss::gone, "closed while we waited for the answer to " + command());
                else if (hear(bytes))
                    until = clock::now() + settings_.waits.reply;
            } catch (const timed_out&) {
                if (until < end)
                    give_up(loss::gone, "no answer to " + command() + in(settings_.waits.reply));
                else
                    give_up(loss::gone,
                            "no verdict on " + command() + in(settings_.waits.in_all) + " in all");
            } catch (const failure& wrong) {
                give_up(loss::gone, command() + ": " + wrong.what());
            }
        }
        return now();
    }

    kilter::todo now() const { return loss_ == loss::none ? session_.now() : kilter::todo::give_up; }

    std::string command() const { return std::string{asked_}.append(" (").append(symbol_).append(")"); }

    /// Has a whole message come?
    bool hear(std::string_view bytes) {
        bool heard = false;
        for (const auto& event : session_.receive(bytes)) {
            heard = true;
            if (seen_.heard) seen_.heard(kilter::describe(event));
            if (const auto* answer = std::get_if<kilter::reply::negotiate>(&event)) take_lists(*answer);
            if (const auto text = kilter::refusal(event); !text.empty()) refusal_ = kilter::smtp_text(text);
            if (const auto* wrong = std::get_if<kilter::protocol_error>(&event))
                why_ = text_of(*wrong, bytes);
            if (changes_.update(event) != kilter::errc::ok) why_ = "its changes take too much memory";
        }
        if (!why_.empty()) give_up(loss::protocol, std::exchange(why_, {}));
        return heard;
    }

    /// The macros that the filter wants, as far as our MTA heeds that.
    void take_lists(const kilter::reply::negotiate& answer) {
        using kilter::stage;
        const auto& rules = *settings_.rules;
        const bool has_end_of_headers = std::ranges::any_of(
            answer.symbols, [](const auto& list) { return list.at == stage::end_of_headers; });
        std::vector<kilter::symbol> heeded;
        if (rules.last_lists_together && has_end_of_headers) heeded.push_back({stage::end_of_message, ""});
        for (const auto& list : answer.symbols) {
            if (list.names.empty() && rules.empty_list_means_own) continue;
            if (list.at == stage::end_of_message && rules.last_lists_together && !has_end_of_headers)
                continue;
            heeded.push_back(list);
        }
        const auto packed = kilter::pack_symbols(heeded);
        lists_.update(kilter::reply::negotiate{.symbols = packed});
    }

    static std::string text_of(const kilter::protocol_error& wrong, std::string_view bytes) {
        if (wrong.reason != kilter::errc::not_a_milter) return kilter::describe(wrong);
        std::string start;  // what stands in the place of a length
        for (int shift = 24; shift >= 0; shift -= 8)
            start.push_back(static_cast<char>(wrong.length >> shift));
        if (bytes.starts_with(start)) start = bytes.substr(0, std::min<std::size_t>(bytes.size(), 80));
        const auto end = std::ranges::find_if(start, [](char c) { return c < ' ' || c > '~'; });
        return "not a milter: " + std::string{start.begin(), end};
    }

    static std::string in(std::chrono::milliseconds time) {
        auto number = std::to_string(static_cast<double>(time.count()) / 1000);
        number.erase(number.find_last_not_of('0') + 1);
        if (number.ends_with('.')) number.pop_back();
        return " within " + number + " s";
    }

    /// The first failure is the one that counts.
    kilter::todo give_up(loss what, const std::string& why) {
        if (loss_ == loss::none) {
            loss_ = what;
            why_ = to_string(settings_.where) + ": " + why;
        }
        connection_.reset();
        return kilter::todo::give_up;
    }

    filter_settings settings_;
    const macro_values& macros_;
    observer seen_;
    std::optional<connection> connection_{};
    kilter::mta_session session_{};
    kilter::macro_lists lists_{};
    kilter::modifications changes_{};
    std::string out_{};
    std::string_view asked_{};
    std::string_view symbol_{};
    std::string refusal_{};
    loss loss_ = loss::none;
    std::string why_{};
};

}  // namespace mta
