"""Claims on pairs: joined by name or table, error and structures by patient, planted spots counted, bytes the same."""

from __future__ import annotations

import json
from pathlib import Path
from typing import Any

import numpy as np
import pyarrow.parquet as pq
import pytest
from numpy.typing import NDArray
from PIL import Image as Pillow
from scipy import stats
from skimage import metrics

from discs import disc, save
from misyn.errors import NoImages, TableError
from misyn.evaluate.pairs import error, joined, results, study, thresholds
from misyn.images.collection import collect

Pixels = NDArray[np.uint8]
PATIENTS = 40


def noisy(pixels: Pixels, seed: int, level: float = 4) -> Pixels:
    grain = np.random.default_rng(seed).normal(0, level, pixels.shape)
    return np.asarray(np.clip(pixels + grain, 0, 255), np.uint8)


def spotted(pixels: Pixels, row: int, column: int) -> Pixels:
    y, x = np.mgrid[: pixels.shape[0], : pixels.shape[1]]
    bump = 110 * np.exp(-((y - row) ** 2 + (x - column) ** 2) / (2 * 2.5**2))
    return np.asarray(np.clip(pixels - bump, 0, 255), np.uint8)


def world(folder: Path, *, made_up: int = 0, wiped: int = 0, targets: bool = True, patients: int = PATIENTS) -> Path:
    """Sources, targets (the same with other noise), outputs; some outputs show, or lack, a spot. A table joins them."""
    plain = [disc(n, size=64, grain=0.01) for n in range(patients)]
    sources = [spotted(p, 12, 12) if patients - wiped <= n else p for n, p in enumerate(plain)]
    drawn = [spotted(p, 12, 50) if n < made_up else p for n, p in enumerate(plain)]
    save(folder / "source", [noisy(p, n) for n, p in enumerate(sources)])
    save(folder / "target", [noisy(p, n + 100) for n, p in enumerate(sources)])
    save(folder / "synthetic", [noisy(p, n + 200) for n, p in enumerate(drawn)])
    names = [f"{n:04d}.png" for n in range(patients)]
    rows = [
        f"synthetic/{name},source/{name},{f'target/{name}' if targets else ''},p{n}" for n, name in enumerate(names)
    ]
    (folder / "pairs.csv").write_text("\n".join(["synthetic,source,target,patient", *rows]), encoding="utf-8")
    return folder / "pairs.csv"


def values(content: dict[str, Any]) -> dict[str, Any]:
    return {e["name"] + (f"[{e['group']}]" if e["group"] else ""): e for e in content["estimates"]}


@pytest.fixture(scope="module")
def found(tmp_path_factory: pytest.TempPathFactory) -> tuple[dict[str, Any], Path]:
    folder = tmp_path_factory.mktemp("pairs")
    table = world(folder, made_up=6, wiped=4)
    return study.evaluate(joined.of_table(table), out=folder / "out", workers=0), folder / "out"


def test_planted_spots_are_counted_as_made_up_and_wiped_ones_as_lost(found: tuple[dict[str, Any], Path]) -> None:
    """6 of 40 outputs show a spot that no source shows; 4 lack one that is there. At most 5 % more are expected."""
    by_name = values(found[0])
    assert 6 / PATIENTS <= by_name["pair_hallucinated"]["value"] <= 10 / PATIENTS
    assert 4 / PATIENTS <= by_name["pair_lost"]["value"] <= 8 / PATIENTS
    rows = pq.ParquetFile(found[1] / "per-image.parquet").read().to_pylist()
    synthetic = [row for row in rows if row["origin"] == "synthetic"]
    assert all(row["hallucinated"] for row in synthetic[:6])
    assert all(row["lost"] for row in synthetic[-4:])
    first = json.loads(synthetic[0]["pair_marks"])["marks"][0]
    assert first[0] == "hallucinated"
    assert (first[2], first[3]) == (pytest.approx(12 / 64, abs=0.03), pytest.approx(50 / 64, abs=0.03))


def test_the_control_of_targets_says_how_many_medical_images_would_count(found: tuple[dict[str, Any], Path]) -> None:
    by_name = values(found[0])
    assert by_name["pair_hallucinated_baseline"]["value"] <= 0.15
    assert "targets of 40 patients" in by_name["pair_hallucinated"]["method"]


def test_error_is_measured_against_the_target_with_doing_nothing_beside_it(found: tuple[dict[str, Any], Path]) -> None:
    by_name = values(found[0])
    for name in ("pair_error", "pair_psnr", "pair_ssim"):
        for region in ("", "[region=centre]", "[region=border]"):
            assert f"{name}{region}" in by_name
        assert f"{name}_baseline" in by_name
    assert by_name["pair_error"]["low"] < by_name["pair_error"]["value"] < by_name["pair_error"]["high"]
    assert by_name["pair_error"]["n_patients"] == PATIENTS
    assert found[0]["sets"]["source"]["targets"] == PATIENTS


def test_error_and_likeness_are_those_of_scikit_image() -> None:
    a, b = (np.asarray(disc(n, size=64) / 255, np.float32) for n in (1, 2))
    oracle: Any = metrics  # publishes no types
    whole = error.compared(a, b, regions={})["whole"]
    assert whole["psnr"] == pytest.approx(
        oracle.peak_signal_noise_ratio(b.astype(np.float64), a.astype(np.float64), data_range=1)
    )
    likeness = oracle.structural_similarity(
        a, b, data_range=1.0, gaussian_weights=True, sigma=1.5, use_sample_covariance=False, full=True
    )[1]
    assert whole["ssim"] == pytest.approx(float(likeness.mean()), abs=1e-6)


def test_a_mask_makes_the_regions(tmp_path: Path) -> None:
    """Error only inside the mask: inpainting that keeps its word outside."""
    source, mask = disc(0, size=64), np.zeros((64, 64), np.uint8)
    mask[20:40, 20:40] = 255
    drawn = source.copy()
    drawn[25:35, 25:35] = 255 - drawn[25:35, 25:35]
    for name, pixels in (("source", source), ("synthetic", drawn), ("region", mask)):
        save(tmp_path / name, [pixels])
    pairs = joined.of_folders(collect(tmp_path / "synthetic"), collect(tmp_path / "source"), region=tmp_path / "region")
    by_name = values(study.evaluate(pairs, out=tmp_path / "out", workers=0))
    assert by_name["pair_error[region=marked]"]["value"] > 0.01
    assert by_name["pair_error[region=unmarked]"]["value"] == 0
    assert "pair_error[region=centre]" not in by_name


def test_without_targets_error_is_called_a_change_and_noise_calibrates(tmp_path: Path) -> None:
    content = study.evaluate(joined.of_table(world(tmp_path, made_up=5, targets=False)), out=tmp_path / "o", workers=0)
    warnings = {w["id"]: w["text"] for w in content["warnings"]}
    assert "only the change from the source" in warnings["no-target"]
    by_name = values(content)
    assert "pair_error_baseline" not in by_name
    assert "own noise" in by_name["pair_hallucinated"]["method"]
    assert by_name["pair_hallucinated"]["value"] >= 5 / PATIENTS


def test_a_few_patients_get_no_interval_and_no_structures(tmp_path: Path) -> None:
    content = study.evaluate(joined.of_table(world(tmp_path, patients=8)), out=tmp_path / "o", workers=0)
    by_name = values(content)
    assert "pair_hallucinated" not in by_name
    assert by_name["pair_error"]["low"] is None
    assert "under 30 patients" in by_name["pair_error"]["reason"]
    assert "structures-uncalibrated" in {w["id"] for w in content["warnings"]}


def test_images_of_one_patient_are_one_number(tmp_path: Path) -> None:
    table = world(tmp_path)
    lines = table.read_text().splitlines()
    table.write_text(
        "\n".join([lines[0], *(line.rsplit(",", 1)[0] + f",p{n // 4}" for n, line in enumerate(lines[1:]))])
    )
    content = study.evaluate(joined.of_table(table), out=tmp_path / "o", workers=0)
    assert values(content)["pair_error"]["n_patients"] == 10
    assert content["sets"]["source"]["n_units"] == 10


def test_the_same_bytes_on_two_workers(found: tuple[dict[str, Any], Path], tmp_path: Path) -> None:
    source = Path(pq.ParquetFile(found[1] / "per-image.parquet").read().to_pylist()[0]["path"]).parents[1] / "pairs.csv"
    study.evaluate(joined.of_table(source), out=tmp_path, workers=2)
    for name in ("evaluation.json", "per-image.parquet"):
        assert (tmp_path / name).read_bytes() == (found[1] / name).read_bytes()


def test_super_resolution_compares_at_the_targets_size(tmp_path: Path) -> None:
    large = disc(3, size=96)
    small = np.asarray(Pillow.fromarray(large).resize((48, 48), Pillow.Resampling.BICUBIC))
    for name, pixels in (("source", small), ("target", large), ("synthetic", large)):
        save(tmp_path / name, [pixels])
    pairs = joined.of_folders(collect(tmp_path / "synthetic"), collect(tmp_path / "source"), target=tmp_path / "target")
    by_name = values(study.evaluate(pairs, out=tmp_path / "out", workers=0))
    assert by_name["pair_error"]["value"] == 0
    assert by_name["pair_error_baseline"]["value"] > 0


def test_volumes_of_different_depth_are_a_row_that_could_not_be_read(tmp_path: Path) -> None:
    for name, planes in (("source", 3), ("synthetic", 2)):
        (tmp_path / name).mkdir()
        frames = [Pillow.fromarray(disc(n, size=32)) for n in range(planes)]
        frames[0].save(tmp_path / name / "0000.tif", save_all=True, append_images=frames[1:])
    pairs = joined.of_folders(collect(tmp_path / "synthetic"), collect(tmp_path / "source"))
    with pytest.raises(NoImages, match="none in 1 pairs"):
        study.evaluate(pairs, out=tmp_path / "out", workers=0)


def test_a_table_without_source_or_with_missing_files_is_a_clear_error(tmp_path: Path) -> None:
    (tmp_path / "a.csv").write_text("synthetic,input\nx.png,y.png\n")
    with pytest.raises(TableError, match="expected columns synthetic and source"):
        joined.of_table(tmp_path / "a.csv")
    (tmp_path / "b.csv").write_text("synthetic,source\nx.png,y.png\n")
    with pytest.raises(TableError, match="2 of 2 missing"):
        joined.of_table(tmp_path / "b.csv")


def test_synthetic_images_without_a_source_are_counted(tmp_path: Path) -> None:
    save(tmp_path / "synthetic", [disc(n) for n in range(3)])
    save(tmp_path / "source", [disc(n) for n in range(2)])
    pairs = joined.of_folders(collect(tmp_path / "synthetic"), collect(tmp_path / "source"))
    assert len(pairs.items) == 2
    assert pairs.problems == ("1 of 3 synthetic images have no source",)


def test_intervals_of_means_over_patients_hold_for_skewed_errors() -> None:
    """Gamma-distributed errors of 30 patients; the full table is in docs/results/pairs-2026-11-22.md."""
    random = np.random.default_rng(0)
    kept = 0
    for _ in range(1000):
        interval = results.mean_interval(random.gamma(4, size=30), logarithm=True)
        assert interval is not None
        kept += interval.low <= 4 <= interval.high
    assert stats.binomtest(kept, 1000, 0.95).pvalue > 0.001


def test_thresholds_promise_their_share() -> None:
    """Half of 200 patients judge the others: about 5 % are above."""
    share = thresholds.control(np.random.default_rng(0).normal(size=200), np.random.default_rng(1))
    assert share is not None
    assert share == pytest.approx(0.05, abs=3 * np.sqrt(0.05 * 0.95 / 100))
