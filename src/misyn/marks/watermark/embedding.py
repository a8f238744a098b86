"""Putting the mark in: the tile, scaled by what the image can hide, added to brightness on every slice.

Rules
-----
1. The amplitude is ``strength`` × (p99.5 - p0.5) of the image's own brightness, never of its dtype's range. The
   percentiles are taken over all pixels, and again without the values that fill exactly flat areas; the smaller range
   counts, so that padding at -2000 does not license a strong mark. Of colours, the range of all samples counts too.
2. **Bounds that always hold.** No sample changes by more than ``strength`` × the range of the samples. An integer image
   in which that is less than one step is refused: it has to be marked before it is rounded to so few steps. The root
   mean square is at most ``strength`` × the range of brightness. The mean of every plane's change is zero (integers:
   by taking single steps back).
3. Where surroundings are exactly flat (background, padding, burnt-in boxes) nothing changes. Where they are calmer
   than the amplitude, less changes. No sample leaves the image's own [minimum, maximum].
4. All colour channels change by the same amount; opacity, non-finite samples, shape and dtype stay.
5. The same tile at the same place on every slice: one slice suffices, and many add up.
6. Two keys share one amplitude: their patterns are added before they are clipped, so that the bounds hold for both.

Source: Cox et al. 1997 (perceptually shaped spread spectrum); M. Roberts, "The unreasonable effectiveness of
quasirandom sequences", 2018 (the R2 sequence, used as an ordered dither that needs no random generator).

Example:
    >>> image = np.random.default_rng(0).normal(0, 50, (128, 128)).astype(np.int16)
    >>> change = embed(image, axes="YX").astype(int) - image
    >>> bool(abs(change).max() <= 0.01 * (np.percentile(image, 99.5) - np.percentile(image, 0.5))), int(change.sum())
    (True, 0)
"""

from __future__ import annotations

from typing import Any

import numpy as np
from numpy.typing import NDArray
from scipy import ndimage

from misyn.errors import NoRoomForMark, UsageError
from misyn.marks.watermark.keys import PUBLIC, Key
from misyn.marks.watermark.pattern import TILE, tile
from misyn.marks.watermark.planes import as_planes, brightness, spread_over

STRENGTH = 0.01  # chosen in docs/adr/0006-watermark.md
STRONGEST = 0.05
SMALLEST = 16  # pixels a side: below, one window covers most of the image
_WINDOW = 9
_FLOOR = 0.7  # share of the amplitude that calm, not flat, surroundings still take
_SAMPLED_PLANES = 16


def embed(
    pixels: NDArray[Any], *, axes: str, key: Key = PUBLIC, also: Key | None = None, strength: float = STRENGTH
) -> NDArray[Any]:
    """Return a marked copy: same shape, same dtype.

    Args:
        pixels: integer or float samples with the axes of :class:`misyn.images.image.Image`. Never changed in place.
        axes: one letter of ``F Z Y X C`` per dimension.
        key: whoever holds it can detect, plant and remove the mark.
        also: a second key that finds it too; each alone then finds it with 0.7 of the strength.
        strength: largest change as a share of the image's p0.5 to p99.5 range, in (0, 0.05]; see rule 2.

    Raises:
        UsageError: the axes, dtype or strength mean nothing.
        NoRoomForMark: the image is flat, its range has too few integer steps (rule 2), or planes are below 16 × 16.
    """
    if not 0 < strength <= STRONGEST:
        raise UsageError(
            f"expected a strength in (0, {STRONGEST}], found {strength}. Next: leave the default {STRENGTH}"
        )
    marked = np.array(pixels, copy=True, order="C")
    planes = as_planes(marked, axes=axes)
    if min(planes.shape[1:3]) < SMALLEST:
        raise NoRoomForMark(
            f"expected planes of at least {SMALLEST} × {SMALLEST} pixels, found {planes.shape[1]} × {planes.shape[2]}. "
            "Next: mark the image in its metadata only"
        )
    amplitude = strength * _room(planes, strength=strength)
    ends = _ends(planes)
    pattern = tile(key, also)
    changed = [_mark_plane(plane, pattern=pattern, amplitude=amplitude, ends=ends) for plane in planes]
    if not any(changed):
        raise NoRoomForMark(
            "expected an image with structure to hide a watermark in, found one that is flat or whose range spans too "
            "few integer steps. Next: mark it in its metadata only"
        )
    return marked


def value_range(planes: NDArray[Any]) -> float:
    """The p0.5 to p99.5 range of brightness: of all pixels, or without the values that fill flat areas if smaller.

    Args:
        planes: (planes, Y, X, channels); of many planes, 16 evenly spread ones are looked at.
    """
    stack = np.stack([brightness(planes[i]) for i in spread_over(len(planes), most=_SAMPLED_PLANES)])
    fillings = np.unique(stack[np.stack([_activity(plane) == 0 for plane in stack])])
    return min(_spread(stack), _spread(stack[~np.isin(stack, fillings)]))


def _room(planes: NDArray[Any], *, strength: float) -> float:
    """The range that the amplitude is a share of (rule 1).

    Raises:
        NoRoomForMark: one integer step is more than ``strength`` of the samples' range (rule 2).
    """
    luma = value_range(planes)
    samples = luma if planes.shape[-1] == 1 else sample_range(planes)
    if planes.dtype.kind in "iu" and 0 < strength * samples < 1:
        raise NoRoomForMark(
            f"expected an image whose range spans {1 / strength:.0f} integer steps or more for a watermark of "
            f"{100 * strength:g} %, found {samples:.0f}. "
            "Next: mark it before it is rounded to so few steps, or in its metadata only"
        )
    return min(luma, samples)


def sample_range(planes: NDArray[Any]) -> float:
    """The p0.5 to p99.5 range of all samples, opacity left out: of all pixels, or of those not in flat areas.

    Args:
        planes: (planes, Y, X, channels); of many planes, 16 evenly spread ones are looked at.
    """
    if planes.shape[-1] == 1:
        return value_range(planes)
    chosen = planes[spread_over(len(planes), most=_SAMPLED_PLANES)]
    colours = chosen[..., :3] if planes.shape[-1] == 4 else chosen
    known = np.where(np.isfinite(colours), colours, 0) if colours.dtype.kind == "f" else colours
    busy = np.stack([_activity(brightness(plane)) > 0 for plane in chosen])
    return min(_spread(known), _spread(known[busy]))


def _spread(values: NDArray[Any]) -> float:
    """Distance of the percentiles 0.5 and 99.5; zero for nothing."""
    low, high = np.percentile(values, [0.5, 99.5]) if values.size else (0.0, 0.0)
    return float(high - low)


def _ends(planes: NDArray[Any]) -> tuple[float, float]:
    """Smallest and largest finite sample of the whole image."""
    finite = planes[np.isfinite(planes)] if planes.dtype.kind == "f" else planes
    return (float(finite.min()), float(finite.max())) if finite.size else (0.0, 0.0)


def _activity(plane: NDArray[np.float32]) -> NDArray[np.float32]:
    """Local standard deviation, exactly zero where the surroundings are flat."""
    left = plane - ndimage.uniform_filter(plane, _WINDOW, mode="reflect")
    deviation = np.sqrt(np.maximum(ndimage.uniform_filter(left * left, _WINDOW, mode="reflect"), 0))
    rounding = 1e-6 * float(np.abs(plane).max())  # what float32 sums leave behind on a flat area
    return np.where(deviation > rounding, deviation, np.float32(0))


def _mark_plane(
    plane: NDArray[Any], *, pattern: NDArray[np.float32], amplitude: float, ends: tuple[float, float]
) -> bool:
    """Mark one plane (Y, X, channels) in place; say whether anything changed."""
    colours = plane[..., :3] if plane.shape[-1] == 4 else plane
    wanted = _wanted(brightness(plane), pattern=pattern, amplitude=amplitude)
    change = _rounded(wanted, amplitude=amplitude) if plane.dtype.kind in "iu" else wanted
    even = _balanced(np.where(np.abs(change) <= _headroom(colours, ends=ends), change, 0))
    # Wrap-around is harmless: the sum lies between the image's own ends.
    added = even.astype(np.int64) if plane.dtype.kind in "iu" else even
    colours += added.astype(plane.dtype)[..., None]
    return bool(even.any())


def _wanted(luma: NDArray[np.float32], *, pattern: NDArray[np.float32], amplitude: float) -> NDArray[np.float32]:
    """The change before rounding: the repeated tile × what each place can hide."""
    height, width = luma.shape
    noise = np.tile(pattern, (-(-height // TILE), -(-width // TILE)))[:height, :width]
    activity = _activity(luma)
    share = np.clip(activity / np.float32(amplitude or 1), _FLOOR, 1)
    return noise * np.where(activity > 0, share, 0) * np.float32(amplitude)


def _rounded(wanted: NDArray[np.float32], *, amplitude: float) -> NDArray[np.float32]:
    """To whole steps. Below one step (colours only): ±1 at so many pixels that the rms stays within the amplitude."""
    if amplitude >= 1:
        most = np.floor(amplitude)
        return np.clip(np.rint(wanted), -most, most)
    return np.sign(wanted) * (np.abs(wanted) * np.float32(amplitude) > _dither(wanted.shape))


def _dither(shape: tuple[int, ...]) -> NDArray[np.float32]:
    """Evenly spread thresholds in [0, 1), the same each time (R2 sequence)."""
    rows, columns = np.ogrid[: shape[0], : shape[1]]
    return ((0.5 + 0.7548776662 * rows + 0.5698402910 * columns) % 1).astype(np.float32)


def _headroom(colours: NDArray[Any], *, ends: tuple[float, float]) -> NDArray[np.float64]:
    """How far a pixel may move either way without any channel leaving the image's range; -1 where not finite."""
    values = colours.astype(np.float64)
    room = np.minimum(values - ends[0], ends[1] - values).min(axis=-1)
    return np.where(np.isfinite(room), room, -1)


def _balanced(change: NDArray[np.floating[Any]]) -> NDArray[np.float64]:
    """Make the sum zero by weakening the heavier sign, never by strengthening anything."""
    even = change.astype(np.float64)
    surplus = even.sum()
    heavy = np.flatnonzero(np.sign(even) == np.sign(surplus)) if surplus else np.empty(0, np.int64)
    if not len(heavy):
        return even
    flat = even.reshape(-1)
    if (flat == np.rint(flat)).all():
        chosen = heavy[np.linspace(0, len(heavy) - 1, min(len(heavy), int(abs(surplus)))).astype(np.int64)]
        flat[chosen] -= np.sign(surplus)
    else:
        flat[heavy] *= 1 - surplus / flat[heavy].sum()
    return even
