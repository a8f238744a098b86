"""Power and type I error of the test for groups left out (:mod:`misyn.evaluate.left_out`).

``python benchmarks/left_out.py``: patients are points in ``D`` = 16 dimensions, one image each; a group of a given
share lies ``effect`` standard deviations away from the others, along the diagonal. Half of the patients are measured
against, the other half stands in the synthetic images' place; as many synthetic points are drawn with the group left
out (power) or not (type I error). Twelve other groups of random members are tested too, all corrected together (Holm).
"""

from __future__ import annotations

import argparse

import numpy as np

from misyn.evaluate import left_out, neighbours
from misyn.evaluate.statistics import clopper_pearson, holm

D, OTHERS, ALPHA = 16, 12, 0.05


def drawn(n: int, share: float, effect: float, random: np.random.Generator) -> tuple[np.ndarray, np.ndarray]:
    """Points and who is of the group."""
    group = np.arange(n) < round(share * n)
    points = random.normal(size=(n, D)) + np.where(group[:, None], effect / np.sqrt(D), 0)
    return points, group


def trial(
    patients: int, share: float, effect: float, kept: float, random: np.random.Generator, permutations: int
) -> tuple[float, float, float]:
    """The group's corrected p-value, its own, and the smallest corrected one of all groups."""
    half = patients // 2
    medical, group = drawn(half, share, effect, random)
    baseline, _ = drawn(half, share, effect, random)
    synthetic, _ = drawn(half, share * kept, effect, random)
    members = {"group": np.flatnonzero(group)}
    members |= {f"other={n}": np.flatnonzero(random.random(half) < random.uniform(0.05, 0.5)) for n in range(OTHERS)}
    radius = neighbours.within(medical, k=5).distances[:, -1]
    balls = left_out.inside(medical, np.concatenate([synthetic, baseline]), radius=radius)
    found = left_out.by_group(balls, half, members, permutations=permutations, random=random)
    adjusted = dict(zip(found, holm([test.p_value for test in found.values()]), strict=True))
    own = found["group"].p_value if "group" in found else 1.0
    return float(adjusted.get("group", 1.0)), own, float(min(adjusted.values()))


def main() -> None:
    parser = argparse.ArgumentParser(description=(__doc__ or "").splitlines()[0])
    parser.add_argument("--trials", type=int, default=60, help="per point of the power curve")
    parser.add_argument("--nulls", type=int, default=1000)
    options = parser.parse_args()
    random = np.random.default_rng(0)
    print("| patients | share | effect (SD) | found after Holm over 13 groups |\n|---|---|---|---|", flush=True)
    for patients, share in ((500, 0.1), (2000, 0.05), (2000, 0.1)):
        for effect in (1, 2, 3, 4, 6):
            p = [
                trial(patients, share, effect, kept=0, random=random, permutations=999)[0]
                for _ in range(options.trials)
            ]
            print(f"| {patients} | {share:.0%} | {effect} | {said(np.array(p) <= ALPHA)} |", flush=True)
    print("| null: patients | share | effect (SD) | p ≤ 5 % | any of 13 after Holm |\n|---|---|---|---|---|")
    for patients, share, effect in ((400, 0.1, 0), (400, 0.1, 4)):
        found = [trial(patients, share, effect, kept=1, random=random, permutations=199) for _ in range(options.nulls)]
        rejected = np.array(found) <= ALPHA
        print(f"| {patients} | {share:.0%} | {effect} | {said(rejected[:, 1])} | {said(rejected[:, 2])} |", flush=True)


def said(found: np.ndarray) -> str:
    interval = clopper_pearson(int(found.sum()), len(found))
    return f"{found.mean():.1%} ({interval.low:.1%} to {interval.high:.1%})"


if __name__ == "__main__":
    main()
