r"""What a scan leaves in a folder: tables for programs, and the aggregate.

Rules
-----
1. ``scan.parquet`` and ``scan.csv``: every column of :mod:`misyn.marks.scan.schema`, one row per file.
2. ``scan-manifest.csv``: the separation manifest. Every file has one ``set``, by what it says: ``synthetic``,
   ``no-evidence``, ``contradictory``, ``unreadable`` or ``not-an-image``; beside it the evidence: rules, layers,
   technique, traces. A file in the set ``no-evidence`` is *not* thereby a medical image.
3. ``scan-groups.csv``, ``scan-duplicates.csv``: groups and pairs. ``scan.json``: the aggregate.
4. Every file is written whole or not at all; the same scan, the same bytes.
5. Paths, pseudonyms and digests are in the tables: they are as confidential as the images. The aggregate has none.

Example:
    >>> set_of({"kind": "image", "verdict": "no-evidence"}), set_of({"kind": "archive", "verdict": "unreadable"})
    ('no-evidence', 'not-an-image')
"""

from __future__ import annotations

import json
import shutil
from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from misyn.atomic import write_bytes
from misyn.errors import UsageError
from misyn.marks.scan import duplicates, groups, schema
from misyn.marks.scan.scanning import LEDGER, Scan

MANIFEST = (
    *("path", "set", "trusted", "rules", "layers", "technique", "technique_version", "declaration", "traces"),
    *("acquisition", "series", "study", "patient", "split", "source", "digest", "error_type", "problems", "path_bytes"),
)
_NO_IMAGE = frozenset({"not-an-image", "archive"})


@dataclass(frozen=True)
class Names:
    """Where a scan's files go: ``folder``, and the beginning of their names."""

    folder: Path
    stem: str = "scan"

    def path(self, ending: str) -> Path:
        """One file's path."""
        return self.folder / f"{self.stem}{ending}"


def names_for(out: Path) -> Names:
    """The names for ``--out``: a folder, or the path of the Parquet table, whose stem then names them all.

    Raises:
        UsageError: it is a file that is no table.

    Example:
        >>> names_for(Path("results/archive.parquet")).path("-manifest.csv").as_posix()
        'results/archive-manifest.csv'
    """
    if out.suffix.lower() == ".parquet":
        return Names(out.parent, out.stem)
    if out.is_file():
        raise UsageError("expected a folder, or a path that ends in .parquet, for --out, found a file")
    return Names(out)


def set_of(row: Mapping[str, Any]) -> str:
    """The set of the separation manifest that a file belongs to (rule 2)."""
    return "not-an-image" if row["kind"] in _NO_IMAGE else str(row["verdict"])


def write(scan: Scan, names: Names) -> tuple[Path, ...]:
    """Write a scan's files and give their paths.

    Raises:
        OSError: the folder cannot be written.
    """
    manifest = [{**row, "set": set_of(row)} for row in scan.rows]
    files = {
        ".parquet": schema.parquet(scan.rows),
        ".csv": schema.csv_of(scan.rows),
        "-manifest.csv": schema.csv_of(manifest, MANIFEST),
        "-groups.csv": schema.csv_of(scan.groups, groups.NAMES),
        "-duplicates.csv": schema.csv_of(scan.pairs, duplicates.NAMES),
        ".json": json.dumps(scan.content, indent=2, ensure_ascii=False).encode() + b"\n",
    }
    for ending, data in files.items():
        write_bytes(names.path(ending), data)
    return tuple(names.path(ending) for ending in files)


def clear(names: Names) -> None:
    """Remove what was kept to go on after an interruption, once everything is written."""
    shutil.rmtree(names.folder / LEDGER, ignore_errors=True)
