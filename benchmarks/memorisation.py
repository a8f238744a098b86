"""How many planted copies are suspected, and how many unseen medical images are suspected too.

``python benchmarks/memorisation.py DATA``: DATA holds ``ham10000/``, ``wound_fuseg/``, ``niivue/``. Copies of training
images are planted among unseen medical images, and the whole study runs over them, as it would over synthetic images.
Training, calibration and unseen images share no patient (HAM10000: no lesion; FUSeg: patients unknown; the CT volume is
one patient, so that nothing can be calibrated there and only the source found is counted). Aggregate numbers only.
"""

from __future__ import annotations

import argparse
import csv
import io
import tempfile
import time
from collections.abc import Callable
from pathlib import Path

import numpy as np
import pyarrow.parquet as pq
from numpy.typing import NDArray
from PIL import Image

from misyn import images
from misyn.evaluate import matching
from misyn.evaluate.pair import Settings
from misyn.evaluate.statistics import clopper_pearson
from misyn.evaluate.study import Sets, evaluate
from misyn.images.collection import Collection, Item

Pixels = NDArray[np.uint8]
Random = np.random.Generator
Planted = dict[str, Callable[[Pixels, Random], Pixels]]


def clipped(values: NDArray[np.floating]) -> Pixels:
    return np.clip(np.round(values), 0, 255).astype(np.uint8)


def cropped(pixels: Pixels, share: float, random: Random) -> Pixels:
    """A part at a random place, scaled back to full size."""
    height, width = pixels.shape[:2]
    down, right = round(height * share), round(width * share)
    top, left = random.integers(height - down + 1), random.integers(width - right + 1)
    part = Image.fromarray(np.ascontiguousarray(pixels[top : top + down, left : left + right]))
    return np.asarray(part.resize((width, height), Image.Resampling.BICUBIC))


def compressed(pixels: Pixels, quality: int) -> Pixels:
    file = io.BytesIO()
    Image.fromarray(np.ascontiguousarray(pixels)).save(file, "JPEG", quality=quality)
    return np.asarray(Image.open(io.BytesIO(file.getvalue())))


PLANTED: Planted = {
    "mirrored": lambda p, _: p[:, ::-1],
    "turned by 90°": lambda p, _: np.rot90(p),
    "cropped to 90 % of its sides": lambda p, r: cropped(p, 0.9, r),
    "cropped to 80 % of its sides": lambda p, r: cropped(p, 0.8, r),
    "cropped to 70 % of its sides": lambda p, r: cropped(p, 0.7, r),
    "noise of 10 grey levels": lambda p, r: clipped(p + r.normal(0, 10, p.shape)),
    "noise of 20 grey levels": lambda p, r: clipped(p + r.normal(0, 20, p.shape)),
    "contrast × 1.2, brightness + 15": lambda p, _: clipped(p * 1.2 + 15),
    "JPEG of quality 30": lambda p, _: compressed(p, 30),
    "mirrored, 85 %, noise 5, contrast × 1.1, JPEG 60": lambda p, r: compressed(
        clipped(cropped(p[:, ::-1], 0.85, r) * 1.1 + r.normal(0, 5, p.shape)), 60
    ),
}


def pixels_of(path: Path) -> Pixels:
    return np.asarray(Image.open(path).convert("RGB"))


def ham10000(data: Path, random: Random, most: int) -> tuple[list[Item], list[Item], list[Item]]:
    """Training, calibration and unseen images, apart by lesion."""
    with (data / "ham10000" / "HAM10000_metadata.csv").open(encoding="utf-8") as file:
        rows = list(csv.DictReader(file))
    lesions = random.permutation(sorted({row["lesion_id"] for row in rows})).tolist()
    part = {name: (0 if n < 300 else 1 if n < 800 else 2) for n, name in enumerate(lesions)}
    sets: tuple[list[Item], list[Item], list[Item]] = ([], [], [])
    for row in rows:
        path = data / "ham10000" / "images" / f"{row['image_id']}.jpg"
        sets[part[row["lesion_id"]]].append(Item(path, patient=row["lesion_id"], label=None, groups={}))
    return sets[2][:most], sets[1], sets[0]


def fuseg(data: Path, random: Random, most: int) -> tuple[list[Item], list[Item], list[Item]]:
    """The same of foot ulcers, apart by image."""
    folder = data / "wound_fuseg"
    paths = sorted(
        path for path in folder.rglob("*") if path.suffix in {".jpg", ".png"} and "image" in str(path.parent)
    )
    items = [Item(paths[n], patient=None, label=None, groups={}) for n in random.permutation(len(paths))]
    return items[450 : 450 + most], items[:250], items[250:450]


def plant(training: list[Item], folder: Path, random: Random, each: int) -> dict[Path, tuple[str, Path]]:
    """Write copies; path → what was done, and the source."""
    found = {}
    for number, (name, change) in enumerate(PLANTED.items()):
        for row in random.permutation(len(training))[:each]:
            path = folder / f"{number}-{row}.png"
            Image.fromarray(np.ascontiguousarray(change(pixels_of(training[row].path), random))).save(path)
            found[path] = (name, training[row].path)
    return found


def study(sets: tuple[list[Item], list[Item], list[Item]], *, unit: str, random: Random, each: int) -> None:
    """Run the study over planted copies and unseen images, and print what is suspected."""
    training, calibration, unseen = sets
    with tempfile.TemporaryDirectory() as temporary:
        folder = Path(temporary)
        planted = plant(training, folder, random, each)
        synthetic = [Item(path, patient=None, label=None, groups={}) for path in planted]
        synthetic += [Item(item.path, patient=None, label=None, groups={}) for item in unseen]
        started = time.perf_counter()
        evaluate(
            Sets(
                synthetic=Collection(tuple(synthetic), "image", False),
                training=Collection(tuple(training), unit, False),
                held_out=Collection(tuple(calibration), unit, False),
            ),
            out=folder / "out",
            workers=2,
            settings=Settings(permutations=19, most=300),
        )
        rows = pq.ParquetFile(folder / "out" / "per-image.parquet").read().to_pylist()
        print(
            f"{len(training)} training, {len(calibration)} calibrating, {len(unseen)} unseen images by {unit}; "
            f"{time.perf_counter() - started:.0f} s"
        )
        show([row for row in rows if row["origin"] == "synthetic"], planted)


def show(rows: list[dict[str, object]], planted: dict[Path, tuple[str, Path]]) -> None:
    """One line per change, and one for unseen images."""
    print("| planted | n | suspected | source named |\n|---|---|---|---|")
    for name in PLANTED:
        found = [row for row in rows if planted.get(Path(str(row["path"])), ("",))[0] == name]
        right = sum(Path(str(row["copy_source"])) == planted[Path(str(row["path"]))][1] for row in found)
        print(f"| {name} | {len(found)} | {suspected(found)} | {right} |")
    fresh = [row for row in rows if Path(str(row["path"])) not in planted]
    print(f"| **nothing: unseen images** | {len(fresh)} | {suspected(fresh)} | |")


def suspected(rows: list[dict[str, object]]) -> str:
    found, n = sum(bool(row["copy_suspect"]) for row in rows), len(rows)
    interval = clopper_pearson(found, n)
    return f"{found} ({found / n:.1%}; {interval.low:.1%} to {interval.high:.1%})"


def ct(data: Path, random: Random, each: int) -> None:
    """Slices of one CT volume: one patient, nothing to calibrate with; only the source is looked for."""
    place = min(path for path in (data / "niivue").rglob("*.nii*") if "ct" in path.name.lower())
    volume = images.read(place).pixels.astype(np.float32)
    low, high = np.percentile(volume, (0.5, 99.5))
    axis = int(np.argmin(volume.shape))
    slices = [clipped(np.clip((plane - low) / (high - low), 0, 1) * 255.0) for plane in np.moveaxis(volume, axis, 0)]
    slices = [plane for plane in slices if plane.std() > 10]
    targets = np.stack([matching.picture(plane.astype(np.float32) / np.float32(255)) for plane in slices])
    print(
        f"{len(slices)} slices of one CT volume, {slices[0].shape}\n"
        "| planted | n | source named | source or next slice |"
    )
    print("|---|---|---|---|")
    for name, change in PLANTED.items():
        chosen = random.permutation(len(slices))[:each]
        pictures = [matching.picture(change(slices[n], random).astype(np.float32) / np.float32(255)) for n in chosen]
        queries = np.stack([matching.middle(picture) for picture in pictures])
        off = np.abs(matching.match(queries, targets).index - chosen)
        print(f"| {name} | {len(chosen)} | {np.sum(off == 0)} | {np.sum(off <= 1)} |")


def main() -> None:
    parser = argparse.ArgumentParser(description=(__doc__ or "").splitlines()[0])
    parser.add_argument("data", type=Path)
    parser.add_argument("--training", type=int, default=1500, help="training images at most")
    parser.add_argument("--each", type=int, default=60, help="copies planted per change")
    parser.add_argument("--only", choices=("ham10000", "fuseg", "ct"))
    options = parser.parse_args()
    random = np.random.default_rng(0)
    if options.only in {None, "ham10000"}:
        study(ham10000(options.data, random, options.training), unit="lesion_id", random=random, each=options.each)
    if options.only in {None, "fuseg"}:
        study(fuseg(options.data, random, options.training), unit="image", random=random, each=options.each)
    if options.only in {None, "ct"}:
        ct(options.data, random, options.each)


if __name__ == "__main__":
    main()
