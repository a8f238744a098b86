"""Which picture goes with which question, on its tile and in its section.

Rules
-----
1. A tile's picture shows what its sentence says, and has a key that says how to read it.
2. Where nothing was measured, the picture is an empty frame, never a picture of zero.

Example:
    >>> from misyn.report.facts import Facts
    >>> tile(Facts(audit=None, evaluation={}, marks=None, record=None, rows=()), "missing")[1]
    'Nothing to draw: not measured.'
"""

from __future__ import annotations

from collections.abc import Callable

from markupsafe import Markup

from misyn.report import downstream, groups, plots, words
from misyn.report.facts import Facts
from misyn.report.measure import Question
from misyn.report.measures import by_name
from misyn.report.numbers import Number

NOT_DRAWN = "Nothing to draw: not measured."
MOST_BARS = 12
TILE_POINTS = 150
TILE_GAINS, TILE_WIDTH = 3, 230.0


def tile(facts: Facts, question: Question) -> tuple[Markup, str]:
    """The small picture of a question, and its key."""
    drawn = TILES[question](facts)
    return drawn or (plots.nothing_measured(NOT_DRAWN), NOT_DRAWN)


def section(facts: Facts, question: Question) -> tuple[Markup | None, str]:
    """The picture of a question's section, and what it says; None where there is nothing to draw."""
    drawn = SECTIONS[question](facts)
    return drawn or (None, "")


def _counted(number: Number | None) -> tuple[int, int] | None:
    """A share as (k, n)."""
    measure = by_name(number.name) if number is not None else None
    if number is None or number.value is None or measure is None or measure.of is None:
        return None
    n = number.n(measure.of)
    return (round(number.value * n), n) if n else None


def _missing_dots(facts: Facts) -> tuple[Markup, str] | None:
    """Medical images that have a synthetic image near them, as filled dots."""
    subject = words.missing_subject(facts)
    counted = _counted(subject)
    if counted is None or subject is None:
        return None
    found, n = counted
    which = groups.images_of(subject.group) if subject.group else words.medical(facts)
    title = f"{found} of {n} {which} have a synthetic image near them"
    drawn = plots.parts_of("images with a synthetic image near them", n, [("full", found)], title=title)
    return drawn, f"● found ○ left out of {n:,} {which}"


def _copied_dots(facts: Facts) -> tuple[Markup, str] | None:
    """Exact copies as crosses, suspected ones as filled dots."""
    exact, suspects = (_counted(facts.numbers.find(name)) for name in ("exact_copies", "copy_suspects"))
    if exact is None:
        return None
    copies, n = exact
    others = max(0, suspects[0] - copies) if suspects is not None else 0
    title = f"Of {n} synthetic images, exact copies: {copies}" + (f", suspected: {others}" if suspects else "")
    key = "✕ exact copy ● suspected ○ neither" if suspects else "✕ exact copy ○ not an exact copy"
    return plots.parts_of("copies", n, [("cross", copies), ("full", others)], title=title), key


def _small_map(facts: Facts) -> tuple[Markup, str] | None:
    """The map of all images, in small; without places, the distance between the sets."""
    drawn = plots.image_map(facts.rows, seed=facts.seed, most=TILE_POINTS, size=(230.0, 110.0))
    return (drawn, "○ medical ▲ synthetic") if drawn is not None else None


def _group_bars(facts: Facts) -> tuple[Markup, str] | None:
    """Coverage by group, lowest first, beside that of all images."""
    overall = facts.numbers.find("coverage")
    found = [g for g in facts.numbers.by_group("coverage") if g.value is not None][:MOST_BARS]
    if not found or overall is None:
        return None
    entries = [_bar(groups.short(g.group or ""), g) for g in found]
    title = f"Share of each group's {words.medical(facts)} that have a synthetic image near them"
    says = f"{title}, lowest first. The dashed mark is the share of all of them."
    return plots.bars(title, entries, name="groups", full=1.0, reference=_bar("all", overall)), says


def _difference_bars(facts: Facts) -> tuple[Markup, str] | None:
    """The distance between the sets beside that between two sets of medical images."""
    own, baseline = facts.numbers.find("frechet"), facts.numbers.find("frechet_baseline")
    if own is None or own.value is None:
        return None
    entries = [_bar(f"Synthetic and {words.medical(facts)}", own)]
    if baseline is not None:
        entries.append(_bar("Medical images among themselves", baseline, medical=True))
    title = "How far apart the two sets lie"
    beside = (
        "the second bar is the same distance between medical images."
        if baseline is not None
        else "there was nothing to compare it with."
    )
    full = max(own.value, (baseline.value or 0.0) if baseline is not None else 0.0) or 1.0
    return plots.bars(title, entries, name="difference", full=full), f"{title}. A distance without a unit: {beside}"


def _distances(facts: Facts) -> tuple[Markup, str] | None:
    """How near the nearest medical image is, for synthetic and for held-out medical images."""
    of_origin = {
        origin: [r.nearest_distance for r in facts.rows if r.origin == origin and r.nearest_distance is not None]
        for origin in ("synthetic", "held-out")
    }
    drawn = plots.nearest_distances(of_origin["synthetic"], of_origin["held-out"], medical_words="held-out images")
    if drawn is None:
        return None
    says = "How near the nearest medical image is. Copies would pile up at the left end"
    return drawn, says + (", further left than the held-out images do." if of_origin["held-out"] else ".")


def _bar(said: str, number: Number, *, medical: bool = False) -> plots.Bar:
    """One number as a bar."""
    capital = said[0].upper() + said[1:]
    return plots.Bar(capital, number.value or 0.0, words.of(number), interval=number.interval, medical=medical)


def _few_gains(facts: Facts) -> tuple[Markup, str] | None:
    """All images and the two worst groups."""
    drawn = downstream.picture(facts, most=TILE_GAINS, width=TILE_WIDTH)
    return (drawn[0], "● clear difference ○ none that is clear") if drawn is not None else None


Drawing = Callable[[Facts], tuple[Markup, str] | None]
TILES: dict[Question, Drawing] = {
    "missing": _missing_dots,
    "shifted": _small_map,
    "copied": _copied_dots,
    "harmed": _few_gains,
}
SECTIONS: dict[Question, Drawing] = {
    "missing": _group_bars,
    "shifted": _difference_bars,
    "copied": _distances,
    "harmed": downstream.picture,
}
