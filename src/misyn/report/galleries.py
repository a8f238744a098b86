"""Choose which images a reader looks at: by a stated rule, or at random; never picked.

Rules
-----
1. The least supported come first, then the best supported, then a random sample, which may repeat images of the others.
2. Random order comes from the run's seed and the image's place in the table (SHA-256): the same on every machine.
3. Every gallery says by which rule it was filled and how many images it leaves out.

Example:
    >>> rows = [Row(index=i, path=f"{i}.png", origin="synthetic", nearest_distance=d) for i, d in enumerate([1.0, 9.0])]
    >>> [row.path for row in least_supported(rows, 1)], len(random_sample(rows, 5, seed=0))
    (['1.png'], 2)
"""

from __future__ import annotations

import hashlib
from collections.abc import Iterable, Sequence

from misyn.report.rows import Row

PAIRS = 8
COPIES = 12
UNCOVERED = 12


def shuffled(rows: Iterable[Row], *, seed: int, purpose: str) -> list[Row]:
    """Put rows in a random order that seed and purpose decide."""

    def rank(row: Row) -> bytes:
        return hashlib.sha256(f"{seed}:{purpose}:{row.index}".encode()).digest()

    return sorted(rows, key=rank)


def least_supported(rows: Iterable[Row], most: int = PAIRS) -> list[Row]:
    """Synthetic images that medical images support least: unsupported ones first, the farthest first."""
    return sorted(_judged(rows), key=_support)[:most]


def best_supported(rows: Iterable[Row], most: int = PAIRS) -> list[Row]:
    """Synthetic images that medical images support best, leaving out those already shown as least supported."""
    ordered = sorted(_judged(rows), key=_support)
    return ordered[most:][-most:][::-1]


def random_sample(rows: Iterable[Row], most: int = PAIRS, *, seed: int) -> list[Row]:
    """Synthetic images drawn at random."""
    return shuffled((row for row in rows if row.synthetic), seed=seed, purpose="sample")[:most]


def uncovered(rows: Iterable[Row], origin: str) -> list[Row]:
    """Medical images of one set that nothing synthetic covers, in table order."""
    return [row for row in rows if row.origin == origin and row.covered is False]


def copies(rows: Iterable[Row]) -> list[Row]:
    """Exact copies, then suspected ones, the closest first."""
    found = [row for row in rows if row.synthetic and (row.exact_copy or row.copy_suspect)]
    return sorted(found, key=lambda row: (not row.exact_copy, row.nearest_distance or 0.0, row.index))


def paired(rows: Iterable[Row], most: int = PAIRS) -> list[Row]:
    """Synthetic images made from another: those with most structures made up or lost first, then by error."""
    found = [row for row in rows if row.synthetic and row.pair_source]
    found.sort(key=lambda row: (-(row.hallucinated or 0) - (row.lost or 0), -(row.pair_error or 0), row.index))
    return found[:most]


def compared(rows: Sequence[Row]) -> bool:
    """Whether any synthetic image was compared, pixel by pixel, with medical ones."""
    return any(row.synthetic and row.exact_copy is not None for row in rows)


def looked_for_copies(rows: Sequence[Row]) -> bool:
    """Whether any synthetic image was checked for being a suspected copy."""
    return any(row.synthetic and row.copy_suspect is not None for row in rows)


def _judged(rows: Iterable[Row]) -> list[Row]:
    """Synthetic images of which support or distance is known."""
    return [row for row in rows if row.synthetic and (row.supported is not None or row.nearest_distance is not None)]


def _support(row: Row) -> tuple[bool, float, int]:
    """Order from least to best supported."""
    distance = -1.0 if row.nearest_distance is None else row.nearest_distance
    return row.supported is True, -distance, row.index
