"""SPDX 3.0.1: the synthetic images as a dataset package, the technique as an AI package, with evidence and annotations.

Rules
-----
1. A profile is claimed only where all it requires is there (release date, download address, supplier): what the record
   does not say is not invented, and the document then claims the core profile alone.
2. Claims, findings, reviews and the rest of the record's judgement are annotations with JSON statements.
3. Medical images are named as a dataset the technique was trained on. Of sensitive personal information nothing is
   asserted, for either set: images without a patient can still hold one.

Source: SPDX 3.0.1, profiles Core, Software, Dataset and AI; JSON serialisation.

Example:
    >>> EXPORT.writes
    ('synthesis.spdx3.json',)
"""

from __future__ import annotations

import json
import re
from typing import Any

from misyn.practice.exports.format import Export, Files, Written, json_file, limits
from misyn.practice.exports.subject import Row, Subject

FILE = "synthesis.spdx3.json"
CONTEXT = "https://spdx.org/rdf/3.0.1/spdx-context.jsonld"
INFO = "_:creation"
# Parts that stand in annotations as they are.
ANNOTATED = (
    "technique",
    "scope",
    "claims",
    "findings",
    "reviews",
    "concerns",
    "estimates",
    "tests",
    "data",
    "marks",
    "limitations",
    "warnings",
    "withheld",
)
_ADDRESS = re.compile(r"https?://\S+")


def write(subject: Subject) -> Written:
    """Write one SPDX document."""
    name = f"urn:misyn:{subject.provenance['record']}"
    people = [_agent(f"{name}:responsible.{i}", "Person", row) for i, row in enumerate(subject.responsible)]
    software = _element(f"{name}:misyn", "SoftwareAgent", name=f"misyn {subject.provenance['misyn']}")
    model, images = _model(name, subject), _images(name, subject)
    evidence = [_file(name, row) for row in subject.evidence]
    others = [*_relations(name, subject, bool(evidence)), *(_annotation(name, part, subject) for part in ANNOTATED)]
    training = [_training(name, subject)] if "training" in subject.data else []
    elements = [software, *people, model, images, *training, *evidence, *others]
    missing = _missing(subject)
    graph = [_creation(name, subject), _document(name, elements, missing), *elements]
    notes = (f"The dataset and AI profiles are not claimed: the record lacks {', '.join(missing)}.",) if missing else ()
    return Written({FILE: json_file({"@context": CONTEXT, "@graph": graph})}, notes)


def read(files: Files) -> dict[str, Any]:
    """Read back what the document carries."""
    graph = json.loads(files[FILE])["@graph"]
    notes = {node["spdxId"].rpartition(":")[2]: node for node in graph if node["type"] == "Annotation"}
    found = {part: json.loads(notes[part]["statement"]) for part in ANNOTATED}
    kept = [node for node in graph if node["type"] == "software_File"]
    document = next(node for node in graph if node["type"] == "SpdxDocument")
    software = next(node for node in graph if node["type"] == "SoftwareAgent")
    created = next(node for node in graph if node["type"] == "CreationInfo")["created"]
    record = document["spdxId"].removeprefix("urn:misyn:").removesuffix(":document")
    found["provenance"] = {"record": record, "misyn": software["name"].split(" ", 1)[1], "created": created}
    found["evidence"] = [
        {"kind": node["name"], "digest": f"sha256:{node['verifiedUsing'][0]['hashValue']}"} for node in kept
    ]
    return found


def _missing(subject: Subject) -> list[str]:
    """What the dataset and AI profiles require and the record does not say."""
    lacking = {"release.date": "date" in subject.release, "release.place as an address": _address(subject) is not None}
    return [name for name, there in lacking.items() if not there] + (
        [] if "version" in subject.technique else ["technique.version"]
    )


def _creation(name: str, subject: Subject) -> Row:
    made = {"createdBy": [f"{name}:misyn"], "created": subject.provenance["created"]}
    return {"type": "CreationInfo", "@id": INFO, "specVersion": "3.0.1", **made}


def _document(name: str, elements: list[Row], missing: list[str]) -> Row:
    profiles = ["core", "software"] if missing else ["core", "software", "dataset", "ai"]
    root = {"rootElement": [f"{name}:synthetic"], "element": [node["spdxId"] for node in elements]}
    return _element(f"{name}:document", "SpdxDocument", profileConformance=profiles, **root)


def _element(identity: str, kind: str, /, **told: Any) -> Row:  # noqa: ANN401 - JSON values of one SPDX class
    return {"type": kind, "spdxId": identity, "creationInfo": INFO, **told}


def _agent(name: str, kind: str, row: Row) -> Row:
    about = "; ".join(row[key] for key in ("affiliation", "role") if key in row)
    return _element(name, kind, name=row["name"], **({"description": about} if about else {}))


def _address(subject: Subject) -> str | None:
    place = str(subject.release.get("place", ""))
    return place if _ADDRESS.fullmatch(place) else None


def _released(subject: Subject) -> Row:
    """Times and place, where the record has them."""
    date, address, built = subject.release.get("date"), _address(subject), subject.technique.get("released")
    told: Row = {"releaseTime": f"{date[:10]}T00:00:00Z"} if date else {}
    told |= {"software_downloadLocation": address} if address else {}
    built = built or date
    return told | ({"builtTime": f"{built[:10]}T00:00:00Z"} if built else {})


def _package(name: str, subject: Subject) -> Row:
    version = subject.technique.get("version")
    told: Row = {"originatedBy": [f"{name}:responsible.0"], "suppliedBy": f"{name}:responsible.0"}
    return told | _released(subject) | ({"software_packageVersion": str(version)} if version else {})


def _model(name: str, subject: Subject) -> Row:
    told: Row = {"ai_limitation": " ".join(limits(subject))} if subject.limitations else {}
    told |= {"ai_typeOfModel": [subject.technique["method"]]} if "method" in subject.technique else {}
    told |= {"ai_informationAboutApplication": " ".join(subject.use["intended"])} if "intended" in subject.use else {}
    text = {"description": subject.technique["description"]} if "description" in subject.technique else {}
    return _element(f"{name}:technique", "ai_AIPackage", name=subject.technique["name"], **text, **told,
                    software_primaryPurpose="model", **_package(name, subject))  # fmt: skip


def _images(name: str, subject: Subject) -> Row:
    """The synthetic images."""
    n = subject.data.get("synthetic", {}).get("n")
    told: Row = {"dataset_datasetSize": n} if n is not None else {}
    told |= {"dataset_knownBias": subject.design["biases"]} if "biases" in subject.design else {}
    told |= {"dataset_intendedUse": " ".join(subject.use["intended"])} if "intended" in subject.use else {}
    text = f"Synthetic images; no patient stands behind any of them. {subject.scope['sentence']}"
    return _element(f"{name}:synthetic", "dataset_DatasetPackage", name=f"Synthetic images of {subject.title}",
                    description=text, dataset_datasetType=["image"],
                    dataset_hasSensitivePersonalInformation="noAssertion",
                    software_primaryPurpose="data", **told, **_package(name, subject))  # fmt: skip


def _training(name: str, subject: Subject) -> Row:
    """The medical images: a package the document names and does not describe further than the record does."""
    row = subject.data["training"]
    told = {"dataset_dataCollectionProcess": row["origin"]} if "origin" in row else {}
    return _element(f"{name}:training", "dataset_DatasetPackage", name="Medical images used for training",
                    dataset_datasetType=["image"], software_primaryPurpose="data",
                    dataset_hasSensitivePersonalInformation="noAssertion", **told)  # fmt: skip


def _file(name: str, row: Row) -> Row:
    value = {"type": "Hash", "algorithm": "sha256", "hashValue": row["digest"].removeprefix("sha256:")}
    return _element(f"{name}:evidence.{row['kind']}", "software_File", name=row["kind"], verifiedUsing=[value],
                    software_primaryPurpose="evidence")  # fmt: skip


def _relations(name: str, subject: Subject, evidence: bool) -> list[Row]:
    wanted = [("generates", "technique", ["synthetic"])]
    if "training" in subject.data:
        wanted.append(("trainedOn", "technique", ["training"]))
    if evidence:
        wanted.append(("hasEvidence", "technique", [f"evidence.{row['kind']}" for row in subject.evidence]))
    return [
        _element(f"{name}:relation.{kind}", "Relationship", relationshipType=kind,
                 **{"from": f"{name}:{one}"}, to=[f"{name}:{other}" for other in others])
        for kind, one, others in wanted
    ]  # fmt: skip


def _annotation(name: str, part: str, subject: Subject) -> Row:
    statement = json.dumps(getattr(subject, part), ensure_ascii=False)
    kind = "review" if part == "reviews" else "other"
    return _element(f"{name}:{part}", "Annotation", annotationType=kind, subject=f"{name}:technique"
                    if part != "technique" else f"{name}:synthetic", contentType="application/json",
                    statement=statement, summary=f"misyn: {part}")  # fmt: skip


EXPORT = Export(
    name="spdx",
    title="SPDX 3.0.1 (dataset and AI profiles)",
    writes=(FILE,),
    carries=("provenance", *ANNOTATED, "evidence"),
    tells=("responsible", "use", "design", "release"),
    cannot=(
        "That images are synthetic, as a type: 3.0.1 has no such dataset type; name and description say it.",
        "The meaning of claims, findings and estimates: SPDX keeps them as annotations it does not read.",
        "The need, oversight, monitoring: no property holds them. Of the release, date and address have a place.",
    ),
    validator="spdx-python-model (the bindings generated from SPDX's own SHACL model)",
    write=write,
    read=read,
)
