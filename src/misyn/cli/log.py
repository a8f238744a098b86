"""``misyn log``: a transparency log, from the command line and a folder, without a web server."""

from __future__ import annotations

import sys
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import TYPE_CHECKING, Any

import click

from misyn.cli import frame
from misyn.cli.log_witness import witness

if TYPE_CHECKING:
    from misyn.oversight.log.policy import Policy
    from misyn.oversight.log.walk import Report

KINDS = ("declaration", "record", "plan", "evidence", "concern", "answer", "review", "withdrawal", "removal")
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


@click.group("log")
def command() -> None:
    """A public log that nobody can quietly rewrite."""


command.add_command(witness)


@command.command("init")
@click.argument("folder", type=click.Path(path_type=Path))
@click.option("--origin", required=True, help="The log's name, such as example.org/log.")
@click.option("--database", help="postgresql://… without a password; default: SQLite in the folder.")
@frame.json_option
@frame.command
def init(folder: Path, origin: str, database: str | None, *, as_json: bool) -> None:
    """Make a log in FOLDER; FOLDER/public is what any web server can host."""
    from misyn.oversight.log.store import Log  # noqa: PLC0415 - cryptography is imported when needed

    with Log.create(folder, origin=origin, address=database) as log:
        found = {"folder": str(folder), "log": log.origin, "vkey": log.keys[-1].vkey, "public": str(folder / "public")}
    _print(found, f"{found['vkey']}\n{folder / 'public'} can be served as it is", as_json=as_json)


@command.command("append")
@folder_argument
@click.argument("files", nargs=-1, required=True, type=click.Path(path_type=Path))
@click.option("--kind", required=True, type=click.Choice(KINDS), help="What the files are.")
@click.option("--about", type=click.IntRange(min=0), help="Index of the earlier entry they are about.")
@click.option("--sign", is_flag=True, help="Sign a statement about each file, with the key that is found.")
@click.option("--key", "key_folder", type=click.Path(path_type=Path), help="Sign with the key of this folder.")
@click.option("--witness", "witnesses", multiple=True, type=click.Path(path_type=Path), help="A witness's folder.")
@click.option("--out", type=click.Path(path_type=Path), help="Folder for the proofs; default: beside the files.")
@frame.json_option
@frame.command
def append(
    folder: Path,
    files: tuple[Path, ...],
    kind: str,
    about: int | None,
    key_folder: Path | None,
    witnesses: tuple[Path, ...],
    out: Path | None,
    *,
    sign: bool,
    as_json: bool,
) -> None:
    """Log that FILES exist (their salted digests, nothing else), publish, and write a proof for each.

    A record given with --kind plan is logged as its plan alone, which is written to plan.json beside it.
    """
    from misyn.oversight.log import submit  # noqa: PLC0415
    from misyn.practice import plans  # noqa: PLC0415

    now = datetime.now(UTC)
    if kind == "plan":
        files = tuple(plans.write(path) or path for path in files)
    done = submit.files(
        folder,
        files,
        kind=kind,
        about=about,
        key=_signing_key(key_folder) if sign or key_folder else None,
        witnesses=witnesses,
        out=out,
        now=now,
    )
    entries = [{"file": str(one.file), "index": one.index, "proof": one.proof and str(one.proof)} for one in done]
    lines = [f"{one['index']}\t{one['file']}\t{one['proof'] or 'proof pending: not cosigned yet'}" for one in entries]
    _print({"entries": entries}, "\n".join(lines), as_json=as_json)


def _signing_key(folder: Path | None) -> Any:  # noqa: ANN401 - SigningKey, which is not imported here
    from misyn import signing  # noqa: PLC0415
    from misyn.cli.key import found_folder  # noqa: PLC0415

    return signing.load(found_folder(folder))


@command.command("prove")
@folder_argument
@click.argument("index", type=click.IntRange(min=0))
@click.option("--out", type=click.Path(path_type=Path), help="File to write; default: stdout.")
@click.option("--closed", is_flag=True, help="Show that the entry exists, not what it commits to.")
@frame.command
def prove(folder: Path, index: int, out: Path | None, *, closed: bool) -> None:
    """Write a proof (C2SP tlog-proof) of the published entry INDEX."""
    from misyn import atomic  # noqa: PLC0415
    from misyn.oversight.log.store import Log  # noqa: PLC0415

    with Log.open(folder) as log:
        data = log.prove(index, opened=not closed).to_bytes()
    if out is None:
        click.echo(data, nl=False)
    else:
        atomic.write_bytes(out, data)
        click.echo(str(out))


@command.command("check")
@click.argument("proof", type=click.Path(path_type=Path, exists=True))
@click.argument("file", required=False, type=click.Path(path_type=Path))
@policy_option
@click.option("--before", help="Another proof, or a time: show that this was there before.")
@click.option("--trust", type=click.Path(path_type=Path), help="root.pem of who must have signed.")
@click.option("--max-age", type=click.FloatRange(min=0), help="Oldest knowledge to accept, in days.")
@unsafe_option
@frame.json_option
@frame.command
def check(
    proof: Path,
    file: Path | None,
    policy_file: Path,
    before: str | None,
    trust: Path | None,
    max_age: float | None,
    *,
    unsafe_without_cosignatures: bool,
    as_json: bool,
) -> None:
    """Check, offline, that PROOF shows FILE in a log; a folder as PROOF checks every proof in it.

    Exit status 1 when it does not hold.
    """
    from misyn.oversight.log import answers, policy  # noqa: PLC0415

    question = answers.Question(
        policy.load(policy_file),
        datetime.now(UTC),
        _roots(trust),
        None if max_age is None else timedelta(days=max_age),
        unsafe_without_cosignatures,
    )
    if proof.is_dir():
        found = answers.ask_folder(question, proof)
    else:
        found = (answers.ask(question, proof, file, before=_before(before)),)
    _print_answers(found, question.now, as_json=as_json)
    if not found or not all(answer.holds for answer in found):
        sys.exit(frame.NO)


def _roots(trust: Path | None) -> Any:  # noqa: ANN401 - certificates, which are not imported here
    from misyn import signing  # noqa: PLC0415

    return () if trust is None else signing.load_roots(trust)


def _before(text: str | None) -> Path | datetime | None:
    from misyn.oversight.log.client import parse_time  # noqa: PLC0415

    if text is None:
        return None
    return Path(text) if Path(text).exists() else parse_time(text)


def _print_answers(found: Any, now: datetime, *, as_json: bool) -> None:  # noqa: ANN401 - answers
    if as_json:
        frame.print_json({"answers": [answer.as_json(now) for answer in found]})
        return
    for answer in found:
        for line in answer.lines(now):
            click.echo(line)


@command.command("fsck")
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
    _print(found, "\n".join(lines), as_json=as_json)


@command.command("mirror")
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
        _print({"mirrored": False, "reason": str(error)}, str(error), as_json=as_json)
        sys.exit(frame.NO)
    as_of = trusted.as_of.strftime("%Y-%m-%dT%H:%M:%SZ") if trusted.as_of else None
    found = {"mirrored": True, "log": trusted.checkpoint.origin, "entries": trusted.checkpoint.size}
    words = f"{trusted.checkpoint.origin}: {trusted.checkpoint.size} entries, as of {as_of or 'an unknown time'}"
    _print({**found, "known_as_of": as_of, "unsafe": list(trusted.unsafe)}, words, as_json=as_json)


@command.command("forget")
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
    _print({"forgotten": index, "removal": receipt.index}, f"{index} is removed by {receipt.index}", as_json=as_json)


@command.command("rotate")
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
    _print({"keys": keys}, "\n".join(lines), as_json=as_json)


def _print(found: dict[str, Any], words: str, *, as_json: bool) -> None:
    if as_json:
        frame.print_json(found)
    else:
        click.echo(words)
