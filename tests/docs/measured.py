# SPDX-License-Identifier: MIT
"""Puts a table that a run has made into docs/security.md, under a line that says when and of what.

    … | measured.py NAME [WITH]

In the page, what stands between `<!-- run: NAME -->` and `<!-- end -->` is made by this program.
"""

import datetime
import pathlib
import platform
import re
import sys

SOURCE = pathlib.Path(__file__).resolve().parents[2]
PAGE = SOURCE / "docs" / "security.md"


def about(*with_what):
    header = (SOURCE / "include/kilter/version.hpp").read_text()
    version = ".".join(re.findall(r"KILTER_VERSION_(?:MAJOR|MINOR|PATCH) (\d+)", header))
    cpu = re.search(r"model name\s*: (.+)", pathlib.Path("/proc/cpuinfo").read_text())
    on = ", ".join([cpu[1] if cpu else platform.machine(), *with_what])
    return f"Of one run, on {datetime.date.today().isoformat()}, of kilter {version}: {on}."


name, *with_what = sys.argv[1:]
made = f"<!-- run: {name} -->\n\n{about(*with_what)}\n\n{sys.stdin.read()}\n<!-- end -->"
old = PAGE.read_text()
new, regions = re.subn(
    f"<!-- run: {name} -->.*?<!-- end -->", lambda _: made, old, flags=re.DOTALL
)
if regions != 1:
    sys.exit(f"{PAGE} has no region `run: {name}`")
PAGE.write_text(new)
print(f"{PAGE} has the figures of this run now")
