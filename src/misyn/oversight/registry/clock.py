"""The present time, in one place, so that acts can take it as an argument and tests can choose it."""

from __future__ import annotations

from datetime import UTC, datetime


def now() -> datetime:
    """Give the present time, in UTC."""
    return datetime.now(UTC)
