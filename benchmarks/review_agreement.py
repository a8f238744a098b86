"""How often does the interval of Cohen's kappa in `misyn review --compare` hold the true value?

    python benchmarks/review_agreement.py [--runs 300]

Two people decide n questions alike with probability kappa and by chance otherwise, with the same shares of answers.
Prints the share of runs whose interval held the true kappa, for several n and shares. Bar: 93 to 97 %.
"""

from __future__ import annotations

import argparse

import numpy as np

from misyn.practice.review.agreement import CELLS, FEWEST, kappa

SHARES = ((0.34, 0.33, 0.33), (0.6, 0.25, 0.15), (0.8, 0.15, 0.05), (0.7, 0.3, 0.0))
KAPPAS = (0.0, 0.3, 0.6, 0.8)
SEED = 20261122


def held(n: int, shares: tuple[float, ...], true: float, runs: int, chance: np.random.Generator) -> float:
    """The share of runs whose interval held the true value, among those where kappa is defined."""
    marginal = np.array(shares)
    cells = (true * np.diag(marginal) + (1 - true) * np.outer(marginal, marginal)).ravel()
    results = []
    for counts in chance.multinomial(n, cells, size=runs):
        found = kappa([cell for cell, count in zip(CELLS, counts, strict=True) for _ in range(count)])
        if found.low is not None and found.high is not None:
            results.append(found.low <= true <= found.high)
    return float(np.mean(results))


def main() -> None:
    parser = argparse.ArgumentParser()
    parser.add_argument("--runs", type=int, default=300)
    runs = parser.parse_args().runs
    chance = np.random.default_rng(SEED)
    print("| n | shares of answers | " + " | ".join(f"κ = {k}" for k in KAPPAS) + " |")
    print("|--:|---|" + "--:|" * len(KAPPAS))
    for n in (FEWEST, 40, 100):
        for shares in SHARES:
            row = [f"{100 * held(n, shares, k, runs, chance):.1f} %" for k in KAPPAS]
            print(f"| {n} | {', '.join(map(str, shares))} | " + " | ".join(row) + " |", flush=True)


if __name__ == "__main__":
    main()
