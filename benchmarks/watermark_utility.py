"""Does marking synthetic training images cost a classifier anything? Equivalence, with the margin fixed beforehand.

    python benchmarks/watermark_utility.py [--task t2im|pca] [--repeats 400]

Naevus (or benign) against melanoma (or malignant), tested on unmarked medical images of HAM10000, one per lesion.
``t2im`` trains on Derm-T2IM (synthetic, 200 at 512²; what its model saw is not known); ``pca`` on 600 images drawn by
the PCA-Gaussian model of this project at 200 × 150, fitted by class to 300 lesions each that are not in the test. The
same classifier is trained on the images unmarked, marked, and, as a
baseline for what a harmless change does, re-saved as JPEG 95. Features are chosen to notice a watermark: local binary
patterns beside a small picture. The difference of areas under the ROC curve is equivalent if its 90 % bootstrap
interval, over training and test images resampled together, lies within ±0.02: two one-sided tests at 5 %
(Schuirmann 1987).
"""

from __future__ import annotations

import argparse
import csv
import io
import warnings
from pathlib import Path
from typing import Any

import numpy as np
from numpy.typing import NDArray
from PIL import Image as Picture
from skimage.feature import local_binary_pattern
from sklearn.linear_model import LogisticRegression
from sklearn.metrics import roc_auc_score
from sklearn.pipeline import make_pipeline
from sklearn.preprocessing import StandardScaler
from watermark_images import ROOT

from misyn.errors import NoRoomForMark
from misyn.generate.pca import PcaGaussian
from misyn.marks.watermark import STRENGTH, detect, embed

MARGIN = 0.02
SEED = 20261122
TESTED = 400  # per class
PATTERNS = 20  # features that are local binary patterns
FITTED = 300  # per class, for the model that draws


def features(image: NDArray[Any]) -> NDArray[np.float64]:
    """A 12 × 12 colour picture, and local binary patterns at radii 1 and 3 of the image at 150 × 150."""
    side = min(image.shape[:2])
    y, x = ((n - side) // 2 for n in image.shape[:2])
    picture = Picture.fromarray(image[y : y + side, x : x + side]).resize((150, 150), Picture.Resampling.LANCZOS)
    grey = np.array(picture.convert("L"))
    codes = [local_binary_pattern(grey, 8, radius, method="uniform") for radius in (1, 3)]
    counts = [np.bincount(c.astype(int).ravel(), minlength=10) / c.size for c in codes]
    small = np.asarray(picture.resize((12, 12), Picture.Resampling.BOX), float).ravel() / 255
    return np.concatenate([*counts, small])


def resaved(image: NDArray[Any]) -> NDArray[Any]:
    file = io.BytesIO()
    Picture.fromarray(image).save(file, "JPEG", quality=95)
    return np.array(Picture.open(file))


def synthetic(strength: float) -> tuple[dict[str, NDArray[np.float64]], NDArray[np.int64]]:
    """Features of the synthetic images, unmarked, marked and re-saved; 1 is malignant."""
    paths = sorted((ROOT / "derm_t2im").glob("*/*.png"))
    images = [np.array(Picture.open(path).convert("RGB")) for path in paths]
    changes = {
        "unmarked": lambda i: i,
        "marked": lambda i: embed(i, axes="YXC", strength=strength),
        "JPEG 95 (baseline)": resaved,
    }
    rows = {name: np.stack([features(change(image)) for image in images]) for name, change in changes.items()}
    return rows, np.array([int(path.parent.name == "malignant") for path in paths])


def lesions() -> dict[int, list[Path]]:
    """Naevi (0) and melanomas (1), one image per lesion, the first of each."""
    with (ROOT / "ham10000" / "HAM10000_metadata.csv").open(newline="") as file:
        first = {row["lesion_id"]: row for row in reversed(list(csv.DictReader(file)))}
    found = {path.stem: path for path in (ROOT / "ham10000" / "images").rglob("*.jpg")}
    return {
        label: [found[row["image_id"]] for row in first.values() if row["dx"] == dx and row["image_id"] in found]
        for label, dx in enumerate(("nv", "mel"))
    }


def read(path: Path) -> NDArray[Any]:
    return np.array(Picture.open(path).convert("RGB"))


def medical(skip: int = 0, most: int = TESTED) -> tuple[NDArray[np.float64], NDArray[np.int64]]:
    """Features of medical images, ``most`` of each class after the first ``skip``."""
    chosen = [(path, label) for label, paths in lesions().items() for path in paths[skip : skip + most]]
    return np.stack([features(read(path)) for path, _ in chosen]), np.array([label for _, label in chosen])


def generated(strength: float) -> tuple[dict[str, NDArray[np.float64]], NDArray[np.int64]]:
    """Features of images drawn by class, unmarked, marked and re-saved; where there is no room, left unmarked."""
    images = []
    for label, paths in lesions().items():
        model = PcaGaussian.fit(np.stack([read(path) for path in paths[:FITTED]]).astype(np.float32), components=64)
        images += list(np.clip(model.sample(FITTED, seed=SEED + label) + 0.5, 0, 255).astype(np.uint8))
    marked, refused = [], 0
    for image in images:
        try:
            marked.append(embed(image, axes="YXC", strength=strength))
        except NoRoomForMark:
            refused += 1
            marked.append(image)
    found = sum(detect(image, axes="YXC").p_value <= 1e-4 for image in marked)
    print(f"{len(images)} drawn, {refused} without room, {found} found again")
    kinds = {"unmarked": images, "marked": marked, "JPEG 95 (baseline)": [resaved(image) for image in images]}
    rows = {name: np.stack([features(image) for image in kind]) for name, kind in kinds.items()}
    return rows, np.repeat([0, 1], FITTED)


def area(
    train: NDArray[np.float64], labels: NDArray[np.int64], test: NDArray[np.float64], truth: NDArray[np.int64]
) -> float:
    """Area under the ROC curve of a regularised logistic regression."""
    model = make_pipeline(StandardScaler(), LogisticRegression(C=0.01, max_iter=500))
    return float(roc_auc_score(truth, model.fit(train, labels).decision_function(test)))


def main() -> None:
    arguments = argparse.ArgumentParser(description=__doc__)
    arguments.add_argument("--task", choices=("t2im", "pca"), default="t2im")
    arguments.add_argument("--features", choices=("all", "picture"), default="all", help="picture: without patterns")
    arguments.add_argument("--strength", type=float, default=STRENGTH)
    arguments.add_argument("--repeats", type=int, default=400)
    chosen = arguments.parse_args()
    repeats = chosen.repeats
    warnings.simplefilter("ignore")
    train, labels = synthetic(chosen.strength) if chosen.task == "t2im" else generated(chosen.strength)
    test, truth = medical() if chosen.task == "t2im" else medical(FITTED, FITTED)
    if chosen.features == "picture":
        train, test = {name: rows[:, PATTERNS:] for name, rows in train.items()}, test[:, PATTERNS:]
    whole = {name: area(rows, labels, test, truth) for name, rows in train.items()}
    rng = np.random.default_rng(SEED)
    drawn: dict[str, list[float]] = {name: [] for name in train}
    for _ in range(repeats):
        i, j = rng.integers(0, len(labels), len(labels)), rng.integers(0, len(truth), len(truth))
        for name, rows in train.items():
            drawn[name].append(area(rows[i], labels[i], test[j], truth[j]))
    print(f"n {len(labels)} synthetic to train, {len(truth)} medical (lesions) to test; {repeats} repeats, seed {SEED}")
    print("\n| trained on | area | difference from unmarked (90 % interval) | within ±0.02 |\n|---|--:|--:|---|")
    for name in train:
        low, high = np.quantile(np.subtract(drawn[name], drawn["unmarked"]), [0.05, 0.95])
        inside = "yes" if max(-low, high) < MARGIN else "no"
        difference = f"{whole[name] - whole['unmarked']:+.4f} ({low:+.4f} to {high:+.4f})"
        print(f"| {name} | {whole[name]:.3f} | {difference} | {inside} |")


if __name__ == "__main__":
    main()
