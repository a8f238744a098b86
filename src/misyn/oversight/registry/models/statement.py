"""What is said here about other people's published work: quoted, dated, in versions, beside the authors' reply.

Rules
-----
1. A statement names the work, quotes what it is about with the place of the quotation and the day it was read.
2. A change is a new version with its reason; the old versions stay readable.
3. The authors' reply stands beside it in the same type size. Anyone can send a notice, which is a concern with a due
   date.
"""

from __future__ import annotations

from django.db import models

from misyn.oversight.registry.models.kept import Kept


class Statement(Kept):
    """About one work of others."""

    work = models.CharField(max_length=300)
    authors = models.CharField(max_length=300)
    source = models.CharField(max_length=300)  # where it was published: an address or a DOI, shown as text
    account = models.ForeignKey("registry.Account", on_delete=models.PROTECT, related_name="+")
    withdrawn = models.DateTimeField(null=True)
    created = models.DateTimeField()

    class Meta:
        """The newest first."""

        ordering = ("-id",)

    def __str__(self) -> str:
        return self.work


class StatementVersion(Kept):
    """What is said, in one version."""

    statement = models.ForeignKey(Statement, on_delete=models.PROTECT, related_name="versions")
    number = models.PositiveIntegerField()
    quotation = models.ForeignKey("registry.Text", on_delete=models.PROTECT, related_name="+")
    where = models.CharField(max_length=200)
    read_on = models.DateField()
    said = models.ForeignKey("registry.Text", on_delete=models.PROTECT, related_name="+")
    why = models.CharField(max_length=400, blank=True)
    event = models.ForeignKey("registry.Event", on_delete=models.PROTECT, related_name="+")
    created = models.DateTimeField()

    class Meta:
        """The newest first."""

        ordering = ("-number",)
        constraints = (models.UniqueConstraint(fields=["statement", "number"], name="one_of_each_version"),)

    def __str__(self) -> str:
        return f"{self.statement_id}/{self.number}"


class Reply(Kept):
    """What the authors of the work reply; entered for them by a moderator who knows that it is theirs."""

    statement = models.ForeignKey(Statement, on_delete=models.PROTECT, related_name="replies")
    by = models.CharField(max_length=200)
    text = models.ForeignKey("registry.Text", on_delete=models.PROTECT, related_name="+")
    event = models.ForeignKey("registry.Event", on_delete=models.PROTECT, related_name="+")
    created = models.DateTimeField()

    class Meta:
        """In the order in which they came."""

        ordering = ("id",)

    def __str__(self) -> str:
        return f"reply {self.pk}"
