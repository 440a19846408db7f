# SPDX-License-Identifier: MIT
"""System calls of the filters a mail: the difference between a short run and a longer one."""

import pathlib
import tempfile

from .tools import FILTERS, NotMeasured, play, side_by_side, tool

RARE = 0.05  # a mail: what the filter does now and then


def measure(bench):
    pairs = [(name, variant) for name in FILTERS for variant in ("lock", "nr")]
    results = side_by_side(pairs, lambda pair: of_filter(bench, *pair))
    return {" ".join(pair): result for pair, result in results.items()}


def of_filter(bench, name, variant):
    mails = bench.choose((40, 120), (10, 30))
    counts = [count(bench, name, variant, number) for number in mails]
    calls = {
        call: (counts[1][call] - counts[0].get(call, 0)) / (mails[1] - mails[0])
        for call in counts[1]
    }
    return {call: rate for call, rate in calls.items() if rate > RARE}


def count(bench, name, variant, mails):
    with tempfile.TemporaryDirectory() as folder:
        table = pathlib.Path(folder) / "calls"
        # With -D, the filter is the child of the MTA, and strace looks on.
        strace = [tool("strace"), "-D", "-f", "-c", "-qq", "-o", str(table)]
        play(bench, name, variant, "--mails", mails, under=strace)
        lines = [line.split() for line in table.read_text().splitlines()]
    calls = {
        words[-1]: int(words[3])
        for words in lines
        if len(words) >= 5 and words[3].isdigit() and words[-1] != "total"
    }
    if not calls:
        raise NotMeasured("strace has counted nothing")
    return calls
