"""Seed and condition of one image are part of its declaration, and survive every writer's round trip with it."""

from __future__ import annotations

from dataclasses import replace

import pytest

from misyn.errors import RecordError
from misyn.marks.declaration import Declaration, Technique
from misyn.marks.inheritance.combining import combine
from misyn.marks.inheritance.sources import Source
from misyn.marks.making import Making

PLAIN = Declaration(technique=Technique(name="toy"), responsible="A", created="2026-11-22T10:00:00Z")
DIGEST = "sha256:" + "1" * 64


def test_a_making_survives_a_round_trip_with_keys_nobody_knows() -> None:
    made = replace(PLAIN, making=Making(seed=str(2**70), condition=DIGEST, unknown={"sampler": "ddim"}))
    assert Declaration.from_json(made.to_text()) == made
    assert made.to_json()["making"] == {"sampler": "ddim", "seed": str(2**70), "condition": DIGEST}


def test_without_one_a_declaration_keeps_its_bytes() -> None:
    assert "making" not in PLAIN.to_json()


@pytest.mark.parametrize(
    ("making", "said"),
    [
        (Making(seed=7), "making.seed: expected text"),  # type: ignore[arg-type]
        (Making(condition="a red patch"), "making.condition: expected a digest"),
        (Making(seed="x" * 201), "at most 200"),
    ],
    ids=["number", "prompt", "long"],
)
def test_what_is_no_text_or_quotes_a_prompt_is_refused(making: Making, said: str) -> None:
    with pytest.raises(RecordError, match=said):
        replace(PLAIN, making=making)


def test_a_making_that_is_no_mapping_is_refused() -> None:
    with pytest.raises(RecordError, match="making: expected a mapping"):
        Declaration.from_json({**PLAIN.to_json(), "making": 3})


def test_what_is_derived_from_an_image_was_not_made_by_its_seed() -> None:
    source = Source(declaration=replace(PLAIN, making=Making(seed="7")))
    assert combine([source], how="crop", created="2026-11-23T10:00:00Z").making is None
