"""The pattern: one square tile of band-limited noise, repeated over the image, the same on every slice.

Rules
-----
1. ``TILE`` × ``TILE`` pixels, repeated: whatever is cropped, the rest still holds the whole tile, shifted.
2. Only spatial frequencies in ``BAND`` (cycles per pixel) carry the mark. Below, anatomy drowns it; above, JPEG 50 and
   a resize to half remove it (0.25 cycles per pixel is the limit of Nyquist after halving).
3. Every frequency has the same magnitude and a keyed phase, uniform on the circle and independent of all others.
   The detector uses nothing but these phases, so that :mod:`misyn.marks.watermark.null` can bound chance exactly.
4. What is added is that noise clipped hard to ±1: for a given largest change it holds most energy.

Source: spread spectrum after Cox et al. 1997; repeated tile after Kalker et al. 1999.

Example:
    >>> from misyn.marks.watermark.keys import PUBLIC
    >>> tile(PUBLIC).shape, float(abs(tile(PUBLIC)).max())
    ((96, 96), 1.0)
"""

from __future__ import annotations

from functools import lru_cache
from typing import Any

import numpy as np
from numpy.typing import NDArray
from scipy import fft

from misyn.marks.watermark.keys import Key

TILE = 96
BAND = (0.05, 0.25)
# How far the noise, in standard deviations, is from the level where it is clipped: measured, 1 and 10 are worse.
_GAIN = 3.0


@lru_cache(maxsize=1)
def lattice() -> tuple[NDArray[np.int64], NDArray[np.int64]]:
    """Frequencies of the mark in one half plane, in cycles per tile.

    Returns:
        rows, columns: two (K,) integer arrays; with each (r, c), (-r, -c) carries the conjugate and is not listed.

    Example:
        >>> lattice()[0].shape
        (862,)
    """
    reach = int(BAND[1] * TILE)
    rows, columns = np.meshgrid(np.arange(-reach, reach + 1), np.arange(reach + 1), indexing="ij")
    radius = np.hypot(rows, columns) / TILE
    kept = (radius >= BAND[0]) & (radius <= BAND[1]) & ((columns > 0) | (rows > 0))
    return rows[kept], columns[kept]


@lru_cache(maxsize=8)
def phasors(key: Key) -> NDArray[np.complex64]:
    """Unit complex numbers, shape (K,), one for each frequency of :func:`lattice`: the key as the detector uses it."""
    n = len(lattice()[0])
    words = np.frombuffer(key.stream(8 * n), "<u8")
    return np.asarray(np.exp(2j * np.pi * (words / 2.0**64)), np.complex64)


def spectrum(values: NDArray[Any], *, size: int = TILE) -> NDArray[np.complex64]:
    """Put values at the lattice's frequencies into the layout of ``scipy.fft.irfft2``.

    Args:
        values: complex, shape (..., K).
        size: side of the grid that ``irfft2`` will return; at least twice the highest frequency.

    Returns:
        complex64, shape (..., size, size // 2 + 1), zero outside the band.
    """
    rows, columns = lattice()
    grid = np.zeros((*values.shape[:-1], size, size // 2 + 1), np.complex64)
    grid[..., rows, columns] = values
    axis = columns == 0  # this column holds both halves
    grid[..., -rows[axis], 0] = np.conj(values[..., axis])
    return grid


@lru_cache(maxsize=8)
def tile(key: Key, also: Key | None = None) -> NDArray[np.float32]:
    """The tile that is added, float32 in [-1, 1], shape (TILE, TILE). Read-only, because it is shared.

    Args:
        key: whose phases it has.
        also: a second key; the two patterns are added before they are clipped.
    """
    together = phasors(key) if also is None or also == key else phasors(key) + phasors(also)
    noise = fft.irfft2(spectrum(together), (TILE, TILE))
    clipped = np.asarray(np.clip(noise * (_GAIN / noise.std()), -1, 1), np.float32)
    clipped.setflags(write=False)
    return clipped


def orientations(square: NDArray[Any]) -> list[NDArray[Any]]:
    """The eight ways a square can lie: four quarter turns, then the same after a left-right flip.

    Example:
        >>> len(orientations(np.zeros((2, 2))))
        8
    """
    return [np.rot90(side, turns) for side in (square, square[:, ::-1]) for turns in range(4)]


ORIENTATIONS = tuple(f"{flip}turned {90 * turns}°" for flip in ("", "flipped, ") for turns in range(4))
