# SPDX-License-Identifier: MIT
"""A filter that has no opinion, on pymilter: pymilter_filter.py ADDRESS lock | nr | addhdr"""

import sys

import Milter

address, variant = sys.argv[1:]


def step(call):
    """One that isn't answered if the variant is nr."""
    return Milter.noreply(call) if variant == "nr" else call


class Filter(Milter.Base):
    """There is a method for every step: those without one aren't sent."""

    @step
    def connect(self, hostname, family, hostaddr):
        return Milter.CONTINUE

    @step
    def hello(self, hostname):
        return Milter.CONTINUE

    @step
    def envfrom(self, sender, *args):
        return Milter.CONTINUE

    @step
    def envrcpt(self, recipient, *args):
        return Milter.CONTINUE

    @step
    def data(self):
        return Milter.CONTINUE

    @step
    def unknown(self, command):
        return Milter.CONTINUE

    @step
    def header(self, name, value):
        return Milter.CONTINUE

    @step
    def eoh(self):
        return Milter.CONTINUE

    @step
    def body(self, chunk):
        return Milter.CONTINUE

    def eom(self):
        if variant == "addhdr":
            self.addheader("X-Filtered", "yes")
        return Milter.CONTINUE


Milter.factory = Filter
Milter.set_flags(Milter.ADDHDRS if variant == "addhdr" else 0)
Milter.runmilter("pymilter_filter", address)
