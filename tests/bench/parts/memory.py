# SPDX-License-Identifier: MIT
"""Memory of the filters for each idle connection, after HELO and after a mail."""

from .tools import FILTERS, NotMeasured, missing, play


def measure(bench):
    counts = bench.choose((1, 1000, 5000), (1, 200))
    return {
        state: {name: attempt(bench, name, counts, options) for name in FILTERS}
        for state, options in (("helo", ()), ("mail", ("--idle-mail",)))
    }


def attempt(bench, name, counts, options):
    try:
        return of_filter(bench, name, counts, options)
    except NotMeasured as why:
        return missing(why)


def of_filter(bench, name, counts, options):
    runs = {
        count: play(bench, name, "lock", "--idle", count, *options, "--mails", 0, "--warm-up", 0)
        for count in counts
    }
    least, most = runs[min(counts)], runs[max(counts)]
    return {
        "resident": {count: run["resident"] for count, run in runs.items()},
        "threads": most["threads"],
        "each": (most["resident"] - least["resident"]) / (max(counts) - min(counts)),
    }
