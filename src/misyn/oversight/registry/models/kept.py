"""Rows that stay: deleting one, or many, is refused in Python, and by the database itself (a trigger of the migration).

Rules
-----
1. No code path of the registry deletes what was public; there is nothing to call.
"""

from __future__ import annotations

import json
from typing import Any, NoReturn

from django.db import models
from django.db.backends.base.base import BaseDatabaseWrapper

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


class OrderedJSON(models.JSONField):
    """JSON whose keys stay in their order, in PostgreSQL too, so that both databases show the same page."""

    def db_type(self, connection: BaseDatabaseWrapper) -> str | None:
        """Give the column's type: ``json`` keeps what was written, ``jsonb`` sorts it."""
        return "json" if connection.vendor == "postgresql" else super().db_type(connection)

    def get_db_prep_value(self, value: Any, connection: BaseDatabaseWrapper, prepared: bool = False) -> Any:  # noqa: ANN401 - Django's signature
        """Send it as text: PostgreSQL's driver would send ``jsonb``, and lose the order on the way."""
        return (
            json.dumps(value)
            if connection.vendor == "postgresql"
            else super().get_db_prep_value(value, connection, prepared)
        )

    def from_db_value(self, value: Any, expression: Any, connection: BaseDatabaseWrapper) -> Any:  # noqa: ANN401
        """Read it; PostgreSQL's driver has parsed what is ``json`` already."""
        return value if isinstance(value, (dict, list)) else super().from_db_value(value, expression, connection)


class Kept(models.Model):
    """A row that cannot be deleted."""

    objects = models.Manager.from_queryset(KeptQuerySet)()

    class Meta:
        """No table of its own."""

        abstract = True

    def delete(self, *_args: object, **_kwargs: object) -> NoReturn:
        """Refuse."""
        raise UsageError(REFUSAL)
