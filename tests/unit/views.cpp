// SPDX-License-Identifier: MIT
// Lists that lie packed in bytes: walked through, and packed.
#include <kilter/views.hpp>

#include <iterator>
#include <string>
#include <type_traits>
#include <vector>

#include "support/catch.hpp"
#include "support/exact.hpp"

using namespace kilter;
using namespace std::string_view_literals;
using test::exact;

static_assert(std::forward_iterator<text_list::iterator>);
static_assert(std::forward_iterator<definition_list::iterator>);
static_assert(std::forward_iterator<symbol_list::iterator>);
static_assert(std::sentinel_for<std::default_sentinel_t, text_list::iterator>);
static_assert(std::is_trivially_copyable_v<text_list>);

// A list looks at bytes that somebody else keeps, so a string that is about to go is no good.
static_assert(std::is_constructible_v<text_list, const std::string&>);
static_assert(std::is_constructible_v<text_list, std::string_view>);
static_assert(!std::is_constructible_v<text_list, std::string>);

namespace {

template <class List>
auto items(const List& list) {
    std::vector<std::remove_cvref_t<decltype(*list.begin())>> all;
    for (const auto& item : list) {
        all.push_back(item);
        REQUIRE(all.size() < 1000);  // it ends
    }
    return all;
}

using texts = std::vector<std::string_view>;
using definitions = std::vector<definition>;
using symbols = std::vector<symbol>;

}  // namespace

TEST_CASE("a list of texts gives each text without its NUL, empty ones too [X38] [X39]") {
    CHECK(items(text_list{}).empty());
    CHECK(items(text_list{"SIZE=1\0BODY=8BITMIME\0"sv}) == texts{"SIZE=1", "BODY=8BITMIME"});
    CHECK(items(text_list{"\0"sv}) == texts{""});
    CHECK(items(text_list{"\0\0a\0\0"sv}) == texts{"", "", "a", ""});
}

TEST_CASE("a list of macros gives names and values, empty values too [X51]") {
    CHECK(items(definition_list{}).empty());
    CHECK(items(definition_list{"i\0A\0{x}\0\0"sv}) == definitions{{"i", "A"}, {"{x}", ""}});
}

TEST_CASE("a list of macro lists gives stages and names, empty ones too [X64]") {
    CHECK(items(symbol_list{}).empty());
    const auto expected = symbols{{stage::mail, "i {x}"}, {stage::rcpt, ""}};
    CHECK(items(symbol_list{"\0\0\0\2i {x}\0\0\0\0\3\0"sv}) == expected);
    CHECK(items(symbol_list{"\1\2\3\4x\0"sv}) == symbols{{stage{0x01020304}, "x"}});
}

TEST_CASE("a list that isn't ended well ends with its bytes") {
    for (const auto bytes : {"a"sv, "a\0b"sv, "\0\0\0"sv, "\0\0\0\2"sv, "\0\0\0\2i"sv, "i\0A\0j\0"sv}) {
        const exact block{bytes};
        CHECK_FALSE(items(text_list{block.view()}).empty());
        CHECK_FALSE(items(definition_list{block.view()}).empty());
        CHECK_FALSE(items(symbol_list{block.view()}).empty());
    }
    CHECK(items(text_list{"a\0b"sv}) == texts{"a", "b"});
    CHECK(items(definition_list{"i\0A\0j\0"sv}) == definitions{{"i", "A"}, {"j", ""}});
    CHECK(items(symbol_list{"\0\0\0\2i"sv}) == symbols{{stage::mail, "i"}});
}

TEST_CASE("a list can be walked through more than once, from any place") {
    const text_list list{"a\0b\0c\0"sv};
    auto at = list.begin();
    CHECK(*at == "a");
    CHECK(*at == "a");
    const auto first = at++;
    CHECK(*first == "a");
    CHECK(*at == "b");
    CHECK(first != at);
    CHECK(first == list.begin());
    CHECK(*++at == "c");
    CHECK(at != list.end());
    ++at;
    CHECK(at == list.end());
}

TEST_CASE("a list knows its bytes, and is equal to one with the same") {
    const std::string kept{"a\0b\0", 4};
    const text_list list{kept};
    CHECK(list.bytes().data() == kept.data());
    CHECK(list.bytes().size() == 4);
    CHECK_FALSE(list.empty());
    CHECK(text_list{}.empty());
    CHECK(list == text_list{"a\0b\0"sv});
    CHECK(list != text_list{"a\0c\0"sv});
}

TEST_CASE("lists are packed as they lie on the wire") {
    CHECK(pack_texts({}).empty());
    CHECK(pack_texts({"SIZE=1", "", "B"}) == "SIZE=1\0\0B\0"sv);
    CHECK(pack_definitions({}).empty());
    CHECK(pack_definitions({{"i", "A"}, {"{x}", ""}}) == "i\0A\0{x}\0\0"sv);
    CHECK(pack_symbols({}).empty());
    CHECK(pack_symbols({{stage::mail, "i {x}"}, {stage::end_of_headers, ""}}) ==
          "\0\0\0\2i {x}\0\0\0\0\6\0"sv);
}

TEST_CASE("lists are packed from items of any number") {
    const std::vector<std::string_view> texts{"a", "b"};
    CHECK(pack_texts(texts) == "a\0b\0"sv);
    const std::vector<definition> definitions{{"i", "A"}};
    CHECK(pack_definitions(definitions) == "i\0A\0"sv);
    const std::vector<symbol> symbols{{stage::rcpt, "i"}};
    CHECK(pack_symbols(symbols) == "\0\0\0\3i\0"sv);
}

TEST_CASE("a text with a NUL makes a list that isn't ended, which can't be sent [H29]") {
    CHECK(pack_texts({"a\0b"sv, "c"}).back() != '\0');
    CHECK(pack_definitions({{"a\0b"sv, "c"}}).back() != '\0');
    CHECK(pack_definitions({{"a", "b\0"sv}, {"d", "e"}}).back() != '\0');
    CHECK(pack_symbols({{stage::mail, "a\0b"sv}}).back() != '\0');
}

TEST_CASE("a list whose last text ends with a NUL can't be sent either [H29]") {
    CHECK(pack_texts({"c", "a\0"sv}).back() != '\0');
    CHECK(pack_texts({"\0"sv}).back() != '\0');
    CHECK(pack_definitions({{"i", "A\0"sv}}).back() != '\0');
    CHECK(pack_symbols({{stage::mail, "i\0"sv}}).back() != '\0');
}
