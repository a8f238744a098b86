"""RO-Crate: the technique and what was found about it as one linked-data file beside the data.

Rules
-----
1. The crate describes and contains no data file: names of files would be names of images.
2. Rows are contextual entities with terms of ours, defined in the crate's own context, as the specification allows.
3. The root has the licence the record names; where it names none, it says so and grants nothing.

Source: RO-Crate 1.1, sections Root Data Entity, Provenance, and Extending RO-Crate.

Example:
    >>> EXPORT.writes
    ('ro-crate-metadata.json',)
"""

from __future__ import annotations

import json
from typing import Any

from misyn.practice.exports.format import NAMESPACE, Export, Files, Written, attributes, json_file, row_of
from misyn.practice.exports.subject import PARTS, Subject

FILE = "ro-crate-metadata.json"
VERSION = "https://w3id.org/ro/crate/1.1"
# Part → the schema.org type its rows have.
ROWS = {
    "responsible": "Person", "limitations": "CreativeWork", "claims": "Claim", "findings": "Review",
    "estimates": "PropertyValue", "tests": "PropertyValue", "warnings": "CreativeWork",
    "evidence": "CreativeWork", "reviews": "Review", "concerns": "Comment",
}  # fmt: skip
SECTIONS = ("provenance", "scope", "problem", "use", "design", "oversight", "release", "monitoring")
CARRIED = tuple(part for part in PARTS if part in {*ROWS, *SECTIONS, "technique", "data"})


def write(subject: Subject) -> Written:
    """Write the crate's metadata file."""
    rows = [_entity(part, i, row) for part in ROWS for i, row in enumerate(getattr(subject, part))]
    sections: list[dict[str, Any]] = []
    for part in SECTIONS:
        about = {"@id": f"#{part}", "@type": "CreativeWork", "name": part}
        sections.append(about | attributes(getattr(subject, part)))
    sets = [_set(role, row) for role, row in subject.data.items()]
    graph = [_descriptor(), _root(subject, rows + sections), *_synthesis(subject), *sets, *sections, *rows]
    notes = () if "licence" in subject.release else ("RO-Crate asks for a licence; the record names none.",)
    context = [f"{VERSION}/context", {"misyn": NAMESPACE}]
    return Written({FILE: json_file({"@context": context, "@graph": graph})}, notes)


def read(files: Files) -> dict[str, Any]:
    """Read back what the crate carries."""
    graph = json.loads(files[FILE])["@graph"]
    nodes = {node["@id"]: node for node in graph}
    found: dict[str, Any] = {part: row_of(nodes[f"#{part}"]) for part in (*SECTIONS, "technique")}
    for part in ROWS:
        found[part] = [row_of(node) for node in graph if node["@id"].startswith(f"#{part}.")]
    sets = [node for node in graph if node["@id"].startswith("#images.")]
    found["data"] = {node["@id"].removeprefix("#images."): _set_row(node) for node in sets}
    return {part: found[part] for part in CARRIED}


def _descriptor() -> dict[str, Any]:
    about = {"conformsTo": {"@id": VERSION}, "about": {"@id": "./"}}
    return {"@id": FILE, "@type": "CreativeWork", **about}


def _root(subject: Subject, mentioned: list[dict[str, Any]]) -> dict[str, Any]:
    licence = subject.release.get("licence", "No licence is stated; nothing is granted.")
    return {
        "@id": "./",
        "@type": "Dataset",
        "name": f"Synthetic images of {subject.title}: record and audit",
        "description": subject.scope["sentence"],
        "datePublished": str(subject.release.get("date", subject.provenance["created"]))[:10],
        "license": licence,
        "identifier": subject.provenance["record"],
        **({"misyn:withheld": subject.withheld} if subject.withheld else {}),
        "creator": [{"@id": f"#responsible.{i}"} for i, _ in enumerate(subject.responsible)],
        "mentions": [{"@id": node["@id"]} for node in mentioned] + [{"@id": "#synthesis"}],
    }


def _synthesis(subject: Subject) -> list[dict[str, Any]]:
    """The technique, and the action that used training images and gave synthetic ones."""
    technique = {"@id": "#technique", "@type": "SoftwareApplication", "name": subject.title}
    ends: dict[str, Any] = {"object": "training", "result": "synthetic"}
    action = {
        "@id": "#synthesis",
        "@type": "CreateAction",
        "name": f"Synthesis by {subject.title}",
        "instrument": {"@id": "#technique"},
        **{key: {"@id": f"#images.{role}"} for key, role in ends.items() if role in subject.data},
    }
    return [technique | attributes(subject.technique), action]


def _set(role: str, row: dict[str, Any]) -> dict[str, Any]:
    told = {key: value for key, value in row.items() if key != "groups"}
    groups = [f"{name}: {n}" for name, n in row.get("groups", {}).items()]
    name = "synthetic images" if role == "synthetic" else f"medical images: {role}"
    return {"@id": f"#images.{role}", "@type": "Dataset", "name": name, **attributes(told),
            **({"misyn:groups": groups} if groups else {})}  # fmt: skip


def _set_row(node: dict[str, Any]) -> dict[str, Any]:
    row = row_of(node)
    if "groups" in row:
        row["groups"] = {name: int(n) for name, _, n in (text.rpartition(": ") for text in row["groups"])}
    return row


def _entity(part: str, index: int, row: dict[str, Any]) -> dict[str, Any]:
    """A row as an entity; schema.org's own names stand beside ours where it has them."""
    name = row.get("name") or row.get("id") or row.get("kind") or row.get("about") or row.get("aspect") or part
    own: dict[str, Any] = {"name": str(name)}
    if part == "estimates":
        own |= {"value": row["value"]} | {s: row[k] for s, k in (("minValue", "low"), ("maxValue", "high")) if k in row}
    if "text" in row:
        own["text"] = row["text"]
    return {"@id": f"#{part}.{index}", "@type": ROWS[part], **own, **attributes(row)}


EXPORT = Export(
    name="ro-crate",
    title="RO-Crate 1.1",
    writes=(FILE,),
    carries=CARRIED,
    tells=("withheld",),
    cannot=(
        "The images themselves: the crate has no data entities, since names of files would be names of images.",
        "The meaning of a status: schema.org has no finding, phase or interval; these are terms of ours.",
        "What the files' marks say, in counts: no term of schema.org holds them.",
    ),
    validator="rocrate (read, every reference followed, written again and compared)",
    write=write,
    read=read,
)
