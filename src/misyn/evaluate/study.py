"""Run every measure over the sets of a study, and write what was found.

Rules
-----
1. Every file is read twice, in the engine's workers: once to see what it is, once, prepared like all others, for its
   features. A file that does not read is counted and named in a caveat; it never ends the study.
2. Same input, same seed: the same bytes in ``evaluation.json``, on one worker or many. Numbers are written with 10
   significant digits, so that the last bits of a linear algebra library do not show.
3. Both files are written whole, ``evaluation.json`` last.
4. All tests of a study that answer one question are corrected together (:mod:`misyn.evaluate.families`).

Follows interface.md (``evaluation.json``, ``per-image.parquet``) of the project's design.

Example:
    >>> Sets(synthetic=Collection((), "image", False))
    Traceback (most recent call last):
    misyn.errors.UsageError: expected medical images to compare with, found none. Next: give training images, or ...
"""

from __future__ import annotations

import contextlib
import shutil
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass, replace
from functools import partial
from pathlib import Path
from typing import Any

import numpy as np

from misyn import __version__
from misyn.atomic import write_bytes
from misyn.canonical import canonical_bytes
from misyn.errors import NoImages
from misyn.evaluate import attributes, caveats, conditions, features, masks, plan, survey, table
from misyn.evaluate.compare import Comparison, compare
from misyn.evaluate.extractors import Extractor, identity
from misyn.evaluate.families import corrected
from misyn.evaluate.pair import Settings
from misyn.evaluate.preprocess import Plan
from misyn.evaluate.reading import Progress, Read, Reader, of, paths
from misyn.evaluate.sets import NAMES, SYNTHETIC, Sample, Sets, composition, numbered
from misyn.evaluate.utility.study import Usefulness
from misyn.evaluate.utility.study import measure as usefulness
from misyn.images.collection import Collection, Item
from misyn.images.limits import DEFAULT, Limits
from misyn.results import Caveat, Estimate, HypothesisTest, as_json

__all__ = ["Evaluation", "Sets", "evaluate", "rounded"]

SCHEMA = "misyn/evaluation/1"
JSON_NAME, TABLE_NAME = "evaluation.json", "per-image.parquet"
LEDGER = ".unfinished"  # what was read so far; there only while a study runs, or after it was interrupted
DIGITS = 10
MOSTLY_CONSTANT = 0.5  # share of features without any difference from which distances say little


@dataclass(frozen=True, kw_only=True)
class Evaluation:
    """What a study found.

    Attributes:
        estimates, tests, caveats: the results; caveats in the order in which they lead.
        content: ``evaluation.json`` as it was written.
    """

    estimates: tuple[Estimate, ...]
    tests: tuple[HypothesisTest, ...]
    caveats: tuple[Caveat, ...]
    content: dict[str, Any]


def evaluate(
    sets: Sets,
    *,
    out: Path,
    seed: int = 0,
    extractor: str = features.EXTRACTORS[0].name,
    workers: int | None = None,
    progress: Progress | None = None,
    limits: Limits = DEFAULT,
    settings: Settings | None = None,
    cache: Path | None = None,
    predictions: Sequence[Path] = (),
) -> Evaluation:
    """Measure what the synthetic images lack, shift and copy, against every medical set there is.

    Args:
        sets: the images.
        out: folder that gets ``evaluation.json`` and ``per-image.parquet``; while files are read it also keeps what
            was read so far, so that the same call goes on after an interruption.
        seed: of everything random, ≥ 0.
        extractor: what :func:`misyn.evaluate.extractors.known.by_name` takes.
        workers: processes, as in :func:`misyn.engine.map`.
        progress: called with (done, total); every file counts twice.
        limits: what reading one file may cost.
        settings: neighbours, permutations and the most images per test; its seed is replaced by ``seed``.
        cache: folder that keeps features for later studies (:mod:`misyn.evaluate.cache`); none is kept without it.
        predictions: tables of the user's own models' predictions (:mod:`misyn.evaluate.utility.study`), the model
            trained on medical images first; without any, a default classifier is trained where that can be done.

    Returns:
        Estimates, tests and caveats, and the content of ``evaluation.json``.

    Raises:
        UsageError: there is no such extractor.
        NoImages: no image of some set can be read.
        EvaluationError: all images are identical.
        TableError: predictions do not read, or not of the same images.
    """
    with _kept_if_interrupted(out / LEDGER) as ledger:
        return _evaluate(
            sets,
            out=out,
            extractor=features.by_name(extractor),
            settings=replace(settings or Settings(), seed=seed),
            reader=Reader(
                workers=workers,
                progress=progress,
                total=2 * len(paths(dict(sets.named()))),
                ledger=ledger,
                cache=cache,
            ),
            limits=limits,
            predictions=predictions,
        )


@contextlib.contextmanager
def _kept_if_interrupted(ledger: Path) -> Iterator[Path]:
    """Keep the ledger for the next call when this one is interrupted; an error or an end removes it."""
    home_is_ours = not ledger.parent.exists()
    try:
        yield ledger
    except Exception:
        shutil.rmtree(ledger, ignore_errors=True)
        if home_is_ours:
            shutil.rmtree(ledger.parent, ignore_errors=True)
        raise
    shutil.rmtree(ledger, ignore_errors=True)


def _evaluate(
    sets: Sets,
    *,
    out: Path,
    extractor: Extractor,
    settings: Settings,
    reader: Reader,
    limits: Limits,
    predictions: Sequence[Path],
) -> Evaluation:
    """Read, plan, compare, write."""
    named, told = conditions.read(dict(sets.named()))
    facts = reader.read(partial(survey.describe, limits=limits), paths(named))
    decided = plan.decide({origin: [facts[p] for p in of(c) if p in facts] for origin, c in _readable(named, facts)})
    vectors = reader.described(facts, plan=decided, extractor=extractor, limits=limits)
    scaled = _scaled(named, vectors, blocks=features.blocks(extractor, decided))
    samples = _samples(named, facts, vectors, scaled)
    samples, unmasked = _with_masks(sets, samples, reader, limits=limits)
    comparisons = {
        origin: compare(samples, origin=origin, settings=settings) for origin in samples if origin != SYNTHETIC
    }
    used = usefulness(samples, seed=settings.seed, files=predictions, margin=settings.margin)
    described = _extractor(extractor, decided, scaled)
    about_sets = [*caveats.of_sets(samples, prepared=_form(decided)), *told, *unmasked]
    warnings = [*about_sets, *reader.caveats(named), *_constant(scaled)]
    result = _result(comparisons, used, warnings)
    content = _content(result, samples, named=named, described=described, settings=settings)
    table.write(out / TABLE_NAME, samples, comparisons, unread=_unread(named, reader))
    write_bytes(out / JSON_NAME, canonical_bytes(content))
    return replace(result, content=content)


def _readable(named: Mapping[str, Collection], facts: Read) -> Iterator[tuple[str, Collection]]:
    """Pass the sets on, unless one has nothing that reads.

    Raises:
        NoImages: naming the set and the errors found.
    """
    for origin, collection in named.items():
        if not any(path in facts for path in of(collection)):
            raise NoImages(
                f"expected at least one readable image among {NAMES[origin]}, found none in {len(collection)} files. "
                "Next: check the folder with misyn verify"
            )
        yield origin, collection


def _unread(named: Mapping[str, Collection], reader: Reader) -> Iterator[tuple[str, Item, str]]:
    """Set, item and reason of every file that could not be read."""
    for origin, collection in named.items():
        for item in collection.items:
            failure = reader.failed.get(str(item.path))
            if failure is not None:
                yield origin, item, f"{failure.kind}: {failure.said}"


def _kept(collection: Collection, vectors: Read) -> tuple[Item, ...]:
    return tuple(item for item in collection.items if str(item.path) in vectors)


def _scaled(named: Mapping[str, Collection], vectors: Read, *, blocks: tuple[tuple[str, int], ...]) -> features.Scaled:
    """Feature matrices of all sets, scaled by the primary medical set."""
    raw = {
        origin: features.together([vectors[str(item.path)] for item in _kept(collection, vectors)])
        for origin, collection in _readable(named, vectors)
    }
    return features.scaled({o: m.astype(np.float64) for o, m in raw.items()}, blocks=blocks, by=table.primary(named))


def _samples(named: Mapping[str, Collection], facts: Read, vectors: Read, scaled: features.Scaled) -> dict[str, Sample]:
    """Every set as arrays."""
    kept = {origin: _kept(collection, vectors) for origin, collection in named.items()}
    patients = numbered([[item.patient for item in items] for items in kept.values()])
    return {
        origin: Sample(
            origin=origin,
            unit=collection.unit,
            patients_known=collection.patients_known,
            items=kept[origin],
            facts=tuple(facts[str(item.path)] for item in kept[origin]),
            features=scaled.sets[origin],
            patients=codes,
            pictures=np.stack([features.picture_of(vectors[str(item.path)]["picture"]) for item in kept[origin]]),
            attributes=np.array([attributes.row(vectors[str(item.path)]["attributes"]) for item in kept[origin]]),
        )
        for (origin, collection), codes in zip(named.items(), patients, strict=True)
    }


def _with_masks(
    sets: Sets, samples: dict[str, Sample], reader: Reader, *, limits: Limits
) -> tuple[dict[str, Sample], list[Caveat]]:
    """Add the size of the marked anatomy where a set has masks."""
    found, told = dict(samples), []
    for origin, folder in sets.masks.items():
        collection = dict(sets.named())[origin]
        of_image = masks.of_images(collection, folder)
        read = reader.read(partial(masks.describe, limits=limits), sorted(of_image.values()))
        rows = [masks.row(read.get(of_image.get(str(item.path), ""))) for item in samples[origin].items]
        found[origin] = replace(samples[origin], anatomy=np.array(rows))
        told += masks.missing(origin, collection, of_image, read)
    return found, told


def _extractor(chosen: Extractor, decided: Plan, scaled: features.Scaled) -> dict[str, Any]:
    """What made the features, as ``evaluation.json`` says it: results of different ones never mix."""
    return {
        "name": chosen.name,
        "version": chosen.version,
        "identity": identity(chosen),
        "made_by": features.made_by(chosen, decided),
        "dimension": next(iter(scaled.sets.values())).shape[1],
        "constant": scaled.constant,
        "scaled_by": scaled.by,
        "preprocessing": {**decided.as_json(), "extractor": chosen.preprocessing},
    }


def _form(decided: Plan) -> str:
    """The common form in words."""
    parts = [f"{decided.width} × {decided.height} pixels", "colour" if decided.colour else "grey"]
    if decided.eight_bit:
        parts.append("256 levels")
    if decided.quality is not None:
        parts.append(f"JPEG of quality {decided.quality}")
    return ", ".join(parts)


def _constant(scaled: features.Scaled) -> Iterator[Caveat]:
    kept = next(iter(scaled.sets.values())).shape[1]
    if scaled.constant >= MOSTLY_CONSTANT * (kept + scaled.constant):
        yield Caveat(
            "constant-features",
            f"{scaled.constant} of {kept + scaled.constant} features are the same in all images: distances between "
            "images say little. Next: check that the images show what they should",
        )


def _result(comparisons: Mapping[str, Comparison], used: Usefulness, warnings: list[Caveat]) -> Evaluation:
    """Put all comparisons together, and correct tests (rule 4)."""
    parts: tuple[Comparison | Usefulness, ...] = (*comparisons.values(), used)
    return Evaluation(
        estimates=tuple(estimate for part in parts for estimate in part.estimates),
        tests=corrected([test for part in parts for test in part.tests]),
        caveats=caveats.ordered([*warnings, *(caveat for part in parts for caveat in part.caveats)]),
        content={},
    )


def _content(
    result: Evaluation,
    samples: Mapping[str, Sample],
    *,
    named: Mapping[str, Collection],
    described: Mapping[str, Any],
    settings: Settings,
) -> dict[str, Any]:
    """``evaluation.json``, with no path and no patient in it."""
    unreadable = {origin: len(named[origin]) - len(sample) for origin, sample in samples.items()}
    content = {
        "schema": SCHEMA,
        "misyn": __version__,
        "seed": settings.seed,
        "extractor": described,
        "settings": {"k": settings.k, "permutations": settings.permutations, "most_per_test": settings.most},
        "sets": {origin: composition(sample, unreadable=unreadable[origin]) for origin, sample in samples.items()},
        "estimates": as_json(result.estimates),
        "tests": as_json(result.tests),
        "warnings": as_json(result.caveats),
        "images": TABLE_NAME,
    }
    whole: dict[str, Any] = rounded(content)
    return whole


def rounded(value: Any) -> Any:  # noqa: ANN401 - anything JSON can say
    """Every float with :data:`DIGITS` significant digits."""
    if isinstance(value, float):
        return float(f"{value:.{DIGITS}g}")
    if isinstance(value, Mapping):
        return {key: rounded(inner) for key, inner in value.items()}
    if isinstance(value, list | tuple):
        return [rounded(inner) for inner in value]
    return value
