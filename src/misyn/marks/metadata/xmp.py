"""XMP packets: build one, read one without trusting it, and put a declaration into one that is there.

Rules
-----
1. The mark is IPTC's ``Iptc4xmpExt:DigitalSourceType`` = trainedAlgorithmicMedia, which other software reads, and the
   declaration as JSON text in ``misyn:declaration``.
2. Merging is surgical: earlier declarations and source types are cut out of the packet's text, ours is put in before
   ``</rdf:RDF>``, and every other byte stays: prefixes, comments, order, padding.
3. A packet with a DTD or an entity is refused before anything is expanded; so is one that is too deep.
4. A packet that does not parse is not merged into: it would be lost or stay broken. It is refused, and the caller told.

Follows ISO 16684-1 (XMP part 1) and IPTC Photo Metadata Standard 2023.1, Digital Source Type NewsCodes.

Example:
    >>> from misyn.marks.declaration import Technique
    >>> d = Declaration(technique=Technique(name="pca"), responsible="A", created="2026-11-22T10:00:00Z")
    >>> packet = read(build(d))
    >>> packet.source_types
    ('http://cv.iptc.org/newscodes/digitalsourcetype/trainedAlgorithmicMedia',)
    >>> Declaration.from_json(packet.declarations[0]) == d
    True
"""

from __future__ import annotations

import re
from dataclasses import dataclass
from xml.sax.saxutils import escape, quoteattr

from misyn.errors import MalformedImage, MarkError
from misyn.marks.declaration import Declaration
from misyn.marks.inspection import MOST_TEXT, Gathering
from misyn.marks.metadata.xmp_survey import RDF, Survey, survey

IPTC_EXT = "http://iptc.org/std/Iptc4xmpExt/2008-02-29/"
MISYN = "urn:misyn:xmp:1:"
CODES = "http://cv.iptc.org/newscodes/digitalsourcetype/"
TRAINED = CODES + "trainedAlgorithmicMedia"
# IPTC's codes for content made by algorithms, wholly or in part, and for content captured from life.
SYNTHETIC_CODES = frozenset(
    {
        "trainedAlgorithmicMedia",
        "compositeWithTrainedAlgorithmicMedia",
        "algorithmicMedia",
        "compositeSynthetic",
        "virtualRecording",
    }
)
CAPTURE_CODES = frozenset({"digitalCapture", "computationalCapture", "negativeFilm", "positiveFilm", "print"})
FIELD = "Iptc4xmpExt:DigitalSourceType"
PLACE = "the XMP packet"

_HEAD = (
    '<?xpacket begin="\ufeff" id="W5M0MpCehiHzreSzNTczkc9d"?>\n<x:xmpmeta xmlns:x="adobe:ns:meta/">\n'
    f'<rdf:RDF xmlns:rdf="{RDF}">\n'
).encode()
_TAIL = b'</rdf:RDF>\n</x:xmpmeta>\n<?xpacket end="w"?>'
_SOURCE_TYPE = f"{{{IPTC_EXT}}}DigitalSourceType"
_DECLARATION = f"{{{MISYN}}}declaration"
_NAMES = (_SOURCE_TYPE, _DECLARATION)
# What is left of a description of ours once its properties are cut out.
_SHELL = re.compile(
    rf"""<rdf:Description(?: xmlns:rdf="{RDF}")? rdf:about=(?:"[^"]*"|'[^']*') xmlns:Iptc4xmpExt="{IPTC_EXT}" """
    rf"""xmlns:misyn="{MISYN}"></rdf:Description>\n""".encode()
)
_XML_ENCODING = re.compile(rb"""<\?xml[^>]*encoding\s*=\s*["'](?!utf-?8["'])""", re.IGNORECASE)


@dataclass(frozen=True)
class Packet:
    """What a packet says of origin, as written: ``source_types`` and ``declarations``, in its order."""

    source_types: tuple[str, ...]
    declarations: tuple[str, ...]


def build(declaration: Declaration) -> bytes:
    """Build a whole packet (UTF-8) that carries the declaration and nothing else."""
    return _HEAD + _description(declaration, about="").encode() + _TAIL


def _description(declaration: Declaration, *, about: str, known: str = "") -> str:
    """Write our properties; ``known`` declares the prefix rdf where that is not certain."""
    return (
        f'<rdf:Description{known} rdf:about={quoteattr(about)} xmlns:Iptc4xmpExt="{IPTC_EXT}" '
        f'xmlns:misyn="{MISYN}" Iptc4xmpExt:DigitalSourceType="{TRAINED}">'
        f"<misyn:declaration>{escape(declaration.to_text())}</misyn:declaration></rdf:Description>\n"
    )


def read(packet: bytes) -> Packet:
    """Read what a packet says of origin.

    Raises:
        MalformedImage: it is not XML, carries a DTD or an entity, or is too deep.
    """
    found = survey(_utf8(packet), names=_NAMES)
    return Packet(tuple(found.values[_SOURCE_TYPE]), tuple(found.values[_DECLARATION]))


def gather(packet: bytes, gathering: Gathering) -> None:
    """Note what a packet says; one that cannot be read is noted as passed over."""
    if len(packet) > MOST_TEXT:
        gathering.passes_over(f"an XMP packet of more than {MOST_TEXT} bytes was not read")
        return
    try:
        found = read(packet)
    except MalformedImage:
        gathering.passes_over("an XMP packet was not read: it is not well-formed XML, or it carries a DTD")
        return
    for value in found.source_types:
        code = value.strip().rstrip("/").rpartition("/")[2]
        if code in SYNTHETIC_CODES | CAPTURE_CODES:
            gathering.says(FIELD, value, synthetic=code in SYNTHETIC_CODES)
    for text in found.declarations:
        gathering.declares(PLACE, text)


def merge(packet: bytes | None, declaration: Declaration) -> bytes:
    """Put a declaration into a packet, or build one where there is none (rule 2).

    Raises:
        MarkError: the packet that is there cannot be merged into.
    """
    if packet is None or not packet.strip(b"\0 \r\n\t"):
        return build(declaration)
    text, found = _mergeable(packet)
    if found.rdf_end is None:  # an empty <rdf:RDF/>: there is nothing to keep
        return build(declaration)
    if _cut(text, found) == _HEAD + _TAIL:  # a packet of ours and nothing else
        return build(declaration)
    ours = _description(declaration, about=found.about, known=f' xmlns:rdf="{RDF}"').encode()
    return _cut(text[: found.rdf_end], found) + ours + text[found.rdf_end :]


def without(packet: bytes) -> bytes:
    """Cut declarations and source types out of a packet; everything else stays.

    Raises:
        MarkError: the packet cannot be read.
    """
    return _cut(*_mergeable(packet))


def _mergeable(packet: bytes) -> tuple[bytes, Survey]:
    if len(packet) > MOST_TEXT or _XML_ENCODING.match(packet):
        raise _unmergeable()
    try:
        text = _utf8(packet)
        found = survey(text, names=_NAMES)
    except MalformedImage as error:
        raise _unmergeable() from error
    if not found.has_rdf:
        raise _unmergeable()
    return text, found


def _unmergeable() -> MarkError:
    return MarkError(
        "expected an XMP packet that a declaration can be merged into (UTF-8, well-formed, with rdf:RDF, "
        f"at most {MOST_TEXT} bytes), found another. Next: remove or repair the packet with a metadata editor"
    )


def _cut(text: bytes, found: Survey) -> bytes:
    """Leave out the spans that held earlier declarations and source types."""
    kept, at = [], 0
    for start, end in sorted(found.cuts):
        if start >= at:
            kept.append(text[at:start])
            at = end
    return _SHELL.sub(b"", b"".join([*kept, text[at:]]))


def _utf8(packet: bytes) -> bytes:
    """Give the packet as UTF-8; XMP allows UTF-16 and UTF-32 in some places."""
    packet = packet.strip(b"\0") if b"<\0" not in packet[:16] and b"\0<" not in packet[:16] else packet
    for mark, encoding in _ENCODINGS:
        if packet.startswith(mark):
            try:
                return packet.decode(encoding).lstrip("\ufeff").rstrip("\0").encode()
            except UnicodeError as error:
                raise MalformedImage("expected XMP text, found bytes of no encoding") from error
    return packet.removeprefix(b"\xef\xbb\xbf")


_ENCODINGS = (
    (b"\xff\xfe\0\0", "utf-32-le"),
    (b"\0\0\xfe\xff", "utf-32-be"),
    (b"<\0\0\0", "utf-32-le"),
    (b"\0\0\0<", "utf-32-be"),
    (b"\xff\xfe", "utf-16-le"),
    (b"\xfe\xff", "utf-16-be"),
    (b"<\0", "utf-16-le"),
    (b"\0<", "utf-16-be"),
)
