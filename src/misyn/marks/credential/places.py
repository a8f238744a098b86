"""Where each format keeps its credential, in one visible list.

Rules
-----
1. *Embedded* places belong to the C2PA library, which is named the format by its media type.
2. *Detached* places are this package's modules, each with ``get(source) -> bytes | None`` and
   ``put(source, target, manifest)``; they lie where the metadata layer writes too. A module may have ``put_both``,
   which writes metadata and manifest in one pass.
3. Whether a manifest is there is found out without the C2PA library.

To add a format: where C2PA has a handler, add a line with its media type; elsewhere write a module with ``get`` and
``put`` and add a line with its name.

Example:
    >>> place_for("png").media_type
    'image/png'
"""

from __future__ import annotations

import importlib
import tempfile
from collections.abc import Callable
from dataclasses import dataclass
from typing import TYPE_CHECKING, BinaryIO, Literal, Protocol, cast

from misyn.errors import NoRoomForMark, UnreadableImage
from misyn.images.containment import contained
from misyn.images.limits import DEFAULT
from misyn.marks.metadata import writer_for

if TYPE_CHECKING:
    from misyn.marks.declaration import Declaration

DETACHED_TYPE = "application/octet-stream"
IN_MEMORY = 8 << 20  # bytes of a file that wait in memory between two passes; larger ones wait on the disk
MOST_MANIFEST = 4 << 20  # with a declaration of 64 KiB and a chain of five; what is larger is not ours


class _Module(Protocol):
    def get(self, source: BinaryIO) -> bytes | None:
        """Read the manifest store."""

    def put(self, source: BinaryIO, target: BinaryIO, manifest: bytes) -> None:
        """Copy source to target with the manifest store in it."""


@dataclass(frozen=True)
class Place:
    """One format's place: its name in :data:`misyn.images.FORMATS`, how the credential binds, and where it lies."""

    format: str
    binding: Literal["embedded", "detached"]
    where: str
    media_type: str = DETACHED_TYPE

    def _module(self) -> _Module:
        return cast("_Module", importlib.import_module(f"misyn.marks.credential.{self.format}"))

    def get(self, source: BinaryIO) -> bytes | None:
        """Read the manifest store without judging it; None where there is none.

        Raises:
            UnreadableImage: the file, or the place, is damaged.
        """
        from misyn.marks.credential import embedded  # noqa: PLC0415 - listing the places stays light

        with contained(self.format, path=None, limits=DEFAULT):
            if self.binding == "embedded":
                return embedded.get(source, self.format)
            return self._module().get(source)

    def is_there(self, source: BinaryIO) -> bool:
        """Say whether something lies in the place, readable or not."""
        try:
            return self.get(source) is not None
        except UnreadableImage:
            return True

    def put(self, source: BinaryIO, target: BinaryIO, manifest: bytes) -> None:
        """Copy ``source`` to ``target`` with a detached manifest store in it, in the place of an earlier one.

        Raises:
            MarkError: there is no room.
            UnreadableImage: the file does not keep its format's rules.
            OSError: the target cannot be written.
        """
        self._write(lambda: self._module().put(source, target, manifest))

    def put_both(self, source: BinaryIO, target: BinaryIO, manifest: bytes, *, declaration: Declaration) -> None:
        """Copy the unmarked ``source`` to ``target`` with the metadata layer and a detached manifest store in it.

        Raises:
            As :meth:`put`.
        """
        both = getattr(self._module(), "put_both", None)
        if both is not None:
            self._write(lambda: both(source, target, manifest, declaration))
            return
        with tempfile.SpooledTemporaryFile(max_size=IN_MEMORY) as waiting:
            marked = cast("BinaryIO", waiting)
            writer_for(self.format).write(source, marked, declaration)
            self.put(marked, target, manifest)

    def _write(self, write: Callable[[], None]) -> None:
        disk: OSError | None = None
        with contained(self.format, path=None, limits=DEFAULT):
            try:
                write()
            except OSError as error:  # a full disk says nothing about the file
                disk = error
        if disk is not None:
            raise disk


PLACES: tuple[Place, ...] = (
    Place("dicom", "detached", "the private block beside the declaration, element 02"),
    Place("nifti", "detached", "a header extension"),
    Place("nrrd", "detached", "a key/value line"),
    Place("metaimage", "detached", "a header key"),
    Place("png", "embedded", "a caBX chunk", "image/png"),
    Place("jpeg", "embedded", "APP11 segments", "image/jpeg"),
    Place("webp", "embedded", "a C2PA chunk", "image/webp"),
    Place("tiff", "embedded", "tag 52545", "image/tiff"),
    Place("gif", "embedded", "an application extension", "image/gif"),
)


def place_for(format: str) -> Place:  # noqa: A002 - the word of the house for it
    """Find the place of a format.

    Raises:
        NoRoomForMark: there is none.
    """
    for place in PLACES:
        if place.format == format:
            return place
    names = ", ".join(place.format for place in PLACES)
    raise NoRoomForMark(f"expected one of {names}, found {format}. Next: convert the file to one of these")
