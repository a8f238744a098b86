r"""The record of a technique, ``misyn.yaml``: from problem to withdrawal, in one file people can read.

Rules
-----
1. ``misyn``, ``technique.name`` and ``responsible`` are required to read it. What else is missing is a finding.
2. Every mistake is reported at once, each with its path.
3. Paths are relative to the record. A key with nothing behind it counts as missing.
4. The digest is taken over the canonical content: comments, order and quoting do not change what was said.
5. An edit keeps comments and unknown keys, and replaces the file whole or not at all.

Source: interface.md of the project's design, section Files.

Example:
    >>> record = parse("misyn: 1\ntechnique: {name: demo, version: 1.10}\nresponsible: A. Person\nours: kept\n")
    >>> record.get("technique.version"), record.get("data.training.path"), record.get("ours")
    ('1.10', None, 'kept')
"""

from __future__ import annotations

import dataclasses
from collections.abc import Mapping
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

from misyn import atomic, canonical
from misyn.errors import InputError, RecordError
from misyn.practice import expects, schema, yamltext
from misyn.practice.yamltext import Problem


@dataclass(frozen=True)
class Record:
    """A record that reads.

    Attributes:
        content: plain JSON-like content; dates are ISO text, keys with nothing behind them are left out.
        path: the file it came from, or None for text in memory.
        files: names of the documents that are known to be there, where the folder itself is not at hand (a bundle).
        digest: names the canonical content.
    """

    content: Mapping[str, Any]
    path: Path | None = None
    files: frozenset[str] = frozenset()
    digest: str = field(init=False)

    def __post_init__(self) -> None:
        """Derive the digest: it cannot be given."""
        object.__setattr__(self, "digest", canonical.record_digest(self.content))

    def get(self, path: str, default: Any = None) -> Any:  # noqa: ANN401 - whatever stands there
        """What stands at a dotted path such as ``data.training.path``, or ``default``."""
        value: Any = self.content
        for key in path.split("."):
            if not isinstance(value, Mapping) or key not in value:
                return default
            value = value[key]
        return value

    def items(self, path: str) -> list[Any]:
        """What stands at a path as a list: one entry is a list of one, nothing is an empty list."""
        value = self.get(path)
        return [] if value is None else list(value) if isinstance(value, list) else [value]

    def file(self, path: str) -> Path | None:
        """The file or folder named at a dotted path, resolved from the record's own folder; None when not named."""
        name = self.get(path)
        if name is None:
            return None
        return (self.path.parent if self.path else Path()) / str(name)

    def beside(self, name: str) -> Path | None:
        """The place of a document that the record names, relative to its own folder; None where that is not known."""
        return None if self.path is None else self.path.parent / name

    def has(self, name: str) -> bool:
        """Whether a document that the record names is there."""
        place = self.beside(name)
        return name in self.files if place is None else place.is_file()

    @property
    def responsible(self) -> tuple[str, ...]:
        """The names of those who answer for the technique."""
        return people(self.get("responsible"))


def people(value: Any) -> tuple[str, ...]:  # noqa: ANN401 - a name, a mapping with one, or a list of these
    """Read the names out of what the schema calls people.

    Example:
        >>> people([{"name": "A. Person"}, "B. Person"])
        ('A. Person', 'B. Person')
    """
    if isinstance(value, list):
        return tuple(name for item in value for name in people(item))
    if isinstance(value, Mapping):
        return people(value.get("name"))
    return (str(value),) if value else ()


def load(path: Path | str) -> Record:
    """Read a record from a file.

    Raises:
        RecordError: it has mistakes; ``problems`` lists them all.
        InputError: there is no such file, or it cannot be read.
    """
    path = Path(path)
    return parse(text_of(path), path=path)


def parse(text: str, *, path: Path | None = None) -> Record:
    """Read a record from text.

    Raises:
        RecordError: it has mistakes; ``problems`` lists them all.
    """
    return _checked(yamltext.read(text), path)


def of(content: Mapping[str, Any], *, files: frozenset[str] = frozenset()) -> Record:
    """Make a record of content that was read elsewhere, such as from a bundle.

    Raises:
        RecordError: it has mistakes; ``problems`` lists them all.
    """
    return dataclasses.replace(_checked(content, None), files=files)


def edit(path: Path | str, changes: Mapping[str, Any]) -> Record:
    """Change values at dotted paths; comments and unknown keys stay, the file is replaced whole or not at all.

    Args:
        path: the record's file.
        changes: dotted path to new value (JSON-like); mappings on the way are made.

    Raises:
        RecordError: the record would have mistakes; the file is untouched.
    """
    path = Path(path)
    document = yamltext.read(text_of(path))
    for where, value in changes.items():
        _put(document, where, value)
    record = _checked(document, path)
    atomic.write_bytes(path, yamltext.write(document).encode())
    return record


def text_of(path: Path) -> str:
    """The text of a file, within the limits of :mod:`misyn.practice.yamltext`.

    Raises:
        RecordError: it is not UTF-8.
        InputError: there is no such file, or it cannot be read.
    """
    try:
        with path.open("rb") as file:
            return file.read(yamltext.MAX_BYTES + 1).decode("utf-8-sig")
    except UnicodeDecodeError as error:
        raise RecordError([(yamltext.WHOLE, "expected UTF-8 text. Next: save the file as UTF-8")]) from error
    except OSError as error:
        what = "a folder" if path.is_dir() else "nothing that can be read"
        raise InputError(f"expected a record such as misyn.yaml, found {what} at {path}. Next: misyn new") from error


def _checked(document: Any, path: Path | None) -> Record:  # noqa: ANN401 - a YAML document
    if not isinstance(document, Mapping):
        raise RecordError(
            [
                (
                    yamltext.WHOLE,
                    f"expected a mapping with misyn, technique and responsible, "
                    f"found {schema.describe(yamltext.plain(document))}",
                )
            ]
        )
    content = pruned(yamltext.plain(document))
    content.setdefault("technique", {})  # so that what is missing is told as technique.name
    _keep_version_as_written(document, content)
    found = [*schema.problems(content, schema="misyn"), *_claim_problems(content)]
    if found:
        raise RecordError(found)
    return Record(content=content, path=path)


def pruned(value: Any) -> Any:  # noqa: ANN401 - plain content
    """Leave out keys with nothing behind them: an unanswered question is not an answer.

    Example:
        >>> pruned({"a": None, "b": {"c": None}, "d": [{}]})
        {'d': [{}]}
    """
    if isinstance(value, dict):
        kept = {key: pruned(item) for key, item in value.items() if item is not None}
        return {key: item for key, item in kept.items() if item != {} or value[key] == {}}
    return [pruned(item) for item in value] if isinstance(value, list) else value


def _keep_version_as_written(document: Mapping[str, Any], content: dict[str, Any]) -> None:
    """Version 1.10 is not version 1.1, though YAML reads both as the same number."""
    technique = content.get("technique")
    if isinstance(technique, dict) and isinstance(technique.get("version"), (int, float)):
        technique["version"] = yamltext.write({"v": document["technique"]["version"]}).removeprefix("v:").strip()


def _claim_problems(content: Mapping[str, Any]) -> list[Problem]:
    """What a schema cannot say: ids are unique, and every expectation reads."""
    problems: list[Problem] = []
    seen: set[str] = set()
    claims = content.get("claims")
    for index, claim in enumerate(claims if isinstance(claims, list) else []):
        if not isinstance(claim, Mapping):
            continue
        name = claim.get("id")
        if isinstance(name, str) and name in seen:
            problems.append((f"claims[{index}].id", "expected an id that is unique in this record, found it again"))
        seen.add(str(name))
        problems += _expectation_problems(claim.get("expects"), f"claims[{index}].expects")
    return problems


def _expectation_problems(value: Any, path: str) -> list[Problem]:  # noqa: ANN401 - what the record holds there
    texts = {path: value} if isinstance(value, str) else {}
    if isinstance(value, list):
        texts = {f"{path}[{index}]": text for index, text in enumerate(value) if isinstance(text, str)}
    return [(where, sentence) for where, text in texts.items() if (sentence := expects.problem(text))]


def _put(document: Any, where: str, value: Any) -> None:  # noqa: ANN401 - a YAML document and a plain value
    *parents, last = where.split(".")
    for key in parents:
        if not isinstance(document.get(key), Mapping):
            document[key] = {}
        document = document[key]
    document[last] = value
