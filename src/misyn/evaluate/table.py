"""``per-image.parquet``: one row per image, for pages and people who look at single images.

Rules
-----
1. Order: sets as in :meth:`misyn.evaluate.sets.Sets.named`, images as in their collection. Same input, same bytes.
2. What cannot be told is null, never false.
3. It holds paths and patients, so it stays on this machine; ``evaluation.json`` holds neither.

Columns, of every image: ``path``, ``origin``, ``label``, ``patient``, ``group:<column>``…, ``nearest`` and
``nearest_distance`` (of a synthetic image the nearest medical image of the primary set, of a medical image the nearest
synthetic one), ``x`` and ``y`` (:mod:`misyn.evaluate.embedding`), ``digest``, ``format``, ``width``, ``height``,
``codec``, ``attribute:<name>``… (:mod:`misyn.evaluate.attributes`, :mod:`misyn.evaluate.masks`) and ``error`` (of a
file that could not be read; every other column but ``path``, ``origin`` and what a table says of it is then null. These
rows come last).

Of synthetic images: ``supported``, ``exact_copy``, ``copy_suspect``, ``authentic``, ``medical_balls`` (how many medical
images' balls hold it), ``label_agreement`` (share of the k nearest labelled medical images with its label),
``copy_source``, ``copy_how`` and ``copy_likeness`` (the training image it most looks like in pixels, what was done to
that, and how alike they are). Of medical images, by their own set's balls: ``covered``, ``recalled``,
``synthetic_held`` (how many synthetic images its ball holds).

Example:
    >>> text_of(Path("a/b.png"))
    'a/b.png'
"""

from __future__ import annotations

import io
import os
from collections.abc import Iterable, Mapping, Sequence
from pathlib import Path
from typing import Any

import numpy as np
import pyarrow as pa
import pyarrow.parquet as pq
from numpy.typing import NDArray

from misyn.atomic import write_bytes
from misyn.evaluate import embedding, neighbours
from misyn.evaluate.attributes import ATTRIBUTES
from misyn.evaluate.compare import Comparison
from misyn.evaluate.masks import ANATOMY
from misyn.evaluate.sets import HELD_OUT, REFERENCE, SYNTHETIC, TRAINING, Sample
from misyn.images.collection import Item

Column = Sequence[Any]
TEXTS = (
    "path",
    "origin",
    "label",
    "patient",
    "nearest",
    "copy_source",
    "copy_how",
    "digest",
    "format",
    "codec",
    "error",
)
FLAGS = ("supported", "covered", "recalled", "exact_copy", "copy_suspect", "authentic")
COUNTS = ("medical_balls", "synthetic_held")
NUMBERS = ("nearest_distance", "copy_likeness", "label_agreement", "x", "y")
SIZES = ("width", "height")
MATCHED = ("copy_source", "copy_how", "copy_likeness", "label_agreement")
ORDER = (
    *TEXTS[:4],
    *FLAGS,
    *COUNTS,
    "label_agreement",
    "copy_source",
    "copy_how",
    "copy_likeness",
    "nearest",
    "nearest_distance",
    "x",
    "y",
    "digest",
    "format",
    *SIZES,
    "codec",
    "error",
)


_SEEN = tuple(pa.field(f"attribute:{kind.name}", pa.float64()) for kind in (*ATTRIBUTES, *ANATOMY))


def primary(origins: Mapping[str, object]) -> str:
    """The medical set that speaks for single images: training, else reference, else held-out."""
    return next(origin for origin in (TRAINING, REFERENCE, HELD_OUT) if origin in origins)


Unread = Iterable[tuple[str, Item, str]]


def write(
    path: Path, samples: Mapping[str, Sample], comparisons: Mapping[str, Comparison], *, unread: Unread = ()
) -> None:
    """Write the table, whole or not at all.

    Args:
        path: the file.
        samples: all sets of the study.
        comparisons: medical origin → what was compared.
        unread: set, item and reason of every file that could not be read.
    """
    groups = sorted({column for sample in samples.values() for item in sample.items for column in item.groups})
    maps = _maps(samples)
    parts = [_part(sample, samples, comparisons, maps[origin], groups) for origin, sample in samples.items()]
    parts.append(_errors(list(unread), groups))
    table = pa.concat_tables([pa.Table.from_pydict(part, schema=_schema(groups)) for part in parts])
    file = io.BytesIO()
    pq.write_table(table, file, compression="zstd")
    write_bytes(path, file.getvalue())


def text_of(path: Path) -> str:
    """A path as text; bytes of a name that are no text are written as escapes."""
    return os.fsencode(path).decode("utf-8", "backslashreplace")


def _schema(groups: Sequence[str]) -> pa.Schema:
    kinds = {**dict.fromkeys(TEXTS, pa.string()), **dict.fromkeys(FLAGS, pa.bool_())}
    kinds |= {**dict.fromkeys(NUMBERS, pa.float64()), **dict.fromkeys((*SIZES, *COUNTS), pa.int64())}
    fields = [(name, kinds[name]) for name in ORDER]
    return pa.schema([*fields[:4], *((f"group:{column}", pa.string()) for column in groups), *fields[4:], *_SEEN])


def _maps(samples: Mapping[str, Sample]) -> dict[str, NDArray[np.float64]]:
    """Places of all images on the map of the primary medical set."""
    flat = embedding.map_of(samples[primary(samples)].features)
    return {origin: flat.place(sample.features) for origin, sample in samples.items()}


def _part(
    sample: Sample,
    samples: Mapping[str, Sample],
    comparisons: Mapping[str, Comparison],
    places: NDArray[np.float64],
    groups: Sequence[str],
) -> dict[str, Column]:
    """The columns of one set."""
    columns: dict[str, Column] = dict.fromkeys((*FLAGS, *COUNTS, *MATCHED, "error"), [None] * len(sample))
    columns |= _seen(sample)
    columns |= _of_synthetic(samples, comparisons) if sample.origin == SYNTHETIC else _of_medical(sample, comparisons)
    columns |= _nearest(sample, samples, comparisons)
    columns |= {f"group:{column}": [item.groups.get(column) for item in sample.items] for column in groups}
    columns |= {name: [facts[name] for facts in sample.facts] for name in ("digest", "format", "codec", *SIZES)}
    return columns | {
        "path": [text_of(item.path) for item in sample.items],
        "origin": [sample.origin] * len(sample),
        "label": [item.label for item in sample.items],
        "patient": [item.patient for item in sample.items],
        "x": places[:, 0].tolist(),
        "y": places[:, 1].tolist(),
    }


def _seen(sample: Sample) -> dict[str, Column]:
    """Attributes and marked anatomy of every image, null where one does not apply."""
    blank = np.full((len(sample), 0), np.nan)
    parts = ((ATTRIBUTES, sample.attributes), (ANATOMY, sample.anatomy))
    found: dict[str, Column] = {field.name: [None] * len(sample) for field in _SEEN}
    for kinds, values in parts:
        for kind, column in zip(kinds, (blank if values is None else values).T, strict=False):
            found[f"attribute:{kind.name}"] = [float(f"{v:.9g}") if np.isfinite(v) else None for v in column]
    return found


def _errors(unread: Sequence[tuple[str, Item, str]], groups: Sequence[str]) -> dict[str, Column]:
    """The rows of files that could not be read."""
    nothing: dict[str, Column] = dict.fromkeys((*ORDER, *(field.name for field in _SEEN)), [None] * len(unread))
    said = {f"group:{column}": [item.groups.get(column) for _, item, _ in unread] for column in groups}
    return (
        nothing
        | said
        | {
            "path": [text_of(item.path) for _, item, _ in unread],
            "origin": [origin for origin, _, _ in unread],
            "label": [item.label for _, item, _ in unread],
            "patient": [item.patient for _, item, _ in unread],
            "error": [reason for _, _, reason in unread],
        }
    )


def _of_synthetic(samples: Mapping[str, Sample], comparisons: Mapping[str, Comparison]) -> dict[str, Column]:
    main = comparisons[primary(comparisons)]
    exact = np.any([comparison.exact for comparison in comparisons.values()], axis=0)
    found = {"supported": main.supported, "copy_suspect": main.looked.suspected, "exact_copy": exact}
    found |= {"authentic": main.authentic, "medical_balls": None if main.balls is None else main.balls.balls}
    none = [None] * len(samples[SYNTHETIC])
    flags = {name: none if flags is None else flags.tolist() for name, flags in found.items()}
    if main.agreement is not None:
        shares = [round(float(share), 4) if np.isfinite(share) else None for share in main.agreement]
        flags |= {"label_agreement": shares}
    return flags | _matches(main)


def _matches(main: Comparison) -> dict[str, Column]:
    """The training image that each synthetic one most looks like in pixels, and what was done to it."""
    found = main.looked.matches
    if found is None:
        return {}
    matched = [int(index) if index >= 0 else None for index in found.index]
    return {
        "copy_source": [None if i is None else text_of(main.medical.items[i].path) for i in matched],
        "copy_how": [None if i is None else found.how(row) for row, i in enumerate(matched)],
        "copy_likeness": [
            None if i is None else round(float(value), 4) for i, value in zip(matched, found.likeness, strict=True)
        ],
    }


def _of_medical(sample: Sample, comparisons: Mapping[str, Comparison]) -> dict[str, Column]:
    balls = comparisons[sample.origin].balls
    if balls is None:
        return {}
    flags = {"covered": balls.covered.tolist(), "recalled": balls.recalled.tolist()}
    return flags | {"synthetic_held": balls.held.tolist()}


def _nearest(sample: Sample, samples: Mapping[str, Sample], comparisons: Mapping[str, Comparison]) -> dict[str, Column]:
    """The nearest image across the border between medical and synthetic, and how far it is."""
    if sample.origin == SYNTHETIC:
        main = comparisons[primary(comparisons)]
        found, targets = main.nearest, main.medical
    else:
        targets = samples[SYNTHETIC]
        found = neighbours.nearest(sample.features, targets.features)
    return {
        "nearest": [text_of(targets.items[index].path) for index in found.indices[:, 0]],
        "nearest_distance": [float(f"{value:.9g}") for value in found.distances[:, 0]],
    }
