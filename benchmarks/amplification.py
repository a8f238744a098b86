"""Type I error, power and intervals of amplification: ``python benchmarks/amplification.py [--runs 1000]``.

Images are drawn from tables of label and group with a stated link (phi) and stated shares. Nulls: the link is the same
on both sides, with the same shares and with other ones. Prints docs/results' tables.
"""

from __future__ import annotations

import argparse

import numpy as np
from numpy.typing import NDArray

from misyn.evaluate.amplification import LEAST, amplified

Cells = NDArray[np.float64]


def table(link: float, label: float, group: float) -> Cells:
    """Shares of both, label only, group only, neither, with this phi."""
    both = label * group + link * np.sqrt(label * (1 - label) * group * (1 - group))
    cells = np.array([both, label - both, group - both, 1 - label - group + both])
    if cells.min() < 0:
        raise ValueError(f"no table has link {link} with shares {label} and {group}")
    return cells


def run(first: Cells, second: Cells, n: tuple[int, int], *, runs: int, difference: float) -> tuple[float, float, int]:
    """Share of runs with p ≤ .05, share of intervals that hold the difference, and how many intervals there were."""
    random = np.random.default_rng(0)
    small, held, given, measured = 0, 0, 0, 0
    while measured < runs:
        tables = [random.multinomial(n, cells) for n, cells in zip(n, (first, second), strict=True)]
        margins = [min(t[0] + t[1], t[2] + t[3], t[0] + t[2], t[1] + t[3]) for t in tables]
        if min(margins) < LEAST:
            continue
        measured += 1
        found = amplified(*tables, permutations=999, random=random)
        small += found.p_value <= 0.05
        if found.interval is not None:
            given += 1
            held += found.interval.low <= difference <= found.interval.high
    return small / runs, held / max(given, 1), given


CASES = (
    ("same shares, no link", (0.0, 0.3, 0.5), (0.0, 0.3, 0.5)),
    ("same shares, link .3", (0.3, 0.3, 0.5), (0.3, 0.3, 0.5)),
    ("same shares, rare, link .15", (0.15, 0.12, 0.2), (0.15, 0.12, 0.2)),
    ("other shares, no link", (0.0, 0.5, 0.3), (0.0, 0.15, 0.6)),
    ("other shares, link .3", (0.3, 0.5, 0.4), (0.3, 0.25, 0.6)),
    ("link .3 → .4", (0.4, 0.3, 0.5), (0.3, 0.3, 0.5)),
    ("link .3 → .5", (0.5, 0.3, 0.5), (0.3, 0.3, 0.5)),
    ("link 0 → .2", (0.2, 0.3, 0.5), (0.0, 0.3, 0.5)),
)
SIZES = ((200, 100), (500, 300), (2000, 1000))


def main() -> None:
    parser = argparse.ArgumentParser(description=(__doc__ or "").splitlines()[0])
    parser.add_argument("--runs", type=int, default=1000)
    options = parser.parse_args()
    print(
        "| link and shares | synthetic images | patients | p ≤ .05 | interval holds the difference | intervals given |"
    )
    print("|---|---|---|---|---|---|")
    for name, first, second in CASES:
        for n in SIZES:
            small, held, given = run(
                table(*first), table(*second), n, runs=options.runs, difference=first[0] - second[0]
            )
            print(f"| {name} | {n[0]} | {n[1]} | {small:.1%} | {held:.1%} | {given} of {options.runs} |", flush=True)


if __name__ == "__main__":
    main()
