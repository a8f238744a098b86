"""Saying "synthetic": declarations, the marks that carry them in files, and the verdict on a file.

Rules
-----
1. :func:`mark` writes, :func:`verify` reads and judges, :class:`Declaration` is what is said; :func:`inherit` hands the
   declaration of synthetic images down to what is made from them.
2. Importing this package imports no format and no parser: names are fetched when they are first used. The functions
   live in ``marking`` and ``verifying``, because a module named like a function would take its name in this package.

Example:
    >>> from misyn.marks import Declaration
    >>> Declaration.__module__
    'misyn.marks.declaration'
"""

from __future__ import annotations

import importlib
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from misyn.marks.declaration import Declaration, Technique
    from misyn.marks.inheritance import inherit
    from misyn.marks.mark_result import MarkResult
    from misyn.marks.marking import mark
    from misyn.marks.verifying import FileVerdict, verify

__all__ = ["Declaration", "FileVerdict", "MarkResult", "Technique", "inherit", "mark", "verify"]

_HOMES = {
    "Declaration": "declaration",
    "FileVerdict": "verifying",
    "MarkResult": "mark_result",
    "Technique": "declaration",
    "inherit": "inheritance",
    "mark": "marking",
    "verify": "verifying",
}


def __getattr__(name: str) -> object:
    """Fetch a public name from its module on first use (rule 2)."""
    if name not in _HOMES:
        raise AttributeError(f"module {__name__!r} has no attribute {name!r}")
    return getattr(importlib.import_module(f"{__name__}.{_HOMES[name]}"), name)


def __dir__() -> list[str]:
    return sorted(__all__)
