r"""Where a README claims more than the record's evidence.

Rules
-----
1. A sentence that uses a word which needs evidence of its own (:mod:`misyn.practice.wording`) is covered when a claim
   of the record uses the same word and is ``supported``. Otherwise it claims more than its evidence.
2. What contradicts an intrinsic limit is never covered.
3. Code, links' targets, quotations and pictures are not read: a README may quote what others say.
4. Words are found, not understood. A sentence may be reworded, or the claim be written into the record and supported.

Source: recommendations E2, E3, E5 and L3; issue list of the project's design, item on CI of other projects.

Example:
    >>> from misyn.practice.record import parse
    >>> found, = overclaims("# Demo\n\nOur realistic images are free.\n", supported=())
    >>> found.line, found.words, found.text
    (3, ('realistic',), 'Our realistic images are free.')
"""

from __future__ import annotations

import re
from collections.abc import Iterable, Iterator
from dataclasses import dataclass

from misyn.practice import wording

MOST_CHARACTERS = 1_000_000
_FENCE = re.compile(r"^ {0,3}(```|~~~)")
_UNREAD = re.compile(r"`[^`\n]*`|<[^>\n]{0,400}>|(?<=\])\([^)\n]*\)|!\[[^\]\n]*\]")
_END = re.compile(r"(?<=[.!?])\s+(?=[\"'(\[*_A-Z0-9])")
_SIGNS = re.compile(r"[*_#\[\]|]+")


@dataclass(frozen=True)
class Overclaim:
    """A sentence of a README: where it begins, what it says, which words need evidence, and why it is not covered."""

    line: int
    text: str
    words: tuple[str, ...]
    reason: str


def overclaims(text: str, *, supported: Iterable[str]) -> tuple[Overclaim, ...]:
    """List every sentence that claims more than the supported claims.

    Args:
        text: the README, Markdown or plain text.
        supported: the texts of the record's claims that are supported.
    """
    covered = {word.name for claim in supported for word in wording.found(claim)}
    return tuple(found for line, said in _sentences(text[:MOST_CHARACTERS]) for found in _judged(line, said, covered))


def _judged(line: int, said: str, covered: set[str]) -> Iterator[Overclaim]:
    denied = wording.contradicts_limits(said)
    lacking = [word for word in wording.found(said) if word.name not in covered]
    if denied:
        reason = f"'{denied}' contradicts a limit that every technique has"
        yield Overclaim(line, said, (denied,), reason)
    elif lacking:
        reason = "; ".join(f"'{word.name}' {word.sentence}" for word in lacking)
        names = tuple(word.name for word in lacking)
        yield Overclaim(line, said, names, f"no supported claim of the record says so: {reason}")


def _sentences(text: str) -> Iterator[tuple[int, str]]:
    """Sentences of the paragraphs, each with the line it begins in."""
    paragraph: list[tuple[int, str]] = []
    for number, line in enumerate([*_prose(text), ""], 1):
        begins = re.match(r"\s*([-*+]|\d+[.)]|#+|\|)\s", line)
        if (not line.strip() or begins) and paragraph:
            yield from _split(paragraph)
            paragraph = []
        if line.strip():
            paragraph.append((number, line))
        if line.lstrip().startswith("#"):  # a heading ends with its line
            yield from _split(paragraph)
            paragraph = []
    yield from _split(paragraph)


def _prose(text: str) -> Iterator[str]:
    """The lines of a text; those of code and quotations are empty."""
    fence = ""
    for line in text.splitlines():
        mark = _FENCE.match(line)
        inside = bool(fence)
        if mark and (not fence or mark[1] == fence):
            fence, inside = ("" if fence else mark[1]), True
        quiet = inside or line.startswith(("    ", "\t", ">"))
        yield "" if quiet else _UNREAD.sub(" ", line)


def _split(paragraph: list[tuple[int, str]]) -> Iterator[tuple[int, str]]:
    """Sentences of one paragraph; a sentence may go on in the next line."""
    whole = "\n".join(line for _, line in paragraph)
    at = 0
    for part in _END.split(whole):
        begin = whole.find(part, at)
        at = begin + len(part)
        said = " ".join(_SIGNS.sub(" ", re.sub(r"^\s*([-*+]|\d+[.)])\s", "", part)).split())
        if said:
            yield paragraph[whole.count("\n", 0, begin)][0], said
