"""What goes in and comes out. Unknown keys in are refused; every text is bounded.

Example:
    >>> Problem(detail="no").model_dump()
    {'detail': 'no'}
"""

from __future__ import annotations

from typing import Annotated, Any, Literal

from ninja import Schema
from pydantic import ConfigDict, Field

from misyn.oversight.registry.acts.asking import LONGEST
from misyn.oversight.registry.acts.publishing import MOST_DECLARED

Words = Annotated[str, Field(min_length=3, max_length=LONGEST, pattern=r"\S")]
Line = Annotated[str, Field(min_length=3, max_length=400, pattern=r"\S")]
Digest = Annotated[str, Field(pattern=r"^sha256:[0-9a-f]{64}$")]
Code = Annotated[str, Field(min_length=20, max_length=40, pattern=r"^[A-Za-z0-9 -]+$")]
Status = Literal["current", "contested", "withdrawn"]
Kind = Literal["question", "objection", "refusal", "my-image"]
State = Literal["open", "answered", "upheld", "not-upheld", "taken-back"]


class Given(Schema):
    """Something that comes in."""

    model_config = ConfigDict(extra="forbid")


class Problem(Schema):
    """Why something was refused, in one sentence."""

    detail: str


class Problems(Schema):
    """Why what was sent was refused: a sentence, or a list of places and reasons."""

    detail: str | list[dict[str, Any]]


class EntryRow(Schema):
    """An entry in a list."""

    entry: int
    name: str
    version: str
    responsible: str
    status: Status
    status_since: str
    status_reason: str
    answer_days: int
    declared_images: int
    changed: str


class EntryPage(Schema):
    """A page of entries; ``next`` continues it."""

    total: int
    entries: list[EntryRow]
    next: int | None


class PublicationRow(Schema):
    """One published version."""

    version: int
    bundle: str
    record: str
    phase: int
    signer: str
    log_index: int
    created: str


class EntryWhole(EntryRow):
    """An entry with its versions and the numbers of its concerns."""

    publications: list[PublicationRow]
    concerns: list[int]
    overdue: int


class AnswerRow(Schema):
    """An answer."""

    outcome: str
    effect: str
    by: str
    words: str
    words_state: str
    created: str


class ConcernRow(Schema):
    """A concern, with what was added and answered."""

    concern: int
    entry: int | None
    statement: int | None
    kind: str
    state: State
    overdue: bool
    created: str
    due: str
    words: str
    words_state: str
    log_index: int
    additions: list[str]
    answers: list[AnswerRow]


class MatchRow(Schema):
    """A declared image."""

    pixels: str
    entry: int
    title: str
    responsible: str
    status: Status


class LookedUp(Schema):
    """All declared images whose digest begins with a prefix; ``complete`` is false where there are more."""

    prefix: str
    complete: bool
    matches: list[MatchRow]


class Receipt(Schema):
    """That a concern was taken in; the code is given once."""

    concern: int
    code: str
    due: str
    log_index: int


class NewConcern(Given):
    """A concern."""

    kind: Kind
    words: Words
    language: Annotated[str, Field(pattern=r"^[a-z]{2,3}$")] = "en"


class WithCode(Given):
    """A receipt's code."""

    code: Code


class Added(WithCode):
    """More words to a concern."""

    words: Words


class NewAnswer(Given):
    """An answer."""

    outcome: Literal["answered", "upheld", "not-upheld", "settled"]
    words: Words
    effect: Literal["contested", "withdrawn"] = "contested"


class NewJudgement(Given):
    """One finding, agreed or disputed."""

    finding: Annotated[str, Field(pattern=r"^[A-Z][0-9]{1,2}$")]
    agrees: bool
    reason: Words


class NewReview(Given):
    """A review of the newest version."""

    how: Literal["invited", "volunteered"] = "volunteered"
    interests: Words
    judgements: Annotated[list[NewJudgement], Field(min_length=1, max_length=60)]


class Reviewed(Schema):
    """That a review was taken in."""

    review: int
    log_index: int


class NewWithdrawal(Given):
    """A withdrawal, for good."""

    reason: Line


class NewDeclarations(Given):
    """Declared synthetic images, by the digests of their pixels."""

    images: Annotated[list[Digest], Field(min_length=1, max_length=MOST_DECLARED)]


class DeclaredNow(Schema):
    """How many images an entry lists now."""

    declared_images: int
    log_index: int


class NewPublication(Given):
    """A signed document with its bundle (base64)."""

    document: dict[str, Any]
    statement: dict[str, Any]
    bundle: Annotated[str, Field(max_length=12 << 20, pattern=r"^[A-Za-z0-9+/=]*$")]


class Published(Schema):
    """That a version was published."""

    entry: int
    version: int
    log_index: int
    page: str


class About(Schema):
    """This registry."""

    registry: str
    address: str
    log_entries: int
    entries: int
    overdue: int
