"""Gains, harm and gaps: from predictions to what is written down."""

import re
from pathlib import Path

import numpy as np
import pytest
from fairlearn.metrics import MetricFrame
from sklearn.linear_model import LogisticRegression
from sklearn.metrics import brier_score_loss, recall_score, roc_auc_score

from misyn.errors import TableError
from misyn.evaluate.utility import judged, predictions, tables
from misyn.evaluate.utility.gains import Board
from misyn.evaluate.utility.study import measure
from misyn.results import Estimate

N = 400


def predicted(folder: Path, name: str, *, signal: dict[str, float], seed: int = 0) -> Path:
    """Predictions of one model: how well it does depends on the group."""
    random = np.random.default_rng(0)
    y, sex = random.integers(0, 2, N), random.choice(["F", "M"], N)
    noise = np.random.default_rng([seed, len(name)]).normal(size=N)
    score = 1 / (1 + np.exp(-(noise + np.array([signal[s] for s in sex]) * (2 * y - 1))))
    lines = ["image,label,score,patient,split,group:sex"]
    lines += [
        f"i{n},{'sick' if y[n] else 'healthy'},{score[n]:.6f},p{n // 2},{'validation' if n < 100 else 'test'},{sex[n]}"
        for n in range(N)
    ]
    path = folder / name
    path.write_text("\n".join(lines) + "\n")
    return path


@pytest.fixture
def files(tmp_path: Path) -> list[Path]:
    """Training on both helps men and harms women."""
    return [
        predicted(tmp_path, "medical.csv", signal={"F": 1.0, "M": 0.5}),
        predicted(tmp_path, "both.csv", signal={"F": 0.3, "M": 1.5}),
    ]


def one(found: tuple[Estimate, ...], name: str, group: str | None = None) -> Estimate:
    (estimate,) = [e for e in found if e.name == name and e.group == group]
    return estimate


def test_harm_to_a_group_is_written_down_first(files: list[Path]) -> None:
    found = measure({}, seed=0, files=files)
    gains = [e for e in found.estimates if e.name == "utility_gain" and e.group]
    assert [e.group for e in gains] == ["sex=F", "sex=M"]
    assert gains[0].high is not None
    assert gains[1].low is not None
    assert gains[0].high < 0 < gains[1].low
    assert {t.group for t in found.tests if t.p_value < 0.05} >= {"sex=F", "sex=M"}


def test_values_and_gaps_equal_fairlearns(files: list[Path]) -> None:
    panel = predictions.read(tables.load(files, needed=predictions.NEEDED, optional=predictions.OPTIONAL))
    sex = np.full(len(panel), "", object)
    for group, rows in panel.members.items():
        sex[rows] = group
    found = tuple(Board.of(panel, seed=0).estimates())
    for arm in panel.arms:
        frame = MetricFrame(
            metrics=roc_auc_score, y_true=panel.classes, y_pred=arm.scores[:, 1], sensitive_features=sex
        )
        assert one(found, f"utility_auroc_{arm.name}").value == pytest.approx(frame.overall, abs=1e-6)
        assert one(found, f"utility_gap_sex_{arm.name}").value == pytest.approx(frame.difference(), abs=1e-6)
        for group in ("sex=F", "sex=M"):
            value = one(found, f"utility_auroc_{arm.name}", group).value
            assert value == pytest.approx(frame.by_group[group], abs=1e-6)


def test_rates_and_calibration_equal_scikit_learns(files: list[Path]) -> None:
    panel = predictions.read(tables.load(files, needed=predictions.NEEDED, optional=predictions.OPTIONAL))
    found = tuple(Board.of(panel, seed=0).estimates())
    for arm in panel.arms:
        limit = arm.thresholds[1]
        assert limit is not None
        positive = arm.scores[:, 1] >= limit
        for name, label in (("sensitivity", 1), ("specificity", 0)):
            expected = recall_score(panel.classes, positive, pos_label=label)
            assert one(found, f"utility_{name}_{arm.name}").value == pytest.approx(expected, abs=1e-12)
        expected = brier_score_loss(panel.classes, arm.scores[:, 1])
        assert one(found, f"utility_brier_{arm.name}").value == pytest.approx(expected, abs=1e-9)
        logit = np.log(arm.scores[:, 1] / arm.scores[:, 0])[:, None]
        slope = LogisticRegression(C=np.inf, tol=1e-8).fit(logit, panel.classes).coef_[0, 0]
        assert one(found, f"utility_calibration_slope_{arm.name}").value == pytest.approx(slope, rel=1e-3)


def test_thresholds_see_validation_images_only(files: list[Path]) -> None:
    panel = predictions.read(tables.load(files, needed=predictions.NEEDED, optional=predictions.OPTIONAL))
    assert len(panel) == 300
    text = files[0].read_text().splitlines()
    changed = [line.replace("healthy", "x").replace("sick", "healthy").replace("x", "sick") for line in text[101:]]
    for file in files:
        lines = file.read_text().splitlines()
        flipped = [*lines[:101], *(with_label(line, other) for line, other in zip(lines[101:], changed, strict=True))]
        file.write_text("\n".join(flipped) + "\n")
    again = predictions.read(tables.load(files, needed=predictions.NEEDED, optional=predictions.OPTIONAL))
    assert [arm.thresholds for arm in again.arms] == [arm.thresholds for arm in panel.arms]


def with_label(line: str, other: str) -> str:
    cells = line.split(",")
    cells[1] = other.split(",")[1]
    return ",".join(cells)


def test_equivalence_needs_a_margin_given_beforehand(files: list[Path]) -> None:
    same = [files[0], files[0]]
    assert not [t for t in measure({}, seed=0, files=same).tests if "equivalence" in t.name]
    (test,) = [t for t in measure({}, seed=0, files=same, margin=0.02).tests if "equivalence" in t.name]
    assert test.p_value == 0  # the same predictions cannot differ


def test_the_same_predictions_gain_nothing(files: list[Path]) -> None:
    found = measure({}, seed=0, files=[files[0], files[0]])
    assert {e.value for e in found.estimates if "gain" in e.name} == {0.0}
    assert {t.p_value for t in found.tests} == {1.0}


def test_the_same_seed_gives_the_same_numbers(files: list[Path]) -> None:
    assert measure({}, seed=3, files=files) == measure({}, seed=3, files=files)
    assert measure({}, seed=3, files=files) != measure({}, seed=4, files=files)


def test_a_threshold_finds_the_asked_share_of_validation_images() -> None:
    random = np.random.default_rng(1)
    classes = random.integers(0, 3, 300)
    scores = random.dirichlet(np.ones(3), 300)
    for c, limit in enumerate(judged.thresholds(classes, scores)):
        assert limit is not None
        assert np.mean(scores[classes == c, c] >= limit) >= 0.9


@pytest.mark.parametrize(
    ("change", "said"),
    [
        (lambda s: s.replace(",score,", ",points,"), "one score per label"),
        (lambda s: s.replace("i7,", "x7,"), "2 other or missing images"),
        (lambda s: s.replace("sick", "healthy"), "other values of label"),
        (lambda s: re.sub(r"(i7,\w+),[0-9.]+", r"\1,high", s), "1 rows without one"),
    ],
)
def test_predictions_that_do_not_fit_are_refused(files: list[Path], change: object, said: str) -> None:
    assert callable(change)
    files[1].write_text(change(files[1].read_text()))
    with pytest.raises(TableError, match=said):
        measure({}, seed=0, files=files)


def test_one_file_of_predictions_compares_nothing(files: list[Path]) -> None:
    with pytest.raises(TableError, match="two models or more"):
        measure({}, seed=0, files=files[:1])
