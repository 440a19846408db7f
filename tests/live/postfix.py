# SPDX-License-Identifier: MIT
"""A private Postfix: own configuration, queue, log and port; all mail goes to one relay."""

import contextlib
import os
import pathlib
import re
import select
import shutil
import signal
import smtplib
import socket
import subprocess
import time

import deadline

MAIN_CF = """\
compatibility_level = 3.6
queue_directory = {folder}/queue
data_directory = {folder}/data
maillog_file_prefixes = {folder}
maillog_file = {folder}/mail.log

inet_interfaces = 127.0.0.1
inet_protocols = ipv4
mynetworks = 127.0.0.0/8
myhostname = mta.example
mydestination =
alias_maps =
local_recipient_maps =
# Nothing is looked up: the only other host is named by its address.
smtpd_peername_lookup = no
smtp_dns_support_level = disabled
smtp_host_lookup = native
relayhost = [127.0.0.1]:{relay_port}

smtp_connection_cache_on_demand = no

message_size_limit = 100000000
smtpd_recipient_restrictions =
    check_recipient_access inline:{{ {{ refused.example = 550 5.1.1 Not here }} }}
smtpd_milters = {milter}
non_smtpd_milters = {milter}
milter_default_action = tempfail
"""

# One smtpd process: it ends one client's session before it begins with the next. The second service
# has less patience with the filter.
MASTER_CF = """\
127.0.0.1:{port} inet n - n - 1 smtpd
127.0.0.1:{hurried_port} inet n - n - 1 smtpd
    -o {{ smtpd_milters = {{ {milter}, command_timeout=2s, content_timeout=2s }} }}
pickup     unix       n - n 60 1 pickup
cleanup    unix       n - n - 0 cleanup
qmgr       unix       n - n 300 1 qmgr
rewrite    unix       - - n - - trivial-rewrite
proxymap   unix       - - n - - proxymap
bounce     unix       - - n - 0 bounce
defer      unix       - - n - 0 bounce
trace      unix       - - n - 0 bounce
error      unix       - - n - - error
retry      unix       - - n - - error
anvil      unix       - - n - 1 anvil
smtp       unix       - - n - - smtp
relay      unix       - - n - - smtp
postlog    unix-dgram n - n - 1 postlogd
"""


def as_postfix_writes(address):
    """libmilter's `inet:PORT@HOST` in Postfix's order; `unix:PATH` is the same for both."""
    kind, rest = address.split(":", 1)
    if kind == "unix":
        return address
    port, host = rest.split("@")
    return f"inet:{host}:{port}"


class Postfix:
    """A Postfix whose SMTP server and `sendmail` command use one filter."""

    def __init__(self, folder, milter, relay_port):
        self._configuration = folder / "postfix"
        self._queue = folder / "queue"
        self._log = folder / "mail.log"
        self._port_holders = [reserved_port(), reserved_port()]
        self.port, self.hurried_port = (holder.getsockname()[1] for holder in self._port_holders)

        for name in ("postfix", "queue", "data"):
            (folder / name).mkdir()
        shutil.chown(folder / "data", "postfix")
        main_cf = self._configuration / "main.cf"
        main_cf.write_text(
            MAIN_CF.format(folder=folder, milter=as_postfix_writes(milter), relay_port=relay_port)
        )
        os.utime(main_cf, (0, 0))  # while this file is younger than two seconds, Postfix waits
        (self._configuration / "master.cf").write_text(
            MASTER_CF.format(
                port=self.port, hurried_port=self.hurried_port, milter=as_postfix_writes(milter)
            )
        )

    def start(self):
        """Returns when the SMTP port is open: `postfix start` waits for that itself."""
        subprocess.run(
            ["postfix", "-c", self._configuration, "start"], check=True, timeout=deadline.SECONDS
        )

    def connect(self):
        """A new SMTP session."""
        return smtplib.SMTP(
            "127.0.0.1", self.port, local_hostname="client.example", timeout=deadline.SECONDS
        )

    def vanish_in_data(self, sender, recipient, content):
        """Plays a client whose connection breaks half way through its message."""
        client = self.connect()
        client.ehlo()
        client.mail(sender)
        client.rcpt(recipient)
        client.putcmd("DATA")
        assert client.getreply()[0] == 354
        client.send(content[: len(content) // 2])
        client.close()

    def sendmail(self, message, sender, *recipients):
        """Hands in a message with the `sendmail` command instead of SMTP."""
        subprocess.run(
            self.sendmail_command("-i", "-f", sender, "--", *recipients),
            input=message,
            check=True,
            timeout=deadline.SECONDS,
        )

    def sendmail_command(self, *arguments):
        return ["sendmail", "-C", self._configuration, *arguments]

    def take_held(self, mark):
        """Whether a mail with this mark in it is held for the operator; it is thrown away."""
        for file in (self._queue / "hold").iterdir():
            if mark in file.read_bytes():
                file.unlink()
                return True
        return False

    def wait_until_queue_is_empty(self):
        """Returns when every mail has left the queue."""
        end = time.monotonic() + deadline.SECONDS
        while (left := self._queued()) and time.monotonic() < end:
            pass
        assert not left, f"these mails are still there: {left}"

    def _queued(self):
        folders = ("maildrop", "incoming", "active", "deferred", "hold")
        return [
            file
            for folder in folders
            for file in (self._queue / folder).glob("**/*")
            if file.is_file()
        ]

    def check_log(self):
        """No part of Postfix may have failed."""
        wrong = [line for line in self.log().splitlines() if re.search(r": (panic|fatal): ", line)]
        assert not wrong, wrong

    def log(self):
        """What Postfix has logged so far."""
        return self._log.read_text(errors="backslashreplace") if self._log.exists() else ""

    def stop(self):
        """Ends the master process, and requires that it and all its children are gone."""
        for holder in self._port_holders:
            holder.close()
        ended = self._end()
        print(self.log())  # pytest shows it if the test has failed
        assert ended, "Postfix had to be killed"

    def _end(self):
        pid_file = self._queue / "pid" / "master.pid"
        if not pid_file.exists():
            return True
        master = int(pid_file.read_text())
        os.kill(master, signal.SIGTERM)
        if has_ended(master) and all(has_ended(pid) for pid in processes_of_group(master)):
            return True
        os.killpg(master, signal.SIGKILL)
        return False


def reserved_port():
    """A bound socket that does not listen: Postfix may share its port, nobody else is given it."""
    holder = socket.socket()
    holder.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
    holder.bind(("127.0.0.1", 0))
    return holder


def processes_of_group(group):
    for entry in pathlib.Path("/proc").glob("[0-9]*"):
        with contextlib.suppress(ProcessLookupError):
            if os.getpgid(int(entry.name)) == group:
                yield int(entry.name)


def has_ended(pid):
    """Waits for the end of a process that is not a child of this one."""
    try:
        process = os.pidfd_open(pid)
    except ProcessLookupError:
        return True
    try:
        poll = select.poll()
        poll.register(process, select.POLLIN)
        return bool(poll.poll(deadline.SECONDS * 1000))
    finally:
        os.close(process)


@contextlib.contextmanager
def running_postfix(folder, milter, relay_port):
    mta = Postfix(folder, milter, relay_port)
    try:
        mta.start()
        yield mta
    finally:
        mta.stop()
