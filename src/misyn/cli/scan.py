"""``misyn scan``: what is in this folder, archive or disc, and what does it say of its origin?"""

from __future__ import annotations

import sys
from pathlib import Path
from typing import TYPE_CHECKING, Any

import click

from misyn.cli import frame

if TYPE_CHECKING:
    from misyn.marks.scan.scanning import Scan


@click.command("scan", short_help="Sort a collection by what its files say of their origin.")
@click.argument("place", type=click.Path(exists=True, path_type=Path))
@click.option(
    "--out",
    type=click.Path(path_type=Path),
    help="Folder for tables, manifest and page; or TABLE.parquet to name them.",
)
@click.option("--quick", is_flag=True, help="Headers only: the same verdicts, no duplicates; much faster.")
@click.option("--watermark", is_flag=True, help="Search the pixels for the public watermark too; much slower.")
@click.option(
    "--table", type=click.Path(exists=True, dir_okay=False, path_type=Path), help="CSV or Parquet, row per file."
)
@click.option("--key", help="Column of the table that names files.")
@click.option("--patient", help="Column that names patients, or another unit that must stay together.")
@click.option("--split", help="Column that names splits; default: folders called train, val, test, …")
@click.option("--source", help="Column that names sources; default: the first folder.")
@click.option(
    "--trust",
    type=click.Path(exists=True, dir_okay=False, path_type=Path),
    help="root.pem of those whose signed credentials you trust.",
)
@click.option(
    "--store",
    type=click.Path(exists=True, file_okay=False, path_type=Path),
    help="Folder of fingerprints to look up in.",
)
@click.option("--max-files", type=click.IntRange(min=1), default=1_000_000, show_default=True, help="Refuse more.")
@frame.workers_option
@frame.json_option
@frame.command
def command(
    place: Path,
    out: Path | None,
    table: Path | None,
    key: str | None,
    patient: str | None,
    split: str | None,
    source: str | None,
    trust: Path | None,
    store: Path | None,
    max_files: int,
    workers: int | None,
    *,
    quick: bool,
    watermark: bool,
    as_json: bool,
) -> None:
    """Say what every file of PLACE says of its origin: a folder, a ZIP or tar archive, a DICOMDIR, or one file.

    With --out it writes one row per file (Parquet and CSV), a separation manifest, groups, duplicates, the counts, and
    a page with pictures of what needs a look; interrupted, it goes on where it was. Exit status 1 when files
    contradict themselves, are synthetic and declared by nobody, a series, study or patient mixes marked and unmarked
    images or lies in several splits, or the same pixels are in two splits.
    """
    from misyn.images.places import Bounds  # noqa: PLC0415 - numerics are imported when needed
    from misyn.marks.scan import scanning, writing  # noqa: PLC0415
    from misyn.marks.scan.joining import Joining  # noqa: PLC0415

    names = None if out is None else writing.names_for(out)
    with frame.bar("scanning") as progress:
        found = scanning.scan(
            place,
            out=None if names is None else names.folder,
            looking=scanning.Looking(pixels=not quick, watermark=watermark, trust=trust, store=store),
            joining=Joining(table=table, key=key, patient=patient, split=split, source=source),
            bounds=Bounds(max_files=max_files),
            workers=workers,
            progress=progress,
        )
    written: list[Path] = []
    if names is not None:
        written = [*writing.write(found, names), _page(found, names.path(".html"), place)]
        writing.clear(names)
    if as_json:
        frame.print_json(found.content)
    else:
        _print(found.content, written)
    _leave(found.content)


def _page(found: Scan, path: Path, place: Path) -> Path:
    from misyn.report.scan import write  # noqa: PLC0415 - only when a page is asked for

    return write(
        path,
        content=found.content,
        rows=found.rows,
        groups=found.groups,
        pairs=found.pairs,
        items=found.items,
        title=place.absolute().name,
    )


def _leave(content: Any) -> None:  # noqa: ANN401 - the aggregate
    if not any(content["verdicts"][verdict] for verdict in ("synthetic", "contradictory", "no-evidence")):
        click.echo("misyn: none of these files could be read as an image. Next: check the path", err=True)
        sys.exit(frame.REFUSED)
    if content["needs_a_look"]:
        sys.exit(frame.NO)


def _print(content: Any, written: list[Path]) -> None:  # noqa: ANN401 - the aggregate
    kinds = ", ".join(f"{n:,} {kind}" for kind, n in content["kinds"].items() if n)
    click.echo(f"{frame.several(content['files'], 'file')}: {kinds}")
    for verdict, n in content["verdicts"].items():
        click.echo(f"  {verdict:<14}{n:>10,}")
    if content["undeclared"]:
        click.echo(f"  undeclared    {content['undeclared']:>10,}: a generator's own trace alone says synthetic")
    for level, told in content["groups"].items():
        if told["n"]:
            across = f", {told['across_splits']:,} in several splits" if told["across_splits"] else ""
            click.echo(f"  {level + ' groups':<14}{told['n']:>10,}, {told['mixed']:,} mixed{across}")
    if content["searched"]["pixels"]:
        for how, told in content["duplicates"].items():
            across = f"{told['across_split']:,} across splits, {told['across_source']:,} across sources"
            click.echo(f"  {how + ' pairs':<14}{told['pairs']:>10,}, {across}")
    for sentence in content["problems"]:
        click.echo(f"! {sentence}")
    for reason in (*content["needs_a_look"], *content["notices"]):
        click.echo(f"! {reason}")
    for path in written:
        click.echo(f"written: {path}")
