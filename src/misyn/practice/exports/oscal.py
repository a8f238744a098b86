"""OSCAL: the recommendations as a catalog, and the findings as assessment results.

Rules
-----
1. OSCAL knows satisfied and not satisfied. ``met`` is satisfied; ``partly`` and ``not-met`` are not. What was not
   assessed or does not apply is no finding there: it is an observation, and its control is excluded from the review.
2. The status, as derived, stands in a property of our own namespace; OSCAL's state never says more than it.
3. Identifiers are derived from the record and the time, so that the same input gives the same file.

Source: OSCAL 1.2.1 (NIST), catalog and assessment-results models.

Example:
    >>> EXPORT.writes
    ('catalog.json', 'assessment-results.json')
"""

from __future__ import annotations

import json
from collections.abc import Sequence
from typing import Any

from misyn.practice import catalogue
from misyn.practice.catalogue import STAGES, Recommendation
from misyn.practice.exports.format import NAMESPACE, Export, Files, Written, claim_line, identifier, json_file, limits
from misyn.practice.exports.subject import Row, Subject

CATALOG, RESULTS = "catalog.json", "assessment-results.json"
OSCAL = "1.2.1"
STATES = {"met": ("satisfied", "pass"), "partly": ("not-satisfied", "other"), "not-met": ("not-satisfied", "fail")}
_LEFT_OUT = ("not-assessed", "not-applicable")


def write(subject: Subject) -> Written:
    """Write the catalog and the assessment results."""
    catalog = {
        "uuid": identifier(subject, "catalog"),
        "metadata": _metadata(subject, "Recommendations for ethical medical image synthesis (paraphrased)"),
        "groups": [_group(stage, catalogue.load().stage(stage)) for stage in STAGES],
    }
    plan = identifier(subject, "plan")
    title = f"Audit of {subject.title}"
    results = {
        "uuid": identifier(subject, "results"),
        "metadata": _metadata(subject, title) | {"roles": _ROLES, "parties": _parties(subject)},
        "import-ap": {"href": f"#{plan}", "remarks": "The rules of misyn are the plan; no separate plan is published."},
        "results": [_result(subject, title)],
        "back-matter": {"resources": [_plan(plan), *(_resource(subject, row) for row in subject.evidence)]},
    }
    found = {CATALOG: {"catalog": catalog}, RESULTS: {"assessment-results": results}}
    return Written({name: json_file(content) for name, content in found.items()})


def read(files: Files) -> dict[str, Any]:
    """Read back what the results carry."""
    document = json.loads(files[RESULTS])["assessment-results"]
    result = document["results"][0]
    about = _props_back(result)
    resources = [_props_back(row) | {"kind": row["title"]} for row in document["back-matter"]["resources"][1:]]
    seen = [row for row in result["observations"] if row["title"].startswith("finding ")]
    judged = [row for row in result["observations"] if row["title"].startswith("review ")]
    return {
        "provenance": {"record": about["record"], "misyn": about["misyn"], "created": result["start"]},
        "scope": {"phase": int(about["phase"]), "sentence": result["description"]},
        "findings": [_finding_back(row) for row in seen],
        "evidence": [{"kind": row["kind"], "digest": row["digest"]} for row in resources],
        "reviews": [_review_back(row) for row in judged],
    }


def _metadata(subject: Subject, title: str) -> Row:
    created = subject.provenance["created"]
    return {"title": title, "last-modified": created, "version": created[:10], "oscal-version": OSCAL}


_ROLES = [{"id": "responsible", "title": "Responsible for the technique"}, {"id": "assessor", "title": "Assessor"}]


def _parties(subject: Subject) -> list[Row]:
    people = [_party(subject, f"responsible.{i}", row["name"]) for i, row in enumerate(subject.responsible)]
    return people + [_party(subject, f"reviewer.{i}", row["reviewer"]) for i, row in enumerate(subject.reviews)]


def _party(subject: Subject, what: str, name: str) -> Row:
    return {"uuid": identifier(subject, what), "type": "person", "name": name}


def _group(stage: str, recommendations: Sequence[Recommendation]) -> Row:
    return {"id": stage, "title": stage.capitalize(), "controls": [_control(r) for r in recommendations]}


def _control(r: Recommendation) -> Row:
    """A recommendation as a control: the statement, plain words, why, and how it is decided."""
    parts = {"statement": r.technical, "overview": r.plain, "guidance": r.why, "assessment-method": r.evidence}
    return {
        "id": r.id,
        "title": r.title,
        "props": [_prop("wording", r.wording), *(_prop("decided", how) for how in r.decided)],
        "parts": [
            {"id": f"{r.id}_{name}", "name": name, "prose": " ".join(text.split())} for name, text in parts.items()
        ],
    }


def _result(subject: Subject, title: str) -> Row:
    """One set of results: observations for everything, findings for what was assessed (rule 1)."""
    about = {
        "phase": subject.scope["phase"],
        "record": subject.provenance["record"],
        "misyn": subject.provenance["misyn"],
    }
    rows = list(subject.findings)
    reviews = [_review(subject, i, row) for i, row in enumerate(subject.reviews)]
    assessed = [_target(subject, row) for row in rows if row["status"] in STATES]
    return {
        "uuid": identifier(subject, "result"),
        "title": title,
        "description": subject.scope["sentence"],
        "start": subject.provenance["created"],
        "props": [_prop(name, str(value)) for name, value in about.items()],
        "reviewed-controls": _reviewed(rows),
        "observations": [*(_observation(subject, row) for row in rows), *reviews],
        **({"findings": assessed} if assessed else {}),
        "remarks": "\n".join([*(f"Limitation. {text}" for text in limits(subject)),
                              *(f"Claim. {claim_line(row)}" for row in subject.claims),
                              *(f"Warning. {row['text']}" for row in subject.warnings), *subject.withheld])
        or "The record states no limitation and no claim.",
    }  # fmt: skip


def _reviewed(rows: Sequence[Row]) -> Row:
    taken = [{"control-id": row["id"]} for row in rows if row["status"] not in _LEFT_OUT]
    left = [{"control-id": row["id"]} for row in rows if row["status"] in _LEFT_OUT]
    chosen: Row = {"include-controls": taken} if taken else {"include-all": {}}
    chosen |= {"exclude-controls": left} if left else {}
    return {"control-selections": [chosen]}


def _observation(subject: Subject, row: Row) -> Row:
    found: Row = {
        "uuid": identifier(subject, f"observation.{row['id']}"),
        "title": f"finding {row['id']}",
        "description": row["reason"],
        "props": [_prop("status", row["status"])],
        "methods": ["TEST" if "evidence" in row else "EXAMINE"],
        "collected": subject.provenance["created"],
    }
    used = [{"href": f"#{identifier(subject, name)}", "description": name} for name in row.get("evidence", [])]
    return found | ({"relevant-evidence": used} if used else {}) | ({"remarks": row["next"]} if "next" in row else {})


def _finding_back(row: Row) -> Row:
    found: Row = {
        "id": row["title"].split(" ", 1)[1],
        "status": _props_back(row)["status"],
        "reason": row["description"],
    }
    used = [item["description"] for item in row.get("relevant-evidence", [])]
    return found | ({"evidence": used} if used else {}) | ({"next": row["remarks"]} if "remarks" in row else {})


def _target(subject: Subject, row: Row) -> Row:
    state, reason = STATES[row["status"]]
    return {
        "uuid": identifier(subject, f"finding.{row['id']}"),
        "title": f"{row['id']}: {row['status']}",
        "description": row["reason"],
        "target": {
            "type": "statement-id",
            "target-id": f"{row['id']}_statement",
            "status": {"state": state, "reason": reason},
        },
        "related-observations": [{"observation-uuid": identifier(subject, f"observation.{row['id']}")}],
    }


def _review(subject: Subject, index: int, row: Row) -> Row:
    """A person's judgement, as an observation with its author."""
    told = [(key, row[key]) for key in ("reviewer", "about", "decision", "interests", "date", "state") if key in row]
    actor = {"type": "party", "actor-uuid": identifier(subject, f"reviewer.{index}"), "role-id": "assessor"}
    return {
        "uuid": identifier(subject, f"review.{index}"),
        "title": f"review {index}",
        "description": row["reason"],
        "props": [_prop(key, value) for key, value in told],
        "methods": ["EXAMINE"],
        "origins": [{"actors": [actor]}],
        "collected": subject.provenance["created"],
    }


def _review_back(row: Row) -> Row:
    return _props_back(row) | {"reason": row["description"]}


def _plan(uuid: str) -> Row:
    text = "The audit follows the rules of misyn for each recommendation; the catalog says what decides each."
    return {"uuid": uuid, "title": "Rules of the audit", "description": text}


def _resource(subject: Subject, row: Row) -> Row:
    digest = [_prop("digest", row["digest"])]
    return {"uuid": identifier(subject, row["digest"]), "title": row["kind"], "props": digest,
            "description": "Evidence, named by its digest; not included."}  # fmt: skip


def _prop(name: str, value: str) -> Row:
    return {"name": name, "ns": NAMESPACE, "value": value}


def _props_back(row: Row) -> Row:
    return {prop["name"]: prop["value"] for prop in row["props"]}


EXPORT = Export(
    name="oscal",
    title="OSCAL 1.2.1 (catalog and assessment results)",
    writes=(CATALOG, RESULTS),
    carries=("provenance", "scope", "findings", "evidence", "reviews"),
    tells=("technique", "responsible", "limitations", "claims", "warnings", "withheld"),
    cannot=(
        "Degrees: OSCAL knows satisfied and not satisfied; 'partly' is not satisfied there, our own status beside it.",
        "Estimates, intervals and tests: an observation is prose. Claims are told in remarks.",
        "The need, the use, the images, marks, release and monitoring: they are no controls.",
    ),
    validator="compliance-trestle (its OSCAL models)",
    write=write,
    read=read,
)
