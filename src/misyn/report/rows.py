"""Read ``per-image.parquet``: one row per image, as far as it says.

Rules
-----
1. A missing column, a null and a NaN are the same: None, "we cannot tell".
2. Patient identifiers are not read: no page needs them.
3. Rows keep the order of the file; nothing here sorts or drops. Files that could not be read are a list of their own.

Follows interface.md (``per-image.parquet``).

Example:
    >>> row = Row(index=0, path="a/b/c.png", origin="synthetic")
    >>> row.name, row.supported is None
    ('b/c.png', True)
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

from misyn.errors import EvidenceError
from misyn.report.numbers import finite

SYNTHETIC = "synthetic"
GROUP = "group:"
TEXTS = ("label", "nearest", "codec", "format", "pair_source", "pair_target", "pair_marks")
FLAGS = ("supported", "covered", "exact_copy", "copy_suspect")
NUMBERS = ("nearest_distance", "label_agreement", "x", "y", "pair_error", "hallucinated", "lost")


@dataclass(frozen=True, kw_only=True)
class Row:
    """One image as the evaluation saw it; every fact it did not state is None.

    Attributes:
        index: position in the file; with the seed, the only source of random order.
        path: where the image is.
        origin: ``training``, ``held-out``, ``reference`` or ``synthetic``.
        groups: column → value, as the table has them.
        nearest: path of the nearest medical image; ``nearest_distance``: between features, ≥ 0.
        label_agreement: share of near medical images with this synthetic image's label, in [0, 1].
        x, y: place in the two-dimensional map, no unit.
        pair_source, pair_target: what an image-to-image technique made it from, and what it stands in for.
        pair_marks: where structures were made up or lost, as JSON; ``hallucinated``, ``lost``: how many.
        pair_error: mean difference to the target, else the source, in [0, 1].
    """

    index: int
    path: str
    origin: str
    label: str | None = None
    groups: Mapping[str, str] = field(default_factory=dict)
    supported: bool | None = None
    covered: bool | None = None
    exact_copy: bool | None = None
    copy_suspect: bool | None = None
    nearest: str | None = None
    nearest_distance: float | None = None
    label_agreement: float | None = None
    x: float | None = None
    y: float | None = None
    codec: str | None = None
    format: str | None = None
    pair_source: str | None = None
    pair_target: str | None = None
    pair_marks: str | None = None
    pair_error: float | None = None
    hallucinated: float | None = None
    lost: float | None = None

    @property
    def name(self) -> str:
        """The last two parts of the path: enough to find the file, the same on every machine."""
        return name_of(self.path)

    @property
    def synthetic(self) -> bool:
        """Whether the evaluation was given this image as a synthetic one."""
        return self.origin == SYNTHETIC


@dataclass(frozen=True)
class Unread:
    """A file that could not be read: where it is, which set it belongs to, and why."""

    path: str
    origin: str
    error: str

    @property
    def name(self) -> str:
        """The last two parts of the path."""
        return name_of(self.path)


def name_of(path: str) -> str:
    """The last two parts of a path.

    Example:
        >>> name_of("/x/images/0001.png")
        'images/0001.png'
    """
    return "/".join([part for part in path.replace("\\", "/").split("/") if part][-2:])


def read(path: Path) -> tuple[Row, ...]:
    """Read every image of a ``per-image.parquet``.

    Raises:
        EvidenceError: the file is absent, or is no Parquet table with ``path`` and ``origin``.
    """
    return tuple(_row(index, values) for index, values in enumerate(_table(path)) if not values.get("error"))


def unread(path: Path) -> tuple[Unread, ...]:
    """Read which files could not be read.

    Raises:
        EvidenceError: as :func:`read`.
    """
    found = (values for values in _table(path) if values.get("error"))
    return tuple(Unread(str(v["path"]), str(v["origin"]), str(v["error"])) for v in found)


def _table(path: Path) -> Iterator[dict[str, Any]]:
    """Every row as a mapping.

    Raises:
        EvidenceError: the file is absent, or is no Parquet table with ``path`` and ``origin``.
    """
    import pyarrow as pa  # noqa: PLC0415 - 0.3 s, and only here
    import pyarrow.parquet as pq  # noqa: PLC0415

    try:
        columns: dict[str, list[Any]] = pq.ParquetFile(path).read().to_pydict()
    except (OSError, pa.ArrowException) as error:
        raise EvidenceError(
            f"expected the table of images that the evaluation wrote, found nothing readable at {path.name} "
            f"({type(error).__name__}). Next: run the evaluation again"
        ) from error
    if not {"path", "origin"} <= columns.keys():
        raise EvidenceError(f"expected columns path and origin in {path.name}, found {sorted(columns)}")
    return _transposed(columns)


def _transposed(columns: Mapping[str, list[Any]]) -> Iterator[dict[str, Any]]:
    """Turn columns into one mapping per row."""
    names = list(columns)
    for values in zip(*columns.values(), strict=True):
        yield dict(zip(names, values, strict=True))


def _row(index: int, values: Mapping[str, Any]) -> Row:
    """Read one row, tolerantly (rule 1)."""
    texts: dict[str, Any] = {name: str(values[name]) for name in TEXTS if values.get(name) not in {None, ""}}
    flags: dict[str, Any] = {name: values[name] for name in FLAGS if isinstance(values.get(name), bool)}
    numbers: dict[str, Any] = {name: finite(values.get(name)) for name in NUMBERS}
    groups = {
        name.removeprefix(GROUP): str(value).removeprefix(name.removeprefix(GROUP) + "=")
        for name, value in values.items()
        if name.startswith(GROUP) and value is not None
    }
    place: dict[str, Any] = {"path": str(values["path"]), "origin": str(values["origin"])}
    return Row(index=index, groups=groups, **place, **texts, **flags, **numbers)
