"""The bar is drawn on a terminal, a hundredth at a time, and nowhere else."""

from __future__ import annotations

import io
import itertools

import pytest

from misyn.generate.progress import bar


class Terminal(io.StringIO):
    def isatty(self) -> bool:
        return True


def test_a_terminal_sees_a_bar_that_ends_with_a_line() -> None:
    screen = Terminal()
    show = bar("training", stream=screen, clock=itertools.count().__next__)
    for done in range(1, 1001):
        show(done, 1000)
    drawn = screen.getvalue().split("\r")[1:]
    assert len(drawn) == 101
    assert "left" in drawn[50]
    assert drawn[-1].endswith("1000/1000\x1b[K\n")


def test_what_is_no_terminal_sees_nothing(capsys: pytest.CaptureFixture[str]) -> None:
    show = bar("training", stream=io.StringIO())
    show(1, 2)
    bar("training")(1, 2)
    assert capsys.readouterr().err == ""
