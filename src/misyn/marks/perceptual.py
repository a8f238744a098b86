r"""Perceptual fingerprints: 256 bits by which images that look alike can be found, as candidates and never as proof.

Rules
-----
1. A fingerprint is made of one plane, the middle one: grey, brought to 64 × 64, its 255 lowest cosine coefficients
   without the mean, each a bit: above their median or not. It does not change with brightness and contrast, and little
   with size and compression.
2. Images that differ by few bits are *candidates*. Neighbouring slices of one patient, moles on plain skin and lungs on
   radiographs look alike: how often strangers do is measured in ``docs/results/scan-2026-11-22.md``, and
   :data:`NEAR` was chosen by it. Nothing is ever decided by a candidate.
3. An image that is nearly of one value has no fingerprint.
4. Flips, turns, crops and heavy changes of window move most bits: such copies are not found.

After the idea of "Implementation and benchmarking of perceptual image hash functions" (Zauner 2010), with its DCT of
low frequencies; not compatible with any other program's hashes.

Example:
    >>> import numpy as np
    >>> wave = np.sin(np.linspace(0, 9, 90))[:, None] * np.cos(np.linspace(0, 5, 120))
    >>> a, b = fingerprint(wave), fingerprint(wave[::2, ::2] * 3 + 7)
    >>> len(a), distance(a, b) < NEAR
    (64, True)
    >>> fingerprint(np.zeros((9, 9))) is None
    True
"""

from __future__ import annotations

from collections.abc import Callable, Iterator, Sequence
from functools import cache

import numpy as np
from numpy.typing import NDArray

from misyn.images.image import Image

SIDE, KEPT = 64, 16
BITS = KEPT * KEPT
NEAR = 32  # bits; chosen by docs/results/scan-2026-11-22.md
_FLAT = 1e-3  # of the largest value: less spread than this is noise around one value
_LUMA = np.array([0.299, 0.587, 0.114])  # ITU-R BT.601
_ROWS = 512

Progress = Callable[[int, int], None]


def of(image: Image) -> str | None:
    """The fingerprint of an image's middle plane, or None where there is too little to see."""
    plane = image.pixels
    for axis in image.axes:
        if axis in "YX":
            break
        plane = plane[plane.shape[0] // 2]
    return fingerprint(plane)


def fingerprint(plane: NDArray[np.number]) -> str | None:
    """The fingerprint of one plane.

    Args:
        plane: shape ``(Y, X)``, or ``(Y, X, C)`` with 1 to 4 channels, any number type.

    Returns:
        64 hexadecimal digits, or None by rule 3.
    """
    small = _small(_grey(plane))
    spread = float(small.max() - small.min())
    if not np.isfinite(spread) or spread <= _FLAT * float(np.abs(small).max()):
        return None
    cosines = _cosines()
    coefficients = (cosines @ small @ cosines.T).ravel()
    coefficients[0] = np.median(coefficients[1:])  # the mean says nothing of shape
    return np.packbits(coefficients > coefficients[0]).tobytes().hex()


def _grey(plane: NDArray[np.number]) -> NDArray[np.float64]:
    values = plane.astype(np.float64)
    if values.ndim == 2:
        return values
    return values[..., :3] @ _LUMA if values.shape[-1] >= 3 else values[..., 0]


def _small(grey: NDArray[np.float64]) -> NDArray[np.float64]:
    """Bring a plane to 64 × 64 by mean over areas: rows, then columns."""
    rows, columns = (_areas(n) for n in grey.shape)
    return rows @ grey @ columns.T


@cache
def _areas(n: int) -> NDArray[np.float64]:
    """Weights (64, n) by which each of 64 equal stretches averages n samples, parts of samples included."""
    edges = np.linspace(0, n, SIDE + 1)
    starts = np.arange(n)
    overlap = np.minimum(edges[1:, None], starts + 1) - np.maximum(edges[:-1, None], starts)
    weights = np.clip(overlap, 0, None)
    return np.asarray(weights / weights.sum(axis=1, keepdims=True))


@cache
def _cosines() -> NDArray[np.float64]:
    """The first 16 rows of the orthonormal DCT-II of 64 samples."""
    places = (2 * np.arange(SIDE) + 1) / (2 * SIDE)
    rows = np.cos(np.pi * np.arange(KEPT)[:, None] * places) * np.sqrt(2 / SIDE)
    rows[0] /= np.sqrt(2)
    return np.asarray(rows)


def distance(a: str, b: str) -> int:
    """The number of bits in which two fingerprints differ, in [0, 256]."""
    return (int(a, 16) ^ int(b, 16)).bit_count()


def near(one: str, others: Sequence[str], *, most: int = NEAR) -> Iterator[tuple[int, int]]:
    """Yield which of ``others`` differ from one fingerprint by at most ``most`` bits, as (place, bits).

    Example:
        >>> list(near("00" * 32, ["ff" * 32, "01" + "00" * 31]))
        [(1, 1)]
    """
    if not others:
        return
    words = np.frombuffer(bytes.fromhex("".join(others)), dtype="<u8").reshape(-1, BITS // 64)
    bits = np.bitwise_count(words ^ np.frombuffer(bytes.fromhex(one), dtype="<u8")).sum(axis=1)
    for place in np.flatnonzero(bits <= most):
        yield int(place), int(bits[place])


def pairs(
    fingerprints: Sequence[str], *, most: int = NEAR, progress: Progress | None = None
) -> Iterator[tuple[int, int, int]]:
    """Yield every pair of fingerprints that differ by at most ``most`` bits, as (first, second, bits).

    Every pair is looked at: the time grows with the square of their number (10,000: about a second).

    Example:
        >>> list(pairs(["00" * 32, "ff" * 32, "01" + "00" * 31]))
        [(0, 2, 1)]
    """
    words = np.frombuffer(bytes.fromhex("".join(fingerprints)), dtype="<u8").reshape(-1, BITS // 64)
    columns = [np.ascontiguousarray(words[:, n]) for n in range(words.shape[1])]
    for start in range(0, len(words), _ROWS):
        block = words[start : start + _ROWS]
        bits = np.zeros((len(block), len(words) - start), np.uint16)
        for n, column in enumerate(columns):
            bits += np.bitwise_count(block[:, n, None] ^ column[None, start:])
        for row, column_at in zip(*np.nonzero(bits <= most), strict=True):
            if column_at > row:
                yield start + int(row), start + int(column_at), int(bits[row, column_at])
        if progress is not None:
            progress(min(start + _ROWS, len(words)), len(words))
