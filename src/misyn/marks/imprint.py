"""The watermark layer of a file: a copy of it with the pattern in its samples, before any other layer is written.

Rules
-----
1. A format, or a codec, in which samples cannot be written without loss is refused (:mod:`misyn.marks.samples`).
2. An image in which there is no room, or in which the mark could not be found again, keeps its samples, and a sentence
   says so: the other layers are written all the same.
3. Pixels that carry the mark of these keys already are left alone: two marks on top of each other would be too strong.
4. With a private key the image carries both patterns, within the same strength.

Example:
    >>> import numpy as np
    >>> from misyn.marks.samples import Stored
    >>> planted(Stored(np.zeros((64, 64), np.uint8), "YX"))[1][:24]
    'no watermark was written'
"""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import TYPE_CHECKING, Any, NamedTuple

from misyn.errors import NoRoomForMark
from misyn.marks.samples import Stored, rewritten, store_for
from misyn.marks.sighting import ALARM
from misyn.marks.watermark.keys import PUBLIC, Key

if TYPE_CHECKING:
    from numpy.typing import NDArray


class Imprinted(NamedTuple):
    """The file to go on with, whether it carries the watermark, and what to say of it."""

    path: Path
    carries: bool
    notes: tuple[str, ...] = ()


@contextmanager
def imprinted(source: Path, *, format: str, beside: Path, private: Key | None = None) -> Iterator[Imprinted]:  # noqa: A002
    """Give a watermarked copy of a file; it goes when the block ends.

    Args:
        source: the file.
        format: its format's name.
        beside: a folder that may be written.
        private: a key of one's own, beside the public one.

    Raises:
        NoRoomForMark: rule 1.
        UnreadableImage: the file cannot be read.
    """
    found = store_for(format).load(source)
    pixels, note = planted(found, private=private)
    notes = () if note is None else (note,)
    if pixels is None:
        yield Imprinted(source, _carries(found, PUBLIC), notes)
        return
    with rewritten(source, pixels, format=format, beside=beside) as copy:
        yield Imprinted(copy, True, notes)


def planted(found: Stored, *, private: Key | None = None) -> tuple[NDArray[Any] | None, str | None]:
    """Put the mark into samples.

    Args:
        found: pixels and their axes.
        private: a key of one's own, beside the public one.

    Returns:
        The marked samples, or None where they stay as they are; and a sentence for people, or None.
    """
    from misyn.marks.watermark import embed  # noqa: PLC0415 - numerics

    if _carries(found, PUBLIC):  # rule 3
        return None, "the watermark was there already" + _without_private(found, private)
    try:
        marked = embed(found.pixels, axes=found.axes, also=private)
    except NoRoomForMark as error:
        return None, f"no watermark was written: {error}"
    keys = (PUBLIC,) if private is None else (PUBLIC, private)
    if not all(_carries(Stored(marked, found.axes), key) for key in keys):
        return None, (
            "no watermark was written: expected to find it again in the marked image, found that this one is too small "
            "or too flat. Next: rely on the other layers"
        )
    return marked, None


def _without_private(found: Stored, private: Key | None) -> str:
    if private is None or _carries(found, private):
        return ""
    return ", and the private one was not added to it. Next: mark the image as it was before, with the key"


def _carries(found: Stored, key: Key) -> bool:
    from misyn.marks.watermark import detect  # noqa: PLC0415 - numerics

    return detect(found.pixels, axes=found.axes, key=key).p_value <= ALARM
