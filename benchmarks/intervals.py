"""Coverage of printed intervals and type I error of tests, by simulation.

``python benchmarks/intervals.py``: intervals at 30, 100 and 1,000 patients against a truth known from the model; tests
over many nulls. The dimensions are few and the points Gaussian or skewed; images of real techniques are neither.
"""

from __future__ import annotations

import argparse
from collections.abc import Callable, Iterator

import numpy as np
from numpy.typing import NDArray
from scipy import stats

from misyn.evaluate import classifier, ranks, shift
from misyn.evaluate.statistics import Interval, clopper_pearson, mean_interval, median_interval, superiority

Floats = NDArray[np.float64]
Random = np.random.Generator
ALPHA, D = 0.05, 8


def area(effect: float) -> Callable[[int, Random], tuple[Interval | None, float]]:
    """The area under the curve of two normal samples of other spread."""

    def once(n: int, random: Random) -> tuple[Interval | None, float]:
        found = superiority(random.normal(effect, 1.5, n), random.normal(0, 1, n))[1]
        return found, float(stats.norm.cdf(effect / np.hypot(1.5, 1)))

    return once


def share(truth: float) -> Callable[[int, Random], tuple[Interval | None, float]]:
    return lambda n, random: (clopper_pearson(int(random.binomial(n, truth)), n), truth)


def median(n: int, random: Random) -> tuple[Interval | None, float]:
    return median_interval(random.lognormal(size=n)), 1.0


def mean(n: int, random: Random) -> tuple[Interval | None, float]:
    return mean_interval(random.gamma(1.0, size=n)), 1.0


INTERVALS: dict[str, Callable[[int, Random], tuple[Interval | None, float]]] = {
    "shift, membership_risk: area 0.50 (DeLong, logit)": area(0.0),
    "the same, area 0.71": area(1.0),
    "the same, area 0.95": area(3.0),
    "shares (Clopper–Pearson), 0.5": share(0.5),
    "shares (Clopper–Pearson), 0.95": share(0.95),
    "median (order statistics)": median,
    "mean of a skewed law (t)": mean,
}


def mmd(random: Random) -> float:
    a, b = random.normal(size=(40, D)), random.normal(size=(60, D))
    return shift.mmd_test(a, b, permutations=199, seed=int(random.integers(1 << 30))).p_value


def energy(random: Random) -> float:
    a, b = random.normal(size=(40, D)), random.normal(size=(60, D))
    return shift.energy_test(a, b, permutations=199, seed=int(random.integers(1 << 30))).p_value


def by_patient(test: Callable[..., shift.MMD | shift.Energy]) -> Callable[[Random], float]:
    """Patients of two images each that resemble each other, moved together."""

    def once(random: Random) -> float:
        sets = [np.repeat(random.normal(size=(n, D)), 2, axis=0) + random.normal(size=(2 * n, D)) / 2 for n in (25, 30)]
        patients = np.repeat(np.arange(25), 2), np.repeat(np.arange(25, 55), 2)
        return test(*sets, permutations=199, seed=int(random.integers(1 << 30)), patients=patients).p_value

    return once


def told(random: Random) -> float:
    a, b = random.normal(size=(60, D)), random.normal(size=(40, D))
    return classifier.tell_apart(a, b, permutations=199, random=random).p_value


def ranked(random: Random) -> float:
    a, b = random.lognormal(size=(40, 1)), random.lognormal(size=(60, 1))
    return float(ranks.rank_test(a, b, permutations=199, random=random)[0])


TESTS: dict[str, Callable[[Random], float]] = {
    "mmd": mmd,
    "mmd by patient": by_patient(shift.mmd_test),
    "energy": energy,
    "energy by patient": by_patient(shift.energy_test),
    "c2st": told,
    "shift_… (ranks)": ranked,
}


def coverage(trials: int, random: Random) -> Iterator[str]:
    """One line per interval."""
    for name, once in INTERVALS.items():
        cells = []
        for n in (30, 100, 1000):
            found = [once(n, random) for _ in range(trials)]
            given = [(interval, truth) for interval, truth in found if interval is not None]
            held = np.mean([i.low <= truth <= i.high for i, truth in given]) if given else None
            cells.append("none given" if held is None else f"{held:.1%}, given in {len(given) / trials:.0%}")
        yield f"| {name} | {' | '.join(cells)} |"


def main() -> None:
    parser = argparse.ArgumentParser(description=(__doc__ or "").splitlines()[0])
    parser.add_argument("--trials", type=int, default=2000)
    parser.add_argument("--nulls", type=int, default=1000)
    parser.add_argument("--tests-only", action="store_true")
    options = parser.parse_args()
    random = np.random.default_rng(0)
    if not options.tests_only:
        print("| 95 % interval | 30 | 100 | 1,000 |\n|---|---|---|---|")
        for line in coverage(options.trials, random):
            print(line, flush=True)
    print("| test | rejected at 5 % under its null |\n|---|---|")
    for name, once in TESTS.items():
        found = np.array([once(random) for _ in range(options.nulls)]) <= ALPHA
        interval = clopper_pearson(int(found.sum()), len(found))
        print(f"| {name} | {found.mean():.1%} ({interval.low:.1%} to {interval.high:.1%}) |", flush=True)


if __name__ == "__main__":
    main()
