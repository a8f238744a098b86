"""``misyn evaluate``: what do synthetic images lack, shift and copy?"""

from __future__ import annotations

from pathlib import Path

import click

from misyn.cli import frame

FOLDER = click.Path(exists=True, path_type=Path)


@click.command("evaluate", short_help="Measure what is missing, shifted, copied.")
@click.option("--medical", required=True, type=FOLDER, help="Medical images the technique was trained on.")
@click.option("--synthetic", required=True, type=FOLDER, help="Synthetic images.")
@click.option("--held-out", type=FOLDER, help="Medical images of the same source that the technique did not see.")
@click.option("--reference", is_flag=True, help="--medical are other medical images, not the training images.")
@click.option("--table", type=click.Path(exists=True, dir_okay=False, path_type=Path), help="CSV or Parquet on them.")
@click.option("--key", help="Column of the table that names the file.")
@click.option("--patient", help="Column that names the patient (or lesion, or study).")
@click.option("--label", help="Column with the diagnosis or class; @folder for the parent folder's name.")
@click.option("--group", "groups", multiple=True, help="Column to report by; may be given several times.")
@click.option("--features", default="texture", show_default=True, help="Feature extractor.")
@frame.seed_option
@frame.workers_option
@click.option("--out", required=True, type=click.Path(file_okay=False, path_type=Path), help="Folder for the results.")
@frame.json_option
@frame.command
def command(
    medical: Path,
    synthetic: Path,
    held_out: Path | None,
    table: Path | None,
    key: str | None,
    patient: str | None,
    label: str | None,
    groups: tuple[str, ...],
    features: str,
    seed: int,
    workers: int | None,
    out: Path,
    *,
    reference: bool,
    as_json: bool,
) -> None:
    """Compare synthetic images with medical images: what is missing, what shifted, what may be copied."""
    from misyn.audit import evaluate_folders  # noqa: PLC0415 - numerics are imported when needed

    columns = {"table": table, "key": key, "patient": patient, "label": label, "groups": groups}
    with frame.bar("measuring") as progress:
        content, page = evaluate_folders(
            medical=medical,
            synthetic=synthetic,
            held_out=held_out,
            reference=reference,
            columns=columns,
            features=features,
            seed=seed,
            workers=workers,
            out=out,
            progress=progress,
        )
    if as_json:
        frame.print_json(content)
        return
    for warning in content["warnings"]:
        click.echo(f"! {warning['text']}")
    for estimate in content["estimates"]:
        if estimate["group"] is None:
            click.echo(f"{estimate['name']:<34}{estimate['set'] or '':<11}{_number(estimate)}")
    click.echo(f"report: {page}")


def _number(estimate: dict[str, float | None]) -> str:
    if estimate["low"] is None:
        return f"{estimate['value']:.4g}  (no interval: {estimate['reason']})"
    return f"{estimate['value']:.4g}  [{estimate['low']:.4g}, {estimate['high']:.4g}]"
