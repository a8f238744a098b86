"""From the values of a column to groups of images.

Rules
-----
1. A missing value is ``unknown``: it is a group, and is counted like any other.
2. Ages (a column named like one, mostly numbers) become 0-19, 20-39, 40-59, 60-79, 80+, in years. ``90+`` and ``>89``
   are read as they are meant; an age outside 0 to 150, or none, is ``unknown``.
3. Other numbers with more than :data:`MANY` different values become quarters of the images, named by the smallest and
   largest value in each. Fewer are groups as they are.
4. Everything else is a group as it is written, white space aside.

Example:
    >>> bands(["80.0", None, "34", "nan"], column="age")
    ['80+', 'unknown', '20-39', 'unknown']
    >>> bands(["scalp", " back "], column="localization")
    ['scalp', 'back']
"""

from __future__ import annotations

import bisect
import math
import re
from collections.abc import Sequence

MANY = 12
UNKNOWN = "unknown"
MISSING = frozenset({"", "na", "n/a", "#n/a", "nan", "null", "none", UNKNOWN})

_AGES = ((20, "0-19"), (40, "20-39"), (60, "40-59"), (80, "60-79"), (150.000001, "80+"))
_AGE_NAMES = re.compile(r"(patient|subject|donor)?(s)?age(years|yrs|approx|atscan|atstudy|atexam|atdiagnosis)?")
_DICOM_AGE = re.compile(r"(\d{1,3})([DWMY])")
_PER_YEAR = {"D": 365.25, "W": 365.25 / 7, "M": 12.0, "Y": 1.0}


def bands(values: Sequence[str | None], *, column: str) -> list[str]:
    """Group the values of one column.

    Args:
        values: one per image, as written; None where missing.
        column: the column's name, which decides whether numbers are ages.

    Returns:
        One group per image, in order.
    """
    texts = [_text(value) for value in values]
    ages = is_age(column)
    numbers = [None if text is None else _number(text, age=ages) for text in texts]
    present = len(texts) - texts.count(None)
    read = len(numbers) - numbers.count(None)
    if ages and read and 2 * read >= present:
        return [UNKNOWN if number is None else _age(number) for number in numbers]
    if read < present:
        return [UNKNOWN if text is None else text for text in texts]
    finite = sorted(number for number in numbers if number is not None and math.isfinite(number))
    names = _quarters(finite) if len(set(finite)) > MANY else {number: f"{number:g}" for number in finite}
    return [UNKNOWN if number is None else names.get(number, UNKNOWN) for number in numbers]


def is_age(column: str) -> bool:
    """Say whether a column is named like an age.

    Example:
        >>> is_age("PatientAge"), is_age("age_approx"), is_age("image")
        (True, True, False)
    """
    return _AGE_NAMES.fullmatch(_letters(column)) is not None


def is_patient(column: str) -> bool:
    """Say whether a column is named like a patient identifier, and not like a lesion, an image or an examination.

    Example:
        >>> is_patient("Patient ID"), is_patient("subject"), is_patient("lesion_id")
        (True, True, False)
    """
    return (
        re.fullmatch(r"(patient|subject|participant)(s)?(id|identifier|number|no|code|key)?|pid", _letters(column))
        is not None
    )


def _letters(column: str) -> str:
    return re.sub(r"[^a-z]", "", column.lower())


def _text(value: str | None) -> str | None:
    text = " ".join((value or "").split())
    return None if text.lower() in MISSING else text


def _number(text: str, *, age: bool) -> float | None:
    dicom = _DICOM_AGE.fullmatch(text) if age else None
    if dicom:
        return int(dicom[1]) / _PER_YEAR[dicom[2]]
    if age:
        text = text.strip("+> ")
    try:
        return float(text) if "_" not in text else None
    except ValueError:
        return None


def _age(years: float) -> str:
    if not 0 <= years <= 150:
        return UNKNOWN
    return next(name for limit, name in _AGES if years < limit)


def _quarters(ordered: Sequence[float]) -> dict[float, str]:
    """Name each value by the quarter it falls in; equal values stay together, so quarters may be uneven or fewer."""
    cuts = sorted({ordered[len(ordered) * n // 4] for n in (1, 2, 3)})
    members: dict[int, list[float]] = {}
    for number in ordered:
        members.setdefault(bisect.bisect_right(cuts, number), []).append(number)
    names = {n: _range(inside[0], inside[-1]) for n, inside in members.items()}
    return {number: names[n] for n, inside in members.items() for number in inside}


def _range(low: float, high: float) -> str:
    return f"{low:g}" if low == high else f"{low:g} to {high:g}"
