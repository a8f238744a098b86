"""What EXIF says of origin: a camera's facts, and the texts of programs.

Rules
-----
1. Make, Model and DateTimeOriginal are facts; Software, ImageDescription, Artist, UserComment, and Make and Model once
   more, are texts: some programs put theirs into the camera's fields.
2. EXIF is read, never written: it is the camera's and the programs' own.
3. A broken EXIF block is passed over and said so; it does not make the picture unreadable.

Follows Exif 3.0 section 4.6.

Example:
    >>> from misyn.marks.inspection import Gathering
    >>> gathering = Gathering("jpeg")
    >>> gather(b"not EXIF", gathering)
    >>> gathering.problems
    ['an EXIF block was not read: it is damaged']
"""

from __future__ import annotations

import struct
from io import BytesIO
from typing import BinaryIO

from misyn.errors import MalformedImage
from misyn.marks.inspection import Gathering
from misyn.marks.metadata import ifd

TEXTS = (
    "Software",
    "ImageDescription",
    "Artist",
    "UserComment",
    "Make",
    "Model",
)  # some editors hide graphs in the last two
FACTS = ("Make", "Model", "DateTimeOriginal")


def gather(block: bytes, gathering: Gathering) -> None:
    """Note what an EXIF block says; ``block`` starts with its TIFF header, or with ``Exif`` and two zero bytes."""
    source = BytesIO(block.removeprefix(b"Exif\0\0"))
    try:
        gather_directory(source, ifd.layout_of(source), gathering)
    except (MalformedImage, struct.error):
        gathering.passes_over("an EXIF block was not read: it is damaged")


def gather_directory(source: BinaryIO, layout: ifd.Layout, gathering: Gathering) -> None:
    """Note what the first directory of a TIFF structure says.

    Raises:
        MalformedImage: a directory lies beyond the file.
    """
    found = ifd.exif_facts(source, layout)
    for name in FACTS:
        if name in found:
            gathering.facts[name] = found[name]
    for name in TEXTS:
        if name in found:
            gathering.carries("exif", name, found[name])
