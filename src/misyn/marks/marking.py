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

Example:
    >>> mark("a.png", declaration=None)
    Traceback (most recent call last):
    misyn.errors.UsageError: expected out or in_place, found neither. Next: say where the marked file goes
"""

from __future__ import annotations

import os
import shutil
from collections.abc import Sequence
from dataclasses import dataclass, replace
from pathlib import Path
from typing import Any, BinaryIO, cast

from misyn.atomic import replacing
from misyn.errors import AcquiredFromPatient, MarkError, NoRoomForMark, UnknownFormat, UsageError, WouldOverwrite
from misyn.images.formats import sniff
from misyn.images.limits import read_head
from misyn.marks.acquisition import shown_by
from misyn.marks.credential import marking as credentials
from misyn.marks.declaration import Declaration
from misyn.marks.inspection import Inspection
from misyn.marks.metadata import Writer, writer_for
from misyn.signing import SigningKey

LAYERS = ("metadata", "credential")
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
    """

    path: Path
    target: Path
    format: str
    layers: tuple[str, ...]
    declaration: Declaration
    notes: tuple[str, ...] = ()
    credential: str | None = None

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
) -> MarkResult:
    """Mark one file as a synthetic image. Its pixels stay bit-identical, and everything else in it is kept.

    Args:
        path: the file.
        declaration: what to write.
        out: the marked copy's path, or a folder that is there and takes it under its own name.
        in_place: replace the file itself.
        overwrite: with ``out``, replace a file that is already there.
        force: why to mark a file that rules M3 and M4 refuse; written into the declaration.
        layers: which layers to write, out of :data:`LAYERS`; default: ``metadata``, and with a key ``credential``.
        key: who signs the credential.

    Raises:
        UsageError: the arguments cannot mean anything.
        MissingExtra: a credential is asked for, and the C2PA library is not installed.
        SigningError: the key's certificate is not valid now.
        AcquiredFromPatient: rule M3.
        NoRoomForMark: rule M5.
        WouldOverwrite: rule M1.
        MarkError: rules M2, M4, M6 and M8, or a place for the mark that is taken by something broken.
        UnreadableImage: a subtype, where the file is no image or breaks its format's rules.
        OSError: the folder cannot be written, or the disk is full; nothing has changed.
    """
    source = Path(path)
    layers = tuple(layers) if layers is not None else LAYERS[: 1 if key is None else 2]
    _check_arguments(source, out=out, in_place=in_place, force=force, layers=layers)
    signing = credentials.key_for(layers, key)
    writer = _writer(source)
    with source.open("rb") as stream:
        found = writer.inspect(stream)
        earlier = _earlier(found, declaration) + credentials.earlier(stream, writer.format, declaration, signing)
    declared, notes = _permitted(found, declaration, earlier, force=force)
    if in_place:
        target, more = _in_place(source)
        signed = _write(source, target, writer, declared, key=signing, exclusive=False)
    else:
        target, more = _copied(source, Path(cast("str", out)), writer, overwrite=overwrite)
        signed = _write(source, target, writer, declared, key=signing, exclusive=not overwrite)
    return MarkResult(
        path=source,
        target=target,
        format=writer.format,
        layers=layers,
        declaration=declared,
        notes=(*notes, *more),
        credential=signed,
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
            f"expected layers out of {', '.join(LAYERS)}, metadata always among them, found others. "
            "Next: layers=('metadata',)"
        )
    if source.is_dir():
        raise UsageError("expected a file to mark, found a folder. Next: mark its files one by one")


def _writer(source: Path) -> Writer:
    """The writer of the format that the content shows (rule M5)."""
    try:
        return writer_for(sniff(source).name)
    except UnknownFormat as error:
        if source.suffix.lower() in _MGH_ENDINGS or read_head(source, 4) == b"\0\0\0\1":
            raise NoRoomForMark(
                "expected a format with room for a mark, found MGH, which has none. Next: convert it to NIfTI"
            ) from error
        raise


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


def _in_place(source: Path) -> tuple[Path, list[str]]:
    """Rule M6."""
    target = source.resolve(strict=True)
    notes = []
    if source.is_symlink():
        notes.append("a symbolic link: it stays, and the file it leads to was replaced")
    if not os.access(target, os.W_OK) or not target.stat().st_mode & 0o200:
        raise MarkError("expected a file that may be written, found a read-only one. Next: allow writing, or use out")
    others = target.stat().st_nlink - 1
    if others:
        names = "1 other name" if others == 1 else f"{others} other names"
        notes.append(f"hard-linked: {names} of this file still hold the unmarked image")
    return target, notes


def _copied(source: Path, out: Path, writer: Writer, *, overwrite: bool) -> tuple[Path, list[str]]:
    """Rules M1 and M7: where the copy goes, with its files of samples there already."""
    target = out / source.name if out.is_dir() else out
    if target.exists() and target.samefile(source):
        raise UsageError("expected out to be another file, found the file itself. Next: use in_place")
    companions = writer.companions(source)
    places = [target, *(target.parent / file.relative_to(_home(source, file)) for file in companions)]
    if not overwrite and any(os.path.lexists(place) for place in places):
        raise WouldOverwrite("expected no file where the copy goes, found one. Next: another folder, or overwrite")
    notes = []
    if target.is_symlink():
        notes.append(
            "a symbolic link was where the copy goes: the copy took its place, and what it led to is untouched"
        )
    for file, place in zip(companions, places[1:], strict=True):
        place.parent.mkdir(parents=True, exist_ok=True)
        with file.open("rb") as samples, _claiming(place, exclusive=not overwrite) as copy:
            shutil.copyfileobj(samples, copy, 1 << 20)
    if companions and target.name != source.name:
        notes.append("the files of samples beside the header keep their names")
    return target, notes


def _home(source: Path, companion: Path) -> Path:
    """The header's folder, resolved where the companion's path is."""
    return source.parent if companion.is_relative_to(source.parent) else source.parent.resolve()


class _claiming:  # noqa: N801 - a context manager, used like a function
    """:func:`misyn.atomic.replacing`, with a refusal of ours where a file is in the way."""

    def __init__(self, path: Path, *, exclusive: bool) -> None:
        self._manager = replacing(path, exclusive=exclusive)

    def __enter__(self) -> BinaryIO:
        return self._manager.__enter__()

    def __exit__(self, kind: Any, error: Any, trace: Any) -> bool | None:  # noqa: ANN401 - as the protocol has it
        try:
            return self._manager.__exit__(kind, error, trace)
        except FileExistsError as there:
            raise WouldOverwrite(
                "expected no file where the copy goes, found one. Next: another folder, or overwrite"
            ) from there


def _write(
    source: Path, target: Path, writer: Writer, declaration: Declaration, *, key: SigningKey | None, exclusive: bool
) -> str | None:
    """Write the marked file and read its marks back before it gets its name (rules M1 and M2).

    Returns:
        The digest of the credential, where one was signed.
    """
    target.parent.mkdir(parents=True, exist_ok=True)
    with source.open("rb") as stream, _claiming(target, exclusive=exclusive) as file:
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
