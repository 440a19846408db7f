# SPDX-License-Identifier: MIT
"""Checks who includes whom: a header includes only headers of lower levels, and never across the one line.

The line: wire, codec and frame know nothing of rules; rules and conversation know nothing of bytes.

Of the standard library they include only what does no I/O and knows no clock, thread or locale; and nothing in them is
a variable that sessions could share.
"""

import pathlib
import re
import sys

LEVELS = [
    "version side phase error event_range flags match address macro_name detail/bytes detail/table detail/inline",
    "options frame detail/texts detail/index",
    "views reply_text limits",
    "messages detail/lists",
    "detail/fields detail/space rules negotiation smtp_reply",
    "wire todo protocol_error detail/allowance",
    "codec conversation owned describe macros macro_lists detail/role",
    "detail/unsaid",
    "session modifications",
]
BYTES = "frame wire codec detail/bytes detail/fields detail/lists".split()
RULES = "phase rules todo conversation".split()

STANDARD = (
    "array bit concepts cstddef cstdint cstring initializer_list iterator optional span string string_view type_traits "
    "utility variant vector"
).split()
# Up to its value a function has a parenthesis, and a constant says what it is.
VARIABLE = r"\b(?:thread_local|mutable|volatile)\b|\b(?:static|inline|extern)\b(?![^;={(]*\b(?:constexpr|namespace)\b)[^;={(]*[;={]"

include = pathlib.Path(__file__).parent.parent / "include"
level_of = {name: level for level, names in enumerate(LEVELS) for name in names.split()}
wrong = []
found = set()

for path in sorted((include / "kilter").rglob("*.hpp")):
    name = str(path.relative_to(include / "kilter").with_suffix(""))
    found.add(name)
    text = re.sub(r"//.*", "", path.read_text())
    for included in re.findall(r"#include <(.+)>", text):
        if included not in STANDARD:
            wrong.append(f"{name} includes <{included}>, which isn't among those allowed")
    for variable in re.findall(VARIABLE, text):
        wrong.append(f"{name} has a variable: {' '.join(variable.split())}")
    for included in re.findall(r'#include "(.+)\.hpp"', text):
        other = str((path.parent / included).resolve().relative_to((include / "kilter").resolve()))
        if name not in level_of or other not in level_of:
            wrong.append(f"{name} includes {other}: one of them has no level")
        elif level_of[other] >= level_of[name]:
            wrong.append(f"{name} (level {level_of[name]}) includes {other} (level {level_of[other]})")
        if (name in BYTES and other in RULES) or (name in RULES and other in BYTES):
            wrong.append(f"{name} includes {other}: bytes and rules must not know each other")

umbrella = set(re.findall(r'#include "kilter/(.+)\.hpp"', (include / "kilter.hpp").read_text()))
wrong += [f"{name} has a level but no header" for name in sorted(level_of.keys() - found)]
wrong += [f"kilter.hpp leaves out {name}" for name in sorted(found - umbrella) if "/" not in name]

print("\n".join(wrong) or f"{len(found)} headers on {len(LEVELS)} levels")
sys.exit(bool(wrong))
