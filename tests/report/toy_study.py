"""A small study made on the spot: toy pictures, a table of images, an evaluation, marks, a record and an audit."""

from __future__ import annotations

import copy
from collections.abc import Mapping
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

import numpy as np
import pyarrow as pa
import pyarrow.parquet as pq
from PIL import Image as Pillow

from misyn.images.image import Image
from misyn.report import page

NO_INTERVAL = "no valid interval is known for nearest-neighbour measures at this n"
SEXES, AGES, LABELS = ("F", "M"), ("20-39", "60-79"), ("nv", "mel")


def toy_reader(path: Path) -> Image:
    """Read a toy picture; the images room has its own tests."""
    pixels = np.asarray(Pillow.open(path))
    return Image(pixels=pixels, axes="YX" if pixels.ndim == 2 else "YXC", format="png")


def draw(path: Path, *, kind: int, seed: int) -> None:
    """Draw a blob on skin-coloured noise, 48 × 40 pixels."""
    random = np.random.default_rng(seed)
    y, x = np.mgrid[0:40, 0:48]
    blob = ((x - 24 - random.integers(-6, 6)) ** 2 + (y - 20) ** 2) < (60 + 60 * kind)
    skin = np.array([225, 180, 150]) + random.normal(0, 8, (40, 48, 3))
    skin[blob] = np.array([110 - 40 * kind, 70, 50]) + random.normal(0, 12, (int(blob.sum()), 3))
    path.parent.mkdir(parents=True, exist_ok=True)
    Pillow.fromarray(skin.clip(0, 255).astype(np.uint8)).save(path)


def estimate(name: str, value: float, **more: Any) -> dict[str, Any]:
    """Make one estimate as evaluation.json has it."""
    plain = {
        "name": name,
        "value": value,
        "low": None,
        "high": None,
        "level": 0.95,
        "estimand": f"{name} of these images",
        "unit": "patient",
        "n_medical": 24,
        "n_synthetic": 20,
        "n_patients": 12,
        "group": None,
        "set": "training",
        "method": "k = 5, Euclidean",
        "seed": None,
        "reason": NO_INTERVAL,
    }
    return plain | more | ({"reason": None} if more.get("low") is not None else {})


@dataclass
class Study:
    """All parts of a report; each may be taken out or replaced before :meth:`write`."""

    folder: Path
    rows: list[dict[str, Any]]
    evaluation: dict[str, Any] | None
    audit: dict[str, Any] | None
    marks: dict[str, Any] | None
    record: dict[str, Any] | None
    reader: Any = field(default=toy_reader)

    def write(self) -> str:
        """Write the page and return its text."""
        table = self.folder / "per-image.parquet"
        names = list(dict.fromkeys(name for row in self.rows for name in row)) or ["path", "origin"]
        pq.write_table(pa.table({name: [row.get(name) for row in self.rows] for name in names}), table)
        path = page.write(
            self.folder,
            audit=self.audit,
            evaluation=self.evaluation,
            marks=self.marks,
            record=self.record,
            images=table,
            reader=self.reader,
        )
        return path.read_text(encoding="utf-8")


def toy_rows(folder: Path) -> list[dict[str, Any]]:
    """24 training, 12 held-out and 20 synthetic images; the fourth synthetic one repeats a training image."""
    rows = []
    for origin, n in (("training", 24), ("held-out", 12), ("synthetic", 20)):
        for i in range(n):
            path = folder / "pictures" / origin / f"{i:04}.png"
            draw(path, kind=i % 2, seed=i + {"training": 0, "held-out": 100, "synthetic": 200}[origin])
            rows.append(toy_row(folder, path, origin, i))
    return rows


def toy_row(folder: Path, path: Path, origin: str, i: int) -> dict[str, Any]:
    """One row of the table of images."""
    synthetic, random = origin == "synthetic", np.random.default_rng(i + len(origin))
    return {
        "path": str(path),
        "origin": origin,
        "label": LABELS[i % 2],
        "patient": None if synthetic else f"patient-{i // 2}",
        "group:sex": None if synthetic else SEXES[i % 2],
        "group:age": None if synthetic else AGES[(i // 2) % 2],
        "supported": (i % 4 != 0) if synthetic else None,
        "covered": (i % 3 != 0) if origin == "training" else None,
        "nearest": str(folder / "pictures" / "training" / f"{i % 24:04}.png") if origin != "training" else None,
        "nearest_distance": float(random.gamma(3.0, 0.6 if synthetic else 0.8)) if origin != "training" else None,
        "exact_copy": i == 3 if synthetic else None,
        "copy_suspect": i in {3, 5} if synthetic else None,
        "x": float(random.normal(0.5 * synthetic)),
        "y": float(random.normal()),
        "digest": f"sha256:{i:064x}",
        "format": "png",
        "width": 48,
        "height": 40,
        "codec": "raw",
    }


def toy_evaluation() -> dict[str, Any]:
    """An evaluation with every kind of number: intervals, reasons, groups, a test and its control."""
    by_group = [
        estimate("coverage", 3 / 12, group="sex=F", n_medical=12),
        estimate("coverage", 11 / 12, group="sex=M", n_medical=12),
        estimate("coverage", 2 / 10, group="sex=F & age=60-79", n_medical=10),
    ]
    sets: dict[str, Any] = {
        "training": {"n": 24, "n_patients": 12, "unit": "patient", "patients_known": True},
        "held-out": {"n": 12, "n_patients": 6, "unit": "patient", "patients_known": True},
        "synthetic": {"n": 20, "n_patients": None, "unit": "image", "patients_known": False},
    }
    sets["training"] |= {"groups": {"sex=F": 12, "sex=M": 12, "age=80+": 3}, "labels": {"nv": 12, "mel": 12}}
    return {
        "schema": "misyn/evaluation/1",
        "misyn": "0.1.0.dev0",
        "seed": 7,
        "extractor": {"name": "texture", "dimension": 64, "preprocessing": {"size": 128, "colour": "grey"}},
        "sets": sets,
        "estimates": [
            estimate("coverage", 14 / 24),
            *by_group,
            estimate("coverage_baseline", 22 / 24, n_synthetic=12),
            estimate("recall", 0.5),
            estimate("support", 15 / 20, low=0.51, high=0.91),
            estimate("precision", 0.7, low=0.46, high=0.88),
            estimate("density", 0.83),
            estimate("frechet", 12.34),
            estimate("frechet_baseline", 1.23),
            estimate("exact_copies", 1 / 20, low=0.001, high=0.25),
            estimate("copy_suspects", 2 / 20, low=0.01, high=0.32),
            estimate("authenticity", 0.4, low=0.19, high=0.64),
            estimate("brand_new_measure", 3.2),
        ],
        "tests": [
            outcome("mmd", 0.001, 0.002),
            outcome("mmd_baseline", 0.42, 0.42),
        ],
        "warnings": [
            {"id": "size-differs", "text": "The two sets differ in image size: any test finds that first."},
            {"id": "few-patients", "text": "Only 12 patients: intervals are wide and groups are small."},
            {"id": "small-group", "text": "One group has fewer than 10 images and gets no number."},
            {"id": "unreadable-files", "text": "One file could not be read."},
        ],
        "images": "per-image.parquet",
    }


def outcome(name: str, p_value: float, p_adjusted: float) -> dict[str, Any]:
    """Make one test as evaluation.json has it."""
    return {
        "name": name,
        "statistic": 0.21,
        "p_value": p_value,
        "p_adjusted": p_adjusted,
        "correction": "Holm",
        "null": "both sets come from the same distribution",
        "method": "MMD, Gaussian kernel, 999 permutations",
        "n_medical": 24,
        "n_synthetic": 20,
        "set": "training",
        "group": None,
        "seed": 7,
    }


MARKS: Mapping[str, Any] = {
    "schema": "misyn/marks/1",
    "n_files": 20,
    "verdicts": {"synthetic": 15, "contradictory": 1, "no-evidence": 4, "unreadable": 0},
    "layers": {"metadata": 15, "credential": 0, "watermark": 0, "fingerprint": 0, "label": 0},
    "foreign": {"png:parameters": 6},
    "foreign_only": 3,
    "declared": 15,
    "signed": 0,
    "formats": {"png": 20},
    "techniques": [{"name": "Toy blobs", "version": "1.0", "n": 15}],
    "records": [{"digest": "sha256:" + "a" * 64, "n": 15}],
    "problems": {"The declaration names a weights digest that the record does not.": 1},
}

RECORD: Mapping[str, Any] = {
    "misyn": 1,
    "technique": {"name": "Toy blobs", "version": "1.0"},
    "responsible": [{"name": "A. Maker", "affiliation": "A laboratory"}],
    "design": {"assumptions": [{"text": "Skin is one colour", "if_fails": "darker skin is drawn badly"}]},
    "claims": [{"id": "c1", "kind": "benefit", "text": "The blobs help teaching.", "expects": "support >= 0.9"}],
    "limitations": {
        "assessed": [{"text": "Only two kinds of blob", "consequence": "rare kinds are not learned"}],
        "design": ["One camera"],
        "intrinsic": {"grounding": "No patient had any of these blobs."},
    },
    "oversight": {"contact": "a.maker@example.org", "answer_within_days": 30},
}

AUDIT: Mapping[str, Any] = {
    "schema": "misyn/audit/1",
    "misyn": "0.1.0.dev0",
    "record": "sha256:" + "b" * 64,
    "technique": {"name": "Toy blobs", "version": "1.0"},
    "phase": 1,
    "scope": "Evaluated on existing images only (phase 1). Nothing here shows benefit or safety for patients.",
    "findings": [
        {"id": "T1", "status": "partly", "reason": "15 of 20 files carry a mark.", "evidence": [], "next": "Mark 5."},
        {"id": "L3", "status": "not-met", "reason": "Two limits are not acknowledged.", "next": "Acknowledge them."},
        {"id": "E8", "status": "met", "reason": "Coverage is measured by group.", "evidence": ["sha256:" + "c" * 64]},
        {"id": "P1", "status": "not-assessed", "reason": "No need is stated.", "next": "State the need."},
        {"id": "E6", "status": "not-applicable", "reason": "No reader study.", "next": None},
        {"id": "X99", "status": "not-met", "reason": "Another catalogue asks for it.", "next": "Ask."},
    ],
    "claims": [
        {
            "id": "c1",
            "kind": "benefit",
            "text": "The blobs help teaching.",
            "status": "contradicted",
            "reason": "support is 0.75, below 0.9.",
            "evidence": ["evaluation:support"],
            "next": "Withdraw the claim.",
        }
    ],
    "evidence": [{"kind": "evaluation", "digest": "sha256:" + "d" * 64, "file": "evaluation.json"}],
    "limitations": RECORD["limitations"],
    "warnings": [{"id": "size-differs", "text": "The two sets differ in image size: any test finds that first."}],
    "command": "misyn audit misyn.yaml --seed 7",
    "seed": 7,
}


def whole(folder: Path) -> Study:
    """Make a whole study in a folder."""
    parts = (toy_evaluation(), *(copy.deepcopy(dict(part)) for part in (AUDIT, MARKS, RECORD)))
    return Study(folder, toy_rows(folder), *parts)
