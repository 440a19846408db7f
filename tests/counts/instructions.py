# SPDX-License-Identifier: MIT
"""Counts instructions, which no other load on the machine can change.

    instructions.py PROGRAM CASE UNITS [MOST]

runs `PROGRAM CASE` with UNITS, and with two and four times as many, under callgrind. Twice the
work must take twice the instructions; and no more than MOST for each unit, where that is given.
"""

import os
import re
import shutil
import subprocess
import sys

SKIPPED = 77

# Four times the work may take this much more than twice as long as double the work does: buffers
# grow in steps.
MARGIN = 1.10


def instructions(program, case, units):
    command = ["valgrind", "--tool=callgrind", "--toggle-collect=counted", "--callgrind-out-file=/dev/null"]
    done = subprocess.run(
        [*command, program, case, str(units)],
        capture_output=True,
        text=True,
        check=True,
        # An instruction that copies many bytes counts for as many.
        env={**os.environ, "GLIBC_TUNABLES": "glibc.cpu.x86_rep_movsb_threshold=0x7fffffff"},
    )
    assert done.stdout == f"{units}\n", f"{case} {units}: done were {done.stdout}"
    return int(re.search(r"Collected : (\d+)", done.stderr)[1])


def main(program, case, units, most=None):
    if shutil.which("valgrind") is None:
        print("there is no valgrind (Debian: apt-get install valgrind)")
        return 1 if os.environ.get("CI") == "true" else SKIPPED
    units = int(units)
    once, twice, four_times = (instructions(program, case, n * units) for n in (1, 2, 4))
    each = (twice - once) / units
    growth = (four_times - twice) / (twice - once)
    print(f"{case}: {each:.1f} instructions a unit; twice as many units take {growth:.3f} times")
    wrong = []
    if not each > 0.05:
        wrong.append("that is nothing")
    if growth > 2 * MARGIN:
        wrong.append("more than twice as many")
    if most is not None and each > float(most):
        wrong.append(f"more than {most} a unit")
    print("\n".join(wrong))
    return len(wrong)


sys.exit(main(*sys.argv[1:]))
