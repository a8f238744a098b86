"""Read HTML with the parser of the standard library.

Rules
-----
1. What a page does not show (scripts, styles, templates) and its navigation are left out.
2. ``figcaption`` and ``caption`` are captions; so is a paragraph that opens with ``Figure 1.``.
3. A line's number is the number in the source, as an editor shows it. Nothing is fetched.

Source: HTML Living Standard, section 4.

Example:
    >>> draft = read(b"<title>T</title><h2>Results</h2><p>It <b>works</b>.</p><script>x()</script>")
    >>> draft.title, [(p.kind, p.lines[0].text) for p in draft.passages]
    ('T', [('heading', 'Results'), ('text', 'It works.')])
"""

from __future__ import annotations

import codecs
import re
from html.parser import HTMLParser

from misyn.practice.review.collecting import DEFAULT, Draft, Gathered, Limits, is_caption
from misyn.practice.review.text import clean

_HIDDEN = frozenset({"script", "style", "template", "noscript", "nav", "svg", "math", "iframe", "object"})
_HEADINGS = frozenset({"h1", "h2", "h3", "h4", "h5", "h6"})
_BLOCKS = frozenset(
    [
        "p",
        "div",
        "li",
        "ul",
        "ol",
        "dl",
        "dt",
        "dd",
        "section",
        "article",
        "main",
        "header",
        "footer",
        "aside",
        "figure",
        "blockquote",
        "pre",
        "br",
        "hr",
        "table",
        "tr",
        "td",
        "th",
        "tbody",
        "thead",
        "body",
        "form",
        "fieldset",
        "details",
        "summary",
    ]
)
_CAPTIONS = frozenset({"figcaption", "caption"})
_DATES = re.compile(
    r"^(dc\.)?(date|citation_(publication_|online_)?date|article:published_time|dcterms\.(date|issued))$"
)
_VERSIONS = re.compile(r"^(version|citation_version|citation_arxiv_id|citation_doi|dc\.identifier)$")


def read(data: bytes, *, limits: Limits = DEFAULT) -> Draft:
    """Read an HTML page, UTF-8 or as it declares near its start."""
    page = _Page(limits)
    page.feed(data.decode(_charset(data), "replace"))
    page.close()
    page.flush()
    return Draft(
        passages=page.gathered.passages(),
        title=page.told["title"],
        date=page.told["date"],
        version=page.told["version"],
    )


def _charset(data: bytes) -> str:
    found = re.search(rb"charset=[\"']?([\w-]{1,40})", data[:2048])
    name = found.group(1).decode("ascii", "replace") if found else "utf-8"
    try:
        return name if codecs.lookup(name)._is_text_encoding else "utf-8"
    except LookupError:
        return "utf-8"


class _Page(HTMLParser):
    """Walk through the tags; text collects until a block ends."""

    def __init__(self, limits: Limits) -> None:
        super().__init__(convert_charrefs=True)
        self.gathered = Gathered(limits)
        self.told = {"title": "", "date": "", "version": ""}
        self._hidden = 0
        self._mode = ""
        self._parts: list[str] = []
        self._line = 1

    def handle_starttag(self, tag: str, attrs: list[tuple[str, str | None]]) -> None:
        if tag == "meta":
            self._meta({key: value or "" for key, value in attrs})
        if tag in _HIDDEN:
            self._hidden += 1
        if tag in _BLOCKS | _HEADINGS | _CAPTIONS | {"title"}:
            self.flush()
            if tag in _HEADINGS or tag == "title":
                self._mode = "title" if tag == "title" else "heading"
            elif tag in _CAPTIONS:
                self._mode = "caption"
            elif tag in {"td", "th"}:
                self._mode = "table"
        if tag == "img" and not self._hidden:
            self._parts.append(" ")

    def handle_endtag(self, tag: str) -> None:
        if tag in _HIDDEN:
            self._hidden = max(0, self._hidden - 1)
        if tag in _BLOCKS | _HEADINGS | _CAPTIONS | {"title"}:
            self.flush()
            if tag in _HEADINGS | _CAPTIONS | {"title", "td", "th"}:
                self._mode = ""

    def handle_data(self, data: str) -> None:
        if self._hidden:
            return
        for offset, piece in enumerate(data.split("\n")):
            if piece.strip() and not self._parts:
                self._line = self.getpos()[0] + offset
            if self._parts and offset:
                self._parts.append(" ")
            if self._parts or piece.strip():
                self._parts.append(piece)

    def flush(self) -> None:
        """Give the text that collected to its passage."""
        text, self._parts = clean("".join(self._parts)), []
        if not text:
            return
        if self._mode == "title":
            self.told["title"] = self.told["title"] or text[:300]
        elif self._mode == "heading":
            self.gathered.heading(text, self._line)
        else:
            kind = "caption" if self._mode == "caption" or is_caption(text) else "table" if self._mode else "text"
            self.gathered.begin(kind)  # type: ignore[arg-type]  # one of the kinds
            self.gathered.add(text, self._line)
            self.gathered.begin()

    def _meta(self, attributes: dict[str, str]) -> None:
        name = (attributes.get("name") or attributes.get("property") or "").lower()[:60]
        for key, pattern in (("date", _DATES), ("version", _VERSIONS)):
            if pattern.match(name) and not self.told[key]:
                self.told[key] = clean(attributes.get("content", ""))[:120]
