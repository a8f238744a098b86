"""Claims on sampling: patients are the unit, and every use has its own numbers."""

from __future__ import annotations

import numpy as np
import pytest

from misyn.evaluate import embedding, sampling


@pytest.fixture
def patients() -> np.ndarray[tuple[int], np.dtype[np.int64]]:
    return np.random.default_rng(0).integers(0, 60, size=300)


def test_up_to_takes_whole_patients_but_the_last(patients: np.ndarray[tuple[int], np.dtype[np.int64]]) -> None:
    chosen = sampling.up_to(patients, 100, sampling.generator(1, "x"))
    assert len(chosen) == len(set(chosen.tolist())) == 100
    cut = [p for p in set(patients[chosen].tolist()) if (patients[chosen] == p).sum() < (patients == p).sum()]
    assert len(cut) <= 1


def test_one_each_takes_every_patient_once(patients: np.ndarray[tuple[int], np.dtype[np.int64]]) -> None:
    chosen = sampling.one_each(patients, sampling.generator(1, "x"))
    assert sorted(patients[chosen].tolist()) == np.unique(patients).tolist()


def test_halves_share_no_patient_and_lose_no_image(patients: np.ndarray[tuple[int], np.dtype[np.int64]]) -> None:
    a, b = sampling.halves(patients, sampling.generator(1, "x"))
    assert not np.intersect1d(patients[a], patients[b]).size
    assert sorted([*a, *b]) == list(range(300))


def test_each_use_of_a_seed_has_its_own_numbers() -> None:
    draws = {sampling.generator(0, name).random() for name in ("a", "b", "a/b")}
    assert len(draws) == 3
    assert sampling.generator(0, "a").random() == sampling.generator(0, "a").random()


def test_the_map_is_that_of_the_medical_images_and_its_signs_are_fixed() -> None:
    random = np.random.default_rng(0)
    medical = random.normal(size=(50, 4)) * [9, 3, 1, 1]
    placed = embedding.map_of(medical).place(medical)
    assert placed[:, 0].var() > placed[:, 1].var()
    np.testing.assert_allclose(np.abs(np.corrcoef(placed[:, 0], medical[:, 0])[0, 1]), 1, atol=0.02)
    np.testing.assert_allclose(embedding.map_of(medical[::-1]).place(medical), placed, atol=1e-5)


@pytest.mark.parametrize("shape", [(1, 1), (1, 5), (30, 1)])
def test_the_map_of_next_to_nothing_has_still_two_columns(shape: tuple[int, int]) -> None:
    placed = embedding.map_of(np.ones(shape)).place(np.ones(shape))
    assert placed.shape == (shape[0], 2)
    assert not placed.any()
