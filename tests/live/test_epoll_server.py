# SPDX-License-Identifier: MIT
"""`epoll_server`: what MTAs get from it, and that it serves them whatever other peers do, without
spinning, growing or ending.

The MTAs are played here, byte by byte, so that they can be as bad as can be.
"""

import array
import contextlib
import ctypes
import fcntl
import itertools
import os
import pathlib
import re
import resource
import select
import signal
import socket
import struct
import subprocess
import termios
import threading
import time

import pytest

import deadline
from conftest import need
from filters import folder, running_filter
from mail import RECIPIENT, SENDER, message, parts

PROGRAM = "epoll_server"


def wait_until(condition, what):
    end = time.monotonic() + deadline.SECONDS
    while not condition():
        assert time.monotonic() < end, f"it never happened: {what}"


# What MTAs say, and what is answered.


def frame(code, payload=b""):
    return struct.pack(">I", len(payload) + 1) + code + payload


def negotiate(actions, options):
    return frame(b"O", struct.pack(">III", 6, actions, options))


def macros(command, *texts):
    return frame(b"D", command + b"".join(text + b"\0" for text in texts))


OFFER = negotiate(0x1FF, 0x1FFFFF)
AGREED = negotiate(0, 0)
SILENT = negotiate(0, 0xFF080)
AGREED_TO_ADD = negotiate(1, 0)
GREETING = [
    macros(b"C", b"j", b"mta.example", b"{daemon_name}", b"mta.example", b"v", b"Test 1")
    + frame(b"C", b"client.example\x004\x00\x19192.0.2.1\0"),
    macros(b"H", b"{tls_version}", b"TLSv1.3") + frame(b"H", b"client.example\0"),
]
HEADER = frame(b"L", b"Subject\0Hello\0")
MAIL = [
    macros(b"M", b"i", b"4F2A1C") + frame(b"M", b"<a@client.example>\0SIZE=42\0"),
    macros(b"R", b"{rcpt_addr}", b"b@example.org") + frame(b"R", b"<b@example.org>\0"),
    frame(b"T"),
    HEADER,
    frame(b"N"),
    frame(b"B", b"Good morning!\r\n" * 10),
    macros(b"E", b"i", b"4F2A1C") + frame(b"E"),
]
UP_TO_DATA = [*GREETING, *MAIL[:3]]
ABORT = frame(b"A")
QUIT = frame(b"Q")
GOES_ON = frame(b"c")

# With `addhdr`, what is answered to many mails is more than what they are.
ADDED = frame(b"h", b"X-Filtered\0yes\0") + GOES_ON
MAILS = (frame(b"M", b"<>\0") + frame(b"R", b"<>\0") + frame(b"E")) * 1000
ANSWERS_TO_MAIL = GOES_ON + GOES_ON + ADDED


class Mta:
    """One connection to the server. It begins with an offer and what is agreed then, if anything."""

    def __init__(self, server, agreed=AGREED, receive_buffer=None):
        family, where = server.place
        self.socket = socket.socket(family)
        self.socket.settimeout(deadline.SECONDS)
        if receive_buffer is not None:
            self.socket.setsockopt(socket.SOL_SOCKET, socket.SO_RCVBUF, receive_buffer)
        if family == socket.AF_INET:
            self.socket.setsockopt(socket.IPPROTO_TCP, socket.TCP_NODELAY, 1)
        self.socket.connect(where)
        if agreed:
            self.say(OFFER)
            self.hear(agreed)

    def __enter__(self):
        return self

    def __exit__(self, *_):
        self.socket.close()

    def say(self, data):
        self.socket.sendall(data)

    def say_and_see_it_read(self, data):
        """For unix sockets; with TCP, it is the kernel that takes it."""
        self.say(data)
        wait_until(lambda: self._unread() == 0, "the server reads it")

    def _unread(self):
        size = array.array("i", [0])
        fcntl.ioctl(self.socket, termios.TIOCOUTQ, size)
        return size[0]

    def hear(self, wanted):
        """These bytes come, or the connection is closed before them."""
        got = self.socket.recv(len(wanted), socket.MSG_WAITALL)
        while 0 < len(got) < len(wanted) and (more := self.socket.recv(len(wanted) - len(got))):
            got += more
        assert got == wanted

    def ask(self, *steps):
        """Says each, and waits for its answer."""
        for step in steps:
            self.say(step)
            self.hear(GOES_ON)

    def can_read(self):
        return select.select([self.socket], [], [], 0)[0] != []

    def hear_the_end(self):
        """The server closes the connection, and says nothing more."""
        with contextlib.suppress(ConnectionResetError):
            assert self.socket.recv(100) == b""


@contextlib.contextmanager
def mtas(server, count, **how):
    with contextlib.ExitStack() as stack:
        yield [stack.enter_context(Mta(server, **how)) for _ in range(count)]


class Server:
    """The running server, seen from outside."""

    def __init__(self, milter):
        self.milter = milter
        self.pid = milter.process.pid
        kind, _, rest = milter.address.partition(":")
        port, _, host = rest.partition("@")
        self.place = (
            (socket.AF_UNIX, rest) if kind == "unix" else (socket.AF_INET, (host, int(port)))
        )

    def _proc(self, name):
        return pathlib.Path(f"/proc/{self.pid}/{name}").read_text()

    def descriptors(self):
        return {int(name) for name in os.listdir(f"/proc/{self.pid}/fd")}

    def descriptor_flags(self, number):
        return int(re.search(r"flags:\s+(\d+)", self._proc(f"fdinfo/{number}"))[1], 8)

    def memory(self):
        """What it has for itself, in bytes."""
        return int(re.search(r"RssAnon:\s+(\d+) kB", self._proc("status"))[1]) * 1024

    def cpu(self):
        """How many seconds it has run."""
        user, system = self._proc("stat").rpartition(")")[2].split()[11:13]
        return (int(user) + int(system)) / os.sysconf("SC_CLK_TCK")

    def watched(self):
        """The events that epoll waits for, by descriptor."""
        epoll = next(
            number
            for number in self.descriptors()
            if "eventpoll" in os.readlink(f"/proc/{self.pid}/fd/{number}")
        )
        found = re.findall(r"tfd:\s+(\d+) events:\s+([0-9a-f]+)", self._proc(f"fdinfo/{epoll}"))
        return {int(number): int(events, 16) for number, events in found}

    def has_stopped_reading(self):
        """Does it wait for somebody to read its answers?"""
        return any(events & select.EPOLLOUT for events in self.watched().values())

    def signal(self, number=signal.SIGTERM):
        self.milter.process.send_signal(number)

    def ends(self):
        assert self.milter.process.wait(deadline.SECONDS) == 0

    @contextlib.contextmanager
    def does_not_spin(self):
        """It hardly runs in the meantime. Whoever spins runs all the time."""
        start, before = time.monotonic(), self.cpu()
        yield
        assert self.cpu() - before < (time.monotonic() - start) / 10 + 0.05


@contextlib.contextmanager
def running_server(address, *arguments, nofile=None):
    """Afterwards it must still serve, and all connections must be closed; when it ends, its socket
    must be gone, too.
    """
    command = ["epoll_server", address, *map(str, arguments)]
    if nofile is not None:
        command = ["/usr/bin/prlimit", f"--nofile={nofile}", folder() / command[0], *command[1:]]
    with running_filter(*command) as milter:
        server = Server(milter)
        at_first = server.descriptors()
        yield server
        if milter.is_running():
            wait_until(lambda: server.descriptors() == at_first, "all connections are closed")
            with Mta(server, agreed=None) as mta:
                mta.say(OFFER + QUIT)
                with mta.socket.makefile("rb") as answers:
                    assert answers.read()[4:5] == b"O"
    assert server.place[0] == socket.AF_INET or not os.path.exists(server.place[1])


@pytest.fixture
def server(address):
    with running_server(address) as running:
        yield running


@pytest.fixture
def tcp():
    return "inet:0@127.0.0.1"


@pytest.fixture
def unix(scratch):
    return f"unix:{scratch}/filter.sock"


@pytest.fixture
def exact_memory(monkeypatch):
    """AddressSanitizer keeps what is freed for a while; not so here."""
    off = "quarantine_size_mb=0:thread_local_quarantine_size_kb=0"
    monkeypatch.setenv("ASAN_OPTIONS", off)


@pytest.fixture
def many_descriptors():
    """As many as may be, for this process."""
    soft, hard = resource.getrlimit(resource.RLIMIT_NOFILE)
    need(None if hard >= 4096 else f"ulimit -Hn is {hard}, which is too low")
    resource.setrlimit(resource.RLIMIT_NOFILE, (4096, hard))
    yield
    resource.setrlimit(resource.RLIMIT_NOFILE, (soft, hard))


# Mail.


class TestInPostfix:
    @pytest.fixture
    def milter(self, address):
        with running_filter("epoll_server", address, "addhdr") as running:
            yield running

    def test_mail_passes_with_a_header_more(self, mta, sink):
        sent = message("plain", b"0123456789\r\n" * 30_000)
        with mta.connect() as client:
            for _ in range(2):
                client.sendmail(SENDER, [RECIPIENT], sent)

        for delivery in sink.next_delivery(), sink.next_delivery():
            (_, *fields), body = parts(delivery.content)
            sent_fields, sent_body = parts(sent)
            assert fields == [*sent_fields, b"X-Filtered: yes"]
            assert body == sent_body


@pytest.mark.parametrize(
    "variant, agreed, each, last",
    [
        ("lock", AGREED, GOES_ON, GOES_ON),
        ("nr", SILENT, b"", GOES_ON),
        ("addhdr", AGREED_TO_ADD, GOES_ON, ADDED),
    ],
    ids=["lock", "nr", "addhdr"],
)
def test_what_an_mta_gets(address, variant, agreed, each, last):
    with running_filter("epoll_server", address, variant) as milter:
        with Mta(Server(milter), agreed=None) as mta:
            mta.say(OFFER)
            mta.hear(agreed)
            for steps in ([*GREETING, *MAIL], MAIL, [ABORT + MAIL[0], *MAIL[1:]]):
                for step in steps[:-1]:
                    mta.say(step)
                    mta.hear(each)
                mta.say(steps[-1])
                mta.hear(last)
            mta.say(QUIT)
            mta.hear_the_end()


def test_thousands_of_connections(many_descriptors, tcp):
    """Each gets its own answers: another number than its neighbour."""
    with running_server(tcp) as server, mtas(server, 2000) as all_of_them:
        for step in [*UP_TO_DATA, HEADER, *MAIL[3:], MAIL[0]]:
            times = [number % 3 + 1 if step is HEADER else 1 for number in range(2000)]
            for mta, count in zip(all_of_them, times):
                mta.say(step * count)
            for mta, count in zip(all_of_them, times):
                mta.hear(GOES_ON * count)
        for mta in all_of_them:
            mta.say(QUIT)
        for mta in all_of_them:
            mta.hear_the_end()


def test_bytes_come_one_by_one(tcp):
    """From two in turn: each piece of a frame stays with its connection."""
    one_says = b"".join([OFFER, *GREETING, *MAIL, QUIT])
    two_says = b"".join([OFFER, *UP_TO_DATA, *[HEADER] * 20])
    with running_server(tcp) as server, mtas(server, 2, agreed=None) as (one, two):
        for byte_of_one, byte_of_two in itertools.zip_longest(one_says, two_says):
            if byte_of_one is not None:
                one.say(bytes([byte_of_one]))
            if byte_of_two is not None:
                two.say(bytes([byte_of_two]))
        one.hear(AGREED + GOES_ON * len([*GREETING, *MAIL]))
        one.hear_the_end()
        two.hear(AGREED + GOES_ON * len([*UP_TO_DATA, *[HEADER] * 20]))


def test_one_write_for_all_answers_to_one_read(tcp):
    def segments(mta):
        tcpi_data_segs_in = 152
        info = mta.socket.getsockopt(socket.IPPROTO_TCP, socket.TCP_INFO, 256)
        return struct.unpack_from("=I", info, tcpi_data_segs_in)[0]

    with running_server(tcp) as server, Mta(server) as mta:
        mta.ask(*UP_TO_DATA)
        before = segments(mta)
        server.signal(signal.SIGSTOP)  # so that it finds them all at once
        mta.say(HEADER * 1000)
        server.signal(signal.SIGCONT)
        mta.hear(GOES_ON * 1000)
        assert segments(mta) - before == 1


def test_tcp_does_not_hold_back_answers(tcp):
    with running_server(tcp) as server:
        before = server.descriptors()
        with Mta(server):
            (number,) = server.descriptors() - before
            handle = os.pidfd_open(server.pid)
            with socket.socket(fileno=ctypes.CDLL(None).pidfd_getfd(handle, number, 0)) as same:
                assert same.getsockopt(socket.IPPROTO_TCP, socket.TCP_NODELAY) != 0
                assert same.getsockopt(socket.SOL_SOCKET, socket.SO_KEEPALIVE) != 0
            os.close(handle)


def test_programs_that_a_filter_starts_inherit_no_descriptor(server):
    with Mta(server):
        own = server.descriptors() - {0, 1, 2}
        assert len(own) == 5
        assert all(server.descriptor_flags(number) & os.O_CLOEXEC for number in own)


# Memory.


LARGE_HEADER = frame(b"L", b"Subject\0" + b"x" * 60_000 + b"\0")
LARGE_BODY = frame(b"B", b"x" * 60_000)


def test_an_idle_connection_holds_no_buffer(exact_memory, many_descriptors, unix):
    """At most 2 kB, sanitizers included, after frames of 60 kB that have come in two pieces: between two
    header fields, or between two messages.
    """

    def pass_large_frames(connections):
        for mta in connections:
            mta.ask(*UP_TO_DATA)
            mta.say_and_see_it_read(LARGE_HEADER[:30_000])
            mta.ask(LARGE_HEADER[30_000:])
        for mta in connections[::2]:
            mta.say_and_see_it_read(LARGE_BODY[:30_000])
            mta.ask(LARGE_BODY[30_000:], frame(b"E"))

    with running_server(unix) as server:
        with mtas(server, 100) as warm:
            pass_large_frames(warm)
        before = server.memory()
        with mtas(server, 1000) as idle:
            pass_large_frames(idle)
            assert server.memory() - before < 1000 * 2048


def test_a_connection_whose_answers_are_read_late_holds_no_buffer(exact_memory, unix):
    """Those to a large frame and to what came with its end, which are more than the socket takes at once."""
    large = frame(b"L", b"Subject\0" + b"x" * 10_000_000 + b"\0")
    with running_server(unix, "addhdr", "--max-frame", len(large)) as server:
        with Mta(server, agreed=AGREED_TO_ADD) as mta:
            mta.ask(*UP_TO_DATA)
            before = server.memory()
            mta.say_and_see_it_read(large[:-10])
            assert server.memory() - before > 8_000_000
            server.signal(signal.SIGSTOP)  # so that it finds all the rest at once
            mta.say(large[-10:] + frame(b"E") + MAILS * 8)
            server.signal(signal.SIGCONT)
            wait_until(server.has_stopped_reading, "the server reads no more")
            mta.hear(GOES_ON + ADDED + ANSWERS_TO_MAIL * 8000)
            wait_until(lambda: not server.has_stopped_reading(), "the server reads on")
            assert server.memory() - before < 4_000_000


def test_what_follows_a_large_frame_in_the_same_read(unix):
    with running_server(unix) as server, mtas(server, 1) as (mta,):
        mta.ask(*UP_TO_DATA)
        for large, small in (LARGE_HEADER, HEADER), (LARGE_BODY, frame(b"B", b"x")):
            mta.say_and_see_it_read(large[:30_000])
            mta.say(large[30_000:] + small * 3 + large[:30_000])
            mta.hear(GOES_ON * 4)
            mta.say(large[30_000:] + small[:-1])
            mta.hear(GOES_ON)
            mta.ask(small[-1:])


# Peers that ask too much, or read too little.


class Flood:
    """Says the same many times, and then shuts down its side: in a thread, which ends early if the
    server closes the connection.
    """

    def __init__(self, mta, data, times):
        def run():
            with contextlib.suppress(OSError):
                for _ in range(times):
                    mta.say(data)
                mta.socket.shutdown(socket.SHUT_WR)

        self._thread = threading.Thread(target=run)
        self._thread.start()

    def is_on(self):
        return self._thread.is_alive()

    def wait(self):
        self._thread.join(deadline.SECONDS)
        assert not self.is_on(), "the server reads no more, but doesn't close the connection"


WITHOUT_END = 10**9


@contextlib.contextmanager
def deaf(server):
    """An MTA that reads no answers, of which the kernel holds as many as it can; and its flood."""
    with Mta(server, agreed=AGREED_TO_ADD, receive_buffer=4096) as mta:
        mta.ask(*GREETING)
        flood = Flood(mta, MAILS, WITHOUT_END)
        try:
            wait_until(server.has_stopped_reading, "the server reads no more")
            yield mta, flood
        finally:
            with contextlib.suppress(OSError):
                mta.socket.shutdown(socket.SHUT_RDWR)
            flood.wait()


def test_answers_wait_until_they_are_read(exact_memory, unix):
    """The server doesn't read on, so that they don't pile up. Not one is lost, even if the MTA has
    shut down its side.
    """
    with running_server(unix, "addhdr") as server:
        with mtas(server, 2, agreed=AGREED_TO_ADD) as (mta, other):
            mta.ask(*GREETING)
            other.ask(*UP_TO_DATA)
            before = server.memory()
            mta.say_and_see_it_read(MAILS * 6)  # the answers to which fill the socket
            server.signal(signal.SIGSTOP)
            mta.say(MAILS * 8)  # the answers to which are more than the socket ever takes at once
            server.signal(signal.SIGCONT)
            wait_until(server.has_stopped_reading, "the server reads no more")
            flood = Flood(mta, MAILS, 30)
            other.ask(HEADER)
            assert flood.is_on() and server.memory() - before < 4_000_000
            for _ in range(6 + 8 + 30):
                mta.hear(ANSWERS_TO_MAIL * 1000)
            mta.hear_the_end()
            flood.wait()


def test_an_mta_goes_while_answers_wait_for_it(address):
    with running_server(address, "addhdr") as server, deaf(server) as (mta, _):
        mta.socket.shutdown(socket.SHUT_RDWR)
    # Whoever stops the server waits until the connection is closed.


def test_too_many_answers_that_are_not_read(unix, capfd):
    with running_server(unix, "addhdr", "--max-unsent", 1000) as server:
        with Mta(server, agreed=AGREED_TO_ADD) as mta:
            mta.ask(*GREETING)
            Flood(mta, MAILS, WITHOUT_END).wait()
    assert "doesn't read its answers" in capfd.readouterr().err


def test_answers_that_are_not_read_in_time(unix, capfd):
    with running_server(unix, "addhdr", "--frame-timeout", 1) as server:
        with deaf(server) as (_, flood), server.does_not_spin():
            flood.wait()
    assert "timed out" in capfd.readouterr().err


def test_a_flood_that_needs_no_answers(exact_memory, tcp):
    """Others come in between, and the memory isn't the flood's."""
    mail = b"".join([*MAIL[:3], frame(b"L", b"X\0\0") * 130_000, *MAIL[4:]])
    with running_server(tcp, "nr") as server:
        with mtas(server, 2, agreed=SILENT) as (other, mta):
            before = server.memory()
            server.signal(signal.SIGSTOP)
            mta.say(b"".join(GREETING) + mail)
            other.say(b"".join([*GREETING, *MAIL]))
            server.signal(signal.SIGCONT)
            both = [mta.socket, other.socket]
            first, _, _ = select.select(both, [], [], deadline.SECONDS)
            assert first == [other.socket]
            other.hear(GOES_ON)
            mta.hear(GOES_ON)
            for _ in range(6):
                mta.ask(mail)
            assert server.memory() - before < 4_000_000


# Peers that break off, or talk nonsense.


def test_mtas_vanish_anywhere(server):
    said = b"".join([OFFER, *GREETING, *MAIL])
    for size in range(0, len(said), 5):
        with Mta(server, agreed=None) as mta:
            mta.say(said[:size])
            if size % 2:  # not by a regular end, but by a reset
                mta.socket.setsockopt(socket.SOL_SOCKET, socket.SO_LINGER, struct.pack("ii", 1, 0))


def test_half_open_between_frames(server):
    """All answers come, and then the end."""
    with Mta(server) as mta:
        mta.say(b"".join([*GREETING, *MAIL]))
        mta.socket.shutdown(socket.SHUT_WR)
        mta.hear(GOES_ON * len([*GREETING, *MAIL]))
        mta.hear_the_end()


def test_half_open_in_the_middle_of_a_frame(address, capfd):
    with running_server(address) as server, Mta(server) as mta:
        mta.ask(*GREETING)
        mta.say(MAIL[0][:-3])
        mta.socket.shutdown(socket.SHUT_WR)
        mta.hear_the_end()
    assert "closed in the middle of a frame\n" in capfd.readouterr().err


@pytest.mark.parametrize(
    "said, complaint",
    [
        (b"GET / HTTP/1.1\r\n\r\n", 'not a milter: length 1195725856, as text "GET "'),
        (b"\0\0\0\0", "a frame of length 0"),
        (b"\xff\xff\xff\xff\xff", "a frame over the limit: length 4294967295"),
        (OFFER + frame(b"C", b"x" * 1001), "a frame over the limit: length 1002"),
        (OFFER + frame(b"?"), "unknown code"),
        (OFFER + GREETING[0] + b"\0" * 100_000, "a frame of length 0"),
        (OFFER + frame(b"E"), "out of turn"),
    ],
    ids=["HTTP", "zero", "huge", "large", "code", "zeros", "turn"],
)
def test_garbage(tcp, capfd, said, complaint):
    with running_server(tcp, "lock", "--max-frame", 1000) as server:
        with Mta(server, agreed=None) as mta:
            mta.say(said)
            if said.startswith(OFFER):
                mta.hear(AGREED)
            if GREETING[0] in said:
                mta.hear(GOES_ON)
            mta.hear_the_end()
            port = mta.socket.getsockname()[1]
    start = rf"epoll_server: connection \d+, 127\.0\.0\.1 port {port}: "
    assert re.fullmatch(f"{start}.*{re.escape(complaint)}.*\n", capfd.readouterr().err)


def test_complaints_do_not_fill_the_disk(tcp, capfd):
    """Ten lines a second, and how many more there would have been."""
    with running_server(tcp) as server:
        start = time.monotonic()
        count = 0
        err = ""
        while "lines more" not in err:
            with Mta(server, agreed=None) as mta:
                mta.say(b"HELLO WORLD")
                mta.hear_the_end()
            count += 1
            err += capfd.readouterr().err
            assert time.monotonic() < start + deadline.SECONDS
        lines = err.count("not a milter")
        assert lines <= 10 * (time.monotonic() - start + 1) + 1
        assert lines + sum(map(int, re.findall(r"… and (\d+) lines more", err))) == count


# Descriptors.


@pytest.mark.parametrize(
    "reason, complaint",
    [
        ("--max-connections", "no more connections are allowed"),
        ("ulimit -n", "at most 32 connections: ulimit -n allows no more"),
        ("no descriptor left", "Too many open files"),
    ],
)
def test_more_connections_than_there_is_room_for(tcp, capfd, reason, complaint):
    """They wait, without making the server spin, and come in as others go."""
    limit = ["--max-connections", 20] if reason == "--max-connections" else []
    nofile = 64 if reason == "ulimit -n" else None
    with running_server(tcp, "lock", *limit, "--frame-timeout", 1, nofile=nofile) as server:
        at_first = len(server.descriptors())
        room = {"--max-connections": 20, "ulimit -n": 32, "no descriptor left": 30}[reason]
        if reason == "no descriptor left":
            most = at_first + room
            resource.prlimit(server.pid, resource.RLIMIT_NOFILE, (most, most))
        with (
            Mta(server, agreed=None) as mute,
            mtas(server, room - 1) as inside,
            mtas(server, room, agreed=None) as outside,
        ):
            for mta in outside:
                mta.say(OFFER)
            with server.does_not_spin():
                mute.hear_the_end()  # after a second
            for leaving, coming in zip([mute, *inside], outside):
                leaving.socket.close()
                coming.hear(AGREED)
                coming.ask(*GREETING, *MAIL)
                assert len(server.descriptors()) <= at_first + room
    assert capfd.readouterr().err.count(complaint) == 1


# Time.


def test_what_is_not_finished_in_time(tcp, capfd):
    """Frames, and bodies. Bytes alone don't help. Whole frames do, even if there is always one more that
    has begun; and there may be any time between them, but in a body.
    """
    with (
        running_server(tcp, "lock", "--frame-timeout", 1) as server,
        mtas(server, 2, agreed=None) as (mute, half_offer),
        mtas(server, 5) as (half, half_body, slow, steady, idle),
    ):
        half_offer.say(OFFER[:3])
        half.say(GREETING[0][:-1])
        half_body.ask(*GREETING, *MAIL[:-1])
        steady.ask(*UP_TO_DATA)
        steady.say(HEADER[:5])
        idle.ask(*GREETING)
        slow.ask(*UP_TO_DATA)
        slow.say(frame(b"L", b"x" * 65_000)[:5])
        end = time.monotonic() + deadline.SECONDS
        while not slow.can_read():
            slow.say(b"x")
            steady.ask(HEADER[5:] + HEADER[:5])
            assert time.monotonic() < end, "nothing ends it"
        for mta in (mute, half_offer, half, half_body, slow):
            mta.hear_the_end()
        steady.ask(HEADER[5:])
        idle.ask(*MAIL)
    assert capfd.readouterr().err.count("timed out") == 5


def test_nothing_comes_for_too_long(tcp, capfd):
    with running_server(tcp, "lock", "--timeout", 1) as server, mtas(server, 2) as (idle, busy):
        idle.ask(*GREETING)
        busy.ask(*GREETING)
        end = time.monotonic() + deadline.SECONDS
        while not idle.can_read():
            busy.ask(*MAIL)
            assert time.monotonic() < end, "nothing ends it"
        idle.hear_the_end()
        busy.ask(*MAIL)
    assert capfd.readouterr().err.count("timed out") == 1


# The end.


@pytest.mark.parametrize("number", [signal.SIGTERM, signal.SIGINT])
def test_stop_lets_messages_finish(address, number):
    with running_server(address) as server, mtas(server, 3) as (resting, between, working):
        resting.ask(*GREETING)
        between.ask(*GREETING, *MAIL)
        working.ask(*UP_TO_DATA)
        server.signal(number)
        resting.hear_the_end()
        between.hear_the_end()
        with pytest.raises((ConnectionRefusedError, FileNotFoundError)):
            Mta(server)
        working.ask(*MAIL[3:])
        working.hear_the_end()
        server.ends()


def test_stop_delivers_the_last_answers(unix):
    """Though the mails are over, and the MTA hasn't read what became of them."""
    with running_server(unix, "addhdr") as server:
        with mtas(server, 2, agreed=AGREED_TO_ADD) as (slow, other):
            slow.ask(*GREETING)
            other.ask(*UP_TO_DATA)
            times = 0
            while not server.has_stopped_reading():
                slow.say_and_see_it_read(MAILS)
                other.ask(HEADER)  # when that is answered, they have been, too, or couldn't be
                times += 1
            server.signal()
            other.say(b"".join(MAIL[3:]))
            other.hear(GOES_ON * 3 + ADDED)
            other.hear_the_end()
            slow.hear(ANSWERS_TO_MAIL * 1000 * times)
            slow.hear_the_end()
            server.ends()


def test_stop_has_a_deadline(tcp):
    with running_server(tcp, "lock", "--grace", 1) as server, Mta(server) as working:
        working.ask(*UP_TO_DATA)
        server.signal()
        with server.does_not_spin():
            working.hear_the_end()
        server.ends()


def test_a_second_signal_ends_it_at_once(tcp):
    with running_server(tcp, "lock", "--grace", 1000) as server:
        with mtas(server, 2) as (resting, working):
            working.ask(*UP_TO_DATA)
            server.signal()
            resting.hear_the_end()
            server.signal()
            working.hear_the_end()
            server.ends()


# The beginning.


def run(*arguments):
    """For runs that end by themselves."""
    command = [folder() / "epoll_server", *arguments]
    return subprocess.run(command, capture_output=True, text=True, timeout=deadline.SECONDS)


@pytest.mark.parametrize(
    "arguments, wanted",
    [
        ([], "ADDRESS is required"),
        (["inet:0"], "not an address: inet:0 (inet:PORT@HOST or unix:PATH)"),
        (["inet6:0@::1"], "not an address: inet6:0@::1 (inet:PORT@HOST or unix:PATH)"),
        (["unix:"], "no path, or one too long: "),
        (["unix:" + "long" * 50], "no path, or one too long: " + "long" * 50),
        (["unix:/x", "other"], "VARIANT: other not in {addhdr,lock,nr}"),
        (["unix:/x", "lock", "more"], "The following argument was not expected: more"),
        (["unix:/x", "--timeout"], "--timeout: 1 required SECONDS missing"),
        (["unix:/x", "--timeout", "0"], "--timeout: Value 0 not in range 1 to 1000000000"),
        (["unix:/x", "--timeout", "1s"], "--timeout: Value 1s not in range 1 to 1000000000"),
        (["unix:/x", "--verbose"], "The following argument was not expected: --verbose"),
    ],
)
def test_wrong_arguments(arguments, wanted):
    done = run(*arguments)
    assert (done.returncode, done.stdout, done.stderr) == (64, "", f"epoll_server: {wanted}\n")


def test_help_shows_examples_and_limits():
    done = run("--help")
    assert (done.returncode, done.stderr) == (0, "")
    assert "Examples:" in done.stdout and "[10000]" in done.stdout


def test_the_address_of_another_server(server):
    done = run(server.milter.address)
    assert (done.returncode, done.stdout) == (1, "")
    assert "Address already in use" in done.stderr


def test_a_socket_that_was_left_behind_is_replaced(scratch):
    path = scratch / "filter.sock"
    with socket.socket(socket.AF_UNIX) as left:
        left.bind(str(path))
    with running_server(str(path)) as server:
        assert server.milter.address == f"unix:{path}"


def test_a_file_is_not_replaced(scratch):
    path = scratch / "file"
    path.write_text("precious")
    done = run(path)
    assert done.returncode == 1
    assert path.read_text() == "precious"
