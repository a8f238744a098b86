"""A reader that goes away, as ``| head -1`` does, takes neither the work nor the exit status with it."""

from __future__ import annotations

import subprocess
import sys
from pathlib import Path

import pytest

PROGRAM = """
import sys, click
from misyn.cli import frame

@click.command()
@frame.command
def command() -> None:
    for _ in range(5000):
        click.echo("x" * 200)
    open(sys.argv[1], "w").write("all done")
    raise click.exceptions.Exit({status})

command([])
"""


@pytest.mark.parametrize("status", [0, 1])
def test_a_closed_pipe_is_met_with_silence_and_the_commands_own_status(tmp_path: Path, status: int) -> None:
    done = tmp_path / "done"
    program = subprocess.Popen(
        [sys.executable, "-c", PROGRAM.format(status=status), str(done)],
        stdout=subprocess.PIPE,
        stderr=subprocess.PIPE,
    )
    assert program.stdout is not None and program.stderr is not None
    with program:
        assert program.stdout.readline().startswith(b"xxx")
        program.stdout.close()
        assert program.stderr.read() == b""
        assert program.wait(timeout=60) == status
    assert done.read_text() == "all done"
