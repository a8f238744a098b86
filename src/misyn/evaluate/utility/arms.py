"""Train one classifier on medical images, on synthetic ones, and on both; judge all on held-out medical images.

Rules
-----
1. Training, validation and judging images have no patient in common. Validation images are medical: a quarter of the
   training patients.
2. ``medical`` and ``both`` learn from the same medical images; ``synthetic`` sees none but to choose its penalty and
   thresholds.
3. The learning curve keeps the medical images and adds synthetic ones until they are a quarter, half, three quarters.
4. Where it cannot be done, the reason is a caveat, and nothing is guessed.

Example:
    >>> SHARES
    (0.25, 0.5, 0.75)
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from dataclasses import dataclass, replace

import numpy as np
from numpy.typing import NDArray

from misyn.evaluate.sampling import generator, split, up_to
from misyn.evaluate.sets import HELD_OUT, SYNTHETIC, TRAINING, Sample
from misyn.evaluate.utility.gains import BOTH
from misyn.evaluate.utility.judged import Arm, Judged, thresholds
from misyn.evaluate.utility.logistic import Logistic, chosen

Floats = NDArray[np.float64]
Ints = NDArray[np.int64]

MOST = 4000  # images of each kind that one classifier learns from
FEWEST = 10  # training images of a class, and patients on either side, under which nothing is trained
VALIDATION = 0.25
SHARES = (0.25, 0.5, 0.75)
MEDICAL = "medical"
METHOD = "multinomial logistic regression on features, penalty and thresholds from validation images"


@dataclass(frozen=True, eq=False)
class Trained:
    """The three arms judged, and the arms of the learning curve."""

    judged: Judged
    curve: tuple[Arm, ...]


@dataclass(frozen=True, eq=False)
class Lesson:
    """Features and class numbers to learn from."""

    points: Floats
    classes: Ints

    @classmethod
    def of(cls, sample: Sample, names: tuple[str, ...], *, seed: int) -> Lesson:
        """The images whose label is among the names, at most :data:`MOST`."""
        kept = np.array([i for i, item in enumerate(sample.items) if item.label in names], np.int64)
        if len(kept) > MOST:
            kept = kept[up_to(sample.patients[kept], MOST, generator(seed, "utility", sample.origin))]
        classes = np.array([names.index(str(sample.items[i].label)) for i in kept], np.int64)
        return cls(sample.features[kept], classes)

    def __len__(self) -> int:
        return len(self.classes)

    def first(self, n: int) -> Lesson:
        """The first n images."""
        return Lesson(self.points[:n], self.classes[:n])

    def with_(self, other: Lesson) -> Lesson:
        """Both lessons together."""
        return Lesson(np.concatenate([self.points, other.points]), np.concatenate([self.classes, other.classes]))

    def shuffled(self, random: np.random.Generator) -> Lesson:
        """The same images in another order."""
        order = random.permutation(len(self))
        return Lesson(self.points[order], self.classes[order])


def obstacle(samples: Mapping[str, Sample]) -> str | None:
    """Why the default classifier cannot be trained and judged here, or None."""
    if TRAINING not in samples or HELD_OUT not in samples:
        return "training and held-out medical images are both needed"
    if not any(item.label is not None for item in samples[SYNTHETIC].items):
        return "the synthetic images have no labels"
    if len(class_names(samples)) < 2:
        return f"training and held-out images share fewer than two labels with {FEWEST} training images each"
    if min(samples[TRAINING].n_units, _unseen(samples).n_units) < 2 * FEWEST:
        return f"fewer than {2 * FEWEST} patients or units on one side"
    return None


def class_names(samples: Mapping[str, Sample]) -> tuple[str, ...]:
    """The labels with enough training images that held-out images have too, sorted."""
    counts = _labels(samples[TRAINING])
    seen = _labels(_unseen(samples))
    return tuple(sorted(name for name, n in counts.items() if n >= FEWEST and seen.get(name, 0) >= 2))


def train(samples: Mapping[str, Sample], *, seed: int) -> Trained:
    """Train every arm and let the held-out images judge; call :func:`obstacle` first."""
    names = class_names(samples)
    training, unseen = samples[TRAINING], _unseen(samples)
    validation, fitting = split(training.patients, VALIDATION, generator(seed, "utility", "validation"))
    medical = Lesson.of(training.take(fitting), names, seed=seed)
    judge = Lesson.of(training.take(validation), names, seed=seed)
    drawn = Lesson.of(samples[SYNTHETIC], names, seed=seed).shuffled(generator(seed, "utility", "synthetic"))
    kept = np.array([i for i, item in enumerate(unseen.items) if item.label in names], np.int64)
    judged = unseen.take(kept)
    trainer = _Trainer(judge=judge, judged=judged.features, n_classes=len(names))
    return Trained(
        judged=Judged(
            classes=np.array([names.index(str(item.label)) for item in judged.items], np.int64),
            names=names,
            patients=judged.patients,
            arms=tuple(trainer.arms(medical, drawn)),
            unit=judged.unit,
            patients_known=judged.patients_known,
            method=METHOD,
            members={name: images for name, images in judged.members.items() if not name.startswith("label=")},
        ),
        curve=tuple(trainer.curve(medical, drawn)),
    )


@dataclass(frozen=True, eq=False)
class _Trainer:
    """What every arm is validated and judged on."""

    judge: Lesson
    judged: Floats
    n_classes: int

    def arms(self, medical: Lesson, drawn: Lesson) -> Iterator[Arm]:
        """Medical images only, synthetic only, both."""
        yield replace(self._arm(medical), name=MEDICAL, said="training on medical images", n_medical=len(medical))
        if len(np.unique(drawn.classes)) > 1:
            arm = self._arm(drawn)
            yield replace(arm, name="synthetic", said="training on synthetic images", n_synthetic=len(drawn))
        arm = self._arm(medical.with_(drawn))
        said = "training on medical and synthetic images"
        yield replace(arm, name=BOTH, said=said, n_medical=len(medical), n_synthetic=len(drawn))

    def curve(self, medical: Lesson, drawn: Lesson) -> Iterator[Arm]:
        """More and more synthetic images beside the same medical ones (rule 3)."""
        for share in SHARES:
            n = round(len(medical) * share / (1 - share))
            if n <= len(drawn):
                arm = self._arm(medical.with_(drawn.first(n)))
                said = f"training on as many synthetic images as make {share:.0%}"
                yield replace(arm, name=f"share_{share * 100:.0f}", said=said, n_synthetic=n)

    def _arm(self, lesson: Lesson) -> Arm:
        judge = (self.judge.points, self.judge.classes)
        model: Logistic = chosen(lesson.points, lesson.classes, judge=judge, n_classes=self.n_classes)
        limits = thresholds(self.judge.classes, model.probabilities(self.judge.points))
        return Arm(name="", said="", scores=model.probabilities(self.judged), thresholds=limits)


def _unseen(samples: Mapping[str, Sample]) -> Sample:
    """Held-out images of patients that training images do not show."""
    held_out = samples[HELD_OUT]
    return held_out.take(np.flatnonzero(~np.isin(held_out.patients, samples[TRAINING].patients)))


def _labels(sample: Sample) -> dict[str, int]:
    names, counts = np.unique([item.label for item in sample.items if item.label is not None], return_counts=True)
    return dict(zip(names.tolist(), counts.tolist(), strict=True))
