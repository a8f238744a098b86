"""What a claim expects of its evidence, in a grammar small enough to read aloud.

Rules
-----
1. ``terms := term ("and" term)*``; ``term := name ["[" chosen ("&" chosen)* "]"] ["." field] op number ["%"]``;
   ``chosen := column "=" value``.
2. ``op`` is one of ``<  <=  >  >=``. Equality of measured numbers cannot be decided: write two bounds.
3. ``field`` speaks of a test: ``p_adjusted``, ``p_value`` or ``statistic``; without one the term speaks of an estimate.
4. ``set=training``, ``set=held-out`` or ``set=reference`` inside the brackets chooses what was compared with.
5. Nothing is evaluated as code; a text that does not read is a mistake in the record, not a claim that fails.

Example:
    >>> parse("coverage[sex=F & set=training] >= 0.8")[0]
    Term(name='coverage', group='sex=F', set='training', field=None, op='>=', bound=0.8)
    >>> problem("coverage = 1")
    "expected one of < <= > >= after the name, found '= 1'. Next: write two bounds, such as 'x >= 0.9 and x <= 1.1'"
"""

from __future__ import annotations

import operator
import re
from collections.abc import Callable
from dataclasses import dataclass

from misyn.errors import UsageError

FIELDS = ("p_adjusted", "p_value", "statistic")
SETS = ("training", "held-out", "reference")
OPERATORS: dict[str, Callable[[float, float], bool]] = {
    "<=": operator.le,
    ">=": operator.ge,
    "<": operator.lt,
    ">": operator.gt,
}
MAX_LENGTH = 500

_NAME = re.compile(r"\s*([A-Za-z][A-Za-z0-9_]*)")
_SELECTION = re.compile(r"\[([^\[\]]*)\]")
_FIELD = re.compile(r"\.([A-Za-z_]+)")
_BOUND = re.compile(r"\s*(<=|>=|<|>)\s*([+-]?(?:\d+\.?\d*|\.\d+)(?:[eE][+-]?\d{1,3})?)\s*(%?)\s*")


@dataclass(frozen=True)
class Term:
    """One comparison. ``group`` is ``column=value`` (several joined by `` & ``) or None for all images."""

    name: str
    group: str | None
    set: str | None
    field: str | None
    op: str
    bound: float

    def holds(self, value: float) -> bool:
        """Whether one number meets the bound."""
        return OPERATORS[self.op](value, self.bound)

    def __str__(self) -> str:
        """The term as it would be written."""
        chosen = " & ".join(filter(None, (self.group, f"set={self.set}" if self.set else None)))
        field = f".{self.field}" if self.field else ""
        return f"{self.name}{f'[{chosen}]' if chosen else ''}{field} {self.op} {self.bound:g}"


def parse(text: str) -> tuple[Term, ...]:
    """Read an expectation.

    Raises:
        UsageError: it does not read; the message says what was expected, where, and what to do next.
    """
    if len(text) > MAX_LENGTH:
        raise UsageError(f"expected at most {MAX_LENGTH} characters. Next: write a list of shorter expectations")
    return tuple(_term(part) for part in re.split(r"\s+and\s+", text.strip()))


def problem(text: str) -> str | None:
    """Say what is wrong with an expectation, or None when it reads."""
    try:
        parse(text)
    except UsageError as error:
        return str(error)
    return None


def _term(text: str) -> Term:
    name = _NAME.match(text)
    if name is None:
        raise UsageError(
            f"expected the name of a measure, found '{text[:40]}'. Next: write 'coverage >= 0.8', for example"
        )
    rest = text[name.end() :]
    selection = _SELECTION.match(rest)
    group, chosen_set = _selected(selection.group(1)) if selection else (None, None)
    rest = rest[selection.end() :] if selection else rest
    field = _FIELD.match(rest)
    if field and field.group(1) not in FIELDS:
        raise UsageError(f"expected one of {', '.join(FIELDS)} after the dot, found '{field.group(1)[:40]}'")
    rest = rest[field.end() :] if field else rest
    op, bound = _bound(rest)
    return Term(name.group(1), group, chosen_set, field.group(1) if field else None, op, bound)


def _bound(text: str) -> tuple[str, float]:
    match = _BOUND.fullmatch(text)
    if match is None:
        raise UsageError(
            f"expected one of < <= > >= after the name, found '{text.strip()[:40]}'. "
            "Next: write two bounds, such as 'x >= 0.9 and x <= 1.1'"
        )
    return match.group(1), float(match.group(2)) / (100 if match.group(3) else 1)


def _selected(text: str) -> tuple[str | None, str | None]:
    """Read what stands in the brackets: groups, in the order of their columns, and at most one set."""
    pairs = [part.partition("=") for part in text.split("&")]
    if any(not column.strip() or not equals or not value.strip() for column, equals, value in pairs):
        raise UsageError(f"expected column=value in the brackets, found '{text[:40]}'. Next: write [sex=F & age=60-79]")
    groups = sorted(f"{column.strip()}={value.strip()}" for column, _, value in pairs if column.strip() != "set")
    sets = [value.strip() for column, _, value in pairs if column.strip() == "set"]
    if len(sets) > 1 or any(name not in SETS for name in sets):
        raise UsageError(f"expected one of {', '.join(SETS)} after set=, found '{', '.join(sets)[:40]}'")
    return " & ".join(groups) or None, sets[0] if sets else None
