"""The credential's part in marking one file: may it be written, and writing it whole or not at all.

Rules
-----
1. Those of :mod:`misyn.marks.marking`, M1, M2 and M8: this module only carries them out.
2. The credential is the last thing written to a file.

Example:
    >>> key_for(("metadata",), None) is None
    True
"""

from __future__ import annotations

import shutil
import tempfile
from collections.abc import Sequence
from pathlib import Path
from typing import BinaryIO, cast

from misyn.errors import MarkError, UsageError
from misyn.images.formats import read as read_image
from misyn.marks.credential import library, reading, writing
from misyn.marks.credential.places import IN_MEMORY, place_for
from misyn.marks.declaration import Declaration
from misyn.marks.metadata import Writer, writer_for
from misyn.signing import SigningKey


def key_for(layers: Sequence[str], key: SigningKey | None) -> SigningKey | None:
    """The key to sign with, or None where no credential is wanted.

    Raises:
        UsageError: a credential is wanted and there is no key.
        MissingExtra: the C2PA library is not installed.
    """
    if "credential" not in layers:
        return None
    if key is None:
        raise UsageError("expected a key for the layer credential, found none. Next: misyn key new, then --key FOLDER")
    library.load()
    return key


def earlier(
    stream: BinaryIO,
    format: str,  # noqa: A002 - the word of the house for it
    declaration: Declaration,
    key: SigningKey | None,
) -> list[str]:
    """Sentences about a credential that must not be replaced silently (rule M8).

    Raises:
        MarkError: one is there, and no new one is to be written.
    """
    if not place_for(format).is_there(stream):
        return []
    if key is None:
        raise MarkError(
            "expected a file without a credential, found one with it, which new metadata would break. "
            "Next: sign it again (the layer credential, with a key)"
        )
    found = reading.read(Path(stream.name), format=format)
    name = found.declaration.technique.name if found.declaration else None
    return [] if name == declaration.technique.name else ["it carries another's credential"]


def sign(
    source: Path, stream: BinaryIO, file: BinaryIO, writer: Writer, declaration: Declaration, *, key: SigningKey
) -> str:
    """Write metadata and credential to ``file``, and read the credential back.

    Args:
        source: the file that is marked.
        stream: the same, open.
        file: the new file, open, which has a name on the disk.
        writer: the format's metadata layer.
        declaration: what is written and signed.
        key: who signs.

    Returns:
        The digest of the credential.

    Raises:
        MarkError: what was signed does not read back.
    """
    pixels = read_image(source).digest
    if writer != writer_for(writer.format):  # another mode of the metadata layer: first that, then the credential
        with tempfile.SpooledTemporaryFile(max_size=IN_MEMORY) as waiting:
            marked = cast("BinaryIO", waiting)
            writer.write(stream, marked, declaration)
            digest = writing.write(marked, file, format=writer.format, declaration=declaration, key=key, pixels=pixels)
    else:
        digest = writing.write_both(stream, file, format=writer.format, declaration=declaration, key=key, pixels=pixels)
    _check(file, writer.format, declaration, key=key, pixels=pixels)
    return digest


def sign_new(marked: BinaryIO, file: BinaryIO, *, format: str, declaration: Declaration, key: SigningKey) -> str:  # noqa: A002
    """Sign an image that has never been on the disk: ``marked`` is the whole file, with its metadata.

    Args:
        marked: a seekable stream.
        file: an empty file, open for reading and writing, which has a name on the disk that nobody knows yet.
        format: the format's name.
        declaration: what is signed.
        key: who signs.

    Returns:
        The digest of the credential.

    Raises:
        MarkError: what was signed does not read back.
    """
    marked.seek(0)
    shutil.copyfileobj(marked, file, 1 << 20)
    file.flush()
    pixels = read_image(Path(file.name)).digest
    file.seek(0)
    file.truncate()
    digest = writing.write(marked, file, format=format, declaration=declaration, key=key, pixels=pixels)
    _check(file, format, declaration, key=key, pixels=pixels)
    return digest


def _check(file: BinaryIO, format: str, declaration: Declaration, *, key: SigningKey, pixels: str) -> None:  # noqa: A002
    """Rule M2, for the credential."""
    file.flush()
    found = reading.read(Path(file.name), format=format, trust=key.chain[-1:], pixels=pixels)
    if found.state != "trusted" or found.declaration != declaration:
        raise MarkError(
            "expected to read back the credential that was signed, found another. The file was left as it is. "
            "Next: convert it to another format, and report this"
        )
