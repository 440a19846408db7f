# SPDX-License-Identifier: MIT
"""Runs every scenario with every mail server and every scripted filter.

    pytest test_scenarios.py -k "postfix and kilter_filter and reject-at-mail"
"""

import itertools
import re

import pytest

from filters import running_filter
from mail import parts
from conftest import need
from peers import FILTERS
from scenarios import SCENARIOS
from scenarios.model import WELL, Delivered, bare, resolve
from smtp_client import as_bytes, as_text, connected_client

UNTOLD = ("negotiate", "macro", "abort", "quit", "quit_nc")
marks = itertools.count(1)


@pytest.mark.parametrize("scenario", SCENARIOS, ids=lambda scenario: scenario.name)
@pytest.mark.parametrize("filter_name", FILTERS)
def test_scenario(relay, filter_name, scenario, scratch, record_property):
    reasons = []
    wanted = resolve(scenario, (f"{relay.name}_{filter_name}", relay.name, filter_name), reasons)
    peers = {"mta": relay.name, "filter": filter_name}
    record_property("scenario", {"name": scenario.name, **peers, "reasons": reasons})
    need(FILTERS[filter_name].missing())
    if scenario.how not in relay.ways_in:
        why = "kilter's `smtp_server` takes mail by SMTP alone, and has no `sendmail` command."
        reasons.append({"kind": "can't", "why": why})
        pytest.skip(why)

    mark = f"mark{next(marks)}."
    if wanted.script is None:
        transcript, heard = play(wanted, relay.mta, mark), []
    else:
        script = scratch / "script"
        script.write_bytes(as_bytes(wanted.script))
        program = FILTERS[filter_name].program()
        with running_filter(program, script, relay.filter_address) as milter:
            transcript = play(wanted, relay.mta, mark)
            heard = conversation(milter, wanted.connections)

    assert transcript == expected_transcript(transcript, wanted.replies)
    assert_heard(heard, wanted, filter_name)
    for expected in wanted.delivered:
        assert_delivered(relay.sink, wanted, expected, f"{mark}{expected.number}@")
    for number in wanted.held:
        assert relay.mta.take_held(f"{mark}{number}@".encode()), f"mail {number} isn't held"
    assert relay.sink.is_empty(mark.encode()), "more was delivered than was expected"


def play(scenario, mta, mark):
    with connected_client(mta, scenario.how, mark) as client:
        for step in scenario.client:
            step.play(client)
    return client.transcript


def expected_transcript(transcript, replies):
    """What the client should have noted, each as closely as the scenario says it."""
    unknown = [label for label in replies if label not in dict(transcript)]
    assert not unknown, f"{unknown} never came: {transcript}"
    expected = []
    for label, reply in transcript:
        wanted = replies.get(label, WELL.get(label.split(" ")[0], "250"))
        same_code = re.fullmatch(r"\d\d\d", wanted) and reply.split("\n")[-1].startswith(wanted)
        expected.append((label, reply if same_code else wanted))
    return expected


def conversation(milter, connections):
    """All that the filter prints until so many connections have ended."""
    heard = []
    while connections > 0:
        heard.append(milter.line())
        connections -= bool(re.match(r"#\d+ closed", heard[-1]))
    return heard


def assert_heard(heard, scenario, filter_name):
    if scenario.told is not None:
        names = [name for name in map(name_told, heard) if name and name not in UNTOLD]
        assert names == list(scenario.told)
    following = iter(heard)
    for text in scenario.heard or ():
        if filter_name == "libmilter_filter" and (text.startswith("macro ") or "{" in text):
            continue  # libmilter keeps macros to itself
        assert any(text in line for line in following), f"the filter never printed {text!r}"
    for text in scenario.not_heard:
        assert not [line for line in heard if text in line]


def name_told(line):
    match = re.match(r"#\d+ MTA +> (\w+)", line)
    return match and match[1]


def assert_delivered(sink, scenario, expected, mark):
    """The mail with this mark must have arrived as expected, in one piece or several."""
    mails = [step for step in scenario.client if hasattr(step, "recipients")]
    sent = mails[expected.number - 1]

    def wanted(name):
        value = getattr(expected, name)
        return getattr(sent, name) if value is None else value

    recipients = sorted(bare(address) for address in wanted("recipients"))
    deliveries = [sink.next_delivery(mark.encode())]
    while sum(len(one.recipients) for one in deliveries) < len(recipients):
        deliveries.append(sink.next_delivery(mark.encode()))

    first = deliveries[0]
    assert all(one.content == first.content for one in deliveries)
    fields, body = parts(first.content)
    seen = {
        "sender": bytes_of(first.sender),
        "recipients": sorted(bytes_of(address) for one in deliveries for address in one.recipients),
        "fields": [own_received(as_text(field).replace(mark, "MARK@")) for field in fields],
    }
    wanted_fields = wanted("fields") if expected.fields else ["Received", *sent.fields]
    assert seen == {
        "sender": bare(wanted("sender")),
        "recipients": recipients,
        "fields": seen["fields"] if wanted_fields == Delivered.ANY else wanted_fields,
    }
    assert_same_bytes(as_text(body).replace(mark, "MARK@"), wanted("body"))
    assert_arguments(deliveries, expected)


def assert_arguments(deliveries, expected):
    """Those that a scenario asks for. The MTA may add others."""
    given = deliveries[0].sender_args.split(" ")
    assert [arg for arg in expected.sender_args or () if arg not in given] == [], given
    of_recipients = {
        address: args.split(" ")
        for one in deliveries
        for address, args in zip(one.recipients, one.recipient_args)
    }
    for address, args in (expected.recipient_args or {}).items():
        given = of_recipients[address]
        assert [arg for arg in args if arg not in given] == [], given


def bytes_of(address):
    """An address that was decoded as UTF-8, as bytes again."""
    return as_text(address.encode("utf-8", "surrogateescape"))


def own_received(field):
    return "Received" if re.match(r"Received:.*\bby mta\.example\b", field, re.DOTALL) else field


def assert_same_bytes(got, wanted):
    """Like `==`, but fails with the first difference instead of megabytes."""
    if got == wanted:
        return
    first = next((at for at, (a, b) in enumerate(zip(got, wanted)) if a != b), None)
    if first is None:
        first = min(len(got), len(wanted))
    raise AssertionError(
        f"body of {len(got)} bytes for {len(wanted)}, at {first}: "
        f"{got[first:][:60]!r} for {wanted[first:][:60]!r}"
    )
