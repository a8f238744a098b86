"""Claims on the study: same bytes whatever the workers, baselines beside every number, and bad input said in words."""

from __future__ import annotations

import json
from collections.abc import Mapping
from dataclasses import replace
from pathlib import Path
from typing import Any

import numpy as np
import pyarrow.parquet as pq
import pytest
from PIL import Image as Pillow

import toys
from discs import collection, disc, discs, save
from misyn.errors import EvaluationError, NoImages, UsageError
from misyn.evaluate import caveats
from misyn.evaluate.pair import Settings
from misyn.evaluate.study import Evaluation, Sets, evaluate
from misyn.images.collection import Collection, collect
from misyn.results import Caveat

QUICK = Settings(permutations=99)


def run(sets: Sets, out: Path, **options: Any) -> Evaluation:
    return evaluate(sets, out=out, workers=0, settings=QUICK, **options)


def values(found: Evaluation, *, group: str | None = None, of: str = "training") -> dict[str, float]:
    return {e.name: e.value for e in found.estimates if e.group == group and e.set == of}


def texts(found: Evaluation) -> dict[str, str]:
    return {caveat.id: caveat.text for caveat in found.caveats}


def rows(out: Path) -> list[Mapping[str, Any]]:
    found: list[Mapping[str, Any]] = pq.ParquetFile(out / "per-image.parquet").read().to_pylist()
    return found


@pytest.fixture(scope="module")
def world(tmp_path_factory: pytest.TempPathFactory) -> Sets:
    """120 training and 60 held-out discs of known patients (2 each); 50 synthetic ones, of which 5 are copies."""
    folder = tmp_path_factory.mktemp("world")
    training, held_out = (
        discs(folder / "training", 120, per_patient=2),
        discs(folder / "held", 60, start=500, per_patient=2),
    )
    labels = ["a" if n % 3 else "b" for n in range(120)]
    groups = [{"sex": "F" if n % 2 else "M", "site": "rare" if n < 4 else "usual"} for n in range(120)]
    items = tuple(
        replace(item, label=label, groups=group)
        for item, label, group in zip(training.items, labels, groups, strict=True)
    )
    synthetic = save(folder / "synthetic", [disc(s) for s in range(900, 945)] + [disc(s) for s in range(5)])
    return Sets(
        synthetic=collection(synthetic), training=replace(training, items=items), held_out=held_out, reference=None
    )


@pytest.fixture(scope="module")
def little(world: Sets) -> Sets:
    """24 of the synthetic and 60 of the training images, for tests of what is said rather than of numbers."""
    assert world.training is not None
    return Sets(
        synthetic=replace(world.synthetic, items=world.synthetic.items[:24]),
        training=replace(world.training, items=world.training.items[:60]),
    )


@pytest.fixture(scope="module")
def found(world: Sets, tmp_path_factory: pytest.TempPathFactory) -> tuple[Evaluation, Path]:
    out = tmp_path_factory.mktemp("out")
    return run(world, out), out


def test_every_measure_of_the_contract_is_there_for_training_and_held_out(found: tuple[Evaluation, Path]) -> None:
    expected = {"support", "precision", "recall", "density", "coverage", "frechet", "mmd2", "nearest_distance_median"}
    expected |= {"exact_copies", "authenticity", "coverage_baseline", "frechet_baseline", "mmd2_baseline"}
    expected |= {"support_baseline", "support_chance", "nearest_distance_median_baseline", "precision_baseline"}
    assert expected <= values(found[0]).keys()
    assert expected <= values(found[0], of="held-out").keys()
    assert {"copy_suspects"} <= values(found[0]).keys() - values(found[0], of="held-out").keys()


def test_json_is_whole_canonical_and_tells_no_path_and_no_patient(found: tuple[Evaluation, Path], world: Sets) -> None:
    text = (found[1] / "evaluation.json").read_text(encoding="utf-8")
    assert json.loads(text) == json.loads(json.dumps(found[0].content))
    assert json.loads(text)["schema"] == "misyn/evaluation/1"
    assert str(world.synthetic.items[0].path.parent) not in text
    assert '"p1"' not in text
    assert json.loads(text)["sets"]["training"]["n_patients"] == 60


def test_exact_copies_are_counted_and_never_authentic(found: tuple[Evaluation, Path]) -> None:
    assert values(found[0])["exact_copies"] == 0.1
    table = rows(found[1])
    copies = [row for row in table if row["exact_copy"]]
    assert len(copies) == 5
    assert all(row["nearest_distance"] == 0 and row["copy_suspect"] for row in copies)
    by_digest = {row["digest"]: row["path"] for row in table if row["origin"] == "training"}
    assert all(by_digest[row["digest"]] == row["nearest"] for row in copies)


def test_a_set_like_the_medical_ones_measures_like_its_baseline(found: tuple[Evaluation, Path]) -> None:
    seen = values(found[0])
    assert seen["coverage"] == pytest.approx(seen["coverage_baseline"], abs=0.2)
    assert seen["support"] > 0.85
    assert seen["support_chance"] < seen["support"]
    assert 0.85 < seen["support_baseline"] <= 1
    tests = {test.name: test for test in found[0].tests if test.set == "training"}
    assert tests["mmd"].p_value > 0.01
    assert tests["mmd"].p_adjusted is not None
    assert tests["mmd"].p_adjusted >= tests["mmd"].p_value


def test_baselines_stand_at_the_same_n_and_say_what_stood_there(found: tuple[Evaluation, Path]) -> None:
    for estimate in found[0].estimates:
        if estimate.name == "coverage_baseline" and estimate.set == "training":
            assert estimate.n_synthetic == 50
            assert "held-out images" in estimate.estimand
            assert estimate.seed == 0
        if estimate.name == "coverage_baseline" and estimate.set == "held-out":
            assert estimate.n_synthetic == 30, "half of the held-out images are left to be covered"
    assert "baseline-smaller" in texts(found[0])
    assert "coverage_same_n" in values(found[0], of="held-out")


def test_intervals_stand_only_where_they_are_valid(found: tuple[Evaluation, Path]) -> None:
    shifts = {f"shift_{name}" for name in ("brightness", "contrast", "sharpness", "grain", "fine_detail")}
    with_interval = {e.name for e in found[0].estimates if e.low is not None} - shifts - {"c2st"}
    assert with_interval == {
        "support",
        "membership_risk",
        "precision",
        "authenticity",
        "exact_copies",
        "copy_suspects",
        "nearest_distance_median",
    }
    for estimate in found[0].estimates:
        if estimate.low is None:
            assert estimate.reason
        else:
            assert estimate.high is not None
            assert estimate.low <= estimate.value <= estimate.high
            assert "given these" in estimate.estimand or "another patient of the same source" in estimate.estimand


def test_coverage_is_given_by_group_and_label_but_for_small_groups(found: tuple[Evaluation, Path]) -> None:
    groups = {e.group: e for e in found[0].estimates if e.name == "coverage" and e.set == "training"}
    assert {name for name in groups if name is None or "&" not in name} == {
        None,
        "label=a",
        "label=b",
        "sex=F",
        "sex=M",
        "site=usual",
    }
    assert "label=b & sex=F" in groups, "two groups together have a number of their own"
    assert groups["label=b"].n_medical == 40
    parts = [groups["sex=F"].value * 60, groups["sex=M"].value * 60]
    assert sum(parts) / 120 == pytest.approx(groups[None].value)
    assert "site=rare (n = " in texts(found[0])["small-group"]


def test_same_input_and_seed_give_the_same_bytes_on_two_workers(
    world: Sets, found: tuple[Evaluation, Path], tmp_path: Path
) -> None:
    evaluate(world, out=tmp_path, workers=2, settings=QUICK)
    for name in ("evaluation.json", "per-image.parquet"):
        assert (tmp_path / name).read_bytes() == (found[1] / name).read_bytes()


def test_another_seed_draws_other_baselines_and_leaves_the_rest(
    world: Sets, found: tuple[Evaluation, Path], tmp_path: Path
) -> None:
    other = values(run(world, tmp_path, seed=1))
    assert other["coverage"] == values(found[0])["coverage"]
    assert other["frechet_baseline"] != values(found[0])["frechet_baseline"]


def test_progress_counts_every_file_twice(world: Sets, tmp_path: Path) -> None:
    seen: list[tuple[int, int]] = []
    run(world, tmp_path, progress=lambda done, total: seen.append((done, total)))
    assert seen[-1] == (460, 460)
    assert [done for done, _ in seen] == sorted(done for done, _ in seen)


def test_the_table_has_every_column_and_null_where_it_cannot_tell(found: tuple[Evaluation, Path]) -> None:
    table = rows(found[1])
    assert {row["origin"] for row in table} == {"training", "held-out", "synthetic"}
    assert {"group:sex", "group:site", "x", "y", "digest", "width", "codec"} <= table[0].keys()
    for row in table:
        synthetic = row["origin"] == "synthetic"
        assert (row["supported"] is None) != synthetic
        assert (row["covered"] is None) == synthetic
        assert Path(row["nearest"]).exists()


def test_a_collapsed_technique_is_seen_as_such(world: Sets, tmp_path: Path) -> None:
    paths = save(tmp_path / "one", [disc(901)] * 30)
    seen = run(replace(world, synthetic=collection(paths)), tmp_path / "out")
    assert values(seen)["coverage"] < 0.2
    assert "All 30 of the synthetic images are one and the same image" in texts(seen)["identical-images"]
    given = [e for e in seen.estimates if e.name != "membership_risk"]  # speaks of patients, not of draws
    assert all(e.low is None for e in given), "repeats are no independent draws"


def test_without_held_out_images_only_exact_copies_are_flagged(world: Sets, tmp_path: Path) -> None:
    seen = run(replace(world, held_out=None), tmp_path)
    assert "copy_suspects" not in values(seen)
    assert values(seen)["exact_copies"] == 0.1
    assert "memorisation cannot be told from resemblance" in texts(seen)["no-held-out"]
    assert {row["copy_suspect"] for row in rows(tmp_path)} == {None}


def test_reference_images_are_not_called_training_images(world: Sets, tmp_path: Path) -> None:
    seen = run(Sets(synthetic=world.synthetic, reference=world.held_out), tmp_path)
    assert {e.set for e in seen.estimates} == {"reference"}
    assert "we cannot tell" in texts(seen)["reference-not-training"]


def test_overlapping_sets_are_a_caveat_that_leads_and_leave_the_calibration(world: Sets, tmp_path: Path) -> None:
    assert world.held_out is not None
    assert world.training is not None
    leak = Collection(world.held_out.items + world.training.items[:10], "patient", patients_known=True)
    seen = run(replace(world, held_out=leak), tmp_path)
    assert seen.caveats[0].id == "sets-overlap"
    assert texts(seen)["sets-overlap"].startswith("10 held-out images are also training images")
    assert "5 patients in the training set and in the held-out set alike" in texts(seen)["patients-overlap"]
    support = next(e for e in seen.estimates if e.name == "support" and e.set == "training")
    assert "60 held-out images" in support.method


def test_size_codec_colour_and_depth_that_differ_lead_the_warnings(world: Sets, tmp_path: Path) -> None:
    deep = tmp_path / "deep"
    deep.mkdir()
    for n in range(12):
        Pillow.fromarray(disc(n, size=64).astype(np.uint16) * 200).save(deep / f"{n}.png")
    jpeg = save(tmp_path / "jpeg", [np.dstack([disc(n), disc(n) // 2, disc(n) // 3]) for n in range(12)], kind="jpeg")
    sets = Sets(reference=collection(sorted(deep.iterdir())), synthetic=collection(jpeg))
    seen = run(sets, tmp_path / "out")
    assert [c.id for c in seen.caveats][:4] == ["size-differs", "codec-differs", "bit-depth-differs", "colour-differs"]
    assert "(64 × 64 pixels against 48 × 48 pixels)" in texts(seen)["size-differs"]
    assert "JPEG of quality 75" in texts(seen)["size-differs"], "what was done about it stands with the first"
    assert sum("JPEG of quality 75" in text for text in texts(seen).values()) == 1, "and is said once"
    assert "16 bits against 8 bits" in texts(seen)["bit-depth-differs"]
    assert seen.content["extractor"]["preprocessing"]["jpeg_quality"] == 75


def test_form_alone_hardly_matters_once_it_is_brought_together(tmp_path: Path) -> None:
    """One source, stored twice: small JPEG files as medical images, large PNG files of other patients as synthetic."""

    def small(seed: int) -> np.ndarray[tuple[int, int], np.dtype[np.uint8]]:
        return np.asarray(Pillow.fromarray(disc(seed, size=96)).resize((48, 48), Pillow.Resampling.BICUBIC))

    medical = save(tmp_path / "medical", [small(n) for n in range(100)], kind="jpeg")
    large = save(tmp_path / "large", [disc(n, size=96) for n in range(200, 250)])
    seen = run(Sets(reference=collection(medical), synthetic=collection(large)), tmp_path / "out")
    assert {"size-differs", "codec-differs"} <= texts(seen).keys()
    assert values(seen, of="reference")["support"] > 0.8
    assert next(test.p_value for test in seen.tests if test.name == "mmd") > 0.01


def test_one_synthetic_image_is_measured_as_far_as_one_can_be(little: Sets, tmp_path: Path) -> None:
    one = replace(little.synthetic, items=little.synthetic.items[:1])
    seen = run(replace(little, synthetic=one), tmp_path)
    assert {"support", "exact_copies", "nearest_distance_median"} <= values(seen).keys()
    assert not {"coverage", "frechet", "mmd2"} & values(seen).keys()
    assert "more than 5 images in each set; the synthetic images are 1" in texts(seen)["too-few-images"]


def test_one_medical_image_is_measured_as_far_as_one_can_be(little: Sets, tmp_path: Path) -> None:
    assert little.training is not None
    one = replace(little.training, items=little.training.items[:1])
    seen = run(Sets(synthetic=little.synthetic, reference=one), tmp_path)
    assert set(values(seen, of="reference")) == {"nearest_distance_median", "exact_copies"}
    assert {"too-few-images", "few-held-out", "few-patients", "no-baseline"} <= texts(seen).keys()
    assert not seen.tests


def test_all_images_identical_is_a_clear_error(tmp_path: Path) -> None:
    paths = save(tmp_path / "same", [disc(1)] * 20)
    with pytest.raises(EvaluationError, match="all images are identical"):
        run(Sets(synthetic=collection(paths[:10]), reference=collection(paths[10:])), tmp_path / "out")
    assert not (tmp_path / "out").exists()


def test_medical_images_all_identical_are_said_to_be(little: Sets, tmp_path: Path) -> None:
    paths = save(tmp_path / "same", [disc(1)] * 30)
    seen = run(Sets(synthetic=little.synthetic, reference=collection(paths)), tmp_path / "out")
    assert "All 30 of the reference images" in texts(seen)["identical-images"]
    assert values(seen, of="reference")["coverage"] == 0


def test_three_patients_get_no_interval_and_no_test(little: Sets, tmp_path: Path) -> None:
    few = discs(tmp_path / "few", 30, per_patient=10)
    seen = run(Sets(synthetic=little.synthetic, training=few), tmp_path / "out")
    assert "come from 3 patients, fewer than 20" in texts(seen)["few-patients"]
    assert all(e.low is None for e in seen.estimates)
    assert not seen.tests
    assert values(seen)["coverage"] >= 0


def test_images_of_one_patient_only_are_their_own_neighbours_and_it_is_said(little: Sets, tmp_path: Path) -> None:
    one = discs(tmp_path / "one", 30, per_patient=30)
    seen = run(Sets(synthetic=little.synthetic, training=one), tmp_path / "out")
    assert "same-patient-neighbours" in texts(seen)
    assert "1 patient, fewer than 20" in texts(seen)["few-patients"]
    assert "coverage" in values(seen)


def test_pixels_that_are_no_numbers_are_counted(little: Sets, tmp_path: Path) -> None:
    tifffile = pytest.importorskip("tifffile")
    folder = tmp_path / "float"
    folder.mkdir()
    for n in range(24):
        pixels = disc(n).astype(np.float32)
        pixels[: 3 if n < 6 else 0] = np.nan
        pixels[: 40 if n == 23 else 0] = np.inf
        tifffile.imwrite(folder / f"{n:02d}.tif", pixels)
    seen = run(Sets(synthetic=little.synthetic, reference=collection(sorted(folder.iterdir()))), tmp_path / "out")
    assert "6 of 23 of the reference images hold pixels that are no numbers" in texts(seen)["nan-pixels"]
    assert "1 of 24 of the reference images could not be read" in texts(seen)["unreadable-files"]
    assert seen.content["sets"]["reference"]["unreadable"] == 1


def test_a_damaged_file_is_counted_and_does_not_end_the_study(little: Sets, tmp_path: Path) -> None:
    paths = save(tmp_path / "with space ä", [disc(n) for n in range(20)])
    paths[3].write_bytes(paths[3].read_bytes()[:100])
    seen = run(replace(little, synthetic=collection(paths)), tmp_path / "out")
    assert seen.content["sets"]["synthetic"]["n"] == 19
    assert "1 of 20 of the synthetic images could not be read" in texts(seen)["unreadable-files"]


def test_nothing_readable_is_a_clear_error_and_nothing_is_written(little: Sets, tmp_path: Path) -> None:
    paths = [tmp_path / "broken.png"]
    paths[0].write_bytes(b"\x89PNG\r\n\x1a\n nothing")
    with pytest.raises(NoImages, match="among the synthetic images, found none in 1 files"):
        run(replace(little, synthetic=collection(paths)), tmp_path / "out")
    assert not (tmp_path / "out").exists()


def test_unknown_patients_are_said_to_be_unknown(little: Sets, tmp_path: Path) -> None:
    assert little.training is not None
    lesions = replace(little.training, unit="lesion_id", patients_known=False)
    seen = run(replace(little, training=lesions), tmp_path)
    assert "grouped by lesion_id" in texts(seen)["patients-unknown"]
    assert {e.n_patients for e in seen.estimates if e.set == "training"} == {None}
    assert seen.content["sets"]["training"]["n_units"] == 30


def test_one_label_only_is_said(little: Sets, tmp_path: Path) -> None:
    labelled = tuple(replace(item, label="a") for item in little.synthetic.items)
    seen = run(replace(little, synthetic=replace(little.synthetic, items=labelled)), tmp_path)
    assert "have one label only, the training images have 2" in texts(seen)["one-label"]


def test_synthetic_images_that_share_patients_get_no_interval(little: Sets, tmp_path: Path) -> None:
    """Image-to-image techniques: several outputs of one patient are no independent draws."""
    items = tuple(replace(item, patient=f"s{n // 2}") for n, item in enumerate(little.synthetic.items))
    paired = Collection(items, "patient", patients_known=True)
    seen = run(replace(little, synthetic=paired), tmp_path)
    precision = next(e for e in seen.estimates if e.name == "precision")
    assert precision.low is None
    assert precision.reason is not None
    assert "belong to one patient" in precision.reason


def test_problems_of_a_table_reach_the_reader(little: Sets, tmp_path: Path) -> None:
    told = replace(little.synthetic, problems=("3 of 24 images have no row in the table",))
    seen = run(replace(little, synthetic=told), tmp_path)
    assert texts(seen)["table-problems"] == "The synthetic images: 3 of 24 images have no row in the table"


def test_a_study_without_medical_images_is_refused(world: Sets) -> None:
    with pytest.raises(UsageError, match="medical images to compare with"):
        Sets(synthetic=world.synthetic)


def test_every_caveat_has_its_place_in_the_order() -> None:
    assert len(set(caveats.ORDER)) == len(caveats.ORDER)
    with pytest.raises(ValueError, match="not in tuple"):
        caveats.ordered([Caveat("surprise", "…")])


@pytest.mark.data
@pytest.mark.slow
def test_synthetic_dermoscopy_stands_apart_from_medical_dermoscopy_and_medical_halves_do_not(
    data_dir: Path, tmp_path: Path
) -> None:
    """200 of HAM10000 (by name) against Derm-T2IM: both brought to one size and codec."""
    medical = collection(sorted((data_dir / "ham10000" / "images").iterdir())[:3000:15])
    synthetic = collection(sorted((data_dir / "derm_t2im").rglob("*.png"))[::4])
    seen = run(Sets(synthetic=synthetic, reference=medical), tmp_path)
    assert [c.id for c in seen.caveats][:2] == ["size-differs", "codec-differs"]
    p_values = {test.name: test.p_value for test in seen.tests}
    assert p_values["mmd"] == 0.01
    assert p_values["mmd_baseline"] > 0.01
    assert values(seen, of="reference")["frechet"] > 2 * values(seen, of="reference")["frechet_baseline"]


@pytest.mark.data
@pytest.mark.slow
def test_medical_images_stored_in_another_size_and_codec_still_measure_like_medical_images(
    data_dir: Path, tmp_path: Path
) -> None:
    """Dermoscopy enlarged to 512 × 384 PNG against dermoscopy as it is: form differs, content does not."""
    files = sorted((data_dir / "ham10000" / "images").iterdir())
    enlarged = [
        np.asarray(Pillow.open(path).resize((512, 384), Pillow.Resampling.BICUBIC)) for path in files[5:2500:50]
    ]
    synthetic = collection(save(tmp_path / "large", enlarged))
    seen = run(Sets(synthetic=synthetic, reference=collection(files[:3000:15])), tmp_path / "out")
    assert {"size-differs", "codec-differs"} <= texts(seen).keys()
    assert values(seen, of="reference")["support"] > 0.85
    assert next(test.p_value for test in seen.tests if test.name == "mmd") > 0.01


def test_a_group_of_three_patients_gets_no_number_however_many_images_it_has(tmp_path: Path) -> None:
    names = toys.write_images(tmp_path / "medical", toys.blobs(90, seed=1), prefix="m")
    toys.write_images(tmp_path / "drawn", toys.blobs(30, seed=2), prefix="d")
    rows = [
        "image,patient,sex",
        *(f"{n},{f'p{i}' if i < 60 else f'q{i % 3}'},{'FM'[i >= 60]}" for i, n in enumerate(names)),
    ]
    (tmp_path / "t.csv").write_text("\n".join(rows), encoding="utf-8")
    medical = collect(tmp_path / "medical", table=tmp_path / "t.csv", key="image", patient="patient", groups=("sex",))
    sets = Sets(synthetic=collect(tmp_path / "drawn"), training=medical)
    found = evaluate(sets, out=tmp_path / "out", workers=0)
    by_group = {e.group: e.n_patients for e in found.estimates if e.name == "coverage" and e.group}
    assert by_group == {"sex=F": 60}
    assert any("sex=M (n = 3)" in caveat.text for caveat in found.caveats if caveat.id == "small-group")
