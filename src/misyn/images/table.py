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

import codecs
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
from misyn.images.limits import DEFAULT, Limits, read_bytes

_DELIMITERS = ",;\t|"
_FIRST_LINE = 1 << 20
_PIECE = 1 << 24
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
        limits: ``max_bytes`` and, for rows, ``max_elements`` apply.

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
        data = read_bytes(path, limits=limits)
    except UnreadableImage as error:
        raise TableError(f"the table cannot be read: {error}") from error
    if data[:4] == b"PAR1":
        return _parquet(data, wanted, limits=limits)
    if data[:4] == b"PK\3\4" or b"\0" in data[:4096] or not data.strip():
        raise TableError(
            "expected a table as CSV in UTF-8 or as Parquet, found something else or nothing. "
            "Next: save it as one of them"
        )
    return _csv(data, wanted, limits=limits)


def _check_rows(rows: int, *, limits: Limits) -> None:
    if rows > limits.max_elements:
        raise TableError(
            f"expected at most {limits.max_elements:,} rows, found {rows:,}. "
            "Next: give a table of these images only, or set Limits(max_elements=...)"
        )


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


def _csv(data: bytes, wanted: Sequence[str] | None, *, limits: Limits) -> tuple[tuple[str, ...], Values]:
    _check_encoding(data)
    delimiter, names = _header(data)
    used = _used(names, wanted)
    if len(data.strip().splitlines()[:2]) < 2:
        return names, {name: [] for name in used}
    _check_rows(data.count(b"\n"), limits=limits)
    if data.count(b'"') % 2:  # it would swallow every row behind it
        raise TableError("expected every quote to be closed, found one that is not. Next: save the table again")
    table = _parsed(data, names, used, delimiter=delimiter)
    return names, {name: _texts(table.column(name), decimal_comma=delimiter == ";") for name in used}


def _parsed(data: bytes, names: Sequence[str], used: Sequence[str], *, delimiter: str) -> pa.Table:
    broken: list[int] = []

    def note(row: Any) -> str:  # noqa: ANN401 - pyarrow's InvalidRow has no public type
        broken.append(row.number)
        return "skip"

    options = pyarrow.csv.ParseOptions(delimiter=delimiter, newlines_in_values=True, invalid_row_handler=note)
    texts = pyarrow.csv.ConvertOptions(column_types=dict.fromkeys(names, pa.string()), include_columns=used)
    order = pyarrow.csv.ReadOptions(use_threads=False)  # rows are numbered only in order
    try:
        table = pyarrow.csv.read_csv(
            pa.BufferReader(data), read_options=order, parse_options=options, convert_options=texts
        )
    except (pa.ArrowException, OSError) as error:  # its text quotes rows
        raise TableError("expected a CSV table in UTF-8, found one that does not parse. Next: save it again") from error
    if broken:
        raise TableError(
            f"expected {len(names)} columns in every row, found another number in {len(broken)} rows, "
            f"the first in line {broken[0]}. Next: put quotes around values that hold a {delimiter!r}"
        )
    return table


def _check_encoding(data: bytes) -> None:
    """Piece by piece: the parser meets damage in places from which it cannot raise."""
    decoder = codecs.getincrementaldecoder("utf-8")()
    try:
        for start in range(0, len(data), _PIECE):
            decoder.decode(data[start : start + _PIECE], final=start + _PIECE >= len(data))
    except UnicodeDecodeError as error:
        raise TableError("expected a CSV table in UTF-8, found another encoding. Next: save it as UTF-8") from error


def _header(data: bytes) -> tuple[str, tuple[str, ...]]:
    line = re.split(rb"[\r\n]", data[:_FIRST_LINE].removeprefix(b"\xef\xbb\xbf"), maxsplit=1)[0]
    text = line.decode("utf-8", errors="replace")
    delimiter = max(_DELIMITERS, key=text.count)
    try:
        return delimiter, tuple(next(csv.reader([text], delimiter=delimiter), ()))
    except csv.Error as error:
        raise TableError("expected column names in the first line, found none. Next: check the file") from error


def _parquet(data: bytes, wanted: Sequence[str] | None, *, limits: Limits) -> tuple[tuple[str, ...], Values]:
    try:
        schema = pyarrow.parquet.read_schema(pa.BufferReader(data))
        # One text repeated a million times is one text in the file, and must be one in memory.
        repeated = [field.name for field in schema if pa.types.is_string(field.type)]
        file = pyarrow.parquet.ParquetFile(pa.BufferReader(data), read_dictionary=repeated)
        used = _used(tuple(schema.names), wanted)
        _check_rows(file.metadata.num_rows, limits=limits)
        table = file.read(columns=used)
        return tuple(schema.names), {name: _texts(table.column(name)) for name in used}
    except (pa.ArrowException, OSError) as error:
        raise TableError(
            "expected a Parquet table with columns of text or numbers, found one that does not read so. "
            "Next: save it again, or as CSV"
        ) from error


def _texts(column: pa.ChunkedArray, *, decimal_comma: bool = False) -> list[str | None]:
    found: list[str | None] = []
    for chunk in column.chunks:
        coded = chunk if pa.types.is_dictionary(chunk.type) else chunk.cast(pa.string()).dictionary_encode()
        words = [_present(word, decimal_comma=decimal_comma) for word in coded.dictionary.cast(pa.string()).to_pylist()]
        found.extend(None if code is None else words[code] for code in coded.indices.to_pylist())
    return found


def _present(value: str | None, *, decimal_comma: bool) -> str | None:
    """The value without white space around it; None for the words that mean missing."""
    stripped = (value or "").strip()
    if decimal_comma and _DECIMAL_COMMA.fullmatch(stripped):  # where semicolons separate values
        return stripped.replace(",", ".")
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
