"""A process that writes to a log, so that tests can run several, or kill one; acknowledgements are lines on stdout."""

from __future__ import annotations

import sys
from pathlib import Path

import logs
from misyn.oversight.log.store import Log


def write(folder: Path, first: int, count: int, every: int) -> None:
    """Append ``count`` entries one by one, publish after every ``every``, and say what was acknowledged."""
    with Log.open(folder) as log:
        for number in range(first, first + count):
            (receipt,) = logs.fill(log, number)
            print("appended", number, receipt.index, flush=True)
            if every and (number - first + 1) % every == 0:
                print("published", log.publish().checkpoint.size, flush=True)


if __name__ == "__main__":
    write(Path(sys.argv[1]), *(int(one) for one in sys.argv[2:5]))
