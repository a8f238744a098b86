"""Tokens, and how a route asks for a scope.

Rules
-----
1. A token travels as ``Authorization: Bearer …``; the sessions of pages count for nothing here, so that no page
   elsewhere can act through somebody's browser.
2. A scope is needed, and then the role: a token can do no more than its account.
"""

from __future__ import annotations

from django.http import HttpRequest
from ninja.security import HttpBearer

from misyn.oversight.registry import clock
from misyn.oversight.registry.acts import accounts
from misyn.oversight.registry.models import Account
from misyn.oversight.registry.roles import NotAllowed


class Scoped(HttpBearer):
    """A token that holds one scope."""

    def __init__(self, scope: str) -> None:
        super().__init__()
        self.scope = scope

    def authenticate(self, request: HttpRequest, token: str) -> Account | None:  # noqa: ARG002 - ninja's signature
        """Give the account of a token.

        Raises:
            NotAllowed: the token has not this scope.
        """
        found = accounts.by_token(token, now=clock.now())
        if found is None:
            return None
        if self.scope not in found.scopes:
            raise NotAllowed(f"this token has not the scope {self.scope}. Next: make one that has")
        return found.account
