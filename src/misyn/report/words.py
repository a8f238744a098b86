"""Say numbers in sentences that someone who knows no metric can act on.

Rules
-----
1. One sentence per question; it names how many of how many, and what it was compared with.
2. "We cannot tell" is an answer. Nothing found is never "safe", "private" or "the same".
3. A difference that file format or size could make is said to be just that.
4. Public words only: no metric's name, no "significant", no grade.

Words follow mission.md: *synthetic image*, *medical image*, *supported* (never grounded).

Example:
    >>> from misyn.report.facts import Facts
    >>> estimate = {"name": "coverage", "set": "training", "n_synthetic": 200, "reason": "k-NN"}
    >>> groups = [estimate | {"value": 0.9, "n_medical": 400}, estimate | {"value": 3 / 41, "n_medical": 41,
    ...           "group": "sex=F & age=60-79"}]
    >>> print(missing(Facts(audit=None, evaluation={"estimates": groups}, marks=None, record=None, rows=())))
    The synthetic images leave out most images of women aged 60–79 (found: 3 of 41).
"""

from __future__ import annotations

from misyn.report import groups, shifts
from misyn.report.facts import Facts, mapping
from misyn.report.measures import BASELINE, by_name
from misyn.report.numbers import SETS, Number, count, probability, quantity, share, whole

ALPHA = 0.05
SMALL, HALF = 10, 0.5
FIRST_DIFFERENCES = {
    "modality-differs",
    "codec-differs",
    "size-differs",
    "bit-depth-differs",
    "colour-differs",
    "planes-differ",
}
MEDICAL = {"training": "training images", "reference": "reference images", "held-out": "held-out images"}
LONG = {
    "source": "source images",
    "training": "training images",
    "reference": "reference medical images",
    "held-out": "held-out medical images",
}
NOT_GROUNDED = "Resemblance is not grounding: no patient stands behind this image."
SHADOW = "Support is the measurable shadow of grounding, not grounding: it says what an image resembles."
DEFAULT_SCOPE = "Evaluated on existing images only (phase 1). Nothing here shows benefit or safety for patients."
NO_COVERAGE = "We cannot tell: coverage of the medical images was not measured."
NOTHING = "Nothing was measured. Nothing here shows benefit or safety for patients."
NOT_MEASURED = "Not measured: we cannot tell."


def scope(facts: Facts) -> str:
    """How far the evaluation reaches: as the audit derived it, or else what a plain evaluation can reach at most."""
    said = mapping(facts.audit).get("scope")
    return str(said) if said else DEFAULT_SCOPE if facts.evaluation else NOTHING


def medical(facts: Facts) -> str:
    """The medical images that were compared with, in words."""
    return MEDICAL.get(facts.numbers.main or "", "medical images")


def of(number: Number) -> str:
    """Say a share as "k of n", or as a percentage where it is not the share of one whole set.

    Example:
        >>> of(Number.parse({"name": "coverage", "value": 0.25, "n_medical": 40, "reason": "k-NN"}))
        '10 of 40'
    """
    measure, value = by_name(number.name), number.value
    if value is None:
        return "not known"
    n = number.n(measure.of) if measure is not None and measure.of is not None else None
    if measure is None or measure.of is None or not 0 <= value <= 1:
        return quantity(value)
    if not n or abs(round(value * n) - value * n) > 1e-6 * n:
        return share(value)
    return f"{whole(round(value * n))} of {whole(n)}"


def interval(number: Number) -> str:
    r"""Say an interval, or why there is none.

    Example:
        >>> interval(Number.parse({"name": "support", "value": 0.5, "low": 0.4, "high": 0.6}))
        '95\xa0% interval 40\xa0% to 60\xa0%'
    """
    if number.interval is None:
        return f"no interval: {number.reason}"
    measure = by_name(number.name)
    write = share if measure is not None and measure.of is not None else quantity
    low, high = (write(end) for end in number.interval)
    return f"{share(number.level)} interval {low} to {high}"


def worst_group(facts: Facts, name: str = "coverage") -> Number | None:
    """The group with the lowest value, among groups of at least ten medical images.

    A group that medical images in the synthetic images' place do not find either is no sign of anything, and is passed.
    """
    big = (g for g in facts.numbers.by_group(name) if g.value is not None and (g.n_medical or 0) >= SMALL)
    for group in big:
        control = beside(facts, group)
        if control is None or (control.value or 0.0) >= HALF:
            return group
    return None


def beside(facts: Facts, number: Number) -> Number | None:
    """The same number with medical images in the synthetic images' place, where it was measured."""
    controls = facts.numbers.by_name(f"{number.name}{BASELINE}")
    return next((c for c in controls if c.group == number.group and c.value is not None), None)


def missing_subject(facts: Facts) -> Number | None:
    """The number that :func:`missing` speaks of: all images, or a group that is mostly left out while all are not."""
    overall, worst = facts.numbers.find("coverage"), worst_group(facts)
    if overall is None or overall.value is None:
        return None
    return worst if overall.value >= HALF and worst is not None and (worst.value or 0.0) < HALF else overall


def missing(facts: Facts) -> str:
    """Answer "What is missing" in one sentence."""
    number = missing_subject(facts)
    if number is None or number.value is None:
        return _lost(facts) or "We cannot tell what is missing: coverage of the medical images was not measured."
    who = groups.images_of(number.group) if number.group is not None else medical(facts)
    if number.value < HALF:
        also = shifts.left_out(facts)
        return f"The synthetic images leave out most {who} (found: {of(number)}{_beside(facts, number)}){also}."
    if number.value < 1:
        near = f"{of(number)} {who} have a synthetic image near them{_beside(facts, number)}"
        return f"{near}; the others have none{shifts.left_out(facts)}."
    return (
        f"Each of the {_count(number.n_medical)}{who} has a synthetic image near it; "
        "near is not the same as represented."
    )


def _lost(facts: Facts) -> str:
    """What images made from others lack, where that is all that was measured."""
    return _of_pairs(facts, "pair_lost", "synthetic images lack a structure that their source shows")


def _of_pairs(facts: Facts, name: str, said: str) -> str:
    """A share of patients, in words, with what medical images show; empty where it was not measured."""
    number, control = facts.numbers.find(name), facts.numbers.find(f"{name}{BASELINE}")
    if number is None or number.value is None:
        return ""
    among = "" if control is None else f"; among medical images it is {share(control.value or 0.0)}"
    return f"Of {share(number.value)} of the patients {said}{among}."


def _beside(facts: Facts, number: Number) -> str:
    """What medical images find in the synthetic images' place, or why low coverage was to be expected."""
    control = beside(facts, number)
    if control is not None and control.value is not None:
        return f"; medical images in their place find {share(control.value)}"
    if number.group is None and (number.n_synthetic or 0) < (number.n_medical or 0):
        return f"; so few synthetic images, {whole(number.n_synthetic or 0)}, could not find all"
    return ""


def shifted(facts: Facts) -> str:
    """Answer "What shifted" in one sentence."""
    test, control = facts.numbers.test("mmd"), facts.numbers.test("mmd_baseline")
    if test is None or test.p is None:
        return _shift_untested(facts)
    if test.p >= ALPHA:
        return (
            f"We cannot tell the synthetic images from the {medical(facts)} as a set ({probability(test.p)}); "
            "that does not show that they are alike."
        )
    if control is not None and control.p is not None and control.p < ALPHA:
        return (
            "We cannot tell what shifted: the test separates synthetic from medical images, "
            "but it separates medical images from each other too."
        )
    return (
        f"As a set, the {_count(test.n_synthetic)}synthetic images differ from the {_count(test.n_medical)}"
        f"{medical(facts)} more than chance explains ({probability(test.p)}){_first_difference(facts)}"
        f"{shifts.seen(facts)}{shifts.linked(facts)}."
    )


def _count(n: int | None) -> str:
    """A count before its noun, where it is known."""
    return "" if n is None else f"{whole(n)} "


def _shift_untested(facts: Facts) -> str:
    """What can be said of a shift without a test."""
    distance, baseline = facts.numbers.find("frechet"), facts.numbers.find("frechet_baseline")
    if distance is None or distance.value is None:
        made_up = _of_pairs(facts, "pair_hallucinated", "synthetic images show a structure that their source does not")
        return made_up or "We cannot tell what shifted: no difference between the sets was measured."
    between = "" if baseline is None or baseline.value is None else f" (medical images: {quantity(baseline.value)})"
    return (
        f"The two sets lie {quantity(distance.value)} apart{between}; whether that is more than chance was not tested."
    )


def _first_difference(facts: Facts) -> str:
    """What any test would find before it finds anything about synthesis."""
    if any(name in FIRST_DIFFERENCES for name, _ in facts.warnings):
        return "; but the files differ in form too (see above), and any test finds that first"
    return ""


def copied(facts: Facts) -> str:
    """Answer "What may be copied" in one sentence."""
    exact, suspects = facts.numbers.find("exact_copies"), facts.numbers.find("copy_suspects")
    if exact is None or exact.value is None:
        return "We cannot tell what was copied: no comparison with medical images was made."
    looked_at = f"{_count(exact.n_synthetic)}synthetic images"
    if exact.value > 0:
        return f"{of(exact)} synthetic images {_are_copies(exact)} of {_a_medical(facts, exact)}."
    if facts.numbers.main != "training":
        return (
            f"We cannot tell: the training images are not known; none of {looked_at} "
            f"is an exact copy of one of the {medical(facts)}."
        )
    if suspects is None or suspects.value is None:
        return f"No exact copy was found among {looked_at}; near copies {no_suspects(facts)}."
    return (
        f"No exact copy was found; {of(suspects)} synthetic images lie closer to a training image "
        f"than held-out images usually do{_copy_baseline(facts)}{shifts.traced(facts)}."
    )


def no_suspects(facts: Facts) -> str:
    """Why nothing is said of suspected copies."""
    if _number_of_images(facts, "held-out"):
        return "could not be looked for with these held-out images (see the warnings)"
    return "could not be looked for without held-out images"


def _one(number: Number) -> bool:
    """Whether a share is that of one image."""
    return of(number).startswith("1 of ")


def _are_copies(exact: Number) -> str:
    """Say that one is, or that several are, exact copies."""
    return "is an exact copy" if _one(exact) else "are exact copies"


def _a_medical(facts: Facts, exact: Number) -> str:
    """Say one, or several, of the medical images."""
    return f"a {medical(facts).removesuffix('s')}" if _one(exact) else medical(facts)


def _copy_baseline(facts: Facts) -> str:
    """How many held-out medical images would be suspected in the same way."""
    baseline = facts.numbers.find("copy_suspects_baseline")
    return "" if baseline is None or baseline.value is None else f" (of these, {share(baseline.value)} do)"


def compared(facts: Facts) -> str:
    """Say which images were compared with which, and how many patients stand behind the medical ones."""
    sets = {name: _of_set(facts, name) for name in (*SETS, "source")}
    others = [sentence for sentence in sets.values() if sentence]
    own = _number_of_images(facts, "synthetic")
    synthetic = "no synthetic images" if own is None else f"{whole(own)} synthetic image{'s' if own != 1 else ''}"
    return f"{synthetic}, compared with {' and '.join(others) or 'no medical images'}.".capitalize()


def _of_set(facts: Facts, name: str) -> str:
    """Say one set of medical images, or nothing where it was not given."""
    images, stated = _number_of_images(facts, name), mapping(facts.sets.get(name))
    if not images:
        return ""
    noun = LONG[name] if images != 1 else LONG[name].removesuffix("s")
    patients, unit = count(stated.get("n_patients")), str(stated.get("unit") or "image")
    if patients is not None and stated.get("patients_known") is not False:
        return f"{whole(images)} {noun} ({whole(patients)} patient{'s' if patients != 1 else ''})"
    units = count(stated.get("n_units"))
    known = "" if unit in {"image", "patient"} else f"{whole(units)} different {unit}; " if units else f"by {unit}; "
    return f"{whole(images)} {noun} ({known}patients unknown)"


def _number_of_images(facts: Facts, name: str) -> int | None:
    """Images of one set, as stated or else as counted in the table of images."""
    stated = count(mapping(facts.sets.get(name)).get("n"))
    counted = sum(row.origin == name for row in facts.rows)
    return stated if stated is not None else counted or None


def no_support(facts: Facts) -> str:
    """Why no synthetic image can be put in order of support."""
    main = facts.numbers.main
    return "We cannot tell which are supported: " + (
        "there is no medical image to compare with." if main is None else "neither support nor distance was measured."
    )
