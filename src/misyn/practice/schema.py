"""Check plain content against a JSON Schema that ships with misyn, in sentences a person can act on.

Rules
-----
1. Every problem is listed, sorted by path; none is repeated.
2. A sentence says what was expected (the schema's ``x-expected``) and what kind of thing was found; a text only
   when it is short and printable: a record must not speak through our terminal.
3. Unknown keys are allowed everywhere: later versions and other programs keep theirs.

Source: JSON Schema draft 2020-12.

Example:
    >>> problems({"misyn": 2, "technique": {"name": "demo"}, "responsible": "A. Person"}, schema="misyn")
    [('misyn', 'expected the number 1 (the version of this format), found the number 2')]
"""

from __future__ import annotations

import datetime
import functools
import importlib.resources
import json
import re
from collections.abc import Mapping, Sequence
from typing import TYPE_CHECKING, Any, cast

from misyn.practice.yamltext import WHOLE, Problem, join

_KINDS = {
    "object": "a mapping",
    "array": "a list",
    "string": "text",
    "integer": "a whole number",
    "number": "a number",
}

if TYPE_CHECKING:
    from jsonschema import ValidationError
    from jsonschema.protocols import Validator


def load(name: str) -> dict[str, Any]:
    """Load a shipped schema, such as ``misyn`` or ``recommendations``."""
    file = importlib.resources.files("misyn.practice") / "schemas" / f"{name}.schema.json"
    loaded: dict[str, Any] = json.loads(file.read_text(encoding="utf-8"))
    return loaded


def problems(content: Any, *, schema: str) -> list[Problem]:  # noqa: ANN401 - any plain value may be wrong
    """List everything in ``content`` that the schema does not allow, as (path, sentence)."""
    found: dict[Problem, None] = {}
    errors = sorted(_validator(schema).iter_errors(content), key=lambda error: [str(p) for p in error.absolute_path])
    for error in errors:
        for problem in _told(_deepest(error)):
            found.setdefault(problem)
    return list(found)


@functools.cache
def _validator(name: str) -> Validator:
    import jsonschema  # noqa: PLC0415 - `misyn --help` must not pay for it

    checker = jsonschema.FormatChecker(formats=())
    checker.checks("misyn-date")(_is_date)
    return jsonschema.Draft202012Validator(load(name), format_checker=checker)


def _is_date(value: object) -> bool:
    """A full date, or an RFC 3339 time."""
    if not isinstance(value, str) or not re.match(r"\d{4}-\d{2}-\d{2}([T ]|$)", value):
        return not isinstance(value, str)
    try:
        datetime.datetime.fromisoformat(value)
    except ValueError:
        return False
    return True


def _deepest(error: ValidationError) -> ValidationError:
    """Of alternatives, tell about the one whose kind fits: a list with a wrong entry is a wrong entry."""
    while error.context:
        inside = [inner for inner in error.context if len(inner.absolute_path) > len(error.absolute_path)]
        missing = [inner for inner in error.context if inner.validator == "required"]
        if not (inside or missing):
            return error
        error = (inside or missing)[0]
    return error


def _told(error: ValidationError) -> list[Problem]:
    path = _path(error.absolute_path)
    if error.validator == "required":
        instance: Mapping[str, Any] = error.instance if isinstance(error.instance, Mapping) else {}
        required: list[str] = cast("list[str]", error.validator_value)
        return [(join(path, key), f"expected {key}, found nothing") for key in required if key not in instance]
    return [(path or WHOLE, f"expected {_expected(error)}, found {describe(error.instance)}")]


def _path(parts: Sequence[str | int]) -> str:
    path = ""
    for part in parts:
        path = f"{path}[{part}]" if isinstance(part, int) else join(path, str(part))
    return path


def _expected(error: ValidationError) -> str:
    schema = error.schema if isinstance(error.schema, Mapping) else {}
    if "x-expected" in schema:
        return str(schema["x-expected"])
    if "enum" in schema:
        return "one of " + ", ".join(str(value) for value in schema["enum"])
    return _KINDS.get(str(schema.get("type")), f"what the schema's '{error.validator}' asks for")


def describe(value: object) -> str:
    """Say what kind of thing was found; only a short printable text is repeated.

    Example:
        >>> describe(3), describe("x" * 90), describe([1])
        ('the number 3', 'a text of 90 characters', 'a list of 1')
    """
    if value is None:
        return "nothing"
    if isinstance(value, bool):
        return f"the word {'true' if value else 'false'}"
    if isinstance(value, (int, float)):
        return f"the number {value}"
    if isinstance(value, str):
        short = value.isprintable() and 0 < len(value) <= 40
        return f"'{value}'" if short else "an empty text" if not value else f"a text of {len(value)} characters"
    return f"a list of {len(value)}" if isinstance(value, (list, tuple)) else "a mapping"
