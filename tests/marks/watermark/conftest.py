"""An image that is not medical and not flat, for every test of the watermark."""

from __future__ import annotations

from collections.abc import Callable

import numpy as np
import pytest
from numpy.typing import NDArray
from scipy import ndimage


def _anatomy(shape: tuple[int, ...], seed: int = 0, span: float = 200.0) -> NDArray[np.float64]:
    """Blobs of several sizes and some noise, in [0, span]."""
    rng = np.random.default_rng(seed)
    values = 0.05 * rng.normal(size=shape)
    for size in (2, 6, 20):
        values += ndimage.gaussian_filter(rng.normal(size=shape), size) * size
    return np.asarray(span * (values - values.min()) / np.ptp(values))


@pytest.fixture(scope="session")
def anatomy() -> Callable[..., NDArray[np.float64]]:
    return _anatomy
