"""Measure every pair, and write what was found beside the results of the sets.

Rules
-----
1. A pair that does not read is counted and named in a caveat; it never ends the study.
2. Results join ``evaluation.json`` and ``per-image.parquet`` of the same study where there are any, under names that
   begin with ``pair_``; else they make these files. Both are written whole, ``evaluation.json`` last.
3. Same input, same seed: the same bytes, on one worker or many.

Follows interface.md (``evaluation.json``, ``per-image.parquet``) of the project's design. Columns added to the table,
for synthetic images: ``pair_source``, ``pair_target``, ``pair_error``, ``pair_ssim``, ``hallucinated``, ``lost`` (how
many structures count, null where nothing calibrates), ``pair_marks`` (where, as JSON: ``planes``, and ``marks``: kind,
plane, and row, column and width in shares of the picture).

Example:
    >>> evaluate(Pairs((), "image", False), out=Path("out"))
    Traceback (most recent call last):
    misyn.errors.NoImages: expected at least one pair that can be read, found none in 0 pairs. Next: ...
"""

from __future__ import annotations

import io
import json
from collections import Counter
from collections.abc import Callable, Iterator, Mapping, Sequence
from functools import partial
from pathlib import Path
from typing import Any

import pyarrow as pa
import pyarrow.parquet as pq

from misyn import __version__, engine
from misyn.atomic import write_bytes
from misyn.canonical import canonical_bytes
from misyn.errors import NoImages
from misyn.evaluate import caveats
from misyn.evaluate.pairs import measured, results
from misyn.evaluate.pairs.joined import Pair, Pairs
from misyn.evaluate.sets import numbered
from misyn.evaluate.study import JSON_NAME, SCHEMA, TABLE_NAME, rounded
from misyn.evaluate.table import text_of
from misyn.images.limits import DEFAULT, Limits
from misyn.results import Caveat, as_json

Progress = Callable[[int, int], None]
Rows = Sequence[tuple[Pair, Mapping[str, Any]]]

TEXTS = ("pair_source", "pair_target", "pair_marks")
NUMBERS = ("pair_error", "pair_ssim")
COUNTS = ("hallucinated", "lost")


def evaluate(
    pairs: Pairs,
    *,
    out: Path,
    content: Mapping[str, Any] | None = None,
    seed: int = 0,
    workers: int | None = None,
    progress: Progress | None = None,
    limits: Limits = DEFAULT,
) -> dict[str, Any]:
    """Measure all pairs.

    Args:
        pairs: which image belongs to which.
        out: folder that gets, or has, ``evaluation.json`` and ``per-image.parquet``.
        content: what the study of the sets wrote to ``out``, or None where there was none.
        seed: of everything random, ≥ 0.
        workers: processes, as in :func:`misyn.engine.map`.
        progress: called with (done, total).
        limits: what reading one file may cost.

    Returns:
        The content of ``evaluation.json``.

    Raises:
        NoImages: no pair can be read.
    """
    texts = {pair.as_text(): pair for pair in pairs.items}
    rows = engine.map(partial(measured.describe, limits=limits), list(texts), workers=workers, progress=progress)
    kept = [(texts[row.item], row.value) for row in rows if row.value is not None]
    if not kept:
        raise NoImages(
            f"expected at least one pair that can be read, found none in {len(texts)} pairs. "
            "Next: check the files with misyn verify"
        )
    study = _study(kept, pairs, seed=seed)
    warnings = [
        *results.caveats(study, pairs.problems),
        *_failed([row.error_type for row in rows if row.value is None]),
    ]
    whole = _content(content, study, kept, warnings)
    _write_table(out, kept, study, joined=content is not None)
    write_bytes(out / JSON_NAME, canonical_bytes(whole))
    return whole


def _study(kept: Rows, pairs: Pairs, *, seed: int) -> results.Study:
    codes = numbered([[pair.patient for pair, _ in kept]])[0]
    if all(pair.patient is None for pair, _ in kept):  # a source counts for itself, however many images it made
        codes = numbered([[str(pair.source) for pair, _ in kept]])[0]
    return results.Study(
        measured=[value for _, value in kept], patients=codes, unit=pairs.unit, known=pairs.patients_known, seed=seed
    )


def _failed(kinds: list[str | None]) -> Iterator[Caveat]:
    if kinds:
        said = ", ".join(f"{kind}: {n}" for kind, n in sorted(Counter(str(kind) for kind in kinds).items()))
        yield Caveat("unreadable-files", f"{len(kinds)} pairs could not be read and are left out ({said})")


def _content(
    content: Mapping[str, Any] | None, study: results.Study, kept: Rows, warnings: list[Caveat]
) -> dict[str, Any]:
    """``evaluation.json``, with what was there before."""
    before = dict(content) if content is not None else _empty(kept, study.seed)
    known = [Caveat(w["id"], w["text"]) for w in before["warnings"]]
    source: dict[str, Any] = {
        "n": len({pair.source for pair, _ in kept}),
        "n_patients": study.n if study.known else None,
        "n_units": study.n,
        "unit": study.unit,
        "patients_known": study.known,
        "targets": sum(pair.target is not None for pair, _ in kept),
        "regions": sum(pair.region is not None for pair, _ in kept),
    }
    found = {
        "estimates": [*before["estimates"], *as_json(tuple(results.estimates(study)))],
        "warnings": as_json(caveats.ordered([*known, *warnings])),
        "sets": before["sets"] | {"source": source},
    }
    whole: dict[str, Any] = rounded(before | found)
    return whole


def _empty(kept: Rows, seed: int) -> dict[str, Any]:
    """What a study without sets has to say."""
    return {
        "schema": SCHEMA,
        "misyn": __version__,
        "seed": seed,
        "sets": {"synthetic": {"n": len(kept), "n_patients": None, "unit": "image", "patients_known": False}},
        "estimates": [],
        "tests": [],
        "warnings": [],
        "images": TABLE_NAME,
    }


def _write_table(out: Path, kept: Rows, study: results.Study, *, joined: bool) -> None:
    """Add the pairs' columns to the table there is, or write one of synthetic images and their sources."""
    limits = results.limits(study)
    found = {text_of(pair.synthetic): _row(pair, value, limits) for pair, value in kept}
    if joined:
        table = pq.ParquetFile(out / TABLE_NAME).read()
    else:
        sources = dict.fromkeys(text_of(path) for pair, _ in kept for path in (pair.source, pair.target) if path)
        table = pa.table({"path": [*found, *sources], "origin": ["synthetic"] * len(found) + ["source"] * len(sources)})
    listed = zip(table.column("path").to_pylist(), table.column("origin").to_pylist(), strict=True)
    paths = [path if origin == "synthetic" else "" for path, origin in listed]
    kinds = {
        **dict.fromkeys(TEXTS, pa.string()),
        **dict.fromkeys(NUMBERS, pa.float64()),
        **dict.fromkeys(COUNTS, pa.int64()),
    }
    for name, kind in kinds.items():
        table = table.append_column(name, pa.array([found.get(str(path), {}).get(name) for path in paths], kind))
    file = io.BytesIO()
    pq.write_table(table, file, compression="zstd")
    write_bytes(out / TABLE_NAME, file.getvalue())


def _row(pair: Pair, value: Mapping[str, Any], limits: results.Limits | None) -> dict[str, Any]:
    """A synthetic image's columns."""
    whole = value["regions"]["whole"]
    row: dict[str, Any] = {
        "pair_source": text_of(pair.source),
        "pair_target": None if pair.target is None else text_of(pair.target),
        "pair_error": float(f"{whole['error']:.9g}"),
        "pair_ssim": float(f"{whole['ssim']:.9g}") if "ssim" in whole else None,
    }
    if limits is None:
        return row
    marks = {kind: results.counted(value, kind, limit) for kind, limit in limits.of.items()}
    high, wide = value["shape"]
    listed = [
        [kind, int(plane), round(down / high, 4), round(right / wide, 4), round(width / wide, 4)]
        for kind, rows in marks.items()
        for _, plane, down, right, width in rows
    ]
    counts = {kind: len(rows) for kind, rows in marks.items()}
    return row | counts | {"pair_marks": json.dumps({"planes": value["planes"], "marks": listed})}
