"""A page of text, lines and signs that is drawn once and written as SVG or PDF.

Rules
-----
1. Lengths are points from the upper left corner; numbers are rounded to a tenth: the same page, the same bytes.
2. Text stays text. Widths are those of Helvetica, rounded up; fonts of the same widths are asked for first.
3. A sign differs from the others by its shape, and a word always stands beside it; nothing is told by colour.
4. PDF is written by reportlab (extra ``pdf``), with no date and no random identifier.

Follows SVG 2 and PDF 1.4 (ISO 32000-1), standard fonts.

Example:
    >>> page = Sheet(100, 20, "A page", "With a word.", (Text(2, 12, "Not met", 8, bold=True), Sign(80, 10, "met", 4)))
    >>> "A page</title>" in svg(page)
    True
    >>> wrapped("one two three", size=8, width=40)
    ('one two', 'three')
"""

from __future__ import annotations

import io
from dataclasses import dataclass
from typing import Any, Protocol

from markupsafe import Markup

from misyn.errors import MissingExtra

FONTS = "Helvetica, Arial, 'Liberation Sans', 'Nimbus Sans', sans-serif"
INK, SOFT = "#111111", "#555555"
_NARROW, _WIDE = set("iljtfrI.,:;'!|()[] /-"), set("mwMW%@—…")


class Pen(Protocol):
    """What a page is drawn with: one method per kind of mark."""

    def text(self, mark: Text) -> None:
        """Draw a line of text."""

    def sign(self, mark: Sign) -> None:
        """Draw a sign."""

    def line(self, mark: Line) -> None:
        """Draw a straight line."""


@dataclass(frozen=True)
class Text:
    """A line of text that begins at (x, y); y is its base line."""

    x: float
    y: float
    words: str
    size: float
    bold: bool = False
    soft: bool = False

    def draw(self, pen: Pen) -> None:
        """Draw it."""
        pen.text(self)


@dataclass(frozen=True)
class Sign:
    """The shape of a status, around (x, y)."""

    x: float
    y: float
    status: str
    r: float

    def draw(self, pen: Pen) -> None:
        """Draw it."""
        pen.sign(self)


@dataclass(frozen=True)
class Line:
    """A thin straight line."""

    x1: float
    y1: float
    x2: float
    y2: float

    def draw(self, pen: Pen) -> None:
        """Draw it."""
        pen.line(self)


@dataclass(frozen=True)
class Sheet:
    """A page: its size, what it is called, what it shows in a sentence, and its marks in reading order."""

    width: float
    height: float
    title: str
    description: str
    marks: tuple[Text | Sign | Line, ...]


def width_of(words: str, size: float) -> float:
    """The width of a text, not less than it will be in Helvetica."""
    return size * sum(map(_width, words))


def _width(letter: str) -> float:
    if letter in _NARROW:
        return 0.34
    if letter in _WIDE or ord(letter) > 0x2E7F:
        return 1.0
    return 0.73 if letter.isupper() else 0.56


def wrapped(words: str, *, size: float, width: float) -> tuple[str, ...]:
    """Break a text into lines that fit; a word that is too long by itself is broken."""
    lines: list[str] = []
    line = ""
    for word in words.split():
        together = f"{line} {word}".strip()
        if width_of(together, size) <= width:
            line = together
            continue
        lines += [line] if line else []
        *parts, line = _broken(word, size, width)
        lines += parts
    return (*lines, line) if line else tuple(lines)


def _broken(word: str, size: float, width: float) -> list[str]:
    parts = [""]
    for letter in word:
        if width_of(parts[-1] + letter, size) > width:
            parts.append("")
        parts[-1] += letter
    return parts


def svg(page: Sheet) -> str:
    """Write a page as SVG, black on white."""
    pen = _Svg()
    for mark in page.marks:
        mark.draw(pen)
    head = Markup(
        '<svg xmlns="http://www.w3.org/2000/svg" viewBox="0 0 {0} {1}" width="{0}pt" height="{1}pt" '
        'aria-labelledby="title desc" font-family="{2}">\n<title id="title">{3}</title>\n<desc id="desc">{4}</desc>\n'
        '<rect width="{0}" height="{1}" fill="#ffffff"/>\n'
    ).format(_n(page.width), _n(page.height), FONTS, page.title, page.description)
    return str(head + Markup("\n").join(pen.parts) + Markup("\n</svg>\n"))


def reportlab() -> Any:  # noqa: ANN401 - reportlab publishes no types
    """The class that draws PDF.

    Raises:
        MissingExtra: reportlab is not installed.
    """
    try:
        from reportlab.pdfgen.canvas import Canvas  # noqa: PLC0415 - an extra
    except ImportError as error:
        raise MissingExtra("Checklists in PDF", package="reportlab", extra="pdf") from error
    return Canvas


def pdf(page: Sheet) -> bytes:
    """Write a page as PDF.

    Raises:
        MissingExtra: reportlab is not installed.
    """
    buffer = io.BytesIO()
    canvas = reportlab()(buffer, pagesize=(page.width, page.height), invariant=1, lang="en")
    canvas.setTitle(page.title)
    canvas.setSubject(page.description)
    pen = _Pdf(canvas, page.height)
    for mark in page.marks:
        mark.draw(pen)
    canvas.showPage()
    canvas.save()
    return buffer.getvalue()


def _n(value: float) -> str:
    return f"{value:.1f}".removesuffix(".0")


class _Svg:
    """Writes marks as SVG elements."""

    def __init__(self) -> None:
        self.parts: list[Markup] = []

    def text(self, mark: Text) -> None:
        weight = Markup(' font-weight="bold"') if mark.bold else ""
        shape = Markup('<text x="{}" y="{}" font-size="{}" fill="{}"{}>{}</text>')
        colour = SOFT if mark.soft else INK
        self.parts.append(shape.format(_n(mark.x), _n(mark.y), _n(mark.size), colour, weight, mark.words))

    def line(self, mark: Line) -> None:
        shape = Markup('<path d="M{} {}L{} {}" stroke="{}" stroke-width=".6"/>')
        self.parts.append(shape.format(_n(mark.x1), _n(mark.y1), _n(mark.x2), _n(mark.y2), INK))

    def sign(self, mark: Sign) -> None:
        x, y, r = _n(mark.x), _n(mark.y), _n(mark.r)
        ring = Markup('<circle cx="{}" cy="{}" r="{}" fill="{}" stroke="{}" stroke-width="1"{}/>')
        dashes = Markup(' stroke-dasharray="1.6 1.4"') if mark.status == "not-assessed" else ""
        if mark.status == "not-applicable":
            shape = Markup('<path d="M{} {}h{}" stroke="{}" stroke-width="1.4"/>')
            self.parts.append(shape.format(_n(mark.x - mark.r), y, _n(2 * mark.r), INK))
            return
        self.parts.append(ring.format(x, y, r, INK if mark.status == "met" else "#ffffff", INK, dashes))
        if mark.status == "partly":
            half = Markup('<path d="M{} {}a{} {} 0 0 0 0 {}z" fill="{}"/>')
            self.parts.append(half.format(x, _n(mark.y - mark.r), r, r, _n(2 * mark.r), INK))
        if mark.status == "not-assessed":
            self.text(Text(mark.x - 0.28 * 1.7 * mark.r, mark.y + 0.6 * mark.r, "?", 1.7 * mark.r, bold=True))


class _Pdf:
    """Draws marks on a reportlab canvas, whose y points up."""

    def __init__(self, canvas: Any, height: float) -> None:  # noqa: ANN401 - reportlab publishes no types
        self.canvas, self.height = canvas, height
        canvas.setStrokeColor(INK)

    def text(self, mark: Text) -> None:
        self.canvas.setFont("Helvetica-Bold" if mark.bold else "Helvetica", mark.size)
        self.canvas.setFillColor(SOFT if mark.soft else INK)
        self.canvas.drawString(mark.x, self.height - mark.y, mark.words)

    def line(self, mark: Line) -> None:
        self.canvas.setLineWidth(0.6)
        self.canvas.line(mark.x1, self.height - mark.y1, mark.x2, self.height - mark.y2)

    def sign(self, mark: Sign) -> None:
        x, y, r = mark.x, self.height - mark.y, mark.r
        self.canvas.setLineWidth(1)
        self.canvas.setFillColor(INK)
        if mark.status == "not-applicable":
            self.canvas.line(x - r, y, x + r, y)
            return
        self.canvas.setDash(1.6, 1.4) if mark.status == "not-assessed" else self.canvas.setDash()
        self.canvas.circle(x, y, r, stroke=1, fill=int(mark.status == "met"))
        self.canvas.setDash()
        if mark.status == "partly":
            self.canvas.wedge(x - r, y - r, x + r, y + r, 90, 180, stroke=0, fill=1)
        if mark.status == "not-assessed":
            self.text(Text(mark.x - 0.28 * 1.7 * r, mark.y + 0.6 * r, "?", 1.7 * r, bold=True))
