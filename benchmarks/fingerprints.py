"""Perceptual fingerprints: how often strangers look alike to them, and how often the same image is found again.

    python benchmarks/fingerprints.py [--images 2000] [--seed 0]

Needs the development images (``MISYN_DATA``). A *stranger* is another lesion (HAM10000), another photograph (foot
ulcers: patients unknown), another radiograph (PneumoniaMNIST: patients unknown, 28 × 28 pixels), another picture of a
generator (Derm-T2IM), or another slice; slices of one volume are one patient, and their nearest neighbours are what a
store of slices really meets. Nothing but counts leaves this script.
"""

from __future__ import annotations

import argparse
import csv
import io
import os
from collections.abc import Callable, Iterator, Sequence
from pathlib import Path
from typing import Any

import nibabel
import numpy as np
from numpy.typing import NDArray
from PIL import Image as Picture

from misyn.marks import perceptual

Pixels = NDArray[Any]
PLACE = Path(os.environ.get("MISYN_DATA", Path(__file__).parents[2] / "shared" / "data"))
BITS = (0, 4, 8, 12, 16, 20, 24, 32, 40, 64)
CHANGES: dict[str, Callable[[Pixels], Pixels]] = {
    "PNG again": lambda p: p,
    "JPEG 90": lambda p: jpeg(p, 90),
    "JPEG 50": lambda p: jpeg(p, 50),
    "half the size": lambda p: resized(p, 0.5),
    "brighter, more contrast": lambda p: np.clip(p.astype(float) * 1.2 + 10, 0, 255).astype(np.uint8),
    "noise, 2 grey levels": lambda p: noisy(p, 2),
    "1 % cropped": lambda p: cropped(p, 0.01),
    "5 % cropped": lambda p: cropped(p, 0.05),
    "flipped": lambda p: p[:, ::-1],
}


def jpeg(pixels: Pixels, quality: int) -> Pixels:
    target = io.BytesIO()
    Picture.fromarray(pixels).save(target, "JPEG", quality=quality)
    return np.asarray(Picture.open(target))


def resized(pixels: Pixels, factor: float) -> Pixels:
    picture = Picture.fromarray(pixels)
    size = (max(1, round(picture.width * factor)), max(1, round(picture.height * factor)))
    return np.asarray(picture.resize(size, Picture.Resampling.BICUBIC))


def noisy(pixels: Pixels, spread: float) -> Pixels:
    noise = np.random.default_rng(0).normal(0, spread, pixels.shape)
    return np.clip(pixels + noise, 0, 255).astype(np.uint8)


def cropped(pixels: Pixels, share: float) -> Pixels:
    high, wide = (max(1, round(n * share)) for n in pixels.shape[:2])
    return pixels[high:-high, wide:-wide] if min(pixels.shape[:2]) > 2 * max(high, wide) else pixels


def sample(paths: Sequence[Path], n: int, seed: int) -> list[Path]:
    chosen = np.random.default_rng(seed).permutation(len(paths))[:n]
    return [sorted(paths)[i] for i in sorted(chosen)]


def of_files(paths: Sequence[Path]) -> list[Pixels]:
    return [np.asarray(Picture.open(path).convert("RGB")) for path in paths]


def dermoscopy(n: int, seed: int) -> list[Pixels]:
    """One image per lesion."""
    with (PLACE / "ham10000" / "HAM10000_metadata.csv").open(newline="") as file:
        first = {row["lesion_id"]: row["image_id"] for row in csv.DictReader(file)}
    names = {path.stem: path for path in (PLACE / "ham10000").rglob("*.jpg")}
    return of_files(sample([names[image] for image in first.values() if image in names], n, seed))


def ulcers(n: int, seed: int) -> list[Pixels]:
    paths = [path for path in (PLACE / "wound_fuseg").rglob("*.jpg") if "label" not in str(path)]
    return of_files(sample(paths, n, seed))


def radiographs(n: int, seed: int) -> list[Pixels]:
    with np.load(PLACE / "pneumoniamnist" / "pneumoniamnist.npz") as held:
        images = np.concatenate([held[name] for name in held.files if "images" in name])
    return list(images[np.random.default_rng(seed).permutation(len(images))[:n]])


def drawn(n: int, seed: int) -> list[Pixels]:
    return of_files(sample(list((PLACE / "derm_t2im").rglob("*.png")), n, seed))


def slices() -> Iterator[tuple[str, list[Pixels]]]:
    """Every slice of each volume, in 8 bits."""
    for path in sorted((PLACE / "niivue").glob("*.nii.gz")):
        volume: Any = nibabel.load(path)
        data = np.asarray(volume.dataobj, dtype=np.float32)
        data = data if data.ndim == 3 else data[..., 0]
        low, high = np.percentile(data, (1, 99.5))
        eight = (np.clip((data - low) / max(float(high - low), 1e-6), 0, 1) * 255).astype(np.uint8)
        yield path.name.partition(".")[0], [np.ascontiguousarray(eight[..., z]) for z in range(eight.shape[2])]


def codes(images: Sequence[Pixels]) -> list[str]:
    found = (perceptual.fingerprint(image) for image in images)
    return [code for code in found if code is not None]


def distances(found: Sequence[str]) -> NDArray[np.int64]:
    """All pairs: shape (n, n), bits."""
    bits = np.unpackbits(np.frombuffer(bytes.fromhex("".join(found)), np.uint8).reshape(len(found), -1), axis=1)
    signs = bits.astype(np.float32) * 2 - 1
    apart: NDArray[np.float32] = (bits.shape[1] - signs @ signs.T) / 2
    np.fill_diagonal(apart, bits.shape[1])
    whole: NDArray[np.int64] = apart.round().astype(np.int64)
    return whole


def false_matches(name: str, images: Sequence[Pixels]) -> None:
    found = codes(images)
    apart = distances(found)
    nearest = apart.min(axis=1)
    pairs = apart[np.triu_indices(len(found), 1)]
    print(f"| {name} | {len(found)} | " + " | ".join(_cell(pairs, nearest, bits) for bits in BITS) + " |")


def _cell(pairs: NDArray[np.int64], nearest: NDArray[np.int64], bits: int) -> str:
    return f"{np.mean(pairs <= bits):.1e}, {np.mean(nearest <= bits):.1%}"


def found_again(name: str, images: Sequence[Pixels]) -> None:
    rows = []
    for change in CHANGES.values():
        apart = []
        for image in images:
            before, after = perceptual.fingerprint(image), perceptual.fingerprint(change(image))
            apart.append(perceptual.BITS if before is None or after is None else perceptual.distance(before, after))
        rows.append(f"{np.mean(np.array(apart) <= perceptual.NEAR):.0%} ({np.median(apart):.0f})")
    print(f"| {name} | {len(images)} | " + " | ".join(rows) + " |")


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__.partition("\n")[0])
    parser.add_argument("--images", type=int, default=2000)
    parser.add_argument("--seed", type=int, default=0)
    asked = parser.parse_args()
    sets = {
        "dermoscopy, one per lesion": dermoscopy(asked.images, asked.seed),
        "foot ulcers": ulcers(asked.images, asked.seed),
        "chest radiographs, 28²": radiographs(asked.images, asked.seed),
        "synthetic dermoscopy": drawn(asked.images, asked.seed),
    }
    volumes = dict(slices())
    header = " | ".join(f"≤ {bits}" for bits in BITS)
    print("\nstrangers: share of pairs, share of look-ups with a false candidate (the others are the store)\n")
    print(f"| set | n | {header} |\n|---|---|{'---|' * len(BITS)}")
    for name, images in sets.items():
        false_matches(name, images)
    for name, images in volumes.items():
        false_matches(f"slices of {name}", images)
    print(f"\nthe same image, changed: share within {perceptual.NEAR} bits (median bits)\n")
    print("| set | n | " + " | ".join(CHANGES) + " |\n|---|---|" + "---|" * len(CHANGES))
    for name, images in sets.items():
        found_again(name, images[:200])
    for name, images in volumes.items():
        found_again(f"slices of {name}", images[:: max(1, len(images) // 20)])


if __name__ == "__main__":
    main()
