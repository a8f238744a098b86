"""Which synthetic image was made from which medical image, and which one should it be?

Rules
-----
1. Pairs come from a table with columns ``synthetic`` and ``source``, and if there are any ``target``, ``region`` (a
   mask) and ``patient``; paths are relative to the table's folder. Or from folders: files of the same name without
   ending belong together.
2. A synthetic image without a source is no pair: it is left out and counted. A name that several files of a folder
   bear belongs to none.
3. A patient stands behind every source. Where it is not known, each source counts for itself, and that is said.

Example:
    >>> pair = Pair(Path("s/1.png"), Path("m/1.png"))
    >>> Pair.from_text(pair.as_text()) == pair
    True
"""

from __future__ import annotations

import json
from collections import Counter
from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import TypeVar

from misyn.errors import TableError
from misyn.images import table
from misyn.images.collection import Collection
from misyn.images.folder import images_in

T = TypeVar("T")
COLUMNS = ("source", "target", "region", "patient")


@dataclass(frozen=True)
class Pair:
    """One synthetic image and what belongs to it."""

    synthetic: Path
    source: Path
    target: Path | None = None
    region: Path | None = None
    patient: str | None = None

    def as_text(self) -> str:
        """The paths as one text, for the engine."""
        paths = (self.synthetic, self.source, self.target, self.region)
        return json.dumps([None if path is None else str(path) for path in paths])

    @classmethod
    def from_text(cls, text: str) -> Pair:
        """The pair of :meth:`as_text`, without its patient."""
        synthetic, source, *rest = json.loads(text)
        target, region = (None if path is None else Path(path) for path in rest)
        return cls(Path(synthetic), Path(source), target, region)


@dataclass(frozen=True)
class Pairs:
    """All pairs of a study.

    Attributes:
        items: in the order of the synthetic images' paths.
        unit: what ``patient`` names: ``patient``, another column's name, or ``image``.
        patients_known: whether every pair's patient is known.
        problems: sentences a reader of the results has to know; counts, never names.
    """

    items: tuple[Pair, ...]
    unit: str
    patients_known: bool
    problems: tuple[str, ...] = ()


def of_table(path: Path) -> Pairs:
    """Read the pairs of a table.

    Raises:
        TableError: it does not read, has no such columns, or a file it names is not there.
    """
    there = table.load(path, key="synthetic", columns=()).columns
    asked = tuple(name for name in COLUMNS if name in there)
    if "source" not in asked:
        raise TableError(
            f"expected columns synthetic and source in {path.name}, found {table.listed(there)}. Next: name them so"
        )
    found = table.load(path, key="synthetic", columns=asked)
    rows = {name: row for name, row in found.rows.items() if row.get("source")}
    items = tuple(_of_row(path.parent, name, rows[name]) for name in sorted(rows))
    _there(items, path)
    left_out = len(found.rows) - len(rows)
    problems = [*found.problems, *([f"{left_out} synthetic images have no source in the table"] if left_out else [])]
    known = bool(items) and all(item.patient is not None for item in items)
    return Pairs(items, "patient" if "patient" in asked else "image", known, tuple(problems))


def _of_row(folder: Path, name: str, row: Mapping[str, str | None]) -> Pair:
    source, target, region = (folder / str(row[c]) if row.get(c) else None for c in COLUMNS[:3])
    if source is None:  # pragma: no cover - rows without a source are left out before
        raise TableError("a row has no source")
    return Pair(folder / name, source, target, region, row.get("patient"))


def _there(items: tuple[Pair, ...], path: Path) -> None:
    places = [p for item in items for p in (item.synthetic, item.source, item.target, item.region) if p is not None]
    missing = sum(not place.exists() for place in places)
    if missing or not items:
        raise TableError(
            f"expected files beside {path.name} as it names them, found {missing} of {len(places)} missing. "
            "Next: write paths relative to the table's folder"
        )


def of_folders(
    synthetic: Collection, source: Collection, *, target: Path | None = None, region: Path | None = None
) -> Pairs:
    """Join files by their names without ending.

    Raises:
        TableError: no synthetic image has a source.
    """
    sources = _unique({item.path.stem: item for item in source.items}, [item.path for item in source.items])
    targets, regions = (_named(place) for place in (target, region))
    items = tuple(
        Pair(
            item.path,
            sources[item.path.stem].path,
            targets.get(item.path.stem),
            regions.get(item.path.stem),
            sources[item.path.stem].patient,
        )
        for item in synthetic.items
        if item.path.stem in sources
    )
    if not items:
        raise TableError(
            "expected files of the same name without ending among synthetic and source images, found none. "
            "Next: name them alike, or give a table with columns synthetic and source"
        )
    return Pairs(items, source.unit, source.patients_known, tuple(_said(synthetic, items, target, region)))


def _named(place: Path | None) -> dict[str, Path]:
    if place is None:
        return {}
    paths = [file.path for file in images_in(place).files]
    return _unique({path.stem: path for path in paths}, paths)


def _unique(found: dict[str, T], paths: list[Path]) -> dict[str, T]:
    """Only names that one file bears (rule 2)."""
    counts = Counter(path.stem for path in paths)
    return {stem: value for stem, value in found.items() if counts[stem] == 1}


def _said(synthetic: Collection, items: tuple[Pair, ...], target: Path | None, region: Path | None) -> list[str]:
    counts = {
        "source": len(synthetic) - len(items),
        "target": sum(item.target is None for item in items) if target else 0,
        "mask of a region": sum(item.region is None for item in items) if region else 0,
    }
    return [f"{n} of {len(synthetic)} synthetic images have no {what}" for what, n in counts.items() if n]
