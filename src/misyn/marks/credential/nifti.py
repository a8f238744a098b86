r"""The credential in NIfTI-1 and NIfTI-2: a header extension with ecode 6 (comment), ``{"credential": "…"}``.

Rules
-----
1. A text in a comment, because NIfTI has no code for provenance and every reader passes comments on.
2. Other extensions and every sample stay as they are; ``vox_offset`` moves; an earlier credential is replaced.

Follows nifti1.h (2007-10-05) and nifti2.h (2012-05-15), "Extending the header".

Example:
    >>> from misyn.marks.metadata.nifti_header import Extension
    >>> is_ours(Extension(6, bytes(8) + b'{"credential":"eJw="}'))
    True
"""

from __future__ import annotations

from typing import BinaryIO

from misyn.errors import MalformedImage
from misyn.marks.credential.packed import pack, unpack
from misyn.marks.declaration import Declaration
from misyn.marks.metadata import nifti
from misyn.marks.metadata.nifti_header import COMMENT, Extension

_HEAD, _TAIL = b'{"credential":"', b'"}'


def is_ours(extension: Extension) -> bool:
    """Say whether an extension holds a credential."""
    return extension.code == COMMENT and extension.raw[8:].startswith(_HEAD)


def get(source: BinaryIO) -> bytes | None:
    """Read the manifest store."""
    for extension in nifti.extensions_of(source):
        if is_ours(extension):
            text = extension.raw[8:].rstrip(b"\0")
            if not text.endswith(_TAIL):
                raise MalformedImage("expected a credential in a NIfTI extension, found another text")
            return unpack(text[len(_HEAD) : -len(_TAIL)])
    return None


def put(source: BinaryIO, target: BinaryIO, manifest: bytes) -> None:
    """Copy the file with the manifest store in an extension."""
    nifti.put_extension(source, target, _HEAD + pack(manifest) + _TAIL, instead_of=is_ours)


def put_both(source: BinaryIO, target: BinaryIO, manifest: bytes, declaration: Declaration) -> None:
    """Copy the unmarked file with metadata and manifest store in one pass, so that gzip is deflated once."""
    content = _HEAD + pack(manifest) + _TAIL
    nifti.put_extension(source, target, content, instead_of=is_ours, declaration=declaration)
