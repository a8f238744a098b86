"""Verify many files, on all cores; the same rows in the same order however many.

Rules
-----
1. A folder stands for the images in it, found by content; a file stands for itself, image or not.
2. One file that kills its reader, or takes too long, is one row with the verdict ``unreadable``.

Example:
    >>> verify_files([Path("no such file")], workers=0)[0]["verdict"]
    'unreadable'
"""

from __future__ import annotations

from collections import Counter
from collections.abc import Callable, Sequence
from functools import partial
from pathlib import Path
from typing import Any

from misyn import engine
from misyn.errors import NoImages
from misyn.images.folder import images_in
from misyn.marks.credential.trust import Proof, anchors_from
from misyn.marks.fingerprint import check
from misyn.marks.sighting import DEFAULT_SEARCH, Search
from misyn.marks.verifying import SCHEMA, FileVerdict, verify

Progress = Callable[[int, int], None]
VERDICTS = ("synthetic", "contradictory", "no-evidence", "unreadable")


def verify_row(
    item: str,
    *,
    trust: str | None = None,
    store: str | None = None,
    proof: Proof | None = None,
    search: Search | None = DEFAULT_SEARCH,
) -> dict[str, Any]:
    """Verify one file for :func:`misyn.engine.map`; ``trust`` is the path of the trusted roots."""
    return verify(Path(item), trust=trust, store=store, proof=proof, search=search).as_json()


def verify_files(
    paths: Sequence[Path],
    *,
    trust: Path | None = None,
    store: Path | None = None,
    proof: Proof | None = None,
    search: Search | None = DEFAULT_SEARCH,
    workers: int | None = None,
    progress: Progress | None = None,
) -> list[dict[str, Any]]:
    """Verify files.

    Args:
        paths: files.
        trust: a PEM file with the roots whose credentials are trusted.
        store: a folder of fingerprints to look pixels up in.
        proof: since when credentials exist (:class:`misyn.marks.credential.ages.Ages`); it travels to other processes.
        search: whose watermarks to look for; None reads no pixels for that.
        workers: processes; None for one per core, 0 for this one.
        progress: called with (done, total).

    Returns:
        One object of ``misyn verify --json`` per file, in order.
    """
    anchors_from(trust)  # what cannot be read is refused once, here, and not for every file
    if store is not None:
        check(store)
    look = partial(verify_row, trust=_text(trust), store=_text(store), proof=proof, search=search)
    rows = engine.map(look, [str(path) for path in paths], workers=workers, progress=progress)
    return [row.value if row.value is not None else _failed(row.item, row.error or "") for row in rows]


def _text(place: Path | None) -> str | None:
    return None if place is None else str(place)


def _failed(path: str, sentence: str) -> dict[str, Any]:
    return FileVerdict(path=Path(path), verdict="unreadable", problems=(sentence,)).as_json()


def verify_all(
    places: Sequence[Path],
    *,
    trust: Path | None = None,
    store: Path | None = None,
    proof: Proof | None = None,
    search: Search | None = DEFAULT_SEARCH,
    workers: int | None = None,
    progress: Progress | None = None,
) -> dict[str, Any]:
    """Verify files and folders: the whole document of ``misyn verify --json``.

    Raises:
        InputError: a place is not there, or ``store`` cannot be used.
        NoImages: no place holds anything to verify.
        SigningError: ``trust`` cannot be read.
    """
    paths: list[Path] = []
    skipped: list[str] = []
    for place in places:
        if place.is_dir():
            found = images_in(place)
            paths += [file.path for file in found.files]
            skipped += found.problems
        else:
            paths.append(place)
    if not paths:
        raise NoImages("expected files or folders to verify, found none. Next: name some")
    files = verify_files(
        paths, trust=trust, store=store, proof=proof, search=search, workers=workers, progress=progress
    )
    counts = Counter(file["verdict"] for file in files)
    summary = {"files": len(files), "verdicts": {verdict: counts[verdict] for verdict in VERDICTS}, "skipped": skipped}
    return {"schema": SCHEMA, "files": files, "summary": summary}
