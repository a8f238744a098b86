"""The default classifier, trained on medical images, on synthetic ones, and on both."""

from dataclasses import replace
from pathlib import Path

import numpy as np
import pytest
from sklearn.linear_model import LogisticRegression

from misyn.evaluate.sets import HELD_OUT, SYNTHETIC, TRAINING, Sample
from misyn.evaluate.utility import arms, logistic
from misyn.evaluate.utility.arms import obstacle, train
from misyn.evaluate.utility.study import measure
from misyn.images.collection import Item

D = 6


def sample(origin: str, n: int, *, seed: int, apart: float = 1.0, first: int = 0) -> Sample:
    """Two images per patient; two labels that differ along the first axis; women are shifted along the second."""
    random = np.random.default_rng(seed)
    patients = first + np.arange(n) // 2
    sick, female = random.random(n) < 0.5, (patients % 2).astype(bool)
    points = random.normal(size=(n, D)) + apart * np.outer(sick, np.eye(D)[0]) + np.outer(female, np.eye(D)[1])
    medical = origin != SYNTHETIC
    items = tuple(
        Item(
            path=Path(f"{origin}{i}"),
            patient=str(patients[i]) if medical else None,
            label="sick" if sick[i] else "healthy",
            groups={"sex": "F" if female[i] else "M"} if medical else {},
        )
        for i in range(n)
    )
    codes = patients if medical else 10**6 + np.arange(n)
    return Sample(
        origin=origin,
        unit="patient" if medical else "image",
        patients_known=medical,
        items=items,
        facts=({},) * n,
        features=points,
        patients=codes.astype(np.int64),
    )


def samples(*, n: int = 60, apart: float = 1.0) -> dict[str, Sample]:
    return {
        TRAINING: sample(TRAINING, n, seed=0),
        HELD_OUT: sample(HELD_OUT, 400, seed=1, first=1000),
        SYNTHETIC: sample(SYNTHETIC, 600, seed=2, apart=apart),
    }


def gain(found: dict[str, Sample]) -> float:
    (value,) = [e.value for e in measure(found, seed=0).estimates if e.name == "utility_gain" and e.group is None]
    return value


def test_more_images_of_the_same_kind_help_where_medical_ones_are_few() -> None:
    assert gain(samples(n=60)) > 0.02


def test_synthetic_images_with_swapped_findings_harm() -> None:
    assert gain(samples(n=60, apart=-1.0)) < -0.1


def test_no_patient_is_on_two_sides() -> None:
    found = samples()
    doubled = replace(found[HELD_OUT], patients=np.r_[found[TRAINING].patients[:10], found[HELD_OUT].patients[10:]])
    trained = train({**found, HELD_OUT: doubled}, seed=0)
    assert not set(trained.judged.patients) & set(found[TRAINING].patients)
    assert len(trained.judged) == 390


def test_both_arms_learn_from_the_same_medical_images() -> None:
    medical, synthetic, both = train(samples(), seed=0).judged.arms
    assert (medical.name, synthetic.name, both.name) == ("medical", "synthetic", "both")
    assert both.n_medical == medical.n_medical
    assert both.n_synthetic == synthetic.n_synthetic == 600


def test_the_learning_curve_goes_by_share_and_stops_where_images_end() -> None:
    found = {e.name: e.n_synthetic for e in measure(samples(n=60), seed=0).estimates if "share" in e.name}
    fitted = train(samples(n=60), seed=0).judged.arms[0].n_medical
    assert fitted is not None
    assert found["utility_auroc_share_50"] == fitted
    assert found["utility_auroc_share_75"] == 3 * fitted
    short = train({**samples(n=60), SYNTHETIC: sample(SYNTHETIC, 40, seed=2)}, seed=0)
    assert [arm.name for arm in short.curve] == ["share_25"]


@pytest.mark.parametrize(
    ("without", "said"),
    [(HELD_OUT, "both needed"), (TRAINING, "both needed")],
)
def test_what_is_missing_is_named(without: str, said: str) -> None:
    found = {origin: images for origin, images in samples().items() if origin != without}
    assert said in str(obstacle(found))
    (caveat,) = measure(found, seed=0).caveats
    assert caveat.id == "usefulness-not-measured"
    assert "Next:" in caveat.text


def test_synthetic_images_without_labels_cannot_teach() -> None:
    found = samples()
    bare = replace(found[SYNTHETIC], items=tuple(replace(item, label=None) for item in found[SYNTHETIC].items))
    assert "no labels" in str(obstacle({**found, SYNTHETIC: bare}))


def test_few_patients_are_too_few() -> None:
    found = {**samples(), HELD_OUT: sample(HELD_OUT, 30, seed=1, first=1000)}
    assert "fewer than 20" in str(obstacle(found))


def test_the_default_classifier_is_the_penalised_model_of_the_textbook() -> None:
    random = np.random.default_rng(3)
    classes = np.arange(150) % 3
    points = random.normal(size=(150, 4)) + np.eye(4)[classes]
    ours = logistic.fit(points, classes, n_classes=3, penalty=0.1).probabilities(points)
    scaled = (points - points.mean(axis=0)) / points.std(axis=0)
    theirs = LogisticRegression(C=1 / (0.1 * 150), tol=1e-10, max_iter=1000).fit(scaled, classes)
    assert np.abs(ours - theirs.predict_proba(scaled)).max() < 1e-4


def test_large_sets_are_drawn_down_by_patient() -> None:
    names = arms.class_names(samples())
    lesson = arms.Lesson.of(sample(TRAINING, arms.MOST + 100, seed=0), names, seed=0)
    assert len(lesson) == arms.MOST
