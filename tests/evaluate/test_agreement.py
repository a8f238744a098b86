"""Claims on labels, prompts and neighbourhoods: what an image was made for, and whether its neighbours agree."""

from __future__ import annotations

from pathlib import Path

import numpy as np
import pytest

from misyn.evaluate import agreement, conditions
from misyn.images.collection import Collection, Item

LABELS = ("melanoma", "nevus", "melanoma in situ", "basal_cell carcinoma")


@pytest.mark.parametrize(
    ("text", "label"),
    [
        ("Melanoma", "melanoma"),
        ("a photo of a nevus, 4k", "nevus"),
        ("dermoscopy: melanoma in situ of the arm", "melanoma in situ"),
        ("Basal cell carcinoma", "basal_cell carcinoma"),
        ("melanoma next to a nevus", None),
        ("nevuslike", None),
        ("skin", None),
    ],
)
def test_a_prompt_is_the_one_label_it_names(text: str, label: str | None) -> None:
    assert conditions.matched(text, LABELS) == label


def collection(labels: list[str | None]) -> Collection:
    return Collection(tuple(Item(Path(f"{n}.png"), label=label) for n, label in enumerate(labels)), "image", False)


def test_prompts_and_foreign_labels_are_counted_in_a_warning() -> None:
    named = {"training": collection(["mel", "nv"]), "synthetic": collection(["mel", "image of mel", "benign", None])}
    read, told = conditions.read(named)
    assert [item.label for item in read["synthetic"].items] == ["mel", "mel", "benign", None]
    assert {c.id: c.text.split(" ")[:3] for c in told} == {
        "labels-differ": ["1", "of", "3"],
        "prompts-read": ["1", "of", "3"],
    }


def test_without_labels_nothing_is_said() -> None:
    named = {"training": collection([None]), "synthetic": collection(["mel"])}
    assert conditions.read(named) == (named, ())


def test_the_same_patient_does_not_vouch_for_a_held_out_image() -> None:
    """Oracle: by hand. Patient 0's own image is nearest and has the label; with it passed over, none has."""
    medical, labels = np.array([[0.0], [1.0], [2.0]]), ["a", "b", "b"]
    query, own = np.array([[0.1]]), ["a"]
    apart = (np.array([0]), np.array([0, 1, 2]))
    assert agreement.shares(query, own, medical, labels, k=1).tolist() == [1.0]
    assert agreement.shares(query, own, medical, labels, k=1, patients=apart).tolist() == [0.0]


def test_images_without_a_label_neither_ask_nor_answer() -> None:
    medical, labels = np.array([[0.0], [0.1], [5.0]]), [None, "a", "b"]
    found = agreement.shares(np.array([[0.0], [0.0]]), ["a", None], medical, labels, k=1)
    assert found[0] == 1.0
    assert np.isnan(found[1])


def test_labels_given_out_at_random_agree_as_often_as_chance() -> None:
    random = np.random.default_rng(0)
    medical = random.normal(size=(500, 4))
    labels = random.choice(["a", "b"], size=500, p=[0.8, 0.2]).tolist()
    found = agreement.shares(random.normal(size=(2000, 4)), ["a"] * 2000, medical, labels, k=5)
    assert found.mean() == pytest.approx(np.mean(np.array(labels) == "a"), abs=0.02)
