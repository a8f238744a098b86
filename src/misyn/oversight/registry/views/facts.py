"""What is known of a technique, in plain words, from what was published: nothing is measured or judged here.

Rules
-----
1. The same four questions as in the report, in the same order; "we cannot tell" is an answer.
2. Words are translated; numbers, and the words of authors, are as they were published.
3. No total, percentage, grade or colour sums findings up; they are listed, open ones first.
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from typing import Any

from django.utils.translation import gettext as _
from django.utils.translation import gettext_noop, pgettext

from misyn.practice import catalogue
from misyn.report.facts import texts

SCOPES = (
    gettext_noop("Nothing was measured. Nothing here shows benefit or safety for patients."),
    gettext_noop("Tested on existing images only (phase 1 of 5). Nothing here shows benefit or safety for patients."),
    gettext_noop("Looked at by experts (phase 2 of 5). Nothing here shows benefit or safety for patients."),
    gettext_noop("Tried in tasks by those meant to use it (phase 3 of 5). Nothing here shows benefit for patients."),
    gettext_noop("Tried in real care, with a comparison (phase 4 of 5). See for whom, and for whom not."),
    gettext_noop("Watched after its release (phase 5 of 5). See what was found, and for whom."),
)
STATUS = {
    "not-met": ("○", gettext_noop("Not met")),
    "partly": ("◐", gettext_noop("Partly met")),
    "not-assessed": ("?", gettext_noop("Nobody has checked")),
    "met": ("●", gettext_noop("Met")),
    "not-applicable": ("–", gettext_noop("Does not apply")),
}
CLAIM = {
    "supported": ("●", gettext_noop("The evidence supports this")),
    "unsupported": ("○", gettext_noop("The evidence does not support this")),
    "contradicted": ("✕", gettext_noop("The evidence speaks against this")),
    "beyond-phase": ("↑", gettext_noop("This goes further than the tests")),
    "untested": ("?", gettext_noop("This was not tested")),
    "stale": ("…", gettext_noop("This is out of date")),
}
ORDER = list(STATUS)


@dataclass(frozen=True)
class Line:
    """One judged line: a sign, the status in words, what it is about, and the reason as published."""

    id: str
    sign: str
    status: str
    plain: str
    technical: str
    reason: str
    next: str
    evidence: tuple[str, ...] = ()


def scope(audit: Mapping[str, Any]) -> str:
    """How far testing went, in one sentence."""
    return _(SCOPES[int(audit.get("phase") or 0)])


def findings(audit: Mapping[str, Any]) -> list[Line]:
    """The recommendations, open ones first."""
    known = {one.id: one for one in catalogue.load()}
    rows = sorted(audit.get("findings", []), key=lambda row: ORDER.index(row["status"]))
    return [_line(row, known) for row in rows if row["id"] in known]


def _line(row: Mapping[str, Any], known: Mapping[str, Any]) -> Line:
    sign, words = STATUS[row["status"]]
    entry = known[row["id"]]
    said = (row["reason"], row.get("next") or "")
    return Line(row["id"], sign, _(words), _(entry.plain), entry.title, *said, tuple(row.get("evidence", ())))


def claims(audit: Mapping[str, Any]) -> list[Line]:
    """What the makers claim, each with what the evidence says."""
    found = []
    for row in audit.get("claims", []):
        sign, words = CLAIM[row["status"]]
        said = (row["text"], row["text"], row["reason"], row.get("next") or "")
        found.append(Line(row["id"], sign, _(words), *said, tuple(row.get("evidence", ()))))
    return found


def answers(evaluation: Mapping[str, Any]) -> list[tuple[str, str]]:
    """The four questions, each with one plain sentence."""
    rows = evaluation.get("estimates", [])
    return [
        (_("What is missing?"), _missing(rows)),
        (_("What is different?"), _shifted(rows)),
        (_("What may be copied?"), _copied(rows)),
        (_("Who is harmed or helped?"), _("Not measured: we cannot tell. No one has shown that it helps or harms.")),
    ]


def _find(rows: list[Mapping[str, Any]], name: str) -> Mapping[str, Any] | None:
    found = [row for row in rows if row.get("name") == name and row.get("group") is None]
    order = {"training": 0, "reference": 1, "held-out": 2}
    return min(found, key=lambda row: order.get(str(row.get("set")), 9), default=None)


def _of(row: Mapping[str, Any], n: str) -> dict[str, int]:
    whole = int(row.get(n) or 0)
    k = round(float(row["value"]) * whole)
    return {"k": k, "n": whole, "rest": whole - k}


def _missing(rows: list[Mapping[str, Any]]) -> str:
    row = _find(rows, "coverage")
    if row is None or not row.get("n_medical"):
        return _("We cannot tell: this was not measured.")
    said = _("Of %(n)d images of patients, %(k)d have a synthetic image near them. The other %(rest)d are left out.")
    lowest = min(
        (
            one
            for one in rows
            if one.get("name") == "coverage" and one.get("group") and one.get("set") == row.get("set")
        ),
        key=lambda one: float(one["value"]),
        default=None,
    )
    if lowest is None or not lowest.get("n_medical"):
        return said % _of(row, "n_medical")
    group = _("In one group (%(group)s) it is %(k)d of %(n)d.") % {**_of(lowest, "n_medical"), "group": lowest["group"]}
    return f"{said % _of(row, 'n_medical')} {group}"


def _shifted(rows: list[Mapping[str, Any]]) -> str:
    row = _find(rows, "support") or _find(rows, "precision")
    if row is None or not row.get("n_synthetic"):
        return _("We cannot tell: this was not measured.")
    return _("Of %(n)d synthetic images, %(k)d look like images of patients. The other %(rest)d do not.") % _of(
        row, "n_synthetic"
    )


def _copied(rows: list[Mapping[str, Any]]) -> str:
    exact, near = _find(rows, "exact_copies"), _find(rows, "copy_suspects")
    if exact is None or not exact.get("n_synthetic"):
        return _("We cannot tell: this was not measured.")
    said = _("Of %(n)d synthetic images, %(k)d are exact copies of an image of a patient.") % _of(exact, "n_synthetic")
    if near is None or not near.get("n_synthetic"):
        return said + " " + _("If others are close copies, we cannot tell.")
    return said + " " + _("%(k)d more may be close copies.") % _of(near, "n_synthetic")


def limits(record: Mapping[str, Any]) -> list[tuple[str, tuple[str, ...]]]:
    """What its makers say of its limits, in three aspects."""
    given = record.get("limitations") or {}
    named = (
        ("assessed", _("What does not work, and what can go wrong")),
        ("design", _("What the way it was built and tested cannot do")),
        ("intrinsic", _("What no technique of this kind can do")),
    )
    return [(title, texts(given.get(key))) for key, title in named]


def about(record: Mapping[str, Any]) -> Iterator[tuple[str, tuple[str, ...]]]:
    """What its makers say of it: title and words; what they do not say is left empty, and shown as such."""
    use, problem, technique = record.get("use") or {}, record.get("problem") or {}, record.get("technique") or {}
    yield _("How an image is made"), texts(technique.get("description"))
    yield _("Why it was made"), texts(problem.get("need"))
    yield _("What it is for"), texts(use.get("intended"))
    yield _("What it must not be used for"), texts([use.get("out_of_scope"), use.get("prohibited")])
    yield _("When its use should stop"), texts(use.get("stop_when"))
    yield _("How to refuse it"), texts(use.get("refusal"))


def controllers(record: Mapping[str, Any]) -> list[dict[str, Any]]:
    """Where the images of patients come from, and whom to ask about one's own: the route to the data controller."""
    names = {
        "training": pgettext("set of images", "Images it was built with"),
        "held_out": pgettext("set of images", "Images it was tested with"),
        "reference": pgettext("set of images", "Other images it was compared with"),
    }
    sets = record.get("data") or {}
    return [
        {"title": title, "origin": texts(row.get("origin")), "consent": texts(row.get("consent"))}
        for role, title in names.items()
        if isinstance(row := sets.get(role), Mapping)
    ]
