// SPDX-License-Identifier: MIT
// What a session has said or handed out, looked at by the book and without the library: whole frames of known
// codes, none over the agreed size, and no text in them by which a filter could inject a line.
#pragma once

#include "fuzz/fuzz.hpp"

namespace fuzz {

/// Takes a text and its NUL off the front.
inline std::string_view take_text(std::string_view& payload) {
    const auto end = payload.find('\0');
    require(end != payload.npos, "each text has its NUL");
    const auto text = payload.substr(0, end);
    payload.remove_prefix(end + 1);
    return text;
}

inline bool is_plain(std::string_view text) {
    return std::none_of(text.begin(), text.end(),
                        [](char c) { return static_cast<unsigned char>(c) < 32 || c == 127; });
}

inline void check_header(std::string_view payload) {
    const auto name = take_text(payload);
    require(!name.empty() &&
                std::all_of(name.begin(), name.end(), [](char c) { return c > 32 && c < 127 && c != ':'; }),
            "a header name is one word");
    const auto value = take_text(payload);
    require(value.find('\r') == value.npos, "no CR is in a header");
    for (std::size_t at = 0; (at = value.find('\n', at)) != value.npos; ++at)
        require(at + 1 < value.size() && (value[at + 1] == ' ' || value[at + 1] == '\t'),
                "a line of a header goes on with white space");
    require(payload.empty(), "a header is two texts");
}

inline void check_smtp_reply(std::string_view payload) {
    const auto text = take_text(payload);
    require(payload.empty(), "an SMTP reply is one text");
    const auto code = text.substr(0, 3);
    require(code.size() == 3 && (code[0] == '4' || code[0] == '5'), "an SMTP reply refuses");
    for (std::size_t at = 0;;) {
        const auto end = text.find('\n', at);
        auto line = text.substr(at, end == text.npos ? end : end - at);
        const bool last = end == text.npos;
        require(last || line.ends_with('\r'), "lines of an SMTP reply end with CR LF");
        if (!last) line.remove_suffix(1);
        require(is_plain(line), "an SMTP reply has no other control characters");
        require(line.size() >= 4 && line.substr(0, 3) == code && line[3] == (last ? ' ' : '-'),
                "each line of an SMTP reply has the code");
        if (last) break;
        at = end + 1;
    }
}

/// Calls f(code, payload) for each frame.
template <class F>
void for_each_frame(std::string_view said, std::string_view codes, std::size_t size, F f) {
    while (!said.empty()) {
        require(said.size() > 4, "there are whole frames");
        const std::size_t length = kilter::detail::load_u32(said.data());
        require(length > 0 && length <= said.size() - 4, "there are whole frames only");
        require(length - 1 <= size, "no frame is over the agreed size");
        require(codes.find(said[4]) != codes.npos, "each code is of this direction");
        f(said[4], said.substr(5, length - 1));
        said.remove_prefix(4 + length);
    }
}

inline void check_replies(std::string_view said, std::size_t size) {
    for_each_frame(said, "Ocartdspyhime+2-bq", size, [](char code, std::string_view payload) {
        switch (code) {
            case 'c':
            case 'a':
            case 'r':
            case 't':
            case 'd':
            case 's':
            case 'p': return require(payload.empty(), "a verdict has no payload");
            case 'y': return check_smtp_reply(payload);
            case 'i':
            case 'm':
                require(payload.size() > 4, "a place has four bytes");
                return check_header(payload.substr(4));
            case 'h': return check_header(payload);
            case 'e':
            case '+':
            case '2':
            case '-':
            case 'q':
                do require(is_plain(take_text(payload)), "no control character is in an envelope");
                while (!payload.empty());
                return;
            default: return;
        }
    });
}

inline void check_commands(std::string_view said, std::size_t size) {
    for_each_frame(said, "ODCHMRTULNBEAQK", size, [](char code, std::string_view payload) {
        switch (code) {
            case 'O': return require(payload.size() == 12, "an offer has three numbers");
            case 'C':
                return require(!take_text(payload).empty() || !payload.empty(), "a client has a family");
            case 'T':
            case 'N':
            case 'E':
            case 'A':
            case 'Q':
            case 'K': return require(payload.empty(), "there is no payload");
            case 'L':
                require(!take_text(payload).empty(), "a header has a name");
                static_cast<void>(take_text(payload));
                return require(payload.empty(), "a header is two texts");
            case 'H':
            case 'U':
                static_cast<void>(take_text(payload));
                return require(payload.empty(), "it is one text");
            case 'M':
            case 'R':
                do static_cast<void>(take_text(payload));
                while (!payload.empty());
                return;
            default: return;
        }
    });
}

/// What an MTA is handed out of a filter's replies: nothing in it begins another line.
template <class M>
void check_handed_out(const M& reply) {
    if constexpr (requires { reply.name, reply.value, reply.space; }) {
        require(!reply.name.empty() && std::all_of(reply.name.begin(), reply.name.end(),
                                                   [](char c) { return c > 32 && c < 127 && c != ':'; }),
                "a header name is one word");
        const auto value = std::string{reply.space}.append(reply.value).append("x");
        require(value.find('\0') == value.npos, "no NUL is in a header");
        for (std::size_t at = 0; (at = value.find_first_of("\r\n", at)) != value.npos; ++at)
            require(value[at] == '\r' ? value[at + 1] == '\n' : value[at + 1] == ' ' || value[at + 1] == '\t',
                    "a line of a header goes on with white space");
    } else if constexpr (requires { reply.sender; }) {
        require(is_plain(reply.sender) && is_plain(reply.args), "no control character is in an envelope");
    } else if constexpr (requires { reply.recipient, reply.args; }) {
        require(is_plain(reply.recipient) && is_plain(reply.args), "no control character is in an envelope");
    } else if constexpr (requires { reply.recipient; }) {
        require(is_plain(reply.recipient), "no control character is in an envelope");
    } else if constexpr (requires { reply.reason; }) {
        require(reply.reason.find('\0') == reply.reason.npos, "no NUL is in a reason");
    } else if constexpr (requires { reply.text; }) {
        check_smtp_reply(std::string{reply.text}.append(1, '\0'));
    }
}

}  // namespace fuzz
