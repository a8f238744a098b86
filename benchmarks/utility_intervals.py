"""Do the intervals and tests of usefulness hold? Simulated patients with several images each, against a known truth.

``python benchmarks/utility_intervals.py``: share of 95 % intervals that hold the truth at 20 to 1,000 patients,
rejections of DeLong's test by patient under no difference, and of equivalence at a true difference of the margin.
Scores are normal with an effect of the patient; real models' scores are not.
"""

from __future__ import annotations

import argparse
from collections.abc import Callable, Iterator
from dataclasses import dataclass
from functools import lru_cache

import numpy as np
from numpy.typing import NDArray
from scipy import special

from misyn.evaluate.statistics import Interval, clopper_pearson
from misyn.evaluate.utility import clustered
from misyn.evaluate.utility.auroc import auroc, delong, macro_interval
from misyn.evaluate.utility.equivalence import tost
from misyn.evaluate.utility.resampling import Draws

Floats = NDArray[np.float64]
Random = np.random.Generator
PATIENTS = (20, 30, 50, 100, 1000)
SHARE, MANY = 0.3, 300_000
EFFECT = 0.7  # of the patient on every score, in the spread of one image
SCALE = np.hypot(1, EFFECT)


@dataclass(frozen=True)
class Drawn:
    """Images of some patients: who, what is so, and two models' scores."""

    patients: NDArray[np.int64]
    positive: NDArray[np.bool_]
    first: Floats
    second: Floats


def draw(patients: int, *, first: float, second: float, random: Random) -> Drawn:
    """1 to 4 images of every patient; scores rise by these effects where the condition is there."""
    who = np.repeat(np.arange(patients), random.integers(1, 5, patients))
    often = np.clip(random.beta(2, 2 / SHARE - 2, patients), 0.01, 0.99)
    positive = random.random(len(who)) < often[who]
    own = random.normal(0, EFFECT, patients)[who]
    a, b = (own + random.normal(size=len(who)) + d * SCALE * positive for d in (first, second))
    return Drawn(who, positive, a, b)


Value = Callable[[Drawn, Floats], Floats]


def area(drawn: Drawn, weights: Floats) -> Floats:
    return np.full(len(weights), auroc(drawn.positive, drawn.second))


def gain(drawn: Drawn, weights: Floats) -> Floats:
    return area(drawn, weights) - auroc(drawn.positive, drawn.first)


def found_share(drawn: Drawn, weights: Floats) -> Floats:
    return Draws.mean(weights, (drawn.second > 0).astype(float), drawn.positive)


def brier(drawn: Drawn, weights: Floats) -> Floats:
    return Draws.mean(weights, (special.expit(drawn.second - 1) - drawn.positive) ** 2)


def skewed(drawn: Drawn, weights: Floats) -> Floats:
    """Like Dice: mostly near 1, with a tail."""
    return Draws.mean(weights, special.expit(drawn.second + 1))


ROWS: dict[str, tuple[Value, float, float]] = {
    "area 0.60": (area, 0.0, 0.36),
    "area 0.85": (area, 0.0, 1.46),
    "area 0.97": (area, 0.0, 2.66),
    "gain 0": (gain, 1.0, 1.0),
    "gain from 0.76 to 0.86": (gain, 1.0, 1.5),
    "sensitivity": (found_share, 0.0, 1.3),
    "Brier score": (brier, 0.0, 1.0),
    "mean of a skewed overlap": (skewed, 0.0, 1.0),
}


DELONG = tuple(name for name in ROWS if name.startswith(("area", "gain", "sens")))


def by_delong(name: str, drawn: Drawn) -> Interval | None:
    """As misyn writes areas and gains down."""
    classes, patients = drawn.positive.astype(np.int64), drawn.patients
    if min(classes.sum(), len(classes) - classes.sum()) < 2:
        return None
    if name == "sensitivity":
        right, among = drawn.second > 0, drawn.positive
        value = float(right[among].mean())
        freedom = clustered.freedom(patients, among)
        return clustered.share(value, among * (right - value) / among.sum(), patients, freedom=freedom)
    if name.startswith("area"):
        return macro_interval(classes, np.stack([-drawn.second, drawn.second], axis=1), patients=patients)
    found = delong(drawn.positive, drawn.first, drawn.second, patients=patients)
    return Interval(found.low, found.high)


def bootstrapped(measure: Value, drawn: Drawn, random: Random) -> Interval | None:
    return Draws.of(drawn.patients, random=random).interval(lambda weights: measure(drawn, weights))


@lru_cache
def truth(name: str) -> float:
    """The value over very many patients."""
    measure, first, second = ROWS[name]
    drawn = draw(MANY, first=first, second=second, random=np.random.default_rng(99))
    return float(measure(drawn, np.ones((1, len(drawn.positive))))[0])


def held(name: str, patients: int, *, trials: int, random: Random) -> str:
    """Share of intervals that hold the truth, and how many were given."""
    measure, first, second = ROWS[name]
    hits = []
    for _ in range(trials):
        drawn = draw(patients, first=first, second=second, random=random)
        interval = by_delong(name, drawn) if name in DELONG else bootstrapped(measure, drawn, random)
        if interval is not None:
            hits.append(interval.low <= truth(name) <= interval.high)
    if not hits:
        return "none given"
    exact = clopper_pearson(sum(hits), len(hits))
    return f"{np.mean(hits):.1%} ({exact.low:.1%} to {exact.high:.1%}; given in {len(hits) / trials:.0%})"


def rejected(patients: int, *, trials: int, random: Random, margin: float | None) -> str:
    """Rejections at 5 %: of no difference where there is none, of a difference where it is the margin."""
    p = []
    for _ in range(trials):
        drawn = draw(patients, first=1.0, second=1.0 if margin is None else 1.3, random=random)
        if min(drawn.positive.sum(), (~drawn.positive).sum()) < 2:
            continue
        found = delong(drawn.positive, drawn.first, drawn.second, patients=drawn.patients)
        p.append(found.p_value if margin is None else tost(found.difference, found.error, margin=margin))
    count = int((np.array(p) <= 0.05).sum())
    exact = clopper_pearson(count, len(p))
    return f"{count / len(p):.1%} ({exact.low:.1%} to {exact.high:.1%})"


def lines(trials: int, random: Random) -> Iterator[str]:
    heads = " | ".join(f"{n:,} patients" for n in PATIENTS)
    yield f"| 95 % interval | {heads} |\n|---|{'---|' * len(PATIENTS)}"
    for name in ROWS:
        few = 1 if name in DELONG else 4
        cells = [held(name, n, trials=trials if n < 1000 else trials // few, random=random) for n in PATIENTS]
        yield f"| {name} | {' | '.join(cells)} |"
    yield f"\n| test, rejected at 5 % | {heads} |\n|---|{'---|' * len(PATIENTS)}"
    cells = [rejected(n, trials=2 * trials, random=random, margin=None) for n in PATIENTS]
    yield f"| DeLong by patient, no difference | {' | '.join(cells)} |"
    big = draw(MANY, first=1.0, second=1.3, random=np.random.default_rng(99))
    margin = auroc(big.positive, big.second) - auroc(big.positive, big.first)
    cells = [rejected(n, trials=2 * trials, random=random, margin=margin) for n in PATIENTS]
    yield f"| equivalence, true difference at the margin ({margin:.3f}) | {' | '.join(cells)} |"


def main() -> None:
    parser = argparse.ArgumentParser(description=(__doc__ or "").splitlines()[0])
    parser.add_argument("--trials", type=int, default=1000)
    options = parser.parse_args()
    for line in lines(options.trials, np.random.default_rng(0)):
        print(line, flush=True)


if __name__ == "__main__":
    main()
