// SPDX-License-Identifier: MIT
// How MTAs differ: data that the examples follow, without asking whose it is.
#pragma once

#include <array>
#include <cstdint>
#include <kilter/negotiation.hpp>
#include <kilter/views.hpp>
#include <string>
#include <string_view>

#include "failure.hpp"

namespace mta {

/// Where add_header puts a field.
enum class added { in_front_of_same_name, at_end };

/// What an MTA does its own way.
struct profile {
    std::string_view name;

    // What it says.
    kilter::tolerance tolerance;
    std::array<kilter::symbol, 7> macros;  ///< those of each stage, if the filter doesn't ask for others
    bool empty_list_means_own;             ///< a filter can't ask for no macros at all
    /// A filter's list for end_of_message counts only if it has one for end_of_headers; and if it has only
    /// the latter, that for end_of_message is empty.
    bool last_lists_together;
    bool macros_of_empty_lists;  ///< macros are said even if there are none to say
    bool macros_in_content;      ///< also before each header, piece of the body and unknown command
    bool queue_id_with_mail;     ///< macro `i` is there from MAIL, else once a recipient is taken
    bool rejected_rcpt_reply;    ///< `{rcpt_addr}` of a refused recipient is the whole reply, else its text
    bool ipv6_prefix;            ///< `IPv6:` before the client's address
    bool abort_after_message;    ///< abort is said after each message and RSET, else only within a message
    bool quit_after_connection;  ///< quit is said when the filter has decided on the whole connection
    bool whole_unknown_line;     ///< else the verb of an unknown command alone

    // What it does with modifications.
    added add_header;
    std::uint32_t hidden_fields;  ///< that insert_header counts between its own Received and the mail's
    bool deleted_keep_index;      ///< a deleted field still counts in change_header, and may come back
    bool keeps_spelling;          ///< change_header leaves the name as it was spelled
    bool adds_known_recipients;   ///< add_rcpt of a recipient that is there already makes it two
    bool empty_sender_is_null;    ///< change_from takes an empty text for `<>`, else it is ignored
    bool ends_last_line;          ///< a new body gets a line end if it has none
};

/// Postfix 3.7. (milter8.c, cleanup_milter.c.)
inline constexpr profile postfix{
    .name = "postfix",
    .tolerance = {.newest = 0},
    .macros = {{
        {kilter::stage::connect, "j {daemon_name} {daemon_addr} v _"},
        {kilter::stage::helo, "{tls_version} {cipher} {cipher_bits} {cert_subject} {cert_issuer}"},
        {kilter::stage::mail,
         "i {auth_type} {auth_authen} {auth_author} {mail_addr} {mail_host} {mail_mailer}"},
        {kilter::stage::rcpt, "i {rcpt_addr} {rcpt_host} {rcpt_mailer}"},
        {kilter::stage::data, "i"},
        {kilter::stage::end_of_message, "i"},
        {kilter::stage::end_of_headers, "i"},
    }},
    .empty_list_means_own = true,
    .last_lists_together = false,
    .macros_of_empty_lists = true,
    .macros_in_content = true,
    .queue_id_with_mail = false,
    .rejected_rcpt_reply = false,
    .ipv6_prefix = false,
    .abort_after_message = true,
    .quit_after_connection = false,
    .whole_unknown_line = false,
    .add_header = added::at_end,
    .hidden_fields = 0,
    .deleted_keep_index = false,
    .keeps_spelling = false,
    .adds_known_recipients = true,
    .empty_sender_is_null = true,
    .ends_last_line = true,
};

/// Sendmail 8.17 with the standard configuration. (milter.c, headers.c.)
inline constexpr profile sendmail{
    .name = "sendmail",
    .tolerance = {.other_options = false},
    .macros = {{
        {kilter::stage::connect, "j _ {daemon_name} {if_name} {if_addr}"},
        {kilter::stage::helo, "{tls_version} {cipher} {cipher_bits} {cert_subject} {cert_issuer}"},
        {kilter::stage::mail,
         "i {auth_type} {auth_authen} {auth_ssf} {auth_author} {mail_mailer} {mail_host} {mail_addr}"},
        {kilter::stage::rcpt, "{rcpt_mailer} {rcpt_host} {rcpt_addr}"},
        {kilter::stage::data, ""},
        {kilter::stage::end_of_message, "{msg_id}"},
        {kilter::stage::end_of_headers, ""},
    }},
    .empty_list_means_own = false,
    .last_lists_together = true,
    .macros_of_empty_lists = false,
    .macros_in_content = false,
    .queue_id_with_mail = true,
    .rejected_rcpt_reply = true,
    .ipv6_prefix = true,
    .abort_after_message = false,
    .quit_after_connection = true,
    .whole_unknown_line = true,
    .add_header = added::in_front_of_same_name,
    .hidden_fields = 7,
    .deleted_keep_index = true,
    .keeps_spelling = true,
    .adds_known_recipients = false,
    .empty_sender_is_null = false,
    .ends_last_line = false,
};

inline constexpr std::array profiles{&postfix, &sendmail};

/// The profile that a user asks for.
inline const profile& profile_of(std::string_view name) {
    for (const auto* known : profiles)
        if (known->name == name) return *known;
    throw failure{"no such profile: " + std::string{name} + " (postfix or sendmail)"};
}

}  // namespace mta
