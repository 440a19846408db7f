# SPDX-License-Identifier: MIT
"""How long any single wait of the live tests may take."""

import subprocess

SECONDS = 20


def end(process):
    """The exit status of a process that is told to end, or killed if it doesn't."""
    process.terminate()
    try:
        return process.wait(SECONDS)
    except subprocess.TimeoutExpired:
        process.kill()
        return process.wait()
