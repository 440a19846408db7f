# SPDX-License-Identifier: MIT
"""Writes the tables of docs/interoperability.md from the results of a run of the scenarios.

    pytest test_scenarios.py --results FILE
    report.py FILE              writes what has changed
    report.py FILE --check      says what has changed, and fails

In the page, what stands between `<!-- run: NAME -->` and `<!-- end -->` is made by this program.
A newer patch version of a peer is no change.
"""

import difflib
import json
import pathlib
import re
import sys

from scenarios import THEMES

PAGE = pathlib.Path(__file__).parents[2] / "docs" / "interoperability.md"
WITNESSES = 3
INCOMPLETE = 77  # the exit status when there is nothing to compare, because tests were skipped


class Run:
    """What came out of each scenario with each pair of peers, and why it isn't the usual."""

    def __init__(self, file):
        stored = json.loads(pathlib.Path(file).read_text())
        self.versions = stored["versions"]
        self.results = {(one["name"], one["mta"], one["filter"]): one for one in stored["results"]}
        mtas = dict.fromkeys(one["mta"] for one in stored["results"])
        filters = dict.fromkeys(one["filter"] for one in stored["results"])
        self.pairs = [(mta, milter) for mta in mtas for milter in filters]
        self.reasons = self._number_reasons()

    def _number_reasons(self):
        """Each reason once, in the order of the table: where it is seen, and with whom."""
        found = {}
        for scenario in (one for scenarios in THEMES.values() for one in scenarios):
            for pair in self.pairs:
                for reason in self.result(scenario, pair)["reasons"]:
                    seen = found.setdefault(
                        reason["why"], {"number": len(found) + 1, "names": {}, "pairs": {}}
                    )
                    seen["names"][scenario.name] = seen["pairs"][pair] = None
        return found

    def result(self, scenario, pair):
        result = self.results.get((scenario.name, *pair))
        if result is None or (result["outcome"] == "skipped" and not result["reasons"]):
            print(f"the run was not complete: {scenario.name} with {' and '.join(pair)}")
            sys.exit(INCOMPLETE)
        return result

    def title(self, name):
        return self.versions[name][0]


def line(*cells):
    return "| " + " | ".join(cells) + " |\n"


def peers(run):
    table = line("peer", "part", "version") + line("---", "---", "---")
    for part in (0, 1):
        for name in dict.fromkeys(pair[part] for pair in run.pairs):
            table += line(run.title(name), "filter" if part else "MTA", run.versions[name][1])
    return table


def differences(run):
    table = line("", "what a filter's author must know", "seen with", "witnesses") + line(
        *["---"] * 4
    )
    for why, seen in run.reasons.items():
        names = [f"`{name}`" for name in seen["names"]]
        more = [f"and {len(names) - WITNESSES} more"] if len(names) > WITNESSES else []
        table += line(
            str(seen["number"]),
            why,
            who(run, seen["pairs"]),
            ", ".join([*names[:WITNESSES], *more]),
        )
    return table


def who(run, pairs):
    """Those pairs of peers, in as few words as possible."""
    all_of = {
        name: [pair for pair in run.pairs if name in pair] for pair in run.pairs for name in pair
    }
    words = []
    left = dict.fromkeys(pairs)
    for name, of_name in all_of.items():
        if all(pair in left for pair in of_name):
            words.append(f"{run.title(name)}" + (" filters" if name == of_name[0][1] else ""))
            left = {pair: None for pair in left if pair not in of_name}
    return ", ".join(
        [*words, *(f"{run.title(mta)} with a {run.title(milter)} filter" for mta, milter in left)]
    )


def results(run):
    parts = []
    for theme, scenarios in THEMES.items():
        table = line(
            theme, *(f"{run.title(mta)}, {run.title(milter)} filter" for mta, milter in run.pairs)
        )
        table += line("---", *[":-:"] * len(run.pairs))
        for scenario in scenarios:
            table += line(f"`{scenario.name}`", *(cell(run, scenario, pair) for pair in run.pairs))
        parts.append(table)
    return "\n".join(parts)


def cell(run, scenario, pair):
    result = run.result(scenario, pair)
    if result["outcome"] == "failed":
        return "**fails**"
    numbers = " ".join(str(run.reasons[reason["why"]]["number"]) for reason in result["reasons"])
    if any(reason["kind"] == "can't" for reason in result["reasons"]):
        return f"– {numbers}"
    return f"≠ {numbers}" if numbers else "●"


def filled(page, run):
    parts = {"peers": peers, "differences": differences, "results": results}

    def fill(match):
        return f"<!-- run: {match[1]} -->\n\n{parts[match[1]](run)}\n<!-- end -->"

    return re.sub(r"<!-- run: (\w+) -->\n.*?<!-- end -->", fill, page, flags=re.DOTALL)


def without_patch_versions(page):
    return re.sub(r"\b(\d+\.\d+)\.\d[^ |]*", r"\1", page)


def main(file, *options):
    old = PAGE.read_text()
    new = filled(old, Run(file))
    if options != ("--check",):
        PAGE.write_text(new)
        return 0
    old, new = without_patch_versions(old), without_patch_versions(new)
    print(
        "".join(
            difflib.unified_diff(
                old.splitlines(True), new.splitlines(True), PAGE.name, "from the run"
            )
        )
    )
    return int(old != new)


if __name__ == "__main__":
    if not 2 <= len(sys.argv) <= 3:
        sys.exit("usage: report.py FILE [--check]")
    sys.exit(main(*sys.argv[1:]))
