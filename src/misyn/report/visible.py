"""What the measures say that anyone can check by eye or by counting, and the one on patients in the training set.

Rules
-----
1. As in :mod:`misyn.report.measure`.

Example:
    >>> VISIBLE[0].says.format(hundredths=73)
    'In 73 of 100 pairs the synthetic image is brighter than the medical one (50: no difference).'
"""

from __future__ import annotations

from misyn.report.measure import Measure

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
    ("anatomy_size", "larger in its marked anatomy"),
    ("anatomy_parts", "in more separate parts in its marked anatomy"),
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
            says=f"In {{hundredths}} of 100 pairs the synthetic image is {more} than the medical one "
            "(50: no difference).",
            scale="middle",
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
        says="In {hundredths} of 100 pairs a simple classifier gives the synthetic image the higher score (50: not "
        "told apart).",
        scale="middle",
    ),
    Measure(
        "group_share",
        "shifted",
        "synthetic",
        "Synthetic images said to be of this group",
        "A count of what the table says of the synthetic images.",
        "misyn",
        "Whether the images show what the table says of them.",
        says="{value} synthetic images are said to be of this group.",
    ),
    Measure(
        "amplification",
        "shifted",
        None,
        "How much more label and group go together among synthetic images than among medical ones (0: as much)",
        "The correlation of two yes-or-no facts among synthetic images, minus that among medical images, one image per "
        "patient.",
        "misyn; bias amplification after Zhao et al., EMNLP 2017",
        "Whether the images show what the table says of them, and why label and group go together.",
        says="Label and group go together by {value} more among synthetic than among medical images (0: as much).",
        scale="signed",
    ),
    Measure(
        "label_agreement",
        "shifted",
        None,
        "Share of the nearest medical images that have the label a synthetic image was made for",
        "Of every synthetic image with a label, prompt or condition, the share of its k nearest labelled medical "
        "images with the same label; then the mean.",
        "misyn; nearest neighbours after Cover and Hart 1967",
        "Whether the image shows what its label says: that takes a person who knows. A label that these features "
        "cannot see agrees no better among medical images.",
        says="On average, {hundredths} of 100 near medical images have the label a synthetic image was made for.",
    ),
    Measure(
        "membership_risk",
        "copied",
        None,
        "How often a training patient lies nearer to the synthetic images than a held-out patient (0.5: no trace)",
        "Area under the curve of the distance to the nearest synthetic image, the smallest of every patient.",
        "misyn; after the distance attack of Hayes et al., PETS 2019",
        "A stronger attack may find more: 0.5 here is no proof of privacy.",
        says="In {hundredths} of 100 pairs a training patient lies nearer to the synthetic images than a held-out "
        "patient (50: no trace).",
        scale="middle",
    ),
)
