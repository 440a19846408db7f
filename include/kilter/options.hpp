// SPDX-License-Identifier: MIT
// The numbers of the protocol that are not messages: versions, sizes, bits, macro stages, address families.
#pragma once

#include <array>
#include <cstddef>
#include <cstdint>
#include <string_view>

#include "flags.hpp"

namespace kilter {

/// The newest version of the protocol (SMFI_PROT_VERSION) and the oldest that anybody still speaks.
inline constexpr std::uint32_t protocol_version = 6;
inline constexpr std::uint32_t oldest_version = 2;

/// The most payload bytes that a frame may carry, its code not counted (MILTER_MDS_64K, _256K, _1M).
inline constexpr std::uint32_t data_size_64k = 65'535;
inline constexpr std::uint32_t data_size_256k = 262'143;
inline constexpr std::uint32_t data_size_1m = 1'048'575;

/// SMFIF_*: what a filter may do to a message.
enum class action : std::uint32_t {
    none = 0,
    add_headers = 0x001,
    change_body = 0x002,
    add_rcpt = 0x004,
    delete_rcpt = 0x008,
    change_headers = 0x010,
    quarantine = 0x020,
    change_from = 0x040,
    add_rcpt_par = 0x080,
    set_symlist = 0x100,
};
template <>
inline constexpr bool is_flags<action> = true;

/// SMFIP_*: in the MTA's offer "I can do so", in the filter's answer "please do so".
///
/// `no_…` bits say "don't send me that", `silent_…` bits (SMFIP_NR_*) "I won't reply to that".
enum class option : std::uint32_t {
    none = 0,
    no_connect = 0x0000'0001,
    no_helo = 0x0000'0002,
    no_mail = 0x0000'0004,
    no_rcpt = 0x0000'0008,
    no_body = 0x0000'0010,
    no_headers = 0x0000'0020,
    no_end_of_headers = 0x0000'0040,
    silent_header = 0x0000'0080,
    no_unknown = 0x0000'0100,
    no_data = 0x0000'0200,
    skip = 0x0000'0400,
    rejected_rcpt = 0x0000'0800,
    silent_connect = 0x0000'1000,
    silent_helo = 0x0000'2000,
    silent_mail = 0x0000'4000,
    silent_rcpt = 0x0000'8000,
    silent_data = 0x0001'0000,
    silent_unknown = 0x0002'0000,
    silent_end_of_headers = 0x0004'0000,
    silent_body = 0x0008'0000,
    leading_space = 0x0010'0000,
    data_256k = 0x1000'0000,
    data_1m = 0x2000'0000,
};
template <>
inline constexpr bool is_flags<option> = true;

/// SMFIM_*: the points of a conversation at which the MTA defines macros.
// On the wire end of message is 5 and end of headers 6, though headers end first.
enum class stage : std::uint32_t {
    connect,
    helo,
    mail,
    rcpt,
    data,
    end_of_message,
    end_of_headers,
};

/// SMFIA_*: the kind of a client's address.
enum class family : char {
    unknown = 'U',
    local = 'L',  ///< SMFIA_UNIX (`unix` is a macro on many systems)
    inet = '4',
    inet6 = '6',
};

/// A value of one of these enums with its name here and in mfapi.h or mfdef.h.
template <class E>
struct named {
    E value;
    std::string_view name;
    std::string_view symbol;
};

// clang-format off
inline constexpr std::array<named<action>, 9> action_names{{
    {action::add_headers,    "add_headers",    "SMFIF_ADDHDRS"},
    {action::change_body,    "change_body",    "SMFIF_CHGBODY"},
    {action::add_rcpt,       "add_rcpt",       "SMFIF_ADDRCPT"},
    {action::delete_rcpt,    "delete_rcpt",    "SMFIF_DELRCPT"},
    {action::change_headers, "change_headers", "SMFIF_CHGHDRS"},
    {action::quarantine,     "quarantine",     "SMFIF_QUARANTINE"},
    {action::change_from,    "change_from",    "SMFIF_CHGFROM"},
    {action::add_rcpt_par,   "add_rcpt_par",   "SMFIF_ADDRCPT_PAR"},
    {action::set_symlist,    "set_symlist",    "SMFIF_SETSYMLIST"},
}};

inline constexpr std::array<named<option>, 23> option_names{{
    {option::no_connect,            "no_connect",            "SMFIP_NOCONNECT"},
    {option::no_helo,               "no_helo",               "SMFIP_NOHELO"},
    {option::no_mail,               "no_mail",               "SMFIP_NOMAIL"},
    {option::no_rcpt,               "no_rcpt",               "SMFIP_NORCPT"},
    {option::no_body,               "no_body",               "SMFIP_NOBODY"},
    {option::no_headers,            "no_headers",            "SMFIP_NOHDRS"},
    {option::no_end_of_headers,     "no_end_of_headers",     "SMFIP_NOEOH"},
    {option::silent_header,         "silent_header",         "SMFIP_NR_HDR"},
    {option::no_unknown,            "no_unknown",            "SMFIP_NOUNKNOWN"},
    {option::no_data,               "no_data",               "SMFIP_NODATA"},
    {option::skip,                  "skip",                  "SMFIP_SKIP"},
    {option::rejected_rcpt,         "rejected_rcpt",         "SMFIP_RCPT_REJ"},
    {option::silent_connect,        "silent_connect",        "SMFIP_NR_CONN"},
    {option::silent_helo,           "silent_helo",           "SMFIP_NR_HELO"},
    {option::silent_mail,           "silent_mail",           "SMFIP_NR_MAIL"},
    {option::silent_rcpt,           "silent_rcpt",           "SMFIP_NR_RCPT"},
    {option::silent_data,           "silent_data",           "SMFIP_NR_DATA"},
    {option::silent_unknown,        "silent_unknown",        "SMFIP_NR_UNKN"},
    {option::silent_end_of_headers, "silent_end_of_headers", "SMFIP_NR_EOH"},
    {option::silent_body,           "silent_body",           "SMFIP_NR_BODY"},
    {option::leading_space,         "leading_space",         "SMFIP_HDR_LEADSPC"},
    {option::data_256k,             "data_256k",             "SMFIP_MDS_256K"},
    {option::data_1m,               "data_1m",               "SMFIP_MDS_1M"},
}};

inline constexpr std::array<named<stage>, 7> stage_names{{
    {stage::connect,        "connect",        "SMFIM_CONNECT"},
    {stage::helo,           "helo",           "SMFIM_HELO"},
    {stage::mail,           "mail",           "SMFIM_ENVFROM"},
    {stage::rcpt,           "rcpt",           "SMFIM_ENVRCPT"},
    {stage::data,           "data",           "SMFIM_DATA"},
    {stage::end_of_message, "end_of_message", "SMFIM_EOM"},
    {stage::end_of_headers, "end_of_headers", "SMFIM_EOH"},
}};

inline constexpr std::array<named<family>, 4> family_names{{
    {family::unknown, "unknown", "SMFIA_UNKNOWN"},
    {family::local,   "local",   "SMFIA_UNIX"},
    {family::inet,    "inet",    "SMFIA_INET"},
    {family::inet6,   "inet6",   "SMFIA_INET6"},
}};
// clang-format on

namespace detail {

template <flags E, std::size_t N>
constexpr E all_of(const std::array<named<E>, N>& bits) noexcept {
    E all{};
    for (const auto& bit : bits) all |= bit.value;
    return all;
}

}  // namespace detail

/// The bits that an offer of 0 stands for (SMFI_V1_ACTS, SMFI_V1_PROT): so read libmilter's engine.c.
inline constexpr action v1_actions =
    action::add_headers | action::change_body | action::add_rcpt | action::delete_rcpt;
inline constexpr option v1_options = option::no_connect | option::no_helo | option::no_mail |
                                     option::no_rcpt | option::no_body | option::no_headers;

/// What versions 2, 3 and 4 have of the options. (Version 5 brought none.)
inline constexpr option v2_options = v1_options | option::no_end_of_headers;
inline constexpr option v3_options = v2_options | option::no_unknown;
inline constexpr option v4_options = v3_options | option::no_data;

/// Every action, and every option of protocol version 6 (SMFI_CURR_ACTS, SMFI_CURR_PROT). The data sizes
/// are no part of it: only MTAs built with _FFR_MDS_NEGOTIATE know them.
inline constexpr action all_actions = detail::all_of(action_names);
inline constexpr option all_options = detail::all_of(option_names) & ~(option::data_256k | option::data_1m);

/// The options that a version of the protocol has.
constexpr option options_of(std::uint32_t version) noexcept {
    if (version >= 6) return all_options;
    if (version >= 4) return v4_options;
    return version == 3 ? v3_options : version == 2 ? v2_options : v1_options;
}

/// The most payload bytes a frame may carry under these options. The larger of two sizes wins.
constexpr std::uint32_t data_size(option agreed) noexcept {
    if (has(agreed, option::data_1m)) return data_size_1m;
    if (has(agreed, option::data_256k)) return data_size_256k;
    return data_size_64k;
}

}  // namespace kilter
