# SPDX-License-Identifier: MIT
"""Brings the documentation up to date: what the tables say, and what the examples show.

    update.py RENDER            writes what has changed
    update.py RENDER --check    says what has changed, and fails

In a page, what stands between two marks is made by this program:

    <!-- table: NAME -->                the output of `RENDER NAME`
    <!-- code: FILE NAME -->            the lines of FILE between two lines that end with `// [NAME]`
    <!-- output: PROGRAM -->            what the example of this name prints
    <!-- end -->
"""

import difflib
import pathlib
import re
import subprocess
import sys
import textwrap

root = pathlib.Path(__file__).resolve().parents[2]
render = pathlib.Path(sys.argv[1]).resolve()
check = sys.argv[2:] == ["--check"]
examples = render.parents[2] / "examples"


def run(*command):
    return subprocess.run(command, check=True, capture_output=True, text=True).stdout


def table(name):
    return "\n" + run(render, name) + "\n"


def code(file, name):
    lines = (root / file).read_text().splitlines()
    marks = [i for i, line in enumerate(lines) if line.strip() == f"// [{name}]"]
    assert len(marks) == 2, f"{file} has not two marks // [{name}]"
    region = textwrap.dedent("\n".join(lines[marks[0] + 1 : marks[1]]))
    return f"```cpp\n{region}\n```\n"


def output(program):
    return f"```\n{run(examples / program)}```\n"


def fill(match):
    kind, words, _, end = match.groups()
    made = {"table": table, "code": code, "output": output}[kind](*words.split())
    return f"<!-- {kind}: {words} -->\n{made}{end}"


stale = False
for page in [root / "README.md", *sorted((root / "docs").glob("*.md"))]:
    old = page.read_text()
    new = re.sub(r"<!-- (table|code|output): (.+?) -->\n(.*?)(<!-- end -->)", fill, old, flags=re.DOTALL)
    if new == old:
        continue
    stale = True
    name = str(page.relative_to(root))
    if check:
        print("".join(difflib.unified_diff(old.splitlines(True), new.splitlines(True), name, "from the tables")))
    else:
        page.write_text(new)
        print(f"{name} is up to date now")

sys.exit(check and stale)
