# SPDX-License-Identifier: MIT
"""The filter `reject_recipient` at work in Postfix: who is refused, and what the client is told."""

import smtplib

import pytest

from filters import running_filter
from mail import RECIPIENT, SENDER, message, subject

UNWANTED = "unwanted@example.org"


@pytest.fixture
def milter(address):
    with running_filter("reject_recipient", address, "unwanted") as running:
        yield running


def assert_refused_by_the_filter(reply):
    """The filter's own text has two lines, each with the enhanced code."""
    code, text = reply
    assert code == 550
    lines = text.split(b"\n")
    assert len(lines) == 2
    assert all(line.startswith(b"5.7.1 ") for line in lines)


def test_the_refused_recipient_is_told_why_and_the_other_gets_the_message(mta, sink):
    with mta.connect() as client:
        refused = client.sendmail(SENDER, [UNWANTED, RECIPIENT], message("shared"))

    assert list(refused) == [UNWANTED]
    assert_refused_by_the_filter(refused[UNWANTED])
    assert sink.next_delivery().recipients == [RECIPIENT]
    assert sink.is_empty()


def test_a_message_without_another_recipient_is_not_sent(mta, sink):
    with mta.connect() as client:
        with pytest.raises(smtplib.SMTPRecipientsRefused) as refusal:
            client.sendmail(SENDER, [UNWANTED], message("refused"))
        client.sendmail(SENDER, [RECIPIENT], message("next"))

    assert_refused_by_the_filter(refusal.value.recipients[UNWANTED])
    assert subject(sink.next_delivery()) == "next"
    assert sink.is_empty()
