"""People with a role, and the tokens of their programs.

Rules
-----
1. A role is given by an operator. Nobody signs up; the public needs no account for anything the public may do.
2. A token is shown once and kept as its SHA-256; it is long and random, so that a plain hash cannot be guessed back.
3. After :data:`MOST_FAILURES` wrong passwords an account is locked for a while, whoever tries.
"""

from __future__ import annotations

import secrets
from datetime import datetime, timedelta
from hashlib import sha256
from typing import ClassVar

from django.contrib.auth.base_user import AbstractBaseUser, BaseUserManager
from django.db import models

ROLES = ("submitter", "reviewer", "moderator", "operator")
SCOPES = ("publish", "answer", "review")
MOST_FAILURES, LOCKED = 5, timedelta(minutes=15)


class Accounts(BaseUserManager["Account"]):
    """Makes accounts."""

    def make(self, name: str, *, roles: list[str], shown_as: str, password: str | None = None) -> Account:
        """Make an account; without a password nobody can sign in with it, and its tokens still work."""
        account = self.model(name=name, roles=sorted(roles), shown_as=shown_as or name)
        account.set_password(password)
        account.save(using=self._db)
        return account


class Account(AbstractBaseUser):
    """Somebody with a role. ``shown_as`` is the public name beside what they publish, answer or review."""

    name = models.CharField(max_length=60, unique=True)
    shown_as = models.CharField(max_length=120)
    roles = models.JSONField(default=list)
    is_active = models.BooleanField(default=True)
    root = models.CharField(max_length=71, blank=True)  # fingerprint of the root it publishes under
    failures = models.PositiveSmallIntegerField(default=0)
    locked_until = models.DateTimeField(null=True, blank=True)

    USERNAME_FIELD = "name"
    REQUIRED_FIELDS: ClassVar[list[str]] = []
    objects = Accounts()

    def __str__(self) -> str:
        return self.shown_as

    def has(self, role: str) -> bool:
        """Whether an operator gave this role."""
        return self.is_active and role in self.roles

    def locked(self, now: datetime) -> bool:
        """Whether wrong passwords have locked the account (rule 3)."""
        return self.locked_until is not None and self.locked_until > now


class Token(models.Model):
    """A program's key: what it may do, until when; only its hash is kept."""

    account = models.ForeignKey(Account, on_delete=models.PROTECT, related_name="tokens")
    label = models.CharField(max_length=60)
    scopes = models.JSONField(default=list)
    hash = models.CharField(max_length=64, unique=True)
    created = models.DateTimeField()
    expires = models.DateTimeField()
    revoked = models.BooleanField(default=False)

    def __str__(self) -> str:
        return self.label

    @staticmethod
    def hashed(token: str) -> str:
        """What is kept of a token."""
        return sha256(token.encode()).hexdigest()

    @staticmethod
    def new_secret() -> str:
        """Make a token's text, 256 bits of chance."""
        return f"misyn_{secrets.token_urlsafe(32)}"
