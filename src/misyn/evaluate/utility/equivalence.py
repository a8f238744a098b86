"""Equivalence by two one-sided tests: is a difference surely smaller than a margin fixed beforehand?

Rules
-----
1. The margin is an argument, never derived from the data. No difference found is not equivalence.
2. Both one-sided tests must reject; the p-value is the larger of the two.

Source: Schuirmann, J. Pharmacokinetics and Biopharmaceutics 1987.

Example:
    >>> tost(0.001, 0.004, margin=0.02) < 0.001, tost(0.001, 0.02, margin=0.02) > 0.05
    (True, True)
"""

from __future__ import annotations

from scipy import stats

from misyn.errors import EvaluationError


def tost(difference: float, error: float, *, margin: float, freedom: float | None = None) -> float:
    """p-value of "the difference is at least as large as the margin, in one direction or the other".

    Args:
        difference: what was found.
        error: its standard error, ≥ 0.
        margin: > 0, fixed before the data were seen, in the unit of the difference.
        freedom: degrees of freedom of a t distribution; None for the normal one.

    Raises:
        EvaluationError: the margin is not positive, or the error negative.
    """
    if margin <= 0 or error < 0:
        raise EvaluationError(f"expected a margin above 0 and an error of at least 0, found {margin} and {error}")
    if error == 0:
        return 0.0 if abs(difference) < margin else 1.0
    law = stats.norm if freedom is None else stats.t(freedom)
    return float(max(law.sf((difference + margin) / error), law.cdf((difference - margin) / error)))
