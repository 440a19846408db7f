# SPDX-License-Identifier: MIT
"""What a real Postfix says to a filter, and in which order, as `inspect` shows it."""

import pytest

from filters import running_filter
from mail import RECIPIENT, SENDER, message, parts

UNANSWERED = ("negotiate", "macro", "abort", "quit")


@pytest.fixture
def milter(address):
    with running_filter("inspect", address) as running:
        yield running


def with_macros(*names):
    """Postfix sends macros before every command, even if there are none."""
    return [word for name in names for word in ("macro", name)]


FIELDS = ["header"] * len(parts(message("any"))[0])

OPENING = ["negotiate", *with_macros("connect", "helo")]
RECIPIENTS = with_macros("mail", "rcpt")
DATA = with_macros("data")
CONTENT = with_macros(*FIELDS, "end_of_headers", "body", "end_of_message")


def said_by_postfix(conversation):
    """The names of Postfix's messages; `abort` once where it stands several times in a row."""
    names = [line.name for line in conversation if line.speaker == "MTA"]
    return [
        name for name, before in zip(names, [None, *names]) if (name, before) != ("abort", "abort")
    ]


def text_of(conversation, name):
    return next(line.text for line in conversation if line.name == name)


def send(mta, content):
    with mta.connect() as client:
        client.sendmail(SENDER, [RECIPIENT], content)


def test_a_message_is_shown_in_the_order_of_postfix(mta, milter):
    send(mta, message("simple"))
    said = said_by_postfix(milter.conversation())
    assert said == [*OPENING, *RECIPIENTS, *DATA, *CONTENT, "abort", "quit"]


def test_what_the_client_said_is_shown(mta, milter):
    send(mta, message("simple"))
    conversation = milter.conversation()
    assert "127.0.0.1" in text_of(conversation, "connect")
    assert "client.example" in text_of(conversation, "helo")
    assert f"<{SENDER}>" in text_of(conversation, "mail")
    assert f"<{RECIPIENT}>" in text_of(conversation, "rcpt")


def test_every_command_is_answered_with_proceed(mta, milter):
    send(mta, message("simple"))
    conversation = milter.conversation()
    asked = [
        line for line in conversation if line.speaker == "MTA" and line.name not in UNANSWERED
    ]
    _negotiation, *answers = [line.name for line in conversation if line.speaker == "filter"]
    assert answers == ["proceed"] * len(asked)


def test_a_large_body_is_shown_in_chunks(mta, milter):
    largest_chunk = 65535
    send(mta, message("large", b"x\r\n" * largest_chunk))
    bodies = [line for line in milter.conversation() if line.name == "body"]
    assert len(bodies) == 3


def test_rset_is_shown_as_abort(mta, milter):
    with mta.connect() as client:
        client.ehlo()
        client.mail(SENDER)
        client.rcpt(RECIPIENT)
        client.rset()
        client.sendmail(SENDER, [RECIPIENT], message("whole"))

    said = said_by_postfix(milter.conversation())
    given_up = [*RECIPIENTS, "abort"]
    assert said == [*OPENING, *given_up, *RECIPIENTS, *DATA, *CONTENT, "abort", "quit"]


def test_a_client_that_vanishes_in_data_is_shown_as_abort(mta, milter):
    mta.vanish_in_data(SENDER, RECIPIENT, message("vanished"))
    said = said_by_postfix(milter.conversation())
    assert said == [*OPENING, *RECIPIENTS, *DATA, "abort", "quit"]


def test_connections_are_shown_one_after_the_other(mta, milter):
    for number in ("first", "second"):
        send(mta, message(number))
        assert f"{number}@client.example" in str(milter.conversation())


def test_mail_of_the_sendmail_command_looks_like_smtp_from_localhost(mta, milter):
    mta.sendmail(message("command").replace(b"\r\n", b"\n"), SENDER, RECIPIENT)
    conversation = milter.conversation()
    assert said_by_postfix(conversation) == [*OPENING, *RECIPIENTS, *DATA, *CONTENT, "quit"]
    assert "localhost" in text_of(conversation, "connect")
