# SPDX-License-Identifier: MIT
"""Sends a mail through a private Postfix with the smallest filter, and prints what goes in and comes out."""

import contextlib
import io
import os
import pathlib
import tempfile

from filters import running_filter
from mail import RECIPIENT, SENDER, message
from postfix import running_postfix
from sink import running_sink

sent = message("Hello")

with contextlib.ExitStack() as stack:
    stack.enter_context(contextlib.redirect_stdout(io.StringIO()))  # logs are for failing tests
    scratch = pathlib.Path(stack.enter_context(tempfile.TemporaryDirectory(prefix="kilter-")))
    os.chmod(scratch, 0o711)  # Postfix, another user, has to pass through
    milter = stack.enter_context(running_filter("add_header", f"unix:{scratch}/filter.sock"))
    sink = stack.enter_context(running_sink())
    mta = stack.enter_context(running_postfix(scratch, milter.address, sink.port))
    with mta.connect() as client:
        client.sendmail(SENDER, [RECIPIENT], sent)
    delivered = sink.next_delivery().content

print("--- sent\n" + sent.decode())
print("--- delivered\n" + delivered.decode())
