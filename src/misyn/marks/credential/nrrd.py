r"""The credential in NRRD and NHDR: a key/value line ``misyn_credential:=`` beside the declaration's.

Rules
-----
1. The line comes last in the header; an earlier one is replaced; every other line stays byte for byte, except that an
   NRRD0001 file becomes NRRD0002, which is where key/value lines begin.

Follows "Definition of NRRD File Format" (teem), section 5.

Example:
    >>> from io import BytesIO
    >>> target = BytesIO()
    >>> put(BytesIO(b"NRRD0004\ntype: uint8\n\n\0"), target, b"manifest")
    >>> get(target), target.getvalue()[-2:]
    (b'manifest', b'\n\x00')
"""

from __future__ import annotations

from typing import BinaryIO

from misyn.marks.credential.packed import pack, unpack
from misyn.marks.metadata import nrrd
from misyn.marks.metadata.splice import Span, splice

KEY = b"misyn_credential"


def get(source: BinaryIO) -> bytes | None:
    """Read the manifest store."""
    for line in nrrd.header(source):
        if nrrd.key(line.text) == KEY:
            return unpack(line.text.partition(b":=")[2])
    return None


def put(source: BinaryIO, target: BinaryIO, manifest: bytes) -> None:
    """Copy the file with the manifest store in its header."""
    found = list(nrrd.header(source))
    first = found[0]
    ending = first.ending or b"\n"
    body = [line for line in found[1:] if line.text and nrrd.key(line.text) != KEY]
    kept = b"".join(line.text + (line.ending or ending) for line in body)
    magic = b"NRRD0002" if first.text == b"NRRD0001" else first.text
    blank = b"" if found[-1].text else found[-1].raw
    ours = KEY + b":=" + pack(manifest) + ending
    splice(source, target, [magic + ending + kept + ours + blank, Span(found[-1].after)])
