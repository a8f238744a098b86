"""The sets of images a study compares, and each as arrays.

Rules
-----
1. Training, held-out and reference images are kept apart, always.
2. A patient has one number across all sets, so that neighbours can pass over the same patient wherever it appears. An
   image whose patient is unknown stands for itself.
3. ``n_patients`` is None unless every image's patient is known; other units (lesions, volumes) are not called so.

Example:
    >>> patients = numbered([["p1", "p2", "p1"], [None, "p2"]])
    >>> [codes.tolist() for codes in patients]
    [[0, 1, 0], [2, 1]]
"""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass, field, replace
from pathlib import Path

import numpy as np
from numpy.typing import NDArray

from misyn.errors import UsageError
from misyn.evaluate.coverage import crossed, members_of
from misyn.evaluate.survey import Facts
from misyn.images.collection import Collection, Item

Floats = NDArray[np.float64]
Ints = NDArray[np.int64]

TRAINING, HELD_OUT, REFERENCE, SYNTHETIC = "training", "held-out", "reference", "synthetic"
NAMES = {
    TRAINING: "the training images",
    HELD_OUT: "the held-out images",
    REFERENCE: "the reference images",
    SYNTHETIC: "the synthetic images",
}


@dataclass(frozen=True, kw_only=True)
class Sets:
    """What a study compares.

    Attributes:
        synthetic: output of the technique.
        training: medical images the technique saw.
        held_out: medical images of the same source that it did not see.
        reference: other medical images to compare with.
        masks: origin → folder with a mask of each image's name, where there are any (:mod:`misyn.evaluate.masks`).
    """

    synthetic: Collection
    training: Collection | None = None
    held_out: Collection | None = None
    reference: Collection | None = None
    masks: Mapping[str, Path] = field(default_factory=dict)

    def __post_init__(self) -> None:
        """Refuse a study without medical images: there would be nothing to measure against."""
        if self.training is None and self.held_out is None and self.reference is None:
            raise UsageError(
                "expected medical images to compare with, found none. Next: give training images, or reference images"
            )

    def named(self) -> Iterator[tuple[str, Collection]]:
        """The sets there are, medical ones first, in fixed order."""
        places = ((TRAINING, self.training), (HELD_OUT, self.held_out), (REFERENCE, self.reference))
        yield from ((name, collection) for name, collection in places if collection is not None)
        yield SYNTHETIC, self.synthetic


@dataclass(frozen=True, kw_only=True, eq=False)
class Sample:
    """The readable images of one set, as arrays.

    Attributes:
        origin: ``training``, ``held-out``, ``reference`` or ``synthetic``.
        unit: what ``patients`` counts: ``patient``, a column's name, or ``image``.
        patients_known: whether every image has a patient that is one.
        items: (N,) files with what a table says of them.
        facts: (N,) what :mod:`misyn.evaluate.survey` saw.
        features: (N, D) float64, scaled.
        patients: (N,) numbers shared across sets (rule 2).
        pictures: (N, H, W) small grey pictures (:mod:`misyn.evaluate.matching`), or None.
        attributes: (N, A) what can be seen of each image in numbers (:mod:`misyn.evaluate.attributes`), NaN where an
            attribute does not apply, or None.
        anatomy: (N, B) size and parts of the marked anatomy (:mod:`misyn.evaluate.masks`), NaN without a mask, or None.
    """

    origin: str
    unit: str
    patients_known: bool
    items: tuple[Item, ...]
    facts: tuple[Facts, ...]
    features: Floats
    patients: Ints
    pictures: NDArray[np.uint8] | None = None
    attributes: Floats | None = None
    anatomy: Floats | None = None

    def __len__(self) -> int:
        return len(self.items)

    @property
    def n_units(self) -> int:
        """Different patients, or other units; images without one count for themselves."""
        return len(np.unique(self.patients))

    @property
    def n_patients(self) -> int | None:
        """Different patients, or None where they are not known."""
        return self.n_units if self.patients_known else None

    @property
    def name(self) -> str:
        """How sentences call it, such as ``the training images``."""
        return NAMES[self.origin]

    @property
    def digests(self) -> tuple[str, ...]:
        """Digests of the canonical pixels."""
        return tuple(str(facts["digest"]) for facts in self.facts)

    @property
    def members(self) -> dict[str, Ints]:
        """Group or label → indices of its images."""
        return members_of([item.label for item in self.items], [item.groups for item in self.items])

    @property
    def crossed(self) -> dict[str, Ints]:
        """Two groups of different columns together → indices of their images, where these are enough for a number."""
        return crossed(self.members)

    def take(self, indices: Ints) -> Sample:
        """The images at these indices, as a set of their own."""
        return replace(
            self,
            items=tuple(self.items[i] for i in indices),
            facts=tuple(self.facts[i] for i in indices),
            features=self.features[indices],
            patients=self.patients[indices],
            pictures=None if self.pictures is None else self.pictures[indices],
            attributes=None if self.attributes is None else self.attributes[indices],
            anatomy=None if self.anatomy is None else self.anatomy[indices],
        )

    def others(self, k: int) -> bool:
        """Whether every image has at least k images of other patients."""
        return len(self) - int(np.bincount(self.patients).max()) >= k


def numbered(patients: Sequence[Sequence[str | None]]) -> list[Ints]:
    """Give every patient a number, the same in all sets; None gets a number of its own."""
    known: dict[str, int] = {}
    count = 0
    found = []
    for names in patients:
        codes = np.empty(len(names), np.int64)
        for index, name in enumerate(names):
            if name is None or name not in known:
                if name is not None:
                    known[name] = count
                codes[index], count = count, count + 1
            else:
                codes[index] = known[name]
        found.append(codes)
    return found


def composition(sample: Sample, *, unreadable: int) -> dict[str, object]:
    """What a set consists of, in numbers, as ``evaluation.json`` says it."""

    def counts(values: Sequence[object]) -> dict[str, int]:
        return dict(sorted(Counter(str(value) for value in values).items()))

    groups = [name for item in sample.items for name in item.group_names]
    return {
        "n": len(sample),
        "n_patients": sample.n_patients,
        "n_units": sample.n_units,
        "unit": sample.unit,
        "patients_known": sample.patients_known,
        "formats": counts([facts["format"] for facts in sample.facts]),
        "codecs": counts([facts["codec"] for facts in sample.facts]),
        "sizes": counts([f"{facts['width']}x{facts['height']}" for facts in sample.facts]),
        "bits": counts([facts["bits"] for facts in sample.facts]),
        "modalities": counts([facts["modality"] for facts in sample.facts if facts["modality"]]),
        "unreadable": unreadable,
        "groups": counts(groups),
        "labels": counts([item.label for item in sample.items if item.label is not None]),
    }
