"""Results against the technique, and which of them no claim and no limitation mentions.

Rules
-----
1. Each pattern below says, in one sentence, when a result speaks against the technique; baselines decide where there
   are any. None of them is a verdict on the technique.
2. A result is mentioned when a claim's ``expects``, or the ``evidence`` of a claim or assessed limitation, names it
   with the same group; a mention of the whole does not mention a group.

Source: recommendation E4.

Example:
    >>> rows = [{"name": "coverage", "value": 0.2, "set": "training", "group": "sex=F"}]
    >>> [result.reference for result in against(Measured({"estimates": rows}))]
    ['coverage[sex=F]']
"""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass

from misyn.errors import UsageError
from misyn.practice import expects, references
from misyn.practice.measured import Measured, Row, same_group
from misyn.practice.record import Record

ALPHA = 0.05
# Measures that should be as high as between held-out and other medical images, and those that should be as low.
_HIGH = ("support", "label_agreement", "precision", "recall", "density", "coverage")
_LOW = ("frechet", "mmd2", "nearest_distance_median", "copy_suspects")
_HALF = 0.5


@dataclass(frozen=True)
class Against:
    """One result against the technique: how it would be named, and what it says."""

    name: str
    group: str | None
    sentence: str

    @property
    def reference(self) -> str:
        """As it would be named in ``evidence: evaluation:<reference>``."""
        return f"{self.name}[{self.group}]" if self.group else self.name


def against(measured: Measured) -> tuple[Against, ...]:
    """Every result that speaks against the technique, in a fixed order, one per name and group."""
    found: dict[tuple[str, str | None], Against] = {}
    parts = (_copies, _low, _high, _groups, _membership, _tests)
    for result in (result for part in parts for result in part(measured)):
        found.setdefault((result.name, result.group), result)
    return tuple(found.values())


def unmentioned(record: Record, measured: Measured) -> tuple[Against, ...]:
    """The results against the technique that neither claims nor assessed limitations mention."""
    said = list(_mentions(record))
    return tuple(
        result
        for result in against(measured)
        if not any(name == result.name and same_group(group, result.group) for name, group in said)
    )


def _copies(measured: Measured) -> Iterator[Against]:
    for row in measured.estimates("exact_copies"):
        if row["value"] > 0:
            yield Against("exact_copies", None, f"exact copies of {row.get('set')} images: share {row['value']:.3g}")


def _low(measured: Measured) -> Iterator[Against]:
    for name in _LOW:
        row, baseline = _pair(measured, name)
        if row and baseline and row["value"] > baseline["value"]:
            yield Against(name, None, f"{name} {row['value']:.3g} is above its baseline {baseline['value']:.3g}")


def _high(measured: Measured) -> Iterator[Against]:
    for name in _HIGH:
        row, baseline = _pair(measured, name)
        if row and baseline and row["value"] < baseline["value"]:
            yield Against(name, None, f"{name} {row['value']:.3g} is below its baseline {baseline['value']:.3g}")
        elif row and not baseline and row["value"] < _HALF:
            yield Against(name, None, f"{name} is {row['value']:.3g}")


def _groups(measured: Measured) -> Iterator[Against]:
    """The groups that are covered least: a third below what medical images reach there, else below half or the whole.

    Groups of groups stay in the tables: there are hundreds, and each repeats what its parts say.
    """
    whole = measured.estimate("coverage")
    for row in measured.estimates("coverage", grouped=True):
        if " & " in str(row["group"]):
            continue
        control = measured.estimate("coverage_baseline", set=row.get("set"), group=row["group"])
        bar = max(_HALF, whole["value"] * 2 / 3) if whole else _HALF
        if row["value"] < (control["value"] * 2 / 3 if control else bar):
            yield Against("coverage", str(row["group"]), f"coverage of {row['group']} is {row['value']:.3g}")


def _membership(measured: Measured) -> Iterator[Against]:
    """Training patients nearer to the synthetic images than held-out ones, by an interval that leaves no chance."""
    row = measured.estimate("membership_risk")
    if row and isinstance(row.get("low"), (int, float)) and row["low"] > _HALF:
        told = f"in {100 * row['value']:.0f} of 100 pairs a training patient lies nearer than a held-out patient"
        yield Against("membership_risk", None, f"membership_risk: {told}")


def _told(row: Row, p: float) -> str:
    """What a test found, in words; a test of another kind is only named."""
    name, group, size = str(row.get("name")), row.get("group"), row.get("statistic")
    pairs = f"in {100 * size:.0f} of 100 pairs" if isinstance(size, (int, float)) else "in many pairs"
    if name.startswith("shift_"):
        what = f"synthetic images have more {name.removeprefix('shift_').replace('_', ' ')} {pairs} (50: no difference)"
    elif name == "left_out":
        what = f"{group} is left out more than everyone else"
    elif name == "amplification":
        how = "more" if isinstance(size, (int, float)) and size > 0 else "less"
        what = f"{group} go together {how} than among medical images"
    elif name == "c2st":
        what = f"a classifier tells synthetic from medical images {pairs}"
    else:
        what = "the distributions differ"
    return f"{name}: {what} (p = {p:.3g})"


def _tests(measured: Measured) -> Iterator[Against]:
    for row in measured.tests:
        p = row.get("p_adjusted") if row.get("p_adjusted") is not None else row.get("p_value")
        name = str(row.get("name"))
        if isinstance(p, (int, float)) and p < ALPHA and not name.endswith("_baseline") and not name.startswith("tost"):
            yield Against(name, row.get("group"), _told(row, p))


def _pair(measured: Measured, name: str) -> tuple[Row | None, Row | None]:
    """A measure beside its baseline; at the same number of images where that was measured too."""
    row, baseline = measured.estimate(name), measured.estimate(f"{name}_baseline")
    return (measured.estimate(f"{name}_same_n") or row) if row and baseline else row, baseline


def _mentions(record: Record) -> Iterator[tuple[str, str | None]]:
    items = [*record.items("claims"), *record.items("limitations.assessed")]
    for item in items:
        if not isinstance(item, dict):
            continue
        for text in references.texts(item.get("expects")):
            try:
                yield from ((term.name, term.group) for term in expects.parse(text))
            except UsageError:  # the record is checked when it is read; a claim built by hand may not be
                continue
        for reference in references.texts(item.get("evidence")):
            named = references.measure(reference)
            if named:
                yield named[0], named[1]
