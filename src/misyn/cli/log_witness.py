"""``misyn log witness``: somebody else who remembers how large the log was; by files, or over HTTP."""

from __future__ import annotations

import contextlib
import signal
import sys
import time
from pathlib import Path
from typing import IO

import click

from misyn.cli import frame


@click.group("witness")
def witness() -> None:
    """Cosign a log's consistent growth. Requests and answers are files, or go over HTTP (serve)."""


@witness.command("new")
@click.argument("folder", type=click.Path(path_type=Path))
@click.option("--name", required=True, help="The witness's name, such as witness.example/w1.")
@click.option("--log", "logs", multiple=True, required=True, help="Public key (vkey) of a log to know.")
@click.option("--kind", type=click.Choice(["ml-dsa-44", "ed25519"]), help="Default: the best this machine has.")
@frame.json_option
@frame.command
def new(folder: Path, name: str, logs: tuple[str, ...], kind: str | None, *, as_json: bool) -> None:
    """Make a witness in FOLDER, and print its public key."""
    from misyn.oversight.log import witness_folder  # noqa: PLC0415 - cryptography is imported when needed

    key = witness_folder.create(folder, name=name, logs=logs, kind=kind)  # type: ignore[arg-type]  # click checked it
    if as_json:
        frame.print_json({"folder": str(folder), "name": key.name, "vkey": key.vkey})
    else:
        click.echo(key.vkey)


@witness.command("request")
@click.argument("folder", type=click.Path(path_type=Path, exists=True))
@click.option("--old", type=click.IntRange(min=0), default=0, show_default=True, help="Entries the witness knows.")
@frame.command
def request(folder: Path, old: int) -> None:
    """Write, for the log in FOLDER, what a witness needs to cosign its latest checkpoint (to stdout)."""
    from misyn.oversight.log.store import Log  # noqa: PLC0415

    with Log.open(folder) as log:
        click.echo(log.request(old), nl=False)


@witness.command("answer")
@click.argument("folder", type=click.Path(path_type=Path, exists=True))
@click.argument("request_file", metavar="REQUEST", type=click.File("rb"))
@frame.command
def answer(folder: Path, request_file: IO[bytes]) -> None:
    """Let the witness in FOLDER answer REQUEST (- for stdin). Exit status 1 when it does not cosign."""
    from misyn.oversight.log import witness_folder  # noqa: PLC0415
    from misyn.oversight.log.notes import MOST_BYTES  # noqa: PLC0415

    body = request_file.read(MOST_BYTES + 1)
    found = witness_folder.load(folder, clock=lambda: int(time.time())).add_checkpoint(body)
    click.echo(found.body, nl=False, err=found.status != 200)
    if found.status != 200:
        click.echo(f"misyn: the witness answers {found.status}", err=True)
        sys.exit(frame.NO)


@witness.command("attach")
@click.argument("folder", type=click.Path(path_type=Path, exists=True))
@click.argument("answer_file", metavar="ANSWER", type=click.File("rb"))
@click.option("--key", "keys", multiple=True, required=True, help="Public key (vkey) of the witness.")
@frame.command
def attach(folder: Path, answer_file: IO[bytes], keys: tuple[str, ...]) -> None:
    """Take a witness's ANSWER (- for stdin) into the log in FOLDER, once it verifies, and publish it."""
    from misyn.oversight.log.cosignature import WitnessKey  # noqa: PLC0415
    from misyn.oversight.log.notes import MOST_BYTES  # noqa: PLC0415
    from misyn.oversight.log.store import Log  # noqa: PLC0415

    known = [WitnessKey.from_vkey(one) for one in keys]
    with Log.open(folder) as log:
        found = log.attach(answer_file.read(MOST_BYTES + 1), keys=known)
    click.echo(f"{found.checkpoint.size} entries, {len(found.note.signatures)} signatures")


@witness.command("serve")
@click.argument("folder", type=click.Path(path_type=Path, exists=True))
@click.option("--host", default="127.0.0.1", show_default=True, help="Address to listen on.")
@click.option("--port", type=click.IntRange(0, 65535), default=8091, show_default=True, help="0 takes a free one.")
@frame.command
def serve(folder: Path, host: str, port: int) -> None:
    """Serve the witness in FOLDER (C2SP tlog-witness) until interrupted or terminated.

    It speaks no TLS: put a reverse proxy before it. Only POST /add-checkpoint is answered.
    """
    from misyn.oversight import witness as remote  # noqa: PLC0415
    from misyn.oversight.log import witness_folder  # noqa: PLC0415

    loaded = witness_folder.load(folder, clock=lambda: int(time.time()))
    with remote.server(loaded, host=host, port=port, note=lambda line: click.echo(line, err=True)) as server:
        click.echo(f"{loaded.key.name} answers at http://{host}:{server.server_address[1]}")
        sys.stdout.flush()
        for name in (signal.SIGINT, signal.SIGTERM):  # SIGTERM is how services are ended
            signal.signal(name, signal.default_int_handler)
        with contextlib.suppress(KeyboardInterrupt):
            server.serve_forever()
