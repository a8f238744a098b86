"""The watermark's null: unmarked medical images against the public key and many other ones.

    python benchmarks/watermark_null.py [--keys 20] [--thorough 12] [--cache DIR]

Prints, per modality, the largest statistic and how many searches end at or below several p-values, which the bound
says happens at most that often. Bar: at least 2,000 distinct medical images from at least 3 modalities. ``--cache``
(outside the repository) keeps the folded tiles, 36 kB an image, so that a second run with other keys takes seconds.
"""

from __future__ import annotations

import argparse
import time
from pathlib import Path

import numpy as np
from numpy.typing import NDArray
from scipy import stats
from watermark_images import Source, axes_of, large, small

from misyn.marks.watermark import PUBLIC, Key, detect
from misyn.marks.watermark.detection import orientation_scores
from misyn.marks.watermark.null import p_value, threshold
from misyn.marks.watermark.pattern import TILE
from misyn.marks.watermark.planes import as_planes, brightness
from misyn.marks.watermark.residual import fold, residual

PLACES = 2 * 8 * TILE**2
MOST = 1600  # images per source
LEVELS = (0.5, 0.1, 0.01, 1e-3, 1e-4)


def folded(source: Source, *, cache: Path | None) -> NDArray[np.float32]:
    """Folded residuals of a source's images, (n, TILE, TILE)."""
    name = "".join(c if c.isalnum() else "-" for c in source.name)
    kept = cache / f"{name}-{MOST}.npy" if cache else None
    if kept and kept.exists():
        return np.asarray(np.load(kept))
    planes = (as_planes(image, axes=axes_of(image))[0] for _, image in source.sample(MOST))
    tiles = np.stack([fold(residual(brightness(plane))) for plane in planes])
    if kept:
        np.save(kept, tiles)
    return tiles


def table(rows: dict[str, NDArray[np.float64]]) -> None:
    print("\n| source | searches | largest z | " + " | ".join(f"p ≤ {p:g}" for p in LEVELS) + " |")
    print("|---|--:|--:|" + "--:|" * len(LEVELS))
    for name, z in rows.items():
        hits = [int((z >= threshold(p, places=PLACES)).sum()) for p in LEVELS]
        print(f"| {name} | {len(z)} | {z.max():.2f} | " + " | ".join(map(str, hits)) + " |")


def thorough(sources: list[Source], *, most: int) -> None:
    """The thorough search on a few unmarked images of each source."""
    found = [detect(i, axes=axes_of(i), thorough=True) for source in sources for _, i in source.sample(most)]
    p, seconds = np.array([f.p_value for f in found]), np.array([f.seconds for f in found])
    print(f"\nThorough: {len(p)} images, smallest p {p.min():.3g}, {np.median(seconds):.1f} s median.")


def main() -> None:
    arguments = argparse.ArgumentParser(description=__doc__)
    arguments.add_argument("--keys", type=int, default=20, help="other keys per image, the same each time")
    arguments.add_argument("--thorough", type=int, default=0, help="images per source for the thorough search")
    arguments.add_argument("--cache", type=Path)
    chosen = arguments.parse_args()
    sources = [source for source in [*small(), *large()] if source.medical]
    tiles = {source.name: folded(source, cache=chosen.cache) for source in sources}
    started = time.perf_counter()
    # The interpolated volumes and the 28² images are no further distinct images of a usable size.
    distinct = {name: t for name, t in tiles.items() if "interpolated" not in name and "28²" not in name}
    public = {name: np.array([orientation_scores(t, key=PUBLIC).max() for t in ts]) for name, ts in tiles.items()}
    table(public | {"**distinct images, public key**": np.concatenate([public[name] for name in distinct])})
    keys = [Key(f"misyn null benchmark key {k:04d}".encode()) for k in range(chosen.keys)]
    many = np.array([[orientation_scores(t, key=k).max() for ts in distinct.values() for t in ts] for k in keys])
    table({f"distinct images × {chosen.keys} other keys": many.ravel()})
    places = [(name, i) for name, ts in distinct.items() for i in range(len(ts))]
    for k, i in np.argwhere(many >= threshold(1e-4, places=PLACES)).tolist():
        print(f"z = {many[k, i]:.2f}: key {k}, {places[i][0]}, image {places[i][1]}")
    many = many.ravel()
    report(np.concatenate([public[name] for name in distinct]), many)
    print(f"\n{time.perf_counter() - started:.0f} s for the correlations.")
    if chosen.thorough:
        thorough(sources, most=chosen.thorough)


def report(public: NDArray[np.float64], many: NDArray[np.float64]) -> None:
    """How tight the bound is, and whether the public key behaves like a random one."""
    for name, z in (("public key", public), ("other keys", many)):
        at = threshold(1e-4, places=PLACES)
        high = stats.beta.ppf(0.975, (z >= at).sum() + 1, len(z) - (z >= at).sum())
        print(f"\n{name}: {(z >= at).sum()} of {len(z)} at p ≤ 1e-4 (z ≥ {at:.2f}); Clopper–Pearson up to {high:.2g}.")
        top = np.quantile(z, [0.5, 0.9, 0.99, 0.999])
        print("quantiles 0.5 0.9 0.99 0.999: " + " ".join(f"{q:.2f} (p {p_value(q, places=PLACES):.2g})" for q in top))
    print(f"\nSame distribution? two-sample Kolmogorov–Smirnov p = {stats.ks_2samp(public, many).pvalue:.2f}")


if __name__ == "__main__":
    main()
