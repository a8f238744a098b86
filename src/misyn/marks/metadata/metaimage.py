r"""The metadata layer of MetaImage (MHA and MHD): two keys before ``ElementDataFile``.

Rules
-----
1. ``SyntheticData = YES`` (the DICOM keyword; MetaImage has none of its own) and ``misyn_declaration =`` with the JSON.
   ``ElementDataFile`` ends the header, so both come right before it. Earlier ones are replaced.
2. Nothing else changes: samples in the same file are copied as they lie, files beside the header are not touched.
3. A file with its samples inside and a positive ``HeaderSize`` counts bytes from its start: it has no room, because
   every added byte would move the samples.

Follows the MetaIO documentation (ITK), "MetaImage tags".

Example:
    >>> from io import BytesIO
    >>> inspect(BytesIO(b"NDims = 2\nSyntheticData = YES\nElementDataFile = LOCAL\n")).mark.says_synthetic
    True
"""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path
from typing import BinaryIO

from misyn.errors import MalformedImage, NoRoomForMark
from misyn.marks.declaration import Declaration
from misyn.marks.inspection import MOST_TEXT, Gathering, Inspection, gathered
from misyn.marks.metadata import dicom_keys
from misyn.marks.metadata.data_files import numbered, there
from misyn.marks.metadata.lines import DECLARATION, STATEMENT, Line, lines
from misyn.marks.metadata.splice import Span, splice

_LAST = b"elementdatafile"
_LONGEST_KEY = 255


def inspect(source: BinaryIO) -> Inspection:
    """Read what the header says of origin. Never raises for what a file holds after its signature."""
    return gathered("metaimage", header(source), _gather)


def write(source: BinaryIO, target: BinaryIO, declaration: Declaration) -> None:
    """Copy ``source`` to ``target`` with the declaration in its header.

    Raises:
        MalformedImage: this is no MetaImage header.
        NoRoomForMark: the header says where in this file the samples lie (rule 3).
    """
    found = list(header(source))
    last = found[-1]
    check_room(found)
    ending = last.ending or b"\n"
    kept = b"".join(line.raw for line in found[:-1] if pair(line.text)[0] not in (STATEMENT, DECLARATION))
    declared = DECLARATION + b" = " + declaration.to_text().encode("ascii") + ending
    splice(source, target, [kept + STATEMENT + b" = YES" + ending + declared + last.raw, Span(last.after)])


def companions(path: Path) -> tuple[Path, ...]:
    """The files of samples that the header names, which a copy needs too.

    Raises:
        UnreadableImage: a name leads out of the header's folder.
    """
    with path.open("rb") as source:
        found = list(header(source))
        value = pair(found[-1].text)[1].decode("utf-8", "replace")
        names = list(_names(source, value, after=found[-1].after))
    return there(path, names)


def _names(source: BinaryIO, value: str, *, after: int) -> Iterator[str]:
    if value.upper() == "LOCAL":
        return
    if value.split()[:1] != ["LIST"]:
        yield from numbered(value)
        return
    for line in lines(source):
        if line.after > after and line.text.strip():
            yield line.text.decode("utf-8", "replace").strip()


def header(source: BinaryIO) -> Iterator[Line]:
    """Yield the header's lines; ``ElementDataFile`` is the last of them."""
    for line in lines(source):
        key = pair(line.text)[0]
        if not key and line.text.strip():
            break
        yield line
        if key.lower() == _LAST:
            return
    raise MalformedImage("expected a MetaImage header that ends with ElementDataFile, found another")


def pair(text: bytes) -> tuple[bytes, bytes]:
    """Key and value of a line; MetaIO also allows a colon between them."""
    mark = min((m for m in (b"=", b":") if m in text), key=text.index, default=b"")
    if not mark:
        return b"", b""
    key, _, value = text.partition(mark)
    return (key.strip(), value.strip()) if len(key) <= _LONGEST_KEY else (b"", b"")


def check_room(found: list[Line]) -> None:
    """Refuse a header that fixes the samples' place in its own file (rule 3)."""
    pairs = dict(pair(line.text) for line in found)
    local = pair(found[-1].text)[1].upper() == b"LOCAL"
    if local and pairs.get(b"HeaderSize", b"0").isdigit() and int(pairs.get(b"HeaderSize", b"0")) > 0:
        raise NoRoomForMark(
            "expected samples right after the header, found a HeaderSize that fixes their place. "
            "Next: save the volume again without HeaderSize, or convert it to NIfTI"
        )


def _gather(line: Line, gathering: Gathering) -> None:
    key, value = pair(line.text)
    if key == STATEMENT and value.upper() in (b"YES", b"NO"):
        gathering.says("SyntheticData", value.decode("ascii"), synthetic=value.upper() == b"YES")
    elif key == DECLARATION:
        gathering.declares("the MetaImage header", value)
    elif key == b"Comment":
        gathering.carries("metaimage", "Comment", value[:MOST_TEXT].decode("utf-8", "replace"))
    else:
        dicom_keys.gather(key.decode("latin-1"), value[:MOST_TEXT].decode("utf-8", "replace"), gathering)
