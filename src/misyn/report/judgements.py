"""What was claimed, what limits it, and what is recommended: judged elsewhere, ordered and worded here.

Rules
-----
1. No status is decided here and none is summed up: no total, percentage, grade or colour.
2. Results against the technique that no claim mentions stand in the same list as the claims.
3. Recommendations are ordered by the harm they prevent, open ones first, the least effort first; never by id.
4. The three intrinsic limits are stated whatever the record says; what it says of them stands beside.

Example:
    >>> from misyn.report.facts import Facts
    >>> marks = {"n_files": 200, "verdicts": {"synthetic": 0, "no-evidence": 200}}
    >>> adverse(Facts(audit=None, evaluation={}, marks=marks, record=None, rows=()))[0].text
    'Of 200 files, 200 carry no declaration that they are synthetic.'
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any

from misyn.errors import MisynError
from misyn.report import words
from misyn.report.facts import Facts, mapping, mappings, texts
from misyn.report.numbers import count, whole

STATUSES = {
    "not-met": ("○", "Not met"),
    "partly": ("◐", "Partly met"),
    "not-assessed": ("?", "Not assessed"),
    "met": ("●", "Met"),
    "not-applicable": ("–", "Does not apply"),
}
CLAIMS = {
    "supported": ("●", "Supported by the evidence"),
    "unsupported": ("○", "Not supported by evidence"),
    "contradicted": ("✕", "Contradicted by the evidence"),
    "beyond-phase": ("↑", "Reaches beyond what was evaluated"),
    "untested": ("?", "Not tested"),
    "stale": ("…", "Out of date"),
}
KINDS = {"benefit": "Claim of benefit", "limitation": "Stated limitation", "equivalence": "Claim of equivalence"}
UNMENTIONED = ("!", "No claim mentions this")
ASPECTS = (
    ("assessed", "Scope, weaknesses, failure modes and side effects that were looked at"),
    ("design", "Limits of the problem, the design and the way of evaluating"),
)
INTRINSIC = (
    (
        "grounding",
        "However good the numbers above, these images have no inherent grounding: resemblance is not grounding, "
        "and no patient stands behind a synthetic image.",
    ),
    (
        "representation",
        "However good the numbers above, synthetic images cannot fully represent the images a technique was trained "
        "on: something of them is always missing.",
    ),
    (
        "shift",
        "However good the numbers above, synthetic images bring new shifts and biases, and measuring finds only those "
        "it looks for.",
    ),
)


@dataclass(frozen=True)
class Judged:
    """One claim or recommendation with its status in words and a sign that does not rest on colour."""

    id: str
    kind: str
    text: str
    sign: str
    status: str
    reason: str
    next: str
    evidence: tuple[str, ...]
    technical: str = ""
    why: str = ""


@dataclass(frozen=True)
class Aspect:
    """One of the three aspects of limitations."""

    title: str
    stated: tuple[str, ...]
    always: tuple[tuple[str, str], ...] = ()
    absent: str = ""


def claims(facts: Facts) -> tuple[Judged, ...]:
    """Claims as their authors wrote them, then results against the technique that no claim mentions."""
    judged = tuple(_claim(raw) for raw in mappings(mapping(facts.audit).get("claims")))
    return (*judged, *(result for result in adverse(facts) if not _mentioned(facts, result.evidence)))


def _claim(raw: Mapping[str, Any]) -> Judged:
    """Word one claim."""
    status = str(raw.get("status") or "")
    sign, said = CLAIMS.get(status, ("?", status or "Not judged"))
    kind = str(raw.get("kind") or "")
    return Judged(str(raw.get("id") or ""), KINDS.get(kind, kind), str(raw.get("text") or ""), sign, said, **_rest(raw))


def _rest(raw: Mapping[str, Any]) -> dict[str, Any]:
    """Reason, next step and evidence of a claim or finding."""
    said = {key: str(raw.get(key) or "") for key in ("reason", "next")}
    return said | {"evidence": texts(raw.get("evidence"))}


def adverse(facts: Facts) -> tuple[Judged, ...]:
    """Results that speak against the technique, each with the names of the measures behind it."""
    numbers = facts.numbers
    results: list[tuple[str, tuple[str, ...]]] = []
    left_out = words.missing_subject(facts)
    if left_out is not None and (left_out.value or 0.0) < words.HALF:
        results.append((words.missing(facts), ("coverage",)))
    test = numbers.test("mmd")
    if test is not None and test.p is not None and test.p < words.ALPHA:
        results.append((words.shifted(facts), ("mmd", "frechet")))
    return tuple(
        _result(text, names) for text, names in (*results, *_copies(facts), *_unsupported(facts), *_unmarked(facts))
    )


def _result(text: str, names: tuple[str, ...]) -> Judged:
    """Word a result against the technique like a claim."""
    sign, said = UNMENTIONED
    return Judged("", "Result against the technique", text, sign, said, "", "", names)


def _copies(facts: Facts) -> list[tuple[str, tuple[str, ...]]]:
    """Exact copies, and more suspected ones than held-out medical images would give."""
    numbers = facts.numbers
    exact, suspects, chance = (numbers.find(n) for n in ("exact_copies", "copy_suspects", "copy_suspects_baseline"))
    if exact is not None and exact.value:
        return [(words.copied(facts), ("exact_copies",))]
    usual = chance.value if chance is not None and chance.value is not None else 0.05
    if suspects is not None and suspects.value is not None and (suspects.low or suspects.value) > usual:
        return [(words.copied(facts), ("copy_suspects",))]
    return []


def _unsupported(facts: Facts) -> list[tuple[str, tuple[str, ...]]]:
    """Synthetic images that medical images do not support, where they are clearly more than held-out ones would be."""
    found, control = facts.numbers.find("support"), facts.numbers.find("support_baseline")
    usual = control.value if control is not None and control.value is not None else 0.95
    if found is None or found.value is None or (found.high if found.high is not None else found.value) >= usual:
        return []
    said = f"Only {words.of(found)} synthetic images are supported by {words.medical(facts)}; {words.interval(found)}."
    return [(said, ("support",))]


def _unmarked(facts: Facts) -> list[tuple[str, tuple[str, ...]]]:
    """Synthetic files that do not say what they are."""
    marks = mapping(facts.marks)
    verdicts, n, declared = mapping(marks.get("verdicts")), count(marks.get("n_files")), count(marks.get("declared"))
    silent = count(verdicts.get("no-evidence"))
    if n is not None and declared is not None:
        silent = n - declared - (count(verdicts.get("unreadable")) or 0)
    if not n or not silent:
        return []
    return [(f"Of {whole(n)} files, {whole(silent)} carry no declaration that they are synthetic.", ("marks",))]


def _mentioned(facts: Facts, names: tuple[str, ...]) -> bool:
    """Whether a claim of the record speaks of one of these measures."""
    said = [
        text
        for claim in mappings(mapping(facts.record).get("claims"))
        for key in ("expects", "evidence")
        for text in texts(claim.get(key))
    ]
    return any(name in text for name in names for text in said)


def limitations(facts: Facts) -> tuple[Aspect, ...]:
    """The three aspects, the intrinsic one last and never empty."""
    stated = mapping(mapping(facts.audit).get("limitations")) or mapping(mapping(facts.record).get("limitations"))
    nothing = "The record states none." if facts.audit or facts.record else "There is no record that could state any."
    aspects = tuple(Aspect(title, _stated(facts, stated, key), absent=nothing) for key, title in ASPECTS)
    raw = stated.get("intrinsic")
    own = mapping(raw)
    loose = () if isinstance(raw, Mapping) else texts(raw)
    acknowledged = tuple((always, " ".join(texts(own.get(key)))) for key, always in INTRINSIC)
    return (*aspects, Aspect("Intrinsic limits, which no better technique removes", loose, acknowledged, nothing))


def _stated(facts: Facts, stated: Mapping[str, Any], key: str) -> tuple[str, ...]:
    """What the record states of one aspect; design assumptions are limits of the design."""
    assumptions = mapping(mapping(facts.record).get("design")).get("assumptions") if key == "design" else None
    return (*texts(stated.get(key)), *(f"Assumed: {text}" for text in texts(assumptions)))


def recommendations(facts: Facts) -> tuple[Judged, ...]:
    """The checklist, in the order of the harm that each prevents."""
    known = _catalogue()
    order = {status: place for place, status in enumerate(STATUSES)}

    def rank(raw: Mapping[str, Any]) -> tuple[int, int, int, int]:
        about = known.get(str(raw.get("id")))
        place = order.get(str(raw.get("status")), len(order))
        return (-about.severity, place, about.effort, about.place) if about is not None else (0, place, 0, 0)

    findings = sorted(mappings(mapping(facts.audit).get("findings")), key=rank)
    return tuple(_finding(raw, known.get(str(raw.get("id")))) for raw in findings)


@dataclass(frozen=True)
class _About:
    """What the catalogue says of a recommendation."""

    place: int
    title: str
    plain: str
    technical: str
    why: str
    severity: int
    effort: int


def _catalogue() -> dict[str, _About]:
    """The catalogue by id; empty where it cannot be read, so that a report still shows what was judged."""
    from misyn.practice import catalogue  # noqa: PLC0415 - YAML and a schema, only when there are findings to word

    try:
        found = catalogue.load()
    except (MisynError, OSError):
        return {}
    return {
        r.id: _About(place, r.title, r.plain, r.technical, r.why, r.severity, r.effort) for place, r in enumerate(found)
    }


def _finding(raw: Mapping[str, Any], about: _About | None) -> Judged:
    """Word one finding."""
    status, name = str(raw.get("status") or ""), str(raw.get("id") or "")
    sign, said = STATUSES.get(status, ("?", status or "Not judged"))
    if about is None:
        return Judged(name, name, str(raw.get("title") or ""), sign, said, **_rest(raw))
    return Judged(name, about.title, about.plain, sign, said, **_rest(raw), technical=about.technical, why=about.why)
