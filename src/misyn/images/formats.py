r"""The formats misyn reads, in one visible list, and the one front door to all of them.

Rules
-----
1. Content decides, never the name: a PNG called ``slice.dcm`` is a PNG.
2. Fixed signatures are tried first, in the order of :data:`FORMATS`; then each module's own ``sniff``, for formats
   without a fixed one (NIfTI, MetaImage, DICOM without a preamble). DICOM comes first: its preamble may hold a TIFF.
3. Listing formats imports nothing: a format names its module, which is imported when a file needs it. A module exposes
   ``sniff(head: bytes) -> bool`` and ``read(path: Path, *, limits: Limits) -> Image``.
4. Whatever goes wrong inside a reader leaves :func:`read` as a subtype of :class:`misyn.errors.UnreadableImage`.

To add a format: write such a module in this folder, and add one line to :data:`FORMATS`.

Example:
    >>> [format.name for format in FORMATS]
    ['dicom', 'png', 'jpeg', 'gif', 'webp', 'tiff', 'nrrd', 'nifti', 'metaimage']
    >>> FORMATS[1].sniff(b"\x89PNG\r\n\x1a\n" + bytes(8))
    True
"""

from __future__ import annotations

import importlib
import os
import re
from dataclasses import dataclass, replace
from pathlib import Path
from typing import TYPE_CHECKING, Protocol, cast

from misyn.errors import UnknownFormat
from misyn.images.containment import contained
from misyn.images.limits import DEFAULT, Limits, read_head

if TYPE_CHECKING:
    from misyn.images.image import Image

HEAD_BYTES = 4096  # enough for every signature, and for the first 348 bytes of a gzipped NIfTI header


class Reader(Protocol):
    """What a format's module exposes."""

    def sniff(self, head: bytes) -> bool:
        """Say whether these first bytes (up to :data:`HEAD_BYTES`) start a file of this format."""

    def read(self, path: Path, *, limits: Limits) -> Image:
        """Read one file; raises subtypes of :class:`misyn.errors.UnreadableImage`."""


@dataclass(frozen=True)
class Format:
    """One file format.

    Attributes:
        name: the name used in ``Image.format``, reports and messages.
        extensions: usual endings, lower case, with the dot; for messages and for writing, never for sniffing.
        module: the module in this folder that reads it.
        signature: a pattern its first bytes match, or None where only the module can tell.
    """

    name: str
    extensions: tuple[str, ...]
    module: str
    signature: re.Pattern[bytes] | None = None

    def reader(self) -> Reader:
        """Import the module that reads this format."""
        return cast("Reader", importlib.import_module(f"misyn.images.{self.module}"))

    def matches(self, head: bytes) -> bool:
        """Say whether the fixed signature matches; imports nothing."""
        return self.signature is not None and self.signature.match(head) is not None

    def sniff(self, head: bytes) -> bool:
        """Say whether ``head`` starts a file of this format, asking the module where the signature does not decide."""
        return self.matches(head) or (self.name in _WITHOUT_SIGNATURE and self.reader().sniff(head))


def _pattern(text: bytes) -> re.Pattern[bytes]:
    return re.compile(text, re.DOTALL)


FORMATS: tuple[Format, ...] = (
    Format("dicom", (".dcm", ".dicom", ".ima"), "dicom", _pattern(rb".{128}DICM")),
    Format("png", (".png",), "picture", _pattern(rb"\x89PNG\r\n\x1a\n")),
    Format("jpeg", (".jpg", ".jpeg"), "picture", _pattern(rb"\xff\xd8\xff")),
    Format("gif", (".gif",), "picture", _pattern(rb"GIF8[79]a")),
    Format("webp", (".webp",), "picture", _pattern(rb"RIFF.{4}WEBP")),
    Format("tiff", (".tif", ".tiff"), "tiff", _pattern(rb"II[*+]\0|MM\0[*+]")),
    Format("nrrd", (".nrrd", ".nhdr"), "nrrd", _pattern(rb"NRRD\d{4}")),
    Format("nifti", (".nii", ".nii.gz", ".hdr"), "nifti"),
    Format("metaimage", (".mha", ".mhd"), "metaimage"),
)

_WITHOUT_SIGNATURE = frozenset({"nifti", "metaimage", "dicom"})

# Kinds people try that have no reader here: naming them saves a search.
_KNOWN_STRANGERS: tuple[tuple[str, re.Pattern[bytes]], ...] = (
    ("a JPEG 2000 picture; convert it to PNG or TIFF", _pattern(rb"\0\0\0\x0cjP  \r\n\x87\n|\xff\x4f\xff\x51")),
    ("an HEIC or AVIF picture; convert it to PNG", _pattern(rb".{4}ftyp(hei|hev|mif|avif)")),
    ("a BMP picture; convert it to PNG", _pattern(rb"BM.{4}\0\0\0\0")),
    ("an HDF5 file (MINC 2 is one); convert it to NIfTI", _pattern(rb"\x89HDF\r\n\x1a\n")),
    ("a NumPy array; save it as NIfTI or PNG", _pattern(rb"\x93NUMPY")),
    ("a ZIP archive; unpack it first", _pattern(rb"PK\x03\x04")),
    ("a PDF document", _pattern(rb"%PDF-")),
)


def by_name(name: str) -> Format:
    """Find a format by its name.

    Raises:
        UnknownFormat: there is no such format; the message lists those there are.

    Example:
        >>> by_name("nifti").extensions
        ('.nii', '.nii.gz', '.hdr')
    """
    for candidate in FORMATS:
        if candidate.name == name:
            return candidate
    raise UnknownFormat(f"expected one of {_names()}, found {name!r}. Next: use one of these names")


def sniff(path: str | os.PathLike[str]) -> Format:
    """Recognise a file by its first bytes.

    Raises:
        UnknownFormat: no reader recognises them, or the file is empty.
        UnreadableImage: there is no such file, or it cannot be read.
    """
    path = Path(path)
    head = read_head(path, HEAD_BYTES)
    for candidate in FORMATS:
        if candidate.matches(head):
            return candidate
    for candidate in FORMATS:
        if candidate.sniff(head):
            return candidate
    raise UnknownFormat(f"expected an image ({_names()}), found {_stranger(head)}", path=path)


def _stranger(head: bytes) -> str:
    if not head:
        return "an empty file. Next: copy the file again"
    for what, signature in _KNOWN_STRANGERS:
        if signature.match(head):
            return f"{what.partition(';')[0]}. Next:{what.partition(';')[2] or ' give an image'}"
    return "content that none of their readers recognises. Next: convert it to one of these formats"


def _names() -> str:
    return ", ".join(candidate.name for candidate in FORMATS)


def read(path: str | os.PathLike[str], *, limits: Limits = DEFAULT) -> Image:
    """Read one image, whatever its format.

    Args:
        path: a file; its content decides the format.
        limits: what reading it may cost.

    Returns:
        The image, with ``path`` set.

    Raises:
        UnreadableImage: always a subtype that says why, except where the file itself cannot be opened.

    Example:
        >>> read("no such file")
        Traceback (most recent call last):
        misyn.errors.UnreadableImage: expected a readable file, found no such file. Next: check the path and its rights
    """
    path = Path(path)
    found = sniff(path)
    with contained(found.name, path=path, limits=limits):
        return replace(found.reader().read(path, limits=limits), path=path)
