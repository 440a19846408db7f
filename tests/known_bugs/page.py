# SPDX-License-Identifier: MIT
"""Writes the tables of docs/known-bugs.md, and sees to it that each row has its test.

    page.py PROGRAM             writes what has changed
    page.py PROGRAM --check     says what has changed, and fails

PROGRAM is the one that runs the tests, so that only tests that run count. What a table says is in
the file of its name beside this one, a part for each id:

    elsewhere   what went wrong with others, or where they disagree
    rule        what we do
    frame       the bytes, if there are some
    also        what else shows it: titles of tests, ids of other rows, FILE::NAME in Python
    not_ours    why there is nothing to test

Tests whose title begins with the id are found by themselves.
In the page, what stands between `<!-- bugs: NAME -->` and `<!-- end -->` is made by this program.
"""

import difflib
import pathlib
import re
import subprocess
import sys
import tomllib

TESTS = pathlib.Path(__file__).parents[1]
PAGE = TESTS.parent / "docs" / "known-bugs.md"

# The ids of each table. A bug of others has a test of its own, or a reason why not; of the tables
# that are not about bugs, a row may also be shown by the tests of others.
KNOWN_BUGS = {
    "framing": ("X", 1, 25),
    "connect": ("X", 26, 36),
    "envelope": ("X", 37, 49),
    "macros": ("X", 50, 68),
    "negotiation": ("N", 1, 27),
    "replies": ("P", 1, 27),
    "states": ("S", 1, 41),
    "content": ("H", 1, 30),
}
OTHER_TABLES = {"malformed": ("F", 1, 17), "ambiguities": ("A", 1, 75)}
TABLES = KNOWN_BUGS | OTHER_TABLES

ID = re.compile(r"[AFHNPSX]\d\d\b")
KEYS = {"elsewhere", "rule", "frame", "also", "not_ours"}


def ids_of(table):
    letter, first, last = TABLES[table]
    return [f"{letter}{number:02}" for number in range(first, last + 1)]


def titles_of(program):
    """The tests that the program has; Catch2 2 and 3 have different options for it."""
    for options in (["--list-test-names-only"], ["--list-tests", "--verbosity", "quiet"]):
        run = subprocess.run([program, *options], capture_output=True, text=True)
        if run.stdout and "Unrecognised token" not in run.stdout + run.stderr:
            return {line.strip() for line in run.stdout.splitlines() if line.strip()}
    sys.exit(f"{program} doesn't list its tests:\n{run.stderr}")


def files_of_titles():
    """Where each test is."""
    found = {}
    for file in sorted(TESTS.glob("*/*.cpp")):
        for match in re.finditer(r'TEST_CASE\(((?:\s*"(?:[^"\\]|\\.)*")+)', file.read_text()):
            pieces = re.findall(r'"((?:[^"\\]|\\.)*)"', match[1])
            found["".join(pieces).replace("\\", "")] = file.relative_to(TESTS)
    return found


class Rows:
    """What the files say, with the tests of each row; and what is wrong with it."""

    def __init__(self, program):
        self.titles = titles_of(program)
        self.files = files_of_titles()
        self.wrong = []
        self.tables = {}
        for name in TABLES:
            file = pathlib.Path(__file__).with_name(f"{name}.toml")
            self.tables[name] = tomllib.loads(file.read_text())
        self.own = {}
        for title in sorted(self.titles):
            if ID.match(title):
                self.own.setdefault(title[:3], []).append(title)
        self.check()

    def check(self):
        ids = {one for name in TABLES for one in ids_of(name)}
        for one in self.own.keys() - ids:
            self.wrong.append(f"a test without a row: {self.own[one][0]}")
        for name, rows in self.tables.items():
            expected = dict.fromkeys(ids_of(name))
            self.wrong += [f"{one} is missing in {name}.toml" for one in expected.keys() - rows]
            self.wrong += [f"{one} is too much in {name}.toml" for one in rows.keys() - expected]
            for one, row in rows.items():
                self.check_row(one, row, must_have_own=name in KNOWN_BUGS)

    def check_row(self, one, row, must_have_own):
        self.wrong += [f"{one} has an unknown key: {key}" for key in row.keys() - KEYS]
        self.wrong += [f"{one} lacks: {key}" for key in ("elsewhere", "rule") if not row.get(key)]
        own, reason, also = self.own.get(one), row.get("not_ours"), row.get("also", [])
        if own and reason:
            self.wrong.append(f"{one} has a test, and a reason why it has none")
        if not own and not reason and (must_have_own or not also):
            self.wrong.append(f"{one} has no test")
        for test in also:
            if not self.exists(test):
                self.wrong.append(f"{one} names a test that doesn't exist: {test}")

    def exists(self, test):
        if ID.fullmatch(test):
            return test in self.own
        if "::" in test:
            file, name = test.split("::")
            path = TESTS / file
            return path.exists() and f"def {name}(" in path.read_text()
        return test in self.titles and test in self.files

    def tests(self, one, row):
        """The last cell of a row."""
        cells = [self.link(title) for title in self.own.get(one, [])]
        if "not_ours" in row:
            cells.append(f"– {row['not_ours']}")
        also = row.get("also", [])
        others = [test for test in also if ID.fullmatch(test)]
        if others:
            cells.append("as " + ", ".join(others))
        return "<br>".join(cells + [self.link(test) for test in also if test not in others])

    def link(self, test):
        if "::" in test:
            file, name = test.split("::")
            return f"[`{name}`](../tests/{file})"
        words = ID.sub("", test, count=1).strip() if ID.match(test) else test
        words = re.sub(r"( \[[^]]*\])+$", "", words)
        return f"[{words}](../tests/{self.files.get(test, '')})"


def line(*cells):
    return "| " + " | ".join(cell.replace("|", "\\|") for cell in cells) + " |\n"


def table(name, rows):
    columns = ["elsewhere", "rule"]
    heads = ["disagreement" if name == "ambiguities" else "elsewhere", "here"]
    if name == "malformed":
        columns, heads = ["frame", *columns], ["frame", "what others do", "here"]
    text = line("id", *heads, "test") + line(*["---"] * (len(heads) + 2))
    for one, row in rows.tables[name].items():
        cells = [f"`{row[key]}`" if key == "frame" else row.get(key, "") for key in columns]
        text += line(one, *cells, rows.tests(one, row))
    return text


def filled(page, rows):
    def fill(match):
        return f"<!-- bugs: {match[1]} -->\n\n{table(match[1], rows)}\n<!-- end -->"

    names = "|".join(TABLES)
    return re.sub(rf"<!-- bugs: ({names}) -->\n.*?<!-- end -->", fill, page, flags=re.DOTALL)


def main(program, *options):
    rows = Rows(program)
    old = PAGE.read_text()
    new = filled(old, rows)
    for name in TABLES:
        if f"<!-- bugs: {name} -->" not in old:
            rows.wrong.append(f"{PAGE.name} has no place for {name}")
    for what in sorted(rows.wrong):
        print(what)
    if options != ("--check",):
        PAGE.write_text(new)
        return int(bool(rows.wrong))
    print(
        "".join(
            difflib.unified_diff(
                old.splitlines(True), new.splitlines(True), PAGE.name, "from the tests"
            )
        ),
        end="",
    )
    return int(bool(rows.wrong) or old != new)


if __name__ == "__main__":
    if not 2 <= len(sys.argv) <= 3 or (len(sys.argv) == 3 and sys.argv[2] != "--check"):
        sys.exit("usage: page.py PROGRAM [--check]")
    sys.exit(main(*sys.argv[1:]))
