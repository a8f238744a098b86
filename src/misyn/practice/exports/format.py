r"""What an export is: a name, what it writes, what it carries, and what it cannot.

Rules
-----
1. *Carried*: a reader gets the part back exactly (``read`` proves it). *Told*: it stands there in words for people.
   Neither: the format has no place for it, and ``cannot`` says so. Tests hold every part to its word.
2. A format is written with the standard library; its own validator is a matter of the tests.

Example:
    >>> json_file({"a": "ä"})
    b'{\n  "a": "\xc3\xa4"\n}\n'
"""

from __future__ import annotations

import json
import uuid
from collections.abc import Callable, Mapping
from dataclasses import dataclass, field
from typing import Any

from misyn.practice.exports.subject import PARTS, Subject

Files = Mapping[str, bytes]
NAMESPACE = "urn:misyn:terms:"  # where a format lets others add terms, ours stand under this name


@dataclass(frozen=True)
class Written:
    """Files by name, and what the writer has to say about them."""

    files: Files
    notes: tuple[str, ...] = ()


@dataclass(frozen=True, kw_only=True)
class Export:
    """One format.

    Attributes:
        name: as ``misyn export --to`` takes it.
        title: the standard and its version.
        writes: names of the files.
        carries: parts of a subject that ``read`` gives back exactly.
        tells: parts that are told in words and cannot be read back.
        cannot: sentences: what has no place, and why.
        validator: what checks it in the tests.
        lacks: keys of carried parts that have no place, by part.
        write, read: subject to files, files to the carried parts.
    """

    name: str
    title: str
    writes: tuple[str, ...]
    carries: tuple[str, ...]
    tells: tuple[str, ...]
    cannot: tuple[str, ...]
    validator: str
    lacks: Mapping[str, tuple[str, ...]] = field(default_factory=dict)
    write: Callable[[Subject], Written]
    read: Callable[[Files], dict[str, Any]]

    def fate(self, part: str) -> str:
        """What becomes of a part: ``carried``, ``told`` or ``no place``."""
        return "carried" if part in self.carries else "told" if part in self.tells else "no place"


def carried(export: Export, subject: Subject) -> dict[str, Any]:
    """The parts of a subject that come back from a format."""
    return {
        part: _without(getattr(subject, part), export.lacks.get(part, ())) for part in PARTS if part in export.carries
    }


def _without(value: Any, keys: tuple[str, ...]) -> Any:  # noqa: ANN401 - a part of a subject
    if isinstance(value, list):
        return [_without(item, keys) for item in value]
    return {key: item for key, item in value.items() if key not in keys} if isinstance(value, dict) else value


def json_file(content: Any) -> bytes:  # noqa: ANN401 - any JSON value
    """JSON as people read it: indented, text as text, keys in their order."""
    return (json.dumps(content, indent=2, ensure_ascii=False, allow_nan=False) + "\n").encode()


def identifier(subject: Subject, what: str) -> str:
    """A UUID for something in an export: the same record, time and thing have the same (RFC 9562, version 5)."""
    name = f"urn:misyn:{subject.provenance['record']}:{subject.provenance['created']}:{what}"
    return str(uuid.uuid5(uuid.NAMESPACE_URL, name))


def attributes(row: Mapping[str, Any]) -> dict[str, Any]:
    """A row as terms of ours, where a format takes terms of others."""
    return {f"misyn:{key}": value for key, value in row.items()}


def row_of(node: Mapping[str, Any]) -> dict[str, Any]:
    """The row that :func:`attributes` wrote."""
    return {key.removeprefix("misyn:"): value for key, value in node.items() if key.startswith("misyn:")}


def limits(subject: Subject) -> list[str]:
    """Limitations as sentences, each with its aspect and consequence."""
    names = {
        "grounding": "no inherent grounding",
        "representation": "cannot fully represent",
        "shift": "new shift and bias",
    }
    return [
        f"{str(names.get(row['aspect'], row['aspect'])).capitalize()}: {row['text']}"
        + (f" Possible consequence: {row['consequence']}" if "consequence" in row else "")
        for row in subject.limitations
    ]


def claim_line(row: Mapping[str, Any]) -> str:
    """A claim with its status, as a sentence."""
    return f"{row['text']} [{row['kind']}; {row['status']}: {row['reason']}]"
