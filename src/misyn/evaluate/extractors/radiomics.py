"""Radiomics features by nyxus: first-order statistics and five texture matrices of the whole picture.

Rules
-----
1. nyxus runs in a process of its own, one per worker: it is compiled code that has raised on a second call with another
   number of images, and what it prints must not reach a program that reads JSON. Pictures go one by one.
2. Grey, 128 × 128, 256 levels, the whole picture as region of interest.
3. Numbers that span many powers of ten are written as signed logarithms; what is not defined on a picture (a ratio
   with nothing below the line) is 0.

Needs nyxus (extra ``radiomics``). Source: Zwanenburg et al., Radiology 2020 (image biomarker standardisation), as far
as nyxus follows it.

Example:
    >>> compressed(np.array([0.0, np.e - 1, -(np.e - 1), np.nan])).tolist()
    [0.0, 1.0, -1.0, 0.0]
"""

from __future__ import annotations

import atexit
import importlib.util
import struct
import subprocess
import sys
from dataclasses import dataclass
from functools import cache

import numpy as np
from numpy.typing import NDArray

from misyn.errors import EvaluationError, MissingExtra
from misyn.evaluate.extractors import Pixels
from misyn.evaluate.extractors.inputs import Input

FED = Input(width=128, height=128, channels=1, mean=(0.0,), std=(1.0,))
MODULE = "misyn.evaluate.extractors.radiomics_process"
BLOCKS = (("intensity", 36), ("glcm", 149), ("glrlm", 80), ("glszm", 16), ("gldm", 14), ("ngtdm", 5))
COUNT = struct.Struct("<I")


@dataclass(frozen=True)
class Radiomics:
    """The extractor of this module."""

    spec: str = "radiomics"
    name: str = "radiomics"
    version: int = 1
    preprocessing: str = "128 × 128, bicubic; grey; 256 levels; nyxus"

    def blocks(self, *, colour: bool) -> tuple[tuple[str, int], ...]:  # noqa: ARG002 - grey only
        """First-order statistics and one block per texture matrix."""
        return BLOCKS

    def extract(self, pixels: Pixels) -> NDArray[np.float32]:
        """Describe one plane: (Y, X) or (Y, X, 3) in [0, 1] to (D,)."""
        levels = np.round(FED.tensor(pixels)[0] * 255).astype("<u4")
        found = compressed(_process().ask(levels))
        if len(found) != sum(length for _, length in BLOCKS):
            raise EvaluationError(
                f"expected {sum(length for _, length in BLOCKS)} numbers from nyxus, found {len(found)}: another "
                "version of it. Next: pip install 'misyn[radiomics]'"
            )
        return found

    def missing(self) -> MissingExtra | None:
        """nyxus, where it is not installed."""
        if importlib.util.find_spec("nyxus") is None:
            return MissingExtra("Features by radiomics", package="nyxus", extra="radiomics")
        return None


EXTRACTOR = Radiomics()


def compressed(values: NDArray[np.float64]) -> NDArray[np.float32]:
    """Signed logarithms; 0 where a value is not defined."""
    finite = np.where(np.isfinite(values), values, 0.0)
    return np.asarray(np.sign(finite) * np.log1p(np.abs(finite)), np.float32)


class _Process:
    """The other process: it ends when this one does, because its input then closes."""

    def __init__(self) -> None:
        self.running: subprocess.Popen[bytes] | None = None

    def ask(self, levels: NDArray[np.uint32]) -> NDArray[np.float64]:
        """Numbers of one picture; a process that died is replaced for the next one.

        Raises:
            EvaluationError: nyxus failed on this picture.
        """
        running = self._started()
        try:
            assert running.stdin is not None and running.stdout is not None  # noqa: S101 - both are pipes
            running.stdin.write(COUNT.pack(levels.shape[0]) + COUNT.pack(levels.shape[1]) + levels.tobytes())
            running.stdin.flush()
            (count,) = COUNT.unpack(running.stdout.read(COUNT.size))
            return np.frombuffer(running.stdout.read(8 * count), "<f8")
        except (OSError, struct.error, ValueError) as error:
            self.end()
            raise EvaluationError("expected radiomics features, but nyxus failed on this image") from error

    def end(self) -> None:
        """End the other process and wait for it."""
        if self.running is not None:
            with self.running as running:  # closes its pipes
                running.kill()
            self.running = None

    def _started(self) -> subprocess.Popen[bytes]:
        if self.running is not None and self.running.poll() is not None:
            self.end()
        if self.running is None:
            atexit.register(self.end)
            self.running = subprocess.Popen(  # noqa: S603 - this interpreter, our own module
                [sys.executable, "-m", MODULE],
                stdin=subprocess.PIPE,
                stdout=subprocess.PIPE,
                stderr=subprocess.DEVNULL,
            )
        return self.running


@cache
def _process() -> _Process:
    return _Process()
