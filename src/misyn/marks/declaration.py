r"""The statement that an image is synthetic: by which technique, when, on whose responsibility, within which limits.

Rules
-----
1. A declaration is frozen and checked when made; everything wrong with it is reported at once, each with its place.
2. It always acknowledges the intrinsic limits (:data:`INTRINSIC_LIMITS`): a declaration cannot be made without them.
3. Keys it does not know survive a round trip, so that an older misyn does not cut a newer one's declaration.
4. :meth:`Declaration.to_text` is the one way it is written into files: JSON in ASCII, keys sorted, no spaces. ASCII is
   what every format can carry, whatever its character set. Its digest is over the canonical bytes (RFC 8785).
5. The present time is an argument (``created``, RFC 3339): the same facts make the same bytes.
6. Reading is bounded: at most :data:`MOST_BYTES` bytes, no key twice, no NaN, no control characters.
7. ``derivation`` and ``label`` are written only where they say something: other declarations keep their bytes. In files
   and credentials (:meth:`Declaration.compact`), no key is written that has its default: every byte is paid per image.
8. It is unsigned. Anyone can write one; only a credential makes it more than a statement.

Follows RFC 8259 (JSON), RFC 8785 (canonical JSON), RFC 3339 (time).

Example:
    >>> d = Declaration(technique=Technique(name="pca", version="1"), responsible="A. Author",
    ...                 created="2026-11-22T10:00:00Z")
    >>> Declaration.from_json(d.to_text()) == d
    True
    >>> print(d.limits[:46])
    No patient stands behind this synthetic image.
"""

from __future__ import annotations

import json
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from typing import Any

from misyn.canonical import canonical_bytes, is_digest, record_digest
from misyn.errors import RecordError
from misyn.marks.declaration_problems import KEYS, LONGEST_TEXT, MOST_BYTES, REQUIRED, TECHNIQUE, problems_of
from misyn.marks.derivation import Derivation
from misyn.marks.making import Making

SCHEMA = "misyn/declaration/1"
INTRINSIC_LIMITS = (
    "No patient stands behind this synthetic image. It lacks inherent grounding in medical phenomena, cannot fully "
    "represent the training images, and brings distribution shift and bias."
)


@dataclass(frozen=True, kw_only=True)
class Technique:
    """The generator and how it is used.

    Attributes:
        name: what it is called; never empty.
        version: the version that made the image; empty where unknown.
        kind: ``generation``, ``conditional``, ``text-to-image``, ``image-to-image``, ``rendering`` or ``other``.
        method: ``gan``, ``diffusion``, ``vae`` … or ``other``.
        weights: digest of the model's weights, or None.
        unknown: keys this version does not know, kept.
    """

    name: str
    version: str = ""
    kind: str = "other"
    method: str = "other"
    weights: str | None = None
    unknown: Mapping[str, Any] = field(default_factory=dict, hash=False)


@dataclass(frozen=True, kw_only=True)
class Declaration:
    """That an image is synthetic, as one record.

    Attributes:
        technique: what made it.
        responsible: who answers for it, in words; never empty.
        created: when the declaration was made (RFC 3339).
        intended_use: what the image is for; empty where not stated.
        limits: the intrinsic limits, acknowledged; never empty.
        record: digest of the technique's ``misyn.yaml``, or None.
        derived_from: digests of the images it was made from (its source images), in order.
        forced: why a file was marked although its header speaks against it, or None.
        log_entry: where it was published, or None.
        derivation: by what step it was derived from which images, where it was (:mod:`misyn.marks.derivation`).
        label: the words of the visible label, where its pixels or an overlay carry one.
        making: seed and condition of this one image, where they are known (:mod:`misyn.marks.making`).
        unknown: keys this version does not know, kept.

    Raises:
        RecordError: with everything that is wrong.
    """

    technique: Technique
    responsible: str
    created: str
    intended_use: str = ""
    limits: str = INTRINSIC_LIMITS
    record: str | None = None
    derived_from: tuple[str, ...] = ()
    forced: str | None = None
    log_entry: str | None = None
    derivation: Derivation | None = None
    label: str | None = None
    making: Making | None = None
    unknown: Mapping[str, Any] = field(default_factory=dict, hash=False)

    def __post_init__(self) -> None:
        """Refuse a declaration that does not hold, with all its problems (rule 1)."""
        problems = list(problems_of(self))
        if problems:
            raise RecordError(problems)

    @property
    def digest(self) -> str:
        """Digest of the canonical bytes."""
        return record_digest(self.to_json())

    def to_json(self) -> dict[str, Any]:
        """Give the record as JSON-like data; unknown keys are among the known ones, and cannot replace them."""
        technique = self.technique
        return {
            **self.unknown,
            "schema": SCHEMA,
            "technique": {**technique.unknown, **{name: getattr(technique, name) for name in TECHNIQUE}},
            **{name: getattr(self, name) for name in KEYS},
            "derived_from": list(self.derived_from),
            **({} if self.derivation is None else {"derivation": self.derivation.to_json()}),
            **({} if self.label is None else {"label": self.label}),
            **({} if self.making is None else {"making": self.making.to_json()}),
        }

    def to_bytes(self) -> bytes:
        """Give the canonical bytes (RFC 8785): what is digested and, later, signed."""
        return canonical_bytes(self.to_json())

    def compact(self) -> dict[str, Any]:
        """Give the record as JSON-like data without the keys that have their default (rule 7)."""
        record = self.to_json()
        record["technique"] = _without(record["technique"], _TECHNIQUE_DEFAULTS)
        return _without(record, _DEFAULTS)

    def to_text(self) -> str:
        """Give the ASCII text that files carry (rules 4 and 7)."""
        return json.dumps(self.compact(), ensure_ascii=True, sort_keys=True, separators=(",", ":"), allow_nan=False)

    @classmethod
    def from_json(cls, data: str | bytes | Mapping[str, Any]) -> Declaration:
        """Read a declaration from text, or from what a JSON parser gave.

        Raises:
            RecordError: it is too long, not JSON, of another schema, or its fields do not hold.

        Example:
            >>> Declaration.from_json("{}")  # doctest: +IGNORE_EXCEPTION_DETAIL
            Traceback (most recent call last):
            RecordError: 1 problem in the record: schema: ...
        """
        record = data if isinstance(data, Mapping) else _parse(data)
        if record.get("schema") != SCHEMA:
            raise RecordError([("schema", f"expected {SCHEMA!r}, found another")])
        given = record.get("technique")
        if not isinstance(given, Mapping):
            raise RecordError([("technique", "expected a mapping with a name, found none")])
        technique = Technique(**_known(given, TECHNIQUE), unknown=_others(given, TECHNIQUE))
        sources = record.get("derived_from") or ()
        return cls(
            **_known(record, KEYS),
            technique=technique,
            derived_from=tuple(sources) if isinstance(sources, list | tuple) else (sources,),
            derivation=None if record.get("derivation") is None else Derivation.from_json(record["derivation"]),
            label=record.get("label"),
            making=None if record.get("making") is None else Making.from_json(record["making"]),
            unknown=_others(record, (*KEYS, "schema", "technique", "derived_from", "derivation", "label", "making")),
        )

    @classmethod
    def from_record(
        cls,
        record: Mapping[str, Any],
        *,
        created: str,
        record_digest: str | None,
        derived_from: Sequence[str] = (),
    ) -> Declaration:
        """Make the declaration for images of the technique that a ``misyn.yaml`` records.

        Args:
            record: its content.
            created: the present time, RFC 3339.
            record_digest: digest of the record.
            derived_from: digests of the images this one was made from.

        Raises:
            RecordError: the record lacks a technique's name or someone responsible.

        Example:
            >>> record = {"misyn": 1, "technique": {"name": "pca"}, "responsible": {"name": "A", "affiliation": "B"}}
            >>> Declaration.from_record(record, created="2026-11-22T10:00:00Z", record_digest=None).responsible
            'A (B)'
        """
        given = record.get("technique")
        technique = dict(given) if isinstance(given, Mapping) else {}
        weights = technique.get("weights")
        technique["weights"] = weights if is_digest(weights) else None  # a path says nothing outside its machine
        use = record.get("use")
        return cls(
            technique=Technique(**_known(technique, TECHNIQUE, required=True)),
            responsible=_people(record.get("responsible")),
            created=created,
            intended_use=_cut(use.get("intended") if isinstance(use, Mapping) else None),
            record=record_digest,
            derived_from=tuple(derived_from),
        )


def _known(record: Mapping[str, Any], names: Sequence[str], *, required: bool = False) -> dict[str, Any]:
    """Pick the known keys; what is absent keeps its default, except where the check has to name it."""
    must = {name: "" for name in names if name in REQUIRED and (required or name != "limits")}
    found = {name: record[name] for name in names if record.get(name) is not None}
    return {**must, **{name: str(value) if _is_version(name, value) else value for name, value in found.items()}}


def _is_version(name: str, value: object) -> bool:
    """A YAML file may say ``version: 1.0`` and mean text."""
    return name == "version" and isinstance(value, int | float) and not isinstance(value, bool)


_TECHNIQUE_DEFAULTS = {"version": "", "kind": "other", "method": "other", "weights": None}
_DEFAULTS: dict[str, object] = {
    "intended_use": "",
    "record": None,
    "derived_from": [],
    "forced": None,
    "log_entry": None,
}


def _without(record: Mapping[str, Any], defaults: Mapping[str, object]) -> dict[str, Any]:
    """Leave out keys that say what their absence says."""
    return {key: value for key, value in record.items() if key not in defaults or value != defaults[key]}


def _others(record: Mapping[str, Any], names: Sequence[str]) -> dict[str, Any]:
    return {str(key): value for key, value in record.items() if key not in names}


def _people(given: object) -> str:
    """Say in words who is responsible: a name, a person with name and affiliation, or a list of them."""
    if isinstance(given, Mapping):
        name, place = given.get("name"), given.get("affiliation") or given.get("organisation")
        return _cut(f"{name} ({place})" if name and place else name or place)
    if isinstance(given, list | tuple):
        return _cut("; ".join(filter(None, map(_people, given))))
    return _cut(given)


def _cut(text: object) -> str:
    line = " ".join(text.split()) if isinstance(text, str) else ""
    return line if len(line) <= LONGEST_TEXT else line[: LONGEST_TEXT - 1] + "…"


def _parse(data: str | bytes) -> Mapping[str, Any]:
    """Parse bounded, strict JSON (rule 6)."""
    if len(data) > MOST_BYTES:
        raise RecordError([("", f"expected at most {MOST_BYTES} bytes, found more")])
    try:
        record = json.loads(data, object_pairs_hook=unique_keys, parse_constant=_no_constant)
    except (ValueError, RecursionError) as error:
        raise RecordError([("", "expected JSON with each key once, found text that is not")]) from error
    if not isinstance(record, Mapping):
        raise RecordError([("", "expected a JSON object, found something else")])
    return record


def unique_keys(pairs: list[tuple[str, Any]]) -> dict[str, Any]:
    """Refuse a key that appears twice, while JSON is parsed: two readers would see two declarations.

    Raises:
        ValueError: a key is there twice.
    """
    record = dict(pairs)
    if len(record) != len(pairs):
        raise ValueError("a key twice")
    return record


def _no_constant(_name: str) -> None:
    raise ValueError("NaN or infinity")
