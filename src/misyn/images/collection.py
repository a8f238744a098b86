r"""A set of images and what is known of each: patient, label, groups.

Rules
-----
1. A collection lists images, in order of their relative paths; it does not read them. One that turns out damaged
   surfaces when it is read.
2. A row of the table belongs to a file when its key is the file's stem, else its name, else its relative path. Rows
   that belong to no file are normal (a table may describe more); files without a row are counted.
3. A patient column that is not named like a patient is another unit (``lesion_id``), and patients are then not known.
   Without one, DICOM headers say who the patient is.
4. Groups are text, ``column=value``; numbers are banded, missing values are ``unknown`` (:mod:`misyn.images.bands`).
5. Problems are sentences with counts, never with names of files or patients.

Example:
    >>> import tempfile
    >>> with tempfile.TemporaryDirectory() as name:
    ...     place, table = Path(name), Path(name) / "table.csv"
    ...     _ = (place / "a.gif").write_bytes(b"GIF89a")
    ...     _ = table.write_text("file,person,age\na,p1,61\n")
    ...     found = collect(place, table=table, key="file", patient="person", groups=["age"])
    >>> found.items[0].group_names, found.unit, found.patients_known
    (('age=60-79',), 'person', False)
"""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass, field, replace
from pathlib import Path

from misyn.errors import TableError, UnreadableImage, UsageError
from misyn.images.bands import UNKNOWN, bands, is_patient
from misyn.images.folder import File, images_in
from misyn.images.image import Patient
from misyn.images.limits import DEFAULT, Limits

FOLDER = "@folder"
_FROM_HEADER = ("sex", "age")
_MANY_GROUPS = 50


@dataclass(frozen=True)
class Item:
    """One image file and what is known of it.

    Attributes:
        path: the file.
        patient: whom, or what unit, it comes from; None where unknown.
        label: its class; None where there is none.
        groups: group by column, such as ``{"sex": "F"}``.
    """

    path: Path
    patient: str | None = None
    label: str | None = None
    groups: Mapping[str, str] = field(default_factory=dict)

    @property
    def group_names(self) -> tuple[str, ...]:
        """Groups as every report writes them: ``column=value``."""
        return tuple(f"{column}={value}" for column, value in self.groups.items())


@dataclass(frozen=True)
class Collection:
    """Images that belong together.

    Attributes:
        items: ordered by relative path.
        unit: what ``Item.patient`` names: ``patient``, a column such as ``lesion_id``, or ``image`` where nothing is
            known and every image counts for itself.
        patients_known: whether every item has a patient that is one.
        problems: sentences a reader of the results has to know.
    """

    items: tuple[Item, ...]
    unit: str
    patients_known: bool
    problems: tuple[str, ...] = ()

    def __len__(self) -> int:
        return len(self.items)


def collect(
    place: Path,
    *,
    table: Path | None = None,
    key: str | None = None,
    patient: str | None = None,
    label: str | None = None,
    groups: Sequence[str] = (),
    limits: Limits = DEFAULT,
) -> Collection:
    """List the images of a place and join what is known of them.

    Args:
        place: a folder, searched below as well, or one file.
        table: CSV or Parquet with one row per file.
        key: the table's column that names files.
        patient: the column that names patients, or another unit.
        label: the column that names classes, or ``@folder`` for the name of the folder that holds the file.
        groups: columns; without a table, ``sex`` and ``age`` from DICOM headers.
        limits: for headers and the table.

    Raises:
        InputError: no such place.
        NoImages: nothing in it is an image.
        TableError: the table does not read, lacks a column, or joins no file.
        UsageError: columns without a table.
    """
    _check_usage(table, key=key, patient=patient, label=label, groups=groups)
    found = images_in(place)
    rows, problems = (
        ([{}] * len(found.files), [])
        if table is None
        else _joined(found.files, table, key=key or "", columns=_columns(patient, label, groups), limits=limits)
    )
    headers = [_header(file, limits=limits) for file in found.files] if patient is None or table is None else []
    units = [row.get(patient or "") for row in rows] if patient else [header.id for header in headers]
    columns = {
        group: bands(_values(group, rows, headers, from_table=table is not None), column=group)
        for group in dict.fromkeys(groups)
    }
    items = tuple(
        Item(
            file.path,
            patient=units[n],
            label=_label(file, rows[n], label),
            groups={group: values[n] for group, values in columns.items()},
        )
        for n, file in enumerate(found.files)
    )
    collection = Collection(items, _unit(units, patient), patient is None or is_patient(patient), found.problems)
    return _judged(collection, [*problems, *_group_problems(columns)])


def _check_usage(
    table: Path | None, *, key: str | None, patient: str | None, label: str | None, groups: Sequence[str]
) -> None:
    others = [group for group in groups if group.lower() not in _FROM_HEADER]
    if table is None and (key or patient or (label and label != FOLDER) or others):
        raise UsageError(
            "expected a table for key, patient, label or group columns, found none. Next: give the table, "
            f"or use the label {FOLDER} and the groups sex and age, which need none"
        )
    if table is not None and not key:
        raise UsageError("expected the table's column that names files, found none. Next: give it as key")


def _columns(patient: str | None, label: str | None, groups: Sequence[str]) -> list[str]:
    return [column for column in (patient, label, *groups) if column and column != FOLDER]


Row = Mapping[str, str | None]


def _joined(
    files: Sequence[File], table: Path, *, key: str, columns: Sequence[str], limits: Limits
) -> tuple[list[Row], list[str]]:
    """One row per file, empty where there is none (rule 2), and what has to be said about it."""
    from misyn.images import table as tables  # noqa: PLC0415 - pyarrow, only where there is a table

    loaded = tables.load(table, key=key, columns=columns, limits=limits)
    keys = [next((name for name in _names(file) if name in loaded.rows), None) for file in files]
    joined = len(keys) - keys.count(None)
    if not joined:
        names = {name for file in files for name in _names(file)}
        better = tables.columns_naming(table, names, limits=limits)
        raise TableError(
            f"expected values in the column {tables.listed([key])} that are names of files, with or without ending, "
            f"found none of {len(files)} files there. The table has {tables.listed(loaded.columns)}. Next: "
            + (f"use {tables.listed(better[:1])} as key, which names files" if better else "check key and folder")
        )
    problems = list(loaded.problems)
    if joined < len(files):
        problems.append(
            f"{len(files) - joined} of {len(files)} images have no row in the table; their values are unknown"
        )
    shared = sum(n for key, n in Counter(keys).items() if key is not None and n > 1)
    if shared:
        problems.append(f"{shared} images share their row with others of the same name; give relative paths as keys")
    return [loaded.rows[key] if key is not None else {} for key in keys], problems


def _names(file: File) -> Iterator[str]:
    """What a key may call a file, likeliest first."""
    name = file.path.name
    yield file.path.stem
    yield name.split(".", 1)[0] if name.lower().endswith((".nii.gz", ".hdr.gz")) else name
    yield name
    yield file.relative
    yield file.relative.rpartition(".")[0] or file.relative


def _header(file: File, *, limits: Limits) -> Patient:
    """What a header says of the patient; only DICOM's says anything. A damaged file surfaces when it is read."""
    if file.format != "dicom":
        return Patient()
    from misyn.images.dicom_image import patient_in  # noqa: PLC0415 - pydicom, only where there is DICOM

    try:
        return patient_in(file.path, limits=limits)
    except UnreadableImage:
        return Patient()


def _values(group: str, rows: Sequence[Row], headers: Sequence[Patient], *, from_table: bool) -> list[str | None]:
    if from_table:
        return [row.get(group) for row in rows]
    if group.lower() == "sex":
        return [header.sex for header in headers]
    return [None if header.age is None else str(header.age) for header in headers]


def _label(file: File, row: Row, label: str | None) -> str | None:
    return file.path.absolute().parent.name if label == FOLDER else row.get(label or "")


def _unit(units: Sequence[str | None], patient: str | None) -> str:
    if not any(units):
        return "image"
    return "patient" if patient is None or is_patient(patient) else patient


def _judged(collection: Collection, problems: list[str]) -> Collection:
    """Say what the units can carry."""
    known = [item.patient for item in collection.items if item.patient]
    total = len(collection)
    if known and len(known) < total:
        problems.append(f"{total - len(known)} of {total} images have no {collection.unit}; each counts for itself")
    if len(known) > 1 and len(set(known)) == 1:
        problems.append(
            f"all images name one and the same {collection.unit}: if that is a placeholder, give a table with another"
        )
    return replace(
        collection,
        patients_known=collection.patients_known and bool(known) and len(known) == total,
        problems=(*collection.problems, *problems),
    )


def _group_problems(columns: Mapping[str, Sequence[str]]) -> Iterator[str]:
    for column, values in columns.items():
        groups = set(values) - {UNKNOWN}
        if not groups:
            yield f"nothing is known of {column!r}: every image is in the group {UNKNOWN}"
        elif len(groups) > _MANY_GROUPS:
            yield f"the column {column!r} makes {len(groups)} groups; most will be too small to say anything about"
