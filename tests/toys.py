"""A small world for tests of the main job: toy images of invented patients, a table and a record.

Nothing here is a medical image: the pictures are smooth random blobs that the tests draw themselves.
"""

from __future__ import annotations

import csv
from pathlib import Path
from typing import Any

import numpy as np
from numpy.typing import NDArray
from PIL import Image as Pillow
from ruamel.yaml import YAML
from scipy import ndimage

PATIENTS = 30
SIZE = 32


def blobs(count: int, *, seed: int, size: int = SIZE) -> NDArray[np.uint8]:
    """Draw smooth random pictures, shape ``(count, size, size)``."""
    noise = np.random.default_rng(seed).standard_normal((count, size, size))
    smooth = np.stack([ndimage.gaussian_filter(picture, 2.5) for picture in noise])
    low, high = smooth.min(), smooth.max()
    scaled: NDArray[np.uint8] = np.round((smooth - low) / (high - low) * 255).astype(np.uint8)
    return scaled


def save(pixels: NDArray[np.uint8], path: Path) -> None:
    path.parent.mkdir(parents=True, exist_ok=True)
    Pillow.fromarray(pixels).save(path)


def write_images(folder: Path, pictures: NDArray[np.uint8], *, prefix: str) -> list[str]:
    """Save pictures as PNG and return their names without the ending."""
    names = [f"{prefix} {index:03d} ä" for index in range(len(pictures))]
    for name, pixels in zip(names, pictures, strict=True):
        save(pixels, folder / f"{name}.png")
    return names


def record() -> dict[str, Any]:
    """An honest record with every set named."""
    sets = {
        name: {
            "path": name,
            "table": "table.csv",
            "key": "image",
            "patient": "patient",
            "label": "finding",
            "groups": ["sex"],
        }
        for name in ("training", "held_out", "reference")
    }
    return {
        "misyn": 1,
        "technique": {"name": "toy", "version": "1", "kind": "generation", "method": "other"},
        "responsible": {"name": "A. Author"},
        "data": {**sets, "synthetic": {"path": "synthetic"}},
        "claims": [{"id": "c", "kind": "benefit", "text": "covers", "expects": "coverage >= 0.01", "phase": 1}],
        "limitations": {
            "assessed": [{"text": "blurred", "consequence": "could mislead"}],
            "design": [{"text": "toys"}],
            "intrinsic": {"grounding": "none", "representation": "partial", "shift": "present"},
        },
    }


def world(folder: Path) -> Path:
    """Write training, held-out, reference and synthetic images, a table, and the record; return the record's path."""
    rows = [("image", "patient", "sex", "finding")]
    for number, name in enumerate(("training", "held_out", "reference")):
        names = write_images(folder / name, blobs(PATIENTS * 2, seed=number), prefix=name)
        rows += [(image, f"{name}-{i // 2}", "FM"[i // 2 % 2], ("a", "b")[i % 3 == 0]) for i, image in enumerate(names)]
    write_images(folder / "synthetic", blobs(40, seed=9), prefix="drawn")
    with (folder / "table.csv").open("w", newline="", encoding="utf-8") as file:
        csv.writer(file).writerows(rows)
    return write_record(folder / "misyn.yaml", record())


def write_record(path: Path, content: dict[str, Any]) -> Path:
    with path.open("w", encoding="utf-8") as file:
        YAML().dump(content, file)
    return path
