"""From which excess on is a structure made up, or lost? What pairs of medical images show decides.

Rules
-----
1. The target, a medical image, also shows what the source does not, and lacks what it shows: another modality, another
   moment, noise. A structure counts only where its excess is larger than the largest in the targets of 95 of 100
   patients (a conformal threshold, one number per patient).
2. Without targets of :data:`FEWEST` patients the source's own noise and half a pixel of movement calibrate instead:
   then a structure counts that these do not explain, which another modality's contrast may.
3. With fewer patients nothing is counted.

Source: conformal thresholds as in :mod:`misyn.evaluate.statistics`.

Example:
    >>> threshold([1.0] * 18 + [3.0]), threshold([1.0] * 18)
    (3.0, None)
"""

from __future__ import annotations

from collections.abc import Sequence

import numpy as np
from numpy.typing import NDArray

from misyn.evaluate.sampling import halves
from misyn.evaluate.statistics import upper_threshold

Floats = NDArray[np.float64]

SHARE = 0.95
FEWEST = 19


def threshold(largest: Sequence[float] | Floats) -> float | None:
    """The excess above which a structure counts; None with fewer than :data:`FEWEST` patients.

    Args:
        largest: every patient's largest excess in the control.
    """
    return upper_threshold(largest, share=SHARE)


def control(largest: Floats, random: np.random.Generator) -> float | None:
    """Share of patients above the threshold that the other half of the patients sets; None where a half is too few."""
    parts = halves(np.arange(len(largest)), random)
    limits = [threshold(largest[part]) for part in parts]
    if limits[0] is None or limits[1] is None:
        return None
    return float(np.sum(largest[parts[0]] > limits[1]) + np.sum(largest[parts[1]] > limits[0])) / len(largest)
