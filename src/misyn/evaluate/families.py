"""Which tests of a study are corrected together.

Rules
-----
1. Tests that answer one question are a family: do the sets differ as wholes, which attribute differs, which group is
   left out, whom the images help or harm. Each family is corrected on its own (Holm), over all medical sets and
   controls of the study.
2. Every test says in ``correction`` which family it was corrected with, and how many tests that has.

Source: Holm, Scand. J. Statist. 1979.

Example:
    >>> family("mmd_baseline"), family("shift_brightness"), family("left_out")
    ('whole sets', 'attributes', 'groups left out')
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import replace

from misyn.evaluate.statistics import holm
from misyn.results import HypothesisTest


def family(name: str) -> str:
    """The question that a test helps to answer."""
    if name.startswith("shift_"):
        return "attributes"
    if name.startswith("utility_"):
        return "usefulness"
    if name.startswith("amplification"):
        return "links of label and group"
    return "groups left out" if name.startswith("left_out") else "whole sets"


def corrected(tests: Sequence[HypothesisTest]) -> tuple[HypothesisTest, ...]:
    """The same tests in the same order, corrected by family."""
    families = [family(test.name) for test in tests]
    found = list(tests)
    for name in dict.fromkeys(families):
        places = [place for place, of in enumerate(families) if of == name]
        adjusted = holm([tests[place].p_value for place in places]).tolist()
        for place, p in zip(places, adjusted, strict=True):
            said = f"Holm, {len(places)} tests of {name} in this study"
            found[place] = replace(tests[place], p_adjusted=p, correction=said)
    return tuple(found)
