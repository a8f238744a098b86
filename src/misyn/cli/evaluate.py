"""``misyn evaluate``: what do synthetic images lack, shift and copy?"""

from __future__ import annotations

from pathlib import Path
from typing import Any

import click

from misyn.cli import frame

FOLDER = click.Path(exists=True, path_type=Path)
PLACE = click.Path(exists=True, file_okay=False, path_type=Path)
TABLE = click.Path(exists=True, dir_okay=False, path_type=Path)


@click.command("evaluate", short_help="Measure what is missing, shifted, copied.")
@click.option("--medical", type=FOLDER, help="Medical images the technique was trained on.")
@click.option("--synthetic", type=FOLDER, help="Synthetic images.")
@click.option("--held-out", type=FOLDER, help="Medical images of the same source that the technique did not see.")
@click.option("--reference", is_flag=True, help="--medical are other medical images, not the training images.")
@click.option("--table", type=TABLE, help="CSV or Parquet on the medical images.")
@click.option("--key", help="Column of the table that names the file.")
@click.option("--patient", help="Column that names the patient (or lesion, or study).")
@click.option("--label", help="Column with the diagnosis or class; @folder for the parent folder's name.")
@click.option("--group", "groups", multiple=True, help="Column to report by; may be given several times.")
@click.option("--synthetic-table", type=TABLE, help="CSV or Parquet on the synthetic images: what each was made for.")
@click.option("--synthetic-key", help="Its column that names the file; default: as --key.")
@click.option("--synthetic-label", help="Its column with the label, prompt or condition; default: as --label.")
@click.option(
    "--synthetic-group", "synthetic_groups", multiple=True, help="Its columns to report by; default: --group."
)
@click.option("--masks", type=PLACE, help="Masks of the medical images, each of its image's name.")
@click.option("--held-out-masks", type=PLACE, help="Masks of the held-out images.")
@click.option("--synthetic-masks", type=PLACE, help="Masks of the synthetic images.")
@frame.extractor_option
@frame.cache_option
@click.option(
    "--predictions",
    multiple=True,
    type=TABLE,
    help="Predictions of your own models on held-out images, that of the model trained on medical images first.",
)
@click.option(
    "--margin",
    type=click.FloatRange(min=0, min_open=True),
    help="Downstream difference in area under the curve that counts as none; fix it before you look.",
)
@click.option("--source", type=PLACE, help="Image-to-image: what each synthetic image was made from, by file name.")
@click.option("--target", type=PLACE, help="Image-to-image: the medical image each one stands in for, by file name.")
@click.option("--regions", type=PLACE, help="Image-to-image: masks of regions to measure on their own, by file name.")
@click.option("--pairs", type=TABLE, help="Or all of these in a table: synthetic, source, target, region, patient.")
@frame.seed_option
@frame.workers_option
@click.option("--out", required=True, type=click.Path(file_okay=False, path_type=Path), help="Folder for the results.")
@frame.json_option
@frame.command
def command(
    medical: Path | None,
    synthetic: Path | None,
    held_out: Path | None,
    table: Path | None,
    key: str | None,
    patient: str | None,
    label: str | None,
    groups: tuple[str, ...],
    synthetic_table: Path | None,
    synthetic_key: str | None,
    synthetic_label: str | None,
    synthetic_groups: tuple[str, ...],
    masks: Path | None,
    held_out_masks: Path | None,
    synthetic_masks: Path | None,
    extractor: str,
    cache: Path | None,
    predictions: tuple[Path, ...],
    margin: float | None,
    source: Path | None,
    target: Path | None,
    regions: Path | None,
    pairs: Path | None,
    seed: int,
    workers: int | None,
    out: Path,
    *,
    reference: bool,
    as_json: bool,
) -> None:
    """Compare synthetic images with medical images: what is missing, what shifted, what may be copied.

    Nearness to medical images is the measurable shadow of grounding, never grounding: no patient stands behind a
    synthetic image.
    """
    from misyn.folders import Columns, Folders, Sources  # noqa: PLC0415 - numerics are imported when needed

    in_pairs = source is not None or pairs is not None
    _check_places(medical, synthetic, pairs, in_pairs=in_pairs)
    _check_synthetic(synthetic_table, synthetic_key, synthetic_label, synthetic_groups)
    of_masks = {"medical": masks, "held-out": held_out_masks, "synthetic": synthetic_masks}
    columns = Columns(table=table, key=key, patient=patient, label=label, groups=groups)
    sources = Sources(table=pairs, source=source, target=target, regions=regions, columns=columns)
    folders = Folders(
        medical=medical,
        synthetic=synthetic,
        held_out=held_out,
        reference=reference,
        out=out,
        columns=columns,
        sources=sources if in_pairs else None,
        drawn=Columns(table=synthetic_table, key=synthetic_key, label=synthetic_label, groups=synthetic_groups),
        masks={of: place for of, place in of_masks.items() if place is not None},
    )
    with frame.bar("measuring") as progress:
        content, page = folders.evaluate(
            extractor=extractor,
            seed=seed,
            workers=workers,
            progress=progress,
            cache=cache,
            predictions=predictions,
            margin=margin,
        )
    if as_json:
        frame.print_json(content)
        return
    _show(content)
    click.echo(f"report: {page}")


def _check_places(medical: Path | None, synthetic: Path | None, pairs: Path | None, *, in_pairs: bool) -> None:
    """What is needed for which kind of study."""
    if medical is None and not in_pairs:
        raise click.UsageError("expected --medical, or for an image-to-image technique --source or --pairs")
    if synthetic is None and (pairs is None or medical is not None):
        raise click.UsageError("expected --synthetic: the folder of synthetic images")


def _check_synthetic(table: Path | None, *columns: str | tuple[str, ...] | None) -> None:
    if table is None and any(columns):
        raise click.UsageError("--synthetic-key, --synthetic-label and --synthetic-group need --synthetic-table")


def _show(content: dict[str, Any]) -> None:
    """Warnings first, then every number over all images, then why some have no interval, each reason once."""
    for warning in content["warnings"]:
        click.echo(f"! {warning['text']}")
    whole = [estimate for estimate in content["estimates"] if estimate["group"] is None]
    reasons = list(dict.fromkeys(estimate["reason"] for estimate in whole if estimate["low"] is None))
    for estimate in whole:
        shadow = "  (the measurable shadow of grounding)" if estimate["name"] == "support" else ""
        click.echo(f"{estimate['name']:<34}{estimate['set'] or '':<11}{_number(estimate, reasons)}{shadow}")
    for place, reason in enumerate(reasons, start=1):
        click.echo(f"({place}) no interval: {reason}")


def _number(estimate: dict[str, Any], reasons: list[str]) -> str:
    if estimate["low"] is None:
        return f"{estimate['value']:.4g}  ({reasons.index(estimate['reason']) + 1})"
    return f"{estimate['value']:.4g}  [{estimate['low']:.4g}, {estimate['high']:.4g}]"
