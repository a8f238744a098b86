"""How long the watermark takes on one core: ``OMP_NUM_THREADS=1 python benchmarks/watermark_speed.py``.

Bars, per 512 × 512 slice: ≤ 100 ms to embed, ≤ 150 ms to detect by default. A plain median filter of the same slice is
timed in the same run, so that figures from different machines can be compared. Counted is the processor time of this
process, so that others at work on the machine do not count.
"""

from __future__ import annotations

import statistics
import time
from collections.abc import Callable

import numpy as np
from scipy import ndimage

from misyn.marks.watermark import Key, detect, embed

RUNS = 15


def seconds(work: Callable[[], object], *, runs: int = RUNS) -> tuple[float, float]:
    """Median and largest processor time of a call."""
    taken = []
    for _ in range(runs):
        started = time.process_time()
        work()
        taken.append(time.process_time() - started)
    return statistics.median(taken), max(taken)


def main() -> None:
    rng = np.random.default_rng(0)
    slice_ = ndimage.gaussian_filter(rng.normal(size=(512, 512)), 3) * 3000 + rng.normal(size=(512, 512)) * 15
    image = slice_.astype(np.int16)
    colour = np.stack([np.clip(slice_ / 10 + 128, 0, 255).astype(np.uint8)] * 3, axis=-1)
    works: dict[str, tuple[Callable[[], object], int]] = {
        "median filter 5 × 5 (peer)": (lambda: ndimage.median_filter(image, 5), RUNS),
        "embed, grey 16-bit": (lambda: embed(image, axes="YX"), RUNS),
        "embed, grey 16-bit, two keys": (lambda: embed(image, axes="YX", also=Key(bytes(32))), RUNS),
        "embed, colour 8-bit": (lambda: embed(colour, axes="YXC"), RUNS),
        "detect, grey 16-bit": (lambda: detect(image, axes="YX"), RUNS),
        "detect, colour 8-bit": (lambda: detect(colour, axes="YXC"), RUNS),
        "detect --thorough, grey": (lambda: detect(image, axes="YX", thorough=True), 3),
    }
    for work, _ in works.values():
        work()  # tables and caches are made once
    print("| 512 × 512 | median ms | largest ms |\n|---|--:|--:|")
    for name, (work, runs) in works.items():
        middle, most = seconds(work, runs=runs)
        print(f"| {name} | {1000 * middle:.0f} | {1000 * most:.0f} |")


if __name__ == "__main__":
    main()
