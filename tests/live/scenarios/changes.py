# SPDX-License-Identifier: MIT
"""Every change that a filter can make to a mail."""

from .model import (
    EHLO,
    FIELDS,
    ONE,
    TWO,
    Delivered,
    Mail,
    Scenario,
    usually,
    utf8,
)

SAME = ["X-Same: first", "X-Other: other", "X-Same: second", "X-Same: third"]
TOP = "Received"


def at_the_end(*statements):
    return "".join(f"on end_of_message {statement}\n" for statement in statements)


def header(name, *statements, fields=FIELDS, wanted, options="", heard=None):
    return Scenario(
        name,
        options + at_the_end(*statements),
        (EHLO, Mail(fields=tuple(fields))),
        delivered=(Delivered(fields=wanted),),
        heard=heard,
    )


def of_same(name, *statements, wanted):
    """A change to a mail with several fields of one name."""
    return header(name, *statements, fields=[*FIELDS, *SAME], wanted=wanted)


def same(*fields):
    return [TOP, *FIELDS, *fields]


FRONT = (
    "Sendmail puts an added field in front of the first one of its name, even of a deleted one; "
    "Postfix puts it at the end. To be sure of the place, use `insert_header`."
)
POSITIONS = (
    "`insert_header` in the middle: Postfix counts the fields of the mail that it delivers, its "
    "own Received, too; Sendmail's count has some that nobody sees. Only 0, the top, and a large "
    "number, the end, are sure."
)
LINE_LENGTH = (
    "Postfix folds what is longer than 998 bytes when it passes a mail on; Sendmail leaves it."
)
TWICE = (
    "A recipient that is added though it is there gets the mail twice from Postfix, and once from"
    " Sendmail."
)
PLACE_KEPT = (
    "A field that was deleted keeps its number with Sendmail until the message ends; with Postfix"
    " the later ones move up. Delete from the last to the first."
)
SPELLING = (
    "`change_header` under another spelling of the name: Postfix writes the new one, Sendmail "
    "keeps the old."
)

LONG = "x" * 900 + " " + "y" * 900

HEADERS = [
    header("add-header", "add_header X-Added yes", wanted=[TOP, *FIELDS, "X-Added: yes"]),
    header(
        "add-headers",
        "add_header X-A 1",
        "add_header X-B 2",
        "add_header X-C 3",
        wanted=[TOP, *FIELDS, "X-A: 1", "X-B: 2", "X-C: 3"],
    ),
    of_same(
        "add-header-of-a-name-that-is-there",
        "add_header X-Same added",
        wanted=usually(same(*SAME, "X-Same: added"), FRONT, sendmail=same("X-Same: added", *SAME)),
    ),
    header("add-empty-header", 'add_header X-Empty ""', wanted=[TOP, *FIELDS, "X-Empty: "]),
    header(
        "add-folded-header",
        r'add_header X-Folded "one\n\ttwo\n three"',
        wanted=[TOP, *FIELDS, "X-Folded: one\r\n\ttwo\r\n three"],
    ),
    header(
        "add-long-header",
        f'add_header X-Long "{LONG}"',
        wanted=usually(
            [TOP, *FIELDS, f"X-Long: {LONG}"],
            LINE_LENGTH,
            postfix=[TOP, *FIELDS, f"X-Long: {LONG[:990]}\r\n {LONG[990:]}"],
        ),
    ),
    header(
        "add-utf8-header",
        utf8('add_header X-Text "Café"'),
        wanted=[TOP, *FIELDS, utf8("X-Text: Café")],
    ),
    header(
        "add-8-bit-header",
        r'add_header X-Bytes "\x80\xa0\xff"',
        wanted=[TOP, *FIELDS, "X-Bytes: \x80\xa0\xff"],
    ),
    header(
        "add-percent-header",
        "add_header X-Percent 100%s",
        wanted=[TOP, *FIELDS, "X-Percent: 100%s"],
    ),
    header(
        "insert-header-at-the-top", "insert_header 0 X-New yes", wanted=["X-New: yes", TOP, *FIELDS]
    ),
    header("insert-header-at-1", "insert_header 1 X-New yes", wanted=[TOP, "X-New: yes", *FIELDS]),
    header(
        "insert-header-at-3",
        "insert_header 3 X-New yes",
        wanted=usually(
            [TOP, *FIELDS[:2], "X-New: yes", *FIELDS[2:]],
            POSITIONS,
            sendmail=[TOP, "X-New: yes", *FIELDS],
        ),
    ),
    header(
        "insert-header-beyond-the-end",
        "insert_header 1000 X-New yes",
        wanted=[TOP, *FIELDS, "X-New: yes"],
    ),
    header(
        "insert-headers-at-the-top",
        "insert_header 0 X-A 1",
        "insert_header 0 X-B 2",
        wanted=["X-B: 2", "X-A: 1", TOP, *FIELDS],
    ),
    header(
        "insert-folded-header",
        r'insert_header 0 X-Folded "one\n\ttwo"',
        wanted=["X-Folded: one\r\n\ttwo", TOP, *FIELDS],
    ),
    of_same(
        "insert-header-of-a-name-that-is-there",
        "insert_header 1000 X-Same new",
        wanted=same(*SAME, "X-Same: new"),
    ),
    header(
        "change-header",
        'change_header 1 Subject "Good evening"',
        wanted=[TOP, *FIELDS[:2], "Subject: Good evening", *FIELDS[3:]],
    ),
    header(
        "change-header-spelt-otherwise",
        "change_header 1 SUBJECT new",
        wanted=usually(
            [TOP, *FIELDS[:2], "SUBJECT: new", *FIELDS[3:]],
            SPELLING,
            sendmail=[TOP, *FIELDS[:2], "Subject: new", *FIELDS[3:]],
        ),
    ),
    header(
        "change-header-to-folded",
        r'change_header 1 Subject "one\n\ttwo"',
        wanted=[TOP, *FIELDS[:2], "Subject: one\r\n\ttwo", *FIELDS[3:]],
    ),
    header(
        "change-folded-header",
        "change_header 1 X-Folded plain",
        fields=[*FIELDS, "X-Folded: one\r\n\ttwo"],
        wanted=[TOP, *FIELDS, "X-Folded: plain"],
        heard=[r'header name="X-Folded" value="one\n\ttwo"'],
    ),
    header(
        "change-header-that-is-not-there",
        "change_header 1 X-New yes",
        wanted=[TOP, *FIELDS, "X-New: yes"],
    ),
    of_same(
        "change-first-of-a-name",
        "change_header 1 X-Same new",
        wanted=same("X-Same: new", *SAME[1:]),
    ),
    of_same(
        "change-second-of-a-name",
        "change_header 2 X-Same new",
        wanted=same(*SAME[:2], "X-Same: new", SAME[3]),
    ),
    of_same(
        "change-one-more-of-a-name",
        "change_header 4 X-Same new",
        wanted=usually(same(*SAME, "X-Same: new"), FRONT, sendmail=same("X-Same: new", *SAME)),
    ),
    header(
        "delete-header",
        'change_header 1 Subject ""',
        wanted=[TOP, *FIELDS[:2], *FIELDS[3:]],
    ),
    header("delete-header-that-is-not-there", 'change_header 1 X-None ""', wanted=[TOP, *FIELDS]),
    of_same(
        "delete-second-of-a-name",
        'change_header 2 X-Same ""',
        wanted=same(*SAME[:2], SAME[3]),
    ),
    of_same(
        "delete-all-of-a-name-from-the-last",
        'change_header 3 X-Same ""',
        'change_header 2 X-Same ""',
        'change_header 1 X-Same ""',
        wanted=same("X-Other: other"),
    ),
    of_same(
        "delete-two-of-a-name-from-the-first",
        'change_header 1 X-Same ""',
        'change_header 2 X-Same ""',
        wanted=usually(same(*SAME[1:3]), PLACE_KEPT, sendmail=same(SAME[1], SAME[3])),
    ),
    of_same(
        "delete-and-add",
        'change_header 3 X-Same ""',
        'change_header 2 X-Same ""',
        'change_header 1 X-Same ""',
        "add_header X-Same new",
        wanted=usually(
            same("X-Other: other", "X-Same: new"),
            FRONT,
            sendmail=same("X-Same: new", "X-Other: other"),
        ),
    ),
    header(
        "change-received-of-another-server",
        "change_header 1 Received changed",
        fields=["Received: from far.example; Thu, 01 Jan 2026 12:00:00 +0000", *FIELDS],
        wanted=[TOP, "Received: changed", *FIELDS],
    ),
    header(
        "header-values-without-leading-space",
        "add_header X-Added yes",
        "insert_header 0 X-Top yes",
        fields=[*FIELDS, "X-None:none", "X-Two:  two", "X-Tab:\ttab", "X-Empty:"],
        wanted=[
            "X-Top: yes",
            TOP,
            *FIELDS,
            "X-None:none",
            "X-Two:  two",
            "X-Tab:\ttab",
            "X-Empty:",
            "X-Added: yes",
        ],
        heard=[
            '"X-None" value="none"',
            '"X-Two" value=" two"',
            r'"X-Tab" value="\ttab"',
            '"X-Empty" value=""',
        ],
    ),
    header(
        "header-values-with-leading-space",
        "add_header X-Added yes",
        "insert_header 0 X-Top yes",
        "change_header 1 Subject new",
        options="options leading_space\n",
        fields=[*FIELDS, "X-None:none", "X-Two:  two", "X-Tab:\ttab", "X-Empty:"],
        wanted=[
            "X-Top: yes",
            TOP,
            *FIELDS[:2],
            "Subject: new",
            *FIELDS[3:],
            "X-None:none",
            "X-Two:  two",
            "X-Tab:\ttab",
            "X-Empty:",
            "X-Added: yes",
        ],
        heard=[
            '"X-None" value="none"',
            '"X-Two" value="',
            r'"X-Tab" value="\ttab"',
            '"X-Empty" value=""',
        ],
    ),
]


def envelope(name, *statements, mail=Mail(), **wanted):
    return Scenario(name, at_the_end(*statements), (EHLO, mail), delivered=(Delivered(**wanted),))


BOTH = Mail(recipients=(ONE, TWO))
THREE = "<three@example.org>"

ENVELOPES = [
    envelope(
        "change-sender", "change_from <other@client.example>", sender="<other@client.example>"
    ),
    envelope(
        "change-sender-with-arguments",
        'change_from <other@client.example> "RET=HDRS ENVID=abc"',
        sender="<other@client.example>",
        sender_args=["RET=HDRS", "ENVID=abc"],
    ),
    envelope(
        "change-sender-without-brackets",
        "change_from other@client.example",
        sender="<other@client.example>",
    ),
    envelope("change-sender-to-null", "change_from <>", sender="<>"),
    envelope(
        "change-null-sender",
        "change_from <other@client.example>",
        mail=Mail(sender="<>"),
        sender="<other@client.example>",
    ),
    envelope(
        "change-sender-twice",
        "change_from <first@client.example>",
        "change_from <second@client.example>",
        sender="<second@client.example>",
    ),
    envelope("add-recipient", "add_rcpt <two@example.org>", recipients=(ONE, TWO)),
    envelope("add-recipient-without-brackets", "add_rcpt two@example.org", recipients=(ONE, TWO)),
    envelope(
        "add-recipients",
        "add_rcpt <two@example.org>",
        "add_rcpt <three@example.org>",
        recipients=(ONE, TWO, THREE),
    ),
    envelope(
        "add-recipient-that-is-there",
        "add_rcpt <one@example.org>",
        recipients=usually((ONE, ONE), TWICE, sendmail=(ONE,)),
    ),
    envelope(
        "add-recipient-with-arguments",
        'add_rcpt_par <two@example.org> "NOTIFY=NEVER"',
        recipients=(ONE, TWO),
        recipient_args={"two@example.org": ["NOTIFY=NEVER"]},
    ),
    envelope(
        "add-recipient-with-original",
        'add_rcpt_par <two@example.org> "NOTIFY=FAILURE ORCPT=rfc822;first@example.org"',
        recipients=(ONE, TWO),
        recipient_args={"two@example.org": ["NOTIFY=FAILURE", "ORCPT=rfc822;first@example.org"]},
    ),
    envelope("delete-recipient", "delete_rcpt <one@example.org>", mail=BOTH, recipients=(TWO,)),
    envelope(
        "delete-recipient-without-brackets",
        "delete_rcpt one@example.org",
        mail=BOTH,
        recipients=(TWO,),
    ),
    envelope("delete-recipient-that-is-not-there", "delete_rcpt <none@example.org>", mail=BOTH),
    envelope(
        "delete-recipient-with-local-part-in-other-case", "delete_rcpt <One@example.org>", mail=BOTH
    ),
    envelope(
        "delete-recipient-with-domain-in-other-case", "delete_rcpt <one@Example.Org>", mail=BOTH
    ),
    envelope(
        "replace-recipient",
        "delete_rcpt <one@example.org>",
        "add_rcpt <two@example.org>",
        recipients=(TWO,),
    ),
    envelope(
        "delete-recipient-and-add-it-again",
        "delete_rcpt <one@example.org>",
        "add_rcpt <one@example.org>",
        recipients=(ONE,),
    ),
    Scenario(
        "delete-all-recipients",
        "on end_of_message#1 delete_rcpt <one@example.org>\n",
        (EHLO, Mail(), Mail()),
        delivered=(Delivered(2),),
    ),
]


def body(name, *statements, wanted, mail=Mail()):
    return Scenario(
        name, at_the_end(*statements), (EHLO, mail), delivered=(Delivered(body=wanted),)
    )


MANY = 400_000

BODIES = [
    body("replace-body", r'replace_body "New.\r\n"', wanted="New.\r\n"),
    body("replace-body-by-nothing", 'replace_body ""', wanted=""),
    body(
        "replace-body-in-pieces",
        r'replace_body "one\r\ntwo\r" "\nthree\r\n"',
        wanted="one\r\ntwo\r\nthree\r\n",
    ),
    body(
        "replace-body-by-more",
        f"replace_body_lines {MANY}",
        wanted="".join(f"line {number:06}\r\n" for number in range(1, MANY + 1)),
    ),
    body(
        "replace-large-body",
        r'replace_body "New.\r\n"',
        mail=Mail(body="0123456789\r\n" * 100_000),
        wanted="New.\r\n",
    ),
    body("replace-empty-body", r'replace_body "New.\r\n"', mail=Mail(body=""), wanted="New.\r\n"),
    body(
        "replace-body-with-dots",
        r'replace_body ".\r\n..\r\n.end\r\n"',
        wanted=".\r\n..\r\n.end\r\n",
    ),
    body("replace-body-by-utf8", utf8(r'replace_body "Café\r\n"'), wanted=utf8("Café\r\n")),
    body("replace-body-by-8-bit", r'replace_body "\x80\xa0\xff\r\n"', wanted="\x80\xa0\xff\r\n"),
    body("replace-body-without-line-end", 'replace_body "New."', wanted="New.\r\n"),
]

HELD = [
    Scenario(
        "quarantine",
        "on end_of_message#1 quarantine virus\n",
        (EHLO, Mail(), Mail()),
        delivered=(Delivered(2),),
        held=(1,),
    ),
    Scenario(
        "quarantine-and-accept",
        "on end_of_message#1 quarantine virus\non end_of_message#1 accept\n",
        (EHLO, Mail(), Mail()),
        delivered=(Delivered(2),),
        held=(1,),
    ),
    Scenario(
        "quarantine-and-reject",
        "on end_of_message#1 quarantine virus\non end_of_message#1 reply_code 550 5.7.1 No\n",
        (EHLO, Mail(), Mail()),
        replies={"sent 1": "550 5.7.1 No"},
        delivered=(Delivered(2),),
    ),
]

TOGETHER = [
    Scenario(
        "all-changes",
        at_the_end(
            "insert_header 0 X-Top 1",
            "add_header X-End 2",
            "change_header 1 Subject 3",
            "change_from <other@client.example>",
            "add_rcpt <two@example.org>",
            "delete_rcpt <one@example.org>",
            r'replace_body "New.\r\n"',
            "accept",
        ),
        delivered=(
            Delivered(
                sender="<other@client.example>",
                recipients=(TWO,),
                fields=["X-Top: 1", TOP, *FIELDS[:2], "Subject: 3", *FIELDS[3:], "X-End: 2"],
                body="New.\r\n",
            ),
        ),
    ),
    Scenario(
        "changes-and-reject",
        "on end_of_message#1 add_header X-Added yes\n"
        "on end_of_message#1 add_rcpt <two@example.org>\n"
        "on end_of_message#1 reply_code 550 5.7.1 No\n",
        (EHLO, Mail(), Mail()),
        replies={"sent 1": "550 5.7.1 No"},
        delivered=(Delivered(2),),
    ),
    Scenario(
        "changes-to-each-mail",
        "on end_of_message#1 add_header X-Number 1\non end_of_message#2 add_header X-Number 2\n",
        (EHLO, Mail(), Mail(), Mail()),
        delivered=(
            Delivered(1, fields=[TOP, *FIELDS, "X-Number: 1"]),
            Delivered(2, fields=[TOP, *FIELDS, "X-Number: 2"]),
            Delivered(3),
        ),
    ),
    Scenario(
        "actions-not-asked-for",
        "actions add_headers\n"
        + at_the_end(
            "change_header 1 Subject no",
            "add_rcpt <two@example.org>",
            "quarantine no",
            "add_header X-Added yes",
        ),
        delivered=(Delivered(fields=[TOP, *FIELDS, "X-Added: yes"]),),
    ),
]

SCENARIOS = [*HEADERS, *ENVELOPES, *BODIES, *HELD, *TOGETHER]
