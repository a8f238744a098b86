r"""The user's own classifiers: one table of scores per model, on the same held-out medical images.

Rules
-----
1. The first file is the baseline (medical images only); the arm is called by the file's name.
2. Columns: ``image`` (any unique text), ``label`` (what is so), ``score`` (of the second of two labels in sorted order)
   or ``score:<label>`` for every label; and, where known, ``patient``, ``split`` (``validation`` fixes thresholds,
   anything else judges) and ``group:<column>``. Every file has the same images with the same labels.
3. Scores between 0 and 1 that sum to 1 are probabilities; calibration is measured only of those.

Example:
    >>> import tempfile
    >>> from pathlib import Path
    >>> with tempfile.TemporaryDirectory() as name:
    ...     file = Path(name) / "medical.csv"
    ...     _ = file.write_text("image,label,score\na,no,0.2\nb,yes,0.9\n")
    ...     read(load([file, file], needed=NEEDED, optional=OPTIONAL)).names
    ('no', 'yes')
"""

from __future__ import annotations

from collections.abc import Sequence

import numpy as np
from numpy.typing import NDArray

from misyn.errors import TableError
from misyn.evaluate.coverage import members_of
from misyn.evaluate.sets import numbered
from misyn.evaluate.utility.judged import Arm, Judged, thresholds
from misyn.evaluate.utility.tables import PATIENT, PredictionFile, groups_of, load, same_images
from misyn.images.table import listed

__all__ = ["NEEDED", "OPTIONAL", "load", "read"]

Floats = NDArray[np.float64]
Ints = NDArray[np.int64]

LABEL, SCORE, SPLIT = "label", "score", "split"
NEEDED, OPTIONAL = (LABEL,), (SCORE, SPLIT)
VALIDATION = "validation"
METHOD = "predictions of the user's own models"
SUM = 1e-3  # how far rows of probabilities may be from 1


def read(files: Sequence[PredictionFile]) -> Judged:
    """Bring the predictions of all models onto one panel.

    Args:
        files: the baseline first; loaded with the columns :data:`NEEDED` and :data:`OPTIONAL`.

    Raises:
        TableError: missing columns, other images or labels than in the first file, or scores that are no numbers.
    """
    first = files[0]
    names = _labels(first)
    same_images(first, files[1:], column=LABEL)
    images = sorted(first.rows)
    classes = np.array([names.index(str(first.rows[image][LABEL])) for image in images], np.int64)
    judging = np.array([first.rows[image].get(SPLIT) != VALIDATION for image in images])
    patients = [first.rows[image].get(PATIENT) for image in images]
    return Judged(
        classes=classes[judging],
        names=names,
        patients=numbered([patients])[0][judging],
        arms=tuple(_arm(found, images, names, classes=classes, judging=judging) for found in files),
        unit=PATIENT if PATIENT in first.columns else "image",
        patients_known=PATIENT in first.columns and None not in patients,
        method=METHOD,
        members=_members(first, [image for image, judges in zip(images, judging, strict=True) if judges]),
    )


def _labels(first: PredictionFile) -> tuple[str, ...]:
    labels = {row[LABEL] for row in first.rows.values()}
    if None in labels or len(labels) < 2:
        found = "images without one" if None in labels else "a single one"
        raise TableError(
            f"expected a label for every image in {first.name} and two or more different ones, found {found}. "
            f"Next: fill the column {LABEL!r}"
        )
    return tuple(sorted(str(label) for label in labels))


def _arm(
    found: PredictionFile,
    images: Sequence[str],
    names: tuple[str, ...],
    *,
    classes: Ints,
    judging: NDArray[np.bool_],
) -> Arm:
    scores = _scores(found, images, names)
    sums = np.abs(scores.sum(axis=1) - 1).max() < SUM
    return Arm(
        name=found.name,
        said=f"the model of {found.name}",
        scores=scores[judging],
        thresholds=thresholds(classes[~judging], scores[~judging]),
        probabilities=bool(sums and scores.min() >= 0 and scores.max() <= 1),
    )


def _scores(found: PredictionFile, images: Sequence[str], names: tuple[str, ...]) -> Floats:
    """(N, C) scores; a single column is that of the second of two labels."""
    if SCORE in found.columns and len(names) == 2:
        second = _numbers(found, images, SCORE)
        return np.stack([1 - second, second], axis=1)
    missing = [f"{SCORE}:{name}" for name in names if f"{SCORE}:{name}" not in found.columns]
    if missing:
        raise TableError(
            f"expected the columns {listed(missing)} in {found.name}, found {listed(found.columns)}. "
            "Next: give one score per label"
        )
    return np.stack([_numbers(found, images, f"{SCORE}:{name}") for name in names], axis=1)


def _numbers(found: PredictionFile, images: Sequence[str], column: str) -> Floats:
    values = np.array([_number(found.rows[image][column]) for image in images])
    bad = int((~np.isfinite(values)).sum())
    if bad:
        raise TableError(
            f"expected numbers in the column {listed([column])} of {found.name}, found {bad} rows without one. "
            "Next: score every image"
        )
    return values


def _number(text: str | None) -> float:
    try:
        return float(text or "nan")
    except ValueError:
        return float("nan")


def _members(first: PredictionFile, images: Sequence[str]) -> dict[str, Ints]:
    return members_of([None] * len(images), groups_of(first, images))
