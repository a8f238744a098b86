"""The three intrinsic limits, measured on what any generator draws, against what medical images reach themselves.

Every number has its like: the same measure, of as many unseen medical images in the place of the synthetic ones. What
is left between the two is the gap. That a gap is small says that images look alike here; it never says that a patient
stands behind them: resemblance is not grounding.

Rules
-----
1. The reference images are held out: no generator saw them, and none of their patients (or lesions) is in training.
2. Support: near the reference images, by the distance within which 95 of 100 unseen medical images are. Representation:
   coverage of the training images, and of the reference images overall and by group. Shift: Fréchet distance and MMD².
3. All sets have the same size, because every one of these measures depends on it.
4. These are not claims with intervals: coverage and Fréchet have none that hold (``docs/measures.md``). The spread of
   the baseline over several draws of medical images is shown instead.

Example:
    >>> random = np.random.default_rng(0)
    >>> images = random.random((60, 16, 16), np.float32)
    >>> yardstick = Yardstick.of(images[:20], images[20:40], training=images[40:], groups={})
    >>> yardstick.measure(images[20:40]).shift < yardstick.measure(images[20:40] / 3).shift
    True
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import asdict, dataclass
from typing import Any

import numpy as np
from numpy.typing import NDArray

from misyn.errors import EvaluationError
from misyn.evaluate import neighbours, shift
from misyn.evaluate.extractors.texture import EXTRACTOR
from misyn.evaluate.statistics import upper_threshold
from misyn.generate.generators.training import Images

NEAREST = 5
CELLS = 8
LEAST = 1e-3  # a feature that hardly differs between reference images must not decide a distance
Floats = NDArray[np.float64]


@dataclass(frozen=True, kw_only=True)
class Gap:
    """What was measured of one set of images.

    Attributes:
        n: how many images.
        support: share that lies as near to reference images as unseen medical images do.
        represented: share of the training images that have one of these near them.
        covered: share of the reference images that have one of these near them.
        by_group: the same within each group of reference images.
        shift: Fréchet distance to the reference images.
        mmd2: squared maximum mean discrepancy to them, unbiased: about 0 where there is no difference.
        copies: share nearer to a training image, in the form of its pixels, than 99 of 100 unseen medical images are.
    """

    n: int
    support: float
    represented: float
    covered: float
    by_group: Mapping[str, float]
    shift: float
    mmd2: float
    copies: float

    def as_json(self) -> dict[str, Any]:
        """Give it as JSON-like data."""
        return {**asdict(self), "by_group": dict(self.by_group)}


@dataclass(frozen=True, eq=False)
class Yardstick:
    """Reference and training images in one feature space, and the distances that unseen medical images keep."""

    reference: Floats
    training: Floats
    groups: Mapping[str, NDArray[np.bool_]]
    near: float
    copied: float
    scale: _Scale
    forms: Floats

    @classmethod
    def of(
        cls, reference: Images, unseen: Images, *, training: Images, groups: Mapping[str, NDArray[np.bool_]]
    ) -> Yardstick:
        """Make it.

        Args:
            reference: held-out medical images, (N, Y, X) or (N, Y, X, 3) in [0, 1].
            unseen: further medical images that no generator saw, which set the distances; at least 19.
            training: what the generator saw; as many as the sets to be measured.
            groups: (N,) bool per group of reference images.

        Raises:
            EvaluationError: too few unseen images.
        """
        raw = described(reference)
        scale = _Scale.of(raw)
        held, own, others = scale(raw), scale(described(training)), scale(described(unseen))
        near = upper_threshold(neighbours.nearest(others, held).distances[:, 0], share=0.95)
        forms = _forms(training)
        copied = np.quantile(neighbours.nearest(_forms(unseen), forms).distances[:, 0], 0.01)
        if near is None:
            raise EvaluationError(
                f"expected at least 19 unseen images, found {len(unseen)}. Next: hold more images out"
            )
        return cls(held, own, groups, near, float(copied), scale, forms)

    def measure(self, images: Images) -> Gap:
        """Measure a set of images against the reference and the training images."""
        held, own, points = self.reference, self.training, self.scale(described(images))
        covered = neighbours.prdc(held, points, k=NEAREST).covered
        return Gap(
            n=len(images),
            support=float(np.mean(neighbours.nearest(points, held).distances[:, 0] <= self.near)),
            represented=neighbours.prdc(own, points, k=NEAREST).coverage,
            covered=float(np.mean(covered)),
            by_group={name: float(np.mean(covered[flags])) for name, flags in self.groups.items() if flags.any()},
            shift=shift.frechet(held, points),
            mmd2=shift.mmd2(held, points),
            copies=float(np.mean(neighbours.nearest(_forms(images), self.forms).distances[:, 0] <= self.copied)),
        )


def described(images: Images) -> Floats:
    """Describe images by the default extractor: (N, D) float64."""
    return np.stack([EXTRACTOR.extract(image) for image in images]).astype(np.float64)


def _forms(images: Images) -> Floats:
    """The form of every image, whatever its light and contrast: means of 8 × 8 cells of grey values, standardised."""
    grey = images.mean(axis=-1) if images.ndim == 4 else images
    rows, columns = (np.linspace(0, side, CELLS + 1).astype(int)[:-1] for side in grey.shape[1:])
    cells = np.add.reduceat(np.add.reduceat(grey.astype(np.float64), rows, axis=1), columns, axis=2)
    flat = cells.reshape(len(cells), -1)
    flat -= flat.mean(axis=1, keepdims=True)
    return np.asarray(flat / np.maximum(np.linalg.norm(flat, axis=1, keepdims=True), 1e-9))


@dataclass(frozen=True, eq=False)
class _Scale:
    """One space for all sets: centred and scaled by the reference images, every part of a vector weighing the same."""

    centre: Floats
    unit: Floats

    @classmethod
    def of(cls, reference: Floats) -> _Scale:
        colour = reference.shape[1] > sum(length for _, length in EXTRACTOR.blocks(colour=False))
        lengths = [length for _, length in EXTRACTOR.blocks(colour=colour)]
        spread = np.maximum(reference.std(axis=0), LEAST)
        return cls(reference.mean(axis=0), spread * np.sqrt(np.repeat(lengths, lengths)))

    def __call__(self, points: Floats) -> Floats:
        return (points - self.centre) / self.unit
