"""Are some groups of patients left out more than others? A permutation test for every group, corrected together.

Rules
-----
1. The technique is measured beside medical images of other patients, as many of them (the baseline of coverage). What
   counts is how much coverage a group loses against that baseline, beyond what everyone else loses.
2. Permuted is which of the pooled images count as synthetic. Synthetic images are single draws; of medical images one
   per patient enters. So the test is exact whatever the shape of the groups: a group of rare, scattered patients is not
   found merely for being hard to cover.
3. Its null is that synthetic images and medical images are draws of one distribution. A group is tested when it has
   :data:`misyn.evaluate.coverage.SMALLEST` images or more, and others than it do too.
4. It is one-sided: a group that is covered better than others is not found.

Source: misyn; permutation p-values after Phipson and Smyth 2010; power and type I error in
``docs/results/left-out-2026-11-22.md``.

Example:
    >>> random = np.random.default_rng(0)
    >>> inside = random.random((60, 80)) < 0.05
    >>> inside[:20, :40] = False  # the first 20 medical images have no synthetic image near
    >>> found = by_group(inside, 40, {"sex=F": np.arange(20)}, permutations=199, random=random)
    >>> found["sex=F"].p_value
    0.005
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray
from scipy import sparse

from misyn.evaluate.caveats import FEW
from misyn.evaluate.coverage import SMALLEST
from misyn.evaluate.pair import Pair
from misyn.evaluate.sampling import generator, one_each
from misyn.results import HypothesisTest

Bools = NDArray[np.bool_]
Floats = NDArray[np.float64]
Ints = NDArray[np.int64]

TOGETHER = 200  # permutations looked at together
BLOCK = 1 << 22  # distances held at once
TIE = 1e-6  # float32 sums
FINER = 10  # times as many permutations as the study's: Holm over many groups needs small p-values


@dataclass(frozen=True)
class LeftOut:
    """One group's test.

    Attributes:
        excess: coverage the group lost against the baseline beyond what all others lost, in [−2, 2].
        p_value: (1 + permutations at least as extreme) / (1 + permutations), in (0, 1].
        n: medical images of the group.
    """

    excess: float
    p_value: float
    n: int


def inside(medical: Floats, others: Floats, *, radius: Floats) -> Bools:
    """Which of the others lie in which medical image's ball.

    Args:
        medical: (N, D) features.
        others: (M, D) features.
        radius: (N,) of every medical image's ball.

    Returns:
        (N, M) bool.
    """
    found = np.empty((len(medical), len(others)), bool)
    norms = np.einsum("ij,ij->i", others, others)
    step = max(1, BLOCK // len(others))
    for start in range(0, len(medical), step):
        rows = medical[start : start + step]
        squared = np.einsum("ij,ij->i", rows, rows)[:, None] + norms - 2 * (rows @ others.T)
        found[start : start + step] = squared < radius[start : start + step, None] ** 2
    return found


def by_group(
    inside: Bools, n_synthetic: int, members: Mapping[str, Ints], *, permutations: int, random: np.random.Generator
) -> dict[str, LeftOut]:
    """Test every group that is large enough.

    Args:
        inside: (N, M) which pooled image lies in which medical image's ball; the first ``n_synthetic`` are synthetic.
        n_synthetic: how many; the other M − n are medical images of other patients.
        members: group → indices of its medical images, in [0, N).
        permutations: how many, ≥ 1.
        random: makes them.
    """
    n, pooled = inside.shape
    tested = {g: m for g, m in members.items() if SMALLEST <= len(m) <= n - SMALLEST}
    if not tested or n_synthetic in {0, pooled}:
        return {}
    labels = np.arange(pooled) < n_synthetic
    contrast = _contrasts(list(tested.values()), n)
    balls = sparse.csr_array(inside.astype(np.float32))
    observed = _excess(balls, contrast, labels[:, None])[:, 0]
    extreme = np.zeros(len(tested))
    for start in range(0, permutations, TOGETHER):
        columns = min(TOGETHER, permutations - start)
        drawn = _excess(balls, contrast, random.permuted(np.tile(labels[:, None], columns), axis=0))
        extreme += np.sum(drawn >= observed[:, None] - TIE, axis=1)
    p_values = (1 + extreme) / (1 + permutations)
    return {
        group: LeftOut(float(excess), float(p), len(images))
        for (group, images), excess, p in zip(tested.items(), observed, p_values, strict=True)
    }


def _contrasts(members: list[Ints], n: int) -> Floats:
    """Weights that take a group's mean minus the mean of all others: (groups, N)."""
    found = np.zeros((len(members), n))
    for row, images in zip(found, members, strict=True):
        row[:] = -1 / (n - len(images))
        row[images] = 1 / len(images)
    return found


def _excess(balls: sparse.csr_array, contrast: Floats, labels: Bools) -> Floats:
    """Loss of coverage of every group beyond that of others, for every column of labels."""
    synthetic = (balls @ labels.astype(np.float32)) > 0
    medical = (balls @ (~labels).astype(np.float32)) > 0
    lost = medical.astype(np.float32) - synthetic
    return np.asarray(contrast.astype(np.float32) @ lost, np.float64)


def tests(main: Pair, baseline: Pair) -> Iterator[HypothesisTest]:
    """Test every group of the medical set against which the baseline was measured.

    Args:
        main: the medical set and the synthetic images.
        baseline: medical images in the synthetic images' place, and what they were measured against.
    """
    medical, origin = baseline.medical, baseline.medical.origin
    if min(medical.n_units, baseline.other.n_units, main.other.n_units) < FEW or baseline.balls is None:
        return
    random = generator(main.settings.seed, "left out", origin)
    single = baseline.other.take(one_each(baseline.other.patients, random))
    n = min(len(single), len(main.other), main.settings.most)
    drawn = [np.sort(random.permutation(len(sample))[:n]) for sample in (main.other, single)]
    pooled = np.concatenate([main.other.features[drawn[0]], single.features[drawn[1]]])
    balls = inside(medical.features, pooled, radius=baseline.own.distances[:, -1])
    many = FINER * main.settings.permutations - 1
    for group, found in by_group(balls, n, medical.members, permutations=many, random=random).items():
        yield HypothesisTest(
            name="left_out",
            statistic=found.excess,
            p_value=found.p_value,
            null=f"{main.said} and {baseline.said} are draws from one distribution; the statistic is how much more "
            f"coverage the medical images with {group} lose by synthetic images than all others lose",
            method=f"permutation test of coverage, one-sided, {many} permutations; {baseline.near}; one image per "
            "patient or unit in the baseline",
            n_medical=found.n,
            n_synthetic=n,
            set=origin,
            group=group,
            seed=main.settings.seed,
        )
