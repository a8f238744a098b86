"""Which features see what was done to medical images: the evidence behind the default extractor (ADR 0011).

``python benchmarks/extractors.py DATA [--only NAME ...] [--n 84]`` prints the table of docs/results. Images of every
source are brought to one form (128 × 128, JPEG of quality 75). Half of them (other lesions, where these are known) is
changed, more and more; the squared Fréchet distance to the other half must rise with every step. Then what a generator
made, over what held-out medical images give. Aggregate numbers only.

Peers in the same run: texture and spectral features straight from scikit-image and SciPy, and 16 × 16 pixels as floor.
"""

from __future__ import annotations

import argparse
import io
import itertools
import time
from collections.abc import Callable, Iterator, Mapping
from pathlib import Path

import numpy as np
from extractor_images import SOURCES, Source
from numpy.typing import NDArray
from PIL import Image, ImageFilter
from scipy import fft
from skimage.feature import graycomatrix, graycoprops, hog, local_binary_pattern

from misyn.evaluate import classifier, features, neighbours, shift
from misyn.evaluate.extractors import known

Picture = Image.Image
Floats = NDArray[np.float64]
Plane = NDArray[np.float32]
SIDE = 128
K = 5


def formed(picture: Picture) -> Plane:
    """One size, one codec."""
    side = min(picture.size)
    left, top = (picture.width - side) // 2, (picture.height - side) // 2
    cut = picture.crop((left, top, left + side, top + side)).resize((SIDE, SIDE), Image.Resampling.BICUBIC)
    file = io.BytesIO()
    cut.save(file, "JPEG", quality=75)
    return np.asarray(Image.open(io.BytesIO(file.getvalue())), np.float32) / np.float32(255)


def noisy(picture: Picture, level: float) -> Picture:
    values = np.asarray(picture, np.float64)
    changed = values + np.random.default_rng(0).normal(0, level, values.shape)
    return Image.fromarray(np.clip(changed, 0, 255).astype(np.uint8))


def flattened(picture: Picture, share: float) -> Picture:
    values = np.asarray(picture, np.float64)
    return Image.fromarray((values.mean() + share * (values - values.mean())).astype(np.uint8))


def reduced(picture: Picture, factor: float) -> Picture:
    small = picture.resize((round(picture.width / factor), round(picture.height / factor)), Image.Resampling.BICUBIC)
    return small.resize(picture.size, Image.Resampling.BICUBIC)


def blurred(picture: Picture, deviation: float) -> Picture:
    """A deviation in hundredths of the width, so that pictures of all sizes are blurred alike."""
    return picture.filter(ImageFilter.GaussianBlur(deviation * picture.width / 100))


CHANGES: dict[str, tuple[Callable[[Picture, float], Picture], tuple[float, ...]]] = {
    "blur (% of the width)": (blurred, (0.3, 0.6, 1.2, 2.4)),
    "noise (grey levels)": (noisy, (3, 6, 12, 24)),
    "contrast (share left)": (flattened, (0.9, 0.75, 0.5, 0.25)),
    "reduced and enlarged (factor)": (reduced, (1.5, 2, 3, 5)),
}


def pixels(image: Plane) -> Floats:
    """16 × 16 pixels: the floor."""
    return np.asarray(image.reshape(16, 8, 16, 8, -1).mean(axis=(1, 3)).ravel(), np.float64)


def library(image: Plane) -> Floats:
    """LBP, co-occurrence and HOG of scikit-image and a radial spectrum by SciPy, plainly put together."""
    grey = image if image.ndim == 2 else image @ np.array([0.299, 0.587, 0.114], np.float32)
    levels = np.round(grey * 255).astype(np.uint8)
    codes = local_binary_pattern(levels, 8, 1, "uniform")  # type: ignore[no-untyped-call]
    joint = graycomatrix(levels // 16, [1, 2, 4], [0, np.pi / 2], levels=16, symmetric=True, normed=True)  # type: ignore[no-untyped-call]
    haralick = [graycoprops(joint, name).ravel() for name in ("contrast", "homogeneity", "energy", "correlation")]  # type: ignore[no-untyped-call]
    directions = hog(grey, 8, (32, 32), (1, 1))  # type: ignore[no-untyped-call]
    power = np.abs(fft.rfft2(grey - grey.mean())) ** 2
    radius = np.hypot(np.fft.fftfreq(SIDE)[:, None], np.fft.rfftfreq(SIDE))
    ring = np.minimum((radius * 32).astype(int), 16)
    rings = np.bincount(ring.ravel(), power.ravel(), 17)[:16] / np.bincount(ring.ravel(), minlength=17)[:16]
    return np.concatenate([np.bincount(codes.astype(int).ravel(), minlength=10) / codes.size, *haralick, directions,
                           np.log(rings + 1e-6), np.percentile(grey, (5, 25, 50, 75, 95))])  # fmt: skip


LIBRARY = (("lbp", 10), ("glcm", 24), ("hog", 128), ("spectrum", 16), ("grey", 5))
Blocks = tuple[tuple[str, int], ...]


def extractors(names: list[str], *, colour: bool) -> Iterator[tuple[str, Callable[[Plane], Floats], Blocks]]:
    """Ours by name, then the peers."""
    for extractor in known.EXTRACTORS:
        if not names or extractor.spec in names:
            found = known.by_name(extractor.spec)
            yield extractor.spec, lambda p, e=found: e.extract(p).astype(np.float64), found.blocks(colour=colour)  # type: ignore[misc]
    if not names or "scikit-image" in names:
        yield "scikit-image", library, LIBRARY
    if not names or "pixels" in names:
        yield "pixels", pixels, (("pixels", 256 * (3 if colour else 1)),)


def described(source: Source, extract: Callable[[Plane], Floats]) -> tuple[dict[str, Floats], float]:
    """Vectors of every set of a source, and milliseconds of this processor an image (radiomics: wall clock)."""
    started, n = time.perf_counter(), 0

    def of(pictures: list[Picture]) -> Floats:
        nonlocal n
        n += len(pictures)
        return np.array([extract(formed(picture)) for picture in pictures])

    sets = {"own": of(source.own), "other": of(source.other)}
    sets |= {f"made: {name}": of(pictures) for name, pictures in source.made.items()}
    pool = of(source.pool)
    sets |= {f"{series} {step}": pool[chosen] for series, step, chosen in source.steps()}
    for change, (function, levels) in CHANGES.items():
        sets |= {f"{change} {level:g}": of([function(p, level) for p in source.other]) for level in levels}
    return sets, 1000 * (time.perf_counter() - started) / n


def shown(source: Source, name: str, sets: Mapping[str, Floats], blocks: Blocks, each: float) -> None:
    """Print the rows of one extractor on one source."""
    scaled = features.scaled(sets, blocks=blocks, by="own").sets
    distance = {key: shift.frechet(scaled["own"], values) for key, values in scaled.items()}
    base = distance["other"]
    for change, (_, levels) in CHANGES.items():
        row(source, name, change, [base, *(distance[f"{change} {level:g}"] for level in levels)])
    for series in source.series:
        keys = [f"{series} {step}" for of, step, _ in source.steps() if of == series]
        row(source, name, series, [distance[key] for key in keys])
    own = neighbours.prdc(scaled["own"], scaled["other"], k=K)
    for made in source.made:
        found = scaled[f"made: {made}"]
        told = classifier.tell_apart(scaled["own"], found, permutations=199, random=np.random.default_rng(0))
        near = neighbours.prdc(scaled["own"], found, k=K)
        print(
            f"| {source.name} | {name} | {made}, over held-out | {distance[f'made: {made}'] / base:.2f} × | classifier "
            f"{told.auc:.3f}; coverage {near.coverage:.2f} (held-out {own.coverage:.2f}) |",
            flush=True,
        )
    print(f"| {source.name} | {name} | cost | {each:.0f} ms an image | form included, busy machine |", flush=True)


def row(source: Source, name: str, what: str, steps: list[float]) -> None:
    rising = sum(a < b for a, b in itertools.pairwise(steps))
    said = "rises" if rising == len(steps) - 1 else f"rises in {rising} of {len(steps) - 1}"
    print(f"| {source.name} | {name} | {what} | {' → '.join(f'{d:.3g}' for d in steps)} | {said} |", flush=True)


def main() -> None:
    parser = argparse.ArgumentParser(description=(__doc__ or "").splitlines()[0])
    parser.add_argument("data", type=Path)
    parser.add_argument("--n", type=int, default=84)
    parser.add_argument("--only", nargs="*", default=[], help="extractors")
    options = parser.parse_args()
    print("| images | extractor | change | squared Fréchet distance, least to most changed | |\n|---|---|---|---|---|")
    for open_source in SOURCES:
        source = open_source(options.data, options.n)
        for name, extract, blocks in extractors(options.only, colour=source.own[0].mode == "RGB"):
            sets, each = described(source, extract)
            shown(source, name, sets, blocks, each)


if __name__ == "__main__":
    main()
