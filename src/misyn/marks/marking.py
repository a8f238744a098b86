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

Example:
    >>> mark("a.png", declaration=None)
    Traceback (most recent call last):
    misyn.errors.UsageError: expected out or in_place, found neither. Next: say where the marked file goes
"""

from __future__ import annotations

import os
from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from dataclasses import dataclass, replace
from pathlib import Path
from typing import Any, cast

from misyn.errors import AcquiredFromPatient, MarkError, NoRoomForMark, UnknownFormat, UsageError
from misyn.images.formats import read as read_image
from misyn.images.formats import sniff
from misyn.images.limits import read_head
from misyn.marks import fingerprint, placing
from misyn.marks.acquisition import shown_by
from misyn.marks.credential import marking as credentials
from misyn.marks.declaration import Declaration
from misyn.marks.inspection import Inspection
from misyn.marks.label import labelled
from misyn.marks.metadata import ITK, Writer, inspect_file, writer_for
from misyn.marks.metadata import sidecar as sidecars
from misyn.marks.placing import claiming
from misyn.marks.shown import shown
from misyn.signing import SigningKey

LAYERS = ("metadata", "credential", "fingerprint", "label")
_MGH_ENDINGS = (".mgh", ".mgz")


@dataclass(frozen=True, kw_only=True)
class MarkResult:
    """What marking one file did.

    Attributes:
        path: the file that was given.
        target: where the marked file is.
        format: its format's name.
        layers: the layers written.
        declaration: what was written; its ``forced`` is the reason, where force was needed.
        notes: sentences a person should read: links, earlier marks, what force overrode.
        credential: digest of the credential that was signed, for a time stamp or a log; None without one.
        fingerprint: digest of the pixels that the store now knows; None where none was stored.
    """

    path: Path
    target: Path
    format: str
    layers: tuple[str, ...]
    declaration: Declaration
    notes: tuple[str, ...] = ()
    credential: str | None = None
    fingerprint: str | None = None

    def as_json(self) -> dict[str, Any]:
        """Give what ``misyn mark --json`` shows of one file."""
        return {
            "path": str(self.path),
            "target": str(self.target),
            "format": self.format,
            "layers": list(self.layers),
            "declaration": self.declaration.digest,
            "forced": self.declaration.forced,
            "credential": self.credential,
            "fingerprint": self.fingerprint,
            "notes": list(self.notes),
        }


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
) -> MarkResult:
    """Mark one file as a synthetic image. Pixels stay bit-identical and all else is kept, except with ``label``.

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

    Raises:
        UsageError: the arguments cannot mean anything.
        MissingExtra: a credential is asked for, and the C2PA library is not installed.
        SigningError: the key's certificate is not valid now.
        AcquiredFromPatient: rule M3.
        NoRoomForMark: rule M5, or no room for a label.
        WouldOverwrite: rule M1.
        MarkError: rules M2, M4, M6 and M8, or a place for the mark that is taken by something broken.
        UnreadableImage: a subtype, where the file is no image or breaks its format's rules.
        OSError: the folder cannot be written, or the disk is full; nothing has changed.
    """
    source = Path(path)
    layers = tuple(layers) if layers is not None else LAYERS[: 1 if key is None else 2]
    _check_arguments(source, out=out, in_place=in_place, force=force, layers=layers)
    _check_store(layers, store)
    signing = credentials.key_for(layers, key)
    writer = _writer(source, itk=itk, layers=layers, in_place=in_place)
    found = inspect_file(source, writer.format)
    with source.open("rb") as stream:
        earlier = _earlier(found, declaration) + credentials.earlier(stream, writer.format, declaration, signing)
    declared, notes = _permitted(found, declaration, earlier, force=force)
    if in_place:
        target, more = placing.in_place(source)
    else:
        target, more = placing.copied(source, Path(cast("str", out)), writer, overwrite=overwrite)
    exclusive = not in_place and not overwrite
    with _content(source, target, writer, layers=layers) as (content, words):
        declared = replace(declared, label=words or _label_of(found, declared))
        more += _extras(source, target, writer, declared, sidecar=sidecar, exclusive=exclusive)
        signed = _write(content, target, writer, declared, key=signing, exclusive=exclusive)
    stored, last = _stored(target, declared, store)
    return MarkResult(
        path=source,
        target=target,
        format=writer.format,
        layers=layers,
        declaration=declared,
        notes=(*notes, *more, *last),
        credential=signed,
        fingerprint=stored,
    )


def _check_arguments(source: Path, *, out: object, in_place: bool, force: str | None, layers: Sequence[str]) -> None:
    if (out is None) == (not in_place):
        found = "both" if in_place else "neither"
        raise UsageError(f"expected out or in_place, found {found}. Next: say where the marked file goes")
    if force is not None and not force.strip():
        raise UsageError("expected a reason with force, found none. Next: say why; it is written into the declaration")
    missing = [layer for layer in layers if layer not in LAYERS]
    if missing or "metadata" not in layers:
        raise UsageError(
            f"expected layers out of {', '.join(LAYERS)}, metadata always among them, found "
            f"{', '.join(layers) or 'none'}. Next: metadata alone, or metadata and credential with a key"
        )
    if source.is_dir():
        raise UsageError("expected a file to mark, found a folder. Next: mark its files one by one")


def _check_store(layers: Sequence[str], store: object) -> None:
    """A store without the layer, or the layer without a store, means nothing (rule M9)."""
    if ("fingerprint" in layers) != (store is not None):
        raise UsageError(
            "expected the layer fingerprint together with a store for it, found one without the other. "
            "Next: misyn mark --layers metadata,fingerprint --store FOLDER"
        )


def _writer(source: Path, *, itk: bool, layers: Sequence[str], in_place: bool) -> Writer:
    """The writer of the format that the content shows (rules M5, M10 and M11)."""
    try:
        format = sniff(source).name  # noqa: A001 - the word of the house for it
    except UnknownFormat as error:
        if source.suffix.lower() in _MGH_ENDINGS or read_head(source, 4) == b"\0\0\0\1":
            raise NoRoomForMark(
                "expected a format with room for a mark, found MGH, which has none. Next: convert it to NIfTI"
            ) from error
        raise
    if "label" in layers and in_place and format != "dicom":
        raise UsageError(
            "expected out for the layer label, found in_place: burned-in words change the pixels of this format. "
            "Next: write a labelled copy with out"
        )
    return ITK if itk and format == "dicom" else writer_for(format)


@contextmanager
def _content(source: Path, target: Path, writer: Writer, *, layers: Sequence[str]) -> Iterator[tuple[Path, str | None]]:
    """The file whose content is marked: the source, or a labelled copy of it with its words (rule M10)."""
    if "label" not in layers:
        yield source, None
        return
    target.parent.mkdir(parents=True, exist_ok=True)
    with labelled(source, format=writer.format, beside=target.parent) as (copy, words):
        yield copy, words


def _label_of(found: Inspection, declaration: Declaration) -> str | None:
    """The label an earlier declaration of the same technique names: its words are still in the image."""
    earlier = found.mark.declarations if found.mark else ()
    names = [one.label for one in earlier if one.technique.name == declaration.technique.name and one.label]
    return names[0] if names else declaration.label


def _extras(
    source: Path, target: Path, writer: Writer, declaration: Declaration, *, sidecar: bool, exclusive: bool
) -> list[str]:
    """Write what lies beside the file, and say what a person should know of it (rules M10 and M11)."""
    notes = []
    if declaration.label and writer.format != "dicom":
        notes.append(f"the words {declaration.label} are burned in: the pixels of this copy are not the original's")
    if writer is ITK:
        notes.append("SyntheticData was left out for ITK: software that looks for it alone will miss the mark")
    if writer.format == "nifti" and sidecar:
        place = sidecars.write(source, target, declaration, overwrite=not exclusive)
        notes.append(f"the sidecar {shown(place.name)} says so too")
    elif writer.format == "nifti" and sidecars.path_of(source).is_file():
        notes.append("a BIDS sidecar lies beside this file and was left as it is; ask for sidecar to write it too")
    return notes


def _stored(target: Path, declaration: Declaration, store: object) -> tuple[str | None, list[str]]:
    """Keep the fingerprint of the marked file's pixels (rule M9)."""
    if store is None:
        return None, []
    try:
        digest = fingerprint.fingerprint_of(read_image(target))
    except MarkError as error:
        return None, [f"no fingerprint was stored: {error}"]
    fingerprint.add(Path(cast("str", store)), digest, declaration)
    return digest, []


def _permitted(
    found: Inspection, declaration: Declaration, earlier: list[str], *, force: str | None
) -> tuple[Declaration, list[str]]:
    """Rules M3, M4 and M8: the declaration to write, and what to say of it."""
    shown = shown_by(found.facts)
    if not shown and not earlier:
        again = found.mark is not None and bool(found.mark.declarations)
        return replace(declaration, forced=None), ["an earlier declaration of this technique was replaced"] * again
    sentences = [rule.sentence for rule in shown] + earlier
    if force is None:
        error = AcquiredFromPatient if shown else MarkError
        raise error(
            f"expected a synthetic image, found that {' and '.join(sentences)}. Next: check the file; if it is "
            "synthetic all the same, force the mark with a reason, which is written into the declaration"
        )
    return replace(declaration, forced=force), [f"forced, although {sentence}" for sentence in sentences]


def _earlier(found: Inspection, declaration: Declaration) -> list[str]:
    """Sentences about earlier declarations that must not be overwritten silently (rule M4)."""
    if found.mark is None:
        return []
    names = {earlier.technique.name for earlier in found.mark.declarations}
    others = ["it carries another technique's declaration"] if names - {declaration.technique.name} else []
    return others + (["it carries a declaration that does not hold"] if found.mark.malformed else [])


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
