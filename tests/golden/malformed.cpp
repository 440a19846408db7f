// SPDX-License-Identifier: MIT
// Frames that are wrong, and what exactly is wrong with each; and frames that are odd, and taken all the
// same.
#include <kilter/codec.hpp>

#include <string>
#include <variant>
#include <vector>

#include "support/catch.hpp"
#include "support/exact.hpp"
#include "support/hex.hpp"
#include "support/splits.hpp"

using namespace kilter;
using namespace std::string_view_literals;
using namespace test::literals;
using test::exact;

namespace {

enum class from { mta, filter };

struct wrong_frame {
    std::string_view title;
    from sender;
    std::string_view bytes;
    errc reason;
};

struct wrong_length {
    std::string_view title;
    std::string_view bytes;
    errc reason;
    std::uint32_t length;
};

// clang-format off

constexpr wrong_length wrong_lengths[]{
    {"8.2 zero length",                                "00 00 00 00 4e"_hex, errc::zero_length, 0},
    {"[X01] zero length and nothing else",             "00 00 00 00"_hex, errc::zero_length, 0},
    {"[X02] zero length and a whole frame behind it",
     "00 00 00 00 00 00 00 0d 4f 00 00 00 06 00 00 01 ff 00 1f ff ff"_hex, errc::zero_length, 0},
    {"8.2 the top bit is set",                         "80 00 00 01 4e"_hex, errc::frame_too_long, 0x80000001},
    {"[X02] the top bit is set, and an abort",         "80 00 00 01 41"_hex, errc::frame_too_long, 0x80000001},
    {"8.2 one byte over the limit",                    "00 01 00 01 42"_hex, errc::frame_too_long, 65537},
    {"[X04] a length that is negative for others",     "ff ff ff ff 41"_hex, errc::frame_too_long, 4294967295},
    {"the largest signed length",                      "7f ff ff ff 41"_hex, errc::frame_too_long, 2147483647},
    {"[X11] the answer of clamd",                      "UNKNOWN COMMAND\n", errc::not_a_milter, 1431194446},
    {"[X11] a line of a log",                          "postsrsd: x", errc::not_a_milter, 1886352244},
    {"[X12] a health check",                           "GET /ping HTTP/1.1\r\n", errc::not_a_milter, 1195725856},
    {"an SMTP server",                                 "220 mx.example ESMTP\r\n", errc::not_a_milter, 842149920},
    {"empty lines",                                    "\r\n\r\n", errc::not_a_milter, 0x0d0a0d0a},
    {"a tab in a text",                                "a\tb\tc", errc::not_a_milter, 0x61096209},
    {"text but for one byte that is not",              "GE\x80 x", errc::frame_too_long, 0x47458020},
    {"the byte before the printable ones",             "GE\x1f x", errc::frame_too_long, 0x47451f20},
    {"the start of a TLS handshake",                   "16 03 01 02 00 01"_hex, errc::frame_too_long, 0x16030102},
};

constexpr wrong_frame wrong_frames[]{
    // What an MTA may not say.
    {"[S36] no command has this code",           from::mta,    "00 00 00 01 58"_hex, errc::unknown_code},
    {"a code of 0",                              from::mta,    "00 00 00 01 00"_hex, errc::unknown_code},
    {"a code of 255",                            from::mta,    "00 00 00 01 ff"_hex, errc::unknown_code},
    {"a reply where a command is due",           from::mta,    "00 00 00 01 63"_hex, errc::unknown_code},
    {"8.2 helo without NUL",                     from::mta,    "00 00 00 04 48 61 2e 62"_hex, errc::missing_nul},
    {"helo without anything",                    from::mta,    "00 00 00 01 48"_hex, errc::missing_field},
    {"helo with a second text",                  from::mta,    "00 00 00 05 48 61 00 62 00"_hex, errc::trailing_bytes},
    {"8.2 a header field with an empty name",    from::mta,    "00 00 00 04 4c 00 76 00"_hex, errc::empty_name},
    {"[H02] an empty name and a value",          from::mta,    "00 00 00 05 4c 00 76 76 00"_hex, errc::empty_name},
    {"8.2 a header field with one text",         from::mta,    "00 00 00 03 4c 41 00"_hex, errc::missing_field},
    {"[S40] a header field of a bare word",      from::mta,    "00 00 00 08 4c 53 75 62 6a 65 63 74"_hex, errc::missing_nul},
    {"a header value without NUL",               from::mta,    "00 00 00 04 4c 41 00 76"_hex, errc::missing_nul},
    {"a header field with a third text",         from::mta,    "00 00 00 07 4c 41 00 76 00 77 00"_hex, errc::trailing_bytes},
    {"a header field without anything",          from::mta,    "00 00 00 01 4c"_hex, errc::missing_field},
    {"8.2 an argument of mail without NUL",      from::mta,    "00 00 00 06 4d 3c 3e 00 58 3d"_hex, errc::missing_nul},
    {"[X25] mail without NUL",                   from::mta,    "00 00 00 06 4d 3c 61 40 62 3e"_hex, errc::missing_nul},
    {"[X47] mail without anything",              from::mta,    "00 00 00 01 4d"_hex, errc::missing_field},
    {"[X25] rcpt without NUL",                   from::mta,    "00 00 00 06 52 3c 61 40 62 3e"_hex, errc::missing_nul},
    {"rcpt without anything",                    from::mta,    "00 00 00 01 52"_hex, errc::missing_field},
    {"an argument of rcpt without NUL",          from::mta,    "00 00 00 06 52 3c 3e 00 58 3d"_hex, errc::missing_nul},
    {"8.2 a macro's name without a value",       from::mta,    "00 00 00 04 44 4d 69 00"_hex, errc::missing_value},
    {"[X50] two macros, the second without value", from::mta,  "00 00 00 08 44 4d 69 00 41 00 6a 00"_hex, errc::missing_value},
    {"8.2 macros without the command's letter",  from::mta,    "00 00 00 01 44"_hex, errc::missing_field},
    {"a macro's name without NUL",               from::mta,    "00 00 00 03 44 4d 69"_hex, errc::missing_nul},
    {"a macro's value without NUL",              from::mta,    "00 00 00 05 44 4d 69 00 41"_hex, errc::missing_nul},
    {"[X25] connect without NUL",                from::mta,    "00 00 00 05 43 68 6f 73 74"_hex, errc::missing_nul},
    {"connect without anything",                 from::mta,    "00 00 00 01 43"_hex, errc::missing_field},
    {"connect without family",                   from::mta,    "00 00 00 03 43 68 00"_hex, errc::missing_field},
    {"[X26] connect without port",               from::mta,    "00 00 00 04 43 68 00 34"_hex, errc::missing_field},
    {"[X26] connect with half a port",           from::mta,    "00 00 00 05 43 68 00 34 00"_hex, errc::missing_field},
    {"8.2 connect with a port alone",            from::mta,    "00 00 00 06 43 61 00 34 00 00"_hex, errc::missing_field},
    {"connect from a path with a port alone",    from::mta,    "00 00 00 06 43 61 00 4c 00 00"_hex, errc::missing_field},
    {"connect with an address without NUL",      from::mta,    "00 00 00 07 43 61 00 36 00 00 3a"_hex, errc::missing_nul},
    {"connect with a second address",            from::mta,    "00 00 00 0a 43 61 00 36 00 00 3a 00 3a 00"_hex, errc::trailing_bytes},
    {"connect of an unknown family letter",      from::mta,    "00 00 00 08 43 61 00 35 00 00 78 00"_hex, errc::unknown_family},
    {"connect of family 4 in binary",            from::mta,    "00 00 00 08 43 61 00 04 00 00 78 00"_hex, errc::unknown_family},
    {"connect of family NUL",                    from::mta,    "00 00 00 04 43 61 00 00"_hex, errc::unknown_family},
    {"8.2 an offer too short",                   from::mta,    "00 00 00 09 4f 00 00 00 06 00 00 00 00"_hex, errc::missing_field},
    {"an offer one byte too short",              from::mta,    "00 00 00 0c 4f 00 00 00 06 00 00 00 00 00 00 00"_hex, errc::missing_field},
    {"an offer without anything",                from::mta,    "00 00 00 01 4f"_hex, errc::missing_field},
    {"an unknown command without NUL",           from::mta,    "00 00 00 04 55 46 4f 4f"_hex, errc::missing_nul},
    {"an unknown command without anything",      from::mta,    "00 00 00 01 55"_hex, errc::missing_field},
    {"an unknown command with a NUL inside",     from::mta,    "00 00 00 05 55 46 00 4f 00"_hex, errc::trailing_bytes},
    {"data with a payload",                      from::mta,    "00 00 00 02 54 00"_hex, errc::trailing_bytes},
    {"end of headers with a payload",            from::mta,    "00 00 00 02 4e 78"_hex, errc::trailing_bytes},
    {"abort with a payload",                     from::mta,    "00 00 00 02 41 00"_hex, errc::trailing_bytes},
    {"quit with a payload",                      from::mta,    "00 00 00 02 51 00"_hex, errc::trailing_bytes},
    {"quit_nc with a payload",                   from::mta,    "00 00 00 02 4b 00"_hex, errc::trailing_bytes},

    // What a filter may not say.
    {"no reply has this code",                   from::filter, "00 00 00 01 78"_hex, errc::unknown_code},
    {"the reserved code of macro lists",         from::filter, "00 00 00 01 6c"_hex, errc::unknown_code},
    {"a command where a reply is due",           from::filter, "00 00 00 01 4e"_hex, errc::unknown_code},
    {"8.2 go on with a payload",                 from::filter, "00 00 00 02 63 00"_hex, errc::trailing_bytes},
    {"accept with a payload",                    from::filter, "00 00 00 02 61 00"_hex, errc::trailing_bytes},
    {"reject with a payload",                    from::filter, "00 00 00 02 72 78"_hex, errc::trailing_bytes},
    {"tempfail with a payload",                  from::filter, "00 00 00 02 74 00"_hex, errc::trailing_bytes},
    {"discard with a payload",                   from::filter, "00 00 00 02 64 00"_hex, errc::trailing_bytes},
    {"skip with a payload",                      from::filter, "00 00 00 02 73 00"_hex, errc::trailing_bytes},
    {"progress with a payload",                  from::filter, "00 00 00 02 70 00"_hex, errc::trailing_bytes},
    {"shutdown with a payload",                  from::filter, "00 00 00 02 34 00"_hex, errc::trailing_bytes},
    {"conn_fail with a payload",                 from::filter, "00 00 00 02 66 00"_hex, errc::trailing_bytes},
    {"an answer too short",                      from::filter, "00 00 00 09 4f 00 00 00 06 00 00 00 00"_hex, errc::missing_field},
    {"[N24] a stage cut short",                  from::filter, "00 00 00 10 4f 00 00 00 06 00 00 01 00 00 00 00 00 00 00 00"_hex, errc::missing_field},
    {"[N24] a stage without a list",             from::filter, "00 00 00 11 4f 00 00 00 06 00 00 01 00 00 00 00 00 00 00 00 02"_hex, errc::missing_field},
    {"[N24] a macro list without NUL",           from::filter, "00 00 00 12 4f 00 00 00 06 00 00 01 00 00 00 00 00 00 00 00 02 69"_hex, errc::missing_nul},
    {"a second macro list without NUL",          from::filter, "00 00 00 17 4f 00 00 00 06 00 00 01 00 00 00 00 00 00 00 00 02 00 00 00 00 03 69"_hex, errc::missing_nul},
    {"an SMTP reply with a NUL inside",          from::filter, "00 00 00 0a 79 35 35 30 20 61 00 35 35 00"_hex, errc::trailing_bytes},
    {"an SMTP reply and a byte behind its NUL",  from::filter, "00 00 00 08 79 35 35 30 20 61 00 00"_hex, errc::trailing_bytes},
    {"8.2 add_header without the second NUL",    from::filter, "00 00 00 04 68 41 00 76"_hex, errc::missing_nul},
    {"add_header with one text",                 from::filter, "00 00 00 03 68 41 00"_hex, errc::missing_field},
    {"add_header without anything",              from::filter, "00 00 00 01 68"_hex, errc::missing_field},
    {"add_header with a third text",             from::filter, "00 00 00 06 68 41 00 42 00 00"_hex, errc::trailing_bytes},
    {"insert_header with half an index",         from::filter, "00 00 00 03 69 00 00"_hex, errc::missing_field},
    {"insert_header with an index alone",        from::filter, "00 00 00 05 69 00 00 00 00"_hex, errc::missing_field},
    {"8.2 change_header too short",              from::filter, "00 00 00 03 6d 00 00"_hex, errc::missing_field},
    {"change_header without its value",          from::filter, "00 00 00 07 6d 00 00 00 01 41 00"_hex, errc::missing_field},
    {"change_header without a NUL",              from::filter, "00 00 00 06 6d 00 00 00 01 41"_hex, errc::missing_nul},
    {"change_from without anything",             from::filter, "00 00 00 01 65"_hex, errc::missing_field},
    {"change_from without NUL",                  from::filter, "00 00 00 03 65 3c 3e"_hex, errc::missing_nul},
    {"change_from with arguments without NUL",   from::filter, "00 00 00 06 65 3c 3e 00 41 3d"_hex, errc::missing_nul},
    {"change_from with three texts",             from::filter, "00 00 00 08 65 3c 3e 00 41 00 42 00"_hex, errc::trailing_bytes},
    {"add_rcpt without NUL",                     from::filter, "00 00 00 03 2b 3c 3e"_hex, errc::missing_nul},
    {"add_rcpt without anything",                from::filter, "00 00 00 01 2b"_hex, errc::missing_field},
    {"add_rcpt with arguments",                  from::filter, "00 00 00 06 2b 3c 3e 00 41 00"_hex, errc::trailing_bytes},
    {"add_rcpt_par with three texts",            from::filter, "00 00 00 08 32 3c 3e 00 41 00 42 00"_hex, errc::trailing_bytes},
    {"add_rcpt_par without anything",            from::filter, "00 00 00 01 32"_hex, errc::missing_field},
    {"delete_rcpt without NUL",                  from::filter, "00 00 00 03 2d 3c 3e"_hex, errc::missing_nul},
    {"delete_rcpt with a second text",           from::filter, "00 00 00 06 2d 3c 3e 00 41 00"_hex, errc::trailing_bytes},
    {"quarantine with a NUL inside",             from::filter, "00 00 00 05 71 61 00 62 00"_hex, errc::trailing_bytes},
};

// clang-format on

errc decoded(from sender, const frame& in) {
    return sender == from::mta ? decode_command(in).error() : decode_reply(in).error();
}

template <class M>
const M& as(const command::any& message) {
    REQUIRE(std::holds_alternative<M>(message));
    return std::get<M>(message);
}
template <class M>
const M& as(const reply::any& message) {
    REQUIRE(std::holds_alternative<M>(message));
    return std::get<M>(message);
}

frame frame_in(const exact& bytes) { return {bytes.view()[4], bytes.view().substr(5)}; }

}  // namespace

TEST_CASE("a wrong length is known at its fourth byte, and nothing comes after it") {
    for (const auto& row : wrong_lengths) {
        INFO(row.title);
        frame_decoder decoder{data_size_64k};
        for (std::size_t i = 0; i != 4; ++i) {
            const exact byte{row.bytes.substr(i, 1)};
            auto input = byte.view();
            CHECK(decoder.error() == errc::ok);
            CHECK_FALSE(decoder.next(input).has_value());
        }
        CHECK(decoder.error() == row.reason);
        CHECK(decoder.length() == row.length);
    }
}

TEST_CASE("a wrong length is the same error however the bytes are cut") {
    for (const auto& row : wrong_lengths) {
        INFO(row.title);
        test::for_each_split(row.bytes, [&](const test::pieces& pieces) {
            frame_decoder decoder{data_size_64k};
            for (const auto piece : pieces) {
                const exact block{piece};
                auto input = block.view();
                CHECK_FALSE(decoder.next(input).has_value());
            }
            CHECK(decoder.error() == row.reason);
            CHECK(decoder.length() == row.length);
        });
    }
}

TEST_CASE("the frames before a wrong length are still handed out") {
    for (const auto& row : wrong_lengths) {
        INFO(row.title);
        const auto good = "00 00 00 01 41 00 00 00 01 51"_hex;
        test::for_each_split(std::string{good}.append(row.bytes), [&](const test::pieces& pieces) {
            frame_decoder decoder{data_size_64k};
            std::string codes;
            for (const auto piece : pieces) {
                const exact block{piece};
                auto input = block.view();
                while (const auto next = decoder.next(input)) codes.push_back(next->code);
            }
            CHECK(codes == "AQ");
            CHECK(decoder.error() == row.reason);
        });
    }
}

TEST_CASE("what is wrong with a frame is said exactly") {
    for (const auto& row : wrong_frames) {
        INFO(row.title);
        test::for_each_split(row.bytes, [&](const test::pieces& pieces) {
            frame_decoder decoder{data_size_64k};
            int frames = 0;
            for (const auto piece : pieces) {
                const exact block{piece};
                auto input = block.view();
                while (const auto next = decoder.next(input)) {
                    ++frames;
                    // The payload once more in a block of its own: a frame behind it could hide an over-read.
                    const exact payload{next->payload};
                    CHECK(decoded(row.sender, {next->code, payload.view()}) == row.reason);
                }
            }
            CHECK(frames == 1);
            CHECK(decoder.error() == errc::ok);
        });
    }
}

TEST_CASE("every payload of up to four bytes of 0, 1 or a letter is read without going past its end [X17]") {
    constexpr auto letters = "\0\1a4"sv;
    for (int code = 0; code != 256; ++code) {
        std::string payload;
        for (int size = 0; size != 5; ++size) {
            for (int n = 0; n != 1 << (2 * size); ++n) {
                payload.clear();
                for (int i = 0; i != size; ++i)
                    payload.push_back(letters[static_cast<std::size_t>(n >> (2 * i) & 3)]);
                const exact block{payload};
                const frame in{static_cast<char>(code), block.view()};
                static_cast<void>(decode_command(in));
                static_cast<void>(decode_reply(in));
            }
        }
    }
    SUCCEED();
}

TEST_CASE("bytes behind an offer are passed over [N22]") {
    const exact bytes{"00 00 00 12 4f 00 00 00 06 00 00 01 ff 00 1f ff ff 01 02 03 04 05"_hex};
    const auto decoded = decode_command(frame_in(bytes));
    REQUIRE(decoded.error() == errc::ok);
    const auto& offer = as<command::negotiate>(*decoded);
    CHECK(offer.version == 6);
    CHECK(to_bits(offer.actions) == 0x1ff);
    CHECK(to_bits(offer.options) == 0x1fffff);
}

TEST_CASE("bytes behind the unknown family are passed over [X27]") {
    for (const auto tail : {"00"_hex, "00 19 31 00"_hex, "78"_hex}) {
        const exact payload{std::string{"localhost\0U"sv}.append(tail)};
        const auto decoded = decode_command({'C', payload.view()});
        REQUIRE(decoded.error() == errc::ok);
        CHECK(as<command::connect>(*decoded) == command::connect{.hostname = "localhost"});
    }
}

TEST_CASE("a local client's path may be empty") {
    const exact bytes{"00 00 00 07 43 68 00 4c 00 00 00"_hex};
    const auto decoded = decode_command(frame_in(bytes));
    REQUIRE(decoded.error() == errc::ok);
    const command::connect expected{.hostname = "h", .family = family::local, .port = 0, .address = ""};
    CHECK(as<command::connect>(*decoded) == expected);
}

TEST_CASE("empty arguments end nothing and are not lost [X39]") {
    const exact bytes{"00 00 00 0a 52 3c 61 40 62 3e 00 00 00 00"_hex};
    const auto decoded = decode_command(frame_in(bytes));
    REQUIRE(decoded.error() == errc::ok);
    const auto& rcpt = as<command::rcpt>(*decoded);
    CHECK(rcpt.recipient == "<a@b>");
    int count = 0;
    for (const auto arg : rcpt.args) {
        CHECK(arg.empty());
        ++count;
    }
    CHECK(count == 3);
}

TEST_CASE("an SMTP reply and a reason end where their payload ends, if no NUL does that [X19]") {
    const exact reply{"00 00 00 0a 79 35 35 30 20 35 2e 37 2e 31"_hex};
    const auto code = decode_reply(frame_in(reply));
    REQUIRE(code.error() == errc::ok);
    CHECK(as<reply::reply_code>(*code).text == "550 5.7.1");

    const exact reason{"00 00 00 04 71 77 68 79"_hex};
    const auto quarantine = decode_reply(frame_in(reason));
    REQUIRE(quarantine.error() == errc::ok);
    CHECK(as<reply::quarantine>(*quarantine).reason == "why");
}

TEST_CASE("nothing of a longer reply shows in the shorter one after it [X19]") {
    const auto long_one = "00 00 00 14 79 35 35 30 20 35 2e 37 2e 31 20 6c 6f 6e 67 20 74 78 74 00"_hex;
    const auto short_one = "00 00 00 04 79 34 35 31"_hex;
    test::for_each_split(std::string{long_one}.append(short_one), [&](const test::pieces& pieces) {
        frame_decoder decoder{data_size_64k};
        std::vector<std::string> texts;
        for (const auto piece : pieces) {
            const exact block{piece};
            auto input = block.view();
            while (const auto next = decoder.next(input)) {
                const auto reply = decode_reply(*next);
                REQUIRE(reply.error() == errc::ok);
                texts.emplace_back(as<reply::reply_code>(*reply).text);
            }
        }
        CHECK(texts == std::vector<std::string>{"550 5.7.1 long txt", "451"});
    });
}

TEST_CASE("a reason may be empty or left out") {
    for (const auto payload : {""sv, "\0"sv}) {
        const exact block{payload};
        const auto decoded = decode_reply({'q', block.view()});
        REQUIRE(decoded.error() == errc::ok);
        CHECK(as<reply::quarantine>(*decoded).reason.empty());
    }
}

TEST_CASE("arguments that are there but empty are taken as none [H24]") {
    const exact from{"00 00 00 05 65 3c 3e 00 00"_hex};
    const auto change = decode_reply(frame_in(from));
    REQUIRE(change.error() == errc::ok);
    CHECK(as<reply::change_from>(*change) == reply::change_from{.sender = "<>"});

    const exact rcpt{"00 00 00 05 32 3c 3e 00 00"_hex};
    const auto add = decode_reply(frame_in(rcpt));
    REQUIRE(add.error() == errc::ok);
    CHECK(as<reply::add_rcpt_par>(*add) == reply::add_rcpt_par{.recipient = "<>"});
}

TEST_CASE("short and broken SMTP replies are read as they are, and refused for sending [X20]") {
    for (const auto text : {"5"sv, "55"sv, "550"sv, "\r\n"sv, "550-\r\n5"sv, "250 ok"sv, ""sv}) {
        INFO(text);
        const exact payload{std::string{text}.append(1, '\0')};
        const auto decoded = decode_reply({'y', payload.view()});
        REQUIRE(decoded.error() == errc::ok);
        const auto& reply = as<reply::reply_code>(*decoded);
        CHECK(reply.text == text);
        CHECK(check(reply) == errc::bad_reply_text);
    }
}

TEST_CASE("what libmilter and Postfix never check is read as it is: numbers, addresses, names") {
    const exact index{"00 00 00 09 6d ff ff ff ff 41 00 62 00"_hex};
    const auto change = decode_reply(frame_in(index));
    REQUIRE(change.error() == errc::ok);
    const reply::change_header odd{.index = 0xffffffff, .name = "A", .value = "b"};
    CHECK(as<reply::change_header>(*change) == odd);
    CHECK(check(odd) == errc::bad_index);

    const exact header{"a b\0x\r\ny\0"sv};
    const auto add = decode_reply({'h', header.view()});
    REQUIRE(add.error() == errc::ok);
    CHECK(as<reply::add_header>(*add) == reply::add_header{.name = "a b", .value = "x\r\ny"});
}

TEST_CASE("a macro list of a stage that nobody knows is read, but not sent [N24]") {
    const exact bytes{"00 00 00 13 4f 00 00 00 06 00 00 01 00 00 00 00 00 00 00 00 09 78 00"_hex};
    const auto decoded = decode_reply(frame_in(bytes));
    REQUIRE(decoded.error() == errc::ok);
    const auto& answer = as<reply::negotiate>(*decoded);
    for (const auto& list : answer.symbols) CHECK(list == symbol{stage{9}, "x"});
    CHECK(check(answer) == errc::bad_symbols);
}
