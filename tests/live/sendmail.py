# SPDX-License-Identifier: MIT
"""A private Sendmail: own configuration, queue, log and ports; all mail goes to one relay."""

import contextlib
import ctypes.util
import os
import pathlib
import re
import shutil
import signal
import smtplib
import socket
import subprocess
import threading
import time

import deadline
from postfix import Postfix, has_ended, processes_of_group, reserved_port

PROGRAM = "usr/libexec/sendmail/sendmail"

# The most time to connect, to send, to read a reply, and for all of end of message. Sendmail counts
# ticks of the clock: with R:2s, a reply after one second is in time, and one after two never is.
TIMEOUTS = "C:5m;S:10s;R:10s;E:5m"
HURRIED = "C:5m;S:10s;R:2s;E:5m"

SENDMAIL_MC = """\
divert(-1)
define(`_CF_DIR_', `{program_folder}/usr/share/sendmail/cf/')
include(_CF_DIR_`m4/cf.m4')
OSTYPE(`linux')
define(`confDOMAIN_NAME', `mta.example')
define(`MAIL_SETTINGS_DIR', `{folder}/')
define(`QUEUE_DIR', `{folder}/queue')
define(`confPID_FILE', `{folder}/pid')
define(`ALIAS_FILE', `')
define(`confLOG_LEVEL', `15')
define(`confDONT_BLAME_SENDMAIL', `TrustStickyBit')

dnl Names are looked up in a file of our own only.
define(`confSERVICE_SWITCH_FILE', `{folder}/switch')
define(`confHOSTS_FILE', `{folder}/hosts')
define(`confDONT_PROBE_INTERFACES', `True')
define(`confTO_IDENT', `0')
FEATURE(`nocanonify')

dnl Mail is taken from every sender, however busy the machine is.
FEATURE(`accept_unresolvable_domains')
FEATURE(`accept_unqualified_senders')
define(`confMAX_MESSAGE_SIZE', `100000000')
define(`confMIN_FREE_BLOCKS', `0')
define(`confQUEUE_LA', `1000')
define(`confREFUSE_LA', `1000')

dnl A mail is passed on before the client has the reply to it.
define(`confDELIVERY_MODE', `interactive')
define(`confMCI_CACHE_SIZE', `0')
define(`RELAY_MAILER_ARGS', `TCP $h {relay_port}')

FEATURE(`no_default_msa')
INPUT_MAIL_FILTER(`kilter', `S={milter}, F=T, T={timeouts}')
MAIL_FILTER(`hurried', `S={milter}, F=T, T={hurried}')
dnl M=AS: what a client is offered does not depend on the machine's SASL and TLS.
DAEMON_OPTIONS(`Name=MTA, Addr=127.0.0.1, Port={port}, M=AS')
DAEMON_OPTIONS(`Name=hurried, Addr=127.0.0.1, Port={hurried_port}, M=AS, I=hurried')
{more}
MAILER(`smtp')
LOCAL_RULE_0
R$+\t$#relay $@ [127.0.0.1] $: $1
"""


def program_folder():
    """Where `sendmail_unpack` has put Sendmail, or None."""
    name = os.environ.get("KILTER_SENDMAIL")
    return pathlib.Path(name) if name else None


def version():
    """Which Sendmail it is."""
    return (program_folder() / "version").read_text().strip()


def what_is_missing():
    """Why Sendmail cannot run on this machine, or None."""
    if program_folder() is None:
        return "KILTER_SENDMAIL is not set to a folder filled by tests/live/sendmail_unpack"
    if not os.access(program_folder() / PROGRAM, os.X_OK):
        return f"KILTER_SENDMAIL has no {PROGRAM} (tests/live/sendmail_unpack puts it there)"
    if shutil.which("m4") is None:
        return "there is no m4 command (Debian: apt-get install m4)"
    if ctypes.util.find_library("nss_wrapper") is None:
        return "there is no libnss_wrapper (Debian: apt-get install libnss-wrapper)"
    return None


class Sendmail:
    """A Sendmail whose SMTP servers and `sendmail -bs` use one filter.

    The server of `hurried_port` has less patience with it. `more` are lines of m4 to configure it.
    """

    def __init__(self, folder, milter, relay_port, timeouts=TIMEOUTS, hurried=HURRIED, more=""):
        self._folder = folder / "sendmail"
        self._configuration = self._folder / "sendmail.cf"
        self._hosts = self._folder / "hosts"
        self._queue = self._folder / "queue"
        self._log = self._folder / "mail.log"
        self._daemon = None
        self._port_holders = [reserved_port(), reserved_port()]
        self.port, self.hurried_port = (holder.getsockname()[1] for holder in self._port_holders)

        self._folder.mkdir()
        self._queue.mkdir(mode=0o700)
        (self._folder / "switch").write_text("hosts files\naliases files\n")
        # While its own name has no dot, Sendmail sleeps for a minute before it does anything.
        self._hosts.write_text(
            f"127.0.0.1 localhost\n127.0.0.2 mta.example {socket.gethostname()}\n"
        )
        mc = SENDMAIL_MC.format(
            program_folder=program_folder(),
            folder=self._folder,
            milter=milter,
            timeouts=timeouts,
            hurried=hurried,
            port=self.port,
            hurried_port=self.hurried_port,
            relay_port=relay_port,
            more=more,
        )
        with open(self._configuration, "w") as cf:
            subprocess.run(["m4"], input=mc, stdout=cf, text=True, check=True)

    def start(self):
        """Returns when the SMTP ports are open."""
        with open(self._log, "a") as log:
            self._daemon = subprocess.Popen(
                self.sendmail_command("-bD"),
                stdin=subprocess.DEVNULL,
                stdout=log,
                stderr=log,
                start_new_session=True,
            )
        end = time.monotonic() + deadline.SECONDS
        while not (is_listening(self.port) and is_listening(self.hurried_port)):
            assert time.monotonic() < end, "Sendmail does not listen"
            with contextlib.suppress(subprocess.TimeoutExpired):
                raise AssertionError(f"Sendmail has ended with status {self._daemon.wait(0.01)}")

    # The clients of SMTP are those of Postfix.
    connect = Postfix.connect
    vanish_in_data = Postfix.vanish_in_data

    def sendmail(self, message, sender, *recipients):
        """Hands in a message with `sendmail -bs` instead of SMTP over the network."""
        pipes = {"stdin": subprocess.PIPE, "stdout": subprocess.PIPE}
        client = smtplib.SMTP(local_hostname="localhost")
        with subprocess.Popen(self.sendmail_command("-bs"), **pipes) as server, client:
            watchdog = threading.Timer(deadline.SECONDS, server.kill)  # pipes have no time-out
            watchdog.start()
            try:
                client.sock = Pipes(server)
                assert client.getreply()[0] == 220
                client.sendmail(sender, recipients, re.sub(rb"\r?\n", b"\r\n", message))
            finally:
                watchdog.cancel()
        assert server.returncode == 0

    def sendmail_command(self, *arguments):
        """It logs to our file instead of syslog, and takes the names of hosts from our file."""
        return [
            "env",
            "LD_PRELOAD=libnss_wrapper.so",
            f"NSS_WRAPPER_HOSTS={self._hosts}",
            program_folder() / PROGRAM,
            *("-C", self._configuration),
            *("-D", self._log, "-d89.10"),
            *arguments,
        ]

    def take_held(self, mark):
        """Whether a mail with this mark in it is held for the operator; it is thrown away."""
        for envelope in self._queue.glob("hf*"):
            body = envelope.with_name("d" + envelope.name[1:])
            if mark in envelope.read_bytes() + body.read_bytes():
                envelope.unlink()
                body.unlink()
                return True
        return False

    def wait_until_queue_is_empty(self):
        """Returns when every mail has left the queue."""
        end = time.monotonic() + deadline.SECONDS
        while (left := list(self._queue.iterdir())) and time.monotonic() < end:
            pass
        assert not left, f"these mails are still there: {left}"

    def check_log(self):
        """No part of Sendmail may have failed."""
        wrong = [line for line in self.log().splitlines() if "SYSERR" in line]
        assert not wrong, wrong

    def log(self):
        """What Sendmail has logged so far."""
        return self._log.read_text(errors="backslashreplace") if self._log.exists() else ""

    def stop(self):
        """Ends the daemon, and requires that it and all its children are gone."""
        for holder in self._port_holders:
            holder.close()
        ended = self._daemon is None or self._end()
        print(self.log())  # pytest shows it if the test has failed
        assert ended, "Sendmail had to be killed"

    def _end(self):
        """Sessions that are still open are killed: told to end while they end, they hang."""
        group = self._daemon.pid
        self._daemon.terminate()
        ended = has_ended(group)
        with contextlib.suppress(ProcessLookupError):  # start() has seen the daemon's end
            os.killpg(group, signal.SIGKILL)
        gone = all(has_ended(pid) for pid in processes_of_group(group))
        self._daemon.wait()
        return ended and gone


class Pipes:
    """The standard input and output of a process, for smtplib in place of a socket."""

    def __init__(self, process):
        self._process = process

    def makefile(self, mode):
        return self._process.stdout

    def sendall(self, data):
        self._process.stdin.write(data)
        self._process.stdin.flush()

    def close(self):
        self._process.stdin.close()


def is_listening(port):
    """Whether a socket of 127.0.0.1 listens. To connect would tell, but the filter would see it."""
    listens = [f"0100007F:{port:04X}", "0A"]
    with open("/proc/net/tcp") as sockets:
        return any(line.split()[1:4:2] == listens for line in sockets)


@contextlib.contextmanager
def running_sendmail(folder, milter, relay_port, **options):
    mta = Sendmail(folder, milter, relay_port, **options)
    try:
        mta.start()
        yield mta
    finally:
        mta.stop()
