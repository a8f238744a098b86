"""What rooms hand to each other: numbers that say how sure they are, tests, evidence, findings.

Rules
-----
1. No bare numbers: an :class:`Estimate` carries its interval, n, unit of resampling, method and seed.
   Where no valid interval exists, ``low`` and ``high`` are None and ``reason`` says why.
2. A status is derived from evidence, never typed in by the one who benefits.
3. Everything here is frozen, checked when made, and becomes JSON by :func:`as_json`.

Example:
    >>> e = Estimate(name="coverage", value=0.5, estimand="coverage of these 40 images", unit="patient",
    ...              n_medical=40, n_synthetic=40, method="k = 5", reason="no valid interval for k-NN metrics here")
    >>> as_json(e)["low"] is None
    True
"""

from __future__ import annotations

import dataclasses
import math
from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import Any, Literal

from misyn.canonical import record_digest
from misyn.errors import EvidenceError

FindingStatus = Literal["met", "partly", "not-met", "not-assessed", "not-applicable"]
ClaimStatus = Literal["supported", "unsupported", "contradicted", "beyond-phase", "untested", "stale"]


@dataclass(frozen=True, kw_only=True)
class Estimate:
    """A number, how sure it is, and of what.

    Attributes:
        name: the measure, such as ``coverage``.
        value: the number itself.
        low, high: the interval at ``level``, or None with a ``reason``.
        level: confidence level of the interval, in (0, 1).
        estimand: in words, the quantity this estimates (the metric *at this n*).
        unit: what was resampled or counted as independent: ``patient``, ``lesion``, ``image``.
        n_medical, n_synthetic: images that entered.
        n_patients: patients behind the medical images, or None when unknown.
        group: ``column=value`` (several joined by `` & ``), or None for all images.
        set: which medical images it compares with: ``training``, ``held-out`` or ``reference``.
        method: how it was computed, with its parameters.
        seed: the seed of any randomness, or None when there is none.
        reason: why there is no interval, or None.
    """

    name: str
    value: float
    estimand: str
    unit: str
    n_medical: int
    n_synthetic: int
    method: str
    low: float | None = None
    high: float | None = None
    level: float = 0.95
    n_patients: int | None = None
    group: str | None = None
    set: str | None = None
    seed: int | None = None
    reason: str | None = None

    def __post_init__(self) -> None:
        """Refuse half an interval, an interval without its value's sense, and silence about a missing one."""
        if not math.isfinite(self.value):
            raise EvidenceError(f"{self.name}: expected a finite number, found {self.value}")
        if (self.low is None) != (self.high is None):
            raise EvidenceError(f"{self.name}: an interval has two ends or none")
        if self.low is None and not self.reason:
            raise EvidenceError(f"{self.name}: no interval and no reason. Next: say why there is none")


@dataclass(frozen=True, kw_only=True)
class HypothesisTest:
    """One test of a null hypothesis. ``p_adjusted`` is after correction for every test that ``correction`` names."""

    name: str
    statistic: float
    p_value: float
    null: str
    method: str
    n_medical: int
    n_synthetic: int
    p_adjusted: float | None = None
    correction: str | None = None
    set: str | None = None
    group: str | None = None
    seed: int | None = None


@dataclass(frozen=True)
class Caveat:
    """A named warning that leads wherever its numbers are shown."""

    id: str
    text: str


@dataclass(frozen=True)
class Evidence:
    """A content-addressed result. ``digest`` names ``content``; nothing else can bear that name."""

    kind: str
    content: Mapping[str, Any]
    digest: str = field(init=False)

    def __post_init__(self) -> None:
        """Derive the digest: it cannot be given."""
        object.__setattr__(self, "digest", record_digest(self.content))


@dataclass(frozen=True, kw_only=True)
class Finding:
    """One recommendation, checked. ``next`` says what would change the status; a ``not-met`` always has it."""

    id: str
    status: FindingStatus
    reason: str
    evidence: tuple[str, ...] = ()
    next: str | None = None

    def __post_init__(self) -> None:
        """A refusal that does not say what to do next helps nobody."""
        if self.status == "not-met" and not self.next:
            raise EvidenceError(f"finding {self.id} is not-met without saying what to do next")


@dataclass(frozen=True, kw_only=True)
class ClaimFinding:
    """One claim of the record, checked against its evidence."""

    id: str
    kind: str
    text: str
    status: ClaimStatus
    reason: str
    evidence: tuple[str, ...] = ()
    next: str | None = None


def as_json(result: Any) -> Any:  # noqa: ANN401 - any of the frozen types above, or what they hold
    """Turn results into what ``json`` can say: dataclasses to objects, tuples to lists, keys kept.

    Example:
        >>> as_json((Caveat("size", "sizes differ"),))
        [{'id': 'size', 'text': 'sizes differ'}]
    """
    if dataclasses.is_dataclass(result) and not isinstance(result, type):
        return {f.name: as_json(getattr(result, f.name)) for f in dataclasses.fields(result)}
    if isinstance(result, Mapping):
        return {str(key): as_json(value) for key, value in result.items()}
    if isinstance(result, (tuple, list)):
        return [as_json(value) for value in result]
    return result
