"""Models of the protocol draw straight into a birth; what is made from training images declares their files."""

from __future__ import annotations

import json
from datetime import UTC, datetime
from pathlib import Path

import numpy as np
import pytest
from PIL import Image as Pillow

import misyn
from misyn.errors import UsageError
from misyn.generate.drawing import draw
from misyn.generate.generators.compositor import Compositor
from misyn.generate.generators.pca import Pca
from misyn.generate.generators.super_resolution import SuperResolution
from misyn.generate.generators.training import Training

NOW = datetime(2026, 11, 22, 10, 0, tzinfo=UTC)


def training(folder: Path, count: int = 5) -> tuple[Training, list[Path]]:
    levels = np.random.default_rng(0).integers(0, 255, (count, 16, 16, 3)).astype(np.uint8)
    paths = [folder / f"{number}.png" for number in range(count)]
    for path, image in zip(paths, levels, strict=True):
        Pillow.fromarray(image).save(path)
    masks = np.zeros((count, 16, 16), bool)
    masks[:, 5:10, 5:10] = True
    return Training(np.asarray(levels / 255, np.float32), masks=masks), paths


def record(folder: Path, kind: str) -> Path:
    path = folder / "misyn.yaml"
    path.write_text(f"misyn: 1\ntechnique: {{name: toy, version: '1', kind: {kind}}}\nresponsible: A. Author\n")
    return path


@pytest.mark.parametrize("technique", [SuperResolution(), Compositor()], ids=["super-resolution", "compositor"])
def test_outputs_name_the_images_they_were_made_from(tmp_path: Path, technique: SuperResolution | Compositor) -> None:
    given, files = training(tmp_path)
    model = technique.fit(given, seed=0)
    born = misyn.born(record(tmp_path, technique.kind), out=tmp_path / "out", now=NOW, weights=model)
    with born as birth:
        paths, drawn = draw(birth, model, 3, seed=1, sources=files)
        with pytest.raises(UsageError, match="files of the training images"):
            draw(birth, model, 3, seed=1)
    for path, sources in zip(paths, drawn.sources, strict=True):
        declaration = misyn.verify(path).declaration
        assert declaration is not None
        assert declaration["derived_from"] == [misyn.read(files[index]).digest for index in sources]
        assert declaration["technique"]["weights"] == model.weights


def test_a_composite_on_healthy_skin_names_the_skin_too(tmp_path: Path) -> None:
    given, files = training(tmp_path)
    Pillow.fromarray(np.full((16, 16, 3), 200, np.uint8)).save(tmp_path / "healthy.png")
    skin = np.full((1, 16, 16, 3), 200 / 255, np.float32)
    model = Compositor().fit(Training(given.images, masks=given.masks, backgrounds=skin), seed=0)
    with misyn.born(record(tmp_path, "image-to-image"), out=tmp_path / "out", now=NOW) as birth:
        (path,), _ = draw(birth, model, 1, seed=1, sources=files, backgrounds=[tmp_path / "healthy.png"])
    declaration = misyn.verify(path).declaration
    assert declaration is not None
    assert misyn.read(tmp_path / "healthy.png").digest in declaration["derived_from"]


def test_a_model_that_learnt_a_distribution_names_seed_and_weights_alone(tmp_path: Path) -> None:
    given, _ = training(tmp_path)
    model = Pca(components=3).fit(given, seed=0)
    with misyn.born(record(tmp_path, "generation"), out=tmp_path / "out", now=NOW, weights=model) as birth:
        draw(birth, model, 2, seed=7)
    listed = json.loads((tmp_path / "out" / "misyn-manifest.json").read_text())["files"]
    assert [one["seed"] for one in listed] == ["7, image 0", "7, image 1"]
    assert {one["weights"] for one in listed} == {model.weights}
