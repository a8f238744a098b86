"""``misyn export``: a record and its audit, in the formats other people's tools read."""

from __future__ import annotations

import os
from datetime import UTC, datetime
from pathlib import Path

import click

from misyn.cli import frame
from misyn.errors import UsageError, WouldOverwrite

FORMATS = ("croissant", "huggingface", "ro-crate", "cyclonedx", "oscal", "spdx", "prov")


@click.command("export", short_help="Write a record and its audit in other formats.")
@click.argument("record", type=click.Path(exists=True, dir_okay=False, path_type=Path))
@click.option("--to", "name", required=True, type=click.Choice(FORMATS), help="The format.")
@click.option(
    "--out", type=click.Path(path_type=Path), help="File or folder; default: exports/FORMAT beside the record."
)
@click.option(
    "--audit",
    type=click.Path(exists=True, file_okay=False, path_type=Path),
    help="Folder misyn audit wrote; default: audit/ beside the record, where it is.",
)
@click.option("--overwrite", is_flag=True, help="Replace files that are already there.")
@frame.json_option
@frame.command
def command(record: Path, name: str, out: Path | None, audit: Path | None, *, overwrite: bool, as_json: bool) -> None:
    """Write RECORD (misyn.yaml) and its audit in a format of others.

    What leaves is aggregate: no paths, no patients, no rows per image; groups under ten and their complements are
    withheld. Your own sentences leave as you wrote them. docs/exports.md says what each format cannot carry.
    """
    from misyn.atomic import write_bytes  # noqa: PLC0415 - only when it runs
    from misyn.practice import exports  # noqa: PLC0415
    from misyn.practice.record import load  # noqa: PLC0415

    audit = audit or _beside(record)
    export = exports.BY_NAME[name]
    subject = exports.gather(load(record), created=_now(), audit=audit)
    written = export.write(subject)
    targets = place(tuple(written.files), out or record.parent / "exports" / name, named=out is not None)
    there = [str(path) for path in targets.values() if path.exists()]
    if there and not overwrite:
        raise WouldOverwrite(f"expected new files, found {', '.join(there)}. Next: give --overwrite, or another --out")
    for file, path in targets.items():
        write_bytes(path, written.files[file])
    paths = [str(path) for path in targets.values()]
    if as_json:
        told = {"schema": "misyn/export/1", "format": name, "standard": export.title, "files": paths}
        frame.print_json(told | {"cannot": export.cannot, "withheld": subject.withheld, "notes": written.notes})
        return
    for line in paths:
        click.echo(line)
    for note in (*subject.withheld, *written.notes):
        click.echo(f"! {note}", err=True)


def place(files: tuple[str, ...], out: Path, *, named: bool) -> dict[str, Path]:
    """Where each file goes: one file may be given its own name, several go into a folder.

    Raises:
        UsageError: one name for several files.

    Example:
        >>> place(("a.json",), Path("x/b.json"), named=True)["a.json"].as_posix()
        'x/b.json'
    """
    single = named and bool(out.suffix) and not out.is_dir()
    if single and len(files) > 1:
        raise UsageError(f"expected a folder for {len(files)} files, found the name of one file. Next: --out FOLDER")
    return {file: out if single else out / file for file in files}


def _beside(record: Path) -> Path | None:
    folder = record.parent / "audit"
    return folder if (folder / "audit.json").is_file() else None


def _now() -> str:
    """The present time, or the one ``SOURCE_DATE_EPOCH`` sets, so that a build can be repeated byte by byte."""
    fixed = os.environ.get("SOURCE_DATE_EPOCH", "")
    if fixed and not (fixed.isascii() and fixed.isdecimal() and len(fixed) < 12):
        raise UsageError("expected seconds since 1970 in SOURCE_DATE_EPOCH, found something else. Next: unset it")
    now = datetime.fromtimestamp(int(fixed), UTC) if fixed else datetime.now(UTC)
    return now.strftime("%Y-%m-%dT%H:%M:%SZ")
