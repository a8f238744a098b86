r"""The columns of a scan's table, in one visible list: what other programs may rely on.

Rules
-----
1. A column keeps its name, type and meaning within a version of the schema; new ones are added at the end. The version
   is in the table's metadata, under ``misyn``.
2. Parquet and CSV hold the same columns in the same order. Lists are words with a space between; sentences are
   separated by `` | ``. What is unknown is null, and empty in CSV.
3. Same rows, same bytes.

Example:
    >>> [column.name for column in COLUMNS][:3]
    ['path', 'path_bytes', 'kind']
    >>> table([{"path": "a.png", "verdict": "no-evidence"}]).num_rows
    1
"""

from __future__ import annotations

import csv
import io
from collections.abc import Iterator, Mapping, Sequence
from typing import Any, NamedTuple

import pyarrow as pa
import pyarrow.parquet as pq

SCHEMA = "misyn/scan/1"
KINDS = ("image", "no-pixels", "undecodable", "unreadable", "not-an-image", "archive", "refused")


class Column(NamedTuple):
    """One column: its name, its Arrow type, and what it holds."""

    name: str
    type: pa.DataType
    holds: str


_TEXT, _WHOLE, _FLAG, _NUMBER = pa.string(), pa.int64(), pa.bool_(), pa.float64()

COLUMNS: tuple[Column, ...] = (
    Column("path", _TEXT, "below the place, / between folders; a member's name in an archive"),
    Column("path_bytes", _TEXT, "its bytes in hexadecimal, where the name is not text that a table can hold"),
    Column("kind", _TEXT, "image, no-pixels, undecodable, unreadable, not-an-image, archive or refused"),
    Column("format", _TEXT, "told by content: dicom, png, jpeg, …"),
    Column("bytes", _WHOLE, "size, as the place gives it"),
    Column("verdict", _TEXT, "synthetic, contradictory, no-evidence or unreadable"),
    Column("trusted", _FLAG, "whether a signature that leads to a trusted root says so"),
    Column("rules", _TEXT, "the numbers of the rules that spoke (misyn.marks.policy)"),
    Column("layers", _TEXT, "the layers in which something was found"),
    Column("traces", _TEXT, "what other generators left, by name"),
    Column("technique", _TEXT, "as declared"),
    Column("technique_version", _TEXT, "as declared"),
    Column("declaration", _TEXT, "the declaration's digest"),
    Column("record", _TEXT, "the digest of the technique's record, as declared"),
    Column("acquisition", _TEXT, "the rules by which the header shows acquisition (misyn.marks.acquisition)"),
    Column("watermark_p", _NUMBER, "of the search for a watermark; null where none was made"),
    Column("problems", _TEXT, "sentences"),
    Column("error", _TEXT, "why it could not be read, or not wholly"),
    Column("error_type", _TEXT, "the error's name (misyn.errors)"),
    Column("series", _TEXT, "pseudonym of the series"),
    Column("study", _TEXT, "pseudonym of the study"),
    Column("patient", _TEXT, "pseudonym of the patient, from the header or the table"),
    Column("modality", _TEXT, "DICOM's code"),
    Column("split", _TEXT, "train, validation or test, from the folder's name or the table"),
    Column("source", _TEXT, "the first folder below the place, or what the table says"),
    Column("digest", _TEXT, "of the canonical pixels"),
    Column("file_digest", _TEXT, "of the bytes"),
    Column("perceptual", _TEXT, "256 bits by which candidates for near duplicates are found"),
    Column("blank", _FLAG, "whether every sample has the same value"),
    Column("axes", _TEXT, "names of the axes of the pixels"),
    Column("shape", _TEXT, "samples along them"),
    Column("bits", _WHOLE, "significant bits per sample"),
    Column("codec", _TEXT, "how the pixels were compressed"),
    Column("listed", _FLAG, "whether the DICOMDIR lists it; null where there is none"),
)
NAMES = tuple(column.name for column in COLUMNS)
ARROW = pa.schema(
    [pa.field(column.name, column.type, metadata={"holds": column.holds}) for column in COLUMNS],
    metadata={"misyn": SCHEMA},
)

Row = Mapping[str, Any]


def table(rows: Sequence[Row]) -> pa.Table:
    """Put rows into a table; what a row does not say is null."""
    columns = [pa.array([row.get(column.name) for row in rows], column.type) for column in COLUMNS]
    return pa.Table.from_arrays(columns, schema=ARROW)


def parquet(rows: Sequence[Row]) -> bytes:
    """Write rows as Parquet."""
    target = io.BytesIO()
    pq.write_table(table(rows), target, compression="zstd")
    return target.getvalue()


def csv_of(rows: Sequence[Row], names: Sequence[str] = NAMES) -> bytes:
    """Write rows as CSV (RFC 4180), UTF-8, one line per row, nulls empty."""
    target = io.StringIO(newline="")
    writer = csv.writer(target, lineterminator="\r\n")
    writer.writerow(names)
    writer.writerows(_cells(row, names) for row in rows)
    return target.getvalue().encode("utf-8")


def _cells(row: Row, names: Sequence[str]) -> Iterator[Any]:
    for name in names:
        value = row.get(name)
        yield "" if value is None else str(value).lower() if isinstance(value, bool) else value
