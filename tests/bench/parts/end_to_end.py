# SPDX-License-Identifier: MIT
"""CPU of the filters for each mail, over sockets, in many scenarios."""

import statistics

from .tools import FILTERS, cpus, in_rounds, play, spread

TOGETHER, APART = "together", "apart"  # are the filter and the MTA on the same CPU?

# By name: the profile of the mails, the variant of the filter, how many connections at a time,
# the CPUs, and more options.
SCENARIOS = {
    "lock-1": ("4k", "lock", 1, TOGETHER),
    "lock-1-keep": ("4k", "lock", 1, TOGETHER, "--per-connection", 100),
    "lock-1-frames": ("4k", "lock", 1, TOGETHER, "--writes", "frames"),
    "lock-64": ("4k", "lock", 64, APART),
    "nr-1": ("4k", "nr", 1, TOGETHER),
    "nr-1-4k": ("4k", "nr", 1, TOGETHER, "--writes", "4k"),
    "nr-1-frames": ("4k", "nr", 1, TOGETHER, "--writes", "frames"),
    "nr-64": ("4k", "nr", 64, APART),
    "addhdr-1": ("4k", "addhdr", 1, TOGETHER),
    "lock-100k": ("100k", "lock", 1, TOGETHER),
    "nr-100k": ("100k", "nr", 1, TOGETHER),
    "lock-10m": ("10m", "lock", 1, TOGETHER),
    "nr-10m": ("10m", "nr", 1, TOGETHER),
    "lock-storm": ("storm", "lock", 1, TOGETHER),
    "nr-storm": ("storm", "nr", 1, TOGETHER),
}
MAIN = ("lock-1", "lock-64", "nr-1", "nr-64")


def measure(bench):
    chosen = [("unix", name) for name in bench.choose(SCENARIOS, MAIN)]
    chosen += [("inet", name) for name in MAIN]
    return {f"{name} {transport}": scenario(bench, name, transport) for transport, name in chosen}


def scenario(bench, name, transport):
    profile, variant, connections, where, *options = SCENARIOS[name]
    filter_cpu, mta_cpu = cpus()

    def once(filter_name):
        return play(
            *(bench, filter_name, variant, "--profile", profile, "--connections", connections),
            *("--seconds", bench.choose(0.5, 0.1)),
            *("--filter-cpu", mta_cpu if where == TOGETHER else filter_cpu, "--mta-cpu", mta_cpu),
            *options,
            transport=transport,
        )

    runs = in_rounds(bench.choose(5, 1), FILTERS, once)
    return {name: one if isinstance(one, dict) else summary(one) for name, one in runs.items()}


def summary(runs):
    return {
        "cpu": spread([run["filter_cpu"] / run["mails"] for run in runs]),
        "per_second": spread([run["mails"] / run["wall"] for run in runs]),
        "round_trip": statistics.median(run["round_trip"] for run in runs),
        "round_trip_99": statistics.median(run["round_trip_99"] for run in runs),
        "switches": statistics.median(run["context_switches"] / run["mails"] for run in runs),
    }
