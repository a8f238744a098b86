"""The checklist on one page: every recommendation and its status at a glance, for technical and for other readers.

Rules
-----
1. Every recommendation of the catalogue is there, stage by stage, in the catalogue's order; one that was not judged is
   not assessed.
2. A status is a shape and a word. There is no total, percentage, grade or colour, and no order by status.
3. The scope sentence stands on top; that the wording is paraphrased, and what the page was derived from, at the end.

Source: issue list of the project's design, item *Findings and report*; as the paper's first figure does for its own.

Example:
    >>> page = draw({"technique": {"name": "demo"}, "scope": "Not evaluated.", "findings": []}, plain=True)
    >>> page.title, sum(isinstance(mark, Sign) for mark in page.marks)
    ('demo: what is recommended, and what was found', 44)
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from misyn.atomic import write_bytes
from misyn.practice import catalogue
from misyn.practice.catalogue import Recommendation
from misyn.report.facts import NAMELESS, mapping, mappings
from misyn.report.sheet import Line, Sheet, Sign, Text, pdf, svg, width_of, wrapped

WIDTH, HEIGHT = 841.9, 595.3  # A4, landscape
NAMES = {False: "checklist", True: "checklist-plain"}
TECHNICAL = {
    "met": "Met",
    "partly": "Partly met",
    "not-met": "Not met",
    "not-assessed": "Not assessed",
    "not-applicable": "Does not apply",
}
PLAIN = {
    "met": "Yes",
    "partly": "In part",
    "not-met": "No",
    "not-assessed": "Not known",
    "not-applicable": "Does not apply",
}
STAGES = {
    "technical": ("Technical standards", "Telling the images apart"),
    "problem": ("Problem formulation", "Why it is made"),
    "design": ("Design", "How it is made"),
    "evaluation": ("Evaluation", "How it was tested"),
    "limitations": ("Limitation analysis", "What it cannot do"),
    "oversight": ("Oversight", "Who can question it"),
}
_EDGE, _GUTTER, _COLUMNS = 26.0, 16.0, 3
_COLUMN = (WIDTH - 2 * _EDGE - _GUTTER * (_COLUMNS - 1)) / _COLUMNS
_INDENT, _SIZE, _LEAD, _GAP, _R = 12.5, 7.4, 8.8, 3.6, 3.8
_TOP, _BOTTOM = 84.0, HEIGHT - 34.0
_ORIGIN = (
    "Wording paraphrased from the abstract of arXiv 2508.09293 and its companion text (arXiv 2503.08720). "
    "Nothing is added up: there is no total and no grade."
)


@dataclass(frozen=True)
class _Block:
    """What stays together: lines of (words, bold), with a sign before the first one, or a heading of a stage."""

    lines: tuple[tuple[str, bool], ...]
    status: str | None = None

    @property
    def height(self) -> float:
        """How much of a column it takes."""
        return len(self.lines) * _LEAD + _GAP + (0 if self.status else 7)


def write(folder: Path, audit: Mapping[str, Any], *, as_pdf: bool = False) -> tuple[Path, ...]:
    """Write ``checklist.svg`` and ``checklist-plain.svg`` into a folder; ``as_pdf`` adds both as PDF.

    Raises:
        MissingExtra: PDF was asked for and reportlab is not installed; nothing was written then.
    """
    files: dict[str, bytes] = {}
    for plain, name in NAMES.items():
        page = draw(audit, plain=plain)
        files[f"{name}.svg"] = svg(page).encode()
        files |= {f"{name}.pdf": pdf(page)} if as_pdf else {}
    for name, data in files.items():
        write_bytes(folder / name, data)
    return tuple(folder / name for name in files)


def draw(audit: Mapping[str, Any], *, plain: bool) -> Sheet:
    """Draw the page from the content of ``audit.json``."""
    name = " ".join(str(mapping(audit.get("technique")).get(key) or "") for key in ("name", "version")).strip()
    title = f"{name or NAMELESS}: what is recommended, and what was found"
    scope = str(audit.get("scope") or "")
    statuses = {str(row.get("id")): str(row.get("status")) for row in mappings(audit.get("findings"))}
    body = (*_head(title, scope, plain=plain), *_columns(list(_blocks(statuses, plain=plain))), *_foot(audit))
    return Sheet(WIDTH, HEIGHT, title, scope or title, body)


def _head(title: str, scope: str, *, plain: bool) -> Iterator[Text | Sign | Line]:
    lines = wrapped(title, size=15, width=WIDTH - 2 * _EDGE)[:1]
    yield from (Text(_EDGE, 34, line, 15, bold=True) for line in lines)
    for number, line in enumerate(wrapped(scope, size=9.5, width=WIDTH - 2 * _EDGE)[:2]):
        yield Text(_EDGE, 49 + 11 * number, line, 9.5)
    x = _EDGE
    for status, word in (PLAIN if plain else TECHNICAL).items():
        yield Sign(x + _R, 69.5, status, _R)
        yield Text(x + _INDENT, 72, word, 7.5)
        x += _INDENT + width_of(word, 7.5) + 16
    yield Line(_EDGE, 77, WIDTH - _EDGE, 77)


def _blocks(statuses: Mapping[str, str], *, plain: bool) -> Iterator[_Block]:
    """Every stage's heading and its recommendations."""
    for stage in catalogue.STAGES:
        yield _Block(((STAGES[stage][plain], True),))
        for entry in catalogue.load().stage(stage):
            status = statuses.get(entry.id, "not-assessed")
            yield _block(entry, status if status in TECHNICAL else "not-assessed", plain=plain)


def _block(entry: Recommendation, status: str, *, plain: bool) -> _Block:
    word, said = (PLAIN[status], entry.plain) if plain else (TECHNICAL[status], entry.technical)
    head = f"{word}" if plain else f"{word} · {entry.id} {entry.title}"
    room = _COLUMN - _INDENT
    first = [(line, True) for line in wrapped(head, size=_SIZE * 1.04, width=room)]
    return _Block((*first, *((line, False) for line in wrapped(said, size=_SIZE, width=room))), status)


def _columns(blocks: list[_Block]) -> Iterator[Text | Sign | Line]:
    """Flow the blocks through the columns, so that these end at about one height."""
    longest = _limit(blocks)
    column, y = 0, _TOP
    for number, block in enumerate(blocks):
        kept = block.height + (0 if block.status else blocks[number + 1].height)  # no heading alone at the end
        if y + kept > _TOP + longest and column < _COLUMNS - 1:
            column, y = column + 1, _TOP
        yield from _placed(block, _EDGE + column * (_COLUMN + _GUTTER), y)
        y += block.height


def _limit(blocks: list[_Block]) -> float:
    """The smallest height of a column at which all blocks find room."""
    limit = sum(block.height for block in blocks) / _COLUMNS
    while _columns_at(blocks, limit) > _COLUMNS:
        limit += _LEAD / 2
    return limit


def _columns_at(blocks: list[_Block], limit: float) -> int:
    column, y = 1, 0.0
    for number, block in enumerate(blocks):
        if y + block.height + (0 if block.status else blocks[number + 1].height) > limit:
            column, y = column + 1, 0.0
        y += block.height
    return column


def _placed(block: _Block, x: float, y: float) -> Iterator[Text | Sign | Line]:
    if block.status is None:
        yield Text(x, y + _LEAD + 4, block.lines[0][0], 8.6, bold=True)
        return
    yield Sign(x + _R, y + _LEAD - 2.6, block.status, _R)
    for number, (line, bold) in enumerate(block.lines, 1):
        yield Text(x + _INDENT, y + number * _LEAD, line, _SIZE, bold=bold)


def _foot(audit: Mapping[str, Any]) -> Iterator[Text | Line]:
    record = str(audit.get("record") or "no record")
    made = (
        f"Derived by misyn {audit.get('misyn') or ''} from the record {record} and its evidence. Reasons: report.html."
    )
    yield Line(_EDGE, _BOTTOM + 6, WIDTH - _EDGE, _BOTTOM + 6)
    for number, line in enumerate((_ORIGIN, made)):
        yield Text(_EDGE, _BOTTOM + 15 + 9 * number, line, 6.6, soft=True)
