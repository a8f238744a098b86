"""CycloneDX 1.6 attestations: claims with evidence and counter-evidence, and who assessed them.

Rules
-----
1. The catalogue is the standard that is attested to; each recommendation is a requirement.
2. A finding that is met or partly met is a claim with evidence; one that is not met is a counter-claim with
   counter-evidence. The record's own claims stand at requirement E2, the unsupported ones as counter-claims.
3. The software assesses by its rules and is no third party. A reviewer who is not an author is one, in an attestation
   of their own; whoever is responsible never is.
4. No score is written: the format would take a number from 0 to 1, and there is none to give.

Source: CycloneDX 1.6, ``declarations``, ``definitions.standards`` and ``modelCard`` (ECMA-424, 1st edition).

Example:
    >>> EXPORT.writes
    ('attestations.cdx.json',)
"""

from __future__ import annotations

import json
from typing import Any

from misyn.practice import catalogue
from misyn.practice.exports.format import Export, Files, Written, identifier, json_file, limits
from misyn.practice.exports.subject import Row, Subject

FILE = "attestations.cdx.json"
TARGET, SOFTWARE = "technique", "assessor:misyn"
FOR, AGAINST = ("met", "partly", "supported"), ("not-met", "unsupported", "contradicted", "beyond-phase", "stale")
CLAIMS_AT = "E2"  # claims of benefit are backed by evidence of their own kind


def write(subject: Subject) -> Written:
    """Write one bill of materials with declarations."""
    component = _component(subject)
    document = {
        "$schema": "http://cyclonedx.org/schema/bom-1.6.schema.json",
        "bomFormat": "CycloneDX",
        "specVersion": "1.6",
        "serialNumber": f"urn:uuid:{identifier(subject, 'cyclonedx')}",
        "version": 1,
        "metadata": {
            "timestamp": subject.provenance["created"],
            "tools": {"components": [{"type": "application", "name": "misyn", "version": subject.provenance["misyn"]}]},
            "component": component,
            "properties": [_property("misyn:record", subject.provenance["record"])],
        },
        "definitions": {"standards": [_standard()]},
        "declarations": _declarations(subject),
    }
    return Written({FILE: json_file(document)})


def read(files: Files) -> dict[str, Any]:
    """Read back what the document carries."""
    document = json.loads(files[FILE])
    told = document["declarations"]
    evidence = {row["bom-ref"]: row for row in told["evidence"]}
    claims = [_claim_row(row, evidence) for row in told["claims"] if row["bom-ref"].startswith("claim:")]
    findings = [_finding_row(row, evidence) for row in told["claims"] if row["bom-ref"].startswith("finding:")]
    measured = json.loads(evidence["measured"]["data"][0]["contents"]["attachment"]["content"])
    tool = document["metadata"]["tools"]["components"][0]
    record = document["metadata"]["properties"][0]["value"]
    created = document["metadata"]["timestamp"]
    kept = [row for row in told["evidence"] if row["bom-ref"].startswith("sha256:")]
    return {
        "provenance": {"record": record, "misyn": tool["version"], "created": created},
        "claims": claims,
        "findings": findings,
        "evidence": [{"kind": row["propertyName"], "digest": row["bom-ref"]} for row in kept],
        "reviews": _reviews_back(told),
        **measured,
    }


def _component(subject: Subject) -> Row:
    """The technique, as a model with a card."""
    text = [f"Synthetic images. {subject.scope['sentence']}", subject.technique.get("description", "")]
    metrics = [_metric(row) for row in subject.estimates]
    card = {
        "modelParameters": {"task": subject.technique.get("kind", "other")},
        "quantitativeAnalysis": {"performanceMetrics": metrics},
        "considerations": {
            "users": subject.use.get("users", []),
            "useCases": subject.use.get("intended", []),
            "technicalLimitations": limits(subject) + [f"Warning: {row['text']}" for row in subject.warnings],
            "ethicalConsiderations": [{"name": text} for text in subject.design.get("biases", [])],
        },
    }
    version = {"version": subject.technique["version"]} if "version" in subject.technique else {}
    return {
        "type": "machine-learning-model",
        "bom-ref": "model",
        "name": subject.technique["name"],
        **version,
        "description": " ".join(part for part in text if part),
        "authors": [{"name": person["name"]} for person in subject.responsible],
        "modelCard": card,
    }


def _metric(row: Row) -> Row:
    interval = {"lowerBound": str(row["low"]), "upperBound": str(row["high"])} if "low" in row else None
    told = {"type": row["name"], "value": str(row["value"]), "slice": row.get("group", "all images")}
    return told | ({"confidenceInterval": interval} if interval else {})


def _standard() -> Row:
    """The recommendations, paraphrased, as a standard."""
    requirements = [
        {"bom-ref": f"requirement:{r.id}", "identifier": r.id, "text": r.technical, "descriptions": [r.plain, r.why]}
        for r in catalogue.load()
    ]
    name = "Recommendations for ethical medical image synthesis (paraphrased)"
    return {"bom-ref": "standard", "name": name, "version": "1", "requirements": requirements}


def _declarations(subject: Subject) -> Row:
    people = [
        _assessor(f"assessor:{i}", row["reviewer"], row["state"] != "own") for i, row in enumerate(subject.reviews)
    ]
    software = _assessor(SOFTWARE, "misyn, deciding by its rules", False)
    found = [_finding(row) for row in subject.findings]
    claimed = [_claim(row) for row in subject.claims]
    raised = [_concern(i, row) for i, row in enumerate(subject.concerns)]
    return {
        "assessors": [software, *people],
        "attestations": [
            _by_software(subject),
            *(_by_person(i, row, subject) for i, row in enumerate(subject.reviews)),
        ],
        "claims": [*found, *claimed, *raised, *_gone(subject)],
        "evidence": [*_evidence(subject), *_steps(subject)],
        "targets": {"components": [{"type": "machine-learning-model", "bom-ref": TARGET, "name": subject.title}]},
        "affirmation": {"statement": f"{subject.scope['sentence']} No score is given, and no signature is made here."},
    }


def _assessor(ref: str, name: str, third: bool, /) -> Row:
    return {"bom-ref": ref, "thirdParty": third, "organization": {"name": name}}


def _by_software(subject: Subject) -> Row:
    """Every finding at its requirement, and the record's claims at theirs (rule 2)."""
    rows = []
    for finding in subject.findings:
        about = [(f"finding:{finding['id']}", finding["status"])]
        if finding["id"] == CLAIMS_AT:
            about += [(_ref(claim), claim["status"]) for claim in subject.claims]
            about += [
                (f"concern:{i}", "not-met") for i, row in enumerate(subject.concerns) if row.get("state") == "upheld"
            ]
        sides = {"claims": [ref for ref, status in about if status in FOR],
                 "counterClaims": [ref for ref, status in about if status in AGAINST]}  # fmt: skip
        rationale = {"conformance": {"rationale": f"{finding['status']}: {finding['reason']}"}}
        kept = {key: refs for key, refs in sides.items() if refs}
        rows.append({"requirement": f"requirement:{finding['id']}", **kept, **rationale})
    return {"summary": subject.scope["sentence"], "assessor": SOFTWARE, "map": rows}


def _by_person(index: int, row: Row, subject: Subject) -> Row:
    """One review: what it is about, its decision and reason, its state and the reviewer's interests."""
    ref = _about(row, subject)
    claim = {"claims" if row["decision"] == "agree" else "counterClaims": [ref]} if _is_claim(ref) else {}
    entry = {
        "requirement": f"requirement:{CLAIMS_AT}" if claim else ref,
        **claim,
        "conformance": {"rationale": f"{row['decision']}: {row['reason']}"},
        "confidence": {"rationale": row["state"]},
    }
    return {"summary": f"Interests: {row.get('interests', '')}", "assessor": f"assessor:{index}", "map": [entry]}


def _about(row: Row, subject: Subject) -> str:
    """What a review is about: a claim, a requirement, or something this record no longer holds."""
    known = {f"claim:{claim['id']}": _ref(claim) for claim in subject.claims}
    known |= {finding["id"]: f"requirement:{finding['id']}" for finding in subject.findings}
    return known.get(row["about"], f"gone:{row['about']}")


def _is_claim(ref: str) -> bool:
    return ref.startswith(("claim:", "gone:"))


def _gone(subject: Subject) -> list[Row]:
    """What reviews are about and the record no longer holds: named, so that no reference leads nowhere."""
    refs = dict.fromkeys(_about(row, subject) for row in subject.reviews)
    return [{"bom-ref": ref, "target": TARGET, "predicate": "The record no longer holds this."}
            for ref in refs if ref.startswith("gone:")]  # fmt: skip


def _reviews_back(told: Row) -> list[Row]:
    names = {row["bom-ref"]: row["organization"]["name"] for row in told["assessors"]}
    found = []
    for row in told["attestations"][1:]:
        entry = row["map"][0]
        ref = (entry.get("claims") or entry.get("counterClaims") or [entry["requirement"]])[0]
        kind, _, name = ref.partition(":")
        about = f"claim:{name.partition(':')[2]}" if kind == "claim" else name
        decision, _, reason = entry["conformance"]["rationale"].partition(": ")
        back = {"reviewer": names[row["assessor"]], "about": about, "decision": decision, "reason": reason}
        interests = row["summary"].partition(": ")[2]
        back |= {"interests": interests} if interests else {}
        found.append(back | {"state": entry["confidence"]["rationale"]})
    return found


def _ref(claim: Row) -> str:
    return f"claim:{claim['kind']}:{claim['id']}"


def _claim(row: Row) -> Row:
    return {"bom-ref": _ref(row), "target": TARGET, "predicate": row["text"], **_grounds(row, _ref(row))}


def _finding(row: Row) -> Row:
    ref = f"finding:{row['id']}"
    return {"bom-ref": ref, "target": TARGET, "predicate": f"{row['id']} is {row['status']}", **_grounds(row, ref)}


def _concern(index: int, row: Row) -> Row:
    text = row.get("text", "A concern was raised.")
    return {
        "bom-ref": f"concern:{index}",
        "target": TARGET,
        "predicate": text,
        "reasoning": f"concern: {row.get('state', 'open')}",
    }


def _grounds(row: Row, ref: str) -> Row:
    """Reason, evidence on its side, and what would change it."""
    side = "counterEvidence" if row["status"] in AGAINST else "evidence"
    found: Row = {"reasoning": f"{row['status']}: {row['reason']}"}
    found |= {side: row["evidence"]} if "evidence" in row else {}
    return found | ({"mitigationStrategies": [f"next:{ref}"]} if "next" in row else {})


def _grounds_back(row: Row, evidence: dict[str, Row]) -> Row:
    status, _, reason = row["reasoning"].partition(": ")
    found: Row = {"status": status, "reason": reason}
    used = row.get("evidence") or row.get("counterEvidence")
    found |= {"evidence": used} if used else {}
    steps = [evidence[ref]["description"] for ref in row.get("mitigationStrategies", [])]
    return found | ({"next": steps[0]} if steps else {})


def _claim_row(row: Row, evidence: dict[str, Row]) -> Row:
    _, kind, name = row["bom-ref"].split(":", 2)
    return {"id": name, "kind": kind, "text": row["predicate"], **_grounds_back(row, evidence)}


def _finding_row(row: Row, evidence: dict[str, Row]) -> Row:
    return {"id": row["bom-ref"].partition(":")[2], **_grounds_back(row, evidence)}


def _evidence(subject: Subject) -> list[Row]:
    """Evidence by digest, and what of it may be public, attached once."""
    named = [
        {"bom-ref": row["digest"], "propertyName": row["kind"], "description": f"{row['kind']}, by its digest"}
        for row in subject.evidence
    ]
    excerpt = json.dumps({"estimates": subject.estimates, "tests": subject.tests}, ensure_ascii=False)
    attached = {"contentType": "application/json", "content": excerpt}
    public = {"name": "estimates and tests that may be public", "contents": {"attachment": attached}}
    text = " ".join(["What was measured, aggregate only.", *subject.withheld])
    return [*named, {"bom-ref": "measured", "propertyName": "measured", "description": text, "data": [public]}]


def _steps(subject: Subject) -> list[Row]:
    rows = [(f"finding:{row['id']}", row) for row in subject.findings] + [(_ref(row), row) for row in subject.claims]
    return [{"bom-ref": f"next:{ref}", "propertyName": "next", "description": row["next"]}
            for ref, row in rows if "next" in row]  # fmt: skip


def _property(name: str, value: str) -> Row:
    return {"name": name, "value": value}


EXPORT = Export(
    name="cyclonedx",
    title="CycloneDX 1.6 (attestations)",
    writes=(FILE,),
    carries=("provenance", "claims", "findings", "estimates", "tests", "evidence", "reviews"),
    tells=("technique", "responsible", "scope", "use", "design", "limitations", "warnings", "concerns", "withheld"),
    cannot=(
        "What a claim expects of a number: a claim has a predicate, and no condition. The date of a review.",
        "'Not assessed' and 'not applicable': such a finding is neither claim nor counter-claim, and says so in words.",
        "The need, the medical images, marks, oversight, release and monitoring: nothing in a declaration holds them.",
    ),
    validator="cyclonedx-python-lib (strict JSON validation against the published 1.6 schema)",
    lacks={"claims": ("expects",), "reviews": ("date",)},
    write=write,
    read=read,
)
