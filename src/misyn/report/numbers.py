r"""Look up the numbers of one evaluation, and write them as people read them.

Rules
-----
1. A number is shown with its n and its interval, or the reason why it has none; :class:`Number` cannot lose them.
2. What is absent, NaN or not a number becomes None here, and "we cannot tell" further on; never zero.
3. The main set is the best there is: training images, else reference images, else held-out ones. It is always named.

Follows ``results.Estimate`` (the fields) and interface.md (``evaluation.json``).

Example:
    >>> n = Number.parse({"name": "coverage", "value": 3 / 41, "n_medical": 41, "n_synthetic": 200, "reason": "k-NN"})
    >>> share(n.value), n.interval, n.reason
    ('7\xa0%', None, 'k-NN')
"""

from __future__ import annotations

import math
from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from typing import Any

NO_REASON = "the evaluation gave no interval and no reason"
PERCENT = "\u00a0%"  # a number and its unit stay on one line
SETS = ("training", "reference", "held-out")
SUPERSCRIPTS = str.maketrans("-0123456789", "⁻⁰¹²³⁴⁵⁶⁷⁸⁹")


def finite(value: object) -> float | None:
    """Return a finite number as float, anything else as None.

    Example:
        >>> finite(2), finite(float("nan")), finite("2"), finite(True)
        (2.0, None, None, None)
    """
    if isinstance(value, bool) or not isinstance(value, (int, float)) or not math.isfinite(value):
        return None
    return float(value)


def count(value: object) -> int | None:
    """Return a whole number as int, anything else as None.

    Example:
        >>> count(3), count(3.0), count(None)
        (3, 3, None)
    """
    number = finite(value)
    return int(number) if number is not None and number == int(number) else None


def whole(value: int) -> str:
    """Write a count, thousands apart.

    Example:
        >>> whole(10015)
        '10,015'
    """
    return f"{value:,}"


def share(value: float) -> str:
    r"""Write a share in [0, 1] as a percentage that never rounds to all or nothing by itself.

    Example:
        >>> share(0.0732), share(0.004), share(0.9996), share(0.99998), share(1.0)
        ('7\xa0%', '0.4\xa0%', '99.96\xa0%', '99.998\xa0%', '100\xa0%')
    """
    percent = 100 * value
    for decimals in range(4):
        text = f"{percent:.{decimals}f}"
        if float(text) not in {0.0, 100.0} or percent in {0.0, 100.0}:
            return f"{text}{PERCENT}"
    return ("under 0.001" if percent < 50 else "over 99.999") + PERCENT


def quantity(value: float) -> str:
    """Write a number that has no natural unit, with three significant digits.

    Example:
        >>> quantity(12.345), quantity(-0.000012345), quantity(123456.0)
        ('12.3', '−1.23 × 10⁻⁵', '123,000')
    """
    if 1000 <= abs(value) < 1e6:
        text = f"{float(f'{value:.3g}'):,.0f}"
    elif value == 0 or 1e-3 <= abs(value) < 1000:
        text = f"{value:.3g}"
    else:
        digits, exponent = f"{value:.2e}".split("e")
        text = f"{float(digits):g} × 10{str(int(exponent)).translate(SUPERSCRIPTS)}"
    return text.replace("-", "−")


def probability(value: float) -> str:
    """Write a p-value.

    Example:
        >>> probability(0.000999), probability(0.31), probability(1e-9)
        ('p = 0.001', 'p = 0.31', 'p < 0.0001')
    """
    return "p < 0.0001" if value < 1e-4 else f"p = {float(f'{value:.2g}'):g}"


@dataclass(frozen=True, kw_only=True)
class Number:
    """One estimate as it is shown. ``value`` is None where it could not be computed.

    Attributes are those of :class:`misyn.results.Estimate`.
    """

    name: str
    value: float | None
    low: float | None
    high: float | None
    level: float
    n_medical: int | None
    n_synthetic: int | None
    n_patients: int | None
    unit: str
    group: str | None
    set: str | None
    method: str
    estimand: str
    seed: int | None
    reason: str | None

    @classmethod
    def parse(cls, raw: Mapping[str, Any]) -> Number:
        """Read one entry of ``estimates``; unknown keys are ignored, missing ones become None."""
        texts: dict[str, Any] = {key: str(raw.get(key) or "") for key in ("name", "unit", "method", "estimand")}
        counts: dict[str, Any] = {
            key: count(raw.get(key)) for key in ("n_medical", "n_synthetic", "n_patients", "seed")
        }
        low, high = finite(raw.get("low")), finite(raw.get("high"))
        whole_interval = low is not None and high is not None
        return cls(
            **texts,
            **counts,
            value=finite(raw.get("value")),
            low=low if whole_interval else None,
            high=high if whole_interval else None,
            level=finite(raw.get("level")) or 0.95,
            group=str(raw["group"]) if raw.get("group") else None,
            set=str(raw["set"]) if raw.get("set") else None,
            reason=None if whole_interval else str(raw.get("reason") or NO_REASON),
        )

    @property
    def interval(self) -> tuple[float, float] | None:
        """The interval's two ends, or None with a :attr:`reason`."""
        return (self.low, self.high) if self.low is not None and self.high is not None else None

    def n(self, of: str) -> int | None:
        """Images of one kind, ``medical`` or ``synthetic``, that entered."""
        return self.n_medical if of == "medical" else self.n_synthetic


@dataclass(frozen=True, kw_only=True)
class Test:
    """One test of a null hypothesis as it is shown; see :class:`misyn.results.HypothesisTest`."""

    __test__ = False  # a class of ours, not one of pytest's

    name: str
    statistic: float | None
    p: float | None
    p_raw: float | None
    correction: str
    null: str
    method: str
    n_medical: int | None
    n_synthetic: int | None
    set: str | None
    group: str | None
    seed: int | None

    @classmethod
    def parse(cls, raw: Mapping[str, Any]) -> Test:
        """Read one entry of ``tests``; the adjusted p-value is the one that counts where there is one."""
        p_raw, adjusted = finite(raw.get("p_value")), finite(raw.get("p_adjusted"))
        return cls(
            name=str(raw.get("name") or ""),
            statistic=finite(raw.get("statistic")),
            p=adjusted if adjusted is not None else p_raw,
            p_raw=p_raw,
            correction=str(raw.get("correction") or ""),
            null=str(raw.get("null") or ""),
            method=str(raw.get("method") or ""),
            n_medical=count(raw.get("n_medical")),
            n_synthetic=count(raw.get("n_synthetic")),
            set=str(raw["set"]) if raw.get("set") else None,
            group=str(raw["group"]) if raw.get("group") else None,
            seed=count(raw.get("seed")),
        )


@dataclass(frozen=True)
class Numbers:
    """Every estimate and test of one evaluation, in its order."""

    estimates: tuple[Number, ...]
    tests: tuple[Test, ...]
    main: str | None

    @classmethod
    def parse(cls, evaluation: Mapping[str, Any]) -> Numbers:
        """Read ``evaluation.json`` as a mapping; missing parts are empty.

        Example:
            >>> Numbers.parse({}).main is None
            True
        """
        estimates = tuple(Number.parse(raw) for raw in _mappings(evaluation.get("estimates")))
        tests = tuple(Test.parse(raw) for raw in _mappings(evaluation.get("tests")))
        present = {e.set for e in estimates} | {t.set for t in tests} | set(evaluation.get("sets") or {})
        return cls(estimates, tests, next((name for name in SETS if name in present), None))

    def find(self, name: str) -> Number | None:
        """The estimate over all images against the main set, if it has a value."""
        return next((e for e in self.by_name(name) if e.group is None and e.value is not None), None)

    def by_name(self, name: str) -> tuple[Number, ...]:
        """Every estimate of one name against the main set (or against none), overall and by group.

        What models gain is always judged on held-out images, whichever set the other measures speak of.
        """
        sets = {None, self.main, "held-out"} if name.startswith("utility_") else {None, self.main}
        return tuple(e for e in self.estimates if e.name == name and e.set in sets)

    def by_group(self, name: str) -> tuple[Number, ...]:
        """Estimates of one name by group, lowest value first, then the larger group; those without a value last."""
        groups = (e for e in self.by_name(name) if e.group is not None)
        return tuple(
            sorted(groups, key=lambda e: (e.value is None, e.value or 0.0, -(e.n_medical or 0), e.group or ""))
        )

    def test(self, name: str) -> Test | None:
        """The test over all images against the main set, if it has a p-value."""
        fitting = (t for t in self.tests if t.name == name and t.group is None and t.set in {None, self.main})
        return next((t for t in fitting if t.p is not None), None)


def _mappings(raw: object) -> Iterable[Mapping[str, Any]]:
    """Keep what is a mapping in what should be a list of them."""
    return [entry for entry in raw if isinstance(entry, Mapping)] if isinstance(raw, (list, tuple)) else []
