"""Which extractors there are, and finding one by what ``--extractor`` was given.

Rules
-----
1. :data:`EXTRACTORS` is the list, in order; the first is the default and needs the core only.
2. :data:`FAMILIES` are extractors that need a model of the user's: ``family:model``. Nothing is downloaded.
3. A model is opened once per process.

Example:
    >>> by_name("texture").version
    1
"""

from __future__ import annotations

from collections.abc import Callable, Mapping
from functools import cache

from misyn.errors import UsageError
from misyn.evaluate.extractors import Extractor, efficientnet, hub, onnx_file, radiomics, texture

EXTRACTORS: tuple[Extractor, ...] = (texture.EXTRACTOR, radiomics.EXTRACTOR, efficientnet.EXTRACTOR)
FAMILIES: Mapping[str, Callable[[str], Extractor]] = {
    "onnx": onnx_file.opened,
    "hf": hub.hugging_face,
    "timm": hub.timm,
}


@cache
def by_name(spec: str) -> Extractor:
    """Find an extractor that can run here.

    Args:
        spec: a name of :data:`EXTRACTORS`, or ``family:model`` of :data:`FAMILIES`.

    Raises:
        UsageError: there is none of this name, or its model cannot be used.
        MissingExtra: it needs a package that is not installed.
    """
    family, colon, model = spec.partition(":")
    if colon and family in FAMILIES:
        return FAMILIES[family](model)
    for extractor in EXTRACTORS:
        if extractor.spec == spec:
            missing = extractor.missing()
            if missing is not None:
                raise missing
            return extractor
    known = ", ".join([*(extractor.spec for extractor in EXTRACTORS), *(f"{name}:MODEL" for name in FAMILIES)])
    raise UsageError(
        f"expected a feature extractor out of {known}; found {spec!r}. Next: --extractor takes one of them"
    )
