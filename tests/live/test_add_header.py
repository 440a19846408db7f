# SPDX-License-Identifier: MIT
"""The filter `add_header` at work in Postfix: one header more, and nothing else is touched."""

import random

import pytest

from filters import running_filter
from mail import OTHER_RECIPIENT, RECIPIENT, SENDER, message, parts, subject

ADDED = b"X-Filtered: yes"


@pytest.fixture
def milter(address):
    with running_filter("add_header", address) as running:
        yield running


def is_filtered(delivery):
    fields, _ = parts(delivery.content)
    return fields.count(ADDED) == 1


def assert_only_the_header_is_added(delivery, sent):
    (received, *fields), body = parts(delivery.content)
    sent_fields, sent_body = parts(sent)
    assert received.startswith(b"Received: ")  # Postfix's own
    assert fields == [*sent_fields, ADDED]
    assert body == sent_body


def body_of_all_bytes(size):
    """Lines of every byte value but CR and LF, which SMTP allows as a line's end alone."""
    values = bytes(value for value in range(256) if value not in b"\r\n")
    chosen = random.Random(size)
    lines = [values]
    while size > 0:
        line = bytes(chosen.choices(values, k=chosen.randrange(990)))
        lines.append(line)
        size -= len(line) + len(b"\r\n")
    return b"\r\n".join(lines) + b"\r\n"


def assert_same_bytes(got, wanted):
    """Like `==`, but fails with the first difference instead of megabytes."""
    assert len(got) == len(wanted)
    first = next((at for at, (a, b) in enumerate(zip(got, wanted)) if a != b), None)
    assert first is None, f"at {first}: {got[first:][:40]!r} for {wanted[first:][:40]!r}"


def test_the_header_is_added_and_the_rest_is_unchanged(mta, sink):
    sent = message("plain")
    with mta.connect() as client:
        client.sendmail(SENDER, [RECIPIENT, OTHER_RECIPIENT], sent)

    delivery = sink.next_delivery()
    assert (delivery.sender, delivery.recipients) == (SENDER, [RECIPIENT, OTHER_RECIPIENT])
    assert_only_the_header_is_added(delivery, sent)


def test_megabytes_of_all_byte_values_arrive_unchanged(mta, sink):
    body = body_of_all_bytes(4_000_000)
    with mta.connect() as client:
        client.sendmail(SENDER, [RECIPIENT], message("large", body), ["BODY=8BITMIME"])

    delivery = sink.next_delivery()
    assert is_filtered(delivery)
    assert_same_bytes(parts(delivery.content)[1], body)


def test_an_empty_body_stays_empty(mta, sink):
    with mta.connect() as client:
        client.sendmail(SENDER, [RECIPIENT], message("empty", b""))

    delivery = sink.next_delivery()
    assert is_filtered(delivery)
    assert parts(delivery.content)[1] == b""


def test_two_messages_of_one_session_are_both_filtered(mta, sink):
    with mta.connect() as client:
        client.sendmail(SENDER, [RECIPIENT], message("first"))
        client.sendmail(SENDER, [RECIPIENT], message("second"))

    deliveries = [sink.next_delivery(), sink.next_delivery()]
    assert {subject(delivery) for delivery in deliveries} == {"first", "second"}
    assert all(is_filtered(delivery) for delivery in deliveries)


def test_a_message_after_rset_is_filtered(mta, sink):
    with mta.connect() as client:
        client.ehlo()
        assert client.mail("given-up@client.example")[0] == 250
        assert client.rcpt(OTHER_RECIPIENT)[0] == 250
        assert client.rset()[0] == 250
        client.sendmail(SENDER, [RECIPIENT], message("whole"))

    delivery = sink.next_delivery()
    assert (delivery.sender, delivery.recipients) == (SENDER, [RECIPIENT])
    assert is_filtered(delivery)
    assert sink.is_empty()


def test_a_client_that_vanishes_in_data_leaves_nothing_behind(mta, sink, milter):
    mta.vanish_in_data(SENDER, RECIPIENT, message("vanished"))
    with mta.connect() as client:
        client.sendmail(SENDER, [RECIPIENT], message("next"))

    delivery = sink.next_delivery()
    assert subject(delivery) == "next"
    assert is_filtered(delivery)
    assert sink.is_empty()
    assert milter.is_running()


def test_mail_of_the_sendmail_command_is_filtered(mta, sink):
    sent = message("command")
    mta.sendmail(sent.replace(b"\r\n", b"\n"), SENDER, RECIPIENT)

    delivery = sink.next_delivery()
    assert (delivery.sender, delivery.recipients) == (SENDER, [RECIPIENT])
    assert_only_the_header_is_added(delivery, sent)
