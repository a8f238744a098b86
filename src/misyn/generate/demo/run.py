"""Run the main job: write medical images, train a generator, let it draw born-marked images, audit, report.

Rules
-----
1. No network, one seed, under 90 seconds on two cores; every step is a public function a user can call.
2. Nothing is planted: the training images, the model and the audit are what they are.
3. An existing folder that is not empty is never written into.
"""

from __future__ import annotations

from collections.abc import Callable
from datetime import datetime
from importlib.resources import files
from pathlib import Path
from typing import Any

import numpy as np
from numpy.typing import NDArray

from misyn.atomic import write_bytes
from misyn.audit import audit
from misyn.errors import WouldOverwrite
from misyn.generate.born import born
from misyn.generate.demo.images import volume_path, write_medical
from misyn.generate.pca import PcaGaussian

COUNT = 60  # synthetic images drawn
COMPONENTS = 12  # principal axes kept


def run_demo(
    out: Path,
    *,
    now: datetime,
    seed: int = 0,
    workers: int | None = None,
    progress: Callable[[int, int], None] | None = None,
) -> tuple[dict[str, Any], Path]:
    """Run the demo into a new folder.

    Args:
        out: a folder that does not exist or is empty.
        now: the present time, for the declarations.
        seed: seed of the generator and of every measure.
        workers: processes, as in :func:`misyn.engine.map`.
        progress: called with (done, total) while images are read.

    Returns:
        The audit (audit.json's content) and the path of the report.

    Raises:
        MissingExtra: the package with the medical images is not installed.
        WouldOverwrite: ``out`` is not empty.
    """
    volume_path()
    if out.exists() and any(out.iterdir()):
        raise WouldOverwrite(f"expected a new or empty folder, found files in {out}. Next: give another --out")
    training = write_medical(out / "medical")["training"]
    record = out / "misyn.yaml"
    write_bytes(record, files(__package__).joinpath("misyn.yaml").read_bytes())
    model = PcaGaussian.fit(training / 255.0, components=COMPONENTS)
    with born(record, out=out / "synthetic", now=now, weights=model.weights) as birth:
        for index, pixels in enumerate(_grey(model.sample(COUNT, seed=seed))):
            birth.save(pixels, f"synthetic-{index:03d}.png")
    return audit(record, out=out / "audit", seed=seed, workers=workers, progress=progress)


def _grey(images: NDArray[np.float32]) -> NDArray[np.uint8]:
    return np.round(np.clip(images, 0, 1) * 255).astype(np.uint8)
