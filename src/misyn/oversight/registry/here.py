"""Which registry this process serves."""

from __future__ import annotations

from django.conf import settings

from misyn.errors import InputError
from misyn.oversight.registry.place import Place


def place() -> Place:
    """Give the registry's folder and settings.

    Raises:
        InputError: this process was started without one.
    """
    found: Place | None = settings.PLACE
    if found is None:
        raise InputError("expected a registry's folder in MISYN_REGISTRY, found none. Next: misyn registry init")
    return found
