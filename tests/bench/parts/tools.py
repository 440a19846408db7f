# SPDX-License-Identifier: MIT
"""What the parts of the benchmark share: programs, filters, rounds, reasons for no figure."""

import contextlib
import json
import os
import pathlib
import shutil
import socket
import statistics
import subprocess
import tempfile
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass

SOURCE = pathlib.Path(__file__).parents[3]
PYTHON = "/usr/bin/python3"
COMPILERS = ("g++", "clang++")
PATIENCE = 300  # seconds that one run of a program may take


class NotMeasured(Exception):
    """Why something has no figure."""


def missing(why):
    return {"not_measured": str(why)}


@dataclass
class Bench:
    """Where the programs are, and how much is asked for."""

    builds: dict  # the build folders of the compilers that there are
    quick: bool

    def program(self, name, compiler="g++"):
        for folder in ("tests/bench", "examples"):
            path = pathlib.Path(self.builds.get(compiler, "/nowhere")) / folder / name
            if path.exists():
                return str(path)
        raise NotMeasured(f"{name} wasn't built with {compiler}")

    def choose(self, whole, quick):
        return quick if self.quick else whole


def tool(name):
    """A program of the system."""
    path = shutil.which(name)
    if path is None:
        raise NotMeasured(f"no {name}")
    return path


def cpus():
    """One for the filter, and one for the MTA that plays to it: the same if there is only one."""
    usable = sorted(os.sched_getaffinity(0))
    return usable[-1], usable[0]


def run(*command, cpu=None, environment=None):
    """What it prints. If it fails, what it says about that is the reason."""
    pinned = None if cpu is None else (lambda: os.sched_setaffinity(0, {cpu}))
    try:
        done = subprocess.run(
            [str(word) for word in command],
            capture_output=True,
            text=True,
            timeout=PATIENCE,
            preexec_fn=pinned,
            env={**os.environ, **(environment or {})},
        )
    except subprocess.TimeoutExpired as late:
        raise NotMeasured(f"{pathlib.Path(command[0]).name} took more than {PATIENCE} s") from late
    if done.returncode != 0:
        lines = done.stderr.strip().splitlines() or [f"status {done.returncode}"]
        raise NotMeasured(lines[-1])
    return done.stdout


def libmilter(bench):
    try:
        return [bench.program("bench_libmilter_filter")]
    except NotMeasured as why:
        raise NotMeasured("no libmilter when it was built (Debian: libmilter-dev)") from why


def pymilter(_):
    try:
        run(PYTHON, "-c", "import Milter")
    except NotMeasured as why:
        raise NotMeasured("no pymilter (Debian: python3-milter)") from why
    return [PYTHON, str(SOURCE / "tests/bench/end_to_end/pymilter_filter.py")]


# How to start each filter. An address and a variant, lock, nr or addhdr, follow.
FILTERS = {
    "kilter": lambda bench: [bench.program("epoll_server")],
    "libmilter": libmilter,
    "pymilter": pymilter,
    "bare": lambda bench: [bench.program("bare_filter")],
}


@contextlib.contextmanager
def address(transport):
    """Where a filter can listen."""
    if transport == "unix":
        with tempfile.TemporaryDirectory(prefix="kilter-bench-") as folder:
            yield f"unix:{folder}/socket"
    else:
        with socket.create_server(("127.0.0.1", 0)) as free:
            port = free.getsockname()[1]
        yield f"inet:{port}@127.0.0.1"


def play(bench, name, variant, *options, transport="unix", under=(), environment=None):
    """Plays mails to a filter, and gives what the MTA says about it."""
    command = FILTERS[name](bench)
    with address(transport) as where:
        output = run(
            bench.program("kilter_bench_mta"),
            where,
            *options,
            *("--", *under, *command, where, variant),
            environment=environment,
        )
    return json.loads(output)


def in_rounds(rounds, names, measure):
    """Calls measure(name) for all names, round after round. Samples, or why there are none."""
    samples = {name: [] for name in names}
    for _ in range(rounds):
        for name, taken in samples.items():
            if isinstance(taken, dict):
                continue
            try:
                taken.append(measure(name))
            except NotMeasured as why:
                samples[name] = missing(why)
    return samples


def spread(values):
    return {"median": statistics.median(values), "least": min(values), "most": max(values)}


def side_by_side(names, measure):
    """For what has no noise: measure(name) for all names, as many at a time as there are CPUs."""

    def attempt(name):
        try:
            return measure(name)
        except NotMeasured as why:
            return missing(why)

    with ThreadPoolExecutor(os.cpu_count()) as pool:
        return dict(zip(names, pool.map(attempt, names)))
