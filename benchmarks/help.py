"""How long `misyn --help` takes, against an empty Python process in the same run: ``python benchmarks/help.py``.

Bar: under 0.3 s on a bare install. Run it with the Python of an environment that holds misyn.
"""

from __future__ import annotations

import statistics
import subprocess
import sys
import time
from pathlib import Path

RUNS = 15


def main() -> None:
    misyn = str(Path(sys.executable).with_name("misyn"))
    commands = {"python -c pass": [sys.executable, "-c", "pass"], "misyn --help": [misyn, "--help"]}
    seconds: dict[str, list[float]] = {name: [] for name in commands}
    for _ in range(RUNS):
        for name, command in commands.items():
            started = time.perf_counter()
            subprocess.run(command, check=True, capture_output=True)
            seconds[name].append(time.perf_counter() - started)
    floor = statistics.median(seconds["python -c pass"])
    print(f"{'command':<20}{'min s':>8}{'median s':>10}{'max s':>8}{'ratio':>8}")
    for name, taken in seconds.items():
        middle = statistics.median(taken)
        print(f"{name:<20}{min(taken):>8.3f}{middle:>10.3f}{max(taken):>8.3f}{middle / floor:>8.1f}")


if __name__ == "__main__":
    main()
