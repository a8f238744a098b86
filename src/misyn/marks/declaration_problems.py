"""What can be wrong with a declaration, field by field.

Rules
-----
1. Everything that is wrong is reported at once, each problem with its place, in the order of the fields.
2. A text is bounded: names by :data:`LONGEST_NAME` characters, everything else by :data:`LONGEST_TEXT`, the whole by
   :data:`MOST_BYTES`.

Follows RFC 8259 (JSON), RFC 3339 (time).

Example:
    >>> list(text_problems("technique.name", "name", " "))
    [('technique.name', 'expected text, found none')]
"""

from __future__ import annotations

import re
from collections.abc import Iterator
from typing import TYPE_CHECKING

from misyn.canonical import is_digest
from misyn.errors import EvidenceError
from misyn.marks.derivation import ORIGINS, Derivation

if TYPE_CHECKING:
    from misyn.marks.declaration import Declaration

MOST_BYTES = 64 << 10
LONGEST_NAME = 200
LONGEST_TEXT = 2000
TECHNIQUE = ("name", "version", "kind", "method", "weights")
KEYS = ("responsible", "created", "intended_use", "limits", "record", "forced", "log_entry")
REQUIRED = frozenset({"name", "responsible", "created", "limits", "how", "label"})
_NULLABLE = frozenset({"weights", "record", "forced", "log_entry", "declaration", "digest", "seed", "condition"})
_DIGESTS = frozenset({"weights", "record", "declaration", "digest", "condition"})
_NAMES = _DIGESTS | {"name", "version", "kind", "method", "created", "how", "technique", "label", "seed"}
_TIME = re.compile(r"\d{4}-\d\d-\d\d[Tt ]\d\d:\d\d:\d\d(\.\d{1,9})?([Zz]|[+-]\d\d:\d\d)")
_CONTROL = re.compile(r"[\x00-\x08\x0b-\x1f\x7f\ud800-\udfff]")

Problem = tuple[str, str]


def problems_of(declaration: Declaration) -> Iterator[Problem]:
    """Yield everything that is wrong, in the order of the fields."""
    for name in TECHNIQUE:
        yield from text_problems(f"technique.{name}", name, getattr(declaration.technique, name))
    for name in KEYS:
        yield from text_problems(name, name, getattr(declaration, name))
    if isinstance(declaration.created, str) and declaration.created and not _TIME.fullmatch(declaration.created):
        yield "created", "expected a time such as 2026-11-22T10:00:00Z (RFC 3339), found other text"
    for n, source in enumerate(declaration.derived_from):
        if not is_digest(source):
            yield f"derived_from[{n}]", "expected a digest sha256:<64 hex digits>, found something else"
    if declaration.derivation is not None:
        yield from _derivation_problems(declaration.derivation)
    if declaration.label is not None:
        yield from text_problems("label", "label", declaration.label)
    if declaration.making is not None:
        for name in ("seed", "condition"):
            yield from text_problems(f"making.{name}", name, getattr(declaration.making, name))
    yield from _size_problems(declaration)


def text_problems(where: str, name: str, value: object) -> Iterator[Problem]:
    """Yield what is wrong with one text, by the rules of its field's ``name``; ``where`` is its place."""
    if value is None and name in _NULLABLE:
        return
    longest = LONGEST_NAME if name in _NAMES else LONGEST_TEXT
    if not isinstance(value, str):
        yield where, f"expected text, found {type(value).__name__}"
    elif not value.strip() and name in REQUIRED:
        yield where, "expected text, found none"
    elif len(value) > longest:
        yield where, f"expected at most {longest} characters, found {len(value)}"
    elif _CONTROL.search(value):
        yield where, "expected printable text, found control characters"
    elif name in _DIGESTS and not is_digest(value):
        yield where, "expected a digest sha256:<64 hex digits>, found something else"


def _derivation_problems(derivation: Derivation) -> Iterator[Problem]:
    yield from text_problems("derivation.how", "how", derivation.how)
    for n, source in enumerate(derivation.sources):
        where = f"derivation.sources[{n}]"
        if source.origin not in ORIGINS:
            yield f"{where}.origin", f"expected one of {', '.join(ORIGINS)}, found another"
        for name in ("technique", "version", "declaration", "digest"):
            yield from text_problems(f"{where}.{name}", name, getattr(source, name))


def _size_problems(declaration: Declaration) -> Iterator[Problem]:
    try:
        size = len(declaration.to_text().encode("ascii"))
        declaration.to_bytes()
    except (TypeError, ValueError, RecursionError, EvidenceError):
        yield "", "expected only what JSON can say, found something else"
        return
    if size > MOST_BYTES:
        yield "", f"expected at most {MOST_BYTES} bytes in all, found {size}"
