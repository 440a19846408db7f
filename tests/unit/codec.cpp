// SPDX-License-Identifier: MIT
// Encoding: into which outputs, how large, and what is refused and leaves the output as it was.
#include <kilter/codec.hpp>

#include <array>
#include <cstddef>
#include <span>
#include <string>
#include <type_traits>
#include <vector>

#include "support/catch.hpp"
#include "support/hex.hpp"
#include "support/random_message.hpp"

using namespace kilter;
using namespace std::string_literals;
using namespace std::string_view_literals;
using namespace test::literals;

static_assert(output<std::string>);
static_assert(output<std::vector<char>>);
static_assert(output<std::vector<unsigned char>>);
static_assert(output<std::vector<std::byte>>);
static_assert(output<fixed_buffer<16>>);
static_assert(!output<std::vector<int>>);
static_assert(!output<std::wstring>);
static_assert(!output<std::array<char, 16>>);
static_assert(!output<std::span<char>>);
static_assert(!output<const std::string>);

namespace {

const reply::add_header scan{.name = "X-Scan", .value = "clean"};
constexpr auto scan_bytes = "00 00 00 0e 68 58 2d 53 63 61 6e 00 63 6c 65 61 6e 00"_hex;

template <class Out>
std::string as_string(const Out& out) {
    std::string text;
    for (std::size_t i = 0; i != out.size(); ++i) text.push_back(static_cast<char>(out.data()[i]));
    return text;
}

template <class Out>
void check_output() {
    Out out{};
    CHECK(encode(reply::proceed{}, out) == errc::ok);
    CHECK(encode(scan, out) == errc::ok);
    CHECK(as_string(out) == "\0\0\0\1c"s + std::string{scan_bytes});
}

}  // namespace

TEST_CASE("a message is appended to whatever holds bytes") {
    check_output<std::string>();
    check_output<std::vector<char>>();
    check_output<std::vector<unsigned char>>();
    check_output<std::vector<signed char>>();
    check_output<std::vector<std::byte>>();
    check_output<fixed_buffer<23>>();
}

TEST_CASE("a message is written to the front of a span, and not a byte further") {
    std::array<char, 20> bytes{};
    bytes.fill('#');
    const auto size = encode(scan, std::span<char>{bytes});
    REQUIRE(size.error() == errc::ok);
    CHECK(*size == 18);
    CHECK(std::string_view{bytes.data(), bytes.size()} == std::string{scan_bytes}.append("##"));

    const auto exactly = encode(scan, std::span<char>{bytes}.first(18));
    CHECK(exactly.error() == errc::ok);
}

TEST_CASE("a span that is too small stays as it was") {
    std::array<char, 17> bytes{};
    bytes.fill('#');
    CHECK(encode(scan, std::span<char>{bytes}).error() == errc::no_room);
    CHECK(std::string_view{bytes.data(), bytes.size()} == std::string(17, '#'));
    CHECK(encode(reply::proceed{}, std::span<char>{}).error() == errc::no_room);
}

TEST_CASE("an output that can't grow so far stays as it was") {
    fixed_buffer<22> out;
    CHECK(encode(reply::proceed{}, out) == errc::ok);
    CHECK(encode(scan, out) == errc::no_room);
    CHECK(as_string(out) == "\0\0\0\1c"sv);
    CHECK(encode(reply::accept{}, out) == errc::ok);
    CHECK(as_string(out) == "\0\0\0\1c\0\0\0\1a"sv);
}

namespace {

/// Grows like a std::string, but not beyond so many bytes.
struct small_string {
    std::size_t most;
    std::string text{};

    char* data() { return text.data(); }
    std::size_t size() const { return text.size(); }
    std::size_t capacity() const { return text.size(); }
    std::size_t max_size() const { return most; }
    void resize(std::size_t size) { text.resize(size); }
    void append(const char* from, std::size_t count) { text.append(from, count); }
};

}  // namespace

TEST_CASE("an output that grows by itself stays as it was, too, if it can't grow so far") {
    for (const std::size_t most : {10u, 14u}) {
        small_string out{most};
        CHECK(encode(reply::proceed{}, out) == errc::ok);
        CHECK(encode(reply::accept{}, out) == errc::ok);
        CHECK(encode(reply::proceed{}, out) == errc::no_room);
        CHECK(encode(scan, out) == errc::no_room);
        CHECK(out.text == "\0\0\0\1c\0\0\0\1a"sv);
    }
}

TEST_CASE("a message that is refused leaves the output as it was") {
    std::string out = "before";
    CHECK(encode(reply::add_header{.name = "a b"}, out) == errc::bad_header_name);
    CHECK(encode(reply::reply_code{"250 ok"}, out) == errc::bad_reply_text);
    CHECK(encode(reply::change_header{.index = 0, .name = "X"}, out) == errc::bad_index);
    CHECK(encode(command::macro{.command = 'C', .definitions = "i\0"sv}, out) == errc::missing_value);
    CHECK(encode(reply::replace_body{std::string(65536, 'x')}, out) == errc::too_long);
    CHECK(out == "before");

    std::array<char, 8> bytes{};
    bytes.fill('#');
    CHECK(encode(reply::change_from{.sender = "<>", .args = "\n"}, std::span<char>{bytes}).error() ==
          errc::bad_text);
    CHECK(std::string_view{bytes.data(), bytes.size()} == "########");
}

TEST_CASE("a payload has at most the data size, its code not counted") {
    const std::string most(65535, 'x');
    std::string out;
    CHECK(encode(reply::replace_body{most}, out) == errc::ok);
    CHECK(out == "\0\1\0\0b"s + most);
    CHECK(check(reply::replace_body{most + "x"}) == errc::too_long);
    CHECK(check(reply::replace_body{most + "x"}, data_size_256k) == errc::ok);
    CHECK(check(reply::replace_body{std::string(262143, 'x')}, data_size_256k) == errc::ok);
    CHECK(check(reply::replace_body{std::string(262144, 'x')}, data_size_256k) == errc::too_long);

    // The NULs count.
    CHECK(check(reply::add_header{.name = "X", .value = std::string_view{most}.substr(3)}) == errc::ok);
    CHECK(check(reply::add_header{.name = "X", .value = std::string_view{most}.substr(2)}) == errc::too_long);
    CHECK(check(reply::proceed{}, 0) == errc::ok);
    CHECK(check(reply::replace_body{"x"}, 0) == errc::too_long);
}

TEST_CASE("what is wrong with a message counts more than its length") {
    const std::string value(70000, '\r');
    CHECK(check(reply::add_header{.name = "X", .value = value}) == errc::bad_header_value);
}

TEST_CASE("encoded_size() is the size that encode() writes, for every message") {
    test::random_messages random{1};
    const auto check_size = [](const auto& message) {
        std::string out;
        REQUIRE(encode(message, out) == errc::ok);
        CHECK(encoded_size(message) == out.size());
    };
    for (int i = 0; i != 20; ++i) {
        detail::for_each_row(wire::commands, [&]<class Row>(const Row& row) {
            INFO(row.name);
            check_size(random.make<typename Row::message>());
        });
        detail::for_each_row(wire::replies, [&]<class Row>(const Row& row) {
            INFO(row.name);
            check_size(random.make<typename Row::message>());
        });
    }
}

TEST_CASE("a space is written before the value, once") {
    std::string out;
    CHECK(encode(command::header{.name = "Subject", .value = "one", .space = " "}, out) == errc::ok);
    CHECK(out == "00 00 00 0e 4c 53 75 62 6a 65 63 74 00 20 6f 6e 65 00"_hex);
}

TEST_CASE("a client's address or port is refused if its family has none") {
    std::string out;
    CHECK(encode(command::connect{"h", family::unknown, 0, "1.2.3.4"}, out) == errc::bad_address);
    CHECK(encode(command::connect{"h", family::unknown, 25, {}}, out) == errc::bad_address);
    CHECK(out.empty());
    CHECK(encode(command::connect{"h", family::unknown, 0, {}}, out) == errc::ok);
    CHECK(out == "\0\0\0\4Ch\0U"sv);
}

TEST_CASE("a body of any length goes out in as many frames as it takes [X13] [X14]") {
    struct row {
        std::size_t size;
        std::vector<std::size_t> pieces;
    };
    const std::vector<row> rows{
        {0, {0}},
        {1, {1}},
        {65534, {65534}},
        {65535, {65535}},
        {65536, {65535, 1}},
        {131070, {65535, 65535}},
        {131075, {65535, 65535, 5}},
    };
    for (const auto& row : rows) {
        INFO(row.size);
        test::random_messages random{static_cast<std::uint32_t>(row.size)};
        const auto body = random.bytes(row.size);
        std::string out = "before";
        REQUIRE(encode_in_pieces(reply::replace_body{body}, out) == errc::ok);
        CHECK(out.substr(0, 6) == "before");

        std::vector<std::size_t> sizes;
        std::string all;
        auto input = std::string_view{out}.substr(6);
        frame_decoder decoder{data_size_64k};
        while (const auto next = decoder.next(input)) {
            CHECK(next->code == 'b');
            sizes.push_back(next->payload.size());
            all.append(next->payload);
        }
        CHECK(decoder.error() == errc::ok);
        CHECK_FALSE(decoder.in_frame());
        CHECK(sizes == row.pieces);
        CHECK(all == body);
    }
}

TEST_CASE("a body for the filter is cut in the same way, at the size that was agreed [N25]") {
    std::vector<std::byte> out;
    CHECK(encode_in_pieces(command::body{"abcde"}, out, 2) == errc::ok);
    CHECK(as_string(out) == "\0\0\0\3Bab\0\0\0\3Bcd\0\0\0\2Be"sv);

    std::string large;
    CHECK(encode_in_pieces(command::body{std::string(262144, 'x')}, large, data_size_256k) == errc::ok);
    CHECK(large.size() == 262144 + 2 * 5);
    CHECK(large.substr(0, 5) == "\0\4\0\0B"sv);
}

TEST_CASE("if not all pieces fit, none is written") {
    fixed_buffer<19> out;
    CHECK(encode_in_pieces(command::body{"abcde"}, out, 2) == errc::no_room);
    CHECK(out.empty());
    fixed_buffer<24> begun;
    CHECK(encode(reply::proceed{}, begun) == errc::ok);
    CHECK(encode_in_pieces(command::body{"abcde"}, begun, 2) == errc::no_room);
    CHECK(as_string(begun) == "\0\0\0\1c"sv);
    fixed_buffer<20> enough;
    CHECK(encode_in_pieces(command::body{"abcde"}, enough, 2) == errc::ok);
    CHECK(enough.size() == 20);
}

TEST_CASE("a body can't be cut into pieces of nothing") {
    std::string out = "before";
    CHECK(encode_in_pieces(command::body{"a"}, out, 0) == errc::no_room);
    CHECK(out == "before");
}

TEST_CASE("a message known in advance is an array made at compile time") {
    constexpr auto go_on = frame_of([] { return reply::proceed{}; });
    STATIC_REQUIRE(std::string_view{go_on.data(), go_on.size()} == "\0\0\0\1c"sv);
    constexpr auto refusal = frame_of([] { return reply::reply_code{"550 No"}; });
    STATIC_REQUIRE(std::string_view{refusal.data(), refusal.size()} == "\0\0\0\x08y550 No\0"sv);
}

namespace {

/// Puts a NUL into one text after the other; the others stay as they are.
template <class M>
int check_nul_in_each_text(M message) {
    constexpr bool is_body = requires { message.chunk; };
    int texts = 0;
    wire::row_of<M>().for_each_field([&](const auto& field) {
        field.visit(message, [&](std::string_view name, auto& member) {
            if constexpr (std::is_same_v<std::remove_cvref_t<decltype(member)>, std::string_view>) {
                if (is_body || name == "space" || name == "reason") return;
                INFO(name);
                const auto before = member;
                for (const auto text : {"a\0b"sv, "\0"sv, "a\0"sv, "\0a"sv}) {
                    member = text;
                    std::string out = "before";
                    CHECK(check(message) == errc::nul_in_text);
                    CHECK(encode(message, out) == errc::nul_in_text);
                    CHECK(out == "before");
                }
                member = before;
                ++texts;
            }
        });
    });
    CHECK(check(message) == errc::ok);
    return texts;
}

}  // namespace

TEST_CASE("a NUL is refused in every text of every message, but for a reason [H29]") {
    test::random_messages random{2};
    int texts = 0;
    const auto check_row = [&]<class Row>(const Row& row) {
        INFO(row.name);
        texts += check_nul_in_each_text(random.make<typename Row::message>());
    };
    detail::for_each_row(wire::commands, check_row);
    detail::for_each_row(wire::replies, check_row);
    CHECK(texts == 21);
}

TEST_CASE("a payload is read as a message of a type that is known, or refused") {
    CHECK(decode<command::helo>("a\0"sv)->hostname == "a");
    CHECK(decode<command::helo>("a"sv).error() == errc::missing_nul);
    CHECK(decode<command::helo>("a\0b"sv).error() == errc::trailing_bytes);
    CHECK(decode<command::data>("x"sv).error() == errc::trailing_bytes);
}
