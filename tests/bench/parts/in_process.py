# SPDX-License-Identifier: MIT
"""Nanoseconds per frame in process, by profile, mode and read size."""

import json

from .tools import COMPILERS, NotMeasured, cpus, missing, run


def measure(bench):
    result = {}
    for compiler in COMPILERS:
        try:
            result[compiler] = times(bench, compiler)
        except NotMeasured as why:
            result[compiler] = missing(why)
    return result


def times(bench, compiler):
    seconds = bench.choose(0.2, 0.03)
    profiles = bench.choose(["4k-hot", "storm-hot", "4k", "100k", "10m"], ["4k-hot", "10m"])
    result = {}
    for profile in profiles:
        [one] = json.loads(
            run(
                bench.program("kilter_bench", compiler),
                *("time", "--profile", profile, "--seconds", seconds),
                cpu=cpus()[0],
            )
        )
        result[profile] = one
    return result
