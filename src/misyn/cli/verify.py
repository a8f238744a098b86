"""``misyn verify``: what do these files say of their origin?"""

from __future__ import annotations

import sys
from pathlib import Path
from typing import Any

import click

from misyn.cli import frame


@click.command("verify", short_help="Read what files say of their origin.")
@click.argument("paths", nargs=-1, required=True, type=click.Path(path_type=Path))
@click.option(
    "--expect",
    type=click.Choice(["synthetic", "no-evidence"]),
    help="Exit with 1 unless every file has this verdict.",
)
@click.option(
    "--trust",
    type=click.Path(exists=True, dir_okay=False, path_type=Path),
    help="root.pem of those whose signed credentials you trust; without it, no credential is trusted.",
)
@click.option(
    "--store",
    type=click.Path(exists=True, file_okay=False, path_type=Path),
    help="Folder of fingerprints to look the pixels up in (misyn mark --layers metadata,fingerprint).",
)
@frame.workers_option
@frame.json_option
@frame.command
def command(
    paths: tuple[Path, ...],
    expect: str | None,
    trust: Path | None,
    store: Path | None,
    workers: int | None,
    *,
    as_json: bool,
) -> None:
    """Say, for every file, whether anything in it states synthetic origin.

    Four verdicts: synthetic, contradictory, no-evidence, unreadable. There is no verdict "medical": a file without a
    mark is a file without a mark. Exit status 1 when a file is contradictory, or --expect is unmet.
    """
    from misyn.marks.collection import verify_all  # noqa: PLC0415 - numerics are imported when needed

    with frame.bar("verifying") as progress:
        result = verify_all(paths, trust=trust, store=store, workers=workers, progress=progress)
    if as_json:
        frame.print_json(result)
    else:
        _print(result)
    verdicts = {file["verdict"] for file in result["files"]}
    if "contradictory" in verdicts or (expect and verdicts != {expect}):
        sys.exit(frame.NO)
    if verdicts == {"unreadable"}:
        click.echo("misyn: none of these could be read as an image. Next: check the paths", err=True)
        sys.exit(frame.REFUSED)


def _print(result: dict[str, Any]) -> None:
    for file in result["files"]:
        click.echo(f"{file['verdict']:<14}{file['path']}")
        click.echo(f"{'':14}{file['explain']}")
        for problem in file["problems"]:
            click.echo(f"{'':14}! {problem}")
    counts = ", ".join(f"{n} {verdict}" for verdict, n in result["summary"]["verdicts"].items() if n)
    click.echo(f"{frame.several(len(result['files']), 'file')}: {counts}")
    for sentence in result["summary"]["skipped"]:
        click.echo(f"! {sentence}")
