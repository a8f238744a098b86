r"""YAML that people write, read within limits, with every problem named by its path.

Rules
-----
1. The text is scanned as events before anything is built: size, depth, number of nodes, duplicate keys, tags and
   aliases are settled while the document is still flat, so that a hostile file costs no more than its own length.
2. Aliases are refused: with them a small file can stand for a huge one, and two places change when one is edited.
3. What is built keeps comments, key order and quoting, so that a program's edit leaves a person's file theirs.
4. ``plain`` is what digests are taken of: text, numbers, booleans, None, lists and mappings; dates are ISO text.

Source: YAML 1.2.2, section 3.1 (processes) for events; RFC 3339 for dates.

Example:
    >>> document = read("misyn: 1  # the version\ntechnique: {name: demo}\n")
    >>> plain(document)
    {'misyn': 1, 'technique': {'name': 'demo'}}
    >>> write(document).startswith("misyn: 1  # the version")
    True
"""

from __future__ import annotations

import datetime
import functools
import io
import math
from collections.abc import Iterator, Mapping
from dataclasses import dataclass, field
from typing import Any

from misyn.errors import RecordError

MAX_BYTES = 512 * 1024
MAX_DEPTH = 24
MAX_NODES = 20_000
MAX_INTEGER = 2**53
MAX_SHOWN = 80
WHOLE = "(the whole file)"

Problem = tuple[str, str]


def read(text: str) -> Any:  # noqa: ANN401 - a YAML document is whatever its author wrote
    """Read one YAML document; comments stay attached to it.

    Returns:
        A ``ruamel.yaml`` round-trip document: mappings behave as ``dict``, sequences as ``list``.

    Raises:
        RecordError: it is not YAML, passes a limit, repeats a key, or uses tags or aliases; all are listed.
    """
    if len(text.encode("utf-8", "surrogatepass")) > MAX_BYTES:
        raise RecordError(
            [(WHOLE, f"expected at most {MAX_BYTES} bytes. Next: move long texts into files of their own")]
        )
    from ruamel.yaml.error import YAMLError  # noqa: PLC0415 - `misyn --help` must not pay for it

    try:
        problems = _scan(text)
        if problems:
            raise RecordError(problems)
        return _yaml().load(text)
    except YAMLError as error:
        raise RecordError([(_place(error), f"expected YAML, found a mistake: {_sentence(error)}")]) from error
    except (ValueError, RecursionError, OverflowError) as error:
        raise RecordError(
            [(WHOLE, "expected YAML values, found one that cannot be read (a date or a number)")]
        ) from error


def write(document: Any) -> str:  # noqa: ANN401 - what `read` gave
    """Write a document as it was written, with its comments."""
    stream = io.StringIO()
    _yaml().dump(document, stream)
    return stream.getvalue()


def plain(value: Any) -> Any:  # noqa: ANN401 - a YAML document becomes a JSON value
    """Turn a document into plain JSON-like values; dates become ISO text.

    Raises:
        RecordError: numbers JSON cannot carry exactly (NaN, infinity, beyond 2**53); all are listed.
    """
    problems: list[Problem] = []
    result = _plain(value, "", problems)
    if problems:
        raise RecordError(problems)
    return result


def join(path: str, key: str) -> str:
    """Append a key to a path; a key that is long or would move the terminal's cursor is shown escaped.

    Example:
        >>> join("data", "training"), join("", "data")
        ('data.training', 'data')
    """
    shown = key if key.isprintable() and len(key) <= MAX_SHOWN else ascii(key[:MAX_SHOWN])
    return f"{path}.{shown}" if path else shown


def _plain(value: Any, path: str, problems: list[Problem]) -> Any:  # noqa: ANN401 - see `plain`
    if isinstance(value, Mapping):
        return {str(key): _plain(item, join(path, str(key)), problems) for key, item in value.items()}
    if isinstance(value, (list, tuple)):
        return [_plain(item, f"{path}[{index}]", problems) for index, item in enumerate(value)]
    if isinstance(value, (datetime.date, datetime.datetime)):
        return value.isoformat()
    if isinstance(value, (int, float)) and not isinstance(value, bool):
        return _number(value, path, problems)
    return value if value is None or isinstance(value, bool) else str(value)


def _number(value: float, path: str, problems: list[Problem]) -> float | None:
    """A plain number (ruamel's own kinds remember how they were written), or a problem."""
    if isinstance(value, int) and abs(value) <= MAX_INTEGER:
        return int(value)
    if isinstance(value, float) and math.isfinite(value):
        return float(value)
    problems.append((path or WHOLE, "expected a finite number up to 2**53. Next: write it as text, in quotes"))
    return None


def _yaml() -> Any:  # noqa: ANN401 - ruamel's YAML object is untyped in parts
    from ruamel.yaml import YAML  # noqa: PLC0415 - `misyn --help` must not pay for it

    yaml = YAML(typ="rt", pure=True)
    yaml.Constructor = _constructor()
    yaml.preserve_quotes = True
    yaml.width = 4096
    yaml.indent(mapping=2, sequence=4, offset=2)
    return yaml


@functools.cache
def _constructor() -> type[Any]:
    """A constructor to which a date that is none is a text: the schema then names it with its path."""
    from ruamel.yaml.constructor import RoundTripConstructor  # noqa: PLC0415 - as above

    class Constructor(RoundTripConstructor):
        def construct_yaml_timestamp(self, node: Any, values: Any = None) -> Any:  # noqa: ANN401 - ruamel's own types
            try:
                return super().construct_yaml_timestamp(node, values)
            except ValueError:
                return str(node.value)

    Constructor.add_constructor("tag:yaml.org,2002:timestamp", Constructor.construct_yaml_timestamp)
    return Constructor


def _place(error: Exception) -> str:
    mark = getattr(error, "problem_mark", None)
    return WHOLE if mark is None else f"line {mark.line + 1}, column {mark.column + 1}"


def _sentence(error: Exception) -> str:
    """The parser's own reason, without the line it quotes: the file may be somebody else's."""
    return str(getattr(error, "problem", None) or "a character YAML does not allow")


@dataclass
class _Frame:
    """One open mapping or sequence of the scan."""

    path: str
    mapping: bool
    keys: set[str] = field(default_factory=set)
    key: str | None = None
    index: int = 0

    def here(self) -> str:
        """The path of the node that comes next."""
        if self.mapping:
            return join(self.path, self.key or "?")
        return f"{self.path}[{self.index}]"


def _scan(text: str) -> list[Problem]:
    """Walk the events once; stop at a limit, list everything else."""
    problems: list[Problem] = []
    frames: list[_Frame] = []
    documents = 0
    for count, event in enumerate(_yaml().parse(text)):
        name = type(event).__name__
        documents += name == "DocumentStartEvent"
        if count > MAX_NODES or len(frames) > MAX_DEPTH or documents > 1:
            return [*problems, (frames[-1].here() if frames else WHOLE, _limit(count, len(frames)))]
        problems += _step(name, event, frames)
    return problems


def _limit(count: int, depth: int) -> str:
    if count > MAX_NODES:
        return f"expected at most {MAX_NODES} values. Next: move long lists into a table of their own"
    if depth > MAX_DEPTH:
        return f"expected at most {MAX_DEPTH} levels of nesting. Next: flatten it"
    return "expected one document, found '---' and a second one. Next: keep one record per file"


def _step(name: str, event: Any, frames: list[_Frame]) -> list[Problem]:  # noqa: ANN401 - a ruamel event
    """Take one event into account; give what is wrong with it."""
    if name.endswith("EndEvent"):
        if name in {"MappingEndEvent", "SequenceEndEvent"}:
            frames.pop()
        return []
    if name not in {"MappingStartEvent", "SequenceStartEvent", "ScalarEvent", "AliasEvent"}:
        return []
    frame = frames[-1] if frames else None
    is_key = frame is not None and frame.mapping and frame.key is None
    path = frame.path if frame and is_key else frame.here() if frame else ""
    problems = list(_forbidden(name, event, path))
    if frame is not None:
        problems += _advance(frame, name, event, is_key=is_key)
    if name.endswith("StartEvent"):
        frames.append(_Frame(path=path, mapping=name.startswith("Mapping")))
    return problems


def _forbidden(name: str, event: Any, path: str) -> Iterator[Problem]:  # noqa: ANN401 - a ruamel event
    where = path or WHOLE
    if name == "AliasEvent":
        yield (
            where,
            "expected a value, found an alias (*name): a small file could stand for a huge one. Next: write it out",
        )
    elif getattr(event, "tag", None) is not None:
        yield where, "expected a plain value, found a YAML tag (!name). Next: remove the tag"


def _advance(frame: _Frame, name: str, event: Any, *, is_key: bool) -> Iterator[Problem]:  # noqa: ANN401
    """Move the frame past this node; a mapping takes a key, then its value."""
    if not frame.mapping:
        frame.index += 1
    elif not is_key:
        frame.key = None
    elif name != "ScalarEvent":
        frame.key = "?"
        yield frame.path or WHOLE, "expected text as a key, found a list or mapping"
    else:
        frame.key = str(event.value)
        if frame.key in frame.keys:
            yield join(frame.path, frame.key), "expected each key once, found it again. Next: keep one of them"
        frame.keys.add(frame.key)
