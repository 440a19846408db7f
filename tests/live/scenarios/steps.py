# SPDX-License-Identifier: MIT
"""What a filter can ask for: steps left out or not waited for, macros, refused recipients, time."""

from .model import (
    EHLO,
    FIELDS,
    ONE,
    SENDER,
    Delivered,
    Mail,
    Say,
    Scenario,
    able,
    unavailable,
    usually,
)

TOLD = [
    "connect",
    "helo",
    "unknown",
    "mail",
    "rcpt",
    "data",
    *["header"] * len(FIELDS),
    "end_of_headers",
    "body",
    "end_of_message",
]
CLIENT = (EHLO, Say("XYZZY now", "unknown"), Mail())
SEEN = "on end_of_message add_header X-Seen yes\n"
SEEN_MAIL = Delivered(fields=["Received", *FIELDS, "X-Seen: yes"])

# The option's name for each command.
NAMES = {"header": "headers"}
STEPS = ["connect", "helo", "unknown", "mail", "rcpt", "data", "header", "end_of_headers", "body"]


def step(name, options, told):
    return Scenario(
        name.replace("_", "-"),
        f"options {options}\n{SEEN}",
        CLIENT,
        replies={"unknown": "500"},
        delivered=(SEEN_MAIL,),
        told=told,
    )


def without(*names):
    return [name for name in TOLD if name not in names]


def no(name):
    return f"no_{NAMES.get(name, name)}"


LEFT_OUT = [
    *[step(no(name), no(name), without(name)) for name in STEPS],
    step("no-steps-at-all", " ".join(map(no, STEPS)), ["end_of_message"]),
    step("no-envelope", "no_connect no_helo no_mail no_rcpt no_data no_unknown", TOLD[6:]),
    step("no-content", "no_headers no_end_of_headers no_body", [*TOLD[:6], "end_of_message"]),
]
SILENT = [
    *[step(f"silent-{name}", f"silent_{name}", TOLD) for name in STEPS],
    step("silent-at-all-steps", " ".join(f"silent_{name}" for name in STEPS), TOLD),
    Scenario(
        "silent-steps-and-reject",
        "options " + " ".join(f"silent_{name}" for name in STEPS) + "\n"
        "on end_of_message#1 reply_code 550 5.7.1 No\n",
        (EHLO, Mail(), Mail()),
        replies={"sent 1": "550 5.7.1 No"},
        delivered=(Delivered(2),),
    ),
    Scenario(
        "silent-steps-and-rset",
        "options silent_mail silent_rcpt silent_data\n" + SEEN,
        (
            EHLO,
            Say(f"MAIL FROM:{SENDER}", "begun"),
            Say(f"RCPT TO:{ONE}", "begun"),
            Say("RSET"),
            Mail(),
        ),
        delivered=(SEEN_MAIL,),
    ),
]

LARGE = Mail(body="0123456789abcd\r\n" * 20_000)  # five chunks
HEADERS = ["header"] * len(FIELDS)
ENVELOPE = ["connect", "helo", "mail", "rcpt", "data"]
SKIP_OF_HEADERS = (
    "SKIP at a header or at the end of headers: Postfix leaves out the other headers or nothing; "
    "Sendmail goes on with the headers and leaves out the body."
)


def skip(name, at, told, client=(EHLO, LARGE)):
    return Scenario(name, f"options skip\non {at} skip\n", client, told=told)


SKIPS = [
    skip(
        "skip-at-body", "body#1", [*ENVELOPE, *HEADERS, "end_of_headers", "body", "end_of_message"]
    ),
    skip(
        "skip-at-second-body",
        "body#2",
        [*ENVELOPE, *HEADERS, "end_of_headers", "body", "body", "end_of_message"],
    ),
    skip(
        "skip-at-header",
        "header#1",
        usually(
            [*ENVELOPE, "header", "end_of_headers", *["body"] * 5, "end_of_message"],
            SKIP_OF_HEADERS,
            sendmail=[*ENVELOPE, *HEADERS, "end_of_headers", "end_of_message"],
        ),
    ),
    skip(
        "skip-at-end-of-headers",
        "end_of_headers",
        usually(
            [*ENVELOPE, *HEADERS, "end_of_headers", *["body"] * 5, "end_of_message"],
            SKIP_OF_HEADERS,
            sendmail=[*ENVELOPE, *HEADERS, "end_of_headers", "end_of_message"],
        ),
    ),
    Scenario(
        "skip-in-one-mail-only",
        "options skip\non body#1 skip\n",
        (EHLO, LARGE, LARGE),
        delivered=(Delivered(1), Delivered(2)),
        told=[
            *ENVELOPE,
            *HEADERS,
            "end_of_headers",
            "body",
            "end_of_message",
            *ENVELOPE[2:],
            *HEADERS,
            "end_of_headers",
            *["body"] * 5,
            "end_of_message",
        ],
    ),
]

# The hurried server waits for two seconds.
SLOW = "on end_of_message wait 700\n"
TIME = [
    Scenario(
        "progress-for-longer-than-the-timeout",
        (SLOW + "on end_of_message progress\n") * 3 + SLOW + SEEN,
        how="hurried",
        delivered=(SEEN_MAIL,),
    ),
    Scenario(
        "no-progress-for-longer-than-the-timeout",
        SLOW * 4 + SEEN,
        how="hurried",
        replies={"sent 1": unavailable},
        delivered=(),
    ),
]

DEFAULT_MACROS = (
    "The macros that come without being asked for differ: Postfix sends a list, if empty, before "
    "every command; Sendmail only the lists of its configuration, none before header and body. "
    "Ask for those you need."
)
QUEUE_ID = (
    "The queue id, macro `i`, is there from MAIL with Sendmail; with Postfix only once a "
    "recipient was accepted, so from the second RCPT or DATA."
)
CLIENT_NAME = "The values of `{client_name}` and `{daemon_name}` are the MTA's own way to put it."
NOT_AGREED = (
    "A kilter filter doesn't ask for macros at end of message without asking for some at end of "
    "headers: `malformed macro lists`."
)
EMPTY_LIST = (
    "Asked for no macros at a stage, Sendmail sends none; Postfix sends those that it sends by "
    "default."
)
END_OF_MESSAGE_ONLY = (
    "Sendmail takes the list of macros for end of message only if there is one for end of "
    "headers, too."
)


def asked(name, *symbols, heard):
    return Scenario(name, "\n".join(symbols) + "\n", heard=heard)


# The default lists of macros.
MACROS = [
    Scenario(
        "macros-by-default",
        "",
        heard=usually(
            [
                'macro command=connect definitions=[j="mta.example" {daemon_name}="mta.example" '
                '{daemon_addr}="127.0.0.1" v="Postfix 3',
                "macro command=helo definitions=[]",
                'macro command=mail definitions=[{mail_addr}="sender@client.example" {mail_host}="',
                'macro command=rcpt definitions=[{rcpt_addr}="one@example.org" {rcpt_host}="',
                'macro command=data definitions=[i="',
                'macro command=header definitions=[i="',
                'macro command=end_of_headers definitions=[i="',
                'macro command=body definitions=[i="',
                'macro command=end_of_message definitions=[i="',
            ],
            DEFAULT_MACROS,
            sendmail=[
                'macro command=connect definitions=[j="mta.example" _="localhost [127.0.0.1]" '
                '{daemon_name}="MTA" {if_name}="localhost"]',
                "macro command=helo definitions=[]",
                'macro command=mail definitions=[i="',
                'macro command=rcpt definitions=[{rcpt_mailer}="relay" {rcpt_host}="[127.0.0.1]" '
                '{rcpt_addr}="one@example.org"]',
                'macro command=end_of_message definitions=[{msg_id}="',
            ],
            kilter=[
                'macro command=connect definitions=[j="mta.example" {daemon_name}="mta.example" '
                '{daemon_addr}="127.0.0.1" v="kilter" _="[127.0.0.1]"]',
                "macro command=helo definitions=[]",
                'macro command=mail definitions=[{mail_addr}="sender@client.example" {mail_host}="',
                'macro command=rcpt definitions=[{rcpt_addr}="one@example.org" {rcpt_host}="',
                'macro command=data definitions=[i="',
                'macro command=header definitions=[i="',
                'macro command=end_of_headers definitions=[i="',
                'macro command=body definitions=[i="',
                'macro command=end_of_message definitions=[i="',
            ],
        ),
    ),
    Scenario(
        "macro-of-the-queue-id-at-the-first-recipient",
        "on rcpt#1 proceed\n",
        heard=usually(
            ["macro command=rcpt definitions=[{rcpt_addr}", 'macro command=data definitions=[i="'],
            QUEUE_ID,
            sendmail=['macro command=mail definitions=[i="'],
        ),
    ),
    asked(
        "macros-asked-for-at-each-stage",
        "symbols connect j {client_addr}",
        "symbols helo {client_name}",
        "symbols mail {mail_addr}",
        "symbols rcpt {rcpt_addr}",
        "symbols data {daemon_name}",
        "symbols end_of_headers j",
        "symbols end_of_message {client_addr}",
        heard=[
            'macro command=connect definitions=[j="mta.example" {client_addr}="127.0.0.1"]',
            usually(
                'macro command=helo definitions=[{client_name}="unknown"]',
                CLIENT_NAME,
                sendmail='macro command=helo definitions=[{client_name}="localhost"]',
            ),
            'macro command=mail definitions=[{mail_addr}="sender@client.example"]',
            'macro command=rcpt definitions=[{rcpt_addr}="one@example.org"]',
            usually(
                'macro command=data definitions=[{daemon_name}="mta.example"]',
                CLIENT_NAME,
                sendmail='macro command=data definitions=[{daemon_name}="MTA"]',
            ),
            'macro command=end_of_headers definitions=[j="mta.example"]',
            'macro command=end_of_message definitions=[{client_addr}="127.0.0.1"]',
        ],
    ),
    Scenario(
        "macros-asked-for-at-end-of-message-only",
        "symbols end_of_message {client_addr}\non end_of_message echo_macros {client_addr}\n",
        replies=able({}, NOT_AGREED, kilter_filter={"mail 1": unavailable}),
        delivered=able(
            usually(
                (Delivered(fields=["Received", *FIELDS, "X-Macro-client_addr: 127.0.0.1"]),),
                END_OF_MESSAGE_ONLY,
                sendmail=(Delivered(),),
            ),
            NOT_AGREED,
            kilter_filter=(),
        ),
        heard=able([], NOT_AGREED, kilter_filter=["refused > negotiate: malformed macro lists"]),
    ),
    Scenario(
        "macros-of-an-empty-list",
        "symbols rcpt\n",
        heard=usually(
            ["> mail", "macro command=rcpt definitions=[{rcpt_addr}", "> rcpt"],
            EMPTY_LIST,
            sendmail=["> mail", "> rcpt"],
        ),
        not_heard=usually((), EMPTY_LIST, sendmail=("macro command=rcpt",)),
    ),
    asked(
        "macros-nobody-has",
        "symbols mail {no_such_macro} {mail_addr}",
        heard=['macro command=mail definitions=[{mail_addr}="sender@client.example"]'],
    ),
    Scenario(
        "macros-in-the-mail",
        "symbols connect j {client_addr}\nsymbols rcpt {rcpt_addr}\n"
        "on end_of_message echo_macros j {client_addr} {rcpt_addr} {no_such_macro}\n",
        delivered=(
            Delivered(
                fields=[
                    "Received",
                    *FIELDS,
                    "X-Macro-j: mta.example",
                    "X-Macro-client_addr: 127.0.0.1",
                    "X-Macro-rcpt_addr: one@example.org",
                ]
            ),
        ),
    ),
]

REJECTED = Mail(recipients=("<unknown@refused.example>", ONE))
REFUSAL_IN_MACROS = (
    "A recipient that the MTA refuses is told with `{rcpt_mailer}` = `error`; in `{rcpt_addr}`, "
    "Sendmail has the whole reply, Postfix only its text."
)
WITHOUT_THE_FILTER = (Delivered(recipients=(ONE,), fields=["Received", *FIELDS]),)
REJECTIONS = [
    Scenario(
        "recipient-refused-by-the-mta",
        SEEN,
        (EHLO, REJECTED),
        replies={"rcpt 1.1": "550"},
        delivered=(Delivered(recipients=(ONE,), fields=["Received", *FIELDS, "X-Seen: yes"]),),
        told=without("unknown"),
    ),
    Scenario(
        "rejected-rcpt",
        "options rejected_rcpt\n" + SEEN,
        (EHLO, REJECTED),
        replies={"rcpt 1.1": "550"},
        delivered=(Delivered(recipients=(ONE,), fields=["Received", *FIELDS, "X-Seen: yes"]),),
        told=[*TOLD[:2], "mail", "rcpt", "rcpt", *TOLD[5:]],
        heard=[
            usually(
                '{rcpt_host}="5.1.1" {rcpt_mailer}="error"]',
                REFUSAL_IN_MACROS,
                sendmail='{rcpt_mailer}="error" {rcpt_host}="5.1.1" {rcpt_addr}="550 5.1.1',
            ),
            'rcpt recipient="<unknown@refused.example>"',
            'rcpt recipient="<one@example.org>"',
        ],
    ),
    Scenario(
        "rejected-rcpt-that-the-filter-accepts",
        "options rejected_rcpt\non rcpt:<unknown@refused.example> proceed\n" + SEEN,
        (EHLO, REJECTED),
        replies={"rcpt 1.1": "550"},
        delivered=(Delivered(recipients=(ONE,), fields=["Received", *FIELDS, "X-Seen: yes"]),),
    ),
    Scenario(
        "accept-at-a-rejected-rcpt",
        "options rejected_rcpt\non rcpt:<unknown@refused.example> accept\n" + SEEN,
        (EHLO, REJECTED),
        replies={"rcpt 1.1": "550"},
        delivered=WITHOUT_THE_FILTER,
        told=[*TOLD[:2], "mail", "rcpt"],
    ),
    Scenario(
        "discard-at-a-rejected-rcpt",
        "options rejected_rcpt\non rcpt:<unknown@refused.example> discard\n" + SEEN,
        (EHLO, REJECTED),
        replies={"rcpt 1.1": "550"},
        delivered=usually(
            WITHOUT_THE_FILTER,
            "A filter that discards the message at a recipient that the MTA refuses gets nothing more "
            "of it. Sendmail throws the message away, Postfix delivers it to the other recipients.",
            sendmail=(),
        ),
        told=[*TOLD[:2], "mail", "rcpt"],
    ),
]

SCENARIOS = [*LEFT_OUT, *SILENT, *SKIPS, *TIME, *MACROS, *REJECTIONS]
