"""What each measure says in plain words, where it comes from, and what it cannot tell.

Rules
-----
1. One entry per measure, in the order of the page; a measure without an entry is still shown, as "other".
2. A control's name is its measure's with an ending (:data:`CONTROLS`); it is explained by what stands in whose place.

Sources are the papers that defined each measure; misyn's own are marked so.

Example:
    >>> by_name("coverage").of, by_name("coverage_baseline").name, by_name("new") is None
    ('medical', 'coverage', True)
"""

from __future__ import annotations

from misyn.report.measure import Measure, Question
from misyn.report.paired import PAIRED
from misyn.report.usefulness import USEFULNESS
from misyn.report.visible import VISIBLE

BASELINE, CHANCE, SHUFFLED, SAME_N = "_baseline", "_chance", "_shuffled", "_same_n"
CONTROLS = {
    BASELINE: "The same with medical images in the synthetic images' place",
    CHANCE: "The same with points made of features that each come from a different medical image",
    SHUFFLED: "The same with labels given out at random",
    SAME_N: "The same with as few synthetic images as there are medical ones to stand in their place",
}


KYNKAANNIEMI = "Kynkäänniemi et al., NeurIPS 2019"
NAEEM = "Naeem et al., ICML 2020"
SALVY = "Salvy, Talbot and Thirion, ICLR 2026"

MEASURES: tuple[Measure, ...] = (
    Measure(
        "coverage",
        "missing",
        "medical",
        "Medical images that have a synthetic image near them",
        "A medical image is covered when a synthetic image lies closer to it than its k-th nearest medical image.",
        NAEEM,
        "Near is measured between features, not between findings: a covered image may still differ in what matters "
        "to its patient. With few synthetic images, coverage is low whatever their quality.",
        says="{value} medical images have a synthetic image near them.",
        scale="share",
    ),
    Measure(
        "clipped_coverage",
        "missing",
        None,
        "Share of good synthetic images that would cover the medical ones as densely (1: as medical images would)",
        "A medical image counts fully when k synthetic images lie within its k-th-neighbour radius; the mean is turned "
        "into the share of images, drawn like medical ones, that would be expected to reach it.",
        SALVY,
        "Which images are missing, and whether a finding is shown: it is one number between features.",
        says="Medical images are covered as densely as if {hundredths} of 100 synthetic images were drawn like them.",
        scale="share",
    ),
    Measure(
        "recall",
        "missing",
        "medical",
        "Medical images that lie inside the region the synthetic images span",
        "A medical image is recalled when it lies within the k-th-neighbour radius of at least one synthetic image.",
        KYNKAANNIEMI,
        "A few scattered synthetic images have large radii and raise it without showing more kinds of patients.",
        says="{value} medical images lie inside the region that the synthetic images span.",
        scale="share",
    ),
    Measure(
        "support",
        "shifted",
        "synthetic",
        "Synthetic images as near to medical images as unseen medical images are",
        "A synthetic image is supported when its distance to the nearest medical images is within the range that "
        "unseen medical images show.",
        "misyn; the threshold is calibrated on unseen medical images",
        "Supported means that it looks like medical images. Resemblance is not grounding: no patient stands behind "
        "this image, and what it shows may never have occurred.",
        says="{value} synthetic images lie as near to medical images as unseen medical images do: the "
        "measurable shadow of grounding, not grounding.",
        scale="share",
    ),
    Measure(
        "precision",
        "shifted",
        "synthetic",
        "Synthetic images that lie inside the region the medical images span",
        "A synthetic image counts when it lies within the k-th-neighbour radius of at least one medical image.",
        KYNKAANNIEMI,
        "One unusual medical image has a large radius and can lift it from almost none to all; read it beside density.",
        says="{value} synthetic images lie inside the region that the medical images span.",
        scale="share",
    ),
    Measure(
        "density",
        "shifted",
        None,
        "How densely medical images surround the synthetic ones (near 1 between sets of the same kind)",
        "For each synthetic image, the number of medical images within whose k-th-neighbour radius it lies, divided by "
        "k; then the mean.",
        NAEEM,
        "A set that repeats the most common kind of image scores high: it says nothing of what is left out.",
        says="Medical images lie {value} times as densely around synthetic images as around images of their kind.",
        scale="distance",
    ),
    Measure(
        "clipped_density",
        "shifted",
        None,
        "How densely medical images surround the synthetic ones, whatever a few odd ones do (1: as medical images do)",
        "As density, with no ball wider than the median ball and no image counted for more than one, over what medical "
        "images reach among themselves; 1 at most.",
        SALVY,
        "What is left out: a set that repeats the most common kind of image scores high.",
        says="Odd images aside, medical images lie {value} times as densely around synthetic images as around others.",
        scale="share",
    ),
    Measure(
        "frechet",
        "shifted",
        None,
        "Distance between the two sets as a whole (0: same mean and spread of features)",
        "Fréchet distance between Gaussians fitted to the features of both sets.",
        "Dowson and Landau 1982; Heusel et al., NeurIPS 2017",
        "It sees only means and covariances, is biased upwards in small sets, and has no unit: compare it only with "
        "the distance between two sets of medical images measured in the same way.",
        says="As wholes, the two sets lie {value} apart, in a distance without a unit.",
        scale="distance",
    ),
    Measure(
        "frechet_extrapolated",
        "shifted",
        None,
        "The same distance as it would be with infinitely many images, as halves of the sets point to it",
        "Twice the distance, minus its mean between halves of whole patients.",
        "Chong and Forsyth, CVPR 2020",
        "With fewer images than features it is still too large.",
        says="With infinitely many images, halves of them suggest, the two sets would lie {value} apart.",
        scale="distance",
    ),
    Measure(
        "frechet_floor",
        "shifted",
        None,
        "The least that this distance is with infinitely many images, on average",
        "By the triangle inequality: the root of the distance minus those between the halves of each set, squared.",
        "misyn",
        "0 says only that the images are too few to tell.",
        says="With infinitely many images the two sets would lie at least {value} apart, on average.",
        scale="distance",
    ),
    Measure(
        "mmd2",
        "shifted",
        None,
        "Squared difference between the two sets (may fall below 0 by chance)",
        "Unbiased squared maximum mean discrepancy between the features of both sets.",
        "Gretton et al., JMLR 2012",
        "It shows that sets differ, not how, nor whether the difference matters to anyone.",
        says="The squared difference of the two sets is {value}; around 0, it is chance.",
        scale="distance",
    ),
    Measure(
        "exact_copies",
        "copied",
        "synthetic",
        "Synthetic images whose pixels equal those of a medical image",
        "The digest of the decoded pixels is the same.",
        "misyn",
        "A copy that was cropped, scaled or compressed again has another digest and is not found this way.",
        says="{value} synthetic images equal a medical image pixel by pixel.",
        scale="share",
    ),
    Measure(
        "copy_suspects",
        "copied",
        "synthetic",
        "Synthetic images closer to a training image than held-out medical images usually are",
        "The distance to the nearest training image is below what held-out medical images show.",
        "misyn; the threshold is calibrated on held-out medical images",
        "Closeness is a suspicion, not a proof; and a copied detail inside an otherwise new image is not seen.",
        says="{value} synthetic images lie closer to a training image than resemblance explains.",
        scale="share",
    ),
    Measure(
        "nearest_distance_median",
        "copied",
        None,
        "Median distance from a synthetic image to its nearest medical image",
        "Median over the synthetic images of the distance to the nearest medical image, between features.",
        "misyn",
        "A median hides the few images that matter most here: look at the suspected copies one by one.",
        says="Half of the synthetic images lie within {value} of their nearest medical image (no unit).",
        scale="distance",
    ),
    Measure(
        "authenticity",
        "copied",
        "synthetic",
        "Synthetic images that do not sit closer to a medical image than its own nearest neighbour does",
        "A synthetic image is authentic when its nearest medical image has another medical image still nearer.",
        "Alaa et al., ICML 2022 (the definition; not their published code, which uses the wrong index)",
        "About half of a set of new medical images fails it by chance; it is no test of privacy.",
        says="{value} synthetic images are farther from their nearest medical image than that is from its own nearest.",
        scale="share",
    ),
)

ALL: tuple[Measure, ...] = (*MEASURES, *VISIBLE, *PAIRED, *USEFULNESS)


def by_name(name: str) -> Measure | None:
    """Find a measure; ``<name>_baseline`` is the same with medical images in the synthetic ones' place.

    A downstream number is named after its measure and its model.
    """
    for ending in CONTROLS:
        name = name.removesuffix(ending)
    exact = next((m for m in ALL if m.name == name), None)
    return exact or next((m for m in USEFULNESS if name.startswith(f"{m.name}_")), None)


def control(name: str) -> str | None:
    """What stands in the synthetic images' place in a control run, or None for the main run.

    Example:
        >>> control("coverage") is None, control("support_chance")[:15]
        (True, 'The same with p')
    """
    return next((said for suffix, said in CONTROLS.items() if name.endswith(suffix)), None)


def of_question(question: Question) -> tuple[Measure, ...]:
    """The measures that help to answer one question, in the order of the page.

    Example:
        >>> [m.name for m in of_question("missing")]
        ['coverage', 'clipped_coverage', 'recall', 'pair_lost']
    """
    return tuple(m for m in ALL if m.question == question)
