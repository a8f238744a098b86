"""A README may not say more than the record's supported claims; code and quotations are not its own words."""

from __future__ import annotations

import pytest

from misyn.practice import readme


@pytest.mark.parametrize(
    "text,words",
    [
        ("Our images are photorealistic.", ("realistic",)),
        ("Training with them improves\nsegmentation.", ("better",)),
        ("- privacy-preserving by design", ("privacy-preserving",)),
        ("**Significantly** fewer errors.", ("significant",)),
        ("| quality | indistinguishable |", ("indistinguishable",)),
        ("They can replace patient data.", ("can replace patient data",)),
        ("# Unbiased images", ("Unbiased",)),
        ("It is [clinically validated](paper.pdf).", ("clinical",)),
    ],
)
def test_a_sentence_that_claims_more_is_listed(text: str, words: tuple[str, ...]) -> None:
    assert [found.words for found in readme.overclaims(text, supported=())] == [words]


@pytest.mark.parametrize(
    "text",
    [
        "A generator of synthetic images of wounds.",
        "These images are not realistic and no one should think so.",
        "```\nrealistic = improve(significant)\n```\n",
        "Set `realistic: true`.",
        "> Realistic images, said the reviewer.",
        "    realistic_mode = 1",
        "See [the paper](realistic-images.md).",
        "<!-- realistic -->",
        "",
    ],
)
def test_innocent_text_is_not_listed(text: str) -> None:
    assert readme.overclaims(text, supported=()) == ()


def test_a_supported_claim_covers_the_same_word_and_no_other() -> None:
    text = "Segmentation improves.\n\nThe images are realistic.\n"
    found = readme.overclaims(text, supported=["Training with them improves segmentation on held-out images."])
    assert [(f.line, f.words) for f in found] == [(3, ("realistic",))]


def test_no_claim_covers_what_contradicts_an_intrinsic_limit() -> None:
    assert readme.overclaims("Our images are unbiased.", supported=["Our images are unbiased."])


def test_the_line_is_that_where_the_sentence_begins() -> None:
    text = "One line.\nAnother. Here it begins\nto be realistic. Then not."
    assert [(f.line, f.text) for f in readme.overclaims(text, supported=())] == [(2, "Here it begins to be realistic.")]


def test_a_heading_is_a_sentence_of_its_own() -> None:
    found = readme.overclaims("# Realistic\nImages that improve training.\n", supported=())
    assert [(f.line, f.words) for f in found] == [(1, ("realistic",)), (2, ("better",))]


def test_a_large_text_ends_in_time() -> None:
    readme.overclaims("[" * 200_000 + "<" * 200_000 + "not " * 100_000, supported=())
