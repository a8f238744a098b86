"""Gather lines into passages while a reader walks through a paper, within limits.

Rules
-----
1. A heading opens a section; every passage says in which section it stands.
2. Under a heading such as "References" everything is a reference, until the next heading.
3. What would pass a limit raises while the paper is being read, not after.

Example:
    >>> gathered = Gathered()
    >>> gathered.heading("Results", 3)
    >>> gathered.add("It works.", 5)
    >>> [(p.kind, p.section, p.lines[0].number) for p in gathered.passages()]
    [('heading', 'Results', 3), ('text', 'Results', 5)]
"""

from __future__ import annotations

import re
from dataclasses import dataclass, field
from typing import Any

from misyn.errors import UnreadableDocument
from misyn.practice.review.text import Kind, Line, Passage, clean

_REFERENCES = re.compile(r"^[\dIVX. ]*(references?|bibliography|literature( cited)?|works cited)\W*$", re.IGNORECASE)
_CAPTION = re.compile(
    r"^(supplementary |supplemental |extended data |appendix )?(figures?|figs?\.?|tables?|tab\.)"
    r"\s*[A-Z]?\d+\w?\s*[.:|–—-]",
    re.IGNORECASE,
)


@dataclass(frozen=True, kw_only=True)
class Limits:
    """What reading one paper may cost.

    Attributes:
        bytes, pages, characters: the most a paper may have.
        seconds: the longest reading may take before its process is ended; tried twice.
        memory: bytes of address space of that process, where the system can limit it.
    """

    bytes: int = 64 * 2**20
    pages: int = 1_000
    characters: int = 4_000_000
    seconds: float = 60.0
    memory: int = 2 * 2**30


DEFAULT = Limits()


def is_caption(text: str) -> bool:
    """Say whether a line opens a caption, such as ``Figure 3. …``.

    Example:
        >>> is_caption("Fig. 2: Samples"), is_caption("Figure 2 shows samples")
        (True, False)
    """
    return bool(_CAPTION.match(text))


def is_references(heading: str) -> bool:
    """Say whether a heading opens the list of references."""
    return bool(_REFERENCES.match(heading))


@dataclass
class Gathered:
    """The passages so far, and the one that is open."""

    limits: Limits = DEFAULT
    section: str = ""
    _kind: Kind = "text"
    _open: list[Line] = field(default_factory=list)
    _done: list[Passage] = field(default_factory=list)
    _characters: int = 0

    def begin(self, kind: Kind = "text") -> None:
        """Close the open passage and begin another."""
        if self._open:
            kept = "reference" if is_references(self.section) and self._kind != "heading" else self._kind
            self._done.append(Passage(kept, self.section, tuple(self._open)))
        self._open, self._kind = [], kind

    def add(self, text: str, number: int, page: int | None = None) -> None:
        """Add a line to the open passage; a line of nothing is left out.

        Raises:
            UnreadableDocument: the paper has more characters than the limits allow.
        """
        self._characters += len(text)
        if self._characters > self.limits.characters:
            raise UnreadableDocument(
                f"expected at most {self.limits.characters:,} characters of text, found more. "
                "Next: give the part that is to be reviewed"
            )
        cleaned = clean(text)
        if cleaned:
            self._open.append(Line(cleaned, number, page))

    def heading(self, text: str, number: int, page: int | None = None) -> None:
        """Add a heading: the passages after it stand in its section."""
        self.begin("heading")
        self.section = clean(text)[:120]
        self.add(text, number, page)
        self.begin()

    @property
    def kind(self) -> Kind:
        """The kind of the open passage."""
        return self._kind

    def passages(self) -> tuple[Passage, ...]:
        """Close the open passage and give all of them."""
        self.begin()
        return tuple(self._done)


@dataclass(frozen=True, kw_only=True)
class Draft:
    """What a reader found: passages, what the paper says of itself, and notes on what could not be read."""

    passages: tuple[Passage, ...]
    title: str = ""
    date: str = ""
    version: str = ""
    pages: int | None = None
    notes: tuple[str, ...] = ()

    def as_json(self) -> dict[str, Any]:
        """Plain values that may cross a process border."""
        told = {key: getattr(self, key) for key in ("title", "date", "version", "pages")}
        rows = [[p.kind, p.section, [[n.number, n.page, n.text] for n in p.lines]] for p in self.passages]
        return {**told, "notes": list(self.notes), "passages": rows}

    @classmethod
    def from_json(cls, value: dict[str, Any]) -> Draft:
        """The draft that :meth:`as_json` wrote."""
        passages = tuple(
            Passage(kind, section, tuple(Line(text, number, page) for number, page, text in lines))
            for kind, section, lines in value["passages"]
        )
        told = {key: value[key] for key in ("title", "date", "version", "pages")}
        return cls(passages=passages, notes=tuple(value["notes"]), **told)
