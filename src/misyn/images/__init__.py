"""What a medical or synthetic image file is, read without trusting it.

Rules
-----
1. :func:`read` is the only door other rooms need; :data:`~misyn.images.formats.FORMATS` lists what goes through it.
2. Importing this package imports neither numpy nor any parser: names are fetched when they are first used.

Example:
    >>> from misyn.images import Limits, sniff
    >>> Limits().max_depth
    32
"""

from __future__ import annotations

import importlib
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from misyn.images.formats import FORMATS, Format, read, sniff
    from misyn.images.image import Image, Patient
    from misyn.images.limits import DEFAULT, Limits

__all__ = ["DEFAULT", "FORMATS", "Format", "Image", "Limits", "Patient", "read", "sniff"]

_HOMES = {
    "DEFAULT": "limits",
    "FORMATS": "formats",
    "Format": "formats",
    "Image": "image",
    "Limits": "limits",
    "Patient": "image",
    "read": "formats",
    "sniff": "formats",
}


def __getattr__(name: str) -> object:
    """Fetch a public name from its module on first use (rule 2)."""
    if name not in _HOMES:
        raise AttributeError(f"module {__name__!r} has no attribute {name!r}")
    return getattr(importlib.import_module(f"{__name__}.{_HOMES[name]}"), name)


def __dir__() -> list[str]:
    return sorted(__all__)
