# SPDX-License-Identifier: MIT
"""What kilter costs a user's build: time and memory to compile it, and the code that it links."""

import os
import pathlib
import re
import subprocess
import tempfile

from .tools import COMPILERS, SOURCE, NotMeasured, in_rounds, run, spread, tool

FOLDER = pathlib.Path(__file__).parents[1] / "build_cost"


def standard_headers():
    """Those that kilter includes."""
    found = set()
    for header in (SOURCE / "include").rglob("*.hpp"):
        found.update(re.findall(r"^#include <(\w+)>", header.read_text(), re.MULTILINE))
    return sorted(found)


def measure(bench):
    with tempfile.TemporaryDirectory() as folder:
        folder = pathlib.Path(folder)
        sources = {
            "standard headers": "".join(f"#include <{name}>\n" for name in standard_headers()),
            "kilter": "#include <kilter.hpp>\n",
        }
        for name, text in sources.items():
            (folder / f"{name}.cpp").write_text(text)
        ways = [(c, level, name) for c in COMPILERS for level in ("-O0", "-O2") for name in sources]
        compiled = in_rounds(
            bench.choose(5, 1), ways, lambda way: compile_once(*way[:2], folder / f"{way[2]}.cpp")
        )
        sizes = {
            f"{compiler} {level}": in_rounds(1, ["size"], lambda _: size(compiler, level, folder))[
                "size"
            ]
            for compiler in COMPILERS
            for level in ("-Os", "-O2")
        }
    return {
        "headers": standard_headers(),
        "compile": {" ".join(way): summary(runs) for way, runs in compiled.items()},
        "size": {way: one if isinstance(one, dict) else one[0] for way, one in sizes.items()},
    }


def compile_once(compiler, level, source):
    command = [tool(compiler), "-std=c++20", level, f"-I{SOURCE / 'include'}", "-c", str(source)]
    process = subprocess.Popen([*command, "-o", "/dev/null"], stderr=subprocess.PIPE, text=True)
    with process.stderr:
        said = process.stderr.read()
    _, status, used = os.wait4(process.pid, 0)
    process.returncode = os.waitstatus_to_exitcode(status)
    if process.returncode != 0:
        raise NotMeasured((said.strip().splitlines() or ["it doesn't compile"])[-1])
    return {"seconds": used.ru_utime + used.ru_stime, "memory": used.ru_maxrss}


def summary(runs):
    if isinstance(runs, dict):
        return runs
    return {what: spread([run[what] for run in runs]) for what in ("seconds", "memory")}


def size(compiler, level, folder):
    """Code and constant data of the smallest filter, and of the same program without kilter."""
    sizes = []
    for name in ("smallest_filter", "without_kilter"):
        program = folder / name
        run(
            *(tool(compiler), "-std=c++20", level, f"-I{SOURCE / 'include'}"),
            *(FOLDER / f"{name}.cpp", "-o", program),
        )
        text, data = run(tool("size"), program).splitlines()[1].split()[:2]
        sizes.append(int(text) + int(data))
    return {"filter": sizes[0], "without": sizes[1]}
