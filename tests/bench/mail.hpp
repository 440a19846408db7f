// SPDX-License-Identifier: MIT
// The texts of mails as MTAs hand them to filters: made up, of realistic lengths, and the same in every run.
#pragma once

#include <algorithm>
#include <array>
#include <cstddef>
#include <cstdint>
#include <kilter/address.hpp>
#include <kilter/messages.hpp>
#include <kilter/options.hpp>
#include <kilter/wire.hpp>
#include <random>
#include <string>
#include <string_view>
#include <utility>
#include <vector>

namespace bench {

namespace command = kilter::command;

/// Fills patterns in: `#` becomes a digit, `*` a letter or digit, `%` a word of 3 to 9 letters.
class author {
public:
    std::string write(std::string_view pattern) {
        std::string text;
        for (const char c : pattern) {
            if (c == '#')
                text += pick(digits);
            else if (c == '*')
                text += pick(alphanumeric);
            else if (c == '%')
                text += characters(letters, number(3, 9));
            else
                text += c;
        }
        return text;
    }

    std::string characters(std::string_view from, std::size_t count) {
        std::string text;
        while (text.size() != count) text += pick(from);
        return text;
    }

    /// A signature in lines of 72 characters, folded as it stands in a header field.
    std::string signature(std::size_t size) {
        std::string text;
        for (; size > 72; size -= 72) text.append(characters(alphanumeric, 72)).append("\n\t ");
        return text.append(characters(alphanumeric, size));
    }

    /// Lines of 76 characters and CR LF.
    std::string body(std::size_t size) {
        std::string text;
        while (text.size() < size) text.append(characters(alphanumeric, 76)).append("\r\n");
        text.resize(size);
        return text;
    }

    // The distributions of the standard library differ from one to the other, its engines don't.
    std::size_t number(std::size_t least, std::size_t most) { return least + engine_() % (most - least + 1); }

private:
    static constexpr std::string_view letters = "abcdefghijklmnopqrstuvwxyz";
    static constexpr std::string_view digits = "0123456789";
    static constexpr std::string_view alphanumeric =
        "abcdefghijklmnopqrstuvwxyzABCDEFGHIJKLMNOPQRSTUVWXYZ0123456789";

    char pick(std::string_view from) { return from[number(0, from.size() - 1)]; }

    std::mt19937 engine_{};
};

/// A header field: the pattern of its value, and how many characters of a signature follow that.
struct field {
    std::string_view name;
    std::string_view value;
    std::size_t signature = 0;
};

/// What a mail from a list has when it has passed four MTAs.
inline constexpr std::array<field, 25> fields{{
    {"Return-Path", "<bounce+######.%@mail.%.example>"},
    {"Received",
     "from mx.%.example (mx.%.example [192.0.2.1##])\n"
     "\t(using TLSv1.3 with cipher TLS_AES_256_GCM_SHA384 (256/256 bits)\n"
     "\t key-exchange X25519 server-signature ECDSA (P-256) server-digest SHA256)\n"
     "\t(No client certificate requested)\n"
     "\tby in.%.example (Postfix) with ESMTPS id **********\n"
     "\tfor <%@%.example>; Mon, ## Mar 2026 ##:##:## +0000 (UTC)"},
    {"Received",
     "from out-##.%.example (out-##.%.example [198.51.100.##])\n"
     "\tby mx.%.example (8.17.1/8.17.1) with ESMTPS id **************\n"
     "\t(version=TLSv1.3 cipher=TLS_AES_256_GCM_SHA384 bits=256 verify=NOT)\n"
     "\tfor <%@%.example>; Mon, ## Mar 2026 ##:##:## GMT"},
    {"Received",
     "from app-#.%.internal (unknown [10.##.##.##])\n"
     "\tby out-##.%.example (Postfix) with ESMTPSA id **********\n"
     "\tfor <%@%.example>; Mon, ## Mar 2026 ##:##:## +0000 (UTC)"},
    {"Received",
     "by app-#.%.internal (Postfix, from userid 10##)\n"
     "\tid **********; Mon, ## Mar 2026 ##:##:## +0000 (UTC)"},
    {"ARC-Seal", "i=1; a=rsa-sha256; t=17########; cv=none; d=%.example; s=arc-2025;\n\tb=", 344},
    {"ARC-Message-Signature",
     "i=1; a=rsa-sha256; c=relaxed/relaxed; d=%.example; s=arc-2025;\n"
     "\th=from:to:subject:date:message-id:mime-version:content-type:list-id:\n"
     "\t list-unsubscribe:list-unsubscribe-post:references:dkim-signature;\n"
     "\tbh=*******************************************=;\n"
     "\tfh=*******************************************=;\n\tb=",
     344},
    {"ARC-Authentication-Results",
     "i=1; mx.%.example;\n"
     "\tdkim=pass (2048-bit key) header.d=%.example header.i=@%.example header.b=********;\n"
     "\tdkim=pass (2048-bit key) header.d=%.example header.i=@%.example header.b=********;\n"
     "\tspf=pass (mx.%.example: domain of bounce+######.%@mail.%.example designates 192.0.2.1## as "
     "permitted sender)\n\t smtp.mailfrom=bounce+######.%@mail.%.example;\n"
     "\tdmarc=pass (p=REJECT sp=REJECT dis=NONE) header.from=%.example"},
    {"Authentication-Results",
     "in.%.example;\n"
     "\tdkim=pass (2048-bit key; unprotected) header.d=%.example header.a=rsa-sha256 header.s=s###\n"
     "\t header.b=********;\n"
     "\tspf=pass smtp.mailfrom=mail.%.example smtp.helo=mx.%.example;\n"
     "\tdmarc=pass (policy=reject) header.from=%.example"},
    {"Received-SPF",
     "pass (in.%.example: domain of mail.%.example designates 192.0.2.1## as permitted sender)\n"
     "\tclient-ip=192.0.2.1##; envelope-from=bounce+######.%@mail.%.example; helo=mx.%.example;"},
    {"DKIM-Signature",
     "v=1; a=rsa-sha256; c=relaxed/relaxed; d=%.example; s=s###;\n\tt=17########; i=@%.example;\n"
     "\th=From:To:Subject:Date:Message-ID:MIME-Version:Content-Type:\n"
     "\t List-Id:List-Unsubscribe:List-Unsubscribe-Post:References:Reply-To;\n"
     "\tbh=*******************************************=;\n\tb=",
     344},
    {"DKIM-Signature",
     "v=1; a=rsa-sha256; c=relaxed/simple; d=mail.%.example; s=k#;\n\tt=17########;\n"
     "\th=From:To:Subject:Date:Message-ID:MIME-Version:Content-Type:\n"
     "\t List-Unsubscribe:List-Unsubscribe-Post:Feedback-ID;\n"
     "\tbh=*******************************************=;\n\tb=",
     344},
    {"From", "\"% %\" <%.%@%.example>"},
    {"To", "\"% %\" <%@%.example>"},
    {"Subject", "=?UTF-8?Q?%_%_%_%_%_=E2=80=93?=\n =?UTF-8?Q?_%_%_%?="},
    {"Date", "Mon, ## Mar 2026 ##:##:## +0100"},
    {"Message-ID", "<******************.##########@app-#.%.example>"},
    {"In-Reply-To", "<******************.##########@app-#.%.example>"},
    {"References",
     "<******************.##########@app-#.%.example>\n\t<******************.##########@%.example>\n"
     "\t<******************.##########@app-#.%.example>"},
    {"MIME-Version", "1.0"},
    {"Content-Type", "multipart/alternative;\n\tboundary=\"=_####################\"; charset=utf-8"},
    {"List-Id", "% % <%.%.example>"},
    {"List-Unsubscribe",
     "<https://%.example/unsubscribe/****************************************************************"
     "****************************************************************>,\n"
     "\t<mailto:leave+********************************@%.example>"},
    {"List-Unsubscribe-Post", "List-Unsubscribe=One-Click"},
    {"X-Mailer", "% #.#.##"},
}};

/// Which mails.
struct profile {
    std::string_view name;
    std::size_t mails;          ///< in a stream that is timed in process
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

/// A recipient, and the macros that come with it.
struct recipient {
    std::string macros;
    std::string address;
};

/// A mail, the client it comes from, and the macros of each step.
struct mail {
    std::string connect_macros;
    std::string host;
    std::uint16_t port;
    std::string address;
    std::string helo_macros;
    std::string mail_macros;
    std::string sender;
    std::vector<recipient> recipients;
    std::vector<std::pair<std::string, std::string>> headers;
    std::string_view body;
    std::string end_macros;
};

inline std::vector<std::pair<std::string, std::string>> write_headers(author& author, std::size_t small) {
    std::vector<std::pair<std::string, std::string>> headers;
    for (std::size_t i = 0; i != small; ++i)
        headers.emplace_back("X-H" + std::to_string(i), author.write(std::string(author.number(4, 31), '*')));
    if (small != 0) return headers;
    for (const auto& f : fields) {
        auto value = author.write(f.value);
        value += author.signature(f.signature);
        headers.emplace_back(f.name, value);
    }
    return headers;
}

inline recipient write_recipient(author& author, std::string_view id) {
    const auto address = author.write("<%.%@%.example>");
    return {kilter::pack_definitions({{"i", id},
                                      {"{rcpt_addr}", kilter::bare_mailbox(address)},
                                      {"{rcpt_host}", "store.mail.example"},
                                      {"{rcpt_mailer}", "local"}}),
            address};
}

inline mail write_mail(author& author, const profile& p, std::string_view body) {
    const auto id = author.write("**********");
    mail m{};
    m.host = author.write("mx##.%.example");
    m.port = static_cast<std::uint16_t>(author.number(1024, 65535));
    m.address = author.write("192.0.2.1##");
    m.connect_macros = kilter::pack_definitions({{"j", "in.mail.example"},
                                                 {"{daemon_name}", "in.mail.example"},
                                                 {"{daemon_addr}", "203.0.113.25"},
                                                 {"v", "Postfix 3.7.11"},
                                                 {"_", m.host + " [" + m.address + "]"}});
    m.helo_macros = kilter::pack_definitions({{"{tls_version}", "TLSv1.3"},
                                              {"{cipher}", "TLS_AES_256_GCM_SHA384"},
                                              {"{cipher_bits}", "256"},
                                              {"{cert_subject}", ""},
                                              {"{cert_issuer}", ""}});
    m.sender = author.write("<bounce+######.%@mail.%.example>");
    m.mail_macros = kilter::pack_definitions({{"i", id},
                                              {"{mail_addr}", kilter::bare_mailbox(m.sender)},
                                              {"{mail_host}", author.write("mail.%.example")},
                                              {"{mail_mailer}", "smtp"},
                                              {"{auth_type}", ""}});
    for (int i = 0; i != 3; ++i) m.recipients.push_back(write_recipient(author, id));
    m.headers = write_headers(author, p.small_headers);
    m.body = body;
    m.end_macros = kilter::pack_definitions({{"i", id}});
    return m;
}

/// The steps of a mail: each is a command, and the macros that stand before it.
class steps {
public:
    /// Those of the client come first, and are left out for its next mail.
    static constexpr std::size_t first_of_client = 0;
    static constexpr std::size_t first_of_message = 2;

    explicit steps(const mail& of)
        : mail_{&of},
          data_{first_of_message + 1 + of.recipients.size()},
          end_of_headers_{data_ + 1 + of.headers.size()},
          end_{end_of_headers_ + 1 + (of.body.size() + piece - 1) / piece} {}

    std::size_t count() const noexcept { return end_ + 1; }

    /// Calls `say(macros, command)`. Commands without macros of their own have an empty text for them.
    template <class Say>
    void visit(std::size_t step, Say say) const {
        const auto& m = *mail_;
        if (step == 0)
            return say(m.connect_macros, command::connect{m.host, kilter::family::inet, m.port, m.address});
        if (step == 1) return say(m.helo_macros, command::helo{m.host});
        if (step == first_of_message) return say(m.mail_macros, command::mail{m.sender, sender_args});
        if (step < data_) {
            const auto& to = m.recipients[step - first_of_message - 1];
            return say(to.macros, command::rcpt{to.address, rcpt_args});
        }
        if (step == data_) return say({}, command::data{});
        if (step < end_of_headers_) {
            const auto& [name, value] = m.headers[step - data_ - 1];
            return say({}, command::header{name, value});
        }
        if (step == end_of_headers_) return say({}, command::end_of_headers{});
        if (step < end_)
            return say({}, command::body{m.body.substr((step - end_of_headers_ - 1) * piece, piece)});
        say(m.end_macros, command::end_of_message{});
    }

private:
    static constexpr std::size_t piece = kilter::data_size_64k;
    static constexpr std::string_view sender_args{"SIZE=13107\0BODY=8BITMIME\0", 25};
    static constexpr std::string_view rcpt_args{"NOTIFY=NEVER\0", 13};

    const mail* mail_;
    std::size_t data_;  ///< the step that is this command
    std::size_t end_of_headers_;
    std::size_t end_;
};

}  // namespace bench
