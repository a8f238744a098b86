"""The one Django app of the registry."""

from __future__ import annotations

from django.apps import AppConfig


class Registry(AppConfig):
    """Entries, concerns, answers, reviews."""

    name = "misyn.oversight.registry"
    label = "registry"
