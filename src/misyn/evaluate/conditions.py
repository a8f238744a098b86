"""What a synthetic image was made for: its label, prompt or condition, in the words of the medical images' labels.

Rules
-----
1. A synthetic image's text is one of the medical labels where it equals one, whatever the case. Else it is read as a
   prompt: it counts as the one medical label that it names as whole words; of two labels, one inside the other, the
   longer one. A text that names none, or several, is left as it is.
2. Nothing is guessed: no synonyms, no translation, and a negation ("no pneumonia") is not understood. How many texts
   were read as prompts, and how many say nothing about the medical labels, is said.

Source: misyn.

Example:
    >>> matched("a dermatoscopic image of Melanoma in situ", ["melanoma", "melanoma in situ", "nevus"])
    'melanoma in situ'
    >>> matched("melanoma beside a nevus", ["melanoma", "nevus"]) is None
    True
"""

from __future__ import annotations

import re
from collections.abc import Collection as Many
from collections.abc import Iterator, Mapping
from dataclasses import replace

from misyn.evaluate.sets import SYNTHETIC
from misyn.images.collection import Collection
from misyn.results import Caveat


def matched(text: str, labels: Many[str]) -> str | None:
    """The one medical label that a text says, or None."""
    plain = _plain(text)
    same = [label for label in sorted(labels) if _plain(label) == plain]
    if same:
        return same[0]
    named = [label for label in sorted(labels) if re.search(rf"(?<!\w){re.escape(_plain(label))}(?!\w)", plain)]
    longest = max(named, key=len, default=None)
    if longest is None or any(_plain(label) not in _plain(longest) for label in named):
        return None
    return longest


def _plain(text: str) -> str:
    return " ".join(re.sub(r"[_\-]+", " ", text).casefold().split())


def read(named: Mapping[str, Collection]) -> tuple[dict[str, Collection], tuple[Caveat, ...]]:
    """The sets with the synthetic images' texts read as medical labels, and what has to be said about it.

    Args:
        named: origin → images.
    """
    labels = {item.label for origin, c in named.items() if origin != SYNTHETIC for item in c.items if item.label}
    synthetic = named[SYNTHETIC]
    said = [item.label for item in synthetic.items]
    if not labels or not any(said):
        return dict(named), ()
    found = [None if text is None else matched(text, labels) for text in said]
    items = tuple(
        item if label is None else replace(item, label=label)
        for item, label in zip(synthetic.items, found, strict=True)
    )
    read_sets = {**named, SYNTHETIC: replace(synthetic, items=items)}
    return read_sets, tuple(_caveats(said, found, labels))


def _caveats(said: list[str | None], found: list[str | None], labels: Many[str]) -> Iterator[Caveat]:
    total = sum(text is not None for text in said)
    unknown = sum(text is not None and label is None for text, label in zip(said, found, strict=True))
    prompts = sum(
        label is not None and text is not None and _plain(text) != _plain(label)
        for text, label in zip(said, found, strict=True)
    )
    if unknown:
        yield Caveat(
            "labels-differ",
            f"{unknown} of {total} labels or prompts of the synthetic images name none of the {len(labels)} labels of "
            "the medical images, or several: whether these images show what they were made for, we cannot tell. Next: "
            "give the synthetic images a table with the medical images' labels",
        )
    if prompts:
        yield Caveat(
            "prompts-read",
            f"{prompts} of {total} labels of the synthetic images were read as prompts that name one label of the "
            "medical images; a negation in them is not understood",
        )
