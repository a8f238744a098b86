"""Who is harmed or helped when a model learns from the synthetic images: the sentence, the picture, how sure we are.

Rules
-----
1. Harm leads: groups that are surely worse off are named first, in the sentence and in the picture.
2. "Surely" is an interval that does not reach the line of no difference; everything else is "no clear difference".
3. A number speaks of the models that were compared and of no other; the page says so.

Example:
    >>> from misyn.report.facts import Facts
    >>> row = {"name": "utility_gain", "set": "held-out", "value": -0.05, "low": -0.08, "high": -0.02, "n_medical": 90}
    >>> print(sentence(Facts(audit=None, evaluation={"estimates": [row]}, marks=None, record=None, rows=())))
    Adding the synthetic images made a model clearly worse on unseen medical images.
"""

from __future__ import annotations

from collections.abc import Sequence

from markupsafe import Markup

from misyn.report import groups, svg
from misyn.report.facts import Facts
from misyn.report.numbers import Number, quantity

PREFIX = "utility_"
GAIN = "utility_gain"
DICE = "utility_dice_gain"
NOT_MEASURED = "Not measured: no downstream evidence, so we cannot tell."
NOTHING = (
    "No model was trained or tested with these images, and no person used them: nothing here speaks of harm or help."
)
ONE_MODEL = (
    "The numbers speak of the models that were compared, on unseen medical images of this source. Another model, "
    "another hospital or a person's use of the images is another question."
)
AREA, SHARE = "utility_auroc_", "_share_"
MODELS = {
    "medical": "by a model of medical images alone",
    "synthetic": "of synthetic images alone",
    "both": "of both",
}
SAID = {
    -1: "made a model clearly worse on unseen medical images",
    0: "made no clear difference to a model on unseen medical images",
    1: "made a model clearly better on unseen medical images",
}
WIDTH, STEP, MOST = 460.0, 30.0, 12
NAMED = 3


def gains(facts: Facts) -> tuple[Number, ...]:
    """Every gain over medical images alone, of the arm trained on both where there is one."""
    found = [e for e in facts.numbers.estimates if _is_gain(e.name) and e.value is not None]
    first = next((e.name for e in found if e.name in {GAIN, DICE}), found[0].name if found else "")
    return tuple(e for e in found if e.name == first)


def sentence(facts: Facts) -> str:
    """Say overall whether a model got better or worse, and which groups got worse or better."""
    found = gains(facts)
    overall = next((e for e in found if e.group is None), None)
    if overall is None:
        return NOT_MEASURED
    said = f"Adding the synthetic images {SAID[_sense(overall)]}"
    parts = [(names, word) for sense, word in ((-1, "worse"), (1, "better")) if (names := _who(found, sense))]
    return ". ".join([said, *(f"Clearly {word} for {names}" for names, word in parts)]) + "."


def sure(facts: Facts) -> tuple[str, ...]:
    """What the leading numbers rest on."""
    overall = next((e for e in gains(facts) if e.group is None), None)
    if overall is None:
        return (NOTHING,)
    return (*_arms(facts), f"Difference to a model without them: {_signed(overall)}; {_range(overall)}.", ONE_MODEL)


def _arms(facts: Facts) -> tuple[str, ...]:
    """What every model reaches, as pairs of images out of a hundred."""
    found = [e for e in facts.numbers.estimates if e.name.startswith(AREA) and e.group is None and SHARE not in e.name]
    said = ", ".join(f"{_model(e.name)} {100 * (e.value or 0.0):.0f}" for e in found)
    return (f"Of 100 pairs of unseen medical images with and without a finding, put right: {said}.",) if found else ()


def _model(name: str) -> str:
    model = name.removeprefix(AREA)
    return MODELS.get(model, f"the model “{model}”")


def picture(facts: Facts, *, most: int = MOST, width: float = WIDTH) -> tuple[Markup, str] | None:
    """All images and every group on one line of no difference, worst first."""
    found = gains(facts)
    if not found:
        return None
    overall = [e for e in found if e.group is None]
    ranked = sorted((e for e in found if e.group is not None), key=lambda e: (e.value or 0.0, e.group or ""))
    shown = [*overall, *ranked[: most - len(overall)]]
    title = "Difference that adding the synthetic images makes, on unseen medical images"
    says = f"{title}, worst group first. Left of the line: worse than medical images alone; right of it: better."
    return _forest(title, shown, width=width), says


def _is_gain(name: str) -> bool:
    return name.startswith((GAIN, DICE)) and not name.startswith(f"{GAIN}_synthetic")


def _sense(number: Number) -> int:
    """-1 surely worse, 1 surely better, 0 neither (rule 2)."""
    if number.interval is None:
        return 0
    low, high = number.interval
    return -1 if high < 0 else 1 if low > 0 else 0


def _who(found: Sequence[Number], sense: int) -> str:
    """The single groups of one sense, the most affected first."""
    named = [e for e in found if e.group is not None and " & " not in e.group and _sense(e) == sense]
    named.sort(key=lambda e: -abs(e.value or 0.0))
    said = [groups.people(e.group or "") for e in named[:NAMED]]
    more = f" and {len(named) - NAMED} more groups" if len(named) > NAMED else ""
    return (", ".join(said) if more or len(said) < 2 else f"{', '.join(said[:-1])} and {said[-1]}") + more


def _signed(number: Number) -> str:
    """A difference with its sign."""
    value = number.value or 0.0
    return f"{'+' if value > 0 else ''}{quantity(value)}"


def _range(number: Number) -> str:
    if number.interval is None:
        return f"no interval: {number.reason}"
    low, high = number.interval
    return f"between {quantity(low)} and {quantity(high)} ({number.level:.0%} interval)"


def _forest(title: str, shown: Sequence[Number], *, width: float) -> Markup:
    """One row per number: words, a whisker, a dot that is filled where the difference is clear."""
    ends = [abs(end) for e in shown for end in (*(e.interval or ()), e.value or 0.0)]
    scale = (width / 2 - 8) / (max(ends, default=0.0) or 1.0)
    height = STEP * len(shown) + 22
    body = [svg.line(width / 2, 14, width / 2, height, kind="f-reference")]
    body += [
        svg.text(width / 2 - 6, 11, "← worse", kind="f-small", anchor="end"),
        svg.text(width / 2 + 6, 11, "better →", kind="f-small"),
    ]
    for place, number in enumerate(shown):
        body += _row(number, 20 + STEP * place, scale, width=width)
    said = "; ".join(f"{_name(e)}: {_signed(e)}, {_range(e)}" for e in shown)
    return svg.figure(title, said + ".", width=width, height=height, body=body)


def _row(number: Number, y: float, scale: float, *, width: float) -> list[Markup]:
    x = width / 2 + (number.value or 0.0) * scale
    shapes = [
        svg.text(0, y + 10, _name(number)),
        svg.text(width, y + 10, _signed(number), kind="f-number", anchor="end"),
    ]
    if number.interval is not None:
        low, high = (width / 2 + end * scale for end in number.interval)
        ends = f"M{low:.1f} {y + 16:.1f}v8M{high:.1f} {y + 16:.1f}v8"
        shapes.append(svg.path(f"M{low:.1f} {y + 20:.1f}H{high:.1f}{ends}", "f-whisker"))
    shapes.append(svg.circle(x, y + 20, 4, "f-full" if _sense(number) else "f-hollow"))
    return shapes


def _name(number: Number) -> str:
    return "All" if number.group is None else groups.short(number.group)
