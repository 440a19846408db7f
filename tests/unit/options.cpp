// SPDX-License-Identifier: MIT
// The numbers of the protocol, compared with the C headers' [N15].
#include <kilter/options.hpp>

#include <array>
#include <cstdint>
#include <string_view>

#include "support/catch.hpp"

using namespace kilter;

namespace {

struct number {
    std::uint32_t value;
    std::string_view name;
    std::string_view symbol;
};

// clang-format off

constexpr std::array<number, 9> actions{{
    {0x001, "add_headers",    "SMFIF_ADDHDRS"},
    {0x002, "change_body",    "SMFIF_CHGBODY"},
    {0x004, "add_rcpt",       "SMFIF_ADDRCPT"},
    {0x008, "delete_rcpt",    "SMFIF_DELRCPT"},
    {0x010, "change_headers", "SMFIF_CHGHDRS"},
    {0x020, "quarantine",     "SMFIF_QUARANTINE"},
    {0x040, "change_from",    "SMFIF_CHGFROM"},
    {0x080, "add_rcpt_par",   "SMFIF_ADDRCPT_PAR"},
    {0x100, "set_symlist",    "SMFIF_SETSYMLIST"},
}};

constexpr std::array<number, 23> options{{
    {0x00000001, "no_connect",            "SMFIP_NOCONNECT"},
    {0x00000002, "no_helo",               "SMFIP_NOHELO"},
    {0x00000004, "no_mail",               "SMFIP_NOMAIL"},
    {0x00000008, "no_rcpt",               "SMFIP_NORCPT"},
    {0x00000010, "no_body",               "SMFIP_NOBODY"},
    {0x00000020, "no_headers",            "SMFIP_NOHDRS"},
    {0x00000040, "no_end_of_headers",     "SMFIP_NOEOH"},
    {0x00000080, "silent_header",         "SMFIP_NR_HDR"},
    {0x00000100, "no_unknown",            "SMFIP_NOUNKNOWN"},
    {0x00000200, "no_data",               "SMFIP_NODATA"},
    {0x00000400, "skip",                  "SMFIP_SKIP"},
    {0x00000800, "rejected_rcpt",         "SMFIP_RCPT_REJ"},
    {0x00001000, "silent_connect",        "SMFIP_NR_CONN"},
    {0x00002000, "silent_helo",           "SMFIP_NR_HELO"},
    {0x00004000, "silent_mail",           "SMFIP_NR_MAIL"},
    {0x00008000, "silent_rcpt",           "SMFIP_NR_RCPT"},
    {0x00010000, "silent_data",           "SMFIP_NR_DATA"},
    {0x00020000, "silent_unknown",        "SMFIP_NR_UNKN"},
    {0x00040000, "silent_end_of_headers", "SMFIP_NR_EOH"},
    {0x00080000, "silent_body",           "SMFIP_NR_BODY"},
    {0x00100000, "leading_space",         "SMFIP_HDR_LEADSPC"},
    {0x10000000, "data_256k",             "SMFIP_MDS_256K"},
    {0x20000000, "data_1m",               "SMFIP_MDS_1M"},
}};

constexpr std::array<number, 7> stages{{
    {0, "connect",        "SMFIM_CONNECT"},
    {1, "helo",           "SMFIM_HELO"},
    {2, "mail",           "SMFIM_ENVFROM"},
    {3, "rcpt",           "SMFIM_ENVRCPT"},
    {4, "data",           "SMFIM_DATA"},
    {5, "end_of_message", "SMFIM_EOM"},
    {6, "end_of_headers", "SMFIM_EOH"},
}};

constexpr std::array<number, 4> families{{
    {0x55, "unknown", "SMFIA_UNKNOWN"},
    {0x4c, "local",   "SMFIA_UNIX"},
    {0x34, "inet",    "SMFIA_INET"},
    {0x36, "inet6",   "SMFIA_INET6"},
}};

// clang-format on

template <class E, std::size_t N>
constexpr bool are(const std::array<named<E>, N>& names, const std::array<number, N>& numbers) {
    for (std::size_t i = 0; i != N; ++i)
        if (static_cast<std::uint32_t>(names[i].value) != numbers[i].value ||
            names[i].name != numbers[i].name || names[i].symbol != numbers[i].symbol)
            return false;
    return true;
}

}  // namespace

static_assert(are(action_names, actions));
static_assert(are(option_names, options));
static_assert(are(stage_names, stages));
static_assert(are(family_names, families));

// The enumerators by their names, as the tables above go by the library's own.
static_assert(to_bits(action::add_headers) == 0x001 && to_bits(action::change_body) == 0x002);
static_assert(to_bits(action::add_rcpt) == 0x004 && to_bits(action::delete_rcpt) == 0x008);
static_assert(to_bits(action::change_headers) == 0x010 && to_bits(action::quarantine) == 0x020);
static_assert(to_bits(action::change_from) == 0x040 && to_bits(action::add_rcpt_par) == 0x080);
static_assert(to_bits(action::set_symlist) == 0x100 && to_bits(action::none) == 0);
static_assert(to_bits(option::no_connect) == 0x01 && to_bits(option::no_helo) == 0x02);
static_assert(to_bits(option::no_mail) == 0x04 && to_bits(option::no_rcpt) == 0x08);
static_assert(to_bits(option::no_body) == 0x10 && to_bits(option::no_headers) == 0x20);
static_assert(to_bits(option::no_end_of_headers) == 0x40 && to_bits(option::silent_header) == 0x80);
static_assert(to_bits(option::no_unknown) == 0x100 && to_bits(option::no_data) == 0x200);
static_assert(to_bits(option::skip) == 0x400 && to_bits(option::rejected_rcpt) == 0x800);
static_assert(to_bits(option::silent_connect) == 0x1000 && to_bits(option::silent_helo) == 0x2000);
static_assert(to_bits(option::silent_mail) == 0x4000 && to_bits(option::silent_rcpt) == 0x8000);
static_assert(to_bits(option::silent_data) == 0x1'0000 && to_bits(option::silent_unknown) == 0x2'0000);
static_assert(to_bits(option::silent_end_of_headers) == 0x4'0000);
static_assert(to_bits(option::silent_body) == 0x8'0000 && to_bits(option::leading_space) == 0x10'0000);
static_assert(to_bits(option::data_256k) == 0x1000'0000 && to_bits(option::data_1m) == 0x2000'0000);
static_assert(to_bits(option::none) == 0);
static_assert(static_cast<int>(stage::end_of_message) == 5 && static_cast<int>(stage::end_of_headers) == 6);

static_assert(protocol_version == 6 && oldest_version == 2);
static_assert(to_bits(all_actions) == 0x1ff && to_bits(all_options) == 0x1f'ffff);
static_assert(to_bits(v1_actions) == 0x0f && to_bits(v1_options) == 0x3f);
static_assert(data_size_64k == 65535 && data_size_256k == 262143 && data_size_1m == 1048575);

TEST_CASE("every bit of the sets of all has a name, and the data sizes are not among them") {
    std::uint32_t named_actions = 0;
    for (const auto& known : action_names) named_actions |= to_bits(known.value);
    CHECK(named_actions == 0x1ff);

    std::uint32_t named_options = 0;
    for (const auto& known : option_names) named_options |= to_bits(known.value);
    CHECK(named_options == (0x1f'ffff | 0x3000'0000));
}

TEST_CASE("the larger one of two data sizes wins") {
    CHECK(data_size(option::none) == 65535);
    CHECK(data_size(all_options) == 65535);
    CHECK(data_size(option::data_256k) == 262143);
    CHECK(data_size(option::data_1m) == 1048575);
    CHECK(data_size(option::data_256k | option::data_1m | option::skip) == 1048575);
}
