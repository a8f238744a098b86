"""Differences of form between two sets: size, codec, depth, colour, kind, modality.

Rules
-----
1. Form is not content: whatever differs here is found by any measure before anything medical is.
2. Two sets differ when their shares differ by more than one image in ten, or their medians by more than 5 %.
3. What a file does not say is not guessed: "we cannot tell".

Example:
    >>> sentence("the training images differ")
    'The training images differ'
"""

from __future__ import annotations

from collections import Counter
from collections.abc import Callable, Iterator

import numpy as np

from misyn.evaluate.sets import Sample
from misyn.evaluate.survey import Facts
from misyn.results import Caveat

TOLERANCE = 0.1
SIZE_RATIO = 1.05
QUALITY_GAP = 5


def sentence(text: str) -> str:
    """Begin with a capital."""
    return text[:1].upper() + text[1:]


def differences(a: Sample, b: Sample, *, prepared: str) -> Iterator[Caveat]:
    """Name every way in which two sets differ in form.

    Args:
        a: one set.
        b: the other.
        prepared: in words, the form all were brought to.
    """
    both = f"{sentence(a.name)} and {b.name}"
    rest = f"Any test finds that first. misyn brought all to {prepared}; what differed before can still show"
    for caveat, what, shown in _differing(a, b):
        against = f"{_usual(a, shown)} against {_usual(b, shown)}"
        yield Caveat(caveat, f"{both} differ in {what} ({against}). {rest}")
    if _apart(a, b, lambda facts: facts["planes"] > 1):
        yield Caveat(
            "planes-differ",
            f"{both} differ in kind: volumes or series against single planes. A volume is described by the mean of its "
            "planes, which no single plane resembles. Next: give single planes on both sides",
        )
    yield from _modality(a, b, both)


def _differing(a: Sample, b: Sample) -> Iterator[tuple[str, str, Callable[[Facts], str]]]:
    """Which of size, compression, depth and colour differ: id, word, and how to show one image's."""
    if _sizes_differ(a, b):
        yield "size-differs", "size", lambda facts: f"{facts['width']} × {facts['height']} pixels"
    if _apart(a, b, lambda facts: bool(facts["lossy"])) or _quality_gap(a, b) > QUALITY_GAP:
        yield "codec-differs", "compression", _codec
    if _apart(a, b, lambda facts: facts["bits"] > 8):
        yield "bit-depth-differs", "grey levels", lambda facts: f"{facts['bits']} bits"
    if _apart(a, b, lambda facts: facts["colour"]):
        yield "colour-differs", "colour", lambda facts: "colour" if facts["colour"] else "grey"


def _modality(a: Sample, b: Sample, both: str) -> Iterator[Caveat]:
    known = [Counter(f["modality"] for f in sample.facts if f["modality"]) for sample in (a, b)]
    names = [", ".join(sorted(counts)) for counts in known]
    if known[0] and known[1]:
        shares = [{m: n / counts.total() for m, n in counts.items()} for counts in known]
        gaps = [abs(shares[0].get(m, 0) - shares[1].get(m, 0)) for m in {*known[0], *known[1]}]
        if max(gaps) > TOLERANCE:
            yield Caveat(
                "modality-differs",
                f"{both} come from different imaging methods ({names[0]} against {names[1]}). The numbers mostly "
                "measure that. Next: compare images of one method",
            )
    elif known[0] or known[1]:
        speaking, silent = (a, b) if known[0] else (b, a)
        yield Caveat(
            "modality-unknown",
            f"{sentence(speaking.name)} say how they were acquired ({names[0] or names[1]}), {silent.name} do not: "
            "whether they are of the same imaging method, we cannot tell",
        )


def _apart(a: Sample, b: Sample, holds: Callable[[Facts], bool]) -> bool:
    shares = [float(np.mean([holds(facts) for facts in sample.facts])) for sample in (a, b)]
    return abs(shares[0] - shares[1]) > TOLERANCE


def _sizes_differ(a: Sample, b: Sample) -> bool:
    def median(sample: Sample, side: str) -> float:
        return float(np.median([facts[side] for facts in sample.facts]))

    ratios = [median(a, side) / median(b, side) for side in ("width", "height")]
    return any(max(ratio, 1 / ratio) > SIZE_RATIO for ratio in ratios)


def _quality_gap(a: Sample, b: Sample) -> float:
    """Difference of median JPEG qualities, 0 where a set has none."""
    found = [[f["quality"] for f in sample.facts if f["quality"] is not None] for sample in (a, b)]
    return abs(float(np.median(found[0]) - np.median(found[1]))) if all(found) else 0.0


def _codec(facts: Facts) -> str:
    name = str(facts["format"])
    if facts["codec"] != name:
        name += f" ({facts['codec']})"
    return name if facts["quality"] is None else f"{name} of quality {facts['quality']}"


def _usual(sample: Sample, shown: Callable[[Facts], str]) -> str:
    """The most frequent form, ties by text, and whether there are others."""
    counts = Counter(shown(facts) for facts in sample.facts)
    usual = min(counts, key=lambda name: (-counts[name], name))
    return usual if counts[usual] > (1 - TOLERANCE) * len(sample) else f"{usual} and others"
