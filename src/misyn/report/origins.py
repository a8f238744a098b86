"""What the files say of themselves, and where this report's own numbers come from.

Rules
-----
1. Marks are counted, never listed by file name; "no evidence" is never "medical".
2. Whatever is needed to make this report again is here: digests, versions, seed, command. No date: the same evidence
   gives the same bytes.
3. What does not exist (a log entry, a public entry, a contact) is said not to exist.

Example:
    >>> from misyn.report.facts import Facts
    >>> facts = Facts(audit=None, evaluation={"seed": 3}, marks=None, record=None, rows=())
    >>> dict((row.what, row.said) for row in provenance(facts))["Seed"]
    '3'
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any

from misyn.canonical import record_digest
from misyn.errors import EvidenceError
from misyn.report.facts import Facts, mapping, mappings, texts
from misyn.report.numbers import count, whole

VERDICTS = (
    ("synthetic", "Evidence that it is synthetic"),
    ("contradictory", "Layers that contradict each other"),
    ("no-evidence", "No evidence either way"),
    ("unreadable", "Could not be read"),
)
LAYERS = (
    ("metadata", "Metadata: the format's own field", "lost when many tools save or convert the file"),
    ("credential", "Credential: signed statement", "lost when a tool saves the file without it"),
    ("watermark", "Watermark: in the pixels", "meant to survive saving again; alone it never decides"),
    ("fingerprint", "Fingerprint: kept outside the file", "nothing in the file that could be lost"),
    ("label", "Label: visible to people", "lost when the edge is cropped"),
)


@dataclass(frozen=True)
class Fact:
    """One line of the provenance: what, said how; ``code`` for what a program reads."""

    what: str
    said: str
    code: bool = False


@dataclass(frozen=True)
class Marks:
    """The marks summary, in words."""

    n: int
    verdicts: tuple[tuple[str, str], ...]
    layers: tuple[tuple[str, str, str], ...]
    trust: str
    foreign: tuple[tuple[str, str], ...]
    foreign_only: str
    techniques: tuple[str, ...]
    problems: tuple[tuple[str, str], ...]


def marks(facts: Facts) -> Marks | None:
    """Word the marks summary; None where marks were not looked for."""
    if facts.marks is None:
        return None
    found = facts.marks
    n, signed = count(found.get("n_files")) or 0, count(found.get("signed")) or 0
    verdicts, layers = mapping(found.get("verdicts")), mapping(found.get("layers"))
    declared = count(found.get("declared")) or 0
    trust = (
        f"{whole(signed)} of {whole(declared)} declarations are signed. " if declared else "No file declares anything. "
    )
    only = count(found.get("foreign_only")) or 0
    return Marks(
        n,
        tuple((said, whole(count(verdicts.get(key)) or 0)) for key, said in VERDICTS),
        tuple((said, whole(count(layers.get(key)) or 0), loss) for key, said, loss in LAYERS),
        trust + ("No trust root was given, so nobody's word was checked." if declared else ""),
        tuple((str(name), whole(count(k) or 0)) for name, k in sorted(mapping(found.get("foreign")).items())),
        "" if not only else f"{whole(only)} of {whole(n)} files carry such traces and no declaration.",
        tuple(_technique(raw) for raw in mappings(found.get("techniques"))),
        tuple((str(text), whole(count(k) or 0)) for text, k in sorted(mapping(found.get("problems")).items())),
    )


def _technique(raw: Mapping[str, Any]) -> str:
    """One technique that declarations name."""
    name = " ".join(str(raw.get(key)) for key in ("name", "version") if raw.get(key))
    return f"{name or 'a technique without a name'}: {whole(count(raw.get('n')) or 0)} files"


def provenance(facts: Facts) -> tuple[Fact, ...]:
    """Everything this report was made from, and how to question it."""
    audit = mapping(facts.audit)
    versions = {str(v) for v in (audit.get("misyn"), facts.evaluation.get("misyn")) if v}
    return (
        Fact("Record", _or(audit.get("record"), "none was given"), bool(audit.get("record"))),
        *_evidence(facts),
        Fact("Version of misyn", ", ".join(sorted(versions)) or "not stated"),
        Fact("Seed", str(facts.seed)),
        Fact("Features", _extractor(facts)),
        Fact(
            "Command to make it again",
            _or(audit.get("command"), "not stated; run misyn evaluate with this seed"),
            bool(audit),
        ),
        _bundle(mapping(audit.get("bundle"))),
        *_oversight(facts),
    )


def _bundle(made: Mapping[str, Any]) -> Fact:
    """The file that others can check."""
    if not made:
        return Fact("Evidence bundle", "none was made in this run")
    return Fact(
        "Evidence bundle (misyn check derives every status again)", f"{made.get('file')} {made.get('digest')}", True
    )


def _evidence(facts: Facts) -> tuple[Fact, ...]:
    """Digests of every result, those that the audit names or else our own."""
    named = [
        Fact(f"Evidence: {raw.get('kind')} ({raw.get('file')})", str(raw.get("digest") or ""), True)
        for raw in mappings(mapping(facts.audit).get("evidence"))
    ]
    if not named and facts.evaluation:
        named = [Fact("Evidence: evaluation (evaluation.json)", _digest(facts.evaluation), True)]
    rows = [Fact("Table of images (per-image.parquet)", facts.rows_digest, True)] if facts.rows_digest else []
    return (*named, *rows)


def _digest(content: Mapping[str, Any]) -> str:
    """The digest of a result, or why it has none."""
    try:
        return record_digest(content)
    except EvidenceError:
        return "none: it holds a value that JSON cannot say"


def _extractor(facts: Facts) -> str:
    """How images became numbers."""
    stated = mapping(facts.evaluation.get("extractor"))
    if not stated:
        return "not stated"
    dimension = count(stated.get("dimension"))
    steps = ((key.replace("_", " "), " ".join(texts(v))) for key, v in mapping(stated.get("preprocessing")).items())
    done = ", ".join(f"{step}: {said}" for step, said in steps if said)
    of = f", {dimension} numbers per image" if dimension else ""
    return f"{stated.get('name') or 'not named'}{of}{f'; {done}' if done else ''}"


def _oversight(facts: Facts) -> tuple[Fact, ...]:
    """Where the history is kept, where anyone can ask, and who answers."""
    oversight = mapping(mapping(facts.record).get("oversight"))
    people = mapping(facts.record).get("responsible")
    contact = oversight.get("contact")
    return (
        Fact("Log entry", _or(oversight.get("log"), "none: this report is in no public log")),
        *_plan(facts),
        Fact("Public entry", _or(oversight.get("registry"), "none: there is no page where the public can ask")),
        Fact("Responsible", "; ".join(texts(people)) or "nobody is named"),
        Fact("How to object", _or(contact, "no contact is given; ask whoever gave you this report")),
    )


def _plan(facts: Facts) -> tuple[Fact, ...]:
    """The checkpoint of a log that held the plan before the results were made."""
    after = mapping(facts.evaluation.get("after"))
    if not after:
        return ()
    told = f"{after.get('log')}, a checkpoint of {count(after.get('size')) or '?'} entries; misyn check proves it again"
    return (Fact("The plan was in this log before the results", told),)


def _or(value: object, otherwise: str) -> str:
    """A text, or what is said when there is none."""
    return str(value) if value else otherwise
