"""``misyn audit``: a record in, a report out."""

from __future__ import annotations

import sys
from collections import Counter
from datetime import UTC, datetime
from pathlib import Path
from typing import TYPE_CHECKING, Any

import click

from misyn.cli import frame, knowing, proving
from misyn.errors import UsageError

if TYPE_CHECKING:
    from misyn.audit import Standing


@click.command("audit", short_help="Turn a record into a report.")
@click.argument("record", type=click.Path(exists=True, dir_okay=False, path_type=Path))
@click.option(
    "--out",
    type=click.Path(file_okay=False, path_type=Path),
    help="Folder for the report; default: audit/ beside the record.",
)
@click.option(
    "--strict",
    is_flag=True,
    help="Exit with 1 when a finding is not-met, a claim is not supported, or the README claims more.",
)
@click.option(
    "--trust",
    type=click.Path(exists=True, dir_okay=False, path_type=Path),
    help="root.pem of those whose signed credentials you trust; without it, none counts as trusted.",
)
@proving.policy_option
@click.option(
    "--proof",
    "proofs",
    multiple=True,
    type=click.Path(exists=True, dir_okay=False, path_type=Path),
    help="Proof of an entry of a log, beside the one that the record names in plan.log.",
)
@proving.unsafe_option
@knowing.registry_option
@knowing.policy_option
@click.option("--pdf", is_flag=True, help="Write the checklists as PDF too (needs misyn[pdf]).")
@frame.extractor_option
@frame.cache_option
@frame.seed_option
@frame.workers_option
@frame.json_option
@frame.command
def command(
    record: Path,
    out: Path | None,
    seed: int,
    workers: int | None,
    trust: Path | None,
    policy_file: Path | None,
    proofs: tuple[Path, ...],
    registry: str | None,
    registry_policy: Path | None,
    extractor: str,
    cache: Path | None,
    *,
    unsafe_without_cosignatures: bool,
    strict: bool,
    pdf: bool,
    as_json: bool,
) -> None:
    """Audit a technique: its marks, its limits, its claims; writes audit.json and report.html.

    RECORD is the technique's misyn.yaml. Beside the report it writes one-page checklists, a badge and bundle.zip, which
    others can check with misyn check.
    """
    from misyn.audit import Features, audit  # noqa: PLC0415 - numerics are imported when needed

    log = _logged(record, proofs, policy_file, unsafe=unsafe_without_cosignatures)
    standing = _standing(registry, registry_policy)
    with frame.bar("auditing") as progress:
        content, page = audit(
            record,
            out=out,
            seed=seed,
            workers=workers,
            progress=progress,
            pdf=pdf,
            trust=trust,
            log=log,
            standing=standing,
            features=Features(extractor, cache),
        )
    if as_json:
        frame.print_json(content)
    else:
        print_summary(content, page)
    if strict and not holds(content):
        sys.exit(frame.NO)


def _standing(place: str | None, policy_file: Path | None) -> Standing | None:
    """How to ask a registry what became of the records that the images name; None where no registry was named."""
    known = knowing.known(place, policy_file)
    if known is None:
        return None
    from misyn.oversight.status import applied  # noqa: PLC0415

    return lambda records: applied.caveats(records, known, now=datetime.now(UTC))


def _logged(record: Path, proofs: tuple[Path, ...], policy_file: Path | None, *, unsafe: bool) -> list[dict[str, Any]]:
    """The entries of a log that the record and the options name, proven; none where no policy was given."""
    if policy_file is None:
        if proofs or unsafe:
            raise UsageError("nothing says which log to believe. Next: give --policy FILE")
        return []
    from misyn.practice.record import load  # noqa: PLC0415 - only when it runs

    named = load(record).file("plan.log")
    places = dict.fromkeys([*([named] if named is not None and named.is_file() else []), *proofs])
    return proving.rows(list(places), proving.prover(policy_file, unsafe=unsafe))


def holds(content: dict[str, Any]) -> bool:
    """Say whether no finding is not-met, every claim is supported, and the README claims no more than that.

    A technique that its registry lists as withdrawn or contested does not hold either.
    """
    if any(warning["id"].startswith("registry-") for warning in content["warnings"]):
        return False
    unmet = any(finding["status"] == "not-met" for finding in content["findings"])
    return (
        not unmet and not content.get("readme") and all(claim["status"] == "supported" for claim in content["claims"])
    )


def print_summary(content: dict[str, Any], page: Path) -> None:
    """Print what an audit found: the scope, the warnings, counts by status, and where the report lies."""
    click.echo(content["scope"])
    for warning in content["warnings"]:
        click.echo(f"! {warning['text']}")
    for name in ("findings", "claims"):
        counts = Counter(entry["status"] for entry in content[name])
        click.echo(f"{name}: " + (", ".join(f"{n} {status}" for status, n in sorted(counts.items())) or "none"))
    for found in content.get("readme", []):
        click.echo(f"README, line {found['line']}: {found['reason']}")
    click.echo(f"report: {page}")
