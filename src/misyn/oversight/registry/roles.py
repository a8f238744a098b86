"""Who may do what: one table, asked by pages and programs alike.

Rules
-----
1. What is not in the table is refused. Every act asks here; no page and no route decides for itself.
2. Nobody judges their own: an entry's owner neither reviews it, nor hides words about it, nor settles an objection that
   was upheld against it.
3. A withdrawn entry takes no new version and no new images. It can still be asked about, and must still answer.
4. An account without a role may do what the public may.

Example:
    >>> sorted(TABLE)[:4]
    ['account', 'add', 'answer', 'correct']
"""

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import dataclass
from typing import TYPE_CHECKING

from misyn.errors import MisynError

if TYPE_CHECKING:
    from misyn.oversight.registry.models import Account, Concern, Entry, Statement


class NotAllowed(MisynError):
    """The one who asks may not do this."""


class WrongState(MisynError):
    """This cannot be done to what it has become."""


@dataclass(frozen=True)
class About:
    """What an act is about; what does not apply is None."""

    entry: Entry | None = None
    concern: Concern | None = None
    statement: Statement | None = None


Rule = Callable[["Account | None", About], bool]


def _anyone(_account: Account | None, _about: About) -> bool:
    return True


def _role(*roles: str) -> Rule:
    def rule(account: Account | None, _about: About) -> bool:
        return account is not None and any(account.has(role) for role in roles)

    return rule


def owns(account: Account | None, about: About) -> bool:
    """Whether the entry (or the statement) is this account's own."""
    entry = about.entry or (about.concern.entry if about.concern else None)
    statement = about.statement or (about.concern.statement if about.concern else None)
    if account is None:
        return False
    owner = entry.owner_id if entry else statement.account_id if statement else None
    return owner == account.pk


def _owner(role: str) -> Rule:
    return lambda account, about: _role(role)(account, about) and owns(account, about)


def _other(*roles: str) -> Rule:
    return lambda account, about: _role(*roles)(account, about) and not owns(account, about)


def _either(*rules: Rule) -> Rule:
    return lambda account, about: any(rule(account, about) for rule in rules)


TABLE: Mapping[str, Rule] = {
    "read": _anyone,
    "raise": _anyone,
    "follow": _anyone,  # who has the receipt's code
    "add": _anyone,
    "take-back": _anyone,
    "erase-own": _anyone,
    "publish": _role("submitter"),
    "publish-version": _owner("submitter"),
    "declare": _owner("submitter"),
    "withdraw": _either(_owner("submitter"), _role("operator")),
    "answer": _either(_owner("submitter"), _other("moderator")),
    "settle": _other("moderator"),
    "review": _other("reviewer"),
    "hide": _other("moderator"),
    "erase": _either(_other("moderator"), _role("operator")),
    "state": _role("reviewer", "moderator"),
    "correct": _owner("reviewer"),
    "reply": _other("moderator"),
    "unstate": _either(_owner("reviewer"), _role("moderator", "operator")),
    "account": _role("operator"),
    "desk": _role("submitter", "reviewer", "moderator", "operator"),
}
CLOSED_BY_WITHDRAWAL = ("publish-version", "declare", "review", "withdraw")


def may(account: Account | None, act: str, about: About | None = None) -> bool:
    """Say whether an account (None: anyone) may do an act (rule 1)."""
    return act in TABLE and TABLE[act](account, about or About())


def require(account: Account | None, act: str, about: About | None = None) -> None:
    """Accept an act, or refuse.

    Raises:
        NotAllowed: the account has not the role, or it is about its own.
        WrongState: the entry is withdrawn, which is final.
    """
    if not may(account, act, about):
        raise NotAllowed(
            f"this account may not do this ({act}). Next: sign in with the role that may, or ask the operator"
        )
    if act in CLOSED_BY_WITHDRAWAL and about and about.entry and about.entry.status == "withdrawn":
        raise WrongState("this entry is withdrawn, which is final. Next: publish what replaces it as a new entry")
