"""Run the main job: write medical images, train a generator, let it draw born-marked images, audit, report.

Rules
-----
1. No network, one seed, under 90 seconds on two cores; every step is a public function a user can call.
2. Nothing is planted: the training images, the model and the audit are what they are.
3. An existing folder that is not empty is never written into; an interrupted demo leaves nothing under its name.
"""

from __future__ import annotations

import contextlib
import tempfile
from collections.abc import Callable, Iterator
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
        raise WouldOverwrite(
            f"expected a new or empty folder, found files in {out}. Next: give another --out{_go_on(out)}"
        )
    with _becoming(out) as place:
        _draw(place, now=now, seed=seed)
    return audit(out / "misyn.yaml", out=out / "audit", seed=seed, workers=workers, progress=progress)


@contextlib.contextmanager
def _becoming(out: Path) -> Iterator[Path]:
    """A folder that takes ``out``'s place when the block ends well, and vanishes when it does not."""
    out.parent.mkdir(parents=True, exist_ok=True)
    with tempfile.TemporaryDirectory(dir=out.parent, prefix=f".{out.name}.") as folder:
        whole = Path(folder) / "whole"
        whole.mkdir()
        yield whole
        if out.exists():
            out.rmdir()  # it is empty: asked before
        whole.rename(out)


def _go_on(out: Path) -> str:
    """What else can be done where an earlier demo was interrupted while it audited."""
    return f", or go on there: misyn audit {out / 'misyn.yaml'}" if (out / "misyn.yaml").is_file() else ""


def _draw(place: Path, *, now: datetime, seed: int) -> None:
    """Write medical images and the record, train, and let the model draw."""
    training = write_medical(place / "medical")["training"]
    record = place / "misyn.yaml"
    write_bytes(record, files(__package__).joinpath("misyn.yaml").read_bytes())
    model = PcaGaussian.fit(training / 255.0, components=COMPONENTS)
    with born(record, out=place / "synthetic", now=now, weights=model.weights) as birth:
        for index, pixels in enumerate(_grey(model.sample(COUNT, seed=seed))):
            birth.save(pixels, f"synthetic-{index:03d}.png")


def _grey(images: NDArray[np.float32]) -> NDArray[np.uint8]:
    return np.round(np.clip(images, 0, 1) * 255).astype(np.uint8)
