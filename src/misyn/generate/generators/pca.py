"""The PCA-Gaussian model behind the protocol; the model itself is :mod:`misyn.generate.pca`.

Rules
-----
1. Without conditions: what it is asked to show, it refuses, rather than ignoring it.
2. Samples outside [0, 1] are clipped, as they would be when saved.

Example:
    >>> import numpy as np
    >>> from misyn.generate.generators.training import Training
    >>> training = Training(np.random.default_rng(0).random((8, 6, 6), np.float32))
    >>> Pca(components=3).fit(training, seed=0).draw(2, seed=1).images.shape
    (2, 6, 6)
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np

from misyn.errors import UsageError
from misyn.generate.generators.training import Condition, Drawn, Progress, Training
from misyn.generate.pca import PcaGaussian


@dataclass(frozen=True)
class Pca:
    """Settings: how many principal axes are kept (its capacity)."""

    components: int = 16
    name: str = "pca"
    kind: str = "generation"
    method: str = "other"
    control: bool = False

    def missing(self) -> None:
        """Nothing is missing."""

    def fit(self, training: Training, *, seed: int, progress: Progress | None = None) -> PcaModel:
        """Fit mean and axes; ``seed`` changes nothing: there is nothing random in it."""
        del seed
        model = PcaModel(PcaGaussian.fit(training.images, components=self.components))
        if progress is not None:
            progress(1, 1)
        return model


@dataclass(frozen=True, eq=False)
class PcaModel:
    """A fitted PCA-Gaussian."""

    model: PcaGaussian

    @property
    def weights(self) -> str:
        """Digest of mean, axes and scales."""
        return self.model.weights

    def draw(self, count: int, *, seed: int, conditions: Sequence[Condition] = ()) -> Drawn:
        """Draw ``count`` images, clipped to [0, 1] (rule 2)."""
        refuse_conditions("pca", conditions)
        return Drawn(np.clip(self.model.sample(count, seed=seed), 0, 1))


def refuse_conditions(name: str, conditions: Sequence[Condition]) -> None:
    """Refuse what a generator without conditions is asked (rule 1).

    Raises:
        UsageError: something was asked.
    """
    if any(condition.digest for condition in conditions):
        raise UsageError(f"expected no condition for {name}, which takes none, found one. Next: use diffusion")
