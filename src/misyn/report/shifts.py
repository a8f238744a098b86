"""What shifted, who is left out, what leaves a trace, in words that someone who looks at images for a living reads.

Rules
-----
1. Only what a corrected test found is said, and of attributes only what shows in at least 56 of 100 pairs, the largest
   first, three at most. The tables hold the rest.
2. An attribute is named by what one would see: sharper, darker, less colourful. The angle of skin colour is left to the
   tables, where it says that it is estimated from pixels and no skin type.
3. Each is a clause to be joined to a sentence, or nothing.

Example:
    >>> from misyn.report.facts import Facts
    >>> rows = [{"name": "shift_sharpness", "statistic": 0.2, "p_value": 0.001, "set": "training"}]
    >>> seen(Facts(audit=None, evaluation={"tests": rows}, marks=None, record=None, rows=()))
    '; looked at one by one they are blurrier'
"""

from __future__ import annotations

from collections.abc import Iterator, Sequence

from misyn.report import groups
from misyn.report.facts import Facts
from misyn.report.numbers import Test

ALPHA, VISIBLE, MOST = 0.05, 0.06, 3
SEEN = {
    "brightness": ("darker", "brighter"),
    "contrast": ("poorer in contrast", "richer in contrast"),
    "sharpness": ("blurrier", "sharper"),
    "grain": ("smoother", "grainier"),
    "fine_detail": ("poorer in fine detail", "richer in fine detail"),
    "saturation": ("less colourful", "more colourful"),
    "redness": ("less red", "redder"),
    "yellowness": ("less yellow", "yellower"),
    "anatomy_size": ("smaller in the marked anatomy", "larger in the marked anatomy"),
    "anatomy_parts": ("in fewer parts in the marked anatomy", "in more parts in the marked anatomy"),
}


def seen(facts: Facts) -> str:
    """What anyone would see differ, as the end of a sentence on the synthetic images."""
    found = [test for test in _found(facts, "shift_") if abs((test.statistic or 0.5) - 0.5) >= VISIBLE]
    found.sort(key=lambda test: (-abs((test.statistic or 0.5) - 0.5), test.name))
    named = [
        SEEN[name][(test.statistic or 0.5) > 0.5]
        for test in found
        if (name := test.name.removeprefix("shift_")) in SEEN
    ]
    return f"; looked at one by one they are {listed(named[:MOST])}" if named else ""


def linked(facts: Facts) -> str:
    """Labels and groups that go together otherwise than among medical images, as the end of a sentence."""
    found = sorted(_found(facts, "amplification"), key=lambda test: -abs(test.statistic or 0.0))
    if not found or found[0].group is None:
        return ""
    how = "more" if (found[0].statistic or 0.0) > 0 else "less"
    label, _, group = found[0].group.partition(" & ")
    others = f", and {len(found) - 1} more such links differ" if len(found) > 1 else ""
    return f"; “{label.partition('=')[2]}” and {groups.people(group)} go together {how} than in medical images{others}"


def left_out(facts: Facts) -> str:
    """Groups that are left out more than everyone else, as the end of a sentence."""
    found = sorted(_found(facts, "left_out"), key=lambda test: -(test.statistic or 0.0))
    named = [groups.images_of(test.group) for test in found if test.group and " & " not in test.group]
    if not named:
        return ""
    more = f" and {len(named) - MOST} other groups" if len(named) > MOST else ""
    return f"; left out more than all others are {listed(named[:MOST])}{more}"


def traced(facts: Facts) -> str:
    """Whether training patients can be told by nearness, as the end of a sentence."""
    risk = facts.numbers.find("membership_risk")
    if risk is None or risk.value is None or risk.low is None or risk.low <= 0.5:
        return ""
    return (
        f"; in {100 * risk.value:.0f} of 100 pairs a training patient lies nearer to the synthetic images than a "
        "held-out patient does, which can betray who was in the training set"
    )


def listed(words: Sequence[str]) -> str:
    """Words in a row.

    Example:
        >>> listed(["a"]), listed(["a", "b", "c"])
        ('a', 'a, b and c')
    """
    return words[0] if len(words) == 1 else f"{', '.join(words[:-1])} and {words[-1]}"


def _found(facts: Facts, name: str) -> Iterator[Test]:
    """Tests of one kind against the main set that found something after correction."""
    for test in facts.numbers.tests:
        main = test.set in {None, facts.numbers.main} and not test.name.endswith("_baseline")
        if main and test.name.startswith(name) and test.p is not None and test.p < ALPHA:
            yield test
