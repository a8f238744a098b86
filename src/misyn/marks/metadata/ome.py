r"""The annotation in the OME-XML of an OME-TIFF: what microscopy software keeps when it drops XMP.

Rules
-----
1. A ``CommentAnnotation`` with namespace :data:`NAMESPACE` and the declaration as its value goes into
   ``StructuredAnnotations``, which is made where it is absent, in its place by the schema: behind the last ``Image``.
2. The rest of the text stays byte for byte; an earlier annotation of ours is cut out.
3. The XML is checked by defusedxml first: a DTD or an entity ends the reading before anything is expanded.
4. Companion files (``BinaryOnly``), and XML that is longer than :data:`MOST_XML` or does not parse, are left as they
   are: the XMP packet alone carries the mark then.

Follows the OME schema 2016-06 (StructuredAnnotations) and the OME-TIFF specification.

Example:
    >>> text = b'<OME xmlns="http://www.openmicroscopy.org/Schemas/OME/2016-06"><Image ID="Image:0"/></OME>'
    >>> from misyn.marks.declaration import Technique
    >>> d = Declaration(technique=Technique(name="pca"), responsible="A", created="2026-11-22T10:00:00Z")
    >>> annotated = put(text, d)
    >>> Declaration.from_json(get(annotated)) == d, put(annotated, d) == annotated, without(annotated) == text
    (True, True, True)
"""

from __future__ import annotations

import re
from html import unescape
from xml.sax.saxutils import escape

from misyn.marks.declaration import Declaration

NAMESPACE = b"urn:misyn:declaration:1"
MOST_XML = 4 << 20
_ROOT = re.compile(rb"<(?:([\w.-]+):)?OME[\s>]")
_OURS = re.compile(
    rb"<(?:[\w.-]+:)?CommentAnnotation [^>]*Namespace=\"" + NAMESPACE + rb"\"[^>]*>\s*<(?:[\w.-]+:)?Value>([^<]*)"
    rb"</(?:[\w.-]+:)?Value>\s*</(?:[\w.-]+:)?CommentAnnotation>"
)


def is_ome(description: bytes) -> bool:
    """Say whether an ImageDescription is OME-XML with its images in it; it may still not parse."""
    text = description.rstrip(b"\0 \r\n\t")
    root = len(text) <= MOST_XML and text.endswith(b"OME>") and _ROOT.search(text[:4096]) is not None
    return root and b"BinaryOnly" not in text


def parses(text: bytes) -> bool:
    """Say whether it is well-formed XML without a DTD (rule 3)."""
    from defusedxml import DefusedXmlException  # noqa: PLC0415 - most TIFF files are no OME-TIFF
    from defusedxml.ElementTree import ParseError, fromstring  # noqa: PLC0415

    try:
        fromstring(text, forbid_dtd=True)
    except (ParseError, DefusedXmlException, ValueError, LookupError, RecursionError):
        return False
    return True


def get(description: bytes) -> str | None:
    """The declaration's text in OME-XML, or None."""
    found = _OURS.search(description)
    return unescape(found.group(1).decode("utf-8", "replace")) if found else None


def put(description: bytes, declaration: Declaration) -> bytes:
    """Put the declaration into OME-XML (rules 1 and 2), which passed :func:`is_ome` and :func:`parses`."""
    text = without(description)
    root = _ROOT.search(text)
    prefix = root.group(1) + b":" if root and root.group(1) else b""
    ours = (
        b'<%bCommentAnnotation ID="Annotation:misyn:0" Namespace="%b"><%bValue>%b</%bValue></%bCommentAnnotation>'
        % (prefix, NAMESPACE, prefix, escape(declaration.to_text()).encode("ascii"), prefix, prefix)
    )
    inside = text.rfind(b"</%bStructuredAnnotations>" % prefix)
    if inside >= 0:
        return text[:inside] + ours + text[inside:]
    at = _behind_images(text, prefix)
    return text[:at] + b"<%bStructuredAnnotations>%b</%bStructuredAnnotations>" % (prefix, ours, prefix) + text[at:]


def without(description: bytes) -> bytes:
    """Cut our annotation out, and the element around it where that leaves it empty."""
    text, cut = _OURS.subn(b"", description)
    return re.sub(rb"<((?:[\w.-]+:)?StructuredAnnotations)></\1>", b"", text) if cut else text


def _behind_images(text: bytes, prefix: bytes) -> int:
    """Where StructuredAnnotations goes: behind the last image, before regions of interest and the end."""
    images = [m.end() for m in re.finditer(rb"</%bImage>|<%bImage [^>]*/>" % (prefix, prefix), text)]
    return images[-1] if images else text.rfind(b"</%bOME>" % prefix)
