"""The three limits every synthesis technique has, and which of them a record acknowledges.

Rules
-----
1. The record says them in its own words: under ``grounding``, ``representation`` and ``shift``, or as free sentences.
2. A free sentence acknowledges a limit when it speaks of it; a reviewer judges whether it does so honestly.

Source: the paper's abstract (arXiv 2508.09293), paraphrased.

Example:
    >>> from misyn.practice.record import parse
    >>> record = parse('''
    ... misyn: 1
    ... technique: {name: demo}
    ... responsible: A. Person
    ... limitations: {intrinsic: [No patient stands behind these images., They bring new bias.]}
    ... ''')
    >>> sorted(acknowledged(record))
    ['grounding', 'shift']
"""

from __future__ import annotations

import re
from collections.abc import Iterator, Mapping

from misyn.practice.record import Record

LIMITS: Mapping[str, str] = {
    "grounding": "the lack of inherent grounding",
    "representation": "that the training images cannot be fully represented",
    "shift": "that new shift and bias are brought in",
}
_SPOKEN: Mapping[str, re.Pattern[str]] = {
    "grounding": re.compile(
        r"ground|\b(no|not an?y?) (single )?(patient|person)|never (seen|acquired)|stands? behind", re.I
    ),
    "representation": re.compile(
        r"represent|\bcover|leaves? out|left out|\bmiss(es|ing)?\b|\blacks?\b|incomplete", re.I
    ),
    "shift": re.compile(r"\bshift|\bbias", re.I),
}


def acknowledged(record: Record) -> dict[str, str]:
    """The limits the record acknowledges, each with the record's words."""
    told = record.get("limitations.intrinsic")
    if isinstance(told, Mapping):
        return {key: str(told[key]) for key in LIMITS if told.get(key)}
    sentences = list(texts(record))
    said = {key: [text for text in sentences if pattern.search(text)] for key, pattern in _SPOKEN.items()}
    return {key: " ".join(found) for key, found in said.items() if found}


def texts(record: Record) -> Iterator[str]:
    """Every sentence the record holds under ``limitations.intrinsic``."""
    told = record.get("limitations.intrinsic")
    for item in told.values() if isinstance(told, Mapping) else record.items("limitations.intrinsic"):
        yield str(item.get("text") if isinstance(item, Mapping) else item)
