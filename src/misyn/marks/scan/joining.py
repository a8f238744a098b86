r"""What a scan knows of a file beside the file: split, source, and what a table says.

Rules
-----
1. A table decides where it has a row for a file (by relative path, name, or name without ending); elsewhere names of
   folders do.
2. A split is a folder called like one, at any depth, upper or lower case: ``train``, ``training``, ``val``,
   ``validation``, ``dev``, ``test``, ``testing``, ``held-out``. The outermost counts.
3. A source is the first folder below the place that is no split; where all files share one, there is no source.
4. A table that joins no file is refused; files without a row are counted.

Example:
    >>> split_of("hospital/Train/a.png"), split_of("a/training-notes/b.png")
    ('train', None)
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from misyn.errors import TableError, UsageError
from misyn.images import table as tables
from misyn.marks.scan.row import pseudonym

SPLITS = {
    **dict.fromkeys(("train", "training"), "train"),
    **dict.fromkeys(("val", "valid", "validation", "dev"), "validation"),
    **dict.fromkeys(("test", "testing", "held-out", "held_out", "heldout", "holdout"), "test"),
}


@dataclass(frozen=True, kw_only=True)
class Joining:
    """A table beside the files, and which of its columns say what.

    Attributes:
        table: CSV or Parquet.
        key: the column that names files.
        patient: the column that names patients, or another unit that must not be split.
        split: the column that names splits.
        source: the column that names sources.
    """

    table: Path | None = None
    key: str | None = None
    patient: str | None = None
    split: str | None = None
    source: str | None = None

    @property
    def columns(self) -> tuple[str, ...]:
        """The columns that are asked for."""
        return tuple(column for column in (self.patient, self.split, self.source) if column)


def join(rows: Sequence[dict[str, Any]], joining: Joining) -> list[str]:
    """Write split, source and patient into the rows, and say what has to be said.

    Raises:
        TableError: the table does not read, or joins no file.
        UsageError: columns without a table, or a table without its key.
    """
    if joining.table is None:
        if joining.columns or joining.key:
            raise UsageError("expected a table for --key, --patient, --split and --source, found none")
        found: list[Mapping[str, str | None]] = [{} for _ in rows]
        problems: list[str] = []
    else:
        found, problems = _joined(rows, joining)
    for row, said in zip(rows, found, strict=True):
        row["split"] = _split(said.get(joining.split or "")) or split_of(row["path"])
        row["source"] = said.get(joining.source or "") or source_of(row["path"])
        patient = said.get(joining.patient or "")
        row["patient"] = pseudonym("patient", patient.encode()) if patient else row.get("patient")
    if len({row["source"] for row in rows}) <= 1:
        for row in rows:
            row["source"] = None
    return problems


def _joined(rows: Sequence[dict[str, Any]], joining: Joining) -> tuple[list[Mapping[str, str | None]], list[str]]:
    if not joining.key:
        raise UsageError("expected the table's column that names files, found none. Next: give it with --key")
    assert joining.table is not None  # noqa: S101 - the caller asked first
    loaded = tables.load(joining.table, key=joining.key, columns=joining.columns)
    keys = [next((name for name in _names(row["path"]) if name in loaded.rows), None) for row in rows]
    joined = len(keys) - keys.count(None)
    if not joined:
        raise TableError(
            f"expected values in the column {tables.listed([joining.key])} that are names of files, with or without "
            f"ending, found none of {len(rows)} files there. Next: check --key and the place"
        )
    problems = list(loaded.problems)
    if joined < len(rows):
        problems.append(f"{len(rows) - joined} of {len(rows)} files have no row in the table")
    return [loaded.rows[key] if key is not None else {} for key in keys], problems


def _names(path: str) -> Iterator[str]:
    """What a table may call a file, the surest first."""
    name = path.rpartition("/")[2]
    yield path
    yield path.rpartition(".")[0] or path
    yield name
    yield name.rpartition(".")[0] or name
    yield name.split(".", 1)[0] if name.lower().endswith((".nii.gz", ".hdr.gz")) else name


def _split(text: str | None) -> str | None:
    """A split by its usual name; another word stays as it is."""
    return None if text is None else SPLITS.get(text.strip().lower(), text)


def split_of(path: str) -> str | None:
    """The split that a path's folders name (rule 2)."""
    return next((SPLITS[part.lower()] for part in path.split("/")[:-1] if part.lower() in SPLITS), None)


def source_of(path: str) -> str | None:
    """The first folder that is no split (rule 3)."""
    return next((part for part in path.split("/")[:-1] if part.lower() not in SPLITS), None)
