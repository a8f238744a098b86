"""Decide, from what all sets are, how every image is brought to one form.

Rules
-----
1. The plan depends on the sets as wholes, never on a single image's content, and is recorded with every result.
2. Size: what 95 of 100 images of *every* set reach; nobody is enlarged to please another. At most :data:`LONGEST`.
3. Aspect: the medical images' where all sets agree within 2 %, else a square.
4. Lossy anywhere, lossy everywhere: one JPEG quality, the lowest median quality of any set.
5. Colour only where every set is mostly in colour. 256 levels as soon as any set has no more.
6. Windows of deep images come from the medical sets; synthetic images supply one only where no medical image can.

Example:
    >>> jpeg = {"width": 200, "height": 150, "colour": True, "lossy": True, "quality": 75, "low": None, "high": None,
    ...         "modality": None}
    >>> png = jpeg | {"width": 512, "height": 512, "lossy": False, "quality": None}
    >>> decide({"reference": [jpeg], "synthetic": [png]})
    Plan(width=150, height=150, colour=True, quality=75, eight_bit=True, windows=(), volumes=False)
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence

import numpy as np

from misyn.evaluate.preprocess import ANY, Plan
from misyn.evaluate.survey import Facts

SYNTHETIC = "synthetic"
LONGEST = 512
SMALL_SHARE = 5  # percentile of the sizes of a set that the common size must not exceed
SAME_ASPECT = 1.02
LOSSY_SHARE = 0.01  # share of lossy images from which a set counts as lossy
UNKNOWN_QUALITY = 75  # for lossy codecs that state none
OUTER = (5, 95)  # percentiles, over images, of their low and high tails

Surveys = Mapping[str, Sequence[Facts]]


def decide(surveys: Surveys) -> Plan:
    """Decide the plan of a study.

    Args:
        surveys: origin → facts of each image (:func:`misyn.evaluate.survey.describe`), none empty.
    """
    width, height = _size(surveys)
    return Plan(
        width=width,
        height=height,
        colour=all(np.mean([facts["colour"] for facts in rows]) > 0.5 for rows in surveys.values()),
        quality=_quality(surveys),
        eight_bit=any(_shallow(rows) for rows in surveys.values()),
        windows=_windows(surveys),
        volumes=all(np.mean([bool(facts.get("volume")) for facts in rows]) > 0.5 for rows in surveys.values()),
    )


def _shallow(rows: Sequence[Facts]) -> bool:
    return bool(np.mean([facts["low"] is None for facts in rows]) > LOSSY_SHARE)


def _aspect(surveys: Surveys) -> float:
    """Width over height that all images are cropped to."""
    aspects = {origin: np.median([f["width"] / f["height"] for f in rows]) for origin, rows in surveys.items()}
    if max(aspects.values()) > SAME_ASPECT * min(aspects.values()):
        return 1.0
    return float(next(aspect for origin, aspect in aspects.items() if origin != SYNTHETIC or len(aspects) == 1))


def _size(surveys: Surveys) -> tuple[int, int]:
    """Common width and height (rules 2 and 3)."""
    aspect = _aspect(surveys)
    heights = [
        np.percentile([min(f["height"], f["width"] / aspect) for f in rows], SMALL_SHARE) for rows in surveys.values()
    ]
    height = min(*heights, LONGEST, LONGEST / aspect) if heights else LONGEST
    return max(8, round(height * aspect)), max(8, round(height))


def _quality(surveys: Surveys) -> int | None:
    """JPEG quality for all (rule 4)."""
    found: list[float] = []
    for rows in surveys.values():
        lossy = [facts for facts in rows if facts["lossy"]]
        if len(lossy) > LOSSY_SHARE * len(rows):
            known = [facts["quality"] for facts in lossy if facts["quality"] is not None]
            found.append(float(np.median(known)) if known else UNKNOWN_QUALITY)
    return int(min(found)) if found else None


def _windows(surveys: Surveys) -> tuple[tuple[str, float, float], ...]:
    """Windows of deep images by modality, and one for all others (rule 6)."""
    deep = {origin: [f for f in rows if f["low"] is not None] for origin, rows in surveys.items()}
    rows = [f for origin, some in deep.items() if origin != SYNTHETIC for f in some] or deep.get(SYNTHETIC, [])
    if not rows:
        return ()
    modalities = sorted({str(f["modality"]) for f in rows if f["modality"]})
    named = [(name, *_window([f for f in rows if f["modality"] == name])) for name in modalities]
    return (*named, (ANY, *_window(rows)))


def _window(rows: Sequence[Facts]) -> tuple[float, float]:
    """From low to high tails of most images; never empty."""
    low = float(np.percentile([f["low"] for f in rows], OUTER[0]))
    high = float(np.percentile([f["high"] for f in rows], OUTER[1]))
    return low, high if high > low else low + 1.0
