"""The metadata layer: each format's own place for "synthetic", one module per format, in one visible list.

Rules
-----
1. Pixels stay bit-identical and everything else in a file is kept: writers copy the old bytes and put new ones between.
2. A writer reads what it writes: every module has ``inspect`` and ``write``; a format whose samples may lie in other
   files has ``companions``.
3. Listing the writers imports none of them.
4. What a writer raises is an error of our tree, whatever the file holds.

To add a format: write a module here with ``inspect(source)`` and ``write(source, target, declaration)``, and add one
line to :data:`WRITERS`.

Honest limits: metadata is unsigned and is lost by many conversions; anyone can write it onto any file.

Example:
    >>> [writer.format for writer in WRITERS]
    ['dicom', 'nifti', 'nrrd', 'metaimage', 'png', 'jpeg', 'webp', 'tiff', 'gif']
"""

from __future__ import annotations

import importlib
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING, BinaryIO, Protocol, cast

from misyn.errors import NoRoomForMark, UnreadableImage
from misyn.images.containment import contained
from misyn.images.limits import DEFAULT

if TYPE_CHECKING:
    from misyn.marks.declaration import Declaration
    from misyn.marks.inspection import Inspection, MetadataMark


class WriterModule(Protocol):
    """What a format's module exposes."""

    def inspect(self, source: BinaryIO) -> Inspection:
        """Read what the header says of origin."""

    def write(self, source: BinaryIO, target: BinaryIO, declaration: Declaration) -> None:
        """Copy source to target with the declaration in its header."""


@dataclass(frozen=True)
class Writer:
    """One format's metadata layer: ``format`` is its name in :data:`misyn.images.FORMATS`, ``place`` says where.

    ``module`` is the module in this folder, where it is not named like the format.
    """

    format: str
    place: str
    module: str = ""

    def _module(self) -> WriterModule:
        return cast("WriterModule", importlib.import_module(f"{__name__}.{self.module or self.format}"))

    def inspect(self, source: BinaryIO) -> Inspection:
        """Read everything a file's header says that bears on origin; damage is in the result, not raised."""
        from misyn.marks.inspection import Inspection  # noqa: PLC0415 - listing the writers must stay light

        try:
            with contained(self.format, path=None, limits=DEFAULT):
                return self._module().inspect(source)
        except UnreadableImage as error:
            return Inspection(format=self.format, damage=error)

    def read(self, source: BinaryIO) -> MetadataMark | None:
        """Read the mark, or None where there is none."""
        return self.inspect(source).mark

    def write(self, source: BinaryIO, target: BinaryIO, declaration: Declaration) -> None:
        """Copy ``source`` to ``target`` with the declaration in it; an earlier one is replaced.

        Args:
            source: a seekable binary stream.
            target: a binary stream that is written to from its start; garbage where an error is raised.
            declaration: what to write.

        Raises:
            MarkError: there is no room, or the place is taken by something broken.
            UnreadableImage: a subtype, where the file does not keep its format's rules.
            OSError: the target cannot be written.
        """
        disk: OSError | None = None
        with contained(self.format, path=None, limits=DEFAULT):
            try:
                self._module().write(source, target, declaration)
            except OSError as error:  # a full disk says nothing about the file
                disk = error
        if disk is not None:
            raise disk

    def companions(self, path: Path) -> tuple[Path, ...]:
        """The files beside a header that hold its samples, which a copy needs too.

        Raises:
            UnreadableImage: a header names a file outside its folder.
        """
        find = getattr(self._module(), "companions", None)
        if find is None:
            return ()
        with contained(self.format, path=path, limits=DEFAULT):
            return cast("tuple[Path, ...]", find(path))


WRITERS: tuple[Writer, ...] = (
    Writer("dicom", "SyntheticData, ContributingEquipmentSequence, DerivationDescription, and a private block"),
    Writer("nifti", "a header extension, and descrip"),
    Writer("nrrd", "two key/value lines"),
    Writer("metaimage", "two header keys"),
    Writer("png", "an XMP packet"),
    Writer("jpeg", "an XMP packet"),
    Writer("webp", "an XMP packet"),
    Writer("tiff", "an XMP packet"),
    Writer("gif", "an XMP packet"),
)


def inspect_file(path: Path, format: str) -> Inspection:  # noqa: A002 - the word of the house for it
    """Read everything about origin in a file, and in the sidecar beside it where its format has one.

    Raises:
        OSError: the file cannot be opened.
        NoRoomForMark: no writer knows the format.
    """
    writer = writer_for(format)
    with path.open("rb") as source:
        found = writer.inspect(source)
    if format != "nifti":
        return found
    from misyn.marks.inspection import together  # noqa: PLC0415 - listing the writers must stay light
    from misyn.marks.metadata import sidecar  # noqa: PLC0415

    return together(found, sidecar.inspect(path))


# For files that ITK and SimpleITK shall write again; chosen by the caller, never by content.
ITK = Writer("dicom", "ContributingEquipmentSequence, DerivationDescription, and a private block", "dicom_itk")


def writer_for(format: str) -> Writer:  # noqa: A002 - the word of the house for it
    """Find the writer of a format.

    Raises:
        NoRoomForMark: there is none.

    Example:
        >>> writer_for("png").place
        'an XMP packet'
    """
    for writer in WRITERS:
        if writer.format == format:
            return writer
    names = ", ".join(writer.format for writer in WRITERS)
    raise NoRoomForMark(f"expected one of {names}, found {format}. Next: convert the file to one of these")
