# SPDX-License-Identifier: MIT
"""Says which lines and branches of the library no test reaches, from what llvm-cov exports as JSON.

    report.py JSON

A function template is compiled for many types. Here it is one text: a line is reached if it runs
for some type; a condition has two branches, reached if it is true for some type and false for some
type. Conditions that are constants have none: llvm-cov knows them as "folded", and leaves them out.

What can't be reached must be in exceptions.toml, with the reason, and what is there must be
unreached; otherwise the program fails.
"""

import collections
import json
import pathlib
import sys
import tomllib

INCLUDE = pathlib.Path(__file__).resolve().parents[2] / "include" / "kilter"
EXCEPTIONS = pathlib.Path(__file__).with_name("exceptions.toml")
CODE = 0  # the kind of a region; the others are expansions, what is skipped, and gaps


class Header:
    """How often the lines of a header have run, and its conditions have been true and false."""

    def __init__(self, path):
        self.name = str(path.relative_to(INCLUDE))
        self.text = path.read_text().splitlines()
        self.functions = collections.defaultdict(collections.Counter)  # by their places
        self.conditions = collections.defaultdict(collections.Counter)

    def add(self, regions):
        """One function, for one type, or a lambda: regions of the text, each with its count."""
        lines = {}
        outer_first = sorted(regions, key=lambda r: (r[0], r[1], -r[2], -r[3]))
        for first, column, last, _, count in outer_first:
            for line in range(first, last + 1):
                whole = line != first or self.begins(line, column)
                lines[line] = count if whole else max(count, lines.get(line, 0))
        place = min(tuple(r[:2]) for r in regions), max(tuple(r[2:4]) for r in regions)
        self.functions[place] |= lines

    def begins(self, line, column):
        return not self.text[line - 1][:column - 1].strip()

    def lines(self):
        """The lines with their counts. A lambda's are its own, not those of what is around it."""
        found = {}
        for place, lines in self.functions.items():
            inner = [other for other in self.functions
                     if other != place and place[0] <= other[0] and other[1] <= place[1]]
            for line in range(place[0][0], place[1][0] + 1):
                text = self.text[line - 1].strip()
                if text and not text.startswith("//") and not any(
                        begin < line <= end or (begin == line and self.begins(line, column))
                        for (begin, column), (end, _) in inner):
                    found[line] = min(lines[line], found.get(line, lines[line]))
        return found

    def parts(self):
        """Each line and each branch: its line, what it is, how often it was reached."""
        for line, count in self.lines().items():
            yield line, "line", count
        for (line, begin, last, end), counts in self.conditions.items():
            text = self.text[line - 1][begin - 1:end - 1 if last == line else None]
            for value in (True, False):
                yield line, f"branch {str(value).lower()} of `{text}`", counts[value]


def read(exported):
    """The headers with what has been counted."""
    headers = {}
    for function in json.loads(exported.read_text())["data"][0]["functions"]:
        path = pathlib.Path(function["filenames"][0])
        if not path.is_relative_to(INCLUDE):
            continue
        if path not in headers:
            headers[path] = Header(path)
        header = headers[path]
        header.add([region[:5] for region in function["regions"] if region[7] == CODE])
        for *place, true, false, _, _, _ in function["branches"]:
            header.conditions[tuple(place)] += {True: true, False: false}
    return [headers[path] for path in sorted(headers)]


def main():
    listed = tomllib.loads(EXCEPTIONS.read_text()).get("exception", [])
    exceptions = {(one["header"], one["line"]): 0 for one in listed}
    reached = collections.Counter()
    total = collections.Counter()
    wrong = []
    for header in read(pathlib.Path(sys.argv[1])):
        for line, part, count in sorted(header.parts()):
            text = header.text[line - 1].strip()
            if count == 0 and (header.name, text) in exceptions:
                exceptions[header.name, text] += 1
                continue
            if count == 0:
                wrong.append(f"{header.name}:{line}: {part} isn't reached\n    {text}")
            kind = part.split()[0]
            total[kind] += 1
            reached[kind] += count != 0
    wrong += [f"exceptions.toml: nothing is unreached in {header} at\n    {text}"
              for (header, text), count in exceptions.items() if count == 0]

    for one in wrong:
        print(one)
    left_out = sum(exceptions.values())
    if left_out:
        print(f"left out as exceptions.toml says: {left_out} lines and branches")
    print(", ".join(f"{name} {reached[kind]} of {total[kind]}"
                    for kind, name in (("line", "lines"), ("branch", "branches"))))
    return bool(wrong) or not total["line"]


if __name__ == "__main__":
    sys.exit(main())
