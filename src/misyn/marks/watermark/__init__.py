"""The watermark: a keyed, imperceptible presence mark inside the pixels, for when every header has been lost.

Rules
-----
1. Presence only: it says "this was marked with that key", and carries no message, no name and no date.
2. :data:`~misyn.marks.watermark.keys.PUBLIC` is public. Whoever has this software can detect it, **plant it on a
   medical image, and remove it**. So a watermark alone never makes a file ``synthetic``; it makes the file worth
   asking about. A private key keeps strangers from planting and from aimed removal, and only its holders can detect.
3. Detection returns a p-value with its model (:mod:`~misyn.marks.watermark.null`), never a yes or no.
4. Pure: arrays in, arrays or a result out. Nothing is imported until it is used.

How it works, module by module: ``keys`` (what is shared), ``pattern`` (a tile of noise in a band that JPEG keeps),
``planes`` (any image as 2D planes), ``embedding``, ``residual`` (what a detector looks at), ``detection`` (shifts,
flips and quarter turns), ``search`` (any scale and rotation), ``null`` (how unlikely that is by chance).

Sources: I. Cox et al., "Secure spread spectrum watermarking for multimedia", IEEE Trans. Image Processing 6(12), 1997
(spread spectrum); T. Kalker et al., "A video watermarking system for broadcast monitoring", Proc. SPIE 3657, 1999
(a repeated tile, found at any shift by one correlation); M. Kutter, "Watermarking resisting to translation, rotation,
and scaling", Proc. SPIE 3528, 1998 (a periodic mark refers to itself). What is done differently, and why, is in
``docs/adr/0006-watermark.md``; what it survives is in ``docs/results``.

Example:
    >>> import numpy as np
    >>> from misyn.marks.watermark import detect, embed
    >>> noise = np.random.default_rng(0).normal(2000, 200, (384, 384)).astype(np.uint16)
    >>> detect(embed(noise, axes="YX"), axes="YX").p_value < 1e-4, detect(noise, axes="YX").p_value > 0.01
    (True, True)
"""

from __future__ import annotations

from importlib import import_module
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from misyn.marks.watermark.detection import Detection, detect
    from misyn.marks.watermark.embedding import STRENGTH, embed
    from misyn.marks.watermark.keys import PUBLIC, Key

__all__ = ["PUBLIC", "STRENGTH", "Detection", "Key", "detect", "embed"]

_PLACES = {
    "PUBLIC": "keys",
    "Key": "keys",
    "STRENGTH": "embedding",
    "embed": "embedding",
    "Detection": "detection",
    "detect": "detection",
}


def __getattr__(name: str) -> object:
    """Import a public name when it is first asked for: ``import misyn`` must not load numpy."""
    if name not in _PLACES:
        raise AttributeError(f"module {__name__!r} has no attribute {name!r}")
    value = getattr(import_module(f"{__name__}.{_PLACES[name]}"), name)
    globals()[name] = value
    return value
