"""Every measure of a question on its own: one plain sentence with its number, one small picture.

Rules
-----
1. A measure is shown when the evaluation has a number for it, in the order of the page; its controls stand in its
   picture and in a second sentence, never apart from it.
2. A measure that is made by group only gets a bar for each group, those that differ most first.
3. Medical images are a circle, chance is a cross; numbers of measures the page does not know stand in the table only.

Example:
    >>> from misyn.report.facts import Facts
    >>> rows = [{"name": "c2st", "set": "training", "value": 0.73, "low": 0.7, "high": 0.76},
    ...         {"name": "c2st_baseline", "set": "training", "value": 0.5, "reason": "one draw"}]
    >>> facts = Facts(audit=None, evaluation={"estimates": rows}, marks=None, record=None, rows=())
    >>> found = of_question(facts, "shifted")
    >>> print(found[0].sentence)
    In 73 of 100 pairs a simple classifier gives the synthetic image the higher score (50: not told apart).
    >>> found[0].beside
    ('Medical images in their place: 50 of 100.',)
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

from markupsafe import Markup

from misyn.report import groups, plots, words
from misyn.report.facts import Facts
from misyn.report.measure import Measure, Question
from misyn.report.measures import BASELINE, CHANCE, SHUFFLED
from misyn.report.measures import of_question as measures_of
from misyn.report.numbers import Number, quantity, share

MOST = 8
CONTROLS = (
    (BASELINE, "Medical images in their place"),
    (CHANCE, "Points that mix features of different medical images"),
    (SHUFFLED, "Labels given out at random"),
)


@dataclass(frozen=True)
class Shown:
    """One measure, ready for the page."""

    name: str
    sentence: str
    beside: tuple[str, ...]
    figure: Markup
    cannot_tell: str


def of_question(facts: Facts, question: Question) -> tuple[Shown, ...]:
    """Every measure of a question for which there is a number."""
    found = (_shown(facts, measure) for measure in measures_of(question))
    return tuple(shown for shown in found if shown is not None)


def _shown(facts: Facts, measure: Measure) -> Shown | None:
    number = facts.numbers.find(measure.name)
    if number is None or number.value is None:
        return _grouped(facts, measure)
    controls = [
        (said, found) for ending, said in CONTROLS if (found := facts.numbers.find(measure.name + ending)) is not None
    ]
    beside = tuple(f"{said}: {_amount(found, measure)}." for said, found in controls)
    return Shown(
        measure.name, _sentence(measure, number), beside, _scale(measure, number, controls), measure.cannot_tell
    )


def _sentence(measure: Measure, number: Number) -> str:
    said = measure.says or f"{measure.plain}: {{value}}."
    return said.format(value=words.of(number), hundredths=round(100 * (number.value or 0.0)))


def _amount(number: Number, measure: Measure) -> str:
    """A control's number in the form of its measure's sentence."""
    return f"{100 * (number.value or 0.0):.0f} of 100" if "{hundredths}" in measure.says else words.of(number)


def _scale(measure: Measure, number: Number, controls: Sequence[tuple[str, Number]]) -> Markup:
    """The number on its scale, with its interval and its controls."""
    values = [number.value or 0.0, *(number.interval or ()), *(c.value or 0.0 for _, c in controls)]
    low, high = 0.0, 1.0
    if measure.scale == "distance" or max(values) > 1:
        low, high = min(0.0, *values), 1.1 * max(*values, 1e-9)
    elif measure.scale == "signed":
        high = 1.1 * max(0.05, *(abs(v) for v in values))
        low = -high
    ends = _ends(measure, low, high)
    marks = [plots.Mark(said, c.value or 0.0, chance=not c.name.endswith(BASELINE)) for said, c in controls]
    return plots.scale(
        _sentence(measure, number), plots.Mark("Synthetic images", number.value or 0.0, number.interval), marks,
        low=low, high=high, ends=ends, middle={"middle": 0.5, "signed": 0.0}.get(measure.scale),
    )  # fmt: skip


def _ends(measure: Measure, low: float, high: float) -> tuple[str, str]:
    """What stands at both ends of a scale."""
    if measure.scale == "middle" or "{hundredths}" in measure.says:
        return "0 of 100", "100 of 100"
    if (low, high) == (0.0, 1.0):
        return "none", "all"
    return quantity(low), quantity(high)


def _grouped(facts: Facts, measure: Measure) -> Shown | None:
    """A measure that is made by group only, those that differ most first."""
    found = [g for g in facts.numbers.by_group(measure.name) if g.value is not None]
    if not found:
        return None
    pairs = [(g, words.beside(facts, g)) for g in found]
    pairs.sort(key=lambda pair: -_apart(*pair))
    shown, total = pairs[:MOST], len(pairs)
    which = f"the {len(shown)} of {total} that differ most" if total > len(shown) else "all there are"
    bars = [bar for number, control in shown for bar in _bars(measure, number, control)]
    title = f"{measure.plain}, by group"
    full = max([abs(bar.value) for bar in bars] + [1e-9])
    if measure.scale == "signed":
        figure = plots.signed(title, bars, full=full)
    else:
        figure = plots.bars(title, bars, name=f"each-{measure.name}", full=full)
    hatched = " Hatched: the same among medical images." if any(bar.medical for bar in bars) else ""
    largest = _largest(measure, *pairs[0])
    return Shown(measure.name, f"{measure.plain}, by group ({which}).{hatched}", largest, figure, measure.cannot_tell)


def _largest(measure: Measure, number: Number, control: Number | None) -> tuple[str, ...]:
    """The largest difference, in words."""
    who = groups.people(number.group or "")
    if control is not None:
        own, other = share(number.value or 0.0), share(control.value or 0.0)
        return (f"The largest difference: {who} are {own} of the synthetic images and {other} of the medical ones.",)
    if measure.name == "amplification":
        told = number.estimand.partition(": ")[2]
        for part in (number.group or "").split(" & "):
            column, _, value = part.partition("=")
            told = told.replace(part, f"label “{value}”" if column == "label" else groups.people(part))
        return (f"The largest: {told}.",) if told else ()
    return ()


def _apart(number: Number, control: Number | None) -> float:
    return abs((number.value or 0.0) - (0.0 if control is None else control.value or 0.0))


def _bars(measure: Measure, number: Number, control: Number | None) -> list[plots.Bar]:
    who = groups.short(number.group or "")
    said = f"{number.value:+.2f}".replace("-", "−") if measure.scale == "signed" else share(number.value or 0.0)
    found = [plots.Bar(who, number.value or 0.0, said, interval=number.interval)]
    if control is not None and control.value is not None:
        found.append(plots.Bar(f"{who}, medical", control.value, share(control.value), medical=True))
    return found
