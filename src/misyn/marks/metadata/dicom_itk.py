r"""The metadata layer of DICOM for files that ITK and SimpleITK shall write again: without SyntheticData.

Rules
-----
1. ITK copies every element it read as text, and GDCM 3.0 in it (SimpleITK 2.5.7) knows a dictionary that ends before
   2024b: writing an element outside it raises ("An invalid logic behavior occurred"). SyntheticData is such an element.
2. Everything else is :mod:`misyn.marks.metadata.dicom`: equipment, derivation, image type and the private block, which
   ITK does not read unless told to.
3. What is lost: software that looks for SyntheticData alone finds nothing. An element that is there is taken out.
4. What ITK itself loses when it writes: sequences and private blocks, so equipment and declaration. The sentence in
   DerivationDescription is what survives, and is why ``verify`` reads it.

Follows DICOM PS3.3 C.12.1 (SyntheticData is optional, type 3).

Example:
    >>> from io import BytesIO
    >>> inspect(BytesIO(b"no elements")).mark is None
    True
"""

from __future__ import annotations

from typing import BinaryIO

from misyn.marks.declaration import Declaration
from misyn.marks.inspection import Inspection
from misyn.marks.metadata import dicom


def inspect(source: BinaryIO) -> Inspection:
    """Read what the header says of origin, as of any DICOM file."""
    return dicom.inspect(source)


def write(source: BinaryIO, target: BinaryIO, declaration: Declaration) -> None:
    """Copy ``source`` to ``target`` with the declaration in its header and no SyntheticData.

    Raises:
        MalformedImage, NoRoomForMark, LimitExceeded: as :func:`misyn.marks.metadata.dicom.write`.
    """
    dicom.write(source, target, declaration, tag=False)
