"""``misyn check``: does an evidence bundle hold?"""

from __future__ import annotations

import sys
from collections.abc import Callable, Mapping
from datetime import UTC, datetime
from pathlib import Path
from typing import TYPE_CHECKING, Any

import click

from misyn.cli import frame
from misyn.errors import UsageError

if TYPE_CHECKING:
    from misyn.practice.checking import Checked


@click.command("check", short_help="Check an audit's evidence bundle again, offline.")
@click.argument("bundle", type=click.Path(exists=True, dir_okay=False, path_type=Path))
@click.option(
    "--policy",
    "policy_file",
    type=click.Path(exists=True, dir_okay=False, path_type=Path),
    help="Whom to believe (C2SP tlog-policy), where statuses rest on a log.",
)
@click.option(
    "--unsafe-without-cosignatures", is_flag=True, help="Believe the log's operator alone; the answer says so."
)
@frame.json_option
@frame.command
def command(bundle: Path, policy_file: Path | None, *, unsafe_without_cosignatures: bool, as_json: bool) -> None:
    """Derive every status of an audit again from its evidence BUNDLE (bundle.zip), and name every difference.

    Needs no network, no images and no numerics. That a bundle holds shows that its statuses follow from its evidence,
    not that the evidence is true. Exit status 1 when it does not hold.
    """
    from misyn.practice import checking  # noqa: PLC0415 - only when it runs

    proven = None if policy_file is None else _prover(policy_file, unsafe=unsafe_without_cosignatures)
    found = checking.check(bundle, proven=proven)
    if proven is None and found.log_entries:
        raise UsageError(
            f"statuses of this bundle rest on {found.log_entries} entries of a log, and nothing says which log to "
            "believe. Next: give --policy FILE"
        )
    if as_json:
        frame.print_json(_document(found, unsafe=unsafe_without_cosignatures))
    else:
        _print(found)
    if not found.holds:
        sys.exit(frame.NO)


def _prover(policy_file: Path, *, unsafe: bool) -> Callable[[Mapping[str, Any]], None]:
    """Check one entry's proof: this digest, at this index, in a log that the policy believes."""
    from misyn.errors import NotProven  # noqa: PLC0415 - only when it runs
    from misyn.oversight.log import client, policy  # noqa: PLC0415

    believed, now = policy.load(policy_file), datetime.now(UTC)

    def proven(entry: Mapping[str, Any]) -> None:
        data, content = entry.get("proof"), entry.get("digest")
        if not (isinstance(data, str) and isinstance(content, str)):
            raise NotProven("expected a proof and the digest it is about, found none")
        shown = client.check(data.encode(), believed, now=now, content=content, unsafe_without_cosignatures=unsafe)
        if shown.index != entry.get("index"):
            raise NotProven(f"the proof shows index {shown.index}, and the bundle says another")

    return proven


def _document(found: Checked, *, unsafe: bool) -> dict[str, Any]:
    stated = {key: found.content.get(key) for key in ("misyn", "record", "phase", "scope")}
    return {
        "schema": "misyn/check/1",
        "bundle": found.digest,
        "holds": found.holds,
        "differences": [{"where": one.where, "what": one.what} for one in found.differences],
        "stated": stated,
        "log_entries": found.log_entries,
        "unsafe": ["without cosignatures"] if unsafe and found.log_entries else [],
    }


def _print(found: Checked) -> None:
    for one in found.differences:
        click.echo(f"✗ {one.where}: {one.what}")
    if not found.holds:
        click.echo(
            f"{len(found.differences)} difference{'s' * (len(found.differences) != 1)}: the bundle does not hold"
        )
        return
    click.echo(str(found.content.get("scope")))
    click.echo("The bundle holds: every status follows from the evidence in it. Whether that is true, it cannot show.")
    click.echo(found.digest)
