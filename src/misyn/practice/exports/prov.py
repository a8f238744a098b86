"""W3C PROV as PROV-JSON: what was made from what, judged on what evidence, by whom.

Rules
-----
1. Evidence, claims, findings and reviews are entities; synthesis, evaluation, audit and each review are activities;
   people and the software are agents. Attributes beyond PROV's own are terms of ours.
2. The technique is a plan that the synthesis followed; the synthetic images derive from the training images.

Source: PROV-DM and PROV-JSON (W3C Member Submission, 24 April 2013), section 3.

Example:
    >>> EXPORT.writes
    ('provenance.prov.json',)
"""

from __future__ import annotations

import json
from typing import Any

from misyn.practice.exports.format import NAMESPACE, Export, Files, Written, attributes, json_file, row_of
from misyn.practice.exports.subject import PARTS, Subject

FILE = "provenance.prov.json"
# Parts that are rows, each an entity of its own.
ROWS = ("limitations", "claims", "findings", "estimates", "tests", "warnings", "evidence", "reviews", "concerns")
SECTIONS = ("provenance", "technique", "scope", "problem", "use", "design", "oversight", "release", "monitoring")
CARRIED = tuple(part for part in PARTS if part in {*ROWS, *SECTIONS, "responsible"})


def write(subject: Subject) -> Written:
    """Write one PROV-JSON document."""
    entities = {f"misyn:{part}": _typed(part, getattr(subject, part)) for part in SECTIONS}
    for part in ROWS:
        entities |= {f"misyn:{part}.{i}": _typed(part, row) for i, row in enumerate(getattr(subject, part))}
    entities |= {f"misyn:images.{role}": {"prov:label": f"{role} images"} for role in ("training", "synthetic")}
    entities["misyn:withheld"] = {"prov:label": "what was left out", "misyn:sentence": subject.withheld}
    entities["misyn:technique"]["prov:type"] = {"$": "prov:Plan", "type": "prov:QUALIFIED_NAME"}
    people = {f"misyn:responsible.{i}": _person(row) for i, row in enumerate(subject.responsible)}
    reviewers = {f"misyn:reviewer.{i}": _person({"name": row["reviewer"]}) for i, row in enumerate(subject.reviews)}
    software = {"misyn:software": {"prov:label": f"misyn {subject.provenance['misyn']}", "prov:type": _SOFTWARE}}
    document = {
        "prefix": {"misyn": NAMESPACE},
        "entity": entities,
        "activity": _activities(subject),
        "agent": people | reviewers | software,
        **_relations(subject, tuple(people)),
    }
    return Written({FILE: json_file(document)})


def read(files: Files) -> dict[str, Any]:
    """Read back what the document carries."""
    document = json.loads(files[FILE])
    entities, agents = document["entity"], document["agent"]
    found: dict[str, Any] = {part: row_of(entities[f"misyn:{part}"]) for part in SECTIONS}
    for part in ROWS:
        found[part] = [row_of(node) for name, node in entities.items() if name.startswith(f"misyn:{part}.")]
    found["responsible"] = [row_of(node) for name, node in agents.items() if name.startswith("misyn:responsible.")]
    return {part: found[part] for part in CARRIED}


_SOFTWARE = {"$": "prov:SoftwareAgent", "type": "prov:QUALIFIED_NAME"}


def _typed(part: str, row: dict[str, Any]) -> dict[str, Any]:
    return {"prov:type": {"$": f"misyn:{part}", "type": "prov:QUALIFIED_NAME"}, **attributes(row)}


def _person(row: dict[str, Any]) -> dict[str, Any]:
    person = {"$": "prov:Person", "type": "prov:QUALIFIED_NAME"}
    return {"prov:label": row["name"], "prov:type": person, **attributes(row)}


def _activities(subject: Subject) -> dict[str, Any]:
    ended = {"prov:endTime": subject.provenance["created"]}
    found: dict[str, Any] = {"misyn:synthesis": {}, "misyn:evaluation": {}, "misyn:audit": ended}
    return found | {f"misyn:review.{i}": {} for i, _ in enumerate(subject.reviews)}


def _relations(subject: Subject, people: tuple[str, ...]) -> dict[str, Any]:
    """Who used, made, derived and answers for what; names of relations are blank."""
    evidence = [f"misyn:evidence.{i}" for i, _ in enumerate(subject.evidence)]
    judged = [f"misyn:{part}.{i}" for part in ("claims", "findings") for i, _ in enumerate(getattr(subject, part))]
    reviews = [f"misyn:reviews.{i}" for i, _ in enumerate(subject.reviews)]
    used = [("misyn:synthesis", "misyn:images.training"), ("misyn:evaluation", "misyn:images.synthetic")]
    used += [("misyn:audit", name) for name in (*evidence, "misyn:provenance")]
    made = [("misyn:images.synthetic", "misyn:synthesis"), *((name, "misyn:evaluation") for name in evidence)]
    made += [(name, "misyn:audit") for name in judged]
    made += [(name, f"misyn:review.{i}") for i, name in enumerate(reviews)]
    attributed = [(name, person) for person in people for name in ("misyn:technique", "misyn:images.synthetic")]
    attributed += [(name, f"misyn:reviewer.{i}") for i, name in enumerate(reviews)]
    return {
        "used": _pairs("u", used, ("prov:activity", "prov:entity")),
        "wasGeneratedBy": _pairs("g", made, ("prov:entity", "prov:activity")),
        "wasAttributedTo": _pairs("t", attributed, ("prov:entity", "prov:agent")),
        "wasDerivedFrom": _pairs("d", _DERIVED, ("prov:generatedEntity", "prov:usedEntity")),
        "wasAssociatedWith": _associated(people),
    }


_DERIVED = [("misyn:images.synthetic", "misyn:images.training")]


def _associated(people: tuple[str, ...]) -> dict[str, Any]:
    """The synthesis follows the technique as its plan; evaluation and audit are the software's."""
    plan = {f"_:p{i}": {"prov:activity": "misyn:synthesis", "prov:agent": name, "prov:plan": "misyn:technique"}
            for i, name in enumerate(people)}  # fmt: skip
    software = {f"_:s{i}": {"prov:activity": f"misyn:{name}", "prov:agent": "misyn:software"}
                for i, name in enumerate(("evaluation", "audit"))}  # fmt: skip
    return plan | software


def _pairs(letter: str, pairs: list[tuple[str, str]], names: tuple[str, str]) -> dict[str, Any]:
    return {f"_:{letter}{i}": dict(zip(names, pair, strict=True)) for i, pair in enumerate(pairs)}


EXPORT = Export(
    name="prov",
    title="W3C PROV (PROV-JSON, 2013)",
    writes=(FILE,),
    carries=CARRIED,
    tells=("withheld",),
    cannot=(
        "How sure anyone may be: PROV says who did what with what; a status or an interval is an attribute it ignores.",
        "Counts of images and marks: the image sets stand as entities, without what is in them.",
    ),
    validator="prov (read, every relation followed, written again and compared)",
    write=write,
    read=read,
)
