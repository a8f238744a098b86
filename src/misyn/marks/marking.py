"""Mark one file: write "synthetic" into it, whole or not at all.

Rules
-----
M1. Either a copy (``out``) or replacement in place: one must be chosen. A copy never replaces a file unless
    ``overwrite`` says so. At every instant the old file or the new one is there, whole (:mod:`misyn.atomic`).
M2. What was written is read back before it gets its name: a mark that cannot be read is not a mark.
M3. A file whose header shows acquisition (:mod:`misyn.marks.acquisition`) is refused, unless ``force`` gives a reason;
    the reason is written into the declaration. It is recorded only where it was needed.
M4. Marking again replaces the earlier declaration of the same technique. Another technique's declaration, or one that
    does not hold, is refused unless ``force`` gives a reason: overwriting it would hide where the image came from.
M5. A format without room is refused with the name of one to convert to.
M6. In place, a symbolic link stays and the file it leads to is replaced. A file with further hard links is replaced
    under this name only, and the result says how many other names still hold the unmarked one. A read-only file is
    refused.
M7. A copy is a regular file of its own, whatever the source was. Files of samples beside a header are copied
    along, before it.
M8. With ``key``, a credential is written last, over what is then in the file, and is read back like the rest. One that
    is there already is replaced where it carries a declaration of the same technique; another's is treated as in M4.
    Without ``key``, a file that carries one is refused: new metadata would break it, or say something else than it.
M9. The layer ``fingerprint`` needs a ``store``, which is written to once the file has its name. An image of a single
    value has none, and the result says so.
M10. The layer ``label`` changes the pixels of pictures: these are labelled in a copy only (:mod:`misyn.marks.label`).
    The words are named in the declaration, and stay named when the same technique marks again.
M11. A ``sidecar`` is written beside NIfTI files only where asked for; one that is there and is left is mentioned.
    ``itk`` leaves SyntheticData out of DICOM files (:mod:`misyn.marks.metadata.dicom_itk`), and the result says so.
M12. ``publish`` is asked once the declaration is final (force, label) and before anything is written: it gives the
    declaration with its ``log_entry``, or refuses, and then nothing is marked.
M13. The layer ``watermark`` changes pixels, within its bounds, before anything else is written
    (:mod:`misyn.marks.imprint`). A format that cannot be written without loss is refused; an image without room keeps
    its pixels, gets the other layers, and the result says so.

Example:
    >>> mark("a.png", declaration=None)
    Traceback (most recent call last):
    misyn.errors.UsageError: expected out or in_place, found neither. Next: say where the marked file goes
"""

from __future__ import annotations

import os
from collections.abc import Callable, Sequence
from dataclasses import replace
from pathlib import Path
from typing import cast

from misyn.errors import MarkError
from misyn.marks import beside, permission, placing
from misyn.marks.credential import marking as credentials
from misyn.marks.declaration import Declaration
from misyn.marks.mark_result import MarkResult
from misyn.marks.metadata import Writer, inspect_file
from misyn.marks.placing import claiming
from misyn.marks.request import LAYERS, check_arguments, check_store, writer_of
from misyn.marks.watermark.keys import Key
from misyn.signing import SigningKey

__all__ = ["LAYERS", "MarkResult", "mark"]


def mark(
    path: str | os.PathLike[str],
    *,
    declaration: Declaration,
    out: str | os.PathLike[str] | None = None,
    in_place: bool = False,
    overwrite: bool = False,
    force: str | None = None,
    layers: Sequence[str] | None = None,
    key: SigningKey | None = None,
    store: str | os.PathLike[str] | None = None,
    sidecar: bool = False,
    itk: bool = False,
    publish: Callable[[Declaration], Declaration] | None = None,
    watermark_key: Key | None = None,
) -> MarkResult:
    """Mark one file as a synthetic image.

    Pixels stay bit-identical and all else is kept, except with the layers ``watermark`` and ``label``.

    Args:
        path: the file.
        declaration: what to write.
        out: the marked copy's path, or a folder that is there and takes it under its own name.
        in_place: replace the file itself.
        overwrite: with ``out``, replace a file that is already there.
        force: why to mark a file that rules M3 and M4 refuse; written into the declaration.
        layers: which layers to write, out of :data:`LAYERS`; default: ``metadata``, and with a key ``credential``.
        key: who signs the credential.
        store: the folder of fingerprints, for the layer ``fingerprint``; made where it is absent.
        sidecar: write the BIDS sidecar of a NIfTI file too; other formats have none.
        itk: keep a DICOM file writable by ITK and SimpleITK, by leaving SyntheticData out; other formats always are.
        publish: gives the declaration that is about to be written its log entry (rule M12).
        watermark_key: for the layer ``watermark``, a private key whose mark is planted beside the public one.

    Raises:
        UsageError: the arguments cannot mean anything.
        MissingExtra: a credential is asked for, and the C2PA library is not installed.
        SigningError: the key's certificate is not valid now.
        AcquiredFromPatient: rule M3.
        NoRoomForMark: rules M5 and M13, or no room for a label.
        WouldOverwrite: rule M1.
        MarkError: rules M2, M4, M6 and M8, or a place for the mark that is taken by something broken.
        UnreadableImage: a subtype, where the file is no image or breaks its format's rules.
        OSError: the folder cannot be written, or the disk is full; nothing has changed.
    """
    source = Path(path)
    layers = tuple(layers) if layers is not None else LAYERS[: 1 if key is None else 2]
    check_arguments(source, out=out, in_place=in_place, force=force, layers=layers)
    check_store(layers, store)
    signing = credentials.key_for(layers, key)
    writer = writer_of(source, itk=itk, layers=layers, in_place=in_place)
    found = inspect_file(source, writer.format)
    with source.open("rb") as stream:
        signed_before = credentials.earlier(stream, writer.format, declaration, signing)
    against = permission.earlier(found, declaration) + signed_before
    declared, notes = permission.permitted(found, declaration, against, force=force)
    if in_place:
        target, more = placing.in_place(source)
    else:
        target, more = placing.copied(source, Path(cast("str", out)), writer, overwrite=overwrite)
    exclusive = not in_place and not overwrite
    with beside.content(source, target, writer, layers=layers, private=watermark_key) as content:
        declared = replace(declared, label=content.words or beside.label_of(found, declared))
        declared = declared if publish is None else publish(declared)
        with beside.extras(source, target, writer, declared, sidecar=sidecar, exclusive=exclusive) as more_still:
            signed = _write(content.path, target, writer, declared, key=signing, exclusive=exclusive)
    stored, last = beside.stored(target, declared, store)
    return MarkResult(
        path=source,
        target=target,
        format=writer.format,
        layers=content.layers,
        declaration=declared,
        notes=(*notes, *content.notes, *more, *more_still, *last),
        credential=signed,
        fingerprint=stored,
    )


def _write(
    source: Path, target: Path, writer: Writer, declaration: Declaration, *, key: SigningKey | None, exclusive: bool
) -> str | None:
    """Write the marked file and read its marks back before it gets its name (rules M1 and M2).

    Returns:
        The digest of the credential, where one was signed.
    """
    target.parent.mkdir(parents=True, exist_ok=True)
    with source.open("rb") as stream, claiming(target, exclusive=exclusive) as file:
        signed = None
        if key is None:
            writer.write(stream, file, declaration)
        else:
            signed = credentials.sign(source, stream, file, writer, declaration, key=key)
        file.flush()
        written = writer.read(file)
        if written is None or written.declarations != (declaration,) or not written.says_synthetic or written.says_not:
            raise MarkError(
                "expected to read back the mark that was written, found another. The file was left as it is. "
                "Next: convert it to another format, and report this"
            )
    return signed
