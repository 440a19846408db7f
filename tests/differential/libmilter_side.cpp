// SPDX-License-Identifier: MIT
// A filter on libmilter that follows a policy, in a thread of this process.
#include "libmilter_side.hpp"

#include <arpa/inet.h>
#include <fcntl.h>
#include <libmilter/mfapi.h>
#include <poll.h>
#include <sys/socket.h>
#include <sys/un.h>
#include <unistd.h>

#include <cerrno>
#include <cstring>
#include <optional>
#include <stdexcept>
#include <system_error>
#include <thread>

namespace differential {

namespace {

/// libmilter's functions take texts that they don't change as `char*`.
char* text(const std::string& s) { return const_cast<char*>(s.c_str()); }

/// The connection that there is. One follows the other.
struct connection {
    const policy* is{};
    blinkers hidden{};
    follower follows;
    trace events{};
    option agreed{};
    bool negotiated = false;
};

std::optional<connection> current;

void note(SMFICTX* context, std::string line) {
    macro_values values;
    for (std::size_t i = 0; i != looked_up.size() && !current->hidden.macros; ++i) {
        const char* value = smfi_getsymval(context, const_cast<char*>(looked_up[i]));
        values[i] = value == nullptr ? no_macro : value;
    }
    current->events.events.push_back({std::move(line), std::move(values), 0});
}

/// A value as it is to be sent: with leading_space, the MTA adds no space of its own.
std::string spaced(const std::string& value, bool deletes = false) {
    return has(current->agreed, option::leading_space) && !deletes ? " " + value : value;
}

/// Each `%` twice, as libmilter wants it.
std::string doubled(const std::string& line) {
    std::string all;
    for (const char c : line) all.append(c == '%' ? 2 : 1, c);
    return all;
}

sfsistat refuse_with(SMFICTX* context, const smtp_reply& reply) {
    const auto code = std::to_string(reply.code);
    std::vector<std::string> lines;
    for (const auto& line : reply.lines) lines.push_back(doubled(line));
    if (lines.size() <= 1) {
        smfi_setreply(context, text(code), text(reply.enhanced), lines.empty() ? nullptr : text(lines[0]));
    } else {
        const char* third = lines.size() > 2 ? lines[2].c_str() : nullptr;
        smfi_setmlreply(context, code.c_str(), reply.enhanced.c_str(), lines[0].c_str(), lines[1].c_str(),
                        third, nullptr);
    }
    return reply.code < 500 ? SMFIS_TEMPFAIL : SMFIS_REJECT;
}

sfsistat answer_to(SMFICTX* context, step at) {
    const auto& p = *current->is;
    const auto says = current->follows.next(at, current->agreed);
    if (p.silent(at) && current->negotiated) return SMFIS_NOREPLY;
    switch (says) {
        case answer::proceed: return SMFIS_CONTINUE;
        case answer::accept: return SMFIS_ACCEPT;
        case answer::reject: return SMFIS_REJECT;
        case answer::tempfail: return SMFIS_TEMPFAIL;
        case answer::discard: return SMFIS_DISCARD;
        case answer::skip: return SMFIS_SKIP;
        case answer::reply_code: return refuse_with(context, p.reply);
    }
    return SMFIS_CONTINUE;
}

/// Makes it, if libmilter takes it.
void make(SMFICTX* context, const change& c) {
    char* second = c.second.empty() ? nullptr : text(c.second);
    switch (c.kind) {
        case change_kind::add_header: smfi_addheader(context, text(c.first), text(spaced(c.second))); break;
        case change_kind::insert_header:
            smfi_insheader(context, static_cast<int>(c.index), text(c.first), text(spaced(c.second)));
            break;
        case change_kind::change_header:
            smfi_chgheader(context, text(c.first), static_cast<int>(c.index),
                           text(spaced(c.second, c.second.empty())));
            break;
        case change_kind::change_from: smfi_chgfrom(context, text(c.first), second); break;
        case change_kind::add_rcpt: smfi_addrcpt(context, text(c.first)); break;
        case change_kind::add_rcpt_par: smfi_addrcpt_par(context, text(c.first), second); break;
        case change_kind::delete_rcpt: smfi_delrcpt(context, text(c.first)); break;
        case change_kind::replace_body:
            smfi_replacebody(context, reinterpret_cast<unsigned char*>(text(c.first)),
                             static_cast<int>(c.first.size()));
            break;
        case change_kind::quarantine: smfi_quarantine(context, text(c.first)); break;
        case change_kind::progress: smfi_progress(context); break;
    }
}

/// What libmilter calls.
namespace callback {

sfsistat negotiate(SMFICTX* context, unsigned long actions, unsigned long options, unsigned long,
                   unsigned long, unsigned long* my_actions, unsigned long* my_options, unsigned long*,
                   unsigned long*) {
    const auto offered = static_cast<option>(options);  // libmilter spreads the highest bit over 64
    note(context, line("negotiate", {std::to_string(static_cast<std::uint32_t>(actions)),
                                     std::to_string(to_bits(offered))}));
    const auto& p = *current->is;
    current->agreed = p.options & offered;
    current->negotiated = true;
    auto wanted = (p.actions & static_cast<action>(actions)) | p.needed;
    if (!p.symbols.empty() && has(static_cast<action>(actions), action::set_symlist)) {
        wanted |= action::set_symlist;
        for (const auto& [at, names] : p.symbols) smfi_setsymlist(context, static_cast<int>(at), text(names));
    }
    *my_actions = to_bits(wanted);
    *my_options = to_bits(current->agreed);
    return SMFIS_CONTINUE;
}

sfsistat connect(SMFICTX* context, char* hostname, sockaddr* client) {
    char address[INET6_ADDRSTRLEN];
    std::string fields = "U";
    if (client != nullptr && client->sa_family == AF_INET) {
        const auto* inet = reinterpret_cast<const sockaddr_in*>(client);
        fields = line("4", {std::to_string(ntohs(inet->sin_port)),
                            inet_ntop(AF_INET, &inet->sin_addr, address, sizeof address)});
    } else if (client != nullptr && client->sa_family == AF_INET6) {
        const auto* inet = reinterpret_cast<const sockaddr_in6*>(client);
        fields = line("6", {std::to_string(ntohs(inet->sin6_port)),
                            inet_ntop(AF_INET6, &inet->sin6_addr, address, sizeof address)});
    } else if (client != nullptr) {
        fields = line("L", {reinterpret_cast<const sockaddr_un*>(client)->sun_path});
    }
    note(context, line("connect", {hostname, fields}));
    return answer_to(context, step::connect);
}

sfsistat helo(SMFICTX* context, char* hostname) {
    note(context, line("helo", {hostname}));
    return answer_to(context, step::helo);
}

std::string with_arguments(std::string all, char** words) {
    for (; *words != nullptr; ++words) all.append("|").append(*words);
    return all;
}

sfsistat mail(SMFICTX* context, char** words) {
    note(context, with_arguments("mail", words));
    if (current->is->progress_at_mail) smfi_progress(context);
    return answer_to(context, step::mail);
}

sfsistat rcpt(SMFICTX* context, char** words) {
    note(context, with_arguments("rcpt", words));
    return answer_to(context, step::rcpt);
}

sfsistat data(SMFICTX* context) {
    note(context, "data");
    return answer_to(context, step::data);
}

sfsistat unknown(SMFICTX* context, const char* words) {
    note(context, line("unknown", {current->hidden.unknown ? "?" : words}));
    return answer_to(context, step::unknown);
}

sfsistat header(SMFICTX* context, char* name, char* value) {
    note(context, line("header", {name, value}));
    return answer_to(context, step::header);
}

sfsistat end_of_headers(SMFICTX* context) {
    note(context, "end_of_headers");
    return answer_to(context, step::end_of_headers);
}

sfsistat body(SMFICTX* context, unsigned char* bytes, std::size_t size) {
    note(context, line("body", {{reinterpret_cast<const char*>(bytes), size}}));
    return answer_to(context, step::body);
}

sfsistat end_of_message(SMFICTX* context) {
    note(context, "end_of_message");
    for (const auto& c : current->is->changes) make(context, c);
    return answer_to(context, step::end_of_message);
}

// The macros that are left at these are nobody's concern.

sfsistat abort(SMFICTX*) {
    current->events.events.push_back({"abort", {}, 0});
    return SMFIS_CONTINUE;
}

sfsistat close(SMFICTX*) {
    if (current) current->events.events.push_back({"close", {}, 0});
    return SMFIS_CONTINUE;
}

}  // namespace callback

[[noreturn]] void fail(const char* what) { throw std::system_error{errno, std::generic_category(), what}; }

class descriptor {
public:
    explicit descriptor(int number) : number_{number} {}
    ~descriptor() { ::close(number_); }
    descriptor(const descriptor&) = delete;
    descriptor& operator=(const descriptor&) = delete;
    int get() const { return number_; }

private:
    int number_;
};

int connect_to(const std::string& path) {
    const int to = socket(AF_UNIX, SOCK_STREAM | SOCK_CLOEXEC, 0);
    sockaddr_un address{};
    address.sun_family = AF_UNIX;
    if (path.size() >= sizeof address.sun_path) throw std::runtime_error{path + ": too long for a socket"};
    std::memcpy(address.sun_path, path.c_str(), path.size());
    if (to < 0 || ::connect(to, reinterpret_cast<const sockaddr*>(&address), sizeof address) != 0)
        fail("connect");
    return to;
}

/// Sends all of the stream and gives all that comes back. The filter may hang up before.
std::string exchange(int with, std::string_view stream) {
    if (fcntl(with, F_SETFL, O_NONBLOCK) != 0) fail("fcntl");
    std::string heard;
    bool sending = true;
    for (;;) {
        if (sending && stream.empty()) {
            shutdown(with, SHUT_WR);
            sending = false;
        }
        pollfd wait{with, static_cast<short>(sending ? POLLIN | POLLOUT : POLLIN), 0};
        if (poll(&wait, 1, 60'000) != 1) throw std::runtime_error{"libmilter doesn't end a connection"};
        if (sending && (wait.revents & POLLOUT) != 0) {
            const auto sent = send(with, stream.data(), stream.size(), MSG_NOSIGNAL);
            if (sent > 0) stream.remove_prefix(static_cast<std::size_t>(sent));
            if (sent < 0 && errno != EAGAIN) stream = {};  // it has hung up
        }
        if ((wait.revents & (POLLIN | POLLHUP | POLLERR)) != 0) {
            char buffer[16384];
            const auto count = recv(with, buffer, sizeof buffer, 0);
            if (count > 0) heard.append(buffer, static_cast<std::size_t>(count));
            if (count == 0 || (count < 0 && errno != EAGAIN)) return heard;
        }
    }
}

}  // namespace

libmilter_side::libmilter_side(const std::string& path) : path_{path} {
    static char name[] = "differential";
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
    if (smfi_setconn(text("unix:" + path)) != MI_SUCCESS || smfi_register(callbacks) != MI_SUCCESS ||
        smfi_opensocket(true) != MI_SUCCESS)
        throw std::runtime_error{path + ": libmilter can't listen there"};
    std::thread{[] { smfi_main(); }}.detach();
}

trace libmilter_side::run(const policy& p, std::string_view stream, blinkers hidden) {
    current.emplace(connection{&p, hidden, follower{p}});
    std::string heard;
    {
        const descriptor to{connect_to(path_)};
        heard = exchange(to.get(), stream);
    }
    auto all = std::move(current->events);
    current.reset();
    const auto replies = test::naive::cut(heard, 1 << 24);
    for (const auto& reply : replies.whole) all.replies.push_back({reply, 0});
    if (!replies.rest.empty()) all.replies.push_back({{'?', replies.rest}, 0});
    return all;
}

}  // namespace differential
