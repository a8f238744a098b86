r"""What the mark says in DICOM's own words: the equipment item and the derivation sentence.

Rules
-----
1. Every value fits its representation (PS3.5 table 6.2-1): LO at most 64 characters without a backslash, ST at most
   1024.
2. Text beyond ASCII makes the item say ISO_IR 192 for itself; the data set's own character set is not touched. The
   derivation sentence lies in the data set, and is therefore ASCII.

Follows DICOM PS3.3 table C.12-1 (Contributing Equipment Sequence) and PS3.16 CID 7005.

Example:
    >>> from misyn.marks.declaration import Technique
    >>> d = Declaration(technique=Technique(name="pca", version="1"), responsible="A", created="2026-11-22T10:00:00Z")
    >>> sentence(d)
    b'Synthetic image (misyn): pca 1; no patient stands behind it.'
"""

from __future__ import annotations

import re

from misyn.marks.declaration import Declaration
from misyn.marks.metadata.dicom_elements import Syntax, encode, encode_item


def sentence(declaration: Declaration) -> bytes:
    """The sentence for DerivationDescription, in ASCII."""
    technique = declaration.technique
    name = " ".join(filter(None, (technique.name, technique.version))).replace(";", ",")
    step = declaration.derivation
    by = "" if step is None else f", by {_line(step.how.replace(';', ','), 128)}"
    behind = "made in part from other images" if step is not None and step.is_mixed else "no patient stands behind it"
    return f"Synthetic image (misyn): {_line(name, 128)}{by}; {behind}.".encode("ascii", "replace")


def equipment(declaration: Declaration, syntax: Syntax) -> bytes:
    """The content of an item that names the technique as synthesizing equipment."""
    technique = declaration.technique
    purpose = encode_item(
        encode(0x00080100, "SH", b"109100", syntax)
        + encode(0x00080102, "SH", b"DCM", syntax)
        + encode(0x00080104, "LO", b"Synthesizing Equipment", syntax),
        syntax,
    )
    texts = {
        0x00080070: ("LO", _line(declaration.responsible, 64)),
        0x00081090: ("LO", _line(technique.name, 64)),
        0x00181020: ("LO", _line(technique.version, 64)),
        0x0018A002: ("DT", _date_time(declaration.created)),
        0x0018A003: ("ST", f"misyn:declaration {declaration.digest}; synthetic image"),
    }
    ascii_only = all(text.isascii() for _, text in texts.values())
    parts = [] if ascii_only else [encode(0x00080005, "CS", b"ISO_IR 192", syntax)]
    parts += [encode(tag, vr, text.encode(), syntax) for tag, (vr, text) in texts.items() if text]
    return b"".join([*parts, encode(0x0040A170, "SQ", purpose, syntax)])


def _line(text: str, longest: int) -> str:
    """One line without backslashes, which separate values."""
    return " ".join(text.replace("\\", "/").split())[:longest].strip()


def _date_time(created: str) -> str:
    """RFC 3339 as a DICOM DT: ``YYYYMMDDHHMMSS.FFFFFF&ZZXX``.

    Example:
        >>> _date_time("2026-11-22T10:00:00.5+01:00"), _date_time("2026-11-22T10:00:00Z")
        ('20261122100000.5+0100', '20261122100000+0000')
    """
    match = re.match(r"(\d+)-(\d+)-(\d+).(\d+):(\d+):(\d+)(\.\d{1,6})?\d*(.*)", created)
    parts = match.groups("") if match else ()
    zone = parts[7].replace(":", "") if parts else ""
    return "".join(parts[:7]) + ("+0000" if zone in ("Z", "z") else zone)
