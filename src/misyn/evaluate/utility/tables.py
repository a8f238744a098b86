r"""Tables of predictions, one per model: reading them, and insisting that they speak of the same images.

Rules
-----
1. The arm is called by the file's name; two files of one name keep apart by their number.
2. ``image`` is the key; ``patient`` and ``group:<column>`` are optional and taken from the first file.
3. What is wrong is said in counts; values are not quoted.

Example:
    >>> import tempfile
    >>> with tempfile.TemporaryDirectory() as name:
    ...     file = Path(name) / "Both, v2.csv"
    ...     _ = file.write_text("image,label,score\na,no,0.2\nb,yes,0.9\n")
    ...     load([file], needed=("label",), optional=("score",))[0].name
    'both_v2'
"""

from __future__ import annotations

import re
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, replace
from pathlib import Path

from misyn.errors import TableError
from misyn.images import table
from misyn.images.bands import bands

KEY, PATIENT = "image", "patient"
GROUP = "group:"


@dataclass(frozen=True)
class PredictionFile:
    """One table: rows by image, the columns that were taken, and what its arm is called."""

    path: Path
    name: str
    rows: Mapping[str, Mapping[str, str | None]]
    columns: tuple[str, ...]


def columns(path: Path) -> tuple[str, ...]:
    """The columns of a table of predictions.

    Raises:
        TableError: it does not read, or has no column ``image``.
    """
    return table.load(path, key=KEY, columns=()).columns


def load(files: Sequence[Path], *, needed: Sequence[str], optional: Sequence[str] = ()) -> list[PredictionFile]:
    """Read tables of predictions.

    Args:
        files: CSV or Parquet.
        needed: columns that must be there.
        optional: beginnings of further columns to take.

    Raises:
        TableError: one does not read, lacks a column, or has contradictory rows.
    """
    loaded = [_load(path, needed=needed, optional=(PATIENT, GROUP, *optional)) for path in files]
    names = [found.name for found in loaded]
    return [
        replace(found, name=f"{found.name}_{n + 1}") if names.count(found.name) > 1 else found
        for n, found in enumerate(loaded)
    ]


def same_images(first: PredictionFile, others: Sequence[PredictionFile], *, column: str) -> None:
    """Refuse tables that speak of other images, or say something else of them in this column.

    Raises:
        TableError: naming the files and how many images differ.
    """
    problems = []
    for other in others:
        apart = len(set(first.rows) ^ set(other.rows))
        differ = sum(other.rows[i][column] != row[column] for i, row in first.rows.items() if i in other.rows)
        if apart or differ:
            problems.append(f"{other.name} has {apart} other or missing images and {differ} other values of {column}")
    if problems:
        raise TableError(
            f"expected predictions of the same images as in {first.name}, found: {'; '.join(problems)}. "
            "Next: predict the same held-out images with every model"
        )


def groups_of(found: PredictionFile, images: Sequence[str]) -> list[dict[str, str]]:
    """Every image's groups, numbers banded as everywhere (:mod:`misyn.images.bands`)."""
    named = [column for column in found.columns if column.startswith(GROUP)]
    banded = {
        column.removeprefix(GROUP): bands(
            [found.rows[image][column] for image in images], column=column.removeprefix(GROUP)
        )
        for column in named
    }
    return [{column: values[n] for column, values in banded.items()} for n in range(len(images))]


def _load(path: Path, *, needed: Sequence[str], optional: tuple[str, ...]) -> PredictionFile:
    there = columns(path)
    taken = tuple(dict.fromkeys([*needed, *(name for name in there if name.startswith(optional) and name != KEY)]))
    found = table.load(path, key=KEY, columns=taken)
    if found.problems:
        raise TableError(f"expected one row per image in {path.name}, found: {'; '.join(found.problems)}")
    name = re.sub(r"[^a-z0-9]+", "_", path.stem.lower()).strip("_")
    return PredictionFile(path, name or "model", found.rows, taken)
