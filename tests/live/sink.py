# SPDX-License-Identifier: MIT
"""An SMTP server that keeps every message it is given."""

import asyncio
import contextlib
import queue
import threading
from typing import NamedTuple

from aiosmtpd.smtp import SMTP

import deadline


class Delivery(NamedTuple):
    """What arrived: the envelope, and the message's exact bytes."""

    sender: str
    recipients: list
    content: bytes


class Sink:
    """Listens on a free port; `next_delivery` waits for messages in the order of their arrival."""

    def __init__(self):
        self._deliveries = queue.Queue()
        self._loop = asyncio.new_event_loop()
        listening = self._loop.create_server(self._connection, "127.0.0.1", 0)
        self._server = self._loop.run_until_complete(listening)
        self.port = self._server.sockets[0].getsockname()[1]
        self._thread = threading.Thread(target=self._loop.run_forever, daemon=True)
        self._thread.start()

    def _connection(self):
        return SMTP(self, data_size_limit=None, hostname="sink.example", loop=self._loop)

    async def handle_DATA(self, server, session, envelope):
        self._deliveries.put(
            Delivery(envelope.mail_from, envelope.rcpt_tos, envelope.original_content)
        )
        return "250 kept"

    def next_delivery(self):
        try:
            return self._deliveries.get(timeout=deadline.SECONDS)
        except queue.Empty:
            raise AssertionError("no message was delivered in time") from None

    def is_empty(self):
        """Whether no message has arrived that was not yet asked for."""
        return self._deliveries.empty()

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
