"""Choosing images by patient, the same way every time.

Rules
-----
1. The unit that is drawn is the patient (or whatever unit the table names), never the slice.
2. Every use has its own generator, derived from the study's seed and the name of the use: adding one use never shifts
   the numbers of another.
3. Indices come back sorted, so that nothing later depends on the order of drawing.

Example:
    >>> patients = np.array([0, 0, 1, 2, 2, 2])
    >>> one_each(patients, generator(0, "example")).tolist()
    [1, 2, 3]
"""

from __future__ import annotations

import zlib

import numpy as np
from numpy.typing import NDArray

Ints = NDArray[np.int64]


def generator(seed: int, *names: str) -> np.random.Generator:
    """The random generator of one named use in a study with this seed (≥ 0)."""
    return np.random.default_rng([seed, zlib.crc32("/".join(names).encode())])


def one_each(patients: Ints, random: np.random.Generator) -> Ints:
    """One image per patient, chosen at random: indices, sorted.

    Args:
        patients: (N,) patient numbers.
        random: decides which.
    """
    order = random.permutation(len(patients))
    _, first = np.unique(patients[order], return_index=True)
    return np.sort(order[first])


def up_to(patients: Ints, n: int, random: np.random.Generator) -> Ints:
    """Images of whole patients, drawn at random, until there are ``n``; the last patient may be cut short.

    Example:
        >>> len(up_to(np.array([0, 0, 0, 1, 1, 2]), 4, generator(0, "example")))
        4
    """
    ids = np.unique(patients)
    place = np.empty(len(ids), np.int64)
    place[random.permutation(len(ids))] = np.arange(len(ids))
    order = np.argsort(place[np.searchsorted(ids, patients)], kind="stable")
    return np.sort(order[:n])


def halves(patients: Ints, random: np.random.Generator) -> tuple[Ints, Ints]:
    """Two parts with no patient in common, of about as many patients each."""
    return split(patients, 0.5, random)


def split(patients: Ints, share: float, random: np.random.Generator) -> tuple[Ints, Ints]:
    """Two parts with no patient in common; the first has this share of the patients, rounded down.

    Example:
        >>> a, b = split(np.array([0, 0, 1, 1, 2, 2, 3, 3]), 0.25, generator(0, "example"))
        >>> len(a), len(b)
        (2, 6)
    """
    ids = random.permutation(np.unique(patients))
    first = np.isin(patients, ids[: int(len(ids) * share)])
    return np.flatnonzero(first), np.flatnonzero(~first)
