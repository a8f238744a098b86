"""Everything one report is made of, in one place, with the parts that may be missing.

Rules
-----
1. An absent part (no audit, no record, no marks) is None and every page part says so in words.
2. What came in is never changed; lookups are tolerant, because a report must be readable when a run was not complete.

Example:
    >>> facts = Facts(audit=None, evaluation={}, marks=None, record=None, rows=())
    >>> facts.technique, facts.seed
    ('A technique without a name', 0)
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from functools import cached_property
from pathlib import Path
from typing import Any

from misyn.report.numbers import Numbers, count
from misyn.report.rows import Row, Unread

NAMELESS = "A technique without a name"
EMPTY: Mapping[str, Any] = {}


def mapping(raw: object) -> Mapping[str, Any]:
    """Return a mapping as it is, anything else as an empty one.

    Example:
        >>> mapping({"a": 1}), mapping(None), mapping([1])
        ({'a': 1}, {}, {})
    """
    return raw if isinstance(raw, Mapping) else EMPTY


def mappings(raw: object) -> tuple[Mapping[str, Any], ...]:
    """Return the mappings in a list, and an empty tuple for anything else.

    Example:
        >>> mappings([{"a": 1}, 2]), mappings(None)
        (({'a': 1},), ())
    """
    return tuple(e for e in raw if isinstance(e, Mapping)) if isinstance(raw, (list, tuple)) else ()


def texts(raw: object) -> tuple[str, ...]:
    """Flatten what a record's author wrote (text, list, mapping) into plain sentences.

    Example:
        >>> texts(["one", {"text": "two", "consequence": "three"}]), texts(None)
        (('one', 'two (consequence: three)'), ())
    """
    if raw is None or raw == "":
        return ()
    if isinstance(raw, Mapping):
        return (_sentence(raw),) if raw else ()
    if isinstance(raw, Sequence) and not isinstance(raw, (str, bytes)):
        return tuple(sentence for entry in raw for sentence in texts(entry))
    return (str(raw).strip(),)


def _sentence(raw: Mapping[str, Any]) -> str:
    """Write one mapping as its leading text and, in brackets, what else it says."""
    lead = next((key for key in ("text", "limitation", "assumption", "name", "what") if raw.get(key)), None)
    rest = "; ".join(
        f"{key.replace('_', ' ')}: {' '.join(texts(value))}" for key, value in raw.items() if key != lead and value
    )
    if lead is None:
        return rest
    return f"{raw[lead]} ({rest})" if rest else str(raw[lead])


def _ended(text: str) -> str:
    """End a sentence that came without its full stop."""
    return text if not text or text[-1] in ".!?" else f"{text}."


@dataclass(frozen=True, kw_only=True)
class Facts:
    """The inputs of one report.

    Attributes:
        audit: ``audit.json``, or None for a plain evaluation.
        evaluation: ``evaluation.json``.
        marks: the marks summary, or None where marks were not looked for.
        record: the content of ``misyn.yaml``, or None.
        rows: one per image, possibly empty.
        folder: where relative image paths start when they do not start here.
        unread: files that could not be read, and why.
        rows_digest: digest of ``per-image.parquet``, or None.
    """

    audit: Mapping[str, Any] | None
    evaluation: Mapping[str, Any]
    marks: Mapping[str, Any] | None
    record: Mapping[str, Any] | None
    rows: tuple[Row, ...]
    folder: Path = field(default_factory=Path)
    unread: tuple[Unread, ...] = ()
    rows_digest: str | None = None

    @cached_property
    def numbers(self) -> Numbers:
        """Every estimate and test."""
        return Numbers.parse(self.evaluation)

    @property
    def seed(self) -> int:
        """The seed of the run; 0 where none is stated."""
        return count(self.evaluation.get("seed")) or 0

    @property
    def technique(self) -> str:
        """Name and version of the technique."""
        named = mapping(mapping(self.audit).get("technique")) or mapping(mapping(self.record).get("technique"))
        words = (str(named.get(key) or "").strip() for key in ("name", "version"))
        return " ".join(word for word in words if word) or NAMELESS

    @cached_property
    def warnings(self) -> tuple[tuple[str, str], ...]:
        """Named warnings, each once, in the order of the audit and the evaluation: what misleads most comes first."""
        found = [
            (str(w.get("id") or ""), _ended(str(w.get("text") or w.get("id") or "")))
            for source in (mapping(self.audit), self.evaluation)
            for w in mappings(source.get("warnings"))
        ]
        return tuple(dict.fromkeys(found))

    @property
    def sets(self) -> Mapping[str, Any]:
        """What each set of images holds."""
        return mapping(self.evaluation.get("sets"))

    def by_path(self, path: str | None) -> Row | None:
        """The row of one path."""
        return self._paths.get(path) if path else None

    @cached_property
    def _paths(self) -> dict[str, Row]:
        return {row.path: row for row in self.rows}
