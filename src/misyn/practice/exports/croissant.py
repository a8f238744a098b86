"""Croissant 1.1 with Responsible AI fields: the synthetic images as a dataset that says what it is and is not.

Rules
-----
1. Conformance to the RAI vocabulary is claimed only where the record says something that vocabulary asks for; that the
   images are synthetic is a fact of every record and is not enough.
2. What Croissant or NeurIPS asks for and the record does not say is told in the notes, never made up.
3. No file is listed: ``distribution`` would name the images. A publisher adds it where the files are.

Source: Croissant 1.1 and Croissant RAI 1.0 (MLCommons); the minimal RAI fields of the NeurIPS 2026 Evaluations and
Datasets Track, as submissions to it list them (the track's own page could be read in part only).

Example:
    >>> EXPORT.writes
    ('croissant.json',)
"""

from __future__ import annotations

import json
from typing import Any

from misyn.practice.exports.format import NAMESPACE, Export, Files, Written, attributes, json_file, limits, row_of
from misyn.practice.exports.subject import Row, Subject

FILE = "croissant.json"
CROISSANT, RAI = "http://mlcommons.org/croissant/1.1", "http://mlcommons.org/croissant/RAI/1.0"
NEURIPS = (
    "rai:dataLimitations", "rai:dataBiases", "rai:personalSensitiveInformation", "rai:dataUseCases",
    "rai:dataSocialImpact", "rai:hasSyntheticData", "prov:wasDerivedFrom", "prov:wasGeneratedBy",
)  # fmt: skip
REQUIRED = ("name", "description", "license", "url", "creator", "datePublished")
CARRIED = ("provenance", "technique", "responsible", "scope")
_TERMS = (
    "arrayShape", "citeAs", "column", "containedIn", "equivalentProperty", "extract", "field", "fileProperty",
    "fileObject", "fileSet", "format", "includes", "isArray", "isLiveDataset", "jsonPath", "key", "md5", "parentField",
    "path", "recordSet", "references", "regex", "repeated", "replace", "samplingRate", "separator", "source",
    "subField", "transform",
)  # fmt: skip
CONTEXT: Row = {
    "@language": "en",
    "@vocab": "https://schema.org/",
    "sc": "https://schema.org/",
    "cr": "http://mlcommons.org/croissant/",
    "rai": "http://mlcommons.org/croissant/RAI/",
    "dct": "http://purl.org/dc/terms/",
    "prov": "http://www.w3.org/ns/prov#",
    "misyn": NAMESPACE,
    "conformsTo": "dct:conformsTo",
    "data": {"@id": "cr:data", "@type": "@json"},
    "examples": {"@id": "cr:examples", "@type": "@json"},
    "dataType": {"@id": "cr:dataType", "@type": "@vocab"},
    "name": {"@container": "@language"},
    "description": {"@container": "@language"},
    **{term: f"cr:{term}" for term in _TERMS},
}


def write(subject: Subject) -> Written:
    """Write one Croissant file."""
    rai = _rai(subject)
    dataset = _dataset(subject)
    document = {
        "@context": CONTEXT,
        "@type": "sc:Dataset",
        "conformsTo": [CROISSANT, RAI] if rai else CROISSANT,
        **dataset,
        **rai,
        "rai:hasSyntheticData": True,
        **_origins(subject),
    }
    return Written({FILE: json_file(document)}, _notes(document, rai=bool(rai)))


def read(files: Files) -> dict[str, Any]:
    """Read back what the file carries."""
    document = json.loads(files[FILE])
    synthesis, audit = document["prov:wasGeneratedBy"]
    told = row_of(audit)
    scope = {"phase": told.pop("phase"), "sentence": told.pop("sentence")}
    people = [row_of(node) for node in document["creator"]]
    return {"provenance": told, "technique": row_of(synthesis), "responsible": people, "scope": scope}


def _dataset(subject: Subject) -> Row:
    """The core fields; what the record does not say is left out."""
    text = [f"Synthetic images made by {subject.title}; no patient stands behind any of them.",
            subject.technique.get("description", ""), subject.scope["sentence"]]  # fmt: skip
    release, place = subject.release, str(subject.release.get("place", ""))
    found: Row = {
        "name": f"Synthetic images of {subject.title}",
        "description": " ".join(part for part in text if part),
        "creator": [_person(row) for row in subject.responsible],
        "keywords": ["synthetic images", "not medical images", *_modalities(subject)],
    }
    found |= {"license": release["licence"]} if "licence" in release else {}
    found |= {"url": place} if place.startswith(("https://", "http://")) else {}
    found |= {"datePublished": release["date"][:10]} if "date" in release else {}
    return found | ({"version": str(subject.technique["version"])} if "version" in subject.technique else {})


def _person(row: Row) -> Row:
    kind = {"@type": "sc:Person", "name": row["name"]}
    told = {"affiliation": {"@type": "sc:Organization", "name": row["affiliation"]}} if "affiliation" in row else {}
    return kind | told | attributes(row)


def _modalities(subject: Subject) -> list[str]:
    named = [row["modality"] for row in subject.data.values() if "modality" in row]
    return list(dict.fromkeys(named))


def _rai(subject: Subject) -> Row:
    """The Responsible AI fields the record has content for (rule 1)."""
    training, use = subject.data.get("training", {}), subject.use
    cases = [("Intended", "intended"), ("Out of scope", "out_of_scope"), ("Prohibited", "prohibited")]
    private = [
        *subject.design.get("privacy", []),
        *([f"Training images: {training['consent']}"] if "consent" in training else []),
    ]
    impact = [row["consequence"] for row in subject.limitations if "consequence" in row]
    impact += [f"How to refuse: {text}" for text in use.get("refusal", [])]
    plan = [text for texts in subject.monitoring.values() for text in texts]
    found: Row = {
        "rai:dataCollection": training.get("origin", ""),
        "rai:dataLimitations": limits(subject),
        "rai:dataBiases": subject.design.get("biases", []),
        "rai:personalSensitiveInformation": private,
        "rai:dataUseCases": [f"{word}: {text}" for word, key in cases for text in use.get(key, [])],
        "rai:dataSocialImpact": " ".join(impact),
        "rai:dataReleaseMaintenancePlan": " ".join(plan),
    }
    return {key: value for key, value in found.items() if value}


def _origins(subject: Subject) -> Row:
    """What the images derive from and what made them, in PROV-O's words."""
    training = subject.data.get("training", {})
    label = f"Medical images used for training. {training['origin']}" if "origin" in training else None
    synthesis = {
        "@type": "prov:Activity",
        "prov:label": f"Synthesis by {subject.title}",
        **attributes(subject.technique),
    }
    audit = {"@type": "prov:Activity", "prov:label": "Audit by misyn", **attributes(subject.provenance | subject.scope)}
    derived = {"prov:wasDerivedFrom": [{"@type": "prov:Entity", "prov:label": label}]} if label else {}
    return derived | {"prov:wasGeneratedBy": [synthesis, audit]}


def _notes(document: Row, *, rai: bool) -> tuple[str, ...]:
    """What is asked for and not there (rule 2)."""
    core = [name for name in REQUIRED if not document.get(name)]
    asked = [name for name in NEURIPS if not document.get(name)]
    notes = ["Croissant asks for distribution; no file is listed here. Next: add it where the images are published."]
    if core:
        notes.append(f"Croissant asks for {', '.join(core)}; the record does not say.")
    if not rai:
        notes.append("No conformance to the RAI vocabulary is claimed: the record says nothing it asks for.")
    if asked:
        notes.append(f"NeurIPS asks for {', '.join(asked)}; the record does not say.")
    return tuple(notes)


EXPORT = Export(
    name="croissant",
    title="Croissant 1.1 with Responsible AI 1.0",
    writes=(FILE,),
    carries=CARRIED,
    tells=("use", "design", "limitations", "data", "release", "monitoring"),
    cannot=(
        "Findings, claims and statuses: a dataset's fields are statements, and none has a place for what refutes it.",
        "Estimates with intervals, tests, marks, reviews and concerns.",
        "Refusal and oversight: only told as social impact.",
    ),
    validator="mlcroissant (its own validation of 1.1, network denied)",
    write=write,
    read=read,
)
