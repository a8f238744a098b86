"""Pairs: how many planted spots are found, and do intervals of means over patients hold?

``python benchmarks/pairs.py [DATA]``: DATA holds ``ham10000/``. Sources are dermoscopic images; targets are the same
with noise and JPEG compression; outputs are targets with a dark spot planted at a random place (made up), or without
the one that source and target have (lost). The threshold is that of a study: from the targets. Aggregate numbers only.
"""

from __future__ import annotations

import argparse
import io
from pathlib import Path

import numpy as np
from numpy.typing import NDArray
from PIL import Image

from misyn.evaluate.pairs.results import mean_interval
from misyn.evaluate.pairs.structures import Structure, excesses
from misyn.evaluate.pairs.thresholds import control, threshold
from misyn.evaluate.statistics import clopper_pearson

Plane = NDArray[np.float32]
Random = np.random.Generator
LAWS = {
    "Gamma, shape 4": (lambda r, s: r.gamma(4, size=s), 4.0, True),
    "Gamma, shape 2": (lambda r, s: r.gamma(2, size=s), 2.0, True),
    "log-normal, 0.5": (lambda r, s: r.lognormal(0, 0.5, size=s), float(np.exp(0.125)), True),
    "Beta(18, 2), as SSIM": (lambda r, s: r.beta(18, 2, size=s), 0.9, False),
}


def means(trials: int, random: Random) -> None:
    print("| law of a patient's number | 30 patients | 100 | 1,000 |\n|---|---|---|---|")
    for name, (law, true, logarithm) in LAWS.items():
        cells = []
        for n in (30, 100, 1000):
            found = [mean_interval(law(random, n), logarithm=logarithm) for _ in range(trials)]
            cells.append(f"{np.mean([i is not None and i.low <= true <= i.high for i in found]):.1%}")
        print(f"| {name} | {' | '.join(cells)} |", flush=True)


def opened(path: Path) -> Plane:
    return np.asarray(np.asarray(Image.open(path).convert("L")) / 255, np.float32)


def compressed(image: Plane, random: Random) -> Plane:
    file = io.BytesIO()
    noisy = np.clip(image + random.normal(0, 0.02, image.shape), 0, 1)
    Image.fromarray((noisy * 255).astype(np.uint8)).save(file, "JPEG", quality=80)
    return np.asarray(np.asarray(Image.open(file)) / 255, np.float32)


def spotted(image: Plane, place: tuple[int, int], *, height: float, width: float) -> Plane:
    y, x = np.mgrid[: image.shape[0], : image.shape[1]]
    bump = height * np.exp(-((y - place[0]) ** 2 + (x - place[1]) ** 2) / (2 * width**2))
    return np.asarray(np.clip(image - bump, 0, 1), np.float32)


def near(found: list[Structure], place: tuple[int, int]) -> float:
    return max([f.excess for f in found if np.hypot(f.row - place[0], f.column - place[1]) < 8] or [0.0])


def planted(data: Path, random: Random, most: int) -> None:
    paths = sorted((data / "ham10000" / "images").glob("*.jpg"))
    sources = [opened(path) for path in paths[:: len(paths) // most][:most]]
    targets = [compressed(source, random) for source in sources]
    largest = [np.array([max([f.excess for f in excesses(*pair)] or [0.0]) for pair in pairs])
               for pairs in (zip(targets, sources, strict=True), zip(sources, targets, strict=True))]  # fmt: skip
    limits = [threshold(values) for values in largest]
    shares = [control(values, np.random.default_rng(1)) for values in largest]
    print(f"{len(sources)} images; thresholds {limits}; targets above the threshold of the others {shares}")
    print("| contrast, width | made up, found | lost, found |\n|---|---|---|")
    for height in (0.1, 0.2, 0.3, 0.4):
        for width in (2.0, 4.0, 6.0):
            cells = _found(sources, targets, limits, (height, width), random)
            print(f"| {height:.0%}, {width:.0f} | {' | '.join(cells)} |", flush=True)


def _found(
    sources: list[Plane], targets: list[Plane], limits: list[float | None], spot: tuple[float, float], random: Random
) -> list[str]:
    counts = [0, 0]
    for source, target in zip(sources, targets, strict=True):
        place = (int(random.integers(20, source.shape[0] - 20)), int(random.integers(20, source.shape[1] - 20)))
        with_spot = [spotted(image, place, height=spot[0], width=spot[1]) for image in (target, source)]
        excess = near(excesses(with_spot[0], source), place), near(excesses(with_spot[1], target), place)
        counts = [n + (limit is not None and e > limit) for n, e, limit in zip(counts, excess, limits, strict=True)]
    intervals = [clopper_pearson(n, len(sources)) for n in counts]
    return [f"{n} of {len(sources)} ({i.low:.0%} to {i.high:.0%})" for n, i in zip(counts, intervals, strict=True)]


def main() -> None:
    parser = argparse.ArgumentParser(description=(__doc__ or "").splitlines()[0])
    parser.add_argument("data", type=Path, nargs="?")
    parser.add_argument("--trials", type=int, default=5000)
    parser.add_argument("--images", type=int, default=60)
    options = parser.parse_args()
    means(options.trials, np.random.default_rng(0))
    if options.data is not None:
        planted(options.data, np.random.default_rng(0), options.images)


if __name__ == "__main__":
    main()
