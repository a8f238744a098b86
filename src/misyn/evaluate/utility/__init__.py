"""Does training with synthetic images help or harm, and whom? Measured on held-out medical images, by patient.

Rules
-----
1. The models are given: every number speaks of these predictions, on further patients like the held-out ones. How much
   a newly trained model would differ is another question, answered only by training again.
2. Comparisons are paired: the same patients see both arms.
3. The bootstrap by patient is valid here, and not for neighbours or Fréchet distances: with fixed predictions an AUROC,
   a mean or a rate is a smooth function of independent patients, and repeating a patient changes weights, not radii.
4. Thresholds are fixed on validation images, never on the images that judge.

Example:
    >>> found = delong([0, 0, 0, 1, 1, 1], [0.1, 0.4, 0.5, 0.3, 0.8, 0.6], [0.3, 0.5, 0.2, 0.4, 0.6, 0.9])
    >>> round(found.difference, 3), found.low < 0 < found.high, round(found.p_value, 2)
    (0.111, True, 0.48)
"""

from misyn.evaluate.utility.auroc import DeLong, auroc, delong
from misyn.evaluate.utility.equivalence import tost

__all__ = ["DeLong", "auroc", "delong", "tost"]
