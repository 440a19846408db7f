# SPDX-License-Identifier: MIT
"""What `mta_client` tells filters, what it makes of the answers, and how it fails with bad ones."""

import contextlib
import itertools
import re
import socket
import subprocess
import threading
from typing import NamedTuple

import pytest

import deadline
from conftest import need
from filters import folder, running_filter
from peers import FILTERS

MAIL = """\
From: Sender <sender@example.org>
To: Recipient <recipient@example.net>,
\tOther <other@example.net>
Subject: One
X-Twice: first
X-Twice: second

Good morning!
..two dots
"""

ACCEPTED = "accepted at end_of_message: 250 2.0.0 Ok"
REJECT = "550 5.7.1 Command rejected"
TEMPFAIL = "451 4.7.1 Service unavailable - try again later"

PROGRAM = "mta_client"


class Run(NamedTuple):
    """What became of a run: the exit status, the bytes of its output, and standard error."""

    status: int
    output: bytes
    error: str

    def lines(self, who):
        """What one speaker said, or the results."""
        lines = self.output.decode("ascii").splitlines()
        return [line.split(" > ", 1)[1] for line in lines if line.startswith(f"{who:6} > ")]

    def names(self):
        """The names of what was said to the filter."""
        return [line.split(" ")[0] for line in self.lines("MTA")]

    def failure(self):
        """The one line that says what failed, without the program and the filter's address."""
        assert re.fullmatch(r"mta_client: .*\n", self.error), self.error
        return re.sub(
            r"^mta_client: ((inet:\d+@127\.0\.0\.1|unix:\S+): )?", "", self.error.rstrip("\n")
        )


def mta_client(*arguments, mail=None):
    """Runs it; a mail given as bytes is its standard input."""
    done = subprocess.run(
        [folder() / "mta_client", *arguments, *(["-"] if mail is not None else [])],
        input=mail or b"",
        capture_output=True,
        timeout=deadline.SECONDS,
    )
    print(
        done.stdout.decode(errors="backslashreplace"), done.stderr.decode(errors="backslashreplace")
    )
    assert b"Sanitizer" not in done.stderr and b"runtime error" not in done.stderr
    return Run(done.returncode, done.stdout, done.stderr.decode())


@pytest.fixture
def mail_file(scratch):
    """Writes a file."""

    def write(content, name="mail.eml"):
        (scratch / name).write_bytes(content if isinstance(content, bytes) else content.encode())
        return scratch / name

    return write


@pytest.fixture
def scripted(scratch):
    """Starts a filter that does what a script says."""
    need(FILTERS["kilter_filter"].missing())
    with contextlib.ExitStack() as stack:

        def start(*lines):
            script = scratch / "script"
            script.write_text("".join(line + "\n" for line in lines), encoding="latin-1")
            program = FILTERS["kilter_filter"].program()
            return stack.enter_context(running_filter(program, script, "inet:0@127.0.0.1"))

        yield start


@pytest.fixture
def inspect(address):
    with running_filter("inspect", address) as running:
        yield running


# What is said, and in which order.


def macros(command, *definitions):
    """The line of macros for a command."""
    return f"macro command={command} definitions=[{' '.join(definitions)}]"


def test_both_sides_print_the_same_conversation(inspect):
    run = mta_client(inspect.address)
    seen = inspect.conversation()
    assert [
        f"{line.name} {line.text}".rstrip() for line in seen if line.speaker == "MTA"
    ] == run.lines("MTA")
    assert [
        f"{line.name} {line.text}".rstrip() for line in seen if line.speaker == "filter"
    ] == run.lines("filter")
    assert run.lines("result") == [ACCEPTED]
    assert (run.status, run.error) == (0, "")


def test_the_conversation_of_the_postfix_profile(inspect):
    run = mta_client(inspect.address)
    assert run.lines("MTA")[1:] == [
        macros(
            "connect",
            'j="mta.example" {daemon_name}="mta.example" {daemon_addr}="192.0.2.25"',
            'v="kilter" _="client.example [192.0.2.1]"',
        ),
        'connect hostname="client.example" family=inet port=54321 address="192.0.2.1"',
        macros("helo", ""),
        'helo hostname="client.example"',
        macros(
            "mail",
            '{mail_addr}="sender@example.org" {mail_host}="example.org"',
            '{mail_mailer}="smtp"',
        ),
        'mail sender="<sender@example.org>" args=[]',
        macros(
            "rcpt",
            '{rcpt_addr}="recipient@example.net" {rcpt_host}="example.net"',
            '{rcpt_mailer}="smtp"',
        ),
        'rcpt recipient="<recipient@example.net>" args=[]',
        macros("data", 'i="4F2A1C1"'),
        "data",
        macros("header", 'i="4F2A1C1"'),
        'header name="From" value="Sender <sender@example.org>"',
        macros("header", 'i="4F2A1C1"'),
        'header name="To" value="Recipient <recipient@example.net>"',
        macros("header", 'i="4F2A1C1"'),
        'header name="Subject" value="A sample"',
        macros("header", 'i="4F2A1C1"'),
        'header name="Date" value="Thu, 01 Jan 2026 12:00:00 +0000"',
        macros("header", 'i="4F2A1C1"'),
        'header name="Message-ID" value="<sample@example.org>"',
        macros("end_of_headers", 'i="4F2A1C1"'),
        "end_of_headers",
        macros("body", 'i="4F2A1C1"'),
        'body chunk="Good morning!\\r\\n"',
        macros("end_of_message", 'i="4F2A1C1"'),
        'end_of_message chunk=""',
        "abort",
        "quit",
    ]


def test_the_conversation_of_the_sendmail_profile(inspect):
    run = mta_client(
        inspect.address,
        "--profile",
        "sendmail",
        "--client-address",
        "2001:db8::1",
        "--client-name",
        "",
    )
    assert run.lines("MTA")[1:] == [
        macros(
            "connect",
            'j="mta.example" _="[IPv6:2001:db8::1]" {daemon_name}="mta.example"',
            '{if_name}="mta.example" {if_addr}="192.0.2.25"',
        ),
        'connect hostname="[IPv6:2001:db8::1]" family=inet6 port=54321 address="IPv6:2001:db8::1"',
        macros("helo", ""),
        'helo hostname="client.example"',
        macros(
            "mail",
            'i="4F2A1C1" {mail_mailer}="smtp" {mail_host}="example.org"',
            '{mail_addr}="sender@example.org"',
        ),
        'mail sender="<sender@example.org>" args=[]',
        macros(
            "rcpt",
            '{rcpt_mailer}="smtp" {rcpt_host}="example.net"',
            '{rcpt_addr}="recipient@example.net"',
        ),
        'rcpt recipient="<recipient@example.net>" args=[]',
        "data",
        'header name="From" value="Sender <sender@example.org>"',
        'header name="To" value="Recipient <recipient@example.net>"',
        'header name="Subject" value="A sample"',
        'header name="Date" value="Thu, 01 Jan 2026 12:00:00 +0000"',
        'header name="Message-ID" value="<sample@example.org>"',
        "end_of_headers",
        'body chunk="Good morning!\\r\\n"',
        macros("end_of_message", '{msg_id}="<sample@example.org>"'),
        'end_of_message chunk=""',
        "quit",
    ]


@pytest.mark.parametrize(
    "arguments, connect, macro",
    [
        (
            ["192.0.2.9", "a.example"],
            'hostname="a.example" family=inet port=54321 address="192.0.2.9"',
            "a.example [192.0.2.9]",
        ),
        (
            ["192.0.2.9", ""],
            'hostname="[192.0.2.9]" family=inet port=54321 address="192.0.2.9"',
            "[192.0.2.9]",
        ),
        (
            ["IPv6:2001:db8::1", ""],
            'hostname="[2001:db8::1]" family=inet6 port=54321 address="2001:db8::1"',
            "[2001:db8::1]",
        ),
        (
            ["::ffff:192.0.2.9", ""],
            'hostname="[192.0.2.9]" family=inet port=54321 address="192.0.2.9"',
            "[192.0.2.9]",
        ),
        (
            ["unix:/run/x", "localhost"],
            'hostname="localhost" family=local port=0 address="/run/x"',
            "localhost [/run/x]",
        ),
        (["unknown", ""], 'hostname="unknown" family=unknown port=0 address=""', "unknown"),
    ],
)
def test_clients_of_every_family(inspect, arguments, connect, macro):
    address, name = arguments
    run = mta_client(inspect.address, "--client-address", address, "--client-name", name)
    said = run.lines("MTA")
    assert "connect " + connect in said
    assert f'_="{macro}"]' in said[1]


def test_client_and_envelope_are_as_the_arguments_say(inspect):
    run = mta_client(
        *(
            inspect.address,
            "--client-port",
            "7",
            "--helo",
            "[192.0.2.1]",
            "--unknown",
            "FOO bar",
            "--unknown",
            "BAR",
        ),
        *("--from", "<a@b>", "--from-arg", "SIZE=5", "--from-arg", "BODY=8BITMIME"),
        *("--to", "c@d", "--to-arg", "NOTIFY=NEVER", "--to-arg", "ORCPT=rfc822;c@d", "--to", "e"),
    )
    asked = [line for line in run.lines("MTA") if not line.startswith("macro")]
    assert asked[1:8] == [
        'connect hostname="client.example" family=inet port=7 address="192.0.2.1"',
        'helo hostname="[192.0.2.1]"',
        'unknown line="FOO"',
        'unknown line="BAR"',
        'mail sender="<a@b>" args=["SIZE=5" "BODY=8BITMIME"]',
        'rcpt recipient="<c@d>" args=["NOTIFY=NEVER" "ORCPT=rfc822;c@d"]',
        'rcpt recipient="<e>" args=[]',
    ]
    assert run.lines("result") == ["unknown command: 500 5.5.2 Unknown command"] * 2 + [ACCEPTED]


def test_the_null_sender(inspect):
    for sender in ("", "<>"):
        assert 'mail sender="<>" args=[]' in mta_client(inspect.address, "--from", sender).lines(
            "MTA"
        )


@pytest.mark.parametrize("version", range(2, 7))
def test_each_version_has_its_offer_and_its_commands(inspect, version):
    run = mta_client(inspect.address, "--version", str(version), "--unknown", "FOO")
    offered = re.search(r"options=(\S+)", run.lines("MTA")[0])[1].split("|")
    assert run.lines("MTA")[0].startswith(f"negotiate version={version} ")
    assert len(offered) == {2: 7, 3: 8, 4: 9, 5: 9, 6: 21}[version]
    assert ("unknown" in run.names(), "data" in run.names()) == (version >= 3, version >= 4)
    assert run.status == 0


def test_several_mails_share_a_connection(inspect, mail_file):
    files = [mail_file(f"Subject: {name}\n\nx\n", name) for name in ("a", "b", "c")]
    run = mta_client(inspect.address, *files, "--profile", "sendmail")
    assert run.lines("result") == [ACCEPTED] * 3
    assert (
        run.names().count("negotiate")
        == run.names().count("connect")
        == run.names().count("quit")
        == 1
    )
    assert [line for line in run.lines("MTA") if line.startswith("header")] == [
        f'header name="Subject" value="{name}"' for name in ("a", "b", "c")
    ]
    assert [name for name in run.names() if name in ("mail", "end_of_message")] == [
        "mail",
        "end_of_message",
    ] * 3
    assert inspect.conversation()[-1].name == "quit"


def test_abort_comes_in_the_place_of_the_content(inspect, mail_file):
    files = [mail_file(MAIL, "a"), mail_file(MAIL, "b")]
    run = mta_client(inspect.address, "--abort", *files, "--profile", "sendmail")
    assert [name for name in run.names() if name != "macro"] == [
        *("negotiate", "connect", "helo", "mail", "rcpt", "abort", "mail", "rcpt", "abort", "quit")
    ]
    assert (run.lines("result"), run.status) == (["aborted at rcpt"] * 2, 5)


def test_the_connection_can_be_closed_without_quit(inspect):
    run = mta_client(inspect.address, "--no-quit", "--profile", "sendmail")
    assert run.names()[-1] == "end_of_message"
    assert inspect.conversation()[-1].name == "proceed"


def test_quiet_leaves_out_the_conversation(inspect):
    assert mta_client(inspect.address, "--quiet").output == b"result > " + ACCEPTED.encode() + b"\n"


# Macros.


def test_macros_can_be_given_and_taken_away(inspect):
    said = mta_client(
        inspect.address,
        *("--macro", "auth_authen=alice", "--macro", "{j}=other.example", "--macro", "i=Q=1"),
        *("--macro", "v", "--macro", "{mail_addr}=", "--macros", "helo=j {client_addr}"),
    ).lines("MTA")
    assert said[1] == macros(
        "connect",
        'j="other.example" {daemon_name}="mta.example" {daemon_addr}="192.0.2.25"',
        '_="client.example [192.0.2.1]"',
    )
    assert said[3] == macros("helo", 'j="other.example" {client_addr}="192.0.2.1"')
    assert said[5] == macros(
        "mail",
        'i="Q=1" {auth_authen}="alice" {mail_addr}="" {mail_host}="example.org"',
        '{mail_mailer}="smtp"',
    )


def test_queue_id_is_known_when_a_recipient_is_taken(inspect):
    run = mta_client(inspect.address, "--to", "a@b", "--to", "c@d")
    assert [line for line in run.lines("MTA") if line.startswith("macro command=rcpt")] == [
        macros("rcpt", '{rcpt_addr}="a@b" {rcpt_host}="b" {rcpt_mailer}="smtp"'),
        macros("rcpt", 'i="4F2A1C1" {rcpt_addr}="c@d" {rcpt_host}="d" {rcpt_mailer}="smtp"'),
    ]


# What the MTAs make of the lists that a filter asks for: the stages at which something changes.
LISTS = {
    "symbols helo {client_port}": {
        "postfix": {"helo": "{client_port}"},
        "sendmail": {"helo": "{client_port}"},
    },
    "symbols connect": {"postfix": {}, "sendmail": {"connect": None}},
    "symbols end_of_headers v\nsymbols end_of_message j": {
        "postfix": {"header": "v", "end_of_headers": "v", "body": "j", "end_of_message": "j"},
        "sendmail": {"end_of_headers": "v", "end_of_message": "j"},
    },
}


@pytest.mark.parametrize("profile", ["postfix", "sendmail"])
@pytest.mark.parametrize("asked", LISTS)
def test_lists_that_the_filter_asks_for(scripted, asked, profile):
    def names_by_stage(script):
        said = mta_client(scripted(script).address, "--profile", profile).lines("MTA")
        matches = [re.fullmatch(r"macro command=(\w+) definitions=\[(.*)\]", line) for line in said]
        return {m[1]: " ".join(re.findall(r'(\S+)="', m[2])) for m in matches if m}

    expected = {**names_by_stage(""), **LISTS[asked][profile]}
    assert names_by_stage(asked) == {
        stage: names for stage, names in expected.items() if names is not None
    }


END_OF_MESSAGE = b"\0\0\0\5v\0"
END_OF_HEADERS = b"\0\0\0\6j\0"


@pytest.mark.parametrize(
    "asked, postfix, sendmail",
    [
        (END_OF_MESSAGE, 'v="kilter"', '{msg_id}="<sample@example.org>"'),
        (END_OF_HEADERS, 'i="4F2A1C1"', None),
        (END_OF_MESSAGE + END_OF_HEADERS, 'v="kilter"', 'v="kilter"'),
    ],
)
def test_sendmail_heeds_the_last_list_if_there_is_one_before_it(asked, postfix, sendmail):
    def play(one):
        one.read()
        one.write(frame(b"O", OPTIONS_NONE[5:] + asked))
        one.proceed_until(b"")

    for profile, macro in (("postfix", postfix), ("sendmail", sendmail)):
        said = run_with(play, "--profile", profile).lines("MTA")
        shown = [line for line in said if line.startswith("macro command=end_of_message")]
        assert shown == ([macros("end_of_message", macro)] if macro else [])


# Verdicts.

STAGES = [
    "connect",
    "helo",
    "mail",
    "rcpt",
    "data",
    "header",
    "end_of_headers",
    "body",
    "end_of_message",
]
VERDICTS = {
    "accept": (0, "accepted", "250 2.0.0 Ok"),
    "reject": (1, "rejected", REJECT),
    "tempfail": (2, "tempfailed", TEMPFAIL),
    'reply_code 550 5.7.1 "100% sure"': (1, "rejected", "550 5.7.1 100% sure"),
    'reply_code 450 4.7.1 "Not now," later': (
        2,
        "tempfailed",
        r"450-4.7.1 Not now,\r\n450 4.7.1 later",
    ),
    'reply_code 421 4.7.0 "Go away"': (2, "tempfailed", "421 4.7.0 Go away"),
    "discard": (3, "discarded", "250 2.0.0 Ok"),
}


# kilter doesn't let a filter say these.
IMPOSSIBLE = [("discard", "connect"), ("discard", "helo")]


@pytest.mark.parametrize(
    "do, stage", [case for case in itertools.product(VERDICTS, STAGES) if case not in IMPOSSIBLE]
)
def test_every_verdict_at_every_stage(scripted, do, stage):
    run = mta_client(scripted(f"on {stage} {do}").address)
    status, what, reply = VERDICTS[do]
    assert (run.status, run.lines("result")[-1]) == (status, f"{what} at {stage}: {reply}")
    assert run.names()[-1] in ("quit", "abort", stage)
    later = STAGES[STAGES.index(stage) + 1 :]
    assert not set(run.names()) & set(later), "nothing more is said of the mail"


@pytest.mark.parametrize(
    "do, status, what",
    [
        ("on helo reject", 1, f"rejected at helo: {REJECT}"),
        ('on rcpt reply_code 421 4.7.0 "Go away"', 2, "tempfailed at rcpt: 421 4.7.0 Go away"),
    ],
)
def test_a_verdict_on_the_connection_is_one_on_all_mails(scripted, mail_file, do, status, what):
    files = [mail_file(MAIL, "a"), mail_file(MAIL, "b")]
    run = mta_client(scripted(do).address, *files)
    assert (run.status, run.lines("result")) == (status, [what] * 2)
    assert run.names().count("mail") <= 1


@pytest.mark.parametrize("profile, last", [("postfix", "helo"), ("sendmail", "quit")])
def test_quit_after_a_verdict_on_the_connection(scripted, profile, last):
    run = mta_client(scripted("on helo accept").address, "--profile", profile)
    assert run.names()[-1] == last


def test_after_a_verdict_the_next_mail_is_told_of(scripted, mail_file):
    files = [mail_file(MAIL, "a"), mail_file(MAIL, "b")]
    run = mta_client(scripted("on body#1 reject").address, *files)
    assert (run.status, run.lines("result")) == (1, [f"rejected at body: {REJECT}", ACCEPTED])


NOT_YOU = r"550-5.7.1 We don't take mail for you,\r\n550 5.7.1 and are 100% sure of it"


@pytest.mark.parametrize(
    "refused, status, results",
    [
        ("nobody", 0, [ACCEPTED]),
        ("one", 0, [f"<one@x>: {NOT_YOU}", ACCEPTED]),
        ("@x", 1, [f"<one@x>: {NOT_YOU}", f"<two@x>: {NOT_YOU}", f"rejected at rcpt: {NOT_YOU}"]),
    ],
)
def test_recipients_are_refused_one_by_one(address, refused, status, results):
    with running_filter("reject_recipient", address, refused) as milter:
        run = mta_client(milter.address, "--to", "one@x", "--to", "two@x")
    assert (run.status, run.lines("result"), run.lines("change")) == (status, results, [])


def test_recipients_that_the_mta_refuses(scripted):
    arguments = ("--refuse", "one@x", "--to", "one@x", "--to", "two@x")
    told = mta_client(scripted("options rejected_rcpt").address, *arguments)
    assert [line for line in told.lines("MTA") if "rcpt" in line.split(" args")[0]][1:] == [
        macros("rcpt", '{rcpt_addr}="User unknown" {rcpt_host}="5.1.1" {rcpt_mailer}="error"'),
        'rcpt recipient="<one@x>" args=[]',
        macros("rcpt", '{rcpt_addr}="two@x" {rcpt_host}="x" {rcpt_mailer}="smtp"'),
        'rcpt recipient="<two@x>" args=[]',
    ]
    untold = mta_client(scripted("").address, *arguments)
    assert untold.names().count("rcpt") == 1
    for run in (told, untold):
        assert (run.status, run.lines("result")) == (
            0,
            ["<one@x>: 550 5.1.1 User unknown", ACCEPTED],
        )


def test_an_unknown_command_that_the_filter_refuses(scripted):
    run = mta_client(
        scripted('on unknown reply_code 550 5.5.1 "No FOO"').address, "--unknown", "FOO"
    )
    assert run.lines("result") == ["unknown command: 550 5.5.1 No FOO", ACCEPTED]


def test_quarantine(scripted):
    run = mta_client(scripted("on end_of_message quarantine virus").address)
    assert (run.status, run.lines("result")) == (4, ["quarantined at end_of_message: 250 2.0.0 Ok"])


def test_what_the_filter_does_not_want_is_not_said(scripted):
    run = mta_client(
        scripted("options no_helo no_headers no_end_of_headers no_body silent_mail").address
    )
    assert not {"helo", "header", "end_of_headers", "body"} & set(run.names())
    assert run.lines("filter")[1:] == ["proceed"] * 4  # to connect, rcpt, data, end_of_message


# The mail that comes out.


def changed(run_arguments, milter, mail, *more):
    """The mail as the filter changed it."""
    run = mta_client(milter.address, "--output", "-", "--quiet", *run_arguments, *more, mail=mail)
    assert run.status == 0, run.error
    return run.output


def test_a_filter_that_changes_nothing_changes_no_byte(inspect):
    for mail in (
        MAIL.encode(),
        MAIL.replace("\n", "\r\n").encode(),
        b"Subject: \xc3\xa9 \xff\n\nbody \x00\xff\x80\n",
        b"Subject : space before the colon\nEmpty:\nX:no space\nY:\ttab\nZ:  two\n folded\n \n\n",
        b"\nno header\n",
        b"Subject: no body\n\n",
        b"Subject: no line end\n\nlast line",
    ):
        assert changed(["--no-received"], inspect, mail) == mail


@pytest.mark.parametrize(
    "mail, headers, body",
    [
        (b"A: 1\nB: 2\n\n3\n4", ['"A" value="1"', '"B" value="2"'], r"3\r\n4"),
        (b"A: 1\r\nB: 2\r\n\r\n3\r\n4\r\n", ['"A" value="1"', '"B" value="2"'], r"3\r\n4\r\n"),
        (b"A: 1\n\t2\n  3\n\n", [r'"A" value="1\n\t2\n  3"'], None),
        (b"A: 1\r\n\t2\r\n\r\n", [r'"A" value="1\n\t2"'], None),
        (
            b"A:  1 \nB:\t2\nC:3\nD:\n\n",
            ['"A" value=" 1 "', r'"B" value="\t2"', '"C" value="3"', '"D" value=""'],
            None,
        ),
        (b"A : 1\n\nx", ['"A" value="1"'], "x"),
        (b"A: \xc3\xa9\xff\n\n\xff\x00\x01", [r'"A" value="\xc3\xa9\xff"'], r"\xff\x00\x01"),
        (b"A: cut\x00 here\n\nx", ['"A" value="cut"'], "x"),
        (b"no header at all\n", [], r"no header at all\r\n"),
        (b"\nbody\n", [], r"body\r\n"),
        (b"A: 1", ['"A" value="1"'], None),
        (b"A: 1\nnot a field\n", ['"A" value="1"'], r"not a field\r\n"),
        (b" white first\nA: 1\n", [], r" white first\r\nA: 1\r\n"),
        (b"", [], None),
        (b"From me@here Mon Nov 23 04:00:00 2026\nA: 1\n\nx", ['"A" value="1"'], "x"),
        (
            b"A: 1\n\nbare \r stays, bare \n ends",
            ['"A" value="1"'],
            r"bare \r stays, bare \r\n ends",
        ),
    ],
)
def test_how_a_mail_file_is_read(inspect, mail, headers, body):
    said = mta_client(inspect.address, mail=mail).lines("MTA")
    assert [line for line in said if line.startswith("header")] == [
        "header name=" + header for header in headers
    ]
    assert [line for line in said if line.startswith("body")] == (
        [f'body chunk="{body}"'] if body else []
    )
    assert "end_of_headers" in said


def test_large_bodies_go_in_pieces(inspect):
    run = mta_client(inspect.address, mail=b"\n" + b"x" * 150_000)
    sizes = [
        re.search(r"\((\d+) bytes\)", line)[1]
        for line in run.lines("MTA")
        if line.startswith("body")
    ]
    assert sizes == ["65535", "65535", "18930"]


def test_the_changed_mail_in_a_file_a_folder_and_standard_output(address, mail_file, scratch):
    with running_filter("add_header", address) as milter:
        file = mail_file(MAIL)
        expected = MAIL.replace("\n\n", "\nX-Filtered: yes\n\n", 1).encode()
        assert changed(["--no-received"], milter, MAIL.encode()) == expected

        run = mta_client(milter.address, file, "--no-received", "--output", scratch / "out.eml")
        assert (scratch / "out.eml").read_bytes() == expected
        assert run.lines("result") == [ACCEPTED]

        (scratch / "out").mkdir()
        other = mail_file("Subject: other\n\n", "other.eml")
        mta_client(milter.address, file, other, "--no-received", "--output", scratch / "out")
        assert (scratch / "out" / "mail.eml").read_bytes() == expected
        assert (
            scratch / "out" / "other.eml"
        ).read_bytes() == b"Subject: other\nX-Filtered: yes\n\n"


def test_no_mail_comes_out_if_it_is_refused(scripted, scratch):
    for verdict in ("reject", "discard"):
        run = mta_client(
            scripted(f"on end_of_message {verdict}").address, "--output", scratch / "out"
        )
        assert run.status != 0
        assert not (scratch / "out").exists()


def test_standard_output_has_the_mail_alone(scripted):
    run = mta_client(scripted("").address, "--output", "-", mail=b"A: 1\n\nx\n")
    assert re.fullmatch(
        rb"Received: from client\.example\n\tby mta\.example .*\n\t.*\nA: 1\n\nx\n", run.output
    )
    assert f"result > {ACCEPTED}\n" in run.error


# The fields that come out, by what the filter does. R is our own Received.
PLACES = {
    "add_header N 1": {"postfix": "R A B A N=1", "sendmail": "R A B A N=1"},
    "add_header B 1": {"postfix": "R A B A B=1", "sendmail": "R A B=1 B A"},
    "add_header a 1": {"postfix": "R A B A a=1", "sendmail": "R a=1 A B A"},
    "insert_header 0 N 1": {"postfix": "N=1 R A B A", "sendmail": "N=1 R A B A"},
    "insert_header 1 N 1": {"postfix": "R N=1 A B A", "sendmail": "R N=1 A B A"},
    "insert_header 2 N 1": {"postfix": "R A N=1 B A", "sendmail": "R N=1 A B A"},
    "insert_header 3 N 1": {"postfix": "R A B N=1 A", "sendmail": "R N=1 A B A"},
    "insert_header 9 N 1": {"postfix": "R A B A N=1", "sendmail": "R A N=1 B A"},
    "insert_header 100 N 1": {"postfix": "R A B A N=1", "sendmail": "R A B A N=1"},
    "change_header 1 A 1": {"postfix": "R A=1 B A", "sendmail": "R A=1 B A"},
    "change_header 2 a 1": {"postfix": "R A B a=1", "sendmail": "R A B A=1"},
    'change_header 1 A ""': {"postfix": "R B A", "sendmail": "R B A"},
    "change_header 3 B 1": {"postfix": "R A B A B=1", "sendmail": "R A B=1 B A"},
    'change_header 3 B ""': {"postfix": "R A B A", "sendmail": "R A B A"},
    "change_header 1 Received 1": {
        "postfix": "R A B A Received=1",
        "sendmail": "R A B A Received=1",
    },
}


def fields_of(mail):
    """The names of the fields, and the values that aren't those of the mail that was sent."""
    header = re.sub(r"\n[ \t]", " ", mail.decode().partition("\n\n")[0])
    header = re.sub(r"^Received: .*by mta\.example.*$", "R: x", header, flags=re.MULTILINE)
    return " ".join(line.replace(": x", "").replace(": ", "=") for line in header.split("\n"))


@pytest.mark.parametrize("profile", ["postfix", "sendmail"])
@pytest.mark.parametrize("do", PLACES)
def test_places_of_header_fields(scripted, do, profile):
    milter = scripted(f"on end_of_message {do}")
    mail = changed(["--profile", profile], milter, b"A: x\nB: x\nA: x\n\nbody\n")
    assert fields_of(mail) == PLACES[do][profile]


def test_a_deleted_field_is_counted_by_sendmail_alone(scripted):
    mail = b"A: 1\nA: 2\nA: 3\n\n"
    milter = scripted(
        'on end_of_message change_header 1 A ""', "on end_of_message change_header 2 A changed"
    )
    assert changed(["--no-received"], milter, mail) == b"A: 2\nA: changed\n\n"
    assert (
        changed(["--no-received", "--profile", "sendmail"], milter, mail) == b"A: changed\nA: 3\n\n"
    )
    milter = scripted(
        'on end_of_message change_header 1 A ""', "on end_of_message change_header 1 A back"
    )
    assert changed(["--no-received"], milter, mail) == b"A: back\nA: 3\n\n"
    assert (
        changed(["--no-received", "--profile", "sendmail"], milter, mail)
        == b"A: back\nA: 2\nA: 3\n\n"
    )


def test_leading_space_of_values(scripted):
    lines = ("on end_of_message add_header X 1", 'on end_of_message add_header Y ""')
    mail = b"A:  two\nB:none\n\n"
    run = mta_client(scripted("options leading_space", *lines).address, mail=mail)
    assert [line for line in run.lines("MTA") if line.startswith("header")] == [
        'header name="A" value=" two" space=" "',
        'header name="B" value="none"',
    ]
    for options in ("", "options leading_space"):
        assert (
            changed(["--no-received"], scripted(options, *lines), mail)
            == b"A:  two\nB:none\nX: 1\nY: \n\n"
        )


def test_folded_values(scripted):
    milter = scripted(r'on end_of_message add_header X "1\n\t2"')
    assert changed(["--no-received"], milter, b"A: 1\n\n") == b"A: 1\nX: 1\n\t2\n\n"
    assert changed(["--no-received"], milter, b"A: 1\r\n\r\n") == b"A: 1\r\nX: 1\r\n\t2\r\n\r\n"


@pytest.mark.parametrize(
    "pieces, postfix, sendmail",
    [
        (r'"one\r\ntwo\r\n"', b"one\ntwo\n", b"one\ntwo\n"),
        (r'"one\r" "\ntwo"', b"one\ntwo\n", b"one\ntwo"),
        ('""', b"", b""),
    ],
)
def test_bodies_are_replaced(scripted, pieces, postfix, sendmail):
    milter = scripted(f"on end_of_message replace_body {pieces}")
    assert changed(["--no-received"], milter, MAIL.encode()).partition(b"\n\n")[2] == postfix
    body = changed(["--no-received", "--profile", "sendmail"], milter, MAIL.encode()).partition(
        b"\n\n"
    )[2]
    assert body == sendmail


def test_a_large_body_replaces_a_small_one(scripted):
    milter = scripted("on end_of_message replace_body_lines 100000")
    body = changed(["--no-received"], milter, MAIL.encode()).partition(b"\n\n")[2]
    assert (len(body), body[:12], body[-12:]) == (1_200_000, b"line 000001\n", b"line 100000\n")


@pytest.mark.parametrize(
    "do, changes",
    [
        ("change_from <n@x>", ["sender <n@x> SIZE=1 RET=FULL, was <a@b> SIZE=1 RET=FULL"]),
        (
            'change_from <n@x> "RET=HDRS ENVID=q"',
            ["sender <n@x> SIZE=1 RET=HDRS ENVID=q, was <a@b> SIZE=1 RET=FULL"],
        ),
        ("change_from <>", ["sender <> SIZE=1 RET=FULL, was <a@b> SIZE=1 RET=FULL"]),
        ("add_rcpt n@x", ["recipient <n@x>"]),
        ("add_rcpt <c@d>", ["recipient <c@d>"]),
        ('add_rcpt_par <n@x> "NOTIFY=NEVER"', ["recipient <n@x> NOTIFY=NEVER"]),
        ("delete_rcpt <c@d>", ["without recipient <c@d> NOTIFY=NEVER"]),
        ("delete_rcpt c@d", ["without recipient <c@d> NOTIFY=NEVER"]),
        ("delete_rcpt <c@D>", []),
        ("delete_rcpt <C@d>", []),
    ],
)
def test_changes_of_the_envelope(scripted, do, changes):
    run = mta_client(
        *(scripted(f"on end_of_message {do}").address, "--quiet"),
        *("--from", "a@b", "--from-arg", "SIZE=1", "--from-arg", "RET=FULL"),
        *("--to", "c@d", "--to-arg", "NOTIFY=NEVER", "--to", "e@f"),
    )
    assert (run.lines("change"), run.lines("result")) == (changes, [ACCEPTED])


def test_modifications_are_void_if_the_mail_is_refused(scripted):
    run = mta_client(
        scripted("on end_of_message change_from <n@x>", "on end_of_message reject").address
    )
    assert (run.lines("change"), run.lines("result")) == (
        [],
        [f"rejected at end_of_message: {REJECT}"],
    )


def test_modifications_of_one_mail_are_not_done_to_the_next(scripted, mail_file, scratch):
    (scratch / "out").mkdir()
    files = [mail_file("A: 1\n\n", "a"), mail_file("A: 1\n\n", "b")]
    milter = scripted("on end_of_message#1 add_header X 1", "on mail#2 accept")
    mta_client(milter.address, *files, "--no-received", "--output", scratch / "out")
    # The script's second line is about the second MAIL of the connection.
    assert (scratch / "out" / "a").read_bytes() == b"A: 1\nX: 1\n\n"
    assert (scratch / "out" / "b").read_bytes() == b"A: 1\n\n"


# What isn't a filter, or is a bad one.


def frame(code, payload=b""):
    return (len(payload) + 1).to_bytes(4, "big") + code + payload


OPTIONS_NONE = frame(b"O", bytes([0, 0, 0, 6, 0, 0, 0, 1, 0, 0, 0, 0]))
PROCEED = frame(b"c")


class Peer:
    """One connection of a bad filter: it reads frames, and writes what it wants."""

    def __init__(self, connection):
        self.connection = connection

    def read(self):
        """The code of the next frame that is to be answered, or None at the end."""
        while (head := self._exactly(5)) is not None:
            self._exactly(int.from_bytes(head[:4], "big") - 1)
            if head[4:] not in (b"D", b"A"):
                return None if head[4:] == b"Q" else head[4:]
        return None

    def _exactly(self, size):
        data = b""
        while len(data) < size:
            piece = self.connection.recv(size - len(data))
            if not piece:
                return None
            data += piece
        return data

    def write(self, data):
        self.connection.sendall(data)

    def proceed_until(self, last):
        """Answers all that comes before a command, and leaves that to who calls."""
        while (code := self.read()) is not None and code != last:
            self.write(OPTIONS_NONE if code == b"O" else PROCEED)

    def wait_for_the_end(self):
        while self.connection.recv(65536):
            pass


@contextlib.contextmanager
def peer(play):
    """Listens, and plays that on one connection. Its address."""
    with socket.create_server(("127.0.0.1", 0)) as server:
        server.settimeout(deadline.SECONDS)

        def serve():
            connection, _ = server.accept()
            connection.settimeout(deadline.SECONDS)
            with connection, contextlib.suppress(ConnectionError):
                play(Peer(connection))

        thread = threading.Thread(target=serve)
        thread.start()
        try:
            yield f"inet:{server.getsockname()[1]}@127.0.0.1"
        finally:
            thread.join(deadline.SECONDS)
            assert not thread.is_alive(), "the connection wasn't closed"


def run_with(play, *arguments, mail=None):
    with peer(play) as address:
        return mta_client(address, *arguments, mail=mail)


def answer_with(data, *, to):
    def play(one):
        one.proceed_until(to)
        one.write(data)
        one.wait_for_the_end()

    return play


@pytest.mark.parametrize(
    "text, shown",
    [
        (b"UNKN", "UNKN"),
        (b"220 mail.example ESMTP Postfix\r\n", "220 mail.example ESMTP Postfix"),
        (b"HTTP/1.1 400 Bad Request\r\n\r\n", "HTTP/1.1 400 Bad Request"),
    ],
)
def test_a_peer_that_is_not_a_milter(text, shown):
    run = run_with(answer_with(text, to=b"O"))
    assert (run.status, run.failure()) == (76, f"not a milter: {shown}")
    assert run.names() == ["negotiate"]


def test_a_peer_that_is_silent():
    run = run_with(Peer.wait_for_the_end, "--timeout", "0.3")
    assert (run.status, run.failure()) == (70, "no answer to negotiate (SMFIC_OPTNEG) within 0.3 s")


@pytest.mark.parametrize(
    "code, command", [(b"R", "rcpt (SMFIC_RCPT)"), (b"B", "body (SMFIC_BODY)")]
)
def test_a_filter_that_falls_silent(code, command):
    run = run_with(answer_with(b"", to=code), "--timeout", "1")
    assert (run.status, run.failure()) == (70, f"no answer to {command} within 1 s")
    assert run.lines("filter")[-1] == "proceed"


def test_a_filter_that_falls_silent_in_the_middle_of_a_frame():
    run = run_with(answer_with(PROCEED[:3], to=b"E"), "--timeout", "1")
    assert (run.status, run.failure()) == (
        70,
        "no answer to end_of_message (SMFIC_BODYEOB) within 1 s",
    )


@pytest.mark.parametrize("size", range(len(OPTIONS_NONE)))
def test_a_peer_that_closes_after_some_bytes(size):
    def play(one):
        one.read()
        one.write(OPTIONS_NONE[:size])

    run = run_with(play)
    wanted = "closed while we waited for the answer to negotiate (SMFIC_OPTNEG)"
    assert (run.status, run.failure()) == (70, wanted)


@pytest.mark.parametrize(
    "code, command",
    [
        (b"C", "connect (SMFIC_CONNECT)"),
        (b"M", "mail (SMFIC_MAIL)"),
        (b"L", "header (SMFIC_HEADER)"),
        (b"E", "end_of_message (SMFIC_BODYEOB)"),
    ],
)
def test_a_filter_that_closes(code, command):
    run = run_with(lambda one: one.proceed_until(code))
    assert (run.status, run.failure()) == (
        70,
        f"closed while we waited for the answer to {command}",
    )
    assert run.lines("MTA")[-1].startswith(command.split(" ")[0])


def test_a_filter_that_resets_the_connection():
    def play(one):
        one.proceed_until(b"M")
        one.connection.setsockopt(
            socket.SOL_SOCKET, socket.SO_LINGER, bytes([1, 0, 0, 0, 0, 0, 0, 0])
        )

    run = run_with(play)
    assert (run.status, run.failure()) == (
        70,
        "closed while we waited for the answer to mail (SMFIC_MAIL)",
    )


def test_a_filter_that_reads_no_more():
    stop = threading.Event()

    def play(one):
        one.read()
        one.write(
            frame(b"O", bytes([0, 0, 0, 6, 0, 0, 0, 1, 0, 0x1F, 0xF0, 0x80]))
        )  # silent in all
        stop.wait(deadline.SECONDS)

    with peer(play) as address:
        run = mta_client(address, "--timeout", "1", mail=b"\n" + b"x" * 30_000_000)
        stop.set()
    assert (run.status, run.failure()) == (70, "doesn't read body (SMFIC_BODY) within 1 s")


def test_progress_without_end():
    def play(one):
        one.proceed_until(b"E")
        while True:
            one.write(frame(b"p") * 10)

    run = run_with(play, "--quiet")
    assert run.status == 76
    assert run.failure().startswith("too many messages that bring no mail on: code \"p\"")


def test_progress_doesnt_prolong_the_time_in_all(scripted):
    pauses = ["on end_of_message wait 300", "on end_of_message progress"] * 8
    run = mta_client(scripted(*pauses).address, "--total-timeout", "1")
    wanted = "no verdict on end_of_message (SMFIC_BODYEOB) within 1 s in all"
    assert (run.status, run.failure()) == (70, wanted)


def test_progress_starts_the_timeout_anew(scripted):
    pauses = ["on end_of_message wait 600", "on end_of_message progress"] * 4
    run = mta_client(scripted(*pauses).address, "--timeout", "2")
    assert (run.status, run.lines("filter")[-5:]) == (0, ["progress"] * 4 + ["proceed"])
    late = mta_client(scripted("on end_of_message wait 1500").address, "--timeout", "1")
    assert late.failure() == "no answer to end_of_message (SMFIC_BODYEOB) within 1 s"


@pytest.mark.parametrize(
    "code, data, what, phase, asked",
    [
        (b"C", frame(b"x"), 'unknown code: code "x", length 1', "connected", "connect"),
        (b"C", b"\0\0\0\0", "a frame of length 0: length 0", "connected", "connect"),
        (b"M", b"\xff\0\0\0c", "a frame over the limit: length 4278190080", "mail", "mail"),
        (
            *(b"M", frame(b"h", b"A\0001\0"), 'not a reply to this command: code "h", length 5'),
            *("mail", "mail"),
        ),
        (
            *(b"E", frame(b"+", b"<a@b>\0"), 'action not agreed: code "+", length 7'),
            *("end_of_message", "end_of_message"),
        ),
        (
            *(b"E", frame(b"h", b"A: B\0001\0"), 'malformed header name: code "h", length 8'),
            *("end_of_message", "end_of_message"),
        ),
        (
            *(b"R", frame(b"y", b"250 fine\0"), 'malformed SMTP reply: code "y", length 10'),
            *("rcpt", "rcpt"),
        ),
        (
            *(b"C", frame(b"c", b"more"), 'bytes after the last field: code "c", length 5'),
            *("connected", "connect"),
        ),
    ],
)
def test_answers_that_break_the_protocol(code, data, what, phase, asked):
    run = run_with(answer_with(data, to=code))
    wanted = f"{what}, after {phase}, while the answer to {asked} was due"
    assert (run.status, run.failure()) == (76, wanted)


def test_two_verdicts_at_once():
    run = run_with(answer_with(PROCEED * 2, to=b"C"))
    assert run.status == 76
    assert run.failure().startswith("reply where none is due: ")


def test_an_answer_of_a_newer_version():
    answer = frame(b"O", bytes([0, 0, 0, 7, 0, 0, 0, 1, 0, 0, 0, 0]))
    run = run_with(answer_with(answer, to=b"O"))
    assert run.status == 76
    assert run.failure().startswith("protocol version above the one offered: ")
    taken = run_with(
        lambda one: (one.read(), one.write(answer), one.proceed_until(b"")), "--profile", "sendmail"
    )
    assert taken.status == 0


def test_nobody_listens():
    with socket.socket() as bound:
        bound.bind(("127.0.0.1", 0))
        run = mta_client(f"inet:{bound.getsockname()[1]}@127.0.0.1")
    assert (run.status, run.failure()) == (69, "Connection refused")


def test_nobody_accepts():
    with socket.socket() as server:
        server.bind(("127.0.0.1", 0))
        server.listen(0)
        port = server.getsockname()[1]
        with contextlib.ExitStack() as stack:
            for _ in range(2):  # more than the backlog holds
                filler = stack.enter_context(socket.socket())
                filler.setblocking(False)
                filler.connect_ex(("127.0.0.1", port))
            run = mta_client(f"inet:{port}@127.0.0.1", "--connect-timeout", "0.3")
    assert (run.status, run.failure()) == (69, "timed out")


def test_a_unix_socket_that_is_not_there(scratch):
    run = mta_client(f"unix:{scratch}/none")
    assert (run.status, run.failure()) == (69, "No such file or directory")
    assert str(scratch) in run.error


def test_a_host_that_is_not_there():
    run = mta_client("inet:8891@host.invalid")
    assert run.status == 69
    assert run.error.startswith("mta_client: inet:8891@host.invalid: ")


# Addresses and arguments.


def test_addresses_as_libmilter_and_as_postfix_write_them(inspect):
    kind, rest = inspect.address.split(":", 1)
    others = [f"local:{rest}"] if kind == "unix" else ["inet:{1}:{0}".format(*rest.split("@"))]
    for address in [inspect.address, *others]:
        assert mta_client(address).status == 0


@pytest.mark.parametrize(
    "address",
    [
        "",
        "here",
        "inet:",
        "inet:25",
        "inet:x@host",
        "inet:0@host",
        "inet:65536@host",
        "inet:25@",
        "unix:",
        "tcp:25@host",
    ],
)
def test_wrong_addresses(address):
    run = mta_client(address)
    wanted = f"not an address: {address} (inet:PORT@HOST, inet:HOST:PORT or unix:PATH)"
    assert (run.status, run.error) == (64, f"mta_client: {wanted}\n")


@pytest.mark.parametrize(
    "arguments, wanted",
    [
        ([], "FILTER is required"),
        (["unix:/x", "--version", "7"], "--version: Value 7 not in range 2 to 6"),
        (["unix:/x", "--profile", "exim"], "no such profile: exim (postfix or sendmail)"),
        (
            ["unix:/x", "--client-address", "1.2.3"],
            "not an address of a client: 1.2.3 (IPv4, IPv6, unix:PATH or unknown)",
        ),
        (["unix:/x", "--to-arg", "NOTIFY=NEVER"], "--to-arg NOTIFY=NEVER: --to comes first"),
        (
            ["unix:/x", "--macros", "nowhere=j"],
            "--macros nowhere=j: not STAGE=NAMES, or no such stage",
        ),
        (["unix:/x", "--macros", "mail"], "--macros mail: not STAGE=NAMES, or no such stage"),
        (["unix:/x", "--verbose"], "The following argument was not expected: --verbose"),
    ],
)
def test_wrong_arguments(arguments, wanted):
    run = mta_client(*arguments)
    assert (run.status, run.failure()) == (64, wanted)


def test_several_mails_need_a_folder(mail_file, scratch):
    run = mta_client("unix:/x", mail_file("", "a"), mail_file("", "b"), "--output", scratch / "one")
    assert (run.status, run.failure()) == (64, f"{scratch}/one: several mails need a folder")


def test_mails_that_can_not_be_read(scratch):
    for file, why in ((scratch / "none", "No such file or directory"), (scratch, "Is a directory")):
        run = mta_client("unix:/x", file)
        assert (run.status, run.failure()) == (66, f"{file}: {why}")


def test_output_that_can_not_be_written(inspect, scratch):
    run = mta_client(inspect.address, "--output", scratch / "none" / "out")
    assert (run.status, run.failure()) == (73, f"{scratch}/none/out: No such file or directory")


def test_a_field_that_does_not_fit_in_the_protocol(inspect):
    run = mta_client(inspect.address, mail=b"A: " + b"x" * 70_000 + b"\n\n")
    assert (run.status, run.failure()) == (65, "header: payload over the agreed size")


def test_help_shows_examples_and_exit_statuses():
    run = mta_client("--help")
    assert (run.status, run.error) == (0, "")
    assert b"Examples:" in run.output and b"Exit status:" in run.output
