// SPDX-License-Identifier: MIT
// A filter on kilter that follows a policy, and where its session stood before each piece of the stream.
#pragma once

#include <arpa/inet.h>
#include <kilter/address.hpp>
#include <kilter/macros.hpp>
#include <kilter/match.hpp>
#include <kilter/reply_text.hpp>
#include <kilter/session.hpp>

#include <optional>
#include <string>
#include <string_view>
#include <vector>

#include "pieces.hpp"
#include "policy.hpp"
#include "support/exact.hpp"
#include "trace.hpp"

namespace differential {

using namespace kilter;

/// Where the session stood before a piece came, and what it found wrong with it.
struct moment {
    phase at{};
    bool in_message = false;
    char last{};                  ///< the code of the command before
    bool data_refused = false;    ///< and nothing has come since
    bool rcpt_discarded = false;  ///< and no other message has begun since
    bool hung_up = false;         ///< by the last answer, 421, and nothing but `U` has come since
    bool wants_body = true;       ///< the filter does, and has not skipped the rest
    option agreed{};
    errc wrong{};
};

struct outcome {
    trace all{};
    std::vector<moment> moments{};  ///< one more than pieces: the last is before the end of the stream
    std::size_t end{};              ///< the piece with which the session closed
    std::size_t before_end{};       ///< so many events came before it closed
};

/// The numbers of an address in the way that libmilter has them; nothing if it takes no such address.
inline std::optional<std::string> address_of(char kind, const std::string& address) {
    unsigned char bytes[16];
    char shown[INET6_ADDRSTRLEN];
    if (kind == 'U') return "";
    if (kind == 'L') return address.size() < 108 ? std::optional{address} : std::nullopt;
    if (kind == '4') {
        in_addr numbers{};
        if (inet_aton(address.c_str(), &numbers) != 1) return std::nullopt;
        return inet_ntop(AF_INET, &numbers, shown, sizeof shown);
    }
    const bool prefix = address.size() >= 5 && strncasecmp(address.c_str(), "IPv6:", 5) == 0;
    if (inet_pton(AF_INET6, address.c_str() + (prefix ? 5 : 0), bytes) != 1) return std::nullopt;
    return inet_ntop(AF_INET6, bytes, shown, sizeof shown);
}

class kilter_side {
public:
    kilter_side(const policy& p, blinkers hidden) : policy_{p}, hidden_{hidden}, follows_{p} {}

    /// Plays a stream to it.
    outcome run(const pieces& stream) {
        for (const auto& next : stream) {
            in_stream_ = next.in_stream;
            result_.moments.push_back(now());
            if (session_.open()) result_.end = at_;
            take(next.bytes);
            if (next.is_whole() && next.code() != 'D') now_.last = next.code();
            ++at_;
        }
        in_stream_ = true;
        result_.moments.push_back(now());
        if (session_.open()) result_.end = at_;
        const bool session_was_open = session_.open();
        const bool in_message = session_was_open && session_.state().in_message();
        session_.finish();
        if (session_was_open) result_.before_end = result_.all.events.size();
        if (in_message) note("abort");
        note("close");
        return std::move(result_);
    }

private:
    moment now() const {
        moment m = now_;
        m.at = session_.state().at();
        m.in_message = session_.state().in_message();
        m.wants_body = session_.state().of_use<command::body>();
        m.agreed = session_.state().options();
        return m;
    }

    void take(std::string_view bytes) {
        const test::exact block{bytes};
        bool in_message = session_.state().in_message();
        for (const auto& event : session_.receive({block.data(), block.size()})) {
            macros_.update(event);
            match(event, [&](const auto& m) { hear(m, in_message); });
            in_message = session_.state().in_message();
        }
    }

    void note(std::string text, bool with_macros = false) {
        macro_values values;
        for (std::size_t i = 0; i != looked_up.size() && with_macros && !hidden_.macros; ++i)
            values[i] = macros_.find(looked_up[i]).value_or(no_macro);
        if (in_stream_) result_.all.events.push_back({std::move(text), std::move(values), at_});
    }

    template <class M>
    void hear(const M& message, bool in_message) {
        constexpr bool ends_message = std::is_same_v<M, command::abort> || std::is_same_v<M, command::quit> ||
                                      std::is_same_v<M, command::quit_nc> ||
                                      std::is_same_v<M, command::mail> || std::is_same_v<M, command::helo> ||
                                      std::is_same_v<M, protocol_error>;
        if (std::is_same_v<M, protocol_error> || std::is_same_v<M, command::quit>)
            result_.before_end = result_.all.events.size();
        if (in_message && ends_message) note("abort");
        if constexpr (std::is_same_v<M, command::mail>) now_.rcpt_discarded = false;
        if constexpr (!std::is_same_v<M, command::macro>) now_.data_refused = false;
        if constexpr (!std::is_same_v<M, command::macro> && !std::is_same_v<M, command::unknown>)
            now_.hung_up = false;
        tell(message);
    }

    // An event of each kind.

    void tell(const protocol_error& wrong) { result_.moments.back().wrong = wrong.reason; }

    /// As libmilter shows an offer: without the bits that it keeps to itself, and with all silent_… options,
    /// which it makes up for.
    void tell(const command::negotiate& offer) {
        constexpr auto kept = option{0x7000'0000};
        constexpr auto made_up = option{0x000f'f080};
        const auto actions = offer.actions == action::none ? v1_actions : offer.actions;
        const auto options = offer.options == option::none ? v1_options : offer.options;
        note(line("negotiate",
                  {std::to_string(to_bits(actions)), std::to_string(to_bits((options & ~kept) | made_up))}),
             true);
        const auto symbols = pack();
        if (in_stream_)
            send(agree(offer, {policy_.actions, policy_.needed, policy_.options, option::none, symbols}));
        else
            send(agree(offer, {}));
    }

    void tell(const command::connect& m) {
        const char kind = static_cast<char>(m.family);
        const std::string address{m.address};
        const auto shown = kind == 'L' ? std::string{} : std::to_string(m.port) + "|";
        const auto fields =
            kind == 'U' ? "U" : std::string{kind} + "|" + shown + address_of(kind, address).value_or(address);
        note(line("connect", {m.hostname, fields}), true);
        answer_to<step::connect>();
    }
    void tell(const command::helo& m) {
        note(line("helo", {m.hostname}), true);
        answer_to<step::helo>();
    }
    void tell(const command::mail& m) {
        note(with_arguments(line("mail", {m.sender}), m.args), true);
        if (policy_.progress_at_mail) send(reply::progress{});
        answer_to<step::mail>();
    }
    void tell(const command::rcpt& m) {
        note(with_arguments(line("rcpt", {m.recipient}), m.args), true);
        now_.rcpt_discarded = answer_to<step::rcpt>() == answer::discard;
    }
    void tell(const command::data&) {
        note("data", true);
        const auto says = answer_to<step::data>();
        now_.data_refused = says == answer::reject || says == answer::tempfail || says == answer::reply_code;
    }
    void tell(const command::unknown& m) {
        note(line("unknown", {hidden_.unknown ? "?" : m.line}), true);
        answer_to<step::unknown>();
    }
    void tell(const command::header& m) {
        note(line("header", {m.name, std::string{m.space}.append(m.value)}), true);
        answer_to<step::header>();
    }
    void tell(const command::end_of_headers&) {
        note("end_of_headers", true);
        answer_to<step::end_of_headers>();
    }
    void tell(const command::body& m) {
        note(line("body", {m.chunk}), true);
        answer_to<step::body>();
    }
    void tell(const command::end_of_message&) {
        note("end_of_message", true);
        if (in_stream_)
            for (const auto& c : policy_.changes) make(c);
        answer_to<step::end_of_message>();
    }
    void tell(const command::macro&) {}
    void tell(const command::abort&) {}
    void tell(const command::quit&) {}
    void tell(const command::quit_nc&) { note("close"); }

    static std::string with_arguments(std::string all, const text_list& args) {
        for (const auto arg : args) all.append("|").append(arg);
        return all;
    }

    std::string pack() const {
        std::vector<symbol> symbols;
        for (const auto& [at, names] : policy_.symbols) symbols.push_back({at, names});
        return pack_symbols(symbols);
    }

    template <step At>
    answer answer_to() {
        const auto says = in_stream_ ? follows_.next(At, session_.state().options()) : answer::proceed;
        switch (says) {
            case answer::proceed: send(reply::proceed{}); break;
            case answer::accept: send(reply::accept{}); break;
            case answer::reject: send(reply::reject{}); break;
            case answer::tempfail: send(reply::tempfail{}); break;
            case answer::discard: send(reply::discard{}); break;
            case answer::skip: send(reply::skip{}); break;
            case answer::reply_code: {
                const std::vector<std::string_view> lines{policy_.reply.lines.begin(),
                                                          policy_.reply.lines.end()};
                const auto text = reply_text(policy_.reply.code, policy_.reply.enhanced, lines);
                send(reply::reply_code{*text});
                now_.hung_up = policy_.reply.code == 421;
            }
        }
        return says;
    }

    void make(const change& c) {
        switch (c.kind) {
            case change_kind::add_header: send(reply::add_header{c.first, c.second}); break;
            case change_kind::insert_header: send(reply::insert_header{c.index, c.first, c.second}); break;
            case change_kind::change_header: send(reply::change_header{c.index, c.first, c.second}); break;
            case change_kind::change_from: send(reply::change_from{c.first, c.second}); break;
            case change_kind::add_rcpt: send(reply::add_rcpt{c.first}); break;
            case change_kind::add_rcpt_par: send(reply::add_rcpt_par{c.first, c.second}); break;
            case change_kind::delete_rcpt: send(reply::delete_rcpt{c.first}); break;
            case change_kind::replace_body: send(reply::replace_body{c.first}); break;
            case change_kind::quarantine: send(reply::quarantine{c.first}); break;
            case change_kind::progress: send(reply::progress{}); break;
        }
    }

    template <class M>
    void send(const M& message) {
        std::string out;
        const bool open = session_.open();
        static_cast<void>(session_.send(message, out));
        if (open && !session_.open()) result_.before_end = result_.all.events.size();
        if (!in_stream_) return;
        for (auto& reply : test::naive::cut(out, 1 << 24).whole)
            result_.all.replies.push_back({std::move(reply), at_});
    }

    const policy& policy_;
    blinkers hidden_;
    follower follows_;
    filter_session session_{};
    macro_table macros_{};
    outcome result_{};
    moment now_{};
    std::size_t at_ = 0;
    bool in_stream_ = true;
};

}  // namespace differential
