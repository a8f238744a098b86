"""Where a marked file goes: in the place of the old one, or beside it as a copy, with the files of samples it needs.

Rules
-----
1. Those of :mod:`misyn.marks.marking`, M1, M6 and M7: this module only carries them out.
"""

from __future__ import annotations

import os
import shutil
from pathlib import Path
from typing import Any, BinaryIO

from misyn.atomic import replacing
from misyn.errors import MarkError, UsageError, WouldOverwrite
from misyn.marks.metadata import Writer


def in_place(source: Path) -> tuple[Path, list[str]]:
    """Find the file to replace (rule M6), and what to say of it.

    Raises:
        MarkError: it may not be written.
    """
    target = source.resolve(strict=True)
    notes = []
    if source.is_symlink():
        notes.append("a symbolic link: it stays, and the file it leads to was replaced")
    if not os.access(target, os.W_OK) or not target.stat().st_mode & 0o200:
        raise MarkError("expected a file that may be written, found a read-only one. Next: allow writing, or use out")
    others = target.stat().st_nlink - 1
    if others:
        names = (
            "1 other name of this file still holds" if others == 1 else f"{others} other names of this file still hold"
        )
        notes.append(f"hard-linked: {names} the unmarked image")
    return target, notes


def copied(source: Path, out: Path, writer: Writer, *, overwrite: bool) -> tuple[Path, list[str]]:
    """Find where the copy goes, with its files of samples there already (rules M1 and M7), and what to say of it.

    Raises:
        UsageError: the copy would be the file itself.
        WouldOverwrite: a file is there.
    """
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
        with file.open("rb") as samples, claiming(place, exclusive=not overwrite) as copy:
            shutil.copyfileobj(samples, copy, 1 << 20)
    if companions and target.name != source.name:
        notes.append("the files of samples beside the header keep their names")
    return target, notes


def _home(source: Path, companion: Path) -> Path:
    """The header's folder, resolved where the companion's path is."""
    return source.parent if companion.is_relative_to(source.parent) else source.parent.resolve()


class claiming:  # noqa: N801 - a context manager, used like a function
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
