"""The default extractor: grey values, layout, edges, texture, frequencies and colours. No weights, no download.

Rules
-----
1. Every number is of moderate size by construction (shares, roots of histograms, logarithms with a floor), so that no
   single feature can decide a distance alone.
2. Three scales (128, 64 and 32 pixels) see fine grain and coarse form.
3. It knows no anatomy and no disease. Two images that differ only in what matters to a patient may get the same
   numbers: `docs/measures.md` says so wherever a number from here is shown.

Sources: Ojala et al., PAMI 2002 (LBP); Haralick et al., 1973 (GLCM); Dalal and Triggs, CVPR 2005 (cells of edge
directions); van der Schaaf and van Hateren, 1996 (radial power spectrum); van de Sande et al., PAMI 2010 (opponent
colours).

Example:
    >>> flat = np.full((40, 60), 0.5, np.float32)
    >>> vector = EXTRACTOR.extract(flat)
    >>> vector.shape, bool(np.isfinite(vector).all())
    ((287,), True)
"""

from __future__ import annotations

from dataclasses import dataclass
from functools import cache

import numpy as np
from numpy.typing import NDArray
from PIL import Image
from scipy import fft

from misyn.errors import MissingExtra
from misyn.evaluate.extractors import Pixels

Array = NDArray[np.float64]
Codes = NDArray[np.intp]

SIZE = 128
FLOOR = 1 / 255  # a grey level of 8 bits: logarithms do not look below it
GREY_LEVELS = 16
DISTANCES = (1, 2, 4)
DIRECTIONS = 8
CELLS = 4
RINGS = 16
PERCENTILES = (1, 5, 25, 50, 75, 95, 99)


@dataclass(frozen=True)
class Texture:
    """The extractor of this module."""

    spec: str = "texture"
    name: str = "texture"
    version: int = 1
    preprocessing: str = f"{SIZE} × {SIZE}, bicubic"

    def blocks(self, *, colour: bool) -> tuple[tuple[str, int], ...]:
        """287 numbers on grey values; 40 more on colours."""
        grey = (
            ("intensity", len(PERCENTILES) + 5),
            ("layout", 2 * CELLS**2),
            ("gradient", 3 * (DIRECTIONS + 6)),
            ("form", CELLS**2 * DIRECTIONS),
            ("lbp", 30),
            ("glcm", 6 * len(DISTANCES)),
            ("spectrum", RINGS + 9),
        )
        return (*grey, ("colour", 40)) if colour else grey

    def extract(self, pixels: Pixels) -> NDArray[np.float32]:
        """Describe one plane: (Y, X) or (Y, X, 3) in [0, 1] to (D,) float32, finite."""
        scaled = resized(pixels)
        grey = luminance(scaled) if scaled.ndim == 3 else scaled
        scales = [grey, halved(grey), halved(halved(grey))]
        edges = [_edges(scale) for scale in scales]
        parts = [
            _intensity(grey),
            _layout(grey),
            *(_gradient(scale, edge) for scale, edge in zip(scales, edges, strict=True)),
            _form(*edges[2]),
            *(_lbp(scale) for scale in scales),
            *(_glcm(grey, distance) for distance in DISTANCES),
            _spectrum(grey),
        ]
        if scaled.ndim == 3:
            parts.append(_colour(scaled))
        return np.concatenate(parts).astype(np.float32)

    def missing(self) -> MissingExtra | None:
        """Nothing is missing: it needs core dependencies only."""
        return None


EXTRACTOR = Texture()


def resized(pixels: Pixels) -> Array:
    """Scale to SIZE × SIZE with Pillow's antialiasing bicubic filter, channel by channel, clipped to [0, 1]."""
    if pixels.shape[:2] == (SIZE, SIZE):
        return pixels.astype(np.float64)
    planes = pixels[..., None] if pixels.ndim == 2 else pixels
    scaled = [
        np.asarray(Image.fromarray(np.ascontiguousarray(planes[..., c])).resize((SIZE, SIZE), Image.Resampling.BICUBIC))
        for c in range(planes.shape[2])
    ]
    stacked: Array = np.clip(np.stack(scaled, axis=-1), 0, 1).astype(np.float64)
    return stacked[..., 0] if pixels.ndim == 2 else stacked


def luminance(pixels: Array) -> Array:
    """Grey of (Y, X, 3) colours (ITU-R BT.601)."""
    return np.asarray(0.299 * pixels[..., 0] + 0.587 * pixels[..., 1] + 0.114 * pixels[..., 2])


def halved(grey: Array) -> Array:
    """Mean of every 2 × 2 pixels."""
    half: Array = (grey[::2, ::2] + grey[1::2, ::2] + grey[::2, 1::2] + grey[1::2, 1::2]) / 4
    return half


def _log(values: Array | float) -> Array:
    return np.log(np.atleast_1d(values) + FLOOR)


def _moments(grey: Array) -> Array:
    """Mean, log of spread, and skewness and tailedness squeezed into (−1, 1)."""
    centred = grey - grey.mean()
    spread = float(np.sqrt(np.mean(centred**2)))
    unit = centred / max(spread, FLOOR)
    square = unit * unit
    skew, tails = float(np.mean(square * unit)), float(np.mean(square * square)) - 3
    return np.array([grey.mean(), np.log(spread + FLOOR), np.tanh(skew / 2), np.tanh(tails / 4)])


def _intensity(grey: Array) -> Array:
    histogram = np.bincount((grey.ravel() * 31.999).astype(np.intp), minlength=32) / grey.size
    entropy = -float(np.sum(histogram * np.log2(histogram + 1e-12)))
    return np.concatenate([_moments(grey), [entropy], np.percentile(grey, PERCENTILES)])


def _layout(grey: Array) -> Array:
    """Mean and spread in each of 4 × 4 cells."""
    cells = grey.reshape(CELLS, SIZE // CELLS, CELLS, SIZE // CELLS)
    return np.concatenate([cells.mean(axis=(1, 3)).ravel(), _log(cells.std(axis=(1, 3))).ravel()])


def _edges(grey: Array) -> tuple[Array, Codes]:
    """Strength of every edge, and its direction as one of DIRECTIONS (light to dark and back are one direction)."""
    dy, dx = np.empty_like(grey), np.empty_like(grey)
    dy[1:-1], dx[:, 1:-1] = grey[2:] - grey[:-2], grey[:, 2:] - grey[:, :-2]
    dy[[0, -1]], dx[:, [0, -1]] = 0, 0
    angle = np.arctan2(dy, dx) * (DIRECTIONS / np.pi)
    return np.hypot(dx, dy), np.floor(angle + 0.5).astype(np.intp) % DIRECTIONS


def _gradient(grey: Array, edges: tuple[Array, Codes]) -> Array:
    strength, direction = edges
    weights = np.bincount(direction.ravel(), strength.ravel(), minlength=DIRECTIONS)
    second = grey[1:-1, 2:] + grey[1:-1, :-2] + grey[2:, 1:-1] + grey[:-2, 1:-1] - 4 * grey[1:-1, 1:-1]
    numbers = [strength.mean(), strength.std(), *np.percentile(strength, (50, 90, 99)), np.sqrt(np.mean(second**2))]
    return np.concatenate([_log(np.array(numbers)), np.sqrt(weights / max(weights.sum(), FLOOR))])


def _form(strength: Array, direction: Codes) -> Array:
    """Directions of edges in each of 4 × 4 cells, together of length at most 1."""
    side = len(strength)
    row = np.arange(side) // (side // CELLS)
    cell = (row[:, None] * CELLS + row) * DIRECTIONS
    weights = np.bincount((cell + direction).ravel(), strength.ravel(), minlength=CELLS**2 * DIRECTIONS)
    return np.asarray(np.sqrt(weights / max(weights.sum(), FLOOR)))


@cache
def _uniform() -> Codes:
    """Code of 8 neighbours → number of brighter ones (0–8) where at most two changes go round, else 9."""
    bits = (np.arange(256)[:, None] >> np.arange(8)) & 1
    changes = (bits != np.roll(bits, 1, axis=1)).sum(axis=1)
    return np.where(changes <= 2, bits.sum(axis=1), 9).astype(np.intp)


def _lbp(grey: Array) -> Array:
    """Root of the histogram of uniform local binary patterns, rotation-invariant (Ojala et al.)."""
    levels = np.round(grey * 255).astype(np.int16)
    height, width = levels.shape
    centre = levels[1:-1, 1:-1]
    code = np.zeros(centre.shape, np.uint8)
    ring = ((0, 0), (0, 1), (0, 2), (1, 2), (2, 2), (2, 1), (2, 0), (1, 0))
    for bit, (y, x) in enumerate(ring):
        code |= (levels[y : height - 2 + y, x : width - 2 + x] >= centre).astype(np.uint8) << bit
    return np.sqrt(np.bincount(_uniform()[code].ravel(), minlength=10) / code.size)


def _glcm(grey: Array, distance: int) -> Array:
    """Six statistics of the grey-level co-occurrence matrix, symmetric, over four directions."""
    levels = np.minimum((grey * GREY_LEVELS).astype(np.intp), GREY_LEVELS - 1)
    return _haralick(cooccurrence(levels, distance))


def cooccurrence(levels: Codes, distance: int) -> Array:
    """How often grey levels stand ``distance`` apart at 0°, 45°, 90° and 135°: (16, 16), symmetric, sum 1."""
    d = distance
    pairs = (
        (levels[:, :-d], levels[:, d:]),
        (levels[:-d], levels[d:]),
        (levels[:-d, :-d], levels[d:, d:]),
        (levels[:-d, d:], levels[d:, :-d]),
    )
    counts = np.zeros(GREY_LEVELS**2)
    for first, second in pairs:
        found = np.bincount((first * GREY_LEVELS + second).ravel(), minlength=GREY_LEVELS**2)
        counts += found / first.size
    matrix = counts.reshape(GREY_LEVELS, GREY_LEVELS)
    joint: Array = (matrix + matrix.T) / (2 * len(pairs))
    return joint


def _haralick(joint: Array) -> Array:
    """Contrast, dissimilarity, homogeneity, energy, correlation and entropy of a co-occurrence matrix."""
    level = np.arange(GREY_LEVELS)
    gap = level[:, None] - level
    share = joint.sum(axis=0)
    mean = float(share @ level)
    variance = float(share @ (level - mean) ** 2)
    covariance = float(np.sum(joint * np.outer(level - mean, level - mean)))
    return np.array(
        [
            np.log(np.sum(joint * gap**2) + 0.01),
            np.sqrt(np.sum(joint * np.abs(gap))),
            np.sum(joint / (1 + gap**2)),
            np.sqrt(np.sum(joint**2)),
            covariance / variance if variance > 1e-9 else 1.0,
            -np.sum(joint * np.log2(joint + 1e-12)),
        ]
    )


@cache
def _rings() -> tuple[Codes, Codes, Array]:
    """Ring and sector of every frequency of a real transform, and the window against the picture's borders."""
    y = fft.fftfreq(SIZE)[:, None]
    x = fft.rfftfreq(SIZE)
    radius = np.hypot(y, x)
    ring = np.minimum((radius * 2 * RINGS).astype(np.intp), RINGS)  # the last holds the corners, and is left out
    ring[0, 0] = RINGS
    sector = np.floor(np.arctan2(y, x) * DIRECTIONS / np.pi + 0.5).astype(np.intp) % DIRECTIONS
    bell = np.hanning(SIZE + 2)[1:-1]
    return ring, sector, np.outer(bell, bell)


def _spectrum(grey: Array) -> Array:
    """Log power in rings of frequency, its slope, and the share of the middle frequencies per direction."""
    ring, sector, window = _rings()
    power = np.abs(fft.rfft2((grey - grey.mean()) * window)) ** 2 / SIZE**2
    count = np.bincount(ring.ravel(), minlength=RINGS + 1)[:RINGS]
    mean = np.bincount(ring.ravel(), power.ravel(), minlength=RINGS + 1)[:RINGS] / count
    logs = np.log(mean + FLOOR**2)
    position = np.log(np.arange(RINGS) + 0.5)
    position -= position.mean()
    slope = np.sum(position * logs) / np.sum(position**2)
    middle = (ring >= 1) & (ring < RINGS // 2)
    shares = np.bincount(sector[middle], power[middle], minlength=DIRECTIONS)
    return np.concatenate([logs, [slope], np.sqrt(shares / max(shares.sum(), FLOOR**2))])


def _colour(pixels: Array) -> Array:
    """Two opponent colours and saturation: moments, percentiles, and the mean in 3 × 3 cells."""
    red, green, blue = (pixels[..., c] for c in range(3))
    saturation = pixels.max(axis=2) - pixels.min(axis=2)
    opponents = ((red - green) / 2 + 0.5, (red + green - 2 * blue) / 4 + 0.5)
    numbers = [np.concatenate([_moments(c), np.percentile(c, (5, 50, 95))]) for c in (*opponents, saturation)]
    third = SIZE // 3
    cells = [c[: 3 * third, : 3 * third].reshape(3, third, 3, third).mean(axis=(1, 3)).ravel() for c in opponents]
    together = np.mean((opponents[0] - opponents[0].mean()) * (opponents[1] - opponents[1].mean()))
    spread = opponents[0].std() * opponents[1].std()
    return np.concatenate([*numbers, *cells, [together / max(float(spread), FLOOR**2)]])
