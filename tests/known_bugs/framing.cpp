// SPDX-License-Identifier: MIT
// Known bugs of others, 1.1: how a stream is cut into frames, and what holds for every frame.
#include <kilter.hpp>

#include "known_bugs/sides.hpp"
#include "support/counted.hpp"

using namespace kilter;
using namespace test;
using namespace std::string_view_literals;

namespace {

/// The length of 0, and a whole offer behind it.
constexpr auto zero_and_offer = "00 00 00 00 00 00 00 0d 4f 00 00 00 06 00 00 01 ff 00 1f ff ff"_hex;

/// What an MTA makes of the text of an SMTP reply, with or without its NUL.
errc heard_reply(std::string_view payload) {
    auto p = in_mail();
    REQUIRE(p.mta_says(command::rcpt{"<e@f>"}) == errc::ok);
    const exact block{raw('y', payload)};
    return error_after(p.mta, block.view());
}

}  // namespace

TEST_CASE("X01 a length of 0 is an error, and no frame comes of it") {
    for_each_split("00 00 00 00"_hex, [](const pieces& stream) {
        const auto found = cut(stream);
        CHECK(found.codes.empty());
        CHECK(found.error == errc::zero_length);
    });
}

TEST_CASE("X02 a wrong length is refused at its fourth byte, whatever stands behind it") {
    filter_session zero;
    CHECK(heard(zero, zero_and_offer) == lines{"a frame of length 0: length 0, after fresh"});
    filter_session huge;
    CHECK(heard(huge, "80 00 00 01"_hex) == lines{"a frame over the limit: length 2147483649, after fresh"});
}

TEST_CASE("X03 after a length of 0 the next frame isn't read at the wrong place, nor at all") {
    for_each_split(zero_and_offer, [](const pieces& stream) {
        const auto found = cut(stream);
        CHECK(found.codes.empty());
        CHECK(found.length == 0);
    });
}

TEST_CASE("X04 a length has no sign") {
    const auto found = cut(whole("ff ff ff ff 41"_hex));
    CHECK(found.codes.empty());
    CHECK(found.error == errc::frame_too_long);
    CHECK(found.length == 4'294'967'295);
}

TEST_CASE("X05 a frame may be a code alone") {
    for (const char code : "AEKNQT"sv) CHECK(wrong_command(code, {}) == errc::ok);
    for (const char code : "cartdsp4fb"sv) CHECK(wrong_reply(code, {}) == errc::ok);
    auto p = in_mail();
    CHECK(heard(p.filter, "00 00 00 01 4e"_hex) == lines{"end_of_headers"});
}

TEST_CASE("X06 a frame in two halves behind a whole one is read from its own beginning") {
    const auto first = raw('D', "Hj\0mx\0"sv);
    const auto second = raw('D', "Mi\0A\0"sv);
    const auto third = raw('D', "Ri\0B\0"sv);
    for (std::size_t at = 0; at <= second.size(); ++at) {
        auto p = greeted();
        CHECK(heard(p.filter, first) == lines{R"(macro command=helo definitions=[j="mx"])"});
        auto events = heard(p.filter, std::string_view{second}.substr(0, at));
        for (auto& event : heard(p.filter, std::string_view{second}.substr(at))) events.push_back(event);
        CHECK(events == lines{R"(macro command=mail definitions=[i="A"])"});
        CHECK(heard(p.filter, third) == lines{R"(macro command=rcpt definitions=[i="B"])"});
    }
}

TEST_CASE("X07 several frames in one read are several events, each with its own payload") {
    auto p = greeted(option::silent_mail | option::silent_rcpt);
    const auto stream = raw('D', "Mi\0A\0{mail_addr}\0a@b\0"sv) + raw('M', "<a@b>\0SIZE=1\0"sv) +
                        raw('D', "R{rcpt_addr}\0c@d\0"sv) + raw('R', "<c@d>\0"sv);
    CHECK(heard(p.filter, stream) == lines{R"(macro command=mail definitions=[i="A" {mail_addr}="a@b"])",
                                           R"(mail sender="<a@b>" args=["SIZE=1"])",
                                           R"(macro command=rcpt definitions=[{rcpt_addr}="c@d"])",
                                           R"(rcpt recipient="<c@d>" args=[])"});
}

TEST_CASE("X08 an answer written before QUIT was read is still there to be sent") {
    auto p = in_mail();
    std::string out;
    const auto stream = raw('E') + raw('Q');
    for (const auto& event : p.filter.receive(stream))
        if (std::holds_alternative<command::end_of_message>(event))
            CHECK(p.filter.send(reply::accept{}, out) == errc::ok);
    CHECK(out == raw('a'));
    CHECK_FALSE(p.filter.open());
    CHECK(p.filter.error() == errc::ok);
}

TEST_CASE("X09 after QUIT, and after an error, nothing is heard and nothing is said") {
    for (const auto end : {"00 00 00 01 51"_hex, "00 00 00 00"_hex, "00 00 00 01 58"_hex}) {
        auto p = greeted();
        heard(p.filter, end);
        const auto error = p.filter.error();
        std::string out;
        for (int i = 0; i != 3; ++i) {
            CHECK(heard(p.filter, raw('M', "<a@b>\0"sv)) == lines{});
            CHECK(p.filter.send(reply::accept{}, out) == errc::closed);
        }
        CHECK(out.empty());
        CHECK(p.filter.error() == error);
    }
}

TEST_CASE("X10 an MTA takes larger frames than it sends") {
    auto p = at_end();
    const auto field = std::string{"\0\0\0\0X\0"sv}.append(100'000, 'v').append(1, '\0');
    CHECK(heard(p.mta, raw('i', field)).size() == 1);
    CHECK(p.mta.error() == errc::ok);
}

TEST_CASE("X11 text in the place of a length is shown, and no memory is taken for it") {
    filter_session s;
    CHECK(heard(s, "UNKNOWN COMMAND\n") ==
          lines{R"(the peer is not a milter: length 1431194446, as text "UNKN", after fresh)"});

    usage used;
    basic_frame_decoder<counted_buffer> decoder{data_size_1m, counted_buffer(counted<char>{used})};
    for (const auto piece : byte_by_byte("post")) {
        auto input = piece;
        CHECK_FALSE(decoder.next(input).has_value());
    }
    CHECK(decoder.error() == errc::not_a_milter);
    CHECK(used.largest <= 64);
}

TEST_CASE("X12 a health check by HTTP is told apart from a broken milter") {
    filter_session s;
    CHECK(heard(s, "GET /ping HTTP/1.1\r\n") ==
          lines{R"(the peer is not a milter: length 1195725856, as text "GET ", after fresh)"});
    CHECK(s.error() == errc::not_a_milter);
}

TEST_CASE("X13 an MTA cuts a body at 65535 bytes, answered or not") {
    const std::string body(2 * 65'535 + 1, 'x');
    auto silent = in_mail(option::silent_body);
    std::string out;
    CHECK(silent.mta.send(command::body{body}, out) == errc::ok);
    const auto found = cut(whole(out));
    REQUIRE(found.codes == "BBB");
    CHECK(found.payloads[0].size() == 65'535);
    CHECK(found.payloads[1].size() == 65'535);
    CHECK(found.payloads[2].size() == 1);

    auto answered = in_mail();
    std::vector<std::size_t> sizes;
    for (std::string_view rest = body; !rest.empty();) {
        const auto piece = answered.mta.take_piece(rest);
        sizes.push_back(piece.size());
        CHECK(answered.passes(command::body{piece}) == errc::ok);
    }
    CHECK(sizes == std::vector<std::size_t>{65'535, 65'535, 1});
}

TEST_CASE("X14 a new body of any size comes out as it was") {
    struct row {
        std::size_t size;
        std::string_view codes;
    };
    for (const auto& [size, codes] : {row{0, "b"}, row{1, "b"}, row{65'534, "b"}, row{65'535, "b"},
                                      row{65'536, "bb"}, row{131'070, "bb"}, row{131'075, "bbb"}}) {
        std::string body;
        while (body.size() != size) body.push_back(static_cast<char>(body.size() % 251));
        auto p = at_end();
        std::string out;
        CHECK(p.filter.send(reply::replace_body{body}, out) == errc::ok);
        const auto found = cut(whole(out));
        CHECK(found.codes == codes);
        CHECK(found.all() == body);
        CHECK(found.error == errc::ok);
    }
}

TEST_CASE("X15 a body has no NUL at its end, and may have any bytes inside") {
    CHECK(bytes_of(reply::replace_body{"a\0b"sv}) == "00 00 00 04 62 61 00 62"_hex);
    CHECK(bytes_of(command::body{"a\0b"sv}) == "00 00 00 04 42 61 00 62"_hex);
    auto p = in_mail();
    CHECK(heard(p.filter, "00 00 00 05 42 ff 80 00 01"_hex) == lines{R"(body chunk="\xff\x80\x00\x01")"});
}

TEST_CASE("X16 the length of a body counts what is there, so that the verdict behind it is found") {
    auto p = at_end();
    std::string out;
    CHECK(p.filter.send(reply::replace_body{"abc"}, out) == errc::ok);
    CHECK(p.filter.send(reply::accept{}, out) == errc::ok);
    CHECK(out == "00 00 00 04 62 61 62 63 00 00 00 01 61"_hex);
    CHECK(heard(p.mta, out) == lines{R"(replace_body chunk="abc")", "accept"});
}

TEST_CASE("X17 whatever stands in a reply, an MTA gets one event and reads nothing behind the frame") {
    const auto p = at_end(option::skip);
    for (int code = 0; code != 256; ++code) {
        for (std::size_t size = 0; size != 9; ++size) {
            for (const char fill : "\0a5\xff"sv) {
                const exact bytes{raw(static_cast<char>(code), std::string(size, fill))};
                auto mta = p.mta;
                CHECK(heard(mta, bytes.view()).size() == 1);
                CHECK(mta.open() == (mta.error() == errc::ok && mta.now() != todo::give_up));
            }
        }
    }
}

TEST_CASE("X18 a command that lacks a field or a NUL is an error, at every place where it can be cut") {
    struct row {
        char code;
        std::string_view payload;  ///< complete
        std::size_t enough;        ///< so much of it is a command, too
    };
    for (const auto& [code, payload, enough] : {
             row{'O', "\0\0\0\6\0\0\1\xff\0\x1f\xff\xff"sv, 12},
             row{'C',
                 "mx\0"
                 "4\0\x19\x31\0"sv,
                 8},
             row{'H', "mx\0"sv, 3},
             row{'M', "<>\0A\0"sv, 3},
             row{'R', "<>\0A\0"sv, 3},
             row{'L', "A\0v\0"sv, 4},
             row{'U', "X\0"sv, 2},
             row{'D', "Mi\0A\0"sv, 1},
         }) {
        CHECK(wrong_command(code, payload) == errc::ok);
        for (std::size_t size = 0; size != payload.size(); ++size) {
            INFO(code << " " << size);
            if (size != enough) CHECK(wrong_command(code, payload.substr(0, size)) != errc::ok);
        }
    }
}

TEST_CASE("X19 of a longer reply, nothing shows in a shorter one without NUL") {
    auto p = in_mail();
    const auto long_reply = raw('y', "550 5.7.1 a long text\0"sv);
    const auto short_reply = raw('y', "451 x");
    lines events;
    for (const auto& bytes : {long_reply, short_reply}) {
        REQUIRE(p.mta_says(command::rcpt{"<e@f>"}) == errc::ok);
        for (const auto piece : byte_by_byte(bytes))
            for (auto& event : heard(p.mta, piece)) events.push_back(event);
    }
    CHECK(events == lines{R"(reply_code text="550 5.7.1 a long text")", R"(reply_code text="451 x")"});
}

TEST_CASE("X20 a reply that is too short for a code is refused, and not a byte behind it is touched") {
    for (const auto text : {""sv, "5"sv, "55"sv, "550"sv, "\r\n"sv, "550-\r\n5"sv, "550-\r\n"sv}) {
        INFO(text);
        CHECK(heard_reply(text) == errc::bad_reply_text);
        CHECK(heard_reply(std::string{text}.append(1, '\0')) == errc::bad_reply_text);
    }
    CHECK(heard_reply("550 ") == errc::ok);
}

TEST_CASE("X21 each line of a reply is checked, not the first alone") {
    for (const auto text :
         {"550 a"sv, "451 4.7.1 a"sv, "550-a\r\n550 b"sv, "550-5.7.1 a\r\n550-5.7.1 b\r\n550 5.7.1 c"sv,
          "550-\r\n550 "sv, "450 caf\xc3\xa9"sv, "550 5 a"sv})
        CHECK(heard_reply(text) == errc::ok);
    for (const auto text :
         {"250 a"sv, "350 a"sv, "650 a"sv, "5a0 a"sv, "55a a"sv, "550a"sv, "550-a"sv, "550-a\r\n"sv,
          "550-a\r\n550"sv, "550-a\r\n551 b"sv, "550 a\r\n550 b"sv, "550-a\n550 b"sv, "550-a\r550 b"sv,
          "550 4.7.1 a"sv, "550-5.7.1 a\r\n550 4.7.1 b"sv, "550 a\r"sv, "550 a\x7f"sv,
          "550-a\r\n\r\n550 b"sv}) {
        INFO(text);
        CHECK(heard_reply(text) == errc::bad_reply_text);
    }
    CHECK(heard_reply("550 a\0b\0"sv) == errc::trailing_bytes);
}

TEST_CASE("X22 a reply that ends the client's connection shows what is in its frame and no more") {
    auto p = in_mail();
    REQUIRE(p.mta_says(command::rcpt{"<e@f>"}) == errc::ok);
    const exact bytes{raw('y', "421 4.3.0 x")};
    CHECK(heard(p.mta, bytes.view()) == lines{R"(reply_code text="421 4.3.0 x")"});
    CHECK(p.mta.now() == todo::hang_up);
    const exact shutdown{raw('4')};
    auto q = in_mail();
    REQUIRE(q.mta_says(command::rcpt{"<e@f>"}) == errc::ok);
    CHECK(heard(q.mta, shutdown.view()) == lines{"shutdown"});
    CHECK(q.mta.now() == todo::hang_up);
}

TEST_CASE("X23 a reply has three digits, then the separator, then the text") {
    CHECK(heard_reply("451 4.7.1 x\0"sv) == errc::ok);
    CHECK(heard_reply("4511 x\0"sv) == errc::bad_reply_text);
    const auto parts = smtp_reply::parse("451 4.7.1 x");
    REQUIRE(parts);
    CHECK(parts->code == "451");
    CHECK(parts->enhanced_code == "4.7.1");
    CHECK(*parts->lines.begin() == "x");
}

TEST_CASE("X24 the port is big-endian on the wire, and a plain number here") {
    const auto client = decode<command::connect>(
        "h\0"
        "4\x12\x34"
        "1.2.3.4\0"sv);
    REQUIRE(client);
    CHECK(client->port == 4660);
    CHECK(bytes_of(*client) == "00 00 00 0e 43 68 00 34 12 34 31 2e 32 2e 33 2e 34 00"_hex);
}

TEST_CASE("X25 a text without its NUL is an error, and not a cut past the end") {
    CHECK(wrong_command('C', "host") == errc::missing_nul);
    CHECK(wrong_command('M', "<a@b>") == errc::missing_nul);
    CHECK(wrong_command('R', "<a@b>") == errc::missing_nul);
}
