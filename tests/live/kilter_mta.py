# SPDX-License-Identifier: MIT
"""A private mail server on kilter: the example `smtp_server`, whose mail all goes to one relay."""

import contextlib
import re
import subprocess
import threading

import deadline
from filters import folder as examples
from postfix import Postfix


class KilterMta:
    """A running `smtp_server` with one filter, and a second one that has less patience with it.

    There is no queue: a mail is delivered before the client has the reply to it. `profile` is whose
    ways they follow; `more` are further arguments.
    """

    def __init__(self, folder, milter, relay_port, profile="postfix", more=()):
        self._hold = folder / "hold"
        self._hold.mkdir()
        arguments = [
            *("--hostname", "mta.example"),
            *("--filter", milter),
            *("--relay", f"127.0.0.1:{relay_port}"),
            *("--hold", self._hold),
            *("--profile", profile),
            *("--refuse", "@refused.example"),
            *more,
        ]
        self._servers = [Server(arguments), Server([*arguments, "--timeout", "2"])]

    def start(self):
        """Returns when the SMTP ports are open."""
        self.port, self.hurried_port = (server.start() for server in self._servers)

    # The clients are the same for all MTAs.
    connect = Postfix.connect
    vanish_in_data = Postfix.vanish_in_data

    def sendmail(self, message, sender, *recipients):
        raise NotImplementedError("smtp_server takes mail by SMTP alone")

    def take_held(self, mark):
        """Whether a mail with this mark in it is held for the operator; it is thrown away."""
        for file in self._hold.iterdir():
            if mark in file.read_bytes():
                file.unlink()
                return True
        return False

    def wait_until_queue_is_empty(self):
        """Requires that no mail is held any more."""
        assert not list(self._hold.iterdir())

    def check_log(self):
        """No sanitizer may have found anything."""
        wrong = re.search("Sanitizer|runtime error", self.log())
        assert not wrong, self.log()

    def log(self):
        """What the servers have printed so far."""
        return "".join(line for server in self._servers for line in server.lines)

    def stop(self):
        """Ends the servers as an operator would, and requires that they end well."""
        statuses = [server.stop() for server in self._servers]
        print(self.log())  # pytest shows it if the test has failed
        assert statuses in ([0, 0], [None, None]), f"smtp_server ended with status {statuses}"
        self.check_log()


class Server:
    """One process."""

    def __init__(self, arguments):
        self._command = [examples() / "smtp_server", "inet:0@127.0.0.1", *arguments]
        self.process = None
        self._listening = threading.Event()
        self.lines = []

    def start(self):
        """The port, when it is open."""
        self.process = subprocess.Popen(
            self._command,
            stdout=subprocess.PIPE,
            stderr=subprocess.STDOUT,
            text=True,
            errors="backslashreplace",
        )
        self._reader = threading.Thread(target=self._read, daemon=True)
        self._reader.start()
        assert self._listening.wait(deadline.SECONDS), "smtp_server does not listen"
        return self._port

    def _read(self):
        for line in self.process.stdout:
            self.lines.append(line)
            if ready := re.fullmatch(r"listening on inet:(\d+)@127\.0\.0\.1\n", line):
                self._port = int(ready[1])
                self._listening.set()

    def stop(self):
        """The exit status, if it was started."""
        if self.process is None:
            return None
        status = deadline.end(self.process)
        self._reader.join(deadline.SECONDS)
        self.process.stdout.close()
        return status


@contextlib.contextmanager
def running_kilter_mta(folder, milter, relay_port, profile="postfix", more=()):
    mta = KilterMta(folder, milter, relay_port, profile, more)
    try:
        mta.start()
        yield mta
    finally:
        mta.stop()
