"""How far from the truth are the Fréchet distance, its extrapolation and its floor?

``python benchmarks/frechet_bias.py``: Gaussian points, whose true distance is known: equal laws, or one moved by 1 in a
direction and half as wide in half of the dimensions. Spectra: flat, or falling as those of image features do (the k-th
spread as k^-0.5).
"""

from __future__ import annotations

import argparse

import numpy as np

from misyn.evaluate.moments import frechet, frechet_bounds


def main() -> None:
    parser = argparse.ArgumentParser(description=(__doc__ or "").splitlines()[0])
    parser.add_argument("--trials", type=int, default=20)
    options = parser.parse_args()
    random = np.random.default_rng(0)
    print("| features | spectrum | laws | images | truth | floor | extrapolated | distance at this n |")
    print("|---|---|---|---|---|---|---|---|")
    for d in (32, 287):
        for spectrum, power in (("flat", 0.0), ("falling", 0.5)):
            spread = np.arange(1, d + 1) ** -power
            for laws, moved, narrow in (("equal", 0.0, 1.0), ("apart", 1.0, 0.5)):
                other = spread * np.where(np.arange(d) % 2, narrow, 1.0)
                truth = moved**2 + float(np.sum((spread - other) ** 2))
                for n in (50, 200, 1000):
                    found = []
                    for _ in range(options.trials if n < 1000 else max(4, options.trials // 4)):
                        a, b = random.normal(size=(n, d)) * spread, random.normal(size=(n, d)) * other
                        b[:, 0] += moved
                        bounds = frechet_bounds(a, b, patients=(np.arange(n), np.arange(n)), random=random)
                        assert bounds is not None  # noqa: S101 - fifty images have halves
                        found.append((bounds.floor, bounds.extrapolated, frechet(a, b)))
                    means = " | ".join(f"{value:.3g}" for value in np.mean(found, axis=0))
                    print(f"| {d} | {spectrum} | {laws} | {n} | {truth:.3g} | {means} |", flush=True)


if __name__ == "__main__":
    main()
