"""Measure one pair: read its files, bring them to one size and range, compare.

Rules
-----
1. :func:`describe` runs in the engine's workers: a pair as text in, plain numbers out.
2. Everything is brought to the size of the target, else of the synthetic image, grey, and [0, 1]: the full range of 8
   bits, else percentiles 0.5 and 99.5, of the target for itself and the synthetic image, of the source for itself.
3. Of a volume at most 16 evenly spaced planes count; all volumes of a pair need as many planes.
4. The control asks the same of medical images: what the target shows that the source does not, and the other way round;
   without a target, what the source with its own noise, moved by half a pixel, does.

Example:
    >>> shifted = moved(np.eye(12, dtype=np.float32))
    >>> shifted.shape
    (12, 12)
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from typing import Any

import numpy as np
from numpy.typing import NDArray
from scipy import ndimage

from misyn import images
from misyn.errors import MalformedImage
from misyn.evaluate.attributes import noise
from misyn.evaluate.pairs.error import compared, resized, thirds
from misyn.evaluate.pairs.joined import Pair
from misyn.evaluate.pairs.structures import Structure, excesses
from misyn.evaluate.preprocess import filled, full_range, planes, rgb
from misyn.images.image import Image
from misyn.images.limits import DEFAULT, Limits

Plane = NDArray[np.float32]
Bools = NDArray[np.bool_]
Found = dict[str, dict[str, float]]

TAILS = (0.5, 99.5)


def describe(item: str, *, limits: Limits = DEFAULT) -> dict[str, Any]:
    """Measure a pair.

    Args:
        item: of :meth:`misyn.evaluate.pairs.joined.Pair.as_text`.
        limits: what reading one file may cost.

    Returns:
        ``against`` (``target`` or ``source``), ``regions`` and ``baseline`` (region → measure → mean over planes;
        ``baseline`` is the source in the synthetic image's place, None without a target), ``hallucinated`` and ``lost``
        (lists of ``[excess, plane, row, column, width]``), ``planes``, ``shape`` (of the first plane),
        ``control_hallucinated`` and ``control_lost`` (the largest excess of the control).

    Raises:
        UnreadableImage: a file does not read, or volumes have different numbers of planes.
    """
    pair = Pair.from_text(item)
    parts = list(_planes(pair, limits))
    regions = [part["regions"] for part in parts]
    baseline = [part["baseline"] for part in parts]
    return {
        "against": "source" if pair.target is None else "target",
        "regions": _mean(regions),
        "baseline": None if pair.target is None else _mean(baseline),
        **{name: _listed([part[name] for part in parts]) for name in ("hallucinated", "lost")},
        "planes": len(parts),
        "shape": list(parts[0]["shape"]),
        **{f"control_{name}": max(part[f"control_{name}"] for part in parts) for name in ("hallucinated", "lost")},
    }


def _planes(pair: Pair, limits: Limits) -> Iterator[dict[str, Any]]:
    """Every plane's comparison."""
    files = {"synthetic": pair.synthetic, "source": pair.source, "target": pair.target, "region": pair.region}
    read = {name: images.read(path, limits=limits) for name, path in files.items() if path is not None}
    stacks = {name: [_grey(plane) for plane in planes(image)] for name, image in read.items()}
    counts = {name: len(stack) for name, stack in stacks.items()}
    if len(set(counts.values())) > 1:
        said = ", ".join(f"{name} {n}" for name, n in counts.items())
        raise MalformedImage(f"expected as many planes in all images of a pair, found {said}", path=pair.synthetic)
    wanted = "target" if "target" in read else "synthetic"
    ranges = {name: _range(read[name], stacks[name]) for name in read if name != "region"}
    ranges["synthetic"] = ranges[wanted]
    for n in range(counts["synthetic"]):
        shape = stacks[wanted][n].shape
        unit = {name: _unit(stacks[name][n], ranges[name], shape) for name in ranges}
        mask = _mask(stacks["region"][n], shape) if "region" in stacks else None
        yield _compared(unit, mask)


def _compared(unit: Mapping[str, Plane], mask: Bools | None) -> dict[str, Any]:
    """One plane of a pair, and of its control."""
    synthetic, source = unit["synthetic"], unit["source"]
    target = unit.get("target")
    regions = thirds(synthetic.shape) if mask is None else {"marked": mask, "unmarked": ~mask}
    control = moved(source) if target is None else target
    return {
        "shape": synthetic.shape,
        "regions": compared(synthetic, source if target is None else target, regions=regions),
        "baseline": {} if target is None else compared(source, target, regions=regions),
        "hallucinated": excesses(synthetic, source),
        "lost": excesses(source, synthetic),
        "control_hallucinated": _largest(excesses(control, source)),
        "control_lost": _largest(excesses(source, control)),
    }


def moved(source: Plane) -> Plane:
    """A picture moved by half a pixel both ways, with as much noise again as it has (always the same noise)."""
    level = noise(source)
    grain = np.random.default_rng(0).normal(0, level, source.shape)
    return np.asarray(ndimage.shift(source, 0.5, order=1, mode="nearest") + grain, np.float32)


def _grey(plane: Plane) -> Plane:
    colours = rgb(filled(plane))
    if colours is None:
        return filled(plane) if plane.ndim == 2 else filled(plane)[..., 0]
    return np.asarray(colours @ np.array([0.299, 0.587, 0.114]), np.float32)


def _range(image: Image, stack: list[Plane]) -> tuple[float, float]:
    """The values that become 0 and 1."""
    full = full_range(image)
    if full is not None:
        return full
    low, high = np.percentile(np.concatenate([plane.ravel() for plane in stack]), TAILS)
    return float(low), max(float(high), float(low) + 1e-9)


def _unit(plane: Plane, values: tuple[float, float], shape: tuple[int, ...]) -> Plane:
    """In [0, 1], at this size."""
    unit = np.asarray(np.clip((plane - values[0]) / (values[1] - values[0]), 0, 1), np.float32)
    if unit.shape == shape:
        return unit
    return np.asarray(np.clip(resized(unit, shape), 0, 1), np.float32)


def _mask(plane: Plane, shape: tuple[int, ...]) -> Bools:
    """Above half of the largest value is inside, as in :mod:`misyn.evaluate.masks`."""
    inside = plane > plane.max() / 2
    if inside.shape == shape:
        return np.asarray(inside)
    return np.asarray(resized(inside.astype(np.float32), shape, order=0) > 0.5)


def _mean(parts: list[Found]) -> Found:
    """Mean over planes, of those that have a region."""
    found: dict[str, dict[str, list[float]]] = {}
    for part in parts:
        for region, measures in part.items():
            for name, value in measures.items():
                found.setdefault(region, {}).setdefault(name, []).append(value)
    return {r: {name: float(np.mean(values)) for name, values in kept.items()} for r, kept in found.items()}


def _listed(parts: list[list[Structure]]) -> list[list[float]]:
    """All planes' structures as numbers, the largest excess first."""
    found = [[round(s.excess, 4), n, s.row, s.column, s.width] for n, part in enumerate(parts) for s in part]
    return sorted(found, key=lambda row: (-row[0], *row[1:]))


def _largest(found: list[Structure]) -> float:
    return found[0].excess if found else 0.0
