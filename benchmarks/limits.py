"""The three intrinsic limits, shown: every reference generator, growing training sets and capacity, five generations.

``python benchmarks/limits.py --data FOLDER`` with HAM10000 (images and ``HAM10000_metadata.csv``): about 30 minutes on
one core, resumable: every measured row is kept in ``--out`` and not measured again. Without ``--data`` it runs as a
miniature on sections of one chest CT (extra ``demo``), in minutes, and says what that cannot show.

Writes ``limits.json``, a table on stdout, and figures (SVG, readable in greyscale) into ``--out``.
"""

from __future__ import annotations

import argparse
import csv
import functools
import json
import sys
import time
from collections.abc import Callable, Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import numpy as np
from limits_figures import figures
from numpy.typing import NDArray
from PIL import Image as Pillow
from scipy import ndimage

from misyn.atomic import write_bytes
from misyn.generate.generators import GENERATORS, Technique, find
from misyn.generate.generators.training import Training
from misyn.generate.limits import Yardstick
from misyn.generate.progress import bar

SIDE = 32
WIDTH = 16  # channels of the diffusion model where its capacity is not what varies
SEED = 0
GENERATIONS = 5
FULL = {
    "sizes": (50, 100, 200, 400, 800),
    "components": (4, 16, 64, 256),
    "widths": (4, 8, 16),
    "steps": 800,
    "again": 500,
}
MINI = {"sizes": (20, 40), "components": (4, 16), "widths": (8, 16), "steps": 60, "again": 60}


@dataclass(frozen=True)
class World:
    """Medical images, split so that no lesion (or block of sections) is in two sets."""

    name: str
    training: Training
    reference: NDArray[np.float32]
    unseen: NDArray[np.float32]
    baseline: NDArray[np.float32]
    groups: Mapping[str, NDArray[np.bool_]]
    count: int


def main() -> int:
    parser = argparse.ArgumentParser(description=(__doc__ or "").splitlines()[0])
    parser.add_argument("--data", type=Path, help="HAM10000's folder; a miniature without it")
    parser.add_argument("--out", type=Path, default=Path("limits"))
    options = parser.parse_args()
    started = time.monotonic()
    world, plan = (dermoscopy(options.data), FULL) if options.data else (sections(), MINI)
    rows = Rows(options.out / f"rows-{'full' if options.data else 'mini'}.jsonl")
    baseline(world, rows)
    baseline_of_sizes(world, plan, rows)
    growing(world, plan, rows)
    capacity(world, plan, rows)
    generations(world, plan, rows)
    content = {"schema": "misyn/limits/1", "world": world.name, "n": world.count, "rows": rows.found}
    write_bytes(options.out / "limits.json", json.dumps(content, indent=1).encode())
    for name, text in figures(content).items():
        write_bytes(options.out / name, text.encode())
    print(table(rows.found))
    print(f"{world.name}; {time.monotonic() - started:.0f} s")
    if options.data is None:
        print("A miniature: one patient, blocks of one CT. It shows that the script runs, and nothing about patients.")
    return 0


class Rows:
    """What was measured, kept line by line: an interrupted run goes on."""

    def __init__(self, path: Path) -> None:
        self.path = path
        path.parent.mkdir(parents=True, exist_ok=True)
        lines = path.read_text(encoding="utf-8").splitlines() if path.exists() else []
        self.found: list[dict[str, Any]] = [json.loads(line) for line in lines if line.endswith("}")]

    def repeat(self, key: Mapping[str, Any], other: Mapping[str, Any]) -> None:
        """Take a row that was measured under another key, where it is there."""
        same = [row for row in self.found if other.items() <= row.items()]
        if same and not self.has(key):
            self._keep({**{name: value for name, value in same[0].items() if name not in other}, **key})

    def _keep(self, row: dict[str, Any]) -> None:
        self.found.append(row)
        with self.path.open("a", encoding="utf-8") as file:
            file.write(json.dumps(row) + "\n")

    def has(self, key: Mapping[str, Any]) -> bool:
        """Whether this was measured."""
        return any(key.items() <= row.items() for row in self.found)

    def measure(
        self, key: Mapping[str, Any], make: Callable[[], NDArray[np.float32]], stick: Callable[[], Yardstick]
    ) -> None:
        """Measure once; ``key`` says what. Neither images nor yardstick are made where they are not needed."""
        if self.has(key):
            return
        started = time.monotonic()
        row = {**key, **stick().measure(make()).as_json(), "seconds": round(time.monotonic() - started, 1)}
        self._keep(row)
        print({name: round(value, 3) if isinstance(value, float) else value for name, value in row.items()}, flush=True)


def yardstick(world: World, size: int) -> Callable[[], Yardstick]:
    """The yardstick beside so many training images, at most as many as the other sets have (rule 3); made once."""

    @functools.cache
    def made() -> Yardstick:
        chosen = np.random.default_rng(SEED).permutation(size)[: world.count]
        own = world.training.images[chosen]
        return Yardstick.of(world.reference, world.unseen, training=own, groups=world.groups)

    return made


def baseline(world: World, rows: Rows) -> None:
    """What unseen medical images reach in the place of synthetic ones, five times."""
    stick = yardstick(world, len(world.training))
    for draw in range(5):
        picked = np.random.default_rng((SEED, draw)).permutation(len(world.baseline))[: world.count]
        rows.measure({"part": "baseline", "draw": draw}, lambda picked=picked: world.baseline[picked], stick)


def baseline_of_sizes(world: World, plan: Mapping[str, Any], rows: Rows) -> None:
    """The same beside every size of training set: covering few images is another task than covering many."""
    for size in plan["sizes"]:
        stick = yardstick(world, size)
        for draw in range(3):
            picked = np.random.default_rng((SEED, draw)).permutation(len(world.baseline))[: world.count]
            key = {"part": "baseline-size", "training": size, "draw": draw}
            rows.measure(key, lambda picked=picked: world.baseline[picked], stick)


def technique(name: str, plan: Mapping[str, Any], settings: Mapping[str, Any]) -> Technique:
    own = {"steps": plan["steps"], "width": WIDTH, "threads": 1} if name == "diffusion" else {}
    return find(name)(**{**own, **settings})


def drawn(world: World, made: Technique, training: Training, *, seed: int = SEED) -> NDArray[np.float32]:
    return made.fit(training, seed=seed, progress=bar(made.name)).draw(world.count, seed=seed + 1).images


def growing(world: World, plan: Mapping[str, Any], rows: Rows) -> None:
    """Every generator, at growing training sets, and for the reference and the controls the same."""
    for entry in GENERATORS:
        for size in plan["sizes"]:
            training = world.training.take(range(size))
            settings = {"components": 64} if entry.name == "pca" else {}
            key = {"part": "size", "generator": entry.name, "training": size}
            made = technique(entry.name, plan, settings)
            rows.measure(key, lambda made=made, training=training: drawn(world, made, training), yardstick(world, size))


def capacity(world: World, plan: Mapping[str, Any], rows: Rows) -> None:
    """PCA with more axes, diffusion with more channels, on all training images."""
    stick = yardstick(world, len(world.training))
    most = {"part": "size", "generator": "diffusion", "training": max(plan["sizes"])}
    if len(world.training) == most["training"]:  # the same training as among the sizes: nothing to do again
        rows.repeat({"part": "capacity", "generator": "diffusion", "capacity": WIDTH}, most)
    for setting, name, values in (("components", "pca", plan["components"]), ("width", "diffusion", plan["widths"])):
        for value in values:
            made = technique(name, plan, {setting: value})
            key = {"part": "capacity", "generator": name, "capacity": value}
            rows.measure(key, lambda made=made: drawn(world, made, world.training), stick)


def generations(world: World, plan: Mapping[str, Any], rows: Rows) -> None:
    """Train on one's own outputs: generation 1 saw medical images, each later one only the images of the one before."""
    for name, settings in (("pca", {"components": 64}), ("diffusion", {"steps": plan["again"]})):
        keys = [{"part": "generation", "generator": name, "generation": n} for n in range(1, GENERATIONS + 1)]
        if all(rows.has(key) for key in keys):
            continue
        training = world.training.take(range(min(world.count, len(world.training))))
        stick = yardstick(world, len(training))
        images = training.images
        for number, key in enumerate(keys):
            made = technique(name, plan, settings)
            images = drawn(world, made, Training(images), seed=SEED + 10 * number)
            rows.measure(key, lambda images=images: images, stick)


def dermoscopy(folder: Path) -> World:
    """HAM10000, brought to 32 × 32 pixels, split by lesion; patients are not known."""
    with (folder / "HAM10000_metadata.csv").open(encoding="utf-8") as file:
        rows = list(csv.DictReader(file))
    files = {path.stem: path for path in folder.rglob("*.jpg")}
    rows = [row for row in rows if row["image_id"] in files]
    rows = [rows[index] for index in np.random.default_rng(SEED).permutation(len(rows))]  # the table is sorted by class
    lesions = np.random.default_rng(SEED).permutation(sorted({row["lesion_id"] for row in rows}))
    part = {lesion: number * 10 // len(lesions) for number, lesion in enumerate(lesions)}
    sets = {name: [row for row in rows if part[row["lesion_id"]] in parts] for name, parts in PARTS.items()}
    training, reference = (
        one_per_lesion(sets["training"])[: max(FULL["sizes"])],
        one_per_lesion(sets["reference"])[:400],
    )
    images = pictures(training, files)
    return World(
        name="HAM10000 (dermoscopy, 32 × 32, one image per lesion; patients unknown)",
        training=Training(
            images,
            labels=tuple(row["dx"] for row in training),
            prompts=tuple(prompt(row) for row in training),
            masks=np.stack([rough_mask(image) for image in images]),
        ),
        reference=pictures(reference, files),
        unseen=pictures(one_per_lesion(sets["unseen"])[:400], files),
        baseline=pictures(one_per_lesion(sets["baseline"]), files),
        groups=groups_of(reference),
        count=400,
    )


PARTS = {"training": (0, 1, 2, 3), "reference": (4,), "unseen": (5,), "baseline": (6, 7, 8, 9)}


def one_per_lesion(rows: list[dict[str, str]]) -> list[dict[str, str]]:
    """The first image of each lesion: several of one would look like agreement."""
    return list({row["lesion_id"]: row for row in reversed(rows)}.values())


def prompt(row: Mapping[str, str]) -> str:
    return f"{row['dx']}, {row['sex']}, {row['localization']}"


def groups_of(rows: list[dict[str, str]]) -> dict[str, NDArray[np.bool_]]:
    found = {f"sex={value}": np.array([row["sex"] == value for row in rows]) for value in ("female", "male")}
    ages = np.array([float(row["age"] or "nan") for row in rows])
    found |= {"age<40": ages < 40, "age 40-59": (ages >= 40) & (ages < 60), "age>=60": ages >= 60}
    found |= {f"dx={value}": np.array([row["dx"] == value for row in rows]) for value in ("nv", "mel", "bkl", "bcc")}
    return found


def pictures(rows: list[dict[str, str]], files: Mapping[str, Path]) -> NDArray[np.float32]:
    return np.stack([picture(files[row["image_id"]]) for row in rows])


def picture(path: Path) -> NDArray[np.float32]:
    """The middle square, 32 × 32, in [0, 1]."""
    with Pillow.open(path) as opened:
        image = opened.convert("RGB")
    width, height = image.size
    side = min(width, height)
    left, top = (width - side) // 2, (height - side) // 2
    image = image.crop((left, top, left + side, top + side)).resize((SIDE, SIDE), Pillow.Resampling.BICUBIC)
    return np.asarray(image, np.float32) / 255


def rough_mask(image: NDArray[np.float32]) -> NDArray[np.bool_]:
    """Where it is darker than between the middle and the border: good enough to paste, no segmentation."""
    grey = ndimage.gaussian_filter(image.mean(axis=-1) if image.ndim == 3 else image, 1)
    border = np.median(np.concatenate([grey[0], grey[-1], grey[:, 0], grey[:, -1]]))
    middle = np.median(grey[12:20, 12:20])
    dark = (grey < (border + middle) / 2) if middle < border else np.zeros(grey.shape, bool)
    parts, _ = ndimage.label(dark)
    return np.asarray(parts == parts[16, 16]) & dark


def sections() -> World:
    """The miniature: sections of one chest CT, in alternating blocks; one patient."""
    from misyn.generate.demo.images import sections as cut  # noqa: PLC0415 - only the miniature needs the extra

    images = np.stack([small(image) for image in cut()])
    block = np.arange(len(images)) // 2 % 4
    sets = [images[block == number] for number in range(4)]
    count = min(len(one) for one in sets)
    training = np.concatenate([sets[0], sets[0][:, :, ::-1]])[: max(MINI["sizes"])]
    masks = np.zeros((len(training), SIDE, SIDE), bool)
    masks[:, 12:20, 12:20] = True
    half = np.arange(count) < count // 2
    return World(
        "chest CT sections, one patient (miniature)",
        Training(training, labels=("ct",) * len(training), prompts=("section",) * len(training), masks=masks),
        reference=sets[1][:count],
        unseen=sets[2][:count],
        baseline=sets[3][:count],
        groups={"back": half, "front": ~half},
        count=count,
    )


def small(image: NDArray[np.uint8]) -> NDArray[np.float32]:
    picture = Pillow.fromarray(image).resize((SIDE, SIDE), Pillow.Resampling.BICUBIC)
    return np.asarray(picture, np.float32) / 255


def table(rows: list[dict[str, Any]]) -> str:
    """The rows as a Markdown table."""
    heads = ("part", "generator", "training", "capacity", "generation", "draw")
    numbers = ("support", "represented", "covered", "shift", "mmd2", "copies")
    lines = ["| what | " + " | ".join(numbers) + " |", "|---" * (len(numbers) + 1) + "|"]
    for row in rows:
        what = ", ".join(
            f"{head} {row[head]}" if head not in heads[:2] else str(row[head]) for head in heads if head in row
        )
        lines.append(f"| {what} | " + " | ".join(f"{row[number]:.3f}" for number in numbers) + " |")
    return "\n".join(lines)


if __name__ == "__main__":
    sys.exit(main())
