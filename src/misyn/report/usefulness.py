"""What the downstream measures say, where they come from, and what they cannot tell.

Rules
-----
1. As in :mod:`misyn.report.measure`; a number is named ``<measure>_<model>``.

Example:
    >>> USEFULNESS[0].name
    'utility_gain'
"""

from __future__ import annotations

from misyn.report.measure import Measure

USEFULNESS: tuple[Measure, ...] = (
    Measure(
        "utility_gain",
        "harmed",
        None,
        "How much better a model orders unseen medical images with the synthetic ones than without (below 0: harm)",
        "Area under the ROC curve of the model trained with them minus that of the model trained without.",
        "DeLong et al., Biometrics 1988; by patient: Obuchowski, Biometrics 1997",
        "Another model trained on the same images may gain or lose; what a person does with the images is not seen.",
        says="With the synthetic images added, a model's area under the ROC curve changes by {value}.",
        scale="signed",
    ),
    Measure(
        "utility_auroc",
        "harmed",
        None,
        "How often a model gives the image with the finding the higher score (0.5: by chance)",
        "Area under the ROC curve on held-out medical images, mean over classes of one against the rest.",
        "Hanley and McNeil, Radiology 1982",
        "Whether its errors are the ones that matter to patients, or its probabilities can be believed.",
    ),
    Measure(
        "utility_sensitivity",
        "harmed",
        None,
        "Share of images with the finding that a model finds, at a threshold fixed beforehand",
        "Mean over classes; the threshold finds 90 % of the validation images of the class.",
        "misyn; threshold from validation images",
        "What another threshold would find.",
    ),
    Measure(
        "utility_specificity",
        "harmed",
        None,
        "Share of images without the finding that a model lets pass, at the same threshold",
        "Mean over classes, at the threshold of the sensitivity.",
        "misyn; threshold from validation images",
        "What another threshold would let pass.",
    ),
    Measure(
        "utility_brier",
        "harmed",
        None,
        "How far a model's probabilities are from what was so (0: best)",
        "Mean squared distance of probabilities from the truth, halved.",
        "Brier, Monthly Weather Review 1950",
        "Whether it errs by ranking wrongly or by being too sure: see the calibration.",
    ),
    Measure(
        "utility_calibration",
        "harmed",
        None,
        "How far a model's probabilities can be believed (slope 1, distance 0: best)",
        "Slope of the truth on the logit of the probability; distance between predicted and found shares of a class.",
        "Van Calster et al., BMC Medicine 2019",
        "Whether it holds where findings are more or less frequent than here.",
    ),
    Measure(
        "utility_gap",
        "harmed",
        None,
        "Difference between the best and the worst group of patients",
        "Largest minus smallest area under the ROC curve over the groups of one column, same classes in all.",
        "misyn; as MetricFrame.difference of fairlearn",
        "Chance alone makes the largest of several differences positive.",
    ),
    Measure(
        "utility_dice_gain",
        "harmed",
        None,
        "How much better a model's outlines meet those drawn by people with the synthetic images than without",
        "Mean Dice of the model trained with them minus that of the first model.",
        "Dice, Ecology 1945",
        "Where the outlines differ: see the distance between borders.",
        says="With the synthetic images added, a model's mean Dice overlap changes by {value}.",
        scale="signed",
    ),
    Measure(
        "utility_dice",
        "harmed",
        None,
        "How well a model's outlines meet those drawn by people (1: exactly)",
        "Twice the common area over the sum of both, mean over images.",
        "Dice, Ecology 1945",
        "Where the outlines differ: see the distance between borders.",
    ),
    Measure(
        "utility_hausdorff95",
        "harmed",
        None,
        "How far a model's outlines stray from those drawn by people",
        "The distance that 95 of 100 border points do not exceed, mean; a missed finding costs the diagonal.",
        "Huttenlocher et al., IEEE TPAMI 1993",
        "Whether one stray spot or a whole border is off.",
    ),
)
