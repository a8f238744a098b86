"""Records and evidence made by hand after the published formats: nothing here was measured."""

from __future__ import annotations

import copy
from collections.abc import Callable, Mapping
from typing import Any

import pytest

from misyn.practice import record as records
from misyn.practice.record import Record
from misyn.results import Evidence

MINIMAL = "misyn: 1\ntechnique: {name: demo}\nresponsible: A. Person\n"

HONEST = """
misyn: 1
technique: {name: demo, version: "1", kind: generation, method: gan, description: A small generator.}
responsible: {name: A. Person, affiliation: A Hospital}
stakeholders:
  - {who: patients whose images were used, heard: asked by letter}
problem:
  need: Too few images of a rare wound.
  evidence: file:need.txt
  stated_by: wound nurses of A Hospital
  alternatives: [{text: collect more, why_not: twenty a year}]
  why_synthesis: The shape can be asked for.
use:
  intended: research on segmentation
  users: developers
  setting: research
  out_of_scope: [teaching]
  prohibited: [diagnosis]
  stop_when: more patients consent
  refusal: write to the hospital
data:
  training: &no {path: a, origin: A Hospital, consent: "board 1, 2026", licence: none, represented: adults,
    not_represented: children}
  held_out: {path: b, consent: "board 1, 2026"}
  reference: {path: c, consent: public}
  synthetic: {path: d}
design:
  assumptions: [{text: wounds look alike across hospitals, if_fails: shapes of others are missing}]
  grounding: Nothing ties the texture to tissue.
  biases: [{text: dark skin is rare in training, done: none}]
  privacy: No names were used.
plan: {text: Coverage by group., fixed: 2026-01-02}
claims:
  - {id: half-supported, kind: benefit, text: Half of the images lie near medical images., expects: support >= 0.5}
  - {id: misses-many, kind: limitation, text: Most medical images are not covered., expects: coverage < 0.9}
  - {id: women, kind: limitation, text: Women are covered less., expects: "coverage[sex=F] < 0.5"}
limitations:
  assessed:
    - {text: The distribution differs., evidence: [evaluation:mmd, evaluation:frechet, evaluation:mmd2],
       consequence: Models may learn the difference.}
  design: [Only one hospital was looked at.]
  intrinsic:
    grounding: No patient stands behind these images.
    representation: They leave out what was rare.
    shift: They bring their own look, and new bias.
phases: {declared: 1}
""".replace("&no ", "")


def estimate(name: str, value: float, **told: Any) -> dict[str, Any]:
    row = {"name": name, "value": value, "low": None, "high": None, "level": 0.95, "reason": "no valid interval"}
    row |= {"estimand": name, "unit": "patient", "n_medical": 400, "n_synthetic": 200, "n_patients": 100}
    return row | {"group": None, "set": "training", "method": "by hand", "seed": 0} | told


def image_set(n: int, **told: Any) -> dict[str, Any]:
    row = {"n": n, "n_patients": 100, "unit": "patient", "patients_known": True, "formats": {"png": n}, "unreadable": 0}
    return (
        row
        | {"sizes": {"64x64": n}, "modalities": {}, "groups": {"sex=F": n // 2, "sex=M": n // 2}, "labels": {}}
        | told
    )


def full_evaluation() -> dict[str, Any]:
    """Everything the thin path can measure, with training, held-out and reference images and groups."""
    estimates = [
        estimate("support", 0.7, low=0.63, high=0.76, reason=None),
        estimate("precision", 0.8, low=0.74, high=0.85, reason=None),
        estimate("precision_baseline", 0.79),
        estimate("recall", 0.6),
        estimate("density", 0.9, low=0.8, high=1.0, reason=None),
        estimate("coverage", 0.6),
        estimate("coverage", 0.4, group="sex=F"),
        estimate("coverage", 0.7, group="sex=M"),
        estimate("coverage_baseline", 0.65),
        estimate("frechet", 9.0),
        estimate("frechet_baseline", 2.0),
        estimate("mmd2", 0.02),
        estimate("mmd2_baseline", 0.001),
        estimate("exact_copies", 0.0),
        estimate("copy_suspects", 0.01),
        estimate("copy_suspects_baseline", 0.01),
        estimate("authenticity", 0.9, low=0.85, high=0.94, reason=None),
    ]
    estimates += [row | {"set": "reference"} for row in estimates if row["name"] in {"coverage", "frechet"}]
    tests = [
        {"name": name, "statistic": 0.02, "p_value": p, "p_adjusted": p * 2, "correction": "holm", "set": "training",
         "null": "one distribution", "method": "by hand", "n_medical": 400, "n_synthetic": 200,
         "group": None, "seed": 0}
        for name, p in (("mmd", 0.001), ("mmd_baseline", 0.4))
    ]  # fmt: skip
    return {
        "schema": "misyn/evaluation/1",
        "misyn": "0",
        "seed": 0,
        "sets": {"training": image_set(400), "synthetic": image_set(200)}
        # Nothing was estimated by group there, so how many patients a group has is not known.
        | {role: image_set(400, groups={}) for role in ("held-out", "reference")},
        "estimates": estimates,
        "tests": tests,
        "warnings": [],
        "images": "per-image.parquet",
    }


def full_marks() -> dict[str, Any]:
    return {
        "schema": "misyn/marks/1",
        "n_files": 200,
        "verdicts": {"synthetic": 200, "contradictory": 0, "no-evidence": 0, "unreadable": 0},
        "layers": {"metadata": 200, "credential": 200, "watermark": 200, "fingerprint": 0, "label": 0},
        "foreign": {},
        "foreign_only": 0,
        "declared": 200,
        "signed": 200,
        "formats": {"png": 200},
        "techniques": [{"name": "demo", "version": "1", "n": 200}],
        "records": [],
        "problems": {},
    }


def _only(content: dict[str, Any], keep: Callable[[Mapping[str, Any]], bool]) -> dict[str, Any]:
    content["estimates"] = [row for row in content["estimates"] if keep(row)]
    content["tests"] = [row for row in content["tests"] if keep(row)]
    return content


def without_set(content: dict[str, Any], role: str) -> dict[str, Any]:
    """What the evaluation says when one set of medical images is not there."""
    content = copy.deepcopy(content)
    content["sets"].pop(role)
    if role == "held-out":
        return _only(
            content, lambda row: "baseline" not in row["name"] and row["name"] not in {"support", "copy_suspects"}
        )
    return _only(content, lambda row: row["set"] != role)


def without_groups(content: dict[str, Any]) -> dict[str, Any]:
    """What the evaluation says when no table or header describes patients."""
    content = _only(copy.deepcopy(content), lambda row: row["group"] is None)
    for row in content["sets"].values():
        row |= {"groups": {}, "unit": "image", "patients_known": False, "n_patients": None}
    return content


@pytest.fixture
def honest() -> Record:
    return records.parse(HONEST)


@pytest.fixture
def minimal() -> Record:
    return records.parse(MINIMAL)


@pytest.fixture
def evaluation() -> dict[str, Any]:
    return full_evaluation()


@pytest.fixture
def marks() -> dict[str, Any]:
    return full_marks()


@pytest.fixture
def evidence(evaluation: dict[str, Any], marks: dict[str, Any]) -> dict[str, Evidence]:
    return {"evaluation": Evidence("evaluation", evaluation), "marks": Evidence("marks", marks)}


@pytest.fixture
def lose() -> Callable[[str], dict[str, Evidence]]:
    """The evidence that is left when one measured input is deleted."""

    def lost(what: str) -> dict[str, Evidence]:
        content, marks = full_evaluation(), full_marks()
        if what == "synthetic":
            return {}
        if what == "marks":
            return {"evaluation": Evidence("evaluation", content)}
        content = without_groups(content) if what == "table" else without_set(content, what)
        return {"evaluation": Evidence("evaluation", content), "marks": Evidence("marks", marks)}

    return lost
