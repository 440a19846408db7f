# SPDX-License-Identifier: MIT
"""An SMTP server that keeps every message it is given."""

import asyncio
import contextlib
import re
import threading
from typing import NamedTuple

from aiosmtpd.smtp import SMTP

import deadline


class Delivery(NamedTuple):
    """What arrived: envelope, exact bytes, and the arguments of MAIL and of each RCPT."""

    sender: str
    recipients: list
    content: bytes
    sender_args: str
    recipient_args: list


class Session(SMTP):
    """One connection. Takes every address and argument as it is, with angle brackets or without."""

    line_length_limit = 100_000

    async def smtp_MAIL(self, arg):
        self.envelope.mail_from, self.envelope.mail_options = address_and_args(arg)
        await self.push("250 kept")

    async def smtp_RCPT(self, arg):
        address, args = address_and_args(arg)
        self.envelope.rcpt_tos.append(address)
        self.envelope.rcpt_options.append(args)
        await self.push("250 kept")


def address_and_args(arg):
    match = re.fullmatch(r"(?:FROM|TO): *(?:<(.*?)>|(\S+))(?: (.*))?", arg, re.IGNORECASE)
    bracketed, bare, args = match.groups()
    return bare if bracketed is None else bracketed, args or ""


class Sink:
    """Listens on a free port, and keeps messages in the order of their arrival."""

    def __init__(self):
        self._deliveries = []
        self._changed = threading.Condition()
        self._loop = asyncio.new_event_loop()
        listening = self._loop.create_server(self._connection, "127.0.0.1", 0)
        self._server = self._loop.run_until_complete(listening)
        self.port = self._server.sockets[0].getsockname()[1]
        self._thread = threading.Thread(target=self._loop.run_forever, daemon=True)
        self._thread.start()

    def _connection(self):
        return Session(
            self,
            data_size_limit=None,
            enable_SMTPUTF8=True,
            hostname="sink.example",
            loop=self._loop,
        )

    async def handle_EHLO(self, server, session, envelope, hostname, responses):
        session.host_name = hostname
        return [*responses[:-1], "250-DSN", responses[-1]]

    async def handle_DATA(self, server, session, envelope):
        delivery = Delivery(
            envelope.mail_from,
            envelope.rcpt_tos,
            envelope.original_content,
            envelope.mail_options,
            envelope.rcpt_options,
        )
        with self._changed:
            self._deliveries.append(delivery)
            self._changed.notify_all()
        return "250 kept"

    def next_delivery(self, mark=b""):
        """Waits for the next message that has this mark in it, and takes it out."""
        with self._changed:
            arrived = self._changed.wait_for(lambda: self._find(mark), deadline.SECONDS)
            if arrived is None:
                raise AssertionError("no message was delivered in time")
            self._deliveries.remove(arrived)
            return arrived

    def _find(self, mark):
        return next((kept for kept in self._deliveries if mark in kept.content), None)

    def is_empty(self, mark=b""):
        """Whether no message with this mark has arrived that was not yet asked for."""
        with self._changed:
            return self._find(mark) is None

    def stop(self):
        asyncio.run_coroutine_threadsafe(self._close(), self._loop).result(deadline.SECONDS)
        self._loop.call_soon_threadsafe(self._loop.stop)
        self._thread.join(deadline.SECONDS)
        self._loop.close()

    async def _close(self):
        self._server.close()
        connections = asyncio.all_tasks() - {asyncio.current_task()}
        for connection in connections:
            connection.cancel()
        await asyncio.gather(*connections, return_exceptions=True)


@contextlib.contextmanager
def running_sink():
    sink = Sink()
    try:
        yield sink
    finally:
        sink.stop()
