"""``misyn log``: a transparency log, from the command line and a folder, without a web server."""

from __future__ import annotations

import sys
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import TYPE_CHECKING, Any

import click

from misyn.cli import frame, log_keeping
from misyn.cli.log_keeping import folder_argument, policy_option, print_found, unsafe_option
from misyn.cli.log_witness import witness
from misyn.errors import UsageError

if TYPE_CHECKING:
    from misyn.oversight.witness import RemoteWitness

KINDS = ("declaration", "record", "plan", "evidence", "concern", "answer", "review", "withdrawal", "removal", "status")


@click.group("log")
def command() -> None:
    """A public log that nobody can quietly rewrite."""


for _part in (
    witness,
    log_keeping.fsck,
    log_keeping.mirror,
    log_keeping.forget,
    log_keeping.rotate,
    log_keeping.policy,
):
    command.add_command(_part)


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
    print_found(found, f"{found['vkey']}\n{folder / 'public'} can be served as it is", as_json=as_json)


@command.command("append")
@folder_argument
@click.argument("files", nargs=-1, required=True, type=click.Path(path_type=Path))
@click.option("--kind", required=True, type=click.Choice(KINDS), help="What the files are.")
@click.option("--about", type=click.IntRange(min=0), help="Index of the earlier entry they are about.")
@click.option("--sign", is_flag=True, help="Sign a statement about each file, with the key that is found.")
@click.option("--key", "key_folder", type=click.Path(path_type=Path), help="Sign with the key of this folder.")
@click.option(
    "--witness", "witnesses", multiple=True, help="A witness to ask: its folder, or its address in the log's policy."
)
@click.option("--out", type=click.Path(path_type=Path), help="Folder for the proofs; default: beside the files.")
@frame.json_option
@frame.command
def append(
    folder: Path,
    files: tuple[Path, ...],
    kind: str,
    about: int | None,
    key_folder: Path | None,
    witnesses: tuple[str, ...],
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
    asked = tuple(_witness(folder, place) for place in witnesses)
    done = submit.files(
        folder,
        files,
        kind=kind,
        about=about,
        key=_signing_key(key_folder) if sign or key_folder else None,
        witnesses=asked,
        out=out,
        now=now,
    )
    for trouble in (told for one in asked if not isinstance(one, Path) for told in one.trouble):
        click.echo(f"misyn: {trouble}", err=True)
    entries = [{"file": str(one.file), "index": one.index, "proof": one.proof and str(one.proof)} for one in done]
    lines = [f"{one['index']}\t{one['file']}\t{one['proof'] or 'proof pending: not cosigned yet'}" for one in entries]
    print_found({"entries": entries}, "\n".join(lines), as_json=as_json)


def _witness(folder: Path, place: str) -> Path | RemoteWitness:
    """A witness by its folder, or by the address that the log's own policy names."""
    if "://" not in place:
        return Path(place)
    from misyn.oversight.log.store import Log  # noqa: PLC0415
    from misyn.oversight.witness import RemoteWitness  # noqa: PLC0415

    with Log.open(folder) as log:
        known = log.policy
    for name, address in known.addresses.items() if known else ():
        if address == place:
            return RemoteWitness.of(address, key=known.witnesses[name] if known else None)
    raise UsageError(
        f"expected a policy in {folder} that names a witness at {place}, found none. Next: misyn log policy {folder} "
        f"--witness {place}=KEY --out {folder / 'policy'}"
    )


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
