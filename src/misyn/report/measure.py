"""The form in which a measure is explained.

Rules
-----
1. ``cannot_tell`` is never empty: a measure that could tell everything does not exist.
2. ``of`` names the images a share counts (``medical`` or ``synthetic``); None where the number is not a share.
3. ``says`` is one plain sentence with the number in it, and ``scale`` says how it is drawn.

Example:
    >>> Measure("x", "missing", None, "An x", "Counted.", "misyn", "Much.").says
    ''
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import Literal

Question = Literal["missing", "shifted", "copied", "harmed"]
Scale = Literal["share", "middle", "signed", "distance"]


@dataclass(frozen=True)
class Measure:
    """One measure, explained.

    Attributes:
        name: as in ``evaluation.json``.
        question: the question it helps to answer.
        of: whose share it is, or None.
        plain: what the number is, for a table row.
        definition: how it is computed, for the fold-out.
        source: who defined it.
        cannot_tell: what it does not show.
        says: one plain sentence, with ``{value}`` or ``{hundredths}`` where the number stands.
        scale: ``share`` of all, ``middle`` (a share whose 0.5 is no difference), ``signed`` around 0, or ``distance``.
    """

    name: str
    question: Question
    of: Literal["medical", "synthetic"] | None
    plain: str
    definition: str
    source: str
    cannot_tell: str
    says: str = ""
    scale: Scale = "share"
