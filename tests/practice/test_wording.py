from __future__ import annotations

import pytest

from misyn.practice import wording

# Written for these tests; the second half is innocent.
SAYS = [
    ("The improvement is significant.", {"significant", "better"}),
    ("Training with our images significantly improves Dice.", {"significant", "better"}),
    ("We found no difference between the two.", {"equivalent"}),
    ("Accuracy is comparable to that of medical images.", {"equivalent"}),
    ("Our classifier is non-inferior.", {"equivalent"}),
    ("The images are indistinguishable from medical images.", {"indistinguishable"}),
    ("They cannot be told apart.", {"indistinguishable"}),
    ("The generator is unbiased.", {"unbiased"}),
    ("It is fair across skin types.", {"unbiased"}),
    ("This is a privacy-preserving alternative.", {"privacy-preserving"}),
    ("The synthetic images are anonymous.", {"privacy-preserving"}),
    ("It draws realistic wounds.", {"realistic"}),
    ("Photorealistic images of skin.", {"realistic"}),
    ("A model trained on both outperforms the baseline.", {"better"}),
    ("The segmentation model generalises better.", {"better"}),
    ("The images are safe for clinical use.", {"clinical"}),
    ("This benefits patients.", {"clinical"}),
]
INNOCENT = [
    "The images are not realistic.",
    "It is unknown whether groups are treated alike.",
    "We did not test whether the difference is significant.",
    "Coverage of women is lower than that of men.",
    "Half of the images lie near medical images.",
    "The images have no clinical meaning.",
    "Readers do little better than chance.",
    "The technique is far from unbiased.",
    "Differences between the sets were measured.",
    "No image equals a training image.",
    "These images cannot improve care.",
    "The plan was fixed on a date.",
]


@pytest.mark.parametrize(
    ("text", "names"), SAYS, ids=lambda value: value[:30] if isinstance(value, str) else "+".join(sorted(value))
)
def test_words_that_claim_are_found(text: str, names: set[str]) -> None:
    assert {word.name for word in wording.found(text)} == names


@pytest.mark.parametrize("text", INNOCENT, ids=lambda text: text[:30])
def test_innocent_sentences_claim_nothing(text: str) -> None:
    assert wording.found(text) == ()


@pytest.mark.parametrize(
    "text",
    [
        "Our images are unbiased.",
        "The synthetic set has no bias.",
        "It fully represents the training images.",
        "Synthetic images are equivalent to medical images.",
        "They can replace medical images.",
        "The images are fully grounded.",
    ],
)
def test_what_no_technique_can_be_contradicts_the_limits(text: str) -> None:
    assert wording.contradicts_limits(text)


@pytest.mark.parametrize(
    "text",
    [
        "No patient stands behind these images.",
        "They cannot fully represent the training images.",
        "No technique is free of bias.",
        "They must never replace medical images.",
        "New bias is brought in, and the distribution shifts.",
        "The images are not indistinguishable from medical images.",
    ],
)
def test_an_honest_acknowledgment_contradicts_nothing(text: str) -> None:
    assert wording.contradicts_limits(text) is None
