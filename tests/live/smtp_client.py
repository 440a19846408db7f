# SPDX-License-Identifier: MIT
"""An SMTP client that sends exactly what it is told to, and notes each reply exactly as it came.

Text is bytes, one for each character (Latin-1).
"""

import contextlib
import re
import socket
import subprocess

import deadline

CLOSED = "closed"


def as_bytes(text):
    return text.encode("latin-1")


def as_text(data):
    return data.decode("latin-1")


class Client:
    """`transcript` holds what was done and what came back, by the names that the scenarios use."""

    def __init__(self, mta, mark, reader=None, writer=None):
        self.mta = mta
        self._reader = reader
        self._writer = writer
        self._mark = mark
        self._mails = 0
        self.transcript = []
        self.open = reader is not None

    def note(self, label, reply):
        """Notes a reply. After a 421 the server closes, and that is waited for."""
        number = 2
        name = label
        while name in dict(self.transcript):
            name = f"{label} #{number}"
            number += 1
        self.transcript.append((name, reply))
        if reply == CLOSED:
            self.open = False
        elif reply.startswith("421"):
            self.note("end", self.reply())
        return reply

    def reply(self):
        """The next reply with all its lines, or `closed`."""
        lines = []
        while True:
            try:
                line = self._reader.readline()
            except ConnectionError:
                line = b""
            if not line.endswith(b"\n"):
                return "\n".join([*lines, CLOSED])
            lines.append(as_text(line).rstrip("\r\n"))
            if not re.match(r"\d\d\d-", lines[-1]):
                return "\n".join(lines)

    def send(self, text):
        try:
            self._writer.write(as_bytes(text))
            self._writer.flush()
        except ConnectionError:
            pass  # the reading says so

    def command(self, line, label):
        """Sends a line and notes the reply, if the connection is still open."""
        if not self.open:
            return CLOSED
        self.send(line + "\r\n")
        return self.note(label, self.reply())

    def next_mail(self):
        """The number of a new mail in this session, and the mark that its content bears."""
        self._mails += 1
        return self._mails, f"{self._mark}{self._mails}"

    def vanish(self):
        """Breaks the connection without a word."""
        self.open = False
        self._writer.close()
        self._reader.close()


@contextlib.contextmanager
def smtp_client(mta, port, mark):
    """A client of an SMTP server; it says QUIT when it is done."""
    with socket.create_connection(("127.0.0.1", port), timeout=deadline.SECONDS) as connection:
        connection.setsockopt(socket.IPPROTO_TCP, socket.TCP_NODELAY, 1)
        with connection.makefile("rb") as reader, connection.makefile("wb") as writer:
            connection.close()  # the files keep it open
            yield from conversation(Client(mta, mark, reader, writer))


def conversation(client):
    client.note("banner", client.reply())
    yield client
    client.command("QUIT", "quit")


@contextlib.contextmanager
def standard_input_client(mta, mark):
    """A client of `sendmail -bs`, an SMTP server on its standard input."""
    command = mta.sendmail_command("-bs")
    pipes = {"stdin": subprocess.PIPE, "stdout": subprocess.PIPE}
    with subprocess.Popen(command, **pipes) as server:
        yield from conversation(Client(mta, mark, server.stdout, server.stdin))
    assert server.returncode == 0


def connected_client(mta, how, mark):
    """The client that a scenario asks for."""
    if how == "sendmail -bs":
        return standard_input_client(mta, mark)
    if how == "sendmail":
        return contextlib.nullcontext(Client(mta, mark))
    return smtp_client(mta, mta.hurried_port if how == "hurried" else mta.port, mark)
