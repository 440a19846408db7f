# SPDX-License-Identifier: MIT
"""What a scenario is: a filter's script, what a client does, and what the world must see of it.

All text is bytes, one for each character (Latin-1); `utf8` makes such text of any other.
"""

import re
from dataclasses import dataclass, field, replace
from typing import Any

SENDER = "<sender@client.example>"
ONE = "<one@example.org>"
TWO = "<two@example.org>"

# MARK becomes a text of this one mail, by which its delivery is known.
FIELDS = [
    "From: sender@client.example",
    "To: one@example.org",
    "Subject: Good morning",
    "Date: Thu, 01 Jan 2026 12:00:00 +0000",
    "Message-ID: <MARK@client.example>",
]
BODY = "A line.\r\n.A line with a dot.\r\n"

# What the MTA says when all is well. Replies of three digits stand for any text.
WELL = {"banner": "220", "data": "354", "end": "closed", "quit": "221"}


def utf8(text):
    return text.encode().decode("latin-1")


@dataclass(frozen=True)
class Peers:
    """A value that isn't the same with all peers: the usual, others by the peer's name, and why."""

    usual: Any
    others: dict
    kind: str
    why: str


def usually(value, why, **others):
    """`usually("250", "Sendmail says 251 here.", sendmail="251")`"""
    return Peers(value, others, "differs", why)


def able(value, why, **others):
    """The same for a peer that can't do what the scenario wants."""
    return Peers(value, others, "can't", why)


OWN_TEXTS = (
    "A plain `reject` or `tempfail`, or a filter that is gone, has a text of the MTA's own; "
    "Sendmail's `reject` is 550 up to DATA, and 554 after the content."
)
UNAVAILABLE = "451 4.7.1 Service unavailable - try again later"
SENDMAIL_UNAVAILABLE = "451 4.3.2 Please try again later"
unavailable = usually(UNAVAILABLE, OWN_TEXTS, sendmail=SENDMAIL_UNAVAILABLE)


@dataclass(frozen=True)
class Mail:
    """A mail that a client hands in."""

    sender: str = SENDER
    args: str = ""
    recipients: tuple = (ONE,)
    fields: tuple = tuple(FIELDS)
    body: str = BODY

    def content(self, mark):
        return f"{lines(self.fields)}\r\n{self.body}".replace("MARK", mark)

    def play(self, client):
        """The client goes as far as it is let."""
        number, mark = client.next_mail()
        mail = client.command(f"MAIL FROM:{self.sender}{self.args}", f"mail {number}")
        if not mail.startswith("250"):
            return
        takers = 0
        for index, recipient in enumerate(self.recipients, 1):
            reply = client.command(f"RCPT TO:{recipient}", f"rcpt {number}.{index}")
            takers += reply.startswith("250")
        data = client.command("DATA", f"data {number}") if takers else "none"
        if data.startswith("354"):
            client.send(dot_stuffed(self.content(mark)))
            client.command(".", f"sent {number}")
        else:
            client.command("RSET", "rset")


class Pipelined(Mail):
    """The same by a client that doesn't wait for replies before it has to."""

    def play(self, client):
        number, mark = client.next_mail()
        recipients = "".join(f"RCPT TO:{recipient}\r\n" for recipient in self.recipients)
        client.send(f"MAIL FROM:{self.sender}{self.args}\r\n{recipients}DATA\r\n")
        client.note(f"mail {number}", client.reply())
        for index in range(1, len(self.recipients) + 1):
            client.note(f"rcpt {number}.{index}", client.reply())
        if client.note(f"data {number}", client.reply()).startswith("354"):
            client.send(dot_stuffed(self.content(mark)))
            client.command(".", f"sent {number}")


class Cut(Mail):
    """The same by a client that is gone half way through its message."""

    def play(self, client):
        _, mark = client.next_mail()
        client.command(f"MAIL FROM:{self.sender}", "mail")
        for recipient in self.recipients:
            client.command(f"RCPT TO:{recipient}", "rcpt")
        client.command("DATA", "data")
        content = dot_stuffed(self.content(mark))
        client.send(content[: len(content) // 2])
        client.vanish()


class AfterRefusedData(Mail):
    """The same by a client whose first DATA is refused: it adds a recipient and tries again."""

    def play(self, client):
        number, mark = client.next_mail()
        client.command(f"MAIL FROM:{self.sender}", f"mail {number}")
        for index, recipient in enumerate(self.recipients, 1):
            client.command(f"RCPT TO:{recipient}", f"rcpt {number}.{index}")
            data = client.command("DATA", f"data {number}")
        if not data.startswith("354"):
            return
        client.send(dot_stuffed(self.content(mark)))
        client.command(".", f"sent {number}")


class Submitted(Mail):
    """A mail that is handed in with the `sendmail` command."""

    def play(self, client):
        _, mark = client.next_mail()
        content = self.content(mark).replace("\r\n", "\n").encode("latin-1")
        client.mta.sendmail(content, bare(self.sender), *map(bare, self.recipients))


class Vanish:
    """The client is gone."""

    def play(self, client):
        client.vanish()


def bare(address):
    return address.removeprefix("<").removesuffix(">")


@dataclass(frozen=True)
class Say:
    """A line that a client says. Its reply is known by the verb, or by the label given."""

    line: str
    label: str = ""

    def play(self, client):
        client.command(self.line, self.label or self.line.split(" ")[0].lower())


def lines(fields):
    return "".join(field + "\r\n" for field in fields)


def dot_stuffed(content):
    return re.sub(r"^\.", "..", content, flags=re.MULTILINE)


EHLO = Say("EHLO client.example")


@dataclass(frozen=True)
class Delivered:
    """What must arrive of a mail, the first being number 1. What isn't said is as it was sent.

    Header fields are whole lines; `Received` is the MTA's own, whatever it says. Fields that are
    ANY aren't looked at.
    """

    ANY = ["any"]

    number: int = 1
    sender: Any = None
    recipients: Any = None
    fields: Any = None
    body: Any = None
    sender_args: Any = None  # looked at only if given, as are the recipients'
    recipient_args: Any = None


@dataclass(frozen=True)
class Scenario:
    """A script, a client, and what must come of it.

    `replies` are those that aren't simply well. `heard` are parts of lines that the filter must
    print, in this order. `told` are all commands that it is told but macro, abort and quit.
    """

    name: str
    script: Any
    client: tuple = (EHLO, Mail())
    replies: Any = field(default_factory=dict)
    delivered: Any = (Delivered(),)
    held: tuple = ()
    told: Any = None
    heard: Any = None
    not_heard: tuple = ()
    connections: Any = 1
    port: str = "port"
    theme: str = ""
    how: str = "smtp"


def resolve(value, peers, reasons):
    """The value for these peers; why it is not the usual one goes to `reasons`."""
    if isinstance(value, Peers):
        for name in peers:
            if name in value.others:
                reason = {"kind": value.kind, "why": value.why}
                reasons.extend([reason] if reason not in reasons else [])
                return resolve(value.others[name], peers, reasons)
        return resolve(value.usual, peers, reasons)
    if isinstance(value, dict):
        return {key: resolve(one, peers, reasons) for key, one in value.items()}
    if isinstance(value, (list, tuple)):
        return type(value)(resolve(one, peers, reasons) for one in value)
    if isinstance(value, (Delivered, Scenario)):
        known = {name: resolve(one, peers, reasons) for name, one in vars(value).items()}
        return replace(value, **known)
    return value
