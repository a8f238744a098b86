"""``misyn verify``: what do these files say of their origin?"""

from __future__ import annotations

import sys
import time
from datetime import UTC, datetime
from pathlib import Path
from typing import TYPE_CHECKING, Any

import click

from misyn.cli import frame, knowing
from misyn.errors import UsageError

if TYPE_CHECKING:
    from misyn.marks.credential.ages import Ages
    from misyn.marks.sighting import Search
    from misyn.oversight.status.known import Known


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
@click.option(
    "--proofs",
    type=click.Path(exists=True, file_okay=False, path_type=Path),
    help="Folder of proofs that credentials are older than their certificate's end (misyn mark --proofs).",
)
@click.option(
    "--policy", type=click.Path(exists=True, dir_okay=False, path_type=Path), help="Whose log to believe in --proofs."
)
@click.option(
    "--tsa-trust",
    type=click.Path(exists=True, dir_okay=False, path_type=Path),
    help="Roots of the time-stamping authorities to believe in --proofs.",
)
@click.option("--thorough", is_flag=True, help="Look for the watermark at every scale and angle: seconds an image.")
@click.option("--key", type=click.Path(exists=True, path_type=Path), help="Key folder: look for its watermark too.")
@click.option("--no-watermark", is_flag=True, help="Do not look for the watermark: pixels are read where needed only.")
@knowing.registry_option
@knowing.policy_option
@frame.workers_option
@frame.json_option
@frame.command
def command(
    paths: tuple[Path, ...],
    expect: str | None,
    trust: Path | None,
    store: Path | None,
    proofs: Path | None,
    policy: Path | None,
    tsa_trust: Path | None,
    key: Path | None,
    registry: str | None,
    registry_policy: Path | None,
    workers: int | None,
    *,
    thorough: bool,
    no_watermark: bool,
    as_json: bool,
) -> None:
    """Say, for every file, whether anything in it states synthetic origin.

    Four verdicts: synthetic, contradictory, no-evidence, unreadable. There is no verdict "medical": a file without a
    mark is a file without a mark. Exit status 1 when a file is contradictory or, in --registry, withdrawn, or when
    --expect is unmet.
    """
    from misyn.marks.collection import verify_all  # noqa: PLC0415 - numerics are imported when needed

    ages = _ages(proofs, policy, tsa_trust)
    search = _search(key, thorough=thorough, off=no_watermark)
    known = knowing.known(registry, registry_policy)
    started = time.monotonic()
    with frame.bar("verifying") as progress:
        result = verify_all(
            paths, trust=trust, store=store, proof=ages, search=search, workers=workers, progress=progress
        )
    seconds = time.monotonic() - started
    if ages is not None:
        result["summary"]["proofs"] = {"credentials": len(ages.times), "problems": list(ages.problems)}
    result = _with_status(result, known)
    if as_json:
        frame.print_json(result)
    else:
        _print(result)
        if thorough:
            each = seconds / len(result["files"])
            click.echo(f"the thorough search took {seconds:.1f} s, {each:.1f} s for each file")
    verdicts = {file["verdict"] for file in result["files"]}
    withdrawn = any(file["status"] == "withdrawn" for file in result["files"])
    if withdrawn or "contradictory" in verdicts or (expect and verdicts != {expect}):
        sys.exit(frame.NO)
    if verdicts == {"unreadable"}:
        click.echo("misyn: none of these could be read as an image. Next: check the paths", err=True)
        sys.exit(frame.REFUSED)


def _with_status(result: dict[str, Any], known: Known | None) -> dict[str, Any]:
    """What the registry says of each file's technique, and as of when that is known."""
    if known is None:
        return result
    from misyn.oversight.status import applied  # noqa: PLC0415

    return applied.to_files(result, known, now=datetime.now(UTC))


def _search(key: Path | None, *, thorough: bool, off: bool) -> Search | None:
    """Whose watermarks to look for; the public one always."""
    from misyn.marks.sighting import Search  # noqa: PLC0415
    from misyn.marks.watermark import PUBLIC, Key  # noqa: PLC0415

    if off and (thorough or key is not None):
        raise UsageError("expected --no-watermark without --thorough and --key, found both. Next: leave one out")
    if off:
        return None
    if key is None:
        return Search(thorough=thorough)
    from misyn.signing import watermark_secret  # noqa: PLC0415 - cryptography only where it is asked for

    return Search((PUBLIC, Key(watermark_secret(key))), thorough=thorough)


def _ages(proofs: Path | None, policy: Path | None, tsa_trust: Path | None) -> Ages | None:
    """What the proofs show, each by whom the caller believes."""
    if (proofs is None) != (policy is None and tsa_trust is None):
        raise UsageError("expected --proofs together with --policy or --tsa-trust, found one without the other")
    if proofs is None:
        return None
    from misyn.oversight.log import publication  # noqa: PLC0415 - cryptography only where it is asked for

    return publication.ages_in(proofs, now=datetime.now(UTC), policy=policy, authorities=tsa_trust)


def _print(result: dict[str, Any]) -> None:
    for file in result["files"]:
        click.echo(f"{file['verdict']:<14}{file['path']}")
        click.echo(f"{'':14}{file['explain']}")
        if "entry" in file:
            click.echo(f"{'':14}{file['status']}: {file['entry']}")
        mark = file["layers"]["watermark"]
        if mark.get("found"):
            click.echo(f"{'':14}watermark of key {mark['key']}: by chance at most {mark['p_value']:g}")
        for problem in file["problems"]:
            click.echo(f"{'':14}! {problem}")
    if "registry" in result:
        told = result["registry"]
        click.echo(f"{told['name']}, known as of {told['known_as_of']} ({told['age']} old)")
        for note in told["notes"]:
            click.echo(f"! {note}")
    counts = ", ".join(f"{n} {verdict}" for verdict, n in result["summary"]["verdicts"].items() if n)
    click.echo(f"{frame.several(len(result['files']), 'file')}: {counts}")
    for sentence in (*result["summary"]["skipped"], *result["summary"].get("proofs", {}).get("problems", ())):
        click.echo(f"! {sentence}")
