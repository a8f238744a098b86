"""What can be done next with what an operation answered, as OpenAPI links: for people who read, and tests that walk.

Source: OpenAPI 3.1, section 4.8.20 (Link Object).

Example:
    >>> after(201, follow={"code": "/code"})["responses"][201]["links"]["follow"]["requestBody"]
    {'code': '$response.body#/code'}
"""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

CODE = {"code": "/code"}
CONCERN = {"number": "/concern"}
ENTRY = {"number": "/entry"}


def after(status: int, **operations: Mapping[str, str]) -> dict[str, Any]:
    """Say which operations follow on an answer, and where in it their input lies.

    Args:
        status: of the answer.
        operations: name to where each input lies in the answer; ``number`` is part of the address, the rest is sent.
    """
    return {"responses": {status: {"links": {name: _link(name, given) for name, given in operations.items()}}}}


def _link(name: str, given: Mapping[str, str]) -> dict[str, Any]:
    found = {key: f"$response.body#{place}" for key, place in given.items()}
    link: dict[str, Any] = {"operationId": name}
    if "number" in found:
        link["parameters"] = {"number": found.pop("number")}
    if found:
        link["requestBody"] = found
    return link
