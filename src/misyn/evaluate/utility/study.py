"""Everything on usefulness and harm that a study writes down: estimates, tests, caveats.

Rules
-----
1. With training, held-out and labelled synthetic images the default classifier is trained (:mod:`arms`).
2. With files of predictions or masks, those judge instead (:mod:`predictions`, :mod:`masks`): own models come first.
3. With neither, a caveat says what was not measured and what it would take.

Example:
    >>> import numpy as np
    >>> from misyn.evaluate.sets import SYNTHETIC
    >>> none = Sample(origin=SYNTHETIC, unit="image", patients_known=False, items=(), facts=(),
    ...               features=np.empty((0, 2)), patients=np.empty(0, np.int64))
    >>> measure({SYNTHETIC: none}, seed=0).caveats[0].id
    'usefulness-not-measured'
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path

from misyn.errors import TableError
from misyn.evaluate.sets import Sample
from misyn.evaluate.utility import arms, masks, predictions, tables
from misyn.evaluate.utility.gains import Board
from misyn.results import Caveat, Estimate, HypothesisTest


@dataclass(frozen=True)
class Usefulness:
    """What was found on usefulness and harm."""

    estimates: tuple[Estimate, ...] = ()
    tests: tuple[HypothesisTest, ...] = ()
    caveats: tuple[Caveat, ...] = ()


def measure(
    samples: Mapping[str, Sample], *, seed: int, files: Sequence[Path] = (), margin: float | None = None
) -> Usefulness:
    """Measure what training with the synthetic images gains or harms.

    Args:
        samples: the study's sets.
        seed: of splits and draws.
        files: predictions of the user's own models, the baseline first; none for the default classifier.
        margin: largest difference in area under the curve that counts as none, fixed beforehand, or None.

    Raises:
        TableError: predictions do not read, or do not speak of the same images.
    """
    if files:
        return _of_predictions(files, seed=seed, margin=margin)
    told = arms.obstacle(samples)
    if told is not None:
        return Usefulness(caveats=(_not_measured(told),))
    trained = arms.train(samples, seed=seed)
    board = Board.of(trained.judged, seed=seed)
    found = [*board.estimates(), *board.curve(trained.curve)]
    return Usefulness(tuple(found), tuple(board.tests(margin=margin)))


def _of_predictions(files: Sequence[Path], *, seed: int, margin: float | None) -> Usefulness:
    """Let the user's own models speak: masks where the tables name some, scores otherwise."""
    if len(files) < 2:
        raise TableError(
            "expected predictions of two models or more, the one trained on medical images first, found one. "
            "Next: give --predictions once per model"
        )
    if masks.PREDICTION in tables.columns(files[0]):
        compared = masks.read(tables.load(files, needed=masks.COLUMNS))
        return Usefulness(tuple(compared.estimates(seed=seed)), tuple(compared.tests()))
    loaded = tables.load(files, needed=predictions.NEEDED, optional=predictions.OPTIONAL)
    board = Board.of(predictions.read(loaded), seed=seed)
    return Usefulness(tuple(board.estimates()), tuple(board.tests(margin=margin)))


def _not_measured(told: str) -> Caveat:
    return Caveat(
        "usefulness-not-measured",
        f"Whether training with the synthetic images helps or harms was not measured: {told}. Next: give labelled "
        "training, held-out and synthetic images, or your own models' results with --predictions",
    )
