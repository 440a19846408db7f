# SPDX-License-Identifier: MIT
"""CPU for a mail whose steps come with pauses, as from an SMTP client, beside idle connections."""

import statistics

from .tools import FILTERS, cpus, in_rounds, play, spread

PAUSE = 3000  # microseconds


def measure(bench):
    counts = bench.choose((1, 1000, 5000), (1, 200))
    return {str(count): beside(bench, count) for count in counts}


def beside(bench, count):
    cpu = cpus()[1]

    def once(name):
        return play(
            *(bench, name, "lock", "--idle", count, "--pause", PAUSE),
            *(
                "--mails",
                bench.choose(15, 3),
                "--warm-up",
                1,
                "--filter-cpu",
                cpu,
                "--mta-cpu",
                cpu,
            ),
        )

    runs = in_rounds(bench.choose(3, 1), FILTERS, once)
    return {name: one if isinstance(one, dict) else summary(one) for name, one in runs.items()}


def summary(runs):
    return {
        "cpu": spread([run["filter_cpu"] / run["mails"] for run in runs]),
        "round_trip": statistics.median(run["round_trip"] for run in runs),
    }
