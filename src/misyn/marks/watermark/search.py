"""The thorough search: the mark at any scale from 0.4 to 2.5 and any rotation, without resampling the image.

Rules
-----
1. A periodic tile has its energy at a lattice of single frequencies. Scaling and rotating the image scales and rotates
   that lattice. So each candidate costs one look-up of 862 numbers in one Fourier transform of the image, and one small
   inverse transform for all shifts: tens of microseconds instead of a resampling.
2. Rotations from -45° to 45° by the eight orientations are all of them, mirrored or not.
3. Coarse, then fine: the whole grid on the central 256 × 256, then the best few on the central 512 × 512 around their
   coarse place. The p-value counts the *whole fine grid*, as if all of it had been searched.
4. A scale above 1.25 is searched in the image reduced by 2, where the band lies in its usual place.
5. Planes of a stack are summed after their anatomy has been taken out: the mark is the same on all.

Source: the self-reference of a periodic mark is Kutter's (1998); reading the lattice from the spectrum, keyed, instead
of estimating its geometry from unkeyed peaks first, keeps the sensitivity of the full correlation.

Example:
    >>> search([np.random.default_rng(0).normal(size=(64, 64)).astype(np.float32)], key=PUBLIC).z < 7
    True
"""

from __future__ import annotations

import math
from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from functools import lru_cache

import numpy as np
from numpy.typing import NDArray
from scipy import fft

from misyn.marks.watermark.detection import Peak, scores
from misyn.marks.watermark.keys import PUBLIC, Key
from misyn.marks.watermark.pattern import ORIENTATIONS, TILE, lattice, orientations, phasors, spectrum
from misyn.marks.watermark.residual import residual

_SMALLEST, _MIDDLE, _LARGEST = 0.4, 1.25, 2.5
_COARSE_SIDE, _FINE_SIDE = 256, 512
_SHIFTS_COARSE = 64  # 1.5 pixels apart: enough to rank, the fine step uses every pixel
_KEPT = 32
_BATCH = 32
# One step moves the border of the image by 1.6 pixels, half a step by 0.8: a tenth of the shortest wave.
_STEP = 3.2
# Frequencies (cycles per pixel) the residual still shows after scaling; beyond, values are left out.
_USABLE = (0.035, 0.47)

__all__ = ["PUBLIC", "search"]


@dataclass(frozen=True)
class _Level:
    """One size of the image and the scales searched in it: ``spectrum`` is the centred transform of the residual."""

    coarse: NDArray[np.complex64]
    fine: NDArray[np.complex64]
    reduction: int
    step: float
    split: int
    scales: int
    angles: int
    smallest: float

    def scale(self, fine_index: NDArray[np.int64]) -> NDArray[np.float64]:
        """Scale relative to this level's pixels at a fine grid index."""
        return np.asarray(self.smallest * np.exp(fine_index * self.step / self.split))

    def angle(self, fine_index: NDArray[np.int64]) -> NDArray[np.float64]:
        """Angle in radians at a fine grid index."""
        return np.asarray(-math.pi / 4 + fine_index * self.step / self.split)

    @property
    def places(self) -> int:
        """Places of the whole fine grid: scales, angles, orientations, shifts, signs."""
        return 2 * len(ORIENTATIONS) * TILE**2 * (self.scales * self.split + 1) * (self.angles * self.split + 1)


def search(stack: Sequence[NDArray[np.float32]], *, key: Key) -> Peak:
    """Find the best scale, rotation, orientation and shift.

    Args:
        stack: planes of brightness of one size, float32 (Y, X).
        key: the key to look for.

    Returns:
        The best place, with ``places`` counting everything searched.
    """
    levels = [_level(stack, reduction=1)]
    if min(stack[0].shape) >= 128:
        levels.append(_level([_halved(plane) for plane in stack], reduction=2))
    phases = _oriented(key)
    found = [_best(level, phases=phases) for level in levels]
    z, place = max(found)
    return Peak(z=z, place=place, places=sum(level.places for level in levels))


def _halved(plane: NDArray[np.float32]) -> NDArray[np.float32]:
    """Mean of 2 × 2 pixels."""
    height, width = (side // 2 * 2 for side in plane.shape)
    return np.asarray(plane[:height, :width].reshape(height // 2, 2, width // 2, 2).mean(axis=(1, 3)))


def _level(stack: Sequence[NDArray[np.float32]], *, reduction: int) -> _Level:
    """Prepare one size of the image and its grid."""
    left = np.sum([residual(_central(plane, _FINE_SIDE + 32)) for plane in stack], axis=0)
    coarse, fine = _central(left, _COARSE_SIDE), _central(left, _FINE_SIDE)
    step = _STEP / max(coarse.shape)
    smallest, largest = (_SMALLEST, _MIDDLE) if reduction == 1 else (_MIDDLE / 2, _LARGEST / 2)
    return _Level(
        coarse=_centred_transform(coarse),
        fine=_centred_transform(fine),
        reduction=reduction,
        step=step,
        split=max(2, math.ceil(max(fine.shape) / max(coarse.shape))),
        scales=math.ceil(math.log(largest / smallest) / step),
        angles=math.ceil(math.pi / 2 / step),
        smallest=smallest,
    )


def _central(plane: NDArray[np.float32], side: int) -> NDArray[np.float32]:
    """The middle of a plane, at most ``side`` pixels a side."""
    cuts = [slice(max(0, (n - side) // 2), max(0, (n - side) // 2) + side) for n in plane.shape]
    return plane[cuts[0], cuts[1]]


def _centred_transform(plane: NDArray[np.float32]) -> NDArray[np.complex64]:
    """Transform, sampled twice as finely as the plane needs, with the plane's middle as origin of phase.

    With the middle as origin the phase changes slowly from one sample to the next, so that the nearest sample will do.
    """
    side = fft.next_fast_len(2 * max(plane.shape))
    padded = np.zeros((side, side), np.float32)
    padded[: plane.shape[0], : plane.shape[1]] = plane
    middle = [-(n // 2) for n in plane.shape]
    return fft.fft2(np.roll(padded, middle, axis=(0, 1)))


@lru_cache(maxsize=8)
def _oriented(key: Key) -> NDArray[np.complex64]:
    """Phasors of the unclipped tile in its eight orientations, shape (8, K)."""
    rows, columns = lattice()
    upright = fft.irfft2(spectrum(phasors(key)), (TILE, TILE))
    # Bring an orientation of the image upright = look for the inverse orientation of the tile.
    turned = [upright] * 8
    for index, side in enumerate(orientations(upright)):
        turned[index if index >= 4 else -index % 4] = side
    values = fft.rfft2(np.stack(turned))[:, rows, columns]
    return np.asarray(values / np.abs(values), np.complex64)


def _look_up(
    transform: NDArray[np.complex64], *, scales: NDArray[np.float64], angles: NDArray[np.float64]
) -> NDArray[np.complex64]:
    """Values at the lattice scaled and rotated: (B,) scales and angles to (B, K), zero where nothing can be seen."""
    rows, columns = lattice()
    side = transform.shape[0]
    cosine, sine = (turn(angles)[:, None] / (TILE * scales[:, None]) for turn in (np.cos, np.sin))
    y, x = cosine * rows + sine * columns, cosine * columns - sine * rows
    radius = np.hypot(rows, columns) / (TILE * scales[:, None])
    seen = (radius >= _USABLE[0]) & (np.maximum(np.abs(x), np.abs(y)) <= _USABLE[1])
    nearest = np.rint(y * side).astype(np.int64) % side * side + np.rint(x * side).astype(np.int64) % side
    return np.where(seen, transform.reshape(-1)[nearest], np.complex64(0))


def _ranked(
    transform: NDArray[np.complex64],
    indices: NDArray[np.int64],
    *,
    level: _Level,
    phases: NDArray[np.complex64],
    shifts: int,
) -> Iterator[tuple[float, int, int, int]]:
    """Yield (z, orientation, scale index, angle index) for every pair of fine indices, shape (n, 2)."""
    for start in range(0, len(indices), _BATCH):
        part = indices[start : start + _BATCH]
        values = _look_up(transform, scales=level.scale(part[:, 0]), angles=level.angle(part[:, 1]))
        z = scores(values[:, None], phases=phases, size=shifts)
        for row, (scale, angle) in zip(z, part.tolist(), strict=True):
            yield float(row.max()), int(row.argmax()), scale, angle


def _best(level: _Level, *, phases: NDArray[np.complex64]) -> tuple[float, str]:
    """Coarse grid, then the fine grid around its best candidates."""
    grid = np.mgrid[0 : level.scales + 1, 0 : level.angles + 1].reshape(2, -1).T * level.split
    coarse = sorted(_ranked(level.coarse, grid, level=level, phases=phases, shifts=_SHIFTS_COARSE), reverse=True)
    around = np.mgrid[-level.split : level.split + 1, -level.split : level.split + 1].reshape(2, -1).T
    near = np.concatenate([np.array(found[2:]) + around for found in coarse[:_KEPT]])
    ends = [level.scales * level.split, level.angles * level.split]
    fine = np.unique(np.clip(near, 0, ends), axis=0)
    z, orientation, scale, angle = max(_ranked(level.fine, fine, level=level, phases=phases, shifts=TILE))
    return z, _words(level, orientation=orientation, scale=scale, angle=angle)


def _words(level: _Level, *, orientation: int, scale: int, angle: int) -> str:
    """Name a place."""
    size = float(level.scale(np.int64(scale))) * level.reduction  # type: ignore[arg-type]
    degrees = math.degrees(float(level.angle(np.int64(angle))))  # type: ignore[arg-type]
    return f"{ORIENTATIONS[orientation]}, scaled by {size:.3f}, rotated by {degrees:+.1f}°"
