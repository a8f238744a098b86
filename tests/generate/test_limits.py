"""The yardstick notices what the negative controls do, and its script runs, goes on, and draws its figures."""

from __future__ import annotations

import json
import os
import subprocess
import sys
from pathlib import Path
from xml.etree import ElementTree

import numpy as np
import pytest
from numpy.typing import NDArray
from scipy import ndimage

from misyn.errors import EvaluationError
from misyn.generate.generators import GENERATORS
from misyn.generate.generators.controls import Collapsed, Copycat
from misyn.generate.generators.pca import Pca
from misyn.generate.generators.training import Training
from misyn.generate.limits import Yardstick

SCRIPTS = Path(__file__).parents[2] / "benchmarks"


def blobs(count: int, *, seed: int) -> NDArray[np.float32]:
    noise = np.random.default_rng(seed).standard_normal((count, 16, 16))
    smooth = np.stack([ndimage.gaussian_filter(image, 1.2) for image in noise])
    return np.asarray(np.clip(0.5 + 0.8 * smooth, 0, 1), np.float32)


@pytest.fixture(scope="module")
def stick() -> Yardstick:
    halves = {"first": np.arange(60) < 30, "second": np.arange(60) >= 30}
    return Yardstick.of(blobs(60, seed=1), blobs(60, seed=2), training=blobs(60, seed=3), groups=halves)


def test_unseen_images_are_supported_as_often_as_they_should_be(stick: Yardstick) -> None:
    found = stick.measure(blobs(60, seed=4))
    assert found.support > 0.85
    assert found.covered > 0.85
    assert found.copies < 0.1
    assert set(found.by_group) == {"first", "second"}


def test_each_negative_control_is_noticed_by_its_own_measure(stick: Yardstick) -> None:
    training, unseen = Training(blobs(60, seed=3)), stick.measure(blobs(60, seed=4))
    copied = stick.measure(Copycat(shift=0).fit(training, seed=0).draw(60, seed=0).images)
    collapsed = stick.measure(Collapsed(modes=2).fit(training, seed=0).draw(60, seed=0).images)
    assert copied.copies > 0.9 > unseen.copies
    assert collapsed.covered < 0.5 * unseen.covered
    assert collapsed.shift > 2 * unseen.shift


def test_a_pca_of_few_axes_leaves_out_more_than_one_of_many(stick: Yardstick) -> None:
    training = Training(blobs(60, seed=3))
    few, many = (stick.measure(Pca(components=n).fit(training, seed=0).draw(60, seed=0).images) for n in (2, 50))
    assert few.represented < many.represented
    assert few.shift > many.shift > stick.measure(blobs(60, seed=4)).shift


def test_too_few_unseen_images_are_refused() -> None:
    with pytest.raises(EvaluationError, match="hold more"):
        Yardstick.of(blobs(20, seed=1), blobs(5, seed=2), training=blobs(20, seed=3), groups={})


def test_figures_are_drawn_from_rows_with_words_for_those_who_do_not_see_them(tmp_path: Path) -> None:
    gap = {"n": 9, "support": 0.9, "represented": 0.8, "covered": 0.7, "shift": 2.0, "mmd2": 0.1, "copies": 0.0}
    gap["by_group"] = {"sex=F": 0.5, "sex=M": 0.6}  # type: ignore[assignment]
    rows = [{"part": "baseline", "draw": 0, **gap}]
    rows += [{"part": "baseline-size", "training": n, "draw": 0, **gap} for n in (10, 20)]
    rows += [{"part": "size", "generator": name, "training": n, **gap} for name in ("pca", "x<y") for n in (10, 20)]
    rows += [{"part": "capacity", "generator": "pca", "capacity": n, **gap} for n in (4, 8)]
    rows += [{"part": "generation", "generator": "pca", "generation": n, **gap} for n in (1, 2)]
    code = "import json, sys, limits_figures as f; print(json.dumps(f.figures(json.load(sys.stdin))))"
    given = json.dumps({"rows": rows})
    command = [sys.executable, "-c", code]
    done = subprocess.run(command, input=given, cwd=SCRIPTS, capture_output=True, text=True, check=True)
    for name, text in json.loads(done.stdout).items():
        root = ElementTree.fromstring(text)  # noqa: S314 - our own text
        assert name.endswith(".svg")
        assert root[0].tag.endswith("title")
        assert "0." in (root[1].text or "") or "2.00" in (root[1].text or "")


TINY = """
import sys, limits
limits.MINI = {"sizes": (20,), "components": (4,), "widths": (8,), "steps": 4, "again": 4}
limits.GENERATIONS = 2
sys.exit(limits.main())
"""


@pytest.mark.slow
def test_the_script_measures_every_generator_and_goes_on_where_it_stopped(tmp_path: Path) -> None:
    pytest.importorskip("torch", reason="the diffusion model needs the extra torch")
    command = [sys.executable, "-c", TINY, "--out", str(tmp_path)]
    alone = {**os.environ, "OMP_NUM_THREADS": "1", "OPENBLAS_NUM_THREADS": "1"}
    said = [
        subprocess.run(command, cwd=SCRIPTS, capture_output=True, text=True, check=True, env=alone).stdout
        for _ in range(2)
    ]
    rows = json.loads((tmp_path / "limits.json").read_text())["rows"]
    assert {row["generator"] for row in rows if row["part"] == "size"} == {entry.name for entry in GENERATORS}
    assert [row["generation"] for row in rows if row["part"] == "generation"] == [1, 2, 1, 2]
    assert "'part':" in said[0]
    assert "'part':" not in said[1]
    assert "nothing about patients" in said[1]
    assert len(list(tmp_path.glob("*.svg"))) == 8
