"""Measuring: what synthetic images lack, shift and copy, and how sure we are.

Rules
-----
1. Nothing here says whether an image is synthetic, and nothing judges: numbers go to ``practice`` as evidence.
2. Array functions (:mod:`neighbours`, :mod:`shift`, :mod:`memorisation`, :mod:`statistics`) know no files; files are
   read in :mod:`survey` and :mod:`features` alone, through the engine; :mod:`study` ties both together.
3. Resemblance is not grounding: the word for "near medical images" is *supported*.
4. Modules are imported when first used, so that ``import misyn`` needs no numerics.

Example:
    >>> import numpy as np, misyn
    >>> points = np.random.default_rng(0).normal(size=(60, 4))
    >>> misyn.evaluate.neighbours.prdc(points[:30], points[30:], k=5).coverage > 0.5
    True
"""

from __future__ import annotations

import importlib
from types import ModuleType

MODULES = (
    "agreement",
    "amplification",
    "attributes",
    "balls",
    "cache",
    "caveats",
    "classifier",
    "clipped",
    "compare",
    "conditions",
    "copies",
    "coverage",
    "embedding",
    "extractors",
    "families",
    "features",
    "form",
    "grounding",
    "left_out",
    "masks",
    "matching",
    "measures",
    "memorisation",
    "moments",
    "neighbours",
    "pair",
    "pairs",
    "plan",
    "points",
    "preprocess",
    "ranks",
    "reading",
    "resampled",
    "sampling",
    "sets",
    "shift",
    "statistics",
    "study",
    "subsampling",
    "survey",
    "table",
    "utility",
    "visible",
    "volume",
)


def __getattr__(name: str) -> ModuleType:
    """Import a module of this room when it is first asked for (PEP 562)."""
    if name in MODULES:
        return importlib.import_module(f"misyn.evaluate.{name}")
    raise AttributeError(f"module 'misyn.evaluate' has no attribute {name!r}")


def __dir__() -> list[str]:
    return sorted({*globals(), *MODULES})
