"""Read the text of a PDF, page by page, with pypdf.

Rules
-----
1. A line's number is its number among the lines of its page that hold text; a page's number is its place in the file.
2. Page numbers, numbers in the margin and lines that come back at the edge of most pages are not part of a sentence.
3. A page that cannot be read is a note, not the end. Pages without text (scans) are a note; none with text, an error.
4. Headings are guessed (numbered, or a usual word); captions open with ``Figure 1.`` and end with a short line.

Source: ISO 32000-2, section 9 (text), through pypdf (BSD-3-Clause).

Example:
    >>> sorted(running_heads([["Journal 1", "a"], ["Journal 2", "b"], ["Journal 3", "c"]]))
    ['journal #']
"""

from __future__ import annotations

import io
import logging
import re
from collections import Counter
from collections.abc import Sequence
from typing import Any

from misyn.errors import UnreadableDocument
from misyn.practice.review.collecting import DEFAULT, Draft, Gathered, Limits, is_caption, is_references
from misyn.practice.review.text import Passage, clean

_NUMBERED = re.compile(r"^(\d{1,2}(\.\d{1,2}){0,3}|[IVX]{1,4}|[A-Z])\.?\s+[A-Z][\w ,:/()–-]{2,70}$")
_USUAL = re.compile(
    r"^(abstract|summary|introduction|background|related works?|(materials? and )?methods?|methodology|data|datasets?"
    r"|experiments?|results?|evaluation|discussion|limitations?( and future work)?|conclusions?|future work"
    r"|acknowledge?ments?|ethics( statement)?|data availability( statement)?|references?|bibliography|appendix)\W*$",
    re.IGNORECASE,
)
_DIGITS = re.compile(r"\d+")
_MARGIN = re.compile(r"^\d{1,4}\s+(?=\D)")
_SENTENCE_ENDS = re.compile(r"[.!?][\"”’')\]]{0,2}$")
CAPTION_LINES = 14
SHORT = 0.8  # a line below this share of the usual width may end a caption


def read(data: bytes, *, limits: Limits = DEFAULT) -> Draft:
    """Read a PDF's text.

    Raises:
        UnreadableDocument: it is broken, locked, too long, or holds no text.
    """
    reader = _open(data, limits)
    notes: list[str] = []
    pages = [_lines(page, number, notes, limits) for number, page in enumerate(reader.pages, start=1)]
    if not any(pages):
        raise UnreadableDocument(
            f"expected text, found none on {len(pages)} pages (scanned pages are pictures). "
            "Next: run a text recognition over it, or give the source"
        )
    empty = sum(not page for page in pages)
    notes += [f"{empty} of {len(pages)} pages hold no text that could be read"] if empty else []
    told = _declared(reader)
    return Draft(
        passages=_passages(pages, limits), pages=len(pages), notes=tuple(notes), title=told["title"], date=told["date"]
    )


def _open(data: bytes, limits: Limits) -> Any:  # noqa: ANN401 - pypdf's reader, imported where it is used
    import pypdf  # noqa: PLC0415 - an extra
    from pypdf.errors import PyPdfError  # noqa: PLC0415 - an extra

    logging.getLogger("pypdf").setLevel(logging.CRITICAL)  # it would repeat parts of a hostile file
    try:
        reader = pypdf.PdfReader(io.BytesIO(data))
        locked = reader.is_encrypted and not reader.decrypt("")
        count = 0 if locked else len(reader.pages)
    except (PyPdfError, ValueError, KeyError, TypeError, AttributeError, IndexError, RecursionError, OSError) as error:
        raise UnreadableDocument(
            f"expected a PDF, found one that is broken ({type(error).__name__}). Next: print it to PDF again"
        ) from error
    if locked:
        raise UnreadableDocument("expected a PDF without a password, found a locked one. Next: save it unlocked")
    if count > limits.pages:
        raise UnreadableDocument(
            f"expected at most {limits.pages} pages, found {count}. Next: give the part that is to be reviewed"
        )
    return reader


def _lines(page: Any, number: int, notes: list[str], limits: Limits) -> list[str]:  # noqa: ANN401 - pypdf's page
    try:
        text = page.extract_text()
    except MemoryError:
        raise
    except Exception as error:  # pypdf raises whatever a broken page leads to
        notes.append(f"page {number} could not be read ({type(error).__name__})")
        return []
    if len(text) > limits.characters:
        raise UnreadableDocument(f"expected at most {limits.characters:,} characters, found more on page {number}")
    return [line for line in map(clean, text.splitlines()) if line]


def _declared(reader: Any) -> dict[str, str]:  # noqa: ANN401 - pypdf's reader
    """Title and date as the file says them; they may be wrong, and may be anything."""
    try:
        told = reader.metadata
        date = told.modification_date or told.creation_date
        return {"title": clean(str(told.title or ""))[:300], "date": date.date().isoformat() if date else ""}
    except Exception:  # any of a broken file's ways to fail, having no metadata included: it says nothing of itself
        return {"title": "", "date": ""}


def running_heads(pages: Sequence[Sequence[str]]) -> set[str]:
    """Lines that stand at the edge of more than half of at least three pages, whatever their numbers."""
    if len(pages) < 3:
        return set()
    edges = Counter(key for page in pages for key in {_key(line) for line in [*page[:2], *page[-2:]]})
    return {key for key, count in edges.items() if count > len(pages) / 2}


def _key(line: str) -> str:
    return _DIGITS.sub("#", line).lower()


def _passages(pages: Sequence[Sequence[str]], limits: Limits) -> tuple[Passage, ...]:
    heads = running_heads(pages)
    margin = _has_margin_numbers(pages)
    usual = sorted(len(line) for page in pages for line in page)[int(0.75 * sum(map(len, pages)))]
    walk = _Flow(Gathered(limits), usual)
    for page, lines in enumerate(pages, start=1):
        walk.page_begins()
        edges = {0, 1, len(lines) - 1, len(lines) - 2}
        for number, line in enumerate(lines, start=1):
            if line.isdecimal() or (number - 1 in edges and _key(line) in heads):
                continue
            walk.take(_MARGIN.sub("", line) if margin else line, number, page)
    return walk.gathered.passages()


def _has_margin_numbers(pages: Sequence[Sequence[str]]) -> bool:
    """Say whether most lines open with a number: the numbered lines of a manuscript under review."""
    lines = [line for page in pages for line in page]
    return sum(bool(_MARGIN.match(line)) for line in lines) > 0.7 * len(lines)


class _Flow:
    """Tell headings, captions and running text apart, line by line."""

    def __init__(self, gathered: Gathered, usual: int) -> None:
        self.gathered = gathered
        self._usual = usual
        self._caption = 0
        self._last = ""

    def page_begins(self) -> None:
        """A caption does not run over a page."""
        if self._caption:
            self._end_caption()

    def take(self, line: str, number: int, page: int) -> None:
        if is_caption(line):
            self.gathered.begin("caption")
            self._caption = 1
        elif self._is_heading(line):
            self._caption = 0
            self.gathered.heading(line, number, page)
            self._last = line
            return
        elif self._caption:
            self._maybe_end_caption()
        self.gathered.add(line, number, page)
        self._caption += bool(self._caption)
        self._last = line

    def _is_heading(self, line: str) -> bool:
        """A usual word alone; or a numbered line where the line before ended a sentence (tables are full of those)."""
        if _USUAL.match(line) or is_references(line):
            return True
        return bool(_NUMBERED.match(line)) and not line.endswith(".") and bool(_SENTENCE_ENDS.search(self._last or "."))

    def _maybe_end_caption(self) -> None:
        ended = bool(_SENTENCE_ENDS.search(self._last)) and len(self._last) < SHORT * self._usual
        if ended or self._caption > CAPTION_LINES:
            self._end_caption()

    def _end_caption(self) -> None:
        self._caption = 0
        self.gathered.begin()
