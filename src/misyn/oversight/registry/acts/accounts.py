"""Make accounts and tokens; sign in, with a lock against guessing.

Rules
-----
1. An operator makes accounts. Whoever holds the registry's folder makes the first one, from the command line.
2. A wrong password counts, an unknown name takes the same time, and both get the same answer.
3. A token has scopes; it can do no more than its account may, and ends by itself.
"""

from __future__ import annotations

from datetime import datetime, timedelta

from django.contrib.auth.hashers import make_password
from django.contrib.auth.password_validation import validate_password
from django.core.exceptions import ValidationError
from django.db import transaction

from misyn.errors import UsageError
from misyn.oversight.registry.models import Account, Token
from misyn.oversight.registry.models.account import LOCKED, MOST_FAILURES, ROLES, SCOPES

DAYS = 365


def make(name: str, *, roles: list[str], shown_as: str = "", password: str | None = None) -> Account:
    """Make an account.

    Raises:
        UsageError: no such role, the name is taken, or the password is too weak.
    """
    if unknown := set(roles) - set(ROLES):
        raise UsageError(f"expected roles of {', '.join(ROLES)}; found {', '.join(sorted(unknown))}")
    if not name or Account.objects.filter(name=name).exists():
        raise UsageError("expected a name that nobody has yet. Next: choose another")
    if password is not None:
        try:
            validate_password(password, Account(name=name, shown_as=shown_as))
        except ValidationError as error:
            raise UsageError(" ".join(error.messages)) from error
    return Account.objects.make(name, roles=roles, shown_as=shown_as, password=password)


def token(account: Account, *, scopes: list[str], label: str, now: datetime, days: int = DAYS) -> str:
    """Make a token; its text is given once and never kept.

    Raises:
        UsageError: no such scope, or none.
    """
    if not scopes or set(scopes) - set(SCOPES):
        raise UsageError(f"expected scopes of {', '.join(SCOPES)}")
    secret, expires = Token.new_secret(), now + timedelta(days=days)
    hashed = Token.hashed(secret)
    Token.objects.create(account=account, label=label, scopes=scopes, hash=hashed, created=now, expires=expires)
    return secret


def by_token(secret: str, *, now: datetime) -> Token | None:
    """Find a token that holds now."""
    found = Token.objects.select_related("account").filter(hash=Token.hashed(secret), revoked=False).first()
    return found if found and found.expires > now and found.account.is_active else None


@transaction.atomic
def sign_in(name: str, password: str, *, now: datetime) -> Account | None:
    """Give the account of this name and password, or None; count what failed (rule 2)."""
    account = Account.objects.select_for_update().filter(name=name, is_active=True).first()
    if account is None or account.locked(now):
        make_password(password)  # as slow as a check
        return None
    if account.check_password(password):
        account.failures, account.locked_until = 0, None
        account.save(update_fields=["failures", "locked_until"])
        return account
    account.failures += 1
    if account.failures >= MOST_FAILURES:
        account.failures, account.locked_until = 0, now + LOCKED
    account.save(update_fields=["failures", "locked_until"])
    return None
