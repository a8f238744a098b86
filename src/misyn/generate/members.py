"""Which files a data set is made of, and what it says of them.

Rules
-----
1. A data set is: a list of paths or of mappings, a :class:`misyn.images.collection.Collection`, a folder, or an object
   that names its files the way PyTorch's and MONAI's do: ``samples`` or ``imgs`` (path and class), ``data`` (mappings),
   ``paths`` or ``files``; ``Subset`` and ``ConcatDataset`` of those.
2. Nothing is guessed: where files cannot be told, that is said, with what to do.
3. What the data set says of patient, label and groups goes before what the policy's table says.

Example:
    >>> [member.path.name for member in members(["a.png", {"image": "b.png", "label": 1}], key="image")]
    ['a.png', 'b.png']
"""

from __future__ import annotations

import os
from collections.abc import Mapping, Sequence
from dataclasses import replace
from pathlib import Path
from typing import Any

from misyn.errors import UsageError
from misyn.images.collection import Collection, Item, collect

_PATIENT = ("patient", "patient_id", "PatientID", "subject", "subject_id", "lesion_id")
_LABEL = ("label", "class", "target", "dx", "diagnosis")
_GROUPS = ("sex", "age", "group", "site", "localization", "skin_type")


def members(dataset: Any, *, key: str, about: Collection | None = None) -> list[Item]:  # noqa: ANN401 - any data set
    """List a data set's files, in its order.

    Args:
        dataset: as rule 1 says.
        key: of the path in mappings.
        about: what is known of files besides.

    Raises:
        UsageError: its files cannot be told.
    """
    found = _members(dataset, key)
    if about is None:
        return found
    by_path = {_absolute(item.path): item for item in about.items}
    return [_joined(item, by_path.get(_absolute(item.path))) for item in found]


def _members(dataset: Any, key: str) -> list[Item]:  # noqa: ANN401
    if isinstance(dataset, Collection):
        return list(dataset.items)
    if isinstance(dataset, str | os.PathLike):
        return list(collect(Path(dataset)).items)
    if isinstance(dataset, Sequence):
        return [_one(item, key) for item in dataset]
    parts, indices, inner = (getattr(dataset, name, None) for name in ("datasets", "indices", "dataset"))
    if isinstance(parts, Sequence) and parts:
        return [item for part in parts for item in _members(part, key)]
    if inner is not None and indices is not None:
        everything = _members(inner, key)
        return [everything[int(index)] for index in indices]
    return _named(dataset, key)


def _named(dataset: Any, key: str) -> list[Item]:  # noqa: ANN401
    """The files a data set names in one of its attributes."""
    classes = getattr(dataset, "classes", None)
    for name in ("samples", "imgs", "data", "paths", "files"):
        given = getattr(dataset, name, None)
        if isinstance(given, Sequence) and not isinstance(given, str) and len(given) and _is_member(given[0], key):
            found = [_one(item, key, classes) for item in given]
            if len(found) == len(dataset):
                return found
    raise UsageError(
        f"expected a data set whose files can be told, found {type(dataset).__name__} without samples, data, paths or "
        "files, one for each item. Next: give it an attribute paths, in the order of its items"
    )


def _is_member(item: object, key: str) -> bool:
    if isinstance(item, Mapping):
        return key in item
    first = item[0] if isinstance(item, tuple | list) and item else item
    return isinstance(first, str | os.PathLike)


def _one(item: Any, key: str, classes: Sequence[str] | None = None) -> Item:  # noqa: ANN401
    """One member from a path, a pair of path and class, or a mapping."""
    if isinstance(item, Item):
        return item
    if isinstance(item, Mapping) and key in item and isinstance(item[key], str | os.PathLike):
        groups = {name: str(item[name]) for name in _GROUPS if item.get(name) is not None}
        return Item(Path(item[key]), _first(item, _PATIENT), _first(item, _LABEL), groups)
    if isinstance(item, tuple | list) and item and isinstance(item[0], str | os.PathLike):
        label = item[1] if len(item) > 1 else None
        named = classes[label] if classes and isinstance(label, int) and label < len(classes) else label
        return Item(Path(item[0]), label=None if named is None else str(named))
    if isinstance(item, str | os.PathLike):
        return Item(Path(item))
    raise UsageError(
        f"expected paths, pairs of path and class, or mappings with {key!r}, found {type(item).__name__}. "
        "Next: name the key of the path in the policy"
    )


def _first(item: Mapping[str, Any], names: Sequence[str]) -> str | None:
    return next((str(item[name]) for name in names if item.get(name) is not None), None)


def _joined(item: Item, known: Item | None) -> Item:
    """Fill in what the data set does not say (rule 3)."""
    if known is None:
        return item
    return replace(
        item,
        patient=item.patient or known.patient,
        label=item.label or known.label,
        groups={**known.groups, **item.groups},
    )


def _absolute(path: Path) -> str:
    return os.path.realpath(path)
