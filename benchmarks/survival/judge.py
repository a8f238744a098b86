"""Which layers came through: one word for each layer, by ``misyn verify`` itself.

Words, from the best to the worst:

- ``kept``: as good as before.
- ``part``: metadata that says synthetic without the declaration, a watermark that only ``--thorough`` finds, or a
  label that is hard to read.
- ``broken``: a credential that is there and does not hold: a warning, not a proof.
- ``refused``: the program would not do it, and said so; no file was made.
- ``lost``: nothing is left.
- ``not run``: the program is not here. Never green.

The label is a matter of eyes. In pictures it is looked for by correlation with the drawn words, at the scale and
angle of the path and in all eight orientations. Measured on these paths: unlabelled pictures at most 0.53;
labelled ones 0.87 and more, 0.60 and more at half the size, where letters of five by seven pixels are hard to read, and
0.18 where the corner was cut off.
"""

from __future__ import annotations

from pathlib import Path

import cv2
import numpy as np
from numpy.typing import NDArray
from samples import SHAPE, World

from misyn.images.formats import read
from misyn.marks import verify
from misyn.marks.label.letters import words_box
from misyn.marks.sighting import Search
from misyn.marks.verifying import FileVerdict
from misyn.marks.watermark.pattern import orientations

ORDER = ("not run", "lost", "refused", "broken", "part", "kept")
LEGIBLE, HARDLY = 0.7, 0.57


def judged(made: Path, world: World, *, kind: str, scale: float, angle: float) -> dict[str, str]:
    """The words for one file that came out.

    Args:
        made: the file.
        world: where key and store are.
        kind: ``marked``, ``labelled`` or ``foreign``.
        scale: how the path changes sizes, for the label.
        angle: how far it turns the picture, in degrees, for the label.
    """
    if kind == "labelled":
        found = verify(made, search=None).layers["label"].get("kind") == "overlay"
        return {"label": "kept" if found else _label(legible(made, scale=scale, angle=angle))}
    verdict = verify(made, trust=world.root, store=world.store)
    if kind == "foreign":
        return {"foreign": "kept" if verdict.layers["foreign"]["found"] else "lost"}
    return {
        "metadata": _metadata(verdict),
        "credential": _credential(verdict),
        "watermark": _watermark(made, verdict),
        "fingerprint": "kept" if verdict.layers["fingerprint"].get("found") else "lost",
    }


def _metadata(verdict: FileVerdict) -> str:
    layer = verdict.layers["metadata"]
    says = any(field["synthetic"] for field in layer["fields"])
    if says and layer["declarations"]:
        return "kept"
    return "part" if says or layer["declarations"] else "lost"


def _credential(verdict: FileVerdict) -> str:
    states = {"trusted": "kept", "untrusted": "broken", "invalid": "broken"}
    return states.get(verdict.layers["credential"]["state"], "lost")


def _watermark(made: Path, verdict: FileVerdict) -> str:
    if verdict.layers["watermark"].get("found"):
        return "kept"
    if verify(made, search=Search(thorough=True)).layers["watermark"].get("found"):
        return "part"
    return "lost"


def _label(correlation: float) -> str:
    return "kept" if correlation >= LEGIBLE else "part" if correlation >= HARDLY else "lost"


def legible(made: Path, *, scale: float, angle: float) -> float:
    """How well the words can be made out somewhere in a picture: the largest correlation, in [0, 1]."""
    try:
        image = read(made)
    except Exception:  # nothing can be made out of it
        return 0.0
    pixels = image.pixels.astype(np.float32)
    pixels = pixels.mean(axis=-1) if image.axes.endswith("C") else pixels
    plane = pixels.reshape(-1, *pixels.shape[-2:])[len(pixels.reshape(-1, *pixels.shape[-2:])) // 2]
    upright = _turned_back(np.ascontiguousarray(plane), angle)
    return max(_correlation(upright, turned) for turned in orientations(_words(scale)))


def _words(scale: float) -> NDArray[np.float32]:
    """The drawn words as large as they are after the path."""
    words = words_box(SHAPE[1], SHAPE[0]).dots.astype(np.float32)
    if scale == 1:
        return words
    size = (round(words.shape[1] * scale), round(words.shape[0] * scale))
    return np.asarray(cv2.resize(words, size, interpolation=cv2.INTER_AREA), np.float32)


def _turned_back(plane: NDArray[np.float32], angle: float) -> NDArray[np.float32]:
    """A picture that was rotated clockwise by ``angle`` degrees, upright again."""
    if not angle:
        return plane
    high, wide = plane.shape
    turn = cv2.getRotationMatrix2D((wide / 2, high / 2), angle, 1)
    return np.asarray(cv2.warpAffine(plane, turn, (wide, high), flags=cv2.INTER_LINEAR), np.float32)


def _correlation(plane: NDArray[np.float32], words: NDArray[np.float32]) -> float:
    if any(a < b for a, b in zip(plane.shape, words.shape, strict=True)):
        return 0.0
    found = cv2.matchTemplate(np.ascontiguousarray(plane), np.ascontiguousarray(words), cv2.TM_CCOEFF_NORMED)
    return float(np.nan_to_num(found, posinf=0, neginf=0).max())
