"""Functions that people already have give what they gave, and every image is saved, marked, with seed and condition."""

from __future__ import annotations

import json
from collections.abc import Iterator
from datetime import UTC, datetime
from pathlib import Path
from typing import Any

import numpy as np
import pytest
from numpy.typing import NDArray

from misyn.canonical import digest
from misyn.errors import UsageError
from misyn.generate.born import Born, born
from misyn.generate.facts import condition_digest, seed_text, weights_digest
from misyn.marks import verify

NOW = datetime(2026, 11, 22, 10, 0, tzinfo=UTC)


@pytest.fixture
def birth(tmp_path: Path) -> Born:
    path = tmp_path / "misyn.yaml"
    path.write_text("misyn: 1\ntechnique: {name: toy, version: '1'}\nresponsible: A. Author\n")
    return born(path, out=tmp_path / "out", now=NOW)


def files(birth: Born) -> list[dict[str, Any]]:
    listed: list[dict[str, Any]] = json.loads((birth.out / "misyn-manifest.json").read_text())["files"]
    assert all(verify(birth.out / one["file"]).verdict == "synthetic" for one in listed)
    return listed


def test_a_decorated_function_gives_what_it_gave_and_its_batch_is_saved(birth: Born) -> None:
    @birth
    def generate(count: int, seed: int = 5, prompt: str = "a patch") -> NDArray[np.uint8]:
        return np.random.default_rng(seed).integers(0, 255, (count, 8, 8), np.uint8)

    assert generate(3).shape == (3, 8, 8)
    assert generate(2, seed=6).shape == (2, 8, 8)
    found = files(birth)
    assert [one["file"] for one in found] == [f"generate-{n:05d}.png" for n in range(5)]
    assert [one["seed"] for one in found] == ["5", "5", "5", "6", "6"]
    assert {one["condition"] for one in found} == {digest(b"a patch")}


def test_a_generator_function_saves_each_image_before_it_is_passed_on(birth: Born) -> None:
    @birth
    def loop() -> Iterator[tuple[str, NDArray[np.uint8]]]:
        for n in range(3):
            yield f"{n}.png", np.full((8, 8), n, np.uint8)

    for number, (name, image) in enumerate(loop()):
        assert (birth.out / name).is_file()
        assert image[0, 0] == number
    assert len(files(birth)) == 3


def test_a_bound_method_is_wrapped_and_items_may_say_more(birth: Born) -> None:
    class Model:
        def sample(self, prompts: list[str]) -> list[dict[str, Any]]:
            return [{"image": np.zeros((4, 6, 5), np.float32), "name": f"{p}.nii.gz", "seed": 9} for p in prompts]

    birth(Model().sample)(["a", "b"])
    assert [(one["file"], one["seed"]) for one in files(birth)] == [("a.nii.gz", "9"), ("b.nii.gz", "9")]


def test_prompts_are_given_to_their_images_one_by_one(birth: Born) -> None:
    birth(lambda prompts: np.zeros((len(prompts), 8, 8), np.uint8))(["x", "y"])
    assert [one["condition"] for one in files(birth)] == [digest(b"x"), digest(b"y")]


def test_a_function_that_gives_no_images_is_told_so(birth: Born) -> None:
    with pytest.raises(UsageError, match="found NoneType"):
        birth(lambda: None)()


def test_weights_are_named_by_what_they_are(tmp_path: Path) -> None:
    (tmp_path / "model.bin").write_bytes(b"weights")
    assert weights_digest(tmp_path / "model.bin") == digest(b"weights")
    named = {"a": np.ones(2), "b": np.zeros(3)}
    assert weights_digest(named) == weights_digest(dict(reversed(named.items())))
    assert weights_digest(named) != weights_digest({**named, "a": np.zeros(2)})
    assert weights_digest(tmp_path) != weights_digest(named)
    assert weights_digest(None) is None
    for wrong in (tmp_path / "absent", 3):
        with pytest.raises(UsageError):
            weights_digest(wrong)


def test_conditions_are_named_whatever_they_are() -> None:
    mask = np.zeros((4, 4), bool)
    given = ["a", 3, {"label": "a"}, [1, 2], mask, ~mask]
    digests = [condition_digest(one) for one in given]
    assert len(set(digests)) == len(given)
    with pytest.raises(UsageError, match="empty"):
        condition_digest("  ")
    assert seed_text(2**80) == str(2**80)
