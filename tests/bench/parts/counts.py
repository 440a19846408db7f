# SPDX-License-Identifier: MIT
"""Allocations and instructions: of the library for each frame, and of whole filters for each mail.

What something costs is the difference between a short run and a longer one, so that starting
doesn't count.
"""

import json
import pathlib
import re
import tempfile

from .tools import COMPILERS, FILTERS, NotMeasured, play, run, side_by_side, tool

WORK = [
    (profile, *mode)
    for profile in ("4k-hot", "storm-hot")
    for mode in (("parse", "64 KiB"), ("reply", "64 KiB"), ("reply", "one step"))
]
PASSES = (2, 6)


def measure(bench):
    work = [(c, *one) for c in COMPILERS for one in bench.choose(WORK, WORK[1:2])]
    filters = [(name, variant) for name in FILTERS for variant in ("lock", "nr")]
    return {
        "frame": {
            "allocations": named(side_by_side(work, lambda one: allocations(bench, *one))),
            "instructions": named(side_by_side(work, lambda one: instructions(bench, *one))),
        },
        "mail": {
            "allocations": named(
                side_by_side(filters, lambda one: of_filter(bench, "memcheck", *one))
            ),
            "instructions": named(
                side_by_side(filters, lambda one: of_filter(bench, "callgrind", *one))
            ),
        },
    }


def named(results):
    return {" ".join(name): result for name, result in results.items()}


def allocations(bench, compiler, profile, mode, read):
    program = bench.program("kilter_bench", compiler)
    [counted] = json.loads(
        run(program, "allocations", "--profile", profile, "--mode", mode, "--read", read)
    )
    return counted["modes"][0]["more"] / counted["frames"]


def instructions(bench, compiler, profile, mode, read):
    program = bench.program("kilter_bench", compiler)
    counts = []
    for passes in PASSES:
        with tempfile.NamedTemporaryFile() as log:
            output = run(
                *valgrind("callgrind", log.name),
                *(program, "passes", "--profile", profile, "--mode", mode, "--read", read),
                *("--passes", passes),
            )
            counts.append(number(log.name, r"Collected : (\d+)"))
    [about] = json.loads(output)
    return (counts[1] - counts[0]) / (PASSES[1] - PASSES[0]) / about["frames"]


def of_filter(bench, checker, name, variant):
    pattern = {
        "callgrind": r"Collected : (\d+)",
        "memcheck": r"total heap usage: ([\d,]+) allocs",
    }[checker]
    mails = bench.choose((20, 60), (5, 15))
    counts = []
    for count in mails:
        with tempfile.NamedTemporaryFile() as log:
            play(
                *(bench, name, variant, "--mails", count, "--warm-up", 5, "--gently"),
                under=valgrind(checker, log.name),
                environment={"PYTHONMALLOC": "malloc"},
            )
            counts.append(number(log.name, pattern))
    return (counts[1] - counts[0]) / (mails[1] - mails[0])


def valgrind(checker, log):
    command = [tool("valgrind"), f"--tool={checker}", f"--log-file={log}"]
    if checker == "callgrind":
        command.append("--callgrind-out-file=/dev/null")
    return command


def number(log, pattern):
    found = re.search(pattern, pathlib.Path(log).read_text())
    if not found:
        raise NotMeasured("valgrind has counted nothing")
    return int(found[1].replace(",", ""))
