# SPDX-License-Identifier: MIT
"""Writes the tables and charts of docs/performance.md from the results of one run.

    page.py RESULTS PAGE

In the page, what stands between `<!-- run: NAME -->` and `<!-- end -->` is made by this program;
the charts go into the folder `performance` beside it. What wasn't measured says so: no figure of an
earlier run stays.
"""

import json
import pathlib
import re
import sys

from charts import bar_chart

FILTERS = {
    "kilter": "kilter's `epoll_server`",
    "libmilter": "libmilter of Debian",
    "pymilter": "pymilter",
    "bare": "bare sockets",
}
READS = ("whole", "64 KiB", "4 KiB", "1448 B", "one step", "1 B")
COPIED = (
    "64 KiB",
    "4 KiB",
    "1448 B",
)  # the reads that are also measured with the copy that they make
MODES = {
    "parse": READS,
    "reply": READS,
    "through buffer": COPIED,
    "into room": COPIED,
}
YARDSTICKS = (
    ("memcpy", "64 KiB"),
    ("memchr", "whole"),
    ("hop", "whole"),
    ("hop and memchr", "whole"),
    ("frame_decoder", "whole"),
    ("decode_command", "whole"),
)
SCENARIOS = {
    "lock-1": "one connection, answer by answer",
    "lock-1-keep": "the same, 100 mails per connection",
    "lock-1-frames": "the same as the first, each frame written by itself",
    "lock-64": "64 connections, answer by answer",
    "nr-1": "one connection, streamed",
    "nr-1-4k": "the same, in writes of 4 KiB",
    "nr-1-frames": "the same, each frame written by itself",
    "nr-64": "64 connections, streamed",
    "addhdr-1": "one connection, answer by answer, and a header field is added",
    "lock-100k": "body of 100 KiB, answer by answer",
    "nr-100k": "body of 100 KiB, streamed",
    "lock-10m": "body of 10 MiB, answer by answer",
    "nr-10m": "body of 10 MiB, streamed",
    "lock-storm": "1,000 small header fields, answer by answer",
    "nr-storm": "1,000 small header fields, streamed",
}
MAIN = ("lock-1", "lock-64", "nr-1", "nr-64")
FRAMES = 44  # of a mail with a body of 4 KiB, with negotiate and quit


class Missing(Exception):
    """Why there is no figure."""


class Results:
    def __init__(self, stored):
        self.about = stored["about"]
        self.parts = stored["parts"]

    def at(self, *where):
        """What has come out there. If that wasn't measured, nor can anything in it be."""
        found = self.parts
        for name in where:
            if "not_measured" in found:
                break
            found = found.get(name, {"not_measured": "not part of this run"})
        if isinstance(found, dict) and "not_measured" in found:
            raise Missing(found["not_measured"])
        return found

    def nanoseconds(self, compiler, profile, mode, read):
        for one in self.at("in_process", compiler, profile)["modes"]:
            if (one["mode"], one["read"]) == (mode, read):
                return one["ns"]
        raise Missing("not part of this run")


def number(value):
    """Three digits that count."""
    for most, digits in ((0.0005, 0), (9.995, 2), (99.95, 1)):
        if abs(value) < most:
            return f"{value:.{digits}f}"
    return f"{value:,.0f}"


def cell(get):
    try:
        return get()
    except Missing as why:
        return f"not measured: {why}"


def line(*cells):
    return "| " + " | ".join(cells) + " |\n"


def once(texts):
    """A reason that stands for the whole row is said in its first cell."""
    same = set(texts) <= {texts[0], "–"} and texts[0].startswith("not measured")
    return [texts[0], *[""] * (len(texts) - 1)] if same else texts


def table(head, rows):
    """Of functions that give the text of a cell. A reason for all of it is said once."""
    texts = [[row[0], *once([cell(one) for one in row[1:]])] for row in rows]
    values = {tuple(row[1:]) for row in texts}
    if len(values) == 1 and (reason := values.pop()[0]).startswith("not measured"):
        return f"N{reason[1:]}.\n"
    return (
        line(*head)
        + line("---", *["---:"] * (len(head) - 1))
        + "".join(line(*row) for row in texts)
    )


def about(results):
    a = results.about
    gigabytes = round(a["memory"] / 2**30)
    machine = f"{a['cpu']}, {a['cpus']} CPUs" + (" of a virtual machine" if a["virtual"] else "")
    versions = ", ".join(f"{name} {version}" for name, version in a["versions"].items())
    text = (
        f"All figures and charts are from one run, on {a['date']}, of kilter {a['kilter']} "
        f"(commit {a['commit']}).\n"
        f"Machine: {machine}, {gigabytes} GB, Linux {a['kernel']}, {a['system']}.\n"
        f"Versions: {versions}. Programs are built with `-O2`.\n"
    )
    if a["quick"]:
        text += "\n**A quick look: one short round of each. Not for comparisons.**\n"
    if a["load"] > 0.5:
        text += (
            f"\n**The machine was not quiet: its load was {a['load']:.1f}. Times may be off.**\n"
        )
    return text


def system_calls(results):
    def calls(name, variant):
        return results.at("system_calls", f"{name} {variant}")

    def total(name, variant):
        return number(sum(calls(name, variant).values()))

    def which(name, variant):
        ranked = sorted(calls(name, variant).items(), key=lambda one: -one[1])
        return ", ".join(f"{call} {number(rate)}" for call, rate in ranked[:4])

    return table(
        ("a mail", "answer by answer", "streamed", "answer by answer: which", "streamed: which"),
        [
            (
                title,
                lambda n=name: total(n, "lock"),
                lambda n=name: total(n, "nr"),
                lambda n=name: which(n, "lock"),
                lambda n=name: which(n, "nr"),
            )
            for name, title in FILTERS.items()
        ],
    )


def counts_of_filters(results):
    def count(what, name, variant):
        return lambda: number(results.at("counts", "mail", what, f"{name} {variant}"))

    return table(
        (
            "a mail",
            "allocations, answer by answer",
            "streamed",
            "instructions, answer by answer",
            "streamed",
        ),
        [
            (
                title,
                count("allocations", name, "lock"),
                count("allocations", name, "nr"),
                count("instructions", name, "lock"),
                count("instructions", name, "nr"),
            )
            for name, title in FILTERS.items()
        ],
    )


def counts_of_frames(results):
    def count(what, compiler, *work):
        return lambda: number(results.at("counts", "frame", what, " ".join((compiler, *work))))

    work = [
        (profile, mode, read)
        for profile in ("4k-hot", "storm-hot")
        for mode, read in (("parse", "64 KiB"), ("reply", "64 KiB"), ("reply", "one step"))
    ]
    return table(
        ("a frame", "allocations, g++", "clang++", "instructions, g++", "clang++"),
        [
            (
                f"{one[0]}, {one[1]}, reads of {one[2]}",
                *(
                    count(what, compiler, *one)
                    for what in ("allocations", "instructions")
                    for compiler in ("g++", "clang++")
                ),
            )
            for one in work
        ],
    )


def spread(values, scale):
    """The median, and from where to where the rounds went."""
    least, median, most = (number(values[one] * scale) for one in ("least", "median", "most"))
    return f"{median} ({least}..{most})"


def cpu_cell(results, where, name):
    """In microseconds, and beside libmilter's."""

    def get():
        cpu = results.at(*where, name)["cpu"]
        return spread(cpu, 1e6) + times(cpu["median"])

    def times(median):
        try:
            return f" {number(median / results.at(*where, 'libmilter')['cpu']['median'])}×"
        except Missing:
            return ""

    return get


def cpu_table(results, transport, names):
    return table(
        ("µs of CPU a mail", *FILTERS.values()),
        [
            (
                f"`{name}`: {SCENARIOS[name]}",
                *(cpu_cell(results, ("end_to_end", f"{name} {transport}"), one) for one in FILTERS),
            )
            for name in names
        ],
    )


def cpu_unix(results):
    return cpu_table(results, "unix", SCENARIOS)


def cpu_tcp(results):
    return cpu_table(results, "inet", MAIN)


def round_trips(results):
    def get(scenario, name, figure):
        return lambda: number(figure(results.at("end_to_end", f"{scenario} unix", name)))

    return table(
        (
            "",
            "µs a round trip, median",
            "99th percentile",
            "context switches a mail",
            "mails a second",
        ),
        [
            (
                f"`{scenario}`, {title}",
                get(scenario, name, lambda one: one["round_trip"] * 1e6),
                get(scenario, name, lambda one: one["round_trip_99"] * 1e6),
                get(scenario, name, lambda one: one["switches"]),
                get(scenario, name, lambda one: one["per_second"]["median"]),
            )
            for scenario in MAIN
            for name, title in FILTERS.items()
        ],
    )


def idle_counts(results):
    try:
        return list(results.at("paced"))
    except Missing:
        return ["1", "1000", "5000"]


def idle(results):
    counts = idle_counts(results)

    def memory(state, name):
        return lambda: number(results.at("memory", state, name)["each"])

    def threads(name):
        return lambda: str(results.at("memory", "helo", name)["threads"])

    def paced(count, name):
        return lambda: spread(results.at("paced", count, name)["cpu"], 1e3)

    def round_trip(count, name):
        return lambda: number(results.at("paced", count, name)["round_trip"] * 1e6)

    return table(
        (
            "",
            "kB an idle connection, after HELO",
            "after a mail",
            "threads",
            *(f"ms of CPU a paced mail, beside {int(count):,}" for count in counts),
            f"µs a round trip, beside {int(counts[-1]):,}",
        ),
        [
            (
                title,
                memory("helo", name),
                memory("mail", name),
                threads(name),
                *(paced(count, name) for count in counts),
                round_trip(counts[-1], name),
            )
            for name, title in FILTERS.items()
        ],
    )


def read_sizes(results):
    def get(compiler, profile, mode, read):
        if read not in MODES[mode]:
            return lambda: "–"
        return lambda: number(results.nanoseconds(compiler, profile, mode, read))

    parts = []
    for profile in ("4k-hot", "storm-hot", "4k", "100k", "10m"):
        reads = [read for read in READS if read != "1 B" or profile.endswith("-hot")]
        made = table(
            (f"{profile}: ns a frame", *reads),
            [
                (f"{compiler}, {mode}", *(get(compiler, profile, mode, read) for read in reads))
                for compiler in ("g++", "clang++")
                for mode in MODES
            ],
        )
        parts.append(made if made.startswith("|") else f"{profile}: {made}")
    return "\n".join(parts)


def yardsticks(results):
    def get(profile, mode, read):
        return lambda: number(results.nanoseconds("g++", profile, mode, read))

    return table(
        ("ns a frame, g++", *(mode for mode, _ in YARDSTICKS), "reply, 64 KiB"),
        [
            (
                profile,
                *(get(profile, *one) for one in YARDSTICKS),
                get(profile, "reply", "64 KiB"),
            )
            for profile in ("4k-hot", "storm-hot", "4k", "100k", "10m")
        ],
    )


def no_difference(results):
    def ratio(scenario, what):
        ours, theirs = (
            results.at("end_to_end", f"{scenario} unix", name)[what]["median"]
            for name in ("kilter", "libmilter")
        )
        return number(ours / theirs)

    def text():
        parsing = FRAMES * results.nanoseconds("g++", "4k-hot", "reply", "one step") / 1e3
        cpu = results.at("end_to_end", "lock-1 unix", "kilter")["cpu"]["median"] * 1e6
        return (
            "With one connection, answer by answer, the server on kilter takes "
            f"{ratio('lock-1', 'cpu')} times the CPU of libmilter's and does "
            f"{ratio('lock-1', 'per_second')} times the mails: what counts there is the kernel. "
            f"With bodies of 10 MiB it takes {ratio('lock-10m', 'cpu')} times the CPU, or "
            f"{ratio('nr-10m', 'cpu')} streamed. Reading and writing the protocol is "
            f"{number(parsing)} µs of the {number(cpu)} µs that a mail takes in `lock-1`, "
            f"{number(parsing / cpu * 100)} %. And these filters do nothing: what a real one does "
            "with a mail (regular expressions, signatures, DNS, a database) takes more than all of "
            "this, and is the same with every library.\n"
        )

    made = cell(text)
    return made if made.endswith("\n") else f"N{made[1:]}.\n"


def compile_cost(results):
    def cost(way, name):
        def text():
            one = results.at("build_cost", "compile", f"{way} {name}")
            return (
                f"{number(one['seconds']['median'])} s, {number(one['memory']['median'] / 1024)} MB"
            )

        return text

    def ratio(way):
        def text():
            ours, base = (
                results.at("build_cost", "compile", f"{way} {name}")["seconds"]["median"]
                for name in ("kilter", "standard headers")
            )
            return f"{number(ours / base)}×"

        return text

    ways = [f"{compiler} {level}" for compiler in ("g++", "clang++") for level in ("-O0", "-O2")]
    return table(
        ("", "standard headers", "`#include <kilter.hpp>`", "time"),
        [(way, cost(way, "standard headers"), cost(way, "kilter"), ratio(way)) for way in ways],
    )


def code_size(results):
    def size(way, get):
        return lambda: number(get(results.at("build_cost", "size", way)) / 1024)

    ways = [f"{compiler} {level}" for compiler in ("g++", "clang++") for level in ("-Os", "-O2")]
    return table(
        ("kB", "smallest filter", "without kilter", "kilter"),
        [
            (
                way,
                size(way, lambda one: one["filter"]),
                size(way, lambda one: one["without"]),
                size(way, lambda one: one["filter"] - one["without"]),
            )
            for way in ways
        ],
    )


BLOCKS = {
    one.__name__: one
    for one in (
        about,
        system_calls,
        counts_of_filters,
        counts_of_frames,
        cpu_unix,
        cpu_tcp,
        round_trips,
        idle,
        read_sizes,
        yardsticks,
        no_difference,
        compile_cost,
        code_size,
    )
}


def bars(get, unit, names):
    """Those of a chart: get(name) is the value."""
    made = []
    for name, title in names.items():
        try:
            value = get(name)
            made.append(
                (title.replace("`", ""), value, f"{number(value)} {unit}".strip(), name == "kilter")
            )
        except Missing as why:
            made.append((title.replace("`", ""), None, f"not measured: {why}", False))
    return made


def charts(results):
    def cpu(scenario):
        return (
            lambda name: results.at("end_to_end", f"{scenario} unix", name)["cpu"]["median"] * 1e6
        )

    def calls(variant):
        return lambda name: sum(results.at("system_calls", f"{name} {variant}").values())

    def reads(profile):
        names = {read: f"reads of {read}" for read in READS[:-1]} | {"whole": "all in one read"}
        made = bars(lambda read: results.nanoseconds("g++", profile, "reply", read), "ns", names)
        return [(name, value, figure, True) for name, value, figure, _ in made]

    def copies():
        names = {
            "kilter": "into the session's room",
            "through buffer": "into a buffer",
            "memcpy": "memcpy alone",
        }
        modes = {"kilter": "into room"}
        return bars(
            lambda name: results.nanoseconds("g++", "10m", modes.get(name, name), "64 KiB"),
            "ns",
            names,
        )

    beside = idle_counts(results)[-1]
    return {
        "system-calls": [
            ("System calls a mail, answer by answer", bars(calls("lock"), "", FILTERS)),
            (
                "Streamed: the filter answers only the end of the mail",
                bars(calls("nr"), "", FILTERS),
            ),
        ],
        "cpu": [
            ("CPU a mail, 64 connections, answer by answer", bars(cpu("lock-64"), "µs", FILTERS)),
            ("CPU a mail, 64 connections, streamed", bars(cpu("nr-64"), "µs", FILTERS)),
        ],
        "idle": [
            (
                "Memory of an idle connection",
                bars(lambda name: results.at("memory", "helo", name)["each"], "kB", FILTERS),
            ),
            (
                f"CPU of a paced mail beside {int(beside):,} idle connections",
                bars(
                    lambda name: results.at("paced", beside, name)["cpu"]["median"] * 1e3,
                    "ms",
                    FILTERS,
                ),
            ),
        ],
        "read-size": [
            ("Parse and reply, a frame, mails of 4 KiB", reads("4k-hot")),
            ("Parse and reply, a frame, mails of 10 MiB", reads("10m")),
            ("Mails of 10 MiB, with the copy that a read of 64 KiB makes", copies()),
        ],
    }


def fill(page, results):
    found = re.findall(r"<!-- run: (\w+) -->", page)
    if sorted(found) != sorted(BLOCKS):
        raise ValueError(f"the page has {sorted(found)}, and not {sorted(BLOCKS)}")

    def made(match):
        return f"<!-- run: {match[1]} -->\n\n{BLOCKS[match[1]](results)}\n<!-- end -->"

    return re.sub(r"<!-- run: (\w+) -->\n.*?<!-- end -->", made, page, flags=re.DOTALL)


def main(results_file, page_file):
    page_file = pathlib.Path(page_file)
    results = Results(json.loads(pathlib.Path(results_file).read_text()))
    page_file.write_text(fill(page_file.read_text(), results))
    folder = page_file.with_suffix("")
    folder.mkdir(exist_ok=True)
    for name, groups in charts(results).items():
        (folder / f"{name}.svg").write_text(bar_chart(groups))
    print(f"written: {page_file}, and the charts in {folder}")


if __name__ == "__main__":
    if len(sys.argv) != 3:
        sys.exit("usage: page.py RESULTS PAGE")
    main(*sys.argv[1:])
