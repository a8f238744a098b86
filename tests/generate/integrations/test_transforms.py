"""MONAI's transforms and bundles save marked images. Needs torch and MONAI; ``tools/test.py`` installs them."""

from __future__ import annotations

import json
import pickle
from datetime import UTC, datetime
from pathlib import Path
from typing import Any

import nibabel
import numpy as np
import pytest
from PIL import Image as Pillow

import misyn
from misyn.errors import UsageError
from misyn.generate.journal import check

torch = pytest.importorskip("torch", reason="SaveSyntheticd needs the extra monai")
pytest.importorskip("monai", reason="SaveSyntheticd needs the extra monai")

from monai.bundle import ConfigParser  # noqa: E402 - after the check that it is there
from monai.data import DataLoader, Dataset, MetaTensor  # noqa: E402
from monai.transforms import Compose, EnsureChannelFirstd, LoadImaged  # noqa: E402

from misyn.generate.integrations.transforms import SaveSyntheticd  # noqa: E402

pytestmark = pytest.mark.filterwarnings("ignore:NvImgCodec:UserWarning")  # MONAI misses a GPU's decoder
NOW = datetime(2026, 11, 22, 10, 0, tzinfo=UTC)
AFFINE = np.array([[-2.0, 0, 0, 5], [0, 2, 0, 6], [0, 0, 3, 7], [0, 0, 0, 1]])


@pytest.fixture
def record(tmp_path: Path) -> Path:
    return written(tmp_path, "generation")


def written(folder: Path, kind: str) -> Path:
    path = folder / "misyn.yaml"
    path.write_text(f"misyn: 1\ntechnique: {{name: toy, version: '1', kind: {kind}}}\nresponsible: A. Author\n")
    return path


def listed(folder: Path) -> list[dict[str, Any]]:
    found: list[dict[str, Any]] = json.loads((folder / "misyn-manifest.json").read_text())["files"]
    assert all(misyn.verify(folder / one["file"]).verdict == "synthetic" for one in found)
    return found


def test_a_volume_keeps_its_affine_samples_seed_and_condition(record: Path, tmp_path: Path) -> None:
    volume = torch.rand(1, 4, 5, 6)
    data = {"image": MetaTensor(volume, affine=torch.tensor(AFFINE)), "seed": torch.tensor(4), "prompt": "a"}
    save = SaveSyntheticd(
        "image", record=record, out=tmp_path / "out", now=NOW, seed_key="seed", condition_key="prompt"
    )
    assert save(data)["image"] is data["image"]
    save.close()
    (one,) = listed(tmp_path / "out")
    found: Any = nibabel.load(tmp_path / "out" / one["file"])
    assert np.allclose(found.affine, AFFINE)
    assert np.array_equal(found.get_fdata(dtype=np.float32), volume[0].numpy())
    assert one["seed"] == "4"
    assert one["condition"].startswith("sha256:")


def test_what_monai_loads_is_what_is_saved(record: Path, tmp_path: Path) -> None:
    picture = np.random.default_rng(0).integers(0, 255, (6, 9, 3)).astype(np.uint8)
    Pillow.fromarray(picture).save(tmp_path / "in.png")
    steps = Compose(
        [
            LoadImaged("image"),
            EnsureChannelFirstd("image"),
            SaveSyntheticd("image", record=record, out=tmp_path / "out", ending=".png", scale=255, now=NOW),
        ]
    )
    data = LoadImaged("image")({"image": str(tmp_path / "in.png")})
    assert data["image"].shape == (9, 6, 3)  # MONAI's own order
    scaled = Compose([*steps.transforms[:2], lambda d: {**d, "image": d["image"] / 255}, steps.transforms[2]])
    scaled({"image": str(tmp_path / "in.png")})
    steps.transforms[2].close()
    (one,) = listed(tmp_path / "out")
    assert np.array_equal(misyn.read(tmp_path / "out" / one["file"]).pixels, picture)


def test_a_bundles_configuration_names_it(record: Path, tmp_path: Path) -> None:
    parser = ConfigParser(
        {
            "save": {
                "_target_": "misyn.generate.integrations.transforms.SaveSyntheticd",
                "keys": "image",
                "record": str(record),
                "out": str(tmp_path / "out"),
                "name_key": "name",
            }
        }
    )
    save = parser.get_parsed_content("save")
    save({"image": torch.zeros(1, 4, 4, 4), "name": "case-1"})
    save.close()
    assert [one["file"] for one in listed(tmp_path / "out")] == ["case-1.nii.gz"]


def test_an_image_to_image_technique_declares_the_file_that_was_loaded(tmp_path: Path) -> None:
    record = written(tmp_path, "image-to-image")
    nibabel.Nifti1Image(np.zeros((4, 5, 6), np.float32), AFFINE).to_filename(tmp_path / "in.nii.gz")  # type: ignore[no-untyped-call]
    save = SaveSyntheticd("image", record=record, out=tmp_path / "out", now=NOW)
    Compose([LoadImaged("image"), EnsureChannelFirstd("image"), save])({"image": str(tmp_path / "in.nii.gz")})
    with pytest.raises(UsageError, match="expected the source"):
        save({"image": torch.zeros(1, 4, 4, 4)})
    save.close()
    declaration = misyn.verify(tmp_path / "out" / "image-00000.nii.gz").declaration
    assert declaration is not None
    assert declaration["derived_from"] == [misyn.read(tmp_path / "in.nii.gz").digest]


@pytest.mark.slow
def test_worker_processes_save_into_one_folder(record: Path, tmp_path: Path) -> None:
    save = SaveSyntheticd("image", record=record, out=tmp_path / "out", now=NOW)
    items = [{"image": torch.full((1, 4, 4, 4), float(n))} for n in range(6)]
    loaded = list(DataLoader(Dataset(items, save), batch_size=1, num_workers=2))
    assert len(loaded) == 6
    pickle.loads(pickle.dumps(save)).birth.close()  # noqa: S301 - our own bytes
    assert len(listed(tmp_path / "out")) == 6
    assert list(check(tmp_path / "out", signed=False)) == []


@pytest.mark.parametrize("shape", [(4, 4), (2, 4, 4), (1, 1, 4, 4, 4)])
def test_shapes_without_a_channel_first_are_refused_in_words(
    record: Path, tmp_path: Path, shape: tuple[int, ...]
) -> None:
    save = SaveSyntheticd("image", record=record, out=tmp_path / "out", now=NOW)
    with pytest.raises(UsageError, match="EnsureChannelFirstd"):
        save({"image": torch.zeros(shape)})
    save.close()
