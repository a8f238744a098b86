"""``misyn check``: does an evidence bundle hold?"""

from __future__ import annotations

import sys
from pathlib import Path
from typing import TYPE_CHECKING, Any

import click

from misyn.cli import frame, proving
from misyn.errors import UsageError

if TYPE_CHECKING:
    from misyn.practice.checking import Checked


_PROOF = b"c2sp.org/tlog-proof@"


@click.command("check", short_help="Check an audit's bundle, or a proof of a log, again, offline.")
@click.argument("bundle", type=click.Path(exists=True, dir_okay=False, path_type=Path))
@click.argument("file", required=False, type=click.Path(exists=True, dir_okay=False, path_type=Path))
@proving.policy_option
@click.option(
    "--trust", type=click.Path(exists=True, dir_okay=False, path_type=Path), help="root.pem of who must have signed."
)
@click.option("--before", help="With a proof: another proof, or a time: show that FILE was there before.")
@proving.unsafe_option
@frame.json_option
@frame.command
@click.pass_context
def command(
    context: click.Context,
    bundle: Path,
    file: Path | None,
    policy_file: Path | None,
    trust: Path | None,
    before: str | None,
    *,
    unsafe_without_cosignatures: bool,
    as_json: bool,
) -> None:
    """Derive every status of an audit again from its evidence BUNDLE (bundle.zip), and name every difference.

    Needs no network, no images and no numerics. That a bundle holds shows that its statuses follow from its evidence,
    not that the evidence is true. Given a proof (FILE.tlog-proof) instead, it checks that a log holds FILE, as
    misyn log check does. Exit status 1 when it does not hold.
    """
    if _is_proof(bundle):
        options = {"policy_file": policy_file, "trust": trust, "before": before, "as_json": as_json, "max_age": None}
        _check_proof(context, bundle, file, options, unsafe=unsafe_without_cosignatures)
        return
    if file is not None or before is not None:
        raise UsageError("FILE and --before belong to a proof, and this is a bundle. Next: leave them out")
    found = _checked(bundle, policy_file, trust, unsafe=unsafe_without_cosignatures)
    if as_json:
        frame.print_json(_document(found, unsafe=unsafe_without_cosignatures))
    else:
        _print(found)
    if not found.holds:
        sys.exit(frame.NO)


def _is_proof(path: Path) -> bool:
    with path.open("rb") as file:
        return file.read(len(_PROOF)) == _PROOF


def _check_proof(
    context: click.Context, proof: Path, file: Path | None, options: dict[str, Any], *, unsafe: bool
) -> None:
    """Do what ``misyn log check`` does."""
    from misyn.cli.log import check  # noqa: PLC0415 - only when it runs

    if options["policy_file"] is None:
        raise UsageError("nothing says which log to believe. Next: give --policy FILE")
    context.invoke(check, proof=proof, file=file, unsafe_without_cosignatures=unsafe, **options)


def _checked(bundle: Path, policy_file: Path | None, trust: Path | None, *, unsafe: bool) -> Checked:
    from misyn.practice import checking  # noqa: PLC0415 - only when it runs

    proven = None if policy_file is None else proving.prover(policy_file, trust=trust, unsafe=unsafe).prove
    found = checking.check(bundle, proven=proven)
    if proven is None and found.log_entries:
        raise UsageError(
            f"statuses of this bundle rest on {found.log_entries} entries of a log, and nothing says which log to "
            "believe. Next: give --policy FILE"
        )
    return found


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
