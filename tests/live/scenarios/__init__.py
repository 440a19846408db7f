# SPDX-License-Identifier: MIT
"""The table of all scenarios, by theme."""

from . import changes, clients, steps, verdicts

THEMES = {
    "Verdicts": verdicts.SCENARIOS,
    "Changes": changes.SCENARIOS,
    "Steps, macros and time": steps.SCENARIOS,
    "Clients": clients.SCENARIOS,
}
SCENARIOS = [scenario for scenarios in THEMES.values() for scenario in scenarios]
assert len({scenario.name for scenario in SCENARIOS}) == len(SCENARIOS), "a name is there twice"
