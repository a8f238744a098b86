"""How often perceptual fingerprints call strangers alike, and how often they miss a copy: rates by number of bits.

    python benchmarks/near_duplicates.py DATA [--most N]

Strangers: every pair of HAM10000 images of different lesions, of FUSeg photographs, of PneumoniaMNIST radiographs, and
of slices of different volumes. Neighbours: slices of one volume, one apart. Copies: HAM10000 images saved again as JPEG
of lower quality, at half size, brighter, with noise, cropped and flipped; slices with another window.
Counts are of pairs, not of patients: pairs that share an image are not independent, so there is no interval.
"""

from __future__ import annotations

import argparse
import csv
import io
from collections.abc import Iterator, Sequence
from pathlib import Path
from typing import Any

import numpy as np
from numpy.typing import NDArray
from PIL import Image as Pillow

from misyn import images
from misyn.marks.perceptual import distance, fingerprint, pairs

BITS = (8, 16, 24, 32, 40, 48, 64)
Plane = NDArray[Any]


def read_all(files: Sequence[Path]) -> tuple[list[str], list[int]]:
    """Fingerprints, and which files have one."""
    made = [fingerprint(np.asarray(Pillow.open(file).convert("RGB"))) for file in files]
    kept = [n for n, one in enumerate(made) if one is not None]
    return [one for one in made if one is not None], kept


def rates(title: str, apart: Sequence[int], total: int) -> None:
    counts = [sum(bits <= most for bits in apart) for most in BITS]
    cells = " | ".join(f"{n:,} ({n / total:.1e})" if n else "0" for n in counts)
    print(f"| {title} | {total:,} | {cells} |", flush=True)


def among(title: str, found: Sequence[str]) -> None:
    """Count pairs of strangers: every pair."""
    apart = [bits for _, _, bits in pairs(found, most=BITS[-1])]
    rates(title, apart, len(found) * (len(found) - 1) // 2)


def skin(data: Path, most: int | None) -> None:
    files = sorted((data / "ham10000" / "images").glob("*.jpg"))[:most]
    found, kept = read_all(files)
    with (data / "ham10000" / "HAM10000_metadata.csv").open(encoding="utf-8") as table:
        lesion = {row["image_id"]: row["lesion_id"] for row in csv.DictReader(table)}
    whose = [lesion[files[n].stem] for n in kept]
    near = list(pairs(found, most=BITS[-1]))
    alike = sum(n * (n - 1) // 2 for n in (whose.count(one) for one in set(whose)))
    total = len(found) * (len(found) - 1) // 2
    rates("HAM10000, different lesions", [bits for a, b, bits in near if whose[a] != whose[b]], total - alike)
    rates("HAM10000, the same lesion photographed again", [bits for a, b, bits in near if whose[a] == whose[b]], alike)


def slices(data: Path) -> None:
    """Every plane of each volume, as it is stored; those of one value are left out."""
    found: list[str] = []
    whose: list[tuple[str, int]] = []
    for file in sorted((data / "niivue").glob("*.nii.gz")):
        image = images.read(file)
        volume = image.pixels.reshape(-1, *image.pixels.shape[-2:])
        for n, plane in enumerate(volume):
            made = fingerprint(plane)
            if made is not None and plane.std() > 1:
                found.append(made)
                whose.append((file.name, n))
    steps = [(n, whose[n][0] == whose[n - 1][0] and whose[n][1] == whose[n - 1][1] + 1) for n in range(1, len(whose))]
    apart = [distance(found[n], found[n - 1]) for n, beside in steps if beside]
    rates("CT and MR, neighbouring slices of one volume", apart, len(apart))
    near = [bits for a, b, bits in pairs(found, most=BITS[-1]) if whose[a][0] != whose[b][0]]
    sizes = [sum(name == one for one, _ in whose) for name in {name for name, _ in whose}]
    total = (len(found) ** 2 - sum(size**2 for size in sizes)) // 2
    rates("CT and MR, slices of different volumes", near, total)


def saved(plane: Plane, *, quality: int) -> Plane:
    target = io.BytesIO()
    Pillow.fromarray(plane).save(target, "JPEG", quality=quality)
    return np.asarray(Pillow.open(target))


def copies(plane: Plane) -> Iterator[tuple[str, Plane]]:
    high, wide = plane.shape[:2]
    chance = np.random.default_rng(0)
    yield "JPEG 75", saved(plane, quality=75)
    yield "JPEG 30", saved(plane, quality=30)
    yield "half size, JPEG 75", saved(np.asarray(Pillow.fromarray(plane).resize((wide // 2, high // 2))), quality=75)
    yield "contrast × 0.7 + 30", np.clip(plane * 0.7 + 30, 0, 255).astype(np.uint8)
    yield "noise, 8 levels", np.clip(plane + chance.normal(0, 8, plane.shape), 0, 255).astype(np.uint8)
    yield "grey", np.asarray(Pillow.fromarray(plane).convert("L"))
    yield "crop of 2 %", plane[high // 100 : -high // 100, wide // 100 : -wide // 100]
    yield "crop of 10 %", plane[high // 20 : -high // 20, wide // 20 : -wide // 20]
    yield "flip", plane[:, ::-1]


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("data", type=Path)
    parser.add_argument("--most", type=int)
    given = parser.parse_args()
    print(f"| pairs | n | {' | '.join(f'≤ {most} bits' for most in BITS)} |\n|---|---|{'---|' * len(BITS)}")
    some = sorted((given.data / "ham10000" / "images").glob("*.jpg"))[:: max(1, 10_015 // 200)][:200]
    apart: dict[str, list[int]] = {}
    for file in some:
        plane = np.asarray(Pillow.open(file))
        source = fingerprint(plane)
        for name, other in copies(plane):
            made = fingerprint(other)
            if source is not None and made is not None:
                apart.setdefault(name, []).append(distance(source, made))
    for name, found in apart.items():
        rates(f"copies: {name}", found, len(found))
    slices(given.data)
    among("FUSeg, photographs", read_all(sorted((given.data / "wound_fuseg").glob("*/images/*")))[0])
    with np.load(given.data / "pneumoniamnist" / "pneumoniamnist.npz") as arrays:
        chests = [fingerprint(plane) for name in arrays if name.endswith("images") for plane in arrays[name]]
    among("PneumoniaMNIST, radiographs of 28 × 28", [one for one in chests if one is not None])
    skin(given.data, given.most)


if __name__ == "__main__":
    main()
