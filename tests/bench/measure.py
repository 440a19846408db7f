# SPDX-License-Identifier: MIT
"""Measures everything, or some parts, and writes down what came out. For tests/bench/run.

    measure.py RESULTS --build g++=FOLDER [--build clang++=FOLDER] [--quick] [--only PART,PART]

What can't be measured, or isn't asked for, has a reason in the place of figures.
"""

import argparse
import datetime
import importlib
import json
import os
import pathlib
import platform
import re
import sys
import time

from parts.tools import SOURCE, Bench, NotMeasured, missing, run

PARTS = (
    "system_calls",
    "counts",
    "in_process",
    "end_to_end",
    "memory",
    "paced",
    "build_cost",
)


def about(bench, load):
    """The machine, and what was measured on it."""
    cpu = re.search(r"model name\s*: (.+)", pathlib.Path("/proc/cpuinfo").read_text())
    header = (SOURCE / "include/kilter/version.hpp").read_text()
    return {
        "date": datetime.date.today().isoformat(),
        "quick": bench.quick,
        "cpu": cpu[1] if cpu else platform.machine(),
        "cpus": len(os.sched_getaffinity(0)),
        "memory": os.sysconf("SC_PAGE_SIZE") * os.sysconf("SC_PHYS_PAGES"),
        "virtual": "hypervisor" in pathlib.Path("/proc/cpuinfo").read_text(),
        "kernel": platform.release(),
        "system": platform.freedesktop_os_release()["PRETTY_NAME"],
        "load": load,
        "kilter": ".".join(re.findall(r"KILTER_VERSION_(?:MAJOR|MINOR|PATCH) (\d+)", header)),
        "commit": commit(),
        "versions": {
            name: version(*command)
            for name, command in {
                "g++": ("g++", "-dumpfullversion"),
                "clang++": ("clang++", "-dumpversion"),
                "libmilter": ("dpkg-query", "-Wf", "${Version}", "libmilter1.0.1"),
                "pymilter": ("dpkg-query", "-Wf", "${Version}", "python3-milter"),
                "valgrind": ("valgrind", "--version"),
                "strace": ("dpkg-query", "-Wf", "${Version}", "strace"),
                "C library": ("getconf", "GNU_LIBC_VERSION"),
            }.items()
        },
    }


def version(*command):
    try:
        return run(*command).strip().removeprefix("valgrind-") or "none"
    except (NotMeasured, FileNotFoundError):
        return "none"


def commit():
    name = version("git", "-C", SOURCE, "rev-parse", "--short", "HEAD")
    changed = version(
        "git", "-C", SOURCE, "status", "--porcelain", "--", "include", "examples", "tests"
    )
    return name if changed == "none" else f"{name} with changes"


def measure(name, bench):
    print(f"{name}: …", flush=True)
    begin = time.monotonic()
    try:
        result = importlib.import_module(f"parts.{name}").measure(bench)
    except NotMeasured as why:
        result = missing(why)
    print(f"{name}: {time.monotonic() - begin:.0f} s", flush=True)
    for where, why in reasons(result):
        print(f"  {where}: not measured: {why}", flush=True)
    return result


def reasons(result, *where):
    """Everything in there that wasn't measured."""
    if not isinstance(result, dict):
        return
    if "not_measured" in result:
        yield " ".join(where) or "all of it", result["not_measured"]
        return
    for name, inner in result.items():
        yield from reasons(inner, *where, name)


def main():
    parser = argparse.ArgumentParser()
    parser.add_argument("results", type=pathlib.Path)
    parser.add_argument("--build", action="append", required=True, metavar="COMPILER=FOLDER")
    parser.add_argument("--quick", action="store_true")
    parser.add_argument("--only", default="", metavar="PART,PART", help=", ".join(PARTS))
    parser.add_argument(
        "--load", type=float, default=os.getloadavg()[0], help="of the machine, before"
    )
    asked = parser.parse_args()
    only = [name.replace("-", "_") for name in asked.only.split(",") if name] or PARTS
    if unknown := set(only) - set(PARTS):
        sys.exit(f"no such part: {', '.join(sorted(unknown))}")

    bench = Bench(dict(one.split("=", 1) for one in asked.build), asked.quick)
    results = {"about": about(bench, asked.load), "parts": {}}
    if asked.load > 0.5:
        print(f"The machine isn't quiet: its load was {asked.load:.1f}.")
    for name in PARTS:
        results["parts"][name] = (
            measure(name, bench) if name in only else missing("it wasn't asked for in this run")
        )
    asked.results.write_text(json.dumps(results, indent=1) + "\n")


if __name__ == "__main__":
    main()
