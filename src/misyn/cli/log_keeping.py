"""``misyn log fsck, mirror, forget, rotate, policy``: keeping a log, its copies, and those who read it."""

from __future__ import annotations

import sys
from dataclasses import replace
from datetime import UTC, datetime
from pathlib import Path
from typing import TYPE_CHECKING, Any

import click

from misyn.cli import frame

if TYPE_CHECKING:
    from misyn.oversight.log.policy import Policy
    from misyn.oversight.log.walk import Report

folder_argument = click.argument("folder", type=click.Path(path_type=Path, exists=True, file_okay=False))
policy_option = click.option(
    "--policy",
    "policy_file",
    required=True,
    type=click.Path(path_type=Path),
    help="Whom to believe (C2SP tlog-policy).",
)
unsafe_option = click.option(
    "--unsafe-without-cosignatures", is_flag=True, help="Believe the log's operator alone; the answer says so."
)


@click.command("fsck")
@click.argument("place")
@click.option("--policy", "policy_file", type=click.Path(path_type=Path), help="Keys of a log that is not our own.")
@click.option("--restore-public", is_flag=True, help="Write every public file again, from what is stored.")
@frame.json_option
@frame.command
def fsck(place: str, policy_file: Path | None, *, restore_public: bool, as_json: bool) -> None:
    """Read every byte of a log (its folder), or of a mirror (a folder or a URL), and say what is not as it was signed.

    Exit status 1 when something is not.
    """
    from misyn.oversight.log import static  # noqa: PLC0415
    from misyn.oversight.log.fsck import check_log, check_served  # noqa: PLC0415
    from misyn.oversight.log.store import Log  # noqa: PLC0415

    with frame.bar("checking") as progress:
        if (Path(place) / "log.json").is_file():
            with Log.open(Path(place)) as log:
                if restore_public:
                    log.restore_public()
                report = check_log(log, progress=progress)
        else:
            keys = _policy(policy_file).logs if policy_file else None
            report = check_served(static.source_of(place), keys, progress=progress)
    _print_report(report, as_json=as_json)
    if not report.clean:
        sys.exit(frame.NO)


def _policy(file: Path) -> Policy:
    from misyn.oversight.log import policy  # noqa: PLC0415

    return policy.load(file)


def _print_report(report: Report, *, as_json: bool) -> None:
    problems = [{"where": one.where, "what": one.what, "next": one.next} for one in report.problems]
    counts = {"entries": report.entries, "checkpoints": report.checkpoints, "root": f"sha256:{report.root.hex()}"}
    found = {"log": report.origin, "clean": report.clean, **counts, "problems": problems, "untold": report.untold}
    lines = [f"{one['where']}: {one['what']}. Next: {one['next']}" for one in problems]
    if report.untold:
        lines.append(f"and {report.untold} more")
    lines.append(f"{report.origin}: {report.entries} entries, {'clean' if report.clean else 'NOT as signed'}")
    print_found(found, "\n".join(lines), as_json=as_json)


@click.command("mirror")
@click.argument("source")
@click.argument("folder", type=click.Path(path_type=Path))
@policy_option
@unsafe_option
@frame.json_option
@frame.command
def mirror(source: str, folder: Path, policy_file: Path, *, unsafe_without_cosignatures: bool, as_json: bool) -> None:
    """Copy a log (SOURCE: a folder or a URL) to FOLDER, every entry verified; run it again to follow the log.

    Exit status 1 when the log is not believed; a contradiction is kept under FOLDER/evidence.
    """
    from misyn.errors import NotProven  # noqa: PLC0415
    from misyn.oversight.log import static  # noqa: PLC0415
    from misyn.oversight.log.mirror import mirror as copy  # noqa: PLC0415

    try:
        with frame.bar("mirroring") as progress:
            trusted = copy(
                static.source_of(source),
                folder,
                policy=_policy(policy_file),
                now=datetime.now(UTC),
                unsafe_without_cosignatures=unsafe_without_cosignatures,
                progress=progress,
            )
    except NotProven as error:
        print_found({"mirrored": False, "reason": str(error)}, str(error), as_json=as_json)
        sys.exit(frame.NO)
    as_of = trusted.as_of.strftime("%Y-%m-%dT%H:%M:%SZ") if trusted.as_of else None
    found = {"mirrored": True, "log": trusted.checkpoint.origin, "entries": trusted.checkpoint.size}
    words = f"{trusted.checkpoint.origin}: {trusted.checkpoint.size} entries, as of {as_of or 'an unknown time'}"
    print_found({**found, "known_as_of": as_of, "unsafe": list(trusted.unsafe)}, words, as_json=as_json)


@click.command("forget")
@folder_argument
@click.argument("index", type=click.IntRange(min=0))
@click.option("--reason", required=True, type=click.Path(path_type=Path, exists=True), help="A file that says why.")
@frame.json_option
@frame.command
def forget(folder: Path, index: int, reason: Path, *, as_json: bool) -> None:
    """Log that what opens the entry INDEX is removed, then destroy it. The entry and its proofs remain."""
    from misyn.oversight.log.client import digest_of  # noqa: PLC0415
    from misyn.oversight.log.store import Log  # noqa: PLC0415

    with Log.open(folder) as log:
        receipt = log.forget(index, reason=digest_of(reason))
        log.publish()
    print_found(
        {"forgotten": index, "removal": receipt.index}, f"{index} is removed by {receipt.index}", as_json=as_json
    )


@click.command("rotate")
@folder_argument
@click.option("--retire", help="Key ID (8 hex digits) of a key to stop signing with; none: add a new key.")
@frame.json_option
@frame.command
def rotate(folder: Path, retire: str | None, *, as_json: bool) -> None:
    """Give the log a new key, endorsed by the old one; later, --retire the old one."""
    from misyn.errors import UsageError  # noqa: PLC0415
    from misyn.oversight.log import rotation  # noqa: PLC0415
    from misyn.oversight.log.store import Log  # noqa: PLC0415

    with Log.open(folder) as log:
        if retire is None:
            rotation.rotate(log)
        else:
            try:
                rotation.retire(log, int(retire, 16))
            except ValueError as error:
                raise UsageError("expected a key ID of 8 hex digits, found something else") from error
        keys = [{"vkey": one.key.vkey, "active": one.active} for one in log.settings.keys]
    lines = [f"{one['vkey']}{'' if one['active'] else ' (retired)'}" for one in keys]
    print_found({"keys": keys}, "\n".join(lines), as_json=as_json)


@click.command("policy")
@click.argument("source")
@click.option("--witness", "witnesses", multiple=True, help="A witness: its public key, or its address=public key.")
@click.option("--needed", type=click.IntRange(min=0), help="How many must have cosigned; default: more than half.")
@click.option("--out", type=click.Path(path_type=Path), help="File to write; default: stdout.")
@frame.command
def policy(source: str, witnesses: tuple[str, ...], needed: int | None, out: Path | None) -> None:
    """Write whom to believe: the log SOURCE (its folder or public key), and how many of which witnesses."""
    from misyn import atomic  # noqa: PLC0415
    from misyn.oversight.log import policy as policies  # noqa: PLC0415
    from misyn.oversight.log.cosignature import WitnessKey  # noqa: PLC0415
    from misyn.oversight.log.notes import NoteKey  # noqa: PLC0415
    from misyn.oversight.log.store import Log  # noqa: PLC0415

    parted = [one.partition("=") if "://" in one else ("", "", one) for one in witnesses]
    keys = [WitnessKey.from_vkey(key) for _, _, key in parted]
    if (Path(source) / "log.json").is_file():
        with Log.open(Path(source)) as log:
            logs = log.keys
    else:
        logs = (NoteKey.from_vkey(source),)
    most = len(keys) // 2 + 1 if keys else 0
    wanted = policies.of(*logs, witnesses=tuple(keys), needed=most if needed is None else needed)
    addresses = {key.name: where for key, (where, _, _) in zip(keys, parted, strict=True) if where}
    text = replace(wanted, addresses=addresses).to_text()
    if out is None:
        click.echo(text, nl=False)
    else:
        atomic.write_bytes(out, text.encode())
        click.echo(str(out))


def print_found(found: dict[str, Any], words: str, *, as_json: bool) -> None:
    """Print one JSON document, or the words."""
    if as_json:
        frame.print_json(found)
    else:
        click.echo(words)
