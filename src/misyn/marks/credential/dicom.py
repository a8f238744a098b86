r"""The credential in DICOM: element 02 (OB) of the private block that holds the declaration.

Rules
-----
1. The block of creator ``MISYN`` is used wherever it is; a file without one gets one in group 4D53.
2. Every other element stays byte for byte; an earlier credential is replaced.

Follows DICOM PS3.5 section 7.8 (private elements).

Example:
    >>> from io import BytesIO
    >>> from misyn.marks.metadata.dicom_elements import EXPLICIT, encode
    >>> file, target = encode(0x0008001C, "CS", b"YES", EXPLICIT), BytesIO()
    >>> put(BytesIO(file), target, b"manifest")
    >>> get(target), target.getvalue().startswith(file)
    (b'manifest', True)
"""

from __future__ import annotations

from typing import BinaryIO

from misyn.errors import MalformedImage
from misyn.marks.credential.places import MOST_MANIFEST
from misyn.marks.metadata.dicom_edits import first_of_block, is_creator, with_private
from misyn.marks.metadata.dicom_file import copy_with, open_file
from misyn.marks.metadata.splice import read_at

ELEMENT = 2


def get(source: BinaryIO) -> bytes | None:
    """Read the manifest store, without the byte that makes its length even."""
    file = open_file(source)
    places: set[int] = set()
    for element in file.walk():
        if is_creator(file, element):
            places.add(first_of_block(element.tag) - 1 + ELEMENT)
        elif element.tag in places:
            if element.length > MOST_MANIFEST:
                raise MalformedImage("expected a credential of a plausible size, found a larger one")
            data = read_at(source=file.source, start=element.value, n=element.length)
            size = int.from_bytes(data[:4], "big")  # a JUMBF box says how long it is
            return data[:size] if len(data) - 1 <= size <= len(data) else data
    return None


def put(source: BinaryIO, target: BinaryIO, manifest: bytes) -> None:
    """Copy the file with the manifest store in it."""
    file = open_file(source)
    copy_with(file, source, target, with_private(file, ELEMENT, "OB", manifest))
