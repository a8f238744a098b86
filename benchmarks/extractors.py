"""Which features see what was done to medical images: the evidence behind the default extractor (ADR 0011).

``python benchmarks/extractors.py DATA``: half of the drawn images (apart by lesion) is changed, more and more, and the
Fréchet distance to the other half must rise with every step; Derm-T2IM must lie apart from held-out images. All images
are brought to one form first (128 × 128, JPEG of quality 75). Aggregate numbers only.
"""

from __future__ import annotations

import argparse
import csv
import io
import itertools
import time
from collections.abc import Callable
from pathlib import Path

import numpy as np
from numpy.typing import NDArray
from PIL import Image, ImageFilter

from misyn.evaluate import classifier, features, shift
from misyn.evaluate.extractors import texture

Picture = Image.Image
Floats = NDArray[np.float64]
SIDE = 128


def formed(picture: Picture) -> NDArray[np.float32]:
    """One size, one codec."""
    side = min(picture.size)
    left, top = (picture.width - side) // 2, (picture.height - side) // 2
    cut = (
        picture.convert("RGB").crop((left, top, left + side, top + side)).resize((SIDE, SIDE), Image.Resampling.BICUBIC)
    )
    file = io.BytesIO()
    cut.save(file, "JPEG", quality=75)
    return np.asarray(Image.open(io.BytesIO(file.getvalue())), np.float32) / np.float32(255)


def noisy(picture: Picture, level: float) -> Picture:
    values = np.asarray(picture.convert("RGB"), np.float64)
    changed = values + np.random.default_rng(0).normal(0, level, values.shape)
    return Image.fromarray(np.clip(changed, 0, 255).astype(np.uint8))


def flattened(picture: Picture, share: float) -> Picture:
    values = np.asarray(picture.convert("RGB"), np.float64)
    return Image.fromarray((values.mean() + share * (values - values.mean())).astype(np.uint8))


def reduced(picture: Picture, factor: float) -> Picture:
    small = picture.resize((round(picture.width / factor), round(picture.height / factor)), Image.Resampling.BICUBIC)
    return small.resize(picture.size, Image.Resampling.BICUBIC)


CHANGES: dict[str, tuple[Callable[[Picture, float], Picture], tuple[float, ...]]] = {
    "blur (deviation in pixels)": (lambda p, s: p.filter(ImageFilter.GaussianBlur(s)), (0.5, 1, 2, 4)),
    "noise (grey levels)": (noisy, (3, 6, 12, 24)),
    "contrast (share left)": (flattened, (0.9, 0.75, 0.5, 0.25)),
    "reduced and enlarged (factor)": (reduced, (1.5, 2, 3, 5)),
}


def pixels(image: NDArray[np.float32]) -> Floats:
    """16 × 16 colours."""
    return np.asarray(image.reshape(16, 8, 16, 8, 3).mean(axis=(1, 3)).ravel(), np.float64)


def histogram(image: NDArray[np.float32]) -> Floats:
    """Roots of 32-bin histograms of each colour."""
    bins = [np.histogram(image[..., c], bins=32, range=(0, 1))[0] for c in range(3)]
    return np.asarray(np.sqrt(np.concatenate(bins) / image[..., 0].size), np.float64)


def described(image: NDArray[np.float32]) -> Floats:
    return texture.EXTRACTOR.extract(image).astype(np.float64)


EXTRACTORS: dict[str, tuple[Callable[[NDArray[np.float32]], Floats], tuple[tuple[str, int], ...]]] = {
    "texture": (described, texture.EXTRACTOR.blocks(colour=True)),
    "pixels 16 × 16": (pixels, (("pixels", 768),)),
    "histogram": (histogram, (("histogram", 96),)),
}


def drawn(data: Path, n: int) -> tuple[list[Path], list[Path], list[Path]]:
    """Two halves apart by lesion, and melanocytic naevi alone for dropped classes."""
    with (data / "ham10000" / "HAM10000_metadata.csv").open(encoding="utf-8") as file:
        rows = list(csv.DictReader(file))
    order = np.random.default_rng(0).permutation(sorted({row["lesion_id"] for row in rows})).tolist()
    first = {row["lesion_id"]: row for row in reversed(rows)}
    place = data / "ham10000" / "images"
    paths = [(place / f"{first[lesion]['image_id']}.jpg", first[lesion]["dx"]) for lesion in order]
    only = [path for path, label in paths[2 * n :] if label == "nv"][:n]
    return [path for path, _ in paths[:n]], [path for path, _ in paths[n : 2 * n]], only


def main() -> None:
    parser = argparse.ArgumentParser(description=(__doc__ or "").splitlines()[0])
    parser.add_argument("data", type=Path)
    parser.add_argument("--n", type=int, default=150)
    options = parser.parse_args()
    first, second, naevi = ([Image.open(p).convert("RGB") for p in part] for part in drawn(options.data, options.n))
    synthetic = [Image.open(p).convert("RGB") for p in sorted((options.data / "derm_t2im").rglob("*.png"))[: options.n]]
    for name, (extract, blocks) in EXTRACTORS.items():
        started = time.perf_counter()
        own = np.array([extract(formed(picture)) for picture in first])
        each = (time.perf_counter() - started) / len(first)
        other = np.array([extract(formed(picture)) for picture in second])
        sets = {"own": own, "other": other, "naevi": np.array([extract(formed(p)) for p in naevi])}
        sets["synthetic"] = np.array([extract(formed(p)) for p in synthetic])
        for change, (function, levels) in CHANGES.items():
            for level in levels:
                sets[f"{change} {level:g}"] = np.array([extract(formed(function(p, level))) for p in second])
        scaled = features.scaled(sets, blocks=blocks, by="own").sets
        distance = {key: shift.frechet(scaled["own"], values) for key, values in scaled.items()}
        told = classifier.tell_apart(
            scaled["own"], scaled["synthetic"], permutations=999, random=np.random.default_rng(0)
        )
        print(f"## {name}: {1000 * each:.1f} ms an image; held-out {distance['other']:.3g}", flush=True)
        for change, (_, levels) in CHANGES.items():
            steps = [distance["other"], *(distance[f"{change} {level:g}"] for level in levels)]
            rises = all(a < b for a, b in itertools.pairwise(steps))
            print(
                f"| {change} {levels} | {', '.join(f'{d:.3g}' for d in steps)} | {'rises' if rises else 'DOES NOT'} |"
            )
        print(f"| naevi only | {distance['naevi']:.3g} | {distance['naevi'] / distance['other']:.2f} × held-out |")
        print(
            f"| Derm-T2IM | {distance['synthetic']:.3g} | {distance['synthetic'] / distance['other']:.2f} × held-out; "
            f"classifier {told.auc:.3f}, p = {told.p_value:.3f} |",
            flush=True,
        )


if __name__ == "__main__":
    main()
