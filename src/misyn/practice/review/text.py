r"""Text of a paper as lines, passages and statements, each of which knows its place.

Rules
-----
1. Characters that are not seen (controls, zero widths, changes of direction, soft hyphens) are taken out before
   anything looks at the text: they could hide a word from a rule, or speak through a terminal.
2. A word divided at the end of a line is put together; a hyphen stays where the left half is known from compounds.
3. A statement is a sentence of running text, a whole caption, a whole heading, or a row of a table. What stands under
   "References" is somebody else's words and is kept apart.
4. A statement that is longer than a sentence can be is taken in pieces; a quote is cut where it is shown.

Example:
    >>> passage = Passage("text", "Results", (Line("Images are privacy-", 7, 2), Line("preserving. So it is.", 8, 2)))
    >>> [(s.text, s.page, s.line) for s in statements(passage)]
    [('Images are privacy-preserving.', 2, 7), ('So it is.', 2, 8)]
"""

from __future__ import annotations

import bisect
import re
import unicodedata
from collections.abc import Iterable, Iterator
from dataclasses import dataclass
from typing import Literal

Kind = Literal["text", "heading", "caption", "table", "reference"]

MAX_SENTENCE = 1_500
MAX_QUOTE = 320

_LIGATURES = str.maketrans({"ﬀ": "ff", "ﬁ": "fi", "ﬂ": "fl", "ﬃ": "ffi", "ﬄ": "ffl", "ﬅ": "st", "ﬆ": "st"})
_SPACES = re.compile(r"\s+")
_DIVIDED = re.compile(r"([A-Za-z]+)-$")
# Left halves after which a hyphen at the end of a line belongs to the word.
_COMPOUNDS = frozenset(
    [
        "real",
        "privacy",
        "bias",
        "high",
        "photo",
        "hyper",
        "life",
        "non",
        "state",
        "true",
        "self",
        "semi",
        "multi",
        "cross",
        "contrast",
        "image",
        "super",
        "visual",
        "low",
        "single",
        "two",
        "three",
        "inter",
        "medical",
        "patient",
        "data",
        "wide",
        "well",
        "full",
        "long",
        "short",
        "one",
        "end",
        "p",
        "t",
    ]
)
_END = re.compile(r"[.!?][\"”’')\]]{0,2}\s+(?=[\"“‘(\[]?[A-Z0-9])")
_ABBREVIATION = re.compile(
    r"(\b(Figs?|Tabs?|Eqs?|Refs?|Secs?|Suppl|No|vs|cf|al|approx|resp|ca|Dr|Prof|St|[A-Z])|e\.g|i\.e)\.[\"”’')\]]{0,2}\s+$",
)


@dataclass(frozen=True)
class Line:
    """One line as a person finds it: its number in the file, or on its page where the paper has pages."""

    text: str
    number: int
    page: int | None = None


@dataclass(frozen=True)
class Passage:
    """Lines that belong together: a paragraph, a caption, a heading, a table."""

    kind: Kind
    section: str
    lines: tuple[Line, ...]


@dataclass(frozen=True)
class Statement:
    """What a rule looks at, and where it stands."""

    text: str
    kind: Kind
    section: str
    line: int
    page: int | None = None


def clean(text: str) -> str:
    r"""Take out what is not seen, and make every run of spaces one.

    Example:
        >>> clean("real\u200bistic\x1b[2J  im\u00adages")
        'realistic[2J images'
    """
    kept = (" " if c.isspace() else c for c in text.translate(_LIGATURES))
    seen = "".join(c for c in kept if unicodedata.category(c) not in {"Cc", "Cf", "Cs", "Co", "Cn"})
    return _SPACES.sub(" ", seen).strip()


def quote(text: str, words: str = "", *, limit: int = MAX_QUOTE) -> str:
    """Cut a statement to a quotable length around the words that matter; what was left out is shown as ….

    Example:
        >>> quote("a " * 50 + "here" + " b" * 50, "here", limit=20)
        '… a a a here b b b …'
    """
    if len(text) <= limit:
        return text
    at = max(text.find(words), 0)
    start = max(0, min(at - (limit - len(words)) // 2, len(text) - limit))
    cut = text[start : start + limit]
    if start:
        cut = "… " + cut.partition(" ")[2]
    if start + limit < len(text):
        cut = cut.rpartition(" ")[0] + " …"
    return cut


def statements(passage: Passage) -> tuple[Statement, ...]:
    """The statements of a passage, in order; a sentence begins where its first word stands."""
    if passage.kind == "table":
        return tuple(_statement(line.text, passage, line) for line in passage.lines if line.text)
    text, starts = _joined(passage.lines)
    spans = _pieces(_sentences(text) if passage.kind == "text" else [(0, len(text))])
    found = ((text[a:b].strip(), passage.lines[bisect.bisect_right(starts, a) - 1]) for a, b in spans if text[a:b])
    return tuple(_statement(words, passage, line) for words, line in found if words)


def _statement(text: str, passage: Passage, line: Line) -> Statement:
    return Statement(text, passage.kind, passage.section, line.number, line.page)


def _joined(lines: tuple[Line, ...]) -> tuple[str, list[int]]:
    """The lines as one text, and where each of them starts in it."""
    parts: list[str] = []
    starts: list[int] = []
    length = 0
    for line in lines:
        glue = "" if not parts else " "
        divided = _DIVIDED.search(parts[-1][-40:]) if parts else None
        if divided and line.text[:1].islower():
            glue = ""
            if divided.group(1).lower() not in _COMPOUNDS:
                parts[-1] = parts[-1][:-1]
                length -= 1
        starts.append(length + len(glue))
        parts.append(glue + line.text)
        length += len(parts[-1])
    return "".join(parts), starts


def _pieces(spans: Iterable[tuple[int, int]]) -> Iterator[tuple[int, int]]:
    for start, end in spans:
        for cut in range(start, end, MAX_SENTENCE):
            yield cut, min(cut + MAX_SENTENCE, end)


def _sentences(text: str) -> Iterator[tuple[int, int]]:
    start = 0
    for match in _END.finditer(text):
        if _ABBREVIATION.search(text[max(start, match.end() - 12) : match.end()]):
            continue
        yield start, match.end()
        start = match.end()
    yield start, len(text)
