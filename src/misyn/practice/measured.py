"""Read measured evidence without measuring anything: estimates, tests, sets and warnings by name.

Rules
-----
1. Nothing is filled in: what the evidence does not hold is None or empty, and the reader has to say so.
2. A lookup that names no set takes the most telling one there is: training, then held-out, then reference.
3. Group texts are compared part by part, so ``sex=F & age=60-79`` and ``age=60-79 & sex=F`` are one group.

Source: ``evaluation.json`` (``misyn/evaluation/1``), interface.md of the project's design.

Example:
    >>> seen = Measured({"estimates": [{"name": "coverage", "value": 0.5, "set": "training", "group": None}]})
    >>> seen.estimate("coverage")["value"], seen.estimate("coverage", group="sex=F")
    (0.5, None)
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from typing import Any

SETS = ("training", "held-out", "reference")
Row = Mapping[str, Any]


@dataclass(frozen=True)
class Measured:
    """A view of one evaluation's content, or of none."""

    content: Mapping[str, Any] = field(default_factory=dict)

    def __bool__(self) -> bool:
        """Whether anything was estimated."""
        return bool(self._rows("estimates"))

    def estimates(self, name: str, *, set: str | None = None, grouped: bool = False) -> tuple[Row, ...]:  # noqa: A002
        """Every estimate of that name, over all images or (``grouped``) over groups; of one set where it is named."""
        rows = (row for row in self._rows("estimates") if row.get("name") == name and _is_number(row.get("value")))
        return tuple(
            row for row in rows if (set is None or row.get("set") == set) and (row.get("group") is not None) == grouped
        )

    def estimate(self, name: str, *, set: str | None = None, group: str | None = None) -> Row | None:  # noqa: A002
        """One estimate; without a set, the most telling set's (rule 2)."""
        rows = self.estimates(name, set=set, grouped=group is not None)
        return _first([row for row in rows if group is None or same_group(row.get("group"), group)])

    def by_patient_group(self, name: str, *, set: str | None = None) -> tuple[Row, ...]:  # noqa: A002
        """Every estimate of that name over groups of patients; classes of images (``label=…``) are none."""
        rows = self.estimates(name, set=set, grouped=True)
        return tuple(
            row for row in rows if not all(part.strip().startswith("label=") for part in row["group"].split("&"))
        )

    def test(self, name: str, *, set: str | None = None, group: str | None = None) -> Row | None:  # noqa: A002
        """One hypothesis test, chosen in the same way."""
        rows = [row for row in self.tests if row.get("name") == name and (set is None or row.get("set") == set)]
        return _first([row for row in rows if same_group(row.get("group"), group)])

    @property
    def tests(self) -> tuple[Row, ...]:
        """Every hypothesis test."""
        return self._rows("tests")

    def set(self, role: str) -> Row | None:
        """What is known about one set (``training``, ``held-out``, ``reference``, ``synthetic``), or None."""
        sets = self.content.get("sets")
        found = sets.get(role) if isinstance(sets, Mapping) else None
        return found if isinstance(found, Mapping) and found.get("n") else None

    @property
    def warnings(self) -> Mapping[str, str]:
        """Warning ids with their sentences."""
        return {str(row.get("id")): str(row.get("text", "")) for row in self._rows("warnings")}

    def _rows(self, key: str) -> tuple[Row, ...]:
        rows = self.content.get(key)
        if not isinstance(rows, Sequence) or isinstance(rows, str):
            return ()
        return tuple(row for row in rows if isinstance(row, Mapping))


def same_group(one: object, other: object) -> bool:
    """Whether two group texts mean the same group; None is all images."""
    if one is None or other is None:
        return one is other
    return {part.strip() for part in str(one).split("&")} == {part.strip() for part in str(other).split("&")}


def shown(row: Row) -> str:
    """A number with its interval and n, or with the fact that it has none.

    Example:
        >>> shown({"value": 0.5, "low": 0.4, "high": 0.61, "level": 0.95, "n_synthetic": 40})
        '0.5 (95 % interval 0.4 to 0.61)'
        >>> shown({"value": 0.5, "low": None, "high": None})
        '0.5 (no valid interval)'
    """
    value = f"{row['value']:.3g}"
    if row.get("low") is None or row.get("high") is None:
        return f"{value} (no valid interval)"
    return f"{value} ({100 * row.get('level', 0.95):g} % interval {row['low']:.3g} to {row['high']:.3g})"


def _is_number(value: object) -> bool:
    return isinstance(value, (int, float)) and not isinstance(value, bool)


def _first(rows: Sequence[Row]) -> Row | None:
    order = {name: index for index, name in enumerate(SETS)}
    return min(rows, key=lambda row: order.get(str(row.get("set")), len(SETS)), default=None)
