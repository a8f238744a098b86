r"""The credential in MetaImage (MHA and MHD): a key ``misyn_credential`` before ``ElementDataFile``.

Rules
-----
1. An earlier one is replaced; every other line stays byte for byte.
2. A header that fixes the samples' place has no room, as for the declaration.

Follows the MetaIO documentation (ITK), "MetaImage tags".

Example:
    >>> from io import BytesIO
    >>> target = BytesIO()
    >>> put(BytesIO(b"NDims = 2\nElementDataFile = LOCAL\n\0"), target, b"manifest")
    >>> get(target), target.getvalue().endswith(b"LOCAL\n\0")
    (b'manifest', True)
"""

from __future__ import annotations

from typing import BinaryIO

from misyn.marks.credential.packed import pack, unpack
from misyn.marks.metadata import metaimage
from misyn.marks.metadata.splice import Span, splice

KEY = b"misyn_credential"


def get(source: BinaryIO) -> bytes | None:
    """Read the manifest store."""
    for line in metaimage.header(source):
        key, value = metaimage.pair(line.text)
        if key == KEY:
            return unpack(value)
    return None


def put(source: BinaryIO, target: BinaryIO, manifest: bytes) -> None:
    """Copy the file with the manifest store in its header."""
    found = list(metaimage.header(source))
    metaimage.check_room(found)
    last = found[-1]
    kept = b"".join(line.raw for line in found[:-1] if metaimage.pair(line.text)[0] != KEY)
    ours = KEY + b" = " + pack(manifest) + (last.ending or b"\n")
    splice(source, target, [kept + ours + last.raw, Span(last.after)])
