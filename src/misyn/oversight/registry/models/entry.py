"""A technique in public: its publications, which records and images they speak of, and its status.

Rules
-----
1. ``status`` is derived from what was answered and withdrawn; :mod:`misyn.oversight.registry.acts` alone writes it.
2. A publication is never changed; a new version is a new publication, and the old ones stay readable.
3. Of images nothing is kept but the digests of declared synthetic ones, when their maker chose to list them.
"""

from __future__ import annotations

from django.db import models

from misyn.oversight.registry.models.kept import Kept, OrderedJSON

CURRENT, CONTESTED, WITHDRAWN = "current", "contested", "withdrawn"
STATUSES = [(CURRENT, "current"), (CONTESTED, "contested"), (WITHDRAWN, "withdrawn")]


class Entry(Kept):
    """A technique."""

    name = models.CharField(max_length=200)
    version = models.CharField(max_length=80, blank=True)
    responsible = models.CharField(max_length=400)
    language = models.CharField(max_length=12, default="en")
    owner = models.ForeignKey("registry.Account", on_delete=models.PROTECT, related_name="entries")
    status = models.CharField(max_length=10, choices=STATUSES, default=CURRENT, db_index=True)
    status_since = models.DateTimeField()
    status_reason = models.CharField(max_length=400, blank=True)
    answer_days = models.PositiveSmallIntegerField(default=30)
    words = models.TextField(blank=True)  # what search looks at, folded
    declared = models.PositiveIntegerField(default=0)  # how many images are listed
    created = models.DateTimeField()
    changed = models.DateTimeField(db_index=True)

    class Meta:
        """The last changed first."""

        ordering = ("-changed", "-id")

    def __str__(self) -> str:
        return self.title

    @property
    def title(self) -> str:
        """Name and version."""
        return f"{self.name} {self.version}".strip()

    @property
    def latest(self) -> Publication:
        """The newest publication."""
        found: Publication = self.publications.order_by("-number").select_related("event")[0]
        return found


class Publication(Kept):
    """One published state of a technique: the aggregate content of its bundle, and who signed it."""

    entry = models.ForeignKey(Entry, on_delete=models.PROTECT, related_name="publications")
    number = models.PositiveIntegerField()
    bundle = models.CharField(max_length=71)
    record = models.CharField(max_length=71)
    phase = models.PositiveSmallIntegerField()
    content = OrderedJSON()  # record, audit, evaluation, marks, …: what the bundle holds
    report = models.TextField()
    signer = models.CharField(max_length=120)
    certificate = models.CharField(max_length=71)
    event = models.ForeignKey("registry.Event", on_delete=models.PROTECT, related_name="+")
    created = models.DateTimeField()

    class Meta:
        """One of each number."""

        ordering = ("-number",)
        constraints = (models.UniqueConstraint(fields=["entry", "number"], name="one_of_each_number"),)

    def __str__(self) -> str:
        return f"{self.entry_id}/{self.number}"


class Cover(Kept):
    """A record's digest, as files carry it, and the entry that speaks for it."""

    digest = models.CharField(max_length=71, db_index=True)
    entry = models.ForeignKey(Entry, on_delete=models.PROTECT, related_name="covers")

    class Meta:
        """One row for each."""

        constraints = (models.UniqueConstraint(fields=["digest", "entry"], name="one_cover"),)

    def __str__(self) -> str:
        return self.digest


class Declared(Kept):
    """The digest of a declared synthetic image's pixels (64 hex digits), for look-up by prefix."""

    pixels = models.CharField(max_length=64)
    entry = models.ForeignKey(Entry, on_delete=models.PROTECT, related_name="images")

    class Meta:
        """Found by prefix; one row for each image of an entry."""

        constraints = (models.UniqueConstraint(fields=["pixels", "entry"], name="one_declaration"),)

    def __str__(self) -> str:
        return self.pixels
