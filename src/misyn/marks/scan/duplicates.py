r"""Images that are there twice: the same pixels, and candidates that only look alike.

Rules
-----
1. *Exact* means the same canonical pixels, whatever file, format or header holds them. Images of one value are nobody's
   duplicate.
2. *Near* means few different bits between perceptual fingerprints (:mod:`misyn.marks.perceptual`): a candidate for
   people to look at, never a finding. Of exact duplicates one stands for all.
3. A pair *crosses* where it should not be in two places: ``split`` (it leaks from training into testing), ``source``,
   ``verdict`` (the same pixels with and without a mark), ``patient``.
4. Every pair is compared; beyond :data:`MOST_IMAGES` images near duplicates are not searched, and that is said.

Example:
    >>> rows = [{"path": "train/a", "digest": "d", "blank": False, "split": "train", "verdict": "no-evidence"},
    ...         {"path": "test/b", "digest": "d", "blank": False, "split": "test", "verdict": "no-evidence"}]
    >>> [(pair["kind"], pair["crosses"]) for pair in exact(rows)]
    [('exact', 'split')]
"""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Callable, Mapping, Sequence
from itertools import islice
from typing import Any

CROSSED = ("split", "source", "verdict", "patient")
NAMES = (
    "kind",
    "bits",
    "first",
    "second",
    "crosses",
    *(f"{at}_{name}" for name in CROSSED for at in ("first", "second")),
)
MOST_IMAGES = 200_000
MOST_PAIRS = 200_000

Row = Mapping[str, Any]
Progress = Callable[[int, int], None]


def exact(rows: Sequence[Row]) -> list[dict[str, Any]]:
    """Pair every image with the first one of the same pixels.

    ``crosses`` speaks of all images with these pixels, not of the pair alone.
    """
    found = []
    for alike in _alike(rows).values():
        crosses = _crosses(alike)
        found += [_pair("exact", 0, alike[0], other, crosses) for other in alike[1:]]
    return found


def _alike(rows: Sequence[Row]) -> Mapping[str, list[Row]]:
    found: dict[str, list[Row]] = defaultdict(list)
    for row in rows:
        if row.get("digest") and not row.get("blank"):
            found[row["digest"]].append(row)
    return found


def near(rows: Sequence[Row], *, most: int | None = None, progress: Progress | None = None) -> list[dict[str, Any]]:
    """Pair images whose perceptual fingerprints differ by at most ``most`` bits, the nearest first.

    Args:
        rows: of a scan.
        most: bits; by default :data:`misyn.marks.perceptual.NEAR`.
        progress: called with (done, total).
    """
    from misyn.marks import perceptual  # noqa: PLC0415 - numerics only where pixels were read

    shown = [alike[0] for alike in _alike(rows).values() if alike[0].get("perceptual")]
    if len(shown) < 2 or len(shown) > MOST_IMAGES:
        return []
    bits = perceptual.NEAR if most is None else most
    pairs = perceptual.pairs([row["perceptual"] for row in shown], most=bits, progress=progress)
    found = sorted(islice(pairs, MOST_PAIRS), key=lambda pair: (pair[2], pair[0], pair[1]))
    return [_pair("near", apart, shown[a], shown[b], _crosses((shown[a], shown[b]))) for a, b, apart in found]


def _crosses(rows: Sequence[Row]) -> str:
    """Where these images differ in what they should share (rule 3); unknown differs from nothing."""
    values = {name: {row.get(name) for row in rows} - {None} for name in CROSSED}
    return " ".join(name for name in CROSSED if len(values[name]) > 1)


def _pair(kind: str, bits: int, first: Row, second: Row, crosses: str) -> dict[str, Any]:
    pair = {"kind": kind, "bits": bits, "first": first["path"], "second": second["path"], "crosses": crosses}
    sides = {f"{at}_{name}": row.get(name) for name in CROSSED for at, row in (("first", first), ("second", second))}
    return pair | sides


def counts(pairs: Sequence[Row]) -> dict[str, int]:
    """How many pairs there are, and how many cross what."""
    crossed = {name: sum(name in pair["crosses"].split() for pair in pairs) for name in CROSSED}
    same = sum(pair["first_patient"] is not None and pair["first_patient"] == pair["second_patient"] for pair in pairs)
    return {"pairs": len(pairs), **{f"across_{name}": n for name, n in crossed.items()}, "same_patient": same}
