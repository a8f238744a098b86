"""What every export may say: a record and its audit, aggregate only, as parts that a format carries or does not.

Rules
-----
1. Every export is written from a :class:`Subject` and from nothing else: what is not in it cannot leak.
2. Statuses are derived here, from the evidence in the audit folder; what ``audit.json`` states is not believed.
   An audit of another state of the record, and evidence that is not what its digest says, are refused.
3. Keys are listed, never copied: no path, table or column name leaves the record. Texts are one line each.
4. What is not there is left out; no key stands with nothing behind it.

Source: interface.md of the project's design, section Files.

Example:
    >>> from misyn.practice.record import parse
    >>> record = parse("{misyn: 1, technique: {name: demo, weights: secret/model.pt}, responsible: A. Person}")
    >>> subject = gather(record, created="2026-11-22T00:00:00Z")
    >>> subject.technique, subject.scope["phase"], len(subject.findings) > 30
    ({'name': 'demo'}, 0, True)
"""

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import dataclass, fields
from pathlib import Path
from typing import Any

from misyn import __version__
from misyn.canonical import is_digest
from misyn.practice import claims, dossier, findings, phases, reviewed, reviews
from misyn.practice.exports.audited import Audited, mappings, read
from misyn.practice.exports.disclosure import Guard, clean, guard, is_place
from misyn.practice.phases import KINDS
from misyn.practice.record import Record
from misyn.practice.withholding import SMALLEST
from misyn.results import Evidence, as_json

Row = dict[str, Any]
ROLES = {"training": "training", "held_out": "held-out", "reference": "reference", "synthetic": "synthetic"}
_IMAGES = ("modality", "origin", "consent", "licence", "represented", "not_represented")
_SET = ("n", "n_patients", "unit", "patients_known")
_ESTIMATE = (
    "name", "value", "low", "high", "level", "estimand", "unit", "n_medical", "n_synthetic", "n_patients", "group",
    "set", "method", "seed", "reason",
)  # fmt: skip
NAMES = ("name", "id", "about", "kind", "status", "state", "set", "group")  # never paths, whatever they look like
_TEST = (
    "name", "statistic", "p_value", "p_adjusted", "correction", "null", "method", "n_medical", "n_synthetic", "group",
    "set", "seed",
)  # fmt: skip
_MARKS = ("n_files", "verdicts", "layers", "declared", "signed", "foreign_only", "formats")


@dataclass(frozen=True, kw_only=True)
class Subject:
    """What may be exported. Every field is plain JSON-like content; every field is one part of the table in the docs.

    Attributes:
        provenance: ``record`` (digest), ``misyn`` (version), ``created`` (RFC 3339, UTC).
        technique, problem, use, design, release, monitoring, oversight: of the record; texts, or lists of texts.
        responsible: who answers for it: ``name``, ``affiliation``, ``role``, ``orcid``; no address of a person.
        scope: ``phase`` (0 to 5) and ``sentence``.
        data: by set: what the record says of it, and counts from the evaluation.
        limitations: rows with ``aspect`` (assessed, design, or an intrinsic one), ``text``, ``consequence``.
        claims, findings: rows with the status derived from evidence.
        estimates, tests: rows of the evaluation and of later studies; small groups withheld.
        marks: what the synthetic files say of themselves, counted.
        warnings, evidence, reviews, concerns: rows.
        withheld: sentences that say what was left out and why.
    """

    provenance: Row
    technique: Row
    responsible: list[Row]
    scope: Row
    problem: Row
    use: Row
    data: dict[str, Row]
    design: Row
    limitations: list[Row]
    claims: list[Row]
    findings: list[Row]
    estimates: list[Row]
    tests: list[Row]
    marks: Row
    warnings: list[Row]
    evidence: list[Row]
    reviews: list[Row]
    concerns: list[Row]
    oversight: Row
    release: Row
    monitoring: Row
    withheld: list[str]

    @property
    def title(self) -> str:
        """The technique's name and version."""
        return " ".join(str(self.technique[key]) for key in ("name", "version") if key in self.technique)


PARTS = tuple(field.name for field in fields(Subject))


def gather(record: Record, *, created: str, audit: Path | None = None) -> Subject:
    """Gather what may be exported.

    Args:
        record: the record.
        created: the present time, RFC 3339 in UTC with whole seconds.
        audit: the folder ``misyn audit`` wrote; None exports the record alone, with no evidence.

    Raises:
        EvidenceError: the audit is of another record, or its evidence is missing, altered or not JSON.
    """
    found = Audited(dossier.gather(record).evidence) if audit is None else read(audit, record)
    measured = [found.evidence[kind].content for kind in KINDS if kind in found.evidence]
    held = guard(*measured)
    parts = _of_record(record, held.sentence) | _judged(record, found.evidence, held) | _measured(measured, held)
    data = _data(record, found.evidence, held)
    return Subject(
        provenance={"record": record.digest, "misyn": __version__, "created": created},
        data=data,
        marks=_only(found.evidence["marks"].content, _MARKS, held) if "marks" in found.evidence else {},
        warnings=[row for told in found.warnings if "text" in (row := _row(told, ("id", "text"), held.sentence))],
        evidence=_evidence(found),
        withheld=_withheld(held, found, audit),
        **parts,
    )


def _of_record(record: Record, say: Callable[[object], str]) -> Row:
    """What the record itself says, key by key (rule 3)."""
    technique = _row(record.get("technique"), ("name", "version", "kind", "method", "description", "released"), say)
    for key in ("weights", "code"):
        value = clean(record.get(f"technique.{key}", ""))
        if is_digest(value) or (value and key == "code" and not is_place(value)):
            technique[key] = value
    return {
        "technique": technique,
        "responsible": _people(record.get("responsible")),
        "problem": _lists(record, "problem", ("need", "stated_by", "alternatives", "why_synthesis"), say),
        "use": _lists(
            record, "use",
            ("intended", "users", "setting", "out_of_scope", "prohibited", "stop_when", "refusal"), say,
        ),
        "design": _lists(record, "design", ("assumptions", "grounding", "biases", "privacy"), say),
        "limitations": _limitations(record, say),
        "oversight": _lists(record, "oversight", ("registry", "contact", "log", "conflicts"), say),
        "release": _row(record.get("release"), ("date", "place", "licence", "withdrawn", "withdrawn_because"), say)
        | _lists(record, "release", ("conditions",), say),
        "monitoring": _lists(record, "monitoring", ("plan", "incidents", "withdrawal", "from"), say),
    }  # fmt: skip


def _judged(record: Record, evidence: Mapping[str, Evidence], held: Guard) -> Row:
    """Phase, findings and claims, derived; reviews with their state, and concerns."""
    phase = phases.derive(evidence, record)
    expects = {row["id"]: row.get("expects") for row in record.items("claims")}
    claimed = [
        _row(as_json(row) | {"expects": expects.get(row.id)}, (
            "id", "kind", "text", "expects", "status", "reason", "evidence", "next"), held.sentence)
        for row in claims.judge(record, evidence, phase)
    ]  # fmt: skip
    found = [
        _row(as_json(row), ("id", "status", "reason", "evidence", "next"), held.sentence)
        for row in findings.judge(record, evidence)
    ]
    stands = reviewed.standings(record, evidence)
    told = ("reviewer", "about", "decision", "reason", "interests", "date", "state")
    said = [_row(as_json(s.review) | {"state": s.state}, told, held.sentence) for s in stands]
    raised = [_row(row, ("id", "about", "state", "text"), held.sentence) for row in reviews.concerns(evidence)]
    scope = {"phase": phase.number, "sentence": phase.scope}
    return {"scope": scope, "claims": claimed, "findings": found, "reviews": said, "concerns": raised}


def _measured(contents: list[Mapping[str, Any]], held: Guard) -> Row:
    """Estimates and tests that may leave; the number of patients only from ten."""
    rows: Row = {}
    for part, keys in (("estimates", _ESTIMATE), ("tests", _TEST)):
        allowed = [
            row for content in contents for row in mappings(content.get(part)) if _told(row) and held.allows(row)
        ]
        rows[part] = [_fewest(_row(row, keys, held.sentence)) for row in allowed]
    return rows


def _told(row: Mapping[str, Any]) -> bool:
    """Whether a row is a result: a name and a number."""
    number = row.get("value", row.get("statistic", row.get("p_value")))
    return bool(row.get("name")) and isinstance(number, (int, float)) and not isinstance(number, bool)


def _data(record: Record, evidence: Mapping[str, Evidence], held: Guard) -> dict[str, Row]:
    sets = evidence["evaluation"].content.get("sets", {}) if "evaluation" in evidence else {}
    found: dict[str, Row] = {}
    for key, role in ROLES.items():
        row = _row(record.get(f"data.{key}"), _IMAGES, held.sentence)
        counted = sets.get(role, {})
        if counted.get("n", 0) >= SMALLEST or role == "synthetic":
            row |= _fewest(_row(counted, _SET, held.sentence))
        if role != "synthetic" and (groups := held.cells(role, counted.get("groups", {}))):
            row["groups"] = groups
        if row:
            found[role] = row
    return found


def _limitations(record: Record, say: Callable[[object], str]) -> list[Row]:
    rows = []
    for aspect in ("assessed", "design", "intrinsic"):
        value = record.get(f"limitations.{aspect}")
        named = value.items() if isinstance(value, dict) else ((aspect, item) for item in _listed(value))
        for name, item in named:
            told = item if isinstance(item, Mapping) else {"text": item}
            rows.append({"aspect": clean(name)} | _row(told, ("text", "consequence"), say))
    return [row for row in rows if "text" in row]


def _evidence(found: Audited) -> list[Row]:
    rows = [{"kind": kind, "digest": item.digest} for kind, item in found.evidence.items()]
    return rows + [{"kind": kind, "digest": name} for kind, name in found.absent if is_digest(name)]


def _withheld(held: Guard, found: Audited, audit: Path | None) -> list[str]:
    told = []
    if held.groups:
        told.append(
            f"Groups of fewer than 10, and what would give them away, are withheld in: {', '.join(held.groups)}."
        )
    if found.absent:
        names = ", ".join(kind for kind, _ in found.absent)
        told.append(f"Evidence that is named and not in the audit folder, so nothing here rests on it: {names}.")
    if audit is None:
        told.append("No audit was given: nothing was measured, and every status speaks of the record alone.")
    return told


def _people(value: Any) -> list[Row]:  # noqa: ANN401 - a name, a mapping with one, or a list of these
    items = _listed(value)
    return [
        _row(p if isinstance(p, Mapping) else {"name": p}, ("name", "affiliation", "role", "orcid"), clean)
        for p in items
    ]


def _lists(record: Record, section: str, keys: tuple[str, ...], say: Callable[[object], str]) -> Row:
    """A section as lists of sentences: a mapping with ``text`` becomes its sentences, one after another."""
    found = {key: [_sentence(item, say) for item in record.items(f"{section}.{key}")] for key in keys}
    return {key: texts for key, told in found.items() if (texts := [text for text in told if text])}


def _sentence(item: Any, say: Callable[[object], str]) -> str:  # noqa: ANN401 - text or a mapping
    if not isinstance(item, Mapping):
        return say(item)
    words = {"if_fails": "If it fails", "why_not": "Why not", "done": "Done"}
    rest = [f"{word}: {item[key]}" for key, word in words.items() if item.get(key)]
    return say(". ".join([str(item.get("text", "")).rstrip("."), *rest]))


def _row(value: Any, keys: tuple[str, ...], say: Callable[[object], str]) -> Row:  # noqa: ANN401 - a mapping or None
    """The listed keys of a mapping that hold something; texts are cleaned, digests and numbers stay as they are."""
    found: Row = {}
    for key in keys:
        item = value.get(key) if isinstance(value, Mapping) else None
        if isinstance(item, (list, tuple)):
            item = [text for part in item if (text := part if is_digest(part) else say(part))]
        elif isinstance(item, str):
            item = item if is_digest(item) else clean(item) if key in NAMES else say(item)
        if item is not None and item not in ("", []) and not isinstance(item, Mapping):
            found[key] = item
    return found


def _only(content: Mapping[str, Any], keys: tuple[str, ...], held: Guard) -> Row:
    """Counts about synthetic files, which are nobody's."""
    found = {key: content[key] for key in keys if key in content}
    for key, value in found.items():
        if isinstance(value, Mapping):
            found[key] = {held.sentence(name): int(n) for name, n in value.items()}
    return found


def _fewest(row: Row) -> Row:
    """A number of patients under ten is not told."""
    return {key: value for key, value in row.items() if key != "n_patients" or value >= SMALLEST}


def _listed(value: Any) -> list[Any]:  # noqa: ANN401 - nothing, one, or a list
    return [] if value is None else value if isinstance(value, list) else [value]
