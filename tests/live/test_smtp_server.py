# SPDX-License-Identifier: MIT
"""What `smtp_server` does with clients, filters and relays that don't do what they should."""

import contextlib
import os
import re
import resource
import signal
import socket
import subprocess
import threading
import time
from pathlib import Path

import pytest

import deadline
from conftest import need
from filters import folder, running_filter
from kilter_mta import Server, running_kilter_mta
from peers import FILTERS

CONTENT = b"Subject: x\r\n\r\nbody\r\n"
MAIL = b"MAIL FROM:<a@b>\r\nRCPT TO:<c@d>\r\nDATA\r\n" + CONTENT + b".\r\n"
SESSION = b"EHLO client.example\r\n" + MAIL + b"RSET\r\n" + MAIL + b"QUIT\r\n"
FILTERED = b"Subject: x\r\nX-Filtered: yes\r\n\r\nbody\r\n"

PROGRAM = "smtp_server"


@pytest.fixture
def delivered(scratch):
    (scratch / "delivered").mkdir()
    return scratch / "delivered"


@pytest.fixture
def server(delivered):
    """Starts servers that deliver into a folder."""
    running = []

    def start(milter, *more):
        running.append(
            Server(["--hostname", "mta.example", "--filter", milter, "--deliver", delivered, *more])
        )
        return running[-1], running[-1].start()

    yield start
    for one in running:
        status = one.stop()
        print("".join(one.lines))
        assert status == 0
        assert not [line for line in one.lines if "Sanitizer" in line or "runtime error" in line]


@pytest.fixture
def milter(scratch):
    with running_filter("add_header", "inet:0@127.0.0.1") as running:
        yield running


@pytest.fixture
def scripted(scratch):
    need(FILTERS["kilter_filter"].missing())
    with contextlib.ExitStack() as stack:

        def start(*lines):
            (scratch / "script").write_text("".join(line + "\n" for line in lines))
            program = FILTERS["kilter_filter"].program()
            return stack.enter_context(
                running_filter(program, scratch / "script", "inet:0@127.0.0.1")
            )

        yield start


def say(port, data):
    """All that the server says to this, sent in one piece."""
    with socket.create_connection(("127.0.0.1", port), timeout=deadline.SECONDS) as client:
        client.sendall(data)
        with client.makefile("rb") as replies:
            return replies.read().decode().splitlines()


def codes(lines):
    return [line[:3] for line in lines if line[3] == " "]


def files(delivered):
    return sorted(
        (file for file in delivered.iterdir()), key=lambda file: int(file.name.split(".")[-1], 16)
    )


def test_a_pipelined_session(server, milter, delivered):
    _, port = server(milter.address)
    assert codes(say(port, SESSION)) == "220 250 250 250 354 250 250 250 250 354 250 221".split()
    wanted = (
        rb"MAIL FROM:<a@b>\r\nRCPT TO:<c@d>\r\n\r\n"
        rb"Received: from client\.example \(\[127\.0\.0\.1\]\)\r\n"
        rb"\tby mta\.example \(kilter\) with ESMTP id [^;]+;\r\n\t[^\r]+\r\n"
    )
    first, second = (file.read_bytes() for file in files(delivered))
    assert re.fullmatch(wanted + FILTERED, first)
    assert re.fullmatch(wanted + FILTERED, second)


def test_what_it_can_do(server, milter):
    _, port = server(milter.address, "--size-limit", "1000")
    assert say(port, b"EHLO x\r\nQUIT\r\n")[1:-1] == [
        "250-mta.example",
        "250-PIPELINING",
        "250-SIZE 1000",
        "250-ENHANCEDSTATUSCODES",
        "250-8BITMIME",
        "250 SMTPUTF8",
    ]


@pytest.mark.parametrize(
    "line, code",
    [
        (b"EHLO", "501"),
        (b"HELO", "501"),
        (b"HELO x", "250"),
        (b"NOOP", "250"),
        (b"noop", "250"),
        (b"NOOP \xff\xfe", "250"),
        (b"NOOP \x00", "500"),
        (b"NOOP \x1b", "500"),
        (b"NOOP \x7f", "500"),
        pytest.param(b"NOOP " + b"x" * 5000, "500", id="a long line"),
        (b"VRFY x", "252"),
        (b"EXPN x", "502"),
        (b"STARTTLS", "502"),
        (b"XYZZY", "500"),
        (b"", "500"),
        (b"RCPT TO:<a@b>", "503"),
        (b"DATA", "503"),
        (b"MAIL", "501"),
        (b"MAIL TO:<a@b>", "501"),
        (b"MAIL FROM:", "501"),
        (b"MAIL FROM:<a@b", "501"),
        (b"MAIL FROM:<a@b>x", "501"),
        (b"MAIL FROM:<>", "250"),
        (b"MAIL FROM:a@b SIZE=100000001", "552"),
        (b"mail from: <a@b> SIZE=1", "250"),
        (b"MAIL FROM:<a@b> SIZE=100000001", "552"),
        (b"MAIL FROM:<a@b> SIZE=99999999999999999999999", "552"),
        (b'MAIL FROM:<"a>b"@c> X=Y', "250"),
    ],
)
def test_single_commands(server, milter, line, code):
    _, port = server(milter.address)
    assert codes(say(port, line + b"\r\nQUIT\r\n")) == ["220", code, "221"]


def test_the_order_of_commands(server, milter):
    _, port = server(milter.address)
    mails = b"MAIL FROM:<a@b>\r\nMAIL FROM:<a@b>\r\nDATA\r\n"
    lines = mails + b"RCPT TO:<>\r\nRSET\r\nRCPT TO:<a@b>\r\nQUIT\r\n"
    assert codes(say(port, lines)) == "220 250 503 554 501 250 503 221".split()


def test_mails_that_are_too_large(server, milter, delivered):
    _, port = server(milter.address, "--size-limit", "1000")
    large = MAIL.replace(b"body", b"x" * 1001)
    field = b"MAIL FROM:<a@b>\r\nRCPT TO:<c@d>\r\nDATA\r\nA: " + b"x" * 70000 + b"\r\n\r\n.\r\n"
    assert (
        codes(say(port, large + MAIL + b"QUIT\r\n"))
        == "220 250 250 354 552 250 250 354 250 221".split()
    )
    assert len(files(delivered)) == 1
    _, port = server(milter.address)
    assert (
        codes(say(port, field + MAIL + b"QUIT\r\n"))
        == "220 250 250 354 552 250 250 354 250 221".split()
    )


def test_dots_and_bare_line_ends(server, milter, delivered):
    _, port = server(milter.address)
    body = b"..a\r\n...\r\n.b\r\n.\nc\r\n\n.\r\n\r.\r\nafter\n.\nmore\r\n"
    assert (
        codes(say(port, MAIL.replace(b"body\r\n", body) + b"QUIT\r\n"))
        == "220 250 250 354 250 221".split()
    )
    text = files(delivered)[0].read_bytes().split(b"\r\n\r\n", 2)[2]
    assert text == b".a\r\n..\r\nb\r\n\r\nc\r\n\r\n.\r\n\r.\r\nafter\r\n.\r\nmore\r\n"


@pytest.mark.parametrize("size", [59_998, 59_999, 60_000, 120_000])
def test_the_final_dot_after_a_long_line(server, milter, delivered, size):
    _, port = server(milter.address)
    mail = MAIL.replace(b"body", b"x" * size)
    assert codes(say(port, mail + b"QUIT\r\n")) == "220 250 250 354 250 221".split()
    assert files(delivered)[0].read_bytes().endswith(FILTERED.replace(b"body", b"x" * size))


def test_data_before_the_server_asks_for_it(server, milter, delivered):
    _, port = server(milter.address)
    with socket.create_connection(("127.0.0.1", port), timeout=deadline.SECONDS) as client:
        with client.makefile("rb") as replies:
            client.sendall(b"MAIL FROM:<a@b>\r\nRCPT TO:<c@d>\r\nDATA\r\nSubject: x\r\n")
            assert [replies.readline()[:3] for _ in range(4)] == [b"220", b"250", b"250", b"354"]
            client.sendall(b"\r\nbody\r\n.\r\n")
            assert replies.readline()[:3] == b"250"
    assert files(delivered)[0].read_bytes().endswith(FILTERED)


def test_a_client_that_is_gone_after_any_byte(server, milter, delivered):
    process, port = server(milter.address)
    for size in range(0, len(SESSION), 3):
        with socket.create_connection(("127.0.0.1", port), timeout=deadline.SECONDS) as client:
            client.sendall(SESSION[:size])
            if size % 2:
                client.setsockopt(
                    socket.SOL_SOCKET, socket.SO_LINGER, bytes([1, 0, 0, 0, 0, 0, 0, 0])
                )
    assert codes(say(port, SESSION))[-1] == "221"
    wait_for_sockets(process, 1)
    assert all(file.read_bytes().endswith(FILTERED) for file in files(delivered))


def wait_for_sockets(process, number):
    """Waits until only so many sockets are open."""
    end = time.monotonic() + deadline.SECONDS
    while True:
        links = []
        for file in Path(f"/proc/{process.process.pid}/fd").iterdir():
            with contextlib.suppress(FileNotFoundError):
                links.append(os.readlink(file))
        if sum(link.startswith("socket:") for link in links) == number:
            return
        assert time.monotonic() < end, links


@pytest.mark.parametrize("policy, code", [("tempfail", "451"), ("reject", "550"), ("accept", None)])
def test_a_filter_that_is_gone_after_any_byte(server, policy, code, delivered):
    agreed = b"\0\0\0\x0dO\0\0\0\6\0\0\0\1\0\0\0\0"
    answers = [agreed, *[b"\0\0\0\1c"] * 8, b"\0\0\0\5hA\0001\0"]  # the last is not a verdict
    sizes = range(len(b"".join(answers)) + 1)
    with socket.create_server(("127.0.0.1", 0)) as listener:
        listener.settimeout(deadline.SECONDS)
        process, port = server(
            f"inet:{listener.getsockname()[1]}@127.0.0.1", "--on-failure", policy
        )
        for size in sizes:

            def play():
                connection, _ = listener.accept()
                with connection, contextlib.suppress(ConnectionError):
                    left = size
                    for answer in answers:  # each when it is asked for
                        connection.recv(65536)
                        connection.sendall(answer[:left])
                        left -= len(answer)
                        if left <= 0:
                            break
                    connection.shutdown(socket.SHUT_WR)  # close() might undo what was sent
                    while connection.recv(65536):
                        pass

            thread = threading.Thread(target=play)
            thread.start()
            replies = codes(say(port, b"EHLO x\r\n" + MAIL + b"QUIT\r\n"))
            thread.join(deadline.SECONDS)
            assert not thread.is_alive(), "the connection to the filter is still open"
            if policy == "accept":
                assert replies == "220 250 250 250 354 250 221".split()
            else:
                assert replies[0] in ("220", "554") and replies[1] == "250" and replies[-1] == "221"
                assert next(reply for reply in replies[2:] if reply not in ("250", "354")) == code
    wait_for_sockets(process, 1)
    mails = [file.read_bytes() for file in files(delivered)]
    assert len(mails) == (len(sizes) if policy == "accept" else 0)
    assert all(mail.endswith(b"\r\n" + CONTENT) for mail in mails)


def test_no_filter(server, delivered):
    for policy, replies in (
        ("tempfail", "220 250 451 503 503 221"),
        ("reject", "554 250 550 503 503 221"),
        ("accept", "220 250 250 250 354 250 221"),
    ):
        _, port = server("unix:/none", "--on-failure", policy)
        data = (
            b"EHLO x\r\n"
            + (MAIL if policy == "accept" else MAIL.replace(CONTENT + b".\r\n", b""))
            + b"QUIT\r\n"
        )
        assert codes(say(port, data)) == replies.split()
    assert len(files(delivered)) == 1


def test_discard_and_quarantine(server, scripted, delivered, scratch):
    (scratch / "held").mkdir()
    _, port = server(scripted("on end_of_message discard").address)
    assert codes(say(port, MAIL + b"QUIT\r\n")) == "220 250 250 354 250 221".split()
    milter = scripted(
        "on end_of_message quarantine virus", "on end_of_message add_header X-Held yes"
    )
    lost, port = server(milter.address)
    assert codes(say(port, MAIL + b"QUIT\r\n")) == "220 250 250 354 250 221".split()
    lost.stop()  # now all its lines are here
    assert any(line.endswith(": held: virus\n") for line in lost.lines)
    _, port = server(milter.address, "--hold", scratch / "held")
    assert codes(say(port, MAIL + b"QUIT\r\n")) == "220 250 250 354 250 221".split()
    assert not files(delivered)
    (held,) = (scratch / "held").iterdir()
    assert b"X-Held: yes\r\n" in held.read_bytes()


def test_discard_holds_for_the_whole_mail(server, scripted, delivered):
    _, port = server(scripted("on rcpt#1 discard").address)
    mail = MAIL.replace(b"DATA", b"XYZZY\r\nRCPT TO:<e@f>\r\nDATA")
    assert (
        codes(say(port, mail + MAIL + b"QUIT\r\n"))
        == "220 250 250 500 250 354 250 250 250 354 250 221".split()
    )
    assert len(files(delivered)) == 1


def test_discard_holds_although_the_filter_is_gone_before_the_end(server, scripted, delivered):
    _, port = server(
        scripted("on mail discard", "on unknown close").address, "--on-failure", "accept"
    )
    mail = MAIL.replace(b"DATA", b"XYZZY\r\nDATA")
    assert codes(say(port, mail + b"QUIT\r\n")) == "220 250 250 500 354 250 221".split()
    assert files(delivered) == []


def relay_that(*replies):
    """A server that says these, one after the other, and then closes; and the lines it hears."""
    server = socket.create_server(("127.0.0.1", 0))
    server.settimeout(deadline.SECONDS)
    heard = []

    def play():
        connection, _ = server.accept()
        with server, connection, connection.makefile("rb") as lines, contextlib.suppress(
            ConnectionError
        ):
            for reply in replies[:-1]:
                connection.sendall(reply)
                heard.append(lines.readline())
                while reply.startswith(b"354") and heard[-1] not in (b".\r\n", b""):
                    heard.append(lines.readline())
            connection.sendall(replies[-1])

    thread = threading.Thread(target=play)
    thread.start()
    return server.getsockname()[1], thread, heard


@pytest.mark.parametrize(
    "replies, size",
    [
        ([b"250-x\r\n250 SIZE\r\n"], " SIZE={}"),
        ([b"250\r\n"], ""),
        ([b"500 x\r\n", b"250 x\r\n"], ""),
    ],
)
def test_what_the_relay_is_told(scratch, milter, replies, size):
    after_hello = b"250 a\r\n", b"250 b\r\n", b"354 c\r\n", b"250 d\r\n"
    port, thread, heard = relay_that(b"220 x\r\n", *replies, *after_hello)
    with running_kilter_mta(scratch, milter.address, port) as mta:
        said = codes(say(mta.port, MAIL + b"QUIT\r\n"))
    thread.join(deadline.SECONDS)
    assert said == "220 250 250 354 250 221".split()
    begin = heard.index(b"DATA\r\n") + 1
    content = b"".join(heard[begin:-1])
    assert content.endswith(FILTERED)
    assert b"".join(heard[:begin]).decode().splitlines() == [
        *["EHLO mta.example", "HELO mta.example"][: len(replies)],
        "MAIL FROM:<a@b>" + size.format(len(content)),
        "RCPT TO:<c@d>",
        "DATA",
    ]


HELLO = [b"220 x\r\n", b"250 x\r\n"]
ENVELOPE = [*HELLO, b"250 a\r\n", b"250 b\r\n"]
WHOLE = [*ENVELOPE, b"354 c\r\n"]
LATER = ["451 4.3.0 The mail can't be delivered now"]


@pytest.mark.parametrize(
    "replies, wanted",
    [
        ([b"554 no\r\n"], ["554 no"]),
        ([b"421 busy\r\n"], LATER),
        ([b"HTTP/1.1 200 OK\r\n"], LATER),
        ([*HELLO, b"550 5.1.8 no sender\r\n"], ["550 5.1.8 no sender"]),
        ([*HELLO, b"354 a\r\n"], LATER),
        ([*HELLO, b"550\r\n"], ["550"]),
        ([*HELLO, b"550 no\n"], LATER),
        ([*HELLO, b"550 no\r550 no\r\n"], LATER),
        ([*HELLO, b"550no\r\n"], LATER),
        ([*HELLO, b"5x0 no\r\n"], LATER),
        (
            [*HELLO, b"250 a\r\n", b"450-4.1.1 later\r\n450 4.1.1 or so\r\n"],
            ["450-4.1.1 later", "450 4.1.1 or so"],
        ),
        ([*HELLO, b"250 a\r\n", b"550"], LATER),
        ([*HELLO, b"250 a\r\n"], LATER),
        ([*ENVELOPE, b"554 no\r\n"], ["554 no"]),
        ([*ENVELOPE, b"250 c\r\n", b"250 d\r\n"], LATER),
        ([*ENVELOPE, b"300 c\r\n", b"250 d\r\n"], LATER),
        ([*WHOLE, b"554 5.7.1 spam\r\n"], ["554 5.7.1 spam"]),
        ([*WHOLE, b"354 d\r\n"], LATER),
        ([*WHOLE, b"999 d\r\n"], LATER),
        ([*WHOLE, b"250-d\r\n550 e\r\n"], LATER),
        ([*WHOLE, b"550-d\r\n250 e\r\n"], LATER),
        ([*WHOLE, b"2\r\n"], LATER),
        ([*WHOLE, b"250\n"], LATER),
        ([b""], LATER),
    ],
)
def test_what_the_relay_says_is_said_to_the_client(scratch, milter, replies, wanted):
    port, thread, _ = relay_that(*replies)
    with running_kilter_mta(scratch, milter.address, port) as mta:
        said = say(mta.port, MAIL + b"QUIT\r\n")
    thread.join(deadline.SECONDS)
    assert codes(said[:4]) == "220 250 250 354".split()
    assert said[4:] == [*wanted, "221 2.0.0 Bye"]


def test_no_relay(scratch, milter):
    with socket.socket() as bound:
        bound.bind(("127.0.0.1", 0))
        with running_kilter_mta(scratch, milter.address, bound.getsockname()[1]) as mta:
            assert codes(say(mta.port, MAIL + b"QUIT\r\n"))[4] == "451"


def test_many_clients_at_once(server, milter, delivered):
    process, port = server(milter.address)
    queued = []
    with contextlib.ExitStack() as stack:
        clients = [
            stack.enter_context(
                socket.create_connection(("127.0.0.1", port), timeout=deadline.SECONDS)
            )
            for _ in range(30)
        ]
        for client in clients:
            assert client.recv(3) == b"220"
        for client in clients:
            client.sendall(SESSION)
        for client in clients:
            with client.makefile("rb") as replies:
                lines = replies.read().decode().splitlines()
            assert lines[-1][:3] == "221"
            queued += [line.split()[-1] for line in lines if " queued as " in line]
    assert len(queued) == 60
    assert sorted(queued) == sorted(file.name for file in files(delivered))
    wait_for_sockets(process, 1)


def test_it_goes_on_when_it_is_out_of_descriptors(server, milter):
    process, port = server(milter.address)
    pid = process.process.pid
    before = resource.prlimit(pid, resource.RLIMIT_NOFILE)
    resource.prlimit(pid, resource.RLIMIT_NOFILE, (0, before[1]))
    with socket.create_connection(("127.0.0.1", port)):  # whether it is served is open
        end = time.monotonic() + deadline.SECONDS
        while "accept: Too many open files\n" not in process.lines:
            assert time.monotonic() < end, process.lines
    resource.prlimit(pid, resource.RLIMIT_NOFILE, before)
    assert codes(say(port, b"QUIT\r\n")) == ["220", "221"]


def test_sigterm_ends_it_in_the_middle_of_a_session(server, milter):
    process, port = server(milter.address)
    with socket.create_connection(("127.0.0.1", port), timeout=deadline.SECONDS) as client:
        assert client.recv(3) == b"220"
        process.process.send_signal(signal.SIGTERM)
        assert process.process.wait(deadline.SECONDS) == 0


@pytest.mark.parametrize(
    "arguments, wanted",
    [
        ([], "ADDRESS is required"),
        (
            ["inet:0@127.0.0.1", "--filter", "x", "--deliver", "/"],
            "not an address: x (inet:PORT@HOST, inet:HOST:PORT or unix:PATH)",
        ),
        (
            ["inet:0@127.0.0.1", "--filter", "unix:/x"],
            "Exactly 1 option from [--relay,--deliver] is required",
        ),
        (
            ["inet:0@127.0.0.1", "--filter", "unix:/x", "--relay", "here"],
            "not an address: here (HOST:PORT)",
        ),
        (["inet:0@127.0.0.1", "--filter", "unix:/x", "--deliver", "/none"], "/none: not a folder"),
    ],
)
def test_wrong_arguments(arguments, wanted):
    run = subprocess.run(
        [folder() / "smtp_server", *arguments],
        capture_output=True,
        text=True,
        timeout=deadline.SECONDS,
    )
    assert (run.returncode, run.stderr) == (64, f"smtp_server: {wanted}\n")
