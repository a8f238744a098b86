"""All measures of a few images at once, quickly: what :mod:`misyn.evaluate.subsampling` computes again and again.

Rules
-----
1. The definitions are those of :mod:`neighbours`, :mod:`clipped`, :mod:`memorisation` and :mod:`grounding`; a test
   holds both to the same numbers. Here whole distance matrices stand in memory, so this is for
   at most a few thousand images, and distances are not searched exactly to the last bit.
2. A measure that these few images do not allow is NaN.
3. Clipped counts are left uncalibrated and uncut, so that their spread can be seen.

Example:
    >>> random = np.random.default_rng(0)
    >>> few = Few(random.normal(size=(60, 4)), np.arange(60), random.normal(size=(50, 4)), None, groups={})
    >>> 0.5 < measured(few, k=5)["coverage"] <= 1
    True
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from misyn.evaluate.clipped import relative

Floats = NDArray[np.float64]
Ints = NDArray[np.int64]
Bools = NDArray[np.bool_]

SHARE = 0.95  # of unseen medical images that support calls supported


@dataclass(frozen=True, eq=False)
class Few:
    """A few images of a medical set and of what stands against it.

    Attributes:
        medical: (N, D) features.
        patients: (N,) numbers of their patients.
        other: (M, D) features.
        others: (M,) numbers of their patients, where these are medical images; else None.
        groups: group → (N,) bool, who belongs to it.
        unseen: (H, D) features of medical images that calibrate support, or None: then ``medical`` does itself.
        unseen_patients: (H,) numbers of their patients.
    """

    medical: Floats
    patients: Ints
    other: Floats
    others: Ints | None
    groups: Mapping[str, Bools]
    unseen: Floats | None = None
    unseen_patients: Ints | None = None


def measured(few: Few, *, k: int) -> dict[str, float]:
    """Every measure; coverage by group as ``coverage[group]``.

    Args:
        few: the images.
        k: neighbours that set the radius of a ball.
    """
    own = _squared(few.medical, few.medical)
    own[few.patients[:, None] == few.patients] = np.inf
    across = _squared(few.medical, few.other)
    if few.others is not None:
        across[few.patients[:, None] == few.others] = np.inf
    if min(own.shape[0], across.shape[1]) <= k:
        return {}
    ordered = np.partition(own, (0, k - 1), axis=1)
    first, radius = ordered[:, 0], ordered[:, k - 1]
    if not np.isfinite(radius).all():
        return {}
    found = _balls(few, across, radius, k=k) | _clipped(own, across, radius, k=k)
    nearest = across.argmin(axis=0)
    distance = across[nearest, np.arange(across.shape[1])]
    found["nearest_distance_median"] = float(np.median(np.sqrt(distance)))
    found["authenticity"] = float(np.mean(first[nearest] < distance))
    found["support"] = float(np.mean(distance <= _threshold(few, first)))
    return found


def _squared(a: Floats, b: Floats) -> Floats:
    """Squared distances of all pairs."""
    found = np.einsum("ij,ij->i", a, a)[:, None] + np.einsum("ij,ij->i", b, b) - 2 * (a @ b.T)
    return np.asarray(np.maximum(found, 0), np.float64)


def _balls(few: Few, across: Floats, radius: Floats, *, k: int) -> dict[str, float]:
    """Precision, recall, density and coverage, the last by group too."""
    inside = across < radius[:, None]
    covered: Bools = np.asarray(inside.any(axis=1))
    balls = inside.sum(axis=0)
    others = _squared(few.other, few.other)
    np.fill_diagonal(others, np.inf)
    reach = np.partition(others, k - 1, axis=1)[:, k - 1]
    found = {
        "precision": float(np.mean(balls > 0)),
        "recall": float(np.mean((across < reach).any(axis=1))),
        "density": float(balls.mean()) / k,
        "coverage": float(covered.mean()),
        "clipped_coverage": float(np.minimum(inside.sum(axis=1), k).mean()) / k,
    }
    return found | {
        f"coverage[{group}]": float(covered[members].mean()) if members.any() else np.nan
        for group, members in few.groups.items()
    }


def _clipped(own: Floats, across: Floats, radius: Floats, *, k: int) -> dict[str, float]:
    """Clipped density, not cut at 1."""
    narrow = np.minimum(radius, np.median(radius))[:, None]
    return {"clipped_density": relative(np.sum(across < narrow, axis=0), np.sum(own <= narrow, axis=0), k=k)}


def _threshold(few: Few, first: Floats) -> float:
    """The squared distance up to which an image is supported; infinite where too few images calibrate."""
    calibration = first
    if few.unseen is not None and few.unseen_patients is not None:
        away = _squared(few.unseen, few.medical)
        away[few.unseen_patients[:, None] == few.patients] = np.inf
        calibration = away.min(axis=1)
    ordered = np.sort(calibration)
    rank = int(np.ceil(SHARE * (len(ordered) + 1) - 1e-9))
    return float(ordered[min(rank, len(ordered)) - 1])
