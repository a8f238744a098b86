"""``misyn demo``: the main job, end to end, in one command."""

from __future__ import annotations

from datetime import UTC, datetime
from pathlib import Path

import click

from misyn.cli import frame


@click.command("demo", short_help="See the main job end to end on medical images.")
@click.option(
    "--out",
    type=click.Path(file_okay=False, path_type=Path),
    default=Path("misyn-demo"),
    show_default=True,
    help="New folder for images, record and report.",
)
@frame.seed_option
@frame.workers_option
@frame.json_option
@frame.command
def command(out: Path, seed: int, workers: int | None, *, as_json: bool) -> None:
    """Train a small generator on medical images, mark what it draws, audit it, and write the report.

    The medical images are sections of one chest CT that comes with an installed package. No network is used.
    """
    from misyn.cli.audit import print_summary  # noqa: PLC0415 - only when it runs
    from misyn.generate.demo.run import run_demo  # noqa: PLC0415 - numerics are imported when needed

    with frame.bar("auditing") as progress:
        content, page = run_demo(out, now=datetime.now(UTC), seed=seed, workers=workers, progress=progress)
    if as_json:
        frame.print_json(content)
    else:
        print_summary(content, page)
