"""What ``verify`` and ``audit`` share to ask a registry: its options, and what is known of it, as of when."""

from __future__ import annotations

from datetime import UTC, datetime
from pathlib import Path
from typing import TYPE_CHECKING

import click

if TYPE_CHECKING:
    from misyn.oversight.status.known import Known

registry_option = click.option(
    "--registry",
    help="A registry's URL or folder, or a downloaded status list: is the technique current, contested or withdrawn?",
)
policy_option = click.option(
    "--registry-policy",
    type=click.Path(exists=True, dir_okay=False, path_type=Path),
    help="Whom to believe there (C2SP tlog-policy); default: the key that was seen first.",
)


def known(place: str | None, policy_file: Path | None) -> Known | None:
    """Learn what a registry says, or None where none was named.

    Raises:
        UsageError: a policy without a registry.
        NotProven: the registry's list does not hold, or is older than what was known.
    """
    from misyn.errors import UsageError  # noqa: PLC0415

    if place is None:
        if policy_file is not None:
            raise UsageError("nothing says which registry to ask. Next: give --registry")
        return None
    from misyn.oversight.log import policy  # noqa: PLC0415
    from misyn.oversight.status import known as knowing  # noqa: PLC0415 - cryptography only where it is asked for

    trusted = policy.load(policy_file) if policy_file else None
    return knowing.of(place, now=datetime.now(UTC), trusted=trusted)
