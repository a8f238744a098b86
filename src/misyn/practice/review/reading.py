r"""Read a paper of any known format, in a process of its own, within limits.

Rules
-----
1. :data:`FORMATS` is ordered and visible; the content decides first, the ending only between kinds of plain text.
2. A stranger's file is read in a spawned process with limits on time and memory; when that process ends, the paper
   could not be read, and nothing else happened.
3. The digest names the bytes that were read. Version and date are what the paper says of itself, and may be wrong.
4. What could not be read is a note in the result, never silence.

Example:
    >>> document = parse(b"# Results\n\nOur images are realistic.\n", name="paper.md")
    >>> document.format, document.statements[1].text, document.statements[1].line
    ('markdown', 'Our images are realistic.', 3)
"""

from __future__ import annotations

import functools
import importlib
import importlib.util
import re
from collections.abc import Callable, Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from misyn import canonical, engine
from misyn.errors import MissingExtra, UnreadableDocument
from misyn.practice.review.collecting import DEFAULT, Draft, Limits
from misyn.practice.review.text import Statement, clean, statements

_HEAD = 4096
_STAMP = re.compile(r"arXiv:\s?\d{4}\.\d{4,5}v\d{1,2}|\b[Vv]ersion \d[\w.]{0,12}|\bdoi:\s?10\.\d{4,9}/[\w./-]{2,60}")
_STAMP_LINES = 120
_ENGLISH = frozenset(
    [
        "the",
        "of",
        "and",
        "to",
        "in",
        "is",
        "that",
        "for",
        "with",
        "are",
        "was",
        "were",
        "this",
        "by",
        "on",
        "as",
        "from",
        "be",
        "we",
        "it",
    ]
)


@dataclass(frozen=True)
class Format:
    """A format papers come in: its name, its endings, how it is recognised, the module that reads it, what it needs."""

    name: str
    endings: tuple[str, ...]
    sniff: Callable[[bytes], bool]
    package: str | None = None

    def missing(self) -> MissingExtra | None:
        """The error that says what to install, where something is missing."""
        if self.package is None or importlib.util.find_spec(self.package):
            return None
        return MissingExtra(f"{self.name.upper()} papers", package=self.package, extra="review")


def _is_pdf(head: bytes) -> bool:
    return b"%PDF-" in head[:1024]


def _is_html(head: bytes) -> bool:
    return re.search(rb"<(!doctype html|html|head|body)[\s>]", head, re.IGNORECASE) is not None


def _is_latex(head: bytes) -> bool:
    return (
        re.search(rb"^\s*\\(documentclass|documentstyle|begin\{document\}|(sub)?section\*?\{)", head, re.M) is not None
    )


def _is_text(head: bytes) -> bool:
    return b"\0" not in head


FORMATS: tuple[Format, ...] = (
    Format("pdf", (".pdf",), _is_pdf, package="pypdf"),
    Format("html", (".html", ".htm", ".xhtml"), _is_html),
    Format("latex", (".tex", ".latex", ".ltx"), _is_latex),
    # Last: every text is one, and Markdown's rules hurt no plain text.
    Format("markdown", (".md", ".markdown", ".txt", ".rst", ".text"), _is_text),
)


@dataclass(frozen=True, kw_only=True)
class Document:
    """A paper as it was read.

    Attributes:
        name: the file's name, without its folder.
        format: a name out of :data:`FORMATS`.
        digest: of the file's bytes.
        title, version, date: what the paper says of itself; empty where it was not found.
        pages: how many, or None where the format has none.
        statements: what rules look at, in order; references are left out.
        references: how many lines of references were left out.
        notes: what could not be read, and what makes the reading doubtful.
    """

    name: str
    format: str
    digest: str
    title: str
    version: str
    date: str
    pages: int | None
    statements: tuple[Statement, ...]
    references: int
    notes: tuple[str, ...]

    @property
    def as_json(self) -> dict[str, Any]:
        """What a report says about the paper: everything but its text."""
        told = ("name", "format", "digest", "title", "version", "date", "pages", "references", "notes")
        return {
            **{key: getattr(self, key) for key in told},
            "notes": list(self.notes),
            "statements": len(self.statements),
        }


def read(path: Path, *, limits: Limits = DEFAULT) -> Document:
    """Read a paper.

    Raises:
        UnreadableDocument: it is not there, of no known format, broken, without text, or passes a limit.
        MissingExtra: its format needs a package that is not installed.
    """
    data = _bytes(path, limits)
    form = recognise(data, path.name)
    missing = form.missing()
    if missing is not None:
        raise missing
    work = functools.partial(_isolated, form=form.name, limits=limits)
    row = engine.map(work, [str(path)], workers=1, seconds=limits.seconds)[0]
    if row.value is None:
        raise UnreadableDocument(f"{clean(path.name)}: {_reason(row, limits)}")
    if row.value["digest"] != canonical.digest(data):
        raise UnreadableDocument(f"{clean(path.name)} changed while it was read. Next: run again")
    return _document(path.name, form, data, Draft.from_json(row.value["draft"]))


def parse(data: bytes, *, name: str, limits: Limits = DEFAULT) -> Document:
    """Read a paper out of bytes in this process, without its guards: for papers of one's own."""
    form = recognise(data, name)
    return _document(name, form, data, _draft(form.name, data, limits))


def recognise(data: bytes, name: str) -> Format:
    """The format of a paper by its content; the ending decides only between kinds of text.

    Raises:
        UnreadableDocument: no format of :data:`FORMATS` fits.
    """
    ending = Path(name).suffix.lower()
    head = data[:_HEAD]
    named = [f for f in FORMATS if ending in f.endings and f.name != "pdf" and _is_text(head) and not _is_pdf(head)]
    for form in [*named, *FORMATS]:
        if form in named or form.sniff(head):
            return form
    known = ", ".join(form.name for form in FORMATS)
    raise UnreadableDocument(
        f"expected a paper as {known}, found none of these in {clean(name)}. Next: export it as PDF"
    )


def _bytes(path: Path, limits: Limits) -> bytes:
    try:
        with path.open("rb") as file:
            data = file.read(limits.bytes + 1)
    except OSError as error:
        raise UnreadableDocument(f"cannot read {clean(path.name)}: {error.strerror or type(error).__name__}") from error
    if len(data) > limits.bytes:
        raise UnreadableDocument(
            f"expected at most {limits.bytes:,} bytes, found more in {clean(path.name)}. "
            "Next: save it with smaller pictures"
        )
    return data


def _isolated(item: str, *, form: str, limits: Limits) -> Mapping[str, Any]:
    """Run in the process of its own."""
    _limit_memory(limits.memory)
    data = _bytes(Path(item), limits)
    return {"digest": canonical.digest(data), "draft": _draft(form, data, limits).as_json()}


def _limit_memory(most: int) -> None:
    try:
        import resource  # noqa: PLC0415 - not on Windows
    except ImportError:
        return
    resource.setrlimit(resource.RLIMIT_AS, (most, most))


def _draft(form: str, data: bytes, limits: Limits) -> Draft:
    draft: Draft = importlib.import_module(f"misyn.practice.review.{form}").read(data, limits=limits)
    return draft


def _reason(row: engine.Row, limits: Limits) -> str:
    """Why no draft came back, as something a person can act on."""
    if row.error_type == "UnreadableDocument":
        return str(row.error)
    if row.error_type == "LimitExceeded":
        return f"expected it to be read within {limits.seconds:g} seconds, it was not. Next: give a smaller part"
    if row.error_type in {"MemoryError", "WorkerDied"} or "MemoryError" in str(row.error):
        return f"expected it to be read within {limits.memory:,} bytes of memory, it was not. Next: give a smaller part"
    return f"expected a paper that can be read, found one that cannot ({row.error_type}). Next: export it as PDF again"


def _document(name: str, form: Format, data: bytes, draft: Draft) -> Document:
    own = [p for p in draft.passages if p.kind != "reference"]
    found = tuple(s for passage in own for s in statements(passage))
    if not found:
        raise UnreadableDocument(f"expected text, found none in {clean(name)}. Next: check that it is the whole paper")
    notes = (*draft.notes, *_language(found))
    return Document(
        name=clean(name)[:200],
        format=form.name,
        digest=canonical.digest(data),
        title=draft.title or (found[0].text[:300] if found[0].kind == "heading" else ""),
        version=draft.version or _stamp(draft),
        date=draft.date,
        pages=draft.pages,
        statements=found,
        references=sum(len(p.lines) for p in draft.passages if p.kind == "reference"),
        notes=notes,
    )


def _stamp(draft: Draft) -> str:
    """A version the first lines carry, such as an arXiv stamp."""
    lines = [line.text for passage in draft.passages[:60] for line in passage.lines][:_STAMP_LINES]
    return next((match.group() for match in map(_STAMP.search, lines) if match), "")


def _language(found: tuple[Statement, ...]) -> tuple[str, ...]:
    """A note where the text does not look English: the rules read nothing else."""
    words = [word for s in found[:400] for word in s.text.lower().split()]
    if len(words) < 150 or sum(word in _ENGLISH for word in words) > 0.12 * len(words):
        return ()
    return ("this does not look like English, and the rules read English only: no question means nothing here",)
