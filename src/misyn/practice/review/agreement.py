"""Do two people decide alike? Cohen's κ over the questions both decided, with an interval.

Rules
-----
1. Only questions that both have decided, on the same version of the same paper, are counted.
2. κ is not defined where both gave one and the same answer throughout: agreement by chance is then certain.
3. The interval is a Bayesian one: the table's nine cells under a prior worth one question in all (Perks), quantiles of
   κ over draws from it. The textbook's large-sample interval held 95 % in too few of our simulations at the numbers
   of questions a paper raises; how often this one does, docs/results/review-2026-11-22.md says. Below :data:`FEWEST`
   questions none is given.
4. A disagreement is what is worth reading: each is listed with both reasons.

Source: Cohen, Educ Psychol Meas 20 (1960); prior of Perks, J Inst Actuaries 73 (1947).

Example:
    >>> result = kappa([("ask", "ask")] * 40 + [("ask", "dismiss")] * 9 + [("dismiss", "dismiss")] * 21)
    >>> round(result.kappa, 3), round(result.low, 2), round(result.high, 2), result.n
    (0.727, 0.54, 0.85, 70)
"""

from __future__ import annotations

import random
from collections import Counter
from collections.abc import Mapping, Sequence
from dataclasses import asdict, dataclass
from pathlib import Path
from typing import Any

from misyn.errors import InputError
from misyn.practice.record import people
from misyn.practice.review import decisions
from misyn.practice.review.decisions import CHOICES
from misyn.practice.review.text import clean

LEVEL = 0.95
FEWEST = 20
CELLS = tuple((a, b) for a in CHOICES for b in CHOICES)
DRAWS = 2_000
SEED = 0


@dataclass(frozen=True, kw_only=True)
class Agreement:
    """Cohen's κ of two people.

    Attributes:
        n: questions both decided.
        observed: share decided alike, or None without any.
        kappa: agreement beyond chance, at most 1; None where it is not defined.
        low, high: the interval at ``level``, or None with a ``reason``.
        reason: why something is None.
        method: how it was computed.
    """

    n: int
    observed: float | None
    kappa: float | None
    low: float | None = None
    high: float | None = None
    level: float = LEVEL
    reason: str | None = None
    method: str = f"Cohen's kappa; quantiles of {DRAWS} draws under a Dirichlet prior worth one question; seed {SEED}"


def kappa(pairs: Sequence[tuple[str, str]]) -> Agreement:
    """Cohen's κ of pairs of decisions on the same questions."""
    n = len(pairs)
    if n == 0:
        return Agreement(n=0, observed=None, kappa=None, reason="no question was decided by both")
    counts = Counter(pairs)
    observed = sum(counts[pair] for pair in counts if pair[0] == pair[1]) / n
    if len({name for pair in pairs for name in pair}) == 1:
        return Agreement(n=n, observed=observed, kappa=None, reason="both gave one and the same answer throughout")
    cells = {pair: float(counts[pair]) for pair in CELLS}
    if n < FEWEST:
        why = f"no interval: fewer than {FEWEST} questions were decided by both"
        return Agreement(n=n, observed=observed, kappa=_beyond_chance(cells), reason=why)
    low, high = _interval(cells)
    return Agreement(n=n, observed=observed, kappa=_beyond_chance(cells), low=low, high=high)


def _beyond_chance(cells: Mapping[tuple[str, str], float]) -> float:
    """κ of a table of counts or weights."""
    total = sum(cells.values())
    observed = sum(cells[name, name] for name in CHOICES) / total
    rows = [sum(cells[name, other] for other in CHOICES) / total for name in CHOICES]
    columns = [sum(cells[other, name] for other in CHOICES) / total for name in CHOICES]
    chance = sum(a * b for a, b in zip(rows, columns, strict=True))
    return (observed - chance) / (1 - chance) if chance < 1 else 1.0


def _interval(cells: Mapping[tuple[str, str], float]) -> tuple[float, float]:
    """Quantiles of κ over draws of the table (a Dirichlet draw is gamma draws, up to their sum)."""
    chance = random.Random(SEED)  # noqa: S311 - a simulation, not a secret
    prior = 1 / len(CELLS)
    draws = sorted(
        _beyond_chance({cell: chance.gammavariate(count + prior, 1.0) for cell, count in cells.items()})
        for _ in range(DRAWS)
    )
    edge = int((1 - LEVEL) / 2 * DRAWS)
    return draws[edge], draws[-1 - edge]


def compare(first: Path, second: Path) -> dict[str, Any]:
    """Compare two people's files of decisions on one version of one paper.

    Raises:
        InputError: a file is not there, or the two speak of different versions.
        RecordError: a file has mistakes; all are listed.
    """
    mine, theirs = _read(first), _read(second)
    if mine["document"]["digest"] != theirs["document"]["digest"]:
        raise InputError(
            f"expected decisions on one version of one paper, found two digests in {clean(first.name)} and "
            f"{clean(second.name)}. Next: run misyn review on the same file in both folders"
        )
    a, b = ({row["id"]: row for row in told["questions"] if decisions.decided(row)} for told in (mine, theirs))
    both = [name for name in a if name in b]
    result = kappa([(a[name]["decision"], b[name]["decision"]) for name in both])
    return {
        "schema": "misyn/review-comparison/1",
        "document": mine["document"],
        "reviewers": [_reviewer(mine), _reviewer(theirs)],
        "notes": _notes(mine, theirs),
        "agreement": asdict(result),
        "decided_by_one": [name for name in (*a, *b) if (name in a) != (name in b)],
        "disagreements": [
            _disagreement(a[name], b[name]) for name in both if a[name]["decision"] != b[name]["decision"]
        ],
    }


def _read(path: Path) -> dict[str, Any]:
    found = decisions.load(path)
    if found is None:
        raise InputError(
            f"expected a file of decisions, found nothing at {clean(path.name)}. Next: run misyn review PAPER"
        )
    return decisions.content(found)


def _reviewer(told: Mapping[str, Any]) -> str | None:
    return next(iter(people(told.get("reviewer"))), None)


def _notes(mine: Mapping[str, Any], theirs: Mapping[str, Any]) -> list[str]:
    names = _reviewer(mine), _reviewer(theirs)
    notes = ["a reviewer is not named"] if None in names else []
    notes += ["both files name the same reviewer"] if names[0] and names[0] == names[1] else []
    stale = sum(bool(row.get("stale")) for told in (mine, theirs) for row in told["questions"])
    return notes + ([f"{stale} decisions on another version were not counted"] if stale else [])


def _disagreement(a: Mapping[str, Any], b: Mapping[str, Any]) -> dict[str, Any]:
    told = {key: a.get(key) for key in ("id", "rule", "page", "line", "quote", "question")}
    return {**told, "decisions": [a["decision"], b["decision"]], "reasons": [a.get("reason"), b.get("reason")]}
