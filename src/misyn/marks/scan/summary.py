r"""The aggregate of a scan: counts only, fit to leave the machine.

Rules
-----
1. No path, no pseudonym, no text of a file but the declared techniques' names, made safe to show.
2. Same rows, same bytes: every list is in a fixed order.
3. The answer is *no* where something was found that a steward must not pass over: contradictory files, synthetic images
   that nobody declared, mixed series, studies or patients, a patient or the same pixels in two splits. Mixed folders
   and near duplicates may be as they should: they are notices.

Example:
    >>> reasons({"verdicts": {"contradictory": 1}, "groups": {}, "duplicates": {}})
    ['1 file contradicts itself']
"""

from __future__ import annotations

from collections import Counter
from collections.abc import Mapping, Sequence
from typing import Any

from misyn import __version__
from misyn.marks.scan.duplicates import counts
from misyn.marks.scan.groups import LEVELS, VERDICTS, is_image
from misyn.marks.scan.schema import KINDS, SCHEMA

Row = Mapping[str, Any]


def summarise(
    rows: Sequence[Row],
    groups: Sequence[Row],
    pairs: Sequence[Row],
    *,
    kind: str,
    hidden: int,
    problems: Sequence[str],
    searched: Mapping[str, bool],
) -> dict[str, Any]:
    """Count what a scan found.

    Args:
        rows: one per file.
        groups: of :func:`misyn.marks.scan.groups.groups`.
        pairs: of :mod:`misyn.marks.scan.duplicates`.
        kind: of the place.
        hidden: hidden files and folders that were not entered.
        problems: sentences.
        searched: what was looked at: ``pixels``, ``watermark``, ``fingerprint``, ``near``.
    """
    images = [row for row in rows if is_image(row)]
    content: dict[str, Any] = {
        "schema": SCHEMA,
        "misyn": __version__,
        "place": kind,
        "searched": dict(searched),
        "files": len(rows),
        "hidden": hidden,
        "kinds": _count(rows, "kind", KINDS),
        "verdicts": _count(images, "verdict", VERDICTS),
        "trusted": sum(bool(row.get("trusted")) for row in images),
        "undeclared": sum(_is_undeclared(row) for row in images),
        "unread": sum(row["kind"] in _UNREAD for row in rows),
        "suspected": sum(_is_suspected(row) for row in images),
        "acquisition_shown": sum(bool(row.get("acquisition")) for row in images),
        "formats": _count(images, "format"),
        "techniques": _techniques(images),
        "traces": _traces(images),
        "splits": _by(images, "split"),
        "sources": _by(images, "source"),
        "groups": {level: _level(groups, level) for level in LEVELS},
        "duplicates": {how: counts([pair for pair in pairs if pair["kind"] == how]) for how in ("exact", "near")},
        "errors": _count([row for row in rows if row.get("error_type")], "error_type"),
        "problems": list(problems),
    }
    return content | {"needs_a_look": reasons(content), "notices": notices(content)}


def _is_undeclared(row: Row) -> bool:
    """Whether only a generator's own trace says synthetic."""
    return row["verdict"] == "synthetic" and row.get("layers") == "foreign"


def _is_suspected(row: Row) -> bool:
    """Whether a watermark is there and nothing says synthetic."""
    return row["verdict"] == "no-evidence" and "watermark" in (row.get("layers") or "").split()


def _count(rows: Sequence[Row], name: str, known: Sequence[str] = ()) -> dict[str, int]:
    found = Counter(row.get(name) or "unknown" for row in rows)
    return {value: found[value] for value in (*known, *sorted(found.keys() - set(known)))}


def _by(rows: Sequence[Row], name: str) -> dict[str, dict[str, int]]:
    values = sorted({row[name] for row in rows if row.get(name)})
    return {value: _count([row for row in rows if row.get(name) == value], "verdict", VERDICTS) for value in values}


def _techniques(rows: Sequence[Row]) -> list[dict[str, Any]]:
    found = Counter((row["technique"], row.get("technique_version") or "") for row in rows if row.get("technique"))
    return [{"name": name, "version": version, "n": n} for (name, version), n in sorted(found.items())]


def _traces(rows: Sequence[Row]) -> dict[str, int]:
    found = Counter(name for row in rows for name in {*(row.get("traces") or "").split()})
    return dict(sorted(found.items()))


def _level(groups: Sequence[Row], level: str) -> dict[str, int]:
    mine = [group for group in groups if group["level"] == level]
    across = sum(" " in group["splits"] for group in mine)
    return {"n": len(mine), "mixed": sum(group["mixed"] for group in mine), "across_splits": across}


_UNREAD = frozenset({"unreadable", "undecodable", "refused"})
Sentence = tuple[str, str, tuple[str, ...]]
_REASONS: tuple[Sentence, ...] = (
    ("{} contradict{s} {itself}", "file", ("verdicts", "contradictory")),
    ("{} {is} synthetic and declared by nobody: a generator's own trace alone says so", "image", ("undeclared",)),
    ("{} mix{es} marked and unmarked images", "series", ("groups", "series", "mixed")),
    ("{} mix{es} marked and unmarked images", "study", ("groups", "study", "mixed")),
    ("{} {has} marked and unmarked images", "patient or unit", ("groups", "patient", "mixed")),
    ("{} {has} images in more than one split", "patient or unit", ("groups", "patient", "across_splits")),
    ("{} of the same pixels cross{es} splits", "pair", ("duplicates", "exact", "across_split")),
)
_NOTICES: tuple[Sentence, ...] = (
    ("{} {has} marked and unmarked images", "folder", ("groups", "folder", "mixed")),
    ("{} could not be opened or not wholly read", "file", ("unread",)),
    ("{} {has} the public watermark and nothing else: worth asking about", "image", ("suspected",)),
    ("{} of the same pixels {has} a mark on one side only", "pair", ("duplicates", "exact", "across_verdict")),
    ("{} of the same pixels {is} in two sources", "pair", ("duplicates", "exact", "across_source")),
    ("{} look{s} alike across splits: a candidate, not a finding", "pair", ("duplicates", "near", "across_split")),
)
_PLURAL = {"series": "series", "study": "studies", "patient or unit": "patients or units"}


def reasons(content: Mapping[str, Any]) -> list[str]:
    """The sentences for which the answer is no (rule 3)."""
    return _said(_REASONS, content)


def notices(content: Mapping[str, Any]) -> list[str]:
    """What is worth knowing and may be as it should."""
    return _said(_NOTICES, content)


def _said(sentences: Sequence[Sentence], content: Mapping[str, Any]) -> list[str]:
    found = []
    for sentence, what, path in sentences:
        n = _at(content, path)
        if n:
            one = n == 1
            words = {"s": "s" * one, "es": "es" * one, "itself": "itself" if one else "themselves"}
            words |= {"has": "has" if one else "have", "is": "is" if one else "are"}
            named = f"{n:,} {what if one else _PLURAL.get(what, what + 's')}"
            found.append(sentence.format(named, **words))
    return found


def _at(content: Any, path: tuple[str, ...]) -> int:  # noqa: ANN401 - nested mappings
    for name in path:
        content = content.get(name, {})
    return content if isinstance(content, int) else 0
