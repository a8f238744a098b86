"""Technical standards, T1 to T7: synthetic images say so, and can be traced.

Rules
-----
1. A trace a generator leaves by chance (a web UI's own PNG text) is evidence of synthetic origin, not a mark.
2. Only a layer in the pixels or outside the file survives a re-save that drops metadata.
3. Words are judged only in the record itself; other texts, names and code are a reviewer's.

Example:
    >>> [rule.id for rule in RULES][0]
    'T1'
"""

from __future__ import annotations

import re
from collections.abc import Iterator, Mapping
from typing import Any

from misyn.practice.rules.case import Case, Decision, Rule, listed, met, not_assessed, not_met, partly

_MARK = "misyn mark --record misyn.yaml on every synthetic file, or save through misyn.born"
_VERIFY = "name the synthetic images in data.synthetic.path and run misyn audit again"
_LASTING = ("watermark", "fingerprint")
# What a declaration of use says, beside which technique and how many images.
_USE = (
    ("technique.version", "which version"),
    ("technique.kind", "which kind of technique"),
    ("technique.method", "how they are made"),
    ("use.intended", "what they are for"),
)
# Words that blur the two kinds; 'real-time' and the like are innocent.
_BLUR = re.compile(
    r"\b(real|true|genuine|fake)\s+(medical\s+|patient\s+)?(images?|scans?|pictures?|photos?|samples?|data)\b"
    r"|\bsynthetic\s+(medical|clinical|patient)\s+(images?|scans?|pictures?|photos?)\b",
    re.IGNORECASE,
)


def marked(case: Case) -> Decision:
    """T1: every file carries a mark in its format's standard place."""
    n = _count(case)
    if not n:
        return not_assessed("no synthetic file was verified", next=_VERIFY)
    have, wrong = _layer(case, "metadata"), _verdict(case, "contradictory")
    if have == n and not wrong:
        return met(f"{n} of {n} files carry a mark in their format's standard place")
    if not have:
        return not_met(f"0 of {n} files carry a standard mark or a declaration{_traces(case)}", next=_MARK)
    reason = f"{have} of {n} files carry a standard mark{_traces(case)}"
    reason += f"; in {wrong} the layers contradict each other" if wrong else ""
    return partly(reason, next=_MARK)


def layered(case: Case) -> Decision:
    """T2: ordinary handling does not silently lose the mark."""
    n = _count(case)
    if not n:
        return not_assessed("no synthetic file was verified", next=_VERIFY)
    counts = {layer: _layer(case, layer) for layer in ("metadata", "credential", *_LASTING)}
    carried = [f"{layer} on {count} of {n}" for layer, count in counts.items() if count]
    if not carried:
        return not_met(f"none of {n} files carries a layer that was made to last", next=_MARK)
    complete = [layer for layer, count in counts.items() if count == n]
    if any(layer in complete for layer in _LASTING) and len(complete) > 1:
        return met(f"layers: {listed(carried)}; {_survivor(complete)} stays where tools drop metadata")
    return (partly if len(carried) > 1 else not_met)(
        f"layers: {listed(carried)}; re-saving or converting with ordinary tools drops what is kept in metadata, "
        "and no layer on every file lies in the pixels or outside the file",
        next="add a layer that survives a re-save: misyn.marks.watermark.embed before saving, or fingerprints",
    )


def labelled(case: Case) -> Decision:
    """T3: people see a label. Files can be counted; documents are a reviewer's."""
    n, have = _count(case), _layer(case, "label")
    step = "label what people look at (viewer, figures, captions, pages), and have a reviewer look at it"
    if not n:
        return not_assessed("no synthetic file was verified, and no document was read", next=_VERIFY)
    if not have:
        return not_assessed(
            f"0 of {n} files carry a visible label (training images need none); documents were not read",
            next=step,
        )
    reason = f"{have} of {n} files carry a visible label; viewers, figures, captions and pages were not read"
    return Decision("partly", reason, step, stated=have == n)


def worded(case: Case) -> Decision:
    """T4: the record's own words keep the two kinds apart."""
    found = [(path, match.group()) for path, text in _texts(case.record.content) if (match := _BLUR.search(text))]
    if found:
        where = listed([f"'{word}' at {path}" for path, word in found[:5]])
        more = f", and {len(found) - 5} more" if len(found) > 5 else ""
        return not_met(
            f"the record blurs the difference: {where}{more}",
            next="write 'synthetic image' for outputs of the technique and 'medical image' for images of patients",
        )
    return Decision(
        "partly",
        "the record's own words keep the two kinds apart; file names, columns, code and other texts were not read",
        "a reviewer reads file names, columns, code and publications for the same words",
        stated=True,
    )


def declared_use(case: Case) -> Decision:
    """T5: which images, how many, how made, and for what."""
    n = _synthetic_count(case)
    if not n:
        return not_assessed("no synthetic images were counted: their number cannot be declared", next=_VERIFY)
    lacking = [(path, words) for path, words in _USE if not case.record.get(path)]
    given = [f"{n} images", "which technique", *(words for path, words in _USE if (path, words) not in lacking)]
    if not lacking:
        return met(f"declared: {listed(given)}")
    return partly(
        f"declared: {listed(given)}; not declared: {listed([words for _, words in lacking])}",
        next="write " + listed([path for path, _ in lacking]) + " in the record",
    )


def separated(case: Case) -> Decision:
    """T6: no undeclared mixture."""
    n, shared = _count(case), case.evaluation.estimates("exact_copies")
    if not n:
        return not_assessed("no synthetic file was verified: a mixture could not be seen", next=_VERIFY)
    mixed = [row for row in shared if row["value"] > 0]
    if mixed:
        where = listed([f"{row.get('set') or 'medical'} images" for row in mixed])
        return not_met(
            f"identical images lie among the synthetic images and the {where}: one of the two is not what it is called",
            next="look at the exact copies in per-image.parquet, and remove or re-label them",
        )
    declared = int(case.marks.get("declared", 0))
    if declared < n:
        return not_met(
            f"{n - declared} of {n} synthetic files declare nothing: outside their folder no record tells them apart",
            next=_MARK,
        )
    return _medical_side(case, n, measured=bool(shared))


def _medical_side(case: Case, n: int, *, measured: bool) -> Decision:
    """The synthetic files declare themselves; what of the medical ones?"""
    other = case.content("marks-medical")
    if not measured:
        return not_assessed(
            f"{n} of {n} synthetic files declare their origin; they were not compared with medical images",
            next="name medical images in data and run misyn audit again",
        )
    if not other.get("n_files"):
        return partly(
            f"{n} of {n} synthetic files declare their origin and none equals a medical image; the medical files "
            "themselves were not verified",
            next="misyn verify the medical folders with --expect no-evidence",
        )
    odd = sum(int(other.get("verdicts", {}).get(name, 0)) for name in ("synthetic", "contradictory"))
    if odd:
        return not_met(
            f"{odd} of {other['n_files']} files among the medical images carry evidence of synthetic origin",
            next="misyn verify the medical folders, and move what is synthetic out of them",
        )
    return met(f"{n} of {n} synthetic files declare their origin; none of {other['n_files']} medical files shows any")


def traceable(case: Case) -> Decision:
    """T7: technique, version, training data, time, responsible party; signed."""
    n = _count(case)
    if not n:
        return not_assessed("no synthetic file was verified", next=_VERIFY)
    declared, signed = int(case.marks.get("declared", 0)), int(case.marks.get("signed", 0))
    if not declared:
        return not_met(f"0 of {n} files carry a declaration: no file says who made it, with what and when", next=_MARK)
    foreign = _other_techniques(case)
    if foreign:
        return not_met(
            f"{foreign} of {n} files name another technique or version than this record",
            next="mark the files with the record that made them, or correct technique.name and technique.version",
        )
    return _trace_gaps(case, n, declared, signed)


def _trace_gaps(case: Case, n: int, declared: int, signed: int) -> Decision:
    gaps = [] if declared == n else [(f"{n - declared} of {n} files carry no declaration", "misyn mark them")]
    if signed < n:
        gaps.append((f"{n - signed} of {n} are not signed", "sign with a key: misyn key new, then misyn mark --key"))
    if not case.record.get("technique.version"):
        gaps.append(("the record gives no version", "write technique.version"))
    if not case.record.get("data.training"):
        gaps.append(("the record names no training data", "write data.training"))
    if not gaps:
        return met(
            f"{n} of {n} files carry a signed declaration of this technique, and the record names its training data"
        )
    return partly(
        f"{declared} of {n} files declare technique, version, time and record; " + "; ".join(gap for gap, _ in gaps),
        next="" + "; ".join(step for _, step in gaps),
    )


def _other_techniques(case: Case) -> int:
    """How many files name a technique or version that is not the record's."""
    name, version = str(case.record.get("technique.name")), case.record.get("technique.version")
    return sum(
        int(row.get("n", 0))
        for row in case.marks.get("techniques", [])
        if str(row.get("name")) != name or (version is not None and str(row.get("version")) != str(version))
    )


def _traces(case: Case) -> str:
    """Name what generators left, so that it is not taken for a mark."""
    only = int(case.marks.get("foreign_only", 0))
    names = sorted(case.marks.get("foreign", {}))
    if not only or not names:
        return ""
    return (
        f"; {only} carry only {listed([_trace_words(name) for name in names])}, which is a trace and not a declaration"
    )


def _trace_words(name: str) -> str:
    family, _, what = name.partition(":")
    return f"the generator's own {family.upper()} text ({what})" if what else f"the generator's own trace ({name})"


def _survivor(complete: list[str]) -> str:
    return "the " + listed([layer for layer in _LASTING if layer in complete])


def _count(case: Case) -> int:
    return int(case.marks.get("n_files", 0))


def _layer(case: Case, name: str) -> int:
    return int(case.marks.get("layers", {}).get(name, 0))


def _verdict(case: Case, name: str) -> int:
    return int(case.marks.get("verdicts", {}).get(name, 0))


def _synthetic_count(case: Case) -> int:
    measured = case.evaluation.set("synthetic")
    return int(measured["n"]) if measured else _count(case)


def _texts(value: Any, path: str = "") -> Iterator[tuple[str, str]]:  # noqa: ANN401 - the record's content
    if isinstance(value, str):
        yield path, value
    elif isinstance(value, Mapping):
        for key, item in value.items():
            yield from _texts(item, f"{path}.{key}" if path else str(key))
    elif isinstance(value, list):
        for index, item in enumerate(value):
            yield from _texts(item, f"{path}[{index}]")


RULES = (
    Rule(id="T1", decide=marked, uses=("marks",)),
    Rule(id="T2", decide=layered, uses=("marks",)),
    Rule(id="T3", decide=labelled, uses=("marks",)),
    Rule(id="T4", decide=worded, reads=("problem", "use", "design", "claims", "limitations", "technique")),
    Rule(id="T5", decide=declared_use, reads=("technique", "use"), uses=("marks", "evaluation")),
    Rule(id="T6", decide=separated, uses=("marks", "marks-medical", "evaluation")),
    Rule(id="T7", decide=traceable, reads=("technique", "data.training", "responsible"), uses=("marks",)),
)
