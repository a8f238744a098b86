"""Reviews: by named people who declare their interests, finding by finding, tied to the evidence they judged.

Rules
-----
1. A judgement names the digest of what was judged; when a new publication changes that, the judgement is reopened.
2. A review is never changed; another look is another review.
"""

from __future__ import annotations

from django.db import models

from misyn.oversight.registry.models.kept import Kept

INVITED, VOLUNTEERED = "invited", "volunteered"


class Review(Kept):
    """One reviewer's look at one publication."""

    publication = models.ForeignKey("registry.Publication", on_delete=models.PROTECT, related_name="reviews")
    account = models.ForeignKey("registry.Account", on_delete=models.PROTECT, related_name="reviews")
    how = models.CharField(max_length=12)
    interests = models.ForeignKey("registry.Text", on_delete=models.PROTECT, related_name="+")
    event = models.ForeignKey("registry.Event", on_delete=models.PROTECT, related_name="+")
    created = models.DateTimeField()

    class Meta:
        """The newest first."""

        ordering = ("-id",)

    def __str__(self) -> str:
        return f"review {self.pk}"


class Judgement(Kept):
    """One finding, agreed or disputed, with the reason. ``reopened`` once what it judged has changed."""

    review = models.ForeignKey(Review, on_delete=models.PROTECT, related_name="judgements")
    finding = models.CharField(max_length=8)
    agrees = models.BooleanField()
    basis = models.CharField(max_length=71)
    reason = models.ForeignKey("registry.Text", on_delete=models.PROTECT, related_name="+")
    reopened = models.DateTimeField(null=True)

    class Meta:
        """In the catalogue's order of ids."""

        ordering = ("id",)

    def __str__(self) -> str:
        return f"{self.finding} in {self.review_id}"
