// SPDX-License-Identifier: MIT
// The same on libmilter: a filter that does what a script says, and prints what it is told and what it says.
#include <arpa/inet.h>
#include <libmilter/mfapi.h>
#include <netinet/in.h>
#include <sys/prctl.h>
#include <sys/socket.h>
#include <sys/un.h>
#include <sys/wait.h>
#include <unistd.h>

#include <array>
#include <chrono>
#include <csignal>
#include <kilter/describe.hpp>
#include <kilter/rules.hpp>
#include <thread>
#include <tuple>

#include "script.hpp"
#include "transcript.hpp"

// libmilter keeps some things to itself, so they are not printed: macros, quit, an abort between messages,
// and the version (0 is printed). It calls the abort of a connection that breaks in a message one of the
// MTA's. All silent_… options look as if they were offered: it answers in the filter's place if they weren't.

using namespace kilter;
using script::words;

/// libmilter's functions take texts that they don't change as `char*`.
static char* text(const std::string& s) { return const_cast<char*>(s.c_str()); }

/// _SMFIS_ABORT in engine.c: the connection is closed without an answer.
static constexpr sfsistat hang_up = 21;

/// One connection.
class filter {
public:
    explicit filter(SMFICTX* context) : context_{context} {}

    /// The filter of a connection. The first call makes it.
    static filter& of(SMFICTX* context) {
        if (smfi_getpriv(context) == nullptr) smfi_setpriv(context, new filter{context});
        return *static_cast<filter*>(smfi_getpriv(context));
    }

    static void read_script(const char* path) { script_ = script::read<filter>(path); }

    sfsistat negotiate(unsigned long offered_actions, unsigned long offered_options, unsigned long* actions,
                       unsigned long* options) {
        const command::negotiate offer{0, static_cast<action>(offered_actions),
                                       static_cast<option>(offered_options)};
        transcript_.heard(describe(offer));
        follower_.act(*this, script::event::negotiate);
        if (dropped_) return hang_up;

        reply::negotiate answer{0, offer.actions & static_cast<action>(script_.actions.value_or(~0u)),
                                offer.options & static_cast<option>(script_.options)};
        std::vector<symbol> symbols;
        if (has(offer.actions, action::set_symlist)) {
            for (const auto& [at, names] : script_.symbols) {
                answer.actions |= action::set_symlist;
                symbols.push_back({static_cast<stage>(at), names});
                if (smfi_setsymlist(context_, static_cast<int>(at), text(names)) != MI_SUCCESS)
                    transcript_.refused(answer, not_taken);
            }
        }
        const auto packed = pack_symbols(symbols);
        answer.symbols = packed;
        transcript_.said(describe(answer));
        agreed_ = answer.options;
        *actions = to_bits(answer.actions);
        *options = to_bits(answer.options);
        return SMFIS_CONTINUE;
    }

    /// Does what the script says. The answer that is still due then is proceed.
    template <class M>
    sfsistat hear(const M& message, script::event on, std::string_view first_text = {}) {
        transcript_.heard(describe(message));
        due_ = !has(agreed_, rules::of<M>().silent);
        verdict_ = SMFIS_NOREPLY;
        follower_.act(*this, on, first_text);
        if (dropped_) return hang_up;
        if (due_) decide(reply::proceed{}, SMFIS_CONTINUE);
        return verdict_;
    }

    sfsistat header(std::string_view name, std::string_view value) {
        const bool space = has(agreed_, option::leading_space) && value.starts_with(' ');
        return hear(command::header{name, value.substr(space ? 1 : 0), space ? " " : ""},
                    script::event::header, name);
    }

    sfsistat abort() {
        if (dropped_) return SMFIS_CONTINUE;  // libmilter's own
        transcript_.heard(describe(command::abort{}));
        follower_.act(*this, script::event::abort);
        return SMFIS_CONTINUE;
    }

    void close() {
        transcript_.closed();
        smfi_setpriv(context_, nullptr);
        delete this;
    }

    bool dropped() const { return dropped_; }

    static const script::ability<filter> abilities[];

private:
    static constexpr const char* not_taken = "not taken by libmilter";

    template <class M>
    void decide(const M& message, sfsistat verdict) {
        if (!due_) return transcript_.refused(message, to_string(errc::reply_not_due));
        due_ = false;
        verdict_ = verdict;
        transcript_.said(describe(message));
    }

    template <class M>
    void tell(const M& message, int status) {
        if (status == MI_SUCCESS)
            transcript_.said(describe(message));
        else
            transcript_.refused(message, not_taken);
    }

    /// A value as it is to be sent: with leading_space, the MTA adds no space of its own.
    std::string spaced(const std::string& value) const {
        return has(agreed_, option::leading_space) && !value.empty() ? " " + value : value;
    }

    // The actions.

    template <class M, sfsistat Verdict>
    void say_plainly(const words&) {
        decide(M{}, Verdict);
    }

    void reply_code(const words& w) {
        const auto& code = w[0];
        auto enhanced = w[1] == "-" ? "" : w[1];
        words lines{w.begin() + 2, w.end()};
        std::array<const char*, 32> texts{};  // libmilter takes no more
        if (!due_) return transcript_.refused(reply::reply_code{}, to_string(errc::reply_not_due));
        if (lines.size() > texts.size()) return transcript_.refused(reply::reply_code{}, not_taken);
        for (std::size_t i = 0; i != lines.size(); ++i) {
            lines[i] = doubled(lines[i]);
            texts[i] = lines[i].c_str();
        }

        int status{};
        if (lines.size() <= 1) {
            status = smfi_setreply(context_, text(code), enhanced.empty() ? nullptr : text(enhanced),
                                   lines.empty() ? nullptr : text(lines[0]));
        } else {
            if (enhanced.empty()) enhanced = code.substr(0, 1) + ".0.0";  // libmilter would put it in, too
            const auto set = [&](auto... line) {
                return smfi_setmlreply(context_, code.c_str(), enhanced.c_str(), line..., nullptr);
            };
            status = std::apply(set, texts);
        }
        if (status != MI_SUCCESS) return transcript_.refused(reply::reply_code{}, not_taken);
        decide(reply::reply_code{smtp_reply(code, enhanced, lines)},
               code.starts_with('4') ? SMFIS_TEMPFAIL : SMFIS_REJECT);
    }

    /// Each `%` twice, as libmilter wants it.
    static std::string doubled(const std::string& line) {
        std::string all;
        for (const char c : line) all.append(c == '%' ? 2 : 1, c);
        return all;
    }

    /// What libmilter makes of a reply, to be printed.
    static std::string smtp_reply(const std::string& code, const std::string& enhanced, const words& lines) {
        const auto start = [&](char separator) { return code + separator + enhanced; };
        if (lines.empty()) return start(' ');
        std::string all;
        for (const auto& line : lines) {
            const bool last = &line == &lines.back();
            all.append(start(last ? ' ' : '-')).append(enhanced.empty() ? "" : " ").append(line);
            if (!last) all.append("\r\n");
        }
        return all;
    }

    void progress(const words&) { tell(reply::progress{}, smfi_progress(context_)); }

    void add_header(const std::string& name, const std::string& value) {
        tell(reply::add_header{name, value}, smfi_addheader(context_, text(name), text(spaced(value))));
    }
    void add_header(const words& w) { add_header(w[0], w[1]); }

    void insert_header(const words& w) {
        const auto index = *script::number(w[0]);
        tell(reply::insert_header{index, w[1], w[2]},
             smfi_insheader(context_, static_cast<int>(index), text(w[1]), text(spaced(w[2]))));
    }

    void change_header(const words& w) {
        const auto index = *script::number(w[0]);
        tell(reply::change_header{index, w[1], w[2]},
             smfi_chgheader(context_, text(w[1]), static_cast<int>(index), text(spaced(w[2]))));
    }

    void change_from(const words& w) {
        const bool args = w.size() > 1;
        tell(reply::change_from{w[0], args ? w[1] : ""},
             smfi_chgfrom(context_, text(w[0]), args ? text(w[1]) : nullptr));
    }

    void add_rcpt(const words& w) { tell(reply::add_rcpt{w[0]}, smfi_addrcpt(context_, text(w[0]))); }

    void add_rcpt_par(const words& w) {
        tell(reply::add_rcpt_par{w[0], w[1]}, smfi_addrcpt_par(context_, text(w[0]), text(w[1])));
    }

    void delete_rcpt(const words& w) { tell(reply::delete_rcpt{w[0]}, smfi_delrcpt(context_, text(w[0]))); }

    void replace_body(const words& w) {
        for (const auto& chunk : w)
            tell(reply::replace_body{chunk},
                 smfi_replacebody(context_, reinterpret_cast<unsigned char*>(text(chunk)),
                                  static_cast<int>(chunk.size())));
    }

    void quarantine(const words& w) { tell(reply::quarantine{w[0]}, smfi_quarantine(context_, text(w[0]))); }

    void echo_macros(const words& w) {
        for (const auto& name : w)
            if (const char* value = smfi_getsymval(context_, text(name)))
                add_header(script::macro_field(name), value);
    }

    void wait(const words& w) {
        std::this_thread::sleep_for(std::chrono::milliseconds{*script::number(w[0])});
    }

    void drop(const words&) { dropped_ = true; }

    static inline script::program<filter> script_;

    SMFICTX* context_;
    script::follower<filter> follower_{script_};
    transcript transcript_;
    option agreed_{};
    sfsistat verdict_{};
    bool due_ = false;  ///< a verdict
    bool dropped_ = false;
};

const script::ability<filter> filter::abilities[]{
    {"proceed", &filter::say_plainly<reply::proceed, SMFIS_CONTINUE>},
    {"accept", &filter::say_plainly<reply::accept, SMFIS_ACCEPT>},
    {"reject", &filter::say_plainly<reply::reject, SMFIS_REJECT>},
    {"tempfail", &filter::say_plainly<reply::tempfail, SMFIS_TEMPFAIL>},
    {"discard", &filter::say_plainly<reply::discard, SMFIS_DISCARD>},
    {"skip", &filter::say_plainly<reply::skip, SMFIS_SKIP>},
    {"reply_code", &filter::reply_code},
    {"progress", &filter::progress},
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
};

/// What libmilter calls.
namespace callback {

using on = script::event;

sfsistat negotiate(SMFICTX* context, unsigned long offered_actions, unsigned long offered_options,
                   unsigned long, unsigned long, unsigned long* actions, unsigned long* options,
                   unsigned long*, unsigned long*) {
    return filter::of(context).negotiate(offered_actions, offered_options, actions, options);
}

sfsistat connect(SMFICTX* context, char* hostname, sockaddr* client) {
    command::connect m{.hostname = hostname};
    char address[INET6_ADDRSTRLEN];
    if (client == nullptr) {
        m.family = family::unknown;
    } else if (client->sa_family == AF_INET) {
        const auto* inet = reinterpret_cast<const sockaddr_in*>(client);
        m.family = family::inet;
        m.port = ntohs(inet->sin_port);
        m.address = inet_ntop(AF_INET, &inet->sin_addr, address, sizeof address);
    } else if (client->sa_family == AF_INET6) {
        const auto* inet = reinterpret_cast<const sockaddr_in6*>(client);
        m.family = family::inet6;
        m.port = ntohs(inet->sin6_port);
        m.address = inet_ntop(AF_INET6, &inet->sin6_addr, address, sizeof address);
    } else {
        m.family = family::local;
        m.address = reinterpret_cast<const sockaddr_un*>(client)->sun_path;
    }
    return filter::of(context).hear(m, on::connect, hostname);
}

sfsistat helo(SMFICTX* context, char* hostname) {
    return filter::of(context).hear(command::helo{hostname}, on::helo, hostname);
}

/// The texts behind the address.
std::string arguments(char** words) {
    std::string list;
    for (++words; *words != nullptr; ++words) list += pack_texts({*words});
    return list;
}

sfsistat mail(SMFICTX* context, char** words) {
    const auto args = arguments(words);
    return filter::of(context).hear(command::mail{words[0], args}, on::mail, words[0]);
}

sfsistat rcpt(SMFICTX* context, char** words) {
    const auto args = arguments(words);
    return filter::of(context).hear(command::rcpt{words[0], args}, on::rcpt, words[0]);
}

sfsistat data(SMFICTX* context) { return filter::of(context).hear(command::data{}, on::data); }

sfsistat unknown(SMFICTX* context, const char* line) {
    return filter::of(context).hear(command::unknown{line}, on::unknown, line);
}

sfsistat header(SMFICTX* context, char* name, char* value) { return filter::of(context).header(name, value); }

sfsistat end_of_headers(SMFICTX* context) {
    return filter::of(context).hear(command::end_of_headers{}, on::end_of_headers);
}

sfsistat body(SMFICTX* context, unsigned char* bytes, std::size_t size) {
    const std::string_view chunk{reinterpret_cast<const char*>(bytes), size};
    return filter::of(context).hear(command::body{chunk}, on::body, chunk);
}

sfsistat end_of_message(SMFICTX* context) {
    return filter::of(context).hear(command::end_of_message{}, on::end_of_message);
}

sfsistat abort(SMFICTX* context) { return filter::of(context).abort(); }

sfsistat close(SMFICTX* context) {
    filter::of(context).close();
    return SMFIS_CONTINUE;
}

}  // namespace callback

static constexpr std::string_view inet_prefix = "inet:";
static constexpr std::string_view unix_prefix = "unix:";

/// Port 0 stands for any free port. libmilter doesn't say which one it got, so we choose one: a socket that
/// doesn't listen holds it, and libmilter may share it.
static std::string with_port(const std::string& address) {
    constexpr std::string_view any_port = "inet:0@";
    if (!address.starts_with(any_port)) return address;
    const int holder = socket(AF_INET, SOCK_STREAM | SOCK_CLOEXEC, 0);
    const int on = 1;
    setsockopt(holder, SOL_SOCKET, SO_REUSEADDR, &on, sizeof on);
    sockaddr_in bound{};
    bound.sin_family = AF_INET;
    socklen_t size = sizeof bound;
    bind(holder, reinterpret_cast<const sockaddr*>(&bound), size);
    getsockname(holder, reinterpret_cast<sockaddr*>(&bound), &size);
    return "inet:" + std::to_string(ntohs(bound.sin_port)) + "@" + address.substr(any_port.size());
}

/// Serves connections until it is killed.
static int serve(const std::string& address) {
    static char name[] = "libmilter_filter";
    const smfiDesc callbacks{
        .xxfi_name = name,
        .xxfi_version = SMFI_VERSION,
        .xxfi_flags = SMFI_CURR_ACTS,
        .xxfi_connect = callback::connect,
        .xxfi_helo = callback::helo,
        .xxfi_envfrom = callback::mail,
        .xxfi_envrcpt = callback::rcpt,
        .xxfi_header = callback::header,
        .xxfi_eoh = callback::end_of_headers,
        .xxfi_body = callback::body,
        .xxfi_eom = callback::end_of_message,
        .xxfi_abort = callback::abort,
        .xxfi_close = callback::close,
        .xxfi_unknown = callback::unknown,
        .xxfi_data = callback::data,
        .xxfi_negotiate = callback::negotiate,
    };
    if (smfi_setconn(text(address)) != MI_SUCCESS || smfi_register(callbacks) != MI_SUCCESS ||
        smfi_opensocket(true) != MI_SUCCESS) {
        std::fprintf(stderr, "%s: libmilter can't listen there\n", address.c_str());
        return 1;
    }
    std::printf("listening on %s\n", address.c_str());
    std::fflush(stdout);
    return smfi_main() == MI_SUCCESS ? 0 : 1;
}

/// Ends at once at SIGTERM. libmilter waits for signals, too, ends up to five seconds later, and leaves its
/// socket behind. So it runs in a process of its own.
static int serve_until_told(const std::string& address) {
    sigset_t ends;
    sigemptyset(&ends);
    for (const int signal : {SIGTERM, SIGINT, SIGCHLD}) sigaddset(&ends, signal);
    sigprocmask(SIG_BLOCK, &ends, nullptr);
    const auto child = fork();
    if (child == 0) {
        prctl(PR_SET_PDEATHSIG, SIGKILL);
        return serve(address);
    }
    int ended{};
    sigwait(&ends, &ended);
    kill(child, SIGKILL);
    waitpid(child, nullptr, 0);
    if (address.starts_with(unix_prefix)) unlink(address.c_str() + unix_prefix.size());
    return ended == SIGCHLD ? 1 : 0;
}

int main(int count, char** arguments) try {
    if (count != 3) {
        std::fprintf(stderr, "usage: libmilter_filter SCRIPT inet:PORT@HOST | unix:PATH\n");
        return 64;
    }
    filter::read_script(arguments[1]);
    const auto address = with_port(arguments[2]);
    if (address.starts_with(inet_prefix) || address.starts_with(unix_prefix))
        return serve_until_told(address);
    std::fprintf(stderr, "not an address: %s (inet:PORT@HOST or unix:PATH)\n", address.c_str());
    return 1;
} catch (const script::error& wrong) {
    std::fprintf(stderr, "%s\n", wrong.what());
    return 64;
}
