"""Say something about other people's published work: quoted, dated, in versions, with their reply beside it.

Rules
-----
1. Nothing is said without a quotation, the place it stands at, and the day on which it was read.
2. A correction is a new version with its reason. A withdrawal keeps everything readable, and says so on top.
"""

from __future__ import annotations

from dataclasses import dataclass
from datetime import date, datetime

from django.db import transaction

from misyn.errors import UsageError
from misyn.oversight.registry import roles
from misyn.oversight.registry.acts.asking import checked
from misyn.oversight.registry.acts.history import happened
from misyn.oversight.registry.models import Account, Reply, Statement, StatementVersion, Text


@dataclass(frozen=True)
class Said:
    """One version of a statement: what is quoted, where it stands, when it was read, and what is said of it."""

    quotation: str
    where: str
    read_on: date
    said: str


@transaction.atomic
def state(account: Account, *, work: str, authors: str, source: str, said: Said, now: datetime) -> Statement:
    """Say something about one work of others."""
    roles.require(account, "state")
    if not (work.strip() and authors.strip() and source.strip()):
        raise UsageError("expected the work, its authors and where it was published")
    made = Statement.objects.create(work=work, authors=authors, source=source, account=account, created=now)
    _version(account, made, said, why="", now=now)
    return made


@transaction.atomic
def correct(account: Account, statement: Statement, said: Said, *, why: str, now: datetime) -> StatementVersion:
    """Say it differently, and why."""
    roles.require(account, "correct", roles.About(statement=statement))
    if not why.strip() or statement.withdrawn:
        raise UsageError("expected the reason for a correction of a statement that is not withdrawn")
    return _version(account, statement, said, why=why, now=now)


def _version(account: Account, statement: Statement, said: Said, *, why: str, now: datetime) -> StatementVersion:
    if not said.where.strip():
        raise UsageError("expected the place of the quotation, such as a page or section")
    quotation, words = Text.keep(checked(said.quotation)), Text.keep(checked(said.said))
    number = statement.versions.count() + 1
    content = {
        "statement": statement.pk,
        "number": number,
        "quotation": quotation.commitment,
        "where": said.where,
        "read_on": said.read_on.isoformat(),
        "said": words.commitment,
        "why": why,
        "by": account.shown_as,
    }
    event = happened("statement", kind="review", now=now, content=content)
    return StatementVersion.objects.create(
        statement=statement,
        number=number,
        quotation=quotation,
        where=said.where[:200],
        read_on=said.read_on,
        said=words,
        why=why[:400],
        event=event,
        created=now,
    )


@transaction.atomic
def reply(account: Account, statement: Statement, *, by: str, words: str, now: datetime) -> Reply:
    """Put the authors' reply beside a statement."""
    roles.require(account, "reply", roles.About(statement=statement))
    text = Text.keep(checked(words))
    content = {"statement": statement.pk, "by": by[:200], "text": text.commitment}
    event = happened("reply", kind="answer", now=now, about=statement.versions.all()[0].event, content=content)
    return Reply.objects.create(statement=statement, by=by[:200], text=text, event=event, created=now)


@transaction.atomic
def unstate(account: Account, statement: Statement, *, why: str, now: datetime) -> None:
    """Withdraw a statement; it stays readable, and says that it is withdrawn."""
    roles.require(account, "unstate", roles.About(statement=statement))
    content = {"statement": statement.pk, "why": why[:400], "by": account.shown_as}
    happened(
        "statement-withdrawn", kind="withdrawal", now=now, about=statement.versions.all()[0].event, content=content
    )
    statement.withdrawn = now
    statement.save(update_fields=["withdrawn"])
