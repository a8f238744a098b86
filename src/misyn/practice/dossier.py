r"""The evidence a record brings along itself: files of reviews and of studies beyond existing data.

Rules
-----
1. What is named and not there, or has mistakes, is no evidence; it is told, each with its path, and stops nothing.
2. A study is evidence of the phase it names; its approval may stand in the record instead of the file.
3. Several studies of one phase are one piece of evidence; it counts only when each of them has its approval.

Source: issue list of the project's design, items *Record* and *Phases*.

Example:
    >>> from misyn.practice.record import parse
    >>> record = parse("{misyn: 1, technique: {name: demo}, responsible: A, oversight: {reviews: gone.yaml}}")
    >>> gather(record).problems
    (('oversight.reviews[0]', 'expected a review file, found nothing that can be read'),)
"""

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Any, TypeVar

from misyn.errors import InputError, RecordError
from misyn.practice import record as records
from misyn.practice import references, reviewed, schema, yamltext
from misyn.practice.phases import KINDS
from misyn.practice.record import Record
from misyn.practice.yamltext import Problem
from misyn.results import Evidence

_T = TypeVar("_T")


@dataclass(frozen=True)
class Dossier:
    """Evidence by kind, and what was named and could not be used, as (path in the record, sentence)."""

    evidence: Mapping[str, Evidence]
    problems: tuple[Problem, ...] = ()


def gather(record: Record) -> Dossier:
    """Read the reviews and studies a record names; kinds ``reviews``, ``readers``, ``workflow`` and so on."""
    problems: list[Problem] = []
    evidence = _studies(record, problems)
    rows: list[dict[str, Any]] = []
    for index, name in enumerate(record.items("oversight.reviews")):
        rows += _tried(reviewed.read, record, str(name), f"oversight.reviews[{index}]", problems, what="review") or []
    if rows:
        evidence["reviews"] = Evidence("reviews", {"schema": "misyn/reviews/1", "reviews": rows})
    return Dossier(evidence, tuple(problems))


def read_study(path: Path) -> dict[str, Any]:
    """Read one study's results (YAML or JSON).

    Raises:
        RecordError: it has mistakes; all are listed.
        InputError: it cannot be read.
    """
    content = records.pruned(yamltext.plain(yamltext.read(records.text_of(path))))
    found = schema.problems(content, schema="study")
    if found:
        raise RecordError(found)
    return dict(content)


def _studies(record: Record, problems: list[Problem]) -> dict[str, Evidence]:
    """The studies of each phase, merged into one piece of evidence per phase."""
    by_kind: dict[str, list[dict[str, Any]]] = {}
    for index, row in enumerate(record.items("phases.studies")):
        for name in references.texts(row.get("evidence")):
            where = f"phases.studies[{index}].evidence"
            if not name.startswith("file:"):
                continue
            study = _tried(read_study, record, name.removeprefix("file:").strip(), where, problems, what="study")
            if study is not None and study["phase"] != row["phase"]:
                problems.append(
                    (where, f"expected a study of phase {row['phase']}, found one of phase {study['phase']}")
                )
            elif study is not None:
                approval = study.get("approval") or row.get("approval") or ""
                by_kind.setdefault(KINDS[study["phase"] - 1], []).append({**study, "approval": approval})
    return {kind: Evidence(kind, _merged(studies)) for kind, studies in by_kind.items()}


def _merged(studies: list[dict[str, Any]]) -> dict[str, Any]:
    """One piece of evidence; of dates the oldest speaks, and approval is there only when every study has its own."""
    approvals = [str(study["approval"]).strip() for study in studies]
    dates = [study["created"] for study in studies if study.get("created")]
    spoken = {path: value for study in studies for path, value in study.get("speaks_of", {}).items()}
    return {
        "schema": "misyn/studies/1",
        "phase": studies[0]["phase"],
        "titles": [study["title"] for study in studies],
        "approval": "; ".join(approvals) if all(approvals) else "",
        "created": min(dates, default=""),
        "speaks_of": spoken,
        "estimates": [{"group": None, "set": None} | row for study in studies for row in study["estimates"]],
        "tests": [{"group": None, "set": None} | row for study in studies for row in study.get("tests", [])],
    }


def _tried(
    read: Callable[[Path], _T], record: Record, name: str, where: str, problems: list[Problem], *, what: str
) -> _T | None:
    """Read a file named in the record, or tell why not."""
    try:
        return read((record.path.parent if record.path else Path()) / name)
    except RecordError as error:
        problems += [(f"{where}: {inside}", sentence) for inside, sentence in error.problems]
    except InputError:
        problems.append((where, f"expected a {what} file, found nothing that can be read"))
    return None
