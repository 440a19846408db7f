// SPDX-License-Identifier: MIT
// The texts of mails as MTAs hand them to filters: made up, of realistic lengths, and the same in every run.
#pragma once

#include <array>
#include <cstddef>
#include <random>
#include <string>
#include <string_view>

namespace bench {

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
        for (; size > 72; size -= 72) text += characters(alphanumeric, 72) + "\n\t ";
        return text + characters(alphanumeric, size);
    }

    /// Lines of 76 characters and CR LF.
    std::string body(std::size_t size) {
        std::string text;
        while (text.size() < size) text += characters(alphanumeric, 76) + "\r\n";
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

}  // namespace bench
