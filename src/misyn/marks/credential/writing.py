"""Sign one image and put its credential into the file.

Rules
-----
1. ``source`` already carries what else is to be in it: the credential is written last.
2. An earlier manifest is replaced, not quoted: whether it may be is for :mod:`misyn.marks.marking` to decide.
3. A detached credential never touches the samples; an embedded one goes where the C2PA library puts it.
4. The private key stays in this process; nothing is sent anywhere.

Follows C2PA 2.1, "Hard bindings" (data hash) and "External manifests".

Example:
    >>> from io import BytesIO
    >>> write(BytesIO(), BytesIO(), format="mgh", declaration=None, key=None, pixels="")
    Traceback (most recent call last):
    misyn.errors.NoRoomForMark: expected one of dicom, nifti, nrrd, ... Next: convert the file to one of these
"""

from __future__ import annotations

import io
import json
import tempfile
from typing import Any, BinaryIO, cast

from misyn.canonical import digest
from misyn.errors import MarkError, SigningError
from misyn.marks.credential import library
from misyn.marks.credential.manifest import bound_line, definition
from misyn.marks.credential.places import IN_MEMORY, Place, place_for
from misyn.marks.declaration import Declaration
from misyn.marks.metadata import writer_for
from misyn.marks.shown import shown
from misyn.signing import SigningKey


def write(
    source: BinaryIO,
    target: BinaryIO,
    *,
    format: str,  # noqa: A002 - the word of the house for it
    declaration: Declaration,
    key: SigningKey,
    pixels: str,
) -> str:
    """Copy ``source`` to ``target`` with a signed credential in it.

    Args:
        source: a seekable binary stream.
        target: a binary stream, readable and seekable, written from its start; garbage where an error is raised.
        format: the format's name in :data:`misyn.images.FORMATS`.
        declaration: what is signed.
        key: who signs.
        pixels: digest of the canonical pixels, :attr:`misyn.images.Image.digest`.

    Returns:
        The digest of the manifest store: what a time stamp or a log entry should speak about.

    Raises:
        MissingExtra: the C2PA library is not installed.
        NoRoomForMark: the format, or this file, has no place for a credential.
        SigningError: the key's certificate is not valid now, or is not one C2PA accepts.
        MarkError: the C2PA library refuses the file.
        UnreadableImage: a subtype, where the file breaks its format's rules.
    """
    place = place_for(format)
    if place.binding == "embedded":
        return digest(_signed(place, declaration, key, pixels, source=source, target=target))
    line = io.BytesIO(bound_line(pixels))
    manifest = _signed(place, declaration, key, pixels, source=line, target=io.BytesIO())
    place.put(source, target, manifest)
    return digest(manifest)


def write_both(
    source: BinaryIO,
    target: BinaryIO,
    *,
    format: str,  # noqa: A002
    declaration: Declaration,
    key: SigningKey,
    pixels: str,
) -> str:
    """Copy an unmarked ``source`` to ``target`` with the metadata layer and, over it, a signed credential.

    Arguments, result and errors are those of :func:`write`; an earlier mark in ``source`` is replaced.
    """
    place = place_for(format)
    if place.binding == "detached":
        line = io.BytesIO(bound_line(pixels))
        manifest = _signed(place, declaration, key, pixels, source=line, target=io.BytesIO())
        place.put_both(source, target, manifest, declaration=declaration)
        return digest(manifest)
    with tempfile.SpooledTemporaryFile(max_size=IN_MEMORY) as waiting:
        marked = cast("BinaryIO", waiting)
        writer_for(format).write(source, marked, declaration)
        return digest(_signed(place, declaration, key, pixels, source=marked, target=target))


def _signed(
    place: Place, declaration: Declaration, key: SigningKey, pixels: str, *, source: BinaryIO, target: BinaryIO
) -> bytes:
    """Let the library sign ``source`` into ``target``, and give the manifest store."""
    c2pa = library.load()
    made = json.dumps(definition(declaration, pixels=pixels))
    source.seek(0)
    try:
        with c2pa.Context.from_dict(library.settings(anchors="")) as context, library.signer(key) as signer:
            builder = c2pa.Builder(made, context=context)
            if place.binding == "detached":
                builder.set_no_embed()
            with builder:
                return cast("bytes", builder.sign(signer, place.media_type, source, target))
    except c2pa.C2paError as error:
        raise _refused(error, place) from error


def _refused(error: Any, place: Place) -> MarkError | SigningError:  # noqa: ANN401 - the library has no types
    """The library's refusal in our words; its own text may quote the file."""
    kind = type(error).__name__.removeprefix("_C2pa")
    if kind in ("Signature", "CoseCert", "Cose") or "certificate" in str(error):
        return SigningError(
            "expected a signing certificate that is valid now and may sign credentials, found one the C2PA library "
            f"refuses ({shown(str(error), longest=80)}). Next: misyn key renew"
        )
    return MarkError(
        f"expected a {place.format} file that a credential can be put into, found one the C2PA library refuses "
        f"({kind or 'no reason given'}). Next: save the picture again, or convert it to PNG"
    )
