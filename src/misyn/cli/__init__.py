r"""The command line: parse, call one public function, print.

Rules
-----
1. A command is a module in this folder with ``command``; :data:`COMMANDS` lists them in the order ``--help`` shows.
2. Nothing but click is imported until a command runs, so that ``misyn --help`` answers at once on a bare install.
3. Exit status: 0 done · 1 done, and the answer is no · 2 it could not be done: one sentence on stderr, no traceback.

To add a command: write the module, and add its name to :data:`COMMANDS`.

Example:
    >>> from click.testing import CliRunner
    >>> CliRunner().invoke(main, ["--version"]).output
    'misyn 0.1.0.dev0\n'
"""

from __future__ import annotations

import importlib

import click

from misyn import __version__

COMMANDS = (
    "demo",
    "new",
    "mark",
    "verify",
    "scan",
    "evaluate",
    "audit",
    "check",
    "review",
    "export",
    "key",
    "log",
    "registry",
)


class _Rooms(click.Group):
    """A group whose commands are imported one by one, when asked for."""

    def list_commands(self, ctx: click.Context) -> list[str]:  # noqa: ARG002 - click's signature
        return list(COMMANDS)

    def get_command(self, ctx: click.Context, cmd_name: str) -> click.Command | None:  # noqa: ARG002
        if cmd_name not in COMMANDS:
            return None
        command: click.Command = importlib.import_module(f"misyn.cli.{cmd_name}").command
        return command


@click.group(cls=_Rooms, context_settings={"help_option_names": ["-h", "--help"], "max_content_width": 100})
@click.version_option(__version__, message="%(prog)s %(version)s", prog_name="misyn")
def main() -> None:
    """Ethical medical image synthesis.

    Synthetic images say that they are synthetic; what they lack, shift and copy is measured, by group of patients;
    what is claimed needs evidence; anyone can question it. Start with: misyn demo
    """
