# SPDX-License-Identifier: MIT
"""Clients of every kind: what they say, and how they go."""

from dataclasses import replace

from .model import (
    EHLO,
    FIELDS,
    ONE,
    SENDER,
    TWO,
    AfterRefusedData,
    Cut,
    Delivered,
    Mail,
    Pipelined,
    Say,
    Scenario,
    Submitted,
    Vanish,
    able,
    unavailable,
    usually,
    utf8,
)
from .verdicts import WITH_ADDRESS

SEEN = "on end_of_message add_header X-Seen yes\n"
SEEN_FIELDS = ["Received", *FIELDS, "X-Seen: yes"]
HEADERS = ["header"] * len(FIELDS)
CONTENT = [*HEADERS, "end_of_headers", "body", "end_of_message"]
ENVELOPE = ["mail", "rcpt", "data"]
HELO = Say("HELO client.example")


def seen(number=1, **wanted):
    return Delivered(number, fields=SEEN_FIELDS, **wanted)


def scenario(name, *client, script=SEEN, delivered=(seen(),), **wanted):
    return Scenario(name, script, client, delivered=delivered, **wanted)


MANY = tuple(f"<r{number}@example.org>" for number in range(1000))
VERB = "Of an unknown SMTP command, Postfix 3.7 tells only the verb, Sendmail the whole line."
NO_ANSWER = (
    "A client may add a recipient after a DATA that the filter has refused. libmilter then leaves"
    " RCPT without an answer, and the MTA waits until it loses patience; kilter answers."
)
NO_UNKNOWN = (
    "Sendmail doesn't tell of unknown SMTP commands between the end of a mail and the next one or"
    " HELO."
)
NO_SMTPUTF8 = "Debian's Sendmail 8.17 has no SMTPUTF8: `555 5.5.4 SMTPUTF8 parameter unrecognized`."
ADDED_FIELDS = (
    "Fields that the MTA itself adds, From, Date and Message-Id of a mail that has none: Postfix "
    "tells them, Sendmail doesn't."
)
NO_8_BIT_ADDRESSES = (
    "Postfix refuses addresses that are neither ASCII nor UTF-8, `500 5.5.2 Error: bad UTF-8 "
    "syntax`; Sendmail takes any bytes."
)


SESSIONS = [
    scenario("helo-instead-of-ehlo", HELO, Mail(), told=["connect", "helo", *ENVELOPE, *CONTENT]),
    scenario(
        "helo-twice", EHLO, HELO, Mail(), told=["connect", "helo", "helo", *ENVELOPE, *CONTENT]
    ),
    scenario(
        "helo-after-a-mail",
        EHLO,
        Mail(),
        EHLO,
        Mail(),
        delivered=(seen(1), seen(2)),
        told=["connect", "helo", *ENVELOPE, *CONTENT, "helo", *ENVELOPE, *CONTENT],
    ),
    scenario(
        "helo-within-a-mail",
        EHLO,
        Say(f"MAIL FROM:{SENDER}", "begun"),
        Say(f"RCPT TO:{ONE}", "begun"),
        EHLO,
        Mail(),
        told=["connect", "helo", "mail", "rcpt", "helo", *ENVELOPE, *CONTENT],
    ),
    scenario(
        "helo-that-is-no-name",
        Say("HELO [127.0.0.1]"),
        Mail(),
        heard=['helo hostname="[127.0.0.1]"'],
    ),
    scenario(
        "reset-within-a-mail",
        EHLO,
        Say(f"MAIL FROM:{SENDER}", "begun"),
        Say(f"RCPT TO:{ONE}", "begun"),
        Say("RSET"),
        Mail(),
        told=["connect", "helo", "mail", "rcpt", *ENVELOPE, *CONTENT],
        heard=["> abort"],
    ),
    scenario(
        "noop-and-vrfy", EHLO, Say("NOOP"), Mail(), told=["connect", "helo", *ENVELOPE, *CONTENT]
    ),
    scenario(
        "unknown-command",
        EHLO,
        Say("XYZZY now and then", "unknown"),
        Mail(),
        replies={"unknown": "500"},
        heard=[usually('unknown line="XYZZY"', VERB, sendmail='unknown line="XYZZY now and then"')],
    ),
    scenario(
        "unknown-commands-everywhere",
        Say("XYZZY", "unknown"),
        EHLO,
        Say("XYZZY", "unknown"),
        Mail(),
        Say("XYZZY", "unknown"),
        Mail(),
        replies={label: "500" for label in ("unknown", "unknown #2", "unknown #3")},
        delivered=(seen(1), seen(2)),
        told=usually(
            [
                "connect",
                "unknown",
                "helo",
                "unknown",
                *ENVELOPE,
                *CONTENT,
                "unknown",
                *ENVELOPE,
                *CONTENT,
            ],
            NO_UNKNOWN,
            sendmail=[
                "connect",
                "unknown",
                "helo",
                "unknown",
                *ENVELOPE,
                *CONTENT,
                *ENVELOPE,
                *CONTENT,
            ],
        ),
    ),
    scenario(
        "unknown-command-within-a-mail",
        EHLO,
        Say(f"MAIL FROM:{SENDER}", "begun"),
        Say("XYZZY", "unknown"),
        Say("RSET"),
        Mail(),
        replies={"unknown": "500"},
        told=["connect", "helo", "mail", "unknown", *ENVELOPE, *CONTENT],
    ),
    scenario(
        "pipelined",
        EHLO,
        Pipelined(recipients=(ONE, TWO)),
        Pipelined(),
        delivered=(seen(1), seen(2)),
    ),
    scenario(
        "pipelined-and-refused-recipient",
        EHLO,
        Pipelined(recipients=(ONE, TWO)),
        Pipelined(),
        script=SEEN + "on rcpt#1 reply_code 550 5.7.1 No\n",
        replies={
            "rcpt 1.1": usually("550 5.7.1 No", WITH_ADDRESS, sendmail=f"550 5.7.1 {ONE}... No")
        },
        delivered=(seen(1, recipients=(TWO,)), seen(2)),
    ),
    scenario(
        "recipient-after-data-was-refused",
        EHLO,
        AfterRefusedData(recipients=(ONE, TWO)),
        script=SEEN + "on data#1 reply_code 450 4.7.1 Later\n",
        replies=able(
            {"data 1": "450 4.7.1 Later"},
            NO_ANSWER,
            libmilter_filter={
                "data 1": "450 4.7.1 Later",
                "rcpt 1.2": unavailable,
                "data 1 #2": unavailable,
            },
        ),
        delivered=able((seen(),), NO_ANSWER, libmilter_filter=()),
        told=able(
            ["connect", "helo", "mail", "rcpt", "data", "rcpt", "data", *CONTENT],
            NO_ANSWER,
            libmilter_filter=["connect", "helo", "mail", "rcpt", "data"],
        ),
        how="hurried",
    ),
    scenario(
        "many-mails", EHLO, *[Mail()] * 50, delivered=tuple(seen(number) for number in range(1, 51))
    ),
    scenario(
        "many-recipients",
        EHLO,
        Mail(recipients=MANY),
        told=["connect", "helo", "mail", *["rcpt"] * 1000, "data", *CONTENT],
    ),
]


def content(
    name, mail, *, script="", told=None, heard=None, replies=None, delivered=None, **wanted
):
    """One mail, and what is delivered of it."""
    arrives = (Delivered(**wanted),) if delivered is None else delivered
    return Scenario(name, script, (EHLO, mail), replies or {}, arrives, told=told, heard=heard)


def told_of(headers, bodies):
    return [
        "connect",
        "helo",
        *ENVELOPE,
        *["header"] * headers,
        "end_of_headers",
        *["body"] * bodies,
        "end_of_message",
    ]


def lines_of(size):
    """A body of this many bytes."""
    return ("x" * 62 + "\r\n") * (size // 64 - 1) + "y" * (64 + size % 64 - 2) + "\r\n"


CHUNK = 65_535
ALL_BYTES = "".join(map(chr, (byte for byte in range(1, 256) if byte not in b"\r\n")))

CONTENTS = [
    content("empty-body", Mail(body=""), told=told_of(len(FIELDS), 0)),
    content("body-of-one-chunk", Mail(body=lines_of(CHUNK)), told=told_of(len(FIELDS), 1)),
    content(
        "body-of-one-chunk-and-a-byte", Mail(body=lines_of(CHUNK + 1)), told=told_of(len(FIELDS), 2)
    ),
    content(
        "body-of-10-mb",
        Mail(body=lines_of(10_000_000)),
        told=told_of(len(FIELDS), -(-10_000_000 // CHUNK)),
    ),
    content("body-of-all-bytes", Mail(body=f"{ALL_BYTES}\r\n")),
    content(
        "header-of-8-bit-bytes",
        Mail(fields=(*FIELDS, "X-Bytes: \x80\xa0\xff")),
        heard=[r'header name="X-Bytes" value="\x80\xa0\xff"'],
    ),
    content(
        "header-in-utf8",
        Mail(fields=(*FIELDS, utf8("X-Text: Café"))),
        heard=[r'header name="X-Text" value="Caf\xc3\xa9"'],
    ),
    content(
        "header-without-value",
        Mail(fields=(*FIELDS, "X-Empty:")),
        heard=['header name="X-Empty" value=""'],
    ),
    content(
        "header-with-percent", Mail(fields=(*FIELDS, "X-Percent: 100%s")), heard=['value="100%s"']
    ),
    content(
        "folded-header",
        Mail(fields=(*FIELDS, "X-Folded: one\r\n\ttwo\r\n three")),
        heard=[r'header name="X-Folded" value="one\n\ttwo\n three"'],
    ),
    content("long-header", Mail(fields=(*FIELDS, "X-Long: " + "\r\n\t".join(["x" * 900] * 20)))),
    content(
        "header-in-many-fields",
        Mail(fields=(*FIELDS, *(f"X-{number}: {number}" for number in range(500)))),
        told=told_of(len(FIELDS) + 500, 1),
    ),
    content("null-sender", Mail(sender="<>"), heard=['mail sender="<>" args=[]']),
    content(
        "sender-without-brackets",
        Mail(sender="sender@client.example"),
        heard=['mail sender="sender@client.example"'],
    ),
    content(
        "sender-with-arguments",
        Mail(args=" SIZE=1000 BODY=8BITMIME RET=HDRS ENVID=abc"),
        heard=['args=["SIZE=1000" "BODY=8BITMIME" "RET=HDRS" "ENVID=abc"]'],
        sender_args=["RET=HDRS", "ENVID=abc"],
    ),
    content(
        "recipient-with-arguments",
        Mail(recipients=(f"{ONE} NOTIFY=NEVER ORCPT=rfc822;first@example.org",)),
        heard=[f'rcpt recipient="{ONE}" args=["NOTIFY=NEVER" "ORCPT=rfc822;first@example.org"]'],
        recipients=(ONE,),
        recipient_args={"one@example.org": ["NOTIFY=NEVER", "ORCPT=rfc822;first@example.org"]},
    ),
    content(
        "address-in-other-case",
        Mail(recipients=("<One@Example.Org>",)),
        heard=['rcpt recipient="<One@Example.Org>"'],
        recipients=("<One@Example.Org>",),
    ),
    content(
        "quoted-address",
        Mail(recipients=('<"one two"@example.org>',)),
        heard=[r'rcpt recipient="<\"one two\"@example.org>"'],
    ),
    content(
        "smtputf8",
        Mail(
            sender=utf8("<jörg@client.example>"),
            args=" SMTPUTF8",
            recipients=(utf8("<bücher@example.org>"),),
            fields=(*FIELDS, utf8("X-Text: Café")),
        ),
        heard=able(
            [
                r'mail sender="<j\xc3\xb6rg@client.example>" args=["SMTPUTF8"]',
                r'rcpt recipient="<b\xc3\xbccher@example.org>"',
            ],
            NO_SMTPUTF8,
            sendmail=[],
        ),
        replies=able({}, NO_SMTPUTF8, sendmail={"mail 1": "555"}),
        delivered=able((Delivered(),), NO_SMTPUTF8, sendmail=()),
    ),
    content(
        "8-bit-addresses",
        Mail(sender="<s\xe4nder@client.example>", recipients=("<\xf6ne@example.org>",)),
        heard=able(
            [r'mail sender="<s\xe4nder@client.example>"', r'rcpt recipient="<\xf6ne@example.org>"'],
            NO_8_BIT_ADDRESSES,
            postfix=[],
        ),
        replies=able({}, NO_8_BIT_ADDRESSES, postfix={"mail 1": "500"}),
        delivered=able((Delivered(),), NO_8_BIT_ADDRESSES, postfix=()),
    ),
    content(
        "utf8-addresses-without-smtputf8",
        Mail(sender=utf8("<jörg@client.example>"), recipients=(utf8("<bücher@example.org>"),)),
        heard=[r'mail sender="<j\xc3\xb6rg@client.example>"'],
    ),
    content(
        "no-header",
        Mail(fields=(), body="MARK@\r\n"),
        script=SEEN,
        fields=Delivered.ANY,
        told=usually(told_of(0, 1), ADDED_FIELDS, postfix=told_of(3, 1)),
    ),
]


def gone(name, *client, told):
    return Scenario(f"client-gone-{name}", SEEN, client, delivered=(), told=told)


GONE = [
    gone("at-the-banner", Vanish(), told=["connect"]),
    gone("after-helo", EHLO, Vanish(), told=["connect", "helo"]),
    gone(
        "after-mail",
        EHLO,
        Say(f"MAIL FROM:{SENDER}", "mail"),
        Vanish(),
        told=["connect", "helo", "mail"],
    ),
    gone(
        "after-rcpt",
        EHLO,
        Say(f"MAIL FROM:{SENDER}", "mail"),
        Say(f"RCPT TO:{ONE}", "rcpt"),
        Vanish(),
        told=["connect", "helo", "mail", "rcpt"],
    ),
    gone(
        "after-data",
        EHLO,
        Say(f"MAIL FROM:{SENDER}", "mail"),
        Say(f"RCPT TO:{ONE}", "rcpt"),
        Say("DATA"),
        Vanish(),
        told=["connect", "helo", "mail", "rcpt", "data"],
    ),
    gone("within-the-content", EHLO, Cut(), told=["connect", "helo", "mail", "rcpt", "data"]),
    replace(
        gone("after-a-mail", EHLO, Mail(), Vanish(), told=["connect", "helo", *ENVELOPE, *CONTENT]),
        delivered=(seen(),),
    ),
]

WITHOUT = [
    Scenario(
        "no-filter-there",
        None,
        (EHLO, Mail(), Mail()),
        {"mail 1": unavailable, "mail 2": unavailable},
        (),
    ),
    Scenario(
        "filter-gone-at-negotiate",
        "on negotiate close\n",
        (EHLO, Mail(), Mail()),
        {"mail 1": unavailable, "mail 2": unavailable},
        (),
        told=[],
    ),
    Scenario(
        "filter-gone-at-second-mail",
        SEEN + "on mail#2 close\n",
        (EHLO, Mail(), Mail()),
        {"mail 2": unavailable},
        (seen(1),),
    ),
    Scenario(
        "filter-gone-within-a-body",
        SEEN + "on body#2 close\n",
        (
            EHLO,
            Mail(body=lines_of(200_000)),
        ),
        {"sent 1": unavailable},
        (),
    ),
    Scenario(
        "filter-gone-after-changes",
        "on end_of_message add_header X-Added yes\non end_of_message close\n",
        (EHLO, Mail()),
        {"sent 1": unavailable},
        (),
    ),
]

BARE = (
    "Mail of the `sendmail` command comes from the host `localhost`; Postfix tells its addresses "
    "without angle brackets, even if the client of `sendmail -bs` has given them."
)
HANDED_ON = (
    "Mail of `sendmail -bs` has two Received fields of Postfix's own; the filter is told one of "
    "them."
)
TOLD_BARE = usually(
    [
        'connect hostname="localhost"',
        'mail sender="<sender@client.example>"',
        'rcpt recipient="<one@example.org>"',
    ],
    BARE,
    postfix=[
        'connect hostname="localhost"',
        'mail sender="sender@client.example"',
        'rcpt recipient="one@example.org"',
    ],
)
SUBMITTED = [
    Scenario(
        "sendmail-command",
        SEEN,
        (Submitted(),),
        delivered=(seen(),),
        how="sendmail",
        heard=TOLD_BARE,
    ),
    Scenario(
        "sendmail-command-with-recipients",
        SEEN,
        (Submitted(recipients=(ONE, TWO)),),
        delivered=(seen(),),
        how="sendmail",
    ),
    Scenario(
        "sendmail-command-with-null-sender",
        SEEN,
        (Submitted(sender="<>"),),
        delivered=(seen(),),
        how="sendmail",
        heard=[usually('mail sender="<>"', BARE, postfix='mail sender=""')],
    ),
    Scenario(
        "sendmail-bs",
        SEEN,
        (EHLO, Mail()),
        how="sendmail -bs",
        heard=TOLD_BARE,
        delivered=usually(
            (seen(),), HANDED_ON, postfix=(Delivered(fields=["Received", *SEEN_FIELDS]),)
        ),
    ),
]

SCENARIOS = [*SESSIONS, *CONTENTS, *GONE, *WITHOUT, *SUBMITTED]
