"""Mark files that were drawn before: from a record, over files and folders.

Rules
-----
1. Folders keep their shape under the output folder; only files that are images are taken from a folder.
2. Either copies (``out``) or replacement in place (``in_place``): one must be chosen, before any file is opened.
3. The first refusal ends the job and names its file; what was marked before it is whole, and counted.
"""

from __future__ import annotations

import os
from collections.abc import Callable, Iterator, Sequence
from datetime import datetime
from pathlib import Path
from typing import Any, Protocol

from misyn.errors import MarkError, MisynError, UsageError
from misyn.generate.declare import declare, signing_key
from misyn.images.folder import images_in
from misyn.marks import mark
from misyn.marks.declaration import Declaration
from misyn.marks.watermark.keys import Key
from misyn.signing import watermark_secret

Progress = Callable[[int, int], None]


class Publishing(Protocol):
    """Who is told of what is marked: :class:`misyn.oversight.log.publication.Publication`, or another."""

    def declaration(self, declaration: Declaration) -> Declaration:
        """Give a declaration that is about to be written its log entry."""

    def credential(self, digest: str | None) -> None:
        """Note a credential that was signed."""


def mark_existing(
    places: Sequence[Path],
    *,
    record: Path,
    now: datetime,
    out: Path | None = None,
    in_place: bool = False,
    overwrite: bool = False,
    force: str | None = None,
    layers: Sequence[str] = ("metadata",),
    key: Path | None = None,
    store: Path | None = None,
    sidecar: bool = False,
    itk: bool = False,
    publish: Publishing | None = None,
    progress: Progress | None = None,
) -> dict[str, Any]:
    """Mark files and folders as synthetic images of the record's technique.

    Args:
        places: files or folders.
        record: the technique's ``misyn.yaml``.
        now: the present time, for the declaration.
        out: folder for the marked copies.
        in_place: replace each file, whole or not at all.
        overwrite: with ``out``, replace files that are already there.
        force: why to mark files whose header speaks against it; written into their declaration.
        layers: which layers to write.
        key: the key folder for the layer credential; None looks where ``misyn key show`` does. Where it is named, the
            layer watermark carries the private mark of its ``watermark.key`` too.
        store: the folder of fingerprints for the layer fingerprint.
        sidecar: write the BIDS sidecars of NIfTI files too.
        itk: keep DICOM files writable by ITK and SimpleITK.
        publish: who is told of declarations before they are written, and of credentials once they are.
        progress: called with (done, total).

    Returns:
        What ``misyn mark --json`` prints: schema, technique, how many were marked, and one object per file.

    Raises:
        UsageError: neither or both of ``out`` and ``in_place``.
        MissingExtra: a credential is asked for, and the C2PA library is not installed.
        SigningError: a credential is asked for, or a watermark with a named key, and there is no usable key.
        MisynError: a subtype, with the file's name: see :func:`misyn.marks.mark`.
    """
    if (out is None) == (not in_place):
        found = "both" if in_place else "neither"
        raise UsageError(f"expected --out FOLDER or --in-place, found {found}. Next: say where the marked files go")
    signing = signing_key(key) if "credential" in layers else None
    private = Key(watermark_secret(key)) if key is not None and "watermark" in layers else None
    declaration = declare(record, now=now)
    work = [pair for place in places for pair in _targets(place, out)]
    files: list[dict[str, Any]] = []
    for done, (path, target) in enumerate(work):
        if progress is not None:
            progress(done, len(work))
        try:
            result = mark(
                path,
                declaration=declaration,
                out=target,
                in_place=in_place,
                overwrite=overwrite,
                force=force,
                layers=layers,
                key=signing,
                store=store,
                sidecar=sidecar,
                itk=itk,
                publish=None if publish is None else publish.declaration,
                watermark_key=private,
            )
        except MisynError as error:
            raise _with_name(error, path, done) from error
        if publish is not None:
            publish.credential(result.credential)
        files.append(result.as_json())
    if progress is not None:
        progress(len(work), len(work))
    technique = declaration.technique
    return {
        "schema": "misyn/mark/1",
        "technique": f"{technique.name} {technique.version}".strip(),
        "marked": len(files),
        "files": files,
    }


def _targets(place: Path, out: Path | None) -> Iterator[tuple[Path, Path | None]]:
    """Pair every image with the copy it becomes (rule 1)."""
    for file in images_in(place).files if place.is_dir() else (None,):
        path, relative = (place, place.name) if file is None else (file.path, file.relative)
        yield path, None if out is None else out / relative.replace("/", os.sep)


def _with_name(error: MisynError, path: Path, done: int) -> MisynError:
    """Say which file was refused, and what is already done (rule 3)."""
    before = f" ({done} marked before it)" if done else ""
    named = type(error) if isinstance(error, MarkError) else MisynError
    return named(f"{path}{before}: {error}")
