# SPDX-License-Identifier: MIT
"""Writes the table of docs/differences.md.

    page.py PROGRAM             writes what has changed
    page.py PROGRAM --check     says what has changed, and fails

What stands between `<!-- differences -->` and `<!-- end -->` is what `PROGRAM --page` prints.
"""

import difflib
import pathlib
import re
import subprocess
import sys

PAGE = pathlib.Path(__file__).parents[2] / "docs" / "differences.md"


def main():
    program, *options = sys.argv[1:]
    table = subprocess.run([program, "--page"], check=True, capture_output=True, text=True).stdout
    old = PAGE.read_text()
    marks = re.compile(r"(<!-- differences -->\n).*?(<!-- end -->)", re.DOTALL)
    new, found = marks.subn(lambda m: f"{m[1]}\n{table}\n{m[2]}", old)
    if found != 1:
        sys.exit(f"{PAGE.name} has {found} places for the table")
    if new == old:
        return
    if options == ["--check"]:
        change = difflib.unified_diff(
            old.splitlines(True), new.splitlines(True), PAGE.name, "from the tables"
        )
        sys.exit("".join(change))
    PAGE.write_text(new)
    print(f"{PAGE.name} is up to date now")


main()
