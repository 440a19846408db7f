# SPDX-License-Identifier: MIT
"""The example filters driven by `miltertest` of OpenDKIM, which plays the MTA by script."""

import pathlib
import shutil
import subprocess

import pytest

import deadline
from conftest import need
from filters import Message, running_filter

FOLDER = pathlib.Path(__file__).parent / "miltertest"


@pytest.fixture(autouse=True)
def miltertest():
    if shutil.which("miltertest") is None:
        need("there is no miltertest command (Debian: apt-get install miltertest)")


def play(script, milter):
    given = ["-D", f"address={milter.address}", "-D", f"script={script}"]
    subprocess.run(
        ["miltertest", *given, "-s", "play.lua"], cwd=FOLDER, check=True, timeout=deadline.SECONDS
    )


@pytest.mark.parametrize(
    ["script", "program", "arguments"],
    [
        ("add_header.lua", "add_header", []),
        ("negotiation.lua", "add_header", []),
        ("reject_recipient.lua", "reject_recipient", ["unwanted"]),
    ],
)
def test_the_filter_answers_as_the_script_wants(script, program, arguments, address):
    with running_filter(program, address, *arguments) as milter:
        play(script, milter)
        assert milter.is_running()


def test_all_that_the_script_says_is_understood(address):
    with running_filter("inspect", address) as milter:
        play("inspect.lua", milter)
        first, second, third = (said_in(milter.conversation()) for _ in range(3))

    assert first[0].name == "negotiate"
    assert first[1:] == FIRST
    assert second[1:] == SECOND
    assert third[1:] == THIRD


def said_in(conversation):
    return [line for line in conversation if line.speaker == "MTA"]


def mta(name, text=""):
    return Message("MTA", name, text)


FIRST = [
    mta("macro", 'command=connect definitions=[j="mta.example" {daemon_name}="miltertest" v=""]'),
    mta("connect", 'hostname="client.example" family=inet port=12345 address="192.0.2.1"'),
    mta("macro", 'command=helo definitions=[{tls_version}="TLSv1.3"]'),
    mta("helo", 'hostname="client.example"'),
    mta("unknown", 'line="FOO bar"'),
    mta("macro", 'command=mail definitions=[i="4F2A1C"]'),
    mta("mail", 'sender="<sender@client.example>" args=["SIZE=100" "BODY=8BITMIME"]'),
    mta("macro", 'command=rcpt definitions=[{rcpt_addr}="one@example.org"]'),
    mta("rcpt", 'recipient="<one@example.org>" args=["NOTIFY=NEVER"]'),
    mta("unknown", 'line="BAR"'),
    mta("rcpt", 'recipient="<two@example.org>" args=[]'),
    mta("data"),
    mta("header", r'name="Subject" value="caf\xc3\xa9 \xff\x01"'),
    mta("header", r'name="To" value="one@example.org,\n\ttwo@example.org"'),
    mta("header", 'name="X-Empty" value=""'),
    mta("end_of_headers"),
    mta("body", r'chunk="one\r"'),
    mta("body", r'chunk="\ntwo\r\n"'),
    mta("end_of_message", 'chunk=""'),
    mta("mail", 'sender="<>" args=[]'),
    mta("abort"),
    mta("quit"),
]
SECOND = [
    mta("connect", 'hostname="[IPv6:2001:db8::1]" family=inet6 port=12345 address="2001:db8::1"'),
    mta("quit"),
]
THIRD = [
    mta("connect", 'hostname="localhost" family=unknown port=0 address=""'),
    mta("helo", 'hostname="test.example.com"'),
    mta("mail", 'sender="<sender@client.example>" args=[]'),
]
