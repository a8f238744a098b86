"""Which medical images do the synthetic images leave out, overall and by group?

Rules
-----
1. A medical image is covered when a synthetic image lies in its ball (:func:`misyn.evaluate.neighbours.prdc`). Balls
   are those of *all* medical images: a group is judged in its place among everyone.
2. A group of fewer than :data:`SMALLEST` images gets no number, and is named with its n.
3. Labels are a group too: ``label=<text>``.

Source: Naeem et al., ICML 2020; by group: misyn.

Example:
    >>> covered = np.array([True] * 12 + [False] * 10)
    >>> members = {"sex=F": np.arange(12), "sex=M": np.arange(12, 22), "sex=O": np.arange(3)}
    >>> shares, small = by_group(covered, members)
    >>> shares, small
    ((GroupShare(group='sex=F', n=12, covered=12), GroupShare(group='sex=M', n=10, covered=0)), {'sex=O': 3})
"""

from __future__ import annotations

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

    @property
    def share(self) -> float:
        """Covered images over all, in [0, 1]."""
        return self.covered / self.n


def by_group(
    covered: NDArray[np.bool_], members: Mapping[str, NDArray[np.int64]]
) -> tuple[tuple[GroupShare, ...], dict[str, int]]:
    """Coverage of every group large enough, and the sizes of those too small.

    Args:
        covered: (N,) bool per medical image.
        members: group → indices of its images.
    """
    small = {group: len(images) for group, images in members.items() if len(images) < SMALLEST}
    shares = tuple(
        GroupShare(group, len(images), int(covered[images].sum()))
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
