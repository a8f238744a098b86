"""Functions that are called like medigan's, and plain loops of PyTorch, save marked images."""

from __future__ import annotations

import json
from datetime import UTC, datetime
from pathlib import Path
from typing import Any

import numpy as np
import pytest
from PIL import Image as Pillow

import misyn
from misyn.canonical import digest
from misyn.errors import UnmarkedImage, UsageError
from misyn.generate.born import Born, born
from misyn.generate.integrations.functions import eight_bits, saving

NOW = datetime(2026, 11, 22, 10, 0, tzinfo=UTC)


@pytest.fixture
def birth(tmp_path: Path) -> Born:
    path = tmp_path / "misyn.yaml"
    path.write_text("misyn: 1\ntechnique: {name: toy, version: '1'}\nresponsible: A. Author\n")
    (tmp_path / "model.pt").write_bytes(b"weights")
    return born(path, out=tmp_path / "out", now=NOW)


def listed(birth: Born) -> list[dict[str, Any]]:
    found: list[dict[str, Any]] = json.loads((birth.out / "misyn-manifest.json").read_text())["files"]
    assert all(misyn.verify(birth.out / one["file"]).verdict == "synthetic" for one in found)
    return found


def generate(
    model_file: str, num_samples: int, output_path: str, save_images: bool, seed: int = 0, **_: Any
) -> list[Any]:
    """As medigan's models do it."""
    images = np.random.default_rng(seed).random((num_samples, 8, 8)) * 2 - 1
    if save_images:
        for number, image in enumerate(images):
            Pillow.fromarray(eight_bits(image)).save(f"{output_path}/{number}.png")
    return [(image, image > 0) for image in images]


def test_images_and_masks_are_saved_with_the_digest_of_the_model_file(birth: Born, tmp_path: Path) -> None:
    given = saving(generate, birth)(tmp_path / "model.pt", num_samples=2, seed=4)
    assert len(given) == 2
    found = listed(birth)
    assert [one["file"] for one in found] == [
        "synthetic-00000-mask.png",
        "synthetic-00000.png",
        "synthetic-00002-mask.png",
        "synthetic-00002.png",
    ]
    assert {one["weights"] for one in found} == {digest(b"weights")}
    assert {one["seed"] for one in found} == {"4, image 0", "4, image 1"}


def test_a_function_that_writes_its_own_files_is_stopped(birth: Born, tmp_path: Path) -> None:
    def stubborn(model_file: str, num_samples: int, output_path: str, save_images: bool) -> None:
        Pillow.fromarray(np.zeros((8, 8), np.uint8)).save(f"{output_path}/0.png")

    with pytest.raises(UnmarkedImage):
        saving(stubborn, birth)(tmp_path / "model.pt")
    with pytest.raises(UsageError, match="found NoneType"):
        saving(lambda **_: None, birth)(tmp_path / "model.pt")


@pytest.mark.parametrize(
    ("samples", "expected"),
    [
        (np.array([[0, 255]], np.uint8), [[0, 255]]),
        (np.array([[0.0, 1.0]]), [[0, 255]]),
        (np.array([[-1.0, 1.0]]), [[0, 255]]),
        (np.array([[False, True]]), [[0, 255]]),
        (np.array([[[0.0], [1.0]]]), [[0, 255]]),
    ],
)
def test_samples_become_eight_bits(samples: np.ndarray, expected: list[list[int]]) -> None:
    assert eight_bits(samples).tolist() == expected


@pytest.mark.parametrize("samples", [np.array([[0, 300]]), np.array([[0.0, 7.5]]), np.array([[np.nan, 0.0]])])
def test_a_range_that_cannot_be_told_is_refused(samples: np.ndarray) -> None:
    with pytest.raises(UsageError, match="scale them"):
        eight_bits(samples)


def test_a_plain_loop_of_pytorch_saves_tensors(birth: Born) -> None:
    torch = pytest.importorskip("torch", reason="tensors need the extra torch")
    module = torch.nn.Linear(2, 2)
    with born(birth.record, out=birth.out, now=NOW, weights=module) as opened:
        for number in range(2):
            tensor = (torch.rand(8, 8, generator=torch.Generator().manual_seed(number)) * 255).to(torch.uint8)
            opened.save(tensor, f"{number}.png", seed=number)
    found = listed(birth)
    assert [one["seed"] for one in found] == ["0", "1"]
    assert found[0]["weights"] is not None
