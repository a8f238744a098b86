"""Do intervals over other patients hold? Simulated studies with several images per patient that resemble each other.

``python benchmarks/intervals_by_patient.py [--patients 30 100 1000] [--trials 300] [--law same …]``: patients have 1 +
Poisson(1) images; of what varies between images of one group, 60 % varies between patients. The law is a mixture of
four groups (55, 25, 15, 5 %) in 6 dimensions, seen through 32 features that are not linear in them. Synthetic images,
as many as medical ones, follow the same law, a narrower one, a shifted one, or lack the two small groups; or stand for
medical images of other patients (``baseline``). Truth is the mean of a measure over all trials: the measure *at this
number of patients*. The factors of ``misyn.evaluate.subsampling`` were chosen on seeds 1,000,000 and up of four of
these laws; ``--law other …`` (two groups, 12 dimensions, heavier tails, up to 6 images per patient) had no part in it.
"""

from __future__ import annotations

import argparse
import time
from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from misyn.evaluate import shift
from misyn.evaluate.resampled import Few, measured
from misyn.evaluate.statistics import Interval, clopper_pearson
from misyn.evaluate.subsampling import Spread, fraction, interval, spreads

Floats = NDArray[np.float64]
Ints = NDArray[np.int64]
Random = np.random.Generator
K, WITHIN = 5, 0.4
WHOLES = 100  # patients up to which Fréchet and MMD² are tried: they fail there already


@dataclass(frozen=True)
class Law:
    """Where images come from.

    Attributes:
        dimensions: that vary; seen through ``features`` features.
        shares: of the groups.
        narrow, shift: how the technique differs; ``kept`` says which groups it draws.
        baseline: medical images of other patients stand in the synthetic images' place.
        held_out: as many other patients calibrate support.
    """

    dimensions: int = 6
    features: int = 32
    shares: tuple[float, ...] = (0.55, 0.25, 0.15, 0.05)
    narrow: float = 1.0
    shift: float = 0.0
    kept: int = 4
    tails: float | None = None
    images: float = 1.0
    baseline: bool = False
    held_out: bool = False


LAWS = {
    "same": Law(),
    "narrower": Law(narrow=0.7),
    "shifted": Law(shift=0.5),
    "groups dropped": Law(kept=2),
    "baseline": Law(baseline=True),
    "held-out": Law(held_out=True),
    "other: same": Law(dimensions=12, features=48, shares=(0.7, 0.3), kept=2, tails=5, images=2.5),
    "other: group dropped": Law(dimensions=12, features=48, shares=(0.7, 0.3), kept=1, tails=5, images=2.5),
    "other: shifted": Law(dimensions=12, features=48, shares=(0.7, 0.3), kept=2, tails=5, images=2.5, shift=0.4),
}


def drawn(law: Law, n: int, random: Random, *, technique: bool, single: bool) -> tuple[Floats, Ints, Ints]:
    """Features, patients and groups of n patients' images."""
    count = np.ones(n, int) if single else 1 + random.poisson(law.images, n)
    patients = np.repeat(np.arange(n), count)
    shares = np.array(law.shares[: law.kept] if technique else law.shares)
    group = random.choice(len(shares), n, p=shares / shares.sum())[patients]
    narrow, shifted = (law.narrow, law.shift) if technique else (1.0, 0.0)
    between, within = _noise(law, n, random), _noise(law, len(patients), random)
    fixed = np.random.default_rng(99)
    centres = fixed.normal(size=(len(law.shares), law.dimensions)) * 1.5
    seen = fixed.normal(size=(law.dimensions, law.features)) / np.sqrt(law.dimensions)
    hidden = centres[group] + shifted + narrow * (between[patients] * np.sqrt(1 - WITHIN) + within * np.sqrt(WITHIN))
    spread = 0.3 * narrow * random.normal(size=(len(patients), law.features))
    return 2 * np.tanh(hidden @ seen) + 0.5 * hidden @ seen + spread, patients, group


def _noise(law: Law, n: int, random: Random) -> Floats:
    size = (n, law.dimensions)
    if law.tails is None:
        return random.normal(size=size)
    return np.asarray(random.standard_t(law.tails, size=size) * np.sqrt((law.tails - 2) / law.tails))


def study(law: Law, n: int, random: Random) -> Few:
    """One simulated comparison."""
    medical, patients, group = drawn(law, n, random, technique=False, single=False)
    groups = {f"group {g} ({share:.0%})": group == g for g, share in enumerate(law.shares)}
    if law.baseline:
        other, others, _ = drawn(law, n, random, technique=False, single=False)
        return Few(medical, patients, other, others + n, groups)
    other = drawn(law, len(medical), random, technique=True, single=True)[0]
    if law.held_out:
        unseen, of_unseen, _ = drawn(law, n, random, technique=False, single=False)
        return Few(medical, patients, other, None, groups, unseen, of_unseen + n)
    return Few(medical, patients, other, None, groups)


def trial(law: Law, n: int, seed: int) -> tuple[dict[str, float], dict[str, Spread], dict[str, tuple[int, int]]]:
    """Values, spreads, and how many images and patients each share counts."""
    random = np.random.default_rng([seed, n])
    few = study(law, n, random)
    values, found = measured(few, k=K), spreads(few, k=K, random=random)
    if n <= WHOLES:
        values, found = values | wholes(few), found | _of_wholes(few, random)
    others = len(few.other) if few.others is None else n
    counted = dict.fromkeys(values, (len(few.medical), n))
    counted |= dict.fromkeys(("precision", "support", "authenticity"), (len(few.other), others))
    for g, members in few.groups.items():
        counted[f"coverage[{g}]"] = (int(members.sum()), max(1, len(np.unique(few.patients[members]))))
    return values, found, counted


def wholes(few: Few) -> dict[str, float]:
    return {"frechet": shift.frechet(few.medical, few.other), "mmd2": shift.mmd2(few.medical, few.other)}


def _of_wholes(few: Few, random: Random, parts: int = 20) -> dict[str, Spread]:
    """The same spread of what compares whole sets (fewer parts: they only show what is wrong with it)."""
    share, ids = fraction(few), np.unique(few.patients)
    found = []
    for _ in range(parts):
        a = np.isin(few.patients, random.permutation(ids)[: round(share * len(ids))])
        b = random.permutation(len(few.other))[: round(share * len(few.other))]
        found.append((shift.frechet(few.medical[a], few.other[b]), shift.mmd2(few.medical[a], few.other[b])))
    deviation = np.std(found, axis=0, ddof=1) * np.sqrt(share / (1 - share))
    return {name: Spread(float(d), parts) for name, d in zip(("frechet", "mmd2"), deviation, strict=True)}


def given(name: str, value: float, spread: Spread, counted: tuple[int, int]) -> Interval | None:
    """The interval as a study would print it, were the measure validated."""
    if name in {"frechet", "mmd2", "recall", "authenticity"}:
        half = 2.093 * spread.deviation  # Student's t, 19 degrees of freedom
        return Interval(value - half, value + half)
    return interval(name.split("[", 1)[0], value, spread, counted=counted[0], units=counted[1])


def main() -> None:
    parser = argparse.ArgumentParser(description=(__doc__ or "").splitlines()[0])
    parser.add_argument("--patients", type=int, nargs="+", default=[30, 100, 1000])
    parser.add_argument("--trials", type=int, default=300)
    parser.add_argument("--law", nargs="+", choices=LAWS, default=list(LAWS))
    parser.add_argument("--seed", type=int, default=0, help="of the first trial")
    options = parser.parse_args()
    print("| law | patients | measure | true | given in | true value inside | deviation before its factor, over true |")
    print("|---|---|---|---|---|---|---|", flush=True)
    for n in options.patients:
        for name in options.law:
            started = time.perf_counter()
            found = [trial(LAWS[name], n, options.seed + t) for t in range(options.trials)]
            for line in lines(found):
                print(f"| {name} | {n} | {line} |")
            print(f"<!-- {name} {n}: {(time.perf_counter() - started) / options.trials:.2f} s a trial -->", flush=True)


def lines(found: list[tuple[dict[str, float], dict[str, Spread], dict[str, tuple[int, int]]]]) -> list[str]:
    """One line per measure."""
    result = []
    for name in found[0][0]:
        rows = [(v[name], s.get(name), c[name]) for v, s, c in found if np.isfinite(v.get(name, np.nan))]
        values = np.array([value for value, _, _ in rows])
        true, deviation = values.mean(), values.std()
        kept = [given(name, v, s, c) for v, s, c in rows if s is not None]
        inside = [i.low <= true <= i.high for i in kept if i is not None]
        ratio = np.sqrt(np.mean([s.deviation**2 for _, s, _ in rows if s is not None])) / max(deviation, 1e-12)
        said = "none given"
        if inside:
            error = clopper_pearson(int(np.sum(inside)), len(inside))
            said = f"{np.mean(inside):.1%} ({error.low:.1%} to {error.high:.1%})"
        result.append(f"{name} | {true:.4g} | {len(inside) / len(found):.0%} | {said} | {ratio:.2f}")
    return result


if __name__ == "__main__":
    main()
