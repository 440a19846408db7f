# SPDX-License-Identifier: MIT
"""What `dump` shows of captured connections, sound and broken.

captures/ holds what Postfix and the example filters said to each other: `postfix.mta` and
`postfix.filter` are the two sides of a connection with `reject_recipient`, `postfix.pcap` is
tcpdump's capture of two connections with `add_header`.
"""

import json
import os
import pathlib
import random
import re
import struct
import subprocess
from typing import NamedTuple

import pytest

import deadline
from conftest import need
from filters import folder

try:
    from scapy import all as scapy
except ImportError:
    scapy = None

CAPTURES = pathlib.Path(__file__).with_name("captures")

CLEAN, BROKEN, UNREADABLE, USAGE = 0, 1, 2, 64

PROGRAM = "dump"


class Run(NamedTuple):
    """What is left of a run of `dump`."""

    status: int
    out: str
    err: str


def dump(*arguments, stdin=b""):
    done = subprocess.run(
        [folder() / "dump", *arguments],
        input=stdin,
        capture_output=True,
        timeout=deadline.SECONDS,
        env={**os.environ, "TZ": "UTC"},
    )
    return Run(done.returncode, done.stdout.decode(), done.stderr.decode())


class Line(NamedTuple):
    """A line of text about a message, or about something else that one side did."""

    connection: str
    offset: int
    speaker: str
    sign: str
    text: str


BEGINNING = r"#\d+ MTA \S+, filter \S+(, already under way)?"
LINE = r"(?:#(\d+) [\d:.]+ )? *(\d+) (MTA|filter) +([>!-]) (.*)"


def lines(run):
    found = []
    for line in run.out.splitlines():
        if not re.fullmatch(BEGINNING, line):
            match = re.fullmatch(LINE, line)
            assert match, f"not a line of dump: {line!r}"
            found.append(Line(match[1], int(match[2]), *match.groups()[2:]))
    return found


def messages(run, connection=None):
    """Who said what, like `MTA helo`."""
    return [
        f"{line.speaker} {line.text.split()[0]}"
        for line in lines(run)
        if line.sign == ">" and line.connection == connection
    ]


def problems(run):
    """Who did what wrong, like `filter unknown code…`."""
    return [
        f"{line.speaker} {line.text.split(' ! ')[-1]}"
        for line in lines(run)
        if line.sign == "!" or " ! " in line.text
    ]


def objects(run):
    return [json.loads(line) for line in run.out.splitlines()]


def assert_told(run, what):
    """One line on standard error that begins as said."""
    assert re.fullmatch(r"dump: [^\n]*\n", run.err), run.err
    assert run.err.startswith(f"dump: {what}"), run.err


# What the sides say in most tests, in this order.

MTA, FILTER = "MTA", "filter"


def frame(code, payload=b""):
    return struct.pack(">I", len(payload) + 1) + code.encode() + payload


def negotiation(actions, options):
    return frame("O", struct.pack(">III", 6, actions, options))


OFFER = negotiation(0x1FF, 0x1FFFFF)
ANSWER = negotiation(0x001, 0)  # add_headers; all steps are sent and answered
CONNECT = frame("C", b"client.example\0" + b"4" + struct.pack(">H", 40000) + b"192.0.2.1\0")
HELO = frame("H", b"client.example\0")
MAIL = frame("M", b"<one@client.example>\0SIZE=10\0")
RCPT = frame("R", b"<two@example.org>\0")
EOM = frame("E")
QUIT = frame("Q")
PROCEED = frame("c")
ADD_HEADER = frame("h", b"X-Filtered\0yes\0")
ACCEPT = frame("a")

TALK = [
    (MTA, OFFER),
    (FILTER, ANSWER),
    (MTA, CONNECT),
    (FILTER, PROCEED),
    (MTA, HELO),
    (FILTER, PROCEED),
    (MTA, MAIL),
    (FILTER, PROCEED),
    (MTA, RCPT),
    (FILTER, PROCEED),
    (MTA, EOM),
    (FILTER, ADD_HEADER),
    (FILTER, ACCEPT),
    (MTA, QUIT),
]
SHOWN = [
    "MTA negotiate",
    "filter negotiate",
    "MTA connect",
    "filter proceed",
    "MTA helo",
    "filter proceed",
    "MTA mail",
    "filter proceed",
    "MTA rcpt",
    "filter proceed",
    "MTA end_of_message",
    "filter add_header",
    "filter accept",
    "MTA quit",
]


def side(speaker, talk=TALK):
    return b"".join(data for who, data in talk if who == speaker)


@pytest.fixture
def files(tmp_path):
    """Writes the two sides to files; gives the arguments that name them."""

    def write(mta, filter):
        (tmp_path / "mta").write_bytes(mta)
        (tmp_path / "filter").write_bytes(filter)
        return ["--mta", tmp_path / "mta", "--filter", tmp_path / "filter"]

    return write


# Real bytes of Postfix.

POSTFIX_SAID = """
MTA negotiate, filter negotiate,
MTA macro, MTA connect, filter proceed,
MTA macro, MTA helo, filter proceed,
MTA macro, MTA mail, filter proceed,
MTA macro, MTA rcpt, filter reply_code,
MTA macro, MTA rcpt, filter proceed,
MTA macro, MTA data, filter proceed,
MTA macro, MTA end_of_message, filter proceed,
MTA abort, MTA abort, MTA quit
"""


def in_order(text):
    return re.split(r",\s+", text.strip())


def of(speaker, shown):
    return [name for name in shown if name.startswith(speaker)]


def test_both_sides_are_put_in_the_order_of_the_conversation():
    run = dump("--mta", CAPTURES / "postfix.mta", "--filter", CAPTURES / "postfix.filter")
    assert run.status == CLEAN and run.err == ""
    assert messages(run) == in_order(POSTFIX_SAID)
    assert lines(run)[1].text == (
        "negotiate version=6 actions=none options=no_body|no_headers|no_end_of_headers symbols=[]"
    )


@pytest.mark.parametrize(("option", "speaker"), [("--mta", MTA), ("--filter", FILTER)])
def test_one_side_alone_is_shown_without_complaints(option, speaker):
    run = dump(option, CAPTURES / f"postfix.{speaker.lower()}")
    assert run.status == CLEAN and run.err == ""
    assert messages(run) == of(speaker, in_order(POSTFIX_SAID))


@pytest.mark.parametrize("option", ["--mta", "--filter"])
def test_standard_input_is_read(option, files):
    arguments = files(side(MTA), side(FILTER))
    place = arguments.index(option) + 1
    stdin = arguments[place].read_bytes()
    arguments[place] = "-"
    run = dump(*arguments, stdin=stdin)
    assert run.status == CLEAN
    assert messages(run) == SHOWN


def test_offsets_are_those_of_the_frames():
    run = dump("--json", "--mta", CAPTURES / "postfix.mta", "--filter", CAPTURES / "postfix.filter")
    for speaker in ("mta", "filter"):
        data = (CAPTURES / f"postfix.{speaker}").read_bytes()
        at = 0
        for said in objects(run):
            if said["from"] == speaker:
                assert said["offset"] == at
                at += 4 + struct.unpack_from(">I", data, at)[0]
        assert at == len(data)


def test_json_has_the_fields_of_the_message():
    run = dump("--json", "--mta", CAPTURES / "postfix.mta", "--filter", CAPTURES / "postfix.filter")
    said = objects(run)
    connect = next(line for line in said if line["name"] == "connect")
    port = connect["fields"].pop("port")
    assert 0 < port < 65536
    assert connect == {
        "from": "mta",
        "offset": 126,
        "name": "connect",
        "symbol": "SMFIC_CONNECT",
        "fields": {"hostname": "[127.0.0.1]", "family": "inet", "address": "127.0.0.1"},
    }
    macros = said[2]["fields"]
    assert macros["command"] == "connect"
    assert macros["definitions"][0] == {"name": "j", "value": "mta.example"}
    assert said[1]["fields"]["options"] == ["no_body", "no_headers", "no_end_of_headers"]


def test_bytes_that_are_not_utf8_survive_in_json(files):
    body = bytes(range(256))
    mta = [OFFER, CONNECT, MAIL, RCPT, frame("L", b"X\0Caf\xe9\0"), frame("L", b"X\0Caf\xc3\xa9\0")]
    filter = [ANSWER] + [PROCEED] * 6
    run = dump("--json", *files(b"".join(mta) + frame("B", body), b"".join(filter)))
    assert run.status == CLEAN
    said = [line["fields"] for line in objects(run)]
    assert {"name": "X", "value": {"bytes": list(b"Caf\xe9")}} in said
    assert {"name": "X", "value": "Café"} in said
    assert {"chunk": {"bytes": list(body)}} in said


# What breaks the rules.


def test_a_stream_that_is_cut_off_is_shown_up_to_there(files):
    mta = side(MTA)
    whole = len(mta) - len(QUIT) - len(EOM) - len(RCPT)
    arguments = files(mta[: whole + 12], side(FILTER, TALK[:8]))
    run = dump(*arguments)
    assert run.status == BROKEN
    assert messages(run) == SHOWN[:8]
    assert problems(run) == [f"MTA cut short: 12 of {len(RCPT)} bytes of a frame"]
    assert_told(run, f"{arguments[1]}: MTA, offset {whole}: cut short: 12 of ")


def test_less_than_a_length_is_cut_off(files):
    run = dump(*files(side(MTA) + b"\0\0", side(FILTER)))
    assert problems(run) == ["MTA cut short: 2 of at least 5 bytes of a frame"]


@pytest.mark.parametrize(
    ("bad", "told"),
    [
        (b"\0\0\0\0c", "a frame of length 0: length 0"),
        (b"\0\x20\0\0c", "a frame over the limit: length 2097152"),
        (b"HTTP/1.1 200 OK\r\n", 'the peer is not a milter: length 1213486160, as text "HTTP"'),
    ],
)
def test_a_length_that_cannot_be_ends_its_side_only(bad, told, files):
    begun = side(FILTER)[: len(ANSWER) + len(PROCEED)]
    run = dump(*files(side(MTA), begun + bad))
    assert run.status == BROKEN
    (problem,) = problems(run)
    assert problem.startswith(f"filter {told}, after greeted, while the answer to helo was due")
    assert messages(run) == SHOWN[:5] + of(MTA, SHOWN[5:])


@pytest.mark.parametrize(
    ("bad", "told"),
    [
        (
            frame("X", b"ab\0\xff"),
            r'unknown code: code "X", length 5, after greeted, payload "ab\x00\xff"',
        ),
        (
            frame("M", b"abc"),
            'text without a NUL at its end: code "M", length 4, after greeted, payload "abc"',
        ),
    ],
)
def test_a_frame_that_cannot_be_read_is_skipped(bad, told, files):
    talk = TALK[:6] + [(MTA, bad)] + TALK[6:]
    if bad[4:5] == b"M":
        del talk[7]
    run = dump(*files(side(MTA, talk), side(FILTER, talk)))
    assert run.status == BROKEN
    assert problems(run) == [f"MTA {told}"]
    assert messages(run) == [name for name in SHOWN if bad[4:5] != b"M" or name != "MTA mail"]
    (wrong,) = [line for line in lines(run) if line.sign == "!"]
    assert wrong.offset == len(OFFER + CONNECT + HELO)


def test_a_verdict_that_cannot_be_read_is_a_verdict_all_the_same(files):
    talk = TALK[:7] + [(FILTER, frame("y", b"550 a\0b\0"))] + TALK[8:]
    run = dump(*files(side(MTA, talk), side(FILTER, talk)))
    (problem,) = problems(run)
    assert problem.startswith("filter bytes after the last field: ")
    assert messages(run) == SHOWN[:7] + SHOWN[8:]


def test_json_shows_the_bytes_of_what_cannot_be_read(files):
    run = dump("--json", *files(side(MTA) + frame("X", b"a\xff"), b""))
    wrong = objects(run)[-1]
    assert (wrong["code"], wrong["length"], wrong["seen"]) == ("X", 3, {"bytes": [97, 255]})
    assert wrong["offset"] == len(side(MTA))
    assert wrong["error"].startswith("unknown code")


OUT_OF_TURN = [
    # what goes wrong: the talk, and what is said about it
    (TALK[:6] + [(MTA, RCPT)] + TALK[9:], ["MTA out of turn, after greeted"]),
    (TALK[:4] + [(MTA, CONNECT)] + TALK[3:], ["MTA out of turn, after connected"]),
    (TALK[:8] + [(MTA, OFFER), (FILTER, ANSWER)], ["MTA out of turn, after mail"]),
    (TALK + [(MTA, HELO), (FILTER, PROCEED)], ["MTA the conversation is over, after closed"]),
    (TALK + [(FILTER, PROCEED)], ["filter the conversation is over, after closed"]),
    (TALK[:-1] + [(FILTER, PROCEED)], ["filter reply where none is due, after greeted"]),
    (
        TALK[:7] + [(FILTER, ADD_HEADER)] + TALK[7:],
        ["filter not a reply to this command, after mail, while the answer to mail was due"],
    ),
    (
        TALK[:11] + [(FILTER, frame("b", b"new"))] + TALK[11:],
        [
            "filter action not agreed, after end_of_message, "
            "while the answer to end_of_message was due"
        ],
    ),
    (
        TALK[:1] + [(FILTER, negotiation(0x201, 0))] + TALK[2:],
        ["filter action not offered, after fresh, while the answer to negotiate was due"],
    ),
    (TALK[:11], ["filter closed while the answer to end_of_message was due"]),
    (
        TALK[:8] + [(MTA, frame("B", b"x" * 65536)), (FILTER, PROCEED)],
        ["MTA payload over the agreed size, after mail"],
    ),
]


@pytest.mark.parametrize(("talk", "told"), OUT_OF_TURN, ids=[told[0] for _, told in OUT_OF_TURN])
def test_what_may_not_come_now_is_marked_and_the_rest_goes_on(talk, told, files):
    run = dump(*files(side(MTA, talk), side(FILTER, talk)))
    assert run.status == BROKEN
    assert problems(run) == told
    by_code = {b"O": "negotiate", b"C": "connect", b"H": "helo", b"M": "mail", b"R": "rcpt"}
    by_code |= {b"B": "body", b"E": "end_of_message", b"Q": "quit", b"c": "proceed", b"a": "accept"}
    by_code |= {b"h": "add_header", b"b": "replace_body"}
    assert messages(run) == [f"{who} {by_code[data[4:5]]}" for who, data in talk]
    assert_told(run, "/")


def test_the_first_of_several_problems_is_told(files):
    run = dump(*files(side(MTA) + frame("X") + QUIT[:4], side(FILTER)))
    assert len(problems(run)) == 2
    assert re.search(r'unknown code: code "X".* \(the first of 2\)$', run.err)


@pytest.mark.parametrize(
    ("said", "told"),
    [
        (ADD_HEADER + ACCEPT, ["filter action not agreed, after end_of_message"]),
        (frame("s"), ["filter option not agreed, after end_of_message"]),
        (frame("p") + ACCEPT, []),
        (OFFER, ["filter not a reply to this command, after end_of_message"]),
    ],
)
def test_a_filter_alone_is_held_to_what_it_agreed(said, told):
    run = dump("--filter", "-", stdin=negotiation(0, 0) + said)
    due = ", while the answer to end_of_message was due"
    assert problems(run) == [problem + due for problem in told]


def test_an_mta_alone_may_leave_steps_out_but_not_mix_them():
    header, body = frame("L", b"A\0b\0"), frame("B", b"x")
    run = dump("--mta", "-", stdin=OFFER + MAIL + header + body + header + EOM)
    assert problems(run) == ["MTA out of turn, after body"]


def test_what_mtas_may_not_read_as_it_is_meant_is_a_doubt(files):
    talk = TALK[:9] + [(FILTER, frame("y", b"550 5.7.1 100% sure\0"))] + TALK[10:]
    arguments = files(side(MTA, talk), side(FILTER, talk))
    run = dump(*arguments)
    assert run.status == CLEAN
    assert lines(run)[9].text == 'reply_code text="550 5.7.1 100% sure" ? malformed SMTP reply'
    assert objects(dump("--json", *arguments))[9]["doubt"] == "malformed SMTP reply"


def after_the_answer_to_a_refused_recipient(answer, files):
    """The problems, if the MTA tells the next recipient then."""
    rejected_rcpt = 0x800
    refused = frame("D", b"R{rcpt_mailer}\0error\0")
    taken = frame("D", b"R{rcpt_mailer}\0smtp\0")
    talk = TALK[:1] + [(FILTER, negotiation(0, rejected_rcpt))] + TALK[2:8]
    talk += [(MTA, refused + RCPT), (FILTER, answer), (MTA, taken + RCPT), (FILTER, PROCEED)]
    return problems(dump(*files(side(MTA, talk), side(FILTER, talk))))


def test_a_refusal_of_a_recipient_whom_the_mta_has_refused_ends_nothing(files):
    assert after_the_answer_to_a_refused_recipient(frame("r"), files) == []


def test_an_accept_at_a_recipient_whom_the_mta_has_refused_ends_the_message(files):
    found = after_the_answer_to_a_refused_recipient(ACCEPT, files)
    assert found == ["MTA out of turn, after greeted"]


def test_the_limit_can_be_set(files):
    body = frame("b", b"x" * 2_000_000)
    talk = TALK[:1] + [(FILTER, negotiation(0x002, 0))] + TALK[2:11] + [(FILTER, body)] + TALK[12:]
    arguments = files(side(MTA, talk), side(FILTER, talk))
    assert problems(dump(*arguments))[0].startswith("filter a frame over the limit: length 2000001")
    run = dump("--limit", "2000000", *arguments)
    assert run.status == CLEAN
    assert "filter replace_body" in messages(run)


# Input that can't be read, and wrong command lines.


@pytest.mark.parametrize("option", ["--mta", "--filter"])
def test_a_missing_file_is_named(option, tmp_path):
    run = dump(option, tmp_path / "missing")
    assert run.status == UNREADABLE and run.out == ""
    assert_told(run, f"{tmp_path}/missing: No such file or directory")


def test_a_folder_is_not_a_capture_but_the_other_side_is_shown(tmp_path, files):
    arguments = files(side(MTA), side(FILTER))
    arguments[1] = tmp_path
    run = dump(*arguments)
    assert run.status == UNREADABLE
    assert messages(run) == of(FILTER, SHOWN)
    assert_told(run, f"{tmp_path}: Is a directory")


@pytest.mark.parametrize(
    "arguments",
    [
        [],
        ["--mta"],
        ["--mta", "-", "--filter", "-"],
        ["--pcap", "x", "--mta", "x"],
        ["--mta", "x", "--port", "25"],
        ["--pcap", "x", "--port", "70000"],
        ["--mta", "x", "--limit", "0"],
        ["--mta", "x", "--unknown"],
        ["x"],
    ],
    ids=" ".join,
)
def test_a_wrong_command_line_is_refused(arguments):
    run = dump(*arguments)
    assert run.status == USAGE and run.out == "" and run.err != ""


def test_help_has_examples():
    run = dump("--help")
    assert run.status == CLEAN and run.err == ""
    assert "dump --mta to-filter.bin --filter to-mta.bin\n" in run.out


# Captures of packets.

LINKS = {
    # name: its number in a capture, and its header before IPv4 and IPv6
    "null": (0, lambda v6: struct.pack("=I", 30 if v6 else 2)),
    "ethernet": (1, lambda v6: bytes(12) + (b"\x86\xdd" if v6 else b"\x08\x00")),
    "vlan": (1, lambda v6: bytes(12) + b"\x81\x00\x00\x05" + (b"\x86\xdd" if v6 else b"\x08\x00")),
    "raw": (101, lambda v6: b""),
    "loop": (108, lambda v6: struct.pack(">I", 30 if v6 else 2)),
    "sll": (113, lambda v6: bytes(14) + (b"\x86\xdd" if v6 else b"\x08\x00")),
    "sll2": (276, lambda v6: (b"\x86\xdd" if v6 else b"\x08\x00") + bytes(18)),
}
PORT = {MTA: 40001, FILTER: 8891}
RAW = LINKS["raw"][0]


@pytest.fixture
def built_with_libpcap():
    missing = "built without libpcap" in dump("--pcap", "/dev/null").err
    reason = "dump was built without libpcap (Debian: apt-get install libpcap-dev)"
    need(reason if missing else None)


@pytest.fixture
def pcap(tmp_path, built_with_libpcap):
    """Writes packets to a capture."""
    need(None if scapy else "Python has no scapy (Debian: apt-get install python3-scapy)")

    def write(packets, link=RAW, kept=None):
        name = tmp_path / "written.pcap"
        with scapy.RawPcapWriter(str(name), linktype=link) as writer:
            writer.write_header(None)
            for number, packet in enumerate(packets):
                data = bytes(packet)
                moment = {"sec": 1767268800 + number, "usec": 500}
                writer.write_packet(data[:kept], wirelen=len(data), **moment)
        return name

    return write


def other(speaker):
    return FILTER if speaker == MTA else MTA


BOTH_CLOSE = ((MTA, "FA"), (FILTER, "FA"), (MTA, "A"))


def packets(
    talk=TALK, v6=False, ports=PORT, begin=(1000, 5_000_000), handshake=True, end=BOTH_CLOSE
):
    """A conversation as packets, each piece of it in one, with the beginning and the end of TCP."""
    if v6:
        addresses = {MTA: "2001:db8::1", FILTER: "2001:db8::2"}
    else:
        addresses = {MTA: "192.0.2.1", FILTER: "192.0.2.2"}
    number = {MTA: begin[0], FILTER: begin[1]}

    def packet(speaker, flags, data=b""):
        hearer = other(speaker)
        network = (scapy.IPv6 if v6 else scapy.IP)(src=addresses[speaker], dst=addresses[hearer])
        tcp = scapy.TCP(
            sport=ports[speaker],
            dport=ports[hearer],
            flags=flags,
            seq=number[speaker],
            ack=number[hearer] if "A" in flags else 0,
        )
        number[speaker] = (number[speaker] + len(data) + ("S" in flags) + ("F" in flags)) % 2**32
        return network / tcp / scapy.Raw(data) if data else network / tcp

    made = [packet(MTA, "S"), packet(FILTER, "SA"), packet(MTA, "A")]
    if not handshake:
        made = []
    made += [packet(speaker, "PA", data) for speaker, data in talk]
    return made + [packet(*closing) for closing in end]


def test_a_capture_of_tcpdump_is_shown(built_with_libpcap):
    run = dump("--pcap", CAPTURES / "postfix.pcap")
    assert run.status == CLEAN and run.err == ""
    fields = ", MTA macro, MTA header, filter proceed" * 6
    said = in_order(
        f"""
        MTA negotiate, filter negotiate,
        MTA macro, MTA connect, filter proceed,
        MTA macro, MTA helo, filter proceed,
        MTA macro, MTA mail, filter proceed,
        MTA macro, MTA rcpt, filter proceed,
        MTA macro, MTA data, filter proceed{fields},
        MTA macro, MTA end_of_headers, filter proceed,
        MTA macro, MTA body, filter proceed,
        MTA macro, MTA end_of_message, filter add_header, filter accept,
        MTA abort, MTA abort, MTA quit
        """
    )
    assert messages(run, "1") == said
    assert messages(run, "2") == said


def test_a_capture_can_come_by_standard_input(built_with_libpcap):
    capture = CAPTURES / "postfix.pcap"
    assert dump("--pcap", "-", stdin=capture.read_bytes()).out == dump("--pcap", capture).out


def test_json_of_a_capture_names_the_connection_and_the_time(pcap):
    first, offer, *_ = objects(dump("--json", "--pcap", pcap(packets())))
    assert first == {
        "connection": 1,
        "mta": "192.0.2.1:40001",
        "filter": "192.0.2.2:8891",
        "whole": True,
    }
    assert (offer["connection"], offer["time"]) == (1, "2026-01-01T12:00:03.000500Z")


@pytest.mark.parametrize("v6", [False, True], ids=["ipv4", "ipv6"])
@pytest.mark.parametrize("link", LINKS)
def test_every_kind_of_link_is_read(link, v6, pcap):
    number, header = LINKS[link]
    run = dump("--pcap", pcap([header(v6) + bytes(p) for p in packets(v6=v6)], number))
    assert run.status == CLEAN and run.err == ""
    assert messages(run, "1") == SHOWN
    assert ("[2001:db8::1]:40001" if v6 else "192.0.2.1:40001") in run.out


def test_pcapng_is_read(pcap, tmp_path):
    name = tmp_path / "written.pcapng"
    scapy.wrpcapng(str(name), [scapy.Ether() / packet for packet in packets()])
    assert messages(dump("--pcap", name), "1") == SHOWN


def test_padding_and_other_packets_are_no_part_of_it(pcap):
    mail = packets([(MTA, b"EHLO client.example\r\n")], ports={MTA: 40002, FILTER: 25})
    question = scapy.IP() / scapy.UDP(dport=53) / b"name?"
    ethernet = LINKS["ethernet"]
    padded = [ethernet[1](False) + bytes(p) + bytes(20) for p in [question, *packets(), *mail]]
    run = dump("--port", "8891", "--pcap", pcap(padded, ethernet[0]))
    assert run.status == CLEAN
    assert messages(run, "1") == SHOWN


def test_a_connection_of_another_protocol_is_told_and_the_others_are_shown(pcap):
    smtp = packets([(FILTER, b"220 mta.example ESMTP\r\n")], ports={MTA: 40002, FILTER: 25})
    run = dump("--pcap", pcap([*smtp, *packets()]))
    assert run.status == BROKEN
    (problem,) = problems(run)
    assert problem.startswith("filter the peer is not a milter: ")
    assert messages(run, "2") == SHOWN


def shuffled(made):
    """Each two neighbours change places."""
    pairs = zip(made[1::2], made[::2])
    return [packet for pair in pairs for packet in pair] + made[len(made) // 2 * 2 :]


def part(packet, data, offset=0):
    """The packet with other data, which begins so many bytes later."""
    changed = packet.copy()
    changed.payload.seq = (changed.payload.seq + offset) % 2**32
    changed.payload.payload = scapy.Raw(data)
    return changed


def overlapping(made):
    """Each piece of data comes together with the one before of the same side."""
    before = {}
    for packet in made:
        data = bytes(packet.payload.payload)
        earlier = before.get(packet.src, b"")
        yield part(packet, earlier + data, -len(earlier)) if data else packet
        before[packet.src] = data


def too_early(made):
    """Each piece of data comes before the one that it answers, and its first half once more."""
    for packet in shuffled(made):
        yield packet
        data = bytes(packet.payload.payload)
        if data:
            yield part(packet, data[: len(data) // 2])


@pytest.mark.parametrize(
    "disturb",
    [
        lambda made: made,
        lambda made: [packet for packet in made for _ in range(2)],
        lambda made: made[:3] + shuffled(made[3:]),
        lambda made: [*overlapping(made)],
        lambda made: made[:3] + [*too_early(made[3:])],
        lambda made: made + made[5:9],
    ],
    ids=["in order", "twice", "shuffled", "overlapping", "too early", "late"],
)
@pytest.mark.parametrize("begin", [(1000, 5000), (2**32 - 50, 2**32 - 20)], ids=["low", "wrap"])
def test_tcp_is_put_in_order(disturb, begin, pcap):
    run = dump("--pcap", pcap(disturb(packets(begin=begin))))
    assert run.status == CLEAN and run.err == ""
    assert messages(run, "1") == SHOWN


def test_a_frame_in_many_segments_and_many_in_one(pcap):
    talk = [(who, bytes([byte])) for who, data in TALK[:-4] for byte in data]
    talk += [(MTA, EOM), (FILTER, ADD_HEADER + ACCEPT), (MTA, QUIT)]
    assert messages(dump("--pcap", pcap(packets(talk))), "1") == SHOWN


@pytest.mark.parametrize("lost", range(3, 17))
def test_a_lost_packet_is_a_gap_and_not_a_complaint(lost, pcap):
    made = packets()
    size = len(bytes(made[lost].payload.payload))
    capture = pcap(made[:lost] + made[lost + 1 :])
    run = dump("--pcap", capture)
    assert run.status == UNREADABLE
    speaker = TALK[lost - 3][0]
    begin = len(side(speaker, TALK[: lost - 3]))
    assert problems(run) == [f"{speaker} {size} bytes are missing"]
    assert messages(run, "1") == SHOWN[: lost - 3] + SHOWN[lost - 2 :]
    assert_told(run, f"{capture}: #1 {speaker}, offset {begin}: {size} bytes are missing\n")


def test_a_packet_is_not_waited_for_without_end(pcap):
    silent_header = 0x80
    header = frame("L", b"A\0b\0")
    talk = TALK[:1] + [(FILTER, negotiation(0, silent_header))] + TALK[2:10]
    made = packets(talk + [(MTA, header)] * 100)
    first = 3 + len(talk)
    made.insert(first + 99, made.pop(first))
    run = dump("--pcap", pcap(made))
    assert problems(run) == [f"MTA {len(header)} bytes are missing"]
    assert messages(run, "1").count("MTA header") == 99


def test_what_is_lost_within_a_frame_costs_that_frame_only(pcap):
    body = frame("B", b"x" * 3000)
    pieces = [(MTA, body[:1000]), (MTA, body[1000:2000]), (MTA, body[2000:] + EOM)]
    talk = TALK[:10] + pieces + TALK[11:]
    made = packets(talk)
    del made[3 + 11]
    run = dump("--pcap", pcap(made))
    assert problems(run) == ["MTA 1000 bytes are missing"]
    assert messages(run, "1") == SHOWN


def test_packets_that_were_cut_off_are_gaps(pcap):
    talk = TALK[:10] + [(MTA, frame("B", b"x" * 500)), (FILTER, PROCEED)] + TALK[10:]
    run = dump("--pcap", pcap(packets(talk), kept=100))
    assert run.status == UNREADABLE
    assert problems(run) == ["MTA 445 bytes are missing"]
    assert messages(run, "1") == SHOWN[:10] + ["filter proceed"] + SHOWN[10:]


@pytest.mark.parametrize("begun", [0, *range(2, 14)])
def test_a_connection_that_is_under_way(begun, pcap):
    run = dump("--pcap", pcap(packets(TALK[begun:], handshake=False)))
    assert run.status == CLEAN and run.err == ""
    ends = "MTA 192.0.2.1:40001, filter 192.0.2.2:8891"
    assert run.out.splitlines()[0] == f"#1 {ends}, already under way"
    assert messages(run, "1") == SHOWN[begun:]


def test_a_connection_that_is_under_way_within_a_frame(pcap):
    talk = [(MTA, b"the end of a body"), (FILTER, PROCEED), *TALK[-4:]]
    run = dump("--pcap", pcap(packets(talk, handshake=False)), "--port", "8891")
    assert run.status == CLEAN and run.err == ""
    assert messages(run, "1") == ["filter proceed", *SHOWN[-4:]]
    assert "goes on here, 17 bytes passed over" in [line.text for line in lines(run)]


def test_the_port_says_who_is_the_filter(pcap):
    run = dump("--port", "8891", "--pcap", pcap(packets(TALK[1:], handshake=False)))
    assert run.status == CLEAN
    assert messages(run, "1") == SHOWN[1:]


@pytest.mark.parametrize("speaker", [MTA, FILTER])
def test_only_one_direction_was_captured(speaker, pcap):
    source = {MTA: "192.0.2.1", FILTER: "192.0.2.2"}[speaker]
    run = dump("--pcap", pcap([packet for packet in packets() if packet.src == source]))
    assert run.status == CLEAN and run.err == ""
    assert messages(run, "1") == of(speaker, SHOWN)


def test_the_same_ports_again_are_another_connection(pcap):
    run = dump("--pcap", pcap(packets() + packets(begin=(77_000, 88_000))))
    assert run.status == CLEAN
    assert messages(run, "1") == messages(run, "2") == SHOWN


@pytest.mark.parametrize("speaker", [MTA, FILTER])
@pytest.mark.parametrize("how", ["FA", "RA"])
def test_a_side_that_closes_before_the_answer(how, speaker, pcap):
    end = ((speaker, how), (other(speaker), "FA"))
    run = dump("--pcap", pcap(packets(TALK[:11], end=end)))
    assert run.status == BROKEN
    assert problems(run) == [f"{speaker} closed while the answer to end_of_message was due"]
    assert messages(run, "1") == SHOWN[:11]
    assert ("reset" in [line.text for line in lines(run)]) == (how == "RA")


def test_an_answer_that_comes_too_late_is_still_an_answer(pcap):
    end = ((MTA, "FA"), (FILTER, "PA", PROCEED), (FILTER, "FA"))
    run = dump("--pcap", pcap(packets(TALK[:11], end=end)))
    assert problems(run) == ["MTA closed while the answer to end_of_message was due"]
    assert messages(run, "1") == [*SHOWN[:11], "filter proceed"]


def test_a_capture_that_ends_before_the_connection_is_no_error(pcap):
    made = packets(TALK[:10] + [(MTA, frame("L", b"Subject\0Hello\0")[:9])], end=())
    run = dump("--pcap", pcap(made))
    assert run.status == CLEAN and run.err == ""
    assert lines(run)[-1].text == "cut short: 9 of 19 bytes of a frame"


def test_a_missing_capture_is_named(tmp_path, built_with_libpcap):
    run = dump("--pcap", tmp_path / "missing")
    assert run.status == UNREADABLE and run.out == ""
    assert_told(run, f"{tmp_path}/missing: No such file or directory")


@pytest.mark.parametrize("content", [b"", b"From: Sender\n\nThis is a mail.\n", bytes(100)])
def test_what_is_not_a_capture_is_refused(content, tmp_path, built_with_libpcap):
    name = tmp_path / "other"
    name.write_bytes(content)
    run = dump("--pcap", name)
    assert run.status == UNREADABLE and run.out == ""
    assert_told(run, f"{name}: ")


def test_a_capture_that_is_cut_off_is_shown_up_to_there(tmp_path, built_with_libpcap):
    whole = CAPTURES / "postfix.pcap"
    name = tmp_path / "cut.pcap"
    name.write_bytes(whole.read_bytes()[:4000])
    run = dump("--pcap", name)
    assert run.status == UNREADABLE
    assert_told(run, f"{name}: truncated")
    assert len(run.out) > 1000 and dump("--pcap", whole).out.startswith(run.out)


def test_a_capture_without_a_milter_is_told(pcap):
    run = dump("--pcap", pcap(packets()), "--port", "25")
    assert run.status == UNREADABLE and run.out == ""
    assert "no milter connection" in run.err


# Any bytes.


def mutated(data, chance):
    data = bytearray(data)
    for _ in range(chance.randrange(1, 8)):
        at = chance.randrange(len(data))
        match chance.randrange(3):
            case 0:
                data[at] = chance.randrange(256)
            case 1:
                del data[at : at + chance.randrange(1, 20)]
            case 2:
                data[at:at] = chance.randbytes(chance.randrange(1, 20))
    return bytes(data)


@pytest.mark.parametrize("seed", range(50))
def test_any_bytes_are_shown_as_json(seed, files):
    chance = random.Random(seed)
    names = ("postfix.mta", "postfix.filter")
    sides = [mutated((CAPTURES / name).read_bytes(), chance) for name in names]
    run = dump("--json", *files(*sides))
    assert run.status in (CLEAN, BROKEN)
    assert bool(run.err) == (run.status == BROKEN)
    assert (run.status == BROKEN) == any("error" in line for line in objects(run))


@pytest.mark.parametrize("seed", range(50))
def test_any_packets_are_shown_as_json(seed, built_with_libpcap):
    capture = (CAPTURES / "postfix.pcap").read_bytes()
    header, rest = capture[:24], capture[24:]
    run = dump("--json", "--pcap", "-", stdin=header + mutated(rest, random.Random(seed)))
    assert run.status in (CLEAN, BROKEN, UNREADABLE)
    assert "exception" not in run.err
    objects(run)
