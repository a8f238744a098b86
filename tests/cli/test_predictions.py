"""``misyn evaluate --predictions``: the user's own models, from two tables to the report."""

import json
from pathlib import Path

import numpy as np
import pytest
from click.testing import CliRunner, Result
from PIL import Image

from misyn.cli import main

N = 120


def pictures(folder: Path, *, seed: int) -> Path:
    folder.mkdir()
    random = np.random.default_rng(seed)
    for n in range(24):
        Image.fromarray(random.integers(0, 255, (24, 24), np.uint8)).save(folder / f"{n:02}.png")
    return folder


def table(path: Path, *, signal: float) -> Path:
    random = np.random.default_rng(0)
    sick = random.random(N) < 0.5
    score = 1 / (1 + np.exp(-(random.normal(size=N) + signal * (2 * sick - 1))))
    rows = [f"i{n},{'sick' if sick[n] else 'healthy'},{score[n]:.5f},p{n},{'FM'[n % 2]}" for n in range(N)]
    path.write_text("image,label,score,patient,group:sex\n" + "\n".join(rows) + "\n")
    return path


@pytest.fixture
def places(tmp_path: Path) -> tuple[Path, Path]:
    return pictures(tmp_path / "medical", seed=0), pictures(tmp_path / "synthetic", seed=1)


def run(places: tuple[Path, Path], out: Path, *options: str) -> Result:
    medical, synthetic = map(str, places)
    command = ["evaluate", "--medical", medical, "--synthetic", synthetic, "--out", str(out), "--workers", "0"]
    return CliRunner().invoke(main, [*command, *options])


def test_two_models_are_compared_and_the_report_says_who_gains(places: tuple[Path, Path], tmp_path: Path) -> None:
    files = [str(table(tmp_path / name, signal=s)) for name, s in (("medical.csv", 0.2), ("both.csv", 2.0))]
    found = run(places, tmp_path / "out", "--predictions", files[0], "--predictions", files[1], "--margin", "0.02")
    assert found.exit_code == 0, found.output
    content = json.loads((tmp_path / "out" / "evaluation.json").read_text())
    gain = next(e for e in content["estimates"] if e["name"] == "utility_gain" and e["group"] is None)
    assert gain["low"] > 0
    assert gain["n_patients"] == N
    assert {"utility_gain", "utility_equivalence"} <= {t["name"] for t in content["tests"]}
    assert all(t["correction"].startswith("Holm") for t in content["tests"] if t["name"].startswith("utility"))
    assert "made a model clearly better on unseen medical images" in (tmp_path / "out" / "report.html").read_text()


def test_one_table_is_an_error_that_says_what_to_do(places: tuple[Path, Path], tmp_path: Path) -> None:
    found = run(places, tmp_path / "out", "--predictions", str(table(tmp_path / "medical.csv", signal=1.0)))
    assert found.exit_code == 2
    assert "two models or more" in found.output
    assert "Next: give --predictions once per model" in found.output


def test_without_predictions_or_labels_the_reason_is_a_warning(places: tuple[Path, Path], tmp_path: Path) -> None:
    assert run(places, tmp_path / "out").exit_code == 0
    warnings = json.loads((tmp_path / "out" / "evaluation.json").read_text())["warnings"]
    assert "usefulness-not-measured" in {warning["id"] for warning in warnings}
