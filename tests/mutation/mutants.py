# SPDX-License-Identifier: MIT
"""The mutants: every way in which one place of a header is changed.

A mutant is known by its header, the line as it is and the line as it becomes, not by its number.
Tables are changed cell by cell, each to other values of its kind; code is changed token by token.
"""

import bisect
import collections
import dataclasses
import itertools
import re

# What is changed in which header: `table` cell by cell, `code` token by token.
HEADERS = {
    "options.hpp": "table code",
    "wire.hpp": "table code",
    "rules.hpp": "table code",
    "phase.hpp": "code",
    "frame.hpp": "code",
    "codec.hpp": "code",
    "conversation.hpp": "code",
    "negotiation.hpp": "code",
    "session.hpp": "code",
    "detail/bytes.hpp": "code",
    "detail/fields.hpp": "code",
    "detail/lists.hpp": "code",
    "detail/space.hpp": "code",
    "detail/texts.hpp": "code",
    "detail/unsaid.hpp": "code",
}


@dataclasses.dataclass(frozen=True)
class Mutant:
    """One change: `header[start:end]` becomes `text`."""

    header: str
    part: str  # table or code
    start: int
    end: int
    text: str
    line: int  # only to find it; it says nothing
    old: str  # the line, or lines, as they are
    new: str  # as they become
    nth: int  # counts those that are the same up to here, from 1

    @property
    def identity(self):
        return self.header, self.old, self.new, self.nth

    def __str__(self):
        nth = f" (number {self.nth})" if self.nth > 1 else ""
        return f"{self.header}:{self.line}{nth}\n    - {self.old}\n    + {self.new}"


class Source:
    """The text of a header, with its tokens, its enumerations and those of all other headers."""

    def __init__(self, header, text, enums):
        self.header = header
        self.text = text
        self.enums = enums
        self.tokens = list(tokens_of(text))
        self.line_starts = [0] + [m.end() for m in re.finditer("\n", text)]
        self.found = {}

    def change(self, part, start, end, text):
        """Notes a mutant, if it isn't one already."""
        changed = self.text[:start] + text + self.text[end:]
        if changed == self.text or changed in self.found:
            return
        first = bisect.bisect_right(self.line_starts, start)
        from_ = self.line_starts[first - 1]
        to = self.text.find("\n", end)
        old, new = (
            " ".join(s.split())
            for s in (self.text[from_:to], self.text[from_:start] + text + self.text[end:to])
        )
        self.found[changed] = (part, start, end, text, first, old, new)

    def mutants(self):
        counts = collections.Counter()
        for values in sorted(self.found.values(), key=lambda v: (v[1], v[2], v[3])):
            same = values[-2:]
            counts[same] += 1
            yield Mutant(self.header, *values, counts[same])


# Tokens

TOKEN = re.compile(
    r"""(?P<comment>//[^\n]*)
    | (?P<directive>^\#[^\n]*)
    | (?P<string>"(?:[^"\\\n]|\\.)*")
    | (?P<char>'(?:[^'\\\n]|\\.[0-9a-f]*)')
    | (?P<number>0x[0-9a-fA-F]+(?:'[0-9a-fA-F]+)*u?|\d+(?:'\d+)*u?)
    | (?P<word>[A-Za-z_]\w*)
    | (?P<sign><<=|>>=|->\*|\.\.\.|<=>|\.\*|->|::|\+\+|--|<<|>>|<=|>=|==|!=|&&|\|\|
              |\+=|-=|\*=|\|=|&=|.)
    | (?P<space>\s+)""",
    re.VERBOSE | re.MULTILINE,
)


@dataclasses.dataclass(frozen=True)
class Token:
    kind: str
    text: str
    start: int
    end: int


def tokens_of(text):
    at = 0
    while at < len(text):
        space = re.compile(r"\s+").match(text, at)
        if space:
            at = space.end()
            continue
        found = TOKEN.match(text, at)
        at = found.end()
        if found.lastgroup not in ("comment", "directive"):
            yield Token(found.lastgroup, found[0], found.start(), found.end())


OPENING, CLOSING = "([{", ")]}"


def closing(tokens, at):
    """The place of the bracket that closes the one at `at`."""
    depth = 0
    for i in range(at, len(tokens)):
        depth += (tokens[i].text in OPENING) - (tokens[i].text in CLOSING)
        if depth == 0:
            return i
    raise ValueError("a bracket isn't closed")


def end_of_statement(tokens, at):
    """The place of its semicolon; None if it is no statement."""
    while tokens[at].text != ";":
        if tokens[at].text in CLOSING:
            return None
        at = closing(tokens, at) + 1 if tokens[at].text in OPENING else at + 1
    return at


# Enumerations


def enums_of(text):
    """The names in each enumeration, in their order."""
    found = {}
    plain = re.sub(r"//[^\n]*", "", text)
    for name, body in re.findall(r"enum class (\w+)[^{;]*\{([^}]*)\}", plain):
        found[name] = re.findall(r"(\w+)\s*(?:=[^,]*)?(?:,|$)", body.strip())
    return found


# Code

SWAPS = {
    "<": ("<=",),
    "<=": ("<",),
    ">": (">=",),
    ">=": (">",),
    "==": ("!=",),
    "!=": ("==",),
    "&&": ("||",),
    "||": ("&&",),
    "+": ("-",),
    "-": ("+",),
    "*": ("+",),
    "/": ("*",),
    "+=": ("-=",),
    "-=": ("+=",),
    "|=": ("=", "&="),
    "&=": ("=", "|="),
    "|": ("&",),
    "&": ("|",),
    "<<": (">>",),
    ">>": ("<<",),
}
WORD_SWAPS = {
    "true": "false",
    "false": "true",
    "smaller": "larger",
    "larger": "smaller",
    "continue": "break",
}

# What an operand of `&&` and `||`, or the condition of `?`, can't reach beyond.
BOUNDS = {
    "&&",
    "||",
    "(",
    "[",
    "{",
    ")",
    "]",
    "}",
    ",",
    ";",
    "=",
    "?",
    ":",
    "return",
    "...",
    "|=",
    "&=",
    "+=",
    "-=",
}


def skipped(source):
    """The tokens that aren't changed: they say nothing that runs."""
    tokens, skip = source.tokens, set()
    for i, token in enumerate(tokens):
        following = tokens[i + 1].text if i + 1 < len(tokens) else ""
        if (
            token.text in ("static_assert", "requires", "noexcept", "decltype")
            and following == "("
            or token.text == "requires"
            and following == "{"
        ):
            end = closing(tokens, i + 1)
            if (
                token.text == "requires"
                and tokens[end + 1].text == "{"
                and tokens[i - 1].text in ("=", "(", "&&")
            ):
                end = closing(tokens, end + 1)
            skip.update(range(i, end + 1))
        elif token.text in ("using", "friend", "enum", "concept"):
            skip.update(range(i, (end_of_statement(tokens, i) or i) + 1))
        elif token.text == "template" and following == "<":
            depth = 0
            for k in range(i + 1, len(tokens)):
                depth += {"<": 1, ">": -1, ">>": -2}.get(tokens[k].text, 0)
                skip.add(k)
                if depth == 0:
                    break
    return skip


COMPARISONS = ("<", "<=", ">", ">=")


def is_swap(tokens, at, more):
    """Is the number at `at`, one more or one less, the same as the other operator before it?"""
    return tokens[at - 1].text in (("<", ">=") if more else ("<=", ">"))


def condition(tokens, opens):
    """From where to where it reaches, without what is declared before it, and its operators."""
    first, last, depth, operators = opens + 1, closing(tokens, opens) - 1, 0, set()
    for i in range(first, last + 1):
        depth += (tokens[i].text in OPENING) - (tokens[i].text in CLOSING)
        if depth == 0:
            operators.add(tokens[i].text)
            if tokens[i].text == ";":
                first = i + 1
    return first, last, operators


def is_spaced(source, token):
    return source.text[token.start - 1].isspace() and source.text[token.end].isspace()


def operand(tokens, at, step):
    """How far the operand beside the operator at `at` reaches, in one direction."""
    i = at + step
    last = None
    opening, closing_ = (OPENING, CLOSING) if step == 1 else (CLOSING, OPENING)
    depth = 0
    while 0 <= i < len(tokens):
        text = tokens[i].text
        if depth == 0 and text in BOUNDS and text not in opening:
            break
        depth += (text in opening) - (text in closing_)
        last = i
        i += step
    return last


def change_code(source, without):
    """`without`: the stretches that are tables."""
    tokens = source.tokens
    skip = skipped(source)
    skip.update(i for i, t in enumerate(tokens) if any(a <= t.start < b for a, b in without))

    def change(first, last, text):
        source.change("code", tokens[first].start, tokens[last].end, text)

    for i, token in enumerate(tokens):
        if i in skip:
            continue
        before = tokens[i - 1].text if i else ""
        after = tokens[i + 1].text if i + 1 < len(tokens) else ""
        text = token.text
        if token.kind == "sign" and text in SWAPS and is_spaced(source, token):
            for other in SWAPS[text]:
                change(i, i, other)
            if text in ("&&", "||"):
                neutral = "true" if text == "&&" else "false"
                left, right = operand(tokens, i, -1), operand(tokens, i, 1)
                if left is not None and right is not None:
                    change(left, i - 1, neutral)
                    change(i + 1, right, neutral)
        elif text == "!":
            change(i, i, "")
        elif text in ("++", "--"):
            change(i, i, "--" if text == "++" else "++")
        elif text == "?" and is_spaced(source, token):
            first = operand(tokens, i, -1)
            while first is not None and tokens[first - 1].text in ("&&", "||"):
                first = operand(tokens, first - 1, -1)
            if first is not None:
                change(first, i - 1, "true")
                change(first, i - 1, "false")
        elif token.kind == "number":
            number = int(text.replace("'", "").rstrip("u"), 0)
            for other in (number + 1, number - 1):
                if other >= 0 and not is_swap(tokens, i, other > number):
                    change(
                        i,
                        i,
                        (hex(other) if text.startswith("0x") else str(other))
                        + "u" * text.endswith("u"),
                    )
        elif token.kind == "char":
            for other in (ord(eval(text)) + 1, ord(eval(text)) - 1):
                if (
                    other >= 0
                    and not is_swap(tokens, i, other > ord(eval(text)))
                    and (before in COMPARISONS or other > ord(eval(text)))
                ):
                    change(i, i, f"'\\x{other:02x}'")
        elif token.kind == "string":
            inner = text[1:-1]
            shorter = re.sub(r"(\\.|.)$", "", inner)
            change(i, i, f'"{shorter}"' if inner else '"?"')
            if len(inner) > 1:
                change(i, i, '"?' + re.sub(r"^(\\.|.)", "", inner) + '"')
        elif text in WORD_SWAPS and (before == "return" or tokens[i - 1].kind != "word"):
            change(i, i, WORD_SWAPS[text])
        elif text in source.enums and after == "::" and tokens[i + 2].text in source.enums[text]:
            names, name = source.enums[text], tokens[i + 2].text
            at = names.index(name)
            others = [names[(at + 1) % len(names)], names[at - 1]]
            if text == "errc":
                if before in ("==", "!="):
                    continue
                others = [others[0], "ok"] if name != "ok" else ["bad_text"]
            elif before in ("==", "!="):
                others = others[:1]
            for other in others:
                change(i + 2, i + 2, other)
        if text in ("if", "while"):
            first, last, operators = condition(tokens, i + 2 if after == "constexpr" else i + 1)
            if not operators & {"&&", "||"}:
                change(first, last, "false")
                if text == "if" and tokens[first - 1].text == "(":
                    change(first, last, "true")
        if before in (";", "{", "}", "else") and is_statement(tokens, i):
            end = end_of_statement(tokens, i)
            # A branch needs a statement.
            change(i, end, ";" if before == "else" else "")


def is_statement(tokens, at):
    """Is this the beginning of an assignment or a call?"""
    first = tokens[at]
    if end_of_statement(tokens, at) is None:
        return False
    if first.text in ("++", "--"):
        return True
    if first.kind != "word" or first.text in (
        "auto",
        "return",
        "using",
        "case",
        "default",
        "break",
        "continue",
        "friend",
        "template",
        "static_assert",
        "if",
        "for",
        "while",
        "switch",
    ):
        return False
    i = at
    while i < len(tokens):
        text = tokens[i].text
        if text == "(":
            i = closing(tokens, i) + 1
            return tokens[i].text == ";" and tokens[at + 1].text in ("(", ".", "::", "<", "->")
        if text in ("=", "|=", "&=", "+=", "-="):
            return True
        if tokens[i].kind == "word" and tokens[i + 1].kind == "word":
            return False  # a declaration
        if not (
            tokens[i].kind == "word"
            or text in (".", ".*", "::", "->", "<", ">", "[", "]", "*")
            or tokens[i].kind == "number"
        ):
            return False
        i += 1
    return False


# Tables


def stretch(text, begin, end="\n};\n"):
    """From where `begin` is to behind the next `end`."""
    start = text.index(begin)
    return start, text.index(end, start) + len(end)


def others(values, value):
    return [v for v in values if v != value]


def next_of(values, value):
    """The next of different values, around the end."""
    values = list(dict.fromkeys(values))
    return values[(values.index(value) + 1) % len(values)]


def split(text, start, end):
    """The places of what stands between the commas of a list, without the space around it."""
    depth, at, places = 0, start, []
    for i in range(start, end + 1):
        if i == end or (text[i] == "," and depth == 0):
            piece = text[at:i]
            places.append((at + len(piece) - len(piece.lstrip()), at + len(piece.rstrip())))
            at = i + 1
        else:
            depth += (text[i] in "([{") - (text[i] in ")]}")
    return places


# The wire table

# Kinds of field that hold the same C++ type, so that one can stand for another.
KINDS = ["text", "nonempty_text", "text_maybe_unterminated", "optional_text", "rest", "reason"]
TEXT_CHECKS = [
    "any_text",
    "without_controls",
    "address",
    "header_name",
    "header_value_heard",
    "header_value",
    "reply_code_text_heard",
    "reply_code_text",
]
NUMBER_CHECKS = ["header_position", "header_count"]


def change_wire_table(source):
    text = source.text
    bounds = [
        stretch(text, "inline constexpr detail::items commands{"),
        stretch(text, "inline constexpr detail::items replies{"),
    ]
    for first, last in bounds:
        row = re.compile(r"d::row<(\w+::\w+)>\s*\(")
        rows = [m for m in row.finditer(text, first, last)]
        cells = []
        for found in rows:
            end = closing_place(text, found.end() - 1)
            cells.append(split(text, found.end(), end))
        columns = [[text[a:b] for a, b in (row_cells[i] for row_cells in cells)] for i in range(3)]
        for row_cells in cells:
            for i in range(3):
                a, b = row_cells[i]
                source.change("table", a, b, next_of(columns[i], text[a:b]))
            a, b = row_cells[0]
            code = text[a + 1]
            unused = next(c for c in (code.swapcase(), "Z", "z") if f"'{c}'" not in columns[0])
            source.change("table", a, b, f"'{unused}'")
            change_fields(source, row_cells[3:])
    return bounds


def change_fields(source, fields):
    text = source.text
    for at, (a, b) in enumerate(fields):
        field = text[a:b]
        # Left out; and in the place of the one before.
        source.change("table", text.rindex(",", 0, a), b, "")
        if at:
            c, d = fields[at - 1]
            source.change("table", c, b, field + text[d:a] + text[c:d])
        kind = re.match(r"d::(\w+)", field)[1]
        if kind in KINDS:
            for other in others(KINDS, kind):
                checks = re.sub(r"^d::\w+", "", field)
                if other == "rest" or other == "reason":
                    checks = re.sub(r", d::\w+", "", checks)
                source.change("table", a, b, f"d::{other}{checks}")
        if "(" not in field:
            continue
        cells = split(text, a + field.index("(") + 1, b - 1)
        for c, d in cells:
            cell = text[c:d]
            if cell.startswith('"'):
                source.change("table", c, d, cell[:-2] + '"')
            elif cell.startswith("d::"):
                family = NUMBER_CHECKS if cell[3:] in NUMBER_CHECKS else TEXT_CHECKS
                for other in others(family, cell[3:]):
                    source.change("table", c, d, f"d::{other}")
                if family is NUMBER_CHECKS:
                    source.change("table", c, d, "[](std::uint32_t) noexcept { return errc::ok; }")
        # Without its checks: any text.
        checks = [c for c in cells if text[c[0] : c[1]].startswith("d::")]
        if checks:
            source.change("table", text.rindex(",", 0, checks[0][0]), checks[-1][1], "")
    places = [
        (a + m.start(), a + m.end())
        for a, b in fields
        for m in re.finditer(r"&\w+::\w+::\w+", text[a:b])
    ]
    for (a, b), (c, d) in itertools.combinations(places, 2):
        source.change("table", a, d, text[c:d] + text[b:c] + text[a:b])


def closing_place(text, at):
    """Where the bracket at `at` is closed. Brackets in characters and strings don't count."""
    plain = re.sub(r"'.'|\"[^\"\n]*\"", lambda m: "_" * len(m[0]), text)
    depth = 0
    for i in range(at, len(plain)):
        depth += (plain[i] in OPENING) - (plain[i] in CLOSING)
        if depth == 0:
            return i
    raise ValueError("a bracket isn't closed")


# The numbers and their names


def change_options_table(source):
    text = source.text
    bounds = []
    for name in ("action", "option", "stage", "family"):
        first, last = stretch(text, f"enum class {name} ", "};\n")
        bounds.append((first, last))
        cells = list(re.finditer(r"^    (\w+)(?: = ([^,\n]+))?,", text[first:last], re.MULTILINE))
        values = [c[2] for c in cells if c[2]]
        for i, cell in enumerate(cells):
            a, b = first + cell.start(), first + cell.end()
            if cell[2]:
                value = first + cell.start(2), first + cell.end(2)
                source.change("table", *value, next_of(values, cell[2]))
                if cell[2].startswith("0x"):
                    number = int(cell[2].replace("'", ""), 16)
                    source.change("table", *value, hex(number << 1))
                    source.change("table", *value, hex(number << 1 | number))
                elif cell[2].startswith("'"):
                    source.change(
                        "table",
                        *value,
                        f"'{cell[2][1].swapcase()}'" if cell[2][1].isalpha() else "'5'",
                    )
            elif i + 1 < len(cells):  # changes places with the next
                after = cells[i + 1]
                between = text[b : first + after.start()]
                source.change(
                    "table", a, first + after.end(), f"    {after[1]},{between}    {cell[1]},"
                )

        first, last = stretch(text, f"{name}_names{{{{", "}};\n")
        bounds.append((first, last))
        rows = [
            split(text, first + m.start() + 1, first + m.end() - 1)
            for m in re.finditer(r"\{\w+::\w+,.*?\}", text[first:last])
        ]
        for column in range(3):
            values = [text[a:b] for a, b in (row[column] for row in rows)]
            for row in rows:
                a, b = row[column]
                source.change("table", a, b, next_of(values, text[a:b]))
    return bounds


# The rules table


def phases_of(text, enums, words):
    """What a set of phases in the table means, as bits."""
    names = enums["phase"]
    bit = lambda name: 1 << names.index(name)
    if found := re.fullmatch(r"only\(\w+::(\w+)\)", text):
        return bit(found[1])
    if found := re.fullmatch(r"from_to\(\w+::(\w+), \w+::(\w+)\)", text):
        return (bit(found[2]) << 1) - bit(found[1])
    if text == "phases{}":
        return 0
    return phases_of(words[text], enums, words)


def questions_of(text, enums, words):
    """What a set of questions in the table means, as bits."""
    names = enums["question"]
    bits = 0
    for piece in re.split(r"\s*\|\s*", text):
        if found := re.fullmatch(r"Q::(\w+)", piece):
            bits |= (1 << names.index(found[1])) >> 1
        elif piece != "Q{}":
            bits |= questions_of(words[piece], enums, words)
    return bits


def change_rules_table(source):
    text, enums = source.text, source.enums
    words = {
        name: value.strip()
        for name, value in re.findall(r"inline constexpr \w+ (\w+) = ([^;]+);", text)
    }
    words |= {"nowhere": "phases{}", "no_reply": "Q{}"}

    def names(enum, letter):
        return [f"{letter}::{name}" for name in enums[enum]]

    def toggled(bits, without, count, write):
        """The first and the last of a set left out, and the first and the last it lacks added."""
        inside = [i for i in range(count) if bits >> i & 1 and not without >> i & 1]
        outside = [i for i in range(count) if not (bits | without) >> i & 1]
        ends = dict.fromkeys(inside[:1] + inside[-1:] + outside[:1] + outside[-1:])
        return [write(bits ^ 1 << i) for i in ends]

    def neighbours(values, value):
        at = values.index(value)
        return [values[(at + 1) % len(values)], values[at - 1]]

    # To hear what may be said anyway is no leniency.
    def phase_sets(cell, said="phases{}"):
        bits, without = (phases_of(c, enums, words) for c in (cell, said))
        return toggled(bits, without, len(enums["phase"]), lambda b: f"phases{{{b:#x}}}")

    def question_sets(cell, said="Q{}"):
        bits, without = (questions_of(c, enums, words) for c in (cell, said))
        return toggled(bits, without, len(enums["question"]) - 1, lambda b: f"question{{{b:#x}}}")

    phases = names("phase", "P")

    def leads(cell):
        if cell == "stays":
            return ["back_to(P::greeted)", "on_to(P::greeted)", "on_to(P::closed)"]
        way, to = re.fullmatch(r"(\w+)\((.*)\)", cell).groups()
        other = "back_to" if way == "on_to" else "on_to"
        return [f"{way}({p})" for p in neighbours(phases, to)] + [f"{other}({to})", "stays"]

    def one_of(enum, letter):
        return lambda cell: others(names(enum, letter), cell)

    def near(enum, letter):  # two others, and none
        values = names(enum, letter)
        return lambda cell: others(dict.fromkeys(neighbours(values, cell) + values[:1]), cell)

    commands = [
        phase_sets,
        phase_sets,
        leads,
        near("question", "Q"),
        one_of("scope", "S"),
        near("phase", "P"),
        near("option", "O"),
        near("option", "O"),
        one_of("while_owed", "W"),
    ]
    replies = [
        question_sets,
        question_sets,
        one_of("verdict", "V"),
        near("action", "A"),
        near("option", "O"),
        lambda cell: ["true" if cell == "false" else "false"],
    ]
    bounds = []
    for name, columns in (("commands", commands), ("replies", replies)):
        first, last = stretch(text, f"inline constexpr detail::items {name}{{")
        bounds.append((first, last))
        for found in re.finditer(r"_row<\w+::\w+>\s*\{\{", text[first:last]):
            start = first + found.end()
            cells = split(text, start, closing_place(text, start - 1))
            if len(cells) != len(columns):
                raise ValueError(f"a row of {name} has {len(cells)} cells")
            values = [text[a:b] for a, b in cells]
            for i, ((a, b), column) in enumerate(zip(cells, columns)):
                for other in column(values[i], values[0]) if i == 1 else column(values[i]):
                    source.change("table", a, b, other)
    return bounds


TABLES = {
    "options.hpp": change_options_table,
    "wire.hpp": change_wire_table,
    "rules.hpp": change_rules_table,
}


# Switches


def slots(source):
    """The stretches that can be there several times, with switches: (start, end, kind)."""
    tokens, skip = source.tokens, skipped(source)
    for i, token in enumerate(tokens):
        if i in skip:
            continue
        before = tokens[i - 1].text if i else ""
        after = tokens[i + 1].text if i + 1 < len(tokens) else ""
        if token.text in ("if", "while") and after == "(":
            first, last, _ = condition(tokens, i + 1)
            yield tokens[first].start, tokens[last].end, "condition"
        elif token.text == "for" and after == "(":
            parts = [k for k in range(i, closing(tokens, i + 1)) if tokens[k].text == ";"]
            if len(parts) == 2:
                yield tokens[parts[0] + 1].start, tokens[parts[1]].start, "condition"
                yield tokens[parts[1] + 1].start, tokens[closing(tokens, i + 1)].start, "step"
        elif token.text == "return":
            yield token.start, tokens[end_of_statement(tokens, i)].end, "statement"
        elif before in (";", "{", "}", "else", ")", ":") and is_statement(tokens, i):
            yield token.start, tokens[end_of_statement(tokens, i)].end, "statement"
        elif before in (";", "{", "}", ":") and (first := initializer(tokens, i)):
            yield tokens[first].start, tokens[end_of_statement(tokens, i)].start, "value"


def initializer(tokens, at):
    """Where what a variable begins with begins, if it is one that may differ from run to run."""
    for i in range(at, len(tokens)):
        if tokens[i].text == "=":
            return i + 1 if i > at + 1 and end_of_statement(tokens, at) else None
        if tokens[i].kind != "word" or tokens[i].text in (
            "constexpr",
            "static",
            "using",
            "operator",
            "return",
            "template",
            "concept",
            "namespace",
            "enum",
            "struct",
        ):
            if tokens[i].text not in ("::", "<", ">", "*"):
                return None
    return None


def with_switches(source, numbers):
    """The header with all mutants in it that can be switched, and which these are.

    `numbers` says which number the switch of a mutant has. Each has a line, which begins with it.
    """
    found = sorted(set(slots(source)), key=lambda s: (s[0], -s[1]))
    inside = collections.defaultdict(list)
    for mutant in numbers:
        around = [s for s in found if s[0] <= mutant.start and mutant.end <= s[1]]
        if around:
            inside[min(around, key=lambda s: s[1] - s[0])].append(mutant)

    def changed(slot, mutant):
        text = source.text[slot[0] : mutant.start] + mutant.text + source.text[mutant.end : slot[1]]
        return " ".join(re.sub(r"//[^\n]*", "", text).split())

    def render(start, end, within):
        text, at = "", start
        for slot in within:
            if slot[0] < at:
                continue
            text += source.text[at : slot[0]]
            text += switched(
                slot, [s for s in within if slot != s and slot[0] <= s[0] and s[1] <= slot[1]]
            )
            at = slot[1]
        return text + source.text[at:end]

    def switched(slot, within):
        plain = render(slot[0], slot[1], within)
        if slot not in inside:
            return plain
        text = ""
        for mutant in inside[slot]:
            number = numbers[mutant]
            switch = f"\n/*{number}*/ mutation::on({number})"
            other = changed(slot, mutant)
            text += {
                "condition": f"{switch} ? static_cast<bool>({other}) :",
                "step": f"{switch} ? static_cast<void>({other}) :",
                "value": f"{switch} ? ({other}) :",
                "statement": f"\n/*{number}*/ if (mutation::on({number})) {{ {other} }} else",
            }[slot[2]]
        return {
            "condition": f"({text}\nstatic_cast<bool>({plain}))",
            "step": f"({text}\nstatic_cast<void>({plain}))",
            "value": f"{text}\n({plain})",
            "statement": f"{{{text}\n{{ {plain}\n}} }}",
        }[slot[2]]

    return render(0, len(source.text), found), [m for slot in inside.values() for m in slot]


def sources(include):
    """The headers with what there is to change."""
    folder = include / "kilter"
    enums = {}
    for path in sorted(folder.rglob("*.hpp")):
        enums |= enums_of(path.read_text())
    for header, what in HEADERS.items():
        source = Source(header, (folder / header).read_text(), enums)
        tables = TABLES[header](source) if "table" in what else []
        if "code" in what:
            change_code(source, tables)
        yield source
