# SPDX-License-Identifier: MIT
"""Who takes part in the scenarios: mail servers and scripted filters, and what they need."""

import os
import pathlib
import re
import shutil
import subprocess
from typing import Any, NamedTuple

import sendmail
from filters import folder as examples
from kilter_mta import running_kilter_mta
from postfix import running_postfix


class Mta(NamedTuple):
    """A mail server; `run` starts it, `ways_in` are how it takes mail."""

    title: str
    version: Any
    missing: Any
    run: Any
    ways_in: tuple = ("smtp", "hurried", "sendmail", "sendmail -bs")


def missing_postfix():
    for command in ("postfix", "sendmail"):
        if shutil.which(command) is None:
            return f"there is no {command} command (Debian: apt-get install postfix)"
    if os.geteuid() != 0:
        return "Postfix can only be started by root"
    return None


def missing_kilter_mta():
    if not os.access(examples() / "smtp_server", os.X_OK):
        return "KILTER_EXAMPLES has no program smtp_server"
    return None


class Filter(NamedTuple):
    """A scripted filter, a program in the folder that KILTER_FILTERS names."""

    title: str
    name: str
    version: Any

    def program(self):
        return pathlib.Path(os.environ["KILTER_FILTERS"]) / self.name

    def missing(self):
        if "KILTER_FILTERS" not in os.environ:
            return "KILTER_FILTERS is not set to the folder of the built scripted filters"
        if not os.access(self.program(), os.X_OK):
            return f"KILTER_FILTERS has no program {self.name}"
        return None


def run_sendmail(*where):
    return sendmail.running_sendmail(*where, more=REFUSE)


# As in Postfix's configuration, mail for this domain is refused by the MTA itself.
REFUSE = """\
MODIFY_MAILER_FLAGS(`LOCAL', `-A')
MAILER(`local')
LOCAL_RULE_0
R$* <@ refused.example $*> $*\t$#local $: $1
"""


def package_version(name):
    """The upstream version of an installed Debian package."""
    command = ["dpkg-query", "-W", "-f", "${source:Upstream-Version}", name]
    return subprocess.run(command, capture_output=True, text=True).stdout or "unknown"


def version_of_kilter():
    header = pathlib.Path(__file__).parents[2] / "include/kilter/version.hpp"
    return ".".join(re.findall(r"#define KILTER_VERSION_\w+ (\d+)", header.read_text()))


MTAS = {
    "postfix": Mta("Postfix", lambda: package_version("postfix"), missing_postfix, running_postfix),
    "sendmail": Mta("Sendmail", sendmail.version, sendmail.what_is_missing, run_sendmail),
    "kilter": Mta(
        "kilter's smtp_server",
        version_of_kilter,
        missing_kilter_mta,
        running_kilter_mta,
        ("smtp", "hurried"),
    ),
}
FILTERS = {
    "kilter_filter": Filter("kilter", "kilter_filter", version_of_kilter),
    "libmilter_filter": Filter(
        "libmilter", "libmilter_filter", lambda: package_version("libmilter1.0.1")
    ),
}


def versions(names):
    """Title and version of each of these peers."""
    return {
        name: [peer.title, peer.version()]
        for name, peer in {**MTAS, **FILTERS}.items()
        if name in names
    }
