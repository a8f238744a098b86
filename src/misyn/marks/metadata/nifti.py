r"""The metadata layer of NIfTI-1 and NIfTI-2: a header extension with the declaration, and ``descrip``.

Rules
-----
1. The declaration goes into an extension with ecode 6 (comment) as JSON: ``{"declaration": …, "descrip": …}``, where
   ``descrip`` is the header's own text as it was before. Many programs drop extensions.
2. ``descrip`` (80 bytes, the last one zero) therefore says ``SyntheticData=YES`` too, with the technique's name and the
   text that was there as far as they fit.
3. Other extensions, every other byte of the header and all samples stay as they are; ``vox_offset`` moves.
4. A gzip file is inflated and deflated in one pass, block by block; a pair's ``.img`` is not touched.
5. Analyze 7.5 has no extension: no room. So have bytes of unknown meaning between extensions and samples.

Follows nifti1.h (2007-10-05) and nifti2.h (2012-05-15), "Extending the header".

Example:
    >>> from io import BytesIO
    >>> header = (348).to_bytes(4, "little") + bytes(144) + b"SyntheticData=YES pca".ljust(80, b"\0")
    >>> mark = inspect(BytesIO(header.ljust(344, b"\0") + b"n+1\0" + bytes(4))).mark
    >>> mark.statements
    (Statement(field='descrip', value='SyntheticData=YES pca', synthetic=True),)
"""

from __future__ import annotations

import json
import re
from collections.abc import Callable
from dataclasses import replace
from pathlib import Path
from typing import BinaryIO

from misyn.errors import NoRoomForMark, UnreadableImage
from misyn.marks.declaration import Declaration, unique_keys
from misyn.marks.inspection import MOST_TEXT, Gathering, Inspection
from misyn.marks.metadata.nifti_header import COMMENT, Extension, Header, extended, plain_of, read, rewrite

DESCRIP = b"SyntheticData="
# How converters of DICOM series write an echo or repetition time and the time of acquisition (dcm2niix).
_ACQUIRED = re.compile(r"\bT[ER]=[0-9.e+-]+;Time=0*[1-9][0-9]{0,5}\b")


def inspect(source: BinaryIO) -> Inspection:
    """Read what the header says of origin. Never raises for what a file holds after its signature."""
    gathering = Gathering("nifti")
    try:
        with plain_of(source) as plain:
            header = read(plain)
    except UnreadableImage as error:
        gathering.breaks(error)
        return gathering.result()
    except NoRoomForMark:
        gathering.passes_over("Analyze 7.5 has no room for a mark")
        return gathering.result()
    _gather_descrip(header.descrip, gathering)
    for extension in header.extensions:
        _gather(extension, gathering)
    return gathering.result()


def write(source: BinaryIO, target: BinaryIO, declaration: Declaration) -> None:
    """Copy ``source`` to ``target`` with the declaration in its header; gzip stays gzip.

    Raises:
        MalformedImage: the header or its extensions do not hold.
        NoRoomForMark: Analyze 7.5, or bytes of unknown meaning where the extension would go.
    """
    rewrite(source, target, lambda header: _declared(header, declaration))


def extensions_of(source: BinaryIO) -> tuple[Extension, ...]:
    """Read the header's extensions, in the order of the file.

    Raises:
        MalformedImage: the header or its extensions do not hold.
        NoRoomForMark: Analyze 7.5, which has none.
    """
    with plain_of(source) as plain:
        return read(plain).extensions


def put_extension(
    source: BinaryIO,
    target: BinaryIO,
    content: bytes,
    *,
    instead_of: Callable[[Extension], bool],
    declaration: Declaration | None = None,
) -> None:
    """Copy ``source`` to ``target`` with a further comment in its header, instead of those ``instead_of`` names.

    With ``declaration``, what :func:`write` does is done in the same pass: a gzip file is deflated once.

    Raises:
        MalformedImage, NoRoomForMark: as :func:`write`.
    """

    def changed(header: Header) -> Header:
        return extended(header if declaration is None else _declared(header, declaration), content, instead_of)

    rewrite(source, target, changed)


def companions(path: Path) -> tuple[Path, ...]:
    """The ``.img`` beside a ``.hdr``, which a copy needs too."""
    stem, ending, _ = path.name.lower().rpartition(".hdr")
    if not ending:
        return ()
    names = (path.name[: len(stem)] + "." + kind for kind in ("img", "IMG", "img.gz", "IMG.GZ"))
    found = [path.with_name(name) for name in names if path.with_name(name).is_file()]
    return tuple(found[:1])


def _ours(extension: Extension) -> dict[str, object] | None:
    """The content of an extension of ours (rule 1), or None."""
    text = extension.raw[8:].rstrip(b"\0")
    if extension.code != COMMENT or not text.startswith(b'{"declaration":') or len(text) > MOST_TEXT:
        return None
    try:
        content = json.loads(text, object_pairs_hook=unique_keys)
    except (ValueError, RecursionError):
        content = {}
    return content if isinstance(content, dict) else {}


def _gather(extension: Extension, gathering: Gathering) -> None:
    if extension.code != COMMENT:
        return
    content = _ours(extension)
    if content is None:
        gathering.carries("nifti", "comment", extension.raw[8 : MOST_TEXT + 8].rstrip(b"\0").decode("utf-8", "replace"))
        return
    # Parsed again from its own text, so that the declaration's own strict parser sees it.
    declared = content.get("declaration")
    gathering.declares("a NIfTI extension", json.dumps(declared) if isinstance(declared, dict) else "")
    if isinstance(content.get("descrip"), str):
        _gather_acquisition(str(content["descrip"])[:80], gathering)


def _gather_descrip(descrip: bytes, gathering: Gathering) -> None:
    if descrip[: len(DESCRIP)].lower() == DESCRIP.lower():
        value = descrip[len(DESCRIP) :].upper()
        if value.startswith((b"YES", b"NO")):
            gathering.says("descrip", descrip.decode("latin-1"), synthetic=value.startswith(b"YES"))
    elif descrip:
        gathering.carries("nifti", "descrip", descrip.decode("latin-1"))
    _gather_acquisition(descrip.decode("latin-1"), gathering)


def _gather_acquisition(text: str, gathering: Gathering) -> None:
    """Rule A6 of the acquisition rules looks at ``descrip`` as it is, and as it was before the mark."""
    if _ACQUIRED.search(text):
        gathering.facts["descrip"] = "acquired"


def _declared(header: Header, declaration: Declaration) -> Header:
    """The header with the mark in it (rules 1 and 2)."""
    original = _original(header)
    content = json.dumps({"declaration": declaration.compact(), "descrip": original}, separators=(",", ":"))
    at = header.version.descrip
    raw = header.raw[:at] + _descrip(declaration, original).ljust(80, b"\0") + header.raw[at + 80 :]
    changed = replace(header, raw=raw)
    return extended(changed, content.encode("ascii"), lambda extension: _ours(extension) is not None)


def _original(header: Header) -> str:
    """``descrip`` as it was before the first mark; Latin-1 keeps any byte."""
    for extension in header.extensions:
        content = _ours(extension)
        if content is not None and isinstance(content.get("descrip"), str):
            return str(content["descrip"])[:80]
    text = header.descrip.decode("latin-1")
    return text.partition("; ")[2] if header.descrip.startswith(DESCRIP) else text


def _descrip(declaration: Declaration, original: str) -> bytes:
    """Rule 2: the statement first, then as much of name and earlier text as 79 bytes hold."""
    statement = DESCRIP + b"YES"
    name = declaration.technique.name.encode("ascii", "replace").replace(b";", b",")
    before = original.encode("latin-1", "replace")
    tail = b"; " + before if before else b""
    full = statement + b" " + name + tail
    return full if len(full) <= 79 else (statement + tail if tail else full)[:79]
