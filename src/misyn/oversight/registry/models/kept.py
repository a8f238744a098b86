"""Rows that stay: deleting one, or many, is refused in Python, and by the database itself (a trigger of the migration).

Rules
-----
1. No code path of the registry deletes what was public; there is nothing to call.
"""

from __future__ import annotations

from typing import NoReturn

from django.db import models

from misyn.errors import UsageError

REFUSAL = (
    "what the registry has said stays. Next: withdraw the entry, answer the concern, or erase a text with a reason"
)


class KeptQuerySet(models.QuerySet):  # type: ignore[type-arg] # Django's own managers are built from it untyped
    """A query whose rows cannot be deleted."""

    def delete(self) -> NoReturn:
        """Refuse."""
        raise UsageError(REFUSAL)

    def _raw_delete(self, using: str | None) -> NoReturn:  # noqa: ARG002 - Django's signature
        raise UsageError(REFUSAL)


class Kept(models.Model):
    """A row that cannot be deleted."""

    objects = models.Manager.from_queryset(KeptQuerySet)()

    class Meta:
        """No table of its own."""

        abstract = True

    def delete(self, *_args: object, **_kwargs: object) -> NoReturn:
        """Refuse."""
        raise UsageError(REFUSAL)
