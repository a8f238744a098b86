r"""A table beside the images: CSV or Parquet, one row per key, columns as text.

Rules
-----
1. CSV is UTF-8, with or without byte order mark; the delimiter (comma, semicolon, tab, bar) is the most frequent in
   the first line; line ends of any system. Values stay as written (``007`` is no number) until they are banded.
2. Rows with one key and different values contradict each other: where they do, the value is missing, and a problem says
   how many keys that concerns. Rows without a key are counted.
3. Messages name columns, never values: they may be patients'.

Example:
    >>> import tempfile
    >>> with tempfile.TemporaryDirectory() as name:
    ...     path = Path(name) / "table.csv"
    ...     _ = path.write_bytes(b"\xef\xbb\xbfimage;sex\r\na;F\r\nb;M\r\n")
    ...     load(path, key="image", columns=("sex",)).rows["b"]
    {'sex': 'M'}
"""

from __future__ import annotations

import csv
import re
from collections import Counter
from collections.abc import Collection, Iterator, Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import pyarrow as pa
import pyarrow.csv
import pyarrow.parquet

from misyn.errors import TableError, UnreadableImage
from misyn.images.bands import MISSING
from misyn.images.limits import DEFAULT, Limits, check_bytes, read_head
from misyn.images.payload import size_of

_DELIMITERS = ",;\t|"
_FIRST_LINE = 1 << 20
_DECIMAL_COMMA = re.compile(r"-?\d+,\d+")


@dataclass(frozen=True)
class Table:
    """The rows that may be joined.

    Attributes:
        rows: by key; each holds the asked columns, None where missing or contradictory.
        columns: every column of the file.
        problems: sentences on contradictory and keyless rows.
    """

    rows: Mapping[str, Mapping[str, str | None]]
    columns: tuple[str, ...]
    problems: tuple[str, ...]


def load(path: Path, *, key: str, columns: Sequence[str], limits: Limits = DEFAULT) -> Table:
    """Read the key and the asked columns of a table.

    Args:
        path: a CSV or Parquet file; content decides which.
        key: the column that names files.
        columns: further columns.
        limits: ``max_bytes`` applies.

    Raises:
        TableError: it cannot be read, has no rows, or lacks a column (the message lists those there are).
    """
    names, values = _read(path, [key, *columns], limits=limits)
    if not values[key]:
        raise TableError("expected a table with rows, found none under its header. Next: check the file")
    return _keyed(values, key=key, columns=tuple(dict.fromkeys(columns)), names=names)


def columns_naming(path: Path, names: Collection[str], *, limits: Limits = DEFAULT) -> tuple[str, ...]:
    """Find the columns whose values name any of these files, best first, to suggest them as key.

    Args:
        path: a table that :func:`load` read.
        names: file names, stems and relative paths.
        limits: as for :func:`load`.
    """
    wanted = frozenset(names)
    _, values = _read(path, None, limits=limits)
    hits = {name: len(wanted.intersection(filter(None, column))) for name, column in values.items()}
    return tuple(sorted((name for name in hits if hits[name]), key=lambda name: -hits[name]))


def listed(columns: Sequence[str]) -> str:
    """Columns for a message: short, printable, quoted; the first twenty."""
    shown = ", ".join(repr("".join(c for c in name if c.isprintable())[:60]) for name in columns[:20])
    return shown + (f" and {len(columns) - 20} more" if len(columns) > 20 else "")


Values = dict[str, list[str | None]]


def _read(path: Path, wanted: Sequence[str] | None, *, limits: Limits) -> tuple[tuple[str, ...], Values]:
    """All column names, and the wanted columns (None: all) as text in rows' order."""
    try:
        size_of(path, limits=limits)
        head = read_head(path, _FIRST_LINE)
    except UnreadableImage as error:
        raise TableError(f"the table cannot be read: {error}") from error
    if head[:4] == b"PAR1":
        return _parquet(path, wanted, limits=limits)
    if head[:4] == b"PK\3\4" or b"\0" in head[:4096] or not head.strip():
        raise TableError(
            "expected a table as CSV in UTF-8 or as Parquet, found something else or nothing. "
            "Next: save it as one of them"
        )
    return _csv(path, head, wanted)


def _used(names: tuple[str, ...], wanted: Sequence[str] | None) -> list[str]:
    """The wanted columns, each once; for None, all whose name is there once."""
    times = Counter(names)
    if wanted is None:
        return [name for name in names if times[name] == 1]
    missing = [name for name in dict.fromkeys(wanted) if not times[name]]
    if missing:
        raise TableError(
            f"expected the column {listed(missing)}, found {listed(names)}. Next: name columns as the table does"
        )
    if any(times[name] > 1 for name in wanted):
        raise TableError("expected every used column once, found one name twice. Next: rename one of the columns")
    return list(dict.fromkeys(wanted))


def _csv(path: Path, head: bytes, wanted: Sequence[str] | None) -> tuple[tuple[str, ...], Values]:
    delimiter, names = _header(head)
    used = _used(names, wanted)
    broken: list[int] = []

    def note(row: Any) -> str:  # noqa: ANN401 - pyarrow's InvalidRow has no public type
        broken.append(row.number)
        return "skip"

    options = pyarrow.csv.ParseOptions(delimiter=delimiter, newlines_in_values=True, invalid_row_handler=note)
    texts = pyarrow.csv.ConvertOptions(column_types=dict.fromkeys(names, pa.string()), include_columns=used)
    order = pyarrow.csv.ReadOptions(use_threads=False)  # rows are numbered only in order
    try:
        with path.open("rb") as stream:  # an open file is not decompressed, whatever its name
            table = pyarrow.csv.read_csv(stream, read_options=order, parse_options=options, convert_options=texts)
    except (pa.ArrowException, OSError) as error:  # its text quotes rows
        raise TableError("expected a CSV table in UTF-8, found one that does not parse. Next: save it again") from error
    if broken:
        raise TableError(
            f"expected {len(names)} columns in every row, found another number in {len(broken)} rows, "
            f"the first in line {broken[0]}. Next: put quotes around values that hold a {delimiter!r}"
        )
    return names, {name: _texts(table.column(name), decimal_comma=delimiter == ";") for name in used}


def _header(head: bytes) -> tuple[str, tuple[str, ...]]:
    line = head.removeprefix(b"\xef\xbb\xbf").split(b"\n")[0].split(b"\r")[0]
    try:
        text = line.decode("utf-8")
    except UnicodeDecodeError as error:
        raise TableError("expected a CSV table in UTF-8, found another encoding. Next: save it as UTF-8") from error
    delimiter = max(_DELIMITERS, key=text.count)
    try:
        return delimiter, tuple(next(csv.reader([text], delimiter=delimiter), ()))
    except csv.Error as error:
        raise TableError("expected column names in the first line, found none. Next: check the file") from error


def _parquet(path: Path, wanted: Sequence[str] | None, *, limits: Limits) -> tuple[tuple[str, ...], Values]:
    try:
        file = pyarrow.parquet.ParquetFile(path)
        names = tuple(file.schema_arrow.names)
        used = _used(names, wanted)
        groups = (file.metadata.row_group(n) for n in range(file.metadata.num_row_groups))
        check_bytes(sum(group.total_byte_size for group in groups), limits=limits, path=path)
        table = file.read(columns=used)
        return names, {name: _texts(table.column(name).cast(pa.string())) for name in used}
    except (pa.ArrowException, OSError, UnreadableImage) as error:
        raise TableError(
            "expected a Parquet table with columns of text or numbers, found one that does not read so. "
            "Next: save it again, or as CSV"
        ) from error


def _texts(column: pa.ChunkedArray, *, decimal_comma: bool = False) -> list[str | None]:
    found: list[str | None] = [_present(value) for value in column.to_pylist()]
    if decimal_comma:  # where the semicolon separates values, the comma separates decimals
        return [value.replace(",", ".") if value and _DECIMAL_COMMA.fullmatch(value) else value for value in found]
    return found


def _present(value: str | None) -> str | None:
    stripped = (value or "").strip()
    return None if stripped.lower() in MISSING else stripped


def _keyed(values: Values, *, key: str, columns: Sequence[str], names: tuple[str, ...]) -> Table:
    """Rule 2. A missing value contradicts nothing."""
    rows: dict[str, dict[str, str | None]] = {row: dict.fromkeys(columns) for row in values[key] if row is not None}
    torn: set[tuple[str, str]] = set()
    for name in columns:
        for row, found in zip(values[key], values[name], strict=True):
            if row is None or found is None or (row, name) in torn:
                continue
            before = rows[row][name]
            if before is not None and before != found:
                torn.add((row, name))
            rows[row][name] = found if before in {None, found} else None
    return Table(rows, names, tuple(_problems(len({row for row, _ in torn}), values[key].count(None))))


def _problems(contradictory: int, keyless: int) -> Iterator[str]:
    if contradictory:
        yield (
            f"{contradictory} keys of the table have several rows that contradict each other; "
            "where they do, the value counts as unknown"
        )
    if keyless:
        yield f"{keyless} rows of the table have no key and were skipped"
