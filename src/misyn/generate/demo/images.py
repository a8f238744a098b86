"""The demo's medical images: coronal sections of the chest CT that the slicerio package carries (MIT licence).

Rules
-----
1. One patient, and said so wherever a number depends on it.
2. Sections are resampled to square pixels between the scanner's 10 mm slices, and shown in one fixed window; the
   package's own file is only read.
3. Training and held-out sections lie in alternating blocks: unseen, but of the same patient and close by.
"""

from __future__ import annotations

import csv
import io
from collections.abc import Mapping
from importlib.util import find_spec
from pathlib import Path

import numpy as np
from numpy.typing import NDArray

from misyn.atomic import write_bytes
from misyn.errors import MissingExtra

WINDOW = (-1000.0, 400.0)  # Hounsfield units: air to soft tissue and some bone
BODY = -500.0  # Hounsfield units: above this is not air
ENOUGH = 0.2  # share of a section that must be body, so that no section is an empty table
BLOCK = 2  # consecutive sections that go to the same set
POSITIONS = ("back", "middle", "front")


def volume_path() -> Path:
    """Find the CT inside the installed slicerio package, without importing it.

    Raises:
        MissingExtra: slicerio is not installed.
    """
    spec = find_spec("slicerio")
    if spec is None or spec.origin is None:
        raise MissingExtra("The demo's medical images", package="slicerio", extra="demo")
    return Path(spec.origin).parent / "data" / "CTChest4.nrrd"


def sections() -> NDArray[np.uint8]:
    """Cut the chest CT into coronal sections, back to front: shape ``(N, Y, X)``, uint8, head up."""
    from misyn.images import read  # noqa: PLC0415 - only the demo needs a reader here

    image = read(volume_path())
    assert image.spacing is not None  # noqa: S101 - the package's own file has spacing
    rows = _square(image.values(), ratio=image.spacing[0] / image.spacing[1])
    body = (rows > BODY).mean(axis=(0, 2)) > ENOUGH
    low, high = WINDOW
    grey = np.clip((rows[::-1, body] - low) / (high - low), 0, 1)
    pixels: NDArray[np.uint8] = np.round(grey.transpose(1, 0, 2) * 255).astype(np.uint8)
    return pixels


def _square(volume: NDArray[np.float32], *, ratio: float) -> NDArray[np.float32]:
    """Resample slices linearly so that pixels of a coronal section become square."""
    height = round((len(volume) - 1) * ratio) + 1
    where = np.linspace(0, len(volume) - 1, height)
    below = np.minimum(where.astype(int), len(volume) - 2)
    weight = (where - below)[:, None, None].astype(np.float32)
    square: NDArray[np.float32] = volume[below] * (1 - weight) + volume[below + 1] * weight
    return square


def write_medical(folder: Path) -> Mapping[str, NDArray[np.uint8]]:
    """Write training and held-out sections as PNG with a table of positions; return them by set."""
    images = sections()
    split: dict[str, list[int]] = {"training": [], "held-out": []}
    for index in range(len(images)):
        split["training" if index // BLOCK % 2 == 0 else "held-out"].append(index)
    rows = [("image", "patient", "position")]
    for name, indices in split.items():
        for index in indices:
            write_bytes(folder / name / f"section-{index:03d}.png", _png(images[index]))
            rows.append((f"section-{index:03d}", "CTChest4", POSITIONS[index * len(POSITIONS) // len(images)]))
    text = io.StringIO()
    csv.writer(text, lineterminator="\n").writerows(rows)
    write_bytes(folder / "medical.csv", text.getvalue().encode())
    return {name: images[indices] for name, indices in split.items()}


def _png(pixels: NDArray[np.uint8]) -> bytes:
    from PIL import Image as Pillow  # noqa: PLC0415 - only the demo writes PNG here

    buffer = io.BytesIO()
    Pillow.fromarray(pixels).save(buffer, "PNG")
    return buffer.getvalue()
