"""Warnings that lead: what a reader must know before any number.

Rules
-----
1. Each has an id that never changes and a text in plain words: what is so, what it does to the numbers, what to do.
2. :data:`ORDER` sorts them by how badly they mislead. Differences of form come first: any test finds those first.
3. Counts, never names of files or patients.
4. Nothing is said twice: what several sets give cause for ends with what is true of all of them, once.

Example:
    >>> found = [Caveat("no-held-out", "…"), Caveat("size-differs", "…")]
    >>> [caveat.id for caveat in ordered(found)]
    ['size-differs', 'no-held-out']
"""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Mapping

import numpy as np

from misyn.evaluate.coverage import SMALLEST
from misyn.evaluate.form import differences, sentence
from misyn.evaluate.sets import HELD_OUT, SYNTHETIC, TRAINING, Sample
from misyn.results import Caveat

FORM = ("size-differs", "codec-differs", "bit-depth-differs", "colour-differs")
FEW = 20  # patients below which no interval is printed and no test is run

ORDER = (
    "sets-overlap",
    "patients-overlap",
    "modality-differs",
    "size-differs",
    "codec-differs",
    "bit-depth-differs",
    "colour-differs",
    "planes-differ",
    "modality-unknown",
    "identical-images",
    "reference-not-training",
    "too-few-images",
    "same-patient-neighbours",
    "few-patients",
    "patients-unknown",
    "no-target",
    "pairs-incomplete",
    "structures-uncalibrated",
    "no-held-out",
    "few-held-out",
    "support-uninformative",
    "no-baseline",
    "baseline-smaller",
    "small-group",
    "one-label",
    "labels-differ",
    "prompts-read",
    "masks-missing",
    "constant-features",
    "nan-pixels",
    "unreadable-files",
    "table-problems",
    "usefulness-not-measured",
)


def ordered(found: Iterable[Caveat]) -> tuple[Caveat, ...]:
    """Sort by :data:`ORDER`; what several sets give cause for is one caveat with all sentences, each said once.

    Example:
        >>> found = [Caveat("few-patients", f"The {name} images are few. No interval is given") for name in ("a", "b")]
        >>> ordered(found)[0].text
        'The a images are few. The b images are few. No interval is given'
    """
    texts: dict[str, dict[str, None]] = {}
    for caveat in found:
        texts.setdefault(caveat.id, {})[caveat.text] = None
    merged = {name: _merged(list(texts[name])) for name in sorted(texts, key=ORDER.index)}
    said = [name for name in merged if name in FORM]
    for name in said[1:]:  # what holds for every difference of form stands with the first
        kept = [sentence for sentence in merged[name] if sentence not in merged[said[0]]]
        merged[name] = kept or merged[name]
    return tuple(Caveat(name, ". ".join(sentences)) for name, sentences in merged.items())


def _merged(texts: list[str]) -> list[str]:
    """Sentences of several texts: what each says on its own first, then what they all end with."""
    parts = [text.split(". ") for text in texts]
    shared = 0
    while shared < min(map(len, parts)) - 1 and len({part[-1 - shared] for part in parts}) == 1:
        shared += 1
    own = [sentence for part in parts for sentence in part[: len(part) - shared]]
    return list(dict.fromkeys(own)) + parts[0][len(parts[0]) - shared :]


def of_sets(samples: Mapping[str, Sample], *, prepared: str) -> Iterator[Caveat]:
    """Everything about the sets themselves and how they compare.

    Args:
        samples: origin → images.
        prepared: in words, the form all were brought to.
    """
    medical = [sample for origin, sample in samples.items() if origin != SYNTHETIC]
    synthetic = samples[SYNTHETIC]
    for sample in medical:
        yield from differences(sample, synthetic, prepared=prepared)
        yield from _patients(sample)
        yield from _labels(sample, synthetic)
    if TRAINING in samples and HELD_OUT in samples:
        yield from differences(samples[TRAINING], samples[HELD_OUT], prepared=prepared)
        yield from _overlap(samples[TRAINING], samples[HELD_OUT])
    for sample in samples.values():
        yield from _identical(sample)
        yield from _missing(sample)
    yield from _roles(samples)


def counted(n: int, unit: str) -> str:
    """Say a number of units.

    Example:
        >>> counted(1, "patient"), counted(3, "patient"), counted(3, "lesion_id")
        ('1 patient', '3 patients', '3 different lesion_id')
    """
    if unit in {"patient", "image"}:
        return f"{n} {unit}{'s' * (n != 1)}"
    return f"{n} different {unit}"


def _overlap(training: Sample, held_out: Sample) -> Iterator[Caveat]:
    """The same pixels, or the same patients, where sets must be apart."""
    same = sum(digest in set(training.digests) for digest in set(held_out.digests))
    if same:
        yield Caveat(
            "sets-overlap",
            f"{same} held-out images are also training images, pixel by pixel. They are not unseen, and are left out "
            "of every calibration and baseline. Next: separate the sets by patient",
        )
    shared = np.intersect1d(training.patients, held_out.patients).size
    if shared:
        yield Caveat(
            "patients-overlap",
            f"{counted(shared, training.unit)} in the training set and in the held-out set alike: held-out images then "
            "look more like training images than those of new patients would. Next: separate the sets by patient",
        )


def _identical(sample: Sample) -> Iterator[Caveat]:
    repeated = len(sample) - len(set(sample.digests))
    if repeated and repeated == len(sample) - 1:
        yield Caveat(
            "identical-images", f"All {len(sample)} of {sample.name} are one and the same image, pixel by pixel"
        )
    elif repeated:
        yield Caveat(
            "identical-images",
            f"{repeated} of {len(sample)} of {sample.name} repeat another one of them, pixel by pixel. "
            "Repeated images count as often as they occur",
        )


def _missing(sample: Sample) -> Iterator[Caveat]:
    touched = sum(facts["missing"] > 0 for facts in sample.facts)
    if touched:
        yield Caveat(
            "nan-pixels",
            f"{touched} of {len(sample)} of {sample.name} hold pixels that are no numbers; "
            "these were replaced by the middle value of their image",
        )


def _patients(sample: Sample) -> Iterator[Caveat]:
    narrow = "Intervals are too narrow and p-values too small wherever a patient has several images"
    if sample.unit == "image":
        yield Caveat(
            "patients-unknown",
            f"Which of {sample.name} come from the same patient is not known; each counts as a patient of its own. "
            + narrow,
        )
    elif sample.unit != "patient":
        yield Caveat(
            "patients-unknown",
            f"{sentence(sample.name)} are grouped by {sample.unit}, which is no patient: patients are unknown. "
            + narrow,
        )
    elif not sample.patients_known:
        yield Caveat(
            "patients-unknown",
            f"Of some of {sample.name} the patient is not known; each of these counts as a patient of its own. "
            + narrow,
        )
    if sample.n_units < FEW:
        yield Caveat(
            "few-patients",
            f"{sentence(sample.name)} come from {counted(sample.n_units, sample.unit)}, fewer than {FEW}. Nothing here "
            "speaks for other patients; no interval is given and no test is run",
        )


def _labels(sample: Sample, synthetic: Sample) -> Iterator[Caveat]:
    labels = {item.label for item in sample.items if item.label is not None}
    if len(labels) == 1:
        yield Caveat("one-label", f"{sentence(sample.name)} have one label only: nothing is said of other classes")
    generated = {item.label for item in synthetic.items if item.label is not None}
    if len(labels) > 1 and len(generated) == 1:
        yield Caveat(
            "one-label",
            f"{sentence(synthetic.name)} have one label only, {sample.name} have {len(labels)}: images of the other "
            "classes will look as if they were left out",
        )


def _roles(samples: Mapping[str, Sample]) -> Iterator[Caveat]:
    if TRAINING not in samples:
        yield Caveat(
            "reference-not-training",
            "The training images of this technique are not here. What is measured is the distance to other medical "
            "images; what the technique saw, left out or copied, we cannot tell",
        )
    elif HELD_OUT not in samples:
        yield Caveat(
            "no-held-out",
            "There are no held-out medical images: memorisation cannot be told from resemblance, and only exact copies "
            "of training images are flagged",
        )


def small_groups(sample: Sample, small: Mapping[str, int]) -> Iterator[Caveat]:
    """Name the groups of a set that have too few patients, or other units, for a number."""
    if small:
        named = ", ".join(f"{group} (n = {n})" for group, n in small.items())
        yield Caveat(
            "small-group",
            f"Of {sample.name}, these groups have fewer than {counted(SMALLEST, sample.unit)} and get no number: "
            f"{named}",
        )
