"""A permutation test of ranks, for many numbers per image at once.

Rules
-----
1. The statistic is the mean rank, so that it asks what the area under the curve says: which set has larger values.
2. All numbers of an image move together: one set of permutations serves all of them.
3. Ties get their mean rank. A number that is equal everywhere gets p = 1.

Sources: Wilcoxon 1945; Phipson and Smyth 2010 (p-value of a permutation test).

Example:
    >>> a, b = np.arange(20.0)[:, None], np.arange(20.0)[:, None] + 15
    >>> rank_test(a, b, permutations=199, random=np.random.default_rng(0))
    array([0.005])
"""

from __future__ import annotations

import numpy as np
from numpy.typing import NDArray
from scipy import stats

Floats = NDArray[np.float64]

TOGETHER = 500  # permutations looked at together
TIE = 1e-9


def rank_test(
    first: Floats, second: Floats, *, permutations: int, random: np.random.Generator, two_sided: bool = True
) -> Floats:
    """P-value of every column: which of two sets has larger values.

    Args:
        first: (N, A) independent images.
        second: (M, A) likewise.
        permutations: how many, ≥ 1.
        random: makes them.
        two_sided: else only larger values in the first set count.

    Returns:
        (A,) p-values in (0, 1].
    """
    ranks = stats.rankdata(np.concatenate([first, second]), axis=0)
    ranks -= ranks.mean(axis=0)
    labels = np.arange(len(ranks)) < len(first)
    observed = labels.astype(np.float64) @ ranks
    extreme = np.zeros(ranks.shape[1])
    for start in range(0, permutations, TOGETHER):
        columns = min(TOGETHER, permutations - start)
        drawn = random.permuted(np.tile(labels, (columns, 1)), axis=1).astype(np.float64) @ ranks
        larger = np.abs(drawn) >= np.abs(observed) - TIE if two_sided else drawn >= observed - TIE
        extreme += larger.sum(axis=0)
    return np.asarray((1 + extreme) / (1 + permutations), np.float64)
