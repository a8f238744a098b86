"""Every generator of the list keeps the protocol: the seed decides, weights name what was learnt, ranges hold."""

from __future__ import annotations

import dataclasses
from importlib.metadata import EntryPoint, EntryPoints
from typing import Any

import numpy as np
import pytest

from misyn.errors import EvaluationError, UsageError
from misyn.generate import generators
from misyn.generate.generators.training import Condition, Training

RNG = np.random.default_rng(0)
SMALL: dict[str, dict[str, Any]] = {"diffusion": {"steps": 3, "batch": 2, "width": 8, "sampling": 2, "threads": 1}}


def training(*, colour: bool = True, count: int = 8) -> Training:
    images = RNG.random((count, 16, 16, 3) if colour else (count, 16, 16), np.float32)
    masks = np.zeros((count, 16, 16), bool)
    masks[:, 5:10, 6:12] = True
    return Training(images, labels=("a", "b") * (count // 2), prompts=("one two", "three") * (count // 2), masks=masks)


def technique(name: str) -> generators.Technique:
    if name == "diffusion":
        pytest.importorskip("torch", reason="the diffusion model needs the extra torch")
    return generators.find(name)(**SMALL.get(name, {}))


NAMES = [entry.name for entry in generators.GENERATORS]


@pytest.mark.parametrize("colour", [True, False], ids=["colour", "grey"])
@pytest.mark.parametrize("name", NAMES)
def test_the_seed_decides_and_images_fit_the_training_images(name: str, colour: bool) -> None:
    given = training(colour=colour)
    model = technique(name).fit(given, seed=1)
    drawn = model.draw(5, seed=2)
    assert drawn.images.shape == (5, *given.images.shape[1:])
    assert drawn.images.dtype == np.float32
    assert drawn.images.min() >= 0
    assert drawn.images.max() <= 1
    assert np.array_equal(drawn.images, model.draw(5, seed=2).images)
    assert not np.array_equal(drawn.images, model.draw(5, seed=3).images)
    assert model.weights == technique(name).fit(given, seed=1).weights
    assert model.weights != technique(name).fit(given.take(range(6)), seed=1).weights


@pytest.mark.parametrize("name", NAMES)
def test_a_technique_says_what_a_declaration_needs_and_misses_nothing_here(name: str) -> None:
    made = technique(name)
    assert made.missing() is None
    assert made.name == name
    assert made.kind in {"generation", "conditional", "text-to-image", "image-to-image", "rendering", "other"}
    with pytest.raises(dataclasses.FrozenInstanceError):
        made.name = "other"  # type: ignore[misc]


@pytest.mark.parametrize("name", ["compositor", "super-resolution", "copycat", "collapsed"])
def test_a_generator_whose_pixels_are_a_training_images_names_it(name: str) -> None:
    drawn = technique(name).fit(training(), seed=0).draw(6, seed=0)
    assert len(drawn.sources) == 6
    assert all(source and set(source) <= set(range(8)) for source in drawn.sources)


@pytest.mark.parametrize("name", [name for name in NAMES if name != "diffusion"])
def test_a_generator_without_conditions_refuses_one_rather_than_ignoring_it(name: str) -> None:
    model = technique(name).fit(training(), seed=0)
    with pytest.raises(UsageError, match="takes none"):
        model.draw(2, seed=0, conditions=[Condition(label="a")])


def test_a_name_nobody_has_lists_those_there_are() -> None:
    with pytest.raises(UsageError, match="pca, compositor"):
        generators.find("nothing")


def test_a_plug_in_is_found_by_its_entry_point(monkeypatch: pytest.MonkeyPatch) -> None:
    point = EntryPoint("plugged", "misyn.generate.generators.pca:Pca", generators.GROUP)
    monkeypatch.setattr(generators, "entry_points", lambda group: EntryPoints([point] * (group == generators.GROUP)))
    assert generators.find("plugged").__name__ == "Pca"


@pytest.mark.parametrize(
    ("images", "said"),
    [
        (np.zeros((2, 8, 8), np.float32), "at least 3"),
        (np.full((4, 8, 8), np.nan, np.float32), "finite"),
        (np.full((4, 8, 8), 2, np.float32), "scale the images"),
        (np.zeros((4, 8, 8, 2), np.float32), "shape"),
    ],
    ids=["two", "NaN", "range", "channels"],
)
def test_training_images_that_cannot_be_learnt_from_are_refused_in_words(images: np.ndarray, said: str) -> None:
    with pytest.raises(EvaluationError, match=said):
        Training(images)


@pytest.mark.parametrize(
    ("given", "said"),
    [
        ({"labels": ("a",)}, "labels, one per image"),
        ({"masks": np.zeros((4, 9, 9), bool)}, "nearest neighbours"),
        ({"backgrounds": np.zeros((1, 9, 9), np.float32)}, "backgrounds"),
    ],
    ids=["labels", "masks", "backgrounds"],
)
def test_what_does_not_fit_the_images_is_refused_in_words(given: dict[str, Any], said: str) -> None:
    with pytest.raises(EvaluationError, match=said):
        Training(np.zeros((4, 8, 8), np.float32), **given)


def test_an_empty_prompt_is_refused() -> None:
    with pytest.raises(UsageError, match="empty"):
        Training(np.zeros((3, 8, 8), np.float32), prompts=("a", " ", "b"))


def test_conditions_are_named_by_a_digest_that_differs_where_they_do() -> None:
    digests = {
        Condition(label="a").digest,
        Condition(prompt="a").digest,
        Condition("a", "a").digest,
        Condition().digest,
    }
    assert len(digests) == 4
    assert None in digests
