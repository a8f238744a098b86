"""Concerns: anyone's question, objection, refusal, or "was my image used?", what was added, and what was answered.

Rules
-----
1. Kind, date, due date and state are facts and stay; words lie in :class:`~misyn.oversight.registry.models.text.Text`.
2. A receipt's code is kept as its SHA-256: who has the code is who asked, and nobody knows who that is.
3. ``state`` leaves ``open`` by an answer, or by the one who asked; by nothing else.
"""

from __future__ import annotations

from datetime import datetime

from django.db import models

from misyn.oversight.registry import clock
from misyn.oversight.registry.models.kept import Kept

QUESTION, OBJECTION, REFUSAL, MY_IMAGE, NOTICE = "question", "objection", "refusal", "my-image", "notice"
KINDS = [(kind, kind) for kind in (QUESTION, OBJECTION, REFUSAL, MY_IMAGE, NOTICE)]
OPEN, ANSWERED, UPHELD, NOT_UPHELD, TAKEN_BACK = "open", "answered", "upheld", "not-upheld", "taken-back"
CONCERN_STATES = [(state, state) for state in (OPEN, ANSWERED, UPHELD, NOT_UPHELD, TAKEN_BACK)]


class Concern(Kept):
    """Something that somebody asks of an entry, or of a statement about other people's work."""

    entry = models.ForeignKey("registry.Entry", on_delete=models.PROTECT, null=True, related_name="concerns")
    statement = models.ForeignKey("registry.Statement", on_delete=models.PROTECT, null=True, related_name="concerns")
    kind = models.CharField(max_length=10, choices=KINDS)
    state = models.CharField(max_length=10, choices=CONCERN_STATES, default=OPEN, db_index=True)
    text = models.ForeignKey("registry.Text", on_delete=models.PROTECT, related_name="+")
    language = models.CharField(max_length=12, default="en")
    receipt = models.CharField(max_length=64, unique=True)
    event = models.ForeignKey("registry.Event", on_delete=models.PROTECT, related_name="+")
    created = models.DateTimeField()
    due = models.DateTimeField(db_index=True)

    class Meta:
        """Those that are due first come first."""

        ordering = ("due", "id")

    def __str__(self) -> str:
        return f"{self.kind} {self.pk}"

    def overdue(self, now: datetime) -> bool:
        """Whether it should have been answered by now."""
        return self.state == OPEN and self.due < now

    @property
    def is_overdue(self) -> bool:
        """Whether it should have been answered by now, for templates."""
        return self.overdue(clock.now())


class Addition(Kept):
    """What the one who asked added later."""

    concern = models.ForeignKey(Concern, on_delete=models.PROTECT, related_name="additions")
    text = models.ForeignKey("registry.Text", on_delete=models.PROTECT, related_name="+")
    event = models.ForeignKey("registry.Event", on_delete=models.PROTECT, related_name="+")
    created = models.DateTimeField()

    class Meta:
        """In the order in which they came."""

        ordering = ("id",)

    def __str__(self) -> str:
        return f"addition {self.pk}"


class Answer(Kept):
    """What was answered, by whom, and what follows for the entry."""

    concern = models.ForeignKey(Concern, on_delete=models.PROTECT, related_name="answers")
    account = models.ForeignKey("registry.Account", on_delete=models.PROTECT, related_name="+")
    outcome = models.CharField(max_length=10)
    effect = models.CharField(max_length=10, blank=True)
    text = models.ForeignKey("registry.Text", on_delete=models.PROTECT, related_name="+")
    event = models.ForeignKey("registry.Event", on_delete=models.PROTECT, related_name="+")
    created = models.DateTimeField()

    class Meta:
        """In the order in which they came."""

        ordering = ("id",)

    def __str__(self) -> str:
        return f"answer {self.pk}"
