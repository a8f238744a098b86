r"""Scan a place: list it, read every member on all cores, and put together what the rows say.

Rules
-----
1. One row per file, in order of paths; what could not be opened or read has a row with its error.
2. The same place and options give the same rows, groups and pairs, on one core or many.
3. With ``out``, rows that were finished before an interruption are not read again: the engine's ledger keeps them in a
   hidden folder there, until :func:`misyn.marks.scan.writing.clear`.
4. Nothing is written but into ``out``: a table of files, a separation manifest, groups, duplicates, and the aggregate.

Example:
    >>> import tempfile
    >>> with tempfile.TemporaryDirectory() as name:
    ...     _ = (Path(name) / "a.txt").write_text("not an image")
    ...     [(row["path"], row["kind"]) for row in scan(Path(name), workers=0).rows]
    [('a.txt', 'not-an-image')]
"""

from __future__ import annotations

import tempfile
from collections.abc import Callable, Mapping, Sequence
from contextlib import ExitStack
from dataclasses import dataclass
from functools import partial
from pathlib import Path
from typing import Any

from misyn import engine
from misyn.errors import NoImages
from misyn.images.places import Bounds, Member, Survey, survey
from misyn.marks.credential.trust import Proof, anchors_from
from misyn.marks.fingerprint import check
from misyn.marks.scan import duplicates
from misyn.marks.scan.groups import groups
from misyn.marks.scan.joining import Joining, join
from misyn.marks.scan.row import scan_row
from misyn.marks.scan.summary import summarise

Progress = Callable[[int, int], None]
LEDGER = ".misyn-scan"


@dataclass(frozen=True, kw_only=True)
class Looking:
    """What to look at in every file.

    Attributes:
        pixels: decode them, for digests and duplicates; without, only headers are read (much faster).
        watermark: search the pixels for the public watermark (much slower).
        trust: a PEM file with the roots whose credentials are trusted.
        store: a folder of fingerprints to look pixels up in.
        proof: of the age of credentials (:func:`misyn.marks.verify`).
    """

    pixels: bool = True
    watermark: bool = False
    trust: Path | None = None
    store: Path | None = None
    proof: Proof | None = None


@dataclass(frozen=True)
class Scan:
    """What a scan found.

    Attributes:
        rows: one per file, in order of paths (:mod:`misyn.marks.scan.schema`).
        groups: one per series, study, patient and folder (:mod:`misyn.marks.scan.groups`).
        pairs: duplicates, exact ones first (:mod:`misyn.marks.scan.duplicates`).
        content: the aggregate (:mod:`misyn.marks.scan.summary`).
        items: by path, the text by which a member comes to hand again, for those that may.
    """

    rows: tuple[Mapping[str, Any], ...]
    groups: tuple[Mapping[str, Any], ...]
    pairs: tuple[Mapping[str, Any], ...]
    content: Mapping[str, Any]
    items: Mapping[str, str]


def scan(
    place: Path,
    *,
    out: Path | None = None,
    looking: Looking | None = None,
    joining: Joining | None = None,
    bounds: Bounds | None = None,
    workers: int | None = None,
    progress: Progress | None = None,
) -> Scan:
    """Scan a place.

    Args:
        place: a folder, a ZIP or tar archive, a DICOMDIR, or one file.
        out: the folder that :func:`misyn.marks.scan.writing.write` will write into; keeps the ledger (rule 3).
        looking: what to look at.
        joining: a table beside the files.
        bounds: what the place may cost.
        workers: processes; None for one per core, 0 for this one.
        progress: called with (done, total).

    Raises:
        InputError: there is no such place, it cannot be read, or the store cannot be used.
        NoImages: it holds no file.
        LimitExceeded: it passes one of its bounds.
        TableError: the table does not join.
        SigningError: ``trust`` cannot be read.
    """
    looking, joining = looking or Looking(), joining or Joining()
    anchors_from(looking.trust)  # what cannot be read is refused once, here, and not for every file
    if looking.store is not None:
        check(looking.store)
    with ExitStack() as stack:
        scratch = _scratch(out, stack)
        found = survey(place, bounds=bounds, scratch=scratch)
        if not found.members:
            raise NoImages("expected a place with files in it, found none. Next: check the path")
        rows = _rows(found, looking, scratch, out, workers, progress)
        said = join(rows, joining)
        return _put_together(found, rows, said, looking)


def _scratch(out: Path | None, stack: ExitStack) -> Path:
    """A folder for what is unpacked: the same one from run to run where a ledger has to find it again."""
    if out is None:
        return Path(stack.enter_context(tempfile.TemporaryDirectory(prefix="misyn-")))
    place = out / LEDGER / "unpacked"
    place.mkdir(parents=True, exist_ok=True)
    return place


def _rows(
    found: Survey,
    looking: Looking,
    scratch: Path,
    out: Path | None,
    workers: int | None,
    progress: Progress | None,
) -> list[dict[str, Any]]:
    """Read every member that may be opened, and make one row of each member."""
    look = partial(
        scan_row,
        pixels=looking.pixels,
        watermark=looking.watermark,
        trust=None if looking.trust is None else str(looking.trust),
        store=None if looking.store is None else str(looking.store),
        proof=looking.proof,
        scratch=str(scratch),
    )
    items = [member.item for member in found.members if member.item is not None]
    ledger = None if out is None else out / LEDGER
    read = iter(engine.map(look, items, workers=workers, ledger=ledger, progress=progress))
    return [_row(member, next(read) if member.item is not None else None) for member in found.members]


def _row(member: Member, read: engine.Row | None) -> dict[str, Any]:
    row = {"path": member.path, "path_bytes": member.path_bytes, "bytes": member.size, "listed": member.listed}
    if read is None:
        why = "LimitExceeded" if member.limit else "UnsafeMember"
        return row | _unread("refused", member.refusal, why)
    if read.value is None:
        kind = "refused" if read.error_type == "LimitExceeded" else "unreadable"
        return row | _unread(kind, read.error, read.error_type)
    return row | read.value


def _unread(kind: str, error: str | None, error_type: str | None) -> dict[str, Any]:
    return {"kind": kind, "verdict": "unreadable", "trusted": False, "error": error, "error_type": error_type}


def _put_together(found: Survey, rows: Sequence[dict[str, Any]], said: Sequence[str], looking: Looking) -> Scan:
    pairs = [*duplicates.exact(rows), *duplicates.near(rows)] if looking.pixels else []
    together = groups(rows)
    problems = [*found.problems, *said]
    fingerprints = sum(bool(row.get("perceptual")) for row in rows)
    if fingerprints > duplicates.MOST_IMAGES:
        problems.append(f"near duplicates were not searched: more than {duplicates.MOST_IMAGES:,} images")
    content = summarise(
        rows,
        together,
        pairs,
        kind=found.kind,
        hidden=found.hidden,
        problems=problems,
        searched={
            "pixels": looking.pixels,
            "watermark": looking.watermark,
            "fingerprint": looking.store is not None,
            "near": looking.pixels and fingerprints <= duplicates.MOST_IMAGES,
        },
    )
    items = {member.path: member.item for member in found.members if member.item is not None}
    return Scan(tuple(rows), tuple(together), tuple(pairs), content, items)
