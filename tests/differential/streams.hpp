// SPDX-License-Identifier: MIT
// The streams: what MTAs say to a filter with a policy, and what becomes of that by mishap and malice.
#pragma once

#include <fstream>
#include <iterator>
#include <stdexcept>
#include <string>
#include <string_view>
#include <vector>

#include "pieces.hpp"
#include "policy.hpp"

namespace differential {

using namespace std::string_literals;
using namespace std::string_view_literals;

inline std::string u32(std::uint32_t number) {
    std::string bytes;
    for (int shift = 24; shift >= 0; shift -= 8) bytes.push_back(static_cast<char>(number >> shift & 0xff));
    return bytes;
}

inline std::string offer(std::uint32_t version, std::uint32_t actions, std::uint32_t options) {
    return frame('O', u32(version) + u32(actions) + u32(options));
}

/// What Postfix said to a filter, recorded.
inline std::string recorded() {
    std::ifstream file{std::string{KILTER_TEST_FOLDER} + "/live/captures/postfix.mta", std::ios::binary};
    std::string all{std::istreambuf_iterator<char>{file}, {}};
    if (all.empty()) throw std::runtime_error{"no captures/postfix.mta"};
    return all;
}

/// An MTA that keeps to the protocol and to what the filter answers, of Sendmail's or Postfix's ways.
class legal_session {
public:
    legal_session(const policy& p, numbers& random) : policy_{p}, random_{random}, follows_{p} {
        postfix_ = random.one_in(2);
    }

    std::string make() {
        if (!negotiate()) return all_;
        if (!connect()) return end();
        for (auto helos = random_.below(3); helos != 0; --helos)
            if (!helo()) return end();
        for (auto mails = random_.below(4); mails != 0; --mails) {
            mail();
            if (postfix_) all_.append(frame('A'));
            if (random_.one_in(10)) unknown();
            if (random_.one_in(10) && !helo()) return end();
        }
        return end();
    }

private:
    bool negotiate() {
        constexpr std::array versions{6u, 6u, 6u, 6u, 4u, 3u, 2u};
        const auto version = random_.of(versions);
        offered_ = to_bits(kilter::options_of(version));
        std::uint32_t actions = random_.one_in(6) ? random_.below(0x200) : 0x1ff;
        if (random_.one_in(8)) offered_ &= ~(random_.below(2) == 0 ? 0xff080u : 0x400u);
        all_.append(offer(version, actions, offered_));
        if (actions == 0) actions = 0x0f;
        agreed_ = policy_.options & static_cast<option>(offered_);
        has_data_ = version >= 4;
        return has_all(static_cast<action>(actions), policy_.needed);
    }

    /// Sends a command, unless the filter doesn't want it, and says what the filter answers.
    answer say(step at, char code, const std::string& payload = {}) {
        const bool wanted = !has(agreed_, no_bit[static_cast<std::size_t>(at)]);
        if (wanted || random_.one_in(2)) macros(code);
        if (!wanted) return answer::proceed;
        all_.append(frame(code, payload));
        return follows_.next(at, agreed_);
    }

    static bool refuses(answer a) {
        return a == answer::reject || a == answer::tempfail || a == answer::reply_code;
    }

    void macros(char code) {
        if (!postfix_ && random_.one_in(3)) return;
        if (!postfix_ && (code == 'L' || code == 'B' || code == 'U')) return;
        std::string list{code};
        for (const auto name : {"i"sv, "j"sv, "{mail_addr}"sv, "{x}"sv, "_"sv})
            if (random_.one_in(3)) {
                list.append(name).push_back('\0');
                list.append(random_.one_in(4) ? "" : "v" + std::to_string(++values_)).push_back('\0');
            }
        all_.append(frame('D', list));
    }

    bool connect() {
        const std::array<std::string, 6> clients{{
            "localhost\0"
            "4\xe4\xb4"
            "127.0.0.1\0"s,
            "[192.0.2.1]\0"
            "4\x04\x01"
            "192.0.2.1\0"s,
            "mx\0"
            "6\x61\xa8"
            "IPv6:2001:db8::1\0"s,
            "[2001:db8::1]\0"
            "6\0\0"
            "2001:db8::1\0"s,
            "localhost\0"
            "L\0\0/run/s\0"s,
            "unknown\0U"s,
        }};
        return say(step::connect, 'C', random_.of(clients)) == answer::proceed;
    }

    bool helo() { return say(step::helo, 'H', "client.example\0"s) == answer::proceed; }
    void unknown() { say(step::unknown, 'U', "FOO bar\0"s); }

    void mail() {
        const std::array<std::string, 4> senders{"<s@x.example>\0"s, "<>\0"s,
                                                 "<s@x.example>\0SIZE=100\0BODY=8BITMIME\0"s, "\0"s};
        if (say(step::mail, 'M', random_.of(senders)) != answer::proceed) return;
        if (random_.one_in(12)) return abort();
        const std::array<std::string, 3> recipients{"<r@y.example>\0"s, "<r@y.example>\0NOTIFY=NEVER\0"s,
                                                    "<a@b>\0A=1\0\0"s};
        bool accepted = false;
        for (auto left = 1 + random_.below(3); left != 0; --left) {
            const auto says = say(step::rcpt, 'R', random_.of(recipients));
            if (says == answer::accept || says == answer::discard) return;
            accepted = accepted || !refuses(says);
        }
        if (!accepted || random_.one_in(12)) return abort();
        if (has_data_) {
            const auto says = say(step::data, 'T');
            if (says != answer::proceed) return refuses(says) ? abort() : void();
        }
        if (random_.one_in(20)) return abort();
        content();
    }

    void content() {
        const std::array<std::string, 5> headers{
            {"Subject\0one\0"s, "X-Fold\0a\n\tb\0"s, "X-Empty\0\0"s, "X-Space\0 one\0"s, "S\xe9\0\xe9\0"s}};
        for (auto left = random_.below(5); left != 0; --left) {
            const auto says = say(step::header, 'L', random_.of(headers));
            if (says == answer::skip) break;
            if (says != answer::proceed) return;
        }
        const auto says = say(step::end_of_headers, 'N');
        if (says != answer::proceed && says != answer::skip) return;
        for (auto left = random_.below(4); left != 0; --left) {
            const auto heard = say(step::body, 'B', chunk());
            if (heard == answer::skip) break;
            if (heard != answer::proceed) return;
        }
        say(step::end_of_message, 'E');
    }

    std::string chunk() {
        switch (random_.below(40)) {
            case 0: return std::string(65'535, 'x');
            case 1: return std::string(1 + random_.below(9'000), 'y');
            case 2: return "a\0b"s;
            default: return "line1\r\n\r\nend\r\n";
        }
    }

    void abort() { all_.append(frame('A')); }
    std::string end() { return random_.one_in(4) ? all_ : all_ + frame('Q'); }

    const policy& policy_;
    numbers& random_;
    follower follows_;
    std::string all_{};
    option agreed_{};
    std::uint32_t offered_ = 0;
    unsigned values_ = 0;
    bool has_data_ = false;
    bool postfix_ = false;
};

/// A frame that no MTA should send.
inline std::string odd_frame(numbers& random) {
    constexpr std::string_view codes = "ODCHMRTULNBEAQKX";
    const std::array<std::string, 12> payloads{""s,
                                               "\0"s,
                                               "a"s,
                                               "a\0"s,
                                               "a\0b"s,
                                               "a\0b\0"s,
                                               "a\0b\0c"s,
                                               "a\0b\0c\0"s,
                                               "\0v\0"s,
                                               "h\0"
                                               "4\0\0"
                                               "1\0"s,
                                               "h\0"
                                               "4\0\0"
                                               "x\0"s,
                                               "h\0U!"s};
    const char code = random.of(codes);
    return frame(code, random.of(payloads));
}

/// An offer that no MTA should make.
inline std::string odd_offer(numbers& random) {
    constexpr std::array versions{0u, 1u, 2u, 3u,     4u,          5u,          6u,
                                  7u, 8u, 9u, 0x100u, 0x7fffffffu, 0x80000000u, 0xffffffffu};
    constexpr std::array bits{0u,        0x3fu,     0x1ffu,      0x7fu,       0x37fu,
                              0x1fffffu, 0x3fffffu, 0x70000000u, 0x80000000u, 0xffffffffu};
    const auto version = random.of(versions);
    const auto actions = random.of(bits);
    auto made = offer(version, actions, random.of(bits));
    if (random.one_in(8)) made = frame('O', made.substr(5, random.below(12)));
    if (random.one_in(8)) made = frame('O', made.substr(5) + "more");
    return made;
}

/// The stream after some accidents.
inline std::string mutated(std::string stream, numbers& random) {
    for (auto left = 1 + random.below(3); left != 0; --left) {
        if (stream.empty()) return stream;
        auto all = cut_as_libmilter(stream);
        const auto at = random.below(static_cast<std::uint32_t>(all.size()));
        const auto other = random.below(static_cast<std::uint32_t>(all.size()));
        auto& bytes = all[at].bytes;
        const auto place = random.below(static_cast<std::uint32_t>(bytes.size()));
        const auto insert = [&](std::string more) {
            all.insert(all.begin() + at, piece{std::move(more), true});
        };
        // A frame that stays one: its length is made right again.
        const auto with_payload = [&](std::string payload) {
            if (all[at].is_frame()) bytes = frame(all[at].code(), payload);
        };
        switch (random.below(18)) {
            case 0: bytes[place] = static_cast<char>(bytes[place] ^ (1 << random.below(8))); break;
            case 1: bytes[place] = static_cast<char>(random.below(256)); break;
            case 2:
                bytes = u32(random.below(2) == 0 ? random.below(40) : 0x80000000u + random.below(3)) +
                        bytes.substr(std::min<std::size_t>(4, bytes.size()));
                break;
            case 3: bytes.erase(place); break;
            case 4: return stream.substr(0, random.below(static_cast<std::uint32_t>(stream.size())));
            case 5: std::swap(all[at], all[other]); break;
            case 6: insert(all[other].bytes); break;
            case 7: all.erase(all.begin() + at); break;
            case 8:
                if (all[at].is_frame()) bytes[4] = "ODCHMRTULNBEAQKcX"[random.below(18)];
                break;
            case 9: {
                auto payload = all[at].payload();
                payload.insert(random.below(static_cast<std::uint32_t>(payload.size() + 1)), 1, '\0');
                with_payload(payload);
                break;
            }
            case 10: with_payload(all[at].payload() + (random.one_in(2) ? "tail"s : "tail\0"s)); break;
            case 11: {
                auto payload = all[at].payload();
                if (!payload.empty()) payload.pop_back();
                with_payload(payload);
                break;
            }
            case 12: with_payload(""); break;
            case 13: all[0].bytes = odd_offer(random); break;
            case 14: insert(odd_frame(random)); break;
            case 15: {
                const char code = "AUKQHMRTNE"[random.below(10)];
                insert(frame(code, random.one_in(2) ? "x\0"s : ""s));
                break;
            }
            case 16:
                insert(random.one_in(2) ? u32(65'537) + "B" + std::string(65'536, 'z')
                                        : std::string(random.below(9), 'G'));
                break;
            default: {
                const char code = "UHMRL"[random.below(5)];
                insert(frame(code, "y\0z\0"s.substr(0, random.one_in(2) ? 4 : 2)));
            }
        }
        stream = joined(all);
    }
    return stream;
}

/// The stream of a seed: legal, recorded, or one of these with accidents.
inline std::string stream_of(const policy& p, numbers& random) {
    auto stream = random.one_in(20) ? recorded() : legal_session{p, random}.make();
    return random.one_in(3) ? stream : mutated(std::move(stream), random);
}

}  // namespace differential
