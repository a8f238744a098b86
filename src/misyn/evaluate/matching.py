"""Find the medical image that a picture repeats: turned, mirrored, cropped, brighter, noisier or compressed again.

Rules
-----
1. Pictures are grey, :data:`SIDE` pixels on their short side. The middle square of a query is looked for in all eight
   turns and mirrorings, at :data:`SIZES` of the target's short side, at every place of the target.
2. A cheap search over all targets proposes candidates (band-passed windows of :data:`CELLS` × :data:`CELLS` cells); the
   nearest in features are candidates too. Candidates are then matched pixel by pixel.
3. Likeness is a correlation of band-passed grey values: a change of brightness or contrast leaves it as it is. It means
   nothing by itself: :mod:`misyn.evaluate.memorisation` asks what unseen images of other patients reach.
4. A target of the query's own patient is never a candidate where patients are given.

Source: misyn; normalised cross-correlation by FFT and running sums after Lewis, Vision Interface 1995.

Example:
    >>> pictures = np.random.default_rng(0).integers(0, 256, (3, 64, 64)).astype(np.uint8)
    >>> found = match(pictures[1:2, ::-1], pictures)
    >>> found.index.tolist(), found.likeness.round(2).tolist(), found.how(0)
    ([1], [1.0], 'mirrored')
"""

from __future__ import annotations

from dataclasses import dataclass
from functools import cache

import numpy as np
from numpy.typing import NDArray
from PIL import Image
from scipy import fft, ndimage

Pictures = NDArray[np.uint8]
Floats = NDArray[np.float32]
Ints = NDArray[np.int64]

SIDE = 64
LONGEST = 2 * SIDE  # a longer picture is cut around its middle
SIZES = (38, 40, 42, 44, 46, 48, 50, 52, 54, 56, 58, 60, 62, 64)  # sides of the square looked for: 60 to 100 %
CELLS = 12
WINDOWS = (1.0, 0.88, 0.77, 0.68)  # sides of the windows, as shares of the short side
STEP = 0.14  # of a window's side, between two windows
CANDIDATES = 16  # pairs of a variant and a target that are matched pixel by pixel
COARSE, FINE = (1.5, 6.0), (0.8, 1.6)  # bands, as the deviations of two Gaussians, in pixels
QUERIES, TARGETS = 256, 256  # looked at together
MOST_ALIKE = 0.9999  # likeness above which nothing more is to be said
EDGE = 2  # pixels at a square's edge that the band-pass cannot know
FLAT = 0.3  # root of mean square, in grey levels, under which a band holds nothing
TURNS = ("", "turned by 90°", "turned by 180°", "turned by 270°")


@dataclass(frozen=True, eq=False)
class Matches:
    """The best match of every query.

    Attributes:
        index: (M,) int64: which target; −1 where there is none.
        likeness: (M,) float64 correlation in [−1, 1]; −1 where there is no match.
        variant: (M,) int64: 0 to 3 quarter turns, plus 4 when mirrored.
        size: (M,) float64: side of the matched part over the target's short side, in [0.6, 1].
    """

    index: Ints
    likeness: NDArray[np.float64]
    variant: Ints
    size: NDArray[np.float64]

    @property
    def distance(self) -> NDArray[np.float64]:
        """Smaller for better evidence of a copy: minus Fisher's z of the likeness times the size; infinite for none.

        A small part finds a place that is like it more easily than a large one, so that the same likeness says less.
        """
        z = np.arctanh(np.clip(self.likeness, -MOST_ALIKE, MOST_ALIKE))
        return np.where(self.index < 0, np.inf, -z * self.size)

    def how(self, query: int) -> str:
        """What was done to the target to get the query, in words; empty for nothing but grey values."""
        turn, size = TURNS[self.variant[query] % 4], self.size[query]
        said = [turn] if turn else []
        said += ["mirrored"] if self.variant[query] >= 4 else []
        said += [f"a part of {size:.0%} of its side"] if size < 1 - 2 / SIDE else []
        return ", ".join(said)


def picture(plane: NDArray[np.float32]) -> Pictures:
    """A prepared plane as a small grey picture.

    Args:
        plane: (Y, X) or (Y, X, 3) in [0, 1].

    Returns:
        (H, W) uint8, the shorter of both being :data:`SIDE`.
    """
    grey = plane if plane.ndim == 2 else plane @ np.array([0.299, 0.587, 0.114], np.float32)
    height, width = grey.shape
    short = min(height, width)
    size = tuple(min(LONGEST, round(SIDE * side / short)) for side in (width, height))
    scaled = Image.fromarray(np.round(grey * 255).astype(np.uint8)).resize(size, Image.Resampling.BICUBIC)
    return np.asarray(scaled, np.uint8)


def match(
    queries: Pictures,
    targets: Pictures,
    *,
    near: Ints | None = None,
    patients: tuple[Ints, Ints] | None = None,
) -> Matches:
    """Match every query with the target it most looks like.

    Args:
        queries: (M, H, W) pictures.
        targets: (N, H, W) pictures of the same form.
        near: (M, k) targets near in features, also tried; −1 for none.
        patients: a number per query and per target; targets with the query's number are passed over.
    """
    found = Matches(
        np.full(len(queries), -1), np.full(len(queries), -1.0), np.zeros(len(queries), int), np.ones(len(queries))
    )
    for start in range(0, len(queries), QUERIES):
        block = slice(start, min(start + QUERIES, len(queries)))
        scores = _coarse(queries[block], targets)
        if patients is not None:
            same = patients[0][block, None] == patients[1][None, :]
            scores.swapaxes(1, 2)[same] = -np.inf
        for row, per_variant in enumerate(scores):
            chosen = _chosen(per_variant, None if near is None else near[start + row])
            _refine(found, start + row, queries[start + row], targets, chosen)
    return found


def _chosen(scores: Floats, near: Ints | None) -> list[tuple[int, int]]:
    """Candidates of one query as (variant, target): the best scores, and the nearest in features in their best variant.

    Args:
        scores: (8, N); minus infinity where passed over.
        near: (k,) targets, −1 for none.
    """
    flat = scores.ravel()
    most = min(CANDIDATES, len(flat))
    pairs = {divmod(int(place), scores.shape[1]) for place in np.argpartition(-flat, most - 1)[:most]}
    if near is not None:
        pairs |= {(int(scores[:, index].argmax()), int(index)) for index in near if index >= 0}
    return sorted(pair for pair in pairs if np.isfinite(scores[pair]))


def middle(pictures: Pictures) -> Pictures:
    """The middle square of every picture: (M, H, W) to (M, SIDE, SIDE)."""
    height, width = pictures.shape[-2:]
    side = min(height, width)
    top, left = (height - side) // 2, (width - side) // 2
    return pictures[..., top : top + side, left : left + side]


def variant_of(square: NDArray[np.uint8], variant: int) -> NDArray[np.uint8]:
    """A square turned back and mirrored back, as :attr:`Matches.variant` counts.

    Example:
        >>> variant_of(np.array([[1, 2], [3, 4]], np.uint8), 4).tolist()
        [[3, 4], [1, 2]]
    """
    mirrored = square[..., ::-1, :] if variant >= 4 else square
    return np.rot90(mirrored, variant % 4, axes=(-2, -1))


def _band(pictures: NDArray[np.uint8] | Floats, widths: tuple[float, float]) -> Floats:
    """What lies between two scales, picture by picture."""
    values = pictures.astype(np.float32)
    low, high = ((0,) * (values.ndim - 2) + (width, width) for width in widths)
    fine: Floats = ndimage.gaussian_filter(values, low, mode="nearest")
    coarse: Floats = ndimage.gaussian_filter(values, high, mode="nearest", truncate=3)
    return fine - coarse


def _coarse(queries: Pictures, targets: Pictures) -> Floats:
    """Best likeness of every query, in each variant, to the windows of every target: (M, 8, N)."""
    squares = middle(queries)
    turned = np.stack([variant_of(squares, v) for v in range(8)], axis=1)  # (M, 8, SIDE, SIDE)
    described = _cells(_band(turned, COARSE).reshape(-1, *squares.shape[1:]), (0.0, 1.0), (0.0, 1.0))
    scores = np.full((len(described), len(targets)), -1, np.float32)
    for start in range(0, len(targets), TARGETS):
        bands = _band(targets[start : start + TARGETS], COARSE)
        part = scores[:, start : start + TARGETS]
        for rows, columns in _windows(*targets.shape[1:]):
            np.maximum(part, described @ _cells(bands, rows, columns).T, out=part)
    return scores.reshape(len(queries), 8, len(targets))


@cache
def _windows(height: int, width: int) -> tuple[tuple[tuple[float, float], tuple[float, float]], ...]:
    """Windows of a target: (from, to) as shares of its height and of its width."""
    short = min(height, width)
    return tuple(
        (down, right)
        for share in WINDOWS
        for down in _places(share * short / height)
        for right in _places(share * short / width)
    )


def _places(length: float) -> list[tuple[float, float]]:
    """Evenly spaced stretches of this length within [0, 1], at most :data:`STEP` of it apart, one in the middle."""
    free = max(0.0, 1 - length)
    steps = 2 * int(np.ceil(free / (2 * STEP * length) - 1e-9))
    starts = np.linspace(0, free, steps + 1)
    return [(float(start), float(start) + length) for start in starts]


def _cells(bands: Floats, rows: tuple[float, float], columns: tuple[float, float]) -> Floats:
    """Means of a window's cells, centred and of unit length: (B, H, W) to (B, CELLS²)."""
    down, across = _means(bands.shape[1], *rows), _means(bands.shape[2], *columns)
    values = (down @ bands @ across.T).reshape(len(bands), -1)
    values -= values.mean(axis=1, keepdims=True)
    length = np.linalg.norm(values, axis=1, keepdims=True)
    return np.where(length > FLAT * CELLS, values / np.maximum(length, 1e-9), 0).astype(np.float32)


@cache
def _means(n: int, start: float, stop: float) -> Floats:
    """Matrix that takes means of n samples over CELLS equal stretches between two shares: (CELLS, n)."""
    borders = np.linspace(start * n, stop * n, CELLS + 1)
    sample = np.arange(n)
    overlap = np.minimum(borders[1:, None], sample + 1) - np.maximum(borders[:-1, None], sample)
    kept = np.maximum(overlap, 0)
    return np.asarray(kept / kept.sum(axis=1, keepdims=True), np.float32)


def _refine(found: Matches, row: int, query: Pictures, targets: Pictures, chosen: list[tuple[int, int]]) -> None:
    """Match one query with its candidates, and keep the best."""
    square = middle(query)
    templates = {v: _templates(variant_of(square, v), targets.shape[1:]) for v in {variant for variant, _ in chosen}}
    for variant, index in chosen:
        likeness = _correlations(templates[variant], targets[index])
        best = int(likeness.argmax())
        if likeness[best] > found.likeness[row]:
            found.likeness[row], found.index[row] = likeness[best], index
            found.variant[row], found.size[row] = variant, SIZES[best] / SIDE


def _templates(square: NDArray[np.uint8], shape: tuple[int, ...]) -> NDArray[np.complex64]:
    """Transforms of a square at all sizes, band-passed, centred, of unit length; zero where nothing is in it."""
    padded = np.zeros((len(SIZES), *shape), np.float32)
    whole = Image.fromarray(np.ascontiguousarray(square))
    for place, size in enumerate(SIZES):
        scaled = np.asarray(whole.resize((size, size), Image.Resampling.BICUBIC))
        inner = _band(scaled, FINE)[EDGE:-EDGE, EDGE:-EDGE]
        inner = inner - inner.mean()
        length = float(np.linalg.norm(inner))
        if length > FLAT * inner.shape[0]:
            padded[place, : inner.shape[0], : inner.shape[1]] = inner / length
    return np.asarray(np.conj(fft.rfft2(padded)))


def _correlations(templates: NDArray[np.complex64], target: NDArray[np.uint8]) -> NDArray[np.float64]:
    """The best correlation of every size, over all places in the target: (len(SIZES),)."""
    band = _band(target, FINE)
    height, width = band.shape
    products = fft.irfft2(templates * fft.rfft2(band), s=band.shape)
    sums, squares = _running(band), _running(band**2)
    best = np.full(len(SIZES), -1.0)
    for place, size in enumerate(SIZES):
        inner = size - 2 * EDGE
        down, right = height - size + 1, width - size + 1  # the square's edge must lie inside too
        mean = _inside(sums, inner)[EDGE : EDGE + down, EDGE : EDGE + right] / inner
        power = _inside(squares, inner)[EDGE : EDGE + down, EDGE : EDGE + right] - mean**2
        length = np.sqrt(np.maximum(power, (FLAT * inner) ** 2))
        best[place] = float((products[place, EDGE : EDGE + down, EDGE : EDGE + right] / length).max())
    return best


def _running(values: Floats) -> NDArray[np.float64]:
    """Sums over everything above and to the left, with a border of zeros."""
    return np.pad(values.astype(np.float64).cumsum(axis=0).cumsum(axis=1), ((1, 0), (1, 0)))


def _inside(sums: NDArray[np.float64], side: int) -> NDArray[np.float64]:
    """Sums over every square of this side."""
    return sums[side:, side:] - sums[:-side, side:] - sums[side:, :-side] + sums[:-side, :-side]
