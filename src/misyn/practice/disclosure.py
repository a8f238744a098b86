"""What may leave the machine of a record and its evidence: aggregates, and nothing that leads to a patient.

Rules
-----
1. Places of images and tables are withheld, and of other paths only the last name stays.
2. Of evidence, only what is listed below is kept: single values, tables of counts, and sentences without paths. Lists
   of numbers are left out: rows per image and embeddings would be such lists.
3. Groups under ten and what would give them away are left out (:mod:`misyn.practice.withholding`).
4. Documents that the record names as evidence are named with their digest; they stay where they are.
5. A judgement whose basis was current on the full evidence is given the basis of what is disclosed, so that it can be
   checked again; one that had ended stays ended. The maker of the bundle vouches for that step, and nobody else.

Source: interface.md of the project's design, section Files.

Example:
    >>> from misyn.practice.record import parse
    >>> record = parse("{misyn: 1, technique: {name: demo}, responsible: A, data: {training: {path: ward 3/anna}}}")
    >>> disclose(record, {}).record.get("data.training.path")
    'withheld'
"""

from __future__ import annotations

import hashlib
import re
from collections.abc import Callable, Iterator, Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from misyn.practice import plans, reviewed, withholding
from misyn.practice.phases import KINDS as STUDIED
from misyn.practice.record import Record
from misyn.results import Evidence

WITHHELD = "withheld"
STUDIES = STUDIED[1:]
FILES = "files"
_ROLES = ("training", "held_out", "reference", "synthetic")
_PLACES = ("path", "table")
# A place on a machine, inside a sentence or as a whole text.
_ABSOLUTE = re.compile(r"(?<![\w:/.])(?:~|[A-Za-z]:)?(?:[\\/]+[^\s'\",;:\\/]+){2,}|\\\\[^\s'\",;]+")
_WHOLE = re.compile(r"(?P<kind>file:)?\s*(?:~?[\\/]|[A-Za-z]:[\\/]|\.\.[\\/]).*", re.DOTALL)
_EVALUATION = ("schema", "misyn", "seed", "created", "speaks_of", "after", "extractor", "settings", "images")
_STUDY = ("schema", "phase", "titles", "approval", "created", "speaks_of")
_REVIEW = ("reviewer", "about", "decision", "reason", "basis", "interests", "date")
_CONCERN = ("id", "about", "state")
SMALL = "small-group"
_LOG = ("digest", "index", "kind", "log", "proof", "root", "size")
_BLOCK = 1 << 20


@dataclass(frozen=True)
class Disclosed:
    """What may leave: the record and the evidence, reduced."""

    record: Record
    evidence: Mapping[str, Evidence]


def disclose(record: Record, evidence: Mapping[str, Evidence]) -> Disclosed:
    """Reduce a record and its evidence to what may leave the machine."""
    content = _without_places(record)
    files = _files(record)
    reduced = {kind: Evidence(kind, _REDUCED[kind](e.content)) for kind, e in evidence.items() if kind in _REDUCED}
    if files:
        reduced[FILES] = Evidence(FILES, {"schema": "misyn/files/1", "files": files})
    shown = Record(content, files=frozenset(files))
    if "log" in reduced and content.get("plan") != record.get("plan"):
        reduced["log"] = _without_plan(reduced["log"], record)
    if "reviews" in reduced:
        reduced["reviews"] = _rebased(record, evidence, shown, reduced)
    return Disclosed(shown, reduced)


def scrubbed(text: str, record: Record | None = None) -> str:
    """A sentence without the places of a record's images and without absolute paths.

    Example:
        >>> scrubbed("found nothing at /mnt/ward 3/anna.png; see the table")
        'found nothing at (a place) 3/anna.png; see the table'
    """
    places = {str(record.file(f"data.{role}.{key}")) for role in _ROLES for key in _PLACES} if record else set()
    for place in sorted(places - {"None"}, key=len, reverse=True):
        alone = re.escape(place) + r"(?!\w)"
        text = re.sub(alone if re.search(r"[\\/]", place) else rf"(?<=\bat |\bin ){alone}", "(a place)", text)
    return _ABSOLUTE.sub("(a place)", text)


def _without_places(record: Record) -> dict[str, Any]:
    """The record's content without places (rule 1)."""
    folder = record.path.parent if record.path else None
    content: dict[str, Any] = _mapped(dict(record.content), _last_name)
    sets = content.get("data")
    if isinstance(sets, dict):
        content["data"] = {role: _without_place(row, folder) for role, row in sets.items()}
    return content


def _without_place(row: Any, folder: Path | None) -> Any:  # noqa: ANN401 - what the record holds there
    return {key: _withheld(key, value, folder) for key, value in row.items()} if isinstance(row, dict) else row


def _withheld(key: str, value: Any, folder: Path | None) -> Any:  # noqa: ANN401 - what the record holds there
    return _mapped(value, lambda text: WITHHELD if key in _PLACES or _is_place(text, folder) else text)


def _is_place(text: str, folder: Path | None) -> bool:
    """Whether a text under ``data`` leads to a file or folder."""
    try:
        return folder is not None and (folder / text).exists()
    except (OSError, ValueError):  # too long for a name, or a zero byte
        return False


def _last_name(text: str) -> str:
    whole = _WHOLE.fullmatch(text)
    if whole is None or "\n" in text.strip():
        return scrubbed(text)
    return (whole["kind"] or "") + re.split(r"[\\/]", text.strip().rstrip("\\/"))[-1]


def _mapped(value: Any, change: Callable[[str], str]) -> Any:  # noqa: ANN401 - plain content
    if isinstance(value, dict):
        return {key: _mapped(item, change) for key, item in value.items()}
    if isinstance(value, list):
        return [_mapped(item, change) for item in value]
    return change(value) if isinstance(value, str) else value


def _files(record: Record) -> dict[str, str]:
    """The documents that the record names as evidence and that are there: name as it is shown, to digest."""
    found = {}
    for text in sorted(set(_texts(record.content))):
        path = record.beside(text.removeprefix("file:").strip()) if text.startswith("file:") else None
        if path is not None and path.is_file():
            found[_last_name(text).removeprefix("file:").strip()] = _digest(path)
    return found


def _texts(value: Any) -> Iterator[str]:  # noqa: ANN401 - plain content
    items = value.values() if isinstance(value, Mapping) else value if isinstance(value, list) else ()
    if isinstance(value, str):
        yield value
    for item in items:
        yield from _texts(item)


def _digest(path: Path) -> str:
    """A document's digest, with constant memory."""
    with path.open("rb") as file:
        return "sha256:" + hashlib.file_digest(file, "sha256").hexdigest()


def _rebased(
    record: Record, evidence: Mapping[str, Evidence], shown: Record, reduced: Mapping[str, Evidence]
) -> Evidence:
    """The judgements, with a new basis where theirs was current (rule 5)."""
    rows = []
    for row in reduced["reviews"].content["reviews"]:
        about, old = str(row.get("about")), row.get("basis")
        new = reviewed.basis(about, shown, reduced) if old == reviewed.basis(about, record, evidence) else old
        rows.append(row if new == old else {**row, "basis": new, "basis_of_all": old})
    return Evidence("reviews", {**reduced["reviews"].content, "reviews": rows})


def _without_plan(log: Evidence, record: Record) -> Evidence:
    """The log's entries without the plan, where its words name a place: what is shown is not what was logged."""
    logged = plans.digest_of(record.get("plan"))
    rows = [row for row in log.content["entries"] if row.get("digest") != logged]
    return Evidence("log", {**log.content, "entries": rows})


def _evaluation(content: Mapping[str, Any]) -> dict[str, Any]:
    """An evaluation's aggregates."""
    kept = {key: _values(content[key]) for key in _EVALUATION if key in content}
    kept |= {key: [_values(row) for row in _rows(content, key)] for key in ("estimates", "tests")}
    kept["sets"] = _values(content.get("sets", {}))
    kept = withholding.suppressed(kept)
    small = bool(kept.get("suppressed"))
    kept["warnings"] = [_warning(row, small=small) for row in _rows(content, "warnings")]
    return kept


def _warning(row: Mapping[str, Any], *, small: bool) -> dict[str, str]:
    """A warning without names and sizes of small groups."""
    name, text = str(row.get("id")), scrubbed(str(row.get("text", "")))
    if name == SMALL and (small or "=" in text):
        text = f"Some groups have fewer than {withholding.SMALLEST} images and get no number; which, is withheld"
    return {"id": name, "text": text}


def _study(content: Mapping[str, Any]) -> dict[str, Any]:
    kept = {key: content[key] for key in _STUDY if key in content}
    kept |= {key: [_values(row) for row in _rows(content, key)] for key in ("estimates", "tests")}
    return withholding.suppressed(kept)


def _marks(content: Mapping[str, Any]) -> dict[str, Any]:
    """What files say, counted; it names no file as it is made, and its sentences name no place."""
    kept = dict(_values(content))
    kept |= {key: [_values(row) for row in _rows(content, key)] for key in ("techniques", "records") if key in content}
    if isinstance(content.get("problems"), Mapping):
        kept["problems"] = {scrubbed(str(text)): n for text, n in content["problems"].items()}
    return kept


def _listed(key: str, fields: tuple[str, ...]) -> Any:  # noqa: ANN401 - a function of content
    """Keep the named fields of the rows under one key."""

    def reduced(content: Mapping[str, Any]) -> dict[str, Any]:
        rows = [{name: row[name] for name in fields if name in row} for row in _rows(content, key)]
        return {"schema": content.get("schema", f"misyn/{key}/1"), key: rows}

    return reduced


def _rows(content: Mapping[str, Any], key: str) -> list[Mapping[str, Any]]:
    rows = content.get(key)
    return [row for row in rows if isinstance(row, Mapping)] if isinstance(rows, list) else []


def _values(value: Any) -> Any:  # noqa: ANN401 - plain content
    """Single values and tables of them; lists are left out (rule 2)."""
    if not isinstance(value, Mapping):
        return scrubbed(value) if isinstance(value, str) else value
    return {str(key): _values(item) for key, item in value.items() if not isinstance(item, list)}


_REDUCED: Mapping[str, Callable[[Mapping[str, Any]], dict[str, Any]]] = {
    "marks": _marks,
    "marks-medical": _marks,
    "evaluation": _evaluation,
    **dict.fromkeys(STUDIES, _study),
    "reviews": _listed("reviews", _REVIEW),
    "concerns": _listed("concerns", _CONCERN),
    "log": _listed("entries", _LOG),
}
KINDS = (*_REDUCED, FILES)
