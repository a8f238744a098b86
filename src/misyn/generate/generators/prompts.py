"""Prompts as a small model sees them: the words of its training prompts, and nothing else.

Rules
-----
1. Words are lower case; order within a prompt is kept up to :data:`LONGEST` words, later ones are not seen.
2. A word that training never showed becomes ``unknown``: the model has no idea of it, and whoever asks is told.

Example:
    >>> words = Vocabulary.of(["melanoma, face", "naevus, back"])
    >>> words.numbers("Melanoma back"), words.unseen("melanoma on a foot")
    ([4, 2], ('a', 'foot', 'on'))
"""

from __future__ import annotations

import re
from collections.abc import Iterable
from dataclasses import dataclass

LONGEST = 16
PADDING, UNKNOWN = 0, 1
_WORD = re.compile(r"[^\W_]+")


@dataclass(frozen=True)
class Vocabulary:
    """The words a model was shown, sorted; numbers start after padding and unknown."""

    words: tuple[str, ...]

    @classmethod
    def of(cls, prompts: Iterable[str]) -> Vocabulary:
        """Collect the words of training prompts."""
        return cls(tuple(sorted({word for prompt in prompts for word in _words(prompt)})))

    def __len__(self) -> int:
        return len(self.words) + 2

    def numbers(self, prompt: str) -> list[int]:
        """The numbers of a prompt's words, at most :data:`LONGEST`."""
        place = {word: number for number, word in enumerate(self.words, start=2)}
        return [place.get(word, UNKNOWN) for word in _words(prompt)[:LONGEST]]

    def unseen(self, prompt: str) -> tuple[str, ...]:
        """The words of a prompt that training never showed (rule 2), sorted."""
        return tuple(sorted(set(_words(prompt)) - set(self.words)))


def _words(prompt: str) -> list[str]:
    return _WORD.findall(prompt.lower())
