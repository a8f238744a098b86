"""The recommendations as data: what is asked, why, and what decides it.

Rules
-----
1. Ids are stable: a recommendation that is dropped leaves a hole; its id is never reused.
2. The wording is paraphrased until someone confirms it against the paper, and every recommendation says so.
3. ``order`` decides what is shown first and nothing else: there is no total, score or grade.
4. Other catalogues can be read from a folder of files in the same form; their ids must be their own.

Source: the paper's abstract (arXiv 2508.09293) and the companion text (arXiv 2503.08720), paraphrased.

Example:
    >>> catalogue = load()
    >>> catalogue["T1"].decided, catalogue["T1"].wording
    (('auto',), 'paraphrased')
    >>> [r.id for r in catalogue.stage("problem")]
    ['P1', 'P2', 'P3', 'P4']
"""

from __future__ import annotations

import functools
import importlib.resources
from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Any, Literal

from misyn.errors import InputError, RecordError
from misyn.practice import schema, yamltext

Stage = Literal["technical", "problem", "design", "evaluation", "limitations", "oversight"]
STAGES: tuple[Stage, ...] = ("technical", "problem", "design", "evaluation", "limitations", "oversight")


@dataclass(frozen=True)
class Crossing:
    """A related item of another framework, and how sure the catalogue is of the relation."""

    framework: str
    item: str
    confidence: Literal["high", "medium", "low"]


@dataclass(frozen=True, kw_only=True)
class Recommendation:
    """One recommendation.

    Attributes:
        id, version: stable name and version of its text.
        stage: where in the lifecycle it applies.
        title: a few words for a checklist.
        technical, plain: the recommendation for technical and for other readers.
        why: the limit or harm it answers.
        decided: how, out of ``auto`` (measured), ``attested`` (stated, with a document) and ``review`` (a person).
        evidence: what decides it.
        source: where it comes from.
        wording: ``paraphrased``, ``adapted`` or ``verbatim``.
        severity, effort: 1 to 3, the catalogue's own judgement, for the order in which things are shown.
        crosswalk: related items elsewhere.
    """

    id: str
    version: int
    stage: Stage
    title: str
    technical: str
    plain: str
    why: str
    decided: tuple[str, ...]
    evidence: str
    source: str
    wording: str
    severity: int
    effort: int
    crosswalk: tuple[Crossing, ...]


@dataclass(frozen=True)
class Catalogue:
    """Recommendations in their order; found by id."""

    recommendations: tuple[Recommendation, ...]

    def __iter__(self) -> Iterator[Recommendation]:
        return iter(self.recommendations)

    def __len__(self) -> int:
        return len(self.recommendations)

    def __getitem__(self, name: str) -> Recommendation:
        for recommendation in self.recommendations:
            if recommendation.id == name:
                return recommendation
        raise KeyError(name)

    def stage(self, stage: Stage) -> tuple[Recommendation, ...]:
        """The recommendations of one stage."""
        return tuple(r for r in self.recommendations if r.stage == stage)


@functools.cache
def load() -> Catalogue:
    """The catalogue that ships with misyn, stage by stage."""
    folder = importlib.resources.files("misyn.practice") / "recommendations"
    return _catalogue({stage: (folder / f"{stage}.yaml").read_text(encoding="utf-8") for stage in STAGES})


def read(folder: Path) -> Catalogue:
    """Read another catalogue: every ``*.yaml`` of a folder, in the order of their names.

    Raises:
        RecordError: the files have mistakes; all are listed.
        InputError: the folder holds no such file.
    """
    files = sorted(folder.glob("*.yaml"))
    if not files:
        raise InputError(f"expected a folder with recommendation files (*.yaml), found none in {folder}")
    return _catalogue({file.name: file.read_text(encoding="utf-8") for file in files})


def _catalogue(texts: Mapping[str, str]) -> Catalogue:
    problems: list[tuple[str, str]] = []
    found: list[Recommendation] = []
    for name, text in texts.items():
        content = yamltext.plain(yamltext.read(text))
        wrong = schema.problems(content, schema="recommendations")
        problems += [(f"{name}: {where}", what) for where, what in wrong]
        found += [] if wrong else _recommendations(content)
    ids = [r.id for r in found]
    problems += [(name, "expected an id used once, found it again") for name in sorted(set(ids)) if ids.count(name) > 1]
    if problems:
        raise RecordError(problems)
    return Catalogue(tuple(found))


def _recommendations(content: Mapping[str, Any]) -> list[Recommendation]:
    return [_recommendation(entry, content["stage"]) for entry in content["recommendations"]]


def _recommendation(entry: Mapping[str, Any], stage: Stage) -> Recommendation:
    same = {key: entry[key] for key in ("id", "version", "title", "why", "evidence", "source", "wording")}
    rows = (Crossing(row["framework"], row["item"], row["confidence"]) for row in entry["crosswalk"])
    return Recommendation(
        **same,
        stage=stage,
        technical=entry["text"]["technical"],
        plain=entry["text"]["plain"],
        decided=tuple(entry["decided"]),
        severity=entry["order"]["severity"],
        effort=entry["order"]["effort"],
        crosswalk=tuple(rows),
    )
