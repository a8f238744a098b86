"""Which medical images do the synthetic images leave out, overall and by group?

Rules
-----
1. A medical image is covered when a synthetic image lies in its ball (:func:`misyn.evaluate.neighbours.prdc`). Balls
   are those of *all* medical images: a group is judged in its place among everyone.
2. A group of fewer than :data:`SMALLEST` patients (or other units) gets no number, and is named with how many it has.
3. Labels are a group too: ``label=<text>``. Two groups together get a number of their own (``a=b & c=d``).

Source: Naeem et al., ICML 2020; by group: misyn.

Example:
    >>> covered = np.array([True] * 12 + [False] * 10)
    >>> members = {"sex=F": np.arange(12), "sex=M": np.arange(12, 22), "sex=O": np.arange(3)}
    >>> shares, small = by_group(covered, members, patients=np.arange(22))
    >>> [(share.group, share.covered, share.n) for share in shares], small
    ([('sex=F', 12, 12), ('sex=M', 0, 10)], {'sex=O': 3})
"""

from __future__ import annotations

import itertools
from collections.abc import Mapping, Sequence
from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

SMALLEST = 10


@dataclass(frozen=True)
class GroupShare:
    """How many of a group's n medical images are covered."""

    group: str
    n: int
    covered: int
    units: int

    @property
    def share(self) -> float:
        """Covered images over all, in [0, 1]."""
        return self.covered / self.n


def by_group(
    covered: NDArray[np.bool_], members: Mapping[str, NDArray[np.int64]], *, patients: NDArray[np.int64]
) -> tuple[tuple[GroupShare, ...], dict[str, int]]:
    """Coverage of every group large enough, and the sizes of those too small.

    Args:
        covered: (N,) bool per medical image.
        members: group → indices of its images.
        patients: (N,) a number per patient, or other unit; a group is as large as it has of these.
    """
    units = {group: len(np.unique(patients[images])) for group, images in members.items()}
    small = {group: n for group, n in units.items() if n < SMALLEST}
    shares = tuple(
        GroupShare(group, len(images), int(covered[images].sum()), units[group])
        for group, images in members.items()
        if group not in small
    )
    return shares, small


def members_of(labels: Sequence[str | None], groups: Sequence[Mapping[str, str]]) -> dict[str, NDArray[np.int64]]:
    """Group → indices of its images, sorted by group; ``groups`` maps column to value for every image.

    Example:
        >>> members_of(["a", None], [{"sex": "F"}, {"sex": "F"}])
        {'label=a': array([0]), 'sex=F': array([0, 1])}
    """
    found: dict[str, list[int]] = {}
    for index, (label, columns) in enumerate(zip(labels, groups, strict=True)):
        names = [f"{column}={value}" for column, value in columns.items()]
        for name in names if label is None else [f"label={label}", *names]:
            found.setdefault(name, []).append(index)
    return {name: np.array(found[name]) for name in sorted(found)}


def crossed(members: Mapping[str, NDArray[np.int64]]) -> dict[str, NDArray[np.int64]]:
    """Intersections of two groups of different columns with :data:`SMALLEST` images or more; joined by `` & ``.

    Example:
        >>> crossed({"label=a": np.arange(15), "sex=F": np.arange(5, 40), "sex=M": np.arange(5)}).keys()
        dict_keys(['label=a & sex=F'])
    """
    found = {}
    for (first, a), (second, b) in itertools.combinations(members.items(), 2):
        if first.split("=", 1)[0] != second.split("=", 1)[0]:
            both = np.intersect1d(a, b, assume_unique=True)
            if SMALLEST <= len(both) < min(len(a), len(b)):
                found[f"{first} & {second}"] = both
    return found
