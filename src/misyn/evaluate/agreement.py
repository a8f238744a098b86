"""Does the medical neighbourhood of a synthetic image carry the label, prompt or condition that it was made for?

Rules
-----
1. Per synthetic image: the share of its k nearest labelled medical images that have its label. Unlabelled images of
   either side are left out.
2. Baseline: the same for unseen medical images and their own label, against those of other patients: held-out images
   where there are any, else the set's own images. A label that the features cannot see agrees no better there.
3. Shuffled: what labels given out at random would reach; each label's share among the medical images.
4. Part of the measurable shadow of grounding, not grounding: agreement says that an image looks like others with that
   label; nobody had what it shows.

Source: misyn; nearest neighbours after Cover and Hart 1967.

Example:
    >>> points, labels = np.array([[0.0], [0.1], [5.0], [5.1]]), ["a", "a", "b", "b"]
    >>> shares(np.array([[0.05], [0.0]]), ["a", "b"], points, labels, k=2).tolist()
    [1.0, 0.0]
"""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterator, Sequence

import numpy as np
from numpy.typing import NDArray

from misyn.evaluate import neighbours
from misyn.evaluate.coverage import SMALLEST
from misyn.evaluate.pair import ONE_DRAW, Pair
from misyn.evaluate.sets import Sample
from misyn.evaluate.statistics import MEAN_N, mean_interval
from misyn.results import Estimate

Floats = NDArray[np.float64]
Ints = NDArray[np.int64]
Labels = Sequence[str | None]

FEW = f"under {MEAN_N} synthetic images with a label: the interval of such a mean is not validated there"


def shares(
    queries: Floats,
    labels: Labels,
    medical: Floats,
    medical_labels: Labels,
    *,
    k: int,
    patients: tuple[Ints, Ints] | None = None,
) -> Floats:
    """Share of each query's k nearest labelled medical images that have its label.

    Args:
        queries: (M, D) features.
        labels: (M,) labels, None where there is none.
        medical: (N, D) features.
        medical_labels: (N,) labels.
        k: neighbours.
        patients: a number per query and per medical image; images of the same patient are passed over.

    Returns:
        (M,) in [0, 1], NaN where a query has no label or fewer than k labelled medical images are left.
    """
    found = np.full(len(queries), np.nan)
    asked = np.flatnonzero([label is not None for label in labels]).tolist()
    known = np.flatnonzero([label is not None for label in medical_labels]).tolist()
    if len(asked) == 0 or len(known) < k:
        return found
    groups = None if patients is None else (patients[0][asked], patients[1][known])
    near = neighbours.nearest(queries[asked], medical[known], k=k, patients=groups)
    theirs = np.array([medical_labels[i] for i in known])[near.indices]
    own = np.array([labels[i] for i in asked])
    found[asked] = np.where(np.isfinite(near.distances).all(axis=1), (theirs == own[:, None]).mean(axis=1), np.nan)
    return found


def of_synthetic(pair: Pair) -> Floats | None:
    """Agreement of every synthetic image, (M,) with NaN where it has no label; None where no label is shared."""
    labels, medical = _labels(pair.other), _labels(pair.medical)
    if not {label for label in labels if label} & {label for label in medical if label}:
        return None
    return shares(pair.other.features, labels, pair.medical.features, medical, k=pair.settings.k)


def estimates(pair: Pair, found: Floats, unseen: Sample | None) -> Iterator[Estimate]:
    """Agreement over all labelled synthetic images and by label, each with its baseline and what chance would reach.

    Args:
        pair: the medical set and the synthetic images.
        found: what :func:`of_synthetic` gave.
        unseen: held-out images, where the medical set is the training set and there are any.
    """
    others = pair.medical if unseen is None else unseen
    control = shares(
        others.features,
        _labels(others),
        pair.medical.features,
        _labels(pair.medical),
        k=pair.settings.k,
        patients=(others.patients, pair.medical.patients),
    )
    known = Counter(label for label in _labels(pair.medical) if label)
    total = known.total()
    for label in (None, *sorted(known)):
        main, baseline = (_of(values, _labels(s), label) for values, s in ((found, pair.other), (control, others)))
        if main.size >= (1 if label is None else SMALLEST):
            chance = [known[name] / total for name in _kept(found, pair.other, label)]
            yield _main(pair, main, label)
            yield from _controls(pair, others, label, baseline=baseline, shuffled=float(np.mean(chance)), n=main.size)


def _labels(sample: Sample) -> Labels:
    return [item.label for item in sample.items]


def _kept(values: Floats, sample: Sample, label: str | None) -> list[str]:
    pairs = zip(_labels(sample), values, strict=True)
    return [name for name, v in pairs if name is not None and np.isfinite(v) and label in {None, name}]


def _of(values: Floats, labels: Labels, label: str | None) -> Floats:
    kept = [np.isfinite(v) and label in {None, name} for v, name in zip(values, labels, strict=True)]
    return values[np.flatnonzero(kept)]


def _main(pair: Pair, values: Floats, label: str | None) -> Estimate:
    return pair.estimate(
        "label_agreement",
        float(values.mean()),
        estimand=f"mean share of the {pair.settings.k} nearest labelled medical images that have a synthetic image's "
        f"own label, over {len(values)} synthetic images {'that carry one' if label is None else 'with this label'}",
        method=f"{pair.settings.k} nearest by Euclidean distance of features",
        interval=mean_interval(values),
        reason=FEW,
        group=None if label is None else f"label={label}",
    )


def _controls(
    pair: Pair, others: Sample, label: str | None, *, baseline: Floats, shuffled: float, n: int
) -> Iterator[Estimate]:
    """What unseen medical images reach with their own labels, and what labels given out at random would."""
    group = None if label is None else f"label={label}"
    shared = {"unit": pair.medical.unit, "n_medical": len(pair.medical), "n_patients": pair.medical.n_patients}
    if baseline.size >= (1 if label is None else SMALLEST):
        yield Estimate(
            name="label_agreement_baseline",
            value=float(baseline.mean()),
            estimand=f"the same for {len(baseline)} of {others.name} and their own labels",
            method=f"{pair.settings.k} nearest by Euclidean distance of features; of other patients",
            reason=ONE_DRAW,
            n_synthetic=len(baseline),
            group=group,
            set=pair.medical.origin,
            **shared,  # type: ignore[arg-type]  # one dict of texts and counts
        )
    yield Estimate(
        name="label_agreement_shuffled",
        value=shuffled,
        estimand="the same, expected where labels are given to the medical images at random",
        method="share of each label among the labelled medical images",
        reason="a count of these medical images, not an estimate of others",
        n_synthetic=n,
        group=group,
        set=pair.medical.origin,
        **shared,  # type: ignore[arg-type]
    )
