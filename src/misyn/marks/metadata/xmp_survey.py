"""One bounded pass over an XMP packet: values of some properties, and the bytes they stand on.

Rules
-----
1. The parser is defusedxml's: a DTD, an entity or an external reference ends the pass before anything is expanded.
2. Depth and number of elements are bounded (:data:`MOST_DEPTH`, :data:`MOST_ELEMENTS`); no tree is built.
3. A property counts wherever it stands: as an element, as ``rdf:resource`` of one, or as an attribute; inside itself it
   counts once, as the outermost.

Follows ISO 16684-1 and RDF/XML syntax (W3C, 2014), section 2.

Example:
    >>> packet = f'<r:RDF xmlns:r="{RDF}" xmlns:a="urn:a:"><r:Description a:b="1"><a:c>2</a:c></r:Description></r:RDF>'
    >>> found = survey(packet.encode(), names=("{urn:a:}b", "{urn:a:}c"))
    >>> found.values, [packet[start:end] for start, end in found.cuts]
    ({'{urn:a:}b': ['1'], '{urn:a:}c': ['2']}, [' a:b="1"', '<a:c>2</a:c>'])
"""

from __future__ import annotations

import re
from collections.abc import Sequence
from typing import Any

from misyn.errors import MalformedImage

RDF = "http://www.w3.org/1999/02/22-rdf-syntax-ns#"
MOST_DEPTH = 64
MOST_ELEMENTS = 100_000

_TAG = re.compile(rb"""<(?:"[^"]*"|'[^']*'|[^"'>])*>""")


def survey(text: bytes, *, names: Sequence[str]) -> Survey:
    """Pass once over a packet.

    Args:
        text: the packet, UTF-8.
        names: the properties to look for, as ``{namespace}name``.

    Raises:
        MalformedImage: it is not well-formed, carries a DTD or an entity, or passes a bound.
    """
    from defusedxml import DefusedXmlException  # noqa: PLC0415 - most files have no packet
    from defusedxml.ElementTree import DefusedXMLParser, ParseError  # noqa: PLC0415

    found = Survey(text, names)
    parser = DefusedXMLParser(target=found, forbid_dtd=True)
    found.expat = parser.parser
    try:
        parser.feed(text)
        parser.close()
    except (ParseError, DefusedXmlException, ValueError, LookupError) as error:
        raise MalformedImage("expected well-formed XMP without a DTD, found something else") from error
    return found


class Survey:
    """What the pass found.

    Attributes:
        values: for each name, the texts found, in order.
        cuts: the spans of bytes those properties stand on.
        about: the first non-empty ``rdf:about``: all descriptions of a packet must share it.
        has_rdf: whether there is an ``rdf:RDF``.
        rdf_end: the byte at which ``</rdf:RDF>`` starts, or None where there is no such tag.
    """

    def __init__(self, text: bytes, names: Sequence[str]) -> None:
        self.values: dict[str, list[str]] = {name: [] for name in names}
        self.cuts: list[tuple[int, int]] = []
        self.about = ""
        self.has_rdf = False
        self.rdf_end: int | None = None
        self.expat: Any = None  # the running parser: it knows the byte it is at
        self._text = text
        self._open: list[int] = []  # where each open element starts
        self._elements = 0
        self._depth = 0  # of the property we are inside, or zero
        self._parts: list[str] = []

    def start(self, tag: str, attributes: dict[str, str]) -> None:
        """Called by the parser at an element's start."""
        at = self.expat.CurrentByteIndex
        self._elements += 1
        self._open.append(at)
        if len(self._open) > MOST_DEPTH or self._elements > MOST_ELEMENTS:
            raise MalformedImage("expected an XMP packet of ordinary depth and length, found a larger one")
        self.has_rdf = self.has_rdf or tag == f"{{{RDF}}}RDF"
        self.about = self.about or attributes.get(f"{{{RDF}}}about", "")
        if tag in self.values and not self._depth:
            self._depth, self._parts = len(self._open), [attributes.get(f"{{{RDF}}}resource", "")]
        for name in self.values:
            if name in attributes and not self._depth:
                self._attribute(at, name, attributes[name])

    def _attribute(self, at: int, name: str, value: str) -> None:
        """Note a property written as an attribute, and where."""
        self.values[name].append(value)
        local = re.escape(name.rpartition("}")[2].encode())
        whole = _TAG.match(self._text, at)
        pattern = re.compile(rb"""\s+[\w.-]+:""" + local + rb"""\s*=\s*(?:"[^"]*"|'[^']*')""")
        if whole:
            self.cuts += [match.span() for match in pattern.finditer(self._text, at, whole.end())]

    def data(self, text: str) -> None:
        """Called by the parser with text."""
        if self._depth:
            self._parts.append(text)

    def end(self, tag: str) -> None:
        """Called by the parser at an element's end."""
        at = self.expat.CurrentByteIndex
        started = self._open.pop()
        tagged = not self._is_empty(started, at)
        if self._depth == len(self._open) + 1:
            self._depth = 0
            self.values[tag].append("".join(self._parts).strip())
            self.cuts.append((started, self._text.index(b">", at) + 1 if tagged else at))
        if tag == f"{{{RDF}}}RDF" and tagged:
            self.rdf_end = at

    def _is_empty(self, started: int, at: int) -> bool:
        """Say whether the element is ``<a/>``: at its end the parser is already behind it."""
        whole = _TAG.match(self._text, started)
        return whole is not None and whole.end() == at and whole.group().endswith(b"/>")

    def close(self) -> None:
        """Called by the parser at the end; nothing is left to do."""
