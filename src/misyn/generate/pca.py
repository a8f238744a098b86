"""A PCA-Gaussian generator: the smallest model whose intrinsic limits can be seen.

Training images become points; their mean, their leading principal axes and the variance along each are kept; a
synthetic image is the mean plus a Gaussian step along every kept axis (probabilistic PCA, Tipping and Bishop, J. R.
Statist. Soc. B 61, 1999, without its noise term).

Rules
-----
1. What the training images do not span, the model cannot draw; what lies far from their mean it draws rarely.
2. The same images and seed give the same synthetic images.

Example:
    >>> import numpy as np
    >>> training = np.linspace(0, 1, 5 * 4 * 4).reshape(5, 4, 4)
    >>> model = PcaGaussian.fit(training, components=3)
    >>> model.sample(2, seed=0).shape
    (2, 4, 4)
"""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from misyn.canonical import digest
from misyn.errors import EvaluationError


@dataclass(frozen=True, eq=False)
class PcaGaussian:
    """A fitted model.

    Attributes:
        mean: shape ``(P,)``, the mean training image, flattened.
        axes: shape ``(K, P)``, orthonormal principal axes.
        scale: shape ``(K,)``, standard deviation of the training images along each axis.
        shape: shape of one image.
    """

    mean: NDArray[np.float64]
    axes: NDArray[np.float64]
    scale: NDArray[np.float64]
    shape: tuple[int, ...]

    @classmethod
    def fit(cls, images: NDArray[np.floating], *, components: int = 16) -> PcaGaussian:
        """Fit to training images.

        Args:
            images: shape ``(N, Y, X)`` or ``(N, Y, X, C)``, any float range, finite.
            components: principal axes kept, at most ``N - 1``.

        Raises:
            EvaluationError: fewer than three images, or values that are not finite.
        """
        if len(images) < 3 or not np.isfinite(images).all():
            raise EvaluationError(
                f"expected at least 3 training images with finite values, found {len(images)}. "
                "Next: give more images, or remove those with NaN"
            )
        points = np.asarray(images, np.float64).reshape(len(images), -1)
        mean = points.mean(axis=0)
        _, singular, axes = np.linalg.svd(points - mean, full_matrices=False)
        keep = min(components, len(images) - 1)
        scale = singular[:keep] / np.sqrt(len(images) - 1)
        return cls(mean, axes[:keep], scale, tuple(images.shape[1:]))

    def sample(self, count: int, *, seed: int) -> NDArray[np.float32]:
        """Draw ``count`` synthetic images, shape ``(count, *shape)``, about the training images' range."""
        steps = np.random.default_rng(seed).standard_normal((count, len(self.scale))) * self.scale
        return (self.mean + steps @ self.axes).reshape(count, *self.shape).astype(np.float32)

    @property
    def weights(self) -> str:
        """Digest of what was learnt: what a declaration names as the technique's weights."""
        learnt = np.concatenate([self.mean, self.axes.ravel(), self.scale]).astype("<f8")
        return digest(learnt.tobytes())
