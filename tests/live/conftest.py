# SPDX-License-Identifier: MIT
"""Fixtures of the live tests, and the check that everything they need is here.

    KILTER_EXAMPLES=/path/to/built/examples python3 -m pytest tests/live

runs the example filters in a real Postfix. Where something is missing the tests are skipped with
the reason; with CI=true in the environment they fail with it.
"""

import importlib.util
import os
import pathlib
import shutil
import tempfile

import pytest

from filters import PROGRAMS, folder
from postfix import running_postfix


def what_is_missing():
    """Why the live tests cannot run on this machine, or None."""
    examples = folder()
    if examples is None:
        return "KILTER_EXAMPLES is not set to the folder of the built examples"
    for program in PROGRAMS:
        if not os.access(examples / program, os.X_OK):
            return f"KILTER_EXAMPLES has no program {program}"
    for command in ("postfix", "sendmail"):
        if shutil.which(command) is None:
            return f"there is no {command} command (Debian: apt-get install postfix)"
    if importlib.util.find_spec("aiosmtpd") is None:
        return "Python has no aiosmtpd (Debian: apt-get install python3-aiosmtpd)"
    if os.geteuid() != 0:
        return "Postfix can only be started by root"
    return None


def pytest_runtest_setup():
    reason = what_is_missing()
    if reason is None:
        return
    if os.environ.get("CI") == "true":
        pytest.fail(reason, pytrace=False)
    pytest.skip(reason)


@pytest.fixture
def scratch():
    """A new folder that Postfix, another user, can pass through; short enough for unix sockets."""
    with tempfile.TemporaryDirectory(prefix="kilter-") as name:
        os.chmod(name, 0o711)
        yield pathlib.Path(name)


@pytest.fixture(params=["inet", "unix"])
def address(request, scratch):
    """Where a filter is to listen: a free port, or a socket in the file system."""
    return "inet:0@127.0.0.1" if request.param == "inet" else f"unix:{scratch}/filter.sock"


@pytest.fixture
def sink():
    from sink import running_sink  # here, because it needs aiosmtpd, which may be missing

    with running_sink() as running:
        yield running


@pytest.fixture
def mta(scratch, milter, sink):
    """A Postfix between the test and the sink; each test file says which filter `milter` is."""
    with running_postfix(scratch, milter.address, sink.port) as running:
        yield running
