"""What happened: the content that one entry of the log commits to.

Rules
-----
1. An event's content is public, holds no words of people (only commitments to them), and never changes.
2. ``index`` is its place in the log; there is an entry of the log for every event.
"""

from __future__ import annotations

from django.db import models

from misyn.oversight.registry.models.kept import Kept, OrderedJSON


class Event(Kept):
    """One thing that happened, in the words the log committed to."""

    index = models.BigIntegerField(unique=True)
    act = models.CharField(max_length=32)
    entry = models.ForeignKey("registry.Entry", on_delete=models.PROTECT, null=True, related_name="events")
    content = OrderedJSON()
    digest = models.CharField(max_length=71)
    created = models.DateTimeField()

    class Meta:
        """The newest first."""

        ordering = ("-index",)
        indexes = (models.Index(fields=["entry", "-index"], name="newest_of_an_entry"),)

    def __str__(self) -> str:
        return f"{self.index} {self.act}"
