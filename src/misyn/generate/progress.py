r"""A progress bar for long training: on standard error, silent where that is no terminal.

Rules
-----
1. What is done, of how much, and about how much longer; a hundredth at a time, so that it costs nothing.
2. The clock and the stream are arguments.

Example:
    >>> import io
    >>> show = bar("training", stream=io.StringIO())  # no terminal: silent
    >>> show(1, 2)
    >>> line("training", 30, 120, seconds=10.0)
    'training [#######.......................] 30/120, about 30 s left'
"""

from __future__ import annotations

import sys
import time
from collections.abc import Callable
from typing import TextIO

from misyn.generate.generators.training import Progress

_WIDTH = 30


def bar(label: str, *, stream: TextIO | None = None, clock: Callable[[], float] = time.monotonic) -> Progress:
    """Give a progress function that draws a bar.

    Args:
        label: what is done.
        stream: default: standard error.
        clock: gives seconds.
    """
    out = sys.stderr if stream is None else stream
    started, last = clock(), -1

    def show(done: int, total: int) -> None:
        nonlocal last
        share = 100 * done // max(1, total)
        if share == last or not out.isatty():
            return
        last = share
        end = "\n" if done >= total else ""
        out.write(f"\r{line(label, done, total, seconds=clock() - started)}\x1b[K{end}")
        out.flush()

    return show


def line(label: str, done: int, total: int, *, seconds: float) -> str:
    """The bar as text; ``seconds`` have passed."""
    full = _WIDTH * done // max(1, total)
    left = seconds / done * (total - done) if done else 0.0
    rest = f", about {left:.0f} s left" if 0 < done < total else ""
    return f"{label} [{'#' * full}{'.' * (_WIDTH - full)}] {done}/{total}{rest}"
