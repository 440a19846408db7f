// SPDX-License-Identifier: MIT
// The streams that are timed: what an MTA says to a filter that answers every step, made with mta_session.
#pragma once

#include <algorithm>
#include <array>
#include <cstddef>
#include <cstdint>
#include <initializer_list>
#include <kilter/address.hpp>
#include <kilter/session.hpp>
#include <stdexcept>
#include <string>
#include <string_view>

#include "mail.hpp"

namespace bench {

namespace command = kilter::command;
namespace reply = kilter::reply;

/// What is in a stream.
struct profile {
    std::string_view name;
    std::size_t mails;
    std::size_t small_headers;  ///< 0: the realistic ones
    std::size_t body;

    constexpr bool hot() const noexcept { return name.ends_with("-hot"); }  ///< stays in the cache
};

inline constexpr std::array<profile, 6> profiles{{
    {"4k-hot", 40, 0, 4 << 10},
    {"storm-hot", 10, 1000, 4 << 10},
    {"4k", 2000, 0, 4 << 10},
    {"100k", 200, 0, 100 << 10},
    {"10m", 3, 0, 10 << 20},
    {"storm", 300, 1000, 4 << 10},
}};

/// The bytes of one connection, and how many frames they are.
struct stream {
    std::string bytes{};
    std::size_t frames = 0;
};

/// The MTA's side of a lock-step conversation, with `proceed` as the answer to all.
class mta {
public:
    mta() {
        say(command::negotiate{}, kilter::frame_of([] { return reply::negotiate{}; }));
    }

    template <kilter::message M>
    void say(const M& message) {
        say(message, kilter::frame_of([] { return reply::proceed{}; }));
    }

    template <kilter::command_message M>
    void say_with(std::initializer_list<kilter::definition> macros, const M& message) {
        const auto packed = kilter::pack_definitions(macros);
        say(command::macro{kilter::wire::row_of<M>().code, packed});
        say(message);
    }

    const stream& said() const noexcept { return said_; }

private:
    template <kilter::message M, std::size_t N>
    void say(const M& message, const std::array<char, N>& answer) {
        const auto before = said_.bytes.size();
        if (session_.send(message, said_.bytes) != kilter::errc::ok || said_.bytes.size() == before)
            throw std::logic_error("a message of the stream was not written");
        ++said_.frames;
        if (!session_.state().reply_due()) return;
        for (const auto& event : session_.receive(answer)) static_cast<void>(event);
    }

    kilter::mta_session session_{};
    stream said_{};
};

inline void connect(mta& mta, author& author) {
    const auto host = author.write("mx##.%.example");
    const auto address = author.write("192.0.2.1##");
    const auto port = static_cast<std::uint16_t>(author.number(1024, 65535));
    mta.say_with({{"j", "in.mail.example"},
                  {"{daemon_name}", "in.mail.example"},
                  {"{daemon_addr}", "203.0.113.25"},
                  {"v", "Postfix 3.7.11"},
                  {"_", author.write("mx##.%.example [192.0.2.1##]")}},
                 command::connect{host, kilter::family::inet, port, address});
    mta.say_with({{"{tls_version}", "TLSv1.3"},
                  {"{cipher}", "TLS_AES_256_GCM_SHA384"},
                  {"{cipher_bits}", "256"},
                  {"{cert_subject}", ""},
                  {"{cert_issuer}", ""}},
                 command::helo{host});
}

inline void envelope(mta& mta, author& author, std::string_view id) {
    const auto sender = author.write("<bounce+######.%@mail.%.example>");
    const auto sender_args = kilter::pack_texts({"SIZE=13107", "BODY=8BITMIME"});
    mta.say_with({{"i", id},
                  {"{mail_addr}", kilter::bare_mailbox(sender)},
                  {"{mail_host}", author.write("mail.%.example")},
                  {"{mail_mailer}", "smtp"},
                  {"{auth_type}", ""}},
                 command::mail{sender, sender_args});
    const auto rcpt_args = kilter::pack_texts({"NOTIFY=NEVER"});
    for (int i = 0; i != 3; ++i) {
        const auto recipient = author.write("<%.%@%.example>");
        mta.say_with({{"i", id},
                      {"{rcpt_addr}", kilter::bare_mailbox(recipient)},
                      {"{rcpt_host}", "store.mail.example"},
                      {"{rcpt_mailer}", "local"}},
                     command::rcpt{recipient, rcpt_args});
    }
    mta.say(command::data{});
}

inline void headers(mta& mta, author& author, std::size_t small) {
    for (std::size_t i = 0; i != small; ++i) {
        const auto name = "X-H" + std::to_string(i);
        const auto value = author.write(std::string(author.number(4, 31), '*'));
        mta.say(command::header{name, value});
    }
    if (small != 0) return;
    for (const auto& f : fields) {
        auto value = author.write(f.value);
        value += author.signature(f.signature);
        mta.say(command::header{f.name, value});
    }
}

inline void body(mta& mta, std::string_view text) {
    for (; !text.empty(); text.remove_prefix(std::min<std::size_t>(text.size(), kilter::data_size_64k)))
        mta.say(command::body{text.substr(0, kilter::data_size_64k)});
}

inline stream make_stream(const profile& p) {
    mta mta;
    author author;
    const auto text = author.body(p.body);
    for (std::size_t i = 0; i != p.mails; ++i) {
        if (i != 0) mta.say(command::quit_nc{});
        const auto id = author.write("**********");
        connect(mta, author);
        envelope(mta, author, id);
        headers(mta, author, p.small_headers);
        mta.say(command::end_of_headers{});
        body(mta, text);
        mta.say_with({{"i", id}}, command::end_of_message{});
    }
    mta.say(command::quit{});
    return mta.said();
}

}  // namespace bench
