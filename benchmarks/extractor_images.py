"""The four sources of medical images that extractors.py runs on, each with what was dropped, swapped or generated.

Nothing here is part of the project: the images are named in docs/results/extractors-2026-11-22.md and are not shipped.
"""

from __future__ import annotations

import csv
from collections.abc import Callable, Iterator
from dataclasses import dataclass, field
from pathlib import Path

import nibabel
import numpy as np
from numpy.typing import NDArray
from PIL import Image

Picture = Image.Image
Ints = NDArray[np.int64]
DROPPED = "dropped classes"
SWAPPED = "swapped patients (0, 25, 50, 100 %)"


@dataclass
class Source:
    """Images of one kind.

    Attributes:
        own, other: two halves, of other lesions where these are known.
        pool: images that steps choose from.
        series: name → the steps' (name, indices into the pool), from unchanged to most changed.
        made: what generators made, by name.
    """

    name: str
    own: list[Picture]
    other: list[Picture]
    pool: list[Picture] = field(default_factory=list)
    series: dict[str, list[tuple[str, Ints]]] = field(default_factory=dict)
    made: dict[str, list[Picture]] = field(default_factory=dict)

    def steps(self) -> Iterator[tuple[str, str, Ints]]:
        """Every step of every series."""
        for name, steps in self.series.items():
            for step, chosen in steps:
                yield name, step, chosen


def ham(data: Path, n: int) -> Source:
    """Dermoscopy, one image per lesion, seven classes of equal share; swapped by images of faces."""
    with (data / "ham10000" / "HAM10000_metadata.csv").open(encoding="utf-8") as file:
        rows = list(csv.DictReader(file))
    random = np.random.default_rng(0)
    lesions = list({row["lesion_id"]: row for row in rows}.values())
    lesions = [lesions[i] for i in random.permutation(len(lesions))]
    body = [row for row in lesions if row["localization"] != "face"]
    classes = sorted({row["dx"] for row in body}, key=lambda name: sum(row["dx"] == name for row in body))
    of = {name: [row for row in body if row["dx"] == name] for name in classes}
    each = n // len(classes)
    own, other = ([row for rows in of.values() for row in rows[a * each : (a + 1) * each]] for a in (0, 1))
    pool, dropped = [], []
    for gone in (0, 2, 4, 6):
        kept = classes[gone:]
        chosen = [row for name in kept for row in of[name][2 * each : 2 * each + -(-n // len(kept))]][:n]
        dropped.append((f"{gone} of 7", np.arange(len(pool), len(pool) + len(chosen))))
        pool += chosen
    faces = [row for row in lesions if row["localization"] == "face"][:n]
    start = len(pool)
    pool += faces + other
    swapped = [
        (f"{share} %", np.r_[start : start + n * share // 100, start + len(faces) + n * share // 100 : len(pool)])
        for share in (0, 25, 50, 100)
    ]

    def opened(rows: list[dict[str, str]]) -> list[Picture]:
        place = data / "ham10000" / "images"
        return [Image.open(place / f"{row['image_id']}.jpg").convert("RGB") for row in rows]

    synthetic = [Image.open(p).convert("RGB") for p in sorted((data / "derm_t2im").rglob("*.png"))[::2][:n]]
    series = {DROPPED + " (0, 2, 4, 6 of 7)": dropped, SWAPPED.replace("patients", "patients: by faces"): swapped}
    return Source("HAM10000", opened(own), opened(other), opened(pool), series, {"Derm-T2IM": synthetic})


def pneumonia(data: Path, n: int) -> Source:
    """Chest X-rays of 28 × 28, two classes of equal share; nothing tells patients apart."""
    loaded = np.load(data / "pneumoniamnist" / "pneumoniamnist.npz")
    random = np.random.default_rng(0)
    of = [
        [loaded["train_images"][i] for i in random.permutation(np.flatnonzero(loaded["train_labels"][:, 0] == c))]
        for c in (0, 1)
    ]
    half = n // 2
    own, other = (of[0][a * half : (a + 1) * half] + of[1][a * half : (a + 1) * half] for a in (0, 1))
    normal, ill = of[0][n : 2 * n], of[1][n : 2 * n]
    dropped = [(f"{s} %", np.r_[0 : n * s // 100, n : 2 * n - n * s // 100]) for s in (50, 33, 17, 0)]
    series = {"dropped classes (normal: 50, 33, 17, 0 %)": dropped}
    made = {f"{model}, last epochs": strips(data, model, n) for model in ("LS-GAN", "WGAN", "WGAN-GP")}
    return Source("PneumoniaMNIST", grey(own), grey(other), grey(normal + ill), series, made)


def strips(data: Path, model: str, n: int) -> list[Picture]:
    """The four pictures of each strip, from the last epochs backwards."""
    place = data / "medmnist_gans" / "generated"
    found: list[Picture] = []
    for epoch in reversed(range(50)):
        strip = Image.open(place / f"{model}_epoch_{epoch}.png").convert("L")
        found += [strip.crop((2 + 30 * k, 2, 30 + 30 * k, 30)) for k in range(4)]
    return found[:n]


def grey(planes: list[NDArray[np.uint8]]) -> list[Picture]:
    return [Image.fromarray(np.ascontiguousarray(plane)).convert("L") for plane in planes]


def wounds(data: Path, n: int) -> Source:
    """Photographs of foot ulcers; classes are thirds of wound size, from masks; nothing tells patients apart."""
    place = data / "wound_fuseg" / "train"
    paths = sorted((place / "images").glob("*.jpg"))
    area = [np.asarray(Image.open(place / "labels" / f"{p.stem}.png")).mean() for p in paths]
    random = np.random.default_rng(0)
    thirds = np.array_split(np.argsort(area, kind="stable"), 3)
    of = [[paths[i] for i in random.permutation(third)] for third in thirds]
    each = n // 3
    own, other = ([p for rows in of for p in rows[a * each : (a + 1) * each]] for a in (0, 1))
    pool: list[Path] = []
    dropped = []
    for kept in (3, 2, 1):
        chosen = [p for rows in of[:kept] for p in rows[2 * each : 2 * each + n // kept]]
        dropped.append((f"{3 - kept}", np.arange(len(pool), len(pool) + len(chosen))))
        pool += chosen

    def opened(paths: list[Path]) -> list[Picture]:
        return [Image.open(p).convert("RGB") for p in paths]

    series = {"dropped classes (large, middle-sized wounds)": dropped}
    return Source("FUSeg", opened(own), opened(other), opened(pool), series)


def volume(data: Path, n: int) -> Source:
    """Planes of one head CT, every other one in either half; swapped by planes of another patient's head CT."""
    own, another = planes(data / "niivue" / "CT_AVM.nii.gz"), planes(data / "niivue" / "CT_pitch.nii.gz")
    halves = grey(own[::2][: n // 2]), grey(own[1::2][: n // 2])
    size = len(halves[1])
    swap = [another[i] for i in np.linspace(0, len(another) - 1, size).round().astype(int)]
    steps = [(f"{s} %", np.r_[0 : size * s // 100, size + size * s // 100 : 2 * size]) for s in (0, 25, 50, 100)]
    return Source("CT volume", *halves, grey(swap) + halves[1], {SWAPPED: steps})


def planes(path: Path) -> list[NDArray[np.uint8]]:
    """The middle two thirds of a volume's planes, as eight bits."""
    values = np.asanyarray(nibabel.load(path).dataobj)  # type: ignore[attr-defined]
    low, high = np.percentile(values, (0.5, 99.5))
    unit = np.clip((values - low) / (high - low), 0, 1)
    sixth = values.shape[2] // 6
    return [np.rot90(np.round(unit[..., k] * 255).astype(np.uint8)) for k in range(sixth, values.shape[2] - sixth)]


SOURCES: tuple[Callable[[Path, int], Source], ...] = (ham, pneumonia, wounds, volume)
