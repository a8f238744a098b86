"""Small pictures for tests: a medical-looking disc on a textured ground, drawn by a seed."""

from __future__ import annotations

from pathlib import Path

import numpy as np
from numpy.typing import NDArray
from PIL import Image
from scipy import ndimage

from misyn.images.collection import Collection, Item


def disc(seed: int, *, size: int = 48, grain: float = 0.05, light: float = 0.0) -> NDArray[np.uint8]:
    """A bright disc of random place, size and brightness on cloudy ground: (size, size) uint8."""
    random = np.random.default_rng(seed)
    y, x = np.mgrid[:size, :size] / size
    centre, radius = random.uniform(0.35, 0.65, 2), random.uniform(0.1, 0.3)
    edge = 1 / (1 + np.exp((np.hypot(y - centre[0], x - centre[1]) - radius) * 40))
    clouds = ndimage.gaussian_filter(random.normal(size=(size, size)), size / 10)
    ground = 0.35 + 0.6 * clouds / max(float(np.abs(clouds).max()), 1e-9) * 0.2
    shown = ground + random.uniform(0.2, 0.5) * edge + grain * random.normal(size=(size, size)) + light
    found: NDArray[np.uint8] = (np.clip(shown, 0, 1) * 255).astype(np.uint8)
    return found


def save(folder: Path, pictures: list[NDArray[np.uint8]], *, kind: str = "png") -> list[Path]:
    """Write pictures as numbered files."""
    folder.mkdir(parents=True, exist_ok=True)
    paths = [folder / f"{index:04d}.{kind}" for index in range(len(pictures))]
    for path, pixels in zip(paths, pictures, strict=True):
        Image.fromarray(pixels).save(path)
    return paths


def collection(
    paths: list[Path],
    *,
    patients: list[str] | None = None,
    labels: list[str] | None = None,
    groups: list[dict[str, str]] | None = None,
) -> Collection:
    """A collection of files; with ``patients`` they are known."""
    items = tuple(
        Item(
            path,
            patient=patients[n] if patients else None,
            label=labels[n] if labels else None,
            groups=groups[n] if groups else {},
        )
        for n, path in enumerate(paths)
    )
    return Collection(items, "patient" if patients else "image", patients is not None)


def discs(folder: Path, n: int, *, start: int = 0, per_patient: int = 0, size: int = 48) -> Collection:
    """``n`` discs as PNG files; with ``per_patient``, so many belong to one known patient."""
    paths = save(folder, [disc(start + index, size=size) for index in range(n)])
    patients = [f"p{(start + index) // per_patient}" for index in range(n)] if per_patient else None
    return collection(paths, patients=patients)
