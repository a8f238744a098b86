"""How often somebody may do something: a count per hour under a key that says nothing of who it is.

Rules
-----
1. The key is an HMAC of the address under a secret that ends with the day; no address is stored.
2. Counts are the one table whose old rows are deleted.
"""

from __future__ import annotations

from django.db import models


class Count(models.Model):
    """How often, in one hour."""

    key = models.CharField(max_length=64)
    hour = models.DateTimeField()
    n = models.PositiveIntegerField(default=0)

    class Meta:
        """One row for each."""

        constraints = (models.UniqueConstraint(fields=["key", "hour"], name="one_count"),)

    def __str__(self) -> str:
        return str(self.n)
