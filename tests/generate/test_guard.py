"""A guard lets through what its policy allows, keeps patients apart, and writes what was used."""

from __future__ import annotations

import json
from collections.abc import Sequence
from dataclasses import replace
from datetime import UTC, datetime
from pathlib import Path
from typing import Any

import numpy as np
import pydicom
import pytest
from PIL import Image as Pillow
from PIL.PngImagePlugin import PngInfo

import misyn
from misyn import signing
from misyn.errors import InputError, Refused, UsageError
from misyn.generate import guard as module
from misyn.generate.guard import Guarded
from misyn.images.collection import Collection, Item

NOW = datetime(2026, 11, 22, 10, 0, tzinfo=UTC)
CLINIC = "clinic A, 2019"
TRAIN = misyn.Use(split="training", purpose="a classifier of patches", medical=CLINIC)
TEST = replace(TRAIN, split="evaluation")


def medical(folder: Path, count: int, *, seed: int = 0) -> list[Path]:
    """Pictures that say nothing: the tests call them medical."""
    folder.mkdir(parents=True, exist_ok=True)
    paths = []
    for number in range(count):
        pixels = np.random.default_rng((seed, number)).integers(0, 255, (8, 8)).astype(np.uint8)
        paths.append(folder / f"{seed}-{number}.png")
        Pillow.fromarray(pixels).save(paths[-1])
    return paths


def synthetic(
    folder: Path, count: int, *, sources: Sequence[Path] = (), seed: int = 9, key: Path | None = None
) -> list[Path]:
    kind = "image-to-image" if sources else "generation"
    record = folder.parent / f"{kind}.yaml"
    record.write_text(
        f"misyn: 1\ntechnique: {{name: toy {kind}, version: '1', kind: {kind}}}\n"
        "responsible: A\nuse: {intended: tests}\n"
    )
    with misyn.born(record, out=folder, now=NOW if key is None else None, key=key) as born:
        return [
            born.save(
                np.random.default_rng((seed, n)).integers(0, 255, (8, 8)).astype(np.uint8),
                f"{kind}-{n}.png",
                sources=[sources[n % len(sources)]] if sources else [],
            )
            for n in range(count)
        ]


def about(paths: Sequence[Path], patients: Sequence[str], **facts: str) -> Collection:
    items = [Item(path, patient=patient, **facts) for path, patient in zip(paths, patients, strict=True)]  # type: ignore[arg-type]
    return Collection(tuple(items), "patient", patients_known=True)


def test_declared_synthetic_images_pass_into_training_and_are_counted(tmp_path: Path) -> None:
    paths = medical(tmp_path / "m", 6) + synthetic(tmp_path / "s", 4)
    guarded = misyn.guard(paths, TRAIN)
    assert list(guarded) == paths
    assert guarded.report["synthetic"] == {"n": 4, "share": 0.4}
    assert guarded.report["medical"] == {"n": 6, "origin": {CLINIC: 6}}
    (row,) = guarded.report["techniques"]
    assert (row["name"], row["version"], row["n"], row["intended_use"]) == ("toy generation", "1", 4, "tests")


@pytest.mark.parametrize("split", ["evaluation", "validation"])
def test_no_synthetic_image_gets_where_something_is_measured(tmp_path: Path, split: str) -> None:
    paths = medical(tmp_path / "m", 3) + synthetic(tmp_path / "s", 2)
    with pytest.raises(Refused, match=r"2 of 5.*for measuring") as caught:
        misyn.guard(paths, replace(TRAIN, split=split))
    assert caught.value.reasons == {module.IN_EVALUATION: 2}


def undeclared(path: Path) -> Path:
    """What a web UI leaves: evidence, and no declaration."""
    text = PngInfo()
    text.add_text("parameters", "a patch\nSteps: 20, Sampler: Euler a, Seed: 1, Model hash: abc")
    Pillow.fromarray(np.zeros((8, 8), np.uint8)).save(path, pnginfo=text)
    return path


def test_undeclared_contradictory_unreadable_and_unrecorded_files_are_refused_by_reason(tmp_path: Path) -> None:
    (good,) = medical(tmp_path / "m", 1)
    foreign = undeclared(tmp_path / "foreign.png")
    broken = tmp_path / "broken.png"
    broken.write_bytes(b"\x89PNG\r\n\x1a\n")
    (declared,) = synthetic(tmp_path / "s", 1)
    assert misyn.verify(declared).verdict == "synthetic"
    contradictory = tmp_path / "contradictory.dcm"
    with misyn.born(tmp_path / "generation.yaml", out=tmp_path / "d", now=NOW) as born:
        dataset = pydicom.dcmread(born.save(np.zeros((8, 8), np.uint8), "a.dcm"))
    dataset.SyntheticData = "NO"
    dataset.save_as(contradictory)
    assert misyn.verify(contradictory).verdict == "contradictory"
    with pytest.raises(Refused) as caught:
        misyn.guard([good, foreign, broken, contradictory], TRAIN)
    assert caught.value.reasons == {module.UNDECLARED: 1, module.UNREADABLE: 1, module.CONTRADICTORY: 1}
    with pytest.raises(Refused, match="no recorded one"):
        misyn.guard([good], replace(TRAIN, medical=None))
    guarded = misyn.guard([good, foreign, broken, contradictory], replace(TRAIN, leave_out=True))
    assert list(guarded) == [good]
    assert sum(guarded.report["left_out"].values()) == 3
    for name in ("foreign.png", str(tmp_path)):
        assert name not in json.dumps(guarded.report) + str(caught.value)


def test_an_origin_recorded_per_file_counts_for_those_files_alone(tmp_path: Path) -> None:
    one, two = medical(tmp_path / "m", 2)
    assert misyn.guard([one], replace(TRAIN, medical={one.name: "clinic B"})).report["medical"]["origin"] == {
        "clinic B": 1
    }
    with pytest.raises(Refused, match="1 of 2"):
        misyn.guard([one, two], replace(TRAIN, medical={one.name: "clinic B"}))


def test_a_patient_of_the_test_split_is_kept_out_of_training(tmp_path: Path) -> None:
    train, test = medical(tmp_path / "a", 3), medical(tmp_path / "b", 2, seed=1)
    known = about([*train, *test], ["p1", "p2", "p3", "p3", "p4"])
    held = misyn.guard(test, replace(TEST, about=known))
    with pytest.raises(Refused, match="another split") as caught:
        misyn.guard(train, replace(TRAIN, about=known, against=[held]))
    assert caught.value.reasons == {module.SAME_PATIENT: 1}
    kept = misyn.guard(train, replace(TRAIN, about=known, against=[held], leave_out=True))
    assert list(kept) == train[:2]


def test_a_synthetic_image_made_from_a_test_patients_image_counts_as_that_patient(tmp_path: Path) -> None:
    train, test = medical(tmp_path / "a", 2), medical(tmp_path / "b", 2, seed=1)
    made = synthetic(tmp_path / "s", 1, sources=[train[0]]) + synthetic(tmp_path / "t", 1, sources=[test[0]], seed=8)
    known = about([*train, *test], ["p1", "p2", "p3", "p4"])
    held = misyn.guard(test, replace(TEST, about=known))
    policy = replace(TRAIN, about=known, against=[held], leave_out=True)
    guarded = misyn.guard([*train, *made], policy)
    assert list(guarded) == [*train, made[0]]
    assert guarded.report["left_out"] == {module.SAME_PATIENT: 1}
    assert guarded.report["made_from_patients"] == 1
    assert guarded.patients == {"p1", "p2"}
    assert misyn.guard([train[1], made[0]], replace(policy, known=known)).patients == {"p1", "p2"}


def test_a_source_nobody_knows_is_refused_unless_that_is_said_and_then_leaves_a_trace(tmp_path: Path) -> None:
    elsewhere = medical(tmp_path / "e", 1, seed=5)
    paths = medical(tmp_path / "m", 2) + synthetic(tmp_path / "s", 1, sources=elsewhere)
    with pytest.raises(Refused, match="whose patient they show cannot be told"):
        misyn.guard(paths, TRAIN)
    assert misyn.guard(paths, replace(TRAIN, known=about(elsewhere, ["p9"]))).patients == {"p9"}
    weakened = misyn.guard(paths, replace(TRAIN, unsafe_unknown_sources=True))
    assert weakened.report["unsafe"] == ["unsafe_unknown_sources"]


def test_the_same_pixels_in_two_splits_are_found_whatever_the_file(tmp_path: Path) -> None:
    (test,) = medical(tmp_path / "b", 1)
    train = tmp_path / "renamed.tiff"
    Pillow.open(test).save(train)
    with pytest.raises(Refused, match="same pixels"):
        misyn.guard([train], replace(TRAIN, against=[misyn.guard([test], TEST)]))


def test_each_image_is_read_once_and_a_changed_one_again(tmp_path: Path) -> None:
    paths = medical(tmp_path / "m", 3) + synthetic(tmp_path / "s", 2)
    policy = replace(TRAIN, cache=tmp_path / "cache" / "verdicts.sqlite")
    first = misyn.guard(paths, policy)
    again = misyn.guard([*paths, *paths[:1]], policy)
    assert (first.read, again.read) == (5, 0)
    assert again.report["synthetic"]["n"] == 2
    undeclared(paths[0])
    with pytest.raises(Refused, match="nobody declared"):
        misyn.guard(paths, policy)
    (tmp_path / "cache" / "verdicts.sqlite").write_bytes(b"no cache")
    with pytest.raises(InputError, match="delete it"):
        misyn.guard(paths, policy)


def test_shares_by_class_and_group_leave_small_groups_out(tmp_path: Path) -> None:
    paths, drawn = medical(tmp_path / "m", 40), synthetic(tmp_path / "s", 10)
    rows: list[dict[str, Any]] = [
        {"image": path, "label": "ab"[n % 2], "sex": "FM"[n < 3], "patient": f"p{n}"} for n, path in enumerate(paths)
    ]
    rows += [{"image": path, "label": "a", "sex": "F"} for path in drawn]
    report = misyn.guard(rows, replace(TRAIN, out=tmp_path / "card")).report
    assert report["shares"]["class"] == {
        "a": {"medical": 20, "synthetic": 10, "share": round(10 / 30, 6)},
        "b": {"medical": 20, "synthetic": 0, "share": 0.0},
    }
    assert report["shares"]["sex"] == {}
    assert report["groups_left_out"] == 2
    assert json.loads((tmp_path / "card" / "declaration-of-use.json").read_text()) == report
    text = (tmp_path / "card" / "declaration-of-use.md").read_text()
    assert "50 images, 10 of them synthetic (20.0%)" in text
    assert "resemblance is not grounding" in text
    assert str(tmp_path) not in text


def test_text_of_others_cannot_break_out_of_the_card(tmp_path: Path) -> None:
    (path,) = medical(tmp_path / "m", 1)
    policy = replace(TRAIN, medical="a | b <script>\n## heading", out=tmp_path / "card")
    misyn.guard([path], policy)
    text = (tmp_path / "card" / "declaration-of-use.md").read_text()
    assert "<script>" not in text
    assert "\n## heading" not in text


def test_only_what_a_trusted_party_signed_passes_where_that_is_asked(tmp_path: Path) -> None:
    pytest.importorskip("c2pa", reason="credentials need the extra: pip install 'misyn[credential]'")
    signing.create(tmp_path / "key", owner="A", now=datetime.now(UTC))
    signed, unsigned = synthetic(tmp_path / "a", 1, key=tmp_path / "key"), synthetic(tmp_path / "b", 1)
    policy = replace(TRAIN, trust=tmp_path / "key" / "root.pem", only_trusted=True)
    assert misyn.guard(signed, policy).report["trusted"] == 1
    with pytest.raises(Refused, match="nobody who is trusted"):
        misyn.guard([*signed, *unsigned], policy)


class Folder:
    """As torchvision's ImageFolder."""

    def __init__(self, paths: Sequence[Path]) -> None:
        self.samples = [(str(path), n % 2) for n, path in enumerate(paths)]
        self.classes = ["benign", "malignant"]

    def __len__(self) -> int:
        return len(self.samples)

    def __getitem__(self, index: int) -> tuple[str, int]:
        return self.samples[index]


def test_a_data_set_of_pytorch_goes_on_being_one(tmp_path: Path) -> None:
    data = pytest.importorskip("torch.utils.data", reason="data sets need the extra torch")
    paths = medical(tmp_path / "m", 4)
    whole = data.ConcatDataset([data.Subset(Folder(paths), [0, 2]), Folder(paths[3:])])
    guarded = misyn.guard(whole, TRAIN)
    assert [judged.item.path for judged in guarded.judged] == [paths[0], paths[2], paths[3]]
    assert [label for batch in data.DataLoader(guarded, batch_size=2) for label in batch[1].tolist()] == [0, 0, 0]
    assert {judged.item.label for judged in guarded.judged} == {"benign"}
    assert list(guarded[:2]) == [guarded[0], guarded[1]]


@pytest.mark.filterwarnings("ignore:NvImgCodec:UserWarning")
def test_a_data_set_of_monai_goes_on_being_one(tmp_path: Path) -> None:
    data = pytest.importorskip("monai.data", reason="data sets of MONAI need the extra monai")
    rows = [{"image": str(path), "label": 1, "patient": "p"} for path in medical(tmp_path / "m", 3)]
    guarded = misyn.guard(data.Dataset(rows, lambda row: {**row, "seen": True}), TRAIN)
    assert guarded[0]["seen"] is True
    assert guarded.patients == {"p"}


def test_a_folder_and_a_collection_are_guarded_too(tmp_path: Path) -> None:
    paths = medical(tmp_path / "m", 3)
    assert list(misyn.guard(tmp_path / "m", TRAIN)) == sorted(paths)
    assert isinstance(misyn.guard(about(paths, ["p", "q", "r"]), TRAIN), Guarded)


@pytest.mark.parametrize("dataset", [object(), [3], [{"picture": "a.png"}]], ids=["object", "number", "other key"])
def test_a_data_set_whose_files_cannot_be_told_is_refused_in_words(dataset: Any) -> None:
    with pytest.raises(UsageError, match="Next:"):
        misyn.guard(dataset, TRAIN)


def test_an_empty_data_set_and_a_policy_that_says_nothing_are_refused() -> None:
    with pytest.raises(UsageError, match="empty"):
        misyn.guard([], TRAIN)
    with pytest.raises(UsageError, match="purpose"):
        replace(TRAIN, purpose=" ")
    with pytest.raises(UsageError, match="split"):
        replace(TRAIN, split="test")


def test_what_cannot_be_told_is_said(tmp_path: Path) -> None:
    report = misyn.guard(medical(tmp_path / "m", 2) + synthetic(tmp_path / "s", 1), TRAIN).report
    said = " ".join(report["cannot_tell"])
    for words in ("patients of 2 medical images", "no other split", "trained on", "no root was trusted"):
        assert words in said
