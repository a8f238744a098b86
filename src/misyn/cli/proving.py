"""What ``misyn audit`` and ``misyn check`` share: proofs of log entries, believed by a policy."""

from __future__ import annotations

from collections.abc import Sequence
from datetime import UTC, datetime
from pathlib import Path
from typing import TYPE_CHECKING, Any

import click

from misyn.errors import InputError, MalformedLogData, NotProven

if TYPE_CHECKING:
    from misyn.oversight.log.evidence import Prover

policy_option = click.option(
    "--policy",
    "policy_file",
    type=click.Path(exists=True, dir_okay=False, path_type=Path),
    help="Whom to believe (C2SP tlog-policy), where statuses rest on a log.",
)
unsafe_option = click.option(
    "--unsafe-without-cosignatures", is_flag=True, help="Believe the log's operator alone; the answer says so."
)


def prover(policy_file: Path, *, trust: Path | None = None, unsafe: bool) -> Prover:
    """Read whom to believe."""
    from misyn import signing  # noqa: PLC0415 - only when it runs
    from misyn.oversight.log import evidence, policy  # noqa: PLC0415

    return evidence.Prover(
        policy.load(policy_file),
        now=datetime.now(UTC),
        roots=() if trust is None else signing.load_roots(trust),
        unsafe_without_cosignatures=unsafe,
    )


def rows(proofs: Sequence[Path], believed: Prover) -> list[dict[str, Any]]:
    """The entries that proof files show, each named where it does not hold.

    Raises:
        InputError: a file cannot be read.
        NotProven: a proof does not hold.
    """
    found = []
    for path in proofs:
        try:
            found.append(believed.row(path.read_bytes()))
        except OSError as error:
            raise InputError(f"expected a proof at {path}: {error.strerror}") from error
        except (NotProven, MalformedLogData) as error:
            raise type(error)(f"{path}: {error}") from error
    return found
