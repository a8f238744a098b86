r"""The metadata layer of NRRD and NHDR: two key/value lines in the header.

Rules
-----
1. ``SyntheticData:=YES`` (the DICOM keyword; NRRD has none of its own) and ``misyn_declaration:=`` with the JSON,
   escaped as the format asks (a backslash as two). Both come last in the header. Earlier ones are replaced.
2. Key/value pairs exist since NRRD0002: the first line of an NRRD0001 file becomes NRRD0002. Nothing else changes;
   attached samples are copied as they lie, files of samples beside the header are not touched.
3. Readers differ in whether they undo the escape when they save again: both spellings are read.

Follows "Definition of NRRD File Format" (teem), sections 2, 5 and 8.

Example:
    >>> from io import BytesIO
    >>> inspect(BytesIO(b"NRRD0004\ntype: uint8\nSyntheticData:=YES\n\n")).mark.says_synthetic
    True
"""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path
from typing import BinaryIO

from misyn.errors import MalformedImage, RecordError
from misyn.marks.declaration import Declaration
from misyn.marks.inspection import MOST_TEXT, Gathering, Inspection, gathered
from misyn.marks.metadata import dicom_keys
from misyn.marks.metadata.data_files import numbered, there
from misyn.marks.metadata.lines import DECLARATION, STATEMENT, Line, lines
from misyn.marks.metadata.splice import Span, splice


def inspect(source: BinaryIO) -> Inspection:
    """Read what the header says of origin. Never raises for what a file holds after its signature."""
    return gathered("nrrd", header(source), _gather)


def write(source: BinaryIO, target: BinaryIO, declaration: Declaration) -> None:
    """Copy ``source`` to ``target`` with the declaration in its header.

    Raises:
        MalformedImage: this is no NRRD header.
    """
    found = list(header(source))
    first = found[0]
    ending = first.ending or b"\n"
    body = [line for line in found[1:] if line.text and key(line.text) not in (STATEMENT, DECLARATION)]
    kept = b"".join(line.text + (line.ending or ending) for line in body)
    magic = b"NRRD0002" if first.text == b"NRRD0001" else first.text
    escaped = declaration.to_text().replace("\\", "\\\\").encode("ascii")
    ours = STATEMENT + b":=YES" + ending + DECLARATION + b":=" + escaped + ending
    blank = b"" if found[-1].text else found[-1].raw  # a detached header may end without one
    splice(source, target, [magic + ending + kept + ours + blank, Span(found[-1].after)])


def companions(path: Path) -> tuple[Path, ...]:
    """The files of samples that a detached header names, which a copy needs too.

    Raises:
        UnreadableImage: a name leads out of the header's folder.
    """
    with path.open("rb") as source:
        names = list(_data_files(source))
    return there(path, names)


def header(source: BinaryIO) -> Iterator[Line]:
    """Yield the header's lines, with the blank one that ends it where there is one."""
    for n, line in enumerate(lines(source)):
        if n == 0 and not line.text.startswith(b"NRRD000"):
            break
        yield line
        if not line.text:
            return
        if n == 0 and not line.ending:
            break
    else:
        if source.tell():
            return
    raise MalformedImage("expected an NRRD header, found another. Next: copy the file again")


def key(text: bytes) -> bytes:
    """The key of a key/value line; empty where the line is none."""
    name, mark, _ = text.partition(b":=")
    return name if mark else b""


def _gather(line: Line, gathering: Gathering) -> None:
    name, value = key(line.text), line.text.partition(b":=")[2]
    if name == STATEMENT and value.strip().upper() in (b"YES", b"NO"):
        gathering.says("SyntheticData", value.decode("ascii"), synthetic=value.strip().upper() == b"YES")
    elif name == DECLARATION:
        gathering.declares("the NRRD header", _unescaped(value))
    elif name:
        named, text = name.decode("utf-8", "replace"), value[:MOST_TEXT].decode("utf-8", "replace")
        if not dicom_keys.gather(named, text, gathering):
            gathering.carries("nrrd", named, text)


def _unescaped(value: bytes) -> bytes:
    """Undo the escape, unless that leaves no declaration and the text as it is holds one (rule 3)."""
    plain = value.replace(b"\\\\", b"\\")
    if plain == value:
        return value
    try:
        Declaration.from_json(plain)
    except RecordError:
        return value
    return plain


def _data_files(source: BinaryIO) -> Iterator[str]:
    """Yield the names after ``data file:``: one, a list of lines, or a pattern with numbers."""
    listed = False
    for line in header(source):
        text = line.text.decode("utf-8", "replace")
        name, colon, value = text.partition(":")
        if listed and text:
            yield text.strip()
        elif colon and name.lower().replace(" ", "") == "datafile":
            listed = value.split()[:1] == ["LIST"]
            if not listed:
                yield from numbered(value.strip())
