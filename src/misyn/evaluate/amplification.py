"""Do label and group go together more, or less, among synthetic images than among medical ones?

Rules
-----
1. The link of a label and a group is the correlation of two yes-or-no facts (phi), in [−1, 1]. Amplification is the
   link among synthetic images minus that among medical ones: above 0 where the two occur together more often than in
   medical images, below 0 where less often. One image per patient on the medical side.
2. Tested is the difference over its standard error, which keeps the permutation test honest where labels or groups are
   merely shown more or less often: only the link is asked about. Pairs are corrected together (Holm).
3. Of two labels, or two groups that divide the images between them, one is tested: the other says the same.
4. A pair is measured where label and group each have, and each lack, :data:`LEAST` images on both sides. What the
   table says of a synthetic image is taken at its word.

Sources: bias amplification after Zhao et al., EMNLP 2017; phi after Yule 1912; studentised permutation after Janssen,
Statist. Probab. Lett. 1997; type I error, power and intervals: ``docs/results/amplification-2026-11-22.md``.

Example:
    >>> even, linked = np.array([[40, 40, 40, 40]]), np.array([[70, 10, 10, 70]])
    >>> phi(even).tolist(), phi(linked).tolist()
    ([0.0], [0.75])
"""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray
from scipy import stats

from misyn.evaluate.caveats import FEW
from misyn.evaluate.pair import Pair
from misyn.evaluate.sampling import generator, one_each
from misyn.evaluate.sets import SYNTHETIC, Sample
from misyn.evaluate.statistics import Interval
from misyn.results import Estimate, HypothesisTest

Floats = NDArray[np.float64]
Ints = NDArray[np.int64]

LEAST = 10
FINER = 10  # times as many permutations as the study's: Holm over many pairs needs small p-values
CELLS = 5  # images in each of the four cells, on both sides, below which no interval is given
SPARSE = f"one of the four combinations has under {CELLS} images: the interval does not hold there"


@dataclass(frozen=True)
class Amplified:
    """One pair's result.

    Attributes:
        difference: link among synthetic images minus link among medical ones, in [−2, 2].
        interval: 95 %, of that difference; None where a cell is sparse.
        p_value: of the permutation test, in (0, 1].
    """

    difference: float
    interval: Interval | None
    p_value: float


def phi(cells: NDArray[np.integer]) -> Floats:
    """Correlation of two yes-or-no facts; 0 where one of them never varies.

    Args:
        cells: (..., 4) counts: both, label only, group only, neither.
    """
    both, label, group, neither = np.moveaxis(np.asarray(cells, np.float64), -1, 0)
    margins = (both + label) * (group + neither) * (both + group) * (label + neither)
    return np.where(margins > 0, (both * neither - label * group) / np.sqrt(np.maximum(margins, 1.0)), 0.0)


def error(cells: NDArray[np.integer]) -> Floats:
    """Standard error of phi, by leaving out one image at a time: (..., 4) to (...)."""
    counts = np.asarray(cells, np.float64)
    n = counts.sum(axis=-1)
    without = phi(np.maximum(counts[..., None, :] - np.eye(4), 0))
    mean = np.sum(counts * without, axis=-1) / n
    squares = np.sum(counts * (without - mean[..., None]) ** 2, axis=-1)
    return np.asarray(np.sqrt((n - 1) / n * squares), np.float64)


def amplified(synthetic: Ints, medical: Ints, *, permutations: int, random: np.random.Generator) -> Amplified:
    """Compare the link in two tables of independent images.

    Args:
        synthetic: (4,) counts as in :func:`phi`.
        medical: (4,) likewise.
        permutations: how many, ≥ 1.
        random: makes them.

    Example:
        >>> found = amplified(np.array([40, 10, 10, 40]), np.array([25, 25, 25, 25]), permutations=999,
        ...                   random=np.random.default_rng(0))
        >>> round(found.difference, 2), found.p_value
        (0.6, 0.001)
    """
    pooled, n = synthetic + medical, int(synthetic.sum())
    drawn = random.multivariate_hypergeometric(pooled, n, size=permutations, method="marginals")
    difference, spread = _contrast(synthetic, medical)
    permuted = _studentised(*_contrast(drawn, pooled - drawn))
    extreme = np.sum(permuted >= _studentised(difference, spread) - 1e-9)
    half = stats.norm.ppf(0.975) * float(spread)
    return Amplified(
        float(difference),
        Interval(float(difference) - half, float(difference) + half) if _dense(synthetic, medical) else None,
        float((1 + extreme) / (1 + permutations)),
    )


def _dense(*tables: Ints) -> bool:
    return all(int(table.min()) >= CELLS for table in tables)


def _contrast(synthetic: Ints, medical: Ints) -> tuple[Floats, Floats]:
    return phi(synthetic) - phi(medical), np.hypot(error(synthetic), error(medical))


def _studentised(difference: Floats, spread: Floats) -> Floats:
    size = np.abs(difference)
    return np.where(spread > 0, size / np.maximum(spread, 1e-12), np.where(size > 0, np.inf, 0.0))


def compare(pair: Pair) -> tuple[list[Estimate], list[HypothesisTest]]:
    """Every pair of label and group that both sides carry; nothing for baselines or too few patients."""
    if pair.suffix or pair.other.origin != SYNTHETIC or min(pair.medical.n_units, pair.other.n_units) < FEW:
        return [], []
    sides = [
        sample.take(one_each(sample.patients, generator(pair.settings.seed, "amplification", sample.origin)))
        for sample in (pair.other, pair.medical)
    ]
    many = FINER * pair.settings.permutations - 1
    random = generator(pair.settings.seed, "amplification", "permutations", pair.medical.origin)
    estimates: list[Estimate] = []
    tests: list[HypothesisTest] = []
    for label, group in _pairs(*sides):
        tables = [_cells(side, label, group) for side in sides]
        if min(_margins(tables[0]), _margins(tables[1])) >= LEAST:
            found = amplified(*tables, permutations=many, random=random)
            name = f"{label} & {group}"
            estimates.append(_estimate(pair, name, found, tables))
            tests.append(_test(pair, name, found, tables, many=many))
    return estimates, tests


def _pairs(synthetic: Sample, medical: Sample) -> Iterator[tuple[str, str]]:
    """Labels and groups that both sides name, less those that only repeat another one (rule 3)."""
    shared = sorted(set(synthetic.members) & set(medical.members))
    columns: dict[str, list[str]] = {}
    for name in shared:
        columns.setdefault(name.split("=", 1)[0], []).append(name)
    told = {column: names[:1] if len(names) == 2 else names for column, names in columns.items()}
    for label in told.pop("label", []):
        yield from ((label, group) for names in told.values() for group in names)


def _cells(sample: Sample, label: str, group: str) -> Ints:
    """Counts of images with both, with the label only, the group only, and neither."""
    has = np.zeros((2, len(sample)), bool)
    for row, name in zip(has, (label, group), strict=True):
        row[sample.members[name]] = True
    found = (has[0] & has[1], has[0] & ~has[1], ~has[0] & has[1], ~has[0] & ~has[1])
    return np.array([int(kept.sum()) for kept in found], np.int64)


def _margins(cells: Ints) -> int:
    """The smallest of: with and without the label, with and without the group."""
    both, label, group, neither = (int(n) for n in cells)
    return min(both + label, group + neither, both + group, label + neither)


def said(tables: list[Ints], name: str) -> str:
    """The two links in words that need no statistics.

    Example:
        >>> print(said([np.array([30, 10, 20, 40]), np.array([10, 30, 20, 40])], "label=a & sex=F"))
        of synthetic images with label=a, 75 % are sex=F (of the others 33 %); of medical ones 25 % (of the others 33 %)
    """
    label, group = name.split(" & ", 1)
    first, second = (
        (f"{c[0] / (c[0] + c[1]):.0%}".replace("%", " %"), f"{c[2] / (c[2] + c[3]):.0%}".replace("%", " %"))
        for c in tables
    )
    return (
        f"of synthetic images with {label}, {first[0]} are {group} (of the others {first[1]}); of medical ones "
        f"{second[0]} (of the others {second[1]})"
    )


def _estimate(pair: Pair, name: str, found: Amplified, tables: list[Ints]) -> Estimate:
    kept = None if pair.no_interval else found.interval
    links = [float(phi(table)) for table in tables]
    return Estimate(
        name="amplification",
        value=found.difference,
        low=kept.low if kept else None,
        high=kept.high if kept else None,
        reason=None if kept else pair.no_interval or SPARSE,
        estimand=f"link of label and group among draws of the technique ({links[0]:.2f} here) minus that among "
        f"patients of the same source as {pair.medical.name} ({links[1]:.2f} here): {said(tables, name)}",
        unit=pair.medical.unit,
        n_medical=int(tables[1].sum()),
        n_synthetic=int(tables[0].sum()),
        n_patients=pair.medical.n_patients,
        group=name,
        set=pair.medical.origin,
        method="difference of phi, one image per patient or unit; normal interval, jackknife",
        seed=pair.settings.seed,
    )


def _test(pair: Pair, name: str, found: Amplified, tables: list[Ints], *, many: int) -> HypothesisTest:
    return HypothesisTest(
        name="amplification",
        statistic=found.difference,
        p_value=found.p_value,
        null=f"label and group are linked as strongly among {pair.said} as among patients of {pair.medical.name}",
        method=f"studentised permutation test of the difference of phi, {many} permutations; one image per patient or "
        "unit",
        n_medical=int(tables[1].sum()),
        n_synthetic=int(tables[0].sum()),
        set=pair.medical.origin,
        group=name,
        seed=pair.settings.seed,
    )
