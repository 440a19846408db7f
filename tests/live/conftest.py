# SPDX-License-Identifier: MIT
"""Fixtures of the live tests, each with the check that what it needs is here.

    KILTER_EXAMPLES=/path/to/built/examples python3 -m pytest tests/live

runs the example filters in a real Postfix. Where something is missing the tests are skipped with
the reason; with CI=true in the environment they fail with it.
"""

import contextlib
import importlib.util
import json
import os
import pathlib
import tempfile
from typing import Any, NamedTuple

import pytest

from filters import PROGRAMS, folder
from peers import MTAS, missing_postfix, versions
from postfix import running_postfix


def pytest_runtest_setup(item):
    """Test files name the example that they are about in PROGRAM."""
    about = getattr(item.module, "PROGRAM", None)
    need(missing_examples([*PROGRAMS, about] if about else PROGRAMS))


def missing_examples(programs):
    examples = folder()
    if examples is None:
        return "KILTER_EXAMPLES is not set to the folder of the built examples"
    for program in programs:
        if not os.access(examples / program, os.X_OK):
            libraries = "libcli11-dev nlohmann-json3-dev"
            return f"KILTER_EXAMPLES has no program {program} (Debian: apt-get install {libraries})"
    return None


def missing_sink():
    if importlib.util.find_spec("aiosmtpd") is None:
        return "Python has no aiosmtpd (Debian: apt-get install python3-aiosmtpd)"
    return None


def need(reason):
    """Skips the test if something is missing, or fails where nothing may be missing."""
    if reason is None:
        return
    if os.environ.get("CI") == "true":
        pytest.fail(reason, pytrace=False)
    pytest.skip(reason)


def pytest_addoption(parser):
    parser.addoption("--results", help="write the results of the scenarios to this file")


def pytest_configure(config):
    if config.option.results:
        config.pluginmanager.register(Results(pathlib.Path(config.option.results)))


class Results:
    """What report.py makes its tables of."""

    def __init__(self, file):
        self._file = file
        self._results = []

    def pytest_runtest_logreport(self, report):
        properties = dict(report.user_properties)
        if report.when == "call" and "scenario" in properties:
            self._results.append({**properties["scenario"], "outcome": report.outcome})

    def pytest_sessionfinish(self):
        names = {one[peer] for one in self._results for peer in ("mta", "filter")}
        result = {"versions": versions(names), "results": self._results}
        self._file.write_text(json.dumps(result, indent=1) + "\n")


@contextlib.contextmanager
def new_folder():
    """A new folder that Postfix, another user, can pass through; short enough for unix sockets."""
    with tempfile.TemporaryDirectory(prefix="kilter-") as name:
        os.chmod(name, 0o711)
        yield pathlib.Path(name)


@pytest.fixture
def scratch():
    with new_folder() as folder:
        yield folder


@pytest.fixture(params=["inet", "unix"])
def address(request, scratch):
    """Where a filter is to listen: a free port, or a socket in the file system."""
    return "inet:0@127.0.0.1" if request.param == "inet" else f"unix:{scratch}/filter.sock"


@pytest.fixture
def sink():
    need(missing_sink())
    from sink import running_sink  # here, because it needs aiosmtpd, which may be missing

    with running_sink() as running:
        yield running


@pytest.fixture
def mta(scratch, milter, sink):
    """A Postfix between the test and the sink; each test file says which filter `milter` is."""
    need(missing_postfix())
    with running_postfix(scratch, milter.address, sink.port) as running:
        yield running


class Relay(NamedTuple):
    """A mail server that runs for many tests, where its filter listens, and the sink behind it."""

    name: str
    mta: Any
    ways_in: tuple
    filter_address: str
    sink: Any


@pytest.fixture(scope="session", params=list(MTAS))
def relay(request):
    peer = MTAS[request.param]
    need(peer.missing() or missing_sink())
    from sink import running_sink

    with new_folder() as folder, running_sink() as sink:
        filter_address = f"unix:{folder}/filter.sock"
        with peer.run(folder, filter_address, sink.port) as mta:
            yield Relay(request.param, mta, peer.ways_in, filter_address, sink)
            mta.wait_until_queue_is_empty()
            assert sink.is_empty(), f"never expected: {sink.next_delivery()}"
            mta.check_log()
