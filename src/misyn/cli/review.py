"""``misyn review``: a paper in, questions for a person out; two people's decisions compared."""

from __future__ import annotations

import datetime
from pathlib import Path
from typing import Any

import click

from misyn.cli import frame
from misyn.errors import UsageError


@click.command("review", short_help="Ask about a paper: questions for a person to decide.")
@click.argument("paper", required=False, type=click.Path(exists=True, dir_okay=False, path_type=Path))
@click.option(
    "--out",
    type=click.Path(file_okay=False, path_type=Path),
    help="Folder for the questions and the report; default: <paper>-review beside the paper.",
)
@click.option("--also", multiple=True, metavar="RULE", help="Run a rule although it is switched off.")
@click.option(
    "--date",
    type=click.DateTime(["%Y-%m-%d"]),
    help="Date of this reading; default: today.",
)
@click.option(
    "--compare",
    nargs=2,
    type=click.Path(exists=True, dir_okay=False, path_type=Path),
    help="Compare two people's review.yaml of one version of one paper.",
)
@frame.json_option
@frame.command
def command(
    paper: Path | None,
    out: Path | None,
    also: tuple[str, ...],
    date: datetime.datetime | None,
    compare: tuple[Path, Path] | None,
    *,
    as_json: bool,
) -> None:
    """Read PAPER (PDF, LaTeX, Markdown, HTML) and ask where the recommendations speak to what it says.

    Writes review.yaml, where you decide, and review.html, review.md and review.json. Run it again after you have
    decided, or when a new version is out: what you wrote is kept. It asks, and never says that a paper is wrong; so it
    never exits with 1.
    """
    if (paper is None) == (compare is None):
        raise UsageError("expected PAPER, or --compare A.yaml B.yaml, and not both. Next: misyn review --help")
    if compare is not None:
        from misyn.practice.review.agreement import compare as compare_files  # noqa: PLC0415 - only when it runs

        _show(compare_files(*compare), as_json=as_json, text=print_comparison)
        return
    from misyn.practice.review.paper import review  # noqa: PLC0415 - only when it runs
    from misyn.report.review import write  # noqa: PLC0415 - only when it runs

    assert paper is not None  # noqa: S101 - one of the two is given
    place = out or paper.with_name(f"{paper.stem}-review")
    today = (date or datetime.datetime.now().astimezone()).date().isoformat()
    content = review(paper, out=place, today=today, also=also)
    page = write(place, content)
    _show(content, as_json=as_json, text=lambda told: print_questions(told, page))


def _show(content: dict[str, Any], *, as_json: bool, text: Any) -> None:  # noqa: ANN401 - a printer
    if as_json:
        frame.print_json(content)
    else:
        text(content)


def print_questions(content: dict[str, Any], page: Path) -> None:
    """Print the open questions, each with its place, and where to decide."""
    for note in content["document"]["notes"]:
        click.echo(f"! {note}")
    from misyn.report.review import place  # noqa: PLC0415 - only when it runs

    for row in content["questions"]:
        if row["decision"] is None and row["state"] == "found":
            click.echo(f"{', '.join(row['about'])}  {place(row)}")
            click.echo(f"    “{row['quote']}”" if row.get("quote") else f"    looked for: {row.get('looked-for')}")
            click.echo(f"    {row['question']}")
    click.echo("These are questions, not findings; whether they matter is for a person to decide.")
    click.echo(f"decide in: {page.with_name('review.yaml')}\nreport: {page}")


def print_comparison(content: dict[str, Any]) -> None:
    """Print how far two people agree, and every question on which they do not."""
    told = content["agreement"]
    for note in content["notes"]:
        click.echo(f"! {note}")
    if told["kappa"] is None:
        click.echo(f"Cohen's kappa: not defined, {told['reason']} (n = {told['n']})")
    else:
        interval = told["reason"] if told["low"] is None else f"95 % interval {told['low']:.2f} to {told['high']:.2f}"
        click.echo(f"Cohen's kappa {told['kappa']:.2f} on {told['n']} questions decided by both; {interval}")
    for row in content["disagreements"]:
        first, second = row["decisions"]
        click.echo(f"{row['id']}: {first} / {second}: {row['question']}")
