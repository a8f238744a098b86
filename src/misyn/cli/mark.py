"""``misyn mark``: write "synthetic" into files, in each format's own place."""

from __future__ import annotations

from contextlib import AbstractContextManager, nullcontext
from datetime import UTC, datetime
from pathlib import Path
from typing import TYPE_CHECKING

import click

from misyn.cli import frame

if TYPE_CHECKING:
    from misyn.oversight.log.publication import Publication


@click.command("mark", short_help="Write into files that they are synthetic images.")
@click.argument("paths", nargs=-1, required=True, type=click.Path(exists=True, path_type=Path))
@click.option(
    "--record", required=True, type=click.Path(exists=True, dir_okay=False, path_type=Path), help="misyn.yaml"
)
@click.option("--out", type=click.Path(file_okay=False, path_type=Path), help="Folder for the marked copies.")
@click.option("--in-place", is_flag=True, help="Replace each file, whole or not at all.")
@click.option(
    "--layers",
    help="Layers to write: metadata,credential,watermark,fingerprint,label. Default: metadata; with --key, credential.",
)
@click.option(
    "--key",
    type=click.Path(exists=True, path_type=Path),
    help="Key folder (misyn key new): it signs, and adds a private watermark to the public one.",
)
@click.option(
    "--store", type=click.Path(file_okay=False, path_type=Path), help="Folder of fingerprints (layer fingerprint)."
)
@click.option("--sidecar", is_flag=True, help="Write the BIDS sidecar beside NIfTI files too.")
@click.option("--itk", is_flag=True, help="Keep DICOM files writable by ITK and SimpleITK: no SyntheticData.")
@click.option("--overwrite", is_flag=True, help="With --out: replace files that are already there.")
@click.option("--force", is_flag=True, help="Mark a file whose header shows acquisition from a patient; recorded.")
@click.option("--reason", default="", help="With --force: why; written into the declaration.")
@click.option("--log", type=click.Path(exists=True, file_okay=False, path_type=Path), help="Log to enter marks into.")
@click.option("--witness", "witnesses", multiple=True, type=click.Path(path_type=Path), help="With --log: a witness.")
@click.option("--tsa", help="Address of a time-stamping authority to ask (RFC 3161); the one use of a network.")
@click.option(
    "--proofs",
    type=click.Path(file_okay=False, path_type=Path),
    help="Folder for proofs of the credentials' age: lists, log proofs, time stamps (or their requests).",
)
@frame.json_option
@frame.command
def command(
    paths: tuple[Path, ...],
    record: Path,
    out: Path | None,
    layers: str | None,
    key: Path | None,
    store: Path | None,
    reason: str,
    log: Path | None,
    witnesses: tuple[Path, ...],
    tsa: str | None,
    proofs: Path | None,
    *,
    sidecar: bool,
    itk: bool,
    in_place: bool,
    overwrite: bool,
    force: bool,
    as_json: bool,
) -> None:
    """Mark files as synthetic images, with the declaration of the technique that made them.

    Everything else in a file is kept. Pixels stay bit-identical, except that the layer watermark changes each by at
    most 1 % of the image's range, and the layer label burns words into copies of pictures. PATHS are files or folders.
    """
    from misyn.generate.existing import mark_existing  # noqa: PLC0415 - numerics are imported when needed

    now = datetime.now(UTC)
    with (
        frame.bar("marking") as progress,
        _published(proofs, now, log=log, witnesses=witnesses, authority=tsa, key=key) as publication,
    ):
        result = mark_existing(
            paths,
            record=record,
            now=now,
            out=out,
            in_place=in_place,
            overwrite=overwrite,
            force=(reason or "no reason given") if force else None,
            layers=_layers(layers, key),
            key=key,
            store=store,
            sidecar=sidecar,
            itk=itk,
            publish=publication,
            progress=progress,
        )
    if publication is not None:
        result["published"] = publication.as_json()
    if as_json:
        frame.print_json(result)
        return
    click.echo(f"{frame.several(result['marked'], 'file')} marked as synthetic images of {result['technique']}")
    for file in result["files"]:
        for note in file["notes"]:
            click.echo(f"  {file['path']}: {note}", err=True)
    for note in result.get("published", {}).get("notes", ()):
        click.echo(f"  {note}", err=True)


def _published(
    proofs: Path | None,
    now: datetime,
    *,
    log: Path | None,
    witnesses: tuple[Path, ...],
    authority: str | None,
    key: Path | None,
) -> AbstractContextManager[Publication | None]:
    """Nothing of the log is imported where nothing is published."""
    if proofs is None and log is None and authority is None:
        return nullcontext()
    from misyn import signing  # noqa: PLC0415
    from misyn.oversight.log import publication  # noqa: PLC0415

    signer = signing.load(key) if key is not None and log is not None else None
    return publication.opened(proofs=proofs, now=now, log=log, witnesses=witnesses, authority=authority, key=signer)


def _layers(given: str | None, key: Path | None) -> tuple[str, ...]:
    """What was asked for; a key that is named is meant to sign."""
    if given is None:
        return ("metadata",) if key is None else ("metadata", "credential")
    return tuple(name.strip() for name in given.split(",") if name.strip())
