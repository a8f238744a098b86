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
from misyn.practice import balance
from misyn.practice.measured import Measured
from misyn.practice.record import Record
from misyn.report import groups, words
from misyn.report.facts import Facts, mapping, mappings, texts
from misyn.report.measures import by_name
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
MOST_GROUPS = 8
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
    return (*judged, *adverse(facts))


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
    """Results against the technique that no claim and no assessed limitation mentions, the files' silence included.

    Which results these are is decided by :mod:`misyn.practice.balance`, so that page and findings agree.
    """
    measured = Measured(facts.evaluation)
    found = balance.against(measured) if facts.record is None else balance.unmentioned(Record(facts.record), measured)
    whole_set = [_in_words(facts, result) for result in found if result.group is None]
    return tuple(map(_result, (*whole_set, *_left_out(facts, found), *_unmarked(facts))))


def _result(text: str) -> Judged:
    """Word a result against the technique like a claim."""
    sign, said = UNMENTIONED
    return Judged("", "Result against the technique", text, sign, said, "", "", ())


def _in_words(facts: Facts, result: balance.Against) -> str:
    """Say a result over all images: the question's own sentence where it has one, else measure, value and baseline."""
    if result.name == "mmd":
        return words.shifted(facts)
    if result.name == "exact_copies":
        return words.copied(facts)
    number, measure = facts.numbers.find(result.name), by_name(result.name)
    if number is None or measure is None:
        return f"{result.sentence}."
    baseline = words.beside(facts, number)
    beside = f"; with medical images in their place: {words.of(baseline)}" if baseline is not None else ""
    return f"{measure.plain}: {words.of(number)}{beside}."


def _left_out(facts: Facts, found: tuple[balance.Against, ...]) -> list[str]:
    """Say all groups that are left out in one sentence, the worst first; other results by group each in its own."""
    left_out = {result.group for result in found if result.name == "coverage" and result.group}
    said = [
        f"{groups.short(number.group or '')} ({words.of(number)})"
        for number in facts.numbers.by_group("coverage")
        if number.group in left_out
    ]
    others = [f"{result.sentence}." for result in found if result.group and result.name != "coverage"]
    more = f", and {len(said) - MOST_GROUPS} other groups" if len(said) > MOST_GROUPS else ""
    return ([f"Groups of which least was found: {', '.join(said[:MOST_GROUPS])}{more}."] if said else []) + others


def _unmarked(facts: Facts) -> list[str]:
    """Synthetic files that do not say what they are."""
    marks = mapping(facts.marks)
    verdicts, n, declared = mapping(marks.get("verdicts")), count(marks.get("n_files")), count(marks.get("declared"))
    silent = count(verdicts.get("no-evidence"))
    if n is not None and declared is not None:
        silent = n - declared - (count(verdicts.get("unreadable")) or 0)
    if not n or not silent:
        return []
    return [f"Of {whole(n)} files, {whole(silent)} carry no declaration that they are synthetic."]


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
    known = about()
    order = {status: place for place, status in enumerate(STATUSES)}

    def rank(raw: Mapping[str, Any]) -> tuple[int, int, int, int]:
        about = known.get(str(raw.get("id")))
        place = order.get(str(raw.get("status")), len(order))
        return (-about.severity, place, about.effort, about.place) if about is not None else (0, place, 0, 0)

    findings = sorted(mappings(mapping(facts.audit).get("findings")), key=rank)
    return tuple(_finding(raw, known.get(str(raw.get("id")))) for raw in findings)


@dataclass(frozen=True)
class About:
    """What the catalogue says of a recommendation."""

    place: int
    title: str
    plain: str
    technical: str
    why: str
    severity: int
    effort: int


def about() -> dict[str, About]:
    """The catalogue by id; empty where it cannot be read, so that a report still shows what was judged."""
    from misyn.practice import catalogue  # noqa: PLC0415 - YAML and a schema, only when there are findings to word

    try:
        found = catalogue.load()
    except (MisynError, OSError):
        return {}
    return {
        r.id: About(place, r.title, r.plain, r.technical, r.why, r.severity, r.effort) for place, r in enumerate(found)
    }


def _capital(text: str) -> str:
    """Begin a sentence that came without its capital, unless it begins with a name of code."""
    first = text.partition(" ")[0]
    return text[:1].upper() + text[1:] if first.isalpha() and first != "misyn" else text


def _finding(raw: Mapping[str, Any], about: About | None) -> Judged:
    """Word one finding."""
    raw = {**raw, "reason": _capital(str(raw.get("reason") or ""))}
    status, name = str(raw.get("status") or ""), str(raw.get("id") or "")
    sign, said = STATUSES.get(status, ("?", status or "Not judged"))
    if about is None:
        return Judged(name, name, str(raw.get("title") or ""), sign, said, **_rest(raw))
    return Judged(name, about.title, about.plain, sign, said, **_rest(raw), technical=about.technical, why=about.why)
