"""Finding the mark: fold, correlate with the key's phases at every shift, in all eight orientations.

Rules
-----
1. The default search: every shift of the tile, flips and quarter turns, both signs (an inverted picture), each plane by
   itself and all planes together. ``thorough`` adds scale and rotation (:mod:`~misyn.marks.watermark.search`).
2. Frequencies are weighted by the square root of their magnitude in the image: between phase correlation, best when
   the mark is strong, and plain correlation, best when it is weak (measured: each end is worse).
3. The p-value counts every place searched; what it assumes is said in ``model``.
4. Of a stack, 32 evenly spread planes are looked at, and the search says so.
5. A small p-value is evidence that somebody holding the key put a mark there. It is not a verdict.

Source: Kalker et al. 1999 (fold, then symmetrical phase-only matched filtering over all shifts by the FFT).

Example:
    >>> quiet = np.random.default_rng(1).normal(0, 1, (128, 128))
    >>> from misyn.marks.watermark.embedding import embed
    >>> detect(embed(quiet, axes="YX", strength=0.03)[::-1], axes="YX").place
    'flipped, turned 180°'
"""

from __future__ import annotations

import time
from collections.abc import Sequence
from dataclasses import dataclass, field
from typing import Any

import numpy as np
from numpy.typing import NDArray
from scipy import fft

from misyn.marks.watermark.keys import PUBLIC, Key
from misyn.marks.watermark.null import MODEL, p_value
from misyn.marks.watermark.pattern import ORIENTATIONS, TILE, lattice, orientations, phasors, spectrum
from misyn.marks.watermark.planes import as_planes, brightness, spread_over
from misyn.marks.watermark.residual import fold, residual

MOST_PLANES = 32


@dataclass(frozen=True, kw_only=True)
class Peak:
    """The best place of a search: its ``z`` in standard deviations of the null, where, and among how many places."""

    z: float
    place: str
    places: int


@dataclass(frozen=True, kw_only=True)
class Detection:
    """What a search for the mark found.

    Attributes:
        p_value: at most how likely chance alone reaches ``statistic`` somewhere in the whole search; in (0, 1].
        statistic: the largest correlation found, in standard deviations of the null at one place.
        place: what to do to the image to lay the mark upright at that place; means nothing when ``p_value`` is large.
        search: what was searched, in words.
        size: height and width of the planes in pixels; below 256 × 256 the mark survives less.
        model: what ``p_value`` assumes.
        key: the key's id.
        seconds: how long it took on this machine; not part of equality.
    """

    p_value: float
    statistic: float
    place: str
    search: str
    size: tuple[int, int]
    model: str
    key: str
    seconds: float = field(compare=False)


def detect(pixels: NDArray[Any], *, axes: str, key: Key = PUBLIC, thorough: bool = False) -> Detection:
    """Search an image for the mark of a key.

    Args:
        pixels: integer or float samples with the axes of :class:`misyn.images.image.Image`.
        axes: one letter of ``F Z Y X C`` per dimension.
        key: the key to look for.
        thorough: also search scale (0.4 to 2.5) and every rotation; seconds instead of milliseconds.

    Raises:
        UsageError: the axes or the dtype mean nothing.
    """
    started = time.perf_counter()
    planes = as_planes(pixels, axes=axes)
    residuals = [residual(brightness(planes[i])) for i in spread_over(len(planes), most=MOST_PLANES)]
    peaks = [_search_orientations([fold(plane) for plane in residuals], key=key)]
    if thorough:
        from misyn.marks.watermark.search import search  # noqa: PLC0415 - only the thorough search pays for it

        stack = [brightness(planes[i]) for i in spread_over(len(planes), most=MOST_PLANES)]
        peaks.append(search(stack, key=key))
    chances = [p_value(peak.z, places=peak.places * len(peaks)) for peak in peaks]
    best = int(np.argmin(chances)) if min(chances) < 1 else int(np.argmax([peak.z for peak in peaks]))
    return Detection(
        p_value=chances[best],
        statistic=peaks[best].z,
        place=peaks[best].place,
        search=_words(len(planes), looked_at=len(residuals), thorough=thorough),
        size=(planes.shape[1], planes.shape[2]),
        model=MODEL,
        key=key.id,
        seconds=time.perf_counter() - started,
    )


def _words(planes: int, *, looked_at: int, thorough: bool) -> str:
    """Say what was searched."""
    stack = f", {looked_at} of {planes} planes singly and together" if planes > 1 else ""
    more = "; scales 0.4 to 2.5 and all rotations" if thorough else ""
    return f"shifts, flips, quarter turns, both signs{stack}{more}"


def _search_orientations(tiles: Sequence[NDArray[np.float32]], *, key: Key) -> Peak:
    """Every shift and orientation of every folded tile, and of their sum."""
    stack = [*tiles, np.sum(tiles, axis=0)] if len(tiles) > 1 else list(tiles)
    scores = np.array([orientation_scores(square, key=key) for square in stack])
    best = int(scores.max(axis=0).argmax())
    return Peak(z=float(scores.max()), place=ORIENTATIONS[best], places=2 * scores.size * TILE**2)


def orientation_scores(square: NDArray[np.float32], *, key: Key) -> NDArray[np.float64]:
    """Largest |z| over all shifts of one folded tile, for each of the eight orientations: shape (8,)."""
    rows, columns = lattice()
    values = fft.rfft2(np.stack(orientations(square)))[:, rows, columns]
    return scores(values, phases=phasors(key), size=TILE)


def scores(values: NDArray[np.complex64], *, phases: NDArray[np.complex64], size: int) -> NDArray[np.float64]:
    """Largest |z| over a grid of shifts.

    Args:
        values: the image at the lattice's frequencies, complex, shape (..., K); zeros where it says nothing.
        phases: unit phasors expected there, broadcast against ``values``.
        size: shifts per axis at which the correlation is evaluated.

    Returns:
        shape (...): in standard deviations of the null; 0 where all values are 0.
    """
    magnitude = np.abs(values)
    weighted = values / np.sqrt(np.maximum(magnitude, np.float32(1e-20)))
    surface = fft.irfft2(spectrum(weighted * np.conj(phases), size=size), (size, size))
    largest = np.abs(surface).max(axis=(-2, -1)) * float(size) ** 2
    return np.asarray(largest / np.sqrt(2 * magnitude.sum(axis=-1, dtype=np.float64) + 1e-12), np.float64)
