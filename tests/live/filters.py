# SPDX-License-Identifier: MIT
"""Runs one of the example filters and reads what it prints."""

import collections
import contextlib
import os
import pathlib
import queue
import re
import subprocess
import threading
from typing import NamedTuple

import deadline

PROGRAMS = ("add_header", "inspect", "reject_recipient")


def folder():
    """Where the built examples are, or None."""
    name = os.environ.get("KILTER_EXAMPLES")
    return pathlib.Path(name) if name else None


class Message(NamedTuple):
    """One line of `inspect`: who spoke, which message it was, and what it held as text."""

    speaker: str
    name: str
    text: str


def parse_message(line):
    match = re.fullmatch(r"(MTA|filter) *> (\w+) ?(.*)", line)
    assert match, f"not a line of a conversation: {line!r}"
    return Message(*match.groups())


class Filter:
    """A running filter; `address` is where it listens, in libmilter's notation."""

    def __init__(self, program, address, *arguments):
        self.process = subprocess.Popen(
            [folder() / program, address, *arguments],
            stdout=subprocess.PIPE,
            text=True,
            errors="backslashreplace",
            umask=0,  # Postfix connects as another user and must be able to write to a unix socket
        )
        self._lines = queue.Queue()
        self._said = collections.defaultdict(list)  # by the connection's number; None: it has closed
        self._conversations = 0
        self._reader = threading.Thread(target=self._read, daemon=True)
        self._reader.start()

    def _read(self):
        for line in self.process.stdout:
            print(line, end="")
            self._lines.put(line.rstrip("\n"))
        self._lines.put(None)

    def line(self):
        """The next line that the filter prints."""
        try:
            line = self._lines.get(timeout=deadline.SECONDS)
        except queue.Empty:
            raise AssertionError("the filter printed nothing more") from None
        assert line is not None, "the filter closed its output"
        return line

    def wait_until_ready(self):
        ready = re.fullmatch(r"listening on ((?:inet|unix):.+)", self.line())
        assert ready, "the first line is not `listening on ADDRESS`"
        self.address = ready[1]

    def conversation(self):
        """The messages of the next connection of `inspect`, read until it has closed.

        The connections' lines may be mixed: an MTA doesn't wait for us to see the end of the one
        before it opens the next.
        """
        self._conversations += 1
        while (own := self._said[self._conversations])[-1:] != [None]:
            number, what = re.fullmatch(r"#(\d+) (.*)", self.line()).groups()
            closed = what == "closed"
            self._said[int(number)].append(None if closed else parse_message(what))
        return own[:-1]

    def is_running(self):
        return self.process.poll() is None

    def stop(self):
        """Ends the filter as an operator would, and requires that it ends well."""
        status = deadline.end(self.process)
        self._reader.join(deadline.SECONDS)
        self.process.stdout.close()
        assert status == 0, f"the filter ended with status {status}"


@contextlib.contextmanager
def running_filter(program, address, *arguments):
    milter = Filter(program, address, *arguments)
    try:
        milter.wait_until_ready()
        yield milter
    finally:
        milter.stop()
