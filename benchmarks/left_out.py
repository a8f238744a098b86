"""Power and type I error of the test for groups left out (:mod:`misyn.evaluate.left_out`).

``python benchmarks/left_out.py``: patients are points in ``D`` = 16 dimensions, one image each; a group of a given
share lies ``effect`` standard deviations away from the others, along the diagonal. Each half of the patients judges the
other; as many synthetic points as patients are drawn with the group left out (power) or not (type I error). Twelve
other groups of random members are tested too, all corrected together (Holm).
"""

from __future__ import annotations

import argparse

import numpy as np

from misyn.evaluate import left_out
from misyn.evaluate.statistics import clopper_pearson, holm

D, OTHERS, ALPHA = 16, 12, 0.05


def drawn(n: int, share: float, effect: float, random: np.random.Generator) -> tuple[np.ndarray, np.ndarray]:
    """Points and who is of the group: how many is chance too, as among patients who come."""
    group = random.random(n) < share
    points = random.normal(size=(n, D)) + np.where(group[:, None], effect / np.sqrt(D), 0)
    return points, group


def trial(
    patients: int, share: float, effect: float, kept: float, random: np.random.Generator, permutations: int
) -> tuple[float, float, float]:
    """The group's corrected p-value, its own, and the smallest corrected one of all groups."""
    half = patients // 2
    (first, members), (second, others) = (_half(half, share, effect, random) for _ in range(2))
    synthetic = drawn(patients, share * kept, effect, random)[0][random.permutation(patients)]
    parts = [
        left_out.Part(first, members, second, synthetic[:half]),
        left_out.Part(second, others, first, synthetic[half:]),
    ]
    found = left_out.by_group(parts, permutations=permutations, random=random)
    adjusted = dict(zip(found, holm([test.p_value for test in found.values()]), strict=True))
    return float(adjusted["group"]), found["group"].p_value, float(min(adjusted.values()))


def _half(n: int, share: float, effect: float, random: np.random.Generator) -> tuple[np.ndarray, dict[str, np.ndarray]]:
    points, group = drawn(n, share, effect, random)
    return points, {"group": group} | {f"other={o}": random.random(n) < 0.05 + 0.04 * o for o in range(OTHERS)}


def main() -> None:
    parser = argparse.ArgumentParser(description=(__doc__ or "").splitlines()[0])
    parser.add_argument("--trials", type=int, default=60, help="per point of the power curve")
    parser.add_argument("--nulls", type=int, default=1000)
    parser.add_argument("--seed", type=int, default=0)
    options = parser.parse_args()
    random = np.random.default_rng(options.seed)
    print("| patients | share | effect (SD) | found after Holm over 13 groups |\n|---|---|---|---|", flush=True)
    for patients, share in ((500, 0.1), (2000, 0.05), (2000, 0.1)):
        for effect in (0.5, 1, 1.5, 2, 3, 4):
            p = [
                trial(patients, share, effect, kept=0, random=random, permutations=999)[0]
                for _ in range(options.trials)
            ]
            print(f"| {patients} | {share:.0%} | {effect} | {said(np.array(p) <= ALPHA)} |", flush=True)
    print("| null: patients | share | effect (SD) | p ≤ 5 % | any of 13 after Holm |\n|---|---|---|---|---|")
    for patients, share, effect in ((400, 0.1, 0), (400, 0.1, 4), (2000, 0.05, 2)):
        found = [trial(patients, share, effect, kept=1, random=random, permutations=199) for _ in range(options.nulls)]
        rejected = np.array(found) <= ALPHA
        print(f"| {patients} | {share:.0%} | {effect} | {said(rejected[:, 1])} | {said(rejected[:, 2])} |", flush=True)


def said(found: np.ndarray) -> str:
    interval = clopper_pearson(int(found.sum()), len(found))
    return f"{found.mean():.1%} ({interval.low:.1%} to {interval.high:.1%})"


if __name__ == "__main__":
    main()
