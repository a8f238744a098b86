r"""What in a submission is no aggregate, or does not belong in public.

Rules
-----
1. Disclosing again must change nothing: no place, no row per image, no small group (:mod:`misyn.practice.disclosure`).
2. Only keys that are known are taken: of the record's schema, of an evaluation, of a summary of marks.
3. No text is longer than people write, none holds what looks like encoded bytes, a picture, an identifier of DICOM, or
   a path; no list or table is longer than a summary needs.
4. No group is named by what identifies a person.
5. A problem names the place by known keys, and never the value.

Example:
    >>> [where for where, _ in problems({"record": {"technique": {"name": "A" * 200 + "=="}}, "audit": {}})]
    ['record.technique.name']
"""

from __future__ import annotations

import re
from collections.abc import Iterator, Mapping
from functools import lru_cache
from typing import Any

from misyn.practice import disclosure, schema
from misyn.practice.record import Record
from misyn.results import Evidence

LONGEST_TEXT, LONGEST_KEY, LONGEST_LIST, MOST_KEYS, DEEPEST = 5000, 200, 2000, 400, 12
ENCODED = re.compile(r"[A-Za-z0-9+/_=-]{120,}|data:[a-z]+/|(?:[0-9a-fA-F]{2}[\s,:]){40,}|(?:\d{1,5}[\s,;]+){60,}")
UID = re.compile(r"(?<![\d.])[0-2](?:\.\d+){5,}(?![\d.])")
FILE = re.compile(r"(?<![\w.])[\w-]+\.(?:dcm|dicom|nii|nrrd|mha|mhd|png|jpe?g|tiff?|webp|gif|bmp|raw)\b", re.IGNORECASE)
CONTROL = re.compile(r"[\x00-\x08\x0b\x0c\x0e-\x1f\x7f\u202a-\u202e\u2066-\u2069]")
PERSON = re.compile(
    r"\b(patient|subject|case|person|participant)s?[\s_-]*(id|ids|nr|no|number|name|key|uid)?\s*=|mrn|birth|surname|"
    r"firstname|lastname|\bname\s*=|accession|ssn|nhs[\s_-]*n|insurance|address\s*=|postcode|zip\s*=|phone|e-?mail",
    re.IGNORECASE,
)
ROW = {
    *("name", "value", "low", "high", "level", "estimand", "unit", "n_medical", "n_synthetic", "n_patients", "group"),
    *("set", "method", "seed", "reason", "statistic", "p_value", "p_adjusted", "null", "correction"),
}
SET = {
    *("n", "n_patients", "n_units", "unit", "patients_known", "formats", "codecs", "bits", "sizes", "modalities"),
    *("unreadable", "groups", "labels"),
}
ROLES = {"training", "held-out", "reference", "synthetic"}
MARKS = {
    *("schema", "n_files", "verdicts", "layers", "foreign", "foreign_only", "declared", "signed", "formats"),
    *("techniques", "records", "problems"),
}
TABLES = ("formats", "codecs", "bits", "sizes", "modalities", "groups", "labels")
Problem = tuple[str, str]


def problems(members: Mapping[str, Any]) -> list[Problem]:
    """Name everything that does not belong in public."""
    found = list(dict.fromkeys([*_keys(members), *_values(members), *_groups(members)]))
    return found or _again(members)


def _again(members: Mapping[str, Any]) -> list[Problem]:
    """Whether disclosing again changes anything (rule 1)."""
    record = Record(members["record"])
    evidence = {kind: Evidence(kind, members[kind]) for kind in members if kind not in ("record", "audit", "files")}
    again = disclosure.disclose(record, evidence)
    found = [] if again.record.content == record.content else [("record", "it names places on a machine")]
    for kind, one in evidence.items():
        if _plain(again.evidence[kind].content) != _plain(one.content) and kind != "reviews":
            found.append((kind, "it holds rows of single images, places, or groups of fewer than ten"))
    return found


def _plain(content: Mapping[str, Any]) -> dict[str, Any]:
    return {key: value for key, value in content.items() if key != "suppressed"}


def _keys(members: Mapping[str, Any]) -> Iterator[Problem]:
    """Keys that are not known (rule 2)."""
    yield from _unknown(members.get("record", {}), _shape("misyn"), "record")
    for kind in ("evaluation", "readers", "workflow", "prospective", "surveillance"):
        content = members.get(kind, {})
        for rows in ("estimates", "tests"):
            if any(set(row) - ROW for row in content.get(rows, [])):
                yield f"{kind}.{rows}", "a row holds a key that no result has"
        for role, described in content.get("sets", {}).items():
            if role not in ROLES or set(described or {}) - SET:
                yield f"{kind}.sets", "a set holds a key that no description of a set has"
    for kind in ("marks", "marks-medical"):
        if set(members.get(kind, {})) - MARKS:
            yield kind, "it holds a key that no summary of marks has"


@lru_cache(maxsize=2)
def _shape(name: str) -> Mapping[str, Any]:
    return schema.load(name)


def _unknown(value: Any, shape: Mapping[str, Any], where: str) -> Iterator[Problem]:  # noqa: ANN401 - plain content
    """Keys of a record that its schema does not describe."""
    options = [_resolved(one) for one in _options(_resolved(shape))]
    if isinstance(value, Mapping):
        known = {key: part for one in options for key, part in one.get("properties", {}).items()}
        if set(value) - set(known):
            yield where, "it holds a key that a record does not know. Next: remove it from what is published"
        for key in set(value) & set(known):
            yield from _unknown(value[key], known[key], f"{where}.{key}")
    elif isinstance(value, list):
        items = [one["items"] for one in options if "items" in one]
        for part in value:
            yield from _unknown(part, {"anyOf": items} if items else {}, where)


def _options(shape: Mapping[str, Any]) -> Iterator[Mapping[str, Any]]:
    inner = [*shape.get("anyOf", []), *shape.get("oneOf", []), *shape.get("allOf", [])]
    yield shape
    for one in inner:
        yield from _options(_resolved(one))


def _resolved(shape: Mapping[str, Any]) -> Mapping[str, Any]:
    reference = shape.get("$ref")
    return {**_resolved(_shape("misyn")["$defs"][reference.rsplit("/", 1)[-1]]), **shape} if reference else shape


def _values(value: Any, where: str = "", depth: int = 0) -> Iterator[Problem]:  # noqa: ANN401 - plain content
    """Texts and tables that no summary needs (rule 3)."""
    if depth > DEEPEST:
        yield where, "it is nested deeper than a summary needs"
    elif isinstance(value, str):
        yield from _text(value, where)
    elif isinstance(value, Mapping):
        if len(value) > MOST_KEYS or any(len(key) > LONGEST_KEY for key in value):
            yield where, "it is a table longer or wider than a summary needs"
        for key, part in value.items():
            yield from _text(str(key), where or "a name")
            yield from _values(part, _under(where, key, depth), depth + 1)
    elif isinstance(value, list):
        if len(value) > LONGEST_LIST or (len(value) > 40 and all(isinstance(one, int | float) for one in value)):
            yield where, "it is a list longer than a summary needs"
        for part in value:
            yield from _values(part, where, depth + 1)


def _under(where: str, key: str, depth: int) -> str:
    """Name a place by its first three keys: deeper ones may come from outside."""
    return where if depth >= 3 or not re.fullmatch(r"[a-z_-]{1,20}", key) else f"{where}.{key}" if where else key


def _text(text: str, where: str) -> Iterator[Problem]:
    if len(text) > LONGEST_TEXT:
        yield where, f"a text is longer than {LONGEST_TEXT} letters"
    digestless = re.sub(r"sha256:[0-9a-f]{64}", "", text)
    if ENCODED.search(digestless):
        yield where, "a text looks like encoded bytes"
    if UID.search(text):
        yield where, "a text looks like an identifier of an image (a DICOM UID)"
    if FILE.search(text):
        yield where, "a text names the file of an image"
    if CONTROL.search(text):
        yield where, "a text holds control characters"
    if disclosure.scrubbed(text) != text:
        yield where, "a text names a place on a machine"


def _groups(members: Mapping[str, Any]) -> Iterator[Problem]:
    """Groups that are named by what identifies a person (rule 4)."""
    for kind, content in members.items():
        rows = [row for key in ("estimates", "tests") for row in content.get(key, []) if isinstance(row, Mapping)]
        names = [str(row.get("group") or "") for row in rows]
        for described in (content.get("sets") or {}).values():
            for table in ("groups", "labels"):
                names += [str(name) for name in (described or {}).get(table, {})]
        if any(PERSON.search(name) for name in names):
            yield kind, "a group is named by what can identify a person"
