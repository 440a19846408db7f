# SPDX-License-Identifier: MIT
"""Writes the table of attacks in docs/security.md from what the program says.

    page.py PROGRAM

In the page, what stands between `<!-- run: attacks -->` and `<!-- end -->` is made by this program.
"""

import datetime
import pathlib
import platform
import re
import subprocess
import sys

SOURCE = pathlib.Path(__file__).resolve().parents[2]
PAGE = SOURCE / "docs" / "security.md"


def about():
    header = (SOURCE / "include/kilter/version.hpp").read_text()
    version = ".".join(re.findall(r"KILTER_VERSION_(?:MAJOR|MINOR|PATCH) (\d+)", header))
    cpu = re.search(r"model name\s*: (.+)", pathlib.Path("/proc/cpuinfo").read_text())
    compiler = subprocess.run(["g++", "-dumpfullversion"], capture_output=True, text=True).stdout
    return (
        f"Of one run, on {datetime.date.today().isoformat()}, of kilter {version}: "
        f"{cpu[1] if cpu else platform.machine()}, g++ {compiler.strip()}, `-O2`.\n"
    )


run = subprocess.run([sys.argv[1]], check=True, capture_output=True, text=True)
made = f"<!-- run: attacks -->\n\n{about()}\n{run.stdout}\n<!-- end -->"
old = PAGE.read_text()
new, regions = re.subn(
    r"<!-- run: attacks -->.*?<!-- end -->", lambda _: made, old, flags=re.DOTALL
)
if regions != 1:
    sys.exit(f"{PAGE} has no region `run: attacks`")
PAGE.write_text(new)
print(f"{PAGE} has the figures of this run now")
