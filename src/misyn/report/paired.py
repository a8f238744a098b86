"""What is measured of image-to-image techniques: an entry per measure, as in :mod:`misyn.report.measures`.

Rules
-----
1. Error and likeness are told beside doing nothing; what was made up or lost beside what medical images show.

Example:
    >>> [measure.name for measure in PAIRED][:2]
    ['pair_lost', 'pair_hallucinated']
"""

from __future__ import annotations

from misyn.report.measure import Measure

PAIRED: tuple[Measure, ...] = (
    Measure(
        "pair_lost",
        "missing",
        None,
        "Share of patients of whom a synthetic image lacks a structure that its source shows",
        "A spot of about 4, 8 or 17 pixels counts when the source shows it more clearly, over what the synthetic image "
        "shows there, than the sources of 95 of 100 patients do over their targets.",
        "misyn",
        "Whether what is missing mattered; structures that are no spots, or larger; loss that is spread out evenly.",
        says="Of {hundredths} of 100 patients a synthetic image lacks a structure that its source shows.",
    ),
    Measure(
        "pair_hallucinated",
        "shifted",
        None,
        "Share of patients of whom a synthetic image shows a structure that its source does not",
        "As structures lost, the other way round.",
        "misyn",
        "Whether it is there in the patient: a target may show what a source cannot. Look at each of them.",
        says="Of {hundredths} of 100 patients a synthetic image shows a structure that its source does not.",
    ),
    Measure(
        "pair_error",
        "shifted",
        None,
        "Mean difference of grey values between a synthetic image and the one it stands in for (0 to 1)",
        "Mean absolute difference by patient, against the target, or the source where there is none.",
        "misyn",
        "Where it matters: a small lesion that is gone hardly changes it.",
        says="A synthetic image differs by {value} of the range of grey values from the image it stands in for.",
        scale="distance",
    ),
    Measure(
        "pair_psnr",
        "shifted",
        None,
        "Peak signal-to-noise ratio between both, in decibels (more is nearer; 100 at most)",
        "Ten times the logarithm of one over the mean squared difference.",
        "misyn",
        "As the error; and it prefers what is blurred to what is sharp and slightly moved.",
        says="In decibels, the signal of the image it stands in for is {value} above the difference.",
        scale="distance",
    ),
    Measure(
        "pair_ssim",
        "shifted",
        None,
        "Structural similarity between both (1: equal)",
        "Mean over the picture of the similarity of brightness, contrast and pattern in windows of 11 pixels.",
        "Wang et al., IEEE Trans. Image Process. 2004",
        "Whether a reader would find the same; most of a picture is ground, and counts as much as a lesion.",
        says="A synthetic image is as similar in structure to the image it stands in for as {value}, 1 being equal.",
    ),
)
