"""misyn: ethical medical image synthesis.

Synthetic images say that they are synthetic; what they lack, shift and copy is measured; what is claimed needs
evidence.

Rules
-----
1. These are the names a newcomer needs; each lives in its room and is imported when first used, so that
   ``import misyn`` costs nothing and ``misyn --help`` needs no numerics.

Example:
    >>> import misyn
    >>> misyn.read.__module__.startswith("misyn.images")
    True
"""

from __future__ import annotations

import importlib
from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    from misyn import evaluate as evaluate
    from misyn import oversight as oversight
    from misyn.generate.born import born as born
    from misyn.generate.guard import guard as guard
    from misyn.generate.use import Use as Use
    from misyn.images import Image as Image
    from misyn.images import read as read
    from misyn.marks import mark as mark
    from misyn.marks import verify as verify

__version__ = "0.1.0.dev0"

_ROOMS = ("evaluate", "oversight", "images", "marks", "practice", "report", "generate", "engine", "audit")
_NAMES = {
    "read": "misyn.images",
    "Image": "misyn.images",
    "born": "misyn.generate.born",
    "guard": "misyn.generate.guard",
    "Use": "misyn.generate.use",
    "mark": "misyn.marks",
    "verify": "misyn.marks",
}

__all__ = ["Image", "Use", "born", "evaluate", "guard", "mark", "oversight", "read", "verify"]


def __getattr__(name: str) -> Any:  # noqa: ANN401 - any public object
    """Import a room, or a public name from its room, when it is first asked for (PEP 562)."""
    if name in _NAMES:
        return getattr(importlib.import_module(_NAMES[name]), name)
    if name in _ROOMS:
        return importlib.import_module(f"misyn.{name}")
    raise AttributeError(f"module 'misyn' has no attribute {name!r}")


def __dir__() -> list[str]:
    return sorted({*globals(), *__all__})
