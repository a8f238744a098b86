r"""Runs of DICOM elements that are seen again: masks over bytes, kept by the element they start with.

Rules
-----
1. A run says how many bytes it covers, which of them are compared, and with what: the heads of its elements, and the
   values that decide anything.
2. Few runs are kept for one first element, and :data:`MOST_RUNS` in all: memory is bounded, whatever is read.
3. Elements whose length changes from file to file (numbers, places, identifiers) are kept out of runs, which would
   seldom fit with them. What has not changed for some files may join a run again.

Follows DICOM PS3.5 section 7.1.

Example:
    >>> grammar = GRAMMARS[EXPLICIT]
    >>> grammar.forget()
    >>> [grammar.changes(0x00200013, length) for length in (2, 4, 2, 2, 2, 2)]
    [False, False, True, False, False, False]
"""

from __future__ import annotations

import struct
from dataclasses import dataclass, field
from typing import NamedTuple

from misyn.marks.metadata.dicom_elements import BIG, EXPLICIT, IMPLICIT, Syntax

VARIANTS = 6  # runs that are kept for one first element
MOST_RUNS = 20_000
CHANGES = 2  # of length, in a row or nearly, that keep an element out of runs


class Run(NamedTuple):
    """Elements in a row: how many bytes, which of them are compared, with what, and the wanted values among them."""

    size: int
    mask: int
    expected: int
    wanted: tuple[tuple[int, int, int], ...]


@dataclass
class Grammar:
    """How one syntax writes an element's head, and the runs seen so far in this process."""

    explicit: bool
    head: struct.Struct
    long: struct.Struct
    runs: dict[bytes, list[Run]] = field(default_factory=dict)
    kept: int = 0
    lengths: dict[int, tuple[int, int]] = field(default_factory=dict)

    def forget(self) -> None:
        """Start afresh, as a new process does."""
        self.runs.clear()
        self.lengths.clear()
        self.kept = 0

    def changes(self, tag: int, length: int) -> bool:
        """Whether this element's length keeps changing from file to file (rule 4); each call is one sighting."""
        last, changes = self.lengths.get(tag, (length, 0))
        changes = min(changes + 1, CHANGES + 2) if last != length else max(changes - 1, 0)
        self.lengths[tag] = (length, changes)
        return changes >= CHANGES

    def keep(self, key: bytes, run: Run) -> None:
        """Keep a run; the oldest one that starts alike makes room."""
        if self.kept >= MOST_RUNS:
            self.forget()
        known = self.runs.setdefault(key, [])
        known.insert(0, run)
        self.kept += 1
        if len(known) > VARIANTS:
            known.pop()
            self.kept -= 1


def _grammar(syntax: Syntax) -> Grammar:
    order = syntax.order
    return Grammar(syntax.explicit, struct.Struct(order + "HH2sH"), struct.Struct(order + "I"))


GRAMMARS = {syntax: _grammar(syntax) for syntax in (EXPLICIT, IMPLICIT, BIG)}
