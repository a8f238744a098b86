"""Let a model of the protocol draw straight into a birth: every image with its seed, condition and sources.

Rules
-----
1. Images are rounded to 8 bits and saved as PNG; masks, where a generator makes them, are no images of patients and are
   not saved here: they come back with the rest.
2. Where an image was made from training images, their files are declared as its sources; without the files it is
   refused.

Example: see ``docs/born.md``.

    >>> draw.__name__
    'draw'
"""

from __future__ import annotations

from collections.abc import Sequence
from pathlib import Path

from misyn.errors import UsageError
from misyn.generate.birth import Birth
from misyn.generate.generators import Model
from misyn.generate.generators.training import Condition, Drawn, as_grey_levels


def draw(
    birth: Birth,
    model: Model,
    count: int,
    *,
    seed: int,
    conditions: Sequence[Condition] = (),
    sources: Sequence[Path] = (),
    backgrounds: Sequence[Path] = (),
    stem: str = "synthetic",
) -> tuple[list[Path], Drawn]:
    """Draw ``count`` images and save them, marked.

    Args:
        birth: of :func:`misyn.born`, whose technique should be the model's.
        model: of :mod:`misyn.generate.generators`.
        count: how many.
        seed: of the drawing.
        conditions: none, one for all, or one per image.
        sources: the files of the training images, in their order; needed where the model names sources.
        backgrounds: the files of the healthy images, for a compositor that was given some.
        stem: of the files' names.

    Returns:
        The files, and what was drawn.

    Raises:
        UsageError: the model names sources, and their files are not given.
    """
    drawn = model.draw(count, seed=seed, conditions=conditions)
    if (drawn.sources and not sources) or (drawn.backgrounds and not backgrounds):
        raise UsageError(
            "expected the files of the training images, which these outputs were made from, found none. "
            "Next: sources=[...], in the order of the training images, and backgrounds=[...] likewise"
        )
    paths = []
    for number, image in enumerate(as_grey_levels(drawn.images)):
        made_from = [sources[index] for index in drawn.sources[number]] if drawn.sources else []
        made_from += [backgrounds[drawn.backgrounds[number]]] if drawn.backgrounds else []
        condition = drawn.conditions[number] if drawn.conditions else None
        asked = None if condition is None else condition.digest
        name = f"{stem}-{number:05d}.png"
        paths.append(birth.save(image, name, seed=f"{seed}, image {number}", condition=asked, sources=made_from))
    return paths, drawn
