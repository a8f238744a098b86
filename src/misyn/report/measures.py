"""What each measure says in plain words, where it comes from, and what it cannot tell.

Rules
-----
1. One entry per measure, in the order of the page; a measure without an entry is still shown, as "other".
2. ``cannot_tell`` is never empty: a measure that could tell everything does not exist.
3. ``of`` names the images a share counts (``medical`` or ``synthetic``); None where the number is not a share.

Sources are the papers that defined each measure; misyn's own are marked so.

Example:
    >>> by_name("coverage").of, by_name("coverage_baseline").name, by_name("new") is None
    ('medical', 'coverage', True)
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import Literal

Question = Literal["missing", "shifted", "copied", "harmed"]
BASELINE, CHANCE = "_baseline", "_chance"
CONTROLS = {
    BASELINE: "The same with medical images in the synthetic images' place",
    CHANCE: "The same with points made of features that each come from a different medical image",
}


@dataclass(frozen=True)
class Measure:
    """One measure, explained.

    Attributes:
        name: as in ``evaluation.json``.
        question: the question it helps to answer.
        of: whose share it is, or None.
        plain: what the number is, for a table row.
        definition: how it is computed, for the fold-out.
        source: who defined it.
        cannot_tell: what it does not show.
    """

    name: str
    question: Question
    of: Literal["medical", "synthetic"] | None
    plain: str
    definition: str
    source: str
    cannot_tell: str


KYNKAANNIEMI = "Kynkäänniemi et al., NeurIPS 2019"
NAEEM = "Naeem et al., ICML 2020"

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
    ),
    Measure(
        "recall",
        "missing",
        "medical",
        "Medical images that lie inside the region the synthetic images span",
        "A medical image is recalled when it lies within the k-th-neighbour radius of at least one synthetic image.",
        KYNKAANNIEMI,
        "A few scattered synthetic images have large radii and raise it without showing more kinds of patients.",
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
    ),
    Measure(
        "precision",
        "shifted",
        "synthetic",
        "Synthetic images that lie inside the region the medical images span",
        "A synthetic image counts when it lies within the k-th-neighbour radius of at least one medical image.",
        KYNKAANNIEMI,
        "One unusual medical image has a large radius and can lift it from almost none to all; read it beside density.",
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
    ),
    Measure(
        "mmd2",
        "shifted",
        None,
        "Squared difference between the two sets (may fall below 0 by chance)",
        "Unbiased squared maximum mean discrepancy between the features of both sets.",
        "Gretton et al., JMLR 2012",
        "It shows that sets differ, not how, nor whether the difference matters to anyone.",
    ),
    Measure(
        "exact_copies",
        "copied",
        "synthetic",
        "Synthetic images whose pixels equal those of a medical image",
        "The digest of the decoded pixels is the same.",
        "misyn",
        "A copy that was cropped, scaled or compressed again has another digest and is not found this way.",
    ),
    Measure(
        "copy_suspects",
        "copied",
        "synthetic",
        "Synthetic images closer to a training image than held-out medical images usually are",
        "The distance to the nearest training image is below what held-out medical images show.",
        "misyn; the threshold is calibrated on held-out medical images",
        "Closeness is a suspicion, not a proof; and a copied detail inside an otherwise new image is not seen.",
    ),
    Measure(
        "nearest_distance_median",
        "copied",
        None,
        "Median distance from a synthetic image to its nearest medical image",
        "Median over the synthetic images of the distance to the nearest medical image, between features.",
        "misyn",
        "A median hides the few images that matter most here: look at the suspected copies one by one.",
    ),
    Measure(
        "authenticity",
        "copied",
        "synthetic",
        "Synthetic images that do not sit closer to a medical image than its own nearest neighbour does",
        "A synthetic image is authentic when its nearest medical image has another medical image still nearer.",
        "Alaa et al., ICML 2022 (the definition; not their published code, which uses the wrong index)",
        "About half of a set of new medical images fails it by chance; it is no test of privacy.",
    ),
)


ATTRIBUTES = (
    ("brightness", "brighter"),
    ("contrast", "richer in contrast"),
    ("sharpness", "sharper"),
    ("grain", "grainier"),
    ("fine_detail", "richer in fine detail"),
    ("saturation", "more colourful"),
    ("redness", "redder"),
    ("yellowness", "yellower"),
    ("ita", "lighter in the angle of skin colour (estimated from pixels, not skin type)"),
)
VISIBLE: tuple[Measure, ...] = (
    *(
        Measure(
            f"shift_{name}",
            "shifted",
            None,
            f"Share of pairs in which the synthetic image is {more} than the medical one (0.5: no difference)",
            "Every synthetic image is paired with one medical image of every patient.",
            "misyn; area under the curve (DeLong et al., Biometrics 1988)",
            "It sees one number per image, not where in the image it differs, nor whether it matters to a patient.",
        )
        for name, more in ATTRIBUTES
    ),
    Measure(
        "c2st",
        "shifted",
        None,
        "How often a simple classifier gives the synthetic image of a pair the higher score (0.5: not told apart)",
        "Ridge regression on features learns from half of the images and patients and is judged on the other half.",
        "Lopez-Paz and Oquab, ICLR 2017",
        "Another classifier may tell apart what this one does not; what it goes by, it does not say.",
    ),
    Measure(
        "group_share",
        "shifted",
        "synthetic",
        "Synthetic images said to be of this group",
        "A count of what the table says of the synthetic images.",
        "misyn",
        "Whether the images show what the table says of them.",
    ),
    Measure(
        "membership_risk",
        "copied",
        None,
        "How often a training patient lies nearer to the synthetic images than a held-out patient (0.5: no trace)",
        "Area under the curve of the distance to the nearest synthetic image, the smallest of every patient.",
        "misyn; after the distance attack of Hayes et al., PETS 2019",
        "A stronger attack may find more: 0.5 here is no proof of privacy.",
    ),
)


def by_name(name: str) -> Measure | None:
    """Find a measure; ``<name>_baseline`` is the same with medical images in the synthetic ones' place."""
    return next((m for m in (*MEASURES, *VISIBLE) if m.name == name.removesuffix(BASELINE).removesuffix(CHANCE)), None)


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
        ['coverage', 'recall']
    """
    return tuple(m for m in (*MEASURES, *VISIBLE) if m.question == question)
