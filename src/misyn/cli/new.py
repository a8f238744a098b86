"""``misyn new``: plain questions, and a commented ``misyn.yaml``."""

from __future__ import annotations

import sys
from pathlib import Path
from typing import TYPE_CHECKING

import click

from misyn.cli import frame
from misyn.errors import UsageError

if TYPE_CHECKING:
    from misyn.practice.interview import Question


@click.command("new", short_help="Ask plain questions; write misyn.yaml.")
@click.argument("folder", default=Path(), type=click.Path(file_okay=False, path_type=Path))
@click.option(
    "--answers",
    type=click.Path(exists=True, dir_okay=False, path_type=Path),
    help="YAML or JSON with answers; nothing is asked then.",
)
@click.option("--overwrite", is_flag=True, help="Replace a record that is already there.")
@frame.json_option
@frame.command
def command(folder: Path, answers: Path | None, *, overwrite: bool, as_json: bool) -> None:
    """Ask about a technique, and write its record FOLDER/misyn.yaml (default: here).

    Only its name and who is responsible are needed; what you leave open becomes a finding later, not an error.
    """
    from misyn.practice import questions  # noqa: PLC0415 - only when it runs

    if answers is None and not sys.stdin.isatty():
        raise UsageError("expected a terminal to ask in, or --answers FILE, found neither. Next: give --answers FILE")
    known = questions.interview(_ask) if answers is None else questions.read_answers(answers)
    record = questions.create(folder, answers=known, overwrite=overwrite)
    if as_json:
        frame.print_json({"schema": "misyn/new/1", "path": str(record.path), "record": record.digest})
    else:
        click.echo(f"{record.path}\nNext: fill in what is open, then run misyn audit {record.path}")


def _ask(question: Question) -> str:
    """Show one question on the terminal; lists take one entry per line and end with an empty one."""
    options = f" ({', '.join(question.options)})" if question.options else ""
    click.echo(f"\n{question.text}{options}" + ("" if question.needed else "  [Enter leaves it open]"), err=True)
    if question.kind != "lines":
        return _line(needed=question.needed, options=question.options)
    if question.parts:
        click.echo(f"One entry per line: {' | '.join(question.parts)}. An empty line ends the list.", err=True)
    lines = iter(lambda: _line(needed=False), "")
    return "\n".join(lines)


def _line(*, needed: bool, options: tuple[str, ...] = ()) -> str:
    """Read one line; insist where the record cannot do without it, or knows only some answers."""
    while True:
        text: str = click.prompt(">", default="", show_default=False, prompt_suffix=" ", err=True)
        if options and text.strip() and text.strip() not in options:
            click.echo(f"expected one of {', '.join(options)}", err=True)
        elif text.strip() or not needed:
            return text.strip()
