"""How unlikely a correlation is by chance: a bound on the p-value that needs no model of medical images.

Rules
-----
1. **The null.** The key's phases were drawn uniformly and independently, and whoever made the image did not use them.
   Nothing is assumed of the image: it is held fixed, the key is what is random.
2. **One place.** The detector weighs frequency k by w_k, chosen from the image without the key, and sums
   c = Σ w_k cos θ_k over the half plane. Under the null the θ_k are uniform and independent, so
   E exp(λ w cos θ) = I₀(λ w) ≤ exp(λ² w² / 4), and by Chernoff P(c ≥ z √(Σ w_k² / 2)) ≤ exp(-z² / 2).
3. **All places.** The largest |z| over every shift, orientation, sign, plane and, if thorough, scale and angle is
   reported; by Bonferroni its p-value is at most ``places`` · exp(-z² / 2). Both steps err on the safe side.
4. So nothing is extrapolated from a fit. What images *can* falsify is checked in ``benchmarks/watermark_null.py``:
   that the code follows the model, and that the one public key behaves like a random one on medical images.

Source: Chernoff bound for sub-Gaussian sums, S. Boucheron, G. Lugosi, P. Massart, *Concentration Inequalities*
(2013), sections 2.2 to 2.3.

Example:
    >>> p_value(0.0, places=100), p_value(6.5, places=147456) < 1e-4
    (1.0, True)
"""

from __future__ import annotations

import math

MODEL = (
    "an upper bound: for a key drawn independently of the image, the weighted sum of cosines is sub-Gaussian, "
    "P <= places * exp(-z^2 / 2) over every place searched; no tail is fitted or extrapolated"
)


def p_value(z: float, *, places: int) -> float:
    """Bound the probability that chance alone reaches ``z`` somewhere among ``places``; in (0, 1]."""
    return math.exp(min(0.0, math.log(places) - z * z / 2)) if z > 0 else 1.0


def threshold(p: float, *, places: int) -> float:
    """The ``z`` from which :func:`p_value` is at most ``p``.

    Example:
        >>> round(threshold(1e-4, places=147456), 2)
        6.5
    """
    return math.sqrt(2 * math.log(places / p))
